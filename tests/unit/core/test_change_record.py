"""What people record on a change request: theirs, in its time, with words, and never past a rule."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from openinfusion.core.change_class import ChangeClass
from openinfusion.core.change_needs import missing
from openinfusion.core.change_record import (
    amend,
    check_blind,
    fill,
    link,
    note,
    raise_class,
    record_test,
    review,
    settle,
)
from openinfusion.core.change_request import Artefact, ArtefactState, ChangeRequest, Trial, TrialKind
from openinfusion.core.errors import ChangeControlError
from openinfusion.core.governance import move, sign, why_not
from openinfusion.core.roles import Role
from openinfusion.core.stages import Need, Stage
from tests.change_requests import (
    AUTHOR,
    CHAMPION,
    CHECKER,
    COMMITTEE,
    CSO,
    ENGINEER,
    EVERYTHING,
    GOOD_FACTS,
    LATER,
    MSO,
    PEOPLE,
    READER,
    START,
    draft,
    person,
    ready_for,
    record,
    walked,
    with_needs,
)

TRAINER = PEOPLE[Role.TRAINER]
TRIAL = Trial(kind=TrialKind.DEVICE, title="S03", passed=True, evidence="film 3", by=TRAINER.name, at=LATER)
ALL_AUTHOR = person(AUTHOR.name, *EVERYTHING)


def refuses(words: str, act: Callable[[], object]) -> None:
    with pytest.raises(ChangeControlError, match=words):
        act()


def agreed(request: ChangeRequest, area: str, *, agrees: bool = True) -> ChangeRequest:
    return review(request, area, agrees=agrees, reason="As we practise.", by=CHAMPION, at=LATER)


@pytest.mark.parametrize("spoil", [{"id": " "}, {"organisation": ""}, {"title": ""}, {"proposer": ""}])
def test_a_request_of_nobody_or_nothing_is_refused(spoil: dict[str, str]) -> None:
    refuses(next(iter(spoil)), lambda: replace(draft(), **spoil))  # type: ignore[arg-type]


def test_a_request_opened_at_no_certain_time_is_refused() -> None:
    refuses("a time with its zone", lambda: replace(draft(), opened=START.replace(tzinfo=None)))


def test_a_request_without_changes_has_no_class_and_is_not_delegated() -> None:
    empty = replace(draft(), changes=())
    assert empty.change_class is None
    assert not empty.is_delegable
    assert "what changes: not recorded" in (why_not(empty, Stage.PROPOSED, by=AUTHOR, at=LATER) or "")
    refuses("graver", lambda: raise_class(replace(empty, stage=Stage.PROPOSED), ChangeClass.LOOSEN, by=MSO))


@pytest.mark.parametrize(
    "fields, words",
    [
        ({"rationale": " "}, "the reason for the change: not recorded"),
        ({"sources": ()}, "the sources: not recorded"),
        ({"areas": ()}, "the care areas that it affects: not recorded"),
        ({"values": {}}, "every value of the rows that change: none for fentanyl-icu and fentanyl-theatre"),
        ({"values": {"fentanyl-icu dose.hard_max": "1 mg"}}, "none for fentanyl-theatre"),
    ],
)
def test_nothing_is_proposed_half(fields: dict[str, object], words: str) -> None:
    request = amend(draft(), fields, by=AUTHOR)
    assert words in (why_not(request, Stage.PROPOSED, by=AUTHOR, at=LATER) or "")


def test_only_a_draft_is_written_in_and_only_by_its_authors() -> None:
    """What others have judged stays as they judged it."""
    refuses("sent back to the author", lambda: amend(walked(Stage.PROPOSED), {"title": "x"}, by=AUTHOR))
    refuses("only a library pharmacist", lambda: amend(draft(), {"title": "x"}, by=CHECKER))
    for field in ("stage", "acts", "authors", "proposer", "raised_to", "reviews", "blind_checks", "notes", "pending"):
        refuses(f"not {field}", lambda field=field: amend(draft(), {field: ()}, by=AUTHOR))  # type: ignore[misc]


def test_who_checked_in_an_earlier_round_does_not_write_in_the_next() -> None:
    """Else one person would be author and checker of one change, by way of a return to draft."""
    checker = person("checker", *EVERYTHING)
    request = walked(Stage.AREA_REVIEW)
    request = check_blind(request, request.values, by=checker, at=LATER)
    request = move(request, Stage.PHARMACY_CHECK, by=checker, at=LATER, record=record(LATER))
    request = move(request, Stage.DRAFT, by=CSO, at=LATER, record=record(LATER))
    refuses("checker is the checker of this change", lambda: amend(request, {"title": "x"}, by=checker))
    assert amend(request, {"title": "x"}, by=AUTHOR).title == "x"


def test_a_proposer_writes_in_their_own_draft_whatever_they_are() -> None:
    request = draft(proposer=CHAMPION.name)
    assert amend(request, {"title": "x"}, by=CHAMPION).authors == (CHAMPION.name,)


def test_a_class_is_raised_in_triage_only() -> None:
    refuses("one that is proposed", lambda: raise_class(draft(), ChangeClass.STRENGTH, by=MSO))
    refuses("only a medication safety", lambda: raise_class(walked(Stage.PROPOSED), ChangeClass.STRENGTH, by=READER))


def test_an_area_that_is_silent_has_not_agreed() -> None:
    """Silence is no consent, and each missing area is named."""
    request = agreed(walked(Stage.TRIAGED), "icu")
    assert missing(request, Need.REVIEWS) == "no champion of theatre has answered"
    assert missing(agreed(request, "theatre"), Need.REVIEWS) is None


def test_an_objection_stops_until_it_is_answered_or_decided() -> None:
    """By the champion's later agreement, or by the committee; a new objection stops again."""
    request = agreed(agreed(walked(Stage.TRIAGED), "theatre"), "icu", agrees=False)
    assert "icu objects (As we practise.)" in (why_not(request, Stage.AREA_REVIEW, by=CHAMPION, at=LATER) or "")
    assert missing(agreed(request, "icu"), Need.REVIEWS) is None
    upheld = settle(request, "icu", overrules=False, reason="They are right.", by=COMMITTEE, at=LATER)
    assert "icu objects" in (missing(upheld, Need.REVIEWS) or "")
    overruled = settle(request, "icu", overrules=True, reason="Evidence is newer.", by=COMMITTEE, at=LATER)
    assert missing(overruled, Need.REVIEWS) is None
    assert overruled.reviews == request.reviews
    later = LATER + timedelta(days=1)
    again = review(overruled, "icu", agrees=False, reason="Still.", by=CHAMPION, at=later)
    assert "icu objects (Still.)" in (missing(again, Need.REVIEWS) or "")


