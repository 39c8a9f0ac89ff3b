"""What the page of a change request shows to one person: where it stands, what is asked next, of whom, and why."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from openinfusion.core.change_class import CLASS_OF
from openinfusion.core.change_needs import missing
from openinfusion.core.change_record import FIELD_OF_NEED, fill, note
from openinfusion.core.change_request import Act, ChangeRequest, Signature
from openinfusion.core.difference import Change as OneChange
from openinfusion.core.errors import ChangeControlError
from openinfusion.core.gates import Facts
from openinfusion.core.governance import Choice, steps_from
from openinfusion.core.roles import Actor, Permission
from openinfusion.core.signing import seats, seats_left, signed
from openinfusion.core.stages import NEXT_IN_TURN, Need, Stage, Step
from openinfusion.web.changes.blind import hide, is_hidden_from
from openinfusion.web.changes.desk import request_of
from openinfusion.web.changes.models import Change, Proven
from openinfusion.web.changes.screen import Names, actors_of, names_for, some

MAIN = (
    *(Stage.DRAFT, *NEXT_IN_TURN),
    *(Stage.RELEASED, Stage.DISTRIBUTING, Stage.IMPLEMENTED, Stage.CLOSED),
)
FORWARD = frozenset({*MAIN[1:], Stage.RATIFIED})
"""The stages that a request reaches by going on, not by going back or aside."""
_SECTION: Mapping[Need, str] = {
    **dict.fromkeys((Need.RATIONALE, Need.SOURCES, Need.AREAS, Need.CHANGES, Need.VALUES), "draft"),
    Need.REVIEWS: "reviews",
    Need.BLIND_CHECK: "check",
    Need.TESTS: "tests",
    Need.ARTEFACTS: "artefacts",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """One stage on the way: whether it is done, present or to come, and who made the step into it."""

    stage: Stage
    state: str
    act: Act | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One thing that a step needs: why it is not met, what was recorded, where it is recorded, and whether by me."""

    need: Need
    lacks: str | None
    said: str
    fields: tuple[str, ...]
    section: str
    is_mine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One next step, for the person who looks: why it is not theirs, or that it is; whose it is, by name."""

    choice: Choice
    why: str | None
    is_mine: bool
    people: str
    asked: tuple[Asked, ...]
    waiting: tuple[Signature, ...]
    left: tuple[str, ...]

    @property
    def step(self) -> Step:
        return self.choice.step

    @property
    def title(self) -> str:
        """What the button says."""
        return f"{self.step.does[0].upper()}{self.step.does[1:]}"

    @property
    def is_forward(self) -> bool:
        """Whether it goes on along the path."""
        return self.choice.to in FORWARD


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A change request as one person may see it."""

    request: ChangeRequest
    names: Names
    actor: Actor
    is_hidden: bool
    givers: str
    stations: tuple[Station, ...]
    ways: tuple[Way, ...]

    @property
    def forward(self) -> tuple[Way, ...]:
        return tuple(way for way in self.ways if way.is_forward)

    @property
    def others(self) -> tuple[Way, ...]:
        return tuple(way for way in self.ways if not way.is_forward)

    @property
    def changes(self) -> tuple[OneChange, ...]:
        """What changes, the gravest first."""
        return tuple(sorted(self.request.changes, key=lambda one: -CLASS_OF[one.kind].gravity))


def seen_by(change: Change, actor: Actor, *, at: datetime, facts: Facts | None) -> Seen:
    """Return what somebody sees of a change request."""
    real, names = request_of(change), names_for(change)
    is_hidden = is_hidden_from(real, actor)
    request, me = names.request(hide(real) if is_hidden else real), names.actor(actor)
    everybody = [names.actor(one) for one in actors_of(change).values()]
    ways = [_way(request, choice, me, everybody=everybody) for choice in steps_from(request, me, at, facts=facts)]
    return Seen(
        request=request,
        names=names,
        actor=me,
        is_hidden=is_hidden,
        givers=some(
            [one.name for one in everybody if one.role_for(Permission.MANAGE_PEOPLE, organisation=names.organisation)]
        ),
        stations=tuple(_stations(request)),
        ways=tuple(ways),
    )


