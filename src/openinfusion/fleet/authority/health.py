"""What expires when, and what has to be done by whom before it does."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from tuf.api.metadata import Metadata, Root, Targets

from openinfusion.fleet.authority.listing import listing_of
from openinfusion.fleet.authority.online import NOTHING_SEEN, Seen, roles_in_force
from openinfusion.fleet.authority.trees import Authority, Tree
from openinfusion.fleet.authority.trust import (
    CUSTODIANS_LIFE,
    ONLINE_LIFE,
    ONLINE_ROLES,
    SIGNERS_LIFE,
    lists,
    read_trust,
    role_words,
    whose,
)


class Urgency(Enum):
    """How near an end is: half, a quarter, a tenth of its life left."""

    WELL = "well"
    NOTICE = "notice"
    WARNING = "warning"
    RED = "red"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """
    When something signed expires.

    Attributes:
        what: the repository and role.
        expires: pumps take nothing new through it from then on; they keep the library that they have.
        left: the part of its life that is left; below zero when it is over.
        urgency: how near that is.
        do: who does what about it.
        by: until when.

    """

    what: str
    expires: datetime
    left: float
    urgency: Urgency
    do: str
    by: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that is wrong now, and what to do."""

    found: str
    do: str


def expiries(authority: Authority, *, at: datetime) -> list[Expiry]:
    """Return when everything signed expires, the most urgent first."""
    custodians = read_trust(authority).custodians.threshold
    found: list[Expiry] = []
    for tree in (authority.releases, authority.director):
        for role, metadata in _signed(tree):
            life, do = _life(tree, role, custodians)
            found.append(_expiry(f"{tree.name}, {role}", metadata.signed.expires, life, at=at, do=do))
    return sorted(found, key=lambda one: (one.left, one.what))


def _signed(tree: Tree) -> Iterable[tuple[str, Metadata[Any]]]:
    yield "root", tree.root()
    timestamp, snapshot = tree.timestamp(), tree.snapshot()
    if timestamp is not None and snapshot is not None:
        yield from (("timestamp", timestamp), ("snapshot", snapshot))
    yield from roles_in_force(tree).items()


def _life(tree: Tree, role: str, custodians: int) -> tuple[timedelta, str]:
    if role in ONLINE_ROLES[tree.name]:
        return ONLINE_LIFE, "have the server run 'openinfusion fleet refresh' every day; find out why it did not"
    if role in {Root.type, Targets.type}:
        return (
            CUSTODIANS_LIFE,
            f"hold a key ceremony: 'openinfusion fleet renew-trust', signed by {custodians} custodians",
        )
    _, hospital, profile = whose(role)
    do = f"release, or 'openinfusion fleet renew --hospital {hospital} --profile {profile}'; {role_words(role)} signs"
    return SIGNERS_LIFE, do


def _expiry(what: str, expires: datetime, life: timedelta, *, at: datetime, do: str) -> Expiry:
    left = (expires - at) / life
    urgency = _urgency(left, is_daily=life == ONLINE_LIFE)
    by = expires - life / 10
    return Expiry(what=what, expires=expires, left=left, urgency=urgency, do=do, by=max(by, min(at, expires)))


def _urgency(left: float, *, is_daily: bool) -> Urgency:
    """Return how near an end is; what a machine signs daily has failed for days when half of its week is over."""
    if left < (0.5 if is_daily else 0.1):
        return Urgency.RED
    if left < 0.25:  # noqa: PLR2004 - a quarter
        return Urgency.WARNING
    return Urgency.NOTICE if left < 0.5 else Urgency.WELL  # noqa: PLR2004 - half


def faults(authority: Authority, seen: Seen = NOTHING_SEEN) -> list[Fault]:
    """Return what pumps know that these files do not: a backup was restored."""
    found = []
    for tree, reported in ((authority.releases, seen.releases), (authority.director, seen.director)):
        timestamp = tree.timestamp()
        own = 0 if timestamp is None else timestamp.signed.version
        if reported > own:
            told = f"pumps trust version {reported} of {tree.name}, and these files are at {own}: they were restored"
            do = f"'openinfusion fleet refresh --seen-{tree.name} {reported}'"
            found.append(Fault(found=told, do=do))
    for hospital, profile in lists(read_trust(authority)):
        number, own = seen.numbers.get((hospital, profile), 0), max(listing_of(authority, hospital, profile), default=0)
        if number > own:
            told = f"pumps of {hospital}, {profile} hold release {number}, and these files end at {own}"
            do = f"bring the release back from a stick or a later backup, or release anew with --seen-number {number}"
            found.append(Fault(found=told, do=do))
    return found
