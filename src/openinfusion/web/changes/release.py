"""Releasing: the draft becomes a version, whose canonical bytes are what was signed and what the pumps' signers get."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from openinfusion.adapters.library_file import identity
from openinfusion.core import governance
from openinfusion.core.difference import difference
from openinfusion.core.errors import ChangeControlError, OpenInfusionError
from openinfusion.core.gates import Facts
from openinfusion.core.library import Library
from openinfusion.core.stages import Stage
from openinfusion.core.wording import listed
from openinfusion.fleet.authority.listing import listing_of
from openinfusion.fleet.authority.proposals import LIBRARY, Proposal, all_proposals, lacking
from openinfusion.fleet.authority.releasing import Terms, propose_release, unfit
from openinfusion.fleet.authority.trees import Authority
from openinfusion.fleet.authority.trust import read_trust
from openinfusion.web.accounts.models import User
from openinfusion.web.audit import book
from openinfusion.web.changes.candidate import candidate_of
from openinfusion.web.changes.desk import Shown, move, request_of
from openinfusion.web.changes.models import Change
from openinfusion.web.library.accepting import acceptances_of, keep_accepted
from openinfusion.web.library.becoming import document_of
from openinfusion.web.library.models import DrugLibrary, Version
from openinfusion.web.library.store import add_version, draft_library, library_of, newer_than_base

_HANDED_OVER_IN = frozenset(
    {Stage.APPROVED, Stage.RELEASED, Stage.DISTRIBUTING, Stage.EMERGENCY_APPROVED, Stage.RATIFIED}
)


@transaction.atomic
def release(
    change: Change, *, by: User, at: datetime, record: governance.Record, facts: Facts, shown: Shown | None
) -> Change:
    """
    Sign a release; with the last signature the draft becomes the next version of its library.

    Raises:
        ChangeControlError: why not, and whose it is; or the draft is not what was judged.

    """
    # One release of a library after the other: the second finds its base outdated, and undoes nothing of the first.
    DrugLibrary.objects.select_for_update(no_key=True).get(pk=change.library_id)
    document = judged(change)
    refuse_unsigned(change, facts.library)
    if identity(document) != facts.library:
        raise _other(change, "a draft that was edited while this page was open", "the library whose hash was noted")
    made = move(change, Stage.RELEASED, by=by, at=at, record=record, facts=facts, shown=shown)
    if made.stage != Stage.RELEASED.value:
        return made
    accepted: list[str] = []
    version = add_version(change.library, document, origin=Version.Origin.CHANGE, by=by, at=at, note=made.title)
    approved = request_of(made).last_act(Stage.APPROVED)
    Version.objects.filter(pk=version.pk).update(released_at=at, approved_at=approved.at if approved else None)
    made.version = version
    made.save(update_fields=["version"])
    if made.draft is not None:
        candidate = candidate_of(made, at)
        accepted = [str(one) for one in keep_accepted(made.draft, candidate.findings if candidate else (), at=at)]
        made.draft.closed_at = at
        made.draft.save(update_fields=["closed_at"])
    book.write(
        "make version",
        f"{change.library.slug} {version.label}",
        by=by,
        organisation=change.organisation,
        at=at,
        after={"sha256": version.sha256, "accepted": accepted},
        reason=made.reference,
    )
    return made


def judged(change: Change) -> Library:
    """Return the library of a draft, if it is the one that everybody judged, on the version that is the newest."""
    draft = change.draft
    if draft is None:
        raise _other(change, "no draft", "a change with a draft")
    newest = outdated(change)
    if newest is not None:
        raise _other(
            change,
            f"a draft made from version {draft.base.label}, while version {newest.label} came since",
            "to be sent back to the author, who moves it onto the newest version",
        )
    found = difference(library_of(draft.base), draft_library(draft)).changes
    if found != request_of(change).changes:
        raise _other(change, "a draft that is not what was judged", "to be sent back to the author")
    return document_of(draft)


def outdated(change: Change) -> Version | None:
    """Return the newest version where a draft that is not released yet began from an older one."""
    return None if change.draft is None or change.version is not None else newer_than_base(change.draft)


def _other(change: Change, found: str, expected: str) -> ChangeControlError:
    return ChangeControlError(where=f"change request {change.reference}", found=found, expected=expected)


# --- The pumps' own signatures ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """
    Where the package for the pumps stands: its folder, who must still sign it, and whether it is published.

    ``fault`` says in words why the authority's folder could not be read.
    """

    name: str = ""
    folder: Path | None = None
    lacks: tuple[str, ...] = ()
    is_published: bool = False
    fault: str = ""


def authority() -> Authority | None:
    """Return the authority over signed releases of this place, where there is one."""
    folder = settings.PLACE.authority
    return None if folder is None else Authority(folder)


def profiles(change: Change) -> tuple[str, str]:
    """Return the hospital and the profile under which a library is released: the slugs of both."""
    return change.organisation.slug, change.library.slug


@transaction.atomic
def hand_over(change: Change, *, by: User, at: datetime) -> Proposal:
    """
    Write the proposal that a pharmacist and a safety officer sign with keys of their own, on machines of their own.

    Raises:
        OperatorError: there is no authority here, or nobody may sign for this hospital and profile.
        ChangeControlError: it is not approved, or the draft is not what was judged, or no pump may run it.

    """
    over = authority()
    if over is None:
        raise _other(change, "no authority over signed releases at this place", "the canonical file to be downloaded")
    if why := why_no_hand_over(change):
        raise _other(change, f"a request that is {request_of(change).stage.words}", why)
    hospital, profile = profiles(change)
    terms = Terms(hospital=hospital, profile=profile, reason=f"{change.reference}: {change.title}")
    document = judged(change) if change.version is None else library_of(change.version)
    faults = unfit(document, on=timezone.localdate(at), acceptances=acceptances_of(change.library, change.draft))
    if faults and not read_trust(over).is_trial:
        raise _other(change, faults[0].found, faults[0].expected)
    book.write(
        "hand over for signing",
        change.reference,
        by=by,
        organisation=change.organisation,
        at=at,
        after={"sha256": identity(document)},
    )
    with over.alone():
        return propose_release(over, document, terms, at=at)


def why_no_hand_over(change: Change) -> str | None:
    """Return why there is nothing to hand over yet, or ``None``: signers are never given what nobody approved."""
    if request_of(change).stage in _HANDED_OVER_IN:
        return None
    return "a package for the pumps to be written once the change is approved"


def why_no_read_back(change: Change) -> str | None:
    """Return why a read-back of a change is not taken, or ``None``: what is typed into the editor is approved first."""
    if change.version is not None or request_of(change).stage in _HANDED_OVER_IN:
        return None
    return "the vendor's editor to be read back once the change is approved"


def refuse_unsigned(change: Change, sha256: str) -> None:
    """
    Refuse a release whose package was not signed, where this place has an authority over signed releases.

    Raises:
        ChangeControlError: no package, one that still lacks signatures, or one of another name than was recorded.

    """
    if authority() is None:
        return
    package, said = handed(change, sha256), request_of(change).release_id
    expected = "the package with this SHA-256, signed by pharmacy and safety: 'Release gates' shows where it stands"
    if package is None or package.fault:
        raise _other(change, package.fault if package else "no package for the pumps", expected)
    if package.lacks:
        raise _other(change, f"{package.name}, which still lacks {listed(package.lacks)}", expected)
    if package.name != said:
        raise _other(change, f"{said or 'nothing'} recorded as the signed release", package.name)


def handed(change: Change, sha256: str) -> Handed | None:
    """Return where the package of a library stands; ``None`` where none was written, or there is no authority."""
    over = authority()
    if over is None or not sha256:
        return None
    hospital, profile = profiles(change)
    try:
        found = _waiting(over, sha256, hospital=hospital, profile=profile)
        return found or _published(over, sha256, hospital=hospital, profile=profile)
    except (OpenInfusionError, OSError) as error:
        return Handed(fault=str(error))


def _waiting(over: Authority, sha256: str, *, hospital: str, profile: str) -> Handed | None:
    for one in all_proposals(over):
        file, about = one.folder / LIBRARY, one.about()
        is_ours = (about.get("hospital"), about.get("profile")) == (hospital, profile)
        if is_ours and file.exists() and book.digest(file.read_bytes()) == sha256:
            lacks = dict.fromkeys(str(lack) for lack in lacking(one.files(), one.standing()))
            return Handed(name=one.name, folder=one.folder, lacks=tuple(lacks))
    return None


def _published(over: Authority, sha256: str, *, hospital: str, profile: str) -> Handed | None:
    for number, one in listing_of(over, hospital, profile).items():
        if one.content.sha256 == sha256:
            return Handed(name=f"{hospital}--{profile}--{number}", is_published=True)
    return None
