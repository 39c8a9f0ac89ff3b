"""
One database, in a file or on a PostgreSQL server, served by one process, and what can go wrong with it.

What a transaction wrote survives a power cut once it ended: SQLite in WAL mode with ``synchronous=FULL``, PostgreSQL
with ``synchronous_commit=on``. On both, one transaction at a time writes, whichever process it is of: what one reads
no other changes before it ends, and events get their numbers in the order in which they are committed.
"""

import fcntl
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, NullPool, QueuePool, create_engine, event, inspect, select
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, SQLAlchemyError

from openinfusion.adapters.durable import sync_folder, write_durably
from openinfusion.core.errors import OperatorError
from openinfusion.gateway.devices import tables
from openinfusion.gateway.store import NotNowError, StoreError

FILE = "devices.db"
_LIFE = "devices.life"
_LOCK = "devices.lock"
_PRIVATE = 0o600
_BUSY_SECONDS = 5
_PRIMARY = 0xFF
_READING = "openinfusion_reading"
_LATER = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_RIGHTS = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM})
_POSTGRESQL_FULL = "53100"
_POSTGRESQL_LOCK = 0x6F70656E
_POSTGRESQL_WRITING = 0x6F70656F


class FullError(NotNowError):
    """Nothing of this was kept: the disk is full."""


