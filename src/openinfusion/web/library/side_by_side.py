"""One drug across care areas: the same attributes beside each other, and what differs said in words."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from openinfusion.core.numbers import round_significant, show_number
from openinfusion.core.units import Quantity
from openinfusion.web.library.rows import Row, quantities

ATTRIBUTES = {
    "hard_min": "Hard minimum",
    "soft_min": "Soft minimum",
    "usual_min": "Usual from",
    "usual_max": "Usual to",
    "soft_max": "Soft maximum",
    "hard_max": "Hard maximum",
}
STRENGTH = "strength"


@dataclass(frozen=True, slots=True)
class Cell:
    """One value, and how it differs from what most of the entries say; empty where it does not."""

    text: str
    differs: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One entry with its cells, by attribute."""

    row: Row
    cells: Mapping[str, Cell]

    @property
    def differences(self) -> int:
        return sum(bool(cell.differs) for cell in self.cells.values())


@dataclass(frozen=True, slots=True)
class Table:
    """The entries of one type for one indication, side by side."""

    title: str
    attributes: Mapping[str, str]
    lines: Sequence[Line]

    @property
    def differing(self) -> int:
        """How many entries differ from most in anything."""
        return sum(bool(line.differences) for line in self.lines)


def compare_areas(rows: Sequence[Row]) -> list[Table]:
    """Return the entries of a drug in tables, those that may be compared together."""
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.kind, row.entry.therapy or ""].append(row)
    return [_table(" – ".join(filter(None, key)), found) for key, found in sorted(groups.items())]


def _table(title: str, rows: Sequence[Row]) -> Table:
    rows = sorted(rows, key=lambda row: (row.area.name, row.strength))
    areas = [row.area.name for row in rows]
    values = [quantities(row.main) for row in rows]
    used = {name: words for name, words in ATTRIBUTES.items() if any(name in one for one in values)}
    yardsticks = {name: _Yardstick([one.get(name) for one in values], areas) for name in used}
    strengths = _Yardstick([row.strength for row in rows], areas)
    lines = []
    for row, one in zip(rows, values, strict=True):
        cells = {STRENGTH: Cell(row.strength, strengths.other_than(row.strength))}
        cells |= {name: _cell(one.get(name), yardsticks[name]) for name in used}
        lines.append(Line(row, cells))
    return Table(title, {STRENGTH: "Strength", **used}, lines)


T = TypeVar("T", bound=Hashable)


class _Yardstick(Generic[T]):
    """The value that most entries have, or where no two agree, that of the first: what the others are held against."""

    def __init__(self, values: Sequence[T], areas: Sequence[str]) -> None:
        self.value, count = Counter(values).most_common(1)[0]
        self.whose = "most" if count > 1 else areas[0]

    def other_than(self, value: T) -> str:
        """Return the yardstick in words where a value is not it."""
        return "" if value == self.value else f"{self.whose}: {'not set' if self.value is None else self.value}"


def _cell(value: Quantity | None, yardstick: _Yardstick[Quantity | None]) -> Cell:
    """Return a value with how many times the yardstick it is, where that can be said, else with the yardstick."""
    text = "not set" if value is None else str(value)
    most = yardstick.value
    if value is None or most is None or value == most or most.value == 0:
        return Cell(text, yardstick.other_than(value))
    if not value.unit.measures_like(most.unit):
        return Cell(text, yardstick.other_than(value))
    factor = show_number(round_significant(value / most, 3))
    return Cell(text, f"{factor} times that of {yardstick.whose}")
