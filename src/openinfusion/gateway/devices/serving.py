"""The device API as a process: sockets, the work that comes round, and its end, by a signal or with the database."""

import asyncio
import contextlib
import gc
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from ipaddress import ip_address

from aiohttp import web

from openinfusion.core.errors import OperatorError
from openinfusion.gateway.device_settings import DevicesPlace
from openinfusion.gateway.devices.app import make_app
from openinfusion.gateway.devices.authority import CERTIFICATE
from openinfusion.gateway.devices.desk import Desk
from openinfusion.gateway.devices.patience import Bounded
from openinfusion.gateway.health import HealthPages
from openinfusion.gateway.mllp import bind
from openinfusion.gateway.settings import Health, Tls
from openinfusion.gateway.store import NotNowError
from openinfusion.gateway.tls import server_context

BACKLOG = 1024
_NO_CHECK_TIME = ssl.VerifyFlags(0x200000)  # X509_V_FLAG_NO_CHECK_TIME, which Python has no name for
_FLUSH_SECONDS = 30
_STOP_SECONDS = 10
Ready = Callable[["Served"], None]


class Served:
    """
    A server that serves.

    Attributes:
        desk: what it works with.
        port: where it listens.

    """

    def __init__(self, desk: Desk, runner: web.AppRunner, server: asyncio.Server) -> None:
        self.desk = desk
        self._runner = runner
        self._server = server
        self.port: int = server.sockets[0].getsockname()[1]

    @property
    def connections(self) -> int:
        """How many connections are open."""
        inner = self._runner.server
        return len(inner.connections) if inner is not None else 0

    async def stop(self) -> None:
        """Take no more requests, answer those that are under way, and close."""
        self._server.close()
        await self._runner.cleanup()


@contextlib.asynccontextmanager
async def serving(place: DevicesPlace) -> AsyncIterator[Served]:
    """
    Serve until the block ends.

    Raises:
        OperatorError: something that the settings name cannot be used.

    """
    context = tls_context(place)
    desk = await Desk.open(place)
    try:
        runner = web.AppRunner(
            make_app(desk),
            access_log=None,
            auto_decompress=False,
            handle_signals=False,
            keepalive_timeout=place.limits.idle_seconds,
            shutdown_timeout=_STOP_SECONDS,
        )
        await runner.setup()
        try:
            served = Served(desk, runner, await _listen(place, runner, context))
            try:
                yield served
            finally:
                await served.stop()
        finally:
            await runner.cleanup()
    finally:
        await desk.close()


async def _listen(place: DevicesPlace, runner: web.AppRunner, context: ssl.SSLContext | None) -> asyncio.Server:
    bound = bind(place.host, place.port, where="devices.port")
    bound.listen(BACKLOG)
    handlers = runner.server
    if handlers is None:
        raise OperatorError(where="devices", found="no server", expected="one that was set up")

    def admit() -> asyncio.Protocol:
        if len(handlers.connections) >= place.limits.connections:
            return _ShownOut()
        return Bounded(handlers(), place.limits.request_seconds)

    seconds = place.limits.handshake_seconds if context else None
    return await asyncio.get_running_loop().create_server(
        admit, sock=bound, ssl=context, ssl_handshake_timeout=seconds, backlog=BACKLOG
    )


class _ShownOut(asyncio.Protocol):
    """A connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            transport.abort()


def tls_context(place: DevicesPlace) -> ssl.SSLContext | None:
    """Return what TLS needs, or ``None`` for a trial without; raises OperatorError if that cannot be."""
    if place.certificate is None or place.key is None:
        _must_be_a_trial(place)
        return None
    client_ca = None if place.authority is None else place.authority / CERTIFICATE
    tls = Tls(place.certificate, place.key, client_ca=client_ca, require_client_certificate=False)
    context = server_context(tls)
    # Dates are judged by `callers`: a pump whose certificate ran out may still renew it.
    context.verify_flags |= _NO_CHECK_TIME
    return context


def _must_be_a_trial(place: DevicesPlace) -> None:
    """Raise OperatorError where a server without TLS could be reached from another machine."""
    try:
        is_own = ip_address(socket.gethostbyname(place.host)).is_loopback
    except OSError:
        is_own = False
    if not is_own:
        expected = "devices.certificate and devices.key, or host 127.0.0.1 for a trial on this machine"
        raise OperatorError(where="devices.host", found=f"{place.host} without TLS", expected=expected)


# --- The process ------------------------------------------------------------------------------------------------------


def serve(place: DevicesPlace, *, health: Health | None, ready: Ready) -> None:
    """
    Serve pumps until SIGTERM or SIGINT; ``ready`` is called once they may connect.

    Raises:
        OperatorError: something that the settings name cannot be used.
        StoreError: the database failed; what was not acknowledged comes again.

    """
    asyncio.run(_serve(place, health, ready))


async def _serve(place: DevicesPlace, health: Health | None, ready: Ready) -> None:
    async with serving(place) as served, going_round(served.desk):
        pages = HealthPages(_pages(served))
        try:
            if health is not None:
                await pages.start(bind(health.host, health.port, where="devices.health_port"))
            gc.collect()
            gc.freeze()
            ready(served)
            await _until_told(served)
        finally:
            await pages.stop()


@contextlib.asynccontextmanager
async def going_round(desk: Desk) -> AsyncIterator[None]:
    """Do beside the requests what comes round, until the block ends."""
    flushing = asyncio.create_task(_flush_now_and_then(desk))
    try:
        yield
    finally:
        flushing.cancel()


async def _until_told(served: Served) -> None:
    """Return at a signal; raise what the database failed with."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    failed = served.desk.writer.failed
    failed.add_done_callback(lambda _: told.set())
    await told.wait()
    if failed.done():
        failed.result()


async def _flush_now_and_then(desk: Desk) -> None:
    while True:
        await asyncio.sleep(_FLUSH_SECONDS)
        with contextlib.suppress(NotNowError):
            await desk.flush_seen()


def _pages(served: Served) -> dict[str, Callable[[], tuple[HTTPStatus, str]]]:
    desk = served.desk

    def health() -> tuple[HTTPStatus, str]:
        is_sound = not desk.writer.failed.done()
        return (HTTPStatus.OK, "ok\n") if is_sound else (HTTPStatus.SERVICE_UNAVAILABLE, "the database failed\n")

    def readiness() -> tuple[HTTPStatus, str]:
        why = _why_not_ready(desk)
        return (HTTPStatus.SERVICE_UNAVAILABLE, f"not ready: {why}\n") if why else (HTTPStatus.OK, "ready\n")

    def metrics() -> tuple[HTTPStatus, str]:
        gauges = {
            "open_connections": ("Connections now.", served.connections),
            "waiting": ("Things that wait to be stored.", desk.writer.waiting),
            "storing": ("1 while things can be stored, 0 for example with the disk full.", int(desk.writer.is_storing)),
            "releases": ("Releases that the trees know.", len(desk.trees.releases)),
        }
        return HTTPStatus.OK, desk.figures.text(gauges)

    return {"/healthz": health, "/readyz": readiness, "/metrics": metrics}


def _why_not_ready(desk: Desk) -> str | None:
    if desk.writer.failed.done():
        return "the database failed"
    if not desk.is_open:
        return "it stops"
    if not desk.writer.is_storing:
        return "nothing can be stored now"
    return "too much waits" if desk.writer.waiting >= desk.place.limits.waiting else None
