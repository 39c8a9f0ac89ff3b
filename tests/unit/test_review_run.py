"""A review as a whole: order, groups, how much was looked at, accepted findings, thresholds."""

from datetime import date, timedelta
from fractions import Fraction

import pytest

from openinfusion.core.errors import AuthorError
from openinfusion.core.review import (
    RULES,
    RULES_BY_ID,
    Acceptance,
    Place,
    Review,
    Severity,
    Thresholds,
    review,
    thresholds_from,
)
from openinfusion.core.review.names import are_alike, distance, mid_tall_man
from tests.unit.review_examples import AT, library

NOVEMBER_2018 = {
    "entries.1.concentration": {},
    "entries.1.bolus": {"dose": {"unit": "micrograms", "soft_min": "10", "soft_max": "75", "hard_max": "100"}},
}
NO_HARD_MAX = {"entries.0.dose.hard_max": None}


def of(changes=None, **options) -> Review:
    return review(library(changes), at=AT, **options)


@pytest.mark.hazard("LC-01")
def test_the_fault_of_november_2018_is_found_and_its_decision_kept_in_sight() -> None:
    """HSIB 3: fentanyl not standardised, concentration open, no bounds, a bolus without a cap on its volume."""
    errors = {finding.rule.id for finding in of(NOVEMBER_2018).findings if finding.severity is Severity.ERROR}
    assert errors == {"C01", "C02"}
    by_decision = {
        "entries.1.decisions": [
            {
                "field": "concentration",
                "decision": "not standardised",
                "reason": "two strengths in use",
                "by": "committee",
                "decided_on": "2018-09-01",
            }
        ]
    }
    found = {finding.rule.id for finding in of({**NOVEMBER_2018, **by_decision}).findings}
    assert {"C01", "C02", "G13"} <= found


def test_findings_come_by_gravity_then_drug_then_rule() -> None:
    """The gravest stands first, so that nobody has to look for it."""
    found = of({**NOVEMBER_2018, **NO_HARD_MAX, "entries.3.sources": None, "drugs.0.name": "noradrenaline"}).findings
    keys = [(f.severity.rank, (f.place.drug or "").casefold(), f.rule.id) for f in found]
    assert keys == sorted(keys)
    assert {f.severity for f in found} == set(Severity)


def test_a_finding_reads_as_one_line() -> None:
    """Gravity, rule, place in words, sentence with the values."""
    (finding,) = of(NO_HARD_MAX).findings
    assert str(finding) == (
        "error L01 noradrenaline (base), Adult critical care, 4 mg in 50 mL: "
        "no hard maximum; the soft maximum of 0.6 micrograms/kg/min can be overridden"
    )
    assert finding.remedy == RULES_BY_ID["L01"].remedy
    assert finding.place.path == "entries[0].dose.hard_max"
    assert str(Place(path="library")) == "the library"


def test_a_group_of_one_reads_as_its_finding() -> None:
    """Nothing is gained by counting to one."""
    result = of(NO_HARD_MAX)
    assert [str(group) for group in result.groups()] == [str(finding) for finding in result.findings]


def test_looked_at_tells_nothing_found_from_nothing_to_look_at() -> None:
    """A rule that looked at nothing says so."""
    looked = {str(entry.rule.id): str(entry) for entry in of().looked_at}
    assert looked["C01"] == "1 entries with an open concentration"
    assert looked["G14"] == "0 entries that the parent library has too"
    assert looked["L01"] == "7 doses of high-alert drugs"
    assert len(looked) == len(RULES)
    compared = {entry.rule.id: entry.count for entry in of(parent=library()).looked_at}
    assert compared["G14"] == 10
    assert compared["G12"] == 0


def test_findings_about_few_drugs_are_grouped_by_drug() -> None:
    """One rule for one drug is one line, with the entries inside."""
    copies = {"entries.+": "entries.0", "entries.-1.id": "second", "entries.-1.therapy": "second"}
    without = {"entries.0.dose.hard_max": None, **copies}
    groups = [group for group in of(without).groups() if group.rule.id == "L01"]
    assert [str(group) for group in groups] == [
        "error L01 noradrenaline (base): A high-alert drug has no hard maximum (2 of 8 doses of high-alert drugs)"
    ]
    assert [f.place.item for f in groups[0].findings] == ["noradrenaline", "second"]


