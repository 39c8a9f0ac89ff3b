"""
The steps of a change request, once, as data: pages, buttons, the diagram, the manual and the tests all read ``STEPS``.

A stage names what has been done, so a step into it is made by whoever did that: the second pharmacist takes a request
to ``pharmacy_check``. Sources: HSIB 2020, 5.53 and 5.54; DCB0160 7.1; the practice that is cited in
``docs/adr/0037-one-dict-of-steps.md``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from openinfusion.core.roles import Permission


class Stage(Enum):
    """Where a change request stands; the value is what is stored."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    TRIAGED = "triaged"
    AREA_REVIEW = "area_review"
    PHARMACY_CHECK = "pharmacy_check"
    SAFETY_ASSESSMENT = "safety_assessment"
    SCENARIO_TESTED = "scenario_tested"
    APPROVED = "approved"
    RELEASED = "released"
    DISTRIBUTING = "distributing"
    IMPLEMENTED = "implemented"
    CLOSED = "closed"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    DEFERRED = "deferred"
    ROLLED_BACK = "rolled_back"
    EMERGENCY_APPROVED = "emergency_approved"
    RATIFIED = "ratified"
    REVOKED = "revoked"

    @property
    def words(self) -> str:
        """What a screen calls the stage: "reviewed by the care areas"."""
        return _STAGE_WORDS.get(self) or self.value.replace("_", " ")


_STAGE_WORDS = {
    Stage.AREA_REVIEW: "reviewed by the care areas",
    Stage.PHARMACY_CHECK: "checked by a second pharmacist",
    Stage.SAFETY_ASSESSMENT: "assessed for safety",
    Stage.SCENARIO_TESTED: "tested",
    Stage.DISTRIBUTING: "on its way to the pumps",
    Stage.EMERGENCY_APPROVED: "approved in an emergency",
}


class Need(Enum):
    """What must be recorded before a step; the value is what is stored."""

    RATIONALE = "rationale"
    SOURCES = "sources"
    AREAS = "areas"
    CHANGES = "changes"
    VALUES = "values"
    DUPLICATES = "duplicates"
    REVIEWS = "reviews"
    BLIND_CHECK = "blind_check"
    SUBSTANTIAL = "substantial"
    NEW_RISK = "new_risk"
    EXISTING_CONTROLS = "existing_controls"
    REGULATORY = "regulatory"
    RISK = "risk"
    HAZARDS = "hazards"
    LOG_ISSUE = "log_issue"
    TESTS = "tests"
    MINUTES = "minutes"
    CONDITIONS = "conditions"
    DISSENT = "dissent"
    LIBRARY_HASH = "library_hash"
    ENVIRONMENT = "environment"
    RELEASE_ID = "release_id"
    PLANNED_DATE = "planned_date"
    AGREED_TIME = "agreed_time"
    CHANGE_NOTICE = "change_notice"
    ROLLBACK_PLAN = "rollback_plan"
    ARTEFACTS = "artefacts"
    MISSED_PUMPS = "missed_pumps"
    EFFECT_7_DAYS = "effect_7_days"
    EFFECT_30_DAYS = "effect_30_days"
    OUTCOME_REVIEW = "outcome_review"
    SUPERSEDING_RELEASE = "superseding_release"

    @property
    def words(self) -> str:
        """What a form asks for."""
        return _NEED_WORDS[self]


_NEED_WORDS: Mapping[Need, str] = {
    Need.RATIONALE: "the reason for the change",
    Need.SOURCES: "the sources",
    Need.AREAS: "the care areas that it affects",
    Need.CHANGES: "what changes",
    Need.VALUES: "every value of the rows that change",
    Need.DUPLICATES: "whether another request asks for the same",
    Need.REVIEWS: "an agreement of a champion of each area",
    Need.BLIND_CHECK: "a blind check without a difference",
    Need.SUBSTANTIAL: "whether the change is substantial",
    Need.NEW_RISK: "whether it brings a new risk",
    Need.EXISTING_CONTROLS: "what it does to existing controls",
    Need.REGULATORY: "what it means for regulation",
    Need.RISK: "the risk before and after",
    Need.HAZARDS: "the hazards that it touches",
    Need.LOG_ISSUE: "the issue of the hazard log",
    Need.TESTS: "passed tests of every kind",
    Need.MINUTES: "the minutes",
    Need.CONDITIONS: "the conditions, or that there are none",
    Need.DISSENT: "the dissent in its own words, or that there is none",
    Need.LIBRARY_HASH: "the SHA-256 of the library to release",
    Need.ENVIRONMENT: "the environment",
    Need.RELEASE_ID: "the signed release",
    Need.PLANNED_DATE: "the planned date",
    Need.AGREED_TIME: "that pharmacy, nursing and engineering agreed on the time",
    Need.CHANGE_NOTICE: "the change notice",
    Need.ROLLBACK_PLAN: "the plan to roll back",
    Need.ARTEFACTS: "every linked artefact done, or why it does not apply",
    Need.MISSED_PUMPS: "the pumps that were missed, or that there are none",
    Need.EFFECT_7_DAYS: "the effect in the logs after 7 days",
    Need.EFFECT_30_DAYS: "the effect in the logs after 30 days",
    Need.OUTCOME_REVIEW: "the review of the outcome",
    Need.SUPERSEDING_RELEASE: "the release that brings the old content back",
}


