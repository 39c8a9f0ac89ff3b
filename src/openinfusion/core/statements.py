"""
What a source says of one attribute of a drug in a care area, so that sources can be laid side by side.

Sources are a national guideline, a manufacturer's example library, a local guideline, what is done in practice, and
reference texts. A source that was looked into and says nothing is ``MISSING``: said, never left out.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from openinfusion.core.errors import ConsensusError
from openinfusion.core.library import Concentration, Entry, Library, Limit, Limits
from openinfusion.core.units import Quantity
from openinfusion.core.wording import counted

CONCENTRATION = "concentration"
_USUAL = ("usual_min", "usual_max")


class SourceKind(Enum):
    """What kind of source says something."""

    NATIONAL_GUIDELINE = "national guideline"
    MANUFACTURER_EXAMPLE = "manufacturer example"
    LOCAL_GUIDELINE = "local guideline"
    OBSERVED_PRACTICE = "observed practice"
    REFERENCE_TEXT = "summary of product characteristics, Medusa or BNF"


class Missing(Enum):
    """The source was looked into and says nothing of this attribute."""

    MISSING = "missing"


MISSING = Missing.MISSING
Value = Quantity | Limits | Concentration | str | Missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """One source: what kind it is, and where to find it."""

    kind: SourceKind
    citation: str

    def __post_init__(self) -> None:
        """Refuse a source that nobody can find."""
        if not self.citation.strip():
            raise ConsensusError(where=self.kind.value, found="no citation", expected="where the source is published")

    def __str__(self) -> str:
        """Return the source in words: "national guideline (ICS/FICM v2.2)"."""
        return f"{self.kind.value} ({self.citation})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """
    What one source says of one attribute; a source that says several values makes several statements.

    Attributes:
        drug: generic name, lower case.
        care_area: id of the care area as the organisation that compares names it.
        attribute: such as "continuous concentration" or "continuous dose hard_max".
        value: an exact quantity, a range, a concentration, a text, or that it is missing.
        origin: the source.
        therapy: the indication that the source gives it for.
        note: such as how many infusions were observed.

    """

    drug: str
    care_area: str
    attribute: str
    value: Value
    origin: Origin
    therapy: str | None = None
    note: str | None = None

    def __post_init__(self) -> None:
        """Refuse an empty name, a text that says nothing, and a negative value."""
        for name in ("drug", "care_area", "attribute"):
            if not getattr(self, name).strip():
                raise ConsensusError(where=name, found="nothing", expected=f"the {name.replace('_', ' ')}")
        if isinstance(self.value, str) and not self.value.strip():
            raise ConsensusError(where=self.attribute, found="an empty text", expected="a value, or that it is missing")
        if isinstance(self.value, Quantity) and self.value.value < 0:
            raise ConsensusError(where=self.attribute, found=str(self.value), expected="zero or more")

    @property
    def subject(self) -> tuple[str, str, str]:
        """What the statement is about: drug, care area and attribute."""
        return (self.drug, self.care_area, self.attribute)

    @property
    def value_text(self) -> str:
        """The value as a screen shows it."""
        return value_text(self.value)


def value_text(value: Value) -> str:
    """Return a value as a screen shows it: "2.5 mg in 50 mL", "soft max 200 micrograms/h", "missing"."""
    match value:
        case Missing():
            return value.value
        case Limits():
            return value.describe()
        case Concentration():
            bounds = f", {value.limits.describe()}" if value.limits else ""
            return f"{value.text}{bounds}"
        case Quantity():
            return str(value)
        case _:
            return value


def is_about_concentration(attribute: str) -> bool:
    """Whether an attribute is the strength itself: "concentration", or "continuous concentration" of a library."""
    return attribute.casefold().split()[-1:] == [CONCENTRATION]


def statements_of(
    library: Library, kind: SourceKind, citation: str, *, areas: Mapping[str, Sequence[str]] | None = None
) -> Iterator[Statement]:
    """
    Yield what a library says of every drug, care area and attribute: strengths, limits, usual ranges, initial values.

    ``areas`` gives for a care area of this library those for which it speaks: the national "adult critical care" for
    the three critical care units of a trust. An area that is not in it speaks for itself.
    """
    origin = Origin(kind=kind, citation=citation)
    for entry in library.entries:
        drug = library.drug(entry.drug).name.casefold()
        for area in (areas or {}).get(entry.care_area, (entry.care_area,)):
            for attribute, value in _attributes(entry):
                yield Statement(
                    drug=drug,
                    care_area=area,
                    attribute=attribute_of(entry, attribute),
                    value=value,
                    origin=origin,
                    therapy=entry.therapy,
                )


def attribute_of(entry: Entry, words: str) -> str:
    """Return what an attribute of an entry is called: "continuous dose usual", "pca dose usual"."""
    return f"{entry.type.value} {words.removeprefix(f'{entry.type.value} ')}"


def _attributes(entry: Entry) -> Iterator[tuple[str, Value]]:
    if entry.concentration is not None:
        yield CONCENTRATION, entry.concentration
    for path, limits in entry.all_limits():
        words = path.replace(".", " ")
        for name in (*(limit.value for limit in Limit), "initial"):
            if (quantity := limits.quantity(name)) is not None:
                yield f"{words} {name}", quantity
        if limits.usual_min is not None or limits.usual_max is not None:
            usual = Limits(unit=limits.unit, usual_min=limits.usual_min, usual_max=limits.usual_max)
            yield f"{words} usual", usual


def observed_strengths(
    drug: str, care_area: str, counts: Iterable[tuple[Concentration, int]], *, attribute: str, citation: str
) -> tuple[Statement, ...]:
    """Return what practice says of a strength: a statement for each that was seen, with how many infusions had it."""
    seen = tuple(counts)
    for strength, count in seen:
        if count < 1:
            raise ConsensusError(where=strength.text, found=f"{count} infusions", expected="one infusion or more")
    total = sum(count for _, count in seen)
    origin = Origin(kind=SourceKind.OBSERVED_PRACTICE, citation=citation)
    return tuple(
        Statement(
            drug=drug,
            care_area=care_area,
            attribute=attribute,
            value=strength,
            origin=origin,
            note=f"{count:,} of {counted(total, 'infusion')}",
        )
        for strength, count in sorted(seen, key=lambda pair: -pair[1])
    )


def observed_range(
    subject: tuple[str, str, str],
    low: Quantity,
    high: Quantity,
    *,
    number: int,
    quantiles: str,
    citation: str,
    counted_as: str = "infusion",
) -> Statement:
    """
    Return what practice says of a dose or a rate: from one quantile to another, which the caller worked out.

    Raises:
        ConsensusError: nothing was seen.
        UnitMismatchError: the ends do not measure the same thing.
        LibraryError: the ends are out of order.

    """
    drug, care_area, attribute = subject
    if number < 1:
        raise ConsensusError(where=attribute, found=f"{number} {counted_as}s", expected=f"one {counted_as} or more")
    usual = Limits(unit=low.unit, usual_min=low.value, usual_max=high.to(low.unit).value)
    return Statement(
        drug=drug,
        care_area=care_area,
        attribute=attribute,
        value=usual,
        origin=Origin(kind=SourceKind.OBSERVED_PRACTICE, citation=citation),
        note=f"{quantiles} of {counted(number, counted_as)}",
    )
