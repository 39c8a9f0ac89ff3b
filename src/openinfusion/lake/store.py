"""
A lake: a folder that keeps every event exactly once and never changes one.

    LAKE/lake.json    what it is, and the purpose of its events
    LAKE/events/      a Delta table of Parquet files, in folders by organisation and month (UTC)
    LAKE/rejected/    a Delta table of what was refused, and why
    LAKE/shapes/      a Delta table of the shapes of programmes
    LAKE/index/       which ids are kept (``ids``); may be deleted, and is then built again
    LAKE/lock         held by the one process that writes

Whoever reads sees one version of the Delta log, whatever is written meanwhile.
"""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import narwhals as nw
import polars as pl
from deltalake import DeltaTable, Schema

from openinfusion.adapters.durable import sync_folder, write_durably
from openinfusion.core.errors import FileAccessError, FormatVersionError, OperatorError
from openinfusion.lake.engine import Engine, PolarsEngine
from openinfusion.lake.intake import FOLDERS, event_columns, stored_columns
from openinfusion.lake.programmes import KEY

FORMAT, FORMAT_VERSION = "openinfusion-lake", "1.0"
SETTLED = "settled"
"""Name in the Delta log of the last version whose voids are marked on the records themselves."""
REJECTED: dict[str, pl.DataType] = {
    "file": pl.String(),
    "line": pl.Int64(),
    "event_id": pl.String(),
    "organisation": pl.String(),
    "reason": pl.String(),
    "faults": pl.String(),
}
SHAPES: dict[str, pl.DataType] = {**dict.fromkeys(KEY, pl.String()), "shape": pl.Int64()}
VOIDED = ("organisation", "pump", "event_id")


@dataclass(frozen=True)
class Snapshot:
    """
    One version of a lake, which stays as it is.

    Attributes:
        version: the version of the Delta log.
        files: one row a file: ``file``, folder columns, ``rows``, ``bytes``, ``first`` and ``last`` moment, last
            version ``taken``, rows that are ``voiding`` others, rows ``voided``.
        settled: the last version whose voids are marked on the records that they void.

    """

    version: int
    files: pl.DataFrame
    settled: int

    @property
    def rows(self) -> int:
        return int(self.files["rows"].sum())

    @property
    def voided(self) -> int:
        """How many records are marked as void."""
        return int(self.files["voided"].sum())

    @cached_property
    def voids(self) -> pl.DataFrame:
        """Every record that another one voids or replaces: whose, its id, ``by`` which record, when ``taken``."""
        files = self.files.filter(pl.col("voiding") > 0)["file"].to_list()
        return read_voids(PolarsEngine().scan(files, _VOIDING).to_native()) if files else _no_voids()

    @property
    def pending(self) -> pl.DataFrame:
        """The voided records that are not marked yet."""
        return self.voids.filter(pl.col("taken") > self.settled)

    def select(self, organisation: str | None = None, months: list[str] | None = None) -> list[str]:
        """Return the files of an organisation and of some months, or all."""
        files = self.files
        if organisation is not None:
            files = files.filter(pl.col("organisation") == organisation)
        if months is not None:
            files = files.filter(pl.col("month").is_in(months))
        return files["file"].to_list()


def voids_in(table: pl.DataFrame) -> pl.DataFrame:
    """Return which records those of a table void or replace; a column that is not there holds nothing."""
    missing = {name: pl.lit(None, kind) for name, kind in _VOIDING.items() if name not in table.columns}
    return read_voids(table.lazy().with_columns(**missing))


def read_voids(records: pl.LazyFrame) -> pl.DataFrame:
    """Return which records the given ones void or replace."""
    made = records.filter(pl.col("voids").is_not_null() | pl.col("supersedes").is_not_null()).select(
        "organisation", "pump", pl.concat_list("voids", "supersedes").alias("target"), "event_id", "taken"
    )
    return (
        made.explode("target", empty_as_null=False)
        .filter(pl.col("target").is_not_null())
        .select("organisation", "pump", event_id="target", by="event_id", taken="taken")
        .collect()
    )


