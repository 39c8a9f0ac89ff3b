"""Replaying past infusions: hand-made records against a hand-made library, with counts worked out by hand."""

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from openinfusion.core.candidates import Candidates, Unchecked, known_strength
from openinfusion.core.errors import ProgrammeError
from openinfusion.core.infusions import Infusion
from openinfusion.core.library import (
    About,
    CareArea,
    Concentration,
    Drug,
    Entry,
    EntryType,
    Library,
    Limit,
    Limits,
    Pca,
    Population,
)
from openinfusion.core.programme import Parameter
from openinfusion.core.replay import Change, Outcome, Replay, Result, compare_replays, replay
from openinfusion.core.replay_counts import (
    TIMES_BUCKETS,
    ambiguities,
    by_care_area,
    by_drug,
    by_limit,
    by_times_the_limit,
    doses_used,
    limit_uses,
    never_fired,
    not_checked,
    tally,
    times_bucket,
)
from openinfusion.core.units import Quantity, Unit

NOON = datetime(2026, 1, 5, 12, 0)  # noqa: DTZ001 - logs have no zone


def limits(unit: str, **values: str) -> Limits:
    return Limits(unit=Unit.read(unit), **{name: Fraction(value) for name, value in values.items()})


def strength(amount: str, volume: str = "50 mL") -> Concentration:
    return Concentration(amount=Quantity.read(amount), volume=Quantity.read(volume))


def entry(entry_id: str, drug: str, **parts: Any) -> Entry:
    settled = {"care_area": "icu", "type": EntryType.CONTINUOUS, **parts}
    return Entry(id=entry_id, drug=drug, **settled)


def infusion(drug: str, dose: str | None = None, **parts: Any) -> Infusion:
    """An hour of a drug; every quantity is text."""
    times = {"start": NOON, "end": NOON + timedelta(hours=1), "care_area": "ICU", "row": 2}
    quantities = {k: Quantity.read(v) for k, v in parts.items() if k in ("rate", "weight", "amount")}
    given = {} if dose is None else {"dose": Quantity.read(dose)}
    return Infusion(drug=drug, **{**times, **parts, **quantities, **given})


def library(*entries: Entry) -> Library:
    names = ["noradrenaline", "morphine", "propofol", "saline", "vancomycin", "potassium chloride", "elsewhere"]
    return Library(
        library=About(name="Test", organisation="Test", version="1"),
        drugs=tuple(
            Drug(
                id=name.replace(" ", "-"),
                name=name,
                aliases=("norepinephrine",) if name == "noradrenaline" else (),
                tall_man="norADRENALine" if name == "noradrenaline" else None,
            )
            for name in names
        ),
        care_areas=(
            CareArea(
                id="icu",
                name="Intensive care",
                population=Population.ADULT,
                weight=limits("kg", soft_max="150"),
                max_rate=Quantity.read("999 mL/h"),
            ),
            CareArea(id="ward", name="Ward", population=Population.ADULT),
        ),
        entries=entries,
    )


NORADRENALINE = limits("micrograms/kg/min", soft_min="0.01", soft_max="0.5", hard_max="1")
LIBRARY = library(
    entry("nor-4", "noradrenaline", concentration=strength("4 mg"), dose=NORADRENALINE),
    entry("nor-8", "noradrenaline", concentration=strength("8 mg"), dose=NORADRENALINE),
    entry("morphine-1", "morphine", concentration=strength("50 mg"), dose=limits("mg/h", soft_max="5", hard_max="10")),
    entry("morphine-2", "morphine", concentration=strength("100 mg"), dose=limits("mg/h", soft_max="8", hard_max="10")),
    entry(
        "propofol", "propofol", concentration=Concentration(), therapy="sedation",
        dose=limits("mg/kg/h", hard_max="4"), rate=limits("mL/h", hard_max="1"),
    ),
    entry("saline", "saline", type=EntryType.FLUID, rate=limits("mL/h", soft_max="250", hard_max="500")),
    entry(
        "vancomycin", "vancomycin", type=EntryType.INTERMITTENT, concentration=strength("1 g", "250 mL"),
        dose=limits("mg", soft_max="2000"), duration=limits("min", hard_min="60"), rate=limits("mg/min", soft_max="10"),
    ),
    entry("kcl", "potassium-chloride", concentration=strength("20 mmol"), dose=limits("mmol/h", hard_max="20")),
    entry("elsewhere", "elsewhere", care_area="ward", concentration=strength("1 mg"), dose=limits("mg/h")),
)  # fmt: skip


