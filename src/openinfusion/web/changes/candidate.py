"""The library that a change would release: made of its draft, looked at once in the background, and kept as a row."""

import hashlib
import json
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django_tasks import task

from openinfusion.adapters.library_file import identity
from openinfusion.core.errors import OpenInfusionError
from openinfusion.core.review import Finding, Severity, review
from openinfusion.web.changes.models import Candidate, Change
from openinfusion.web.library.becoming import document_of
from openinfusion.web.library.models import Draft
from openinfusion.web.library.store import library_of

_ASK_AGAIN_AFTER = timedelta(minutes=3)


def fingerprint(draft: Draft) -> str:
    """Return what stands for a base and every saved item of a draft."""
    items = sorted(draft.items.values_list("part", "item", "revision"))
    return hashlib.sha256(json.dumps([draft.base.sha256, items]).encode()).hexdigest()


def candidate_of(change: Change, at: datetime) -> Candidate | None:
    """Return what is known of the library that a change would release; where nothing is, have it looked at."""
    if change.draft is None:
        return None
    mark = fingerprint(change.draft)
    found = change.candidates.filter(fingerprint=mark).first()
    if found is not None and (found.sha256 or found.fault or at - found.asked_at < _ASK_AGAIN_AFTER):
        return found
    with transaction.atomic():
        found, _ = Candidate.objects.update_or_create(change=change, fingerprint=mark, defaults={"asked_at": at})
    look_later.enqueue(found.pk)
    found.refresh_from_db()
    return found


@task()
def look_later(candidate: int) -> None:
    """Look at a candidate; a long task for a large library."""
    look(Candidate.objects.select_related("change__draft__base").get(pk=candidate))


def _kept(found: Finding) -> dict[str, str]:
    _, _, field = found.place.path.partition("].")
    return {
        "rule": found.rule.id,
        "title": found.rule.title,
        "severity": found.severity.value,
        "item": found.place.item,
        "field": field,
        "place": str(found.place)[:400],
        "message": found.message,
    }


def look(candidate: Candidate) -> Candidate:
    """Make the library of a candidate, review it, and keep its hash, its label and the number of its errors."""
    draft = candidate.change.draft
    assert draft is not None  # noqa: S101 - a candidate is made of a draft
    if candidate.fingerprint != fingerprint(draft):
        candidate.fault = "The draft was edited since."
    else:
        try:
            document = document_of(draft)
            found = review(document, at=timezone.localdate(candidate.asked_at), parent=library_of(draft.base))
            candidate.sha256, candidate.label = identity(document), document.library.version
            candidate.lint_errors, candidate.fault = found.count(Severity.ERROR), ""
            mine = set(draft.items.values_list("item", flat=True))
            candidate.findings = [
                _kept(one) for one in found.findings if one.severity is Severity.ERROR or one.place.item in mine
            ]
        except OpenInfusionError as error:
            candidate.fault = f"{error.where}: {error.found}; expected: {error.expected}"
    candidate.save()
    return candidate
