"""One signed repository as a pump trusts it: python-tuf does the work, this module gives it the pump's time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from tuf.api.exceptions import DownloadError, RepositoryError
from tuf.api.metadata import Metadata, Root, TargetFile, Targets, Timestamp
from tuf.ngclient import Updater

from openinfusion.adapters.documents import read_bytes
from openinfusion.core.errors import OpenInfusionError, OperatorError, SenderError
from openinfusion.fleet.agent.clock import Floor
from openinfusion.fleet.agent.codes import Code, RefusedError, refused_by_tuf
from openinfusion.fleet.agent.sources import Places, Watched


class Repository:
    """
    What a pump trusts of one repository; lies in a folder.

    The root that the pump was made with is the anchor every time: what lies in the folder is only a cache of what was
    verified from there, and where it is damaged or expired it is fetched anew.
    """

    def __init__(self, name: str, folder: Path, *, anchor: Path) -> None:
        """``anchor`` is the file of that root; it is read only when it is needed."""
        self.name = name
        self._folder = folder
        self._anchor = anchor
        self._updater: Updater | None = None

    def refresh(self, places: Places, *, at: datetime) -> None:
        """
        Bring root, timestamp, snapshot and targets up to date, judged by a moment.

        Raises:
            RefusedError: they are not what they must be, or cannot be fetched.
            OSError: the pump cannot write.
            OperatorError: the root that the pump was made with is damaged.

        """
        self._updater = None
        root = self._read_anchor()
        watched = Watched(places.fetcher)
        with _refusing(lambda: f"{self.name}, {watched.last}"):
            updater = self._made(replace(places, fetcher=watched), at, root=root)
            updater.refresh()
        self._updater = updater

    def _read_anchor(self) -> bytes:
        try:
            return read_root(self._anchor)
        except SenderError as error:
            expected = "the root that the pump was set up with"
            raise OperatorError(where=str(self._anchor), found=error.found, expected=expected) from error

    def _made(self, places: Places, at: datetime, *, root: bytes) -> Updater:
        self._folder.mkdir(parents=True, exist_ok=True)
        updater = Updater(
            metadata_dir=str(self._folder),
            metadata_base_url=places.metadata,
            target_base_url=places.targets,
            fetcher=places.fetcher,
            bootstrap=root,
        )
        # python-tuf asks the machine for the time and has no public way to be told. A pump's clock may be years behind,
        # which would switch off the protection against a freeze; so the time is set here, and only here.
        updater._trusted_set.reference_time = at  # noqa: SLF001
        return updater

    def find(self, path: str) -> TargetFile | None:
        """Return what is signed of a target, ``None`` if nobody signed it; refresh first. Raises as ``refresh``."""
        with _refusing(lambda: self.name):
            return self._fresh().get_targetinfo(path)

    def download(self, target: TargetFile, to: Path) -> bytes:
        """Fetch the bytes of a target, checked against what was signed of it. Raises as ``refresh``."""
        with _refusing(lambda: f"{self.name}, {target.path}"):
            if self._fresh().find_cached_target(target, str(to)) is None:
                self._fresh().download_target(target, str(to))
        return to.read_bytes()

    def _fresh(self) -> Updater:
        if self._updater is None:
            raise ValueError(f"{self.name} was not refreshed")
        return self._updater

    # --- What was verified -------------------------------------------------------------------------------------------

    def issued(self) -> Floor | None:
        """Return when the timestamp says that it was signed, ``None`` where it does not; after a refresh."""
        signed = _read(self._folder / "timestamp.json", Timestamp)
        if signed is None:
            return None
        try:
            at = datetime.fromisoformat(str(signed.unrecognized_fields["issued"]))
        except (KeyError, ValueError):
            return None
        is_plain = at.tzinfo is not None and at < signed.expires
        return Floor(source=self.name, at=at, keys=self.timestamp_keys()) if is_plain else None

    def timestamp_keys(self) -> tuple[str, ...]:
        """Return whom the newest root lets sign timestamps, by the ids of their keys."""
        root = _read(self._folder / "root.json", Root)
        return tuple(sorted(root.roles["timestamp"].keyids)) if root is not None else ()

    def versions(self) -> tuple[int, int]:
        """Return the versions of root and timestamp that are trusted now; 0 where there is none."""
        root, timestamp = _read(self._folder / "root.json", Root), _read(self._folder / "timestamp.json", Timestamp)
        return (root.version if root else 0, timestamp.version if timestamp else 0)

    def keys_of(self, role: str) -> frozenset[str]:
        """Return whom the targets let sign for a delegated role; after ``find``."""
        targets = _read(self._folder / "targets.json", Targets)
        delegations = targets.delegations if targets is not None else None
        roles = delegations.roles if delegations is not None and delegations.roles is not None else {}
        return frozenset(roles[role].keyids) if role in roles else frozenset()

    def has_signed(self, role: str, target: TargetFile) -> bool:
        """Whether it is this delegated role that lists a target; after ``find``."""
        targets = _read(self._folder / f"{role}.json", Targets)
        return targets is not None and targets.targets.get(target.path) == target


def read_root(path: Path) -> bytes:
    """Return the bytes of a root that a pump shall trust from the beginning; raises SenderError where it is none."""
    content = read_bytes(path)
    with _refusing(lambda: str(path)):
        root = Metadata[Root].from_bytes(content)
        root.verify_delegate(Root.type, root)
    return content


@contextmanager
def _refusing(where: Callable[[], str]) -> Iterator[None]:
    """Let errors of python-tuf come out as refusals; hostile JSON makes it raise almost anything. Asks where it was."""
    try:
        yield
    except (OSError, OpenInfusionError):
        raise
    except (RepositoryError, DownloadError) as error:
        raise refused_by_tuf(error, where()) from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError) as error:
        found = f"{type(error).__name__}: {error}"
        raise RefusedError(Code.NOT_METADATA, where=where(), found=found, expected="signed metadata") from error


T = TypeVar("T", Root, Timestamp, Targets)


def _read(path: Path, kind: type[T]) -> T | None:
    """Return verified metadata as python-tuf put it down, ``None`` where there is none."""
    try:
        signed = Metadata[T].from_bytes(path.read_bytes()).signed
    except (OSError, RepositoryError):
        return None
    return signed if isinstance(signed, kind) else None
