"""The channel of a pump: what flows through it, what lies ready, and what happens when a volume has been given."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

from openinfusion.core.event_parts import Stopped
from openinfusion.core.events import Alarm, Container, Kind, Programmed, Segment
from openinfusion.core.programme import Programme
from openinfusion.core.units import ML, Quantity
from openinfusion.pump.machine.flow import HOUR, Dose, Infusion, Status, Step, Stream
from openinfusion.pump.machine.notes import Fields, Note

Tell = Callable[..., Note]
Due = tuple[Fraction, Callable[[], None]]


class Channel:
    """
    What flows and what waits.

    One source flows at a time; ``under`` is what goes on after a single dose.
    """

    def __init__(self, tell: Tell, call: Callable[[Alarm], None]) -> None:
        self._tell = tell
        self._call = call
        self.primary: Infusion | None = None
        self.secondary: Infusion | None = None
        self.stream: Stream | None = None
        self.under: Stream | None = None
        self.container: Container | None = None
        self.left: Fraction | None = None

    # --- What there is -----------------------------------------------------------------------------------------------

    @property
    def infusion(self) -> Infusion | None:
        """The infusion that keys act on: the secondary while there is one."""
        return self.secondary or self.primary

    @property
    def is_flowing(self) -> bool:
        """Whether fluid moves."""
        return self.stream is not None

    @property
    def needs_container(self) -> bool:
        """Whether nothing is there to give."""
        return self.container is None or self.left == 0

    def load(self, container: Container) -> None:
        """Take a syringe or a bag; the pump knows how much is in a syringe."""
        self.container = container
        self.left = None if container.volume is None else container.volume.to(ML).value
        self._tell(Kind.CONTAINER_CHANGED, self.infusion.known if self.infusion else {}, container=container)

    # --- The passing of time -----------------------------------------------------------------------------------------

    def dues(self) -> Iterator[Due]:
        """Yield what will happen to the flow by itself: after how many seconds, and what."""
        stream = self.stream
        if stream is None:
            return
        left = stream.seconds_left()
        if left is not None:
            yield left, self._reached
        if self.left is not None:
            yield stream.seconds_until(self.left), self._emptied

    def seconds_left(self) -> Fraction | None:
        """Return how long the infusion can go on flowing; ``None`` if it does not flow, or nothing ends it."""
        stream = self.stream
        if stream is None or stream.dose is not None or stream.is_kvo:
            return None
        steps = stream.infusion.steps[stream.infusion.step + 1 :]
        later = sum((step.vtbi * HOUR / step.rate for step in steps if step.vtbi is not None), Fraction(0))
        own = stream.seconds_left()
        ends = [None if own is None else own + later, None if self.left is None else stream.seconds_until(self.left)]
        return min((end for end in ends if end is not None), default=None)

    def flow(self, seconds: Fraction) -> None:
        """Let time pass in which nothing else happens."""
        if self.stream is None:
            return
        moved = self.stream.flow(seconds)
        if self.left is not None:
            self.left -= moved

    def _reached(self) -> None:
        """Go on after the volume of what flows has been given."""
        stream = self._flowing()
        if stream.dose is not None:
            self._end_dose(stream)
        elif stream.infusion.step + 1 < len(stream.infusion.steps):
            self._next_step(stream)
        elif stream.infusion is self.secondary:
            self._end_secondary(stream)
        else:
            self._complete(stream)

    def _emptied(self) -> None:
        """Stop, because there is nothing left to give."""
        self.pause("alarm", reason="empty")
        self._call(Alarm.EMPTY)

    def _flowing(self) -> Stream:
        if self.stream is None:
            raise AssertionError("nothing flows")
        return self.stream

    # --- An infusion -------------------------------------------------------------------------------------------------

    def start(self, infusion: Infusion, *, loading: Dose | None = None) -> Note:
        """Start an infusion, with its loading dose first if it has one; return the note of what began."""
        waits = infusion.now.rate == 0
        if infusion.source == "secondary":
            self._hold_primary()
            self.secondary = infusion
        else:
            self.primary = infusion
        if loading is not None:
            self._tell(Kind.STARTED, infusion.known)
            infusion.status = Status.WAITING if waits else Status.INFUSING
            under = None if waits else Stream.of_step(infusion)
            return self._begin_dose(Kind.LOADING, infusion, loading, under=under)
        if waits:
            infusion.status = Status.WAITING
            return self._tell(Kind.STARTED, infusion.known)
        return self._tell(Kind.STARTED, infusion.known, began=self._begin(Stream.of_step(infusion)))

    def _begin(self, stream: Stream) -> Segment:
        self.stream = stream
        stream.infusion.status = Status.KVO if stream.is_kvo else Status.INFUSING
        return stream.begin()

    def pause(self, because: Stopped, *, reason: str | None = None) -> None:
        """Stop the flow; it can go on later."""
        stream, infusion = self.stream, self.infusion
        if infusion is None:
            return
        self.stream = self.under = None
        more: Fields = {"reason": reason} if reason else {}
        if stream is not None and stream.dose is not None:
            self._tell(Kind.DOSE_ENDED, infusion.known, ended=stream.end(because), delivered=infusion.delivered())
        elif stream is not None:
            more["ended"] = stream.end(because)
        infusion.status = Status.STANDBY if because == "standby" else Status.PAUSED
        self._tell(Kind.PAUSED, infusion.known, **more)

    def resume(self) -> None:
        """Let a paused infusion flow again; one that has given its volume keeps the vein open."""
        infusion = self.infusion
        if infusion is None or self.stream is not None:
            return
        if infusion.now.rate == 0:
            infusion.status = Status.WAITING
            self._tell(Kind.RESUMED, infusion.known)
            return
        stream = Stream.of_kvo(infusion) if infusion.is_complete else Stream.of_step(infusion)
        self._tell(Kind.RESUMED, infusion.known, began=self._begin(stream))

    def stop(self, *, reason: str | None = None) -> None:
        """End the infusion for good; a secondary gives way to its primary, which stays paused."""
        stream, infusion = self.stream, self.infusion
        if infusion is None:
            return
        self.stream = self.under = None
        more: Fields = {"reason": reason} if reason else {}
        if stream is not None and stream.dose is not None:
            self._tell(Kind.DOSE_ENDED, infusion.known, ended=stream.end("clinician"), delivered=infusion.delivered())
        elif stream is not None:
            more["ended"] = stream.end("clinician")
        kind = Kind.COMPLETED if infusion.is_complete else Kind.STOPPED
        self._tell(kind, infusion.known, delivered=infusion.delivered(), **more)
        self._forget(infusion)

    def stop_all(self, reason: str) -> None:
        """End every infusion."""
        while self.infusion is not None:
            self.stop(reason=reason)

    def _forget(self, infusion: Infusion) -> None:
        if infusion is self.secondary:
            self.secondary = None
            if self.primary is not None:
                self.primary.status = Status.PAUSED
        else:
            self.primary = None

    def change(self, infusion: Infusion, programme: Programme | Programmed, step: Step) -> Note:
        """Take another dose or rate: at once where it runs, else when it goes on."""
        stream = self.stream
        ended = None if stream is None or stream.dose is not None else stream.end(None)
        infusion.steps = (*infusion.steps[: infusion.step], step, *infusion.steps[infusion.step + 1 :])
        if ended is not None:
            began = self._begin(Stream.of_step(infusion))
            return self._tell(Kind.RATE_CHANGED, infusion.known, programme=programme, ended=ended, began=began)
        if self.under is not None:
            self.under = Stream.of_step(infusion)
        return self._tell(Kind.RATE_CHANGED, infusion.known, programme=programme)

    def set_volume(self, infusion: Infusion, vtbi: Fraction) -> None:
        """Set a new volume to be infused, counted from now on: what flows stops and begins again."""
        was_flowing = self.stream is not None
        if was_flowing:
            self.pause("clinician", reason="volume changed")
        infusion.steps = (*infusion.steps[: infusion.step], replace(infusion.now, vtbi=vtbi))
        infusion.given, infusion.is_complete = Fraction(0), False
        if was_flowing:
            self.resume()

    def _next_step(self, stream: Stream) -> None:
        infusion = stream.infusion
        ended = stream.end(None)
        infusion.step, infusion.given = infusion.step + 1, Fraction(0)
        began = self._begin(Stream.of_step(infusion))
        self._tell(Kind.STEP_CHANGED, infusion.known, ended=ended, began=began)

    def _complete(self, stream: Stream) -> None:
        """Keep the vein open after the end, or stop where no rate is set for that."""
        infusion = stream.infusion
        infusion.is_complete = True
        if infusion.kvo is not None:
            ended = stream.end(None, is_complete=True)
            self._tell(Kind.KVO, infusion.known, ended=ended, began=self._begin(Stream.of_kvo(infusion)))
            return
        ended = stream.end("complete", is_complete=True)
        self.stream = None
        self._tell(Kind.COMPLETED, infusion.known, ended=ended, delivered=infusion.delivered())
        self._forget(infusion)

    # --- A secondary infusion ----------------------------------------------------------------------------------------

    def _hold_primary(self) -> None:
        primary, stream = self.primary, self.stream
        if primary is not None and stream is not None:
            self._tell(Kind.PAUSED, primary.known, ended=stream.end("switching source"))
            primary.status = Status.HELD
        self.stream = None

    def _end_secondary(self, stream: Stream) -> None:
        """Give way to the primary, which goes on if it ran before."""
        primary, infusion = self.primary, stream.infusion
        goes_on = primary is not None and primary.status is Status.HELD
        ended = stream.end("switching source" if goes_on else "complete", is_complete=True)
        self.stream = self.secondary = None
        self._tell(Kind.COMPLETED, infusion.known, ended=ended, delivered=infusion.delivered())
        if goes_on:
            self.resume()

    # --- Single doses ------------------------------------------------------------------------------------------------

    def give(self, infusion: Infusion, dose: Dose, **more: Any) -> Note:  # noqa: ANN401 - fields of a record
        """Give a bolus, a loading dose or a demand dose on top of the infusion; what flowed goes on afterwards."""
        stream = self.stream
        if stream is not None:
            more["ended"] = stream.end(None)
        kind = Kind.LOADING if dose.source == "loading" else Kind.BOLUS
        return self._begin_dose(kind, infusion, dose, under=stream, **more)

    def _begin_dose(
        self,
        kind: Kind,
        infusion: Infusion,
        dose: Dose,
        *,
        under: Stream | None,
        **more: Any,  # noqa: ANN401 - fields of a record
    ) -> Note:
        stream = Stream.of_dose(infusion, dose)
        self.stream, self.under = stream, under
        return self._tell(kind, infusion.known, programme=dose.programme, began=stream.begin(), **more)

    def release(self) -> None:
        """End a dose early: its key was let go."""
        if self.stream is not None and self.stream.dose is not None:
            self._end_dose(self.stream)

    def _end_dose(self, stream: Stream) -> None:
        infusion, under = stream.infusion, self.under
        self.stream = self.under = None
        if under is not None:
            ended = stream.end(None)
            began = self._begin(under)
            told: Fields = {"ended": ended, "began": began}
        else:
            waits = infusion.status is Status.WAITING
            told = {"ended": stream.end("between doses" if waits else "clinician")}
        self._tell(Kind.DOSE_ENDED, infusion.known, delivered=infusion.delivered(), **told)

    def volume_left(self) -> Quantity | None:
        """Return what the pump takes the container to hold, if it knows."""
        return None if self.left is None else Quantity(self.left, ML)
