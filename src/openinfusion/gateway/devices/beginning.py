"""A folder with all that a trial of the device API needs: settings, a key for the time, a place for what it keeps."""

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from openinfusion.core.errors import OperatorError

SETTINGS = "gateway.toml"
_PRIVATE = 0o600
_TEXT = """\
# The device API. docs/reference/device-api.md says what else can be set.

[devices]
trees = "{trees}"                  # the folder with releases and director in it, as `openinfusion fleet` makes it
state = "state"                    # what the server keeps; leave state/devices.life out of backups
time_key = "time.key"              # signs the time; pumps know time.pub
host = "127.0.0.1"
port = {port}
poll_seconds = 300
"""

TLS_SETTINGS = """\
certificate = "server.pem"
key = "server.key"
authority = "authority"
authority_passphrase = "authority.passphrase"   # better kept on another disk than the key that it opens
"""


def begin(folder: Path, *, trees: str, port: int, tls: str = "") -> Path:
    """
    Make a folder for the device API, and return the file of its settings; ``tls`` is what they say of certificates.

    Raises:
        OperatorError: there is such a folder already, or it cannot be made.

    """
    there = [name for name in (SETTINGS, "time.key") if (folder / name).exists()]
    if there:
        found, expected = f"{' and '.join(there)}, of a device API", "a new folder; that one stays as it is"
        raise OperatorError(where=str(folder), found=found, expected=expected)
    try:
        (folder / "state").mkdir(parents=True, exist_ok=True)
        key = Ed25519PrivateKey.generate()
        write_private(folder / "time.key", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (folder / "time.pub").write_bytes(public)
        (folder / SETTINGS).write_text(_TEXT.format(trees=trees, port=port) + tls, "utf-8")
    except OSError as error:
        found = error.strerror or "an error"
        raise OperatorError(where=str(folder), found=found, expected="a folder that can be written") from None
    return folder / SETTINGS


def write_private(path: Path, content: bytes) -> None:
    """Write a file that is for its owner only, and none over another one."""
    with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _PRIVATE), "wb") as file:  # noqa: PTH123 - its mode
        file.write(content)
