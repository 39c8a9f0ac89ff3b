"""What a person may decide on one row of an overlay, as a new value of that row."""

from dataclasses import replace
from datetime import date

from openinfusion.core.errors import OverlayError
from openinfusion.core.overlay import Approval, Deviation, ReasonCode, Row, RowState


def adopted(row: Row, *, approver: str, on: date) -> Row:
    """Return a row that takes the national values as they are, approved here by whoever is named."""
    if row.national is None or row.care_area is None:
        raise OverlayError(where=row.label, found="no care area of ours for it", expected="a row that can be adopted")
    return Row(
        state=RowState.ADOPTED,
        national=row.national,
        care_area=row.care_area,
        entry=row.entry or f"{row.care_area}--{row.national.partition('--')[2] or row.national}",
        record=row.record,
        approved=Approval(by=approver, on=on),
    )


def not_used(row: Row, *, reason: ReasonCode) -> Row:
    """Return a row that is not used, and why."""
    if row.national is None:
        raise OverlayError(where=row.label, found="a row of our own", expected="a national row")
    return Row(state=RowState.NOT_USED, national=row.national, care_area=row.care_area, reason=reason)


def deviating(row: Row, deviations: tuple[Deviation, ...], *, approver: str, on: date) -> Row:
    """Return a row with its deviations completed, approved here; raises OverlayError for what they lack."""
    made = replace(row, deviations=deviations, unresolved=None, approved=None)
    return replace(made, approved=Approval(by=approver, on=on))


def kept(row: Row, *, approver: str, on: date) -> Row:
    """Return a row of our own, looked at again and approved."""
    return replace(row, unresolved=None, approved=Approval(by=approver, on=on))
