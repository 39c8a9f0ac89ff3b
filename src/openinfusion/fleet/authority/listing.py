"""What pharmacy and safety list: the releases of a hospital and profile that pumps may take."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tuf.api.metadata import Metadata, TargetFile, Targets

from openinfusion.core.errors import OperatorError, SenderError
from openinfusion.fleet.authority.trees import Authority, Content
from openinfusion.fleet.authority.trust import SIGNERS_LIFE
from openinfusion.fleet.release import ROLES, Release, role_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A release with what identifies its bytes."""

    release: Release
    content: Content

    def target_file(self, path: str) -> TargetFile:
        """Return it as a target under a path; the same under every path."""
        hashes = {"sha256": self.content.sha256}
        return TargetFile(self.content.length, hashes, path, {"custom": self.release.to_custom()})


Listing = Mapping[int, Listed]
"""Releases by their number."""


def read_target(target: TargetFile) -> Listed:
    """Return what a target says; raises SenderError where it says no release."""
    release = Release.from_custom(target.custom, where=target.path)
    return Listed(release=release, content=Content(str(target.hashes.get("sha256")), target.length))


def make_listing(role: str, listing: Listing, *, version: int, at: datetime) -> Metadata[Targets]:
    """Return the unsigned metadata of a role of ``ROLES`` that lists releases."""
    targets = {one.release.target(role): one.target_file(one.release.target(role)) for one in listing.values()}
    return Metadata(Targets(version=version, expires=(at + SIGNERS_LIFE).replace(microsecond=0), targets=targets))


def read_listing(role: str, targets: Targets) -> dict[int, Listed]:
    """Return the releases that a role lists; raises SenderError where a path and what it names differ."""
    found = [(path, read_target(target)) for path, target in sorted(targets.targets.items())]
    for path, one in found:
        if path != one.release.target(role):
            raise SenderError(where=path, found=f"release {one.release.number}", expected=one.release.target(role))
    return {one.release.number: one for _, one in sorted(found, key=lambda pair: pair[1].release.number)}


def agreed(pharmacy: Listing, safety: Listing) -> dict[int, Listed]:
    """Return what both list with the same length, hash and facts."""
    return {number: one for number, one in pharmacy.items() if safety.get(number) == one}


def listing_of(authority: Authority, hospital: str, profile: str) -> dict[int, Listed]:
    """Return the releases in force of a hospital and profile, by their number."""
    pharmacy, safety = (
        _role_listing(authority, role, role_name(role, hospital=hospital, profile=profile)) for role in ROLES
    )
    return agreed(pharmacy, safety)


def _role_listing(authority: Authority, role: str, name: str) -> dict[int, Listed]:
    metadata = authority.releases.in_force(name)
    return {} if metadata is None else read_listing(role, metadata.signed)


def library_bytes(authority: Authority, listed: Listed) -> bytes:
    """Return the bytes of a release; raises OperatorError where they are absent."""
    file = authority.releases.target_file(listed.release.target(ROLES[0]), listed.content.sha256)
    if not file.exists():
        expected = f"the library of release {listed.release.number}"
        raise OperatorError(where=str(file), found="no file", expected=expected)
    return file.read_bytes()


def ever_listed(authority: Authority, hospital: str, profile: str) -> dict[int, Release]:
    """Return every release that was ever listed here by its number, also one that was signed and never published."""
    found: dict[int, Release] = {}
    for role in ROLES:
        name = role_name(role, hospital=hospital, profile=profile)
        for version in authority.releases.versions(name):
            listing = read_listing(role, authority.releases.read(name, version).signed)
            found |= {number: one.release for number, one in listing.items()}
    return found
