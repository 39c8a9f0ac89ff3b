"""
Read a file of past infusions by a mapping; nothing is dropped silently.

Every row is used or stands in exactly one class of what was left out, so rows read = used + left out. What is wrong
with a row is reported by row number and column, also for rows that were left out for another reason; no message holds
a patient, stay or user.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from openinfusion.adapters.infusions.cells import shown
from openinfusion.adapters.infusions.mapping import InfusionMapping, Item, LeaveOut
from openinfusion.adapters.infusions.rows import RowReader, Values
from openinfusion.adapters.infusions.table import read_rows
from openinfusion.core.errors import TableError
from openinfusion.core.infusions import Infusion
from openinfusion.core.numbers import round_significant
from openinfusion.core.units import Quantity

SUPERSEDED = "superseded by a later row"
FAULTY = "cannot be read, or is impossible"
NO_DOSE = "no dose and no rate (a push, or given at once)"
NOTHING_RAN = "a dose or rate of zero"
UNMAPPED = "the item is no drug of a pump library"
NOT_IN_TABLE = "not in the item table"


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One thing that is wrong with one row; ``left_out_as`` is the class that the row was counted in."""

    row: int
    column: str
    found: str
    expected: str
    left_out_as: str

    def __str__(self) -> str:
        return f"row {self.row}, {self.column}: found {self.found}; expected {self.expected}"


@dataclass(frozen=True, slots=True)
class UnmappedItem:
    """An item without a drug: how many rows with a dose or rate it has, and why it is not mapped."""

    item: str
    label: str
    reason: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InfusionReading:
    """
    What a file holds: the infusions to use, and all that was left out.

    ``identity_held`` of ``identity_checked`` rows keep amount = rate x duration (x weight); every row that says enough
    is checked, also those left out. ``rounded`` numbers were rounded as the mapping asks.
    """

    source: str
    rows: int
    infusions: tuple[Infusion, ...]
    excluded: Mapping[str, int]
    problems: tuple[RowProblem, ...] = ()
    unmapped: tuple[UnmappedItem, ...] = ()
    identity_checked: int = 0
    identity_held: int = 0
    identity_failures: tuple[int, ...] = ()
    rounded: int = 0
    significant_digits: int | None = None

    @property
    def faults(self) -> dict[str, int]:
        """How often each fault stands in the file, in whatever class its row was counted."""
        return dict(Counter(f"{problem.column}: {problem.found}" for problem in self.problems).most_common())


def read_infusions(path: Path, mapping: InfusionMapping) -> InfusionReading:
    """
    Return the past infusions in a file.

    Raises:
        OperatorError: the file cannot be read, or is too large.
        SenderError: the file is not UTF-8, is damaged or empty, or lacks a column that the mapping names.

    """
    rows = read_rows(path, mapping.csv.delimiter)
    _, header = next(rows)
    reading = _Reading(mapping, [cell.strip() for cell in header], path.name)
    for number, cells in rows:
        reading.take(number, cells)
    return reading.result()


@dataclass
class _Counts:
    """What has been counted so far."""

    rows: int = 0
    excluded: Counter[str] = field(default_factory=Counter)
    unmapped: Counter[str] = field(default_factory=Counter)
    checked: int = 0
    rounded: int = 0


