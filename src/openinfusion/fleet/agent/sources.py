"""Where signed files come from: a fetcher and two places. Here the fetcher for a folder; others need a socket."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tuf.api.exceptions import DownloadError, DownloadHTTPError
from tuf.ngclient import FetcherInterface

_CHUNK = 64 * 2**10
_FOLDER = "folder:"


@dataclass(frozen=True, slots=True)
class Source:
    """
    Where the two repositories lie.

    Attributes:
        fetcher: how a file is fetched; any fetcher of python-tuf.
        base: the place of both, such as ``https://fleet.example/tuf``.

    """

    fetcher: FetcherInterface
    base: str

    def places(self, repository: str) -> "Places":
        """Return where "releases" or "director" lies; the director has no copy of the libraries."""
        return Places(self.fetcher, f"{self.base}/{repository}/metadata/", f"{self.base}/releases/targets/")


@dataclass(frozen=True, slots=True)
class Places:
    """Where the metadata and the targets of one repository lie, and how they are fetched."""

    fetcher: FetcherInterface
    metadata: str
    targets: str | None = None


class FolderFetcher(FetcherInterface):
    """Reads from a folder, such as a USB stick."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _fetch(self, url: str) -> Iterator[bytes]:
        return _chunks(self._path(url))

    def _path(self, url: str) -> Path:
        """Return the file that is meant; a name that leads out of the folder is one that is not there."""
        name = url.removeprefix(_FOLDER).lstrip("/")
        path = self._folder / name
        if not _is_file(path) or not path.resolve().is_relative_to(self._folder.resolve()):
            raise DownloadHTTPError(f"no file {name[-120:]!r} in {str(self._folder)[-120:]!r}", 404)
        return path


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    except OSError as error:
        raise DownloadError(f"{path.name}: {error.strerror}") from error


class Watched(FetcherInterface):
    """Fetches with another, and remembers what was asked for last: that is what an error is about."""

    def __init__(self, fetcher: FetcherInterface) -> None:
        self._fetcher = fetcher
        self.last = ""

    def _fetch(self, url: str) -> Iterator[bytes]:
        self.last = url.rpartition("/")[2][:80]
        return self._fetcher.fetch(url)


def folder_source(folder: Path) -> Source:
    """Return a folder with the trees ``releases`` and ``director`` as a source."""
    return Source(FolderFetcher(folder), _FOLDER)
