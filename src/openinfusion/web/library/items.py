"""The items of a library that have ids: as JSON in rows, as values of core in code."""

from collections.abc import Iterable, Mapping
from typing import Any

from openinfusion.adapters.documents import convert, to_json
from openinfusion.core import library as core
from openinfusion.core.entry import Entry
from openinfusion.web.library.models import Part

TYPES: Mapping[Part, type] = {
    Part.ENTRY: Entry,
    Part.DRUG: core.Drug,
    Part.CARE_AREA: core.CareArea,
    Part.ADVISORY: core.Advisory,
    Part.ABOUT: core.About,
}
LISTS = {Part.ENTRY: "entries", Part.DRUG: "drugs", Part.CARE_AREA: "care_areas", Part.ADVISORY: "advisories"}


def items_of(document: core.Library) -> Iterable[tuple[Part, str, Any]]:
    """Return every item of a library that has an id, as JSON."""
    for part, name in LISTS.items():
        for one in getattr(document, name):
            yield part, one.id, to_json(one)


def read_item(part: Part, item: str, content: Any) -> Any:  # noqa: ANN401 - JSON in, a value of core out
    """Return an item as core knows it; raises AuthorError with the path inside it."""
    return convert(content, TYPES[part], where=f"{part} {item}")
