"""
The small authority that gives pumps and gateways their certificates: one key on P-256, in an encrypted file.

A certificate names its owner by one URN, lives two years and can do nothing but say who a client is. A hospital's own
authority may take its place: the server asks only for the URN, and for a chain that it believes.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs7,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from openinfusion.core.errors import FileAccessError, OperatorError, SenderError
from openinfusion.gateway.devices.beginning import write_private

CERTIFICATE, KEY = "ca.pem", "ca.key"
LIFE = timedelta(days=730)
"""How long a certificate is good; a pump renews it when half of that is over."""
_AUTHORITY_LIFE = timedelta(days=3650)
_SERVER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")
_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Authority:
    """An authority that is open: its certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def open(cls, folder: Path, passphrase: Path) -> "Authority":
        """Return the authority in a folder; raises FileAccessError if it cannot be opened."""
        try:
            certificate = x509.load_pem_x509_certificate((folder / CERTIFICATE).read_bytes())
            key = load_pem_private_key((folder / KEY).read_bytes(), passphrase.read_bytes().strip())
        except OSError as error:
            found = error.strerror or "an error"
            raise FileAccessError(where=str(error.filename), found=found, expected="a file of an authority") from None
        except (ValueError, TypeError, UnsupportedAlgorithm):
            expected = f"a certificate, its encrypted key, and the pass phrase of that in {passphrase}"
            raise FileAccessError(where=str(folder), found="no authority that opens", expected=expected) from None
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise FileAccessError(where=str(folder), found="another key", expected="the key of the certificate, P-256")
        return cls(certificate, key)

    def issue(self, request: x509.CertificateSigningRequest, urn: str, *, at: datetime) -> x509.Certificate:
        """Return a certificate for the key of a request, in the name of a pump or gateway."""
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
        names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(urn)])
        return self._sign(_builder(urn[-64:], names, usage, at=at).public_key(request.public_key()))

    def server(self, key: ec.EllipticCurvePublicKey, names: tuple[str, ...], *, at: datetime) -> x509.Certificate:
        """Return a certificate for the server itself, under the names and addresses that pumps call it by."""
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        alternatives = x509.SubjectAlternativeName([server_name(one) for one in names])
        return self._sign(_builder(names[0][:64], alternatives, usage, at=at).public_key(key))

    def _sign(self, builder: x509.CertificateBuilder) -> x509.Certificate:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        signed = builder.issuer_name(self.certificate.subject).add_extension(identifier, critical=False)
        return signed.sign(self.key, hashes.SHA256())


def _builder(
    name: str, names: x509.SubjectAlternativeName, usage: x509.ExtendedKeyUsage, *, at: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - _SKEW)
        .not_valid_after(at + LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(is_authority=False), critical=True)
        .add_extension(usage, critical=False)
        .add_extension(names, critical=False)
    )


def _key_usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


def server_name(name: str) -> x509.GeneralName:
    """Return the name or address of a server as a certificate has it; raises OperatorError if it is none."""
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        if _SERVER.fullmatch(name):
            return x509.DNSName(name)
    expected = "a name such as pumps.example, or an address"
    raise OperatorError(where="name of the server", found=repr(name[:80]), expected=expected)


def make_authority(folder: Path, passphrase: Path, *, name: str, at: datetime) -> Authority:
    """
    Make an authority in a folder, and the file of its pass phrase if there is none.

    Raises:
        OperatorError: there is one already, or it cannot be written.

    """
    if (folder / KEY).exists():
        raise OperatorError(where=str(folder / KEY), found="a file", expected="a folder without an authority")
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - _SKEW)
        .not_valid_after(at + _AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(is_authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not passphrase.exists():
            write_private(passphrase, secrets.token_urlsafe(32).encode())
        secret = BestAvailableEncryption(passphrase.read_bytes().strip())
        write_private(folder / KEY, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secret))
        (folder / CERTIFICATE).write_bytes(certificate.public_bytes(Encoding.PEM))
    except OSError as error:
        found = error.strerror or "an error"
        raise OperatorError(where=str(folder), found=found, expected="a folder that can be written") from None
    return Authority(certificate, key)


def make_server_certificate(authority: Authority, folder: Path, names: tuple[str, ...], *, at: datetime) -> None:
    """Write ``server.pem`` and ``server.key``; older ones are replaced, each as a whole. Raises OperatorError."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = authority.server(key.public_key(), names, at=at)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        for name, content in (("server.key", private), ("server.pem", certificate.public_bytes(Encoding.PEM))):
            (folder / f"{name}.new").unlink(missing_ok=True)
            write_private(folder / f"{name}.new", content)
            (folder / f"{name}.new").rename(folder / name)
    except OSError as error:
        found = error.strerror or "an error"
        raise OperatorError(where=str(folder), found=found, expected="a folder that can be written") from None


def read_request(data: bytes) -> x509.CertificateSigningRequest:
    """
    Return a request for a certificate (PKCS #10, DER).

    Raises:
        SenderError: it is none, or not for a key on P-256, or not signed with that key.

    """
    expected = "a request (PKCS #10) for a key on P-256, signed with it"
    try:
        request = x509.load_der_x509_csr(data)
        key, is_signed = request.public_key(), request.is_signature_valid
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise SenderError(where="request for a certificate", found="none", expected=expected) from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1) or not is_signed:
        raise SenderError(where="request for a certificate", found="another key or signature", expected=expected)
    return request


def bundle(certificate: x509.Certificate) -> bytes:
    """Return a certificate as PKCS #7 without a signature, as EST has it."""
    return pkcs7.serialize_certificates([certificate], Encoding.DER)
