"""
Answers that were given before, kept for each version of a lake, so that nobody waits for them twice.

    KEPT/newest.json                                           which version pages show
    KEPT/counting.json                                         which one is being counted, if any
    KEPT/<fingerprint>/about.json                              that version of the lake, and when it was looked at
    KEPT/<fingerprint>/<organisation>/<stretch>/<what>.parquet what a named question answered, parted by dimensions

An answer is kept as the question gave it. A filter picks rows of an answer that is parted by what it filters by;
nothing is added up here, so that no figure has a second definition.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from importlib.metadata import version as version_of
from pathlib import Path
from threading import Lock
from typing import Any

import polars as pl
from deltalake.exceptions import DeltaError

from openinfusion.adapters.documents import convert, parse_json, read_bytes, to_json
from openinfusion.core.errors import OpenInfusionError, SenderError
from openinfusion.lake.answers import Answers, Row
from openinfusion.lake.engine import Engine
from openinfusion.lake.questions import QUESTIONS
from openinfusion.lake.registers import Registers
from openinfusion.lake.store import Lake, Snapshot
from openinfusion.lake.tables import Tables

NEWEST, COUNTING, ABOUT = "newest.json", "counting.json", "about.json"
MOST_BYTES = 64 * 1024 * 1024
"""What one process holds of kept answers in memory."""
MOST_ROWS = 500_000
"""A longer answer is given, and not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a lake holds of one organisation: its months, and the times of its first and last event."""

    name: str
    months: tuple[str, ...]
    first: datetime
    last: datetime
    events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """
    One version of a lake, as it was looked at.

    Attributes:
        fingerprint: of its basis and of the list of its files.
        basis: by what it is answered: the code, which lake it is, and the registers beside it.
        version: of the Delta log, so that whoever asks later counts the same records.
        purpose: of the events; anything but clinical is not for clinical use.
        looked_at: when.
        organisations: what it holds of each.

    """

    fingerprint: str
    basis: str
    version: int
    purpose: str
    looked_at: datetime
    organisations: tuple[Held, ...]

    def of(self, name: str) -> Held | None:
        """Return what it holds of an organisation."""
        return next((one for one in self.organisations if one.name == name), None)


def look_at(lake: Lake, registers: Registers, *, at: datetime) -> About:
    """Return the newest version of a lake; its events are not read."""
    snapshot, by = lake.snapshot(), basis(lake, digest_of(registers))
    return About(
        fingerprint=fingerprint(snapshot, by),
        basis=by,
        version=snapshot.version,
        purpose=lake.purpose,
        looked_at=at,
        organisations=tuple(_held(snapshot)),
    )


def is_there(lake: Lake, about: About) -> bool:
    """Whether a version can still be counted: it is the one that was looked at, and none of its files was deleted."""
    try:
        snapshot = lake.snapshot(about.version)
    except DeltaError:
        return False
    is_same = fingerprint(snapshot, about.basis) == about.fingerprint
    return is_same and all(Path(file).exists() for file in snapshot.files["file"])


def fingerprint(snapshot: Snapshot, by: str) -> str:
    """Return what tells this version, answered on this basis, from any other whose answers might differ."""
    made = hashlib.sha256(f"{by} {snapshot.settled}\n".encode())
    for file, rows in sorted(snapshot.files.select("file", "rows").iter_rows()):
        made.update(f"{file} {rows}\n".encode())
    return made.hexdigest()[:24]


def basis(lake: Lake, registers: str) -> str:
    """Return what tells by what a lake is answered; ``registers`` is their digest."""
    return hashlib.sha256(f"{_code()} {lake.made} {lake.purpose} {registers}".encode()).hexdigest()[:24]


def digest_of(registers: Registers) -> str:
    """Return what tells registers from others."""
    made = hashlib.sha256()
    for table in (registers.pumps, registers.releases, registers.drugs):
        made.update(b"-\n" if table is None else f"{table.height}\n{table.write_csv()}".encode())
    return made.hexdigest()


@cache
def _code() -> str:
    """Return a hash of the code that answers, with its tables and the engine: another definition is another answer."""
    made = hashlib.sha256("".join(f"{name} {version_of(name)}\n" for name in _ENGINES).encode())
    here = Path(__file__).parents[1]
    for file in sorted(one for one in here.rglob("*") if one.suffix in _CODE):
        content = file.read_bytes()
        made.update(f"{file.relative_to(here)} {len(content)}\n".encode())
        made.update(content)
    return made.hexdigest()


_CODE = frozenset({".py", ".toml", ".csv"})
_ENGINES = ("polars", "narwhals", "deltalake")


def _held(snapshot: Snapshot) -> Iterable[Held]:
    grouped = snapshot.files.group_by("organisation").agg(
        pl.col("month").unique().sort(), pl.col("first").min(), pl.col("last").max(), pl.col("rows").sum()
    )
    for row in grouped.sort("organisation").iter_rows(named=True):
        yield Held(
            name=row["organisation"],
            months=tuple(row["month"]),
            first=row["first"],
            last=row["last"],
            events=row["rows"],
        )


class Shelf:
    """What is kept of one organisation in one version of a lake."""

    def __init__(self, folder: Path, organisation: str) -> None:
        """Keep in a folder of the version's own; its name never holds more of the organisation's than a hash."""
        self.folder = folder / hashlib.sha256(organisation.encode()).hexdigest()[:16]

    def answer(self, what: str, stretch: str, make: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        """Return what is kept under a name, or make it and keep it."""
        file = self.folder / stretch / f"{what}.parquet"
        held = _MEMORY.get(file)
        if held is None:
            held = pl.read_parquet(file, glob=False) if file.exists() else self._made(file, make())
            _MEMORY.put(file, held)
        return held

    def has(self, what: str, stretch: str) -> bool:
        """Whether something is kept under a name."""
        return (self.folder / stretch / f"{what}.parquet").exists()

    @staticmethod
    def _made(file: Path, table: pl.DataFrame) -> pl.DataFrame:
        if table.height <= MOST_ROWS:
            write_whole(file, lambda part: table.write_parquet(part, compression="zstd"))
        return table

    def words(self, what: str, stretch: str, make: Callable[[], Any]) -> Any:  # noqa: ANN401 - JSON
        """Return what is kept under a name as JSON, or make it and keep it."""
        file = self.folder / stretch / f"{what}.json"
        if file.exists():
            return json.loads(file.read_bytes())
        made = json.dumps(make(), ensure_ascii=False, default=sorted)
        write_whole(file, lambda part: part.write_text(made, "utf-8"))
        return json.loads(made)


def write_whole(file: Path, write: Callable[[Path], Any]) -> None:
    """Write a file such that nobody ever reads half of it; two who write the same do no harm."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, suffix=".part")
    os.close(handle)
    part = Path(name)
    try:
        write(part)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)


