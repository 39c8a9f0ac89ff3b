"""
The fleet as this process knows it: the register over the device API's database, held, and looked at by many at once.

A look reads what changed since the last one (``gateway/devices/watch``), at most twice a second however many ask. What
pages show of a pump is one frozen row; a row is made again only when its pump changed. Each organisation's rows have a
version, which is a digest of them: two processes that know the same say the same version.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from typing import TypeVar

from django.conf import settings

from openinfusion.core.errors import OpenInfusionError, OperatorError
from openinfusion.fleet.authority.online import Orders
from openinfusion.fleet.authority.trees import Authority
from openinfusion.fleet.proof import TASKS, Aim, Card, Cause, Register, Ring, Standing, State
from openinfusion.fleet.proof.currency import Currency, currency, curve
from openinfusion.fleet.proof.work import NO_WARD, WorkList, work_list
from openinfusion.fleet.report import Level
from openinfusion.gateway.device_settings import DevicesPlace
from openinfusion.gateway.devices.database import Database
from openinfusion.gateway.devices.file import File, file_of
from openinfusion.gateway.devices.watch import Watch
from openinfusion.gateway.settings import read_settings

EVERY = timedelta(milliseconds=500)
_DIGEST = 8
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pump:
    """What pages show of a pump in a list: how it stands and why, what it is, where it was last believed."""

    urn: str
    line: str
    ring: str
    model: str
    ward: str
    port: str
    access_point: str
    state: State
    cause: Cause
    words: str
    since: datetime
    level: Level | None
    number: int | None

    @property
    def name(self) -> str:
        """Its name without the beginning that all have."""
        return self.urn.removeprefix("urn:pump:")

    @property
    def is_task(self) -> bool:
        """Whether somebody has to do something about it."""
        return self.state in TASKS


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """
    The pumps of one organisation at a moment.

    Attributes:
        at: when it was looked at last.
        version: changes whenever anything that is shown does.
        pumps: in the order of their names.
        newest: when the newest report came that counted.
        aims: what each ring shall run.
        is_trial: whether the authority is one for a bench.
        fault: why nothing newer could be read, where that is so.

    """

    at: datetime
    version: str
    pumps: tuple[Pump, ...] = ()
    newest: datetime | None = None
    aims: Mapping[Ring, Aim] = field(default_factory=dict)
    orders: Orders = field(default_factory=Orders)
    is_trial: bool = False
    fault: str | None = None

    @property
    def rings(self) -> frozenset[Ring]:
        """The rings that its pumps are in, and those that get a release."""
        return frozenset({(one.line, one.ring) for one in self.pumps} | set(self.aims))


@dataclass(slots=True)
class _Mine:
    """The rows of one organisation, and a digest that each row takes part in."""

    rows: dict[str, Pump] = field(default_factory=dict)
    digest: int = 0
    newest: datetime | None = None
    fleet: Fleet | None = None

    def put(self, row: Pump) -> None:
        self.take(row.urn)
        self.rows[row.urn] = row
        self.digest ^= _digest(row)
        self.fleet = None

    def take(self, urn: str) -> None:
        if (before := self.rows.pop(urn, None)) is not None:
            self.digest ^= _digest(before)
            self.fleet = None


def _digest(content: object) -> int:
    return int.from_bytes(blake2b(repr(content).encode(), digest_size=_DIGEST).digest())


class Held:
    """The register of this process, its rows, and one lock around both."""

    def __init__(self, watch: Watch, database: Database) -> None:
        self._watch, self._database = watch, database
        self._lock = Lock()
        self._looked: datetime | None = None
        self._tried: datetime | None = None
        self._fault: str | None = None
        self._mine: dict[str, _Mine] = {}
        self._whose: dict[str, str] = {}
        self._orders = Orders()
        self._worked: dict[tuple[str, str], tuple[str, object]] = {}

    def fleet(self, organisation: str, *, at: datetime) -> Fleet:
        """
        Return the pumps of an organisation, by its slug, as of now or half a second ago.

        Raises:
            OpenInfusionError: nothing was ever read, and it cannot be now.

        """
        with self._lock:
            self._look(at)
            return self._fleet(organisation)

    def work(self, fleet: Fleet, organisation: str) -> WorkList:
        """Return what has to be done about the pumps of an organisation."""
        return self._once(
            ("work", organisation), fleet, lambda register: work_list(register, at=fleet.at, rings=fleet.rings)
        )

    def currency(self, fleet: Fleet, organisation: str) -> Currency:
        """Return how soon its pumps were proven to run what they were given."""
        return self._once(
            ("currency", organisation), fleet, lambda register: currency(register, fleet.aims, at=fleet.at)
        )

    def curve(self, fleet: Fleet, organisation: str) -> tuple[tuple[timedelta, int], ...]:
        """Return how many were proven within each span since the assignment."""
        return self._once(("curve", organisation), fleet, lambda register: curve(register, fleet.aims, at=fleet.at))

    def card(self, pump: str) -> Card | None:
        """Return what is held of one pump."""
        with self._lock:
            return self._watch.register.find(pump)

    def standing(self, pump: str, *, at: datetime) -> tuple[Card, Standing]:
        """Return what is held of one pump that is in service, and how it stands."""
        with self._lock:
            card = self._watch.register.card(pump)
            return replace(card), self._watch.register.standing(pump, at=at)

    def file(self, pump: str) -> File | None:
        """Return all that the database knows of one pump, as of now."""
        with self._database.transaction(is_reading=True) as connection:
            return file_of(connection, pump)

    # --- Under the lock -----------------------------------------------------------------------------------------------

    def _look(self, at: datetime) -> None:
        if self._tried is not None and self._looked is not None and at - self._tried < EVERY:
            return
        self._tried = at
        try:
            touched = self._watch.look(at)
        except OpenInfusionError as error:
            if self._looked is None:
                raise
            self._fault = f"{error.where}: {error.found}"
            return
        self._looked, self._fault = at, None
        if self._watch.orders is not self._orders:
            self._orders = self._watch.orders
            self._forget_fleets()
        for urn in touched:
            self._take(urn, at)

    def _forget_fleets(self) -> None:
        for mine in self._mine.values():
            mine.fleet = None

    def _take(self, urn: str, at: datetime) -> None:
        register = self._watch.register
        card, before = register.find(urn), self._whose.get(urn)
        hospital = None if card is None else card.ring[0].partition("/")[0]
        if before is not None and before != hospital:
            self._mine[before].take(urn)
            del self._whose[urn]
        if card is None or hospital is None:
            return
        self._whose[urn] = hospital
        mine = self._mine.setdefault(hospital, _Mine())
        seen = card.witness.seen
        if seen is not None and (mine.newest is None or seen > mine.newest):
            mine.newest = seen
        row = _row(register, card, at)
        if mine.rows.get(urn) != row:
            mine.put(row)

    def _fleet(self, organisation: str) -> Fleet:
        mine, at = self._mine.setdefault(organisation, _Mine()), self._looked
        if at is None:
            raise OperatorError(where="fleet", found="nothing was read", expected="a database of a device API")
        made = mine.fleet
        if made is None:
            aims = {
                ring: aim for ring, aim in self._watch.register.aims.items() if ring[0].startswith(f"{organisation}/")
            }
            halted = sorted(one for one in self._watch.orders.halted.items() if one[0].startswith(f"{organisation}/"))
            version = mine.digest ^ _digest((sorted(aims.items(), key=lambda one: one[0]), halted))
            pumps = tuple(sorted(mine.rows.values(), key=lambda row: row.urn))
            made = mine.fleet = Fleet(
                at=at,
                version=f"{version:016x}",
                pumps=pumps,
                aims=aims,
                orders=self._watch.orders,
                is_trial=self._watch.is_trial,
            )
        known_as = made.version + ("x" if self._fault else "")
        return replace(made, at=at, version=known_as, newest=mine.newest, fault=self._fault)

    def _once(self, key: tuple[str, str], fleet: Fleet, work: Callable[[Register], T]) -> T:
        """Return what some work on the register returned, which is done once for each version and minute."""
        known_as = f"{fleet.version} {fleet.at:%d%H%M}"
        with self._lock:
            found = self._worked.get(key)
            if found is None or found[0] != known_as:
                found = self._worked[key] = (known_as, work(self._watch.register))
        return found[1]  # type: ignore[return-value]  # what was kept under this name is what this work returns


def _row(register: Register, card: Card, at: datetime) -> Pump:
    witness, place = card.witness, card.witness.place
    standing = register.standing(witness.pump, at=at)
    return Pump(
        urn=witness.pump,
        line=card.ring[0],
        ring=card.ring[1],
        model=witness.model or "not known",
        ward=(place and place.ward) or NO_WARD,
        port=(place and place.port) or "",
        access_point=(place and place.access_point) or "",
        state=standing.state,
        cause=standing.cause,
        words=str(standing),
        since=standing.since,
        level=standing.level,
        number=standing.number,
    )


def why_none() -> str | None:
    """Return why this place shows no fleet, or ``None`` if it does."""
    if settings.PLACE.devices is None:
        return "This place names no device API, so nothing is known of pumps."
    return None


def held() -> Held:
    """
    Return what this process holds of the fleet; the first call opens it.

    Raises:
        OpenInfusionError: the settings or the database of the device API cannot be read.

    """
    return _held(settings.PLACE.devices)


def forget() -> None:
    """Let go of what this process holds, as when the settings of the place were changed."""
    _held.cache_clear()
    devices_place.cache_clear()


@cache
def _held(config: Path) -> Held:
    place = devices_place(config)
    database = Database.open_to_read(place.state, postgresql=place.postgresql)
    return Held(Watch(database, Authority(place.trees)), database)


@cache
def devices_place(config: Path) -> DevicesPlace:
    """Return the settings of the device API; raises OperatorError where the file is none of one."""
    place = read_settings(config).devices
    if place is None:
        raise OperatorError(where=str(config), found="no [devices]", expected="the settings of a device API")
    return place
