"""
Who calls, and for whom they may speak: a pump for itself, a gateway for the pumps on its list, nobody for the rest.

Who calls is told by the certificate of the connection. Its dates are judged here and not by TLS, so that a pump whose
certificate ran out may still renew it, and do nothing else.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from openinfusion.core.errors import FileAccessError, SenderError
from openinfusion.gateway.device_settings import DeviceGateway
from openinfusion.gateway.devices.names import check_gateway, check_pump
from openinfusion.gateway.devices.refusals import RefusalError

KEY = "key:"
GRACE = timedelta(days=366)
"""How long after its end a certificate may still be renewed."""


@dataclass(frozen=True, slots=True)
class Caller:
    """
    Who sent a request.

    Attributes:
        urn: the pump or gateway that the certificate names; ``None`` where none was shown.
        serial: of the certificate, as lower-case hexadecimal digits.
        key: what the key of the certificate is denied by.
        ends: when the certificate runs out.
        address: where the request came from.
        is_trial: the server runs without TLS, for a trial on one machine: nobody is asked who they are.

    """

    urn: str | None = None
    serial: str = ""
    key: str = ""
    ends: datetime | None = None
    address: str = ""
    is_trial: bool = False

    @property
    def name(self) -> str:
        """What it is called in the log and counted by."""
        return self.urn or self.address

    @property
    def names(self) -> frozenset[str]:
        """All by which it may have been denied."""
        return frozenset({self.urn or "", self.serial, self.key} - {""})


@dataclass(frozen=True, slots=True)
class Acting:
    """The pump that a request is about, and the names of all who act in it; none of them may have been denied."""

    urn: str
    names: frozenset[str]


@dataclass(slots=True)
class Callers:
    """
    Who may speak for whom.

    Attributes:
        scopes: the pumps of each gateway, by its URN.
        tokens: the digest of the token of each pump that has one,
        gateway_tokens: and of each gateway, by its URN; for update clients of others.

    """

    scopes: Mapping[str, frozenset[str]]
    tokens: Mapping[str, bytes] = field(default_factory=dict)
    gateway_tokens: Mapping[str, bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, gateways: tuple[DeviceGateway, ...], tokens: Path | None = None) -> "Callers":
        """
        Return what settings say of gateways, and the tokens of pumps in a file: a URN and a token a line.

        Raises:
            SenderError: a name is none.
            FileAccessError: a file of tokens cannot be read.

        """
        scopes = {check_gateway(f"urn:gateway:{one.name}"): frozenset(map(check_pump, one.pumps)) for one in gateways}
        theirs = {f"urn:gateway:{one.name}": _digest(_text(one.token).strip()) for one in gateways if one.token}
        lines = [line.split() for line in _text(tokens).splitlines() if line.strip()] if tokens else []
        if any(len(line) != 2 for line in lines):  # noqa: PLR2004 - a URN and a token
            raise FileAccessError(where=str(tokens), found="another line", expected="a URN and a token on each line")
        return cls(scopes, {check_pump(urn): _digest(token) for urn, token in lines}, theirs)

    def must_know_token(self, kind: str, token: str, pump: str) -> Acting:
        """Return who acts; raises RefusalError where a token is not of a pump, or of a gateway for it."""
        said = _digest(token)
        if kind == "TargetToken":
            if compare_digest(self.tokens.get(pump, b""), said):
                return Acting(pump, frozenset({pump}))
            raise RefusalError(401, where="Authorization", found="another token", expected=f"the token of {pump}")
        for gateway, known in self.gateway_tokens.items():
            if compare_digest(known, said):
                self._must_be_in_scope(gateway, pump)
                return Acting(pump, frozenset({gateway, pump}))
        raise RefusalError(401, where="Authorization", found="another token", expected="the token of a gateway")

    def must_speak_for(self, caller: Caller, pump: str, *, at: datetime) -> Acting:
        """Return who acts; raises RefusalError where a caller may not act for a pump now."""
        if caller.is_trial:
            return Acting(pump, frozenset({pump}))
        if caller.urn is None or caller.ends is None:
            raise RefusalError(401, where="TLS", found="no certificate of a pump or gateway", expected="one of ours")
        if caller.ends < at:
            expected = "to renew it first, at /.well-known/est/simplereenroll"
            raise RefusalError(
                403, where="TLS", found=f"a certificate that ended {caller.ends:%d-%b-%Y}", expected=expected
            )
        self._must_be_in_scope(caller.urn, pump)
        return Acting(pump, caller.names | {pump})

    def _must_be_in_scope(self, urn: str, pump: str) -> None:
        if urn != pump and pump not in self.scopes.get(urn, frozenset()):
            expected = "a pump that speaks for itself, or a gateway that speaks for a pump on its list"
            raise OutOfScopeError(403, where=urn, found=f"a request for {pump}", expected=expected)


def key_digest(key: PublicKeyTypes) -> bytes:
    """Return what a public key is known by."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()


def key_name(key: PublicKeyTypes) -> str:
    """Return the name under which the key of certificates is denied."""
    return f"{KEY}{key_digest(key).hex()}"


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        found = getattr(error, "strerror", None) or "no text"
        raise FileAccessError(where=str(path), found=found, expected="a file of tokens") from None


class OutOfScopeError(RefusalError):
    """Somebody acted who may not, or for a pump that is not theirs; ``code`` is that of the finding."""

    def __init__(self, status: int, *, where: str, found: str, expected: str, code: str = "out-of-scope") -> None:
        super().__init__(status, where=where, found=found, expected=expected)
        self.code = code


_known: WeakKeyDictionary[Any, Caller] = WeakKeyDictionary()


def caller_of(request: web.Request) -> Caller:
    """Return who sent a request; raises SenderError where the certificate names no pump or gateway."""
    transport = request.transport
    if transport is None:
        raise SenderError(where="connection", found="its end", expected="an open connection")
    if transport not in _known:
        _known[transport] = _read_caller(transport)
    return _known[transport]


def _read_caller(transport: Any) -> Caller:  # noqa: ANN401 - one of several kinds
    peer = transport.get_extra_info("peername")
    address = str(peer[0]) if peer else ""
    tls = transport.get_extra_info("ssl_object")
    if tls is None:
        return Caller(address=address, is_trial=True)
    certificate = tls.getpeercert()
    if not certificate:
        return Caller(address=address)
    names = [value for kind, value in certificate.get("subjectAltName", ()) if kind == "URI"]
    if len(names) != 1:
        raise SenderError(where="certificate", found=f"{len(names)} names", expected="one URN of a pump or gateway")
    urn = check_gateway(names[0]) if names[0].startswith("urn:gateway:") else check_pump(names[0])
    ends = datetime.strptime(certificate["notAfter"], "%b %d %H:%M:%S %Y GMT").replace(tzinfo=UTC)
    key = key_name(x509.load_der_x509_certificate(tls.getpeercert(binary_form=True)).public_key())
    return Caller(urn, certificate["serialNumber"].lower().lstrip("0"), key, ends, address)