def only(record: Infusion, where: Library = LIBRARY) -> Outcome:
    (outcome,) = replay(where, [record]).outcomes
    return outcome


@pytest.mark.parametrize(
    "dose, result",
    [
        ("0.5 micrograms/kg/min", Result.NO_ALERT),
        ("0.51 micrograms/kg/min", Result.SOFT),
        ("30 micrograms/kg/h", Result.NO_ALERT),
        ("1.01 micrograms/kg/min", Result.HARD),
        ("0.009 micrograms/kg/min", Result.SOFT),
        ("35 micrograms/min", Result.NO_ALERT),
        ("2.2 mg/h", Result.SOFT),
    ],
)
def test_a_dose_meets_the_limits_of_every_strength_alike(dose: str, result: Result) -> None:
    """Two strengths with the same limits are one candidate; an absolute dose is turned by the weight (70 kg)."""
    outcome = only(infusion("Norepinephrine", dose, weight="70 kg"))
    assert outcome.result is result
    assert (outcome.drug, outcome.care_area) == ("noradrenaline", "Intensive care")
    assert [held.candidate.entries for held in outcome.held] == [("nor-4", "nor-8")]


@pytest.mark.parametrize(
    "record, reason",
    [
        (infusion("aspirin", "1 mg/h"), Unchecked.DRUG),
        (infusion("morphine", "1 mg/h", care_area="spaceship"), Unchecked.CARE_AREA),
        (infusion("elsewhere", "1 mg/h"), Unchecked.NOT_HERE),
        (infusion("propofol", "1 mg/kg/h", therapy="induction", weight="70 kg"), Unchecked.THERAPY),
        (infusion("morphine", "1 mmol/h"), Unchecked.UNIT),
        (infusion("morphine", "1 mg"), Unchecked.UNIT),
        (infusion("morphine", rate="3 mL/h"), Unchecked.STRENGTH_UNKNOWN),
        (infusion("morphine", "3 mg/h", strength=strength("75 mg")), Unchecked.STRENGTH),
        (infusion("morphine", "3 mg/h", rate="30 mL/h"), Unchecked.STRENGTH),
        (infusion("noradrenaline", "0.1 micrograms/kg/min"), Unchecked.WEIGHT),
        (infusion("noradrenaline", "0.1 micrograms/m2/min"), Unchecked.WEIGHT),
        (infusion("noradrenaline", "0.1 micrograms/m2/min", rate="3 mL/h"), Unchecked.WEIGHT),
    ],
)
def test_what_cannot_be_checked_says_why(record: Infusion, reason: Unchecked) -> None:
    """Not knowing is never an alert and never its absence; each reason is counted apart."""
    outcome = only(record)
    assert (outcome.result, outcome.reason, outcome.alerts) == (Result.NOT_CHECKED, reason, ())


@pytest.mark.parametrize(
    "record, result",
    [
        (infusion("morphine", "4 mg/h"), Result.NO_ALERT),
        (infusion("morphine", "6 mg/h"), Result.AMBIGUOUS),
        (infusion("morphine", "9 mg/h"), Result.SOFT),
        (infusion("morphine", "11 mg/h"), Result.HARD),
        (infusion("morphine", "6 mg/h", rate="6 mL/h"), Result.SOFT),
        (infusion("morphine", "6 mg/h", rate="3 mL/h"), Result.NO_ALERT),
        (infusion("morphine", "6 mg/h", strength=strength("25 mg", "25 mL")), Result.SOFT),
        (infusion("morphine", rate="6 mL/h", strength=strength("50 mg")), Result.SOFT),
        (infusion("saline", rate="250 mL/h"), Result.NO_ALERT),
        (infusion("saline", rate="501 mL/h"), Result.HARD),
        (infusion("saline", rate="1000 mL/h"), Result.HARD),
        (infusion("saline", rate="1 mL/kg/h", weight="70 kg"), Result.NO_ALERT),
        (infusion("propofol", "3 mg/kg/h", weight="70 kg"), Result.NO_ALERT),
        (infusion("propofol", "5 mg/kg/h", weight="70 kg", therapy="Sedation"), Result.HARD),
        (infusion("propofol", "3 mg/kg/h", weight="160 kg"), Result.SOFT),
        (infusion("vancomycin", "2000 mg"), Result.NO_ALERT),
        (infusion("vancomycin", "2001 mg"), Result.SOFT),
        (infusion("vancomycin", "1 g", end=NOON + timedelta(minutes=59)), Result.HARD),
        (infusion("vancomycin", "1 g", rate="250 mL/h"), Result.SOFT),
        (infusion("potassium chloride", "21 mmol/h"), Result.HARD),
    ],
)
def test_only_what_the_record_knows_is_held_against_limits(record: Infusion, result: Result) -> None:
    """
    Dose, weight and the duration of a single dose are known; rate and concentration only with the strength.

    Morphine 6 mg/h is above the soft maximum of one strength and inside that of the other: ambiguous until the record
    gives the strength, or a rate that implies it. The rate limit of propofol (1 mL/h) is never guessed at.
    """
    assert only(record).result is result


