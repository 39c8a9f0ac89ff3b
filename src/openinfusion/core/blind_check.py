"""
The blind check: what a second pharmacist worked out from the sources, held against what the author wrote.

The checker sees neither the author's values nor their working; only this comparison sees both. Values are compared
exactly: "0.50" is "0.5", and 1,000 micrograms are 1 mg, which is told as a difference of unit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from openinfusion.core.errors import NumberFormatError, UnknownUnitError
from openinfusion.core.numbers import read_decimal
from openinfusion.core.units import Quantity

Value = Quantity | str
_Part = Quantity | Fraction | str


class MismatchKind(Enum):
    """How two values differ."""

    DIFFERENT = "different"
    OTHER_UNIT = "the same amount in another unit"
    NOT_CHECKED = "not given by the checker"
    NOT_ASKED = "not a value of the author"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """One value on which author and checker differ."""

    field: str
    kind: MismatchKind
    author: str | None
    checker: str | None

    @property
    def blocks(self) -> bool:
        """Whether the check fails by it; the same amount in another unit is told, and is the same dose."""
        return self.kind is not MismatchKind.OTHER_UNIT

    def __str__(self) -> str:
        """Return the mismatch in words."""
        return f"{self.field}: {self.kind.value} (author {self.author or 'none'}, checker {self.checker or 'none'})"


def compare_check(author_values: Mapping[str, Value], checker_values: Mapping[str, Value]) -> tuple[Mismatch, ...]:
    """Return every value on which the two differ, in the order of the author's; nothing left out is agreement."""
    fields = {**author_values, **checker_values}
    found = (_compare(field, author_values.get(field), checker_values.get(field)) for field in fields)
    return tuple(mismatch for mismatch in found if mismatch is not None)


def _compare(field: str, author: Value | None, checker: Value | None) -> Mismatch | None:
    mine, theirs = _said(author), _said(checker)
    if mine is None and theirs is None:
        return None
    if mine is None or theirs is None:
        kind = MismatchKind.NOT_ASKED if mine is None else MismatchKind.NOT_CHECKED
    elif (kind_or_none := _kind(_parts(mine), _parts(theirs))) is None:
        return None
    else:
        kind = kind_or_none
    return Mismatch(field=field, kind=kind, author=mine, checker=theirs)


def _said(value: Value | None) -> str | None:
    """Return a value as text with single blanks; blanks alone say nothing."""
    text = value.text() if isinstance(value, Quantity) else value or ""
    return " ".join(text.split()) or None


def _kind(mine: list[_Part], theirs: list[_Part]) -> MismatchKind | None:
    if mine != theirs:
        return MismatchKind.DIFFERENT
    pairs = zip(mine, theirs, strict=True)
    same = all(a.unit is b.unit for a, b in pairs if isinstance(a, Quantity) and isinstance(b, Quantity))
    return None if same else MismatchKind.OTHER_UNIT


def _parts(text: str) -> list[_Part]:
    """Return "2.5 mg in 50 mL" as two quantities; what is no number stays text, and only the same text equals it."""
    return [_part(part) for part in text.split(" in ")]


def _part(text: str) -> _Part:
    try:
        return read_decimal(text)
    except NumberFormatError:
        pass
    try:
        return Quantity.read(text)
    except (NumberFormatError, UnknownUnitError):
        return text
