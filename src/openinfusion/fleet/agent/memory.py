"""What an agent is told once, when its pump is set up, and what it must not forget."""

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from openinfusion.adapters.documents import read_bytes
from openinfusion.adapters.durable import write_durably
from openinfusion.core.errors import OperatorError
from openinfusion.fleet.agent.clock import Floor
from openinfusion.fleet.release import check_name
from openinfusion.fleet.report import Place, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Provisioning:
    """
    Who a pump is and what it may take; written once, by whoever sets it up.

    Attributes:
        pump: ``urn:pump:<maker>:<serial>``.
        model: its model.
        hardware: the revision of its hardware.
        hospital, profile: whose libraries it takes.
        ring: its ring until the server names another.
        made: when it was set up; no clock is believed that says less.
        time_key: key of signed times, Ed25519, 64 hexadecimal digits; without it none is believed.
        place: where it is, if it stays there.

    """

    pump: str
    model: str
    hospital: str
    profile: str
    ring: str
    made: datetime
    hardware: str = ""
    time_key: str | None = None
    place: Place | None = None

    def __post_init__(self) -> None:
        for what in ("hospital", "profile", "ring"):
            check_name(getattr(self, what), what)


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """
    What survives a start of the agent.

    Attributes:
        epoch: rises whenever the rest was lost.
        counter: of the last report; rises with every one.
        nonce: the server's, for the next report.
        ring: the ring that the server named last.
        floors: moments that have passed for certain.
        refusal: what was refused last.
        acknowledged: how far the server has the event log of the pump.

    """

    epoch: int
    counter: int = 0
    nonce: str = ""
    ring: str | None = None
    floors: tuple[Floor, ...] = ()
    refusal: Refusal | None = None
    acknowledged: int = 0

    def with_floor(self, floor: Floor | None) -> "Memory":
        """Return it with a floor of a source; one that is lower counts only if others sign now."""
        if floor is None:
            return self
        before = next((one for one in self.floors if one.source == floor.source), None)
        if before is not None and before.keys == floor.keys and before.at >= floor.at:
            return self
        others = tuple(one for one in self.floors if one.source != floor.source)
        return replace(self, floors=(*others, floor))

    def without_floor(self, source: str, *, unless: tuple[str, ...]) -> "Memory":
        """Return it without the floor of a source that others signed than those who may now."""
        kept = tuple(one for one in self.floors if one.source != source or one.keys == unless)
        return self if kept == self.floors else replace(self, floors=kept)


class Home:
    """The folder of an agent: what it was told, its key, the anchors of trust, its memory and its slots."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def provisioning(self) -> Provisioning:
        """Return what the agent was told; raises OperatorError where that is absent or damaged."""
        path = self.folder / "pump.json"
        if not path.exists():
            found, expected = "no pump.json", "the folder of a pump that 'agent init' set up"
            raise OperatorError(where=str(self.folder), found=found, expected=expected)
        content = read_bytes(path)
        try:
            return msgspec.json.decode(content, type=Provisioning)
        except (msgspec.DecodeError, ValueError) as error:
            expected = "what 'agent init' wrote; put the file back from a copy, or set the pump up in a new folder"
            raise OperatorError(where=str(path), found=_words(content, error), expected=expected) from error

    def root(self, repository: str) -> Path:
        """Return where the root of "releases" or "director" lies that the pump was made with."""
        return self.folder / f"{repository}-root.json"

    def key(self) -> Ed25519PrivateKey:
        """Return the pump's own key; raises OperatorError."""
        path = self.folder / "key.pem"
        content = read_bytes(path)
        try:
            key = load_pem_private_key(content, password=None)
        except (UnsupportedAlgorithm, TypeError, ValueError):
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            found = "an empty file" if not content else f"{len(content):,} bytes that are no Ed25519 key"
            expected = "the key that 'agent init' made; without it the server knows the pump no more: set it up again"
            raise OperatorError(where=str(path), found=found, expected=expected)
        return key

    def memory(self) -> Memory | None:
        """Return what is remembered, ``None`` where nothing was yet; raises OperatorError where it is damaged."""
        path = self.folder / "memory.json"
        if not path.exists():
            return None
        expected = "what the agent remembered; it counts its reports anew, which the server will ask about"
        try:
            content = read_bytes(path)
        except OperatorError as error:
            raise OperatorError(where=error.where, found=error.found, expected=f"{expected}: take it away") from error
        try:
            return msgspec.json.decode(content, type=Memory)
        except (msgspec.DecodeError, ValueError) as error:
            raise OperatorError(where=str(path), found=_words(content, error), expected=expected) from error

    def remember(self, memory: Memory) -> None:
        """Put it down so that it survives a power cut; raises OSError."""
        write_durably(self.folder / "memory.json", msgspec.json.encode(memory))

    def set_up(self, provisioning: Provisioning, *, roots: dict[str, bytes]) -> None:
        """Write what an agent is told, and make its key; ``key.pub`` is its public half, for the server."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "key.pem"
        path.touch(mode=0o600)
        key = Ed25519PrivateKey.generate()
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (self.folder / "key.pub").write_bytes(public)
        for repository, root in roots.items():
            write_durably(self.root(repository), root)
        write_durably(self.folder / "pump.json", msgspec.json.encode(provisioning))


def _words(content: bytes, error: Exception) -> str:
    """Say what a file holds that is not what was written to it."""
    if not content.strip(b"\0"):
        return f"{len(content):,} bytes of nothing" if content else "an empty file"
    return f"{len(content):,} bytes that cannot be read ({error})"
