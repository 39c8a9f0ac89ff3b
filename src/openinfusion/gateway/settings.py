"""
What a gateway is told: one TOML file, read whole into one frozen value; every fault is said, with its place.

Paths are relative to the folder of the file. What a file leaves out has the value that stands here.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from openinfusion.adapters.documents import read_bytes
from openinfusion.core.errors import AuthorError, Fault
from openinfusion.gateway.device_settings import DeviceGateway, DeviceLimits, DevicesPlace
from openinfusion.gateway.kinds import Bytes, Count, Port, Seconds, Words

Nurse = Literal["confirms", "refuses", "waits"]
PumpState = Literal["idle", "off", "offline", "silent", "alarming", "running", "paused", "standby", "no set"]
Purpose = Literal["clinical", "test", "training", "example"]
Network = IPv4Network | IPv6Network
Table = Mapping[str, Any]
_LARGEST_FILE = 2**20


class SettingsError(AuthorError):
    """The settings of a gateway cannot be used as they are written."""

    def __init__(self, faults: tuple[Fault, ...], *, where: str) -> None:
        first = faults[0]
        super().__init__(where=f"{where}, {first.path}", found=first.found, expected=first.expected)
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Tls:
    """
    How a listener proves who it is, and whom it asks for proof.

    Attributes:
        certificate: the PEM file of the chain that is shown to senders.
        key: the PEM file of its private key, without a pass phrase.
        client_ca: the PEM file of the authorities that sign senders' certificates; without it none is asked for.
        require_client_certificate: whether a sender without a certificate is refused; so it is where there is a
            ``client_ca``, unless this says otherwise.

    """

    certificate: Path
    key: Path
    client_ca: Path | None = None
    require_client_certificate: bool | None = None


@dataclass(frozen=True, slots=True)
class ClientTls:
    """
    Whom a sender believes, and how it proves who it is.

    Attributes:
        authorities: the PEM file of the authorities that sign the receiver's certificate; without it those of this
            machine.
        certificate: the PEM file of the chain that is shown to a receiver that asks for one.
        key: the PEM file of its private key, without a pass phrase; without it the key stands in ``certificate``.

    """

    authorities: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class Listener:
    """
    A port where pumps' gateways send messages to.

    Attributes:
        name: what it is called in logs and metrics.
        addresses: networks that may connect, such as 10.20.0.0/16; empty for any.
        senders: names of applications (MSH-3, first component) that may send; empty for any.
        tls: without it messages come unencrypted: for a closed network only.

    """

    name: Words = "mllp"
    host: Words = "127.0.0.1"
    port: Port = 2575
    addresses: tuple[Network, ...] = ()
    senders: tuple[Words, ...] = ()
    tls: Tls | None = None

    def admits(self, address: str) -> bool:
        """Whether a connection from this address may be made."""
        if not self.addresses:
            return True
        found = ip_address(address)
        found = getattr(found, "ipv4_mapped", None) or found
        return any(found in network for network in self.addresses)


@dataclass(frozen=True, slots=True)
class Limits:
    """
    How much one sender may ask for, so that the others are served.

    Attributes:
        message_bytes: the longest message.
        segments: the most segments of a message.
        idle_seconds: how long a connection may say nothing; it then has to be made again.
        read_seconds: how long a message may take from its first byte to its last, and an answer to be fetched.
        handshake_seconds: how long TLS may take to begin.
        stop_seconds: how long a stop waits for answers that are under way.
        connections: open at once, in all.
        connections_per_address: open at once from one address.
        unanswered: messages of one connection that wait for their answer; it is not read further meanwhile.
        waiting_high: messages of all that wait to be stored, at which nothing is read further,
        waiting_low: and how few must be left before reading goes on.

    """

    message_bytes: Bytes = 2**20
    segments: Count = 10_000
    idle_seconds: Seconds = 600
    read_seconds: Seconds = 30
    handshake_seconds: Seconds = 10
    stop_seconds: Seconds = 10
    connections: Count = 2000
    connections_per_address: Count = 500
    unanswered: Count = 100
    waiting_high: Count = 5000
    waiting_low: Count = 2500


@dataclass(frozen=True, slots=True)
class StorePlace:
    """Where messages are stored; the folder must be on a local disk."""

    path: Path


@dataclass(frozen=True, slots=True)
class LakePlace:
    """The lake that stored messages are for."""

    folder: Path
    organisation: Words
    purpose: Purpose = "clinical"


@dataclass(frozen=True, slots=True)
class Health:
    """Where health and metrics are told."""

    host: Words = "127.0.0.1"
    port: Port = 9575


@dataclass(frozen=True, slots=True)
class OrderPump:
    """
    A virtual pump that takes orders.

    Attributes:
        number: its number, as orders name it in OBX-18.
        model: its model: one of those that come with the virtual pump.
        care_area: the care area that it is set to; without one it refuses every order.
        channel: the name of its channel, where orders name one.
        weight: the weight that it knows, such as "70 kg".
        patient: the patient that it is associated with; without one it takes orders for anybody.
        expected_area: the care area of the patient's place, where the gateway knows it.
        state: what it is doing when the bench is set up.
        nurse: what the nurse beside it does with a programme.
        syringe_ml: the volume of the syringe that she puts in.

    """

    number: Words
    model: Words
    care_area: Words | None = None
    channel: Words | None = None
    weight: Words | None = None
    patient: Words | None = field(default=None, repr=False)
    expected_area: Words | None = None
    state: PumpState = "idle"
    nurse: Nurse = "confirms"
    syringe_ml: Count = 50


@dataclass(frozen=True, slots=True)
class OrdersPlace:
    """
    A bench of virtual pumps that answer orders (PCD-03).

    Attributes:
        library: the library in force on the pumps.
        reply_host: where the prescribing system listens for replies,
        reply_port: and the port there.
        pumps: the pumps.
        bench: the file in which answers and what was done at the pumps are kept; beside the store if not given.
        events: the event log (.jsonl) that the pumps write, if any.
        stale_minutes: how old an order may be when it is received.
        reply_attempts: how often a reply is sent before it is given up.
        reply_first_wait_seconds: how long to wait after the first attempt; twice as long after each further one,
        reply_longest_wait_seconds: and never longer than this.
        reply_patience_seconds: how long to wait for a connection and an acknowledgement.
        reply_tls: without it replies go out unencrypted: for a closed network only.

    """

    library: Path
    reply_port: Port
    pumps: tuple[OrderPump, ...]
    reply_host: Words = "127.0.0.1"
    bench: Path | None = None
    events: Path | None = None
    stale_minutes: Count = 10
    reply_attempts: Count = 30
    reply_first_wait_seconds: Seconds = 1
    reply_longest_wait_seconds: Seconds = 60
    reply_patience_seconds: Seconds = 10
    reply_tls: ClientTls | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """All that a gateway is told: what receives messages (``store``, ``listeners``), the device API, or both."""

    store: StorePlace | None = None
    listeners: tuple[Listener, ...] = ()
    limits: Limits = field(default_factory=Limits)
    health: Health | None = None
    lake: LakePlace | None = None
    orders: OrdersPlace | None = None
    devices: DevicesPlace | None = None


def read_settings(path: Path) -> Settings:
    """
    Return the settings in a TOML file.

    Raises:
        FileAccessError: the file cannot be read.
        SettingsError: it is not TOML, or says what cannot be; every fault is in it.

    """
    content = read_bytes(path, limit=_LARGEST_FILE)
    try:
        table = tomllib.loads(content.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError((Fault("file", f"no TOML: {error}", "a TOML file in UTF-8"),), where=str(path)) from None
    reader = _Reader(path.parent)
    made = reader.read(Settings, table, "")
    faults = (*reader.faults, *(_contradictions(made) if isinstance(made, Settings) else ()))
    if faults or not isinstance(made, Settings):
        raise SettingsError(faults, where=str(path))
    return made


def _contradictions(settings: Settings) -> Iterator[Fault]:
    limits = settings.limits
    if settings.store is None and (settings.devices is None or settings.listeners):
        yield Fault("store", "nothing", "a value: it has no default")
    if not settings.listeners and (settings.devices is None or settings.store):
        yield Fault("listeners", "none", "one [[listeners]] at least")
    if limits.waiting_low > limits.waiting_high:
        words = f"at most waiting_high, {limits.waiting_high:,}"
        yield Fault("limits.waiting_low", f"{limits.waiting_low:,}", words)
    if limits.connections_per_address > limits.connections:
        words = f"at most connections, {limits.connections:,}"
        yield Fault("limits.connections_per_address", f"{limits.connections_per_address:,}", words)
    names = [one.name for one in settings.listeners]
    for number, name in enumerate(names):
        if name in names[:number]:
            yield Fault(f"listeners[{number}].name", f"{name!r} again", "a name of its own")
    yield from _faults_of_ports(settings)
    yield from _faults_of_tls(settings)
    yield from _faults_of_orders(settings)


def _faults_of_ports(settings: Settings) -> Iterator[Fault]:
    places = [(f"listeners[{number}].port", one.host, one.port) for number, one in enumerate(settings.listeners)]
    places += [("health.port", settings.health.host, settings.health.port)] if settings.health else []
    places += [("devices.port", settings.devices.host, settings.devices.port)] if settings.devices else []
    for number, (place, host, port) in enumerate(places):
        others = {other for _, other, taken in places[:number] if taken == port != 0}
        if host in others or others & _EVERYWHERE or (others and host in _EVERYWHERE):
            yield Fault(place, f"{port} again", "a port of its own")


def _faults_of_tls(settings: Settings) -> Iterator[Fault]:
    for number, listener in enumerate(settings.listeners):
        tls = listener.tls
        if tls is not None and tls.require_client_certificate and tls.client_ca is None:
            expected = "the authorities that sign the certificates of senders"
            yield Fault(f"listeners[{number}].tls.client_ca", "nothing", expected)


def _faults_of_orders(settings: Settings) -> Iterator[Fault]:
    orders = settings.orders
    if orders is None:
        return
    if orders.reply_tls is not None and orders.reply_tls.key is not None and orders.reply_tls.certificate is None:
        yield Fault("orders.reply_tls.key", "a key without a certificate", "its certificate beside it")
    taken = [settings.store.path] if settings.store is not None else []
    for name, file in (("bench", orders.bench), ("events", orders.events)):
        if file in taken:
            yield Fault(f"orders.{name}", str(file), "a file of its own")
        taken += [file] if file is not None else []


_EVERYWHERE = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - addresses that take in all others


class _Reader:
    """Reads tables into the classes above, and goes on after a fault, so that all are said at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.faults: list[Fault] = []

    def read(self, kind: type, table: object, place: str) -> object:
        """Return a value of a class, or ``None`` if the table has a fault."""
        if not isinstance(table, dict):
            return self._fault(place, _kind_of(table), "a table")
        prefix = f"{place}." if place else ""
        hints = get_type_hints(kind, include_extras=True)
        known = len(self.faults)
        for key in table.keys() - hints.keys():
            self._fault(f"{prefix}{key}", "an unknown key", f"one of {', '.join(hints)}")
        found = {key: self._value(hints[key], value, f"{prefix}{key}") for key, value in table.items() if key in hints}
        for one in fields(kind):
            if one.name not in table and one.default is one.default_factory:  # both are MISSING
                self._fault(f"{prefix}{one.name}", "nothing", "a value: it has no default")
        return None if len(self.faults) > known else kind(**found)

    def _value(self, kind: Any, value: object, place: str) -> object:  # noqa: ANN401 - a type, as typing writes it
        inner = [one for one in get_args(kind) if one is not type(None)]
        if kind == tuple[Network, ...]:
            return self._list(self._network, value, place)
        listed = next((one for one in _LISTED if kind == tuple[one, ...]), None)  # type: ignore[valid-type]
        if listed is not None:
            return self._list(lambda one, at: self.read(listed, one, at), value, place)
        if kind is Path or inner == [Path]:
            text = self._plain(Words, value, place)
            if isinstance(text, str) and not text.isprintable():
                return self._fault(place, repr(text), "the name of a file, in characters that print")
            return self._folder / text if isinstance(text, str) else None
        table = next((one for one in (kind, *inner) if one in _TABLES), None)
        return self._plain(kind, value, place) if table is None else self.read(table, value, place)

    def _list(self, read: Any, value: object, place: str) -> object:  # noqa: ANN401 - one of the two above
        if not isinstance(value, list):
            return self._fault(place, _kind_of(value), "a list")
        return tuple(read(one, f"{place}[{number}]") for number, one in enumerate(value))

    def _network(self, value: object, place: str) -> object:
        try:
            return ip_network(value if isinstance(value, str) else "")
        except ValueError:
            return self._fault(place, repr(value), "an address or a network, such as 10.20.0.0/16")

    def _plain(self, kind: Any, value: object, place: str) -> object:  # noqa: ANN401 - a type, as typing writes it
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            words = [str(one) for one in get_args(kind)] if get_origin(kind) is Literal else []
            expected = f"one of {', '.join(words)}" if words else _in_words(str(error))
            return self._fault(place, _kind_of(value), expected)

    def _fault(self, path: str, found: str, expected: str) -> object:
        """Note a fault, and return what stands for the value that is not there."""
        self.faults.append(Fault(path, found, expected))
        return None


_TABLES = (Tls, ClientTls, Limits, StorePlace, LakePlace, Health, OrdersPlace, DevicesPlace, DeviceLimits)
_LISTED = (Listener, OrderPump, DeviceGateway)


_WORDS = {
    "Expected ": "",
    "`int`": "a whole number",
    "`float`": "a number",
    "`str`": "a text",
    "`bool`": "true or false",
    "`array`": "a list",
    "`object`": "a table",
    " >= ": ", at least ",
    " <= ": ", at most ",
    " > ": ", more than ",
}


def _in_words(message: str) -> str:
    """Return what msgspec expected, as whoever writes the file would say it."""
    words = message.partition(", got ")[0].partition(" - at ")[0]
    for written, said in _WORDS.items():
        words = words.replace(written, said)
    return words


def _kind_of(value: object) -> str:
    return repr(value) if isinstance(value, str | int | float | bool) else f"a {type(value).__name__}"
