"""
Read a file of orders: a table (CSV or workbook) of one order a row, or HL7 messages, one or many.

The columns are ``COLUMNS``; ``docs/reference/orders.md`` lists them. Numbers are plain decimals. A cell that cannot be
read becomes part of its order, and the report says so; a column that is not known ends the reading, because a misspelt
header would otherwise be a value that nobody asked about. No patient is read from a table, and none is shown.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any, NamedTuple

from openinfusion.adapters.documents import read_bytes
from openinfusion.adapters.hl7 import read_message
from openinfusion.adapters.hl7.orders import read_order
from openinfusion.adapters.infusions.table import read_rows
from openinfusion.core.errors import AuthorError, NumberFormatError, OpenInfusionError, TableError
from openinfusion.core.library import Route
from openinfusion.core.numbers import read_decimal
from openinfusion.core.order_medicines import plain_name
from openinfusion.core.order_parts import PumpKind
from openinfusion.core.order_reconciliation import Filed
from openinfusion.core.orders import (
    Code,
    Field,
    Medication,
    Order,
    OrderKind,
    PcaOrder,
    Step,
    StepKind,
    Unread,
)
from openinfusion.core.units import Quantity, Unit
from openinfusion.core.wording import counted

MAX_BYTES = 64 * 2**20
_MESSAGE = re.compile(rb"(?:^|[\r\n\x0b\x1c])(?:\xef\xbb\xbf)?[ \t\x0b]*(?=MSH[^A-Za-z0-9\s])")


class Column(NamedTuple):
    """One column of a table of orders: its header, what stands in it, an example."""

    name: str
    words: str
    example: str = ""


COLUMNS = (
    Column("order_id", "the number of the order; rows of one multistep order share it", "RX-0001"),
    Column("kind", "new, change, bolus or multistep; new if empty", "new"),
    Column("drug_code", "a code of the medicine", "108441005"),
    Column("drug_code_system", "whose code it is: SCT for dm+d; empty if not known", "SCT"),
    Column("drug_name", "a name of the medicine", "dopamine"),
    Column("therapy", "the indication, in the words of the library", "sedation"),
    Column("care_area", "id or name of the care area; --area if empty", "adult-ward"),
    Column("route", "intravenous, subcutaneous and so on, as in the library", "intravenous"),
    Column("pump", "large-volume pump or syringe pump", "syringe pump"),
    Column("secondary", "yes for a secondary (piggyback) infusion", "yes"),
    Column("volume_ml", "volume to be infused", "250"),
    Column("rate_ml_per_h", "rate", "13.3"),
    Column("dose", "dose, or dose rate where the unit has a time", "10"),
    Column("dose_unit", "unit of the dose", "micrograms/kg/min"),
    Column("duration_min", "the time that it takes", "30"),
    Column("amount", "drug in the bag or syringe", "400"),
    Column("amount_unit", "unit of the amount", "mg"),
    Column("diluent_ml", "volume that holds it", "250"),
    Column("weight_kg", "the patient's weight", "85"),
    Column("height_cm", "the patient's height", "170"),
    Column("bsa_m2", "the patient's body surface area", "1.8"),
    Column("lockout_min", "PCA: time between two doses of the patient; the dose is in the column dose", "5"),
    Column("dose_limit", "PCA: the most within dose_limit_h", "30"),
    Column("dose_limit_unit", "PCA: unit of the dose limit", "mg"),
    Column("dose_limit_h", "PCA: the hours over which the dose limit counts", "4"),
    Column("parent", "bolus: the order that runs", "RX-0001"),
    Column("step", "multistep: number of this step, from 1", "1"),
    Column("steps", "multistep: how many there are", "3"),
    Column("step_kind", "multistep: continuous, loading-dose or delay; continuous if empty", "continuous"),
)
_KNOWN = frozenset(column.name for column in COLUMNS)


def read_orders(path: Path, zone: tzinfo = UTC) -> tuple[Filed, ...]:
    """
    Return the orders in a file.

    Raises:
        OperatorError: the file cannot be read, or is too large.
        SenderError: a table is damaged, empty, or has a column that is not known.

    """
    if path.suffix.lower() not in (".xlsx", ".xlsm"):
        content = read_bytes(path, limit=MAX_BYTES)
        starts = [match.end() for match in _MESSAGE.finditer(content)]
        if starts and not content[: starts[0]].strip(b" \t\r\n\x0b\x1c\xef\xbb\xbf"):
            return tuple(_from_messages(content, starts, zone))
    return tuple(_from_rows(path))


def _from_messages(content: bytes, starts: list[int], zone: tzinfo) -> Iterator[Filed]:
    for number, (start, end) in enumerate(zip(starts, [*starts[1:], len(content)], strict=True), start=1):
        place = f"message {number}"
        try:
            reading = read_order(read_message(content[start:end].strip(b"\x0b\x1c\r\n") + b"\r"), zone)
        except OpenInfusionError as error:
            yield Filed(place, None, faults=(str(error),))
            continue
        faults = tuple(f"{fault.words} ({fault.place})" for fault in reading.faults)
        yield Filed(place, reading.order, faults=faults)


def _from_rows(path: Path) -> Iterator[Filed]:
    rows = read_rows(path, ",")
    _, header = next(rows)
    names = [cell.strip() for cell in header]
    _check_header(names, path.name)
    waiting: list[tuple[int, Mapping[str, str]]] = []
    for number, cells in rows:
        if len(cells) != len(names):
            yield Filed(f"row {number}", None, faults=(f"{counted(len(cells), 'cell')}; the header has {len(names)}",))
            continue
        row = {name: cell.strip() for name, cell in zip(names, cells, strict=True)}
        if waiting and not _goes_on(waiting[-1][1], row):
            yield _filed(waiting)
            waiting = []
        waiting.append((number, row))
    if waiting:
        yield _filed(waiting)


def _check_header(names: list[str], where: str) -> None:
    for name in names:
        if name not in _KNOWN:
            expected = f"one of {', '.join(column.name for column in COLUMNS)}"
            raise TableError(where=f"{where}, header", found=f"the column {name!r}", expected=expected)
        if names.count(name) > 1:
            raise TableError(where=f"{where}, header", found=f"the column {name!r} twice", expected="each column once")
    if not {"drug_code", "drug_name"} & set(names):
        raise TableError(where=f"{where}, header", found="no medicine", expected="a column drug_code or drug_name")


def _goes_on(before: Mapping[str, str], row: Mapping[str, str]) -> bool:
    """Whether a row is a further step of the order before it."""
    is_step = before.get("kind") == row.get("kind") == OrderKind.MULTISTEP.value
    return is_step and bool(row.get("order_id")) and before.get("order_id") == row.get("order_id")


def _filed(rows: list[tuple[int, Mapping[str, str]]]) -> Filed:
    (first, row), (last, _) = rows[0], rows[-1]
    place = f"row {first}" if first == last else f"rows {first} to {last}"
    cells = [_Cells(one) for _, one in rows]
    order = _order(cells[0], place)
    for (number, _), later in zip(rows[1:], cells[1:], strict=True):
        _hold_against(cells[0], later, first=first, number=number)
    steps = tuple(_step(one) for one in cells)
    unread = tuple(item for one in cells for item in one.unread)
    order = replace(order, steps=steps, unread=unread)
    return Filed(place, order, row.get("care_area") or None, names=_names(cells))


def _names(cells: "list[_Cells]") -> Mapping[Field, str]:
    """Return what this table calls the fields of an order: its columns; a rate may stand in one of two."""
    is_dose = any(one.text("dose") for one in cells)
    return _COLUMN_OF | {Field.RATE: "dose" if is_dose else "rate_ml_per_h"}


_COLUMN_OF = {
    Field.ORDER_ID: "order_id",
    Field.PARENT: "parent",
    Field.MEDICATION: "drug_code, drug_name",
    Field.VOLUME: "volume_ml",
    Field.RATE_UNIT: "dose_unit",
    Field.AMOUNT: "amount",
    Field.AMOUNT_UNIT: "amount_unit",
    Field.DILUENT: "diluent_ml",
    Field.DILUENT_UNIT: "diluent_ml",
    Field.DURATION: "duration_min",
    Field.ROUTE: "route",
    Field.DEVICE: "pump",
    Field.METHOD: "secondary",
    Field.WEIGHT: "weight_kg",
    Field.HEIGHT: "height_cm",
    Field.SURFACE: "bsa_m2",
    Field.DEMAND: "dose",
    Field.LOCKOUT: "lockout_min",
    Field.DOSE_LIMIT: "dose_limit",
    Field.DOSE_LIMIT_TIME: "dose_limit_h",
    Field.ORDER_TYPE: "kind",
    Field.STEP: "step, steps, step_kind",
}


# What a row says of the whole order, not of its step.
_WHOLE = {
    **dict.fromkeys(("drug_code", "drug_code_system", "drug_name"), Field.MEDICATION),
    **dict.fromkeys(("therapy", "care_area", "parent", "steps"), Field.STEP),
    "route": Field.ROUTE,
    "pump": Field.DEVICE,
    "secondary": Field.METHOD,
    "weight_kg": Field.WEIGHT,
    "height_cm": Field.HEIGHT,
    "bsa_m2": Field.SURFACE,
    "lockout_min": Field.LOCKOUT,
    **dict.fromkeys(("dose_limit", "dose_limit_unit"), Field.DOSE_LIMIT),
    "dose_limit_h": Field.DOSE_LIMIT_TIME,
}


def _hold_against(head: "_Cells", later: "_Cells", *, first: int, number: int) -> None:
    """Note what a further step says of the whole order that its first row does not: nobody knows which holds."""
    for name, about in _WHOLE.items():
        here, there = later.text(name), head.text(name)
        if here and not _is_same(here, there):
            expected = f"{there!r} as in row {first}, or nothing" if there else f"nothing, as in row {first}"
            later.unread.append(Unread(9004, about, f"{name} {here!r} in row {number}", expected))


def _is_same(one: str, other: str) -> bool:
    """Whether two cells say the same: the same words, or the same number."""
    try:
        return read_decimal(one) == read_decimal(other)
    except NumberFormatError:
        return plain_name(one) == plain_name(other)


class _Cells:
    """The cells of one row, and what in them could not be read."""

    def __init__(self, row: Mapping[str, str]) -> None:
        self.row = row
        self.unread: list[Unread] = []

    def text(self, name: str) -> str:
        return self.row.get(name, "")

    def quantity(self, name: str, about: Field, unit: str | Unit) -> Quantity | None:
        """Return a number in the unit of its header or of the cell beside it."""
        text = self.text(name)
        if not text:
            return None
        try:
            known = unit if isinstance(unit, Unit) else Unit.read(unit)
        except AuthorError as error:
            self.unread.append(Unread(9008, about, error.found, error.expected))
            return None
        try:
            return Quantity.of(text, known)
        except AuthorError as error:
            self.unread.append(Unread(9004, about, error.found, error.expected))
            return None

    def one_of(self, name: str, about: Field, words: Mapping[str, Any]) -> Any:  # noqa: ANN401 - what the words mean
        """Return what a word means; an unknown one is a value that cannot be read."""
        text = self.text(name)
        if text.casefold() not in words:
            self.unread.append(Unread(9004, about, repr(text), ", ".join(filter(None, words))))
            return words.get("")
        return words[text.casefold()]

    def count(self, name: str) -> int | None:
        text = self.text(name)
        if not text:
            return None
        if text.isascii() and text.isdigit() and len(text) < 6:  # noqa: PLR2004 - no order has so many steps
            return int(text)
        self.unread.append(Unread(9004, Field.STEP, repr(text), "a whole number"))
        return None


_KINDS = {"": OrderKind.NEW, **{kind.value: kind for kind in OrderKind}}
_ROUTES: dict[str, Route | None] = {"": None, **{route.value: route for route in Route}}
_PUMPS: dict[str, PumpKind | None] = {
    "": None,
    "large-volume pump": "large-volume pump",
    "syringe pump": "syringe pump",
}
_YES = {"": False, "no": False, "yes": True}
_STEPS = {"": StepKind.CONTINUOUS, **{kind.value: kind for kind in StepKind}}


def _order(cells: _Cells, place: str) -> Order:
    code, name = cells.text("drug_code"), cells.text("drug_name")
    codes = (Code(code, cells.text("drug_code_system")),) if code else ()
    return Order(
        id=cells.text("order_id") or place,
        kind=cells.one_of("kind", Field.ORDER_TYPE, _KINDS),
        medication=Medication(codes, (name,) if name else ()),
        steps=(),
        weight=cells.quantity("weight_kg", Field.WEIGHT, "kg"),
        height=cells.quantity("height_cm", Field.HEIGHT, "cm"),
        body_surface_area=cells.quantity("bsa_m2", Field.SURFACE, "m2"),
        route=cells.one_of("route", Field.ROUTE, _ROUTES),
        device=cells.one_of("pump", Field.DEVICE, _PUMPS),
        secondary=cells.one_of("secondary", Field.METHOD, _YES),
        therapy=cells.text("therapy") or None,
        pca=_pca(cells),
        parent=cells.text("parent") or None,
        total_steps=cells.count("steps"),
    )


def _is_pca(cells: _Cells) -> bool:
    return any(cells.text(name) for name in ("lockout_min", "dose_limit", "dose_limit_h"))


def _pca(cells: _Cells) -> PcaOrder | None:
    if not _is_pca(cells):
        return None
    return PcaOrder(
        demand=cells.quantity("dose", Field.DEMAND, cells.text("dose_unit")),
        lockout=cells.quantity("lockout_min", Field.LOCKOUT, "min"),
        dose_limit=cells.quantity("dose_limit", Field.DOSE_LIMIT, cells.text("dose_limit_unit")),
        window=cells.quantity("dose_limit_h", Field.DOSE_LIMIT_TIME, "h"),
    )


def _step(cells: _Cells) -> Step:
    return Step(
        volume=cells.quantity("volume_ml", Field.VOLUME, "mL"),
        rate=cells.quantity("rate_ml_per_h", Field.RATE, "mL/h"),
        dose=None if _is_pca(cells) else cells.quantity("dose", Field.RATE, cells.text("dose_unit")),
        duration=cells.quantity("duration_min", Field.DURATION, "min"),
        amount=cells.quantity("amount", Field.AMOUNT, cells.text("amount_unit")),
        diluent=cells.quantity("diluent_ml", Field.DILUENT, "mL"),
        kind=cells.one_of("step_kind", Field.STEP, _STEPS),
        number=cells.count("step") or (0 if cells.text("step") else 1),
    )