def test_an_alert_is_that_of_the_mildest_possible_entry() -> None:
    """9 mg/h is 1.8 times one soft maximum and 1.125 times the other: at least 1.125 times, on that entry."""
    (alert,) = only(infusion("morphine", "9 mg/h")).alerts
    assert (alert.entry, alert.ratio) == ("morphine-2", Fraction(9, 8))
    reordered = library(*(LIBRARY.find_entry(i) for i in ("morphine-2", "morphine-1")))  # type: ignore[arg-type]
    (alert,) = only(infusion("morphine", "9 mg/h"), reordered).alerts
    assert alert.entry == "morphine-2"


def test_an_open_concentration_is_completed_by_the_strength_of_the_record() -> None:
    """An entry that leaves the strength open takes it from the record, and its own limits then hold."""
    open_ = limits("mg/mL", hard_max="2")
    parts: dict[str, Any] = {"dose": limits("mg/h", hard_max="10")}
    for own in (
        Concentration(limits=open_),
        Concentration(amount=Quantity.read("50 mg"), limits=open_),
        Concentration(volume=Quantity.read("50 mL"), limits=open_),
    ):
        where = library(entry("open", "morphine", concentration=own, **parts))
        assert only(infusion("morphine", "6 mg/h"), where).result is Result.NO_ALERT
        assert only(infusion("morphine", "6 mg/h", rate="3 mL/h"), where).result is Result.NO_ALERT
        assert only(infusion("morphine", "6 mg/h", rate="1 mL/h"), where).result is Result.HARD
        mole = infusion("morphine", "6 mg/h", strength=strength("50 mmol"))
        assert only(mole, where).result is Result.NOT_CHECKED


@pytest.mark.parametrize(
    "own, weight, result",
    [
        (strength("3 mg/kg"), "70 kg", Result.NO_ALERT),
        (strength("3 mg/kg"), "35 kg", Result.NOT_CHECKED),
        (strength("3 mg/kg"), None, Result.NOT_CHECKED),
        (strength("3 mg/m2"), "70 kg", Result.NOT_CHECKED),
        (strength("3 units"), "70 kg", Result.NOT_CHECKED),
        (Concentration(amount=Quantity.read("3 mg/kg")), "70 kg", Result.NOT_CHECKED),
    ],
)
def test_a_syringe_made_up_by_weight_needs_the_weight(own: Concentration, weight: str | None, result: Result) -> None:
    """3 mg/kg in 50 mL is 210 mg in 50 mL at 70 kg, and no other strength."""
    unit = "units/h" if own.amount is not None and own.amount.unit.text == "units" else "mg/h"
    where = library(entry("own", "morphine", concentration=own, dose=limits(unit, hard_max="50")))
    given = {} if weight is None else {"weight": weight}
    assert only(infusion("morphine", rate="5 mL/h", strength=strength("210 mg"), **given), where).result is result
    if own.is_open:
        assert only(infusion("morphine", "5 mg/h", **given), where).result is Result.NO_ALERT


