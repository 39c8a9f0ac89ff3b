"""The gates of a release: each closes by its own fact, by what is not known, and by nothing else."""

from dataclasses import replace
from datetime import date

import pytest

from openinfusion.core.errors import ChangeControlError
from openinfusion.core.gates import PROOF_GATES, RELEASE_GATES, Facts, HazardFact, PumpProof, blockers
from openinfusion.core.roles import Role
from tests.change_requests import GOOD_FACTS, HASH

GOOD = HazardFact(id="LC-01", residual=2, owner="cso", due=date(2027, 1, 1))
PUMPS = PumpProof(pumps=100, proven=97, in_clinical_place=90, proven_in_clinical_place=90, quarantined=3)
pytestmark = pytest.mark.hazard("OR-01")


def closed(facts: Facts) -> list[tuple[str, str]]:
    return [(blocker.gate.id, blocker.why) for blocker in blockers(facts)]


def test_what_is_known_to_be_right_opens_every_gate() -> None:
    assert blockers(GOOD_FACTS) == ()
    assert blockers(GOOD_FACTS, PROOF_GATES) == ()


def test_what_is_not_known_closes_every_gate() -> None:
    """Facts that nobody passed in are no facts."""
    nothing = Facts(library=HASH)
    assert {gate for gate, _ in closed(nothing)} == {gate.id for gate in RELEASE_GATES}
    assert [blocker.gate.id for blocker in blockers(nothing, PROOF_GATES)] == ["G13"]


@pytest.mark.parametrize(
    "hazard, gate, why",
    [
        (replace(GOOD, residual=None), "G1", "LC-01 is not scored"),
        (replace(GOOD, residual=4), "G1", "LC-01 is rated 4"),
        (replace(GOOD, residual=5, justified=True), "G1", "LC-01 is rated 5"),
        (replace(GOOD, residual=3), "G2", "LC-01 is rated 3 without a justification"),
        (
            replace(GOOD, unverified_controls=("C-1", "C-2")),
            "G3",
            "LC-01 counts 2 controls that nobody verified: C-1 and C-2",
        ),
        (replace(GOOD, owner=None), "G4", "LC-01 is open without an owner and a date"),
        (replace(GOOD, due=None), "G4", "LC-01 is open without an owner and a date"),
        (replace(GOOD, is_transferred=True), "G5", "LC-01 is transferred and not accepted in writing"),
    ],
)
def test_a_hazard_closes_its_gate(hazard: HazardFact, gate: str, why: str) -> None:
    """Beside a hazard with which all is well."""
    assert closed(replace(GOOD_FACTS, hazards=(GOOD, hazard))) == [(gate, why)]


@pytest.mark.parametrize(
    "hazard",
    [
        replace(GOOD, residual=3, justified=True),
        replace(GOOD, is_open=False, owner=None, due=None),
        replace(GOOD, is_transferred=True, accepted_in_writing=True),
    ],
)
def test_a_hazard_with_what_it_needs_closes_nothing(hazard: HazardFact) -> None:
    assert closed(replace(GOOD_FACTS, hazards=(hazard,))) == []


@pytest.mark.parametrize(
    "facts, gate, why",
    [
        (replace(GOOD_FACTS, log_approved_for="b" * 64), "G6", "the approved issue is for another library"),
        (replace(GOOD_FACTS, discrepancies_without_hazard=("D-7",)), "G9", "D-7"),
        (replace(GOOD_FACTS, lint_errors=1), "G10", "1 error"),
        (replace(GOOD_FACTS, readback_differences=2), "G10", "2 read-back differences"),
        (replace(GOOD_FACTS, readback_lacks="nobody confirmed it"), "G10", "nobody confirmed it"),
        (replace(GOOD_FACTS, models_not_passed=("Syringe 3",)), "G11", "Syringe 3"),
        (replace(GOOD_FACTS, training_below=("doctor in icu",)), "G12", "doctor in icu"),
        (replace(GOOD_FACTS, rollback_archived=False), "G15", "no"),
        (replace(GOOD_FACTS, advice_open=("FSN-1",)), "G16", "FSN-1"),
        (replace(GOOD_FACTS, monitoring_set=False), "G18", "no"),
    ],
)
def test_each_other_fact_closes_its_gate(facts: Facts, gate: str, why: str) -> None:
    assert closed(facts) == [(gate, why)]


@pytest.mark.parametrize(
    "pumps, why",
    [
        (replace(PUMPS, proven=94, quarantined=6), "94 of 100 pumps have proven it, 95 % must"),
        (replace(PUMPS, in_clinical_place=92), "2 pumps in a clinical place without proof"),
        (replace(PUMPS, quarantined=2), "1 pump without proof not in quarantine"),
    ],
)
def test_pumps_prove_the_release_or_keep_it_open(pumps: PumpProof, why: str) -> None:
    assert [blocker.why for blocker in blockers(replace(GOOD_FACTS, pumps=pumps), PROOF_GATES)] == [why]


def test_exactly_the_threshold_is_enough() -> None:
    pumps = replace(PUMPS, proven=95, quarantined=5)
    assert blockers(replace(GOOD_FACTS, pumps=pumps), PROOF_GATES) == ()


@pytest.mark.parametrize(
    "spoil",
    [
        {"proven": 101},
        {"proven": -1},
        {"proven_in_clinical_place": 91},
        {"in_clinical_place": 101},
        {"quarantined": 101},
        {"threshold": 0},
        {"threshold": 101},
    ],
)
def test_counts_that_contradict_each_other_are_refused(spoil: dict[str, int]) -> None:
    with pytest.raises(ChangeControlError, match="parts within their whole"):
        replace(PUMPS, **spoil)


def test_a_blocker_says_its_gate_and_whose_it_is() -> None:
    blocker = blockers(replace(GOOD_FACTS, lint_errors=1))[0]
    assert blocker.whose is Role.LIBRARY_PHARMACIST
    assert str(blocker) == (
        "G10, the library has no error and reads back as approved: 1 error (for the library pharmacist)"
    )
