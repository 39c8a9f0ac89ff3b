"""A gateway as a process: from its settings to its end, which comes by a signal or with the store."""

import asyncio
import gc
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus

from openinfusion.core.errors import OperatorError
from openinfusion.gateway.health import HealthPages
from openinfusion.gateway.mllp import Gateway, bind
from openinfusion.gateway.order_desk import refuse_damaged
from openinfusion.gateway.preflight import descriptor_faults
from openinfusion.gateway.responder import Responder
from openinfusion.gateway.settings import Settings
from openinfusion.gateway.store import Store

Ready = Callable[[Gateway], None]


def serve(settings: Settings, *, ready: Ready) -> None:
    """
    Receive messages until SIGTERM or SIGINT; ``ready`` is called once senders may connect.

    Raises:
        OperatorError: a port, a certificate or the store cannot be used.
        StoreError: the store failed; what was not acknowledged must be sent again.

    """
    for fault in descriptor_faults(settings):
        raise OperatorError(where=fault.path, found=fault.found, expected=fault.expected)
    if settings.store is None:
        raise OperatorError(where="settings", found="no [store]", expected="where messages are kept")
    store = Store.open(settings.store.path)
    try:
        asyncio.run(_serve(settings, store, ready))
    finally:
        store.close()


async def _serve(settings: Settings, store: Store, ready: Ready) -> None:
    gateway = Gateway(store, settings.limits)
    pages = HealthPages(_pages(gateway))
    responder: Responder | None = None
    try:
        if settings.orders is not None and settings.store is not None:
            responder = Responder(settings.store.path, settings.orders)
            gateway.examine = refuse_damaged
            gateway.tasks.append(responder.task)
        gateway.start(settings.listeners)
        if settings.health is not None:
            await pages.start(bind(settings.health.host, settings.health.port, where="health"))
        # What is there now stays: the collector need not look at it while messages wait.
        gc.collect()
        gc.freeze()
        ready(gateway)
        await _until_told(gateway)
    except BaseException:
        await gateway.abort()
        raise
    else:
        await gateway.stop()
        store.checkpoint()
    finally:
        await pages.stop()
        if responder is not None:
            await responder.close()


async def _until_told(gateway: Gateway) -> None:
    """Return at a signal; raise what the store failed with."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    waiting = asyncio.create_task(_wait_for(told))
    faults: tuple[asyncio.Future[None], ...] = (gateway.commits.failed, *gateway.tasks)
    await asyncio.wait({waiting, *faults}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    for fault in faults:
        if fault.done():
            fault.result()


async def _wait_for(told: asyncio.Event) -> None:
    await told.wait()


def _pages(gateway: Gateway) -> dict[str, Callable[[], tuple[HTTPStatus, str]]]:
    def health() -> tuple[HTTPStatus, str]:
        is_sound = not gateway.commits.failed.done()
        return (HTTPStatus.OK, "ok\n") if is_sound else (HTTPStatus.SERVICE_UNAVAILABLE, "the store failed\n")

    def readiness() -> tuple[HTTPStatus, str]:
        why = _why_not_ready(gateway)
        return (HTTPStatus.SERVICE_UNAVAILABLE, f"not ready: {why}\n") if why else (HTTPStatus.OK, "ready\n")

    def metrics() -> tuple[HTTPStatus, str]:
        gauges = {
            "open_connections": ("Connections now.", gateway.connected),
            "waiting_messages": ("Messages that wait to be stored.", gateway.commits.waiting),
            "holding": ("1 while nothing is read because too much waits.", gateway.is_holding),
            "storing": (
                "1 while messages can be stored, 0 for example with the disk full.",
                int(gateway.commits.is_storing),
            ),
        }
        return HTTPStatus.OK, gateway.metrics.text(gauges, at=datetime.now(UTC))

    return {"/healthz": health, "/readyz": readiness, "/metrics": metrics}


def _why_not_ready(gateway: Gateway) -> str | None:
    if gateway.commits.failed.done():
        return "the store failed"
    if not gateway.is_open:
        return "it stops"
    if not gateway.commits.is_storing:
        return "messages cannot be stored now"
    return "too many messages wait" if gateway.is_holding else None
