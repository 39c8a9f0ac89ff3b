"""Lay an entry, care area or drug out as paths and values, and find which entries of two libraries are the same one."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from difflib import SequenceMatcher
from enum import Enum
from fractions import Fraction

from openinfusion.core.library import Concentration, Delivery, Entry, Library, Limits
from openinfusion.core.naming import slug
from openinfusion.core.numbers import show_number
from openinfusion.core.units import Quantity, Unit

Plain = Quantity | Unit | Fraction | str | bool | tuple[str, ...]
Flat = dict[str, Plain]
_ALIKE = 0.75
_NOT_SAID_BY_TABLES = frozenset({"id", "unreviewed"})


def flat_entry(entry: Entry, library: Library) -> Flat:
    """Return an entry as paths and values; references stand as the names and texts that they lead to."""
    flat = dict(_flat(entry, ""))
    flat["drug"] = library.drug(entry.drug).name
    flat["care_area"] = library.care_area(entry.care_area).name
    if entry.advisories:
        flat["advisories"] = tuple(library.advisory(item).text for item in entry.advisories)
    return {path: value for path, value in flat.items() if path not in _NOT_SAID_BY_TABLES}


def flat_item(item: object) -> Flat:
    """Return a drug, care area or advisory as paths and values, without its id."""
    return {path: value for path, value in _flat(item, "") if path != "id"}


def _flat(value: object, prefix: str) -> Iterator[tuple[str, Plain]]:
    """Yield what is set: paths as in the format, and for parts that may be there or not a word that they are."""
    for item in fields(value):  # type: ignore[arg-type]
        path, part = f"{prefix}{item.name}", getattr(value, item.name)
        if part is None or part == ():
            continue
        if isinstance(part, Concentration | Delivery):
            yield path, "entered at the bedside" if isinstance(part, Concentration) and part.is_open else "yes"
        if isinstance(part, Quantity):
            yield f"{path}.unit", part.unit
            yield path, part
        elif isinstance(part, Fraction) and isinstance(value, Limits):
            yield path, Quantity(part, value.unit)
        elif isinstance(part, Mapping):
            yield from ((f"{path}.{name}", text) for name, text in part.items())
        elif is_dataclass(part):
            yield from _flat(part, f"{path}.")
        else:
            yield path, _leaf(part)


def _leaf(part: object) -> Plain:
    match part:
        case Unit() | Fraction() | bool() | str():
            return part
        case Enum():
            return str(part.value)
        case date():
            return part.isoformat()
        case tuple():
            return tuple(item if isinstance(item, str) else _record_text(item) for item in part)
        case _:
            return str(part)


def _record_text(record: object) -> str:
    """Return a source or decision in one line."""
    return ", ".join(f"{path} {value}" for path, value in _flat(record, ""))


def show_plain(value: Plain | None) -> str:
    """Return a value as a person reads it; "none" where nothing is set."""
    match value:
        case None:
            return "none"
        case Unit():
            return value.text
        case bool():
            return "yes" if value else "no"
        case Fraction():
            return show_number(value)
        case tuple():
            return "; ".join(value)
        case _:
            return str(value)


def is_same(one: Plain | None, other: Plain | None) -> bool:
    """Whether two values say the same; texts are compared without regard to blanks."""
    if isinstance(one, str) and isinstance(other, str):
        return one.split() == other.split()
    return one is other if isinstance(one, Unit) else one == other


# --- Which entries are the same one ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pair:
    """Two entries taken for the same one; ``is_near`` when they do not agree on what makes them one."""

    mine: Entry
    theirs: Entry
    is_near: bool


@dataclass(frozen=True, slots=True)
class Matched:
    """The pairs, and what has no partner on either side."""

    pairs: tuple[Pair, ...]
    only_mine: tuple[Entry, ...]
    only_theirs: tuple[Entry, ...]


class Matcher:
    """
    Finds the partner of every entry by what makes it one row: care area, drug or alias, type, therapy, strength.

    What is left over is matched by less and less, so that a typing error in the strength, the therapy or the drug's
    name is a near match and not two strangers.
    """

    def __init__(self, mine: Library, theirs: Library, *, with_type: bool) -> None:
        self.mine = mine
        self.theirs = theirs
        self.with_type = with_type
        self.names = {
            slug(name): drug.id for drug in mine.drugs for name in (drug.name, drug.tall_man or "", *drug.aliases)
        } | {slug(drug.name): drug.id for drug in mine.drugs}

    def matched(self) -> Matched:
        mine, theirs = list(self.mine.entries), list(self.theirs.entries)
        pairs: list[Pair] = []
        keys = (self._whole, self._without_strength, self._without_therapy, self._drug_alone)
        for number, key in enumerate(keys):
            pairs += self._paired((mine, theirs), key, is_near=number > 0)
        pairs += self._alike(mine, theirs)
        return Matched(tuple(pairs), tuple(mine), tuple(theirs))

    def drug_id(self, entry: Entry, library: Library) -> str:
        """Return the id of my drug that an entry means by name or alias, or the slug of a name that I do not have."""
        if library is self.mine:
            return entry.drug
        name = slug(library.drug(entry.drug).name)
        return self.names.get(name, name)

    def _drug_alone(self, entry: Entry, library: Library) -> Hashable:
        return slug(library.care_area(entry.care_area).name), self.drug_id(entry, library)

    def _without_strength(self, entry: Entry, library: Library) -> Hashable:
        return self._drug_alone(entry, library), entry.type if self.with_type else None, slug(entry.therapy)

    def _without_therapy(self, entry: Entry, library: Library) -> Hashable:
        return self._drug_alone(entry, library), _strength(entry)

    def _whole(self, entry: Entry, library: Library) -> Hashable:
        return self._without_strength(entry, library), _strength(entry)

    def _paired(
        self, left: tuple[list[Entry], list[Entry]], key: Callable[[Entry, Library], Hashable], *, is_near: bool
    ) -> list[Pair]:
        """Take out of what is left every two entries with one key; of several, those that differ least."""
        mine, theirs = left
        groups: dict[Hashable, list[Entry]] = {}
        for entry in theirs:
            groups.setdefault(key(entry, self.theirs), []).append(entry)
        pairs = []
        for entry in list(mine):
            group = groups.get(key(entry, self.mine))
            if group:
                best = min(group, key=lambda other, entry=entry: self._distance(entry, other))  # type: ignore[misc]
                group.remove(best)
                mine.remove(entry)
                theirs.remove(best)
                pairs.append(Pair(entry, best, is_near))
        return pairs

    def _alike(self, mine: list[Entry], theirs: list[Entry]) -> list[Pair]:
        """Pair what is left in one care area by the likeness of the drugs' names."""
        pairs = []
        for entry in list(mine):
            area = slug(self.mine.care_area(entry.care_area).name)
            near = [
                (self._likeness(entry, other), -self._distance(entry, other), number)
                for number, other in enumerate(theirs)
                if slug(self.theirs.care_area(other.care_area).name) == area
            ]
            best = max(near, default=(0.0, 0, 0))
            if best[0] >= _ALIKE:
                other = theirs.pop(best[2])
                mine.remove(entry)
                pairs.append(Pair(entry, other, is_near=True))
        return pairs

    def _likeness(self, one: Entry, other: Entry) -> float:
        names = self.mine.drug(one.drug).name.casefold(), self.theirs.drug(other.drug).name.casefold()
        return SequenceMatcher(None, *names).ratio()

    def _distance(self, one: Entry, other: Entry) -> int:
        """Return how many paths differ between two entries."""
        mine, theirs = flat_entry(one, self.mine), flat_entry(other, self.theirs)
        return sum(not is_same(mine.get(path), theirs.get(path)) for path in mine.keys() | theirs.keys())


def _strength(entry: Entry) -> Hashable:
    conc = entry.concentration
    return None if conc is None else (conc.amount, conc.volume)
