"""
May this person take this change request to that stage, and the request that they make of it.

Nothing here knows a stage by name: the steps (``core.stages``) say what is needed, and the rights (``core.roles``) who
may. Every refusal says why, and whose it is. Separation of duties holds by person, whatever roles a person holds.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from openinfusion.core.change_needs import missing
from openinfusion.core.change_request import Act, ChangeRequest
from openinfusion.core.emergency import emergency_end
from openinfusion.core.errors import ChangeControlError
from openinfusion.core.gates import EMERGENCY_GATES, PROOF_GATES, RELEASE_GATES, Facts, Gate, blockers
from openinfusion.core.roles import Actor
from openinfusion.core.signing import fills, seats, seats_left, signature_of, signed, whose_step
from openinfusion.core.stages import STEPS, Need, Stage, Step, steps_out_of
from openinfusion.core.wording import listed

REAUTHENTICATE_WITHIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """
    What somebody leaves behind with a step.

    Attributes:
        reason: why, in their own words.
        authenticated_at: when they last proved who they are; a signature needs it to be fresh.
        emergency_until: when an emergency approval ends; 72 hours later unless said.

    """

    reason: str
    authenticated_at: datetime | None = None
    emergency_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """
    One next stage as a page shows it to one person.

    Attributes:
        to: the stage.
        step: the step there.
        why_not: why this person may not take it now; ``None`` if they may.
        why_not_sign: why this person may not sign it now, where more than one must sign; ``None`` if they may.
        whose: whose it is.

    """

    to: Stage
    step: Step
    why_not: str | None
    why_not_sign: str | None
    whose: str


def steps_from(request: ChangeRequest, by: Actor, at: datetime, *, facts: Facts | None = None) -> tuple[Choice, ...]:
    """Return each possible next stage, with whether it is this person's and, if not, why and whose it is."""
    return tuple(
        Choice(
            to=to,
            step=step,
            why_not=why_not(request, to, by=by, at=at, facts=facts),
            why_not_sign=why_not_sign(request, to, by=by, at=at, facts=facts),
            whose=whose_step(request, step),
        )
        for to, step in steps_out_of(request.stage).items()
    )


def why_not(request: ChangeRequest, to: Stage, *, by: Actor, at: datetime, facts: Facts | None = None) -> str | None:
    """
    Return why this person may not take a request to a stage now, or ``None`` if they may.

    Where several people must sign, this asks whether this person's signature is the last that is missing.
    """
    why = why_not_sign(request, to, by=by, at=at, facts=facts)
    if why is not None:
        return why
    filled = fills(request, to, by)
    left = [seat for number, seat in seats_left(request, to).items() if number not in filled]
    return f"another person must sign first: {listed([seat.whose for seat in left])}" if left else None


def why_not_sign(
    request: ChangeRequest, to: Stage, *, by: Actor, at: datetime, facts: Facts | None = None
) -> str | None:
    """Return why this person may not put one of the signatures under a step now, or ``None`` if they may."""
    step = STEPS.get((request.stage, to))
    if step is None:
        return _no_such_step(request, to)
    reasons = (
        _why_not_now(request, at),
        _why_not_this_person(request, to, by),
        _why_not_ready(request, step, facts),
    )
    why = next((reason for reason in reasons if reason is not None), None)
    return None if why is None else _with_owner(why, whose_step(request, step))


def sign(
    request: ChangeRequest, to: Stage, *, by: Actor, at: datetime, record: Record, facts: Facts | None = None
) -> ChangeRequest:
    """
    Return the request with this person's signature under a step that others must sign too.

    Raises:
        ChangeControlError: the step or the signature is not this person's, or something is missing.

    """
    _refuse(request, to, why_not_sign(request, to, by=by, at=at, facts=facts))
    step = STEPS[request.stage, to]
    _refuse(request, to, _why_not_signed(step, record, at))
    return replace(request, pending=(*request.pending, signature_of(request, to, by=by, at=at)))


