"""
Keys: encrypted PEM files, or a hardware module by PKCS#11; and the file that names the holder of one.

A key is one person's. Its public half travels with the name of its holder, so that whoever looks at signed metadata
sees who may sign, and who has not.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from string import hexdigits
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from securesystemslib.exceptions import UnsupportedLibraryError
from securesystemslib.signer import CryptoSigner, HSMSigner, Key, Signer, SSlibKey
from tuf.api.exceptions import UnsignedMetadataError
from tuf.api.metadata import Metadata

from openinfusion.adapters.documents import parse_json, read_bytes
from openinfusion.core.errors import FileAccessError, FileTooLargeError, OperatorError, SenderError, SyntaxFault

HSM = "hsm:"
"""How the name of a key in a hardware module begins: ``hsm:2?label=TOKEN``."""
_LONGEST_NAME = 80
_LARGEST = 16_384


def named(key: SSlibKey, holder: str) -> SSlibKey:
    """Return a public key that says who holds it."""
    if not (holder.strip() and holder.isprintable() and len(holder) <= _LONGEST_NAME):
        expected = f"a name of at most {_LONGEST_NAME} characters"
        raise OperatorError(where="holder of a key", found=repr(holder), expected=expected)
    key.unrecognized_fields["holder"] = holder
    return key


def holder_of(key: Key) -> str:
    """Return who holds a key."""
    return str(key.unrecognized_fields.get("holder", key.keyid[:8]))


def make_key(file: Path, *, holder: str, passphrase: bytes | None) -> SSlibKey:
    """
    Make an Ed25519 key: ``file``, which only its holder may read, and ``file`` with ``.pub``, which may be handed out.

    Without a passphrase the key lies open: for a bench only.

    Raises:
        FileAccessError: a file is there already (no key is ever written over), or there is no room.

    """
    private = Ed25519PrivateKey.generate()
    how = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    content = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how)
    key = named(SSlibKey.from_crypto(private.public_key()), holder)
    _write_new(file, content, mode=0o600)
    _write_new(public_file(file), _public_bytes(key), mode=0o644)
    return key


def public_file(file: Path) -> Path:
    """Return where the public half of a key file lies."""
    return file.with_name(f"{file.name}.pub")


def read_public(file: Path) -> SSlibKey:
    """Return a public key with its holder; raises SenderError where the file does not hold one."""
    try:
        told = parse_json(read_bytes(file, limit=_LARGEST), where=str(file))
    except (FileTooLargeError, SyntaxFault):
        expected = "the .pub of a key, as 'fleet new-key' writes it"
        raise SenderError(where=str(file), found="no public key", expected=expected) from None
    try:
        return named(SSlibKey.from_crypto(serialization.load_pem_public_key(told["public"].encode())), told["holder"])
    except (KeyError, TypeError, AttributeError, ValueError, UnsupportedLibraryError) as error:
        raise SenderError(where=str(file), found=str(error)[:200], expected="a public key and its holder") from error


def write_public(file: Path, key: SSlibKey) -> None:
    """Write a public key with its holder."""
    _write_new(file, _public_bytes(key), mode=0o644)


def read_signer(name: str, secret: Callable[[str], bytes | None]) -> Signer:
    """
    Return what signs with a key.

    Args:
        name: a PEM file, or ``hsm:<id>?label=<token>``; for the latter PYKCS11LIB names the module's library.
        secret: gives the passphrase or PIN of what it is asked for; only asked where the key needs one.

    Raises:
        OperatorError: the key cannot be had, or the passphrase does not open it.

    """
    if name.startswith(HSM):
        return _hsm_signer(name, secret)
    file = Path(name)
    try:
        content = read_bytes(file, limit=_LARGEST)
    except FileTooLargeError:
        raise OperatorError(where=name, found="no key", expected="a key as 'fleet new-key' makes it") from None
    is_encrypted = b"ENCRYPTED" in content
    try:
        private = serialization.load_pem_private_key(content, secret(name) if is_encrypted else None)
        return CryptoSigner(private)
    except TypeError:
        expected = "the passphrase, from a file, the environment or the keyboard"
        raise OperatorError(where=name, found="an encrypted key and no passphrase", expected=expected) from None
    except ValueError:
        found = "a passphrase that does not open it" if is_encrypted else "no key"
        raise OperatorError(where=name, found=found, expected="a key as 'fleet new-key' makes it") from None


def add_signature(metadata: Metadata[Any], signer: Signer) -> None:
    """Sign metadata beside whoever signed it already; raises OperatorError where a module refuses."""
    try:
        metadata.sign(signer, append=True)
    except UnsignedMetadataError as error:
        reason = str(error.__cause__) or type(error.__cause__).__name__
        expected = "a key that signs: with the right PIN, and its module at hand"
        raise OperatorError(where=f"key {signer.public_key.keyid[:8]}", found=reason, expected=expected) from error


def read_hsm_key(name: str, *, holder: str, secret: Callable[[str], bytes | None]) -> SSlibKey:
    """Return the public half of a key in a hardware module; raises OperatorError where it cannot be had."""
    return named(_import_hsm(name, secret)[1], holder)


def _hsm_signer(name: str, secret: Callable[[str], bytes | None]) -> Signer:
    uri, key = _import_hsm(name, secret)
    return HSMSigner.from_priv_key_uri(uri, key, lambda _: _pin(name, secret))


def _import_hsm(name: str, secret: Callable[[str], bytes | None]) -> tuple[str, SSlibKey]:
    number, _, query = name.removeprefix(HSM).partition("?")
    label = query.removeprefix("label=").replace("+", " ") or None
    try:
        return HSMSigner.import_(int(number or HSMSigner.SCHEME_KEYID), label, lambda _: _pin(name, secret))
    except (ValueError, UnsupportedLibraryError) as error:
        expected = "a key on P-256 or P-384 in a module that PYKCS11LIB names"
        raise OperatorError(where=name, found=str(error)[:200] or "no such key", expected=expected) from error


def _pin(name: str, secret: Callable[[str], bytes | None]) -> str:
    return (secret(name) or b"").decode()


def _public_bytes(key: SSlibKey) -> bytes:
    told = {"holder": holder_of(key), "public": _pem(str(key.keyval["public"]))}
    return json.dumps(told, indent=2).encode() + b"\n"


def _pem(public: str) -> str:
    """Return a public key as PEM: Ed25519 keys are kept as hexadecimal digits, others as PEM."""
    if not set(public) <= set(hexdigits):
        return public
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def _write_new(file: Path, content: bytes, *, mode: int) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(handle, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
    except FileExistsError:
        raise FileAccessError(where=str(file), found="a file", expected="a new name: no key is written over") from None
    except OSError as error:
        found = error.strerror or "an error"
        raise FileAccessError(where=str(file), found=found, expected="a folder that can be written") from error
