"""What an open hazard means for a release: the facts that the gates of core ask about."""

from openinfusion.core.consensus import Control, ControlStatus, OpenHazard, Preference, blocks_release
from openinfusion.core.gates import HazardFact
from openinfusion.core.library import Library
from openinfusion.core.roles import Role
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.consensus.models import ControlRecorded, HazardOpened
from openinfusion.web.library.models import DrugLibrary


def open_hazards(
    organisation: Organisation, document: Library, *, library: DrugLibrary | None = None
) -> tuple[HazardFact, ...]:
    """
    Return the hazards that decisions re-opened and that a library document would carry to pumps, with what is lacking.

    A hazard concerns a document that has any of its care areas, and every document of the ``library`` that it was
    opened for: to take its areas out of the document controls nothing.
    """
    known = {area.id for area in document.care_areas}
    standing = organisation.hazards_opened.filter(closed_at=None).prefetch_related("controls")
    return tuple(
        fact_of(row, document)
        for row in standing
        if row.library_id == getattr(library, "pk", 0) or known & {*row.areas}
    )


def fact_of(row: HazardOpened, document: Library) -> HazardFact:
    """Return what the gates ask about one hazard; "uncontrolled" tells what the document or its controls lack."""
    why = blocks_release(hazard_of(row), document)
    return HazardFact(
        id=row.hazard,
        residual=row.residual,
        justified=bool(row.justification and row.rated_by_id),
        uncontrolled=why.removeprefix(f"{row.hazard} ") if why else "",
        owner=Role.CLINICAL_SAFETY_OFFICER.words,
        due=row.due,
    )


def hazard_of(row: HazardOpened) -> OpenHazard:
    """Return an open hazard as core knows it, with its controls."""
    return OpenHazard(
        hazard=row.hazard,
        drug=row.drug,
        areas=tuple(row.areas),
        because=row.because,
        controls=tuple(control_of(one) for one in row.controls.all()),
    )


def control_of(row: ControlRecorded) -> Control:
    """Return a control as core knows it."""
    return Control(
        preference=Preference(row.preference),
        text=row.text,
        status=ControlStatus(row.status),
        evidence=row.evidence or None,
    )
