"""Rules about the record: sources, reviews, decisions, owners, and what changed since the parent (group G)."""

from collections.abc import Iterator
from datetime import timedelta

from openinfusion.core.library import Entry, Library, Limits, Status
from openinfusion.core.review import scopes
from openinfusion.core.review.finding import Fault, Severity
from openinfusion.core.review.rule import Scope, rule
from openinfusion.core.review.survey import LIMIT_WORDS, Area, Row, Survey, whole
from openinfusion.core.units import Quantity

IN_USE = frozenset({Status.RELEASED, Status.IMPLEMENTED})
FROM_ELSEWHERE: Scope[Row] = Scope(
    "entries that a library of another organisation has too",
    lambda s: scopes.compared(s) if is_from_elsewhere(s) else (),
)


def is_from_elsewhere(survey: Survey) -> bool:
    """Whether the parent is another organisation's library, such as a vendor's sample or a national one."""
    mine, parent = survey.library.library.organisation, survey.parent
    return parent is not None and parent.library.organisation.casefold() != mine.casefold()


@rule(
    "G01",
    Severity.WARNING,
    scopes.ENTRIES,
    title="An entry cites no source",
    reason="A limit without a source cannot be checked, defended or updated when its source changes.",
    remedy="Cite where the limits come from.",
    source="proposal of this project; ISMP smart-pump guidelines 2020 †",
    origin="R22, G03",
    hazard="LC-08",
    example={"entries.0.sources": None},
)
def no_source(row: Row, _: Survey) -> Iterator[Fault]:
    """Fire without any source that says something."""
    if not any(source.citation.strip() for source in row.entry.sources):
        yield row.at("sources", "no source")


@rule(
    "G02",
    Severity.WARNING,
    scopes.ENTRIES,
    title="An entry has no review date",
    reason="Without a date nobody looks again, and practice moves on.",
    remedy="Set review_by to the date of the next review.",
    source="proposal of this project",
    origin="R22",
    hazard="OR-03",
    example={"entries.0.review_by": None},
)
def no_review_date(row: Row, _: Survey) -> Iterator[Fault]:
    """Fire without a review date."""
    if row.entry.review_by is None:
        yield row.at("review_by", "no review date")


@rule(
    "G03",
    Severity.WARNING,
    scopes.ENTRIES,
    title="The review of an entry is overdue",
    reason="The date was set because the limits were not expected to hold longer.",
    remedy="Review the entry and set a new date.",
    source="proposal of this project; Pharmacy Times, Collaborate to reduce smart pump alert fatigue",
    origin="R22, G01",
    hazard="OR-03",
    example={"entries.0.review_by": "2026-06-29"},
)
def overdue(row: Row, survey: Survey) -> Iterator[Fault]:
    """Fire if the date is past; the day itself is in time."""
    due = row.entry.review_by
    if due is not None and due < survey.at:
        days = (survey.at - due).days
        ago = "yesterday" if days == 1 else f"{days:,} days ago"
        yield row.at("review_by", f"was due on {due:%d-%b-%Y}, {ago}")


@rule(
    "G04",
    Severity.WARNING,
    scopes.ENTRIES,
    title="An entry came from elsewhere and nobody reviewed it here",
    reason="Libraries copied as a favour bring another hospital's strengths and weights with them.",
    remedy="Review the entry against local practice, then clear the flag.",
    source="HSIB 2020 5.55-5.57",
    origin="R23",
    hazard="LC-08",
    example={"entries.0.unreviewed": True},
)
def unreviewed(row: Row, survey: Survey) -> Iterator[Fault]:
    """Fire while the entry is marked as not reviewed; past the draft it is an error, since others rely on it."""
    if row.entry.unreviewed:
        severity = None if survey.library.library.status is Status.DRAFT else Severity.ERROR
        yield row.at("unreviewed", "not reviewed since it was imported", severity)


@rule(
    "G05",
    Severity.ERROR,
    scopes.ENTRIES,
    title="A value invented for an example is in a library for clinical use",
    reason="Examples show a form; nobody has said that their doses are safe.",
    remedy="Replace the value and its source, or mark the library as not for clinical use.",
    source="hazard log of this project, PL-01",
    origin="R22",
    hazard="PL-01",
    example={"library.not_for_clinical_use": False, "entries.0.sources.0.invented_for_example": True},
)
def invented(row: Row, survey: Survey) -> Iterator[Fault]:
    """Fire for an invented source once the library may be used on patients."""
    if not survey.library.library.not_for_clinical_use and any(s.invented_for_example for s in row.entry.sources):
        yield row.at("sources", "a value invented for an example")


