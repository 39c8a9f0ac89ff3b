"""Enrolment over secure transport (RFC 7030): a first certificate for a token, a further one for a certificate."""

import base64
import binascii
from collections.abc import Callable
from functools import partial

from aiohttp import web
from cryptography import x509
from sqlalchemy import Connection

from openinfusion.core.errors import SenderError
from openinfusion.gateway.devices.answers import read_body
from openinfusion.gateway.devices.authority import Authority, bundle, read_request
from openinfusion.gateway.devices.callers import GRACE, Acting, caller_of
from openinfusion.gateway.devices.desk import DESK, Desk
from openinfusion.gateway.devices.enrolment import Issuer
from openinfusion.gateway.devices.refusals import RefusalError

_PLACE = "/.well-known/est"


def add_est(app: web.Application) -> None:
    """Add the addresses of EST."""
    app.router.add_get(f"{_PLACE}/cacerts", tell_authority)
    app.router.add_post(f"{_PLACE}/simpleenroll", enrol)
    app.router.add_post(f"{_PLACE}/simplereenroll", renew)


def _authority(request: web.Request) -> tuple[Desk, Authority]:
    desk = request.app[DESK]
    if desk.authority is None:
        raise RefusalError(404, where="EST", found="no authority here", expected="the authority of your hospital")
    return desk, desk.authority


async def tell_authority(request: web.Request) -> web.Response:
    """Tell whom pumps shall believe."""
    return _answer(_authority(request)[1].certificate)


async def enrol(request: web.Request) -> web.Response:
    """Give a first certificate for a token, which is the password of basic authentication."""
    desk, authority = _authority(request)
    if caller_of(request).is_trial:
        raise RefusalError(403, where="EST", found="no TLS", expected="a token that nobody can listen to")
    secret = _password(request.headers.get("Authorization", ""))
    asked = await _request_of(request)
    issuer = Issuer(authority, desk.clock())
    # Whose token it is, the issuer finds out, and whether they were denied.
    return await _give(desk, Acting("EST", frozenset()), partial(issuer.enrol, secret=secret, request=asked))


def _password(header: str) -> str:
    """Return the password of basic authentication (RFC 7617); raises RefusalError if there is none."""
    kind, _, rest = header.partition(" ")
    try:
        _, colon, password = base64.b64decode(rest, validate=True).decode().partition(":")
    except ValueError:
        colon = password = ""
    if kind.lower() != "basic" or not colon:
        expected = "the token as password of basic authentication"
        raise RefusalError(401, where="EST", found="no token", expected=expected)
    return password


async def renew(request: web.Request) -> web.Response:
    """Give a further certificate to who shows one, also up to a year after that ended."""
    desk, authority = _authority(request)
    caller = caller_of(request)
    if caller.urn is None or caller.ends is None:
        raise RefusalError(401, where="EST", found="no certificate", expected="the one that shall be renewed")
    if caller.ends + GRACE < desk.clock():
        found = f"a certificate that ended {caller.ends:%d-%b-%Y}"
        raise RefusalError(403, where="EST", found=found, expected="one of the last twelve months, or a token")
    asked = await _request_of(request)
    issuer = Issuer(authority, desk.clock())
    who = Acting(caller.urn, caller.names)
    return await _give(desk, who, partial(issuer.renew, urn=caller.urn, request=asked))


async def _request_of(request: web.Request) -> x509.CertificateSigningRequest:
    body = await read_body(request)
    try:
        return read_request(base64.b64decode(b"".join(body.split()), validate=True))
    except binascii.Error:
        expected = "a request (PKCS #10, DER) in base64"
        raise SenderError(where="request for a certificate", found="no base64", expected=expected) from None


async def _give(desk: Desk, who: Acting, work: Callable[[Connection], x509.Certificate]) -> web.Response:
    """Give a certificate, once it is noted."""
    return _answer(await desk.do(who, partial(_tried, work=work)))


def _tried(
    connection: Connection, *, work: Callable[[Connection], x509.Certificate]
) -> x509.Certificate | RefusalError:
    """A refusal is returned: raised, it would take what others wrote in the same transaction with it."""
    try:
        with connection.begin_nested():
            return work(connection)
    except RefusalError as refusal:
        return refusal


def _answer(certificate: x509.Certificate) -> web.Response:
    made = web.Response(body=base64.encodebytes(bundle(certificate)))
    made.headers["Content-Type"] = "application/pkcs7-mime; smime-type=certs-only"
    made.headers["Content-Transfer-Encoding"] = "base64"
    return made
