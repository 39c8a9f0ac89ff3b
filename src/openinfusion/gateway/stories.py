"""
What pumps were heard to say, and what was told of it: so that late messages change the story and not the lake's past.

Everything heard of a pump is kept beside the lake, without anything that may identify a person. When more is heard the
pump's story is told anew: records that are new go to the lake, and those that no longer follow are voided there. A
record that its sender tells whole is final, and nothing but its id is kept.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from openinfusion.adapters.hl7.story import Heard, from_bytes, tell, to_bytes, void
from openinfusion.core.errors import OperatorError
from openinfusion.core.events import Event

READER = 2
"""The version of the reader; what an older one heard is heard again."""
FILE = "stories.db"
_BUSY_SECONDS = 30
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SCHEMA = f"""
CREATE TABLE heard(
    pump TEXT NOT NULL, story TEXT NOT NULL, key TEXT NOT NULL, part INTEGER NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY(pump, story, key, part)
) WITHOUT ROWID;
CREATE INDEX heard_key ON heard(key);
CREATE TABLE told(
    pump TEXT NOT NULL, story TEXT NOT NULL, event_id TEXT NOT NULL, at INTEGER NOT NULL, received INTEGER,
    is_void INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY(pump, story, event_id)
) WITHOUT ROWID;
CREATE TABLE claim(
    pump TEXT NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL, at INTEGER NOT NULL,
    PRIMARY KEY(pump, field)
) WITHOUT ROWID;
PRAGMA user_version = {READER}
"""
_CLAIM = """
INSERT INTO claim VALUES (?, ?, ?, ?) ON CONFLICT(pump, field) DO UPDATE SET value = excluded.value, at = excluded.at
WHERE excluded.at > at OR (excluded.at = at AND excluded.value > value)
"""
_TOLD = "SELECT event_id, at, received, is_void FROM told WHERE pump = ? AND story = ?"
_VOID = "UPDATE told SET is_void = 1 WHERE pump = ? AND story = ? AND event_id = ?"
_AGAIN = "+"
"""Ends the id of a record that follows again after it was voided."""
CLAIMS = ("library_name", "library_version", "software", "maker", "model", "ward", "power", "last_heard")
"""What a pump claims of itself."""
Keep = Callable[[Sequence[Event]], None]
Place = tuple[str, str]


class Claim(NamedTuple):
    """What a pump said of itself last, and when by its own clock."""

    value: str
    at: datetime


@dataclass(slots=True)
class Telling:
    """
    What was told.

    Attributes:
        events: records handed on.
        voided: records taken back.
        waiting: messages that tell nothing until another one comes.
        faults: why records could not be made.

    """

    events: int = 0
    voided: int = 0
    waiting: dict[Place, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


class _Difference(NamedTuple):
    """What of one story is new, and the voids of what no longer follows."""

    place: Place
    new: list[Event]
    voids: list[Event]

    @property
    def is_any(self) -> bool:
        return bool(self.new or self.voids)


class Stories:
    """
    The stories of the pumps of one lake. One process uses them at a time.

    Attributes:
        is_new: whether they were begun just now.
        telling: what was told since they were opened.

    """

    def __init__(self, database: sqlite3.Connection, *, where: str) -> None:
        self._database = database
        self._where = where
        self.telling = Telling()
        with self._sound():
            database.execute("PRAGMA journal_mode = WAL")
            self.is_new = not database.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
            if self.is_new:
                database.executescript(_SCHEMA)

    @classmethod
    def open(cls, folder: Path | None) -> "Stories":
        """Open the stories of a lake; without a folder they are kept in memory. Raises OperatorError if it cannot."""
        place = ":memory:" if folder is None else str(folder / FILE)
        try:
            return cls(sqlite3.connect(place, timeout=_BUSY_SECONDS), where=place)
        except sqlite3.Error as error:
            raise OperatorError(where=place, found=str(error), expected="a file that can be written") from None

    def close(self) -> None:
        """Close them."""
        self._database.close()

    @property
    def is_of_this_reader(self) -> bool:
        """Whether what was heard was heard by this version of the reader."""
        return int(self._database.execute("PRAGMA user_version").fetchone()[0]) == READER

    def take(self, heard: Sequence[Heard], keep: Keep, *, instead_of: Collection[str] = ()) -> None:
        """
        Hear more, and hand on what follows from it.

        ``instead_of`` names messages that are read again: what was heard of them before is forgotten, and what follows
        from it no longer is taken back. What was heard of other messages stays, for they may be deleted by now.

        Handing on comes before it is noted: if the process ends between the two it is handed on again, and ``keep``
        must know by its id what it has.
        """
        with self._sound():
            with self._database:
                places = dict.fromkeys(place for key in instead_of for place in self._forget(key))
                places |= dict.fromkeys(self._hear(one.without_person() for one in heard))
            self._tell(places, keep)

    def read_by_this_reader(self) -> None:
        """Note that everything that is still stored was read by this version of the reader."""
        self._database.execute(f"PRAGMA user_version = {READER}")

    def _forget(self, key: str) -> list[Place]:
        found = self._database.execute("SELECT DISTINCT pump, story FROM heard WHERE key = ?", (key,)).fetchall()
        self._database.execute("DELETE FROM heard WHERE key = ?", (key,))
        return [(pump, story) for pump, story in found]

    def _hear(self, heard: Iterable[Heard]) -> list[Place]:
        """Keep what is heard and return whose story must be told anew; a record that was told whole is final."""
        places: dict[Place, None] = {}
        parts: Counter[str] = Counter()
        for one in heard:
            place = (one.pump, one.story)
            self._claim(one)
            is_final = self._is_told(place) if one.story else self._tells_records(one.pump)
            if is_final:
                continue
            row = (*place, one.key, parts[one.key], to_bytes(one))
            self._database.execute("INSERT OR IGNORE INTO heard VALUES (?, ?, ?, ?, ?)", row)
            parts[one.key] += 1
            places[place] = None
            if one.story:
                places[one.pump, ""] = None
        return list(places)

    def _is_told(self, place: Place) -> bool:
        return self._database.execute("SELECT 1 FROM told WHERE pump = ? AND story = ?", place).fetchone() is not None

    def _claim(self, one: Heard) -> None:
        library = one.library
        told = {
            "library_name": library and library.name,
            "library_version": library and library.version,
            **{name: getattr(one, name) for name in ("software", "maker", "model", "ward", "power")},
        }
        at = _to_microseconds(one.at)
        self._database.executemany(_CLAIM, [(one.pump, name, value, at) for name, value in told.items() if value])
        # When it came, not what the pump's clock said: that may be years wrong.
        came = one.received.astimezone(UTC)
        self._database.execute(_CLAIM, (one.pump, "last_heard", came.isoformat(), _to_microseconds(came)))

    def _tell(self, places: Iterable[Place], keep: Keep) -> None:
        differences = [difference for place in places if (difference := self._difference(place)).is_any]
        made = [event for one in differences for event in (*one.new, *one.voids)]
        if made:
            keep(made)
        with self._database:
            for one in differences:
                self._note(one)
        self.telling.events += sum(len(one.new) for one in differences)
        self.telling.voided += sum(len(one.voids) for one in differences)

    def _difference(self, place: Place) -> "_Difference":
        """Tell a story anew; return the records that are new, and voids of those that no longer follow."""
        pump, story = place
        heard: list[Heard] = []
        if story or not self._tells_records(pump):
            rows = self._database.execute("SELECT body FROM heard WHERE pump = ? AND story = ?", place)
            heard = [from_bytes(body) for (body,) in rows]
        result = tell(heard)
        self.telling.faults += result.faults
        self.telling.waiting.pop(place, None)
        if result.waiting:
            self.telling.waiting[place] = result.waiting
        now = {event.event_id: event for event in result.events}
        voids, voided = [], set()
        for event_id, at, received, is_void in self._database.execute(_TOLD, place):
            name = event_id.rstrip(_AGAIN)
            if is_void:
                voided.add(event_id)
            elif now.pop(name, None) is None:
                came = None if received is None else _from_microseconds(received)
                voids.append(void(event_id, pump=pump, at=_from_microseconds(at), received=came))
        return _Difference(place, [_unlike(event, voided) for event in now.values()], voids)

    def _tells_records(self, pump: str) -> bool:
        """Whether a pump tells its records whole; then its reports tell nothing that they do not."""
        for table in ("told", "heard"):
            found = self._database.execute(
                f"SELECT 1 FROM {table} WHERE pump = ? AND story > '' LIMIT 1",  # noqa: S608 - one of two
                (pump,),
            )
            if found.fetchone() is not None:
                return True
        return False

    def _note(self, one: "_Difference") -> None:
        """Note what was handed on; the id of what was voided stays known, for the lake counts it no more."""
        execute = self._database.execute
        for event in one.new:
            received = None if event.received is None else _to_microseconds(event.received)
            row = (*one.place, event.event_id, _to_microseconds(event.at), received)
            execute("INSERT OR REPLACE INTO told VALUES (?, ?, ?, ?, ?, 0)", row)
        for event in one.voids:
            execute(_VOID, (*one.place, event.about))
        if one.place[1] and one.new:
            execute("DELETE FROM heard WHERE pump = ? AND story = ?", one.place)

    def claims(self) -> Iterator[tuple[str, dict[str, Claim]]]:
        """Yield what each pump said of itself last, by pump."""
        pumps: dict[str, dict[str, Claim]] = {}
        for pump, name, value, at in self._database.execute("SELECT * FROM claim ORDER BY pump"):
            pumps.setdefault(pump, {})[name] = Claim(value, _from_microseconds(at))
        yield from pumps.items()

    @contextmanager
    def _sound(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            expected = "stories on a sound disk with room, and no other process that holds them"
            raise OperatorError(where=self._where, found=str(error), expected=expected) from error


def _unlike(event: Event, voided: set[str]) -> Event:
    """Return a record under an id that was not voided."""
    while event.event_id in voided:
        event = replace(event, event_id=event.event_id + _AGAIN)
    return event


def _to_microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _from_microseconds(count: int) -> datetime:
    return _EPOCH + count * _MICROSECOND