class Database:
    """
    The database of the device API.

    Attributes:
        is_restored: whether another database stood here when the server ran last: an older one, from a backup.

    """

    def __init__(self, engine: Engine, *, where: str, state: Path | None = None) -> None:
        self.engine = engine
        self._where = where
        self._state = state
        self._held: list[Any] = []
        self.is_restored = False

    @classmethod
    def open(cls, state: Path, *, postgresql: Path | None = None) -> "Database":
        """
        Return the database of a folder, made if it is absent.

        Raises:
            OperatorError: the folder or the database cannot be used.
            StoreError: it is no database of ours.

        """
        if not state.is_dir():
            raise OperatorError(where=str(state), found="no folder", expected="a folder on a local disk")
        if postgresql is None:
            made = cls(sqlite_engine(state / FILE), where=str(state / FILE), state=state)
        else:
            made = cls(_postgresql_engine(postgresql), where=f"the database in {postgresql}", state=state)
        try:
            with made.transaction() as connection:
                made._prepare(connection)
        except OperatorError:
            made.close()
            raise
        return made

    @classmethod
    def open_to_read(cls, state: Path, *, postgresql: Path | None = None) -> "Database":
        """
        Return the database of a folder for a process that only watches: it makes nothing, and cannot write.

        Raises:
            OperatorError: there is none, or it cannot be read.
            StoreError: it is no database of ours.

        """
        if postgresql is None and not (state / FILE).is_file():
            expected = "the database of a device API: openinfusion gateway devices serve makes it"
            raise OperatorError(where=str(state / FILE), found="no file", expected=expected)
        if postgresql is None:
            made = cls(_reading_engine(state / FILE), where=str(state / FILE))
        else:
            made = cls(_postgresql_engine(postgresql, is_reading=True), where=f"the database in {postgresql}")
        with made.transaction(is_reading=True) as connection:
            found = fact(connection, "version")
            lacks = set(tables.metadata.tables) - set(inspect(connection).get_table_names())
        if found != str(tables.VERSION) or lacks:
            made.close()
            told = f"a database of version {found}" + (f" without {min(lacks)}" if lacks else "")
            expected = f"version {tables.VERSION}, as this version of openinfusion gateway devices serve keeps it"
            raise StoreError(where=made._where, found=told, expected=expected)
        return made

    def _prepare(self, connection: Connection) -> None:
        tables.metadata.create_all(connection)
        found = fact(connection, "version")
        if found is None:
            set_fact(connection, "version", str(tables.VERSION))
        elif found != str(tables.VERSION):
            expected = f"version {tables.VERSION}"
            raise StoreError(where=self._where, found=f"a database of version {found}", expected=expected)

    def close(self) -> None:
        """Close every connection, and let another process have the database."""
        for one in self._held:
            one.close()
        self._held.clear()
        self.engine.dispose()

    # --- Lives --------------------------------------------------------------------------------------------------------

    def begin_life(self, *, forget: Callable[[Connection], object]) -> None:
        """
        Take the database for this process alone, and begin a life of the server.

        The name of the life stands in the database and in a file beside it that no backup should hold: where they
        differ the database is older than the last life, ``is_restored`` says so, and what it may not go on with is
        forgotten in the transaction that begins the life: whoever is killed before its end begins it again.

        Args:
            forget: what is done to a restored database.

        Raises:
            OperatorError: another process serves from this database.

        """
        if self._state is None:
            return
        self._lock(self._state / _LOCK)
        beside, life = self._state / _LIFE, secrets.token_hex(16)
        told = beside.read_text("ascii", "replace").strip() if beside.exists() else None
        # First the database: should the power fail in between, the next start takes it for restored, which is safe.
        with self.transaction() as connection:
            before = fact(connection, "life")
            self.is_restored = before is not None and told != before
            if self.is_restored:
                forget(connection)
            set_fact(connection, "life", life)
        write_durably(beside, life.encode())

    def _lock(self, path: Path) -> None:
        handle = path.open("ab")
        self._held.append(handle)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            found = "another server that uses it"
            raise OperatorError(where=self._where, found=found, expected="one server for one database") from None
        if self.engine.dialect.name == "postgresql":
            options: dict[str, Any] = {"isolation_level": "AUTOCOMMIT", _READING: True}
            connection = self.engine.connect().execution_options(**options)
            self._held.append(connection)
            if not connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({_POSTGRESQL_LOCK})").scalar():
                found = "another server that uses it"
                raise OperatorError(where=self._where, found=found, expected="one server for one database")

    # --- Transactions -------------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self, *, is_reading: bool = False) -> Iterator[Connection]:
        """
        Do all that is inside, or nothing of it; once this ends it survives a power cut.

        Where it only reads (``is_reading``) it waits for no writer; otherwise for every other that writes.

        Raises:
            NotNowError: nothing was kept, and it may be tried again.
            StoreError: it is not known what was kept; the process must end without an answer to anybody.

        """
        engine = self.engine.execution_options(**{_READING: True}) if is_reading else self.engine
        try:
            with engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise self._sorted(error) from error

    def _sorted(self, error: SQLAlchemyError) -> OperatorError:
        """Tell what may be tried again from what may not: after a failed sync a disk may say yes and have lost it."""
        cause = getattr(error, "orig", None) or error
        found = str(cause).strip().partition("\n")[0] or type(cause).__name__
        if self._is_full(error):
            return FullError(where=self._where, found=found, expected="room on the disk")
        if self._is_passing(error):
            return NotNowError(where=self._where, found=found, expected="a database that answers")
        code = getattr(cause, "sqlite_errorcode", 0) & _PRIMARY
        may = "a database and a folder that this user may write"
        return StoreError(where=self._where, found=found, expected=may if code in _RIGHTS else "a sound disk")

    @staticmethod
    def _is_full(error: SQLAlchemyError) -> bool:
        cause = getattr(error, "orig", None)
        is_full = getattr(cause, "sqlite_errorcode", 0) & _PRIMARY == sqlite3.SQLITE_FULL
        return is_full or getattr(cause, "sqlstate", None) == _POSTGRESQL_FULL

    def _is_passing(self, error: SQLAlchemyError) -> bool:
        if self.engine.dialect.name == "postgresql":
            # The server itself stops at a failed sync: whoever lost the connection knows nothing was acknowledged.
            return isinstance(error, OperationalError)
        code = getattr(getattr(error, "orig", None), "sqlite_errorcode", 0)
        return isinstance(error, DBAPIError) and (code & _PRIMARY in _LATER or code == sqlite3.SQLITE_IOERR_SHMSIZE)

    def checkpoint(self) -> None:
        """Move what SQLite's log holds into the file, where a failure is seen; another database does it by itself."""
        if self.engine.dialect.name != "sqlite":
            return
        connection = self.engine.raw_connection()
        try:
            connection.driver_connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()  # type: ignore[union-attr]
        except sqlite3.Error as error:
            found = self._sorted(DBAPIError("checkpoint", None, error))
            if isinstance(found, StoreError):
                raise found from error
        finally:
            connection.close()


