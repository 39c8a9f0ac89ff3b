"""
The signed trees on the disk: which files may be fetched, and which releases they know.

The server believes a release where the pharmacy's role and the safety officer's name the same bytes, in any version of
their metadata that is there: a pump may still run an old one. It checks no signature of them: it installs nothing, and
a pump that does checks all.
"""

import hashlib
import json
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from openinfusion.core.errors import OperatorError
from openinfusion.fleet.release import ROLES

_PATH = re.compile(r"(?:releases|director)/(?:metadata|targets)(?:/[A-Za-z0-9][A-Za-z0-9._-]{0,150}){1,6}")
_ROLE_FILE = re.compile(r"[0-9]+\.(?:pharmacy|safety)-[a-z0-9-]+\.json")
_LARGEST_METADATA = 8 * 2**20
MOST_HELD = 256 * 2**20


@dataclass(frozen=True, slots=True)
class _Named:
    """A release as one role names it."""

    role: str
    line: str
    number: int
    sha256: str
    length: int


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read of the trees at once: it changes as a whole, or not at all."""

    stamp: tuple[int, int] = (0, 0)
    numbers: Mapping[tuple[str, int], str] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)
    largest: int = 0


@dataclass(slots=True)
class Trees:
    """
    The trees in one folder.

    Attributes:
        folder: with ``releases`` and ``director`` in it.

    """

    folder: Path
    _read: _Read = field(default_factory=_Read)
    _held: "OrderedDict[str, bytes]" = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def file(self, path: str) -> Path | None:
        """Return a file that may be fetched, or ``None`` if there is none of that name."""
        if not _PATH.fullmatch(path):
            return None
        found = self.folder / path
        return found if found.is_file() and found.resolve().is_relative_to(self.folder.resolve()) else None

    @property
    def is_fresh(self) -> bool:
        """Whether nothing changed since the releases were read; raises OperatorError if there is no tree."""
        return self._stamp_now() == self._read.stamp

    @property
    def _timestamp(self) -> Path:
        return self.folder / "releases" / "metadata" / "timestamp.json"

    def _stamp_now(self) -> tuple[int, int]:
        try:
            status = self._timestamp.stat()
        except OSError as error:
            found = error.strerror or "an error"
            expected = "the signed trees of a fleet"
            raise OperatorError(where=str(self._timestamp), found=found, expected=expected) from None
        return status.st_mtime_ns, status.st_ino

    def refresh(self) -> None:
        """
        Read the releases again if the trees changed; where that fails the last ones stand.

        Raises:
            OperatorError: there is no tree, or its metadata cannot be read.

        """
        timestamp, stamp = self._timestamp, self._stamp_now()
        if stamp == self._read.stamp:
            return
        named = [one for path in sorted(timestamp.parent.iterdir()) for one in _named(path)]
        by_role = {
            role: {(one.line, one.number, one.sha256): one.length for one in named if one.role == role}
            for role in ROLES
        }
        both = set.intersection(*(set(one) for one in by_role.values()))
        self._read = _Read(
            stamp=stamp,
            numbers={(line, number): sha256 for line, number, sha256 in sorted(both)},
            files={
                sha256: timestamp.parent.parent / "targets" / ROLES[0] / line / f"{sha256}.{number}.json"
                for line, number, sha256 in both
            },
            largest=max((by_role[ROLES[0]][one] for one in both), default=0),
        )

    def loaded(self, sha256: str) -> bytes | None:
        """Return the canonical bytes of a release by their hash, or ``None`` if none has it."""
        with self._lock:
            if sha256 in self._held:
                self._held.move_to_end(sha256)
                return self._held[sha256]
        path = self._read.files.get(sha256)
        if path is None:
            return None
        try:
            content = path.read_bytes()
        except OSError:
            return None
        if hashlib.sha256(content).hexdigest() != sha256:
            return None
        with self._lock:
            self._held[sha256] = content
            while len(self._held) > 1 and sum(map(len, self._held.values())) > MOST_HELD:
                self._held.popitem(last=False)
        return content

    @property
    def largest(self) -> int:
        """Return how many bytes the largest release has."""
        return self._read.largest

    def is_release(self, line: str, number: int, sha256: str) -> bool:
        """Whether a number of a hospital and profile is the release of a hash."""
        return self._read.numbers.get((line, number)) == sha256

    @property
    def releases(self) -> dict[tuple[str, int], str]:
        """Return the hash of every release, by its line and number."""
        return dict(self._read.numbers)


def _named(path: Path) -> list[_Named]:
    """Return the releases in a file of metadata, if it is of a role that names them."""
    if not _ROLE_FILE.fullmatch(path.name):
        return []
    try:
        if path.stat().st_size > _LARGEST_METADATA:
            raise OperatorError(where=str(path), found="a larger file", expected=f"at most {_LARGEST_METADATA:,} bytes")
        targets: dict[str, Any] = json.loads(path.read_bytes())["signed"]["targets"]
        return [one for target, told in targets.items() if (one := _release(target, told))]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        found = f"no metadata ({type(error).__name__})"
        raise OperatorError(
            where=str(path), found=found, expected="metadata of a role, as fleet/authority writes it"
        ) from None


def _release(target: str, told: Mapping[str, Any]) -> _Named | None:
    role, _, rest = target.partition("/")
    line, _, file = rest.rpartition("/")
    number = file.removesuffix(".json")
    if role not in ROLES or not number.isdigit():
        return None
    return _Named(role, line, int(number), told["hashes"]["sha256"], int(told["length"]))
