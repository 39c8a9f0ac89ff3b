"""What can be known to be wrong before a gateway starts: ports, certificates, folders, and what the system allows."""

import os
import resource
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from cryptography import x509

from openinfusion.core.errors import Fault, OpenInfusionError
from openinfusion.gateway.devices.checking import faults_of_devices
from openinfusion.gateway.mllp import bind
from openinfusion.gateway.order_bench import faults_of_orders
from openinfusion.gateway.order_book import Book
from openinfusion.gateway.settings import LakePlace, OrdersPlace, Settings
from openinfusion.gateway.store import Store
from openinfusion.gateway.tls import client_context, server_context
from openinfusion.lake.store import Lake, is_lake

_SPARE_DESCRIPTORS = 100


def faults_of_places(settings: Settings) -> Iterator[Fault]:
    """Yield what is wrong with the ports, files and folders that settings name, and with what the system allows."""
    yield from descriptor_faults(settings)
    for number, listener in enumerate(settings.listeners):
        if listener.tls is not None:
            yield from _tried(f"listeners[{number}].tls", partial(server_context, listener.tls))
            yield from _certificate_faults(f"listeners[{number}].tls.certificate", listener.tls.certificate)
        yield from _tried(f"listeners[{number}].port", partial(_try_port, listener.host, listener.port))
    if settings.health is not None:
        yield from _tried("health.port", partial(_try_port, settings.health.host, settings.health.port))
    if settings.devices is not None:
        yield from faults_of_devices(settings.devices)
    if settings.store is not None:
        yield from _store_faults(settings.store.path)
    if settings.lake is not None:
        yield from _lake_faults(settings.lake)
    if settings.orders is not None:
        yield from _order_faults(settings.orders)


def _store_faults(path: Path) -> Iterator[Fault]:
    if not path.parent.is_dir():
        yield Fault("store.path", f"no folder {path.parent}", "a folder that is there")
    elif not os.access(path.parent, os.W_OK):
        yield Fault("store.path", f"folder {path.parent}, which cannot be written", "a folder that can be written")
    elif path.exists():
        yield from _tried("store.path", lambda: Store.open(path).close())


def _lake_faults(place: LakePlace) -> Iterator[Fault]:
    if is_lake(place.folder):
        yield from _tried("lake.folder", lambda: Lake.open(place.folder).must_be_for(place.purpose))
    elif place.folder.exists() and not (place.folder.is_dir() and not any(place.folder.iterdir())):
        yield Fault("lake.folder", "something else than a lake", "a lake, or a folder that is empty or not there yet")


def _order_faults(place: OrdersPlace) -> Iterator[Fault]:
    tls, bench = place.reply_tls, place.bench
    if tls is not None:
        yield from _tried("orders.reply_tls", partial(client_context, tls))
        if tls.certificate is not None:
            yield from _certificate_faults("orders.reply_tls.certificate", tls.certificate)
    yield from faults_of_orders(place)
    if bench is not None and bench.is_file():
        yield from _tried("orders.bench", lambda: Book.open(bench).close())


def _certificate_faults(place: str, path: Path) -> Iterator[Fault]:
    """Yield a fault where a certificate is not valid now; one that cannot be read is told elsewhere."""
    try:
        certificate = x509.load_pem_x509_certificates(path.read_bytes())[0]
    except (OSError, ValueError):
        return
    now = datetime.now(UTC)
    first, last = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not first <= now <= last:
        found = f"{path}: valid from {first:%Y-%m-%d} to {last:%Y-%m-%d}"
        yield Fault(place, found, "a certificate that is valid now")


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
