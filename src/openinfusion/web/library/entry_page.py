"""What the page of an entry shows, group of limits by group."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from openinfusion.adapters.documents import to_json
from openinfusion.core.entry import Decision, Entry, Source
from openinfusion.core.limits import Limits
from openinfusion.core.units import Quantity
from openinfusion.web.design.charts import Figure
from openinfusion.web.library.history import VALUES, History
from openinfusion.web.library.models import Version
from openinfusion.web.library.number_line import figure_of
from openinfusion.web.library.practised import Doses
from openinfusion.web.library.reviewed import Shown
from openinfusion.web.library.rows import group_words

_SAYS = {
    "hard_min": ("Hard minimum", "The pump refuses less"),
    "soft_min": ("Soft minimum", "The pump asks to confirm less"),
    "usual_min": ("Usual, from", "What practice uses; it limits nothing"),
    "initial": ("Initial value", "What the pump offers first; it limits nothing"),
    "usual_max": ("Usual, to", "What practice uses; it limits nothing"),
    "soft_max": ("Soft maximum", "The pump asks to confirm more"),
    "hard_max": ("Hard maximum", "The pump refuses more"),
}
_MAXIMA = ("soft_max", "hard_max")


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a group of limits."""

    name: str
    meaning: str
    quantity: Quantity
    sources: Sequence[Source]
    since: Version | None


@dataclass(frozen=True, slots=True)
class Group:
    """One group of limits: what it limits, its values, what is not set, and what is said about it."""

    path: str
    title: str
    values: Sequence[Value]
    missing: Sequence[str]
    decisions: Sequence[Decision]
    findings: Sequence[Shown]
    digest: str
    figure: Figure | None


@dataclass(frozen=True, slots=True)
class Parts:
    """The groups of an entry, and what is said about the entry as a whole."""

    groups: Sequence[Group]
    decisions: Sequence[Decision]
    findings: Sequence[Shown]
    sources: Sequence[Source]


def parts_of(entry: Entry, history: History, findings: Sequence[Shown], *, doses: Doses) -> Parts:
    """Return the parts of an entry's page; every finding, decision and source stands in exactly one place or more."""
    paths = [path for path, _ in entry.all_limits()]
    groups = [
        _group(entry, path, limits, history=history, findings=findings, doses=doses)
        for path, limits in entry.all_limits()
    ]
    return Parts(
        groups=groups,
        decisions=[one for one in entry.decisions if not _is_about_any(one.field, paths)],
        findings=[one for one in findings if not _is_about_any(one.finding.field, paths)],
        sources=[one for one in entry.sources if not _is_about_any(one.field, paths)],
    )


def _group(
    entry: Entry, path: str, limits: Limits, *, history: History, findings: Sequence[Shown], doses: Doses
) -> Group:
    sources = [one for one in entry.sources if _is_about(one.field, path)]
    values = [
        Value(*_SAYS[name], quantity, _nearest(sources, f"{path}.{name}"), history.since.get(f"{path}.{name}"))
        for name in VALUES
        if (quantity := limits.quantity(name)) is not None
    ]
    rows = [(one.name, str(one.quantity)) for one in values]
    programmed, note = doses.on(path, limits.unit)
    return Group(
        path=path,
        title=group_words(path),
        values=values,
        missing=[_SAYS[name][0].lower() for name in _MAXIMA if limits.quantity(name) is None],
        decisions=[one for one in entry.decisions if _is_about(one.field, path)],
        findings=[one for one in findings if _is_about(one.finding.field, path)],
        digest=digest(limits),
        figure=figure_of(limits, group_words(path), rows, values=programmed, note=note),
    )


def digest(limits: Limits, *more: object) -> str:
    """Return a name for a picture of these limits: the same content has the same name, other content another."""
    text = json.dumps([to_json(limits), *map(str, more)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _nearest(sources: Iterable[Source], path: str) -> Sequence[Source]:
    """Return the sources that speak of a value itself, else those of its group or of what holds it."""
    own = [one for one in sources if one.field == path]
    return own or [one for one in sources if path.startswith(f"{one.field}.")]


def _is_about(field: str, path: str) -> bool:
    """Whether what names a field speaks of a group of limits: of it, of a value in it, or of what holds it."""
    return field == path or field.startswith(f"{path}.") or path.startswith(f"{field}.")


def _is_about_any(field: str, paths: Iterable[str]) -> bool:
    return any(_is_about(field, path) for path in paths)
