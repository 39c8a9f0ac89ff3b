"""From notes to records: stamped by the pump's own clock, received late, twice or never, and written as JSON."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

import msgspec

from openinfusion.core.events import Kind
from openinfusion.pump.machine import Note
from openinfusion.pump.records import fields_json, library_json
from openinfusion.pump.trust.bedside import DAY, HOUR
from openinfusion.pump.trust.dice import Dice
from openinfusion.pump.trust.trust import Pump, Trust

Record = dict[str, Any]
SILENT_LOSS = 0.0001
TWICE, LATE = 0.0005, 0.004
"""Shares of records sent twice, and held up on the way."""
SYNC_EVERY = 90 * DAY


@dataclass(frozen=True, slots=True)
class Received:
    """One line of a log and the moment at which it came in, by which logs are sorted."""

    at: float
    line: bytes
    record: Record


class Clock:
    """A pump's own clock: set wrongly, drifting, and put right now and then."""

    def __init__(self, pump: Pump, *, last: float, dice: Dice) -> None:
        self._pump = pump
        self.syncs: list[float] = []
        at = pump.in_service + dice.exponential(SYNC_EVERY)
        while at < last:
            self.syncs.append(at)
            at += dice.between(0.5, 1.5) * SYNC_EVERY

    def ahead(self, at: float, *, before: bool = False) -> float:
        """Return by how many seconds the clock is ahead; ``before`` leaves out what is put right at this moment."""
        done = [sync for sync in self.syncs if (sync < at if before else sync <= at)]
        if done:
            return self._pump.drift * (at - done[-1])
        return self._pump.fast + self._pump.drift * (at - self._pump.in_service)

    def stamp(self, at: float, *, before: bool = False) -> str:
        """Return what the clock says."""
        return _london(at + self.ahead(at, before=before))


class PumpLog:
    """How the notes of one pump become records: its clock, and when it has a connection."""

    def __init__(self, trust: Trust, pump: Pump) -> None:
        self.pump, self.last = pump, trust.settings.last
        self.dice = Dice(trust.settings.seed, "log", pump.number)
        self.prefix = Dice(trust.settings.seed, "id", pump.number).token(8)
        self.clock = Clock(pump, last=self.last, dice=self.dice)
        self.offline = self._offline()
        half = trust.settings.first + (trust.settings.last - trust.settings.first) / 2
        self.software_changes = half + self.dice.between(-60, 60) * DAY

    def _offline(self) -> list[tuple[float, float]]:
        """Return when the pump has no connection, as pumps that are kept where this one is."""
        made, where = [], self.pump.where
        without = where.hours * HOUR
        between = without * where.online / (1 - where.online)
        at = self.pump.in_service + self.dice.exponential(between)
        while at < self.last:
            back = at + max(self.dice.exponential(without), 600)
            made.append((at, back))
            at = back + max(self.dice.exponential(between), 60)
        return made

    def records(self, notes: list[Note], lost: frozenset[int]) -> tuple[list[Note], list[Received]]:
        """Return the notes that are kept, and their records in the order in which they came in."""
        kept: list[Note] = []
        made: list[Received] = []
        for note in notes:
            received = self._received(float(note.at))
            if note.sequence in lost or received >= self.last + 14 * DAY or self._vanishes(note):
                continue
            kept.append(note)
            record = self.record(note, received)
            made.append(Received(received, msgspec.json.encode(record), record))
            if self.dice.chance(TWICE):
                made.append(Received(received + 60, made[-1].line, record))
        made.sort(key=lambda one: one.at)
        return kept, made

    def _vanishes(self, note: Note) -> bool:
        return note.kind is not Kind.LOG_GAP and self.dice.chance(SILENT_LOSS)

    def _received(self, at: float) -> float:
        place = bisect_right(self.offline, (at, float("inf"))) - 1
        if place >= 0 and at < self.offline[place][1]:
            return self.offline[place][1] + self.dice.between(1, 300)
        late = self.dice.between(1, 70) * 3600 if self.dice.chance(LATE) else 0
        return at + self.dice.between(0.2, 8) + late

    def record(self, note: Note, received: float) -> Record:
        """Return the record of a note that came in at a moment."""
        pump, at = self.pump, float(note.at)
        is_newer = at >= self.software_changes
        record: Record = {
            "event_id": self.event_id(note),
            "kind": note.kind.value,
            "pump": pump.number,
            "at": self.clock.stamp(at),
            "maker": pump.model.maker,
            "model": pump.model.model,
            "software": pump.newer_software if is_newer else pump.model.software,
            "sequence": note.sequence,
            "received": _utc(received),
            "library": library_json(note.library),
            "ward": note.ward,
        }
        if pump.is_clock_known:
            record["clock_offset"] = str(round(self.clock.ahead(at)))
        return record | fields_json(note, self.event_id)

    def event_id(self, note: Note) -> str:
        """Return the id of a note's record."""
        return f"{self.prefix}-{note.sequence:06x}"


def _utc(at: float) -> str:
    return datetime.fromtimestamp(round(at, 3), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _london(at: float) -> str:
    """Return a moment as a clock in the United Kingdom shows it, with its offset."""
    hours = _summer(int(at // 3600))
    zone = timezone(timedelta(hours=hours))
    return datetime.fromtimestamp(round(at, 3), zone).isoformat(timespec="milliseconds")


@lru_cache(maxsize=32768)
def _summer(hour: int) -> int:
    """Return 1 in summer time: from 01:00 UTC on the last Sunday of March to the same of October."""
    now = datetime.fromtimestamp(hour * 3600, UTC)
    start, end = (_last_sunday(now.year, month) for month in (3, 10))
    return int(start <= now < end)


def _last_sunday(year: int, month: int) -> datetime:
    last = datetime(year, month, 31, 1, tzinfo=UTC)
    return last - timedelta(days=(last.weekday() + 1) % 7)
