"""A local library follows from a national one and an overlay; a base that did not change changes nothing."""

from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openinfusion.core.library import Concentration, Delivery, Library, Limits, Parent, Route, Status
from openinfusion.core.overlay import Approval, Overlay, ReasonCode, Row, RowState, apply
from openinfusion.core.overlay_merge import MergeKind, three_way
from openinfusion.core.overlay_proposal import overlay_of, publish_deviations
from tests.strategies import libraries

SHA = "0" * 64
few = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def without(limits: Limits | None, name: str) -> Limits | None:
    """The limits without one of them."""
    gone: dict[str, Any] = {name: None}
    return replace(limits, **gone) if limits else None


def halved(concentration: Concentration | None) -> Concentration | None:
    """Half as much in the same volume."""
    if concentration is None or concentration.amount is None:
        return concentration
    return replace(concentration, amount=replace(concentration.amount, value=concentration.amount.value / 2))


CHANGES = (
    lambda e: e,
    lambda e: replace(e, bolus=None, loading=None),
    lambda e: replace(e, bolus=replace(e.bolus, volume=None) if e.bolus else Delivery()),
    lambda e: replace(e, therapy="another", advisories=()),
    lambda e: replace(e, dose=without(e.dose, "hard_max"), volume=without(e.volume, "soft_min")),
    lambda e: replace(e, dose=None, device_settings={"a": "b"}),
    lambda e: replace(e, concentration=halved(e.concentration), review_by=date(2030, 1, 1)),
    lambda e: replace(e, pca=replace(e.pca, bolus_counts=not e.pca.bolus_counts) if e.pca else None),
    lambda e: replace(e, route=Route.CENTRAL, titration_step=None, anaesthesia_only=False),
)
entries_changed = st.sampled_from(CHANGES)


@st.composite
def adopted(draw):
    """A national library and a local one, some of whose rows are national rows or began as one."""
    base, other = draw(libraries()), draw(libraries())
    taken = [replace(draw(entries_changed)(entry), id=f"taken-{entry.id}") for entry in base.entries]
    kept = [entry for entry in taken if draw(st.booleans())]
    return base, replace(other, entries=(*kept, *other.entries))


@st.composite
def successors(draw):
    """A national library, a local one, and the next national one, some of whose rows changed, went or came."""
    base, local = draw(adopted())
    later = [draw(entries_changed)(entry) for entry in base.entries if draw(st.booleans())]
    new = draw(st.none() | libraries())
    come = [replace(entry, id=f"new-{entry.id}") for entry in new.entries] if new else []
    return base, local, replace(base, entries=(*later, *come))


def parent(base: Library) -> Parent:
    return Parent(name=base.library.name, version=base.library.version, sha256=SHA)


def as_adopted(local: Library, overlay: Overlay) -> Library:
    """The local library with what adoption changes on purpose: its parent, and what is not approved."""
    waiting = {row.entry_id for row in overlay.rows if row.approved is None}
    entries = tuple(replace(entry, unreviewed=entry.id in waiting) for entry in local.entries)
    status = Status.DRAFT if any(e.unreviewed for e in entries) else local.library.status
    return replace(local, library=replace(local.library, parent=overlay.base, status=status), entries=entries)


def decided(row: Row) -> Row:
    """The row with everything said that it lacks, and approved."""
    said = tuple(
        replace(one, reason=ReasonCode.FORMULARY, approver="committee", hazard="LC-02", review_on=date(2027, 1, 1))
        for one in row.deviations
    )
    approved = None if row.state is RowState.NOT_USED else Approval(by="committee")
    return replace(row, deviations=said, approved=approved)


@few
@given(adopted())
def test_the_overlay_of_a_local_library_gives_the_local_library(pair):
    base, local = pair
    base = replace(base, library=replace(base.library, not_for_clinical_use=local.library.not_for_clinical_use))
    overlay = overlay_of(base, local, sha256=SHA)
    assert apply(base, overlay) == as_adopted(local, overlay)
    approved = replace(overlay, rows=tuple(map(decided, overlay.rows)))
    reviewed = replace(local, entries=tuple(replace(entry, unreviewed=False) for entry in local.entries))
    assert apply(base, approved) == replace(reviewed, library=replace(local.library, parent=parent(base)))


@few
@given(adopted())
def test_a_base_that_did_not_change_changes_nothing(pair):
    base, local = pair
    overlay = overlay_of(base, local, sha256=SHA)
    merge = three_way(base, base, overlay, sha256=SHA)
    assert merge.overlay == overlay
    assert {row.kind for row in merge.rows} <= {MergeKind.UNCHANGED, MergeKind.LOCAL}


@few
@given(successors())
def test_no_new_base_changes_the_values_of_a_row_unseen(libraries_):
    """Every row either has its old values, or is listed as taken and unreviewed."""
    base, local, new = libraries_
    overlay = overlay_of(base, local, sha256=SHA)
    before = {entry.id: entry for entry in apply(base, overlay).entries}
    merge = three_way(base, new, overlay, sha256=SHA)
    after = {entry.id: entry for entry in apply(new, merge.overlay).entries}
    assert set(after) == set(before)
    taken = {row.row.entry_id for row in merge.rows if row.kind is MergeKind.TAKEN and row.row}
    for name, entry in after.items():
        if name in taken:
            assert entry.unreviewed
        else:
            values: dict[str, Any] = {
                "unreviewed": True,
                "sources": (),
                "rationale": None,
                "decisions": (),
                "review_by": None,
            }
            assert replace(entry, **values) == replace(before[name], **values)


@few
@given(adopted())
def test_what_is_published_counts_every_row_and_names_no_approver(pair):
    base, local = pair
    overlay = overlay_of(base, local, sha256=SHA)
    told = publish_deviations(replace(overlay, rows=tuple(map(decided, overlay.rows))))
    assert told.adopted + len(told.rows) == len(overlay.rows)
    assert "committee" not in repr(told)
