"""What the pages of one organisation are told from: a version of the lake, what is kept of it, and how old it is."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from openinfusion.core.errors import OperatorError
from openinfusion.lake.calendar import Month
from openinfusion.lake.drug_list import read_drugs
from openinfusion.lake.engine import Engine, PolarsEngine
from openinfusion.lake.kept import About, Held, Shelf, basis, digest_of, keep, look_at, newest, show
from openinfusion.lake.month import Source
from openinfusion.lake.registers import Registers, read_pumps, read_releases
from openinfusion.lake.store import Lake
from openinfusion.web.accounts.models import Organisation

ENGINE: Engine = PolarsEngine()


class NoFiguresError(OperatorError):
    """There is nothing to show, and why."""


@dataclass(frozen=True, slots=True)
class Standing:
    """
    One version of the lake, for one organisation.

    Attributes:
        about: the version.
        held: what it holds of the organisation.
        source: what is asked.

    """

    about: About
    held: Held
    source: Source

    @property
    def last(self) -> Month:
        """The month of the last event."""
        return Month.read(self.held.months[-1])

    @property
    def last_complete(self) -> Month:
        """The last month that is over, as far as the events say; the last of all where none is."""
        over = [month for month in self.months if month.stop <= self.held.last]
        return over[0] if over else self.last

    @property
    def months(self) -> list[Month]:
        """The months with events, the newest first."""
        return [Month.read(one) for one in reversed(self.held.months)]

    @property
    def is_example(self) -> bool:
        """Whether nothing of it may guide the treatment of a patient."""
        return self.about.purpose != "clinical"

    def only(self, picked: Mapping[str, str]) -> "Standing":
        """Return the same, of one care area, drug or the like."""
        return replace(self, source=replace(self.source, only=dict(picked)))


def kept_in() -> Path:
    """Return the folder of what is kept; it may be deleted, and is then made again."""
    folder: Path = settings.PLACE.folder / "kept"
    return folder


def lake_of_place() -> Lake:
    """Return the lake of this place; raises NoFiguresError where it names none."""
    if settings.PLACE.lake is None:
        raise NoFiguresError(where="web.toml", found="no lake of events", expected='lake = "FOLDER", of event logs')
    return Lake.open(settings.PLACE.lake)


def registers_of_place() -> Registers:
    """Return what is known beside the events."""
    return _registers(_stamps())[0]


def basis_of_place(lake: Lake) -> str:
    """Return by what the lake of this place is answered now."""
    return basis(lake, _registers(_stamps())[1])


_Stamps = tuple[tuple[str, int] | None, ...]


def _stamps() -> _Stamps:
    folder: Path | None = settings.PLACE.registers
    files = [(folder / name) if folder else None for name in ("pumps.csv", "releases.csv", "drugs.csv")]
    return tuple((str(f), f.stat().st_mtime_ns) if f is not None and f.is_file() else None for f in files)


@lru_cache(maxsize=2)
def _registers(files: _Stamps) -> tuple[Registers, str]:
    """Return the registers in some files, and their digest."""
    pumps, releases, drugs = (Path(one[0]) if one else None for one in files)
    made = Registers(
        pumps=read_pumps(pumps) if pumps else None,
        releases=read_releases(releases) if releases else None,
        drugs=read_drugs(drugs) if drugs else None,
    )
    return made, digest_of(made)


def name_in_lake(organisation: Organisation) -> str:
    """Return how event logs call an organisation."""
    return str(settings.PLACE.name_in_lake(organisation.slug, organisation.name))


def standing_of(organisation: Organisation, *, at: datetime) -> Standing:
    """
    Return what the pages of an organisation are told from.

    It is the version that was counted last, so that no page waits for a lake that has just grown. Where none was, or
    where that was counted by other code, of another lake or beside other registers, it is the newest.

    Raises:
        NoFiguresError: the place has no lake, or its lake has no event of this organisation.

    """
    lake = lake_of_place()
    about = newest(kept_in())
    if about is None or about.basis != basis_of_place(lake):
        about = look_at(lake, registers_of_place(), at=at)
        show(kept_in(), about)
    return standing_in(about, lake, organisation)


def standing_in(about: About, lake: Lake, organisation: Organisation) -> Standing:
    """Return one version for one organisation."""
    name = name_in_lake(organisation)
    held = about.of(name)
    if held is None:
        raise NoFiguresError(
            where=organisation.name,
            found=f"no event of “{name}” in the lake",
            expected="event logs that call it so, or its name in web.toml, lake_names",
        )
    shelf = Shelf(keep(kept_in(), about), name)
    source = Source(
        lake=lake,
        engine=ENGINE,
        registers=registers_of_place(),
        organisation=name,
        version=about.version,
        shelf=shelf,
    )
    return Standing(about, held, source)
