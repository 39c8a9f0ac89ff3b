"""Sources side by side: what libraries say of every attribute of a drug, as core compares it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache

from openinfusion.core.consensus import (
    Discrepancy,
    DiscrepancyClass,
    Origin,
    SourceKind,
    Statement,
    side_by_side,
    statements_of,
)
from openinfusion.web.consensus.models import SourceLibrary
from openinfusion.web.consensus.observed import observed
from openinfusion.web.library.models import DrugLibrary, Practice, Version
from openinfusion.web.library.practised import practice_of
from openinfusion.web.library.store import library_of

GRAVEST_FIRST = tuple(reversed(DiscrepancyClass))
_Areas = tuple[tuple[str, tuple[str, ...]], ...]
_Asked = tuple[str, str, int, _Areas]


def compared(library: DrugLibrary, beside: Iterable[SourceLibrary], at: datetime) -> tuple[Discrepancy, ...]:
    """Return how the newest version of a library, those beside it and observed practice differ, the gravest first."""
    newest = library.versions.order_by("-number").defer("content")[0]
    asked = [
        (one.kind, one.citation, one.version_id, tuple((area, tuple(ours)) for area, ours in one.areas.items()))
        for one in beside
    ]
    practice = practice_of(newest, at)
    local = (SourceKind.LOCAL_GUIDELINE.value, str(newest), newest.pk, ())
    return _compared((local, *asked), practice.pk if practice else None)


@lru_cache(maxsize=4)
def _compared(asked: tuple[_Asked, ...], practice: int | None) -> tuple[Discrepancy, ...]:
    """Compare once for as long as nobody chooses other versions and the lake says the same; neither changes."""
    statements: list[Statement] = []
    for kind, citation, version, areas in asked:
        document = library_of(Version.objects.get(pk=version))
        statements += statements_of(document, SourceKind(kind), citation, areas=dict(areas))
    if practice is not None:
        seen = Practice.objects.select_related("version").get(pk=practice)
        statements += observed(seen, library_of(seen.version))
    found = side_by_side(statements, asked=[Origin(kind=SourceKind(one[0]), citation=one[1]) for one in asked])
    return tuple(sorted(found, key=lambda one: GRAVEST_FIRST.index(one.kind)))


def chosen(
    found: Sequence[Discrepancy], *, drug: str = "", care_area: str = "", attribute: str = "", kind: str = ""
) -> list[Discrepancy]:
    """Return those that filters leave; without a class, those in which sources say different things."""
    wanted = {one for one in DiscrepancyClass if one.value == kind} or {
        DiscrepancyClass.CONFLICTING,
        DiscrepancyClass.STRENGTH,
        DiscrepancyClass.RANGE,
    }
    return [
        one
        for one in found
        if (kind == "all" or one.kind in wanted)
        and drug.casefold() in one.drug
        and care_area in ("", one.care_area)
        and attribute.casefold() in one.attribute
    ]


def of_attribute(found: Iterable[Discrepancy], drug: str, attribute: str) -> list[Discrepancy]:
    """Return one attribute of a drug in every care area."""
    return [one for one in found if (one.drug, one.attribute) == (drug, attribute)]
