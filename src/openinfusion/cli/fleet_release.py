"""`openinfusion fleet`: propose a release, show and sign it, publish it."""

from pathlib import Path
from typing import Annotated

import typer

from openinfusion.adapters.library_file import library_from_bytes
from openinfusion.adapters.open_library import open_library
from openinfusion.adapters.review_file import read_acceptances
from openinfusion.cli import show
from openinfusion.cli.console import error_console, say, styled, table
from openinfusion.cli.fleet_options import (
    HERE,
    Folder,
    Hospital,
    OnlineKey,
    PassphraseFile,
    Profile,
    now,
    online_signer,
    place_of,
    say_trial,
    say_waiting,
    signer_of,
)
from openinfusion.core.difference import difference
from openinfusion.core.errors import AuthorError, OperatorError
from openinfusion.core.library import Library
from openinfusion.core.wording import counted
from openinfusion.fleet.authority.keys import holder_of
from openinfusion.fleet.authority.listing import Listed
from openinfusion.fleet.authority.online import Seen
from openinfusion.fleet.authority.proposals import (
    LIBRARY,
    TWIN,
    Proposal,
    all_proposals,
    check_contents,
    collect,
    find_proposal,
    open_proposal,
    proposed_trust,
    sign,
    standing_trust,
)
from openinfusion.fleet.authority.publishing import publish
from openinfusion.fleet.authority.releasing import Terms, propose_release, propose_renewal, unfit
from openinfusion.fleet.authority.trees import Authority
from openinfusion.fleet.authority.trust import Trust, everybody, read_trust


def release(
    library: Annotated[Path, typer.Argument(help="the library (.json)")],
    *,
    reason: Annotated[str, typer.Option(help="why it is released, in one sentence")],
    hospital: Hospital = None,
    profile: Profile = None,
    accepted: Annotated[Path | None, typer.Option(help="findings of review accepted with a reason (.toml)")] = None,
    model: Annotated[list[str] | None, typer.Option(help="a model of pump that may take it; all if not said")] = None,
    hardware: Annotated[list[str] | None, typer.Option(help="a hardware revision that may take it")] = None,
    minimum_agent: Annotated[str, typer.Option(help="the oldest version of the agent that may take it")] = "0",
    seen_number: Annotated[
        int, typer.Option(min=0, help="the highest release that a pump reports, after a restore")
    ] = 0,
    authority: Folder = HERE,
) -> None:
    """
    Propose a library as the next release, with its recall twin; a pharmacist and a safety officer sign it next.

    A library with errors of review, a draft, or one that is not for clinical use is refused; a trial only tells.

    Example: openinfusion fleet release examples/trust/library-1.0.0.json --reason "First library of the bench"
    """
    office = Authority(authority)
    place = place_of(office, hospital, profile)
    opened = open_library(library, None).library
    _judge(opened, accepted, where=library.name, is_trial=read_trust(office).is_trial)
    terms = Terms(
        hospital=place[0],
        profile=place[1],
        reason=reason,
        models=tuple(model or ()),
        hardware=tuple(hardware or ()),
        minimum_agent=minimum_agent,
    )
    with office.alone():
        proposal = propose_release(office, opened, terms, at=now(), seen=Seen(numbers={place: seen_number}))
    _show(proposal, limit=10)
    say_waiting(proposal)


def _judge(library: Library, accepted: Path | None, *, where: str, is_trial: bool) -> None:
    """Refuse a library that no pump at a patient may run; on a bench, say why it would be refused."""
    faults = unfit(library, on=now().date(), acceptances=read_acceptances(accepted) if accepted else ())
    if faults and not is_trial:
        raise AuthorError(where=where, found=faults[0].found, expected=faults[0].expected)
    for fault in faults:
        said = f"On a clinical authority this is refused: {fault.found}."
        error_console().print(said, style="yellow", soft_wrap=True)


def renew(*, hospital: Hospital = None, profile: Profile = None, authority: Folder = HERE) -> None:
    """
    Propose what is released for another 400 days, unchanged; a pharmacist and a safety officer sign it next.

    Example: openinfusion fleet renew
    """
    office = Authority(authority)
    place = place_of(office, hospital, profile)
    with office.alone():
        proposal = propose_renewal(office, hospital=place[0], profile=place[1], at=now())
    _show(proposal, limit=10)
    say_waiting(proposal)


def sign_proposal(
    proposal: Annotated[Path, typer.Argument(help="the folder of what is to be signed; it may be carried here")],
    *,
    key: Annotated[str, typer.Option(help="your key: a file, or hsm:2?label=TOKEN")],
    limit: Annotated[int, typer.Option(help="how many changes to print; 0 for all")] = 0,
    yes: Annotated[bool, typer.Option("--yes", help="sign without asking: for a bench")] = False,
    passphrase_file: PassphraseFile = None,
) -> None:
    """
    Show in words what is to be signed, ask, and sign it with your key.

    Example: openinfusion fleet sign authority/proposals/st-elsewhere--adult--1 --yes
        --key authority/keys/pharmacist.pem
    """
    waiting = open_proposal(proposal)
    _show(waiting, limit=limit)
    if not yes and not typer.confirm("Is this what you mean to sign?"):
        say("Nothing was signed.")
        raise typer.Exit(1)
    signed = sign(waiting, signer_of(key, passphrase_file))
    say(f"Signed: {', '.join(path.removesuffix('.json') for path in signed)}.")
    say_waiting(waiting)


