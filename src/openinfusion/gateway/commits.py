"""
Group commit: one thread stores all that waits in one transaction, and tells of it only when that is on the disk.

The event loop never waits for the disk, and the more senders there are, the more messages share one sync.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from threading import Condition, Thread
from time import monotonic, perf_counter
from typing import NamedTuple

from openinfusion.gateway.store import Arrival, NotNowError, Outcome, Store

MOST_MESSAGES = 500
MOST_BYTES = 8 * 2**20
_TRY_AGAIN_SECONDS = 10
"""After so long a sender that asks whether the gateway is ready may try: nothing else finds out that there is room."""
Tell = Callable[[Outcome | None], None]


class Waiting(NamedTuple):
    """A message that waits, and whom to tell what became of it; ``None``: it was not kept, and may come again."""

    arrival: Arrival
    tell: Tell


class Commits:
    """
    The thread that stores, seen from the event loop.

    Attributes:
        waiting: messages that were handed over and of which nothing was told yet.
        failed: done when the store failed so that the process must end; its exception says how.
        is_storing: whether messages can be stored; not so for some seconds after they could not, with the disk full.

    """

    def __init__(self, store: Store, *, watch: Callable[[float], None]) -> None:
        """Start the thread; ``watch`` is told the seconds of each transaction."""
        self._store = store
        self._watch = watch
        self._loop = asyncio.get_running_loop()
        self._queue: deque[Waiting] = deque()
        self._changed = Condition()
        self._is_ending = False
        self.waiting = 0
        self._trouble: float | None = None
        self.failed: asyncio.Future[None] = self._loop.create_future()
        self._thread = Thread(target=self._work, name="commits", daemon=True)
        self._thread.start()

    @property
    def is_storing(self) -> bool:
        return self._trouble is None or monotonic() - self._trouble > _TRY_AGAIN_SECONDS

    def submit(self, arrival: Arrival, tell: Tell) -> None:
        """Have a message stored; ``tell`` is called in the event loop once it is, or cannot be now."""
        self.waiting += 1
        with self._changed:
            self._queue.append(Waiting(arrival, tell))
            self._changed.notify()

    async def end(self) -> None:
        """Store what waits, then end the thread."""
        with self._changed:
            self._is_ending = True
            self._changed.notify()
        await asyncio.to_thread(self._thread.join)

    # --- In the thread ------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            while batch := self._next():
                begun = perf_counter()
                outcomes = self._keep(batch)
                self._loop.call_soon_threadsafe(self._tell, batch, outcomes, perf_counter() - begun)
        except BaseException as error:  # noqa: BLE001 - whatever it is, nothing more is stored, so the process ends
            self._loop.call_soon_threadsafe(self._fail, error)

    def _next(self) -> list[Waiting]:
        """Wait for messages and return as many as one transaction takes; none at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._is_ending)
            batch: list[Waiting] = []
            size = 0
            while self._queue and len(batch) < MOST_MESSAGES and size < MOST_BYTES:
                batch.append(self._queue.popleft())
                size += len(batch[-1].arrival.raw)
            return batch

    def _keep(self, batch: Sequence[Waiting]) -> Sequence[Outcome | None]:
        try:
            return self._store.keep([one.arrival for one in batch])
        except NotNowError:
            return [None] * len(batch)

    # --- In the event loop --------------------------------------------------------------------------------------------

    def _tell(self, batch: Sequence[Waiting], outcomes: Sequence[Outcome | None], seconds: float) -> None:
        self.waiting -= len(batch)
        self._trouble = monotonic() if outcomes[0] is None else None
        self._watch(seconds)
        for one, outcome in zip(batch, outcomes, strict=True):
            one.tell(outcome)

    def _fail(self, error: BaseException) -> None:
        if not self.failed.done():
            self.failed.set_exception(error)
