"""
Making a layout by choosing: for each column of a sheet, which field of ours it means.

The outcome is the same TOML as a layout that is written by hand, and can be read, edited and used again as one.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from openinfusion.adapters.tables import mapping_names, shipped_mapping
from openinfusion.adapters.tables.fields import Field, Kind, find_field, known_fields
from openinfusion.adapters.tables.headers import Headers, header_at
from openinfusion.adapters.tables.mapping import HeaderWords, Sheet, TableMapping, mapping_from_text
from openinfusion.adapters.tables.sheets import Cell, Grid
from openinfusion.core.errors import UnknownUnitError
from openinfusion.core.units import Unit

LEFT_OUT = "-"
SAMPLES = 3
MOST_COLUMNS = 250
_SHOWN = 80
_GROUPS = {
    "": "The entry",
    "concentration": "Strength",
    "dose": "Dose",
    "rate": "Rate",
    "volume": "Volume to be infused",
    "duration": "Duration",
    "bolus": "Bolus",
    "loading": "Loading dose",
    "pca": "PCA",
    "titration_step": "The entry",
    "drug": "About the drug",
    "care_area": "About the care area",
}
_WORDS = {
    **{f"{side}_{end}": f"{side} {end}imum" for side in ("hard", "soft", "usual") for end in ("min", "max")},
    "drug": "name of the drug",
    "care_area": "name of the care area",
    "amount": "amount of the drug",
    "volume": "volume",
    "initial": "initial value",
    "vtm": "dm+d code",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """One column as a person sees it: letter, header, three of its values, and what it seems to mean."""

    letter: str
    header: str
    samples: tuple[str, ...]
    guess: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a person chose for one column; ``field`` is empty where nothing was chosen."""

    header: str
    field: str
    unit: str = ""
    samples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Everything that was chosen for a file."""

    name: str
    about: str
    sheet: str
    choices: tuple[Choice, ...]
    type_of_all: str = ""
    area_of_all: str = ""
    blanks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wrong:
    """A choice that cannot stand: the number of the column (none: the whole), and why."""

    column: int | None
    why: str


@cache
def options() -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Return the fields to choose from, in groups: path and words."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for path in known_fields("entries"):
        if path in ("unreviewed", "concentration.strength", "concentration.strength.unit"):
            continue
        first = path.split(".", maxsplit=1)[0] if "." in path else ""
        groups.setdefault(_GROUPS[first], []).append((path, words_of(path)))
    return tuple((group, tuple(fields)) for group, fields in groups.items())


def words_of(path: str) -> str:
    """Return a path as people say it: "dose: soft maximum"."""
    parts = [_WORDS.get(part, part.replace("_", " ")) for part in path.split(".")]
    if len(parts) > 1 and path.split(".", maxsplit=1)[0] in ("drug", "care_area"):
        parts[0] = path.split(".", maxsplit=1)[0].replace("_", " ")
    return f"{' '.join(parts[:-1])}: {parts[-1]}" if len(parts) > 1 else parts[0]


# --- What a sheet shows ----------------------------------------------------------------------------------------------


def grid_of(sheet: Mapping[str, Any]) -> Grid:
    """Return the beginning of a sheet that was kept with its file."""
    cells = {
        int(row): {int(n): Cell(sheet["name"], int(row), int(n), text) for n, text in line.items()}
        for row, line in sheet["rows"].items()
    }
    corners = {(one[0], one[1]): (one[2], one[3]) for one in sheet["corners"]}
    return Grid(sheet["name"], cells, corners)


def likely_header(grid: Grid) -> int:
    """Return the row that most likely holds the headers: the first of those with the most texts that are no numbers."""
    counts = {row: sum(not _is_number(cell.text) for cell in cells.values()) for row, cells in grid.cells.items()}
    most = max(counts.values(), default=0)
    return next((row for row, count in counts.items() if count * 10 >= most * 8), 1)


def shown(grid: Grid, first: int, last: int) -> tuple[Shown, ...]:
    """Return the columns below a header of one row or several."""
    bare = Headers(Sheet(id="any", holds="entries"), HeaderWords())
    header = header_at(grid, bare, (first, last))
    below = [cells for row, cells in grid.cells.items() if row > last]
    width = max((max(cells) for cells in below), default=0)
    made = []
    for number in sorted(set(header.texts) | set(range(1, min(width, MOST_COLUMNS) + 1)))[:MOST_COLUMNS]:
        values = (cells[number].text.strip()[:_SHOWN] for cells in below if number in cells)
        samples = tuple(dict.fromkeys(values))[:SAMPLES]
        text = header.texts.get(number, "")
        if text or samples:
            made.append(Shown(Cell("", 1, number, "").letter, text, samples, _guess(text)))
    return tuple(made)


def _is_number(text: str) -> bool:
    return text.strip()[:1].isdigit() or text.strip() in ("", "-", "--")


@cache
def _known_headers() -> tuple[Headers, ...]:
    mappings = [shipped_mapping(name) for name in sorted(mapping_names(), reverse=True)]
    return tuple(
        Headers(sheet, mapping.header_words)
        for mapping in mappings
        for sheet in mapping.sheets
        if sheet.holds == "entries"
    )


def _guess(header: str) -> str:
    """Return what a header means in the layouts that we know, or nothing."""
    offered = {path for _, fields in options() for path, _ in fields}
    columns = (headers.find(header) for headers in _known_headers())
    paths = (path for column in columns if column for path, per in column.targets if per is None)
    return next((path for path in paths if path in offered), "")


# --- What was chosen -------------------------------------------------------------------------------------------------


def wrongs(chosen: Chosen) -> Iterator[Wrong]:
    """Yield what keeps the choices from being a layout."""
    seen: dict[str, int] = {}
    headers: dict[str, int] = {}
    paths = {one.field for one in chosen.choices}
    for number, one in enumerate(chosen.choices):
        if not one.field or one.field == LEFT_OUT:
            continue
        known = find_field(one.field, "entries")
        if known is None:
            yield Wrong(number, "Choose one of the fields that are offered")
            continue
        if not one.header:
            yield Wrong(number, "A column without a header cannot be found again: give it one in the vendor's editor")
        if one.field in seen:
            yield Wrong(number, f"Another column is “{words_of(one.field)}” already")
        if one.header in headers:
            yield Wrong(number, f"Two columns are called “{one.header}”: choose more rows as the header")
        seen[one.field], headers[one.header] = number, number
        if why := _why_no_unit(one, known, paths):
            yield Wrong(number, why)
    yield from _missing(chosen, paths)


def _missing(chosen: Chosen, paths: set[str]) -> Iterator[Wrong]:
    if "drug" not in paths:
        yield Wrong(None, "Say which column is the name of the drug")
    if "care_area" not in paths and not chosen.area_of_all:
        yield Wrong(None, "Say which column is the care area, or for which area all rows are")
    if "type" not in paths and not chosen.type_of_all:
        yield Wrong(None, "Say which column is the type, or what type all rows are")
    if not chosen.name:
        yield Wrong(None, "Give the layout a name, such as the vendor's and the year")
    if chosen.name in mapping_names():
        yield Wrong(None, f"“{chosen.name}” is a layout of OpenInfusion: give yours a name of its own")


def _why_no_unit(one: Choice, known: Field, paths: set[str]) -> str | None:
    """Return why a column of numbers would have no unit, or ``None``."""
    if one.unit:
        try:
            Unit.read(one.unit)
        except UnknownUnitError as error:
            return f"The unit is {error.found}; expected {error.expected}"
        return None if known.kind is Kind.NUMBER and known.unit_path else "Only a column of numbers has a unit"
    if known.kind is not Kind.NUMBER or known.unit_path is None or known.unit_path in paths:
        return None
    if one.samples and all(any(c.isalpha() for c in sample) for sample in one.samples):
        return None  # the cells say it themselves
    return f"Say the unit, or choose the column that is “{words_of(known.unit_path)}”"


def layout_text(chosen: Chosen) -> str:
    """Return the layout as TOML."""
    constants = {"type": chosen.type_of_all, "care_area": chosen.area_of_all}
    fixed = ", ".join(f"{key} = {_text(value)}" for key, value in constants.items() if value)
    mapped = [one for one in chosen.choices if one.field not in ("", LEFT_OUT)]
    lines = [
        'format = "openinfusion-table-mapping"',
        "format_version = 1",
        f"name = {_text(chosen.name)}",
        f"about = {_text(chosen.about)}",
        f"blanks = [{', '.join(map(_text, chosen.blanks))}]",
        "",
        "[[sheets]]",
        'id = "entries"',
        f"names = [{_text(chosen.sheet)}]",
        'holds = "entries"',
        f"required = [{', '.join(_text(one.field) for one in mapped)}]",
        *([f"constants = {{ {fixed} }}"] if fixed else []),
        "",
        "[sheets.columns]",
        *map(_column, (one for one in chosen.choices if one.field and one.header)),
    ]
    return "\n".join(lines) + "\n"


def _column(one: Choice) -> str:
    if one.field == LEFT_OUT:
        return f'{_text(one.header)} = {{ ignore = "left out by whoever chose the columns" }}'
    unit = f", unit = {_text(Unit.read(one.unit).code)}" if one.unit else ""
    return f"{_text(one.header)} = {{ field = {_text(one.field)}{unit} }}"


def _text(value: str) -> str:
    """Return a text as TOML; what JSON leaves open there is escaped too."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def checked(text: str) -> TableMapping:
    """Return what a layout says; raises MappingError with the place in it."""
    return mapping_from_text(text, where="the layout")