def test_only_the_committee_decides_on_an_objection_and_never_its_author() -> None:
    request = agreed(walked(Stage.TRIAGED), "icu", agrees=False)
    say = {"overrules": True, "reason": "x", "at": LATER}
    refuses("only a member of the medication committee", lambda: settle(request, "icu", by=MSO, **say))  # type: ignore[arg-type]
    refuses("is an author", lambda: settle(request, "icu", by=ALL_AUTHOR, **say))  # type: ignore[arg-type]
    refuses("an objection of theatre", lambda: settle(request, "theatre", by=COMMITTEE, **say))  # type: ignore[arg-type]


def test_a_review_is_a_champions_of_an_affected_area_with_a_reason() -> None:
    request = walked(Stage.TRIAGED)
    say = {"agrees": True, "at": LATER}
    refuses("not ward", lambda: review(request, "ward", reason="x", by=CHAMPION, **say))  # type: ignore[arg-type]
    refuses("for icu may review", lambda: review(request, "icu", reason="x", by=MSO, **say))  # type: ignore[arg-type]
    refuses("in words", lambda: review(request, "icu", reason=" ", by=CHAMPION, **say))  # type: ignore[arg-type]
    refuses("one that is triaged", lambda: agreed(draft(), "icu"))
    one_area = person("x", Role.CARE_AREA_CHAMPION, area="theatre")
    refuses("for icu may review", lambda: review(request, "icu", reason="x", by=one_area, **say))  # type: ignore[arg-type]