_VOIDING = {
    name: stored_columns()[name] for name in ("organisation", "pump", "voids", "supersedes", "event_id", "taken")
}


def _no_voids() -> pl.DataFrame:
    return pl.DataFrame(schema={**dict.fromkeys((*VOIDED, "by"), pl.String()), "taken": pl.Int64()})


class Lake:
    """A lake on this machine; ``open`` and ``create`` make one."""

    def __init__(self, path: Path, purpose: str) -> None:
        self.path = path
        self.purpose = purpose

    @classmethod
    def open(cls, path: Path | str) -> "Lake":
        """
        Return the lake in a folder.

        Raises:
            FileAccessError: there is none.
            FormatVersionError: it is of a newer format.

        """
        path = Path(path)
        try:
            head = json.loads((path / "lake.json").read_bytes())
            version, purpose = str(head["format_version"]), str(head["purpose"])
        except (OSError, ValueError, KeyError, TypeError):
            raise FileAccessError(
                where=str(path), found="no lake", expected="a folder made by `openinfusion lake ingest`"
            ) from None
        if version.partition(".")[0] != FORMAT_VERSION.partition(".")[0]:
            raise FormatVersionError(where=str(path), found=f"a lake of format {version}", expected=FORMAT_VERSION)
        return cls(path, purpose)

    @classmethod
    def create(cls, path: Path | str, purpose: str) -> "Lake":
        """Return the lake in a folder, made if it is absent; another purpose than the lake's is refused."""
        path = Path(path)
        if not is_lake(path):
            _make(path, purpose)
        lake = cls.open(path)
        lake.must_be_for(purpose)
        return lake

    def must_be_for(self, purpose: str) -> None:
        """Refuse events of another purpose: tests, training and examples are never mixed with clinical events."""
        if self.purpose != purpose:
            raise OperatorError(
                where=str(self.path),
                found=f"events for the purpose {purpose!r}",
                expected=f"{self.purpose!r}, as in the rest of this lake; keep other events in a lake of their own",
            )

    @property
    def made(self) -> str:
        """What tells this lake from any other, one that was made in its place later too."""
        return f"{self.path.resolve()} {(self.path / 'lake.json').stat().st_mtime_ns}"

    def table(self, name: str) -> DeltaTable:
        """Return one of the Delta tables at its newest version."""
        return DeltaTable(self.path / name)

    def snapshot(self, version: int | None = None) -> Snapshot:
        """Return the newest version, or an older one."""
        return snapshot_of(DeltaTable(self.path / "events", version=version))

    def files(self, organisation: str | None = None, months: list[str] | None = None) -> list[str]:
        """Return the Parquet files of one version."""
        return self.snapshot().select(organisation, months)

    def records(self, engine: Engine | None = None, snapshot: Snapshot | None = None) -> nw.LazyFrame[Any]:
        """Return every record, voided ones too, with what the lake keeps for itself."""
        snapshot = snapshot or self.snapshot()
        return (engine or PolarsEngine()).scan(snapshot.select(), stored_columns())

    def events(
        self,
        engine: Engine | None = None,
        *,
        organisation: str | None = None,
        months: list[str] | None = None,
        snapshot: Snapshot | None = None,
    ) -> nw.LazyFrame[Any]:
        """
        Return what questions read: events as they stand, without those that were voided or replaced.

        A record is void when a ``record_voided`` of the same pump names it, or another record of the pump supersedes
        it, whenever either came. The voiding record stays; voiding it in turn does not bring the first one back.
        """
        snapshot = snapshot or self.snapshot()
        engine = engine or PolarsEngine()
        table = engine.scan(snapshot.select(organisation, months), stored_columns())
        if snapshot.voided:
            table = table.filter(nw.col("voided_by").is_null())
        pending = snapshot.pending.select(VOIDED).unique()
        if pending.height:
            table = table.join(engine.table(pending), on=list(VOIDED), how="anti")
        return table.select(list(event_columns()))

    def rejected(self) -> pl.DataFrame:
        """Return what was refused; a file that was sent twice counts once."""
        return self._side("rejected", REJECTED).unique(maintain_order=True)

    def shapes(self) -> pl.DataFrame:
        """Return the shapes of the programmes in this lake."""
        return self._side("shapes", SHAPES).unique("shape", maintain_order=True)

    def _side(self, name: str, columns: dict[str, pl.DataType]) -> pl.DataFrame:
        files = self.table(name).file_uris()
        return pl.read_parquet(files, glob=False) if files else pl.DataFrame(schema=columns)