class _Reading:
    """One pass over one file."""

    def __init__(self, mapping: InfusionMapping, header: list[str], name: str) -> None:
        self.mapping = mapping
        self.name = name
        self.header = header
        places = _places(header, mapping, name)
        self.reader = RowReader(mapping, places)
        self.leave_out = [(places[rule.column], rule) for rule in mapping.leave_out]
        self.superseded = frozenset(mapping.status.superseded)
        self.count = _Counts()
        self.infusions: list[Infusion] = []
        self.problems: list[RowProblem] = []
        self.failures: list[int] = []

    def take(self, number: int, cells: list[str]) -> None:
        """Use one row, or count it in the class that it is left out as."""
        self.count.rows += 1
        if len(cells) != len(self.header):
            found = f"{len(cells)} cells"
            self.problems.append(RowProblem(number, "row", found, f"{len(self.header)} cells", FAULTY))
            self.count.excluded[FAULTY] += 1
            return
        word = self.reader.text(cells, "item")
        item = self.mapping.items.get(word) if word is not None else None
        values = self.reader.values(cells, item)
        self.check_names(values, cells)
        self.check_identity(number, values)
        reason = self.why_left_out(cells, values, item)
        for column, found, expected in values.faults:
            self.problems.append(RowProblem(number, column, found, expected, reason or FAULTY))
        if reason is None:
            self.infusions.append(self.infusion(number, values, cells, drug=item.drug if item else None))
            return
        self.count.excluded[reason] += 1
        if reason == UNMAPPED and word is not None:
            self.count.unmapped[word] += 1

    def check_names(self, values: Values, cells: list[str]) -> None:
        """Record a row that does not name its drug, item or care area."""
        names = self.mapping.columns
        for part, header in (("drug", names.drug), ("item", names.item)):
            if header is not None and self.reader.text(cells, part) is None:
                values.faults.append((header, "nothing", "a name"))
        if self.reader.text(cells, "care_area") is None:
            expected = "a care area in every row, or one under [constants] in the mapping"
            values.faults.append((names.care_area or "care_area", "nothing", expected))

    def check_identity(self, number: int, values: Values) -> None:
        """Check amount = rate x duration (x weight) where the row says all of it."""
        kept = values.keeps_identity(self.mapping.identity_tolerance)
        self.count.checked += kept is not None
        if kept is False:
            self.failures.append(number)

    def why_left_out(self, cells: list[str], values: Values, item: Item | None) -> str | None:
        """Return the one class that a row is left out as, or ``None`` to use it; the order is that of the report."""
        if self.reader.text(cells, "status") in self.superseded:
            return SUPERSEDED
        rule = self.rule_for(cells)
        if rule is not None:
            return rule.reason
        if values.faults:
            return FAULTY
        if values.dose is None and values.rate is None:
            return NO_DOSE
        if any(q is not None and q.value == 0 for q in (values.dose, values.rate)):
            return NOTHING_RAN
        if self.mapping.columns.item is not None and (item is None or item.drug is None):
            return UNMAPPED
        return None

    def rule_for(self, cells: list[str]) -> LeaveOut | None:
        """Return the rule of the mapping that leaves this row out, if any."""
        return next((rule for place, rule in self.leave_out if cells[place].strip() in rule.values), None)

    def infusion(self, number: int, values: Values, cells: list[str], *, drug: str | None) -> Infusion:
        """Return a row without faults as an infusion."""
        area = self.reader.text(cells, "care_area") or ""
        start, end = values.start, values.end
        assert start is not None  # noqa: S101 - a row without a time has a fault
        assert end is not None  # noqa: S101 - as above
        return Infusion(
            row=number,
            drug=drug or self.reader.text(cells, "drug") or "",
            care_area=self.mapping.care_areas.get(area, area),
            start=start,
            end=end,
            therapy=self.reader.text(cells, "therapy"),
            dose=self.rounded(values.dose),
            rate=self.rounded(values.rate),
            weight=values.weight,
            amount=values.amount,
            strength=values.strength,
        )

    def rounded(self, quantity: Quantity | None) -> Quantity | None:
        """Return a quantity rounded to the significant digits that the mapping says its source kept."""
        digits = self.mapping.significant_digits
        if quantity is None or digits is None:
            return quantity
        value = round_significant(quantity.value, digits)
        self.count.rounded += value != quantity.value
        return Quantity(value, quantity.unit)

    def result(self) -> InfusionReading:
        """Return all that was read."""
        items = self.mapping.items
        unmapped = (
            UnmappedItem(word, items[word].label, items[word].not_mapped or "", rows)
            if word in items
            else UnmappedItem(shown(word), "", NOT_IN_TABLE, rows)
            for word, rows in self.count.unmapped.most_common()
        )
        return InfusionReading(
            source=self.name,
            rows=self.count.rows,
            infusions=tuple(self.infusions),
            excluded=dict(self.count.excluded.most_common()),
            problems=tuple(self.problems),
            unmapped=tuple(unmapped),
            identity_checked=self.count.checked,
            identity_held=self.count.checked - len(self.failures),
            identity_failures=tuple(self.failures),
            rounded=self.count.rounded,
            significant_digits=self.mapping.significant_digits,
        )


def _places(header: list[str], mapping: InfusionMapping, name: str) -> dict[str, int]:
    """Return where each column stands; a mapped column must stand in the header once."""
    needed = {*mapping.columns.headers().values(), *(rule.column for rule in mapping.leave_out)}
    for column in sorted(needed - set(mapping.optional)):
        if column not in header:
            seen = ", ".join(header[:20])
            raise TableError(
                where=f"{name}, header", found=seen, expected=f"the column {column!r}, which the mapping names"
            )
    for column in sorted(needed):
        if header.count(column) > 1:
            raise TableError(where=f"{name}, header", found=f"the column {column!r} twice", expected="each column once")
    return {column: place for place, column in enumerate(header)}
