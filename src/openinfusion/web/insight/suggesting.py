"""What limits the alerts of a drug and care area met, and another place for a soft maximum with its expected change."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openinfusion.adapters.report.tables import entry_words, limit_words
from openinfusion.core.entry import Entry, Mode
from openinfusion.core.library import Library
from openinfusion.core.limits import Delivery, Limit, Limits
from openinfusion.core.numbers import decimal_text
from openinfusion.core.programme import Parameter
from openinfusion.core.units import Quantity
from openinfusion.lake.month import stretch
from openinfusion.lake.what_if import Attempts, attempts, suggest
from openinfusion.web.insight.pages import Opened
from openinfusion.web.insight.triage import answers_of, first_of
from openinfusion.web.library.store import library_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """
    One limited value of an entry: what was attempted, and a suggestion if there is one.

    Attributes:
        entry: its id.
        words: what tells it from others of its drug and area.
        parameter: what is limited.
        limits: its limits, in words.
        attempts: how many programmes there were.
        beyond: how many of them lie beyond the soft maximum.
        suggestion: what is suggested, as JSON: now, then, alerts_now, alerts_then, reason.
        path: where the soft maximum stands in the entry; none where it is not known, so that nothing is edited.

    """

    entry: str
    words: str
    parameter: str
    mode: str
    limits: str
    attempts: int
    beyond: int
    suggestion: Mapping[str, Any] | None
    path: tuple[str, ...]


def lines(told: Opened, drug: str, area: str) -> list[Line]:
    """Return what was attempted on the entries of a drug and care area; worked out once for a version of the lake."""
    version = told.version
    if version is None:
        return []
    source, month = told.standing.only({}).source, told.picked.month
    key = json.dumps([version.sha256, drug, area])
    what = f"attempts.{hashlib.sha256(key.encode()).hexdigest()}"

    def make() -> list[dict[str, Any]]:
        return list(_made(told, library_of(version), drug=drug, area=area))

    said = make() if source.shelf is None else source.shelf.words(what, stretch(first_of(told), month), make)
    return [Line(**one | {"path": tuple(one["path"])}) for one in said]


def _made(told: Opened, library: Library, *, drug: str, area: str) -> Iterator[dict[str, Any]]:
    entries = [one.id for one in library.entries if one.drug == drug and one.care_area == area]
    answers = answers_of(told._replace(standing=told.standing.only({})))
    shapes = told.standing.source.lake.shapes()
    found = attempts(answers.tables.events, shapes, library, engine=answers.engine, entries=entries)
    for one in found:
        entry = library.find_entry(one.entry)
        if entry is not None:
            yield _line(library, entry, one)


def _line(library: Library, entry: Entry, one: Attempts) -> dict[str, Any]:
    suggestion = suggest(one)
    maximum = one.limits.soft_max
    return {
        "entry": one.entry,
        "words": entry_words(library, one.entry),
        "parameter": one.parameter.value,
        "mode": one.mode,
        "limits": describe(one.limits),
        "attempts": one.number,
        "beyond": one.beyond(Limit.SOFT_MAX, maximum) if maximum is not None else 0,
        "suggestion": None
        if suggestion is None
        else {
            "now": str(suggestion.now),
            "then": str(suggestion.then),
            "value": decimal_text(suggestion.then.value),
            "alerts_now": suggestion.alerts_now,
            "alerts_then": suggestion.alerts_then,
            "reason": suggestion.reason,
        },
        "path": list(path_of(entry, one)),
    }


def describe(limits: Limits) -> str:
    """Return limits in words: "soft maximum 10 mg/h; hard maximum 20 mg/h"."""
    bounds = zip(Limit, limits.bounds, strict=True)
    said = [f"{limit_words(limit)} {Quantity(bound, limits.unit)}" for limit, bound in bounds if bound is not None]
    return "; ".join(said) or "no limit"


def path_of(entry: Entry, one: Attempts) -> tuple[str, ...]:
    """
    Return where the soft maximum of what was attempted stands in the entry, or nothing.

    It must be the very number in the very unit: a limit that was converted, or that stands for the care area, is not
    the entry's to edit.
    """
    mode, name = Mode(one.mode), one.parameter.name.lower()
    within: Any = entry
    path: tuple[str, ...] = ()
    if mode in (Mode.BOLUS, Mode.LOADING):
        within, path = getattr(entry, mode.value), (mode.value,)
    if one.parameter not in (Parameter.DOSE, Parameter.RATE, Parameter.VOLUME) or not isinstance(
        within, Entry | Delivery
    ):
        return ()
    limits: Limits | None = getattr(within, name, None)
    if limits is None or limits.unit != one.limits.unit or limits.soft_max != one.limits.soft_max:
        return ()
    return (*path, name, "soft_max")


def suggested(found: Sequence[Line], *, entry: str, parameter: str, mode: str) -> Line | None:
    """Return the line of an entry that has a suggestion."""
    wanted = (entry, parameter, mode)
    return next((one for one in found if (one.entry, one.parameter, one.mode) == wanted and one.suggestion), None)
