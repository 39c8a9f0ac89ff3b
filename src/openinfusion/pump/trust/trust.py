"""The example trust for a year: its releases of the library, its wards and its pumps."""

import tomllib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from openinfusion.adapters.library_file import read_library
from openinfusion.core.library import Library
from openinfusion.lake.example.dice import Dice
from openinfusion.lake.example.menu import Menu
from openinfusion.lake.example.releases import Release, plan_releases

DAY = 86_400.0
ORGANISATION = "Wharfedale and Aire Example NHS Trust"
LOST_PUMPS = 0.02
"""Share of pumps that nobody finds for an update in months (1 to 3 %)."""
UPDATE_SHAPE, UPDATE_SCALE = 0.92, 8.9
"""Days from a release to a pump running it: Weibull, half after 6 days and 80 % after 15 (Hsu 2019)."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class PumpModel:
    maker: str
    model: str
    kind: str
    software: tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """A release on its way to one pump: when it is staged there, and from when a restart takes it up."""

    release: int
    staged: float
    due: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pump:
    """One pump of the register with the habits of its clock and its connection."""

    number: str
    ward: Ward
    model: PumpModel
    in_service: float
    drift: float
    fast: float
    is_clock_known: bool
    is_lost: bool
    updates: tuple[Update, ...]
    story: str | None = None


@dataclass(frozen=True, kw_only=True)
class Trust:
    """Everything that is decided before the first record."""

    settings: Settings
    releases: tuple[Release, ...]
    newest: Library
    pumps: tuple[Pump, ...]
    popularity: dict[str, float]
    words: dict[str, tuple[str, ...]]
    menus: dict[tuple[int, str, str], Menu] = field(default_factory=dict)

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
        pumps=_fleet(plan, settings, releases),
        popularity=plan["popularity"],
        words={name: tuple(words) for name, words in plan["words"].items()},
    )


def _fleet(plan: dict[str, Any], settings: Settings, releases: tuple[Release, ...]) -> tuple[Pump, ...]:
    wards = [Ward(**ward) for ward in plan["wards"]]
    models = [PumpModel(**(model | {"software": tuple(model["software"])})) for model in plan["models"]]
    places = _spread(wards, settings.pumps)
    stories = _stories(places)
    return tuple(
        _pump(number, ward, models[is_syringe], settings=settings, releases=releases, story=stories.get(number))
        for number, (ward, is_syringe) in enumerate(places)
    )


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
    model: PumpModel,
    *,
    settings: Settings,
    releases: tuple[Release, ...],
    story: str | None,
) -> Pump:
    dice = Dice(settings.seed, "pump", number)
    is_lost = dice.chance(LOST_PUMPS) and story is None
    return Pump(
        number=f"WA{number + 1:05d}",
        ward=ward,
        model=model,
        in_service=settings.first + (dice.between(10, 200) * DAY if dice.chance(0.03) and story is None else 0),
        drift=dice.between(-2.5, 2.5) / DAY,
        fast=3600.0 if dice.chance(0.04) else dice.lognormal(median=20, spread=1.2) * dice.one_of((-1, 1)),
        is_clock_known=dice.chance(0.9),
        is_lost=is_lost,
        updates=tuple(_updates(releases, dice, is_lost=is_lost)),
        story=story,
    )


def _updates(releases: tuple[Release, ...], dice: Dice, *, is_lost: bool) -> list[Update]:
    made: list[Update] = []
    for number, release in enumerate(releases[1:], start=1):
        days = dice.weibull(shape=UPDATE_SHAPE, scale=UPDATE_SCALE) + (dice.between(60, 200) if is_lost else 0)
        staged = release.released_at + days * DAY * dice.between(0.05, 0.6)
        made.append(Update(release=number, staged=staged, due=release.released_at + days * DAY))
    return made


def moment(seconds: float) -> datetime:
    """Return a moment of the epoch in UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=round(seconds, 3))
