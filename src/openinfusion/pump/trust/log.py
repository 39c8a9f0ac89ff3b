"""From notes to records: numbered, stamped by the pump's own clock, received late or never, and written as JSON."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

import msgspec

from openinfusion.core.events import Kind
from openinfusion.lake.example.dice import Dice
from openinfusion.lake.example.notes import Note, Notes
from openinfusion.lake.example.trust import DAY, Pump, Trust

Record = dict[str, Any]
MEMORY = 200
"""Records that a pump keeps while it has no connection (United Kingdom logs, 2013)."""
OFFLINE_EVERY = 25 * DAY
SILENT_LOSS = 0.0001
TWICE, LATE, CORRECTED, VOIDED = 0.0005, 0.004, 0.0006, 0.0004
"""Shares of records sent twice, held up on the way, replaced, and declared void."""
SYNC_EVERY = 90 * DAY


@dataclass(frozen=True, slots=True)
class Received:
    """One line of a log and the moment at which it came in, by which logs are sorted."""

    at: float
    line: bytes
    record: Record


class PumpLog:
    """Turns the notes of one pump into its records."""

    def __init__(self, trust: Trust, pump: Pump) -> None:
        self.trust, self.pump = trust, pump
        self.dice = Dice(trust.settings.seed, "log", pump.number)
        self.prefix = Dice(trust.settings.seed, "id", pump.number).token(8)
        settings = trust.settings
        self.offline = self._offline(settings.last)
        self.syncs = self._syncs(settings.last)
        half = settings.first + (settings.last - settings.first) / 2
        self.software_changes = half + self.dice.between(-60, 60) * DAY

    def _offline(self, last: float) -> list[tuple[float, float]]:
        """Return when the pump has no connection; a lost pump has none for months."""
        made = []
        at = self.pump.in_service + self.dice.exponential(OFFLINE_EVERY)
        if self.pump.is_lost:
            long = at + self.dice.between(60, 150) * DAY
            made.append((at, long))
            at = long + self.dice.exponential(OFFLINE_EVERY)
        while at < last:
            back = at + max(self.dice.lognormal(median=6 * 3600, spread=1.6), 60)
            made.append((at, back))
            at = back + self.dice.exponential(OFFLINE_EVERY)
        return made

    def _syncs(self, last: float) -> list[float]:
        """Return when the clock is put right."""
        made, at = [], self.pump.in_service + self.dice.exponential(SYNC_EVERY)
        while at < last:
            made.append(at)
            at += self.dice.between(0.5, 1.5) * SYNC_EVERY
        return made

    def records(self, notes: Notes) -> tuple[list[Note], list[Received]]:
        """Return the notes that are kept, and their records in the order in which they came in."""
        kept = self.numbered(notes)
        libraries = self._libraries(kept)
        made: list[Received] = []
        for note in kept:
            record = self.record(note, libraries)
            made.append(Received(note.received, msgspec.json.encode(record), record))
            if self.dice.chance(TWICE):
                made.append(Received(note.received + 60, made[-1].line, record))
        made.sort(key=lambda received: received.at)
        return kept, made

    def numbered(self, notes: Notes) -> list[Note]:
        """Return the notes that are kept, each with its sequence number and the moment of its receipt."""
        told = notes.all
        last = self.trust.settings.last
        for start, back in self.offline:
            told.append(Note(start, Kind.CONNECTION, {"connected": False, "network": "wifi"}))
            if back < last:
                told.append(Note(back, Kind.CONNECTION, {"connected": True, "network": "wifi"}))
        for sync in self.syncs:
            told.append(Note(sync, Kind.CLOCK_CHANGED, {"clock_before": self.stamp(sync, before=True)}))
        self._correct(notes)
        told.sort(key=lambda note: note.at)
        self._gaps(told)
        for number, note in enumerate(told, start=1):
            note.sequence = number
        kept = [note for note in told if not self._is_lost(note)]
        for note in kept:
            note.received = self._received(note.at)
        return [note for note in kept if note.received < last + 14 * DAY]

    def _correct(self, notes: Notes) -> None:
        """Add the few records that replace another one, or declare it void."""
        for note in list(notes.all):
            if note.kind is Kind.COMPLETED and self.dice.chance(CORRECTED * 8):
                notes.all.append(Note(note.at + 600, Kind.COMPLETED, note.fields | {"supersedes": note}))
            elif note.kind is Kind.PATIENT_CHANGED and self.dice.chance(VOIDED * 20):
                notes.all.append(Note(note.at + 900, Kind.RECORD_VOIDED, {"about": note, "reason": "wrong patient"}))

    def _gaps(self, told: list[Note]) -> None:
        """Add a gap wherever more was noted without a connection than the pump can keep, and mark what is lost."""
        for start, back in self.offline:
            inside = [note for note in told if start < note.at < back]
            too_many = len(inside) - MEMORY + 1
            if too_many <= 0 or back >= self.trust.settings.last:
                continue
            lost = inside[:too_many]
            for note in lost:
                note.received = -1.0
            place = next(place for place, note in enumerate(told) if note.at >= back)
            told.insert(place, Note(back, Kind.LOG_GAP, {"first_lost": lost[0], "last_lost": lost[-1]}))

    def _is_lost(self, note: Note) -> bool:
        return note.received < 0 or (note.kind is not Kind.LOG_GAP and self.dice.chance(SILENT_LOSS))

    def _received(self, at: float) -> float:
        for start, back in self.offline:
            if start <= at < back:
                return back + self.dice.between(1, 300)
        late = self.dice.between(1, 70) * 3600 if self.dice.chance(LATE) else 0
        return at + self.dice.between(0.2, 8) + late

    def _libraries(self, kept: list[Note]) -> tuple[list[float], list[dict[str, str]]]:
        """Return from which moment which library was in force."""
        moments, names = [0.0], [self.trust.releases[0].name]
        for note in kept:
            if note.kind in (Kind.LIBRARY_ACTIVATED, Kind.LIBRARY_REVERTED):
                moments.append(note.at)
                names.append(note.fields["library"])
        return moments, names

    def clock(self, at: float, *, before: bool = False) -> float:
        """Return by how many seconds the pump's clock is ahead."""
        done = [sync for sync in self.syncs if (sync < at if before else sync <= at)]
        if done:
            return self.pump.drift * (at - done[-1])
        return self.pump.fast + self.pump.drift * (at - self.pump.in_service)

    def stamp(self, at: float, *, before: bool = False) -> str:
        """Return what the pump's clock says."""
        shown = at + self.clock(at, before=before)
        return _london(shown)

    def record(self, note: Note, libraries: tuple[list[float], list[dict[str, str]]]) -> Record:
        pump = self.pump
        record: Record = {
            "event_id": self.event_id(note),
            "kind": note.kind.value,
            "pump": pump.number,
            "at": self.stamp(note.at),
            "maker": pump.model.maker,
            "model": pump.model.model,
            "software": pump.model.software[note.at >= self.software_changes],
            "sequence": note.sequence,
            "received": _utc(note.received),
            "library": libraries[1][bisect_right(libraries[0], note.at) - 1],
            "ward": pump.ward.name,
        }
        if pump.is_clock_known:
            record["clock_offset"] = str(round(self.clock(note.at)))
        for name, value in note.fields.items():
            if isinstance(value, Note):
                record[name] = value.sequence if name in ("first_lost", "last_lost") else self.event_id(value)
            elif value is not None:
                record[name] = value
        return record

    def event_id(self, note: Note) -> str:
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
