"""What a pump calls for: alarms with their cause, and those that time brings."""

from collections.abc import Callable, Iterator
from fractions import Fraction

from openinfusion.core.events import Alarm, Kind
from openinfusion.pump.machine.channel import Channel, Due
from openinfusion.pump.machine.flow import Status, Stream
from openinfusion.pump.machine.model import PumpModel
from openinfusion.pump.machine.notes import Fields, Note

STOPS_FLOW = frozenset(
    {
        *(Alarm.OCCLUSION_DOWNSTREAM, Alarm.OCCLUSION_UPSTREAM, Alarm.PRESSURE, Alarm.AIR, Alarm.NO_FLOW),
        *(Alarm.DOOR, Alarm.SYRINGE, Alarm.FAULT, Alarm.EMPTY),
    }
)
"""Alarms at which a pump stops; with the others it calls and goes on."""


class Calls:
    """The alarms of a pump, and since when it pauses or keeps the vein open."""

    def __init__(self, model: PumpModel, note: Callable[..., Note]) -> None:
        self._model, self._note = model, note
        self.active: dict[Alarm, Note] = {}
        self._paused_since: Fraction | None = None
        self._kvo: tuple[Stream, Fraction] | None = None
        self._told: Stream | None = None

    def dues(self, channel: Channel, now: Fraction) -> Iterator[Due]:
        """Yield what time will bring: after how many seconds, and what."""
        if self._paused_since is not None and Alarm.CALLBACK not in self.active:
            yield self._paused_since + self._model.callback - now, lambda: self.call(Alarm.CALLBACK, channel)
        if self._kvo is not None and self._told is not self._kvo[0]:
            yield self._kvo[1] + self._model.kvo_grace - now, lambda: self._tell(Alarm.KVO, channel)
        left = channel.seconds_left()
        if self._model.near_end and left is not None and self._told is not channel.stream:
            yield left - self._model.near_end, lambda: self._tell(Alarm.NEAR_END, channel)

    def _tell(self, alarm: Alarm, channel: Channel) -> None:
        """Call once about what flows."""
        self._told = channel.stream
        self.call(alarm, channel)

    def call(self, alarm: Alarm, channel: Channel) -> None:
        """Call for help; what cannot go on stops."""
        if alarm in self.active:
            return
        infusion = channel.infusion
        known: Fields = infusion.known if infusion is not None else {}
        waits = infusion is not None and infusion.status is Status.WAITING
        if alarm in STOPS_FLOW and (channel.is_flowing or waits):
            channel.pause("alarm", reason=alarm.value.replace("_", " "))
        self.active[alarm] = self._note(Kind.ALARM_RAISED, known, alarm=alarm)

    def why_not_start(self) -> str | None:
        """Return the alarm that must be answered before anything flows, or ``None``."""
        alarm = next((alarm for alarm in self.active if alarm in STOPS_FLOW), None)
        return None if alarm is None else f"answer the alarm first: {alarm.value.replace('_', ' ')}"

    def clear(self, alarm: Alarm, now: Fraction) -> None:
        """Note that an alarm was answered, or that its cause is gone."""
        raised = self.active.pop(alarm, None)
        if raised is not None:
            known = {name: value for name, value in raised.fields.items() if name != "alarm"}
            self._note(Kind.ALARM_CLEARED, known, alarm=alarm, about=raised, seconds=now - raised.at)

    def clear_all(self, now: Fraction) -> None:
        """Answer everything; a pause that goes on calls again in its time."""
        for alarm in tuple(self.active):
            self.clear(alarm, now)
        if self._paused_since is not None:
            self._paused_since = now

    def follow(self, channel: Channel, now: Fraction, *, is_on: bool) -> None:
        """Take note of what the channel does now, after anything has happened to it."""
        infusion, stream = channel.infusion, channel.stream
        if infusion is None or infusion.is_complete:
            self.clear(Alarm.NEAR_END, now)
        is_paused = is_on and infusion is not None and stream is None and infusion.status is Status.PAUSED
        if not is_paused:
            self._paused_since = None
            self.clear(Alarm.CALLBACK, now)
        elif self._paused_since is None:
            self._paused_since = now
        if stream is None or not stream.is_kvo:
            self._kvo = None
            self.clear(Alarm.KVO, now)
        elif self._kvo is None or self._kvo[0] is not stream:
            self._kvo = (stream, now)
