"""
A mapping file for past infusions: which column means what. TOML that a pharmacist can edit.

How to write one is told in ``docs/how-to/replay-past-infusions.md``; the shipped ones are in ``mappings/``.
"""

import csv
import io
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from openinfusion.adapters.documents import convert, read_bytes
from openinfusion.core.errors import AuthorError, MappingError
from openinfusion.core.numbers import read_decimal
from openinfusion.core.units import Unit

FORMAT = "openinfusion-infusion-mapping"
MAX_BYTES = 2**20
SIGNIFICANT_DIGITS = range(3, 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The header of the column that holds each part; ``drug`` or ``item`` is needed, and ``dose`` or ``rate``."""

    start: str
    end: str
    drug: str | None = None
    item: str | None = None
    care_area: str | None = None
    therapy: str | None = None
    status: str | None = None
    dose: str | None = None
    dose_unit: str | None = None
    rate: str | None = None
    rate_unit: str | None = None
    amount: str | None = None
    amount_unit: str | None = None
    weight: str | None = None
    weight_unit: str | None = None
    strength_amount: str | None = None
    strength_amount_unit: str | None = None
    strength_volume: str | None = None
    strength_volume_unit: str | None = None

    def headers(self) -> dict[str, str]:
        """Return the header of every part that has one."""
        parts = ((name, getattr(self, name)) for name in self.__dataclass_fields__)
        return {name: header for name, header in parts if header is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Constants:
    """What holds for every row that does not say it itself."""

    care_area: str | None = None
    therapy: str | None = None
    dose_unit: str | None = None
    rate_unit: str | None = None
    amount_unit: str | None = None
    weight_unit: str | None = None
    strength_amount_unit: str | None = None
    strength_volume_unit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveOut:
    """Rows that are not infusions of their own: they are counted under ``reason``."""

    column: str
    values: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Words of the status column that mark a row as replaced by a later one."""

    superseded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Csv:
    """How CSV files are written."""

    delimiter: Literal[",", ";", "\t"] = ","


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """
    One row of the item table: the drug of the library, or why it has none.

    ``mmol_per_meq`` turns milliequivalents of this item into mmol; it is a fact of the substance (K+ has 1, Ca2+ 0.5).
    """

    item: str
    label: str
    drug: str | None = None
    not_mapped: str | None = None
    mmol_per_meq: Fraction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InfusionMapping:
    """A whole mapping, with its item table where the file speaks of items."""

    format: Literal["openinfusion-infusion-mapping"]
    format_version: Literal[1]
    name: str
    about: str
    columns: Columns
    optional: tuple[str, ...] = ()
    constants: Constants = field(default_factory=Constants)
    status: Status = field(default_factory=Status)
    leave_out: tuple[LeaveOut, ...] = ()
    csv: Csv = field(default_factory=Csv)
    blanks: tuple[str, ...] = ()
    time_format: str | None = None
    significant_digits: int | None = None
    identity_tolerance: Fraction = Fraction(1, 100)
    unit_spellings: Mapping[str, str] = field(default_factory=dict)
    care_areas: Mapping[str, str] = field(default_factory=dict)
    item_table: str | None = None
    items: Mapping[str, Item] = field(default_factory=dict)

    def in_care_area(self, care_area: str) -> "InfusionMapping":
        """Return the mapping with this care area for every row that names none itself."""
        return replace(self, constants=replace(self.constants, care_area=care_area))


def _shipped() -> Any:  # noqa: ANN401 - importlib's Traversable has moved between modules
    return files("openinfusion.adapters.infusions") / "mappings"


def shipped_infusion_mappings() -> tuple[str, ...]:
    """Return the names of the mappings that are shipped."""
    return tuple(sorted(i.name.removesuffix(".toml") for i in _shipped().iterdir() if i.name.endswith(".toml")))


def shipped_infusion_mapping(name: str) -> InfusionMapping:
    """Return a shipped mapping; raises MappingError that lists the names if there is none of that name."""
    names = shipped_infusion_mappings()
    if name not in names:
        raise MappingError(where="mapping", found=repr(name), expected=f"one of {', '.join(names)}, or a file")
    text = (_shipped() / f"{name}.toml").read_text("utf-8")
    return _mapping_from_text(text, f"{name}.toml", lambda table: (_shipped() / table).read_text("utf-8"))


def load_infusion_mapping(path: Path) -> InfusionMapping:
    """
    Return the mapping in a TOML file; its item table is a CSV file in the same folder.

    Raises:
        OperatorError: a file cannot be read, or is too large.
        MappingError: with the key: not TOML, an unknown key, a wrong word, a broken item table.

    """
    return _mapping_from_text(_text(path), path.name, lambda table: _text(path.parent / table))


def _text(path: Path) -> str:
    try:
        return read_bytes(path, limit=MAX_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = f"{path.name}, byte {error.start}"
        raise MappingError(where=where, found="not UTF-8", expected="UTF-8 text") from error


def _mapping_from_text(text: str, where: str, read_table: Callable[[str], str]) -> InfusionMapping:
    try:
        value = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise MappingError(where=where, found=str(error)[:120], expected="TOML") from error
    if value.get("format") != FORMAT:
        raise MappingError(where=f"{where}, format", found=repr(value.get("format")), expected=f'format = "{FORMAT}"')
    if "items" in value:
        raise MappingError(where=f"{where}, items", found="an inline table", expected='item_table = "a-file.csv"')
    try:
        mapping = convert(value, InfusionMapping, where=where)
    except AuthorError as error:
        place = error.where.replace(", $.", ", ").removesuffix(", $")
        raise MappingError(where=place, found=error.found, expected=error.expected) from error
    _check(mapping, where)
    if mapping.item_table is None:
        return mapping
    if Path(mapping.item_table).name != mapping.item_table:
        expected = "the name of a file in the same folder"
        raise MappingError(where=f"{where}, item_table", found=repr(mapping.item_table), expected=expected)
    return replace(mapping, items=_items(read_table(mapping.item_table), mapping.item_table))


def _check(mapping: InfusionMapping, where: str) -> None:
    """Refuse a mapping that cannot name the drug or what was programmed, or that spells units in unknown ways."""
    columns = mapping.columns
    if (columns.drug is None) is (columns.item is None):
        raise MappingError(where=f"{where}, columns", found="drug and item", expected="exactly one of them")
    if columns.item is not None and mapping.item_table is None:
        raise MappingError(where=f"{where}, item_table", found="nothing", expected="the CSV file that lists the items")
    if columns.dose is None and columns.rate is None:
        raise MappingError(where=f"{where}, columns", found="no dose and no rate", expected="one of them, or both")
    if mapping.significant_digits is not None and mapping.significant_digits not in SIGNIFICANT_DIGITS:
        found = str(mapping.significant_digits)
        raise MappingError(where=f"{where}, significant_digits", found=found, expected="3 to 15, or leave it out")
    headers = columns.headers()
    for part in ("dose", "rate", "amount", "weight", "strength_amount", "strength_volume"):
        has_unit = f"{part}_unit" in headers or getattr(mapping.constants, f"{part}_unit") is not None
        if part in headers and not has_unit:
            expected = f"a column for it under [columns], or the unit itself under [constants] as {part}_unit"
            raise MappingError(where=f"{where}, columns.{part}", found="no unit", expected=expected)
    for header in mapping.optional:
        if header not in headers.values():
            raise MappingError(where=f"{where}, optional", found=repr(header), expected="a header under [columns]")
    units = [(f"unit_spellings.{key}", text) for key, text in mapping.unit_spellings.items()]
    constants = ((name, getattr(mapping.constants, name)) for name in Constants.__dataclass_fields__)
    units += [(f"constants.{name}", text) for name, text in constants if text is not None and name.endswith("_unit")]
    _check_units(units, where)


def _check_units(units: Iterable[tuple[str, str]], where: str) -> None:
    for place, text in units:
        try:
            Unit.read(text)
        except AuthorError as error:
            raise MappingError(where=f"{where}, {place}", found=error.found, expected=error.expected) from error


_ITEM_HEADER = ["item", "label", "drug", "not_mapped", "mmol_per_meq"]


def _items(text: str, where: str) -> dict[str, Item]:
    """Return the item table; every item says which drug it is, or why it has none, and stands once."""
    rows = list(csv.reader(io.StringIO(text)))
    if not rows or rows[0] != _ITEM_HEADER:
        raise MappingError(where=f"{where}, row 1", found=repr(rows[:1]), expected=",".join(_ITEM_HEADER))
    items: dict[str, Item] = {}
    for number, row in enumerate(rows[1:], start=2):
        if not row:
            continue
        place = f"{where}, row {number}"
        if len(row) != len(_ITEM_HEADER):
            raise MappingError(where=place, found=f"{len(row)} cells", expected=f"{len(_ITEM_HEADER)} cells")
        item = _item(row, place)
        if item.item in items:
            raise MappingError(where=place, found=f"item {item.item!r} again", expected="each item once")
        items[item.item] = item
    return items


def _item(row: list[str], place: str) -> Item:
    item, label, drug, not_mapped, meq = (cell.strip() for cell in row)
    if bool(drug) is bool(not_mapped) or not item:
        raise MappingError(where=place, found=f"item {item!r}", expected="a drug, or why it has none (not both)")
    try:
        factor = read_decimal(meq) if meq else None
    except AuthorError as error:
        raise MappingError(where=place, found=error.found, expected=error.expected) from error
    if factor is not None and factor <= 0:
        raise MappingError(where=place, found=meq, expected="mmol per mEq above zero")
    return Item(item=item, label=label, drug=drug or None, not_mapped=not_mapped or None, mmol_per_meq=factor)
