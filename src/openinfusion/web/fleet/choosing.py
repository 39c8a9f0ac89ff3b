"""What a person asks to see of the fleet: read from the address, and offered as the choices that there are."""

from collections.abc import Iterable

from django.http import QueryDict

from openinfusion.web.fleet.groups import FIELDS, Chosen
from openinfusion.web.fleet.watch import Pump
from openinfusion.web.fleet.words import ORDER

_MOST_VALUES, _LONGEST = 20, 200


def read_choice(asked: QueryDict) -> Chosen:
    """Return what an address asks for; what is too long or too much is no choice of ours."""
    said = {
        name: frozenset(one for one in asked.getlist(name)[:_MOST_VALUES] if one and len(one) <= _LONGEST)
        for name in FIELDS
    }
    words = tuple(asked.get("q", "")[:_LONGEST].casefold().split())
    return Chosen(said={name: values for name, values in said.items() if values}, words=words)


def choices(pumps: Iterable[Pump]) -> dict[str, list[str]]:
    """Return what can be chosen among: rings, models, wards, and the states there are, the gravest first."""
    listed = list(pumps)
    found: dict[str, list[str]] = {
        name: sorted({getattr(one, name) for one in listed}) for name in ("ward", "ring", "model")
    }
    states = {one.state for one in listed}
    found["state"] = [state.value for state in ORDER if state in states]
    return found
