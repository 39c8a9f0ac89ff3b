"""
A repository of signed files on disk: what is in force, which version comes next, and writing without halves.

What the timestamp names is in force; whatever else lies there is of the past, or of a publication that was cut off and
that no pump can see.
"""

import fcntl
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp
from tuf.api.serialization import DeserializationError

from openinfusion.adapters.documents import read_bytes
from openinfusion.adapters.durable import sync_folder, write_durably
from openinfusion.core.errors import FileAccessError, OperatorError, SenderError

ISSUED = "issued"
"""When a timestamp was signed, as it says itself: the earliest that it can be for whoever reads it."""
MOST_VERSION = 2**53 - 1


class Content(NamedTuple):
    """What identifies the bytes of a library."""

    sha256: str
    length: int


def content_of(library: bytes) -> Content:
    """Return what identifies bytes."""
    return Content(hashlib.sha256(library).hexdigest(), len(library))


@dataclass(frozen=True, slots=True)
class Tree:
    """One repository: ``releases`` or ``director``."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    def metadata_file(self, role: str, version: int) -> Path:
        """Return where a version of a role lies; there is one file of the timestamp."""
        name = "timestamp.json" if role == Timestamp.type else f"{version}.{role}.json"
        return self.folder / "metadata" / name

    def target_file(self, target: str, sha256: str) -> Path:
        """Return where the bytes of a target lie."""
        path = self.folder / "targets" / target
        return path.with_name(f"{sha256}.{path.name}")

    def versions(self, role: str) -> list[int]:
        """Return the versions of a role that lie here, in order, whether in force or not."""
        found = (path.name.partition(".")[0] for path in (self.folder / "metadata").glob(f"*.{role}.json"))
        return sorted(int(number) for number in found if number.isdecimal())

    def root(self) -> Metadata[Root]:
        """Return the newest root. Raises OperatorError: nobody has signed one yet."""
        versions = self.versions(Root.type)
        if not versions:
            expected = "a signed root: a ceremony begins with 'openinfusion fleet init'"
            raise OperatorError(where=str(self.folder), found="no root", expected=expected)
        return self.read(Root.type, versions[-1])

    def timestamp(self) -> Metadata[Timestamp] | None:
        """Return the timestamp; ``None`` where nothing was published yet."""
        file = self.metadata_file(Timestamp.type, 0)
        return read_metadata(file) if file.exists() else None

    def snapshot(self) -> Metadata[Snapshot] | None:
        """Return the snapshot in force; ``None`` where nothing was published yet."""
        timestamp = self.timestamp()
        return None if timestamp is None else self.read(Snapshot.type, timestamp.signed.snapshot_meta.version)

    def in_force(self, role: str) -> Metadata[Targets] | None:
        """Return what is in force of a role with targets; ``None`` where it was never published."""
        snapshot = self.snapshot()
        meta = None if snapshot is None else snapshot.signed.meta.get(f"{role}.json")
        return None if meta is None else self.read(role, meta.version)

    def read(self, role: str, version: int) -> Metadata[Any]:
        """Return a version of a role."""
        return read_metadata(self.metadata_file(role, version))

    def write(self, role: str, metadata: Metadata[Any]) -> None:
        """Write metadata as a whole or not at all; once this returns, it survives a power cut."""
        write_whole(self.metadata_file(role, metadata.signed.version), metadata.to_bytes())

    def write_target(self, target: str, library: bytes) -> None:
        """Write the bytes of a target, unless they lie there already."""
        file = self.target_file(target, content_of(library).sha256)
        if not file.exists() or file.read_bytes() != library:
            write_whole(file, library)


@dataclass(frozen=True, slots=True)
class Authority:
    """The folder of an authority: both repositories, and what waits for signatures."""

    folder: Path

    @property
    def releases(self) -> Tree:
        """What custodians, pharmacists and safety officers signed."""
        return Tree(self.folder / "releases")

    @property
    def director(self) -> Tree:
        """What each ring shall run, signed online."""
        return Tree(self.folder / "director")

    @property
    def proposals(self) -> Path:
        """What waits for signatures."""
        return self.folder / "proposals"

    def stamp(self) -> tuple[tuple[int, int], ...]:
        """Return what changes whenever something is published: each publication renames both files into place."""
        files = [tree.metadata_file(Timestamp.type, 0) for tree in (self.releases, self.director)]
        found = [file.stat() for file in files if file.exists()]
        return tuple((one.st_mtime_ns, one.st_ino) for one in found)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let one process at a time change the files: a version must not be given twice."""
        if not self.folder.is_dir():
            expected = "the folder of an authority: 'openinfusion fleet init' makes one"
            raise OperatorError(where=str(self.folder), found="no folder", expected=expected)
        try:
            file = (self.folder / ".lock").open("w")
        except OSError as error:
            raise _no_room(self.folder, error) from error
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def read_metadata(file: Path) -> Metadata[Any]:
    """Return signed metadata, its signatures not checked; raises SenderError or FileAccessError."""
    try:
        return Metadata.from_bytes(read_bytes(file))
    except (DeserializationError, RecursionError) as error:
        raise SenderError(where=str(file), found=str(error)[:200], expected="signed metadata") from error


def write_whole(file: Path, content: bytes) -> None:
    """Write a file, and its folders, as a whole or not at all; raises FileAccessError where there is no room."""
    try:
        if not file.parent.is_dir():
            file.parent.mkdir(parents=True)
            sync_folder(file.parent.parent)
        write_durably(file, content)
    except OSError as error:
        raise _no_room(file, error) from error


def issued(timestamp: Timestamp) -> datetime | None:
    """Return when a timestamp was signed, if it says so."""
    said = timestamp.unrecognized_fields.get(ISSUED)
    return datetime.fromisoformat(said) if isinstance(said, str) else None


def _no_room(file: Path, error: OSError) -> FileAccessError:
    return FileAccessError(
        where=str(file), found=error.strerror or "an error", expected="a folder that may be written, and room in it"
    )