def is_lake(path: Path) -> bool:
    """Whether a folder holds a lake."""
    return (path / "lake.json").is_file()


def _make(path: Path, purpose: str) -> None:
    """Make an empty lake; the file that says so comes last, so that a torn one is made again."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        is_torn = all(name.name in _OWN for name in path.iterdir())
    except OSError as error:
        raise FileAccessError(where=str(path), found=error.strerror or "a fault", expected="a folder") from None
    if not is_torn:
        raise FileAccessError(where=str(path), found="other files", expected="a lake, or an empty or absent folder")
    for name, columns in (("events", stored_columns()), ("rejected", REJECTED), ("shapes", SHAPES)):
        if not DeltaTable.is_deltatable(str(path / name)):
            folders = list(FOLDERS) if name == "events" else None
            DeltaTable.create(path / name, delta_schema(columns), partition_by=folders)
        sync_folder(path / name / "_delta_log")
    head = {"format": FORMAT, "format_version": FORMAT_VERSION, "purpose": purpose}
    write_durably(path / "lake.json", json.dumps(head, indent=2).encode() + b"\n")


_OWN = ("events", "rejected", "shapes", "index", "lock", "lake.tmp")


def delta_schema(columns: dict[str, pl.DataType]) -> Schema:
    """Return columns as Delta knows them."""
    return Schema.from_arrow(pl.Schema(columns))


_FILES: dict[str, tuple[str, pl.DataType]] = {
    "rows": ("num_records", pl.Int64()),
    "bytes": ("size_bytes", pl.Int64()),
    "first": ("min.moment", pl.Datetime("us", "UTC")),
    "last": ("max.moment", pl.Datetime("us", "UTC")),
    "taken": ("max.taken", pl.Int64()),
    "organisation": ("partition.organisation", pl.String()),
    "month": ("partition.month", pl.String()),
}


def snapshot_of(table: DeltaTable) -> Snapshot:
    """Return what the log of a Delta table says, as one version."""
    told = pl.DataFrame(table.get_add_actions(flatten=True))
    held = told.height > 0
    files = pl.DataFrame(
        {
            "file": pl.Series([file_of(table, path) for path in told["path"]] if held else [], dtype=pl.String),
            **{name: (told[key] if held else pl.Series([], dtype=kind)) for name, (key, kind) in _FILES.items()},
        }
    ).cast({name: kind for name, (_, kind) in _FILES.items()})
    empty = {name: told[f"null_count.{name}"] if held else pl.Series([], dtype=pl.Int64) for name in _MARKS}
    files = files.with_columns(
        voiding=2 * files["rows"] - empty["voids"] - empty["supersedes"], voided=files["rows"] - empty["voided_by"]
    )
    settled = table.transaction_version(SETTLED)
    return Snapshot(table.version(), files, -1 if settled is None else settled)


_MARKS = ("voids", "supersedes", "voided_by")


def file_of(table: DeltaTable, path: str) -> str:
    """Return the file that the log of a table names: the log writes ``%`` as ``%25``, as in an address."""
    return f"{table.table_uri.removeprefix('file://').rstrip('/')}/{unquote(path)}"