def test_an_entry_that_limits_nothing_does_not_accept() -> None:
    """No limit for the dose means not checked, even where the patient's weight is above a soft maximum."""
    where = library(entry("none", "morphine", concentration=strength("50 mg")))
    for weight in ("70 kg", "160 kg"):
        outcome = only(infusion("morphine", "9 mg/h", weight=weight), where)
        assert (outcome.result, outcome.reason) == (Result.NOT_CHECKED, Unchecked.NO_LIMIT)
    fluid = library(entry("none", "saline", type=EntryType.FLUID))
    assert only(infusion("saline", rate="9 mL/h"), fluid).reason is Unchecked.NO_LIMIT
    assert only(infusion("saline", rate="1200 mL/h"), fluid).result is Result.HARD
    mixed = library(*where.entries, *(e for e in LIBRARY.entries if e.id == "morphine-1"))
    assert only(infusion("morphine", "1 mg/h"), mixed).result is Result.AMBIGUOUS


def test_a_check_that_stopped_early_accepts_nothing() -> None:
    """A record that contradicts its entry (a strength in grams, limits in mmol for the bag) is not checked."""
    bag = entry("bag", "saline", type=EntryType.FLUID, rate=limits("mg/h", hard_max="5"))
    assert only(infusion("saline", rate="1 mL/h"), library(bag)).reason is Unchecked.NO_LIMIT


def test_entries_without_a_place_for_a_rate_alone() -> None:
    """A rate in mL/h is checked on a fluid and on a drug that is dosed in mL; never on PCA."""
    by_volume = entry("volume", "morphine", dose=limits("mL/h", hard_max="5"))
    assert only(infusion("morphine", rate="6 mL/h"), library(by_volume)).result is Result.HARD
    known = infusion("morphine", rate="6 mL/h", strength=strength("50 mg"))
    assert only(known, library(by_volume)).result is Result.HARD
    bag = entry(
        "bag", "saline", type=EntryType.FLUID, rate=limits("mL/kg/h", hard_max="5"),
        concentration=Concentration(limits=limits("mmol/mL", hard_max="1")),
    )  # fmt: skip
    assert only(infusion("saline", rate="420 mL/h", weight="70 kg"), library(bag)).result is Result.HARD
    pca = entry(
        "pca", "morphine", type=EntryType.PCA, concentration=strength("50 mg"), pca=Pca(dose=limits("mg", hard_max="2"))
    )
    for record in (infusion("morphine", "1 mg/h"), infusion("morphine", rate="1 mL/h", strength=strength("50 mg"))):
        assert only(record, library(pca)).reason is Unchecked.UNIT
    assert only(infusion("morphine", rate="1 mL/h"), library(pca)).reason is Unchecked.STRENGTH_UNKNOWN


def test_the_entry_of_the_same_basis_comes_first() -> None:
    """A dose in mg/h ran on the entry in mg/h, not on the one per kg; without such an entry the weight is used."""
    per_kg = entry("kg", "morphine", concentration=strength("50 mg"), dose=limits("mg/kg/h", hard_max="0.01"))
    absolute = next(e for e in LIBRARY.entries if e.id == "morphine-1")
    assert only(infusion("morphine", "2 mg/h", weight="70 kg"), library(per_kg, absolute)).result is Result.NO_ALERT
    assert only(infusion("morphine", "2 mg/h", weight="70 kg"), library(per_kg)).result is Result.HARD


def test_a_strength_implied_by_dose_and_rate_allows_for_rounding() -> None:
    """3 mg/h at 0.1 mL/h may be rounded from 0.05 to 0.15 mL/h; at 30 mL/h it is known to one in a hundred."""
    slow, quick = infusion("morphine", "3 mg/h", rate="0.1 mL/h"), infusion("morphine", "3 mg/h", rate="30 mL/h")
    assert [round(s.slack, 2) for s in (known_strength(slow), known_strength(quick)) if s] == [
        Fraction(1, 2),
        Fraction(1, 100),
    ]
    single = infusion("vancomycin", "1 g", rate="250 mL/h")
    implied = known_strength(single)
    assert implied is not None
    assert implied.amount == Quantity.read("4 mg")
    assert known_strength(infusion("morphine", "3 mg/kg/h", rate="3 mL/h")) is None


RECORDS = [
    infusion("noradrenaline", "0.6 micrograms/kg/min", weight="70 kg", row=2),
    infusion("noradrenaline", "5 micrograms/kg/min", weight="70 kg", row=3),
    infusion("noradrenaline", "0.1 micrograms/kg/min", weight="70 kg", row=4),
    infusion("noradrenaline", "0.1 micrograms/kg/min", row=5),
    infusion("morphine", "6 mg/h", row=6),
    infusion("saline", rate="300 mL/h", row=7),
    infusion("aspirin", "1 mg/h", care_area="Ward", row=8),
]


