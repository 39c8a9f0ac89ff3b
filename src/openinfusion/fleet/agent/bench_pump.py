"""A pump that is its memory and a lock: for a bench, and for pumps whose infusing process can hold a lock."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from openinfusion.adapters.documents import canonical_bytes
from openinfusion.adapters.library_file import library_from_bytes
from openinfusion.core.errors import OpenInfusionError
from openinfusion.core.library import Library
from openinfusion.fleet.agent.clock import Clock
from openinfusion.fleet.agent.pump import Doing


class BenchPump:
    """
    A pump whose use is known by a lock.

    Whatever infuses holds an exclusive ``flock`` on the file for as long as anything is programmed or connected, and
    touches the file when it lets go. The system gives the lock free when a process ends, however it ends.
    """

    def __init__(self, lock: Path, clock: Clock, *, is_fresh: bool = False) -> None:
        """
        Open the lock file; ``is_fresh`` says that the pump was just switched on.

        A file ``fresh`` beside it says later that it was given to a new patient; it is taken away when it was heard.
        """
        self._lock, self._clock = lock, clock
        self._fresh = lock.with_name("fresh")
        lock.touch()
        self._touched = lock.stat().st_mtime_ns
        self._idle_from = clock.elapsed()
        self._is_fresh = is_fresh
        self._is_held = False
        self._library: Library | None = None
        self._fault: str | None = None

    def doing(self) -> Doing:
        with nullcontext(enter_result=True) if self._is_held else self.hold() as is_free:
            touched = self._lock.stat().st_mtime_ns
        if self._fresh.exists():
            self._fresh.unlink()
            self._is_fresh = True
        if not is_free or touched != self._touched:
            self._touched, self._idle_from, self._is_fresh = touched, self._clock.elapsed(), False
        if not is_free:
            return Doing(state="infusing")
        return Doing(state="idle", idle_for=self._clock.elapsed() - self._idle_from, is_fresh=self._is_fresh)

    @contextmanager
    def hold(self) -> Iterator[bool]:
        with self._lock.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            self._is_held = True
            try:
                yield True
            finally:
                self._is_held = False

    def load(self, library: bytes) -> None:
        self._library, self._fault = None, None
        try:
            self._library = library_from_bytes(library, where="library in memory")
        except OpenInfusionError as error:
            self._fault = str(error)

    def loaded(self) -> bytes | None:
        return None if self._library is None else canonical_bytes(self._library)

    def self_test(self) -> str | None:
        return self._fault if self._library is None else None
