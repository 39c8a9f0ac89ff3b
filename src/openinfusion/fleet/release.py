"""What is signed beside the bytes of a library, and where it stands among the signed targets."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from openinfusion.core.errors import SenderError

ROLES = ("pharmacy", "safety")
"""Whose signatures a release needs, each through a role of its own."""
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
MOST = 2**53 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """
    One look-up whose answer is signed with the library: a pump makes it before it takes the library.

    Attributes:
        entry: the entry by its id.
        limit: which limit, such as "dose.hard_max".
        expected: its value in full, such as "7 micrograms/kg/h"; ``None`` where no limit is set.

    """

    entry: str
    limit: str
    expected: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """
    What a release says of itself; signed as the "custom" part of a TUF target.

    Attributes:
        number: rises with every release of a hospital and profile; never used twice.
        content_of: the release whose content it carries: itself, or an older one where it is a recall twin.
        hospital, profile: whose pumps it is for, and which of their libraries; lower-case letters, digits, hyphens.
        library_name, library_version: as the library calls itself.
        reason: why it is released, in one sentence.
        models: models of pumps that may take it; none means all.
        hardware: hardware revisions that may take it; none means all.
        minimum_agent: the oldest version of the agent that may install it.
        probes: look-ups that the pump makes before it takes the library.

    """

    number: int
    content_of: int
    hospital: str
    profile: str
    library_name: str
    library_version: str
    reason: str
    models: tuple[str, ...] = ()
    hardware: tuple[str, ...] = ()
    minimum_agent: str = "0"
    probes: tuple[Probe, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.content_of <= self.number <= MOST:
            found = f"number {self.number} with the content of {self.content_of}"
            raise SenderError(where="release", found=found, expected="a number from 1, and content of that or of less")
        for what in ("hospital", "profile"):
            check_name(getattr(self, what), what)

    @property
    def is_recall(self) -> bool:
        """Whether it carries the content of an older release."""
        return self.content_of != self.number

    def target(self, role: str) -> str:
        """Return its path among the targets of a role of ``ROLES``."""
        return f"{role}/{self.hospital}/{self.profile}/{self.number}.json"

    def to_custom(self) -> dict[str, Any]:
        """Return it as JSON values."""
        told: dict[str, Any] = msgspec.to_builtins(self)
        return told

    @classmethod
    def from_custom(cls, custom: Mapping[str, Any] | None, *, where: str) -> "Release":
        """
        Read it from JSON values.

        Raises:
            SenderError: it is absent, or not what a release says.

        """
        try:
            return msgspec.convert(custom, cls, strict=True)
        except msgspec.ValidationError as error:
            raise SenderError(where=where, found=str(error), expected="what a release says of itself") from None


def check_name(name: str, what: str) -> None:
    """Raise ``SenderError`` where a name could not stand in a path and in the name of a role."""
    if not _NAME.fullmatch(name) or "--" in name:
        expected = "lower-case letters and digits, with single hyphens between, 64 at most"
        raise SenderError(where=what, found=repr(name), expected=expected)


def role_name(role: str, *, hospital: str, profile: str) -> str:
    """Return the name of a delegated role of ``releases``."""
    return f"{role}-{hospital}--{profile}"


def ring_target(*, hospital: str, profile: str, ring: str) -> str:
    """Return the path of what a ring shall run, among the targets of ``director``."""
    return f"{hospital}/{profile}/{ring}.json"
