"""The account of a reading: what is made, what is left out, what was assumed; each kind is agreed to by itself."""

from collections import Counter
from typing import Any

from openinfusion.adapters.tables import CellProblem, Consequence, TableReading
from openinfusion.adapters.tables.reading import ListedColumn, ListedSheet
from openinfusion.core.wording import counted

_LEFT_OUT = {
    Consequence.ROW_LEFT_OUT: (
        "row is left out: it makes no entry",
        "rows are left out: they make no entry",
    ),
    Consequence.VALUE_LEFT_OUT: (
        "value is left out: its entry is made without it",
        "values are left out: their entries are made without them",
    ),
    Consequence.SHEET_LEFT_OUT: ("sheet is left out whole", "sheets are left out whole"),
}
COLUMNS = "unknown columns"


def account_of(reading: TableReading) -> dict[str, Any]:
    """Return the counts and lists of a reading as JSON."""
    library = reading.library
    names = {area.id: area.name for area in library.care_areas}
    areas = Counter(names[entry.care_area] for entry in library.entries)
    kinds = _kinds(reading)
    left_out = next((kind["count"] for kind in kinds if kind["key"] == Consequence.ROW_LEFT_OUT.value), 0)
    rows = f"{counted(left_out, 'row')} left out"
    return {
        "sentence": f"{counted(len(library.entries), 'entry', 'entries')} made, {rows}",
        "entries": len(library.entries),
        "drugs": len(library.drugs),
        "rows_read": reading.rows_read,
        "rows_left_out": left_out,
        "note_rows": reading.counts.note_rows,
        "areas": [[name, count] for name, count in sorted(areas.items())],
        "empty_areas": sorted(name for name in names.values() if name not in areas),
        "kinds": kinds,
        "unknown_columns": [_column(one) for one in reading.unknown_columns],
        "ignored_columns": [_column(one) for one in reading.ignored_columns],
        "ignored_sheets": [_sheet(one) for one in reading.ignored_sheets],
        "preamble": [f"{cell.text[:200]}" for cell in reading.preamble[:50]],
    }


def _kinds(reading: TableReading) -> list[dict[str, Any]]:
    """Return each kind of what did not simply become a field, with the words that a person agrees to."""
    kinds = []
    for consequence, words in _LEFT_OUT.items():
        if count := _count(reading.problems, consequence):
            kinds.append({"key": consequence.value, "count": count, "words": counted(count, *words)})
    assumed = Counter(one.assumption for one in reading.problems if one.consequence is Consequence.KEPT)
    for assumption, count in assumed.items():
        key, said = (assumption.name, assumption.value) if assumption else ("KEPT", "read all the same; look at each")
        kinds.append({"key": key, "count": count, "words": f"{counted(count, 'time')}: {said}"})
    if unknown := [one for one in reading.unknown_columns if one.cells]:
        said = counted(len(unknown), "column is not read", "columns are not read")
        kinds.append({"key": COLUMNS, "count": len(unknown), "words": f"{said}: not known to the layout"})
    return kinds


def kind_of(problem: CellProblem) -> str:
    """Return the key of the kind that a cell counts to."""
    if problem.consequence is not Consequence.KEPT:
        return str(problem.consequence.value)
    return problem.assumption.name if problem.assumption else "KEPT"


def _count(problems: tuple[CellProblem, ...], consequence: Consequence) -> int:
    mine = [one for one in problems if one.consequence is consequence]
    if consequence is Consequence.ROW_LEFT_OUT:
        return len({(one.sheet, one.row) for one in mine})
    return len(mine)


def _column(one: ListedColumn) -> dict[str, Any]:
    return {
        "sheet": one.sheet,
        "column": one.column,
        "header": one.header,
        "cells": one.cells,
        "reason": one.reason or "",
    }


def _sheet(one: ListedSheet) -> dict[str, Any]:
    return {"sheet": one.sheet, "cells": one.cells, "reason": one.reason or ""}
