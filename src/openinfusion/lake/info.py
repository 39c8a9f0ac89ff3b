"""What is in a lake, in figures."""

import os
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import narwhals as nw
import polars as pl

from openinfusion.core.events import Kind
from openinfusion.lake.engine import Engine
from openinfusion.lake.ids import BYTES, SUFFIX
from openinfusion.lake.store import Lake

_KNOWN = frozenset(kind.value for kind in Kind)


@dataclass(frozen=True, slots=True)
class Info:
    """
    What is in a lake.

    Attributes:
        purpose: of all its events.
        version: of its log.
        first: first moment.
        last: last moment.
        months: one row for each organisation and month: files, events, bytes.
        kinds: records by kind, those of unknown kinds too.
        pumps: pumps by organisation.
        voided: records that do not count because others void or replace them.
        unsettled: voids that the next compaction will mark.
        ids: ids in the index.
        rejected: records refused, by reason.
        shapes: shapes of programmes.
        bytes_on_disk: of the whole folder.

    """

    purpose: str
    version: int
    first: datetime | None
    last: datetime | None
    months: pl.DataFrame
    kinds: dict[str, int]
    pumps: dict[str, int]
    voided: int
    unsettled: int
    ids: int
    rejected: Counter[str]
    shapes: int
    bytes_on_disk: int

    @property
    def files(self) -> int:
        return int(self.months["files"].sum())

    @property
    def events(self) -> int:
        return int(self.months["events"].sum())

    @property
    def unknown(self) -> dict[str, int]:
        """Records by kind, of kinds that this version does not know."""
        return {kind: count for kind, count in self.kinds.items() if kind not in _KNOWN}


def look_into(lake: Lake, engine: Engine) -> Info:
    """Count what is in a lake."""
    snapshot = lake.snapshot()
    records = lake.records(engine, snapshot)
    kinds = engine.collect(records.group_by("kind").agg(records=nw.len())).sort("records", "kind", descending=True)
    pumps = engine.collect(records.select("organisation", "pump").unique().group_by("organisation").agg(pumps=nw.len()))
    months = snapshot.files.group_by("organisation", "month").agg(
        files=pl.len(), events=pl.col("rows").sum(), bytes=pl.col("bytes").sum()
    )
    return Info(
        purpose=lake.purpose,
        version=snapshot.version,
        first=snapshot.files["first"].min(),  # type: ignore[arg-type]
        last=snapshot.files["last"].max(),  # type: ignore[arg-type]
        months=months.sort("organisation", "month"),
        kinds=dict(kinds.iter_rows()),
        pumps=dict(pumps.sort("organisation").iter_rows()),
        voided=snapshot.rows - engine.collect(lake.events(engine, snapshot=snapshot).select(nw.len())).item(),
        unsettled=snapshot.pending.height,
        ids=sum(file.stat().st_size for file in (lake.path / "index").glob(f"*{SUFFIX}")) // BYTES,
        rejected=Counter(lake.rejected()["reason"].to_list()),
        shapes=lake.shapes().height,
        bytes_on_disk=_size(lake.path),
    )


def _size(folder: Path) -> int:
    return sum(os.lstat(Path(root) / name).st_size for root, _, names in os.walk(folder) for name in names)
