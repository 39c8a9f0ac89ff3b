"""
The book of a bench: every answer and everything done at the pumps, in one transaction, before anybody hears of it.

An order is answered once. Its reply stands in the book before it is sent, with the acts that put it into the pump: a
process that is killed finds both or neither, does again what was done at the pumps, and sends the same reply again.
"""

import fcntl
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO, Literal, cast

from openinfusion.core.errors import OperatorError
from openinfusion.gateway.store import Database, StoreError, connect, transaction
from openinfusion.pump.bench.hands import Act, What

VERSION = 1
State = Literal["owed", "delivered", "given up"]
_PRIMARY = 0xFF
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_SCHEMA = f"""
CREATE TABLE about(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE act(
    id INTEGER PRIMARY KEY, pump TEXT NOT NULL, at TEXT NOT NULL, what TEXT NOT NULL, text TEXT NOT NULL
);
CREATE TABLE reply(
    message INTEGER PRIMARY KEY, control_id TEXT NOT NULL UNIQUE, raw BLOB NOT NULL, state TEXT NOT NULL
);
CREATE INDEX reply_owed ON reply(message) WHERE state = 'owed';
PRAGMA user_version = {VERSION}
"""


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply to an order: the number of its message in the store, its own control id, and its bytes."""

    message: int
    control_id: str
    raw: bytes


def _locked(path: Path) -> BinaryIO:
    """Take the lock of a book; it ends with the process. Not on the book itself: SQLite would lose its own locks."""
    lock = path.with_name(f"{path.name}.lock").open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        found = "another bench that is at work with it"
        raise StoreError(where=str(path), found=found, expected="a bench of its own for each process") from None
    return lock


class Book:
    """The book in one file; one thread uses it. Every method raises StoreError if the database fails."""

    def __init__(self, database: Database, lock: BinaryIO, *, where: str) -> None:
        self._database = database
        self._lock = lock
        self._where = where

    @classmethod
    def open(cls, path: Path) -> "Book":
        """Open a book, or make it; raises StoreError if the file is none, or another bench is at work with it."""
        try:
            lock = _locked(path)
            database = connect(path)
        except (OSError, sqlite3.Error) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise StoreError(where=str(path), found=reason, expected="a file in a folder that can be written") from None
        made = cls(database, lock, where=str(path))
        try:
            made._prepare()
        except OperatorError:
            made.close()
            raise
        return made

    def _prepare(self) -> None:
        with self._sound():
            execute = self._database.execute
            execute("PRAGMA journal_mode = WAL").fetchone()
            execute("PRAGMA synchronous = FULL")
            execute("PRAGMA secure_delete = ON").fetchone()
            version = execute("PRAGMA user_version").fetchone()[0]
            is_new = version == 0 and not execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
            is_other = version != VERSION or not execute("SELECT 1 FROM sqlite_schema WHERE name = 'act'").fetchone()
            if not is_new and is_other:
                found = f"another database, version {version}"
                raise StoreError(where=self._where, found=found, expected=f"the book of a bench, version {VERSION}")
        if is_new:
            with self._transaction():
                for statement in _SCHEMA.split(";"):
                    self._database.execute(statement)

    def close(self) -> None:
        """Close the book."""
        with self._sound():
            self._database.close()
        self._lock.close()

    # --- The bench ----------------------------------------------------------------------------------------------------

    def begun(self) -> tuple[datetime, str] | None:
        """Return when the clocks of the pumps began and what the bench was made of; ``None`` for a new book."""
        with self._sound():
            told = dict(self._database.execute("SELECT name, value FROM about").fetchall())
        return (_EPOCH + int(told["start"]) * _MILLISECOND, told["bench"]) if told else None

    def begin(self, start: datetime, bench: str, acts: Sequence[tuple[str, Act]]) -> None:
        """Write down a bench that was just set up."""
        with self._transaction():
            rows = (("start", str((start - _EPOCH) // _MILLISECOND)), ("bench", bench))
            for row in rows:
                self._database.execute("INSERT INTO about VALUES (?, ?)", row)
            self._write(acts)

    def acts(self) -> dict[str, list[Act]]:
        """Return what was done at each pump, in order."""
        with self._sound():
            rows = self._database.execute("SELECT pump, at, what, text FROM act ORDER BY id").fetchall()
        done: dict[str, list[Act]] = {}
        for pump, at, what, text in rows:
            done.setdefault(pump, []).append(Act(Fraction(at), cast("What", what), text))
        return done

    def _write(self, acts: Sequence[tuple[str, Act]]) -> None:
        for pump, act in acts:
            row = (pump, str(act.at), act.what, act.text)
            self._database.execute("INSERT INTO act(pump, at, what, text) VALUES (?, ?, ?, ?)", row)

    # --- Replies ------------------------------------------------------------------------------------------------------

    def keep(self, reply: Reply, acts: Sequence[tuple[str, Act]]) -> None:
        """Keep a reply and what was done for it, both or neither."""
        with self._transaction():
            self._write(acts)
            row = (reply.message, reply.control_id, reply.raw, "owed")
            self._database.execute("INSERT INTO reply VALUES (?, ?, ?, ?)", row)

    def settle(self, message: int, state: State) -> None:
        """Note that a reply was delivered, or given up."""
        with self._transaction():
            self._database.execute("UPDATE reply SET state = ? WHERE message = ?", (state, message))

    def owed(self) -> list[Reply]:
        """Return the replies that are owed, the oldest first."""
        sql = "SELECT message, control_id, raw FROM reply WHERE state = 'owed' ORDER BY message"
        with self._sound():
            return [Reply(*row) for row in self._database.execute(sql).fetchall()]

    def knows(self, control_id: str) -> bool:
        """Whether a reply of this control id was kept."""
        with self._sound():
            sql = "SELECT 1 FROM reply WHERE control_id = ?"
            return self._database.execute(sql, (control_id,)).fetchone() is not None

    def last(self) -> int:
        """Return the number of the last message that was answered; 0 for none."""
        with self._sound():
            return int(self._database.execute("SELECT coalesce(max(message), 0) FROM reply").fetchone()[0])

    # --- What can go wrong --------------------------------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._sound(), transaction(self._database):
            yield

    @contextmanager
    def _sound(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            is_full = getattr(error, "sqlite_errorcode", 0) & _PRIMARY == sqlite3.SQLITE_FULL
            expected = "room on the disk" if is_full else "a database on a sound disk"
            raise StoreError(where=self._where, found=str(error), expected=expected) from error
