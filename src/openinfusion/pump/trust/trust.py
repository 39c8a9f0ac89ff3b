"""The example trust for a year: its releases of the library, its wards and its pumps."""

import tomllib
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from openinfusion.adapters.library_file import read_library
from openinfusion.core.library import Library
from openinfusion.pump.machine import Held, PumpModel
from openinfusion.pump.models import find_model
from openinfusion.pump.trust.bedside import DAY
from openinfusion.pump.trust.dice import Dice
from openinfusion.pump.trust.menu import Menu
from openinfusion.pump.trust.releases import Release, plan_releases

ORGANISATION = "Wharfedale and Aire Example NHS Trust"
CLOCK_RIGHT = 0.9
"""Share of clocks within 5 s (fleet simulator facts); the others are up to 10 minutes out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a year is made from; the same settings give the same records."""

    examples: Path = Path("examples/trust")
    pumps: int = 60
    days: int = 365
    start: date = date(2025, 10, 1)
    seed: int = 1

    @property
    def first(self) -> float:
        """The first moment, in seconds of the epoch."""
        return datetime(self.start.year, self.start.month, self.start.day, tzinfo=UTC).timestamp()

    @property
    def last(self) -> float:
        return self.first + self.days * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Ward:
    """A ward: its profile, its share of the pumps, and what is run there."""

    name: str
    care_area: str
    pumps: float
    syringe: float
    types: dict[str, float]
    hours: float = 1.0
    alarms: float = 1.0
    with_library: float | None = None
    shares: str = ""

    def __hash__(self) -> int:
        """Hash by name: the types are a dict."""
        return hash(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """
    Where pumps of a kind are kept, and what follows.

    Attributes:
        name: what it is called.
        share: share of the pumps.
        busy: how much more often than others they are used.
        online: share of the time in which they have a connection.
        hours: mean length of a time without one, in hours.
        reached: how many of a hundred pumps a release reaches in a day.
        moves: mean days between two moves to another ward.

    """

    name: str
    share: float
    busy: float
    online: float
    hours: float
    reached: float
    moves: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """
    How some of the staff work.

    Attributes:
        name: what it is called in the truth.
        share: share of the uses.
        mistakes: how much more often than others they key a value wrongly.
        quick: share of overrides within two seconds.
        reason: share of overrides with a reason.

    """

    name: str
    share: float
    mistakes: float
    quick: float
    reason: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """A release on its way to one pump, and when it gets there; the next restart while idle takes it up."""

    release: int
    staged: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pump:
    """One pump of the register with the habits of its clock and its connection."""

    number: str
    ward: Ward
    where: Place
    model: PumpModel
    newer_software: str
    in_service: float
    drift: float
    fast: float
    is_clock_known: bool
    updates: tuple[Update, ...]
    story: str | None = None


@dataclass(frozen=True, kw_only=True)
class Trust:
    """Everything that is decided before the first record."""

    settings: Settings
    releases: tuple[Release, ...]
    newest: Library
    wards: tuple[Ward, ...]
    habits: tuple[Habit, ...]
    pumps: tuple[Pump, ...]
    popularity: dict[str, float]
    words: dict[str, tuple[str, ...]]
    places: dict[str, int] = field(default_factory=dict)
    menus: dict[tuple[int, str, str], Menu] = field(default_factory=dict)

    def place_of(self, held: Held) -> int:
        """Return the place of a release among all."""
        if not self.places:
            self.places.update((release.sha256, place) for place, release in enumerate(self.releases))
        return self.places[held.name.sha256 or ""]

    def menu(self, release: int, area: str, kind: str) -> Menu:
        """Return what a kind of pump offers in a care area under a release."""
        key = (release, area, kind)
        if key not in self.menus:
            library = self.releases[release].library
            self.menus[key] = Menu.of(library, self.newest, area=area, kind=kind, popularity=self.popularity)
        return self.menus[key]


@cache
def build_trust(settings: Settings) -> Trust:
    """Return the trust of these settings; raises OperatorError or AuthorError where its libraries cannot be read."""
    plan = tomllib.loads(files(__package__).joinpath("trust.toml").read_text(encoding="utf-8"))
    faulty = read_library(settings.examples / "library-1.0.0.json")
    mended = read_library(settings.examples / "library-1.1.0.json")
    dice = Dice(settings.seed, "releases")
    releases = plan_releases(faulty, mended, first=settings.first, days=settings.days, dice=dice)
    return Trust(
        settings=settings,
        releases=releases,
        newest=mended,
        wards=tuple(Ward(**ward) for ward in plan["wards"]),
        habits=tuple(Habit(**habit) for habit in plan["habits"]),
        pumps=_fleet(plan, settings, releases),
        popularity=plan["popularity"],
        words={name: tuple(words) for name, words in plan["words"].items()},
    )


def _fleet(plan: dict[str, Any], settings: Settings, releases: tuple[Release, ...]) -> tuple[Pump, ...]:
    wards = [Ward(**ward) for ward in plan["wards"]]
    kept = [Place(**place) for place in plan["places"]]
    models = [(_model(model), model["newer_software"]) for model in plan["models"]]
    places = _spread(wards, settings.pumps)
    stories = _stories(places)
    return tuple(
        _pump(
            number,
            ward,
            models[is_syringe],
            kept=kept,
            settings=settings,
            releases=releases,
            story=stories.get(number),
        )
        for number, (ward, is_syringe) in enumerate(places)
    )


def _model(plan: dict[str, Any]) -> PumpModel:
    """Return a model as the trust has set it up."""
    model = find_model(plan["id"])
    return replace(model, near_end=plan.get("near_end", model.near_end))


def _spread(wards: list[Ward], pumps: int) -> list[tuple[Ward, bool]]:
    """Return the ward of every pump and whether it is a syringe pump, in the shares that the plan gives."""
    total = sum(ward.pumps for ward in wards)
    places: list[tuple[Ward, bool]] = []
    given = 0.0
    for ward in wards:
        given += ward.pumps / total * pumps
        here = round(given) - len(places)
        syringes = round(here * ward.syringe)
        places += [(ward, number < syringes) for number in range(here)]
    return places


def _stories(places: list[tuple[Ward, bool]]) -> dict[int, str]:
    """Return which pump has a part in a planted story: the outlier patient, the strength typed too low."""
    syringes = [n for n, (ward, is_syringe) in enumerate(places) if is_syringe and "critical-care" in ward.care_area]
    names = ("outlier", "outlier", "strength", "strength", "strength")
    return dict(zip(syringes, names, strict=False))


def _pump(
    number: int,
    ward: Ward,
    model: tuple[PumpModel, str],
    *,
    kept: list[Place],
    settings: Settings,
    releases: tuple[Release, ...],
    story: str | None,
) -> Pump:
    dice = Dice(settings.seed, "pump", number)
    where = dice.weighted({place: place.share for place in kept}) if story is None else kept[0]
    return Pump(
        number=f"WA{number + 1:05d}",
        ward=ward,
        where=where,
        model=model[0],
        newer_software=model[1],
        in_service=settings.first + (dice.between(10, 200) * DAY if dice.chance(0.03) and story is None else 0),
        drift=dice.between(-2.5, 2.5) / DAY,
        fast=_clock_error(dice),
        is_clock_known=dice.chance(0.9),
        updates=tuple(_updates(releases, where, dice)),
        story=story,
    )


def _clock_error(dice: Dice) -> float:
    """Return by how many seconds a clock was set wrongly: 9 in 10 by less than 5 s, the others by up to 10 minutes."""
    if dice.chance(CLOCK_RIGHT):
        return dice.between(-5, 5)
    return dice.between(5, 600) * dice.one_of((-1, 1))


def _updates(releases: tuple[Release, ...], where: Place, dice: Dice) -> list[Update]:
    """Return when each release reaches a pump: the vendor pushes it, and it gets there when the pump can be reached."""
    return [
        Update(release=number, staged=release.released_at + dice.exponential(100 / where.reached) * DAY)
        for number, release in enumerate(releases[1:], start=1)
    ]


def moment(seconds: float) -> datetime:
    """Return a moment of the epoch in UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=round(seconds, 3))
