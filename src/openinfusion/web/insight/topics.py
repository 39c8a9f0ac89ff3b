"""Parts of the monthly report as pages: the same tables, from the same questions."""

from collections.abc import Callable, Mapping

from openinfusion.adapters.documents import convert, to_json
from openinfusion.adapters.report.month import Section
from openinfusion.adapters.report.tables import Table
from openinfusion.lake.month import MonthSettings, ask, stretch
from openinfusion.lake.month_catches import catches
from openinfusion.lake.month_limits import limits_that_do_nothing
from openinfusion.lake.month_parts import Asked
from openinfusion.lake.month_pumps import alarms, completeness, libraries
from openinfusion.lake.month_sections import outside, patterns, silent
from openinfusion.web.insight.pages import Opened
from openinfusion.web.library.store import library_of

_SECTIONS: Mapping[str, Callable[[Asked], Section]] = {
    "patterns": patterns,
    "outside": outside,
    "libraries": libraries,
    "alarms": alarms,
    "unknown": completeness,
}
WHOLE = frozenset({"catches", "limits"})
"""Told of the whole organisation alone: their rows are no answer that a filter could pick from."""


def topic(told: Opened, key: str) -> Section:
    """Return a part of the report of the month that was picked."""
    if key == "catches":
        return _catches(told)
    if key == "limits":
        return _limits(told)
    return _SECTIONS[key](_asked(told))


def _asked(told: Opened) -> Asked:
    settings = MonthSettings(
        month=told.picked.month,
        organisation=told.standing.source.organisation,
        library=library_of(told.version) if told.version else None,
    )
    return ask(told.standing.source, settings, replays=False)


def _catches(told: Opened) -> Section:
    """Return the good catches, which are worked out record by record, and so kept as they are told."""
    whole = told._replace(standing=told.standing.only({}))
    return _kept(whole, "catches", make=lambda: to_json(catches(_asked(whole))))


def _limits(told: Opened) -> Section:
    """Return the limits that do nothing: the programmes of a year, replayed over the library in use."""
    whole = told._replace(standing=told.standing.only({}))
    return _kept(whole, "limits", make=lambda: to_json(silent(_with_silent(whole))))


def _with_silent(told: Opened) -> Asked:
    asked = _asked(told)
    table: Table | None = None
    if told.version is not None:
        table = limits_that_do_nothing(told.standing.source.lake, asked.weekly, library_of(told.version))
    return Asked(**{name: getattr(asked, name) for name in Asked.__slots__} | {"silent": table})


def _kept(told: Opened, key: str, *, make: Callable[[], object]) -> Section:
    """Return a section from the shelf, or make it; by the names of a library, and so kept for each."""
    shelf, month = told.standing.source.shelf, told.picked.month
    what = f"{key}.{told.version.sha256 if told.version else 'none'}"
    said = make() if shelf is None else shelf.words(what, stretch(month, month), make)
    return convert(said, Section, where=key)
