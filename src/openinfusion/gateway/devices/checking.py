"""What can be known to be wrong with the settings of a device API before it starts."""

from collections.abc import Callable, Iterator
from functools import partial

from openinfusion.core.errors import Fault, OpenInfusionError
from openinfusion.gateway.device_settings import DevicesPlace
from openinfusion.gateway.devices.authority import Authority
from openinfusion.gateway.devices.callers import Callers
from openinfusion.gateway.devices.clock import read_private_key
from openinfusion.gateway.devices.database import Database
from openinfusion.gateway.devices.serving import tls_context
from openinfusion.gateway.devices.trees import Trees
from openinfusion.gateway.mllp import bind


def faults_of_devices(place: DevicesPlace) -> Iterator[Fault]:
    """Yield what is wrong, in the order of the settings; nothing is changed, but that a database is made."""
    yield from _tried("devices.trees", Trees(place.trees).refresh)
    if place.postgresql is None:
        yield from _tried("devices.state", lambda: Database.open(place.state).close())
    yield from _tried("devices.time_key", partial(read_private_key, place.time_key))
    yield from _tried("devices.port", lambda: bind(place.host, place.port, where="").close())
    if (place.certificate is None) != (place.key is None):
        missing = "devices.key" if place.key is None else "devices.certificate"
        yield Fault(missing, "nothing", "both certificate and key, or neither")
    else:
        yield from _tried("devices.certificate", partial(tls_context, place))
    if place.authority_passphrase and not place.authority:
        yield Fault("devices.authority", "nothing", "the folder of the authority of that pass phrase")
    if place.authority and place.authority_passphrase:
        yield from _tried("devices.authority", partial(Authority.open, place.authority, place.authority_passphrase))
    if place.postgresql is not None:
        yield from _tried("devices.postgresql", lambda: Database.open(place.state, postgresql=place.postgresql).close())
    yield from _health_faults(place)
    yield from _tried("devices.gateways", partial(Callers.of, place.gateways, place.tokens))


def _health_faults(place: DevicesPlace) -> Iterator[Fault]:
    if place.health_port is None:
        return
    if place.health_port == place.port != 0:
        yield Fault("devices.health_port", f"{place.port}, the port of the devices themselves", "another port")
    else:
        yield from _tried("devices.health_port", lambda: bind(place.host, place.health_port or 0, where="").close())


def _tried(place: str, what: Callable[[], object]) -> Iterator[Fault]:
    try:
        what()
    except OpenInfusionError as error:
        found = f"{error.where}: {error.found}" if error.where else error.found
        yield Fault(place, found, error.expected)
