"""The gateway itself: connections are let in, served, held back while too much waits, and ended in order."""

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import Callable, Sequence
from typing import NamedTuple

from openinfusion.core.errors import OperatorError
from openinfusion.gateway.acknowledge import Header
from openinfusion.gateway.commits import Commits, Tell
from openinfusion.gateway.conversation import Conversation
from openinfusion.gateway.doors import Doors
from openinfusion.gateway.metrics import Metrics
from openinfusion.gateway.settings import Limits, Listener
from openinfusion.gateway.store import Arrival, Store
from openinfusion.gateway.tls import server_context
from openinfusion.gateway.warnings import Warnings

BACKLOG = 1024
_TICK = 0.5
_NO_DESCRIPTORS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


def bind(host: str, port: int, *, where: str) -> socket.socket:
    """Return a socket that listens; raises OperatorError if it cannot."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        made = socket.socket(family, kind, protocol)
    except OSError as error:
        raise OperatorError(
            where=where, found=error.strerror or str(error), expected="an address of this machine"
        ) from None
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(BACKLOG)
    except OSError as error:
        made.close()
        found = error.strerror or str(error)
        raise OperatorError(where=where, found=f"{host} port {port}: {found}", expected="a port that is free") from None
    made.setblocking(False)  # noqa: FBT003 - its only argument
    return made


class _Port(NamedTuple):
    listener: Listener
    socket: socket.socket
    context: ssl.SSLContext | None


class Gateway:
    """
    Listeners with one store behind them.

    Attributes:
        limits: how much a sender may ask for.
        metrics: what is counted.
        warnings: what an operator is told.
        is_holding: whether so much waits to be stored that nothing is read.
        examine: looks at a message before it is stored; its answer (code and bytes) is sent instead of storing it.
        is_open: whether connections are let in.
        tasks: what runs until the end; one that ends by itself is a fault.

    """

    def __init__(self, store: Store, limits: Limits, *, commits: type[Commits] = Commits) -> None:
        self.limits = limits
        self.metrics = Metrics()
        self.warnings = Warnings()
        self.is_holding = False
        self.is_open = False
        self.examine: Callable[[Header, bytes], tuple[str, bytes] | None] = lambda _, __: None
        self.tasks: list[asyncio.Task[None]] = []
        self._store = store
        self.commits = commits(store, watch=self._saw_commit)
        self._doors = Doors(limits.connections, limits.connections_per_address, self._count_connection)
        self._someone_left = asyncio.Event()
        self._ports: list[_Port] = []

    @property
    def connected(self) -> int:
        """How many connections there are."""
        return len(self._doors)

    def start(self, listeners: Sequence[Listener]) -> None:
        """Listen; raises OperatorError if a port or a certificate cannot be used."""
        contexts = [server_context(one.tls) if one.tls else None for one in listeners]
        for listener, context in zip(listeners, contexts, strict=True):
            bound = bind(listener.host, listener.port, where=f"listener {listener.name}")
            self._ports.append(_Port(listener, bound, context))
        self.tasks += [asyncio.create_task(self._let_in(port)) for port in self._ports]
        self.tasks.append(asyncio.create_task(self._watch_the_clock()))
        self.is_open = True

    @property
    def addresses(self) -> list[tuple[Listener, int]]:
        """The listeners, each with its port as the system gave it."""
        return [(port.listener, port.socket.getsockname()[1]) for port in self._ports]

    async def stop(self) -> None:
        """Let nobody in, read nothing further, give every answer that is owed, then close."""
        await self._shut()
        for conversation in self._conversations():
            conversation.finish()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.limits.stop_seconds):
                await self._all_gone()
        self._show_all_out()
        await self.commits.end()

    async def _all_gone(self) -> None:
        while len(self._doors):
            self._someone_left.clear()
            await self._someone_left.wait()

    async def abort(self) -> None:
        """Close everything without another answer: what the store says cannot be relied on."""
        await self._shut()
        self._show_all_out()

    async def _shut(self) -> None:
        self.is_open = False
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        for port in self._ports:
            port.socket.close()

    def _show_all_out(self) -> None:
        for conversation in self._conversations():
            conversation.show_out("ended: stop")

    def _conversations(self) -> list[Conversation]:
        return [one for one in self._doors if isinstance(one, Conversation)]

    # --- Connections --------------------------------------------------------------------------------------------------

    async def _let_in(self, port: _Port) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, peer = await loop.sock_accept(port.socket)
            except OSError as error:
                self.metrics.connections["refused: system"] += 1
                if error.errno in _NO_DESCRIPTORS:
                    self.warnings.say("system", f"no connection can be opened: {error.strerror}")
                await asyncio.sleep(0.1)
                continue
            self._welcome(port, connection, peer)
            # Those who are in come first, however many knock.
            await asyncio.sleep(0)

    def _welcome(self, port: _Port, connection: socket.socket, peer: tuple[str, int]) -> None:
        conversation = Conversation(self, port.listener, peer)
        if not port.listener.admits(conversation.address):
            self.metrics.connections["refused: address"] += 1
            self.warnings.say("address", f"refused {peer[0]}: not an address of listener {port.listener.name}")
            connection.close()
        elif not self._doors.admit(conversation):
            connection.close()
        else:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            beginning = asyncio.create_task(self._begin(port, connection, conversation))
            beginning.add_done_callback(lambda task: self._began(task, connection, conversation))
            conversation.beginning = beginning

    async def _begin(self, port: _Port, connection: socket.socket, conversation: Conversation) -> None:
        await asyncio.get_running_loop().connect_accepted_socket(
            lambda: conversation,
            connection,
            ssl=port.context,
            ssl_handshake_timeout=self.limits.handshake_seconds if port.context else None,
        )

    def _began(self, task: asyncio.Task[None], connection: socket.socket, conversation: Conversation) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.metrics.connections["refused: TLS"] += 1
            reason = getattr(error, "reason", None) or str(error) or type(error).__name__
            self.warnings.say("TLS", f"no connection with {conversation.peer}: {reason}")
        if task.cancelled() or error is not None:
            connection.close()
            self.ended(conversation)

    async def _watch_the_clock(self) -> None:
        while True:
            await asyncio.sleep(_TICK)
            now = asyncio.get_running_loop().time()
            for conversation in self._conversations():
                conversation.look_at_the_clock(now)

    # --- What conversations ask for -----------------------------------------------------------------------------------

    def submit(self, arrival: Arrival, tell: Tell) -> None:
        """Have a message stored, and hear what became of it."""
        self.commits.submit(arrival, tell)
        if not self.is_holding and self.commits.waiting >= self.limits.waiting_high:
            self._hold(is_holding=True)

    def proved(self, conversation: Conversation) -> None:
        """Hear that a connection has brought a message."""
        self._doors.prove(conversation)

    def ended(self, conversation: Conversation) -> None:
        """Hear that a connection has ended."""
        self._doors.leave(conversation)
        self._someone_left.set()

    def _saw_commit(self, seconds: float) -> None:
        self.metrics.saw_commit(seconds)
        if self.is_holding and self.commits.waiting <= self.limits.waiting_low:
            self._hold(is_holding=False)

    def _hold(self, *, is_holding: bool) -> None:
        self.is_holding = is_holding
        self.metrics.connections["held back"] += is_holding
        for conversation in self._conversations():
            conversation.mind_the_flow()

    def _count_connection(self, what: str) -> None:
        self.metrics.connections[what] += 1
