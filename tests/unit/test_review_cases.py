"""Review rules at their boundaries: what must fire, what must not, and how grave it is."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from openinfusion.core.review import RULES_BY_ID, review, thresholds_from
from tests.unit.review_examples import AT, library

OPEN_FENTANYL = {"limits": {"unit": "micrograms/mL", "hard_min": "25", "hard_max": "100"}}
DECIDED = {"decision": "none", "reason": "a reason", "by": "committee", "decided_on": "2026-01-01"}
COPY = {"entries.+": "entries.9", "entries.-1.id": "copy", "entries.-1.care_area": "ward"}
KCL_FLUID = {"drugs.4.name": "potassium chloride 0.15% in sodium chloride 0.9%"}


@dataclass(frozen=True)
class Case:
    """One question to one rule: a change to the sound library, and the findings it must give."""

    rule: str
    title: str
    changes: dict[str, Any]
    expected: list[str]
    settings: dict[str, Any] = field(default_factory=dict)
    with_parent: bool = False


CASES = [
    Case(
        "L03",
        "bounds of the strength and of a bolus leave the infusion without limits",
        {"entries.9.dose": None, "entries.9.bolus": {"dose": {"unit": "mg", "hard_max": "40"}}},
        ["error entries[9]: no limit is set for dose, rate, volume or duration"],
    ),
    Case("L03", "a rate is a limit", {"entries.9.dose": None, "entries.9.rate": {"unit": "mL/h", "hard_max": "9"}}, []),
    Case(
        "C01",
        "an upper bound alone is not enough",
        {"entries.9.concentration.limits": {"unit": "mg/mL", "hard_max": "4"}},
        ["error entries[9].concentration.limits: open concentration without a lowest strength"],
    ),
    Case(
        "C01",
        "soft bounds are bounds",
        {"entries.9.concentration.limits": {"unit": "mg/mL", "soft_min": "1", "soft_max": "4"}},
        [],
    ),
    Case(
        "C01",
        "high-alert as well",
        {"entries.1.concentration": {}},
        ["error entries[1].concentration.limits: open concentration without a lowest or a highest strength"],
    ),
    Case("C02", "a cap on the volume answers it", {"entries.1.concentration": OPEN_FENTANYL}, []),
    Case(
        "C02",
        "a loading dose too",
        {"entries.9.loading": {"dose": {"unit": "mg", "hard_max": "40"}}},
        ["error entries[9].loading.volume: open concentration and a loading dose without a maximum volume"],
    ),
    Case(
        "C03",
        "a decision answers it",
        {"entries.1.concentration": OPEN_FENTANYL, "entries.1.decisions": [{"field": "concentration", **DECIDED}]},
        [],
    ),
    Case("C04", "without bounds there is nothing to override", {"entries.9.concentration.limits": None}, []),
    Case(
        "C04",
        "soft on the low side",
        {"entries.9.concentration.limits.hard_min": None},
        ["warning entries[9].concentration.limits.hard_min: soft minimum 1 mg/mL can be overridden"],
    ),
    Case(
        "C05",
        "just under tenfold",
        {"entries.9.concentration.limits.hard_min": "0.401", "entries.9.concentration.limits.soft_min": "0.401"},
        [],
    ),
    Case(
        "C06",
        "an error for a high-alert drug",
        {
            "entries.+": "entries.1",
            "entries.-1.id": "open",
            "entries.-1.care_area": "ward",
            "entries.-1.concentration": OPEN_FENTANYL,
        },
        ["error entries[10].concentration: open here, but fixed in Adult critical care, sedation, 2.5 mg in 50 mL"],
    ),
    Case(
        "C07",
        "bags of an intermittent dose are not strengths to choose from",
        {"entries.+": "entries.3", "entries.-1.id": "bag", "entries.-1.concentration.amount.value": "2"},
        [],
        {"strengths_in_area": 1},
    ),
    Case(
        "C08",
        "a rationale answers it",
        {
            "entries.+": "entries.0",
            "entries.-1.id": "double",
            "entries.-1.concentration.amount.value": "8",
            "entries.-1.rationale": "fluid restriction",
        },
        [],
    ),
    Case(
        "C08",
        "another therapy tells them apart",
        {
            "entries.+": "entries.0",
            "entries.-1.id": "double",
            "entries.-1.concentration.amount.value": "8",
            "entries.-1.therapy": "double",
        },
        [],
    ),
    Case(
        "C09",
        "one common strength is enough",
        {
            "entries.+": "entries.0",
            "entries.-1.id": "w1",
            "entries.-1.care_area": "ward",
            "entries.++": "entries.0",
            "entries.11.id": "w2",
            "entries.11.care_area": "ward",
            "entries.11.concentration.amount.value": "8",
        },
        [],
    ),
    Case(
        "C10",
        "strengths of different kinds are not compared",
        {
            "drugs.2.amount_kind": None,
            "entries.+": "entries.2",
            "entries.-1.id": "mass",
            "entries.-1.therapy": "by mass",
            "entries.-1.concentration.amount": {"value": "5", "unit": "mg"},
            "entries.-1.dose.unit": "mg/h",
        },
        [],
    ),
    Case(
        "C11",
        "bounds of another kind are not compared",
        {
            **COPY,
            "drugs.8.amount_kind": None,
            "entries.-1.concentration": {
                "amount": {"value": "5", "unit": "mmol"},
                "volume": {"value": "50", "unit": "mL"},
            },
            "entries.-1.dose.unit": "mmol/h",
        },
        [],
    ),
    Case(
        "C11",
        "a strength on the bound is inside it",
        {
            **COPY,
            "entries.-1.concentration": {
                "amount": {"value": "200", "unit": "mg"},
                "volume": {"value": "50", "unit": "mL"},
            },
        },
        [],
    ),
    Case(
        "C13",
        "inside its own bounds",
        {"entries.0.concentration.limits": {"unit": "mg/mL", "hard_min": "0.08", "hard_max": "0.32"}},
        [],
    ),
    Case(
        "C15",
        "another population",
        {"entries.0.concentration.amount.value": "5", "care_areas.0.population": "obstetric"},
        [],
    ),
    Case(
        "L01",
        "a recorded decision leaves advice",
        {"entries.0.dose.hard_max": None, "entries.0.decisions": [{"field": "dose.hard_max", **DECIDED}]},
        ["advice entries[0].dose.hard_max: no hard maximum, by a recorded decision: is it still right?"],
    ),
    Case(
        "L01",
        "a forgotten flag does not silence it",
        {"entries.0.dose.hard_max": None, "drugs.0.high_alert": None},
        [
            (
                "error entries[0].dose.hard_max: no hard maximum; the soft maximum of 0.6 "
                "micrograms/kg/min can be overridden"
            )
        ],
    ),
    Case(
        "L01",
        "without a soft maximum either",
        {"entries.0.dose.hard_max": None, "entries.0.dose.soft_max": None},
        ["error entries[0].dose.hard_max: no hard maximum"],
    ),
    Case(
        "L01",
        "the demand dose of PCA",
        {"entries.5.pca.dose.hard_max": None},
        ["error entries[5].pca.dose.hard_max: no hard maximum; the soft maximum of 3 mg can be overridden"],
    ),
    Case("L05", "exactly ten times is still stopped at", {"entries.0.dose.hard_max": "4"}, []),
    Case(
        "L05",
        "just above ten times",
        {"entries.0.dose.hard_max": "4.001"},
        [
            (
                "warning entries[0].dose.hard_max: hard maximum 4.001 micrograms/kg/min is 10 times "
                "the upper usual dose of 0.4 micrograms/kg/min"
            )
        ],
    ),
    Case("L05", "a trust's own threshold", {"entries.0.dose.hard_max": "4.4"}, [], {"hard_max_over_usual": "11"}),
    Case(
        "L05",
        "from the soft maximum where no usual dose is known",
        {"entries.0.dose": {"unit": "micrograms/kg/min", "soft_max": "0.1", "hard_max": "1.5"}},
        [
            (
                "warning entries[0].dose.hard_max: hard maximum 1.5 micrograms/kg/min is 15 times "
                "the soft maximum of 0.1 micrograms/kg/min"
            )
        ],
    ),
    Case(
        "L05",
        "from the initial dose where no range is known, by an American name",
        {
            "drugs.0.name": "norepinephrine",
            "entries.0.dose": {"unit": "micrograms/kg/min", "hard_max": "1.5", "initial": "0.1"},
        },
        [
            (
                "warning entries[0].dose.hard_max: hard maximum 1.5 micrograms/kg/min is 15 times "
                "the initial dose of 0.1 micrograms/kg/min"
            )
        ],
    ),
    Case(
        "L06",
        "a start dose is no usual dose",
        {"entries.0.dose": {"unit": "micrograms/kg/min", "soft_max": "0.5", "hard_max": "1", "initial": "0.05"}},
        [],
    ),
    Case(
        "M09",
        "an American name by a peripheral vein",
        {"drugs.0.name": "norepinephrine bitartrate", "entries.0.route": "intravenous peripheral"},
        ["error entries[0].route: 80 micrograms/mL by a peripheral vein; 16 micrograms/mL is the most"],
    ),
    Case("M13", "no target pump limits steps", {"entries.0.titration_step": None}, [], {"target_pumps": ["BD Alaris"]}),
    Case(
        "L06",
        "exactly twice",
        {"entries.0.dose.soft_max": "0.8"},
        [
            (
                "warning entries[0].dose.soft_max: soft maximum 0.8 micrograms/kg/min is 2 times "
                "the upper usual dose of 0.4 micrograms/kg/min"
            )
        ],
    ),
    Case("L06", "just under twice", {"entries.0.dose.soft_max": "0.799"}, []),
    Case(
        "L08",
        "barely above",
        {"entries.0.dose.soft_max": "0.6", "entries.0.dose.hard_max": "0.61"},
        [
            (
                "warning entries[0].dose.hard_max: hard maximum 0.61 micrograms/kg/min is barely "
                "above the soft maximum 0.6 micrograms/kg/min"
            )
        ],
    ),
    Case(
        "L11",
        "below the minimum",
        {"entries.0.dose.usual_min": "0.015"},
        [
            (
                "warning entries[0].dose.usual_min: usual min 0.015 micrograms/kg/min is below the "
                "soft minimum of 0.02 micrograms/kg/min"
            )
        ],
    ),
    Case("L12", "on the limit is inside", {"entries.0.dose.initial": "0.6"}, []),
    Case(
        "L15",
        "a maximum of zero refuses every dose",
        {"entries.3.dose": {"unit": "mg", "hard_max": "0"}},
        ["error entries[3].dose.hard_max: hard maximum is 0 mg"],
    ),
    Case(
        "L17",
        "rounding up beyond the soft maximum",
        {
            "entries.9.concentration": {
                "amount": {"value": "90", "unit": "mg"},
                "volume": {"value": "50", "unit": "mL"},
            },
            "entries.9.dose": {"unit": "mg/h", "soft_max": "5", "usual_max": "5"},
        },
        [
            (
                "warning entries[9].dose.usual_max: 5 mg/h runs at 2.8 mL/h and gives 5.04 mg/h, "
                "beyond the soft maximum of 5 mg/h"
            )
        ],
    ),
    Case(
        "D01",
        "a warning for other drugs",
        {"entries.9.bolus": {"volume": {"unit": "mL", "hard_max": "2"}, "rate": {"unit": "mL/h", "hard_max": "60"}}},
        ["warning entries[9].bolus.dose: a bolus is allowed without a maximum dose"],
    ),
    Case(
        "D02",
        "a minimum duration answers it",
        {"entries.1.bolus.rate": None, "entries.1.bolus.duration": {"unit": "min", "hard_min": "2"}},
        [],
    ),
    Case(
        "D04",
        "by dose and strength",
        {"entries.1.bolus.volume": None, "entries.1.bolus.dose.hard_max": "1000"},
        ["warning entries[1].bolus.volume: a bolus of up to 20 mL is allowed from 50 mL"],
    ),
    Case(
        "D04",
        "a bolus in mL",
        {"entries.1.bolus": {"dose": {"unit": "mL", "hard_max": "20"}}},
        ["warning entries[1].bolus.volume: a bolus of up to 20 mL is allowed from 50 mL"],
    ),
    Case(
        "D04",
        "by weight it depends on the patient",
        {"entries.1.bolus": {"dose": {"unit": "micrograms/kg", "hard_max": "100"}}},
        [],
    ),
    Case(
        "D04",
        "without a maximum D01 speaks",
        {"entries.1.bolus": {"dose": {"unit": "micrograms", "soft_min": "10"}}},
        [],
    ),
    Case(
        "D05",
        "an error for a high-alert drug",
        {"entries.0.loading": {"rate": {"unit": "mL/h", "hard_max": "60"}}},
        ["error entries[0].loading.dose: a loading dose is allowed without a maximum"],
    ),
    Case(
        "D05",
        "a warning for others",
        {"entries.9.loading": {"duration": {"unit": "min", "soft_min": "10"}}},
        ["warning entries[9].loading.dose: a loading dose is allowed without a maximum"],
    ),
    Case("D08", "no minimum duration", {"entries.3.duration.soft_min": None}, []),
    Case(
        "D08",
        "the pump's own maximum where the area sets none",
        {"care_areas.1.max_rate": None, "entries.3.duration.soft_min": "15"},
        ["error entries[3].duration: 250 mL in 15 min needs 1,000 mL/h, above the maximum of 999 mL/h"],
    ),
    Case(
        "D09",
        "at the heaviest weight",
        {"care_areas.0.max_rate": {"value": "100", "unit": "mL/h"}},
        [
            (
                "warning entries[0].dose.soft_max: 0.6 micrograms/kg/min at 300 kg needs 135 mL/h, "
                "above the maximum of 100 mL/h"
            )
        ],
    ),
    Case("D09", "nothing is known without limits", {"entries.1.dose": None}, []),
    Case("D16", "on a large-volume pump too", {"entries.7.delivered_by": ["syringe pump", "large-volume pump"]}, []),
    Case(
        "P01",
        "no lockout at all",
        {"entries.5.pca.lockout": None},
        ["error entries[5].pca.lockout: no minimum lockout"],
    ),
    Case(
        "P02",
        "no maximum in it",
        {"entries.5.pca.accumulated": {"unit": "mg", "soft_min": "1"}},
        ["error entries[5].pca.accumulated: no maximum accumulated dose"],
    ),
    Case(
        "P04",
        "the background counts",
        {"entries.5.pca.accumulated.hard_max": "245", "entries.5.dose": {"unit": "mg/h", "hard_max": "2"}},
        [],
    ),
    Case(
        "P04",
        "a background by weight is not added",
        {"entries.5.pca.accumulated.hard_max": "245", "entries.5.dose": {"unit": "micrograms/kg/h", "hard_max": "2"}},
        ["warning entries[5].pca.accumulated: 245 mg in 4 h is allowed, but demands can add up to 240 mg at most"],
    ),
    Case(
        "U01",
        "sixty is an error",
        {**COPY, "entries.-1.dose": {"unit": "mg/h", "hard_max": "1200"}},
        [
            (
                "error entries[10].dose: maximum 1,200 mg/h is 60 times the 20 mg/h of Adult "
                "critical care, concentration entered at the bedside, close to a factor of 60"
            )
        ],
    ),
    Case(
        "U01",
        "a thousand, at the rarer value",
        {
            **COPY,
            "entries.++": "entries.9",
            "entries.11.id": "third",
            "entries.9.dose": {"unit": "micrograms/h", "hard_max": "21"},
        },
        [
            (
                "error entries[9].dose: maximum 21 micrograms/h is 952.4 times below the 20 mg/h of "
                "Medical ward, concentration entered at the bedside, close to a factor of 1,000"
            )
        ],
    ),
    Case("U01", "siblings without limits", {**COPY, "entries.-1.dose": {"unit": "mg/h", "usual_max": "5"}}, []),
    Case(
        "U03",
        "measures that cannot be compared",
        {**COPY, "entries.-1.concentration": {}, "entries.-1.dose": {"unit": "mmol/kg/h", "hard_max": "900"}},
        [],
    ),
    Case("U03", "within the tolerance", {**COPY, "entries.-1.dose": {"unit": "mg/kg/h", "hard_max": "0.8"}}, []),
    Case(
        "W01",
        "in the plural",
        {"care_areas.0.weight": None, "entries.9.dose.unit": "mg/kg/h"},
        ["error care_areas[0].weight: 2 entries are dosed by weight, with no minimum and no maximum"],
    ),
    Case("W03", "no limits, nothing to override", {"care_areas.0.weight": None}, []),
    Case(
        "W04",
        "an adult minimum that is a child's",
        {"care_areas.0.weight.hard_min": "5"},
        ["warning care_areas[0].weight.hard_min: hard minimum 5 kg in a care area that is adult"],
    ),
    Case(
        "M03",
        "by weight, at the heaviest",
        {"entries.7.dose": {"unit": "mmol/kg/h", "soft_max": "0.08"}},
        ["error entries[7].dose.soft_max: soft maximum 24 mmol/h of potassium is above 20 mmol/h"],
    ),
    Case("M03", "a rate in mL says nothing here", {"entries.7.dose": {"unit": "mL/h", "soft_max": "800"}}, []),
    Case(
        "M05",
        "any strength may be entered",
        {"entries.7.care_area": "ward", "entries.7.concentration": {}},
        ["error entries[7].concentration: potassium of any strength may be entered; 40 mmol/L is the most"],
    ),
    Case(
        "M05",
        "the strength of a bag",
        {"entries.7.care_area": "ward", "entries.7.concentration.volume": {"value": "1", "unit": "L"}},
        [],
    ),
    Case("M06", "with a hard maximum rate", KCL_FLUID, []),
    Case("M07", "slow enough", {"entries.3.rate": None, "entries.3.duration.soft_min": "175"}, []),
    Case("M07", "without a duration", {"entries.3.rate": None, "entries.3.duration": None}, []),
    Case(
        "M11", "an alias says it", {"drugs.0.name": "noradrenaline", "drugs.0.aliases": ["noradrenaline tartrate"]}, []
    ),
    Case(
        "N01",
        "limits apart",
        {
            "drugs.+": "drugs.0",
            "drugs.-1.id": "adrenaline",
            "drugs.-1.name": "adrenaline",
            "entries.+": "entries.0",
            "entries.-1.id": "adrenaline",
            "entries.-1.drug": "adrenaline",
            "entries.-1.dose": {"unit": "micrograms/kg/min", "soft_min": "0.61", "soft_max": "2", "hard_max": "3"},
        },
        [],
    ),
    Case(
        "N01",
        "another measure",
        {
            "drugs.+": "drugs.0",
            "drugs.-1.id": "adrenaline",
            "drugs.-1.name": "adrenaline",
            "entries.+": "entries.0",
            "entries.-1.id": "adrenaline",
            "entries.-1.drug": "adrenaline",
            "entries.-1.dose": {"unit": "micrograms/min", "soft_min": "1", "soft_max": "20", "hard_max": "30"},
        },
        [],
    ),
    Case(
        "N03",
        "none at all",
        {"drugs.1.tall_man": None},
        ["warning drugs[1].tall_man: no Tall Man form; the approved form is fentaNYL"],
        {"tall_man": {"fentanyl": "fentaNYL"}},
    ),
    Case("N05", "units in full", {"entries.1.therapy": "sedation, 5 units/h, 10 micrograms, 3 mL"}, []),
    Case(
        "N05",
        "U for units",
        {"advisories.0.text": "Give 10U over 1 h"},
        ["error advisories[0].text: 'U' in 'Give 10U over 1 h'"],
    ),
    Case("N06", "a trailing zero", {"entries.1.therapy": "5.0 mg"}, ["error entries[1].therapy: '5.0' in '5.0 mg'"]),
    Case("N06", "an inner zero", {"entries.1.therapy": "1.05 mg to 10 mg"}, []),
    Case(
        "N12",
        "bands that meet",
        {
            "entries.0.therapy": "up to 100 kg",
            "entries.+": "entries.0",
            "entries.-1.id": "heavy",
            "entries.-1.therapy": "above 100 kg",
        },
        [],
    ),
    Case(
        "N12",
        "bands that overlap",
        {
            "entries.0.therapy": "up to 100 kg",
            "entries.+": "entries.0",
            "entries.-1.id": "heavy",
            "entries.-1.therapy": "90-200 kg",
        },
        ["warning entries[10].therapy: '90-200 kg' overlaps with 'up to 100 kg'"],
    ),
    Case(
        "N13",
        "too long",
        {"advisories.0.text": "x" * 161},
        ["warning advisories[0].text: 161 characters; 160 are read"],
    ),
    Case("N14", "half the entries", {f"entries.{n}.advisories": ["check-label"] for n in range(5)}, []),
    Case(
        "N16", "a comma", {"entries.1.therapy": "10000 units"}, ["advice entries[1].therapy: '10000' in '10000 units'"]
    ),
    Case(
        "S03",
        "another pump takes it",
        {
            "entries.+": "entries.9",
            "entries.-1.id": "once",
            "entries.-1.type": "intermittent",
            "entries.-1.dose.unit": "mg",
        },
        [],
        {"target_pumps": ["Baxter Spectrum"]},
    ),
    Case(
        "S07",
        "no bolus and no block",
        {"entries.1.bolus": None, "entries.6.route": "intravenous"},
        ["advice entries: no boluses, no epidural or regional blocks"],
    ),
    Case("G03", "the day itself is in time", {"entries.0.review_by": "2026-06-30"}, []),
    Case(
        "G03",
        "longer ago",
        {"entries.0.review_by": "2026-06-28"},
        ["warning entries[0].review_by: was due on 28-Jun-2026, 2 days ago"],
    ),
    Case("G05", "an example may hold examples", {"entries.0.sources.0.invented_for_example": True}, []),
    Case(
        "G12",
        "a source of one's own",
        {"library.organisation": "Other", **{f"entries.{n}.sources.0.citation": "checked here" for n in range(10)}},
        [],
        with_parent=True,
    ),
    Case("G13", "a decision about something else", {"entries.9.decisions": [{"field": "dose", **DECIDED}]}, []),
    Case(
        "G14",
        "the whole group is gone",
        {"entries.1.bolus": None},
        [
            "error entries[1].bolus.dose.hard_max: hard maximum 100 micrograms of the parent version is gone",
            "error entries[1].bolus.rate.hard_max: hard maximum 300 mL/h of the parent version is gone",
            "error entries[1].bolus.volume.hard_max: hard maximum 2 mL of the parent version is gone",
        ],
        with_parent=True,
    ),
    Case(
        "G14",
        "by decision",
        {"entries.0.dose.hard_max": None, "entries.0.decisions": [{"field": "dose", **DECIDED}]},
        [],
        with_parent=True,
    ),
    Case(
        "G15",
        "a new source supports it",
        {"entries.0.dose.hard_max": "1.5", "entries.0.sources.0.citation": "guideline of 2026"},
        [],
        with_parent=True,
    ),
    Case("G15", "lower is not creep", {"entries.0.dose.hard_max": "0.9"}, [], with_parent=True),
]


@pytest.mark.parametrize(
    "case",
    [pytest.param(c, id=f"{c.rule} {c.title}", marks=pytest.mark.hazard(RULES_BY_ID[c.rule].hazard)) for c in CASES],
)
def test_a_rule_at_its_boundary(case: Case) -> None:
    """A rule fires where its reason holds and stays silent where it does not."""
    result = review(
        library(case.changes),
        at=AT,
        thresholds=thresholds_from(case.settings),
        parent=library() if case.with_parent else None,
    )
    found = [f for f in result.findings if f.rule.id == case.rule]
    assert [f"{f.severity.value} {f.place.path}: {f.message}" for f in found] == case.expected