def collect_signatures(
    copy: Annotated[
        Path, typer.Argument(help="the folder of a proposal that was carried away and signed", metavar="COPY")
    ],
    *,
    authority: Folder = HERE,
) -> None:
    """
    Take the signatures of a proposal that somebody signed elsewhere into the one that waits here.

    Example: openinfusion fleet collect carried/st-elsewhere--adult--1
    """
    carried = open_proposal(copy)
    waiting = find_proposal(Authority(authority), carried.name)
    signed = collect(waiting, carried)
    say(f"Signed so far: {', '.join(signed) or 'nobody'}.")
    say_waiting(waiting)


def publish_proposal(
    name: Annotated[str | None, typer.Argument(help="what to publish; the only one that waits if not said")] = None,
    *,
    online_key: OnlineKey = None,
    passphrase_file: PassphraseFile = None,
    authority: Folder = HERE,
) -> None:
    """
    Publish what everybody signed who must; otherwise say who is missing. No pump gets it before a ring is assigned.

    Example: openinfusion fleet publish
    """
    office = Authority(authority)
    waiting = find_proposal(office, name) if name else _only(office)
    publish(office, waiting, online_signer(office, online_key, passphrase_file), at=now())
    say(f"Published: {waiting.name}.")
    say_trial(office)


def _only(authority: Authority) -> Proposal:
    waiting = all_proposals(authority)
    if len(waiting) != 1:
        names = ", ".join(one.name for one in waiting)
        found = f"{counted(len(waiting), 'proposal')} that wait" if waiting else "nothing that waits"
        expected = f"the name of one: {names}" if waiting else "a proposal, such as 'fleet release' makes"
        raise OperatorError(where="publish", found=found, expected=expected)
    return waiting[0]


# --- In words ---------------------------------------------------------------------------------------------------------


def _show(proposal: Proposal, *, limit: int) -> None:
    about = proposal.about()
    if about["kind"] != "release":
        _show_trust(proposal)
        return
    listing = check_contents(proposal)
    expires = min(metadata.signed.expires for metadata in proposal.files().values())
    say(styled(f"What pumps of {about['hospital']}, {about['profile']} may take, until {expires.date()}:", "bold"))
    columns = ("release", "library", "content of", "sha256", "bytes", "reason")
    say(table("", columns, [_row(one, about["number"]) for one in listing.values()], right=(4,)))
    if about["number"] is None:
        say("Nothing else changes.")
        return
    _show_change(proposal, listing, number=about["number"], limit=limit)


def _show_trust(proposal: Proposal) -> None:
    """Print who may sign once it is published, read from what is signed and not from the words beside it."""
    after, before = proposed_trust(proposal.files()), standing_trust(proposal.standing())
    known = set() if before is None else set(_who(before))
    say(styled("Who may sign once it is published:", "bold"))
    rows = [("" if one in known else "new", *one) for one in _who(after)]
    say(table("", ("", "signs as", "holder", "must sign", "key"), rows, right=(3,)))
    for role, holder, must, key in sorted(known - set(_who(after))):
        say(f"No longer: {holder}, {role} (of whom {must} must sign), key {key}")
    again = [path for path in proposal.files() if path != "releases/targets.json" and "root" not in path]
    for path in again:
        say(f"Signed again, unchanged: {path.removesuffix('.json')}")
    if after.is_trial:
        say(styled("A trial. Not for clinical use.", "bold red"))


def _who(trust: Trust) -> list[tuple[str, str, int, str]]:
    return [(words, holder_of(key), must, key.keyid[:16]) for words, key, must in everybody(trust)]


def _row(one: Listed, number: int | None) -> tuple[object, ...]:
    release = one.release
    is_new = number is not None and release.number >= number
    what = f"{release.number}{' recall twin' if release.is_recall else ''}{', new' if is_new else ''}"
    of = str(release.content_of) if release.is_recall else ""
    library = f"{release.library_name} {release.library_version}"
    return what, library, of, one.content.sha256[:16], f"{one.content.length:,}", release.reason


def _show_change(proposal: Proposal, listing: dict[int, Listed], *, number: int, limit: int) -> None:
    new = library_from_bytes(proposal.bytes_of(listing[number]), where=LIBRARY)
    twin = listing.get(number + 1)
    if twin is None:
        say(f"The first release: {counted(len(new.entries), 'entry', 'entries')}. A recall twin comes with the second.")
    else:
        show.changes(difference(library_from_bytes(proposal.bytes_of(twin), where=TWIN), new), limit=limit)
    if new.library.not_for_clinical_use:
        say(styled("Not for clinical use.", "bold red"))
