"""The emergency path: two people, one hazard, an end, and a day by which the committee has looked."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from openinfusion.core.change_request import ChangeRequest
from openinfusion.core.emergency import emergency_status
from openinfusion.core.errors import ChangeControlError
from openinfusion.core.gates import Facts
from openinfusion.core.governance import move, sign, why_not
from openinfusion.core.roles import Role
from openinfusion.core.stages import Stage
from tests.change_requests import (
    AUTHOR,
    CHAMPION,
    COMMITTEE,
    CSO,
    EVERYTHING,
    GOOD_FACTS,
    LATER,
    MSO,
    draft,
    person,
    record,
    take,
    walked,
    with_needs,
)

TO = Stage.EMERGENCY_APPROVED


def proposed() -> ChangeRequest:
    return walked(Stage.PROPOSED)


def approved(at: datetime = LATER) -> ChangeRequest:
    request = sign(proposed(), TO, by=MSO, at=at, record=record(at))
    return move(request, TO, by=CHAMPION, at=at, record=record(at))


def test_one_authorises_and_a_champion_of_each_area_agrees() -> None:
    """One champion of both areas is enough; both signatures are kept."""
    request = approved()
    assert request.stage is TO
    assert [signature.role for signature in request.acts[-1].signatures] == [
        MSO.duties[0].role,
        Role.CARE_AREA_CHAMPION,
    ]
    assert request.emergency_until == LATER + timedelta(hours=72)


def test_two_areas_take_both_champions() -> None:
    """The champion of one does not speak for the other."""
    icu, theatre = (person(area, Role.CARE_AREA_CHAMPION, area=area) for area in ("icu", "theatre"))
    request = sign(proposed(), TO, by=MSO, at=LATER, record=record(LATER))
    why = why_not(request, TO, by=icu, at=LATER)
    assert why is not None
    assert why.startswith("another person must sign first: a care-area champion of Example Trust for theatre")
    request = sign(request, TO, by=icu, at=LATER, record=record(LATER))
    assert move(request, TO, by=theatre, at=LATER, record=record(LATER)).stage is TO


def test_nobody_is_both_of_the_two() -> None:
    """Officer and champion in one person still need another; and two officers are no clinician of the area."""
    both = person("both", Role.MEDICATION_SAFETY_OFFICER, Role.CARE_AREA_CHAMPION)
    request = sign(proposed(), TO, by=both, at=LATER, record=record(LATER))
    assert "signed already" in (why_not(request, TO, by=both, at=LATER) or "")
    why = why_not(request, TO, by=MSO, at=LATER)
    assert why is not None
    assert "what medication_safety_officer could sign is signed already" in why


def test_without_a_hazard_there_is_no_emergency() -> None:
    request = replace(proposed(), hazard_ids=())
    assert "the hazards that it touches: not recorded" in (why_not(request, TO, by=MSO, at=LATER) or "")


def test_the_author_is_neither_of_the_two() -> None:
    assert "is the author" in (why_not(proposed(), TO, by=person(AUTHOR.name, *EVERYTHING), at=LATER) or "")


@pytest.mark.parametrize(
    "until", [LATER, LATER + timedelta(days=7, seconds=1), (LATER + timedelta(hours=1)).replace(tzinfo=None)]
)
def test_an_end_before_the_beginning_or_too_far_away_is_refused(until: datetime) -> None:
    request = sign(proposed(), TO, by=MSO, at=LATER, record=record(LATER))
    with pytest.raises(ChangeControlError, match="end of the emergency approval"):
        move(request, TO, by=CHAMPION, at=LATER, record=replace(record(LATER), emergency_until=until))


def test_an_end_may_be_nearer() -> None:
    request = sign(proposed(), TO, by=MSO, at=LATER, record=record(LATER))
    until = LATER + timedelta(hours=6)
    moved = move(request, TO, by=CHAMPION, at=LATER, record=replace(record(LATER), emergency_until=until))
    assert moved.emergency_until == until


def test_it_is_in_force_until_its_end_and_overdue_after_its_day() -> None:
    at = datetime(2027, 2, 5, 12, tzinfo=UTC)
    request = approved(at)
    for hours, today, in_force, overdue in (
        (71, date(2027, 2, 8), True, False),
        (72, date(2027, 2, 8), False, False),
        (168, date(2027, 2, 12), False, False),
        (192, date(2027, 2, 13), False, True),
    ):
        status = emergency_status(
            request, at=at + timedelta(hours=hours), today=today, holidays=(), authorised=date(2027, 2, 5)
        )
        assert status is not None
        assert (status.is_in_force, status.is_overdue) == (in_force, overdue)
        assert (status.until, status.ratify_by) == (at + timedelta(hours=72), date(2027, 2, 12))


def test_what_never_was_an_emergency_has_no_status() -> None:
    day = date(2027, 2, 5)
    assert emergency_status(draft(), at=LATER, today=day, holidays=(), authorised=day) is None


def test_what_is_revoked_is_rolled_back() -> None:
    """And no longer in force, whatever its end was."""
    at = LATER
    request = move(approved(), Stage.REVOKED, by=COMMITTEE, at=at, record=record(at))
    status = emergency_status(request, at=at, today=at.date(), holidays=(), authorised=at.date())
    assert status is not None
    assert (status.is_in_force, status.is_overdue) == (False, False)
    request = with_needs(request, Stage.ROLLED_BACK, by=CSO, at=at)
    assert move(request, Stage.ROLLED_BACK, by=CSO, at=at, record=record(at)).stage is Stage.ROLLED_BACK


def test_what_is_ratified_goes_the_whole_way() -> None:
    """From there nothing but triage or revoking: no step leads to a release past the check."""
    request = with_needs(approved(), Stage.RATIFIED, by=COMMITTEE, at=LATER)
    assert "is the approver" in (why_not(request, Stage.RATIFIED, by=person(MSO.name, *EVERYTHING), at=LATER) or "")
    ratified = move(request, Stage.RATIFIED, by=COMMITTEE, at=LATER, record=record(LATER), facts=GOOD_FACTS)
    assert "cannot become released" in (why_not(ratified, Stage.RELEASED, by=MSO, at=LATER) or "")
    triaged = with_needs(ratified, Stage.TRIAGED, by=MSO, at=LATER)
    assert move(triaged, Stage.TRIAGED, by=MSO, at=LATER, record=record(LATER)).stage is Stage.TRIAGED


@pytest.mark.parametrize(
    "facts, why",
    [
        (None, "what the gate asks is not known"),
        (replace(GOOD_FACTS, lint_errors=None), "errors: not known"),
        (replace(GOOD_FACTS, lint_errors=2), "2 errors"),
        (replace(GOOD_FACTS, readback_differences=1), "1 read-back difference"),
        (replace(GOOD_FACTS, readback_lacks="nobody confirmed it"), "nobody confirmed it"),
    ],
)
def test_what_an_emergency_left_out_is_asked_before_it_is_ratified(facts: Facts | None, why: str) -> None:
    """The library has no error, and the vendor's editor reads back as approved: after the event, but asked."""
    request = with_needs(approved(), Stage.RATIFIED, by=COMMITTEE, at=LATER)
    assert why in (why_not(request, Stage.RATIFIED, by=COMMITTEE, at=LATER, facts=facts) or "")


def test_what_the_whole_path_asks_later_is_no_reason_not_to_ratify() -> None:
    """Training or monitoring cannot be ready in five days; revoking asks no gate at all."""
    facts = replace(GOOD_FACTS, training_below=("doctor in icu",), monitoring_set=None, hazards=None)
    request = with_needs(approved(), Stage.RATIFIED, by=COMMITTEE, at=LATER)
    assert why_not(request, Stage.RATIFIED, by=COMMITTEE, at=LATER, facts=facts) is None
    assert why_not(request, Stage.REVOKED, by=COMMITTEE, at=LATER) is None


def test_a_triaged_request_may_become_an_emergency() -> None:
    at = LATER
    request = sign(walked(Stage.TRIAGED), TO, by=MSO, at=at, record=record(at))
    assert move(request, TO, by=CHAMPION, at=at, record=record(at)).stage is TO


def test_a_request_that_was_deferred_is_taken_up_again() -> None:
    request = take(walked(Stage.TRIAGED), Stage.DEFERRED, by=MSO)
    assert take(request, Stage.DRAFT, by=MSO).stage is Stage.DRAFT
