"""Blocks of lines to events ready to be kept, in processes of their own that never outlive the one that asked."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from threading import Thread

import numpy as np
import numpy.typing as npt

from openinfusion.adapters.events.bulk import Chunk, Rejected, parse_lines
from openinfusion.adapters.events.lines import Block
from openinfusion.core.events import EventLog
from openinfusion.lake.intake import Intake, prepare

Lines = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Parsed:
    """One block, parsed and prepared; ``lines`` has the number of the line of each row."""

    last_line: int
    blank: int
    unknown: int
    rejected: list[Rejected]
    intake: Intake
    lines: Lines


def cut(blocks: Iterable[Block], size: int) -> Iterator[Block]:
    """Yield blocks again, those much larger than asked for in parts of whole lines."""
    for data, first_line in blocks:
        start, line = 0, first_line
        while len(data) - start > 2 * size:
            end = data.find(b"\n", start + size) + 1 or len(data)
            yield Block(data[start:end], line)
            line += data.count(b"\n", start, end)
            start = end
        if start < len(data):
            yield Block(data[start:], line)


def parse(block: Block, header: EventLog) -> Parsed:
    """Return a block as the lake keeps it; pure, so that any process can do it."""
    chunk = parse_lines(block.data, block.first_line, header)
    return Parsed(
        last_line=block.first_line + chunk.lines - 1,
        blank=chunk.blank,
        unknown=chunk.unknown,
        rejected=chunk.rejected,
        intake=prepare(chunk.table, header.organisation),
        lines=_line_numbers(block, chunk),
    )


def _line_numbers(block: Block, chunk: Chunk) -> Lines:
    """Return the line of each row: every line but those that were rejected or are blank."""
    has_row = np.ones(chunk.lines, dtype=np.bool_)
    has_row[[one.line - block.first_line for one in chunk.rejected]] = False
    if chunk.blank:
        lines = block.data.split(b"\n")[: chunk.lines]
        has_row &= [bool(line.strip()) for line in lines]
    return np.flatnonzero(has_row) + block.first_line


Submit = Callable[[Block, EventLog], "Future[Parsed]"]


@contextmanager
def parsers(workers: int) -> Iterator[Submit]:
    """Give the way to have blocks parsed by so many processes; with none, by this one."""
    if workers == 0:
        yield _here
        return
    # Started afresh: a copy of a process whose engine has threads may hang.
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_begin)
    try:
        yield lambda block, header: pool.submit(parse, block, header)
    finally:
        pool.shutdown(cancel_futures=True)


def _here(block: Block, header: EventLog) -> "Future[Parsed]":
    made: Future[Parsed] = Future()
    made.set_result(parse(block, header))
    return made


def _begin() -> None:
    """Use one core each, and end with the process that asked: when that is killed, nobody else ends this one."""
    os.environ["POLARS_MAX_THREADS"] = "1"
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
