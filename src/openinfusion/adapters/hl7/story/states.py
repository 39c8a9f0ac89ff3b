"""What a pump claims of itself, and its alarms: records follow from what changes."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

from openinfusion.adapters.hl7.story.heard import Heard, What
from openinfusion.adapters.hl7.story.making import Maker
from openinfusion.core.event_parts import Kind, LibraryVersion

_MICRO = 10**6
_MICROSECOND = timedelta(microseconds=1)


@dataclass(slots=True)
class Claims:
    """
    Which library a pump claims to run, on what power, where and whether connected.

    The library is told when it is first heard of: that a pump runs it is what a fleet wants to know. The others are
    told when they change, and when a message came only to say so.
    """

    maker: Maker
    known: dict[str, Any] = field(default_factory=dict)

    def hear(self, one: Heard) -> None:
        """Tell what differs from what was known."""
        self._library(one)
        for name, kind in (
            ("power", Kind.POWER_SOURCE),
            ("ward", Kind.LOCATION_CHANGED),
            ("connected", Kind.CONNECTION),
        ):
            value = getattr(one, name)
            if value is None or self.known.get(name) == value:
                continue
            if name in self.known or one.what is What.CLAIM:
                self.maker.make(kind, one, **{name: value})
            self.known[name] = value

    def _library(self, one: Heard) -> None:
        before: LibraryVersion | None = self.known.get("library")
        if one.library is None or one.library == before:
            return
        self.known["library"] = one.library
        reason = "as claimed, first heard of" if before is None else "as claimed"
        self.maker.make(Kind.LIBRARY_ACTIVATED, one, other_library=before, reason=reason)

    def patient(self, one: Heard) -> None:
        """Tell that the pump is with another patient."""
        self.maker.make(Kind.PATIENT_CHANGED, one)


class _Raised(NamedTuple):
    event_id: str
    at: datetime


@dataclass(slots=True)
class Alarms:
    """The alarms that have begun and not ended, by the names under which their messages come."""

    maker: Maker
    by_life: dict[str, _Raised] = field(default_factory=dict)
    by_fallback: dict[str, _Raised] = field(default_factory=dict)
    waiting: int = 0

    def begin(self, one: Heard) -> None:
        """Tell an alarm that begins; one that is known under this name goes on."""
        if one.life is None or one.life not in self.by_life:
            self._raise(one, None)

    def go_on(self, one: Heard) -> None:
        """Tell an alarm of whose beginning no message came."""
        if self._known(one) is None:
            self._raise(one, {"missing": "the beginning of the alarm"})

    def _raise(self, one: Heard, extra: dict[str, str] | None) -> None:
        made = self.maker.make(Kind.ALARM_RAISED, one, alarm=one.alarm, reason=one.text, extra=extra)
        if made is None:
            return
        raised = _Raised(made.event_id, one.at)
        if one.life is not None:
            self.by_life[one.life] = raised
        if one.fallback is not None:
            self.by_fallback[one.fallback] = raised

    def _known(self, one: Heard) -> _Raised | None:
        return self.by_life.get(one.life or "") or self.by_fallback.get(one.fallback or "")

    def end(self, one: Heard) -> None:
        """Tell that an alarm ended, if it is known how it began."""
        raised = self._known(one)
        if raised is None:
            self.waiting += 1
            return
        self.by_life = {name: known for name, known in self.by_life.items() if known is not raised}
        self.by_fallback = {name: known for name, known in self.by_fallback.items() if known is not raised}
        seconds = Fraction((one.at - raised.at) // _MICROSECOND, _MICRO)
        self.maker.make(Kind.ALARM_CLEARED, one, alarm=one.alarm, about=raised.event_id, seconds=seconds)
