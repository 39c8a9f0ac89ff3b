"""What practice says, beside what guidelines say: the middle of what was programmed, counted in the lake, cited."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from openinfusion.core.consensus import MISSING, Origin, SourceKind, Statement, observed_range
from openinfusion.core.library import Library
from openinfusion.core.statements import attribute_of
from openinfusion.core.units import Quantity, Unit
from openinfusion.core.wording import counted as in_words
from openinfusion.lake.practice import Counted, number_of, quantile
from openinfusion.web.library.models import Practice, Programmed
from openinfusion.web.library.practised import counted, source_of

FEWEST = 20
"""Below so many programmes the 5th percentile is the least of them: that is one person's dose, not practice."""
_LOW, _HALF, _HIGH = Fraction(5, 100), Fraction(1, 2), Fraction(95, 100)
_Subject = tuple[str, str, str, str]


def observed(practice: Practice, library: Library) -> Iterator[Statement]:
    """
    Yield what was programmed of every drug, care area and attribute: the median and the central 90 %, or too few.

    What an alert made somebody change is no practice, and is left out. Entries of one drug in one area are one
    practice if they are for the same therapy; units are made alike, exactly, and what does not convert stands apart.
    """
    if practice.fault:
        return
    origin = Origin(kind=SourceKind.OBSERVED_PRACTICE, citation=f"pump events, {source_of(practice)}")
    for (drug, area, attribute, therapy), rows in _by_subject(practice, library).items():
        for unit, values in _alike(rows):
            yield _statement((drug, area, attribute), unit, values, origin=origin, therapy=therapy)


def _by_subject(practice: Practice, library: Library) -> dict[_Subject, list[Programmed]]:
    entries = {entry.id: entry for entry in library.entries}
    found: dict[_Subject, list[Programmed]] = defaultdict(list)
    for row in practice.lines.order_by("item", "path"):
        entry = entries[row.item]
        subject = (library.drug(entry.drug).name.casefold(), entry.care_area)
        found[*subject, attribute_of(entry, f"{row.path.replace('.', ' ')} usual"), entry.therapy or ""].append(row)
    return found


def _alike(rows: list[Programmed]) -> Iterator[tuple[Unit, Counted]]:
    """Yield the values of rows by what their units measure, each in the unit of the first."""
    units: dict[object, Unit] = {}
    merged: dict[object, Counter[Fraction]] = defaultdict(Counter)
    for row in rows:
        unit = Unit.read(row.unit)
        into = units.setdefault(unit.measure, unit)
        for value, count in counted(row.practised, row.unit, into):
            merged[unit.measure][value] += count
    for measure, unit in units.items():
        yield unit, tuple(sorted(merged[measure].items()))


def _statement(
    subject: tuple[str, str, str], unit: Unit, values: Counted, *, origin: Origin, therapy: str
) -> Statement:
    number = number_of(values)
    if number < FEWEST:
        drug, area, attribute = subject
        note = f"too few to say: {in_words(number, 'programme')}, at least {FEWEST} are needed"
        made = Statement(drug=drug, care_area=area, attribute=attribute, value=MISSING, origin=origin, note=note)
    else:
        low, half, high = (Quantity(quantile(values, share), unit) for share in (_LOW, _HALF, _HIGH))
        made = observed_range(
            subject,
            low,
            high,
            number=number,
            counted_as="programme",
            quantiles=f"median {half}; the central 90 % (5th to 95th percentile)",
            citation=origin.citation,
        )
    return replace(made, therapy=therapy or None)
