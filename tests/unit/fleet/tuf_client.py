"""The reference client of TUF on a folder: what any pump's agent would see."""

from pathlib import Path

from tuf.api.exceptions import DownloadHTTPError
from tuf.ngclient import Updater
from tuf.ngclient.fetcher import FetcherInterface


class Folder(FetcherInterface):
    """Fetches from a folder, as from a USB stick."""

    def _fetch(self, url):
        path = Path(url)
        if not path.exists():
            raise DownloadHTTPError("absent", 404)
        yield path.read_bytes()


def client(desk, place, name, *, source=None):
    """A client on one repository, trusting its first root; ``source`` is another folder of trees, such as a stick."""
    tree = (source or desk.authority.folder) / name
    for part in ("metadata", "targets"):
        (place / name / part).mkdir(parents=True, exist_ok=True)
    return Updater(
        str(place / name / "metadata"),
        f"{tree}/metadata/",
        str(place / name / "targets"),
        f"{tree}/targets/",
        fetcher=Folder(),
        bootstrap=desk.trusted_roots()[name],
    )


def take(desk, place, *, source=None, ring="bench"):
    """Return number and bytes of what a pump of a ring would install; raises what the client raises."""
    director, releases = (client(desk, place, name, source=source) for name in ("director", "releases"))
    director.refresh()
    releases.refresh()
    wanted = director.get_targetinfo(f"st-elsewhere/adult/{ring}.json")
    if wanted is None:
        return None
    number = wanted.custom["number"]
    content = b""
    for role in ("pharmacy", "safety"):
        found = releases.get_targetinfo(f"{role}/st-elsewhere/adult/{number}.json")
        if found is None or (found.length, found.hashes, found.custom) != (wanted.length, wanted.hashes, wanted.custom):
            return None
        content = Path(releases.download_target(found)).read_bytes()
    return number, content
