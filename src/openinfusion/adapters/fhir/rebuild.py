"""The changes of delivery that a log told, out of the administrations that were made of it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, NamedTuple

from openinfusion.adapters.fhir.values import Administration
from openinfusion.core.event_parts import Segment


class ToldChange(NamedTuple):
    """One delivery segment that began or ended: when, of which infusion, and all that the pump said of it."""

    at: datetime
    infusion: str | None
    which: Literal["ended", "began"]
    segment: Segment


def told_changes(administrations: Iterable[Administration]) -> tuple[ToldChange, ...]:
    """Return every change of delivery in the order of time; of two at one moment the one of the earlier part first."""
    found: list[tuple[datetime, int, ToldChange]] = []
    for number, part in enumerate(administrations):
        if part.began is not None and part.start is not None:
            found.append((part.start, number, ToldChange(part.start, part.infusion, "began", part.began)))
        if part.ended is not None and part.end is not None:
            found.append((part.end, number, ToldChange(part.end, part.infusion, "ended", part.ended)))
    return tuple(change for _, _, change in sorted(found, key=lambda one: one[:2]))
