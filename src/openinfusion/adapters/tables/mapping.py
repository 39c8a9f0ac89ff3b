"""
A mapping file: which column of a vendor's table means which field of the open format. TOML that a pharmacist can edit.

How to write one is told in ``docs/how-to/import-a-vendor-export.md``; the shipped ones are in ``mappings/``.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, TypeVar

from openinfusion.adapters.documents import convert, read_bytes
from openinfusion.adapters.tables.fields import Holds, find_field, known_fields
from openinfusion.core.errors import AuthorError, MappingError
from openinfusion.core.library import Population
from openinfusion.core.units import Unit

FORMAT = "openinfusion-table-mapping"
MAX_BYTES = 2**20
T = TypeVar("T")
_PER = re.compile(r"(?P<path>.*\.unit) per (?P<per>h|mL)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """
    One column: its header, what it means, and how its cells are written.

    ``header`` may show the rows of a stacked header parted by ``|``; ``also`` lists other headers seen for the column.
    ``unit`` is the unit of numbers that have none of their own. ``open`` and ``blank`` are further words for "entered
    at the bedside" and for "nothing". ``words`` turns a cell's text into the format's word. ``ignore`` is the reason
    why a known column has no field. ``unit_like`` gives limits of a concentration without a unit that of the
    concentration itself, in layouts that have no column for it. A ``shared`` column gives the unit of groups that may
    not be there at all; one with several fields is. A column that is not ``written`` is only read, where it is found.
    """

    header: str
    fields: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    unit: Unit | None = None
    unit_like: Literal["concentration"] | None = None
    reads: Literal["value", "hh:mm", "amount of amount/time"] = "value"
    blank: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    words: Mapping[str, str] = field(default_factory=dict)
    fill_down: bool = False
    shared: bool = False
    written: bool = True
    ignore: str | None = None

    @property
    def is_shared(self) -> bool:
        return self.shared or len(self.fields) > 1

    @property
    def targets(self) -> tuple[tuple[str, str | None], ...]:
        """The paths it fills in; a unit may be completed: ``dose.unit per h`` reads "mg" as mg/h."""
        matches = ((path, _PER.fullmatch(path)) for path in self.fields)
        return tuple((m["path"], m["per"]) if m else (path, None) for path, m in matches)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """
    Rows that stand under the title of their care area.

    ``title`` holds patterns of the title's text; what the group ``name`` catches is the care area. With
    ``lone_cell_is_title`` a row with one text in its first column is a title too. ``settings`` are labels with their
    value beside, below or behind a colon, anywhere between the title and the first row of the block.
    """

    title: tuple[str, ...]
    lone_cell_is_title: bool = False
    settings: tuple[Column, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Several:
    """Several rows make one entry: a column names the group of limits that the row's ``*.`` fields belong to."""

    header: str
    groups: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One kind of sheet: how it is recognised, what it holds, what its columns mean."""

    id: str
    holds: Holds
    names: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    title: str | None = None
    reason: str | None = None
    required: tuple[str, ...] = ()
    constants: Mapping[str, str] = field(default_factory=dict)
    columns: tuple[Column, ...] = ()
    notes: tuple[str, ...] = ()
    unlisted: Literal["report", "device settings"] = "report"
    type_without_concentration: str | None = None
    type_of_dose_without_time: str | None = None
    volume_rates_are: Literal["dose", "rate"] = "dose"
    blocks: Blocks | None = None
    several: Several | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Csv:
    """How CSV files are written; without ``delimiter`` it is found from the file."""

    encoding: Literal["utf-8", "cp1252"] = "utf-8"
    delimiter: Literal[",", ";", "\t"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderWords:
    """Words of headers that mean the same, and words that mean nothing."""

    same: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMapping:
    """A whole mapping: what holds for every sheet, and the sheets."""

    format: Literal["openinfusion-table-mapping"]
    format_version: Literal[1]
    name: str
    about: str
    sheets: tuple[Sheet, ...]
    blanks: tuple[str, ...] = ()
    thousands: Literal[","] | None = None
    csv: Csv = field(default_factory=Csv)
    unit_spellings: Mapping[str, str] = field(default_factory=dict)
    header_words: HeaderWords = field(default_factory=HeaderWords)
    organisation: str = "not stated"
    default_population: Population = Population.ADULT
    populations: Mapping[str, Population] = field(default_factory=dict)


def mapping_names() -> tuple[str, ...]:
    """Return the names of the mappings that are shipped."""
    return tuple(
        sorted(item.name.removesuffix(".toml") for item in _shipped().iterdir() if item.name.endswith(".toml"))
    )


def _shipped() -> Any:  # noqa: ANN401 - importlib's Traversable has moved between modules
    return files("openinfusion.adapters.tables") / "mappings"


def shipped_mapping(name: str) -> TableMapping:
    """Return a shipped mapping; raises MappingError that lists the names if there is none of that name."""
    if name not in mapping_names():
        raise MappingError(
            where="mapping", found=repr(name), expected=f"one of {', '.join(mapping_names())}, or a file"
        )
    return mapping_from_text(shipped_text(f"{name}.toml"), where=f"{name}.toml")


def shipped_text(name: str) -> str:
    """Return the text of a shipped file."""
    return str((_shipped() / name).read_text("utf-8"))


def load_mapping(path: Path) -> TableMapping:
    """
    Return the mapping in a TOML file.

    Raises:
        OperatorError: the file cannot be read, or is too large.
        MappingError: with the key: not TOML, an unknown key or field, a wrong word.

    """
    try:
        text = read_bytes(path, limit=MAX_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MappingError(
            where=f"{path.name}, byte {error.start}", found="not UTF-8", expected="UTF-8 text"
        ) from error
    return mapping_from_text(text, where=path.name)


def mapping_from_text(text: str, *, where: str) -> TableMapping:
    """Return the mapping in TOML text; raises MappingError as ``load_mapping`` does."""
    try:
        value = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # not TOML, or a number of thousands of digits
        raise MappingError(where=where, found=str(error)[:120], expected="TOML") from error
    if value.get("format") != FORMAT:
        found = repr(value.get("format"))
        raise MappingError(where=f"{where}, format", found=found, expected=f'format = "{FORMAT}"')
    sheets = [_sheet_document(sheet, where) for sheet in _tables(value.get("sheets"), where)]
    mapping = _converted({**value, "sheets": sheets}, TableMapping, where)
    for sheet in mapping.sheets:
        _check_sheet(sheet, f"{where}, sheet {sheet.id!r}")
    return mapping


def _converted(document: object, to: type[T], where: str) -> T:
    try:
        return convert(document, to, where=where)
    except AuthorError as error:
        place = error.where.replace(", $.", ", ").removesuffix(", $")
        raise MappingError(where=place, found=error.found, expected=error.expected) from error


def _tables(value: object, where: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value) or not value:
        raise MappingError(where=f"{where}, sheets", found=type(value).__name__, expected="[[sheets]], at least one")
    return value


def _sheet_document(sheet: dict[str, Any], where: str) -> dict[str, Any]:
    """Return a sheet with its columns as a list: in TOML the header is the key. Each is read by itself to name it."""
    document = dict(sheet)
    place = f"{where}, sheet {sheet.get('id')!r}"
    if isinstance(document.get("columns"), dict):
        document["columns"] = _column_documents(document["columns"], place)
    if isinstance(blocks := document.get("blocks"), dict) and isinstance(blocks.get("settings"), dict):
        document["blocks"] = {**blocks, "settings": _column_documents(blocks["settings"], f"{place}, blocks")}
    _converted(document, Sheet, place)
    return document


def _column_documents(columns: dict[str, Any], place: str) -> list[object]:
    documents = [_column_document(header, value) for header, value in columns.items()]
    for header, document in zip(columns, documents, strict=True):
        _converted(document, Column, f"{place}, {header!r}")
    return documents


def _column_document(header: str, value: object) -> object:
    if isinstance(value, str):
        return {"header": header, "fields": [value]}
    if isinstance(value, list):
        return {"header": header, "fields": value}
    if not isinstance(value, dict):
        return value
    rest = {key: item for key, item in value.items() if key != "field"}
    fields = value.get("field", [])
    return {"header": header, "fields": [fields] if isinstance(fields, str) else fields, **rest}


def _check_sheet(sheet: Sheet, where: str) -> None:
    """Refuse a column without meaning, an unknown field, and a pattern that is not one."""
    settings = sheet.blocks.settings if sheet.blocks else ()
    for column in (*sheet.columns, *settings):
        holds: Holds = "care areas" if column in settings else sheet.holds
        _check_column(column, holds, f"{where}, {column.header!r}")
    for path in (*sheet.constants, *sheet.required):
        _check_path(path, sheet.holds, where)
    if sheet.holds == "nothing" and not sheet.reason:
        raise MappingError(where=where, found="no reason", expected="a reason why the sheet is ignored")
    for pattern in sheet.blocks.title if sheet.blocks else ():
        _check_title_pattern(pattern, f"{where}, blocks.title")


def _check_column(column: Column, holds: Holds, where: str) -> None:
    if bool(column.fields) is bool(column.ignore):
        raise MappingError(where=where, found="a column without field or reason", expected="either a field or ignore")
    for path, _ in column.targets:
        _check_path(path, holds, where)


def _check_path(path: str, holds: Holds, where: str) -> None:
    if path.startswith("*.") or find_field(path, holds) is not None:
        return
    near = get_close_matches(path, known_fields(holds), n=3, cutoff=0.4)
    expected = f"a field of the format for {holds}" + (f", such as {', '.join(near)}" if near else "")
    raise MappingError(where=where, found=repr(path), expected=expected)


def _check_title_pattern(pattern: str, where: str) -> None:
    try:
        names = re.compile(pattern).groupindex
    except re.error as error:
        raise MappingError(where=where, found=f"{pattern!r} ({error})", expected="a regular expression") from error
    if "name" not in names:
        raise MappingError(
            where=where, found=repr(pattern), expected="a group (?P<name>...) that catches the care area"
        )


def all_headers(sheet: Sheet) -> Iterator[tuple[Column, str]]:
    """Yield every header under which a column of the sheet is known."""
    for column in sheet.columns:
        for header in (column.header, *column.also):
            yield column, header
