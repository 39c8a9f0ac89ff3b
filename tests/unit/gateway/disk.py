"""
A disk that forgets: under SQLite, it keeps for sure only what was synced, as a disk does when its power is cut.

Every write goes to a real file, and is noted as pending; a sync makes what is pending of one file durable. At every
sync, just before and just after it, the disk takes a picture of what a power cut at that moment would leave: all that
is durable, with none of the pending writes, or with some of them, torn at sectors.
"""

import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw

SECTOR = 512
Picture = dict[str, bytes]


def _do_nothing() -> None:
    """Let the disk do its work."""


class Disk:
    """
    Files and what of them is durable.

    Attributes:
        syncs: how many there were.
        at_sync: called before a sync takes effect; may raise, to make it fail.
        after_sync: called after it.
        at_write: called before every write; may raise, as for a disk that is full.

    """

    def __init__(self) -> None:
        self.durable: dict[str, bytearray] = {}
        self.pending: dict[str, list[tuple[int, bytes | None]]] = {}
        self.syncs = 0
        self.at_sync: Callable[[], None] = _do_nothing
        self.after_sync: Callable[[], None] = _do_nothing
        self.at_write: Callable[[], None] = _do_nothing

    def sync(self, name: str) -> None:
        self.at_sync()
        self.syncs += 1
        for offset, data in self.pending.pop(name, []):
            _apply(self.durable.setdefault(name, bytearray()), offset, data)
        self.after_sync()

    def picture(self, chance: random.Random | None = None) -> Picture:
        """Return what a power cut leaves now: nothing that is pending, or by chance some sectors of it."""
        left = {name: bytearray(content) for name, content in self.durable.items()}
        if chance is None:
            return {name: bytes(content) for name, content in left.items()}
        for name, writes in self.pending.items():
            for offset, data in writes:
                for at in range(0, len(data or b" "), SECTOR):
                    if chance.random() < 0.5:
                        piece = None if data is None else data[at : at + SECTOR]
                        _apply(left.setdefault(name, bytearray()), offset + at, piece)
        return {name: bytes(content) for name, content in left.items()}


def _apply(content: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        del content[offset:]
    else:
        content.extend(bytes(max(0, offset - len(content))))
        content[offset : offset + len(data)] = data


def restore(picture: Picture, folder: Path) -> None:
    """Write what a power cut left, as the files that a restarted process finds."""
    folder.mkdir()
    for name, content in picture.items():
        (folder / Path(name).name).write_bytes(content)


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: Any, flags: list[int]) -> None:
        super().__init__("", name, flags)
        self._disk = disk
        self._name = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        disk.durable.setdefault(self._name, bytearray())

    def xWrite(self, data, offset):  # noqa: N802 - the name that SQLite gives it
        self._disk.at_write()
        self._disk.pending.setdefault(self._name, []).append((offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, newsize):  # noqa: N802
        self._disk.pending.setdefault(self._name, []).append((newsize, None))
        super().xTruncate(newsize)

    def xSync(self, flags):  # noqa: N802, ARG002 - how it is asked for changes nothing
        self._disk.sync(self._name)


class _System(apsw.VFS):
    def __init__(self, disk: Disk, name: str) -> None:
        super().__init__(name, "")
        self._disk = disk

    def xOpen(self, name, flags):  # noqa: N802
        return _File(self._disk, name, flags)

    def xDelete(self, filename, syncdir):  # noqa: N802
        self._disk.durable.pop(filename, None)
        self._disk.pending.pop(filename, None)
        super().xDelete(filename, syncdir)


class Database:
    """A database of apsw on such a disk, with the face and the errors of ``sqlite3``."""

    def __init__(self, disk: Disk, path: Path) -> None:
        name = f"forgetful-{id(disk)}"
        self._system = _System(disk, name)
        self._connection = apsw.Connection(str(path), vfs=name)
        # apsw passes no shared memory on; alone, SQLite needs none.
        self.execute("PRAGMA locking_mode = EXCLUSIVE").fetchone()

    def execute(self, sql: str, values: Any = ()) -> "Database._Rows":
        """Run a statement to its end."""
        try:
            return self._Rows(self._connection.execute(sql, values).fetchall())
        except apsw.Error as error:
            made = sqlite3.OperationalError(str(error))
            # An error that the disk itself raised carries no code, only its class.
            code = sqlite3.SQLITE_FULL if isinstance(error, apsw.FullError) else sqlite3.SQLITE_IOERR
            made.sqlite_errorcode = getattr(error, "extendedresult", code)
            raise made from error

    def close(self) -> None:
        """Close it without a last word to the disk."""
        self._connection.close()

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._connection.in_transaction

    class _Rows:
        def __init__(self, rows: list[Any]) -> None:
            self._rows = rows

        def fetchone(self) -> Any:
            return self._rows[0] if self._rows else None

        def fetchall(self) -> list[Any]:
            return self._rows
