"""
The write-ahead store of raw messages: what is kept here survives a kill and a power cut, and only then is acknowledged.

A message is known by its sender (MSH-3) and control id (MSH-10). The same bytes again are a duplicate: nothing is kept,
and the answer is the one that was given first, byte for byte. Other bytes under the same key are a conflict: they are
kept, apart, and reported. SQLite in WAL mode with synchronous=FULL; one transaction for as many messages as wait.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol

from openinfusion.adapters.durable import sync_folder
from openinfusion.core.errors import OperatorError

VERSION = 1
_PRIVATE = 0o600
_BUSY_SECONDS = 5
_CHECKPOINT = 4 * 2**20
_PRIMARY = 0xFF
# With these, and if its shared memory finds no room (IOERR_SHMSIZE), SQLite has written nothing that counts.
_LATER = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_STEP = 1000
_LAST = 2**63 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SCHEMA = f"""
CREATE TABLE message(
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sender BLOB NOT NULL,
    control_id BLOB NOT NULL,
    digest BLOB NOT NULL,
    received INTEGER NOT NULL,
    listener TEXT NOT NULL,
    peer TEXT NOT NULL,
    conflict_of INTEGER,
    acknowledgement BLOB NOT NULL,
    raw BLOB
);
CREATE UNIQUE INDEX message_key ON message(sender, control_id, digest);
CREATE INDEX message_received ON message(received);
CREATE TABLE cursor(name TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
PRAGMA user_version = {VERSION}
"""
_COLUMNS = "id, sender, control_id, received, listener, peer, conflict_of, digest, raw"
# Some senders give every message the same control id: neither of these looks at more than one row.
_FIND_KEY = "SELECT coalesce(conflict_of, id) FROM message WHERE sender = ? AND control_id = ? LIMIT 1"
_FIND_SAME = "SELECT acknowledgement FROM message WHERE sender = ? AND control_id = ? AND digest = ?"
_INSERT = """
INSERT INTO message(sender, control_id, digest, received, listener, peer, conflict_of, acknowledgement, raw)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_OLD = f"received < ? AND id <= ? LIMIT {_STEP}"
_FORGET_CONTENTS = f"""
UPDATE message SET raw = NULL, peer = '' WHERE id IN (SELECT id FROM message WHERE raw IS NOT NULL AND {_OLD})
"""  # noqa: S608 - constants
_FORGET_KEYS = f"DELETE FROM message WHERE id IN (SELECT id FROM message WHERE {_OLD})"  # noqa: S608 - constants


class StoreError(OperatorError):
    """The store failed in a way after which nothing that it says can be relied on: the process must end."""


class NotNowError(OperatorError):
    """Nothing of this was kept, and nothing is broken: there is no room, or another process holds the store."""


class Database(Protocol):
    """What the store needs of SQLite; a test puts a disk that forgets under it."""

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> Any:  # noqa: ANN401 - a cursor
        """Run one statement; there is no transaction but the one that BEGIN opens."""

    def close(self) -> None:
        """Close it."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""


@contextmanager
def transaction(database: Database) -> Iterator[None]:
    """Do all that is inside, or nothing of it."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:  # SQLite itself may have taken it back
            database.execute("ROLLBACK")
        raise


class Fate(StrEnum):
    """What became of a message; each of them is kept, this time or an earlier one."""

    KEPT = "kept"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that came, and the acknowledgement it gets if it is new."""

    sender: bytes
    control_id: bytes
    raw: bytes
    received: datetime
    listener: str
    peer: str
    acknowledgement: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an arrival, and the answer to its sender."""

    fate: Fate
    acknowledgement: bytes


@dataclass(frozen=True, slots=True)
class Stored:
    """
    A message in the store.

    Attributes:
        conflict_of: the number of the first message of this sender and control id, if that has other bytes.
        raw: its bytes; ``None`` once they were deleted.
        is_sound: whether its bytes are those that came; not so where the disk has changed one.

    """

    id: int
    sender: bytes
    control_id: bytes
    received: datetime
    listener: str
    peer: str
    conflict_of: int | None
    raw: bytes | None
    is_sound: bool = True


def connect(path: Path) -> Database:
    """Return a connection to a database file; a new one is for its owner only, for it holds patients' data."""
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, _PRIVATE))
        sync_folder(path.parent)
    return sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)


