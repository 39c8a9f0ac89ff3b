"""Publishing what was signed: every signature and every fact is checked first, and nothing is published in part."""

import shutil
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from securesystemslib.signer import Signer
from tuf.api.metadata import Metadata, Root, Targets, Timestamp

from openinfusion.core.errors import OperatorError, SenderError
from openinfusion.fleet.authority.listing import Listed, listing_of
from openinfusion.fleet.authority.online import NOTHING_SEEN, Seen, Signed, put_out, read_orders, roles_in_force
from openinfusion.fleet.authority.proposals import Proposal, check_contents, lacking, standing_of
from openinfusion.fleet.authority.rings import assigned
from openinfusion.fleet.authority.trees import Authority
from openinfusion.fleet.authority.trust import is_signed_for
from openinfusion.fleet.release import ROLES, role_name


def publish(
    authority: Authority, proposal: Proposal, online: Signer, *, at: datetime, seen: Seen = NOTHING_SEEN
) -> None:
    """
    Publish a proposal that everybody signed who must; it is gone from what waits afterwards.

    Raises:
        OperatorError: a signature is missing (the message says whose), or it expired, or something newer is in force.
        SenderError: pharmacy and safety signed different things, or the library is not what they signed.

    """
    with authority.alone():
        files = proposal.files()
        check_contents(proposal)
        if lacks := lacking(files, standing_of(authority)):
            found = f"{len(files)} files that are not signed by all who must"
            raise OperatorError(where=proposal.name, found=found, expected="; ".join(sorted(set(map(str, lacks)))))
        _check_fresh(files, at)
        act = _publish_release if proposal.about()["kind"] == "release" else _publish_trust
        act(authority, proposal, files, online=online, at=at, seen=seen)
        shutil.rmtree(proposal.folder)


def _check_fresh(files: Mapping[str, Metadata[Any]], at: datetime) -> None:
    for path, metadata in files.items():
        if metadata.signed.is_expired(at):
            found = f"signed, and expired on {metadata.signed.expires.date()}"
            raise OperatorError(where=path, found=found, expected="a new proposal, signed again")


def _publish_release(
    authority: Authority,
    proposal: Proposal,
    files: Mapping[str, Metadata[Any]],
    *,
    online: Signer,
    at: datetime,
    seen: Seen,
) -> None:
    about = proposal.about()
    place = {"hospital": str(about["hospital"]), "profile": str(about["profile"])}
    names = {role: role_name(role, **place) for role in ROLES}
    wanted = {f"releases/{name}.json" for name in names.values()}
    if set(files) != wanted:
        raise SenderError(where=proposal.name, found=", ".join(sorted(files)), expected=", ".join(sorted(wanted)))
    signed = {name: files[f"releases/{name}.json"] for name in names.values()}
    for name, metadata in signed.items():
        _check_newer(name, metadata, authority.releases.in_force(name))
    listing = check_contents(proposal)
    _check_rings(authority, listing, **place)
    known = listing_of(authority, **place)
    new = {number: one for number, one in listing.items() if known.get(number) != one}
    _check_not_recalled(authority, new, **place)
    libraries: dict[str, bytes] = {}
    for one in new.values():
        _check_number(one, known, **place)
        libraries |= dict.fromkeys((one.release.target(role) for role in ROLES), proposal.bytes_of(one))
    put_out(authority, online, at=at, seen=seen, signed=Signed(roles=signed, libraries=libraries))


def _check_newer(name: str, metadata: Metadata[Any], before: Metadata[Any] | None) -> None:
    if before is None or metadata.to_bytes() == before.to_bytes():  # an attempt before was cut off after this
        return
    if metadata.signed.version <= before.signed.version:
        found = f"version {metadata.signed.version} where {before.signed.version} is in force"
        raise OperatorError(where=name, found=found, expected="a new proposal: another was published since")


def _check_rings(authority: Authority, listing: Mapping[int, Listed], *, hospital: str, profile: str) -> None:
    """Refuse a list without a release that a ring was told to run since it was proposed."""
    for ring, one in assigned(authority).items():
        if (ring.hospital, ring.profile) == (hospital, profile) and one.release.number not in listing:
            found = f"a list without release {one.release.number}, which ring {ring.name} shall run"
            raise OperatorError(where=f"{hospital}, {profile}", found=found, expected="a new proposal, signed again")


def _check_not_recalled(authority: Authority, new: Mapping[int, Listed], *, hospital: str, profile: str) -> None:
    """Refuse a twin whose content was recalled since it was proposed."""
    recalled = read_orders(authority).recalled_of(hospital, profile)
    for one in new.values():
        if one.release.content_of in recalled:
            found = f"release {one.release.number} with the content of release {one.release.content_of}, recalled since"
            raise OperatorError(where=f"{hospital}, {profile}", found=found, expected="a new proposal, signed again")


def _check_number(one: Listed, known: Mapping[int, Listed], *, hospital: str, profile: str) -> None:
    release = one.release
    if (release.hospital, release.profile) != (hospital, profile):
        found = f"a release for {release.hospital}, {release.profile}"
        raise SenderError(where=f"release {release.number}", found=found, expected=f"{hospital}, {profile}")
    if release.number <= max(known, default=0):
        expected = f"a number above {max(known)}: a number is never used twice"
        raise OperatorError(where="release", found=f"number {release.number} again", expected=expected)


def _publish_trust(
    authority: Authority,
    proposal: Proposal,
    files: Mapping[str, Metadata[Any]],
    *,
    online: Signer,
    at: datetime,
    seen: Seen,
) -> None:
    roots = {tree: files[f"{tree.name}/root.json"] for tree in (authority.releases, authority.director)}
    for tree, root in roots.items():
        newest = max(tree.versions(Root.type), default=0)
        is_again = newest and tree.root().to_bytes() == root.to_bytes()  # an attempt before was cut off
        if root.signed.version != newest + 1 and not is_again:
            found = f"root version {root.signed.version} after version {newest}"
            raise OperatorError(where=proposal.name, found=found, expected=f"version {newest + 1}: a new proposal")
    targets = files["releases/targets.json"]
    _check_newer(Targets.type, targets, authority.releases.in_force(Targets.type))
    if online.public_key.keyid not in roots[authority.releases].signed.roles[Timestamp.type].keyids:
        expected = "the online key that the new root names"
        raise OperatorError(where="online key", found="another key", expected=expected)
    signed = _signed_again(authority, files)
    for name, metadata in {**roles_in_force(authority.releases), **signed}.items():
        if name != Targets.type and not is_signed_for(targets.signed, name, metadata):
            found = "a list whose signers are gone from the trust"
            raise OperatorError(where=name, found=found, expected="a new proposal, in which others sign it again")
    made = Signed(roots={tree.name: root for tree, root in roots.items()}, roles={Targets.type: targets, **signed})
    put_out(authority, online, at=at, seen=seen, signed=made)


def _signed_again(authority: Authority, files: Mapping[str, Metadata[Any]]) -> dict[str, Metadata[Any]]:
    """Return what others sign again in a ceremony: the same releases, or it is refused."""
    given = {path.removeprefix("releases/").removesuffix(".json"): metadata for path, metadata in files.items()}
    signed = {name: metadata for name, metadata in given.items() if name.startswith(ROLES)}
    for name, metadata in signed.items():
        before = authority.releases.in_force(name)
        _check_newer(name, metadata, before)
        if before is None or before.signed.targets != metadata.signed.targets:
            raise SenderError(where=name, found="other releases", expected="those in force: a ceremony changes none")
    return signed
