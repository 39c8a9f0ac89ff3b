"""
Deliveries of one pump: which stop and which start are one change, and which infusion each belongs to.

IHE tells a change of rate, a bolus and the vein kept open as a stop in transition and a start at the same moment; a
record tells it once. An infusion begins with a start of which nothing has been given before.
"""

from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import Any, NamedTuple

from openinfusion.adapters.hl7.story.heard import Heard, What
from openinfusion.adapters.hl7.story.making import Maker
from openinfusion.adapters.hl7.vocabulary import INFUSIONS
from openinfusion.core.entry import Mode
from openinfusion.core.event_parts import Delivered, FlowSource, Kind, Programmed, Segment
from openinfusion.core.units import Quantity

APART = timedelta(seconds=60)
"""How long after a stop in transition its start may come by the pump's clock."""
_DOSES = {"clinician": Kind.BOLUS, "patient": Kind.BOLUS, "loading": Kind.LOADING}
_MODES = {"clinician": Mode.BOLUS, "patient": Mode.PCA, "loading": Mode.LOADING}
Channel = str | None


class _Infusion(NamedTuple):
    """One infusion: its name, its drug, and what it has given as far as it is known."""

    id: str
    drug: str | None
    total: Quantity | None


class _Flow(NamedTuple):
    """What flows on a channel: from which source, as which segment."""

    source: FlowSource
    segment: Segment