class Part(Enum):
    """A part that somebody played on the same change, which may exclude them from a later step."""

    AUTHOR = "author"
    CHECKER = "checker"
    APPROVER = "approver"


# Who took a request there played that part, for as long as the request lives; authors are kept by the request itself.
PART_OF_STAGE: Mapping[Stage, Part] = {
    Stage.PHARMACY_CHECK: Part.CHECKER,
    Stage.APPROVED: Part.APPROVER,
    Stage.EMERGENCY_APPROVED: Part.APPROVER,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """
    One way from a stage to another.

    Attributes:
        does: what the button says.
        permissions: the right that each signature needs; two rights are two different people.
        needs: what must be recorded first.
        signed: whether each person authenticates again.
        excludes: the earlier parts on the same change that exclude a person.
        each_area: whether people must be found for every affected area, not for one.
        delegated: the right that is enough where the class of the change lets a panel decide.
        gated: whether the release gate must be open.
        proven: whether only the proof of the pumps opens it.
        catches_up: whether the gates are asked that an emergency left out: review without errors, and read-back.
        restarts: whether what was reviewed, checked and tested counts no longer.
        by_proposer: whether it is the proposer's alone.

    """

    does: str
    permissions: tuple[Permission, ...]
    needs: tuple[Need, ...] = ()
    signed: bool = False
    excludes: frozenset[Part] = frozenset()
    each_area: bool = False
    delegated: Permission | None = None
    gated: bool = False
    proven: bool = False
    catches_up: bool = False
    restarts: bool = False
    by_proposer: bool = False


_S, _P, _N = Stage, Permission, Need
# Whose turn it is in each stage before the release; the same person may send the request back.
NEXT_IN_TURN: Mapping[Stage, Permission] = {
    _S.PROPOSED: _P.TRIAGE,
    _S.TRIAGED: _P.REVIEW_AREA,
    _S.AREA_REVIEW: _P.CHECK,
    _S.PHARMACY_CHECK: _P.ASSESS_SAFETY,
    _S.SAFETY_ASSESSMENT: _P.TEST,
    _S.SCENARIO_TESTED: _P.APPROVE,
    _S.APPROVED: _P.RELEASE,
}
_BEFORE_APPROVAL = (*NEXT_IN_TURN,)[:-1]
_AUTHOR = frozenset({Part.AUTHOR})
_PROPOSED_WITH = (_N.RATIONALE, _N.SOURCES, _N.AREAS, _N.CHANGES, _N.VALUES)
_EMERGENCY = Step(
    does="approve in an emergency",
    permissions=(_P.EMERGENCY_AUTHORISE, _P.EMERGENCY_AGREE),
    needs=(*_PROPOSED_WITH, _N.HAZARDS, _N.ROLLBACK_PLAN),
    signed=True,
    excludes=_AUTHOR,
    each_area=True,
)
_ROLL_BACK = Step(does="roll back", permissions=(_P.ROLL_BACK,), needs=(_N.SUPERSEDING_RELEASE,), signed=True)
_REVOKE = Step(does="revoke", permissions=(_P.REVOKE,), signed=True)

STEPS: Mapping[tuple[Stage, Stage], Step] = {
    (_S.DRAFT, _S.PROPOSED): Step(does="propose", permissions=(_P.PROPOSE,), needs=_PROPOSED_WITH),
    (_S.PROPOSED, _S.TRIAGED): Step(does="triage", permissions=(_P.TRIAGE,), needs=(_N.DUPLICATES,)),
    (_S.TRIAGED, _S.AREA_REVIEW): Step(
        does="close the review by the care areas", permissions=(_P.REVIEW_AREA,), needs=(_N.REVIEWS,)
    ),
    (_S.AREA_REVIEW, _S.PHARMACY_CHECK): Step(
        does="confirm the blind check", permissions=(_P.CHECK,), needs=(_N.BLIND_CHECK,), signed=True, excludes=_AUTHOR
    ),
    (_S.PHARMACY_CHECK, _S.SAFETY_ASSESSMENT): Step(
        does="confirm the safety assessment",
        permissions=(_P.ASSESS_SAFETY,),
        needs=(_N.SUBSTANTIAL, _N.NEW_RISK, _N.EXISTING_CONTROLS, _N.REGULATORY, _N.RISK, _N.HAZARDS, _N.LOG_ISSUE),
        signed=True,
        excludes=_AUTHOR,
    ),
    (_S.SAFETY_ASSESSMENT, _S.SCENARIO_TESTED): Step(
        does="confirm the tests", permissions=(_P.TEST,), needs=(_N.TESTS,)
    ),
    (_S.SCENARIO_TESTED, _S.APPROVED): Step(
        does="approve",
        permissions=(_P.APPROVE,),
        needs=(_N.MINUTES, _N.CONDITIONS, _N.DISSENT),
        signed=True,
        excludes=frozenset({Part.AUTHOR, Part.CHECKER}),
        delegated=_P.APPROVE_DELEGATED,
    ),
    (_S.APPROVED, _S.RELEASED): Step(
        does="release",
        permissions=(_P.RELEASE, _P.RELEASE),
        needs=(
            *(_N.LIBRARY_HASH, _N.ENVIRONMENT, _N.RELEASE_ID, _N.PLANNED_DATE, _N.AGREED_TIME, _N.CHANGE_NOTICE),
            *(_N.ROLLBACK_PLAN, _N.ARTEFACTS),
        ),
        signed=True,
        excludes=frozenset(Part),
        gated=True,
    ),
    (_S.RELEASED, _S.DISTRIBUTING): Step(does="distribute", permissions=(_P.IMPLEMENT,)),
    (_S.DISTRIBUTING, _S.IMPLEMENTED): Step(
        does="record what the pumps have proven", permissions=(_P.IMPLEMENT,), needs=(_N.MISSED_PUMPS,), proven=True
    ),
    (_S.IMPLEMENTED, _S.CLOSED): Step(
        does="close", permissions=(_P.CLOSE,), needs=(_N.EFFECT_7_DAYS, _N.EFFECT_30_DAYS, _N.OUTCOME_REVIEW)
    ),
    **{
        (stage, _S.DRAFT): Step(does="send back to the author", permissions=(turn,), restarts=True)
        for stage, turn in NEXT_IN_TURN.items()
    },
    **{
        (stage, _S.WITHDRAWN): Step(does="withdraw", permissions=(_P.WITHDRAW,), by_proposer=True)
        for stage in (_S.DRAFT, *_BEFORE_APPROVAL, _S.DEFERRED)
    },
    **{(stage, _S.REJECTED): Step(does="reject", permissions=(_P.REJECT,), signed=True) for stage in _BEFORE_APPROVAL},
    **{(stage, _S.DEFERRED): Step(does="defer", permissions=(_P.REJECT,)) for stage in _BEFORE_APPROVAL},
    (_S.DEFERRED, _S.DRAFT): Step(does="take up again", permissions=(_P.TRIAGE,), restarts=True),
    (_S.PROPOSED, _S.EMERGENCY_APPROVED): _EMERGENCY,
    (_S.TRIAGED, _S.EMERGENCY_APPROVED): _EMERGENCY,
    # What was ratified goes the whole path: only that makes it permanent, and nothing of it is skipped.
    (_S.EMERGENCY_APPROVED, _S.RATIFIED): Step(
        does="ratify",
        permissions=(_P.RATIFY,),
        needs=(_N.MINUTES, _N.DISSENT),
        signed=True,
        excludes=frozenset({Part.AUTHOR, Part.APPROVER}),
        catches_up=True,
    ),
    (_S.RATIFIED, _S.TRIAGED): Step(does="start the full path", permissions=(_P.TRIAGE,), needs=(_N.DUPLICATES,)),
    (_S.EMERGENCY_APPROVED, _S.REVOKED): _REVOKE,
    (_S.RATIFIED, _S.REVOKED): _REVOKE,
    (_S.REVOKED, _S.ROLLED_BACK): _ROLL_BACK,
    **{(stage, _S.ROLLED_BACK): _ROLL_BACK for stage in (_S.RELEASED, _S.DISTRIBUTING, _S.IMPLEMENTED)},
}


def steps_out_of(stage: Stage) -> Mapping[Stage, Step]:
    """Return the steps that lead out of a stage, by the stage they lead to, in the order of the table."""
    return {to: step for (start, to), step in STEPS.items() if start is stage}
