"""
The plan of a roll-out: who gets a release after whom, what must be proven before it goes on, and what stops it.

A ring is a condition on facts of a pump, not a list: a pump that comes late, or moves, belongs to a ring at once. A
plan is one TOML file; what it leaves out has the value that stands here.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

import msgspec

from openinfusion.core.errors import AuthorError, SenderError
from openinfusion.fleet.release import check_name

Kind = Literal["partial", "phased", "big-bang"]
"""Only some pumps; one ring after the other until all have it; all at once, after the canary."""
Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]
Number = Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
Words = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Percent = Annotated[int, msgspec.Meta(ge=1, le=100)]
LEAST_PROVEN = 10
_LARGEST = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a pump that decides on its ring: no patient, no bed."""

    pump: str
    hospital: str
    profile: str
    model: str = ""
    ward: str = ""


class Who(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Which pumps a ring takes, of those that no ring before it takes; an empty list asks nothing.

    Attributes:
        wards, models, hospitals, profiles: the pump's must be among them.
        percent: so many of a hundred pumps, chosen by a hash over the name of the plan and the pump: the same ones
            whenever it is asked, and others under the next plan.

    """

    wards: tuple[Words, ...] = ()
    models: tuple[Words, ...] = ()
    hospitals: tuple[Words, ...] = ()
    profiles: tuple[Words, ...] = ()
    percent: Percent = 100

    @property
    def is_everyone(self) -> bool:
        """Whether it asks nothing."""
        return self == Who()

    def takes(self, facts: Facts, *, plan: str) -> bool:
        """Whether a pump fits."""
        asked = (
            (self.wards, facts.ward),
            (self.models, facts.model),
            (self.hospitals, facts.hospital),
            (self.profiles, facts.profile),
        )
        return all(fact in names for names, fact in asked if names) and share(plan, facts.pump) < self.percent * 100


def share(plan: str, pump: str) -> int:
    """Return a number from 0 to 9,999 that stays the same for a plan and a pump."""
    return int.from_bytes(hashlib.sha256(f"{plan}\n{pump}".encode()).digest()[:8]) % 10_000


class Ring(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Some pumps that get the release together, and what they must prove before the next ring gets it.

    Attributes:
        name: as the director names it: lower-case letters, digits, hyphens.
        who: which pumps.
        at_least: proven pumps without which it is never a success: 10, or fewer on a bench.
        percent: the share of the pumps seen that must be proven.
        soak_hours: how long that must have held.
        deadline_days: after which a pump without proof is missed: a work item, neither success nor failure.
        is_bench: pumps that no patient is connected to, so fewer than 10 may do.
        is_canary: the clinical signal is asked for: without enough infusions nobody knows, and it does not go on.
        asks_second_person: another person than the one who began must agree before the next ring.

    """

    name: Words
    who: Who = Who()
    at_least: Count = LEAST_PROVEN
    percent: Percent = 95
    soak_hours: Count = 24
    deadline_days: Count = 7
    is_bench: bool = False
    is_canary: bool = False
    asks_second_person: bool = False

    @property
    def soak(self) -> timedelta:
        """How long the share must have held."""
        return timedelta(hours=self.soak_hours)

    @property
    def deadline(self) -> timedelta:
        """How long a pump may be without proof."""
        return timedelta(days=self.deadline_days)


class Failures(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Stop when so many pumps failed: all three must be reached.

    Attributes:
        kind: the code of a failure, or "any".
        at_least: pumps that failed so.
        per_thousand: of the pumps that got as far as to succeed or fail.
        minimum_executed: and so many did.

    """

    kind: Words = "any"
    at_least: Count = 3
    per_thousand: Count = 5
    minimum_executed: Count = 10


class Background(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    How often something happens to pumps whatever the library; more than chance makes of that stops.

    Attributes:
        events, pump_days: so many times in so many days of pumps.
        at_least: fewer never stop.

    """

    events: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]
    pump_days: Count
    at_least: Count = 1


class Halt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What stops a roll-out by itself.

    Attributes:
        failures: rules for pumps that failed; one suffices.
        restored: pumps that went back because they lost their state, such as by a battery: what is usual.
        reverted: pumps that went back without: what is usual.
        one_in: pumps that go back so often that chance brings it less than once in so many.
        clinical_one_in: the same of the clinical signal, which is looked at every hour while infusions add up.
        infusions: fewer show nothing.
        lowest_percent, highest_percent: overrides of soft limits and hits of hard limits, per infusion, compared with
            the 28 days before; within these bounds they do not stop.

    """

    failures: tuple[Failures, ...] = (Failures(),)
    restored: Background = Background(events=100, pump_days=1_000_000, at_least=3)
    reverted: Background = Background(events=0, pump_days=1_000_000)
    one_in: Count = 1000
    clinical_one_in: Count = 100_000
    infusions: Count = 30
    lowest_percent: Annotated[int, msgspec.Meta(ge=0, le=100)] = 50
    highest_percent: Annotated[int, msgspec.Meta(ge=100, le=10_000)] = 200


class Offer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The release that the pumps of a hospital and profile get."""

    hospital: str
    profile: str
    number: Number


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    A roll-out.

    Attributes:
        name: of this roll-out; it also shuffles which pumps make up a share.
        kind: what the rings amount to; a plan that does something else is refused.
        reason: why, in one sentence.
        offers: which release for whom; pumps of others are not part of it.
        rings: in their order.
        halt: what stops it.

    """

    name: Words
    kind: Kind
    reason: Words
    offers: tuple[Offer, ...]
    rings: tuple[Ring, ...]
    halt: Halt = Halt()

    def offer_for(self, facts: Facts) -> Offer | None:
        """Return the release for a pump, or ``None`` if it is not part of the roll-out."""
        fitting = (o for o in self.offers if (o.hospital, o.profile) == (facts.hospital, facts.profile))
        return next(fitting, None)

    def ring_of(self, facts: Facts) -> Ring | None:
        """Return the first ring that takes a pump, or ``None`` if it is not part of the roll-out."""
        if self.offer_for(facts) is None:
            return None
        return next((ring for ring in self.rings if ring.who.takes(facts, plan=self.name)), None)


def read_plan(data: bytes, *, where: str) -> Plan:
    """
    Read a plan.

    Args:
        data: TOML.
        where: what to call it in a message.

    Raises:
        AuthorError: it is not TOML, names what no plan has, or contradicts itself; with its place.

    """
    if len(data) > _LARGEST:
        raise AuthorError(where=where, found=f"{len(data):,} bytes", expected=f"a plan of at most {_LARGEST:,}")
    try:
        plan = msgspec.toml.decode(data, type=Plan)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise AuthorError(where=where, found=str(error), expected="the plan of a roll-out, as TOML") from None
    try:
        fault = next(_faults(plan), None)
    except SenderError as error:
        fault = (error.where, error.found, error.expected)
    if fault is not None:
        place, found, expected = fault
        raise AuthorError(where=f"{where}, {place}", found=found, expected=expected)
    return plan


def _faults(plan: Plan) -> Iterator[tuple[str, str, str]]:
    """Yield what contradicts itself: place, what was found, what was expected."""
    yield from _faults_of_offers(plan)
    if not plan.rings:
        yield "rings", "none", "at least one [[rings]]"
    names = [ring.name for ring in plan.rings]
    for n, ring in enumerate(plan.rings):
        place = f"rings, {ring.name}"
        check_name(ring.name, place)
        if names.index(ring.name) != n:
            yield place, "the name twice", "a name for each ring"
        if ring.at_least < LEAST_PROVEN and not ring.is_bench:
            found = f"at_least {ring.at_least} where patients are connected"
            yield place, found, f"at least {LEAST_PROVEN}, or is_bench = true"
        if ring.who.is_everyone and n < len(plan.rings) - 1:
            yield place, "everyone, with rings after it", "everyone in the last ring only"
    yield from _faults_of_kind(plan)


def _faults_of_offers(plan: Plan) -> Iterator[tuple[str, str, str]]:
    if not plan.offers:
        yield "offers", "none", "a release for at least one hospital and profile"
    seen: set[tuple[str, str]] = set()
    for offer in plan.offers:
        check_name(offer.hospital, "offers, hospital")
        check_name(offer.profile, "offers, profile")
        if (offer.hospital, offer.profile) in seen:
            yield "offers", f"{offer.hospital}, {offer.profile} twice", "one release for each hospital and profile"
        seen.add((offer.hospital, offer.profile))


def _faults_of_kind(plan: Plan) -> Iterator[tuple[str, str, str]]:
    """Yield where the rings do not amount to what the plan calls itself."""
    tries = sum(ring.is_bench or ring.is_canary for ring in plan.rings)
    goes_to_all = bool(plan.rings) and plan.rings[-1].who.is_everyone
    if plan.kind == "partial" and goes_to_all:
        yield "kind", "partial, and a last ring of everyone", "a condition on every ring, or kind = phased"
    if plan.kind != "partial" and not goes_to_all:
        yield "kind", f"{plan.kind}, and a last ring with a condition", "a last ring of everyone, or kind = partial"
    if plan.kind == "phased" and len(plan.rings) - tries < 2:  # noqa: PLR2004 - a phase comes after another
        yield "kind", "phased, and one ring after bench and canary", "two rings or more, or kind = big-bang"
    if plan.kind == "big-bang" and len(plan.rings) - tries != 1:
        yield "kind", f"big-bang, and {len(plan.rings) - tries} rings after bench and canary", "one, or kind = phased"
