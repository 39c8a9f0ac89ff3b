"""What the device API is told: the table ``[devices]`` of the settings of a gateway."""

from dataclasses import dataclass, field
from pathlib import Path

from openinfusion.gateway.kinds import Bytes, Count, Port, Seconds, Words


@dataclass(frozen=True, slots=True)
class DeviceGateway:
    """
    A gateway of a maker that speaks for pumps which cannot speak for themselves.

    Attributes:
        name: as its certificate names it: ``urn:gateway:<name>``.
        pumps: the pumps that it may speak for, each by its URN, and no other.
        token: a file with its token, for an update client without a certificate.

    """

    name: Words
    pumps: tuple[Words, ...]
    token: Path | None = None


@dataclass(frozen=True, slots=True)
class DeviceLimits:
    """
    How much one pump may ask for, so that the others are served.

    Attributes:
        body_bytes: the longest body of a request.
        events: the most events of a batch.
        request_seconds: how long a request may take from the first byte of its head to its answer.
        download_seconds: how long a file may take to be fetched.
        idle_seconds: how long a connection may say nothing.
        handshake_seconds: how long TLS may take to begin.
        connections: open at once.
        requests_per_minute: of one pump or gateway; of an address, where a caller shows no certificate.
        burst: requests at once before that counts.
        waiting: things that wait to be stored, at which pumps are told to come again later.

    """

    body_bytes: Bytes = 2**20
    events: Count = 5000
    request_seconds: Seconds = 30
    download_seconds: Seconds = 600
    idle_seconds: Seconds = 75
    handshake_seconds: Seconds = 10
    connections: Count = 12_000
    requests_per_minute: Count = 600
    burst: Count = 200
    waiting: Count = 20_000


@dataclass(frozen=True, slots=True)
class DevicesPlace:
    """
    The device API.

    Attributes:
        trees: the folder of signed releases, with ``releases`` and ``director`` in it.
        state: the folder in which the server keeps what it knows, on a local disk.
        time_key: the PEM file of the Ed25519 key that signs the time; pumps know its public half.
        host: the address to listen at,
        port: and the port there.
        certificate: the PEM file of the chain that is shown to pumps; without it there is no TLS and nobody is asked
            who they are, which is for a trial on one machine only.
        key: the PEM file of its private key.
        authority: the folder of the small authority that gives pumps their certificates; or only with ``ca.pem`` in
            it, where another one gives them.
        authority_passphrase: the file with the pass phrase of its key; without it the server gives no certificates.
        postgresql: a file that holds the address of a PostgreSQL database, to keep it there and not in a file.
        health_port: tells health and metrics at this port of the machine itself.
        tenant: the name before ``/controller`` in the addresses of update clients.
        tokens: a file with a URN and a token on each line, for update clients without a certificate.
        poll_seconds: how long a pump waits between two polls; each is told a quarter more or less.
        gateways: who may speak for several pumps.
        limits: how much one pump may ask for.

    """

    trees: Path
    state: Path
    time_key: Path
    host: Words = "127.0.0.1"
    port: Port = 8443
    certificate: Path | None = None
    key: Path | None = None
    authority: Path | None = None
    authority_passphrase: Path | None = None
    postgresql: Path | None = None
    health_port: Port | None = None
    tenant: Words = "default"
    tokens: Path | None = None
    poll_seconds: Count = 300
    gateways: tuple[DeviceGateway, ...] = ()
    limits: DeviceLimits = field(default_factory=DeviceLimits)
