"""
Times of HL7: ``YYYYMMDDHHMMSS.s+ZZZZ``, any of it from the hour on left out.

Every moment that comes out of here has a zone. Where the text has none, that of MSH-7 holds (HL7: the header gives the
default of the message), and where that has none either the zone that was set for the sender; ``assumed`` says so.
"""

import re
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Literal, NamedTuple

from openinfusion.adapters.flags import shown
from openinfusion.adapters.hl7.leniency import Cautions, Leniency
from openinfusion.adapters.hl7.text import Segment
from openinfusion.core.event_parts import FIRST_YEAR, LAST_YEAR

_TIME = re.compile(r"([0-9]{8})([0-9]{2}|[0-9]{4}|[0-9]{6})?(?:\.([0-9]{1,9}))?([+-][0-9]{4})?")
# In ISO 8601, and with the letter or the colon that it allows in a zone.
_ISO_TIME = re.compile(
    r"([0-9]{4})([-/]?)([0-9]{2})\2([0-9]{2})[T ]?([0-9]{2})(:?)([0-9]{2})\6([0-9]{2})(?:\.([0-9]+))?"
    r"(?:(Z)|([+-][0-9]{2}):?([0-9]{2}))?"
)
_SECONDS = 6
Zone = Literal["told", "of the header", "set for the sender"]


class Moment(NamedTuple):
    """
    A moment, and how surely its zone is known.

    Attributes:
        at: the moment, with its zone.
        zone: told with the time itself, that of the header of the message, or set for the sender.
        text: the time as sent.

    """

    at: datetime
    zone: Zone
    text: str


class Clock(NamedTuple):
    """The zone of times that tell none: that of MSH-7 if it has one, else the one set for the sender."""

    zone: tzinfo
    source: Zone


def read_moment(segment: Segment, number: int, *, clock: Clock, cautions: Cautions) -> Moment | None:
    """Return the moment in a field, or ``None`` where it is empty or no time."""
    text = segment.raw(number)
    if not text:
        return None
    match = _TIME.fullmatch(text)
    if match is not None and match[4] is not None and match[2] is not None:
        at = _datetime(match)
        if at is not None:
            return Moment(at, "told", text)
    return _odd_moment(segment, number, clock=clock, cautions=cautions)


def _odd_moment(segment: Segment, number: int, *, clock: Clock, cautions: Cautions) -> Moment | None:
    """Return a moment of which something is missing, around which blanks stand, or that is written as in ISO 8601."""
    # The second component is the degree of precision that HL7 had before 2.6.
    text, place = segment.raw(number).partition(segment.separators.component)[0], segment.place(number)
    match = _TIME.fullmatch(text)
    if match is None:
        match, oddity = _odd_time(text)
        if match is None or oddity is None:
            cautions.add(Leniency.TIME_UNREADABLE, place, found=f"{len(text)} characters that are no time")
            return None
        cautions.add(oddity, place, found=shown(text))
    return _moment(match, clock, place=place, cautions=cautions)


def _odd_time(text: str) -> tuple[re.Match[str] | None, Leniency | None]:
    """Return a time with blanks in it, or of ISO 8601, as HL7 writes it, and what is odd about it."""
    match = _TIME.fullmatch("".join(text.split()))
    if match is not None:
        return match, Leniency.BLANKS
    iso = _ISO_TIME.fullmatch(text.strip())
    if iso is None:
        return None, None
    year, _, month, day, hour, _, minute, second, fraction, utc, hours, minutes = iso.groups()
    zone = "+0000" if utc else f"{hours}{minutes}" if hours else ""
    plain = f"{year}{month}{day}{hour}{minute}{second}{f'.{fraction[:9]}' if fraction else ''}{zone}"
    return _TIME.fullmatch(plain), Leniency.TIME_ODD


def _datetime(match: re.Match[str]) -> datetime | None:
    day, time, fraction, zone = match.groups()
    digits = f"{day}T{(time or '').ljust(_SECONDS, '0')}"
    try:
        at = datetime.fromisoformat(f"{digits}.{fraction}{zone or ''}" if fraction else f"{digits}{zone or ''}")
    except ValueError:
        return None
    return at if FIRST_YEAR <= at.year <= LAST_YEAR else None


def _moment(match: re.Match[str], clock: Clock, *, place: str, cautions: Cautions) -> Moment | None:
    at = _datetime(match)
    if at is None:
        cautions.add(Leniency.TIME_UNREADABLE, place, found=shown(match[0]))
        return None
    if match[2] is None:
        cautions.add(Leniency.NO_TIME_OF_DAY, place, found=shown(match[0]))
    if at.tzinfo is not None:
        return Moment(at, "told", match[0])
    if clock.source == "set for the sender":
        cautions.add(Leniency.NO_ZONE, place, found=shown(match[0]), taken=f"{clock.zone} is assumed")
    return Moment(at.replace(tzinfo=clock.zone), clock.source, match[0])


def header_clock(text: str, zone: tzinfo = UTC) -> Clock:
    """Return the clock of a message from its MSH-7."""
    match = _TIME.fullmatch(text) or _odd_time(text.partition("^")[0])[0]
    return _clock(match[4] if match is not None else None, zone)


@lru_cache(maxsize=1024)
def _clock(told: str | None, zone: tzinfo) -> Clock:
    try:
        of_header = datetime.fromisoformat(f"20000101T00{told}").tzinfo if told is not None else None
    except ValueError:
        of_header = None
    return Clock(of_header, "of the header") if of_header else Clock(zone, "set for the sender")
