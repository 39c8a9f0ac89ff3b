"""
The state of a pump, derived from what was proven of it: with its cause, since when, and until when it lasts by itself.

The rules stand in ``_RULES`` in the order in which they are asked; the first that has an answer gives it. What a pump,
its vendor or a device update client says of it without proof is a claim: a claim is shown where there is no proof,
and never changes what was proven.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from openinfusion.fleet.proof.findings import MEANINGS, Found
from openinfusion.fleet.proof.witness import Proof, Witness
from openinfusion.fleet.report import Level

PATIENCE = timedelta(hours=72)
"""How long a proof holds; after it the pump is stale."""
Source = Literal["HL7", "vendor export", "device update client", "event log"]


class State(StrEnum):
    """How a pump stands; the value is stored and sent, so changing one is a migration."""

    CURRENT = "current"
    ASSIGNED = "assigned"
    STAGED = "staged"
    FAILED = "failed"
    REVERTED = "reverted"
    MISSED = "missed"
    STALE = "stale"
    SUSPECT = "suspect"
    RECALLED = "recalled"
    CLAIMED = "claimed"
    UNKNOWN = "unknown"


class Cause(StrEnum):
    """Why a pump is in its state."""

    RUNS_IT = "runs-it"
    RUNS_NEWER = "runs-newer"
    NOT_SEEN_SINCE = "not-seen-since"
    NOT_TAKEN_YET = "not-taken-yet"
    WAITS_TO_BE_IDLE = "waits-to-be-idle"
    REFUSED_IT = "refused-it"
    RUNS_RECALLED = "runs-recalled"
    WENT_BACK = "went-back"
    LOST_STATE = "lost-state"
    SILENT = "silent"
    NEVER_PROVEN = "never-proven"
    NOTHING_ASSIGNED = "nothing-assigned"
    WHICH_PUMP = "which-pump"
    DENIED = "denied"
    WHAT_IT_RUNS = "what-it-runs"
    OTHER_CONTENT = "other-content"
    CLAIMS_IT = "claims-it"
    CLAIMS_OTHER = "claims-other"
    CLAIMS_ONLY = "claims-only"


STATES: dict[State, str] = {
    State.CURRENT: "It is proven to run what it was given, or newer, and the proof is not too old.",
    State.ASSIGNED: "It was given a release that it does not run yet; there is time.",
    State.STAGED: "It holds the release that it was given, and takes it once nothing runs on it.",
    State.FAILED: "It refused the release that it was given, with a code.",
    State.REVERTED: "It is proven to run less than it was proven to run before.",
    State.MISSED: "The deadline of its ring has passed, and it was never proven to run what it was given.",
    State.STALE: "Nothing was proven of it for longer than a proof holds.",
    State.SUSPECT: "It was denied, or its reports contradict each other (cloned, restored) or what was released.",
    State.RECALLED: "It was last proven to run a release that was recalled since, under whatever number.",
    State.CLAIMED: "Nothing was ever proven of it; all that there is was claimed.",
    State.UNKNOWN: "Nothing was ever proven of it and nothing claimed, or its ring gets no release.",
}
CAUSES: dict[Cause, str] = {
    Cause.RUNS_IT: "runs the release that it was given",
    Cause.RUNS_NEWER: "runs a newer release than it was given",
    Cause.NOT_SEEN_SINCE: "has not reported since it was given the release",
    Cause.NOT_TAKEN_YET: "has reported since, and runs another release still",
    Cause.WAITS_TO_BE_IDLE: "holds the release and waits until nothing runs on it",
    Cause.REFUSED_IT: "refused the release",
    Cause.RUNS_RECALLED: "runs a release that was recalled",
    Cause.WENT_BACK: "went back to an older release",
    Cause.LOST_STATE: "lost what its agent knew, and with it the release",
    Cause.SILENT: "has proven nothing for too long",
    Cause.NEVER_PROVEN: "has never proven what it runs",
    Cause.NOTHING_ASSIGNED: "is in a ring that gets no release",
    Cause.WHICH_PUMP: "may not be the pump that it says it is",
    Cause.DENIED: "was denied, and nothing that it proved counts",
    Cause.WHAT_IT_RUNS: "does not run what it says it runs",
    Cause.OTHER_CONTENT: "runs other content under the number of the release",
    Cause.CLAIMS_IT: "claims to run the release; nothing proves it",
    Cause.CLAIMS_OTHER: "claims to run another version; nothing proves it",
    Cause.CLAIMS_ONLY: "is in a ring that gets no release, and claims a version; nothing proves it",
}
"""Each is said after the name of a pump."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """
    What is said of a pump without proof.

    Attributes:
        version: the version of the library that it is said to run.
        library: the name of the library, where it is said.
        source: who says so.
        at: of when it is.

    """

    version: str
    library: str | None = None
    source: Source
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """
    What the pumps of a ring shall run.

    Attributes:
        number, sha256: the release and the hash of its canonical bytes.
        library, version: as the library calls itself; claims are held against them.
        since: when it was assigned.
        deadline: until when every pump of the ring shall be proven to run it.

    """

    number: int
    sha256: str
    library: str
    version: str
    since: datetime
    deadline: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """
    How a pump stands.

    Attributes:
        state: its state.
        cause: why.
        about: what the words of the cause cannot say: a release, a code, what was found.
        since: when the state began; its age counts from here.
        deadline: when it ends by itself, if nothing is heard; ``None`` where only a report or a person ends it.
        level: how surely it is known; ``None`` where nothing is, or where that is what is in doubt.
        number: the release that it was last proven to run.

    """

    state: State
    cause: Cause
    about: str = ""
    since: datetime
    deadline: datetime | None = None
    level: Level | None = None
    number: int | None = None

    def __str__(self) -> str:
        words = CAUSES[self.cause]
        return f"{words} ({self.about})" if self.about else words


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """What a rule looks at."""

    witness: Witness
    claim: Claim | None
    aim: Aim | None
    at: datetime
    patience: timedelta
    ring: str
    recalled: Mapping[int, datetime]

    @property
    def ends(self) -> datetime | None:
        return None if self.aim is None else self.aim.deadline

    @property
    def has_missed(self) -> bool:
        return self.aim is not None and self.at >= self.aim.deadline

    def stands(
        self, state: State, cause: Cause, *, since: datetime, about: str = "", deadline: datetime | None = None
    ) -> Standing:
        """Return a standing with what is known of the pump in any state."""
        proof = self.witness.proof
        level: Level | None = proof.level if proof else ("claimed" if self.claim else None)
        if state is State.SUSPECT:
            level = None
        return Standing(
            state=state,
            cause=cause,
            about=about,
            since=since,
            deadline=deadline,
            level=level,
            number=proof.number if proof else None,
        )


NOTHING_RECALLED: Mapping[int, datetime] = MappingProxyType({})


def derive(
    witness: Witness,
    aim: Aim | None,
    *,
    at: datetime,
    claim: Claim | None = None,
    patience: timedelta = PATIENCE,
    ring: str = "",
    recalled: Mapping[int, datetime] = NOTHING_RECALLED,
) -> Standing:
    """
    Return how a pump stands at a time.

    Args:
        witness: what is remembered of it.
        aim: what its ring shall run; ``None`` where nothing is assigned.
        at: the time of the server.
        claim: what is said of it without proof.
        patience: how long a proof holds.
        ring: the name of its ring, for the words.
        recalled: the numbers that carry recalled content, with since when.

    """
    case = _Case(witness=witness, claim=claim, aim=aim, at=at, patience=patience, ring=ring, recalled=recalled)
    proof = witness.proof
    if proof is None:
        return _suspected(case) or _unproven(case)
    for rule in _RULES:
        found = rule(case, proof, aim)
        if found is not None:
            return found
    about = f"{_ring(case)}; {_last(proof)}"
    return case.stands(
        State.UNKNOWN, Cause.NOTHING_ASSIGNED, since=proof.as_of, about=about, deadline=proof.as_of + patience
    )


def _ring(case: _Case) -> str:
    return f"ring {case.ring}" if case.ring else "no ring at all"


def _suspected(case: _Case) -> Standing | None:
    doubt = case.witness.doubt
    if doubt is None:
        return None
    if doubt.what is Found.DENIED:
        return case.stands(State.SUSPECT, Cause.DENIED, since=doubt.since, about=doubt.about)
    about = "; ".join(filter(None, (_within(doubt.what), doubt.about)))
    return case.stands(State.SUSPECT, Cause.WHICH_PUMP, since=doubt.since, about=about)


def _within(what: Found) -> str:
    """Return what a finding means, as a part of a longer sentence."""
    words = MEANINGS[what].words.rstrip(".")
    return words[:1].lower() + words[1:]


def _unproven(case: _Case) -> Standing:
    claim, aim = case.claim, case.aim
    claims_it = claim is not None and aim is not None and _claims(claim, aim)
    if aim is not None and case.has_missed and not claims_it:
        return case.stands(State.MISSED, Cause.NEVER_PROVEN, since=aim.deadline, about=_said(claim))
    if claim is None:
        about = "" if aim is not None else f"{_ring(case)} gets no release"
        return case.stands(
            State.UNKNOWN, Cause.NEVER_PROVEN, since=case.witness.enrolled, about=about, deadline=case.ends
        )
    if claims_it:
        return case.stands(State.CLAIMED, Cause.CLAIMS_IT, since=claim.at, about=_said(claim))
    cause = Cause.CLAIMS_ONLY if aim is None else Cause.CLAIMS_OTHER
    return case.stands(State.CLAIMED, cause, since=claim.at, about=_said(claim), deadline=case.ends)


def _claims(claim: Claim, aim: Aim) -> bool:
    return claim.version == aim.version and claim.library in {None, aim.library}


def _said(claim: Claim | None) -> str:
    return "" if claim is None else f"version {claim.version} by {claim.source}"


# --- Rules for a pump of which something was proven -------------------------------------------------------------------


def _suspect(case: _Case, proof: Proof, aim: Aim | None) -> Standing | None:
    if (found := _suspected(case)) is not None:
        return found
    if proof.fault is not None:
        since, about = proof.fault_since or proof.as_of, _within(proof.fault)
        return case.stands(State.SUSPECT, Cause.WHAT_IT_RUNS, since=since, about=about)
    if aim is not None and proof.number == aim.number and proof.sha256 != aim.sha256:
        return case.stands(State.SUSPECT, Cause.OTHER_CONTENT, since=proof.since, about=f"release {aim.number}")
    return None


def _recalled(case: _Case, proof: Proof, _: Aim | None) -> Standing | None:
    since = case.recalled.get(proof.number)
    if since is None:
        return None
    return case.stands(State.RECALLED, Cause.RUNS_RECALLED, since=max(since, proof.since), about=_last(proof))


def _reverted(case: _Case, proof: Proof, _: Aim | None) -> Standing | None:
    if proof.number >= case.witness.high_water:
        return None
    about = f"release {proof.number} after {case.witness.high_water}"
    cause = Cause.LOST_STATE if proof.after_loss else Cause.WENT_BACK
    return case.stands(State.REVERTED, cause, since=proof.since, about=about)


def _reached(case: _Case, proof: Proof, aim: Aim | None) -> Standing | None:
    if aim is None or proof.number < aim.number:
        return None
    stale = proof.as_of + case.patience
    if case.at >= stale:
        return case.stands(State.STALE, Cause.SILENT, since=stale, about=_last(proof))
    cause = Cause.RUNS_IT if proof.number == aim.number else Cause.RUNS_NEWER
    return case.stands(State.CURRENT, cause, since=proof.since, about=f"release {proof.number}", deadline=stale)


def _failed(case: _Case, proof: Proof, aim: Aim | None) -> Standing | None:
    refused = case.witness.refused
    if aim is None or refused is None or proof.staged == aim.number:
        return None
    # A refusal of metadata names no release; it counts if it came after the assignment.
    is_of_aim = refused.number == aim.number if refused.number is not None else refused.told >= aim.since
    if not is_of_aim:
        return None
    return case.stands(State.FAILED, Cause.REFUSED_IT, since=refused.told, about=refused.code)


def _missed(case: _Case, proof: Proof, aim: Aim | None) -> Standing | None:
    if aim is None or not case.has_missed:
        return None
    cause, about = _why_not_yet(proof, aim)
    return case.stands(State.MISSED, cause, since=aim.deadline, about=about)


def _stale(case: _Case, proof: Proof, _: Aim | None) -> Standing | None:
    stale = proof.as_of + case.patience
    if case.at < stale:
        return None
    return case.stands(State.STALE, Cause.SILENT, since=stale, about=_last(proof), deadline=case.ends)


def _waits(case: _Case, proof: Proof, aim: Aim | None) -> Standing | None:
    if aim is None:
        return None
    ends = min(aim.deadline, proof.as_of + case.patience)
    cause, about = _why_not_yet(proof, aim)
    if cause is Cause.WAITS_TO_BE_IDLE:
        since = proof.staged_since or proof.as_of
        return case.stands(State.STAGED, cause, since=since, about=about, deadline=ends)
    since = max(aim.since, case.witness.enrolled)
    return case.stands(State.ASSIGNED, cause, since=since, about=about, deadline=ends)


def _why_not_yet(proof: Proof, aim: Aim) -> tuple[Cause, str]:
    if proof.staged == aim.number:
        return Cause.WAITS_TO_BE_IDLE, f"release {aim.number}"
    if proof.as_of < aim.since:
        return Cause.NOT_SEEN_SINCE, _last(proof)
    return Cause.NOT_TAKEN_YET, _last(proof)


def _last(proof: Proof) -> str:
    return f"release {proof.number} when last proven"


_RULES: tuple[Callable[[_Case, Proof, Aim | None], Standing | None], ...] = (
    _suspect,
    _recalled,
    _reverted,
    _reached,
    _failed,
    _missed,
    _stale,
    _waits,
)