class Store:
    """
    The messages in one file. One thread uses it at a time; any number of other processes may read.

    Every method raises StoreError if the database fails.
    """

    def __init__(self, database: Database, *, where: str) -> None:
        self._database = database
        self._where = where
        self._unchecked = 0
        with self._sound():
            self._prepare()

    @classmethod
    def open(cls, path: Path, *, may_create: bool = True) -> "Store":
        """Open a store, or make it; raises StoreError if the file is none, or may not be written."""
        if not may_create and not (path.is_file() and path.stat().st_size):
            found = "an empty file" if path.is_file() else "no file"
            raise StoreError(where=str(path), found=found, expected="a store of messages")
        try:
            database = connect(path)
        except (OSError, sqlite3.Error) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise StoreError(where=str(path), found=reason, expected="a file in a folder that can be written") from None
        try:
            return cls(database, where=str(path))
        except OperatorError:
            database.close()
            raise

    def _prepare(self) -> None:
        execute = self._database.execute
        execute("PRAGMA journal_mode = WAL").fetchone()
        execute("PRAGMA synchronous = FULL")
        execute("PRAGMA secure_delete = ON").fetchone()
        # Checkpoints are made here, where a failed one is seen; those of SQLite itself fail in silence.
        execute("PRAGMA wal_autocheckpoint = 0").fetchone()
        if self._version() == 0 and not execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
            self._make()
        if self._version() != VERSION:
            found = f"another database, version {self._version()}"
            raise StoreError(where=self._where, found=found, expected=f"a store of messages, version {VERSION}")

    def _version(self) -> int:
        return int(self._database.execute("PRAGMA user_version").fetchone()[0])

    def _make(self) -> None:
        with self._transaction():
            if self._version() == 0:  # nobody else made it meanwhile
                for statement in _SCHEMA.split(";"):
                    self._database.execute(statement)

    def close(self) -> None:
        """Close the store; what it holds is safe before that."""
        with self._sound():
            self._database.close()

    # --- Keeping ------------------------------------------------------------------------------------------------------

    def keep(self, arrivals: Sequence[Arrival]) -> list[Outcome]:
        """
        Keep messages, all or none; once this returns they survive a power cut.

        Raises:
            NotNowError: none was kept, and they may be sent again.
            StoreError: it is not known what was kept; the process must end without an answer to anybody.

        """
        with self._transaction():
            outcomes = [self._keep_one(one) for one in arrivals]
        self._unchecked += sum(len(one.raw) for one in arrivals)
        if self._unchecked > _CHECKPOINT:
            self.checkpoint()
        return outcomes

    def _keep_one(self, one: Arrival) -> Outcome:
        digest = _digest(one.raw)
        key = (one.sender, one.control_id)
        other = self._database.execute(_FIND_KEY, key).fetchone()
        if other is not None:
            same = self._database.execute(_FIND_SAME, (*key, digest)).fetchone()
            if same is not None:
                return Outcome(Fate.DUPLICATE, same[0])
        conflict_of = other[0] if other else None
        about = (_to_microseconds(one.received), one.listener, one.peer, conflict_of, one.acknowledgement, one.raw)
        self._database.execute(_INSERT, (*key, digest, *about))
        return Outcome(Fate.CONFLICT if other else Fate.KEPT, one.acknowledgement)

    def checkpoint(self) -> None:
        """Move what the log holds into the database file, as far as readers and the disk let it."""
        try:
            with self._sound():
                self._database.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except NotNowError:
            return  # it is safe in the log, and will be moved another time
        self._unchecked = 0

    # --- Reading ------------------------------------------------------------------------------------------------------

    def messages_after(self, position: int, *, limit: int = 1000, conflicts: bool = False) -> list[Stored]:
        """Return messages with a higher number in their order; those in conflict with an earlier one if asked for."""
        which = "" if conflicts else "AND conflict_of IS NULL"
        with self._sound():
            rows = self._database.execute(
                f"SELECT {_COLUMNS} FROM message WHERE id > ? {which} ORDER BY id LIMIT ?",  # noqa: S608 - constants
                (position, limit),
            ).fetchall()
        return [_from_row(row) for row in rows]

    def message(self, number: int) -> Stored | None:
        """Return the message of a number, or ``None`` if there is none."""
        found = self.messages_after(number - 1, limit=1, conflicts=True)
        return found[0] if found and found[0].id == number else None

    def count(self) -> int:
        """Return how many messages the store knows, with conflicts and those whose content was deleted."""
        with self._sound():
            return int(self._database.execute("SELECT count(*) FROM message").fetchone()[0])

    def position(self, name: str) -> int:
        """Return how far a reader has come; 0 for one that has not begun."""
        with self._sound():
            row = self._database.execute("SELECT position FROM cursor WHERE name = ?", (name,)).fetchone()
        return int(row[0]) if row else 0

    def readers(self) -> list[str]:
        """Return the names of all that have noted how far they have read."""
        with self._sound():
            return [name for (name,) in self._database.execute("SELECT name FROM cursor ORDER BY name").fetchall()]

    def move(self, name: str, position: int) -> None:
        """Note durably how far a reader has come; 0 to begin again, with a newer reader perhaps."""
        with self._transaction():
            self._database.execute("INSERT OR REPLACE INTO cursor VALUES (?, ?)", (name, position))

    # --- Deleting -----------------------------------------------------------------------------------------------------

    def forget_contents(self, before: datetime, *, unread: bool = False) -> int:
        """
        Delete the content of messages received before a moment, and return how many.

        Their keys and answers stay, so that a late duplicate is still known as one. What a reader has not read stays
        too, unless ``unread``; without any reader that is everything.
        """
        return self._forget(_FORGET_CONTENTS, before, unread=unread)

    def forget_keys(self, before: datetime, *, unread: bool = False) -> int:
        """Delete messages received before a moment with their keys, and return how many."""
        return self._forget(_FORGET_KEYS, before, unread=unread)

    def _forget(self, statement: str, before: datetime, *, unread: bool) -> int:
        """Go on in small steps, so that a gateway that writes meanwhile waits for none of them long."""
        done, step = 0, _STEP
        while step == _STEP:
            with self._transaction():
                first_unread = self._database.execute("SELECT min(position) FROM cursor").fetchone()[0]
                last = _LAST if unread else first_unread or 0
                self._database.execute(statement, (_to_microseconds(before), last))
                step = self._database.execute("SELECT changes()").fetchone()[0]
            done += step
        with self._sound():
            self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return done

    # --- What can go wrong --------------------------------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._sound(), transaction(self._database):
            yield

    @contextmanager
    def _sound(self) -> Iterator[None]:
        """Tell what may be tried again from what may not: after a failed sync the disk may say yes and have lost it."""
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0)
            if code & _PRIMARY in _LATER or code == sqlite3.SQLITE_IOERR_SHMSIZE:
                expected = "room on the disk, and no other process that holds it"
                raise NotNowError(where=self._where, found=str(error), expected=expected) from error
            raise StoreError(where=self._where, found=str(error), expected="a database on a sound disk") from error


def _to_microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _from_row(row: Sequence[Any]) -> Stored:
    number, sender, control_id, received, listener, peer, conflict_of, digest, raw = row
    is_sound = raw is None or _digest(raw) == digest
    at = _EPOCH + received * _MICROSECOND
    return Stored(number, sender, control_id, at, listener, peer, conflict_of, raw, is_sound)


def _digest(raw: bytes) -> bytes:
    return blake2b(raw, digest_size=16).digest()
