"""
What a library becomes when a vendor's table is its new state: values that the layout holds, and no others.

A table does not say where a limit comes from, why it is so, or when it is looked at again. What the layout has no place
for stays as it was; what it has a place for is what the table says, also where that is nothing.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from openinfusion.adapters.documents import convert, to_json
from openinfusion.adapters.tables.compare import Pair
from openinfusion.adapters.tables.mapping import TableMapping
from openinfusion.adapters.tables.read_back import Comparison
from openinfusion.adapters.tables.reading import TableReading
from openinfusion.core.library import Advisory, Drug, Entry, Library
from openinfusion.core.naming import slug

Held = Callable[[str], bool]
Json = dict[str, Any]


def updated(base: Library, reading: TableReading, mapping: TableMapping, *, keeps_gone: bool) -> Library:
    """
    Return a library with what a table says of it; changed and new entries count as not reviewed.

    ``keeps_gone`` keeps the entries that the table does not have; else they are taken out.

    Raises:
        AuthorError: a value of the table does not fit what the layout cannot hold, such as a type without its limits.

    """
    return _Update(base, reading, mapping).library(keeps_gone=keeps_gone)


class _Update:
    """Finds for everything in the table what it is in the library."""

    def __init__(self, base: Library, reading: TableReading, mapping: TableMapping) -> None:
        self.base = base
        self.theirs = reading.library
        self.comparison = Comparison(base, reading, mapping)
        areas = {slug(area.name): area.id for area in base.care_areas}
        texts = {_plain(one.text): one.id for one in base.advisories}
        self.drugs = {one.id: self._drug_id(one) for one in self.theirs.drugs}
        self.areas = {one.id: areas.get(slug(one.name), one.id) for one in self.theirs.care_areas}
        self.advisories = {
            one.id: texts.get(_plain(one.text)) or self._free_advisory(one) for one in self.theirs.advisories
        }

    def _drug_id(self, drug: Drug) -> str:
        return self.comparison.matcher.names.get(slug(drug.name), drug.id)

    def _free_advisory(self, advisory: Advisory) -> str:
        taken = {one.id for one in self.base.advisories}
        return f"{advisory.id}-imported" if advisory.id in taken else advisory.id

    def library(self, *, keeps_gone: bool) -> Library:
        changed = {pair.mine.id: self._merged(pair) for pair in self.comparison.matched.pairs}
        gone = set() if keeps_gone else {entry.id for entry in self.comparison.matched.only_mine}
        kept = [changed.get(entry.id, entry) for entry in self.base.entries if entry.id not in gone]
        taken = {entry.id for entry in self.base.entries}
        come = [self._new(entry, taken) for entry in self.comparison.matched.only_theirs]
        return replace(
            self.base,
            drugs=(*self.base.drugs, *self._further(self.theirs.drugs, self.drugs, self.base.drugs)),
            care_areas=(
                *self.base.care_areas,
                *self._further(self.theirs.care_areas, self.areas, self.base.care_areas),
            ),
            advisories=(
                *self.base.advisories,
                *self._further(self.theirs.advisories, self.advisories, self.base.advisories),
            ),
            entries=(*kept, *come),
        )

    def _further(self, theirs: tuple[Any, ...], ids: dict[str, str], mine: tuple[Any, ...]) -> list[Any]:
        known = {one.id for one in mine}
        return [replace(one, id=ids[one.id]) for one in theirs if ids[one.id] not in known]

    def _merged(self, pair: Pair) -> Entry:
        mine = pair.mine

        def held(path: str) -> bool:
            return self.comparison.is_held(mine, path)

        if not pair.is_near and not any(True for _ in self.comparison.between(pair, held)):
            return mine
        made = _merge(to_json(mine), self._with_our_ids(pair.theirs), held)
        return convert(made | {"id": mine.id, "unreviewed": True}, Entry, where=f"entry {mine.id}")

    def _new(self, entry: Entry, taken: set[str]) -> Entry:
        free, number = entry.id, 1
        while free in taken:
            number += 1
            free = f"{entry.id}-{number}"
        taken.add(free)
        made = self._with_our_ids(entry) | {"id": free, "unreviewed": True}
        return convert(made, Entry, where=f"entry {free}")

    def _with_our_ids(self, entry: Entry) -> Json:
        made: Json = to_json(entry)
        made["drug"], made["care_area"] = self.drugs[entry.drug], self.areas[entry.care_area]
        if entry.advisories:
            made["advisories"] = [self.advisories[one] for one in entry.advisories]
        return made


def _merge(mine: Json, theirs: Json, held: Held, *, prefix: str = "") -> Json:
    """Return mine with theirs wherever the layout holds the path."""
    made: Json = {}
    for key in (*mine, *(key for key in theirs if key not in mine)):
        path = f"{prefix}{key}"
        one, other = mine.get(key), theirs.get(key)
        if _is_part(one) or _is_part(other):
            value: Any = _merge(one or {}, other or {}, held, prefix=f"{path}.") or None
        else:
            value = other if held(path) or one is None else one
        if value is not None:
            made[key] = value
    return made


def _is_part(value: object) -> bool:
    """Whether a value has parts of its own: a quantity has not, and stands or falls whole."""
    return isinstance(value, dict) and value.keys() != {"value", "unit"}


def _plain(text: str) -> str:
    return " ".join(text.split())