@pytest.mark.hazard("LC-04")
def test_a_blind_check_that_differs_stops_and_another_person_checks_again() -> None:
    """Whoever has seen the difference would only copy."""
    request = walked(Stage.AREA_REVIEW)
    wrong = {**request.values, "fentanyl-icu dose.hard_max": "40 micrograms/h"}
    failed = check_blind(request, wrong, by=CHECKER, at=LATER)
    why = why_not(failed, Stage.PHARMACY_CHECK, by=CHECKER, at=LATER)
    assert why is not None
    assert "fentanyl-icu dose.hard_max: different (author 400 micrograms/h, checker 40 micrograms/h)" in why
    refuses("has seen how the values differ", lambda: check_blind(failed, request.values, by=CHECKER, at=LATER))
    other = person("other", Role.SECOND_PHARMACIST)
    passed = check_blind(failed, request.values, by=other, at=LATER)
    assert why_not(passed, Stage.PHARMACY_CHECK, by=other, at=LATER) is None
    assert {CHECKER.name, "other"} == {check.by for check in passed.blind_checks}


@pytest.mark.hazard("LC-04")
def test_a_value_left_out_fails_the_check_and_an_author_may_not_make_it() -> None:
    request = walked(Stage.AREA_REVIEW)
    assert "not given by the checker" in (
        missing(check_blind(request, {}, by=CHECKER, at=LATER), Need.BLIND_CHECK) or ""
    )
    refuses("is an author", lambda: check_blind(request, request.values, by=ALL_AUTHOR, at=LATER))
    refuses("only a second pharmacist", lambda: check_blind(request, request.values, by=MSO, at=LATER))
    refuses("one that is reviewed", lambda: check_blind(draft(), {}, by=CHECKER, at=LATER))


def test_a_note_is_for_what_a_next_step_needs() -> None:
    """Not for what has a form of its own, not early, not empty, not of the past, and not anybody's."""
    request = walked(Stage.PROPOSED)
    assert note(request, Need.DUPLICATES, "None.", by=MSO, at=LATER).note(Need.DUPLICATES)
    refuses("a form of its own", lambda: note(request, Need.REVIEWS, "x", by=MSO, at=LATER))
    refuses("a stage from which", lambda: note(request, Need.MINUTES, "x", by=COMMITTEE, at=LATER))
    refuses("from a medication safety officer", lambda: note(request, Need.DUPLICATES, "x", by=READER, at=LATER))
    refuses("in words", lambda: note(request, Need.DUPLICATES, " ", by=MSO, at=LATER))
    for at in (START - timedelta(seconds=1), LATER.replace(tzinfo=None)):
        refuses("not before", lambda at=at: note(request, Need.DUPLICATES, "x", by=MSO, at=at))  # type: ignore[misc]


def test_who_may_not_take_a_step_records_nothing_for_it() -> None:
    """Else the author would write the safety assessment of their own change."""
    request = walked(Stage.PHARMACY_CHECK)
    refuses("excludes", lambda: note(request, Need.NEW_RISK, "None.", by=ALL_AUTHOR, at=LATER))
    assert note(request, Need.NEW_RISK, "None.", by=CSO, at=LATER).notes


def test_a_field_is_filled_by_its_step_alone() -> None:
    request = walked(Stage.PHARMACY_CHECK)
    assert fill(request, Need.HAZARDS, {"hazard_ids": ("LC-02",)}, by=CSO).hazard_ids == ("LC-02",)
    refuses("hazard_ids for", lambda: fill(request, Need.HAZARDS, {"stage": Stage.APPROVED}, by=CSO))
    refuses("no field for", lambda: fill(request, Need.MINUTES, {"stage": Stage.APPROVED}, by=CSO))
    refuses("and from nobody", lambda: fill(request, Need.HAZARDS, {"hazard_ids": ()}, by=MSO))


