"""Statements, discrepancies, rounds and decisions: what they say, and what they refuse."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from openinfusion.adapters.library_file import read_library
from openinfusion.core.consensus import (
    DELPHI,
    MISSING,
    Choice,
    Control,
    ControlStatus,
    Decision,
    Delphi,
    DiscrepancyClass,
    Dissent,
    OpenHazard,
    Origin,
    OutcomeKind,
    Position,
    Preference,
    Profession,
    Round,
    SourceKind,
    Statement,
    blocks_release,
    discrepancy,
    dissent_in,
    feedback,
    observed_range,
    observed_strengths,
    outcome,
    reopened,
    side_by_side,
    statements_of,
)
from openinfusion.core.errors import ConsensusError, LibraryError, UnitMismatchError
from openinfusion.core.library import Concentration, Entry, EntryType, Limits
from openinfusion.core.statements import is_about_concentration
from openinfusion.core.units import Quantity, Unit
from tests.strategies import library_with

EXAMPLE = Path(__file__).resolve().parents[3] / "examples/trust/library-1.1.0.json"
NATIONAL = Origin(kind=SourceKind.NATIONAL_GUIDELINE, citation="ICS/FICM v2.2")
VENDOR = Origin(kind=SourceKind.MANUFACTURER_EXAMPLE, citation="Sample library")
LOCAL = Origin(kind=SourceKind.LOCAL_GUIDELINE, citation="Guideline 12")


def strength(amount, volume="50 mL"):
    return Concentration(amount=Quantity.read(amount), volume=Quantity.read(volume))


def said(value, origin=NATIONAL, **parts):
    about = {"drug": "fentanyl", "care_area": "icu", "attribute": "concentration"}
    return Statement(**{**about, **parts}, value=value, origin=origin)


# Statements


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"drug": " "}, "drug: found nothing"),
        ({"care_area": ""}, "care_area: found nothing; expected the care area"),
        ({"attribute": ""}, "attribute: found nothing"),
        ({"value": " "}, "concentration: found an empty text"),
        ({"value": Quantity.of(-1, "mg")}, "concentration: found -1 mg; expected zero or more"),
    ],
)
def test_a_statement_that_says_nothing_is_refused(wrong, message):
    with pytest.raises(ConsensusError) as error:
        replace(said(strength("2.5 mg")), **wrong)
    assert message in str(error.value)


def test_a_source_that_nobody_can_find_is_refused():
    with pytest.raises(ConsensusError, match="no citation"):
        Origin(kind=SourceKind.REFERENCE_TEXT, citation="  ")


@pytest.mark.parametrize(
    "attribute, is_it",
    [
        ("concentration", True),
        ("continuous Concentration", True),
        ("continuous concentration limits hard_min", False),
        ("continuous dose hard_max", False),
        (" ", False),
    ],
)
def test_which_attribute_is_the_strength_itself(attribute, is_it):
    assert is_about_concentration(attribute) is is_it


def test_a_library_says_strengths_limits_usual_ranges_and_initial_values_for_the_areas_it_speaks_for():
    library = read_library(EXAMPLE)
    area = "adult-critical-care-a-general"
    found = list(statements_of(library, SourceKind.LOCAL_GUIDELINE, "1.1.0", areas={area: ("x", "y")}))
    assert {s.care_area for s in found} == {a.id for a in library.care_areas} - {area} | {"x", "y"}
    fentanyl = {s.attribute: s.value_text for s in found if s.drug == "fentanyl" and s.care_area == "x"}
    pca = {name: text for name, text in fentanyl.items() if name.startswith("pca ")}
    assert pca["pca concentration"] == "1 mg in 50 mL"
    assert pca["pca accumulated hard_max"] == "800 micrograms"
    fentanyl = {name: text for name, text in fentanyl.items() if name not in pca}
    assert fentanyl == {
        "continuous concentration": "2.5 mg in 50 mL",
        "continuous dose soft_min": "10 micrograms/h",
        "continuous dose soft_max": "300 micrograms/h",
        "continuous dose hard_max": "600 micrograms/h",
        "continuous dose usual": "usual min 25, usual max 200 micrograms/h",
        "continuous bolus dose soft_min": "10 micrograms",
        "continuous bolus dose soft_max": "100 micrograms",
        "continuous bolus dose hard_max": "150 micrograms",
        "continuous bolus dose usual": "usual min 20, usual max 75 micrograms",
        "continuous bolus rate soft_max": "60 mL/h",
        "continuous bolus rate hard_max": "120 mL/h",
        "continuous bolus rate usual": "usual max 60 mL/h",
        "continuous bolus volume soft_max": "2 mL",
        "continuous bolus volume hard_max": "3 mL",
        "continuous bolus volume usual": "usual min 0.4, usual max 1.5 mL",
    }
    assert any(s.attribute.endswith("initial") for s in found)
    therapies = {s.therapy for s in found if s.drug == "fentanyl" and s.care_area == "y"}
    assert therapies == {"analgesia and sedation", "patient-controlled analgesia"}


def test_an_open_concentration_says_its_bounds():
    bounds = Limits(unit=Unit.read("ug/mL"), hard_min=Fraction(25))
    entry = Entry(
        id="e", drug="d", care_area="a", type=EntryType.CONTINUOUS, concentration=Concentration(limits=bounds)
    )
    found = statements_of(library_with(entry), SourceKind.MANUFACTURER_EXAMPLE, "Sample")
    assert [(s.attribute, s.value_text) for s in found] == [
        ("continuous concentration", "concentration entered at the bedside, hard min 25 micrograms/mL"),
        ("continuous concentration limits hard_min", "25 micrograms/mL"),
    ]


def test_observed_strengths_say_how_often_each_was_seen_the_commonest_first():
    seen = [(strength("500 micrograms"), 88), (strength("2.5 mg"), 1112)]
    first, second = observed_strengths("fentanyl", "icu", seen, attribute="concentration", citation="lake, 2026")
    assert (first.value_text, first.note) == ("2.5 mg in 50 mL", "1,112 of 1,200 infusions")
    assert (second.value_text, second.note) == ("500 micrograms in 50 mL", "88 of 1,200 infusions")
    assert first.origin.kind is SourceKind.OBSERVED_PRACTICE


def test_an_observed_range_is_a_usual_range_in_one_unit():
    low, high = Quantity.read("25 micrograms/h"), Quantity.read("0.2 mg/h")
    subject = ("fentanyl", "icu", "continuous dose usual")
    found = observed_range(subject, low, high, number=1, quantiles="5th to 95th centile", citation="lake")
    assert found.value_text == "usual min 25, usual max 200 micrograms/h"
    assert found.note == "5th to 95th centile of 1 infusion"
    with pytest.raises(LibraryError, match="out of order"):
        observed_range(subject, high, low, number=1, quantiles="all", citation="lake")
    with pytest.raises(UnitMismatchError):
        observed_range(subject, low, Quantity.read("5 mL/h"), number=1, quantiles="all", citation="lake")
    with pytest.raises(ConsensusError, match="0 infusions"):
        observed_range(subject, low, high, number=0, quantiles="all", citation="lake")
    with pytest.raises(ConsensusError, match="0 infusions"):
        observed_strengths("fentanyl", "icu", [(strength("1 mg"), 0)], attribute="concentration", citation="lake")


# Discrepancies


def test_a_discrepancy_has_the_gravest_class_and_says_every_pair():
    found = discrepancy([said(MISSING), said(strength("2.5 mg"), VENDOR), said(strength("0.5 mg"), LOCAL)])
    assert found.kind is DiscrepancyClass.STRENGTH
    assert found.words == "strength; missing in the national guideline (ICS/FICM v2.2)"
    assert found.missing_from == (NATIONAL,)
    assert [(pair.kind.value, pair.words) for pair in found.pairs] == [
        ("missing", "national guideline: missing and manufacturer example: 2.5 mg in 50 mL"),
        ("missing", "national guideline: missing and local guideline: 0.5 mg in 50 mL"),
        ("strength", "manufacturer example: 2.5 mg in 50 mL and local guideline: 0.5 mg in 50 mL (5 times)"),
    ]


def test_several_values_of_one_source_are_compared_as_a_set():
    """Three strengths of noradrenaline are the same three in another order; two of them are not."""
    three = [said(strength(f"{n} mg")) for n in (4, 8, 16)]
    again = [said(strength(f"{n * 1000} micrograms"), LOCAL) for n in (16, 4, 8)]
    assert discrepancy(three + again).kind is DiscrepancyClass.UNIT_ONLY
    fewer = discrepancy(three + again[:2])
    assert fewer.kind is DiscrepancyClass.STRENGTH
    assert fewer.pairs[0].words.endswith("local guideline: 16,000 micrograms in 50 mL; 4,000 micrograms in 50 mL")


def test_a_strength_written_in_two_ways_by_one_source_is_seen_from_either_side():
    one, twice = [said(strength("4 mg"))], [said(strength("4 mg"), LOCAL), said(strength("8 mg", "100 mL"), LOCAL)]
    assert discrepancy(one + twice).kind is discrepancy(twice + one).kind is DiscrepancyClass.UNIT_ONLY


def test_a_source_alone_is_the_same_as_itself_unless_it_says_nothing():
    assert discrepancy([said(strength("1 mg"))]).words == "same"
    assert discrepancy([said(MISSING)]).kind is DiscrepancyClass.MISSING
    assert not discrepancy([said(MISSING, LOCAL)]).is_missing_nationally


def test_the_words_of_a_pair_say_therapy_note_and_no_factor_of_nothing():
    zero, one = Quantity.read("0 mg/h"), Quantity.read("1 mg/h")
    found = discrepancy([said(zero, therapy="pain", note="seen"), said(one, LOCAL)])
    assert found.pairs[0].words == "national guideline: 0 mg/h (pain, seen) and local guideline: 1 mg/h"


def test_statements_on_different_things_are_no_discrepancy():
    with pytest.raises(ConsensusError, match="fentanyl, icu, concentration; morphine, icu, concentration"):
        discrepancy([said(MISSING), said(MISSING, drug="morphine")])
    with pytest.raises(ConsensusError, match="no statement"):
        discrepancy([])


def test_side_by_side_says_of_every_source_where_it_is_silent():
    rows = [said(strength("1 mg"), VENDOR), said(strength("1 mg"), LOCAL, drug="morphine")]
    morphine_last = side_by_side(rows, asked=[NATIONAL])
    assert [(d.drug, d.kind.value, d.is_missing_nationally) for d in morphine_last] == [
        ("fentanyl", "missing", True),
        ("morphine", "missing", True),
    ]
    assert [origin.kind.value for origin in morphine_last[0].missing_from] == ["national guideline", "local guideline"]
    assert side_by_side([]) == ()


# Rounds


def votes(*scores, number=1, area="icu"):
    professions = list(Profession)
    return tuple(
        Position(
            voter=f"v{n}",
            role="champion",
            profession=professions[n % 3],
            care_area=area,
            agrees=score is None or score > 3,
            reason="too strong" if score is not None and score <= 3 else "",
            score=score,
            round=number,
        )
        for n, score in enumerate(scores)
    )


def test_seven_of_ten_who_agree_are_a_consensus_and_six_are_not():
    """70 % is enough, and is counted of those who were asked."""
    seven = Round(number=1, asked=10, positions=votes(7, 8, 9, 7, 8, 9, 7, 4, 5, 3))
    assert outcome([seven], areas=["icu"]).kind is OutcomeKind.CONSENSUS
    six = Round(number=1, asked=10, positions=votes(7, 8, 9, 7, 8, 9, 6, 4, 5, 3))
    found = outcome([six], areas=["icu"])
    assert found.kind is OutcomeKind.ANOTHER_ROUND
    assert found.reasons == ("6 of 10 asked score 7 or more, less than 70 %",)


def test_silence_is_not_consent():
    """Seven who agree of eleven asked are no consensus, though nobody who answered disagrees."""
    quiet = Round(number=1, asked=11, positions=votes(7, 8, 9, 7, 8, 9, 7))
    assert outcome([quiet], areas=["icu"]).reasons == ("7 of 11 asked score 7 or more, less than 70 %",)
    nobody = outcome([Round(number=1, asked=3)], areas=["icu"])
    assert nobody.kind is OutcomeKind.ANOTHER_ROUND
    assert "no nurse of icu has answered" in nobody.reasons


def test_fifteen_in_a_hundred_who_oppose_are_too_many():
    """3 of 20 is 15 %, which must not be reached; an objection without a score opposes."""
    agree = (7,) * 17
    opposed = Round(number=1, asked=20, positions=votes(*agree, 1, 2, 3))
    assert outcome([opposed], areas=["icu"]).reasons == (
        "3 of 20 who answered score 3 or less, or object, not less than 15 %",
    )
    fewer = Round(number=1, asked=20, positions=votes(*agree, 1, 2, 4))
    assert outcome([fewer], areas=["icu"]).kind is OutcomeKind.CONSENSUS
    unscored = replace(fewer.positions[-1], agrees=False, score=None, reason="no")
    assert outcome([replace(fewer, positions=(*fewer.positions[:-1], unscored))], areas=["icu"]).reasons


def test_agreement_without_a_score_is_no_score():
    found = outcome([Round(number=1, asked=3, positions=votes(9, 9, None))], areas=["icu"])
    assert found.reasons == ("2 of 3 asked score 7 or more, less than 70 %",)


def test_each_affected_area_needs_each_profession():
    found = outcome([Round(number=1, asked=3, positions=votes(9, 9, 9))], areas=["icu", "theatres"])
    assert found.reasons == tuple(f"no {p.value} of theatres has answered" for p in Profession)


def test_after_the_last_round_a_meeting_decides_and_each_round_was_fed_back():
    rounds = [Round(number=n, asked=4, positions=votes(1, 2, 8, 9, number=n)) for n in (1, 2, 3)]
    assert outcome(rounds[:2], areas=["icu"]).kind is OutcomeKind.ANOTHER_ROUND
    found = outcome(rounds, areas=["icu"])
    assert found.kind is OutcomeKind.NO_CONSENSUS
    assert [shown.round for shown in found.feedback] == [1, 2, 3]
    assert outcome([], areas=["icu"]).reasons == ("no round yet",)


@pytest.mark.parametrize(
    "scores, quartiles",
    [
        ((5,), ("5", "5", "5")),
        ((1, 2, 8, 9), ("7/4", "5", "33/4")),
        ((9, 1, 5), ("3", "5", "7")),
        ((7, 7, 8, 9, 9, 9), ("29/4", "17/2", "9")),
    ],
)
def test_feedback_has_exact_quartiles_and_names_nobody(scores, quartiles):
    shown = feedback(Round(number=1, asked=9, positions=votes(*scores)))
    assert tuple(map(str, (shown.lower_quartile, shown.median, shown.upper_quartile))) == quartiles
    assert shown.interquartile_range == Fraction(quartiles[2]) - Fraction(quartiles[0])
    assert (shown.answered, shown.asked) == (len(scores), 9)
    assert not {"voter", "role", "care_area", "profession"} & set(type(shown).__dataclass_fields__)


def test_feedback_without_scores_has_no_median():
    shown = feedback(Round(number=1, asked=1, positions=votes(None)))
    assert (shown.median, shown.interquartile_range) == (None, None)


def test_reasons_are_fed_back_in_an_order_that_tells_nothing():
    positions = [replace(p, reason=why) for p, why in zip(votes(9, 8, 7), ("c", "a", "b"), strict=True)]
    assert feedback(Round(number=1, asked=3, positions=tuple(positions))).reasons == ("a", "b", "c")


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: replace(votes(9)[0], voter=" "), "position.voter"),
        (lambda: replace(votes(9)[0], role=""), "position.role"),
        (lambda: replace(votes(9)[0], care_area=""), "position.care_area"),
        (lambda: replace(votes(2)[0], reason=" "), "an objection without a reason"),
        (lambda: Round(number=0, asked=1), "a position of another round"),
        (lambda: Round(number=2, asked=1, positions=votes(9)), "a position of another round"),
        (lambda: Round(number=1, asked=2, positions=votes(9) * 2), "a voter twice"),
        (lambda: Round(number=1, asked=1, positions=votes(9, 9)), "2 answers of 1 asked"),
        (lambda: Round(number=1, asked=0), "0 answers of 0 asked"),
        (lambda: outcome([Round(number=1, asked=1)], areas=[]), "areas: found none"),
        (lambda: outcome([Round(number=2, asked=1)], areas=["icu"]), "rounds: found 2"),
        (lambda: outcome([Round(number=n, asked=1) for n in (1, 2, 3, 4)], areas=["icu"]), "found 1, 2, 3, 4"),
        (lambda: outcome([Round(number=1, asked=1, positions=votes(10))], areas=["icu"]), "score: found 10"),
        (
            lambda: outcome([Round(number=1, asked=1, positions=(replace(votes(9)[0], score=3),))], areas=["icu"]),
            "3 of a voter who agrees",
        ),
        (
            lambda: outcome([Round(number=1, asked=1, positions=(replace(votes(3)[0], score=7),))], areas=["icu"]),
            "7 of a voter who objects",
        ),
        (lambda: Delphi(agreeing=3), "lowest <= opposing < agreeing <= highest"),
        (lambda: Delphi(max_rounds=0), "in 0 rounds"),
        (lambda: replace(DELPHI, agree_share=Fraction(0)), "delphi.agree_share"),
        (lambda: replace(DELPHI, oppose_share=Fraction(2)), "delphi.oppose_share"),
    ],
)
def test_what_breaks_a_rule_of_the_rounds_is_refused(make, message):
    with pytest.raises(ConsensusError) as error:
        make()
    assert message in str(error.value)


# Decisions and hazards

DECISION = Decision(
    drug="fentanyl",
    attribute="continuous concentration",
    areas=("icu",),
    choice=Choice.DO_NOT_STANDARDISE,
    rationale="One unit differs.",
    by="Medication committee",
    decided_on=date(2026, 11, 3),
    review_on=date(2027, 5, 3),
)


def test_dissent_is_kept_word_for_word():
    words = "We have used  the weak one\nfor 20 years."
    objection = replace(votes(1)[0], reason=words)
    assert dissent_in(Round(number=1, asked=2, positions=(objection, replace(votes(9)[0], voter="w")))) == (
        Dissent(role="champion", care_area="icu", words=words),
    )


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"rationale": " "}, "decision.rationale: found nothing; expected why"),
        ({"by": ""}, "decision.by: found nothing; expected the role"),
        ({"drug": ""}, "decision.drug"),
        ({"attribute": ""}, "decision.attribute"),
        ({"areas": ()}, "decision.areas"),
        ({"areas": ("icu", " ")}, "decision.areas"),
        ({"value": strength("1 mg")}, "decision.value: found a value"),
        ({"choice": Choice.STANDARDISE}, "decision.value: found no value"),
        ({"choice": Choice.STANDARDISE, "value": MISSING}, "decision.value: found no value"),
        ({"review_on": date(2026, 11, 3)}, "decision.review_on: found 03-Nov-2026"),
    ],
)
def test_a_decision_without_what_it_needs_is_refused(wrong, message):
    with pytest.raises(ConsensusError) as error:
        replace(DECISION, **wrong)
    assert message in str(error.value)


def test_only_a_decision_on_a_strength_reopens_it():
    assert reopened(replace(DECISION, attribute="continuous dose hard_max")) is None
    hazard = reopened(DECISION)
    assert hazard is not None
    assert hazard.because == "Medication committee decided on 03-Nov-2026: do not standardise. One unit differs."
    left_open = reopened(replace(DECISION, choice=Choice.STANDARDISE, value=Concentration()))
    assert left_open is not None
    assert "standardise concentration entered at the bedside" in left_open.because


def test_a_control_that_says_nothing_or_is_verified_without_evidence_is_refused():
    with pytest.raises(ConsensusError, match=r"control\.text"):
        Control(preference=Preference.DESIGN, text=" ")
    with pytest.raises(ConsensusError, match="verified control without evidence"):
        Control(preference=Preference.DESIGN, text="a cap", status=ControlStatus.VERIFIED)


def test_a_hazard_is_somewhere_and_a_wrong_strength_needs_design():
    hazard = OpenHazard(hazard="LC-02", drug="x", areas=("icu",), because="y", needed=Preference.PROCEDURE)
    for wrong in ({"areas": ()}, {"drug": ""}, {"hazard": "LC-01"}):
        with pytest.raises(ConsensusError):
            replace(hazard, **wrong)


def test_another_hazard_is_lifted_by_a_verified_control_of_the_needed_kind_or_better():
    library = read_library(EXAMPLE)
    hazard = OpenHazard(hazard="LC-02", drug="fentanyl", areas=("icu",), because="y", needed=Preference.PROCEDURE)
    why = blocks_release(hazard, library)
    assert why == "LC-02 is open for fentanyl in icu: no verified control of the kind procedure or better"
    checked = Control(
        preference=Preference.VERIFICATION, text="read back", status=ControlStatus.VERIFIED, evidence="record 1"
    )
    assert blocks_release(replace(hazard, controls=(checked,)), library) is None
    taught = replace(checked, preference=Preference.TRAINING)
    assert blocks_release(replace(hazard, controls=(taught,)), library) == why


@pytest.mark.hazard("LC-01")
@pytest.mark.parametrize("version, is_blocked", [("1.0.0", True), ("1.1.0", False)])
def test_the_example_trust_of_november_2018_is_blocked_and_mended(version, is_blocked):
    """The library with the fault is blocked though its control is said to be verified; the mended one is not."""
    areas = tuple(f"adult-critical-care-{unit}" for unit in ("a-general", "b-cardiac", "c-neuro"))
    hazard = reopened(replace(DECISION, areas=areas))
    assert hazard is not None
    said_so = Control(preference=Preference.DESIGN, text="bounds", status=ControlStatus.VERIFIED, evidence="a letter")
    why = blocks_release(
        replace(hazard, controls=(said_so,)), read_library(EXAMPLE.with_name(f"library-{version}.json"))
    )
    assert (why is not None) is is_blocked
    if why:
        assert all(f"{area}--fentanyl--continuous--analgesia-and-sedation--open has an open" in why for area in areas)
