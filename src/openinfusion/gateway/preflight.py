"""What can be known to be wrong before a gateway starts: ports, certificates, folders, and what the system allows."""

import resource
from collections.abc import Callable, Iterator
from functools import partial

from openinfusion.core.errors import Fault, OpenInfusionError
from openinfusion.gateway.mllp import bind
from openinfusion.gateway.order_bench import faults_of_orders
from openinfusion.gateway.settings import Settings
from openinfusion.gateway.store import Store
from openinfusion.gateway.tls import server_context

_SPARE_DESCRIPTORS = 100


def faults_of_places(settings: Settings) -> Iterator[Fault]:
    """Yield what is wrong with the ports, files and folders that settings name, and with what the system allows."""
    yield from descriptor_faults(settings)
    for number, listener in enumerate(settings.listeners):
        if listener.tls is not None:
            yield from _tried(f"listeners[{number}].tls", partial(server_context, listener.tls))
        yield from _tried(f"listeners[{number}].port", partial(_try_port, listener.host, listener.port))
    if settings.health is not None:
        yield from _tried("health.port", partial(_try_port, settings.health.host, settings.health.port))
    path = settings.store.path
    if not path.parent.is_dir():
        yield Fault("store.path", f"no folder {path.parent}", "a folder that is there")
    elif path.exists():
        yield from _tried("store.path", lambda: Store.open(path).close())
    if settings.orders is not None:
        yield from faults_of_orders(settings.orders)


def descriptor_faults(settings: Settings) -> Iterator[Fault]:
    """Ask the system for as many open files as the settings need, and yield a fault if it refuses."""
    needed = settings.limits.connections + _SPARE_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        words = f"at most {max(1, hard - _SPARE_DESCRIPTORS):,}, or a higher limit of open files (ulimit -n)"
        yield Fault("limits.connections", f"{settings.limits.connections:,}", words)
    elif soft not in (resource.RLIM_INFINITY, hard) and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _try_port(host: str, port: int) -> None:
    bind(host, port, where="").close()


def _tried(place: str, what: Callable[[], object]) -> Iterator[Fault]:
    try:
        what()
    except OpenInfusionError as error:
        found = f"{error.where}: {error.found}" if error.where else error.found
        yield Fault(place, found, error.expected)
