"""Certificates given: tokens for a first one, and renewal."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from sqlalchemy import Connection, func, select, update

from openinfusion.gateway.devices.authority import Authority
from openinfusion.gateway.devices.callers import key_digest, key_name
from openinfusion.gateway.devices.denials import refusal_of_denied
from openinfusion.gateway.devices.refusals import RefusalError
from openinfusion.gateway.devices.tables import (
    certificate,
    certificate_key,
    from_microseconds,
    to_microseconds,
    token,
)

_TOKEN_BYTES = 24


def _digest(words: str) -> bytes:
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).digest()


def make_token(connection: Connection, urn: str, *, at: datetime, life: timedelta) -> str:
    """Return a new token for the first certificate of a pump or gateway; only its digest is kept."""
    made = secrets.token_urlsafe(_TOKEN_BYTES)
    connection.execute(token.insert().values(digest=_digest(made), urn=urn, ends=to_microseconds(at + life)))
    return made


@dataclass(frozen=True, slots=True)
class Issuer:
    """Gives certificates, and notes each in the transaction in which it is given."""

    authority: Authority
    at: datetime

    def enrol(self, connection: Connection, secret: str, request: x509.CertificateSigningRequest) -> x509.Certificate:
        """
        Return the first certificate of whom a token is for.

        The same key may use its token again, for an answer may be lost; another key may not.

        Raises:
            RefusalError: the token is not known, was used, has ended, or is for somebody who was denied.

        """
        row = connection.execute(select(token).where(token.c.digest == _digest(secret))).first()
        key = key_digest(request.public_key())
        if row is None or row.ends < to_microseconds(self.at) or row.used_by not in (None, key):
            found = "a token that is not known, has ended, or was used"
            raise RefusalError(401, where="enrolment", found=found, expected="a token that was made for this pump")
        if row.used_by is None:
            connection.execute(update(token).where(token.c.digest == row.digest).values(used_by=key))
        return self._give(connection, row.urn, request)

    def renew(self, connection: Connection, urn: str, request: x509.CertificateSigningRequest) -> x509.Certificate:
        """Return a further certificate for who has shown one; raises RefusalError likewise."""
        return self._give(connection, urn, request)

    def _give(self, connection: Connection, urn: str, request: x509.CertificateSigningRequest) -> x509.Certificate:
        _must_name(request, urn)
        if refusal := refusal_of_denied(connection, {urn, key_name(request.public_key())}, who=urn):
            raise refusal
        made = self.authority.issue(request, urn, at=self.at)
        begins, ends = to_microseconds(made.not_valid_before_utc), to_microseconds(made.not_valid_after_utc)
        row = {"serial": f"{made.serial_number:x}", "urn": urn, "begins": begins, "ends": ends}
        connection.execute(certificate.insert().values(**row))
        key = key_digest(request.public_key())
        connection.execute(certificate_key.insert().values(serial=row["serial"], key=key))
        return made


def _must_name(request: x509.CertificateSigningRequest, urn: str) -> None:
    """Raise RefusalError where a request asks for another name; it need not name anybody."""
    try:
        names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        asked = names.get_values_for_type(x509.UniformResourceIdentifier)
    except x509.ExtensionNotFound:
        return
    except ValueError:
        asked = ["a name that cannot be read"]
    if asked not in ([], [urn]):
        raise RefusalError(403, where="request for a certificate", found=f"{asked[0][:200]!r}", expected=urn)


def certificate_ends(connection: Connection, urn: str | None = None) -> dict[str, datetime]:
    """Return when the newest certificate of each pump and gateway, or of one of them, ends."""
    newest = select(certificate.c.urn, func.max(certificate.c.ends)).group_by(certificate.c.urn)
    asked = newest if urn is None else newest.where(certificate.c.urn == urn)
    return {name: from_microseconds(ends) for name, ends in connection.execute(asked)}
