"""Taking a release back: every ring that was given its content, whatever number carries it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from securesystemslib.signer import Signer

from openinfusion.core.errors import OperatorError
from openinfusion.fleet.authority.listing import Listed, ever_listed, listing_of, read_target
from openinfusion.fleet.authority.online import NOTHING_SEEN, Orders, Seen, put_out, read_orders
from openinfusion.fleet.authority.rings import Ring, halted_at, ring_of
from openinfusion.fleet.authority.trees import Authority
from openinfusion.fleet.release import Release


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """
    A release is taken back, by two persons.

    Attributes:
        hospital, profile, number: which release.
        by: the two who do it.
        reason: why, in one sentence.

    """

    hospital: str
    profile: str
    number: int
    by: tuple[str, str]
    reason: str

    def __post_init__(self) -> None:
        first, second = (name.strip().casefold() for name in self.by)
        if not first or not second or first == second:
            raise OperatorError(where="recall", found=" and ".join(self.by), expected="the names of two persons")
        if not self.reason.strip():
            raise OperatorError(where="recall", found="no reason", expected="why it is taken back, in one sentence")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """
    What a recall has done.

    Attributes:
        twin: the number that brings the content of the release before.
        moved: rings that shall run it, with the number that each was given.
        stopped: rings with that content under a number above the twin: no pump takes a lower number, so they get
            nothing more, and their pumps keep it until a corrected library is released.

    """

    twin: int
    moved: Mapping[Ring, int]
    stopped: Mapping[Ring, int]


def recall(authority: Authority, order: Recall, *, online: Signer, at: datetime, seen: Seen = NOTHING_SEEN) -> Recalled:
    """
    Take the content of a release back from every ring that was given it or halted at it, by whatever number.

    Rings get the recall twin: a higher number with the content of the release before, signed when the release was. No
    key that is offline is needed. A ring whose number is above the twin can only be stopped.

    Raises:
        OperatorError: the release has no twin (it is the first), its twin would bring back what was itself recalled,
            or no ring was given its content.

    """
    with authority.alone():
        orders, known = read_orders(authority), ever_listed(authority, order.hospital, order.profile)
        carriers = _carriers(orders, order, known)
        twin = _twin(authority, order, orders, known=known, carriers=carriers)
        moved = {path: number for path, number in carriers.items() if number < twin.release.number}
        stopped = {path: number for path, number in carriers.items() if path not in moved}
        is_new = order.number not in orders.recalled_of(order.hospital, order.profile)
        if not moved and not (stopped and is_new) and not stopped.keys() & orders.rings.keys():
            found = "no ring that runs it" if is_new else "recalled already, and no ring that gets it"
            raise OperatorError(where=_where(order), found=found, expected="a release that a ring shall run")
        orders = halted_at(orders, stopped)
        rings = {**orders.rings, **{path: twin.target_file(path) for path in moved}}
        halted = {path: number for path, number in orders.halted.items() if path not in moved}
        recalled = [*orders.recalled, _record(order, twin, at)]
        orders = replace(orders, rings=rings, halted=halted, recalled=recalled)
        put_out(authority, online, at=at, seen=seen, orders=orders, is_urgent=True)
    by_ring = [{ring_of(path): number for path, number in some.items()} for some in (moved, stopped)]
    return Recalled(twin=twin.release.number, moved=by_ring[0], stopped=by_ring[1])


def recalled_numbers(authority: Authority, hospital: str, profile: str) -> dict[int, datetime]:
    """Return every number that carries the content of a recalled release, with when it was recalled first."""
    found: dict[int, datetime] = {}
    known = ever_listed(authority, hospital, profile)
    for one in read_orders(authority).recalled:
        if (one["hospital"], one["profile"]) == (hospital, profile):
            for number in {one["number"], *_with_content(known, one["number"])}:
                found.setdefault(number, datetime.fromisoformat(one["at"]))
    return found


def _with_content(known: Mapping[int, Release], content: int) -> Iterable[int]:
    return (number for number, release in known.items() if release.content_of == content)


def _twin(
    authority: Authority,
    order: Recall,
    orders: Orders,
    *,
    known: Mapping[int, Release],
    carriers: Mapping[str, int],
) -> Listed:
    """Return the recall twin of a release; raises OperatorError where there is none that may be brought."""
    release = known.get(order.number)
    if release is not None and release.is_recall:
        found = f"the recall twin with the content of release {release.content_of}"
        raise OperatorError(where=_where(order), found=found, expected=f"'fleet recall {release.content_of}'")
    given = ", ".join(f"{ring_of(path).name} ({number})" for path, number in carriers.items())
    halt = f"halt each ring that was given it: {given}" if given else "halt the ring"
    twin = listing_of(authority, order.hospital, order.profile).get(order.number + 1)
    if twin is None or not twin.release.is_recall:
        expected = f"a release with a recall twin; without one: {halt}, and release a corrected library"
        raise OperatorError(where=_where(order), found="no recall twin", expected=expected)
    if (content := twin.release.content_of) in orders.recalled_of(order.hospital, order.profile):
        found = f"twin {twin.release.number} with the content of release {content}, which was recalled"
        expected = f"content that was not recalled: {halt}, and release a corrected library"
        raise OperatorError(where=_where(order), found=found, expected=expected)
    return twin


def _carriers(orders: Orders, order: Recall, known: Mapping[int, Release]) -> dict[str, int]:
    """Return the rings, by path, that run the content of a release or were halted at it, with their numbers."""
    prefix = f"{order.hospital}/{order.profile}/"
    given = {path: read_target(target).release.number for path, target in orders.rings.items()} | dict(orders.halted)
    numbers = {order.number, *_with_content(known, order.number)}
    return {path: number for path, number in sorted(given.items()) if path.startswith(prefix) and number in numbers}


def _where(order: Recall) -> str:
    return f"release {order.number} of {order.hospital}, {order.profile}"


def _record(order: Recall, twin: Listed, at: datetime) -> dict[str, Any]:
    return {
        "hospital": order.hospital,
        "profile": order.profile,
        "number": order.number,
        "twin": twin.release.number,
        "by": list(order.by),
        "reason": order.reason,
        "at": at.astimezone(UTC).isoformat(timespec="seconds"),
    }
