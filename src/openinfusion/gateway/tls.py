"""TLS as a listener offers it, and as a sender asks for it."""

import ssl
from pathlib import Path

from openinfusion.core.errors import FileAccessError
from openinfusion.gateway.settings import ClientTls, Tls


def server_context(tls: Tls) -> ssl.SSLContext:
    """Return what a listener needs; raises FileAccessError if a file cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load_own(context, tls.certificate, tls.key)
    if tls.client_ca is not None:
        _load_authorities(context, tls.client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL if tls.require_client_certificate is False else ssl.CERT_REQUIRED
    return context


def client_context(tls: ClientTls) -> ssl.SSLContext:
    """Return what a sender needs: whom it believes, and how it proves who it is; raises FileAccessError likewise."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls.authorities is not None:
        _load_authorities(context, tls.authorities)
    if tls.certificate is not None:
        _load_own(context, tls.certificate, tls.key or tls.certificate)
    return context


def _load_own(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    _must_open(certificate)
    _must_open(key)
    try:
        # A key with a pass phrase would ask for it on the terminal; nobody sits there.
        context.load_cert_chain(certificate, key, password=lambda: b"")
    except (OSError, ValueError) as error:
        found = getattr(error, "reason", None) or "no certificate with its key"
        where = f"{certificate} with {key}"
        raise FileAccessError(where=where, found=str(found), expected="a certificate and its key, in PEM") from None


def _load_authorities(context: ssl.SSLContext, path: Path) -> None:
    _must_open(path)
    try:
        context.load_verify_locations(path)
    except (OSError, ValueError) as error:
        found = getattr(error, "reason", None) or "no certificate"
        raise FileAccessError(where=str(path), found=str(found), expected="certificates in PEM") from None


def _must_open(path: Path) -> None:
    try:
        path.open("rb").close()
    except OSError as error:
        raise FileAccessError(where=str(path), found=error.strerror or "an error", expected="a PEM file") from None