@rule(
    "G06",
    Severity.WARNING,
    scopes.ENTRIES,
    title="A decision does not say who decided, when or why",
    reason="A decision that nobody stands for cannot be asked about when it goes wrong.",
    remedy="Add the role, the date and the reason.",
    source="HSIB 2020 3.7, 5.8: known risk accepted by nobody",
    origin="G03",
    hazard="OR-01",
    example={"entries.0.decisions": [{"field": "dose.soft_min", "decision": "none", "reason": "custom"}]},
)
def anonymous_decision(row: Row, _: Survey) -> Iterator[Fault]:
    """Fire for each decision without role, date or reason."""
    for number, decision in enumerate(row.entry.decisions):
        parts = (("role", decision.by), ("date", decision.decided_on), ("reason", decision.reason.strip()))
        missing = [name for name, value in parts if not value]
        if missing:
            yield row.at(f"decisions[{number}]", f"{decision.decision!r} without {' and '.join(missing)}")


@rule(
    "G07",
    Severity.WARNING,
    scopes.ENTRIES,
    title="A source speaks of a value that the entry does not have",
    reason="The value it was for has gone or moved, and the citation now misleads.",
    remedy="Correct the field of the source.",
    source="proposal of this project",
    origin="R22",
    hazard="LC-05",
    example={"entries.0.sources": [{"field": "bolus.dose.hard_max", "citation": "local guideline"}]},
)
def dangling_source(row: Row, _: Survey) -> Iterator[Fault]:
    """Fire for each source whose field is neither "entry" nor the path of a value that is set."""
    for number, source in enumerate(row.entry.sources):
        if source.field != "entry" and value_at(row.entry, source.field) is None:
            yield row.at(f"sources[{number}].field", f"{source.field!r} is not set in this entry")


def value_at(entry: Entry, path: str) -> object | None:
    """Return the value at a dotted path inside an entry, or ``None`` if nothing is set there."""
    value: object | None = entry
    for name in path.split("."):
        value = getattr(value, name, None)
    return value


@rule(
    "G08",
    Severity.WARNING,
    scopes.AREAS,
    title="A care area has no owner",
    reason="Questions about a profile that nobody owns stay unanswered, and it ages.",
    remedy="Name the role that owns it.",
    source="HSIB 2020 5.61-5.62; proposal of this project",
    origin="N11",
    hazard="OR-03",
    example={"care_areas.1.owner": None},
)
def no_owner(area: Area, _: Survey) -> Iterator[Fault]:
    """Fire without an owner."""
    if not (area.area.owner or "").strip():
        yield area.at("owner", "no owner")


@rule(
    "G09",
    Severity.ERROR,
    scopes.LIBRARY,
    title="A library is in use and marked as not for clinical use",
    reason="One of the two is wrong, and both are dangerous.",
    remedy="Withdraw the library, or complete its approval and remove the mark.",
    source="proposal of this project, after DCB0160 2.2.2 and 7.1",
    origin="R22",
    hazard="CF-03",
    example={"library.status": "released", "library.valid_from": "2026-01-01T00:00:00Z"},
)
def example_in_use(library: Library, _: Survey) -> Iterator[Fault]:
    """Fire for a released or implemented library that says it is not for clinical use."""
    about = library.library
    if about.status in IN_USE and about.not_for_clinical_use:
        yield whole(f"status {about.status.value}, and not for clinical use", path="library.status")


@rule(
    "G10",
    Severity.ERROR,
    scopes.LIBRARY,
    title="A released library does not say from when it is valid",
    reason="Without a date nobody can tell which library was in force when an incident happened.",
    remedy="Set valid_from to the time of the release.",
    source="HSIB 2020 5.31, 5.53",
    origin="R24",
    hazard="CF-05",
    example={"library.status": "released", "library.not_for_clinical_use": False},
)
def no_valid_from(library: Library, _: Survey) -> Iterator[Fault]:
    """Fire for a released or implemented library without the time from which it holds."""
    about = library.library
    if about.status in IN_USE and about.valid_from is None:
        yield whole(f"status {about.status.value} without valid_from", path="library.valid_from")


@rule(
    "G11",
    Severity.ADVICE,
    scopes.ENTRIES,
    title="The next review of an entry is too far away",
    reason="A yearly review is what keeps limits near practice.",
    remedy="Set an earlier date.",
    source="Pharmacy Times, Collaborate to reduce smart pump alert fatigue: every profile within 12 months",
    origin="G01",
    hazard="OR-03",
    example={"entries.0.review_by": "2029-01-01"},
    thresholds=("review_days",),
)
def late_review(row: Row, survey: Survey) -> Iterator[Fault]:
    """Fire if the date is further away than policy allows."""
    due = row.entry.review_by
    if due is not None and due > survey.at + timedelta(days=survey.thresholds.review_days):
        yield row.at("review_by", f"due on {due:%d-%b-%Y}, more than {survey.thresholds.review_days:,} days from now")


