"""Finding one's way to libraries, versions and entries, from what an address or a search box says."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, QuerySet
from django.http import Http404, QueryDict

from openinfusion.web.accounts.models import Organisation
from openinfusion.web.library.models import DrugLibrary, Finding, Part, Span, Version
from openinfusion.web.library.names import Names


def library_or_404(organisation: Organisation, slug: str) -> DrugLibrary:
    """Return a library of an organisation."""
    found = organisation.libraries.filter(slug=slug).first()
    if found is None:
        raise Http404
    return found


def version_or_404(organisation: Organisation, slug: str, number: int) -> Version:
    """Return one version of a library."""
    found = Version.objects.filter(library__organisation=organisation, library__slug=slug, number=number)
    one = found.select_related("library", "made_by").defer("content").first()
    if one is None:
        raise Http404
    return one


def span_or_404(version: Version, item: str) -> Span:
    """Return an entry of a version."""
    span = Span.objects.at(version).filter(part=Part.ENTRY, item=item).first()
    if span is None:
        raise Http404
    return span


def entries_like(
    version: Version, words: str, *, drug: str = "", care_area: str = "", kind: str = ""
) -> QuerySet[Span]:
    """Return the entries of a version whose drug, area, therapy, strength or brand names hold all that was typed."""
    found = Span.objects.at(version).filter(part=Part.ENTRY)
    for word in words.casefold().split():
        found = found.filter(words__contains=word)
    for name, value in (("drug", drug), ("care_area", care_area), ("kind", kind)):
        if value:
            found = found.filter(**{name: value})
    return found.order_by("words", "item")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a list of entries was asked for, as the address says it."""

    q: str = ""
    drug: str = ""
    care_area: str = ""
    kind: str = ""
    high_alert: str = ""
    findings: str = ""

    @classmethod
    def read(cls, said: Mapping[str, str]) -> "Asked":
        """Return what an address asks for; what it says beside that is left alone."""
        return cls(**{name: said[name][:200] for name in cls.__slots__ if name in said})

    def entries(self, version: Version, names: Names) -> QuerySet[Span]:
        """Return the entries that were asked for."""
        found = entries_like(version, self.q, drug=self.drug, care_area=self.care_area, kind=self.kind)
        if self.high_alert:
            found = found.filter(drug__in=names.high_alert)
        if self.findings:
            found = found.filter(Exists(Finding.objects.filter(version=version, item=OuterRef("item"))))
        return found

    def query(self, **other: str) -> str:
        """Return the part of an address that asks for the same, with something else in it."""
        made = QueryDict(mutable=True)
        made.update({name: value for name in self.__slots__ if (value := getattr(self, name))} | other)
        return made.urlencode()


def counts(version: Version, by: str) -> Mapping[str, int]:
    """Return how many entries of a version there are by drug or by care area."""
    rows = Span.objects.at(version).filter(part=Part.ENTRY).values_list(by).annotate(n=Count("pk")).order_by()
    return dict(rows)
