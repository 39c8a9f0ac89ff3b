"""Keeping a copy of a place elsewhere, and taking it back; a copy is read back before it is called good."""

import io
import json
import sqlite3
import tarfile
import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from openinfusion.core.errors import FileAccessError, OperatorError
from openinfusion.web import keeping_postgresql
from openinfusion.web.place import Place, read_place

DATABASE, DUMP, ABOUT = "web.sqlite3", "web.dump", "about.json"
LAST = "last-copy"
KEY, SETTINGS, FILES = "secret.key", "web.toml", "files"


@dataclass(frozen=True, slots=True)
class Copy:
    """
    What a copy holds.

    Attributes:
        rows: how many of each table.
        anchor: number and hash of the last row of the audit record, "12:ab…", to be kept somewhere else.
        has_key: whether the key of the place is in it.

    """

    rows: Mapping[str, int]
    anchor: str
    has_key: bool


def last_copy(folder: Path) -> datetime | None:
    """Return when a copy of a place was made last, or ``None`` if none ever was."""
    file = folder / LAST
    return datetime.fromtimestamp(file.stat().st_mtime, tz=UTC) if file.exists() else None


def note_copy(folder: Path) -> None:
    """Note in a place that a copy of it was just made, for whoever watches how old the newest is."""
    try:
        (folder / LAST).touch()
    except OSError as error:
        raise FileAccessError(where=str(folder), found=str(error), expected="a folder that can be written") from error


def backup(folder: Path, file: Path, *, with_key: bool) -> Copy:
    """
    Write the database, the settings and the files of a place into one file, while it goes on being used.

    Raises:
        OperatorError: the database cannot be read, or the file cannot be written.

    """
    place = read_place(folder)
    if file.exists():
        raise FileAccessError(where=str(file), found="a file", expected="a name that is free")
    with tempfile.TemporaryDirectory(dir=file.resolve().parent) as work:
        copied, rows, anchor = _copy_database(place, Path(work))
        made = Copy(rows, anchor, with_key)
        part = Path(work) / "part"
        with tarfile.open(part, "w:gz") as archive:
            entry, about = tarfile.TarInfo(ABOUT), json.dumps(asdict(made), indent=1).encode()
            entry.size = len(about)
            archive.addfile(entry, io.BytesIO(about))
            archive.add(copied, copied.name)
            for name in (SETTINGS, FILES, *([KEY] if with_key else [])):
                if (folder / name).exists():
                    archive.add(folder / name, name)
        part.chmod(0o600)
        part.replace(file)
    return made


def restore(file: Path, folder: Path) -> Copy:
    """
    Take a copy back into a new folder; one of PostgreSQL into a folder whose web.toml names an empty database.

    Raises:
        OperatorError: the file is no whole copy, or the folder is in use.

    """
    with tempfile.TemporaryDirectory() as work:
        inside = Path(work)
        try:
            with tarfile.open(file, "r:gz") as archive:
                archive.extractall(inside, filter="data")
            made = Copy(**json.loads((inside / ABOUT).read_text()))
        except (OSError, EOFError, ValueError, TypeError, tarfile.TarError) as error:
            raise FileAccessError(where=str(file), found=str(error), expected="a copy by web backup, whole") from error
        (inside / ABOUT).unlink()
        if (inside / DUMP).exists():
            _restore_postgresql(inside, folder, made)
        else:
            _check(inside / DATABASE, made, file)
            if folder.exists() and any(folder.iterdir()):
                raise FileAccessError(where=str(folder), found="a folder in use", expected="a new or an empty one")
        _move(inside, folder)
    return made


def _move(inside: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(inside.rglob("*")):
        target = folder / path.relative_to(inside)
        if path.is_dir():
            target.mkdir(exist_ok=True)
        elif path.name != DUMP and not target.exists():
            target.write_bytes(path.read_bytes())
            target.chmod(0o600)


def _check(copied: Path, made: Copy, file: Path) -> None:
    if not copied.exists():
        raise FileAccessError(where=str(file), found="no database", expected="a copy by web backup, whole")
    rows, anchor = _look_at(copied)
    if (rows, anchor) != (made.rows, made.anchor):
        raise FileAccessError(where=str(file), found="other rows than were copied", expected="the copy as it was made")


def _copy_database(place: Place, work: Path) -> tuple[Path, dict[str, int], str]:
    if place.database is not None:
        return work / DUMP, *keeping_postgresql.copy(place.database, work / DUMP)
    source = place.folder / DATABASE
    if not source.exists():
        raise FileAccessError(where=str(source), found="no database", expected="a place: openinfusion web init")
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(work / DATABASE)) as other:
        one.backup(other)
    return work / DATABASE, *_look_at(work / DATABASE)


def _look_at(copied: Path) -> tuple[dict[str, int], str]:
    """Return the rows of each table of a copy, and the end of its audit record; a damaged one is refused."""
    try:
        with closing(sqlite3.connect(copied)) as one:
            whole = one.execute("PRAGMA integrity_check").fetchone()[0]
            if whole != "ok":
                raise OperatorError(where=copied.name, found=whole, expected="a database that is whole")
            names = one.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
            rows = {name: one.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for (name,) in names}  # noqa: S608 - names of tables, from the database
            last = one.execute(keeping_postgresql.LAST).fetchone()
    except sqlite3.DatabaseError as error:
        raise OperatorError(where=copied.name, found=str(error), expected="a database that is whole") from error
    return rows, f"{last[0]}:{last[1]}" if last else ""


def _restore_postgresql(inside: Path, folder: Path, made: Copy) -> None:
    place = read_place(folder)
    if place.database is None:
        where = str(folder / SETTINGS)
        raise OperatorError(where=where, found="no database named", expected='database = "FILE", the address of one')
    for name in (FILES, KEY):  # the settings of the folder stay: they name the database
        if (inside / name).exists() and (folder / name).exists():
            raise FileAccessError(where=str(folder / name), found="a folder in use", expected="one with web.toml alone")
    keeping_postgresql.take_back(place.database, inside / DUMP, rows=made.rows, anchor=made.anchor)
