"""
A change request as a screen shows it: people, places and organisations by their names.

Core speaks of accounts and areas by their ids. Given a request in which those are names already, its sentences are fit
to be read, and say the same.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from openinfusion.core.change_request import ChangeRequest
from openinfusion.core.roles import Actor, Duty
from openinfusion.web.accounts.models import HeldDuty, User
from openinfusion.web.changes.models import Change
from openinfusion.web.library.models import Part, Span

HIDDEN = "hidden until you have checked"


@dataclass(frozen=True, slots=True)
class Names:
    """The names that stand for ids on a screen."""

    people: Mapping[str, str]
    areas: Mapping[str, str]
    organisation: str

    def person(self, account: str) -> str:
        """Return the name of an account."""
        return self.people.get(account, account)

    def area(self, area: str) -> str:
        """Return the name of a care area."""
        return self.areas.get(area, area)

    def actor(self, actor: Actor) -> Actor:
        """Return an actor as the sentences of core shall call them."""
        duties = (
            Duty(duty.role, self.organisation, duty.care_area and self.area(duty.care_area)) for duty in actor.duties
        )
        return Actor(self.person(actor.name), tuple(duties))

    def request(self, request: ChangeRequest) -> ChangeRequest:
        """Return a request in names."""
        acts = (self._signed(replace(act, signatures=tuple(map(self._signed, act.signatures)))) for act in request.acts)
        return replace(
            request,
            organisation=self.organisation,
            proposer=self.person(request.proposer),
            authors=tuple(map(self.person, request.authors)),
            areas=tuple(map(self.area, request.areas)),
            reviews=tuple(map(self._of_area, request.reviews)),
            settlements=tuple(map(self._of_area, request.settlements)),
            blind_checks=tuple(map(self._signed, request.blind_checks)),
            tests=tuple(map(self._signed, request.tests)),
            notes=tuple(map(self._signed, request.notes)),
            pending=tuple(map(self._signed, request.pending)),
            acts=tuple(acts),
        )

    def _signed(self, one: Any) -> Any:  # noqa: ANN401 - any of the records that say by whom they are
        return replace(one, by=self.person(one.by))

    def _of_area(self, one: Any) -> Any:  # noqa: ANN401 - as before
        return replace(one, by=self.person(one.by), area=self.area(one.area))


def names_for(change: Change) -> Names:
    """Return the names of everybody who holds or held a duty where a change is, and of its library's care areas."""
    held = HeldDuty.objects.filter(organisation_id=change.organisation_id).values("user")
    people = {str(one.pk): one for one in User.objects.filter(pk__in=held)}
    return Names(_once(people), _areas(change), change.organisation.name)


def _once(people: Mapping[str, User]) -> Mapping[str, str]:
    """Return names, with the address where two people are called the same: they must not become one person."""
    counts = Counter(one.name for one in people.values())
    return {
        account: one.name if counts[one.name] == 1 else f"{one.name} ({one.email})" for account, one in people.items()
    }


def _areas(change: Change) -> Mapping[str, str]:
    found: dict[str, str] = {}
    if change.draft is not None:
        spans = Span.objects.at(change.draft.base).filter(part=Part.CARE_AREA)
        found = {one.item: one.content["name"] for one in spans}
        items = change.draft.items.filter(part=Part.CARE_AREA)
        found |= {one.item: one.content["name"] for one in items if one.content}
    counts = Counter(found.values())
    return {area: name if counts[name] == 1 else f"{name} ({area})" for area, name in found.items()}


def actors_of(change: Change) -> Mapping[str, Actor]:
    """Return everybody who holds a duty where a change is, by account; one question of the database."""
    duties: dict[str, list[Duty]] = {}
    held = HeldDuty.objects.filter(organisation_id=change.organisation_id, ended_at=None, user__is_active=True)
    for one in held.select_related("organisation"):
        duties.setdefault(str(one.user_id), []).append(one.duty)
    return {account: Actor(account, tuple(each)) for account, each in duties.items()}


def some(names: Iterable[str], most: int = 5) -> str:
    """Return a few names, and how many more there are."""
    every = sorted(names)
    more = f" and {len(every) - most:,} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more
