"""Read a whole log in bulk, say every violation, and count what was read; memory does not grow with the log."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from openinfusion.adapters.documents import Json
from openinfusion.adapters.events.bulk import Chunk, Rejected, parse_lines
from openinfusion.adapters.events.lines import Log
from openinfusion.adapters.events.shape import UNTOLD, Form, parts_of
from openinfusion.adapters.events.streams import DamagedError, Source
from openinfusion.core.events import Event, Kind

_SMALL_BLOCK = 2**21
_KINDS = frozenset(kind.value for kind in Kind)
MOST_NAMES = 1_000_000
"""Different pumps, fields or kinds that are counted one by one; only a log of nonsense has more."""


@dataclass(slots=True)
class Summary:
    """What was read: lines = accepted + rejected + unknown + blank."""

    accepted: int = 0
    rejected: int = 0
    unknown: int = 0
    blank: int = 0
    violations: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    unknown_kinds: Counter[str] = field(default_factory=Counter)
    unknown_fields: Counter[str] = field(default_factory=Counter)
    pumps: set[str] = field(default_factory=set)
    first: datetime | None = None
    last: datetime | None = None

    @property
    def lines(self) -> int:
        """How many lines stand below the header."""
        return self.accepted + self.rejected + self.unknown + self.blank

    def add(self, chunk: Chunk) -> None:
        """Count one chunk."""
        self.accepted += chunk.accepted
        self.unknown += chunk.unknown
        self.blank += chunk.blank
        if not len(chunk.table):
            return
        for kind, count in chunk.table["kind"].value_counts().iter_rows():
            _count(self.kinds if kind in _KINDS else self.unknown_kinds, kind, count)
        if len(self.pumps) < MOST_NAMES:
            self.pumps.update(chunk.table["pump"].unique())
        times = [one for one in (self.first, self.last, *_ends(chunk.table)) if one is not None]
        self.first, self.last = min(times), max(times)
        for text in chunk.table[UNTOLD].drop_nulls():
            for path in _paths(json.loads(text)):
                _count(self.unknown_fields, path, 1)

    def reject(self, rejected: Rejected) -> None:
        """Count one line that was rejected."""
        self.rejected += 1
        self.violations += len(rejected.faults)

    def to_json(self) -> Json:
        """Return the summary for machines."""
        return {
            "lines_read": self.lines,
            "accepted": self.accepted,
            "rejected": self.rejected,
            "unknown_kept": self.unknown,
            "blank": self.blank,
            "violations": self.violations,
            "records_by_kind": dict(self.kinds.most_common()),
            "unknown_kinds": dict(self.unknown_kinds.most_common()),
            "unknown_fields": dict(self.unknown_fields.most_common()),
            "pumps": len(self.pumps),
            "first": self.first.isoformat() if self.first else None,
            "last": self.last.isoformat() if self.last else None,
        }


def _ends(table: pl.DataFrame) -> tuple[datetime, datetime]:
    return table.select(low=pl.col("at").min(), high=pl.col("at").max()).row(0)


def _count(counter: Counter[str], name: str, count: int) -> None:
    counter[name if name in counter or len(counter) < MOST_NAMES else "others"] += count


_GROUPS = {part.name for part in parts_of(Event) if part.form is Form.GROUP}


def _paths(extra: Json) -> Iterator[str]:
    """Yield the unknown fields of a record, those inside a known object with its name before them."""
    for key, value in extra.items():
        if key in _GROUPS and isinstance(value, dict):
            yield from (f"{key}.{inner}" for inner in value)
        else:
            yield key


class Validation:
    """
    A log on its way through the checks: iterate over its chunks, and the summary grows.

    Damage to a packed file is a chunk with one line rejected. Raises as ``Log`` does when the log is opened.
    """

    def __init__(self, source: Source) -> None:
        """Open the log."""
        self._log = Log(source, size=_SMALL_BLOCK)
        self.name = self._log.name
        self.header = self._log.header
        self.summary = Summary()

    def __iter__(self) -> Iterator[Chunk]:
        """Yield the chunks, once."""
        try:
            for block in self._log.blocks:
                yield self._counted(parse_lines(block.data, block.first_line, self.header))
        except DamagedError as error:
            damaged = Rejected(error.line, None, (error.fault,))
            yield self._counted(Chunk(parse_lines(b"", error.line, self.header).table, [damaged], 0, 0))

    def _counted(self, chunk: Chunk) -> Chunk:
        self.summary.add(chunk)
        for one in chunk.rejected:
            self.summary.reject(one)
        return chunk


def without_private(table: pl.DataFrame) -> pl.DataFrame:
    """Return a table without what may identify a person, where this version knows of it."""
    mine = [name for name in table.columns if name.startswith("private_")]
    bare = table.with_columns(pl.lit(None, table.schema[name]).alias(name) for name in mine)
    if not bare[UNTOLD].str.contains('"private"').any():
        return bare
    return bare.with_columns(pl.Series(UNTOLD, [_without_private(text) for text in bare[UNTOLD]], pl.String))


def _without_private(text: str | None) -> str | None:
    if text is None:
        return None
    extra = json.loads(text)
    extra.pop("private", None)
    return json.dumps(extra, ensure_ascii=False, sort_keys=True) if extra else None