def test_findings_about_many_drugs_are_one_group() -> None:
    """One trifle on every entry is one line."""
    groups = of({f"entries.{n}.sources": None for n in range(10)}).groups()
    assert [str(group) for group in groups] == ["warning G01 9 drugs: An entry cites no source (10 of 10 entries)"]
    assert groups[0].drug is None


def test_groups_without_a_drug_name_what_they_are_about() -> None:
    """Care areas, the library as a whole, and two findings about one subject."""
    areas = {f"care_areas.{n}.owner": None for n in range(3)}
    both = {"entries.9.concentration.limits.hard_min": None, "entries.9.concentration.limits.hard_max": None}
    example = RULES_BY_ID["S01"].example
    lines = [str(group) for group in of({**example, **areas, **both}).groups()]
    assert "warning G08 33 care areas: A care area has no owner (33 of 33 care areas)" in lines
    assert "warning S01 the library: The library does not fit a target pump (2 findings; 1 of 1 library)" in lines
    assert (
        "warning C04 furosemide: The bounds of an open concentration can be overridden "
        "(2 findings; 1 of 1 entries with an open concentration)"
    ) in lines


def test_every_open_finding_is_in_exactly_one_group() -> None:
    """Grouping hides nothing and counts nothing twice."""
    result = of({**NOVEMBER_2018, **{f"entries.{n}.sources": None for n in range(10)}, "drugs.0.high_alert": None})
    grouped = [id(finding) for group in result.groups() for finding in group.findings]
    assert sorted(grouped) == sorted(id(finding) for finding in result.open)
    assert sum(result.count(severity) for severity in Severity) == len(result.open)


def accept(**changes) -> Acceptance:
    parts = {"rule": "L01", "item": "noradrenaline", "reason": "titrated", "by": "committee", "until": AT, **changes}
    return Acceptance(**parts)


@pytest.mark.hazard("OR-01")
def test_an_accepted_finding_is_marked_and_stays() -> None:
    """Somebody decided to live with it; it is out of the groups and never out of the list."""
    result = of(NO_HARD_MAX, acceptances=[accept()])
    (finding,) = result.findings
    assert finding.accepted == accept()
    assert result.accepted == (finding,)
    assert result.open == ()
    assert result.groups() == ()
    assert result.unmatched == result.expired == ()


@pytest.mark.hazard("OR-01")
@pytest.mark.parametrize("part", ["reason", "by"])
@pytest.mark.hazard("OR-01")
def test_an_acceptance_says_why_and_who(part) -> None:
    """A blank reason is a risk that nobody decided on."""
    with pytest.raises(AuthorError, match=f"{part}: found nothing"):
        accept(**{part: " "})


def test_an_expired_acceptance_lets_its_finding_return() -> None:
    """The last day is still covered, the day after is not."""
    expired = accept(until=AT - timedelta(days=1))
    result = of(NO_HARD_MAX, acceptances=[expired])
    assert result.expired == (expired,)
    assert result.unmatched == ()
    assert len(result.open) == 1


@pytest.mark.parametrize("part", [{"rule": "L02"}, {"item": "fentanyl"}, {"path": "entries[1]"}, {"message": "other"}])
@pytest.mark.hazard("OR-01")
def test_an_acceptance_that_matches_nothing_is_reported(part) -> None:
    """It was written for something that is no longer there, or misses what it was meant for."""
    result = of(NO_HARD_MAX, acceptances=[accept(**part)])
    assert result.unmatched == (accept(**part),)
    assert len(result.open) == 1


@pytest.mark.hazard("OR-01")
def test_an_acceptance_made_of_a_finding_ends_when_its_values_change() -> None:
    """Whoever accepted 1.5 did not accept 5."""
    finding = next(f for f in of({"entries.0.dose.hard_max": "4.1"}).findings if f.rule.id == "L05")
    made = finding.accept(reason="rare use", by="committee", until=date(2027, 1, 1))
    same = of({"entries.0.dose.hard_max": "4.1"}, acceptances=[made])
    assert [f.rule.id for f in same.accepted] == ["L05"]
    changed = [f.rule.id for f in of({"entries.0.dose.hard_max": "5"}, acceptances=[made]).open]
    assert finding.rule.id in changed


