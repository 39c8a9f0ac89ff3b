"""On proof a roll-out goes on, on doubt it stops, and silence is neither."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openinfusion.core.errors import OperatorError
from openinfusion.fleet.rollout import (
    Clinical,
    Offer,
    Plan,
    Rate,
    Ring,
    RingCounts,
    Step,
    Who,
    Why,
    agree,
    begin,
    follow,
    stop,
)

pytestmark = [pytest.mark.hazard("CF-01"), pytest.mark.hazard("CF-04")]

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
CANARY = Ring(name="canary", who=Who(wards=("icu",)), is_canary=True, asks_second_person=True)
PLAN = Plan(
    name="one",
    kind="phased",
    reason="A test.",
    offers=(Offer(hospital="anderby", profile="adult", number=12),),
    rings=(CANARY, Ring(name="quarter", who=Who(percent=25)), Ring(name="rest")),
)
USUAL = Clinical(Rate(20, 400), Rate(200, 4000), Rate(2, 400), Rate(20, 4000))
GOOD = RingCounts(pumps=420, seen=400, current=390, pump_hours=400 * 24, clinical=USUAL)


def decided(known, *, hours=0, course=None, ring=None):
    course = course or begin(PLAN, by="ann", at=START)
    return follow(course, {ring or course.ring.name: known}, at=START + hours * HOUR)


def whys(decision):
    return {reason.why for reason in decision.reasons}


def proven_canary():
    """Return a course whose canary is proven, soaked and agreed to, so that the next ring is open."""
    course, _ = decided(GOOD)
    course, decision = decided(GOOD, hours=24, course=course)
    assert decision.step is Step.ASK
    course, decision = decided(GOOD, hours=25, course=agree(course, by="ben"))
    assert (decision.step, decision.next_ring) == (Step.ADVANCE, "quarter")
    return course


def test_a_ring_goes_on_once_enough_is_proven_and_has_soaked_and_a_second_person_agrees():
    course, decision = decided(GOOD)
    assert decision.step is Step.WAIT
    assert str(decision.reasons[0]) == "that held for 0 h; it must hold for 24 h"
    assert str(decision.reasons[1]) == (
        "97.5 % (390 of 400) of the pumps seen are proven, 95 % are asked; 20 of 420 were not seen"
    )
    assert decided(GOOD, hours=23, course=course)[1].step is Step.WAIT
    course, decision = decided(GOOD, hours=24, course=course)
    assert decision.step is Step.ASK
    with pytest.raises(OperatorError, match="Ann , who began it; expected another person"):
        agree(course, by="Ann ")
    course, decision = decided(GOOD, hours=25, course=agree(course, by="ben"))
    assert decision.step is Step.ADVANCE
    assert course.ring.name == "quarter"
    assert course.is_offered("quarter")
    assert not course.is_offered("rest")


def test_the_soak_begins_anew_when_too_few_are_proven_and_the_word_of_the_second_person_lapses():
    course, _ = decided(GOOD)
    course, _ = decided(GOOD, hours=24, course=course)
    course = agree(course, by="ben")
    course, decision = decided(replace(GOOD, current=370), hours=25, course=course)
    assert whys(decision) == {Why.NOT_ENOUGH}
    assert course.agreed_by is None
    course, decision = decided(GOOD, hours=26, course=course)
    assert whys(decision) == {Why.SOAK, Why.PROVEN}


def test_nobody_can_agree_before_there_is_something_to_agree_to():
    with pytest.raises(OperatorError, match="canary, which asks for no agreement now"):
        agree(begin(PLAN, by="ann", at=START), by="ben")


def test_a_ring_with_fewer_than_ten_proven_pumps_is_never_a_success():
    """It waits, and ends at its deadline: nothing stays open for ever."""
    few = replace(GOOD, pumps=9, seen=9, current=9)
    course, _ = decided(few)
    for hours in (24, 24 * 7 - 1):
        course, decision = decided(few, hours=hours, course=course)
        assert decision.step is Step.WAIT
        assert whys(decision) == {Why.TOO_FEW}
    for hours in (24 * 7, 24 * 400):
        course, decision = decided(few, hours=hours, course=course)
        assert decision.step is Step.HALT
        assert whys(decision) == {Why.TOO_FEW, Why.OVERDUE}
        assert str(decision.reasons[0]) == "canary: not proven within 7 days"


def test_a_ring_that_nobody_was_seen_in_is_never_a_success():
    """A server in use elsewhere called a group without targets finished at once."""
    _, decision = decided(RingCounts(pumps=400, missed=400, clinical=USUAL), hours=24 * 8)
    assert decision.step is Step.HALT
    assert whys(decision) == {Why.TOO_FEW, Why.MISSED, Why.OVERDUE}


def test_unseen_pumps_are_neither_success_nor_failure():
    """390 of 400 seen are proven: 10,000 in cupboards change nothing, and stand in the reason."""
    course, _ = decided(replace(GOOD, pumps=10_400))
    _, decision = decided(replace(GOOD, pumps=10_400), hours=24, course=course)
    assert decision.step is Step.ASK
    assert "10,000 of 10,400 were not seen" in str(decision.reasons[1])


def test_a_canary_without_enough_infusions_does_not_go_on():
    for seen in (replace(USUAL, overrides=Rate(1, 29)), replace(USUAL, hard_hits_before=Rate(0, 0)), Clinical()):
        course, _ = decided(replace(GOOD, clinical=seen))
        _, decision = decided(replace(GOOD, clinical=seen), hours=48, course=course)
        assert whys(decision) == {Why.NO_SIGNAL}


def test_a_pump_that_stands_reverted_without_having_lost_its_state_holds_the_ring():
    _, decision = decided(replace(GOOD, back=1), hours=48)
    assert whys(decision) == {Why.PUMPS_BACK}


HALTS = [
    (replace(GOOD, failed={"probe": 3}), Why.FAILURES, "0.7 % (3 of 393) of pumps failed; it stops at 3 pumps and"),
    (replace(GOOD, reverted=1), Why.REVERTED, "1 times in 400 days of pumps, pumps went back and had not lost"),
    (replace(GOOD, restored=3), Why.RESTORED, "usual is 100 in 1,000,000"),
    (replace(GOOD, clinical=replace(USUAL, overrides=Rate(60, 400))), Why.OVERRIDES, "60 in 400 infusions"),
    (replace(GOOD, clinical=replace(USUAL, overrides=Rate(3, 400))), Why.OVERRIDES, "3 in 400 infusions"),
    (replace(GOOD, clinical=replace(USUAL, hard_hits=Rate(14, 400))), Why.HARD_HITS, "20 in 4,000 in the 28 days"),
]


@pytest.mark.parametrize(("known", "why", "words"), HALTS)
def test_it_stops_by_itself(known, why, words):
    course, decision = decided(known)
    assert decision.step is Step.HALT
    assert whys(decision) == {why}
    assert words in str(decision.reasons[0])
    assert str(decision.reasons[0]).startswith("canary: ")
    assert not course.is_offered("canary")


@pytest.mark.parametrize(("known", "why", "words"), HALTS)
def test_a_halt_stays_whatever_is_proven_afterwards(known, why, words):
    course, _ = decided(known)
    _, decision = decided(GOOD, hours=24 * 30, course=course)
    assert decision.step is Step.HALT
    assert words in str(decision.reasons[0])


@pytest.mark.parametrize(
    "known",
    [
        replace(GOOD, failed={"probe": 2}),
        replace(GOOD, seen=2000, current=1990, failed={"probe": 9}),
        replace(GOOD, restored=2),
        replace(GOOD, pump_hours=70_000 * 24, restored=15),
        replace(GOOD, pump_hours=70_000 * 24, reverted=1),
        replace(GOOD, clinical=replace(USUAL, overrides=Rate(39, 400))),
        replace(GOOD, clinical=replace(USUAL, overrides=Rate(29, 29))),
        replace(GOOD, clinical=replace(USUAL, overrides=Rate(0, 60))),
    ],
)
def test_what_chance_brings_does_not_stop_it(known):
    assert decided(known)[1].step is not Step.HALT


def test_reversions_are_held_against_how_many_pumps_there_were_for_how_long():
    """One in a canary stops; in ten thousand pumps a week one may be chance, and three are not."""
    big = replace(GOOD, pump_hours=70_000 * 24)
    assert decided(replace(GOOD, reverted=1))[1].step is Step.HALT
    assert decided(replace(big, reverted=2))[1].step is Step.WAIT
    assert decided(replace(big, reverted=3))[1].step is Step.HALT


def test_the_clinical_signal_is_asked_of_a_canary_only_but_stops_it_at_any_time():
    bad = replace(GOOD, clinical=replace(USUAL, overrides=Rate(60, 400)))
    course = proven_canary()
    assert decided(bad, hours=30, course=course, ring="quarter")[1].step is Step.WAIT
    _, decision = decided(bad, hours=30, course=course, ring="canary")
    assert decision.step is Step.HALT


def test_a_kind_of_failure_has_a_rule_of_its_own():
    course = begin(PLAN, by="ann", at=START)
    rule = type(PLAN.halt.failures[0])(kind="probe", at_least=2, per_thousand=1)
    halt = type(PLAN.halt)(failures=(rule,))
    strict = type(PLAN)(name="one", kind="phased", reason="A test.", offers=PLAN.offers, rings=PLAN.rings, halt=halt)
    course = replace(course, plan=strict)
    assert decided(replace(GOOD, failed={"space": 5}), course=course)[1].step is Step.WAIT
    _, decision = decided(replace(GOOD, failed={"probe": 2, "space": 5}), course=course)
    assert "failed with probe" in str(decision.reasons[0])


def test_a_person_may_stop_it_at_any_time():
    course = stop(begin(PLAN, by="ann", at=START), by="ben", reason="ward 4 reports odd limits")
    _, decision = decided(GOOD, course=course)
    assert str(decision.reasons[0]) == "stopped by ben: ward 4 reports odd limits"
    with pytest.raises(OperatorError, match="a halt"):
        agree(course, by="ben")


def test_the_last_ring_ends_it():
    course = proven_canary()
    for hours, ring in ((25, "quarter"), (49, "quarter"), (49, "rest")):
        course, decision = decided(GOOD, hours=hours, course=course, ring=ring)
    course, decision = decided(GOOD, hours=73, course=course, ring="rest")
    assert decision.step is Step.DONE
    assert course.is_done
    assert course.is_offered("rest")


def test_a_deadline_is_counted_from_when_a_ring_was_opened():
    course = proven_canary()
    assert course.deadline("canary") == START + timedelta(days=7)
    assert course.deadline("quarter") == START + timedelta(days=7, hours=25)
    assert course.deadline("rest") is None


counts = st.integers(0, 500)


@given(
    st.builds(
        RingCounts,
        pumps=st.integers(500, 1000),
        seen=st.integers(400, 500),
        current=counts,
        failed=st.dictionaries(st.sampled_from(["probe", "space"]), st.integers(0, 30)),
        back=st.integers(0, 2),
        missed=counts,
        restored=st.integers(0, 5),
        reverted=st.integers(0, 2),
        pump_hours=st.integers(0, 100_000),
    ),
    st.lists(st.integers(0, 100), min_size=1, max_size=12),
)
def test_it_never_goes_on_without_its_conditions(known, gaps):
    """Whatever is told and however often it is asked: no ring is opened that the rules above do not open."""
    course = replace(proven_canary(), begun_by="ann")
    hours = 25
    for gap in gaps:
        hours += gap
        opened = len(course.opened)
        since = course.enough_since
        course, decision = decided(known, hours=hours, course=course)
        assert decision.reasons
        if decision.step in (Step.ADVANCE, Step.DONE):
            assert known.current >= 10
            assert known.current * 100 >= 95 * known.seen
            assert not known.back
            assert since is not None
            assert START + hours * HOUR - since >= 24 * HOUR
            assert len(course.opened) - opened == (decision.step is Step.ADVANCE)
        else:
            assert len(course.opened) == opened
        if course.halted:
            assert not any(course.is_offered(ring.name) for ring in PLAN.rings)
