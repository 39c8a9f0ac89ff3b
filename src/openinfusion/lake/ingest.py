"""
Take event logs into a lake: read in blocks of lines, parsed by several processes, kept in order, acknowledged.

What was acknowledged survives a kill and a power cut. What was not may be sent again, in whatever order: a record that
is kept already is a duplicate, and counted as one.
"""

import json
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from openinfusion.adapters.events.lines import Log
from openinfusion.adapters.events.streams import DamagedError
from openinfusion.core.errors import Fault, OpenInfusionError
from openinfusion.lake.ids import join_hashes
from openinfusion.lake.intake import Intake
from openinfusion.lake.parsing import Parsed, Submit, cut, parsers
from openinfusion.lake.store import Lake
from openinfusion.lake.write import Taken, Writer

ROWS = 250_000
"""Events that are kept, and acknowledged, at once."""
WORKERS = 2
BLOCK = 2**23
"""Bytes of lines that are parsed at once."""
CONFLICT = Fault("event_id", "the id of another record, which came first", "an id that is unique for ever")


@dataclass(frozen=True, slots=True)
class Settings:
    """How to take files in: processes that parse (0: this one alone), events a commit, bytes a block."""

    workers: int = WORKERS
    rows: int = ROWS
    block: int = BLOCK


@dataclass(slots=True)
class Summary:
    """
    What became of the lines of one file.

    Lines below the header = kept + duplicates + conflicts + rejected + blank; ``unknown`` counts, among those that were
    kept or known already, the kinds that this version does not know.
    """

    file: str
    lines: int = 0
    blank: int = 0
    unknown: int = 0
    rejected: int = 0
    taken: Taken = field(default_factory=Taken)
    faults: Counter[str] = field(default_factory=Counter)
    stopped: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether every line was read and none refused."""
        return self.stopped is None and not self.rejected and not self.taken.conflicts

    @property
    def adds_up(self) -> bool:
        taken = self.taken
        return self.lines == taken.kept + taken.duplicates + taken.conflicts + self.rejected + self.blank


Acknowledge = Callable[[str, int, int], None]
"""Called with the file and its first and last line that are now safe."""


def ingest(path: Path, files: Sequence[Path], settings: Settings, *, acknowledge: Acknowledge) -> Iterator[Summary]:
    """
    Take files into a lake, which is made if it is absent, and yield what became of each.

    A file that is damaged, or for another purpose, does not stop the others.

    Raises:
        FileAccessError: the folder cannot hold a lake.
        FormatVersionError: the lake is of a newer format.
        OperatorError: another process writes to the lake.

    """
    lake = _lake(path, files)
    if lake is None:
        yield from (Summary(str(file), stopped=_why_not(file)) for file in files)
        return
    with Writer(lake) as writer, parsers(settings.workers) as submit:
        for file in files:
            intake = _FileIntake(writer, settings, submit, acknowledge, Summary(str(file)))
            try:
                intake.take(file)
            except OpenInfusionError as error:
                intake.summary.stopped = str(error)
            yield intake.summary


def _lake(path: Path, files: Sequence[Path]) -> Lake | None:
    """Return the lake; a new one is for the purpose of the first file that can be read."""
    if (path / "lake.json").exists():
        return Lake.open(path)
    for file in files:
        try:
            purpose = Log(file).header.purpose
        except OpenInfusionError:
            continue
        return Lake.create(path, purpose)
    return None


def _why_not(file: Path) -> str:
    try:
        Log(file)
    except OpenInfusionError as error:
        return str(error)
    return "nothing was read"


@dataclass(slots=True)
class _FileIntake:
    """One file on its way into the lake."""

    writer: Writer
    settings: Settings
    submit: Submit
    acknowledge: Acknowledge
    summary: Summary
    organisation: str = ""
    held: list[Parsed] = field(default_factory=list)
    first_line: int = 2

    def take(self, file: Path) -> None:
        log = Log(file, size=self.settings.block)
        self.writer.lake.must_be_for(log.header.purpose)
        self.organisation = log.header.organisation
        waiting: deque[Future[Parsed]] = deque()
        try:
            for block in cut(log.blocks, self.settings.block):
                waiting.append(self.submit(block, log.header))
                if len(waiting) > self.settings.workers + 1:
                    self._hold(waiting.popleft().result())
        except DamagedError as error:
            self._hold_all(waiting)
            self._keep()
            self._reject_damage(error)
            return
        self._hold_all(waiting)
        self._keep()

    def _hold_all(self, waiting: "deque[Future[Parsed]]") -> None:
        while waiting:
            self._hold(waiting.popleft().result())

    def _hold(self, parsed: Parsed) -> None:
        self.held.append(parsed)
        if sum(len(one.intake.hashes) for one in self.held) >= self.settings.rows:
            self._keep()

    def _keep(self) -> None:
        """Keep what is held, and note what is refused; then all of it is safe."""
        if not self.held:
            return
        held, self.held = self.held, []
        lines = np.concatenate([one.lines for one in held])
        taken, conflicts = self.writer.take(_joined([one.intake for one in held]))
        last = held[-1].last_line
        refused = [refusal_row(one.line, one.event_id, one.faults) for parsed in held for one in parsed.rejected]
        self.summary.rejected += len(refused)
        refused += [refusal_row(int(lines[row]), event_id, (CONFLICT,)) for row, event_id in conflicts]
        self._reject(refused)
        self._count(held, taken, last)
        self.acknowledge(self.summary.file, self.first_line, last)
        self.first_line = last + 1

    def _count(self, held: list[Parsed], taken: Taken, last: int) -> None:
        summary = self.summary
        summary.lines += last - self.first_line + 1
        summary.blank += sum(one.blank for one in held)
        summary.unknown += sum(one.unknown for one in held)
        summary.taken += taken

    def _reject(self, refused: list[dict[str, Any]]) -> None:
        if refused:
            whose = {"file": Path(self.summary.file).name, "organisation": self.organisation}
            self.writer.reject([whose | one for one in refused])
            self.summary.faults.update(one["reason"] for one in refused)

    def _reject_damage(self, error: DamagedError) -> None:
        """The damaged end of a packed file counts as one line."""
        self._reject([refusal_row(error.line, None, (error.fault,))])
        self.summary.lines += 1
        self.summary.rejected += 1
        self.summary.stopped = str(error)


def _joined(parts: list[Intake]) -> Intake:
    return Intake(
        table=pl.concat([part.table for part in parts], how="diagonal"),
        hashes=join_hashes([part.hashes for part in parts]),
        shapes=pl.concat([part.shapes for part in parts]).unique("shape", maintain_order=True),
    )


def refusal_row(line: int, event_id: str | None, faults: Sequence[Fault]) -> dict[str, Any]:
    """Return a refused record as the lake notes it."""
    told = [{"path": one.path, "found": one.found, "expected": one.expected} for one in faults]
    reason = "conflict" if CONFLICT in faults else faults[0].path
    return {"line": line, "event_id": event_id, "reason": reason, "faults": json.dumps(told, ensure_ascii=False)}
