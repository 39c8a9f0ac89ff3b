"""A change request with everything that its steps need, and the people who take it through them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count

from openinfusion.core.change_class import values_to_check
from openinfusion.core.change_record import (
    FIELD_OF_NEED,
    check_blind,
    fill,
    link,
    note,
    record_test,
    review,
)
from openinfusion.core.change_request import (
    Artefact,
    ArtefactState,
    ChangeRequest,
    Trial,
    TrialKind,
    Trigger,
)
from openinfusion.core.difference import Difference, difference
from openinfusion.core.gates import Facts, HazardFact, PumpProof
from openinfusion.core.governance import Record, move, sign
from openinfusion.core.library import (
    About,
    CareArea,
    Concentration,
    Drug,
    Entry,
    EntryType,
    Library,
    Limits,
    Population,
)
from openinfusion.core.roles import Actor, Duty, Role
from openinfusion.core.stages import STEPS, Need, Stage
from openinfusion.core.units import Quantity, Unit

TRUST = "Example Trust"
START = datetime(2026, 11, 2, 9, tzinfo=UTC)
LATER = START + timedelta(days=90)
HASH = "a" * 64
AREAS = ("icu", "theatre")


def library(version: str, hard_max: str | None, *, drug: str = "fentanyl") -> Library:
    """Fentanyl in two care areas, with this hard maximum in micrograms/h; not for clinical use."""
    unit = Unit.read("micrograms/h")
    limits = Limits(unit=unit, hard_max=None if hard_max is None else Quantity.of(hard_max, unit).value)
    strength = Concentration(amount=Quantity.of("2.5", "mg"), volume=Quantity.of("50", "mL"))
    return Library(
        library=About(name="Example", organisation=TRUST, version=version),
        drugs=(Drug(id="fentanyl", name=drug),),
        care_areas=tuple(CareArea(id=area, name=area.upper(), population=Population.ADULT) for area in AREAS),
        entries=tuple(
            Entry(
                id=f"fentanyl-{area}",
                drug="fentanyl",
                care_area=area,
                type=EntryType.CONTINUOUS,
                concentration=strength,
                dose=limits,
            )
            for area in AREAS
        ),
    )


def loosened() -> Difference:
    return difference(library("1.0.0", "200"), library("2.0.0", "400"))


def tightened() -> Difference:
    return difference(library("1.0.0", "400"), library("2.0.0", "200"))


def renamed() -> Difference:
    old, new = library("1.0.0", "200"), library("1.0.1", "200")
    return difference(old, replace(new, drugs=(replace(new.drugs[0], tall_man="fentaNYL"),)))


def person(name: str, *roles: Role, area: str | None = None, organisation: str = TRUST) -> Actor:
    """Somebody with these roles; a champion is one for ``area``, or for every area if none is said."""
    duties = []
    for role in roles:
        areas = AREAS if role is Role.CARE_AREA_CHAMPION and area is None else (area,)
        duties += [Duty(role, organisation, each) for each in areas]
    return Actor(name, tuple(duties))


# One person for each role, and a second one where a step takes two.
PEOPLE: Mapping[Role, Actor] = {role: person(role.value, role) for role in Role}
AUTHOR = PEOPLE[Role.LIBRARY_PHARMACIST]
EVERYTHING = tuple(Role)


def draft(changes: Difference | None = None, *, proposer: str = AUTHOR.name) -> ChangeRequest:
    """A draft with all that proposing needs."""
    changed = changes or loosened()
    return ChangeRequest(
        id="CR-1",
        organisation=TRUST,
        title="Raise the hard maximum of fentanyl",
        proposer=proposer,
        opened=START,
        trigger=Trigger.LOG_SIGNAL,
        rationale="Half of all alerts are overridden.",
        sources=("Example guideline 2026",),
        areas=AREAS,
        changes=changed.changes,
        values=values_to_check(changed.changes, library("2.0.0", "400")),
        hazard_ids=("LC-01",),
        rollback_plan="Release the old content under a new version.",
    )


_CLOCK = count()


def tick() -> datetime:
    """A moment after every moment before."""
    return START + timedelta(days=40, seconds=next(_CLOCK))


def record(at: datetime, reason: str = "Because it is right.") -> Record:
    return Record(reason=reason, authenticated_at=at)


GOOD_FACTS = Facts(
    library=HASH,
    hazards=(HazardFact(id="LC-01", residual=2, owner="cso", due=date(2027, 1, 1)),),
    log_approved_for=HASH,
    discrepancies_without_hazard=(),
    lint_errors=0,
    readback_differences=0,
    models_not_passed=(),
    training_below=(),
    rollback_archived=True,
    advice_open=(),
    monitoring_set=True,
    pumps=PumpProof(pumps=100, proven=97, in_clinical_place=90, proven_in_clinical_place=90, quarantined=3),
)
_FIELDS: Mapping[Need, Mapping[str, object]] = {
    Need.RISK: {"risk_before": "major, medium: 3", "risk_after": "major, low: 2"},
    Need.HAZARDS: {"hazard_ids": ("LC-01",)},
    Need.RELEASE_ID: {"release_id": "release-2.0.0"},
    Need.PLANNED_DATE: {"planned_date": date(2026, 12, 15)},
    Need.ROLLBACK_PLAN: {"rollback_plan": "Release the old content under a new version."},
    Need.OUTCOME_REVIEW: {"outcome_review": "Fewer overrides, no harm."},
}
_IN_DRAFT = frozenset({Need.RATIONALE, Need.SOURCES, Need.AREAS, Need.CHANGES, Need.VALUES})


def with_needs(request: ChangeRequest, to: Stage, *, by: Actor, at: datetime | None = None) -> ChangeRequest:
    """The request with everything that a step needs, recorded by one person who may take it, champions aside."""
    for need in STEPS[request.stage, to].needs:
        request = _with(request, need, by=by, at=at or tick())
    return request


def _with(request: ChangeRequest, need: Need, *, by: Actor, at: datetime) -> ChangeRequest:
    if need in _IN_DRAFT:
        return request
    if need is Need.REVIEWS:
        champion = PEOPLE[Role.CARE_AREA_CHAMPION]
        for area in AREAS:
            request = review(request, area, agrees=True, reason="As we practise.", by=champion, at=at)
        return request
    if need is Need.BLIND_CHECK:
        return check_blind(request, request.values, by=by, at=at)
    if need is Need.TESTS:
        for kind in TrialKind:
            made = Trial(kind=kind, title=kind.value, passed=True, evidence="file 1", by=by.name, at=at)
            request = record_test(request, made, by=by)
        return request
    if need is Need.ARTEFACTS:
        for artefact in Artefact:
            request = link(request, artefact, ArtefactState.DONE, by=PEOPLE[Role.MEDICATION_SAFETY_OFFICER])
        return request
    if need in FIELD_OF_NEED:
        return fill(request, need, _FIELDS[need], by=by)
    return note(request, need, HASH if need is Need.LIBRARY_HASH else "Said.", by=by, at=at)


MSO = PEOPLE[Role.MEDICATION_SAFETY_OFFICER]
CHAMPION = PEOPLE[Role.CARE_AREA_CHAMPION]
CHECKER = PEOPLE[Role.SECOND_PHARMACIST]
CSO = PEOPLE[Role.CLINICAL_SAFETY_OFFICER]
COMMITTEE = PEOPLE[Role.MEDICATION_COMMITTEE]
ENGINEER = PEOPLE[Role.CLINICAL_ENGINEER]
READER = PEOPLE[Role.READER]
WAY = (
    (Stage.PROPOSED, AUTHOR),
    (Stage.TRIAGED, MSO),
    (Stage.AREA_REVIEW, CHAMPION),
    (Stage.PHARMACY_CHECK, CHECKER),
    (Stage.SAFETY_ASSESSMENT, CSO),
    (Stage.SCENARIO_TESTED, PEOPLE[Role.TRAINER]),
    (Stage.APPROVED, COMMITTEE),
    (Stage.RELEASED, ENGINEER),
    (Stage.DISTRIBUTING, ENGINEER),
    (Stage.IMPLEMENTED, ENGINEER),
    (Stage.CLOSED, MSO),
)


def take(request: ChangeRequest, to: Stage, *, by: Actor, facts: Facts | None = GOOD_FACTS) -> ChangeRequest:
    """The request one step on, signed by this person after all others whose signature it takes."""
    at = tick() if to is not Stage.CLOSED else LATER
    return move(request, to, by=by, at=at, record=record(at), facts=facts)


def walked(to: Stage, request: ChangeRequest | None = None) -> ChangeRequest:
    """A request that took the usual way to a stage."""
    request = request or draft()
    for stage, by in WAY:
        if request.stage is to:
            return request
        request = with_needs(request, stage, by=by, at=LATER if stage is Stage.CLOSED else None)
        if stage is Stage.RELEASED:
            at = tick()
            request = sign(request, stage, by=MSO, at=at, record=record(at), facts=GOOD_FACTS)
        request = take(request, stage, by=by)
    return request


def ready_for(to: Stage) -> ChangeRequest:
    """A request one step before a stage of the usual way, with all that the step needs."""
    stages = [Stage.DRAFT, *(stage for stage, _ in WAY)]
    before = stages[stages.index(to) - 1]
    return with_needs(walked(before), to, by=dict(WAY)[to])
