"""What a step still needs: for each need, why it is not met yet."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from openinfusion.core.change_class import has_values, row_of
from openinfusion.core.change_request import ArtefactState, ChangeRequest, Review, TrialKind
from openinfusion.core.stages import Need, Stage
from openinfusion.core.wording import listed

_SHA256 = re.compile(r"[0-9a-f]{64}")
_Ask = Callable[[ChangeRequest], str | None]


def missing(request: ChangeRequest, need: Need) -> str | None:
    """Return why a need is not met, or ``None`` if it is; what nobody recorded is not met."""
    return _ASKS.get(need, _noted(need))(request)


def _noted(need: Need) -> _Ask:
    return lambda request: None if request.note(need) is not None else f"{need.words}: not recorded"


def _filled(need: Need, *names: str) -> _Ask:
    def ask(request: ChangeRequest) -> str | None:
        return None if all(_is_said(getattr(request, name)) for name in names) else f"{need.words}: not recorded"

    return ask


def _is_said(value: object) -> bool:
    return bool(value.strip()) if isinstance(value, str) else bool(value)


def _values(request: ChangeRequest) -> str | None:
    there = {key.rpartition(" ")[0] for key in request.values}
    left = sorted({row for change in request.changes if has_values(change) and (row := row_of(change))} - there)
    return f"{Need.VALUES.words}: none for {listed(left)}" if left else None


def last_reviews(request: ChangeRequest) -> Mapping[str, Review]:
    """Return the last word of each area that has spoken."""
    return {review.area: review for review in request.reviews}


def _reviews(request: ChangeRequest) -> str | None:
    """Name the areas that are silent, which is no consent, and the objections that stand."""
    said = last_reviews(request)
    silent = [area for area in request.areas if area not in said]
    standing = [
        f"{area} objects ({review.reason}): for its champion to agree, or the medication committee to overrule"
        for area, review in said.items()
        if area in request.areas and not review.agrees and not _is_overruled(request, review)
    ]
    faults = [f"no champion of {area} has answered" for area in silent] + standing
    return "; ".join(faults) or None


def _is_overruled(request: ChangeRequest, review: Review) -> bool:
    """Whether the committee overruled this very objection; a later one stands again."""
    decided = [each for each in request.settlements if each.area == review.area and each.at >= review.at]
    return bool(decided) and decided[-1].overrules


def _blind_check(request: ChangeRequest) -> str | None:
    if not request.blind_checks:
        return f"{Need.BLIND_CHECK.words}: not made"
    check = request.blind_checks[-1]
    if check.passed:
        return None
    return "the blind check differs: " + "; ".join(str(each) for each in check.mismatches if each.blocks)


def _tests(request: ChangeRequest) -> str | None:
    last = {(test.kind, test.title): test for test in request.tests}
    failed = [test.title for test in last.values() if not test.passed]
    absent = [kind.value for kind in TrialKind if not any(kind is test.kind for test in last.values())]
    faults = [f"no {kind} test is recorded" for kind in absent] + [f"failed: {title}" for title in failed]
    return "; ".join(faults) or None


def _artefacts(request: ChangeRequest) -> str | None:
    still = [each.artefact.words for each in request.artefacts if each.state is ArtefactState.OPEN]
    return f"still open: {listed(still)}" if still else None


def _library_hash(request: ChangeRequest) -> str | None:
    note = request.note(Need.LIBRARY_HASH)
    return None if note and _SHA256.fullmatch(note.text) else f"{Need.LIBRARY_HASH.words}: 64 digits are not recorded"


def _effect_after(need: Need, days: int) -> _Ask:
    def ask(request: ChangeRequest) -> str | None:
        note, act = request.note(need), request.last_act(Stage.IMPLEMENTED)
        start: datetime | None = act.at if act else None
        if note is not None and start is not None and note.at >= start + timedelta(days=days):
            return None
        return f"{need.words}: not recorded {days} days or more after the pumps proved it"

    return ask


_ASKS: Mapping[Need, _Ask] = {
    Need.RATIONALE: _filled(Need.RATIONALE, "rationale"),
    Need.SOURCES: _filled(Need.SOURCES, "sources"),
    Need.AREAS: _filled(Need.AREAS, "areas"),
    Need.CHANGES: _filled(Need.CHANGES, "changes"),
    Need.VALUES: _values,
    Need.REVIEWS: _reviews,
    Need.BLIND_CHECK: _blind_check,
    Need.RISK: _filled(Need.RISK, "risk_before", "risk_after"),
    Need.HAZARDS: _filled(Need.HAZARDS, "hazard_ids"),
    Need.TESTS: _tests,
    Need.LIBRARY_HASH: _library_hash,
    Need.RELEASE_ID: _filled(Need.RELEASE_ID, "release_id"),
    Need.PLANNED_DATE: _filled(Need.PLANNED_DATE, "planned_date"),
    Need.ROLLBACK_PLAN: _filled(Need.ROLLBACK_PLAN, "rollback_plan"),
    Need.ARTEFACTS: _artefacts,
    Need.EFFECT_7_DAYS: _effect_after(Need.EFFECT_7_DAYS, 7),
    Need.EFFECT_30_DAYS: _effect_after(Need.EFFECT_30_DAYS, 30),
    Need.OUTCOME_REVIEW: _filled(Need.OUTCOME_REVIEW, "outcome_review"),
}
