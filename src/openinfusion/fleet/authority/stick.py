"""
Both repositories for pumps that no network reaches: a folder on a USB stick, with a signed expiry of its own.

A stick is a copy at one moment. Its snapshot and timestamp are signed for it and live for weeks; the version that they
bear is used nowhere else, and the server's goes on above it, so that a pump goes from one to the other and back only
forwards.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from securesystemslib.signer import Signer
from tuf.api.metadata import Metadata, Root, Targets

from openinfusion.core.errors import OperatorError
from openinfusion.fleet.authority.listing import Listed, library_bytes
from openinfusion.fleet.authority.online import (
    NOTHING_SEEN,
    Seen,
    check_online,
    make_fresh,
    make_orders,
    next_version,
    put_out,
    read_orders,
    roles_in_force,
)
from openinfusion.fleet.authority.rings import Ring, assigned
from openinfusion.fleet.authority.trees import Authority, Tree
from openinfusion.fleet.release import ROLES

USUAL_DAYS, MOST_DAYS = 45, 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Stick:
    """
    What was written on a stick.

    Attributes:
        expires: from then on no pump takes anything from it.
        rings: the release that it brings to each ring.

    """

    expires: datetime
    rings: Mapping[Ring, Listed]


def write_stick(
    authority: Authority,
    folder: Path,
    online: Signer,
    *,
    at: datetime,
    days: int = USUAL_DAYS,
    seen: Seen = NOTHING_SEEN,
) -> Stick:
    """
    Write both repositories, and the libraries that rings shall run, into a folder such as that of a USB stick.

    Pulled out half-way, the stick holds what it held before, or nothing that a pump takes.

    Raises:
        OperatorError: the days are not from 1 to 90, the key is not the online key, or there is no room.

    """
    if not 1 <= days <= MOST_DAYS:
        raise OperatorError(where="stick", found=f"{days} days", expected=f"from 1 to {MOST_DAYS} days")
    with authority.alone():
        check_online(authority, online)
        trees = {tree: Tree(folder / tree.name) for tree in (authority.releases, authority.director)}
        releases = next_version(authority.releases, seen.releases)
        director = next_version(authority.director, seen.director)
        versions = {authority.releases: releases, authority.director: director}
        # First the server goes above the version of the stick: cut off here, that version is never given twice.
        put_out(authority, online, at=at, seen=Seen(releases=releases, director=director))
        brought = assigned(authority)
        for tree, copy in trees.items():
            _copy_roots(tree, copy)
        for one in brought.values():
            for role in ROLES:
                trees[authority.releases].write_target(one.release.target(role), library_bytes(authority, one))
        life = timedelta(days=days)
        expiries = [
            _write_fresh(authority, tree, copy, online=online, at=at, version=versions[tree], life=life)
            for tree, copy in trees.items()
        ]
        return Stick(expires=min(expiries), rings=brought)


def _copy_roots(tree: Tree, copy: Tree) -> None:
    for version in tree.versions(Root.type):
        copy.write(Root.type, tree.read(Root.type, version))


def _write_fresh(
    authority: Authority,
    tree: Tree,
    copy: Tree,
    *,
    online: Signer,
    at: datetime,
    version: int,
    life: timedelta,
) -> datetime:
    """Write what is signed in a repository, the timestamp last, and return when the first of it expires."""
    roles = roles_in_force(tree)
    if tree == authority.director:
        roles[Targets.type] = make_orders(read_orders(authority), at=at, life=life)
    fresh = make_fresh(tree, roles, online, at=at, version=version, life=life)
    parts: dict[str, Metadata[Any]] = {**roles, **fresh}  # the timestamp last, as it comes
    for role, metadata in parts.items():
        copy.write(role, metadata)
    expiries: list[datetime] = [metadata.signed.expires for metadata in (*parts.values(), tree.root())]
    return min(expiries)