def test_thresholds_replace_only_what_they_name() -> None:
    """A trust's own numbers, as text or whole numbers."""
    mine = thresholds_from(
        {
            "hard_max_over_usual": "12.5",
            "soft_max_over_usual": 3,
            "name_length": 30,
            "critical_care_words": ["icu"],
            "tall_man": {"Fentanyl": "fentaNYL"},
            "target_pumps": [],
        }
    )
    assert (mine.hard_max_over_usual, mine.soft_max_over_usual) == (Fraction(25, 2), Fraction(3))
    assert (mine.name_length, mine.critical_care_words, mine.target_pumps) == (30, ("icu",), ())
    assert mine.tall_man == {"fentanyl": "fentaNYL"}
    assert mine.sentinel == Thresholds().sentinel


@pytest.mark.parametrize(
    "mapping, message",
    [
        ({"hard_max": "1"}, "thresholds: found 'hard_max'; expected one of adult_weight, "),
        ({"sentinel": 0.5}, "thresholds.sentinel: found 0.5; expected a decimal in quotes"),
        ({"sentinel": True}, "thresholds.sentinel: found True; expected a decimal in quotes"),
        ({"sentinel": "0"}, "thresholds.sentinel: found 0; expected more than zero"),
        ({"name_length": "20"}, "thresholds.name_length: found '20'; expected a whole number"),
        ({"name_length": -1}, "thresholds.name_length: found -1; expected a whole number"),
        ({"name_length": True}, "thresholds.name_length: found True; expected a whole number"),
        ({"critical_care_words": "icu"}, "thresholds.critical_care_words: found 'icu'; expected a list of words"),
        (
            {"critical_care_words": ["icu", " "]},
            "thresholds.critical_care_words: found ['icu', ' ']; expected a list of words, none of them empty",
        ),
        ({"soft_band": "inf"}, "thresholds.soft_band: found 'inf'; expected a plain decimal"),
        ({"critical_care_words": [1]}, "thresholds.critical_care_words: found [1]; expected a list of words"),
        ({"tall_man": ["fentaNYL"]}, "thresholds.tall_man: found ['fentaNYL']; expected a table of names"),
        ({"tall_man": {"fentanyl": 1}}, "thresholds.tall_man: found {'fentanyl': 1}; expected a table of names"),
        ({"target_pumps": ["Alaris"]}, "thresholds.target_pumps: found 'Alaris'; expected one of BD Alaris, Baxter"),
    ],
)
def test_thresholds_refuse_what_they_do_not_know(mapping, message) -> None:
    """A misspelt threshold would otherwise silently leave the default in force."""
    with pytest.raises(AuthorError) as error:
        thresholds_from(mapping)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    "name, against, expected",
    [
        ("cisplatin", "carboplatin", "cISplatin"),
        ("carboplatin", "cisplatin", "cARBOplatin"),
        ("doxorubicin", "daunorubicin", "dOXorubicin"),
        ("vincristine", "vinblastine", "vinCRIstine"),
        ("noradrenaline", "adrenaline", "NORadrenaline"),
        ("adrenaline", "noradrenaline", "adrenaline"),
    ],
)
@pytest.mark.hazard("LC-06")
def test_tall_man_letters_by_the_mid_method(name, against, expected) -> None:
    """BOPA 2022, table 1, and a name that is the end of another."""
    assert mid_tall_man(name, against) == expected


@pytest.mark.hazard("LC-06")
def test_names_are_compared_by_letters() -> None:
    """Letters changed, added and left out all count once."""
    assert distance("rocuronium", "vecuronium") == 2
    assert distance("", "abc") == 3
    assert are_alike("rocuronium", "vecuronium", letters=2, start=4)
    assert are_alike("amiodarone", "amiodipine", letters=0, start=4)
    assert not are_alike("morphine", "milrinone", letters=2, start=4)
    assert not are_alike("insulin", "in", letters=2, start=4)


def test_what_is_about_one_drug_comes_before_what_is_everywhere() -> None:
    """An import is unreviewed in every row; that must not push the one dangerous entry down."""
    everywhere = {f"entries.{n}.sources": None for n in range(10)}
    groups = of({**everywhere, "entries.4.initial": None, "entries.3.review_by": None}).groups()
    ranks = [(group.severity.rank, group.drug is None) for group in groups]
    assert ranks == sorted(ranks)


def test_an_unreviewed_row_is_an_error_once_the_library_is_no_draft() -> None:
    approved = of({"entries.0.unreviewed": True, "library.status": "approved"})
    assert [f.severity.value for f in approved.findings if f.rule.id == "G04"] == ["error"]
