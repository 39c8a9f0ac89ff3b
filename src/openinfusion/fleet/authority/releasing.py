"""Proposing a library as the next release, with its recall twin."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from tuf.api.metadata import Metadata

from openinfusion.adapters.documents import canonical_bytes
from openinfusion.core.errors import OperatorError
from openinfusion.core.library import Library, Status
from openinfusion.core.review import Acceptance, Severity, review
from openinfusion.core.wording import counted
from openinfusion.fleet.authority.listing import (
    Listed,
    Listing,
    ever_listed,
    library_bytes,
    listing_of,
    make_listing,
)
from openinfusion.fleet.authority.online import NOTHING_SEEN, Orders, Seen, read_orders
from openinfusion.fleet.authority.proposals import (
    LIBRARY,
    TWIN,
    Proposal,
    all_proposals,
    check_contents,
    write_proposal,
)
from openinfusion.fleet.authority.trees import Authority, content_of
from openinfusion.fleet.authority.trust import lists, read_trust
from openinfusion.fleet.probes import make_probes
from openinfusion.fleet.release import ROLES, Release, ring_target, role_name

READY = frozenset({Status.APPROVED, Status.RELEASED, Status.IMPLEMENTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfit:
    """One reason why no pump at a patient may run a library, and what is expected instead."""

    found: str
    expected: str


def unfit(library: Library, *, on: date, acceptances: Iterable[Acceptance] = ()) -> tuple[Unfit, ...]:
    """Return every reason why a library may not be proposed on a clinical authority; a trial only tells."""
    faults = []
    if errors := review(library, at=on, acceptances=tuple(acceptances)).count(Severity.ERROR):
        expected = "none, or each accepted with a reason: 'library check' shows them"
        faults.append(Unfit(found=f"{counted(errors, 'error')} of review", expected=expected))
    if library.library.not_for_clinical_use:
        expected = "one that is; a bench is made with 'init --trial'"
        faults.append(Unfit(found="a library that is not for clinical use", expected=expected))
    if library.library.status not in READY:
        faults.append(Unfit(found=f"a library that is {library.library.status.value}", expected="an approved one"))
    return tuple(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """
    What a release says beside its library.

    Attributes:
        hospital, profile: whose pumps it is for.
        reason: why it is released, in one sentence.
        models, hardware, minimum_agent: as in ``Release``.

    """

    hospital: str
    profile: str
    reason: str
    models: tuple[str, ...] = ()
    hardware: tuple[str, ...] = ()
    minimum_agent: str = "0"

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise OperatorError(where="release", found="no reason", expected="why it is released, in one sentence")


def propose_release(
    authority: Authority, library: Library, terms: Terms, *, at: datetime, seen: Seen = NOTHING_SEEN
) -> Proposal:
    """
    Propose a library as the next release, with its recall twin; it waits for a pharmacist and a safety officer.

    Raises:
        OperatorError: nobody may sign for this hospital and profile.

    """
    hospital, profile = terms.hospital, terms.profile
    if (hospital, profile) not in lists(read_trust(authority)):
        expected = "a hospital and profile with signers for pharmacy and for safety: 'fleet keys' lists them"
        raise OperatorError(where="release", found=f"{hospital}, {profile}", expected=expected)
    listing, orders = listing_of(authority, hospital, profile), read_orders(authority)
    before = content_before(listing, orders, hospital=hospital, profile=profile)
    content = canonical_bytes(library)
    release = _release(library, terms, number=_next_number(authority, terms, seen))
    new = {release.number: Listed(release=release, content=content_of(content))}
    contents = {LIBRARY: content}
    if before is not None:
        twin = replace(before.release, number=release.number + 1, reason=f"recall of release {release.number}")
        new[twin.number] = Listed(release=twin, content=before.content)
        contents[TWIN] = library_bytes(authority, before)
    kept = _kept(listing, before, orders, hospital=hospital, profile=profile)
    files = _listings(authority, kept | new, hospital=hospital, profile=profile, at=at)
    about = {"kind": "release", "hospital": hospital, "profile": profile, "number": release.number}
    return write_proposal(
        authority, f"{hospital}--{profile}--{release.number}", about=about, files=files, contents=contents
    )


def propose_renewal(authority: Authority, *, hospital: str, profile: str, at: datetime) -> Proposal:
    """
    Propose what is released for another 400 days; nothing else changes.

    Raises:
        OperatorError: nothing is released for this hospital and profile.

    """
    listing = listing_of(authority, hospital, profile)
    if not listing:
        found = f"nothing released for {hospital}, {profile}"
        raise OperatorError(where="renewal", found=found, expected="a hospital and profile with a release")
    files = _listings(authority, listing, hospital=hospital, profile=profile, at=at)
    about = {"kind": "release", "hospital": hospital, "profile": profile, "number": None}
    return write_proposal(authority, f"{hospital}--{profile}--renewal", about=about, files=files)


def _listings(
    authority: Authority, listing: Listing, *, hospital: str, profile: str, at: datetime
) -> dict[str, Metadata[Any]]:
    """Return the unsigned listings of pharmacy and safety, by path inside a proposal."""
    files: dict[str, Metadata[Any]] = {}
    for role in ROLES:
        name = role_name(role, hospital=hospital, profile=profile)
        # Never below the highest number: a role that was restored from a backup passes what it once was.
        version = max(*authority.releases.versions(name), *listing, 0) + 1
        files[f"releases/{name}.json"] = make_listing(role, listing, version=version, at=at)
    return files


def content_before(listing: Listing, orders: Orders, *, hospital: str, profile: str) -> Listed | None:
    """Return the release whose content a recall would bring back: the last that was neither recalled nor halted."""
    prefix = ring_target(hospital=hospital, profile=profile, ring="")[: -len(".json")]
    recalled = orders.recalled_of(hospital, profile)
    halted = {number for path, number in orders.halted.items() if path.startswith(prefix)}
    taken_back = recalled | halted
    in_use = [
        one
        for number, one in listing.items()
        if number not in taken_back
        and one.release.content_of not in recalled
        and (not one.release.is_recall or number - 1 in taken_back)
    ]
    return max(in_use, key=lambda one: one.release.number, default=None)


def _release(library: Library, terms: Terms, *, number: int) -> Release:
    return Release(
        number=number,
        content_of=number,
        hospital=terms.hospital,
        profile=terms.profile,
        library_name=library.library.name,
        library_version=library.library.version,
        reason=terms.reason,
        models=terms.models,
        hardware=terms.hardware,
        minimum_agent=terms.minimum_agent,
        probes=make_probes(library),
    )


def _next_number(authority: Authority, terms: Terms, seen: Seen) -> int:
    """Return a number above all that were given; a number that a pump reports may have had a twin after it."""
    place = (terms.hospital, terms.profile)
    reported = seen.numbers.get(place, 0)
    own = max((*ever_listed(authority, *place), *_numbers_signed(authority, place)), default=0)
    return own + 1 if reported <= own else reported + 2


def _numbers_signed(authority: Authority, place: tuple[str, str]) -> Iterator[int]:
    """Yield numbers that somebody has signed, published or not: a number means one content for ever."""
    for proposal in all_proposals(authority):
        about = proposal.about()
        is_signed = any(metadata.signatures for metadata in proposal.files().values())
        if is_signed and (about.get("hospital"), about.get("profile")) == place:
            yield from check_contents(proposal)


def _kept(listing: Listing, before: Listed | None, orders: Orders, *, hospital: str, profile: str) -> dict[int, Listed]:
    """
    Return what stays listed: what a ring runs, the release before, and their twins. The rest cannot come back.

    Pumps keep what was halted, so its twin stays too.
    """
    where, recalled = f"{hospital}/{profile}/", orders.recalled_of(hospital, profile)
    running = {
        Release.from_custom(target.custom, where=path).number
        for path, target in orders.rings.items()
        if path.startswith(where)
    }
    halted = {number for path, number in orders.halted.items() if path.startswith(where)}
    wanted = running if before is None else running | {before.release.number}
    afterwards = {number + 1 for number in wanted | halted}
    twins = {n for n, one in listing.items() if n in afterwards and one.release.is_recall}
    useless = {n for n in twins - wanted if listing[n].release.content_of in recalled}
    return {n: one for n, one in listing.items() if n in (wanted | twins) - recalled - useless}
