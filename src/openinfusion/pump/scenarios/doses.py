"""
What the patient was really given, from a log and what the containers truly held.

A pump reckons with the strength that it was told. Here the volumes of its delivery segments are multiplied by the true
strength of the container that was in, exactly.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise

from openinfusion.core.errors import AuthorError
from openinfusion.core.event_parts import FlowSource, Segment
from openinfusion.core.events import Event, Kind
from openinfusion.core.units import ML, ML_PER_H, Quantity
from openinfusion.pump.scenarios.scenario import Stock

_HOUR = 3600
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DosePoint:
    """
    What had been given at a moment; between two points it grows evenly.

    Attributes:
        at: seconds since the first record.
        given: the dose given since then.

    """

    at: Fraction
    given: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """
    One delivery segment.

    Attributes:
        began: when it began, in seconds since the first record.
        ended: when it ended; ``None`` if the log ends before it.
        source: what flowed.
        stock: the container that it flowed from.
        rate: its rate, in mL/h; ``None`` where the log does not tell.
        volume: what it gave, in mL; ``None`` if the log ends before it.

    """

    began: Fraction
    source: FlowSource
    stock: Stock
    rate: Fraction | None
    ended: Fraction | None = None
    volume: Fraction | None = None

    def moved(self, until: Fraction) -> Fraction:
        """Return what it had given at its end, or, where the log ends before it, at a moment; in mL."""
        if self.volume is not None:
            return self.volume
        return (self.rate or Fraction(0)) * max(until - self.began, Fraction(0)) / _HOUR


def dose_over_time(
    events: Iterable[Event],
    stock: Sequence[Stock],
    *,
    drug: str | None = None,
    source: FlowSource | None = None,
    until: Fraction | None = None,
) -> tuple[DosePoint, ...]:
    """
    Return what was really given over time, point by point.

    Args:
        events: the records of one pump, in order.
        stock: the containers as they were put in or connected, in order.
        drug: the drug that is counted; ``None`` for that of the first container.
        source: counts one source only, such as a clinician's bolus; ``None`` for all.
        until: the last second, for what still flows when the log ends; ``None`` for that of the last record.

    Raises:
        AuthorError: the log has more containers than the stock.

    """
    told = tuple(events)
    drug = drug if drug is not None else next((one.drug for one in stock), "")
    counted = next((one.strength.unit for one in stock if one.drug == drug), ML)
    end = until if until is not None else _seconds(told[-1].at, told[0].at) if told else Fraction(0)
    total, points = Fraction(0), [DosePoint(at=Fraction(0), given=Quantity(Fraction(0), counted))]
    for flow in flows(told, stock):
        points.append(DosePoint(at=flow.began, given=Quantity(total, counted)))
        if flow.stock.drug == drug and source in (None, flow.source):
            total += flow.stock.amount_in(flow.moved(end)).to(counted).value
        points.append(DosePoint(at=end if flow.ended is None else flow.ended, given=Quantity(total, counted)))
    if points[-1].at < end:
        points.append(DosePoint(at=end, given=points[-1].given))
    return tuple(point for n, point in enumerate(points) if n == 0 or point != points[n - 1])


def given_at(points: Sequence[DosePoint], at: Fraction) -> Quantity:
    """Return what had been given at a moment, between two points in proportion; nothing before the first."""
    before = next((point for point in reversed(points) if point.at <= at), None)
    after = next((point for point in points if point.at > at), None)
    if before is None:
        return Quantity(Fraction(0), points[0].given.unit)
    if after is None:
        return before.given
    share = (at - before.at) / (after.at - before.at)
    return Quantity(before.given.value + share * (after.given.value - before.given.value), before.given.unit)


def flows(events: Sequence[Event], stock: Sequence[Stock]) -> Iterator[Flow]:
    """Yield the delivery segments of a log, each with the container that it came from; raises AuthorError."""
    bedside = _Bedside(stock)
    begun: tuple[Fraction, Segment, Stock] | None = None
    for event in events:
        at = _seconds(event.at, events[0].at)
        if event.kind is Kind.CONTAINER_CHANGED:
            bedside.put_in(event)
        if event.ended is not None:
            # A segment whose beginning is not in the log began, as far as anybody knows, when it ended.
            since, _, held = begun or (at, event.ended, bedside.container(event, event.ended))
            volume = event.ended.volume.to(ML).value if event.ended.volume is not None else Fraction(0)
            rate = _rate(event.ended)
            yield Flow(began=since, ended=at, source=event.ended.source, stock=held, rate=rate, volume=volume)
            begun = None
        if event.began is not None:
            begun = (at, event.began, bedside.container(event, event.began))
    if begun is not None:
        since, segment, held = begun
        yield Flow(began=since, source=segment.source, stock=held, rate=_rate(segment))


def longest_gap(events: Sequence[Event], stock: Sequence[Stock]) -> Fraction | None:
    """Return the longest time, in seconds, in which nothing flowed between the first and the last flow of a log."""
    found = list(flows(events, stock))
    gaps = [after.began - before.ended for before, after in pairwise(found) if before.ended is not None]
    return max(gaps, default=Fraction(0)) if found else None


def _seconds(moment: datetime, start: datetime) -> Fraction:
    return Fraction((moment - start) // _MILLISECOND, 1000)


def _rate(segment: Segment) -> Fraction | None:
    return None if segment.rate is None else segment.rate.to(ML_PER_H).value


@dataclass(slots=True)
class _Bedside:
    """Which container is on which line."""

    stock: Sequence[Stock]
    changed: int = 0
    lines: dict[str, str] = field(default_factory=dict)

    def put_in(self, event: Event) -> None:
        """Take the next container of the stock into the pump."""
        self.changed += 1
        known = len(self._on("primary"))
        if self.changed > known:
            raise AuthorError(
                where=f"record {event.event_id}",
                found=f"container {self.changed} that was put in",
                expected=f"at most {known}, which are all that are said to be at the bedside",
            )

    def container(self, event: Event, segment: Segment) -> Stock:
        """Return the container that a segment flows from: a secondary that is not open gives from the primary."""
        infusion = event.infusion or ""
        if segment.source in ("primary", "secondary"):
            self.lines[infusion] = segment.source
        if self.lines.get(infusion) == "secondary" and (open_now := self._on("secondary")):
            return open_now[-1]
        if not self.changed:
            raise AuthorError(
                where=f"record {event.event_id}",
                found="flow, and no container put in before it",
                expected="a log that begins with the container",
            )
        return self._on("primary")[self.changed - 1]

    def _on(self, line: str) -> list[Stock]:
        return [one for one in self.stock if one.line == line]
