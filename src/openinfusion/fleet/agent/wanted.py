"""What a pump shall run: where pharmacy, safety officer and director agree on one release, and it fits the pump."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tuf.api.metadata import TargetFile

from openinfusion import __version__
from openinfusion.adapters.documents import MAX_BYTES
from openinfusion.core.errors import SenderError
from openinfusion.fleet.agent.codes import Code, RefusedError
from openinfusion.fleet.agent.memory import Provisioning
from openinfusion.fleet.agent.trust import Repository
from openinfusion.fleet.release import ROLES, Release, ring_target, role_name


@dataclass(frozen=True, slots=True)
class Wanted:
    """A release that all three signed for this pump, and where its bytes lie."""

    release: Release
    sha256: str
    target: TargetFile


def wanted(releases: Repository, director: Repository, told: Provisioning, *, ring: str) -> Wanted | None:
    """
    Return what the pump shall run, ``None`` where the director lists nothing for its ring; both refreshed before.

    Raises:
        RefusedError: the three disagree, or the release is not for this pump.

    """
    path = ring_target(hospital=told.hospital, profile=told.profile, ring=ring)
    listed = director.find(path)
    if listed is None:
        return None
    release = _release(listed, where=f"director, {path}")
    for code, found, expected in _misfits(release, told):
        raise RefusedError(code, where=f"director, {path}", found=found, expected=expected, number=release.number)
    signed = [_signed(releases, role, release) for role in ROLES]
    for one in signed:
        if _facts(one) != _facts(listed):
            found = f"{one.path} differs from what the director lists"
            expected = "the same length, hash and facts in all three"
            raise RefusedError(Code.DISAGREE, where=path, found=found, expected=expected, number=release.number)
    _check_two_hands(releases, release)
    return Wanted(release, _sha256(listed, release), signed[0])


def _release(listed: TargetFile, *, where: str) -> Release:
    try:
        return Release.from_custom(listed.custom, where=where)
    except SenderError as error:
        raise RefusedError(Code.NOT_A_RELEASE, where=where, found=error.found, expected=error.expected) from error


def _signed(releases: Repository, role: str, release: Release) -> TargetFile:
    """Return what a role signed of the release, and hold that it was that role and no other."""
    path, name = release.target(role), role_name(role, hospital=release.hospital, profile=release.profile)
    target = releases.find(path)
    if target is None:
        found, expected = f"{path} signed by nobody", f"a signature of {name}"
        raise RefusedError(Code.NOT_RELEASED, where="releases", found=found, expected=expected, number=release.number)
    if not releases.has_signed(name, target):
        found, expected = f"{path} signed by another role", f"a signature of {name}"
        raise RefusedError(Code.ROLE_CONFUSED, where="releases", found=found, expected=expected, number=release.number)
    return target


def _check_two_hands(releases: Repository, release: Release) -> None:
    names = [role_name(role, hospital=release.hospital, profile=release.profile) for role in ROLES]
    pharmacy, safety = map(releases.keys_of, names)
    if pharmacy & safety:
        found, expected = "one key in both roles", "keys of two people"
        raise RefusedError(
            Code.ROLE_CONFUSED, where=" and ".join(names), found=found, expected=expected, number=release.number
        )


def _facts(target: TargetFile) -> tuple[int, dict[str, str], Any]:
    return target.length, target.hashes, target.custom


def _sha256(listed: TargetFile, release: Release) -> str:
    digest = listed.hashes.get("sha256")
    if digest is None or listed.length > MAX_BYTES:
        found = "no SHA-256" if digest is None else f"{listed.length:,} bytes"
        expected = f"a SHA-256 and at most {MAX_BYTES:,} bytes"
        code = Code.NOT_A_RELEASE if digest is None else Code.TOO_LONG
        raise RefusedError(code, where=listed.path, found=found, expected=expected, number=release.number)
    return digest


def _misfits(release: Release, told: Provisioning) -> Iterator[tuple[Code, str, str]]:
    if (release.hospital, release.profile) != (told.hospital, told.profile):
        found, expected = f"{release.hospital}, {release.profile}", f"{told.hospital}, {told.profile}"
        yield Code.OTHER_PLACE, found, expected
    if release.models and told.model not in release.models:
        yield Code.OTHER_MODEL, f"a release for {', '.join(release.models)}", told.model
    if release.hardware and told.hardware not in release.hardware:
        yield (
            Code.OTHER_HARDWARE,
            f"a release for hardware {', '.join(release.hardware)}",
            told.hardware or "none named",
        )
    needed = _numbers(release.minimum_agent)
    if needed is None or needed > (_numbers(__version__) or ()):
        yield (
            Code.AGENT_TOO_OLD,
            f"a release for an agent of {release.minimum_agent} or newer",
            f"at most {__version__}",
        )


def _numbers(version: str) -> tuple[int, ...] | None:
    """Return "0.4.1" as numbers, without what follows them; ``None`` for what is not a version: no agent fulfils it."""
    found = _VERSION.match(version)
    return tuple(map(int, found[0].split("."))) if found else None


_VERSION = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,5}(?![0-9])", re.ASCII)
