"""The time of the server, signed, so that a pump whose clock is wrong may believe it before TLS can be believed."""

from datetime import UTC, datetime
from pathlib import Path

import rfc8785
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from openinfusion.core.errors import FileAccessError

LONGEST_NONCE = 128


def now() -> datetime:
    """Return the time of this machine."""
    return datetime.now(UTC)


def signed_time(key: Ed25519PrivateKey, nonce: str, at: datetime) -> dict[str, str]:
    """Return a time with the nonce of who asked, and the signature over both."""
    told: dict[str, str] = {"nonce": nonce, "time": at.isoformat(timespec="milliseconds")}
    return {**told, "signature": key.sign(rfc8785.dumps({**told})).hex()}


def read_private_key(path: Path) -> Ed25519PrivateKey:
    """Return the key in a PEM file; raises FileAccessError if there is none."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise FileAccessError(where=str(path), found=error.strerror or "an error", expected="a PEM file") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise FileAccessError(where=str(path), found="no open key", expected="an Ed25519 key in PEM") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise FileAccessError(where=str(path), found="a key of another kind", expected="an Ed25519 key in PEM")
    return key


def read_public_key(path: Path) -> bytes:
    """Return the 32 bytes of a public key in a PEM file; raises FileAccessError if there is none."""
    try:
        key = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise FileAccessError(where=str(path), found=error.strerror or "an error", expected="a PEM file") from None
    except (ValueError, UnsupportedAlgorithm):
        raise FileAccessError(where=str(path), found="no public key", expected="an Ed25519 public key in PEM") from None
    if not isinstance(key, Ed25519PublicKey):
        raise FileAccessError(where=str(path), found="a key of another kind", expected="an Ed25519 public key in PEM")
    return key.public_bytes_raw()