def test_counts_add_up_and_carry_their_denominators() -> None:
    """Seven infusions: 4 judged, of them 3 with an alert; 1 ambiguous; 2 not checked."""
    result = replay(LIBRARY, RECORDS)
    whole = tally(result.outcomes)
    assert (whole.infusions, whole.checked, whole.alerted, whole.soft, whole.hard) == (7, 4, 3, 2, 1)
    assert (whole.ambiguous, whole.not_checked) == (1, 2)
    assert (whole.alert_share, whole.coverage) == (Fraction(3, 4), Fraction(4, 7))
    assert list(by_drug(result)) == ["noradrenaline", "saline", "aspirin", "morphine"]
    assert {area: t.infusions for area, t in by_care_area(result).items()} == {"Intensive care": 6, "Ward": 1}
    assert by_limit(result.alerts) == {
        ("noradrenaline", Parameter.DOSE, Limit.HARD_MAX): 1,
        ("noradrenaline", Parameter.DOSE, Limit.SOFT_MAX): 1,
        ("saline", Parameter.RATE, Limit.SOFT_MAX): 1,
    }
    assert by_times_the_limit(result.alerts)["over 1 to under 1.5"] == (2, 0)
    assert by_times_the_limit(result.alerts)["5 to under 10"] == (0, 1)
    assert not_checked(result) == {Unchecked.WEIGHT: {"noradrenaline": 1}, Unchecked.DRUG: {"aspirin": 1}}
    (ambiguity,) = ambiguities(result)
    assert ambiguity.entries == ((Result.SOFT, ("morphine-1",)), (Result.NO_ALERT, ("morphine-2",)))


def test_an_empty_replay_has_no_rates() -> None:
    """Nothing read is not a rate of zero."""
    whole = tally(replay(LIBRARY, []).outcomes)
    assert (whole.alert_share, whole.coverage) == (None, None)
    assert Replay(LIBRARY).alerts == []


@pytest.mark.parametrize(
    "ratio, words",
    [("1", 0), ("1.4999", 0), ("1.5", 1), ("1.9", 1), ("2", 2), ("5", 3), ("9.999", 3), ("10", 4), ("0.5", 0)],
)
def test_times_the_limit_buckets_include_their_lower_end(ratio: str, words: int) -> None:
    """Twice the limit is in "2 to under 5"."""
    assert times_bucket(Fraction(ratio)) == TIMES_BUCKETS[words][1]


def test_doses_used_are_exact_and_were_really_given() -> None:
    """The quantiles are nearest ranks: values of the record, not between them."""
    result = replay(LIBRARY, [*RECORDS, infusion("saline", rate="1 mL/kg/h", weight="70 kg", row=9)])
    used = {(one.drug, one.entries): one for one in doses_used(result)}
    line = used["noradrenaline", ("nor-4", "nor-8")]
    assert line.doses == (Fraction(1, 10), Fraction(3, 5), Fraction(5))
    assert [line.quantile(Fraction(n, 100)) for n in (0, 5, 50, 95, 100)] == [
        Fraction(1, 10), Fraction(1, 10), Fraction(3, 5), Fraction(5), Fraction(5),
    ]  # fmt: skip
    assert (line.alerts, line.shared) == (2, 0)
    assert used["morphine", ("morphine-1",)].shared == 1
    assert used["saline", ("saline",)].doses == (Fraction(70), Fraction(300))


def test_a_rate_that_the_limits_count_otherwise_has_no_dose_to_show() -> None:
    """Limits per kg cannot be drawn against mL/h; they are checked all the same, and no limits show nothing."""
    bag = entry("bag", "saline", type=EntryType.FLUID, rate=limits("mL/kg/h", hard_max="5"))
    assert doses_used(replay(library(bag), [infusion("saline", rate="70 mL/h", weight="70 kg")])) == []
    bare = entry("bag", "saline", type=EntryType.FLUID)
    assert doses_used(replay(library(bare), [infusion("saline", rate="70 mL/h")])) == []