class _Memory:
    """The answers that were asked for last, up to so many bytes; a file never changes, so that none goes stale."""

    def __init__(self, most: int) -> None:
        self.most, self.bytes = most, 0
        self._held: OrderedDict[Path, tuple[pl.DataFrame, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, file: Path) -> pl.DataFrame | None:
        with self._lock:
            found = self._held.get(file)
            if found is None:
                return None
            self._held.move_to_end(file)
            return found[0]

    def put(self, file: Path, table: pl.DataFrame) -> None:
        size = int(table.estimated_size()) + 1024
        with self._lock:
            if file in self._held or size > self.most:
                return
            self._held[file] = table, size
            self.bytes += size
            while self.bytes > self.most:
                _, (_, gone) = self._held.popitem(last=False)
                self.bytes -= gone


_MEMORY = _Memory(MOST_BYTES)


class KeptAnswers(Answers):
    """
    Answers that are kept: each question is run once for a version of the lake, whoever asks.

    ``only`` picks one value of some dimensions: a question that cannot be parted by one of them has no row, so that it
    is "not known" and never the figure of everything. ``released`` names the months in which releases were seen, where
    no register tells them.
    """

    def __init__(
        self,
        engine: Engine,
        tables: Callable[[], Tables],
        *,
        shelf: Shelf,
        stretch: str,
        only: Mapping[str, str] | None = None,
        released: str = "",
    ) -> None:
        """Ask nothing yet; ``tables`` opens the lake only where an answer is not kept."""
        self.engine = engine
        self.shelf = shelf
        self.stretch = stretch
        self.released = released
        self.only = dict(only or {})
        self._open = tables
        self._held: dict[tuple[str, tuple[str, ...]], list[Row]] = {}

    @cached_property
    def tables(self) -> Tables:  # type: ignore[override]  # opened once, and only if it must be
        """Return what the questions are asked of."""
        return self._open()

    def rows(self, question: str, *by: str) -> list[Row]:
        """Return the rows of an answer that ``only`` picks."""
        if (question, by) not in self._held:
            self._held[question, by] = self._picked(question, by)
        return self._held[question, by]

    def _picked(self, question: str, by: tuple[str, ...]) -> list[Row]:
        asked = QUESTIONS[question]
        if not can_be_told(question, self.only):
            return []
        parted = tuple(sorted({*by, *self.only}))
        table = self.shelf.answer(
            name_of(question, parted, released=self.released), self.stretch, lambda: self._asked(question, parted)
        )
        for name, value in self.only.items():
            table = table.filter(pl.col(name) == value)
        return list(table.drop(set(self.only) - {*by, *asked.keys}).iter_rows(named=True))

    def _asked(self, question: str, by: tuple[str, ...]) -> pl.DataFrame:
        return self.engine.collect(QUESTIONS[question].ask(self.tables, by))


def can_be_told(question: str, only: Iterable[str]) -> bool:
    """Whether a question can be parted by everything that a filter picks."""
    asked = QUESTIONS[question]
    return all(name in (*asked.dimensions, *asked.keys) for name in only)


def name_of(question: str, by: Iterable[str], *, released: str) -> str:
    """Return the name under which an answer is kept; ``released`` is where releases were seen, "" in a register."""
    seen = f".released-{released}" if released and QUESTIONS[question].by_release else ""
    return f"{question}.{'+'.join(sorted(by)) or 'all'}{seen}"


# --- The folder of all versions --------------------------------------------------------------------------------------


def newest(folder: Path) -> About | None:
    """Return the version that pages show, or ``None`` where none was looked at yet, or what was kept is damaged."""
    return _named(folder, NEWEST)


def read_newest(folder: Path) -> About | None:
    """Return the same; raises SenderError or FileAccessError where what was kept is damaged or cannot be read."""
    return _read(folder, NEWEST)


def counting(folder: Path) -> About | None:
    """Return the version that is being counted, or ``None`` where none was begun."""
    return _named(folder, COUNTING)


def _named(folder: Path, name: str) -> About | None:
    try:
        return _read(folder, name)
    except OpenInfusionError:
        return None


def _read(folder: Path, name: str) -> About | None:
    file = folder / name
    if not file.exists():
        return None
    said = parse_json(read_bytes(file), where=str(file))
    if not isinstance(said, dict) or not isinstance(said.get("fingerprint"), str):
        raise SenderError(where=str(file), found="something else", expected="which version pages show")
    about = folder / said["fingerprint"] / ABOUT
    return convert(parse_json(read_bytes(about), where=str(about)), About, where=str(about))


def _name(folder: Path, name: str, about: About) -> None:
    keep(folder, about)
    write_whole(folder / name, lambda part: part.write_text(json.dumps({"fingerprint": about.fingerprint})))


def count_on(folder: Path, about: About) -> None:
    """Have this version counted to its end, however the lake grows meanwhile, and forget what was begun before."""
    _name(folder, COUNTING, about)
    _forget(folder, but=[about, newest(folder)])


def give_up(folder: Path) -> None:
    """Count no version to its end; its folder goes when the next one is shown or begun."""
    (folder / COUNTING).unlink(missing_ok=True)


def show(folder: Path, about: About) -> None:
    """Have pages show a version from now on, and forget those that nobody shows any more."""
    # The version before is still read by whoever asked a moment ago.
    before, being = newest(folder), counting(folder)
    _name(folder, NEWEST, about)
    if being is not None and being.fingerprint == about.fingerprint:
        give_up(folder)
    _forget(folder, but=[about, before, being])


def _forget(folder: Path, *, but: Iterable[About | None]) -> None:
    names = {one.fingerprint for one in but if one is not None}
    for one in folder.iterdir():
        if one.is_dir() and one.name not in names:
            shutil.rmtree(one, ignore_errors=True)


def keep(folder: Path, about: About) -> Path:
    """Return the folder of a version, with what it is about."""
    made = folder / about.fingerprint
    if not (made / ABOUT).exists():
        write_whole(made / ABOUT, lambda part: part.write_text(json.dumps(to_json(about), ensure_ascii=False), "utf-8"))
    return made
