"""
The pump's side of orders beside a gateway: a thread that answers them, and the connections on which replies go out.

What the pumps think holds up no acknowledgement. Every reply is sent under its own control id until the prescribing
system acknowledges it, refuses it for good, or the attempts are used up; while that system is down, orders are still
answered, and the replies go out when it is back.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from openinfusion.gateway.order_book import Reply, State
from openinfusion.gateway.order_desk import Desk, Told
from openinfusion.gateway.sending import Way, send
from openinfusion.gateway.settings import OrdersPlace
from openinfusion.gateway.store import NotNowError
from openinfusion.gateway.tls import client_context

T = TypeVar("T")
LOOK_SECONDS = 0.1
AT_ONCE = 4
"""Connections for replies at one time."""
_log = logging.getLogger("openinfusion.gateway")


def _nobody(_: Told) -> None:
    """Hear nothing."""


def _now() -> datetime:
    return datetime.now(UTC)


class Responder:
    """
    Answers the orders in a store.

    Attributes:
        task: runs until it is cancelled; one that ends by itself is a fault.

    """

    def __init__(
        self,
        store: Path,
        place: OrdersPlace,
        *,
        clock: Callable[[], datetime] = _now,
        told: Callable[[Told], None] = _nobody,
    ) -> None:
        """Set the bench up; raises OperatorError or FileAccessError where it cannot be as the settings say."""
        self._place = place
        context = client_context(place.reply_tls) if place.reply_tls is not None else None
        patience = place.reply_patience_seconds
        self._way = Way(place.reply_host, place.reply_port, tls=context, patience=patience, attempts=1)
        # One thread from first to last: book and store each have one user.
        self._thread = ThreadPoolExecutor(1, "orders")
        try:
            self._desk = self._thread.submit(Desk, store, place, clock=clock, told=told).result()
        except BaseException:
            self._thread.shutdown()
            raise
        self._under_way: set[int] = set()
        self._gate = asyncio.Semaphore(AT_ONCE)
        self.task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop; what is owed goes out the next time."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self._do(self._desk.close)
        self._thread.shutdown()

    async def _do(self, what: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, what)

    async def _run(self) -> None:
        try:
            await self._answer_all()
        except BaseExceptionGroup as group:
            error: BaseException = group
            while isinstance(error, BaseExceptionGroup):
                error = error.exceptions[0]
            # One fault, such as a full disk, ends the process; who runs it reads that one, not how tasks are grouped.
            raise error from None

    async def _answer_all(self) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                await self._look()
                for reply in await self._do(self._desk.owed):
                    if reply.message not in self._under_way:
                        self._under_way.add(reply.message)
                        group.create_task(self._deliver(reply))
                await asyncio.sleep(LOOK_SECONDS)

    async def _look(self) -> None:
        try:
            await self._do(self._desk.look)
        except NotNowError as error:
            _log.warning("orders are not looked at now: %s", error)

    async def _deliver(self, reply: Reply) -> None:
        """Send a reply until it is settled."""
        place = self._place
        wait = place.reply_first_wait_seconds
        for attempt in range(1, place.reply_attempts + 1):
            async with self._gate:
                sent = await send([reply.raw], self._way)
            if sent.counts["acknowledged"]:
                await self._settle(reply, "delivered")
                return
            if sent.counts["refused"]:
                _log.warning("reply %s was refused by the prescribing system: given up", reply.control_id)
                break
            if attempt == 1:
                trouble = sent.trouble or "put off"
                _log.warning("reply %s: %s; it is sent again", reply.control_id, trouble)
            if attempt < place.reply_attempts:
                await asyncio.sleep(wait)
                wait = min(2 * wait, place.reply_longest_wait_seconds)
        else:
            _log.warning("reply %s is given up after %d attempts", reply.control_id, place.reply_attempts)
        await self._settle(reply, "given up")

    async def _settle(self, reply: Reply, state: State) -> None:
        while True:
            try:
                await self._do(lambda: self._desk.settle(reply, state))
            except NotNowError:
                await asyncio.sleep(LOOK_SECONDS)
            else:
                self._under_way.discard(reply.message)
                return