def test_tests_are_recorded_by_those_who_made_them() -> None:
    request = walked(Stage.SAFETY_ASSESSMENT)
    assert record_test(request, TRIAL, by=TRAINER).tests == (TRIAL,)
    refuses("of anybody's own|own, not of", lambda: record_test(request, TRIAL, by=CHAMPION))
    refuses("may record", lambda: record_test(request, TRIAL, by=ENGINEER))
    refuses("in words", lambda: record_test(request, replace(TRIAL, evidence=""), by=TRAINER))
    refuses("in words", lambda: record_test(request, replace(TRIAL, title=""), by=TRAINER))
    refuses("not before", lambda: record_test(request, replace(TRIAL, at=START - timedelta(days=1)), by=TRAINER))
    refuses("assessed for safety", lambda: record_test(draft(), TRIAL, by=TRAINER))


def test_a_failed_test_stops_until_it_is_passed() -> None:
    request = with_needs(walked(Stage.SAFETY_ASSESSMENT), Stage.SCENARIO_TESTED, by=TRAINER)
    failed = record_test(request, replace(TRIAL, passed=False), by=TRAINER)
    assert missing(failed, Need.TESTS) == "failed: S03"
    assert missing(record_test(failed, TRIAL, by=TRAINER), Need.TESTS) is None
    assert missing(walked(Stage.SAFETY_ASSESSMENT), Need.TESTS) == (
        "no review test is recorded; no boundary test is recorded; no device test is recorded"
    )


def test_a_linked_artefact_is_done_or_has_its_reason() -> None:
    request = draft()
    done = link(request, Artefact.LABELS, ArtefactState.DONE, by=MSO)
    assert missing(done, Need.ARTEFACTS) == "still open: guideline, EPMA, stock, SOP and training"
    refuses("in words", lambda: link(request, Artefact.LABELS, ArtefactState.NOT_APPLICABLE, by=MSO))
    assert "labels" not in (
        missing(
            link(request, Artefact.LABELS, ArtefactState.NOT_APPLICABLE, reason="Same strength.", by=MSO),
            Need.ARTEFACTS,
        )
        or ""
    )
    refuses("triage", lambda: link(request, Artefact.LABELS, ArtefactState.DONE, by=READER))
    refuses("not released", lambda: link(walked(Stage.RELEASED), Artefact.LABELS, ArtefactState.OPEN, by=MSO))


def test_an_artefact_opened_again_takes_signatures_away() -> None:
    request = sign(
        ready_for(Stage.RELEASED), Stage.RELEASED, by=ENGINEER, at=LATER, record=record(LATER), facts=GOOD_FACTS
    )
    assert link(request, Artefact.STOCK, ArtefactState.OPEN, by=MSO).pending == ()


def test_the_hash_of_the_release_is_a_hash() -> None:
    request = note(ready_for(Stage.RELEASED), Need.LIBRARY_HASH, "version 2", by=ENGINEER, at=LATER)
    assert "64 digits are not recorded" in (why_not(request, Stage.RELEASED, by=MSO, at=LATER) or "")


@pytest.mark.parametrize("need, days", [(Need.EFFECT_7_DAYS, 7), (Need.EFFECT_30_DAYS, 30)])
def test_an_effect_is_looked_at_after_its_days(need: Need, days: int) -> None:
    """A check on the day of the release is no check of its effect."""
    request = walked(Stage.IMPLEMENTED)
    proven = request.acts[-1].at
    assert missing(request, need)
    early = note(request, need, "Fine.", by=MSO, at=proven + timedelta(days=days, seconds=-1))
    assert f"{days} days or more" in (missing(early, need) or "")
    assert missing(note(request, need, "Fine.", by=MSO, at=proven + timedelta(days=days)), need) is None
