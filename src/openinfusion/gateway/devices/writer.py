"""
Group commit: one thread does all that waits in one transaction, and tells of it only when that is on the disk.

The event loop never waits for the disk, and the more pumps there are, the more requests share one sync.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from threading import Condition, Thread
from time import perf_counter
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection

from openinfusion.gateway.devices.database import Database
from openinfusion.gateway.store import NotNowError, StoreError

MOST_WORKS = 200
CHECKPOINT = 1000
"""Rows or so after which SQLite's log is moved into its file, beside the writer: it need not wait for that."""
T = TypeVar("T")
Work = Callable[[Connection], Any]


class _Waiting(NamedTuple):
    work: Work
    weight: int
    rows: int
    done: "asyncio.Future[Any]"


class Writer:
    """
    The thread that writes, seen from the event loop.

    Attributes:
        waiting: how much was handed over and is not done.
        failed: done when the database failed so that the process must end; its exception says how.
        is_storing: whether the last transaction succeeded; not so while the disk is full.

    """

    def __init__(self, database: Database, *, most: int, watch: Callable[[float], None]) -> None:
        """Start the thread; at ``most`` waiting nothing more is taken. ``watch`` is told seconds of a transaction."""
        self._database = database
        self._most = most
        self._watch = watch
        self._loop = asyncio.get_running_loop()
        self._queue: deque[_Waiting] = deque()
        self._open: set[asyncio.Future[Any]] = set()
        self._changed = Condition()
        self._is_ending = False
        self._unchecked = 0
        self._checking: asyncio.Task[None] | None = None
        self.waiting = 0
        self.is_storing = True
        self.failed: asyncio.Future[None] = self._loop.create_future()
        self._thread = Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    async def do(self, work: Callable[[Connection], T], *, weight: int = 1, rows: int = 0) -> T:
        """
        Return what some work on the database returned, once what it wrote would survive a power cut.

        ``weight`` counts against what may wait. What writes more ``rows`` says so, for the log of SQLite.

        Work is done again when its transaction failed for the sake of another: it keeps nothing outside the database.

        Raises:
            NotNowError: nothing was kept, and it may come again.
            StoreError: the database failed, and nobody may be answered.

        """
        if self.failed.done():
            self.failed.result()
        if self.waiting >= self._most:
            expected = "to come again when less waits"
            raise NotNowError(where="device API", found=f"{self.waiting:,} requests that wait", expected=expected)
        done: asyncio.Future[T] = self._loop.create_future()
        self.waiting += weight
        self._open.add(done)
        with self._changed:
            self._queue.append(_Waiting(work, weight, max(weight, rows), done))
            self._changed.notify()
        return await done

    async def end(self) -> None:
        """Do what waits, then end the thread."""
        with self._changed:
            self._is_ending = True
            self._changed.notify()
        await asyncio.to_thread(self._thread.join)
        if self._checking is not None:
            await self._checking

    # --- In the thread ------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while batch := self._next():
                begun = perf_counter()
                outcomes = self._try(batch)
                self._loop.call_soon_threadsafe(self._tell, batch, outcomes, perf_counter() - begun)
        except BaseException as error:  # noqa: BLE001 - whatever it is, nothing more is stored, so the process ends
            self._loop.call_soon_threadsafe(self._fail, error)

    def _next(self) -> list[_Waiting]:
        """Wait for work and return as much as one transaction takes; none at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._is_ending)
            return [self._queue.popleft() for _ in range(min(MOST_WORKS, len(self._queue)))]

    def _try(self, batch: Sequence[_Waiting]) -> list[object]:
        """Return what each work returned or raised; one that fails takes no other with it."""
        try:
            with self._database.transaction() as connection:
                return [one.work(connection) for one in batch]
        except NotNowError as error:
            return [error] * len(batch)
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 - a fault of one request; the others are done without it
            if len(batch) == 1:
                return [error]
            return [outcome for one in batch for outcome in self._try([one])]

    # --- In the event loop --------------------------------------------------------------------------------------------

    def _tell(self, batch: Sequence[_Waiting], outcomes: Sequence[object], seconds: float) -> None:
        self.is_storing = not any(isinstance(one, NotNowError) for one in outcomes)
        self._watch(seconds)
        for one, outcome in zip(batch, outcomes, strict=True):
            self.waiting -= one.weight
            self._unchecked += one.rows
            self._open.discard(one.done)
            if one.done.done():  # whoever asked has gone
                continue
            if isinstance(outcome, Exception):
                one.done.set_exception(outcome)
            else:
                one.done.set_result(outcome)

        if self._unchecked >= CHECKPOINT and (self._checking is None or self._checking.done()):
            self._unchecked = 0
            self._checking = self._loop.create_task(self._checkpoint())

    async def _checkpoint(self) -> None:
        try:
            await asyncio.to_thread(self._database.checkpoint)
        except StoreError as error:
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        if self.failed.done():
            return
        self.failed.set_exception(error)
        for done in self._open:
            if not done.done():
                done.set_exception(error)