def _stations(request: ChangeRequest) -> Iterable[Station]:
    """Yield the way as it was gone and the rest of the path; a stage beside the path stands where it was reached."""
    here = request.stage
    last = here if here in MAIN else next((act.start for act in reversed(request.acts) if act.start in MAIN), MAIN[0])
    position = MAIN.index(last)
    for number, stage in enumerate(MAIN):
        if stage is here:
            state = "present"
        elif number < position or (number == position and here not in MAIN):
            state = "done"
        else:
            state = "to come"
        yield Station(stage=stage, state=state, act=request.last_act(stage) if state != "to come" else None)
        if number == position and here not in MAIN:
            yield Station(stage=here, state="present", act=request.last_act(here))


def _way(request: ChangeRequest, choice: Choice, me: Actor, *, everybody: Iterable[Actor]) -> Way:
    step, to = choice.step, choice.to
    why = choice.why_not_sign if choice.why_not is not None else None
    places = seats_left(request, to).values() or seats(request, step)
    gone = {one.by for one in signed(request, to)}
    people = [
        one.name
        for one in everybody
        if any(seat.role_of(one) for seat in places)
        and not step.excludes & request.parts_of(one.name)
        and one.name not in gone
        and (not step.by_proposer or one.name == request.proposer)
    ]
    return Way(
        choice=choice,
        why=why,
        is_mine=me.name in people,
        people=some([one for one in people if one != me.name]),
        asked=tuple(_asked(request, need, me) for need in step.needs),
        waiting=signed(request, to),
        left=tuple(seat.whose for seat in seats_left(request, to).values()),
    )


def _asked(request: ChangeRequest, need: Need, me: Actor) -> Asked:
    fields = FIELD_OF_NEED.get(need, ())
    section = _SECTION.get(need, "")
    return Asked(
        need=need,
        lacks=missing(request, need),
        said=_said(request, need, fields),
        fields=fields,
        section=section,
        is_mine=not section and _may_record(request, need, fields, me=me),
    )


def _said(request: ChangeRequest, need: Need, fields: tuple[str, ...]) -> str:
    if fields:
        values = [getattr(request, name) for name in fields]
        return "; ".join(", ".join(one) if isinstance(one, tuple) else str(one or "") for one in values).strip("; ")
    found = request.note(need)
    return found.text if found else ""


def _may_record(request: ChangeRequest, need: Need, fields: tuple[str, ...], *, me: Actor) -> bool:
    """Whether core takes a record of a need from somebody now; what it would say is not kept."""
    at = max([request.opened, *(act.at for act in request.acts)])
    try:
        if fields:
            fill(request, need, {name: getattr(request, name) for name in fields}, by=me)
        else:
            note(request, need, need.words, by=me, at=at)
    except ChangeControlError:
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """One signature as it is shown: name, role, time; and, of the place's own record, how it was shown, and of what."""

    words: str
    by: str
    role: str
    at: datetime
    proven: Proven | None


def signatures_of(change: Change, seen: Seen) -> tuple[Signed, ...]:
    """Return every signature of a change, the first first: those under its steps, and those that wait."""
    kept = {(one.to, seen.names.person(str(one.by_id)), one.at): one for one in change.proven.all()}
    under = [(one, "") for act in seen.request.acts for one in act.signatures]
    waiting = [(one, ", waits for the others") for one in seen.request.pending]
    return tuple(
        Signed(
            words=f"{one.to.words}{more}",
            by=one.by,
            role=one.role.words,
            at=one.at,
            proven=kept.get((one.to.value, one.by, one.at)),
        )
        for one, more in [*under, *waiting]
    )
