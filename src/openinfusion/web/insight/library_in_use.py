"""Which library of an organisation its pumps run, as far as its own programmes in the lake tell."""

import narwhals as nw
import polars as pl

from openinfusion.lake.month import stretch
from openinfusion.lake.month_parts import Names
from openinfusion.lake.programmes import PROGRAMME_KINDS
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.insight.standing import Standing
from openinfusion.web.insight.words import Naming
from openinfusion.web.library.models import Part, Span, Version
from openinfusion.web.library.store import library_of


def version_in_use(organisation: Organisation, standing: Standing) -> Version | None:
    """Return the newest version of the library that has most of the entries that the organisation programmed."""
    entries = programmed(standing)
    best: tuple[int, Version] | None = None
    for library in organisation.libraries.order_by("pk"):
        version = library.versions.defer("content").select_related("library").order_by("-number").first()
        if version is None:
            continue
        known = Span.objects.at(version).filter(part=Part.ENTRY).values_list("item", flat=True)
        found = len(entries.intersection(known))
        if found and (best is None or found > best[0]):
            best = found, version
    return best[1] if best else None


def programmed(standing: Standing) -> frozenset[str]:
    """Return the entries that the organisation programmed in the year up to its last event; kept once it was asked."""
    source, first, last = standing.only({}).source, standing.last.year_before, standing.last

    def make() -> pl.DataFrame:
        events = source.tables(first, last).events
        named = events.filter(nw.col("kind").is_in(PROGRAMME_KINDS) & ~nw.col("entry").is_null())
        return source.engine.collect(named.select("entry").unique())

    table = make() if source.shelf is None else source.shelf.answer("entries", stretch(first, last), make)
    return frozenset(table["entry"].to_list())


def naming_of(version: Version | None) -> Naming:
    """Return the names that pages call drugs and care areas by."""
    return Naming(Names(library_of(version) if version else None))
