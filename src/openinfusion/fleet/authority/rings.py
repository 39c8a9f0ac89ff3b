"""What each ring shall run: assign and halt. Signed online, and only ever a choice among what is released."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches

from securesystemslib.signer import Signer

from openinfusion.core.errors import OperatorError
from openinfusion.fleet.authority.listing import Listed, listing_of, read_target
from openinfusion.fleet.authority.online import NOTHING_SEEN, Orders, Seen, put_out, read_orders
from openinfusion.fleet.authority.trees import Authority
from openinfusion.fleet.release import check_name, ring_target


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """The pumps of a hospital and profile that get a release at the same time."""

    hospital: str
    profile: str
    name: str

    @property
    def path(self) -> str:
        """Its path among the targets of the director."""
        for what in ("hospital", "profile", "name"):
            check_name(getattr(self, what), f"ring, {what}")
        return ring_target(hospital=self.hospital, profile=self.profile, ring=self.name)


def ring_of(path: str) -> Ring:
    """Return the ring of a path among the targets of the director."""
    hospital, profile, name = path.removesuffix(".json").split("/")
    return Ring(hospital=hospital, profile=profile, name=name)


def known_rings(authority: Authority, hospital: str, profile: str) -> list[str]:
    """Return the names of the rings of a hospital and profile that were ever given a release and have not lost it."""
    orders = read_orders(authority)
    places = map(ring_of, {*orders.rings, *orders.halted})
    return sorted(ring.name for ring in places if (ring.hospital, ring.profile) == (hospital, profile))


def check_known(ring: Ring, known: Collection[str], *, otherwise: str) -> None:
    """Raise OperatorError, with the nearest name, where a ring is not among those that are known."""
    if ring.name in known:
        return
    near = "".join(f"perhaps {name!r}; " for name in get_close_matches(ring.name, known, n=1))
    found = f"ring {ring.name!r}, which is not known"
    expected = f"{near}a ring that is known: {', '.join(sorted(known)) or 'there is none yet'}; {otherwise}"
    raise OperatorError(where=f"{ring.hospital}, {ring.profile}", found=found, expected=expected)


def assigned(authority: Authority) -> dict[Ring, Listed]:
    """Return the release that each ring shall run; a ring that is halted is not among them."""
    return {ring_of(path): read_target(target) for path, target in read_orders(authority).rings.items()}


def assign(
    authority: Authority,
    ring: Ring,
    number: int,
    *,
    online: Signer,
    at: datetime,
    seen: Seen = NOTHING_SEEN,
    is_after_halt: bool = True,
) -> None:
    """
    Have a ring run a release; one that was halted there only where it is meant so (``is_after_halt``).

    Raises:
        OperatorError: the release is not listed by pharmacy and safety, is lower than what the ring shall run, was
            recalled, was halted, or is a recall twin, which only a recall brings.

    """
    with authority.alone():
        orders = read_orders(authority)
        if not is_after_halt and orders.halted.get(ring.path, 0) >= number:
            where, halted = f"ring {ring.name} of {ring.hospital}, {ring.profile}", f"release {number}, halted there"
            raise OperatorError(where=where, found=halted, expected="'fleet assign' by a person, or a higher release")
        found = _assignable(authority, orders, ring, number=number)
        rings = {**orders.rings, ring.path: found.target_file(ring.path)}
        left = {path: one for path, one in orders.halted.items() if path != ring.path}
        orders = replace(orders, rings=rings, halted=left)
        put_out(authority, online, at=at, seen=seen, orders=orders)


def _assignable(authority: Authority, orders: Orders, ring: Ring, *, number: int) -> Listed:
    path, listing = ring.path, listing_of(authority, ring.hospital, ring.profile)
    where = f"ring {ring.name} of {ring.hospital}, {ring.profile}"
    if number not in listing:
        known = ", ".join(str(n) for n, one in listing.items() if not one.release.is_recall) or "none is released"
        raise OperatorError(where=where, found=f"release {number}", expected=f"a release in force: {known}")
    present = orders.rings.get(path)
    lowest = orders.halted.get(path, 0) if present is None else read_target(present).release.number
    if number < lowest:
        expected = f"{lowest} or higher: going back is a recall, which has a number of its own"
        raise OperatorError(where=where, found=f"release {number}", expected=expected)
    recalls = [one for one in orders.recalled if (one["hospital"], one["profile"]) == (ring.hospital, ring.profile)]
    is_recalled = listing[number].release.content_of in {one["number"] for one in recalls}
    if is_recalled or (listing[number].release.is_recall and number not in {one["twin"] for one in recalls}):
        found = f"release {number}, which was recalled" if is_recalled else f"release {number}, a recall twin"
        expected = "a release that was not recalled" if is_recalled else "'fleet recall', with two names"
        raise OperatorError(where=where, found=found, expected=expected)
    return listing[number]


def halt(authority: Authority, ring: Ring, *, online: Signer, at: datetime, seen: Seen = NOTHING_SEEN) -> int | None:
    """
    Stop giving a ring its release, and return its number: pumps that have it keep it, no other gets it.

    ``None``: the ring got none.
    """
    with authority.alone():
        orders = read_orders(authority)
        present = orders.rings.get(ring.path)
        if present is None:
            return None
        number = read_target(present).release.number
        orders = halted_at(orders, {ring.path: number})
        put_out(authority, online, at=at, seen=seen, orders=orders, is_urgent=True)
        return number


def halted_at(orders: Orders, numbers: Mapping[str, int]) -> Orders:
    """Return what the director says once some rings, by their paths, get their release no more."""
    rings = {path: target for path, target in orders.rings.items() if path not in numbers}
    return replace(orders, rings=rings, halted={**orders.halted, **numbers})
