"""Whatever people try, in whatever order: the rules of separation hold on every way that they find."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openinfusion.core.change_record import amend
from openinfusion.core.change_request import ChangeRequest
from openinfusion.core.errors import ChangeControlError
from openinfusion.core.governance import move, sign, steps_from
from openinfusion.core.roles import Actor, Role
from openinfusion.core.stages import Part, Stage, steps_out_of
from tests.change_requests import EVERYTHING, GOOD_FACTS, LATER, TRUST, draft, person, record, with_needs

pytestmark = pytest.mark.hazard("CF-03")
NAMES = ("ann", "bob", "cas", "dan", "eve", "fay", "gus", "hal")
people = st.builds(
    lambda name, roles: person(name, *roles), st.sampled_from(NAMES), st.lists(st.sampled_from(list(Role)), max_size=4)
)
everybody = st.builds(lambda name: person(name, *EVERYTHING), st.sampled_from(NAMES))


def attempts(request: ChangeRequest, by: Actor) -> Iterator[ChangeRequest]:
    """Every request that one person can make of this one by a step or a signature, with all that they can record."""
    for to, step in steps_out_of(request.stage).items():
        if to in (Stage.WITHDRAWN, Stage.REJECTED, Stage.DEFERRED):
            continue
        # As it stands too: recording anything takes the signatures away that wait.
        found = [request]
        with contextlib.suppress(ChangeControlError):
            found.append(with_needs(request, to, by=by, at=LATER))
        acts = (move, sign) if len(step.permissions) > 1 else (move,)
        for ready, act in product(found, acts):
            with contextlib.suppress(ChangeControlError):
                yield act(ready, to, by=by, at=LATER, record=record(LATER), facts=GOOD_FACTS)


def signers(request: ChangeRequest, to: Stage) -> set[str]:
    act = request.last_act(to)
    return {signature.by for signature in act.signatures} if act else set()


def keeps_its_duties(request: ChangeRequest) -> None:
    """Author, checker, approver and two releasers are different people; nobody acts twice under one step."""
    checkers = {act.by for act in request.acts if act.to is Stage.PHARMACY_CHECK}
    approvers = {act.by for act in request.acts if act.to is Stage.APPROVED}
    assert not set(request.authors) & (checkers | approvers)
    assert not checkers & approvers
    if request.stage is Stage.RELEASED:
        released = signers(request, Stage.RELEASED)
        assert len(released) == 2
        assert not released & ({*request.authors} | checkers | approvers)
        assert {act.to for act in request.acts} >= {Stage.SAFETY_ASSESSMENT, Stage.SCENARIO_TESTED, Stage.AREA_REVIEW}


@settings(max_examples=300)
@given(st.lists(st.one_of(people, everybody), max_size=20), st.randoms(use_true_random=False))
def test_no_path_breaks_the_separation_of_duties(crowd, chance):
    """People with any roles take any step or signature that is open to them, sideways ones too."""
    request = draft(proposer="ann")
    for by in crowd:
        if request.stage is Stage.DRAFT and chance.random() < 0.2:
            with contextlib.suppress(ChangeControlError):
                request = amend(request, {"title": f"by {by.name}"}, by=by)
        ways = list(attempts(request, by))
        # Most go forward, or nothing would ever come near a release.
        forward = [way for way in ways if way.stage is not Stage.DRAFT]
        chosen = forward if forward and chance.random() < 0.9 else ways
        if chosen:
            request = chance.choice(chosen)
        keeps_its_duties(request)


def furthest(count: int) -> set[Stage]:
    """Every stage that so many people reach who hold every role, by every way there is."""
    crowd = [person(name, *EVERYTHING) for name in NAMES[:count]]
    start = draft(proposer=NAMES[0])
    seen, waiting = {_key(start)}, [start]
    while waiting:
        request = waiting.pop()
        for by in crowd:
            for way in attempts(request, by):
                if way.stage not in (Stage.DRAFT, Stage.DISTRIBUTING) and (key := _key(way)) not in seen:
                    seen.add(key)
                    waiting.append(way)
    return {stage for stage, *_ in seen}


def _key(request: ChangeRequest) -> tuple[Stage, tuple[object, ...]]:
    """All that later steps look at, whatever the names are: who holds every role differs by parts and signatures."""
    signed = {signature.by: (signature.to.value, signature.seats) for signature in request.pending}
    people = [(sorted(part.value for part in request.parts_of(n)), str(signed.get(n))) for n in NAMES]
    return (request.stage, tuple(map(str, sorted(people))))


@pytest.mark.parametrize(
    "count, reached, not_reached",
    [
        (1, Stage.AREA_REVIEW, Stage.PHARMACY_CHECK),
        (2, Stage.SCENARIO_TESTED, Stage.APPROVED),
        (3, Stage.APPROVED, Stage.RELEASED),
        (4, Stage.APPROVED, Stage.RELEASED),
        (5, Stage.RELEASED, None),
    ],
)
def test_fewer_people_than_the_duties_ask_do_not_get_there(count, reached, not_reached):
    """Exhaustive: of people who hold every role, five release and four never do, whatever they try."""
    stages = furthest(count)
    assert reached in stages
    assert not_reached not in stages


@given(st.sampled_from(list(Stage)), st.one_of(people, everybody))
def test_every_refusal_says_whose_it_is(stage, by):
    """In each stage, for each next one: no reason is empty, and each names the organisation or a person."""
    for choice in steps_from(replace(draft(), stage=stage), by, LATER):
        assert choice.whose
        for why in (choice.why_not, choice.why_not_sign):
            assert why is None or TRUST in why or choice.whose in why


@given(st.sampled_from([Part.AUTHOR, Part.CHECKER, Part.APPROVER]))
def test_a_part_outlives_the_round_in_which_it_was_played(part):
    """Sending back wipes what was recorded, and nobody's part."""
    crowd = [person(name, *EVERYTHING) for name in NAMES]
    request = draft(proposer="ann")
    way = [Stage.PROPOSED, Stage.TRIAGED, Stage.AREA_REVIEW, Stage.PHARMACY_CHECK]
    way += [Stage.SAFETY_ASSESSMENT, Stage.SCENARIO_TESTED, Stage.APPROVED, Stage.DRAFT]
    for number, to in enumerate(way):
        by = crowd[number]
        request = with_needs(request, to, by=by, at=LATER)
        request = move(request, to, by=by, at=LATER, record=record(LATER))
    names = {Part.AUTHOR: "ann", Part.CHECKER: "dan", Part.APPROVER: "gus"}
    assert part in request.parts_of(names[part])
    assert request.notes == ()
