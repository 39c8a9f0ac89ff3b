"""
The one writer of a lake: it keeps what is new, says what was not, and returns only when that survives a power cut.

The order of a commit: files of events are on the disk, then one entry in the Delta log names them all, then the entry
is on the disk. Before the entry nothing has happened; after it, everything. The index of ids follows; after a crash
in between it is brought up to date from the lake.
"""

import fcntl
import json
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, unquote

import numpy as np
import polars as pl
from deltalake import CommitProperties, DeltaTable, Transaction
from deltalake.transaction import AddAction, RemoveAction
from polars.io.plugins import register_io_source

from openinfusion.adapters.durable import sync_file, sync_folder
from openinfusion.core.errors import OperatorError
from openinfusion.lake.ids import Hashes, Ids, hash_ids
from openinfusion.lake.intake import FOLDERS, Intake, stored_columns
from openinfusion.lake.store import (
    REJECTED,
    SETTLED,
    SHAPES,
    VOIDED,
    Lake,
    Snapshot,
    delta_schema,
    snapshot_of,
    voids_in,
)

ROW_GROUP = 1 << 17
SORTED_BY = ("kind", "moment", "pump", "sequence")


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of some records: kept, known already, or refused because another record has the id."""

    kept: int = 0
    duplicates: int = 0
    conflicts: int = 0

    def __add__(self, other: "Taken") -> "Taken":
        return Taken(self.kept + other.kept, self.duplicates + other.duplicates, self.conflicts + other.conflicts)


class Writer:
    """Whoever writes to a lake; a context manager, of which there is one at a time on the whole machine."""

    def __init__(self, lake: Lake) -> None:
        self.lake = lake

    def __enter__(self) -> Self:
        self._lock = (self.lake.path / "lock").open("ab")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise OperatorError(
                where=str(self.lake.path), found="another process that writes to this lake", expected="one at a time"
            ) from None
        try:
            self._begin()
        except BaseException:
            self._lock.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.close()

    def _begin(self) -> None:
        self.table = self.lake.table("events")
        snapshot = self.snapshot()
        self.voids = snapshot.voids
        self.known_shapes = set(self.lake.shapes()["shape"].to_list())
        self.ids = Ids(self.lake.path / "index")
        self._catch_up(snapshot)

    def snapshot(self) -> Snapshot:
        return snapshot_of(self.table)

    def _catch_up(self, snapshot: Snapshot) -> None:
        """Read into the index what the lake holds and it does not."""
        if self.ids.covered > snapshot.version:  # the lake was set back to an older version
            self.ids.clear()
        after = self.ids.covered
        new = snapshot.files.filter(pl.col("taken") > after)
        if new.height:
            parts = (_hashes_in(files, after) for files in _batches(new))
            self.ids.add_parts(parts, int(new["taken"].max()))  # type: ignore[arg-type]

    def take(self, intake: Intake) -> tuple[Taken, list[tuple[int, str]]]:
        """Keep what is new; return the counts, and the row and id of each record that another one came before."""
        order = np.lexsort((np.arange(len(intake.hashes)), intake.hashes.low, intake.hashes.high))
        wanted = intake.hashes.take(order)
        is_repeat, first = _repeats(wanted)
        is_known, digest = self.ids.find(wanted)
        digest = np.where(is_known, digest, wanted.digest[first])
        is_new = ~(is_known | is_repeat)
        is_other = ~is_new & (digest != wanted.digest)
        rows = order[is_new]
        taken = Taken(int(is_new.sum()), int((~is_new & ~is_other).sum()), int(is_other.sum()))
        if taken.kept:
            self._keep_shapes(intake.shapes)
            is_all = taken.kept == intake.table.height
            version = self._keep(intake.table if is_all else intake.table[np.sort(rows)])
            self.ids.add(wanted.take(np.flatnonzero(is_new)), version)
        others = np.sort(order[is_other])
        return taken, list(zip(others.tolist(), intake.table["event_id"][others].to_list(), strict=True))

    def _keep(self, table: pl.DataFrame) -> int:
        """Commit new rows as one version."""
        version = self.table.version() + 1
        table = table.with_columns(taken=pl.lit(version, pl.Int64()))
        new_voids = voids_in(table)
        if new_voids.height:
            self.voids = pl.concat([self.voids, new_voids])
        table = mark_voided(table, self.voids)
        adds = [self.write(part, whose) for whose, part in _folders(table)]
        self.commit(adds)
        return version

    def write(self, part: pl.DataFrame, whose: Sequence[str], *, is_new: bool = True) -> AddAction:
        """Write one file of one folder, and return what the log will say of it."""
        path = new_file(whose)
        whole = self.lake.path / "events" / path
        whole.parent.mkdir(parents=True, exist_ok=True)
        write_sorted(part.drop(FOLDERS), whole)
        return added(path, whole, stats_of(part), is_new=is_new)

    def commit(self, adds: list[AddAction], removes: Iterable[str] = (), settled: int | None = None) -> None:
        """Have the log name new files, and no longer name others, at once; then it survives a power cut."""
        events = self.lake.path / "events"
        gone = [_removed(self.table, file) for file in removes]
        marks = [] if settled is None else [Transaction(SETTLED, settled)]
        for folder in {(events / add.path).parent for add in adds}:
            sync_folder(folder)
            sync_folder(folder.parent)
        sync_folder(events)
        _commit(self.table, [*adds, *gone], columns=stored_columns(), marks=marks)

    def reject(self, rows: list[dict[str, Any]]) -> None:
        """Keep a note of what was refused."""
        self._append("rejected", pl.DataFrame(rows, schema=REJECTED))

    def _keep_shapes(self, shapes: pl.DataFrame) -> None:
        new = shapes.filter(~pl.col("shape").is_in(self.known_shapes))
        if new.height:
            self._append("shapes", new.select(list(SHAPES)))
            self.known_shapes |= set(new["shape"].to_list())

    def _append(self, name: str, rows: pl.DataFrame, removes: Iterable[str] = ()) -> None:
        path = f"{uuid.uuid4().hex}.parquet"
        whole = self.lake.path / name / path
        table = self.lake.table(name)
        rows.write_parquet(whole, compression="zstd")
        actions: list[AddAction | RemoveAction] = [added(path, whole, {"numRecords": rows.height})]
        actions += [_removed(table, file) for file in removes]
        sync_folder(whole.parent)
        _commit(table, actions, columns=dict(rows.schema))

    def replace(self, name: str, rows: pl.DataFrame) -> None:
        """Have one file of a side table hold what all of them hold."""
        self._append(name, rows, self.lake.table(name).file_uris())

    def delete_old(self, retention_hours: int) -> int:
        """Delete files that no version within the retention names, those of commits that never came to be too."""
        deleted = self.table.vacuum(retention_hours, dry_run=False, enforce_retention_duration=False, full=True)
        self.table.update_incremental()
        return len(deleted)


def write_sorted(table: pl.DataFrame, path: Path) -> None:
    """Write events by kind and moment, so that a question skips most of a file; sorted in steps, to spare memory."""
    order = table.select(pl.arg_sort_by([name for name in SORTED_BY if name in table.columns])).to_series()

    def steps(*_: object) -> Iterator[pl.DataFrame]:
        for start in range(0, table.height, ROW_GROUP):
            yield table[order[start : start + ROW_GROUP]]

    register_io_source(steps, schema=table.schema).sink_parquet(
        path, compression="zstd", compression_level=1, row_group_size=ROW_GROUP, statistics=True, engine="streaming"
    )


def _commit(
    table: DeltaTable,
    actions: Sequence[AddAction | RemoveAction],
    *,
    columns: dict[str, Any],
    marks: Sequence[Transaction] = (),
) -> None:
    table.create_write_transaction(
        list(actions),
        "append",
        delta_schema(columns),
        list(table.metadata().partition_columns),
        commit_properties=CommitProperties(app_transactions=list(marks), max_commit_retries=0),
    )
    table.update_incremental()
    log = Path(table.table_uri.removeprefix("file://")) / "_delta_log"
    sync_file(log / f"{table.version():020d}.json")
    sync_folder(log)


def _removed(table: DeltaTable, file: str) -> RemoveAction:
    """Return what the log says of a file that a newer one stands for."""
    root = table.table_uri.removeprefix("file://").rstrip("/")
    path = file.removeprefix(root).lstrip("/")
    folders = _folder_values(path)
    return RemoveAction(path, data_change=False, deletion_timestamp=_now(), partition_values=folders)


def _folder_values(path: str) -> dict[str, str | None]:
    folders = [folder.partition("=") for folder in path.split("/")[:-1]]
    return {name: unquote(value) for name, _, value in folders}


def new_file(whose: Sequence[str]) -> str:
    """Return the path of a new file under the folder of an organisation and month."""
    folder = "/".join(f"{name}={quote(value, safe='')}" for name, value in zip(FOLDERS, whose, strict=True))
    return f"{folder}/{uuid.uuid4().hex}.parquet"


def added(path: str, whole: Path, stats: dict[str, Any], *, is_new: bool = True) -> AddAction:
    """Return what the log says of a file, once the file is on the disk."""
    sync_file(whole)
    return AddAction(
        path=path,
        size=whole.stat().st_size,
        partition_values=_folder_values(path),
        modification_time=_now(),
        data_change=is_new,
        stats=json.dumps(stats),
    )


def stats_of(part: pl.DataFrame) -> dict[str, Any]:
    """Return the statistics that the log keeps of a file: enough to leave it alone, or to know that it voids others."""
    moments = {bound: getattr(part["moment"], bound)() for bound in ("min", "max")}
    taken = {bound: getattr(part["taken"], bound)() for bound in ("min", "max")}
    return {
        "numRecords": part.height,
        "minValues": {"moment": _stamp(moments["min"]), "taken": taken["min"]},
        "maxValues": {"moment": _stamp(moments["max"]), "taken": taken["max"]},
        "nullCount": {name: _nulls(part, name) for name in ("voids", "voided_by", "supersedes")},
    }


def _nulls(part: pl.DataFrame, name: str) -> int:
    return part[name].null_count() if name in part.columns else part.height


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def mark_voided(table: pl.DataFrame, voids: pl.DataFrame) -> pl.DataFrame:
    """Return a table in which each voided record names the record that voids it."""
    if voids.height == 0:
        return table
    by = voids.select(*VOIDED, "by").unique(VOIDED, keep="first", maintain_order=True)
    marked = table.join(by, on=VOIDED, how="left", maintain_order="left")
    kept = [pl.col("voided_by")] if "voided_by" in table.columns else []
    return marked.with_columns(voided_by=pl.coalesce(*kept, "by")).drop("by")


def _repeats(wanted: Hashes) -> tuple[np.ndarray[Any, np.dtype[np.bool_]], np.ndarray[Any, np.dtype[np.intp]]]:
    """Return which ids of a sorted set came before in it, and where each came first."""
    is_repeat = np.zeros(len(wanted), dtype=np.bool_)
    is_repeat[1:] = (wanted.high[1:] == wanted.high[:-1]) & (wanted.low[1:] == wanted.low[:-1])
    return is_repeat, np.maximum.accumulate(np.where(is_repeat, 0, np.arange(len(wanted))))


def _folders(table: pl.DataFrame) -> Iterable[tuple[tuple[str, str], pl.DataFrame]]:
    """Return the rows of each organisation and month."""
    whose = table.select(FOLDERS).unique().rows()
    if len(whose) == 1:
        return [(whose[0], table)]
    parts = table.partition_by(FOLDERS, as_dict=True, maintain_order=True)
    return [((str(key[0]), str(key[1])), part) for key, part in parts.items()]


_BATCH = 2_000_000


def _batches(files: pl.DataFrame) -> Iterator[list[str]]:
    """Return files in groups of so few rows that memory does not mind."""
    group = (files["rows"].cum_sum() // _BATCH).alias("group")
    for part in files.with_columns(group).partition_by("group"):
        yield part["file"].to_list()


def _hashes_in(files: list[str], after: int) -> Hashes:
    rows = pl.scan_parquet(files, glob=False, hive_partitioning=False, extra_columns="ignore", schema=_INDEXED)
    new = rows.filter(pl.col("taken") > after).collect()
    return hash_ids(new["event_id"], new["digest"].to_numpy().view(np.uint64)).sorted()


_INDEXED = {name: stored_columns()[name] for name in ("event_id", "digest", "taken")}


def _now() -> int:
    return int(time.time() * 1000)