def sqlite_engine(path: Path, connect: Callable[[], Any] | None = None) -> Engine:
    """Return an engine over a file; a test puts a disk that forgets under it by ``connect``."""
    if connect is None and not path.exists():
        _make_private(path)
    creator = connect or (lambda: sqlite3.connect(path, timeout=_BUSY_SECONDS, check_same_thread=False))
    # Not the pool that SQLAlchemy takes without a path: that closes connections which other threads use.
    engine = create_engine("sqlite://", creator=creator, poolclass=QueuePool)

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: object) -> None:  # noqa: ANN401 - a connection of the driver
        connection.isolation_level = None
        for words in ("journal_mode = WAL", "synchronous = FULL", "wal_autocheckpoint = 0", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {words}").fetchone()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        is_reading = connection.get_execution_options().get(_READING)
        connection.exec_driver_sql("BEGIN" if is_reading else "BEGIN IMMEDIATE")

    return engine


def _reading_engine(path: Path) -> Engine:
    """Return an engine that cannot write; each connection opens the file anew, so that a restored one is seen."""

    def connect() -> sqlite3.Connection:
        uri = f"{path.resolve().as_uri()}?mode=ro"
        return sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS, check_same_thread=False, isolation_level=None)

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def _make_private(path: Path) -> None:
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, _PRIVATE))
        sync_folder(path.parent)
    except OSError as error:
        found = error.strerror or "an error"
        raise OperatorError(where=str(path), found=found, expected="a folder that can be written") from None


def _address_in(file: Path) -> str:
    """Return the address of a database that stands in a file, or in the variable of the environment that it names."""
    try:
        address = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        found = getattr(error, "strerror", None) or "no text"
        raise OperatorError(where=str(file), found=found, expected="the address of a database") from None
    if address.startswith("$"):
        found = f"{address[:80]}, which is not in the environment"
        address = os.environ.get(address[1:], "").strip()
        if not address:
            raise OperatorError(where=str(file), found=found, expected="the name of a variable that is set")
    if not address.startswith("postgresql"):
        expected = "an address such as postgresql://openinfusion@/devices?host=/run/postgresql"
        raise OperatorError(where=str(file), found="another beginning", expected=expected)
    return address


def _postgresql_engine(file: Path, *, is_reading: bool = False) -> Engine:
    """Return an engine over a PostgreSQL server whose address stands in a file, since it may hold a password."""
    address = _address_in(file)
    address = address.replace("postgresql://", "postgresql+psycopg://", 1)
    try:
        engine = create_engine(address, pool_pre_ping=True)
    except (ArgumentError, ImportError) as error:
        expected = "an address of a database, and the extra openinfusion[postgresql]"
        raise OperatorError(where=str(file), found=type(error).__name__, expected=expected) from None

    @event.listens_for(engine, "connect")
    def _set_up(connection: Any, _record: object) -> None:  # noqa: ANN401 - a connection of the driver
        connection.execute("SET default_transaction_read_only = on" if is_reading else "SET synchronous_commit = on")
        connection.commit()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # As BEGIN IMMEDIATE does on SQLite. PostgreSQL lets go of it after what was written can be seen.
        if not connection.get_execution_options().get(_READING):
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_POSTGRESQL_WRITING})")

    return engine


def fact(connection: Connection, name: str) -> str | None:
    """Return a fact about the database, or ``None`` if it knows none of that name."""
    found: str | None = connection.scalar(select(tables.about.c.value).where(tables.about.c.name == name))
    return found


def set_fact(connection: Connection, name: str, value: str) -> None:
    """Note a fact about the database."""
    done = connection.execute(tables.about.update().where(tables.about.c.name == name).values(value=value))
    if not done.rowcount:
        connection.execute(tables.about.insert().values(name=name, value=value))