def move(
    request: ChangeRequest, to: Stage, *, by: Actor, at: datetime, record: Record, facts: Facts | None = None
) -> ChangeRequest:
    """
    Return the request in its next stage; what ``why_not`` refuses is an error here.

    Raises:
        ChangeControlError: the step is not this person's, something is missing, or the record is not whole.

    """
    _refuse(request, to, why_not(request, to, by=by, at=at, facts=facts))
    step = STEPS[request.stage, to]
    _refuse(request, to, _why_not_signed(step, record, at))
    mine = signature_of(request, to, by=by, at=at)
    signatures = (*signed(request, to), mine) if step.signed else ()
    act = Act(
        start=request.stage, to=to, by=by.name, role=mine.role, at=at, reason=record.reason, signatures=signatures
    )
    moved = replace(request, stage=to, acts=(*request.acts, act), pending=())
    if step.restarts:
        # All of it spoke of what may be rewritten now; earlier values of the request keep it, as does the audit record.
        moved = replace(moved, reviews=(), settlements=(), blind_checks=(), tests=(), notes=())
    if to is Stage.EMERGENCY_APPROVED:
        moved = replace(moved, emergency_until=emergency_end(at, record.emergency_until))
    return moved


def _refuse(request: ChangeRequest, to: Stage, why: str | None) -> None:
    if why is not None:
        raise ChangeControlError(
            where=f"change request {request.id}, step to {to.value}", found="refused", expected=why
        )


def _no_such_step(request: ChangeRequest, to: Stage) -> str:
    out = steps_out_of(request.stage)
    said = f"a change that is {request.stage.words} cannot become {to.words}"
    if not out:
        return f"{said}: it is at its end, and nobody takes it further"
    first, step = next(iter(out.items()))
    return f"{said}; next it can become {first.words}, and that is for {whose_step(request, step)}"


def _with_owner(why: str, owner: str) -> str:
    return why if owner in why else f"{why}; this is for {owner}"


def _why_not_now(request: ChangeRequest, at: datetime) -> str | None:
    if at.tzinfo is None:
        return "the time of the step has no zone"
    if at < max([request.opened, *(act.at for act in request.acts), *(each.at for each in request.pending)]):
        return "the time of the step is before the step that came last"
    return None


def _why_not_this_person(request: ChangeRequest, to: Stage, by: Actor) -> str | None:
    step = STEPS[request.stage, to]
    if step.by_proposer and by.name != request.proposer:
        return f"only its proposer ({request.proposer}) may {step.does} it"
    if all(seat.role_of(by) is None for seat in seats(request, step)):
        return f"only {whose_step(request, step)} may {step.does}"
    barred = sorted(part.value for part in step.excludes & request.parts_of(by.name))
    if barred:
        return f"{by.name} is the {listed(barred)} of this change, and another person must {step.does}"
    if any(signature.by == by.name for signature in signed(request, to)):
        return f"{by.name} has signed already, and another person must sign too"
    if not fills(request, to, by):
        left = listed([seat.whose for seat in seats_left(request, to).values()])
        return f"what {by.name} could sign is signed already, and another person must sign too: {left}"
    return None


def _why_not_ready(request: ChangeRequest, step: Step, facts: Facts | None) -> str | None:
    lacking = [why for need in step.needs if (why := missing(request, need)) is not None]
    if lacking:
        return "; ".join(lacking)
    gates = _gates(step)
    if not gates:
        return None
    if facts is None:
        return "what the gate asks is not known"
    note = request.note(Need.LIBRARY_HASH)
    if not step.catches_up and (note is None or facts.library != note.text):
        return "the facts of the gate are of another library"
    return "; ".join(map(str, blockers(facts, gates))) or None


def _gates(step: Step) -> tuple[Gate, ...]:
    """Return the gates that a step asks: of a release, of what an emergency left out, or of the pumps."""
    if step.gated:
        return RELEASE_GATES
    if step.catches_up:
        return EMERGENCY_GATES
    return PROOF_GATES if step.proven else ()


def _why_not_signed(step: Step, record: Record, at: datetime) -> str | None:
    """Say what the record lacks: a reason always, and for a signature a proof of identity that is fresh."""
    if not record.reason.strip():
        return "a reason"
    if not step.signed:
        return None
    proved = record.authenticated_at
    if proved is None or proved.tzinfo is None or not proved <= at <= proved + REAUTHENTICATE_WITHIN:
        return f"to authenticate again, {REAUTHENTICATE_WITHIN.seconds // 60} minutes before signing at most"
    return None