@rule(
    "G12",
    Severity.WARNING,
    FROM_ELSEWHERE,
    title="An entry equals another organisation's, without a source of one's own",
    reason="A sample taken over as it is brings foreign assumptions into local practice.",
    remedy="Check the entry locally and cite what it was checked against.",
    source="HSIB 2020 5.55",
    origin="R23",
    hazard="LC-08",
    example={"library.organisation": "Another trust"},
    with_parent=True,
)
def taken_over(row: Row, survey: Survey) -> Iterator[Fault]:
    """Fire if limits and sources are those of the other organisation's entry."""
    theirs = survey.parent_entries[row.entry.id]
    same = list(row.entry.all_limits()) == list(theirs.all_limits())
    if same and set(row.entry.sources) <= set(theirs.sources):
        yield row.at("", "limits and sources are the other organisation's")


@rule(
    "G13",
    Severity.WARNING,
    scopes.OPEN,
    title="A decision leaves a concentration open",
    reason="In 2018 a decision not to standardise fentanyl re-opened a risk that nobody then looked at again.",
    remedy="Re-open hazard LC-01 and show how it is controlled now.",
    source="HSIB 2020 3.7; proposal of this project: such a decision re-opens LC-01",
    origin="C02",
    hazard="LC-01",
    example={
        "entries.9.decisions": [
            {
                "field": "concentration",
                "decision": "leave open",
                "reason": "two strengths in use",
                "by": "committee",
                "decided_on": "2026-01-01",
            }
        ]
    },
)
def left_open(row: Row, _: Survey) -> Iterator[Fault]:
    """Fire for an open concentration that a decision keeps open."""
    for number, decision in enumerate(row.entry.decisions):
        if decision.field == "concentration":
            yield row.at(f"decisions[{number}]", f"{decision.decision!r} re-opens hazard LC-01: {decision.reason}")


def changed(row: Row, survey: Survey, name: str) -> Iterator[tuple[str, Quantity, Quantity | None]]:
    """Yield path, former and present value of one limit of each group that the parent has in the same measure."""
    before: dict[str, Limits] = dict(survey.parent_entries[row.entry.id].all_limits())
    now = {part.path: part.limits for part in row.parts}
    for path, limits in before.items():
        old = limits.quantity(name)
        new = now[path].quantity(name) if path in now else None
        if old is not None and (new is None or new.unit.measures_like(old.unit)):
            yield path, old, new


@rule(
    "G14",
    Severity.ERROR,
    scopes.COMPARED,
    title="A hard maximum was removed since the parent version",
    reason="A stop that was there for a reason is gone, and nobody recorded why.",
    remedy="Put it back, or record in decisions why it went.",
    source="US community hospital library v48: adrenaline",
    origin="L036",
    hazard="LC-02",
    example={"entries.0.dose.hard_max": None},
    with_parent=True,
)
def stop_removed(row: Row, survey: Survey) -> Iterator[Fault]:
    """Fire for each hard maximum that the parent has and this entry does not, unless decided."""
    for path, old, new in changed(row, survey, "hard_max"):
        if new is None and not row.has_decision(f"{path}.hard_max"):
            yield row.at(f"{path}.hard_max", f"hard maximum {old} of the parent version is gone")


@rule(
    "G15",
    Severity.WARNING,
    scopes.COMPARED,
    title="A maximum was raised since the parent version without a new source",
    reason="Limits creep upwards one complaint at a time: 45, 60, then 80 micrograms/min in one library.",
    remedy="Cite what supports the higher limit, or put it back.",
    source="US community hospital library: noradrenaline 45, then 60, then 80 micrograms/min",
    origin="L035, G03",
    hazard="LC-02",
    example={"entries.0.dose.hard_max": "1.5"},
    with_parent=True,
)
def creep(row: Row, survey: Survey) -> Iterator[Fault]:
    """Fire for each maximum above the parent's, unless the entry cites or decides something new."""
    before, entry = survey.parent_entries[row.entry.id], row.entry
    if not (set(entry.sources) <= set(before.sources) and set(entry.decisions) <= set(before.decisions)):
        return
    for name in ("soft_max", "hard_max"):
        for path, old, new in changed(row, survey, name):
            if new is not None and new > old:
                yield row.at(f"{path}.{name}", f"{LIMIT_WORDS[name]} was {old} and is {new}, with the same sources")


RULES = (
    no_source,
    no_review_date,
    overdue,
    unreviewed,
    invented,
    anonymous_decision,
    dangling_source,
    no_owner,
    example_in_use,
    no_valid_from,
    late_review,
    taken_over,
    left_open,
    stop_removed,
    creep,
)
