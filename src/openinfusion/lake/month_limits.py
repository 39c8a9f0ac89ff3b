"""The limits of a library that many programmes were held against and that none crossed."""

from collections.abc import Iterable

from openinfusion.adapters.report.tables import Table, entry_words, limit_words, make_table
from openinfusion.core.library import Library
from openinfusion.lake.answers import Answers
from openinfusion.lake.month_parts import Names
from openinfusion.lake.replay import replay_lake
from openinfusion.lake.store import Lake
from openinfusion.lake.what_if import LimitUse, limit_uses

FEWEST_TESTED = 100
MOST_ENTRIES = 25


def limits_that_do_nothing(lake: Lake, answers: Answers, library: Library) -> Table:
    """Return one row an entry: its silent limits, and how many programmes were held against the most tested one."""
    replayed = replay_lake(answers.tables.events, lake.shapes(), [library], engine=answers.engine)
    silent: dict[str, list[LimitUse]] = {}
    for use in limit_uses(replayed):
        if use.tested >= FEWEST_TESTED and not use.crossed:
            silent.setdefault(use.entry, []).append(use)
    ordered = sorted(silent.items(), key=lambda item: (-max(use.tested for use in item[1]), item[0]))
    rows = (
        (_entry(library, entry), _limits(uses), f"{max(use.tested for use in uses):,}")
        for entry, uses in ordered[:MOST_ENTRIES]
    )
    header = ("entry", "limits never crossed", "programmes held against them")
    return make_table("Limits that do nothing", header, rows, numbers=[2])


def _limits(uses: Iterable[LimitUse]) -> str:
    """Return the limits by what they limit: "dose: hard maximum, soft maximum"."""
    named: dict[str, list[str]] = {}
    for use in uses:
        named.setdefault(use.parameter.value, []).append(limit_words(use.limit))
    return "; ".join(f"{what}: {', '.join(limits)}" for what, limits in named.items())


def _entry(library: Library, entry: str) -> str:
    known = library.find_entry(entry)
    if known is None:
        return entry
    names = Names(library)
    return f"{names.drug(known.drug)}, {names.area(known.care_area)}: {entry_words(library, entry)}"
