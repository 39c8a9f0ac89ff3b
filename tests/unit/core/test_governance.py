"""The steps of a change request: who may take them, what they need, and what they leave behind."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from openinfusion.core.change_class import ChangeClass
from openinfusion.core.change_record import amend, note, raise_class
from openinfusion.core.errors import AuthorError
from openinfusion.core.gates import Facts, PumpProof
from openinfusion.core.governance import Record, move, sign, steps_from, why_not, why_not_sign
from openinfusion.core.roles import Role
from openinfusion.core.stages import STEPS, Need, Part, Stage
from tests.change_requests import (
    AREAS,
    AUTHOR,
    CHECKER,
    COMMITTEE,
    ENGINEER,
    EVERYTHING,
    GOOD_FACTS,
    LATER,
    MSO,
    READER,
    START,
    WAY,
    draft,
    person,
    ready_for,
    record,
    renamed,
    take,
    walked,
    with_needs,
)


def test_a_request_walks_from_draft_to_closed() -> None:
    """Eleven steps, each kept with its person, role and reason; the release with the signatures of two people."""
    request = walked(Stage.CLOSED)
    assert [act.to for act in request.acts] == [stage for stage, _ in WAY]
    released = request.last_act(Stage.RELEASED)
    assert released is not None
    assert [signature.by for signature in released.signatures] == [MSO.name, ENGINEER.name]
    assert steps_from(request, MSO, LATER) == ()
    assert "at its end" in (why_not(request, Stage.DRAFT, by=MSO, at=LATER) or "")


def test_every_stage_is_in_the_steps() -> None:
    """Each stage can be reached, and each that is no end can be left."""
    reached, left = {to for _, to in STEPS}, {start for start, _ in STEPS}
    ends = {Stage.CLOSED, Stage.REJECTED, Stage.WITHDRAWN, Stage.ROLLED_BACK}
    assert reached == set(Stage)
    assert left == set(Stage) - ends


@pytest.mark.parametrize("to", [stage for stage, _ in WAY])
def test_a_reader_takes_no_step_and_is_told_whose_it_is(to: Stage) -> None:
    """The refusal names the organisation and a role; nothing is missing but the right."""
    request = ready_for(to)
    for choice in steps_from(request, READER, LATER, facts=GOOD_FACTS):
        assert choice.why_not
        assert choice.whose in choice.why_not
        with pytest.raises(AuthorError, match="refused"):
            move(request, choice.to, by=READER, at=LATER, record=record(LATER), facts=GOOD_FACTS)


@pytest.mark.parametrize(
    "to, part",
    [
        (Stage.PHARMACY_CHECK, Part.AUTHOR),
        (Stage.SAFETY_ASSESSMENT, Part.AUTHOR),
        (Stage.APPROVED, Part.AUTHOR),
        (Stage.APPROVED, Part.CHECKER),
        (Stage.RELEASED, Part.AUTHOR),
        (Stage.RELEASED, Part.CHECKER),
        (Stage.RELEASED, Part.APPROVER),
    ],
)
def test_nobody_checks_approves_or_releases_what_they_had_a_part_in(to: Stage, part: Part) -> None:
    """Whatever roles the person holds now."""
    earlier = {Part.AUTHOR: AUTHOR, Part.CHECKER: CHECKER, Part.APPROVER: COMMITTEE}[part]
    same = person(earlier.name, *EVERYTHING)
    why = why_not_sign(ready_for(to), to, by=same, at=LATER, facts=GOOD_FACTS)
    assert why is not None
    assert f"{earlier.name} is the {part.value} of this change, and another person must" in why
    assert why_not_sign(ready_for(to), to, by=person("new", *EVERYTHING), at=LATER, facts=GOOD_FACTS) is None


def test_whoever_writes_in_a_draft_is_an_author() -> None:
    """A second pharmacist who corrected one value must not check it."""
    helper = person("helper", Role.LIBRARY_PHARMACIST, Role.SECOND_PHARMACIST)
    request = amend(draft(), {"title": "Another title"}, by=helper)
    assert request.authors == (AUTHOR.name, "helper")
    request = walked(Stage.AREA_REVIEW, request)
    assert "helper is the author" in (why_not(request, Stage.PHARMACY_CHECK, by=helper, at=LATER) or "")


def test_two_people_release() -> None:
    """One signature does not release, the same person cannot give both, and each says who is missing."""
    request = ready_for(Stage.RELEASED)
    both = person("both", *EVERYTHING)
    assert "another person must sign first" in (
        why_not(request, Stage.RELEASED, by=both, at=LATER, facts=GOOD_FACTS) or ""
    )
    request = sign(request, Stage.RELEASED, by=both, at=LATER, record=record(LATER), facts=GOOD_FACTS)
    why = why_not(request, Stage.RELEASED, by=both, at=LATER, facts=GOOD_FACTS)
    assert why is not None
    assert "both has signed already, and another person must sign too" in why
    assert why_not(request, Stage.RELEASED, by=MSO, at=LATER, facts=GOOD_FACTS) is None


def test_a_signature_speaks_of_what_stood_there() -> None:
    """Recording anything takes it away, so nobody signs for what came later."""
    request = sign(ready_for(Stage.RELEASED), Stage.RELEASED, by=MSO, at=LATER, record=record(LATER), facts=GOOD_FACTS)
    changed = note(request, Need.CHANGE_NOTICE, "Another notice.", by=ENGINEER, at=LATER)
    assert changed.pending == ()
    assert why_not(changed, Stage.RELEASED, by=ENGINEER, at=LATER, facts=GOOD_FACTS) is not None


@pytest.mark.parametrize(
    "spoil, words",
    [
        (lambda record: replace(record, reason="  "), "a reason"),
        (lambda record: replace(record, authenticated_at=None), "to authenticate again"),
        (lambda record: replace(record, authenticated_at=LATER - timedelta(minutes=6)), "to authenticate again"),
        (lambda record: replace(record, authenticated_at=LATER + timedelta(seconds=1)), "to authenticate again"),
        (lambda record: replace(record, authenticated_at=LATER.replace(tzinfo=None)), "to authenticate again"),
    ],
)
def test_a_step_without_a_reason_or_a_fresh_proof_of_identity_is_refused(
    spoil: Callable[[Record], Record], words: str
) -> None:
    request = ready_for(Stage.APPROVED)
    with pytest.raises(AuthorError, match=words):
        move(request, Stage.APPROVED, by=COMMITTEE, at=LATER, record=spoil(record(LATER)))


def test_a_step_that_is_not_signed_needs_no_proof_of_identity() -> None:
    moved = move(draft(), Stage.PROPOSED, by=AUTHOR, at=LATER, record=Record(reason="Needed."))
    assert moved.acts[0].signatures == ()


@pytest.mark.parametrize("at", [START.replace(tzinfo=None), START - timedelta(seconds=1)])
def test_a_step_before_its_time_or_without_a_zone_is_refused(at: datetime) -> None:
    assert "time of the step" in (why_not(draft(), Stage.PROPOSED, by=AUTHOR, at=at) or "")


def test_a_step_that_does_not_exist_names_the_next_one() -> None:
    why = why_not(draft(), Stage.APPROVED, by=COMMITTEE, at=LATER)
    assert why is not None
    assert why.startswith("a change that is draft cannot become approved; next it can become proposed")


@pytest.mark.parametrize("stage", [Stage.PROPOSED, Stage.TRIAGED, Stage.AREA_REVIEW, Stage.PHARMACY_CHECK])
def test_what_is_sent_back_is_reviewed_and_checked_again(stage: Stage) -> None:
    """Nothing that was agreed about the old content counts for the new one; who took part stays excluded."""
    request = walked(stage)
    back = take(request, Stage.DRAFT, by=person("any", *EVERYTHING))
    assert (back.reviews, back.blind_checks, back.tests, back.notes) == ((), (), (), ())
    assert len(back.acts) == len(request.acts) + 1
    assert back.parts_of(CHECKER.name) == request.parts_of(CHECKER.name)


def test_only_the_proposer_withdraws() -> None:
    request = walked(Stage.TRIAGED)
    assert "only its proposer" in (why_not(request, Stage.WITHDRAWN, by=person("x", *EVERYTHING), at=LATER) or "")
    assert why_not(request, Stage.WITHDRAWN, by=AUTHOR, at=LATER) is None


def test_a_panel_approves_texts_and_never_a_looser_limit() -> None:
    """The same person, another class; and a class that was raised by hand goes the whole way too."""
    text = walked(Stage.PROPOSED, draft(renamed()))
    assert raise_class(text, ChangeClass.LOOSEN, by=MSO).change_class is ChangeClass.LOOSEN
    panel = person("panel", Role.MEDICATION_SAFETY_OFFICER)
    for request, allowed in ((draft(renamed()), True), (draft(), False)):
        ready = with_needs(walked(Stage.SCENARIO_TESTED, request), Stage.APPROVED, by=COMMITTEE)
        assert (why_not(ready, Stage.APPROVED, by=panel, at=LATER) is None) is allowed


def test_a_class_is_never_lowered_by_hand() -> None:
    with pytest.raises(AuthorError, match="graver"):
        raise_class(walked(Stage.PROPOSED), ChangeClass.TEXT, by=MSO)
    assert replace(draft(), raised_to=ChangeClass.TEXT).change_class is ChangeClass.LOOSEN


@pytest.mark.parametrize(
    "facts, words",
    [
        (None, "what the gate asks is not known"),
        (replace(GOOD_FACTS, library="b" * 64), "of another library"),
        (replace(GOOD_FACTS, lint_errors=2), "2 errors"),
    ],
)
def test_a_closed_gate_stops_the_release(facts: Facts | None, words: str) -> None:
    assert words in (why_not_sign(ready_for(Stage.RELEASED), Stage.RELEASED, by=MSO, at=LATER, facts=facts) or "")


@pytest.mark.parametrize(
    "pumps",
    [
        None,
        PumpProof(pumps=0, proven=0, in_clinical_place=0, proven_in_clinical_place=0),
        PumpProof(pumps=100, proven=94, in_clinical_place=90, proven_in_clinical_place=90, quarantined=6),
        PumpProof(pumps=100, proven=99, in_clinical_place=90, proven_in_clinical_place=89, quarantined=1),
        PumpProof(pumps=100, proven=97, in_clinical_place=90, proven_in_clinical_place=90, quarantined=2),
    ],
)
def test_nobody_says_implemented_but_the_pumps(pumps: PumpProof | None) -> None:
    """Whoever asks, with whatever roles: without the proof it is not so."""
    facts = replace(GOOD_FACTS, pumps=pumps)
    for by in (ENGINEER, person("all", *EVERYTHING)):
        why = why_not(ready_for(Stage.IMPLEMENTED), Stage.IMPLEMENTED, by=by, at=LATER, facts=facts)
        assert "G13" in (why or "")


def test_a_duty_elsewhere_is_no_duty_here() -> None:
    """Another organisation's second pharmacist, and one of a single care area, do not check for all."""
    request = ready_for(Stage.PHARMACY_CHECK)
    for by in (
        person("x", *EVERYTHING, organisation="Other Trust"),
        person("y", Role.SECOND_PHARMACIST, area=AREAS[0]),
    ):
        assert "only a second pharmacist of Example Trust" in (
            why_not(request, Stage.PHARMACY_CHECK, by=by, at=LATER) or ""
        )
