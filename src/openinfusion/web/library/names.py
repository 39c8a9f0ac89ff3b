"""The names in a version: its drugs, care areas and advisories, which every list of entries needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from openinfusion.core import library as core
from openinfusion.core.entry import Entry
from openinfusion.web.library.items import read_item
from openinfusion.web.library.models import Part, Span, Version


@dataclass(frozen=True, slots=True)
class Names:
    """The master lists of a version, by id."""

    drugs: Mapping[str, core.Drug]
    areas: Mapping[str, core.CareArea]
    advisories: Mapping[str, core.Advisory]

    @property
    def high_alert(self) -> frozenset[str]:
        """The drugs with which a slip is likely to do serious harm."""
        return frozenset(drug.id for drug in self.drugs.values() if drug.high_alert)

    def drug_of(self, entry: Entry) -> core.Drug:
        """Return the drug of an entry of this version."""
        return self.drugs[entry.drug]

    def area_of(self, entry: Entry) -> core.CareArea:
        """Return the care area of an entry of this version."""
        return self.areas[entry.care_area]

    def document(self, version: Version, entries: tuple[Entry, ...]) -> core.Library:
        """Return a library of these names and some entries: all that rules about these entries need."""
        about = core.About(name=version.library.name, organisation="", version=version.label)
        return core.Library(
            library=about,
            drugs=tuple(self.drugs.values()),
            care_areas=tuple(self.areas.values()),
            advisories=tuple(self.advisories.values()),
            entries=entries,
        )


def names_of(version: Version) -> Names:
    """Return the names in a version; those of the versions asked for last stay in memory."""
    return _read(version.sha256, version.library_id, version.number)


@lru_cache(maxsize=32)
def _read(_sha256: str, library: int, number: int) -> Names:
    version = Version(library_id=library, number=number)
    parts: dict[str, dict[str, Any]] = {Part.DRUG: {}, Part.CARE_AREA: {}, Part.ADVISORY: {}}
    for span in Span.objects.at(version).filter(part__in=parts).order_by("pk"):
        parts[span.part][span.item] = read_item(Part(span.part), span.item, span.content)
    return Names(drugs=parts[Part.DRUG], areas=parts[Part.CARE_AREA], advisories=parts[Part.ADVISORY])


def entry_of(span: Span) -> Entry:
    """Return the entry that a span holds."""
    entry: Entry = read_item(Part.ENTRY, span.item, span.content)
    return entry
