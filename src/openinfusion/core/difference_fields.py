"""
The kinds of change between two versions of a library, and the fields that are compared with the kind each makes.

A change of one field may be harmless one way and a safeguard lifted the other way; the functions here tell which.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from openinfusion.core.library import Entry, Route
from openinfusion.core.units import Quantity


class ChangeKind(Enum):
    """What a change does; listed from what needs most attention to what needs least."""

    CONCENTRATION_OPENED = "concentration opened"
    LIMIT_REMOVED = "limit removed"
    LIMIT_WIDENED = "limit widened"
    UNIT_CHANGED = "unit changed"
    STRENGTH_CHANGED = "strength changed"
    DRUG_CHANGED = "drug, patients, route or type changed"
    DOSE_OFFERED = "bolus, loading dose or background offered"
    SAFEGUARD_LIFTED = "safeguard lifted"
    ENTRY_REMOVED = "entry removed"
    ENTRY_ADDED = "entry added"
    CARE_AREA_ADDED = "care area added"
    CARE_AREA_REMOVED = "care area removed"
    DRUG_ADDED = "drug added"
    DRUG_REMOVED = "drug removed"
    CONCENTRATION_FIXED = "concentration fixed"
    LIMIT_TIGHTENED = "limit tightened"
    LIMIT_SET = "limit set"
    INITIAL_CHANGED = "initial value changed"
    USUAL_CHANGED = "usual range changed"
    NAME_CHANGED = "name changed"
    SETTING_CHANGED = "setting changed"
    TEXT_CHANGED = "text changed"


# What may let a larger dose through than before, or changes what a number means: always the full approval path.
LOOSENING = frozenset(
    {
        ChangeKind.CONCENTRATION_OPENED,
        ChangeKind.LIMIT_REMOVED,
        ChangeKind.LIMIT_WIDENED,
        ChangeKind.UNIT_CHANGED,
        ChangeKind.STRENGTH_CHANGED,
        ChangeKind.DRUG_CHANGED,
        ChangeKind.DOSE_OFFERED,
        ChangeKind.SAFEGUARD_LIFTED,
        ChangeKind.ENTRY_ADDED,
        ChangeKind.ENTRY_REMOVED,  # a drug that is not found is infused without limits (LC-07)
    }
)


@dataclass(frozen=True, slots=True)
class Field:
    """One field to compare: its path, how to read it, and the kind of change that it makes or that its values make."""

    path: str
    read: Callable[..., object]
    kind: ChangeKind | Callable[[Any, Any], ChangeKind] = ChangeKind.TEXT_CHANGED


SIDES = {"hard_min": -1, "soft_min": -1, "soft_max": 1, "hard_max": 1}
OTHER_VALUES = {
    "usual_min": ChangeKind.USUAL_CHANGED,
    "usual_max": ChangeKind.USUAL_CHANGED,
    "initial": ChangeKind.INITIAL_CHANGED,
}


def limit_kind(before: Quantity | None, after: Quantity | None, side: int) -> ChangeKind:
    """Return what a change of one limit does; ``side`` is 1 for a maximum and -1 for a minimum."""
    if before is None:
        return ChangeKind.LIMIT_SET
    if after is None:
        return ChangeKind.LIMIT_REMOVED
    is_widened = after > before if side > 0 else after < before
    return ChangeKind.LIMIT_WIDENED if is_widened else ChangeKind.LIMIT_TIGHTENED


def _sources(entry: Entry) -> tuple[str, ...]:
    return tuple(f"{source.field}: {source.citation}" for source in entry.sources)


def _decisions(entry: Entry) -> tuple[str, ...]:
    return tuple(f"{decision.field}: {decision.decision} ({decision.reason})" for decision in entry.decisions)


_SETTING = ChangeKind.SETTING_CHANGED


def _safeguard(before: object, after: object) -> ChangeKind:
    """Return what it means that something protective is said or no longer said."""
    return ChangeKind.SAFEGUARD_LIFTED if before is True and after is False else _SETTING


def _route(before: Route, after: Route) -> ChangeKind:
    """Return what another route means: another use of the same numbers, unless it only says which vein."""
    is_narrower = before is Route.INTRAVENOUS and after in (Route.CENTRAL, Route.PERIPHERAL)
    return _SETTING if is_narrower else ChangeKind.DRUG_CHANGED


def _code(before: str | None, after: str | None) -> ChangeKind:
    return _SETTING if before is None or after is None else ChangeKind.DRUG_CHANGED


def _more(before: Quantity | None, after: Quantity | None) -> ChangeKind:
    """Return what another keep-vein-open rate means: a faster one gives more."""
    return _SETTING if before is None or after is None else limit_kind(before, after, 1)


def _less(before: Quantity | None, after: Quantity | None) -> ChangeKind:
    """Return what another window means: the same maximum in a shorter time is more."""
    return _SETTING if before is None or after is None else limit_kind(before, after, -1)


ENTRY_FIELDS = (
    Field("drug", lambda e: e.drug, ChangeKind.DRUG_CHANGED),
    Field("care_area", lambda e: e.care_area, ChangeKind.DRUG_CHANGED),
    Field("type", lambda e: e.type, ChangeKind.DRUG_CHANGED),
    Field("therapy", lambda e: e.therapy, ChangeKind.NAME_CHANGED),
    Field("route", lambda e: e.route, _route),
    Field("pca.window", lambda e: e.pca.window if e.pca else None, _less),
    Field("pca.bolus_counts", lambda e: e.pca.bolus_counts if e.pca else None, _safeguard),
    Field("secondary", lambda e: e.secondary, _SETTING),
    Field("delivered_by", lambda e: e.delivered_by, _SETTING),
    Field("anaesthesia_only", lambda e: e.anaesthesia_only, _safeguard),
    Field("advisories", lambda e: e.advisories, _SETTING),
    Field("device_settings", lambda e: dict(e.device_settings), _SETTING),
    Field("unreviewed", lambda e: e.unreviewed, _SETTING),
    Field("rationale", lambda e: e.rationale),
    Field("sources", _sources),
    Field("decisions", _decisions),
    Field("review_by", lambda e: e.review_by),
)
DRUG_FIELDS = (
    Field("name", lambda d: d.name, ChangeKind.DRUG_CHANGED),
    Field("tall_man", lambda d: d.tall_man, ChangeKind.NAME_CHANGED),
    Field("aliases", lambda d: d.aliases, ChangeKind.NAME_CHANGED),
    Field("vtm", lambda d: d.vtm, _code),
    Field("amount_kind", lambda d: d.amount_kind, _SETTING),
    Field("high_alert", lambda d: d.high_alert, _safeguard),
    Field("drug_class", lambda d: d.drug_class),
)
ADVISORY_FIELDS = (Field("text", lambda a: a.text), Field("name", lambda a: a.name))
AREA_FIELDS = (
    Field("name", lambda a: a.name, ChangeKind.NAME_CHANGED),
    Field("population", lambda a: a.population, ChangeKind.DRUG_CHANGED),
    Field("kvo_rate", lambda a: a.kvo_rate, _more),
    Field("owner", lambda a: a.owner),
    Field("device_settings", lambda a: dict(a.device_settings), _SETTING),
)
