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
    """
    Return every change of delivery in the order of time.

    Of several at one moment the ends come first, then what began and ended at it, then what began.
    """
    found: list[tuple[datetime, int, int, ToldChange]] = []
    for number, part in enumerate(administrations):
        is_moment = part.start == part.end
        if part.began is not None and part.start is not None:
            change = ToldChange(part.start, part.infusion, "began", part.began)
            found.append((part.start, 1 if is_moment else 2, number, change))
        if part.ended is not None and part.end is not None:
            change = ToldChange(part.end, part.infusion, "ended", part.ended)
            found.append((part.end, 1 if is_moment else 0, number, change))
    return tuple(change for *_, change in sorted(found, key=lambda one: one[:3]))
