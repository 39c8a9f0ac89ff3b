"""
The file that a course is kept in: one process at a time goes on with it, and people are heard before anything else.

Beside it lies the word of the office, the process that decides and has the director list: when it looked last, how each
ring stood, and what it decided. Whoever reads it knows since when the office was heard.
"""

import fcntl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TextIO

import msgspec

from openinfusion.adapters.documents import read_bytes
from openinfusion.core.errors import FileAccessError, OperatorError, SenderError
from openinfusion.fleet.authority.trees import write_whole
from openinfusion.fleet.rollout.counts import RingCounts
from openinfusion.fleet.rollout.course import Course, Decision, agree, begin, stop
from openinfusion.fleet.rollout.kept import keep_course, recall_course
from openinfusion.fleet.rollout.plan import Plan

LONGEST = 2**20
DECISIONS = 50
"""How many decisions the office remembers: those that said something new."""
_TURN = 0.05
_MISSED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """
    What the office said when it looked last.

    Attributes:
        at: when that was.
        every: after how many seconds it looks again; ``None`` where it looked once and ended.
        rings: how each open ring stood.
        decisions: what was decided, the newest first; one that said nothing new is not among them.
        trouble: why the clinical signal could not be read, if so.

    """

    at: datetime
    every: int | None = None
    rings: Mapping[str, RingCounts] = field(default_factory=dict)
    decisions: tuple[Decision, ...] = ()
    trouble: str | None = None

    def is_heard(self, at: datetime) -> bool:
        """Whether the office runs, as far as can be told: it has not missed three looks in a row."""
        return self.every is not None and at - self.at <= timedelta(seconds=_MISSED * self.every)


@contextmanager
def alone(course: Path, *, patience: timedelta | None = None) -> Iterator[None]:
    """
    Let one process at a time go on with a course; another waits for it.

    Raises:
        OperatorError: the folder cannot be written, or another process went on with it for longer than the patience.

    """
    try:
        file = course.with_name(f"{course.name}.lock").open("w")
    except OSError as error:
        expected = "a folder that can be written"
        raise FileAccessError(where=str(course), found=error.strerror or "an error", expected=expected) from error
    with file:
        _take_turn(file, course, patience)
        yield


def _take_turn(file: TextIO, course: Path, patience: timedelta | None) -> None:
    if patience is None:
        fcntl.flock(file, fcntl.LOCK_EX)
        return
    until = time.monotonic() + patience.total_seconds()
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                expected = "to try again in a moment"
                raise OperatorError(
                    where=course.name, found="the office, which decides now", expected=expected
                ) from None
            time.sleep(_TURN)
        else:
            return


def begin_course(file: Path, plan: Plan, *, by: str, at: datetime) -> Course:
    """
    Begin a roll-out in a new file.

    Raises:
        OperatorError: there is a file already, or it cannot be written.

    """
    begun = begin(plan, by=by, at=at)
    with alone(file):
        if file.exists():
            raise OperatorError(where=str(file), found="a file", expected="the name of a new file")
        write_whole(file, keep_course(begun))
    return begun


def read_course(file: Path) -> Course:
    """Return the course in a file; raises OperatorError or SenderError where there is none."""
    return recall_course(read_bytes(file, limit=LONGEST), where=str(file))


def hear(
    file: Path,
    *,
    agreed_by: str | None = None,
    stopped_by: str | None = None,
    reason: str = "",
) -> Course:
    """
    Keep what persons say of a course, before anything else can fail, and return it.

    Raises:
        OperatorError: the one who agrees began it, nothing is to be agreed to, or there is no name.

    """
    with alone(file):
        kept = before = read_course(file)
        if agreed_by is not None:
            kept = agree(kept, by=agreed_by)
        if stopped_by is not None:
            if not stopped_by.strip():
                raise OperatorError(where="roll-out", found="no name", expected="the name of whoever stops it")
            kept = stop(kept, by=stopped_by, reason=reason.strip() or "no reason was given")
        if kept != before:
            write_whole(file, keep_course(kept))
    return kept


# --- The word of the office -------------------------------------------------------------------------------------------


def word_of(course: Path) -> Path:
    """Return the file in which the office says when it looked, and what it decided."""
    return course.with_name(f"{course.name}.office")


def say_word(
    course: Path,
    decision: Decision,
    rings: Mapping[str, RingCounts],
    *,
    every: int | None = None,
    trouble: str | None = None,
) -> None:
    """Keep what the office decided beside the course; what it said before stays unless it said the same."""
    before = last_word(course)
    earlier = before.decisions if before else ()
    if earlier and _same(earlier[0], decision):
        earlier = earlier[1:]
    decisions = (decision, *earlier)[:DECISIONS]
    word = Word(at=decision.at, every=every, rings=rings, decisions=decisions, trouble=trouble)
    write_whole(word_of(course), msgspec.json.encode(word))


def _same(one: Decision, other: Decision) -> bool:
    return (one.step, one.ring, one.reasons) == (other.step, other.ring, other.reasons)


def last_word(course: Path) -> Word | None:
    """
    Return what the office said last, or ``None`` if it never looked.

    Raises:
        SenderError: the file is damaged.

    """
    file = word_of(course)
    if not file.exists():
        return None
    try:
        return msgspec.json.decode(read_bytes(file, limit=LONGEST), type=Word)
    except msgspec.DecodeError as error:
        raise SenderError(where=str(file), found=str(error), expected="the word of an office") from None