@dataclass(slots=True)
class Deliveries:
    """What flows on each channel of a pump, and what waits for the start that completes it."""

    maker: Maker
    flows: dict[Channel, _Flow] = field(default_factory=dict)
    pending: dict[Channel, Heard] = field(default_factory=dict)
    infusions: dict[tuple[Channel, FlowSource], _Infusion] = field(default_factory=dict)
    has_events: bool = False
    untold: int = 0

    @property
    def waiting(self) -> int:
        """How many messages tell nothing so far."""
        return len(self.pending) + self.untold

    # --- Events (PCD-10) ----------------------------------------------------------------------------------------------

    def end(self, one: Heard) -> None:
        """Hear that a delivery segment ended."""
        self.has_events = True
        self._flush(one.channel)
        if one.segment is None:
            self.untold += 1
            return
        if one.segment.status == "transitioning":
            self.pending[one.channel] = one
        else:
            self._stop(one, one.segment)

    def begin(self, one: Heard) -> None:
        """Hear that a delivery segment began."""
        self.has_events = True
        ended = self.pending.get(one.channel)
        if one.segment is None:
            self.untold += 1
            return
        if ended is not None and ended.segment is not None and _is_one_change(ended, one):
            del self.pending[one.channel]
            self._change(ended, one, ended.segment, one.segment)
        else:
            self._flush(one.channel)
            self._start(one, one.segment)
        self.flows[one.channel] = _Flow(one.segment.source, one.segment)

    def clear(self, one: Heard) -> None:
        """Hear that the programme was cleared: what is known of an infusion on this channel is over."""
        self._flush(one.channel)
        for source in INFUSIONS:
            infusion = self.infusions.pop((one.channel, source), None)
            if infusion is not None and infusion.total is not None:
                delivered = Delivered(volume=infusion.total)
                self._make(Kind.STOPPED, one, infusion=infusion.id, delivered=delivered, reason="programme cleared")
        self.flows.pop(one.channel, None)

    def _flush(self, channel: Channel) -> None:
        """Tell a stop in transition whose start did not come before something else happened."""
        ended = self.pending.pop(channel, None)
        if ended is None or ended.segment is None:
            return
        segment = ended.segment
        before = segment.dose_rate or segment.rate
        if before is None:
            self.untold += 1  # fluid went on, at a rate that nobody told: no kind of record says that
        else:
            self._make(
                Kind.RATE_CHANGED,
                ended,
                infusion=self._infusion(ended, segment).id,
                ended=segment,
                programme=Programmed(previous=before),
                extra={"missing": "what it went on with"},
            )
        self.flows.pop(channel, None)

    def _stop(self, one: Heard, segment: Segment) -> None:
        infusion = self._infusion(one, segment)
        self.flows.pop(one.channel, None)
        fields: dict[str, Any] = {"infusion": infusion.id, "ended": segment}
        if segment.source in _DOSES:
            self._make(Kind.DOSE_ENDED, one, **fields)
        elif one.what is What.COMPLETE and infusion.total is not None:
            self._make(Kind.COMPLETED, one, **fields, delivered=Delivered(volume=infusion.total))
            self.infusions.pop((one.channel, segment.source), None)
        else:
            self._make(Kind.PAUSED, one, **fields, reason=segment.because)

    def _start(self, one: Heard, segment: Segment) -> None:
        """Tell a beginning by itself: of an infusion, of what was paused, of a dose; or a change whose stop is lost."""
        running = self.flows.get(one.channel)
        is_new = self._begins_anew(one, segment)
        if is_new:
            self.infusions.pop((one.channel, _infusion_source(segment.source)), None)
        fields: dict[str, Any] = {"infusion": self._infusion(one, segment).id, "began": segment}
        if running is not None and not is_new:
            fields["extra"] = {"missing": "how it ended before"}
        dose = _DOSES.get(segment.source)
        programme = self._programme(one, segment, running.segment if running and not is_new else None)
        if dose is not None and programme is not None:
            self._make(dose, one, programme=programme, **fields)
        elif segment.status == "kvo":
            self._make(Kind.KVO, one, **fields)
        elif is_new:
            self._make(Kind.STARTED, one, programme=programme, **fields)
        elif running is not None and programme is not None:
            self._make(Kind.RATE_CHANGED, one, programme=programme, **fields)
        else:
            self._make(Kind.RESUMED, one, **fields)

    def _change(self, before: Heard, after: Heard, ended: Segment, began: Segment) -> None:  # noqa: PLR0917
        """Tell a stop in transition and its start as the one change that they are."""
        infusion = self._infusion(after, began)
        programme = self._programme(after, began, ended)
        fields: dict[str, Any] = {"infusion": infusion.id, "ended": ended, "began": began}
        dose = _DOSES.get(began.source)
        if dose is not None and programme is not None:
            self._make(dose, before, after, programme=programme, **fields)
        elif ended.source in _DOSES:
            self._make(Kind.DOSE_ENDED, before, after, **fields)
        elif began.status == "kvo":
            self._make(Kind.KVO, before, after, **fields)
        elif began.pattern == "multi-step" and began.step != ended.step:
            self._make(Kind.STEP_CHANGED, before, after, **fields)
        elif programme is not None:
            self._make(Kind.RATE_CHANGED, before, after, programme=programme, **fields)
        else:
            self._make(Kind.RESUMED, before, after, **fields)

    # --- Reports (PCD-01) ---------------------------------------------------------------------------------------------

    def report(self, one: Heard) -> None:
        """
        Hear how the pump is.

        As long as a pump has sent no event of delivery, its reports tell when it was first seen to flow, at another
        rate, and no longer. Afterwards its events do, and a report tells nothing of delivery.
        """
        if self.has_events:
            return
        running, segment = self.flows.get(one.channel), one.segment
        seen = {"told_by": "PCD-01: the time is that of the report"}
        if segment is None:
            if running is not None:
                del self.flows[one.channel]
                infusion = self._infusion(one, running.segment)
                self._make(Kind.PAUSED, one, infusion=infusion.id, reason="not told", extra=seen)
            return
        self.flows[one.channel] = _Flow(segment.source, segment)
        if running is not None and (running.source, running.segment.rate) == (segment.source, segment.rate):
            self._infusion(one, segment)
            return
        is_new = running is None and self._begins_anew(one, segment)
        if is_new:
            self.infusions.pop((one.channel, _infusion_source(segment.source)), None)
        infusion = self._infusion(one, segment)
        programme = self._programme(one, segment, running.segment if running else None)
        kind = Kind.STARTED if is_new else Kind.RESUMED
        if running is not None and programme is not None:
            kind = Kind.RATE_CHANGED
        self._make(kind, one, infusion=infusion.id, programme=programme, began=segment, extra=seen)

    # --- Infusions and programmes -------------------------------------------------------------------------------------

    def _begins_anew(self, one: Heard, segment: Segment) -> bool:
        """Whether a start begins an infusion: nothing was given before, or nothing is known and another drug runs."""
        known = self.infusions.get((one.channel, _infusion_source(segment.source)))
        if segment.total is None:
            return known is None or (one.drug is not None and known.drug != one.drug)
        if segment.total.value != 0:
            return False
        is_untouched = known is not None and known.total is not None and known.total.value == 0
        return not (is_untouched and known is not None and known.drug == one.drug)

    def _infusion(self, one: Heard, segment: Segment) -> _Infusion:
        """Return the infusion that a segment belongs to, named by when it was first heard of; its total is kept."""
        source = _infusion_source(segment.source)
        place = (one.channel, source)
        known = self.infusions.get(place)
        if known is None:
            moment = one.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            name = "/".join(part for part in (one.pump[:100], one.channel and one.channel[:50], source, moment) if part)
            known = _Infusion(name, one.drug, None)
        known = known._replace(drug=known.drug or one.drug, total=segment.total or known.total)
        self.infusions[place] = known
        return known

    @staticmethod
    def _programme(one: Heard, segment: Segment, before: Segment | None) -> Programmed | None:
        """Return what is programmed, and what ran before; ``None`` where nothing is told."""
        told = one.programme or Programmed()
        dose, rate = told.dose or segment.dose_rate, told.rate
        if dose is None and rate is None:
            rate = segment.rate
        previous = None
        if before is not None:
            previous = before.dose_rate if dose is not None and before.dose_rate is not None else before.rate
        made = Programmed(
            mode=_MODES.get(segment.source),
            dose=dose,
            rate=rate,
            volume=told.volume or segment.vtbi,
            amount=told.amount,
            diluent=told.diluent,
            weight=told.weight,
            height=told.height,
            body_surface_area=told.body_surface_area,
            previous=previous,
        )
        return made if made != Programmed() else None

    def _make(self, kind: Kind, *heard: Heard, **fields: Any) -> None:  # noqa: ANN401 - fields of a record
        self.maker.make(kind, *heard, with_library=heard[-1].with_library, **fields)


def _infusion_source(source: FlowSource) -> FlowSource:
    """Return the source of the infusion: a single dose is given on top of the primary one."""
    return source if source in INFUSIONS else "primary"


def _is_one_change(ended: Heard, began: Heard) -> bool:
    """Whether a start follows a stop in transition at once; between two infusions nothing is in transition (IHE)."""
    sources = {one.segment.source for one in (ended, began) if one.segment is not None}
    return timedelta(0) <= began.at - ended.at <= APART and sources != set(INFUSIONS)
