"""
Keep a lake in order: many small files become few large ones, and voided records are marked.

A group of files is read, sorted and written as one; one entry of the log then names the new file instead of the old
ones. Whoever reads an older version goes on reading the old files, which stay until the retention is over. Memory
holds one group of at most ``TARGET`` events.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from openinfusion.lake.intake import FOLDERS, stored_columns
from openinfusion.lake.store import REJECTED, SHAPES, VOIDED, Lake, Snapshot
from openinfusion.lake.write import Writer, mark_voided

TARGET = 500_000
"""Most events in a file that is made of others: about 25 MB on disk, and 400 MB in memory."""
SMALL = 5
"""A file with under a fifth of the target is small; what is taken in from one month makes larger ones at once."""
RETENTION_HOURS = 7 * 24
MANY = 16
"""Files of a side table that are worth making one."""


@dataclass(frozen=True, slots=True)
class Compacted:
    """What was done: files before and after, events written again, records marked as void, old files deleted."""

    before: int
    after: int
    rewritten: int
    marked: int
    deleted: int


@dataclass(frozen=True, slots=True)
class _Group:
    """Files of one folder that become one."""

    whose: tuple[str, str]
    files: tuple[str, ...]


def compact(lake: Lake, *, target: int = TARGET, retention_hours: int = RETENTION_HOURS) -> Compacted:
    """
    Merge small files, mark voided records, and delete files that no version within the retention needs.

    Raises:
        OperatorError: another process writes to the lake.

    """
    with Writer(lake) as writer:
        before = writer.snapshot()
        touched = _files_with(before, before.pending)
        rewritten = sum(_merge(writer, group) for group in _groups(before, touched, target))
        if before.pending.height:
            writer.commit([], settled=before.version)
        for name, columns in (("rejected", REJECTED), ("shapes", SHAPES)):
            _merge_side(writer, name, list(columns))
        deleted = writer.delete_old(retention_hours)
        after = writer.snapshot()
    marked = after.voided - before.voided
    return Compacted(before.files.height, after.files.height, rewritten, marked, deleted)


def _groups(snapshot: Snapshot, touched: set[str], target: int) -> Iterator[_Group]:
    """Return what to merge: small files of a folder, up to the target; and files in which a record is to be marked."""
    for whose, files in snapshot.files.sort("first", "file").partition_by(FOLDERS, as_dict=True).items():
        folder = (str(whose[0]), str(whose[1]))
        for group in _bins(files, target):
            if len(group) > 1 or touched.intersection(group):
                yield _Group(folder, tuple(group))


def _bins(files: pl.DataFrame, target: int) -> Iterator[list[str]]:
    held: list[str] = []
    rows = 0
    for file, height in files.select("file", "rows").iter_rows():
        if held and rows + height > target:
            yield held
            held, rows = [], 0
        if height > target // SMALL:
            yield [file]
        else:
            held, rows = [*held, file], rows + height
    if held:
        yield held


def _files_with(snapshot: Snapshot, voided: pl.DataFrame) -> set[str]:
    """Return the files that hold a record that is void and not marked yet."""
    if voided.height == 0:
        return set()
    columns = {name: stored_columns()[name] for name in VOIDED[1:]}
    found = set()
    for file, organisation in snapshot.files.select("file", "organisation").iter_rows():
        wanted = voided.lazy().filter(pl.col("organisation") == organisation)
        if _scan([file], columns).join(wanted, on=VOIDED[1:], how="semi").head(1).collect().height:
            found.add(file)
    return found


def _scan(files: list[str], columns: dict[str, pl.DataType]) -> pl.LazyFrame:
    return pl.scan_parquet(
        files, glob=False, hive_partitioning=False, schema=columns, missing_columns="insert", extra_columns="ignore"
    )


def _merge(writer: Writer, group: _Group) -> int:
    """Write a group of files as one, and have the log name it instead of them."""
    held = {name for file in group.files for name in pl.read_parquet_schema(file)}
    columns = {name: kind for name, kind in stored_columns().items() if name in held}
    table = _scan(list(group.files), columns).collect(engine="streaming")
    folders = {name: pl.lit(value) for name, value in zip(FOLDERS, group.whose, strict=True)}
    table = mark_voided(table.with_columns(**folders), writer.voids)
    added = writer.write(table, group.whose, is_new=False)
    writer.commit([added], removes=group.files)
    return table.height


def _merge_side(writer: Writer, name: str, columns: list[str]) -> None:
    """Make one file of the many small ones of a side table."""
    files = writer.lake.table(name).file_uris()
    if len(files) > MANY:
        writer.replace(name, pl.read_parquet(files, glob=False).select(columns).unique(maintain_order=True))
