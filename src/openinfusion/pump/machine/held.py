"""A library as a pump holds it: by name, and searched by the letters that somebody keys."""

from dataclasses import dataclass, field

from openinfusion.core.entry import Entry
from openinfusion.core.events import LibraryVersion
from openinfusion.core.library import CareArea, Drug, Library
from openinfusion.pump.machine.model import PumpKind

FEWEST_LETTERS, MOST_LETTERS = 3, 40
BASIC_MODE = "basic mode"
"""The setting of a care area that says whether its pumps may run outside the library: "not allowed" forbids it."""
Found = tuple[tuple[Drug, tuple[Entry, ...]], ...]


@dataclass(frozen=True)
class Held:
    """
    A library in one of a pump's two slots.

    Attributes:
        library: what it holds.
        name: how the pump names it in every record.

    """

    library: Library
    name: LibraryVersion
    _found: dict[tuple[str, PumpKind, str], Found] = field(default_factory=dict, compare=False, repr=False)

    def area(self, area_id: str) -> CareArea | None:
        """Return a care area, or ``None`` if the library does not have it."""
        return next((area for area in self.library.care_areas if area.id == area_id), None)

    def allows_basic_mode(self, area_id: str) -> bool:
        """Whether pumps of a care area may run outside the library."""
        area = self.area(area_id)
        return area is None or area.device_settings.get(BASIC_MODE) != "not allowed"

    def search(self, letters: str, *, area: str, kind: PumpKind) -> Found:
        """Return the drugs of a care area that a word of their name or alias begins with, each with its entries."""
        key = (area, kind, letters.casefold())
        if key not in self._found:
            self._found[key] = self._search(*key)
        return self._found[key]

    def _search(self, area: str, kind: PumpKind, letters: str) -> Found:
        entries: dict[str, list[Entry]] = {}
        for entry in self.library.entries:
            is_here = entry.care_area == area and not entry.anaesthesia_only  # the pump has no mode for anaesthesia
            if is_here and (not entry.delivered_by or kind in entry.delivered_by):
                entries.setdefault(entry.drug, []).append(entry)
        named = [(self.library.drug(drug), tuple(held)) for drug, held in entries.items()]
        found = [(drug, held) for drug, held in named if _is_called(drug, letters)]
        return tuple(sorted(found, key=lambda pair: pair[0].name))


def for_line(found: Found, *, secondary: bool) -> Found:
    """Return what may run on the line that it is for: the primary, or the secondary that is piggybacked on it."""
    unwanted = "not allowed" if secondary else "only"
    kept = ((drug, tuple(entry for entry in entries if entry.secondary != unwanted)) for drug, entries in found)
    return tuple((drug, entries) for drug, entries in kept if entries)


def _is_called(drug: Drug, letters: str) -> bool:
    names = (drug.name, *drug.aliases)
    return any(
        name.casefold().startswith(letters) or any(word.casefold().startswith(letters) for word in name.split())
        for name in names
    )
