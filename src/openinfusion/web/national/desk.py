"""The desk of adoption: publish, adopt, decide, take the next issue, tell deviations; each with its audit row."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from openinfusion.adapters.documents import to_json
from openinfusion.adapters.overlay_file import overlay_from_bytes
from openinfusion.core.change_request import Trigger, Urgency
from openinfusion.core.consensus import SourceKind
from openinfusion.core.errors import OverlayError
from openinfusion.core.library import Library
from openinfusion.core.overlay import Overlay, Row, apply
from openinfusion.core.overlay_merge import Merge, MergeKind, three_way
from openinfusion.core.overlay_proposal import overlay_of as overlay_proposed
from openinfusion.core.overlay_proposal import publish_deviations
from openinfusion.core.roles import Permission
from openinfusion.web.accounts.models import Organisation, User
from openinfusion.web.audit import book
from openinfusion.web.changes.desk import open_change, take_in_draft
from openinfusion.web.changes.models import Change
from openinfusion.web.library.items import items_of
from openinfusion.web.library.models import DrugLibrary, Version
from openinfusion.web.library.store import library_of, save_item
from openinfusion.web.national.models import Adoption, DeviationsPublished, NationalIssue, OverlayRow


def _write(what: str, about: str, *, by: User, organisation: Organisation, may: Permission, **kept: Any) -> None:  # noqa: ANN401 - JSON
    role = by.actor.role_for(may, organisation=organisation.slug)
    book.write(what, about, by=by, organisation=organisation, role=role.value if role else "", **kept)


@transaction.atomic
def publish_issue(version: Version, *, by: User, at: datetime) -> NationalIssue:
    """Publish a version of a national library; raises OverlayError where it is published already."""
    body = version.library.organisation
    if NationalIssue.objects.filter(version=version).exists() or not body.is_national:
        raise OverlayError(where=str(version), found="published, or no national library", expected="a new version")
    made = NationalIssue.objects.create(version=version, published_at=at, published_by=by)
    _write(
        "publish national",
        str(version),
        by=by,
        organisation=body,
        may=Permission.PUBLISH_NATIONAL,
        at=at,
        after=version.sha256,
    )
    return made


def base_of(adoption: Adoption) -> Library:
    """Return the national library from which a local one follows."""
    return library_of(adoption.issue.version)


def overlay_of(adoption: Adoption) -> Overlay:
    """Return an overlay as core knows it."""
    rows = list(adoption.rows.order_by("pk").values_list("content", flat=True))
    return _read(adoption, rows)


def row_of(row: OverlayRow) -> Row:
    """Return one row as core knows it."""
    return _read(row.adoption, [row.content]).rows[0]


def _read(adoption: Adoption, rows: list[Any]) -> Overlay:
    document = json.dumps(adoption.about | {"rows": rows}).encode()
    return overlay_from_bytes(document, where=str(adoption))


def begin(library: DrugLibrary, issue: NationalIssue, overlay: Overlay, *, at: datetime) -> Adoption:
    """Keep an overlay, row by row; raises OverlayError where it does not fit the issue."""
    _check(issue, overlay)
    about = to_json(overlay)
    about.pop("rows", None)
    made = Adoption.objects.create(
        organisation=library.organisation, library=library, issue=issue, about=about, begun_at=at
    )
    _keep_rows(made, [(row, "") for row in overlay.rows])
    return made


@transaction.atomic
def propose(
    library: DrugLibrary, issue: NationalIssue, areas: Mapping[str, str], *, by: User, at: datetime
) -> Adoption:
    """
    Lay an organisation's library beside a national issue: every deviation then waits for its reason.

    ``areas`` gives for each of our care areas the national one. The issue stands beside ours as a source from then on.
    """
    local = library_of(library.versions.order_by("-number")[0])
    overlay = overlay_proposed(library_of(issue.version), local, sha256=issue.version.sha256, areas=areas)
    made = begin(library, issue, overlay, at=at)
    theirs: dict[str, list[str]] = {}
    for ours, national in areas.items():
        theirs.setdefault(national, []).append(ours)
    made.organisation.source_libraries.get_or_create(
        version=issue.version,
        defaults={
            "kind": SourceKind.NATIONAL_GUIDELINE.value,
            "citation": f"{issue.version.library.organisation.name}, {issue.version.label}",
            "areas": theirs,
        },
    )
    _write(
        "begin adoption",
        str(made),
        by=by,
        organisation=made.organisation,
        may=Permission.ADOPT_NATIONAL,
        at=at,
        after=dict(areas),
    )
    return made


def _check(issue: NationalIssue, overlay: Overlay) -> None:
    if issue.version.sha256 != overlay.base.sha256:
        raise OverlayError(where="base", found=overlay.base.sha256, expected=f"sha256 {issue.version.sha256}")
    apply(library_of(issue.version), overlay)


def _keep_rows(adoption: Adoption, rows: list[tuple[Row, str]]) -> None:
    OverlayRow.objects.bulk_create(_fill(OverlayRow(adoption=adoption, became=became), row) for row, became in rows)


def _fill(kept: OverlayRow, row: Row) -> OverlayRow:
    kept.content, kept.state = to_json(row), row.state.value
    kept.label = (row.entry_id or row.national or "")[:300]
    kept.care_area = (row.own.care_area if row.own else row.care_area) or ""
    kept.is_undecided, kept.is_approved = bool(row.undecided), row.approved is not None
    return kept


@transaction.atomic
def decide_row(kept: OverlayRow, row: Row, *, by: User, at: datetime, reason: str) -> OverlayRow:
    """Keep what was decided on one row; raises OverlayError where the whole would not follow from the national one."""
    adoption = Adoption.objects.select_for_update(no_key=True).select_related("organisation").get(pk=kept.adoption_id)
    locked = OverlayRow.objects.select_for_update(no_key=True).get(pk=kept.pk)
    before = locked.content
    _fill(locked, row)
    locked.decided_by, locked.decided_at = by, at
    locked.save()
    apply(base_of(adoption), overlay_of(adoption))
    about = f"{adoption.library.slug} {locked.label}"
    _write(
        "adopt row",
        about[:200],
        by=by,
        organisation=adoption.organisation,
        may=Permission.ADOPT_NATIONAL,
        at=at,
        before=before,
        after=locked.content,
        reason=reason,
    )
    return locked


def merge_of(adoption: Adoption, issue: NationalIssue) -> Merge:
    """Return what a new issue does to an overlay."""
    new = library_of(issue.version)
    return three_way(base_of(adoption), new, overlay_of(adoption), sha256=issue.version.sha256)


@transaction.atomic
def take_issue(adoption: Adoption, issue: NationalIssue, *, by: User, at: datetime) -> Adoption:
    """Carry an overlay to a new issue; what conflicts keeps its old value, flagged, until somebody decides on it."""
    locked = Adoption.objects.select_for_update(no_key=True).get(pk=adoption.pk)
    before = [locked.about["base"], locked.rows.count()]
    merge = merge_of(locked, issue)
    words = {id(merged.row): _words(merged.kind) for merged in merge.rows if merged.row is not None}
    about = to_json(merge.overlay)
    about.pop("rows", None)
    old, locked.about, locked.issue = locked.issue, about, issue
    locked.save()
    beside = {"version": issue.version, "citation": f"{issue.version.library.organisation.name}, {issue.version.label}"}
    locked.organisation.source_libraries.filter(version=old.version).update(**beside)
    locked.rows.all().delete()
    _keep_rows(locked, [(row, words.get(id(row), "")) for row in merge.overlay.rows])
    after = [about["base"], len(merge.overlay.rows), len(merge.unresolved)]
    _write(
        "take national issue",
        str(locked),
        by=by,
        organisation=locked.organisation,
        may=Permission.ADOPT_NATIONAL,
        at=at,
        before=before,
        after=after,
    )
    return locked


def _words(kind: MergeKind) -> str:
    return "" if kind in (MergeKind.UNCHANGED, MergeKind.LOCAL) else kind.value


def to_change(adoption: Adoption, *, by: User, at: datetime) -> Change:
    """
    Open a change request whose draft makes the library what follows from the overlay: never a version by itself.

    Raises:
        OverlayError: nothing differs.

    """
    local = apply(base_of(adoption), overlay_of(adoption))
    newest = adoption.library.versions.order_by("-number")[0]
    old = {(part, item): content for part, item, content in items_of(library_of(newest))}
    new = {(part, item): content for part, item, content in items_of(local)}
    differing = {key: new.get(key) for key in old | new if old.get(key) != new.get(key)}
    if not differing:
        raise OverlayError(where=str(adoption), found="no difference from the newest version", expected="a decision")
    with transaction.atomic():
        title = f"Follow {adoption.issue}"
        change = open_change(
            adoption.library, title=title[:200], trigger=Trigger.NATIONAL_LIBRARY, urgency=Urgency.ROUTINE, by=by, at=at
        )
        if change.draft is not None:
            for (part, item), content in differing.items():
                save_item(change.draft, part, item, content=content, seen=0, by=by, at=at)
        return take_in_draft(change, by=by, at=at)


def told_by(adoption: Adoption) -> dict[str, Any]:
    """Return what may be told of an adoption: values and codes, no person."""
    told: dict[str, Any] = to_json(publish_deviations(overlay_of(adoption)))
    return told


@transaction.atomic
def publish(adoption: Adoption, *, by: User, at: datetime) -> DeviationsPublished:
    """Tell the national body what deviates."""
    told = told_by(adoption)
    made = DeviationsPublished.objects.create(
        organisation=adoption.organisation, issue=adoption.issue, content=told, at=at
    )
    _write(
        "publish deviations",
        str(adoption),
        by=by,
        organisation=adoption.organisation,
        may=Permission.PUBLISH_DEVIATIONS,
        at=at,
        after=told,
    )
    return made
