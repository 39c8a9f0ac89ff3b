"""How the open rings of a roll-out stand: pumps put into the rings that they fit, and what is proven of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain

from openinfusion.fleet.authority.trees import Authority
from openinfusion.fleet.proof import Card, Found, Register
from openinfusion.fleet.proof.aims import assign_all
from openinfusion.fleet.rollout import Course, Facts, Ring
from openinfusion.gateway.devices import pumps
from openinfusion.gateway.devices.database import Database
from openinfusion.gateway.devices.reports import shown_witness, witness_of

_USUAL = timedelta(days=7)
_MOVED_AT_ONCE = 500
"""Pumps put into their ring in one transaction: reports wait for no more than these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RingNow:
    """How an opened ring stands in the register."""

    ring: Ring
    opened: datetime
    cards: Sequence[Card]
    restored: Sequence[str]
    reverted: Sequence[str]
    others: frozenset[str]

    @property
    def pumps(self) -> frozenset[str]:
        return frozenset(card.witness.pump for card in self.cards)


def stand(course: Course, database: Database, trees: Authority, *, at: datetime) -> list[RingNow]:
    """Put pumps into the rings that are open, and return how these stand."""
    with database.transaction(is_reading=True) as connection:
        every, findings = pumps.every(connection), pumps.findings(connection)
    every = _place_pumps(course, every, database, at=at)
    register = Register()
    deadlines = {ring.name: ring.deadline for ring in course.plan.rings}
    assign_all(register, trees, at=at, deadlines=deadlines, usual=_USUAL)
    for known in every:
        register.enrol(shown_witness(known), known.ring or "", at=at)
    noted = {(one.who, one.code): one.last for one in findings}
    canaries = {ring.name for ring in course.plan.rings if ring.is_canary}
    others = frozenset(known.urn for known in every if known.ring not in canaries)
    made = []
    for ring, opened in zip(course.plan.rings, course.opened, strict=False):
        places = [(f"{offer.hospital}/{offer.profile}", ring.name) for offer in course.plan.offers]
        cards = list(chain.from_iterable(register.of_ring(place) for place in places))
        restored, reverted = _went_back([card.witness.pump for card in cards], noted, since=opened)
        made.append(RingNow(ring=ring, opened=opened, cards=cards, restored=restored, reverted=reverted, others=others))
    return made


def _place_pumps(
    course: Course, every: Sequence[pumps.Known], database: Database, *, at: datetime
) -> list[pumps.Known]:
    """Put each pump into the ring that it fits by what is known of it now, and return them so."""
    placed = [replace(known, ring=_ring_of(course, known)) for known in every]
    moved = [(new.urn, new.ring) for known, new in zip(every, placed, strict=True) if new.ring != known.ring]
    for first in range(0, len(moved), _MOVED_AT_ONCE):
        with database.transaction() as connection:
            for urn, ring in moved[first : first + _MOVED_AT_ONCE]:
                pumps.tell(connection, urn, pumps.Told(ring=ring), at=at)
    return placed


def _ring_of(course: Course, known: pumps.Known) -> str | None:
    """
    Return the ring that a pump fits, or else the one that it is in.

    It leaves a ring only for one that is open: for one that is not, the director lists nothing newer, and neither what
    the pump was given nor its recall would reach it.
    """
    witness = witness_of(known)
    hospital, _, profile = known.line.partition("/")
    ward = witness.place.ward if witness.place else None
    facts = Facts(pump=known.urn, hospital=hospital, profile=profile, model=witness.model, ward=ward or "")
    ring = course.plan.ring_of(facts)
    opened = {one.name for one in course.plan.rings[: len(course.opened)]}
    return known.ring if ring is None or (known.ring and ring.name not in opened) else ring.name


def _went_back(
    names: list[str], noted: Mapping[tuple[str, str], datetime], *, since: datetime
) -> tuple[list[str], list[str]]:
    """Return the pumps that went back since a moment: in the report that told of a lost state, and without."""
    back = [(name, noted.get((name, Found.REVERTED.value))) for name in names]
    explained = [
        (name, noted.get((name, Found.EPOCH_ROSE.value)) == when) for name, when in back if when and when >= since
    ]
    return [name for name, is_lost in explained if is_lost], [name for name, is_lost in explained if not is_lost]
