"""What review finds in versions: run once for each, kept as rows, shown beside the fields that it speaks of."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.core.cache import cache
from django.db import transaction
from django.db.models import Count
from django.utils import timezone
from django_tasks import task

from openinfusion.core.review import RULES, RULES_BY_ID, Rule, review
from openinfusion.core.review import Finding as Found
from openinfusion.web.library.models import Accepted, Finding, Reviewed, Version
from openinfusion.web.library.store import library_of

_WAIT = 300


@dataclass(frozen=True, slots=True)
class Shown:
    """A finding with its rule, and the decision to live with it if somebody made one that still holds."""

    finding: Finding
    accepted: Accepted | None

    @property
    def rule(self) -> Rule:
        return RULES_BY_ID[self.finding.rule]

    @property
    def is_about_entry(self) -> bool:
        return self.finding.path.startswith("entries[")


def review_of(version: Version) -> Reviewed | None:
    """Return when a version was reviewed; where it was not, have it done, and return ``None`` until it is."""
    found = Reviewed.objects.filter(version=version).first()
    if found is None and cache.add(f"review-{version.pk}", 1, _WAIT):
        review_later.enqueue(version.pk)
        found = Reviewed.objects.filter(version=version).first()
    return found


@task()
def review_later(version: int) -> None:
    """Review a version; a long task."""
    keep_review(Version.objects.get(pk=version), on=timezone.localdate())


@transaction.atomic
def keep_review(version: Version, *, on: date) -> Reviewed:
    """Run the rules over a version, and keep what they find in place of what was kept before."""
    before = version.library.versions.filter(number=version.number - 1).first()
    found = review(library_of(version), at=on, parent=library_of(before) if before else None).findings
    version.findings.all().delete()
    Finding.objects.bulk_create((_row(version, rank, one) for rank, one in enumerate(found, start=1)), batch_size=1_000)
    made, _ = Reviewed.objects.update_or_create(version=version, defaults={"on": on, "rules": len(RULES)})
    return made


def _row(version: Version, rank: int, found: Found) -> Finding:
    _, _, field = found.place.path.partition("].")
    return Finding(
        version=version,
        rank=rank,
        rule=found.rule.id,
        severity=found.severity.value,
        item=found.place.item,
        field=field,
        path=found.place.path,
        place=str(found.place)[:400],
        message=found.message,
    )


def findings_about(version: Version, item: str, *, on: date) -> list[Shown]:
    """Return the findings about one item of a version, the open ones first, each by gravity."""
    shown = with_decisions(version, version.findings.filter(item=item), on=on)
    return sorted(shown, key=lambda one: one.accepted is not None)


def with_decisions(version: Version, found: Iterable[Finding], *, on: date) -> list[Shown]:
    """Return findings with the decisions to live with them."""
    rows = list(found)
    decided = Accepted.objects.filter(library=version.library_id, item__in={one.item for one in rows}, until__gte=on)
    known = {(one.rule, one.item, one.message): one for one in decided.select_related("by").order_by("at")}
    return [Shown(one, known.get((one.rule, one.item, one.message))) for one in rows]


def counts_by_item(version: Version, items: Iterable[str]) -> Mapping[str, Mapping[str, int]]:
    """Return how many findings of each gravity there are about some items of a version."""
    counted: dict[str, dict[str, int]] = defaultdict(dict)
    rows = version.findings.filter(item__in=list(items)).values_list("item", "severity").annotate(n=Count("pk"))
    for item, severity, number in rows.order_by():
        counted[item][severity] = number
    return counted