def test_limits_that_never_fired_were_put_to_the_test() -> None:
    """Only limits that an infusion was held against are listed; those of unused entries say nothing."""
    uses = limit_uses(replay(LIBRARY, RECORDS))
    of_saline = [(use.limit, use.tested, use.fired) for use in uses if use.entry == "saline"]
    assert of_saline == [(Limit.SOFT_MAX, 1, 1), (Limit.HARD_MAX, 1, 0)]
    assert [use.limit for use in never_fired(uses) if use.entry == "nor-8"] == [Limit.SOFT_MIN]
    assert not [use for use in uses if use.entry == "kcl"]


def changed(before: Limits, after: Limits, dose: str = "6 mg/h") -> list[Change]:
    pair = [library(entry("one", "morphine", concentration=strength("50 mg"), dose=one)) for one in (before, after)]
    a, b = (replay(one, [infusion("morphine", dose)]) for one in pair)
    return [one.change for one in compare_replays(a, b)]


def test_two_libraries_are_compared_infusion_by_infusion() -> None:
    """Alerts gained and lost, changes of severity, and what can or can no longer be judged."""
    wide, soft, hard = (limits("mg/h", hard_max="9"), limits("mg/h", soft_max="5"), limits("mg/h", hard_max="5"))
    assert changed(wide, soft) == [Change.GAINED]
    assert changed(soft, wide) == [Change.LOST]
    assert changed(soft, hard) == [Change.HARDER]
    assert changed(hard, soft) == [Change.SOFTER]
    assert changed(soft, soft) == []
    assert changed(soft, limits("mg/h", soft_min="7")) == [Change.OTHER_LIMIT]
    assert changed(wide, limits("mg/h", initial="1")) == [Change.UNDECIDED]
    assert changed(limits("mg/h", initial="1"), wide) == [Change.DECIDED]
    assert changed(limits("mg/h", initial="1"), limits("mg/h", initial="2")) == []


def test_a_change_names_its_row_and_drug() -> None:
    """`--against` lists which infusions changed."""
    before, after = replay(LIBRARY, RECORDS), replay(library(), RECORDS)
    changes = compare_replays(before, after)
    assert [(one.row, one.drug) for one in changes][:2] == [(2, "noradrenaline"), (3, "noradrenaline")]
    assert {one.change for one in changes} == {Change.UNDECIDED}


def test_replays_of_other_infusions_are_not_compared() -> None:
    """The counts of two files say nothing about two libraries."""
    with pytest.raises(ProgrammeError, match="the same infusions"):
        compare_replays(replay(LIBRARY, RECORDS), replay(LIBRARY, RECORDS[:1]))


@pytest.mark.parametrize(
    "parts, message",
    [
        ({}, "no dose and no rate"),
        ({"dose": "1 mg/h", "end": NOON}, "0 min from start to end"),
        ({"dose": "0 mg/h"}, "row 2, dose"),
        ({"dose": "1 mL/h"}, "row 2, dose"),
        ({"dose": "1 mg/mL"}, "row 2, dose"),
        ({"rate": "1 mg/h"}, "row 2, rate"),
        ({"rate": "1 mL"}, "row 2, rate"),
        ({"rate": "1 mL/h", "weight": "0 kg"}, "row 2, weight"),
        ({"rate": "1 mL/h", "weight": "1 cm"}, "row 2, weight"),
        ({"rate": "1 mL/h", "strength": Concentration()}, "row 2, strength"),
    ],
)
def test_an_infusion_that_no_pump_can_have_run_is_refused(parts: dict[str, Any], message: str) -> None:
    """An object that exists is valid."""
    with pytest.raises(ProgrammeError, match=message):
        infusion("morphine", **parts)


def test_the_length_of_an_infusion_is_exact() -> None:
    """To the microsecond, as a fraction of minutes."""
    record = infusion("morphine", "1 mg/h", end=NOON + timedelta(days=1, seconds=1, microseconds=1))
    assert record.duration.value == 1440 + Fraction(1_000_001, 60 * 10**6)


def test_drugs_and_care_areas_are_found_by_every_name() -> None:
    """Id, name, Tall Man form and alias, in any case."""
    candidates = Candidates(LIBRARY)
    for word in ("NORADRENALINE", "norADRENALine", "norepinephrine"):
        assert candidates.drug_id(word) == "noradrenaline"
    assert candidates.area_id("INTENSIVE CARE") == candidates.area_id("icu") == "icu"
