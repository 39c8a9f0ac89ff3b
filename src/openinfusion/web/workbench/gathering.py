"""What was attempted on one group of limits, gathered once for a version of the lake and kept."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from openinfusion.core.library import Entry, Library, Limits
from openinfusion.lake.month import stretch
from openinfusion.lake.scatter import scatter
from openinfusion.lake.tables import Frame
from openinfusion.lake.workbench import Gathered, caught_programmes, gather, limits_at
from openinfusion.web.insight.pages import Opened
from openinfusion.web.insight.standing import ENGINE
from openinfusion.web.library.models import Version
from openinfusion.web.library.store import library_of

_FORM = "bench1"
"""Another number wherever what is kept changes its shape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """One group of limits of an entry of the library in use."""

    told: Opened
    version: Version
    library: Library
    entry: Entry
    group: str
    limits: Limits

    def attempted(self) -> Gathered:
        """Return what was attempted on it in the year that the page tells (``Month.year_before``)."""
        return Gathered(self._kept("values", self._gather))

    def drawn(self) -> pl.DataFrame:
        """Return where it lies, week by week."""
        return self._kept("weeks", self._scatter)

    def _kept(self, what: str, make: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        shelf = self.told.standing.source.shelf
        if shelf is None:
            return make()
        key = f"{self.version.sha256} {self.entry.id} {self.group}"
        name = f"{_FORM}.{what}.{hashlib.sha256(key.encode()).hexdigest()}"
        return shelf.answer(name, self._stretch, make)

    @property
    def _stretch(self) -> str:
        return stretch(self.told.picked.first, self.told.picked.month)

    def _events(self) -> Frame:
        return self.told.standing.source.tables(self.told.picked.first, self.told.picked.month).events

    def _gather(self) -> pl.DataFrame:
        return gather(
            self._events(),
            self.told.standing.source.lake.shapes(),
            self.library,
            entry=self.entry.id,
            path=self.group,
            catches=self._caught(),
            engine=ENGINE,
        )

    def _scatter(self) -> pl.DataFrame:
        shapes = self.told.standing.source.lake.shapes()
        return scatter(self._events(), shapes, self.library, entry=self.entry.id, path=self.group, engine=ENGINE)

    def _caught(self) -> pl.DataFrame:
        """Return the programmes that an alert caught; the same for every entry, so kept beside them all."""

        def make() -> pl.DataFrame:
            return caught_programmes(self._events(), engine=ENGINE)

        shelf = self.told.standing.source.shelf
        return make() if shelf is None else shelf.answer(f"{_FORM}.caught", self._stretch, make)


def bench_of(told: Opened, entry: str, group: str) -> Bench | None:
    """Return a group of limits of the library in use, or ``None`` if it has none that limits anything."""
    told = told._replace(standing=told.standing.only({}))
    version = told.version
    library = library_of(version) if version is not None else None
    found = library.find_entry(entry) if library is not None else None
    limits = limits_at(found, group) if found is not None else None
    if version is None or library is None or found is None or limits is None or limits.is_empty:
        return None
    return Bench(told=told, version=version, library=library, entry=found, group=group, limits=limits)
