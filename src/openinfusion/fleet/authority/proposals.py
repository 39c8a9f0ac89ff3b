"""
What waits for signatures: a folder that can be carried to whoever signs, on a machine without a network.

A proposal holds the metadata to be signed, the library where it releases one, and what is in force, which says who may
sign. A signature is added to the files in it; nothing is in force before it is published.
"""

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from securesystemslib.signer import Signer
from tuf.api.metadata import Metadata, Root, Targets, VerificationResult

from openinfusion.adapters.documents import parse_json, read_bytes
from openinfusion.adapters.durable import sync_folder
from openinfusion.adapters.library_file import library_from_bytes
from openinfusion.core.errors import OperatorError, SenderError
from openinfusion.fleet.authority.keys import add_signature, holder_of
from openinfusion.fleet.authority.listing import Listed, Listing, read_listing
from openinfusion.fleet.authority.trees import Authority, content_of, read_metadata, write_whole
from openinfusion.fleet.authority.trust import Trust, make_root, make_targets, role_words, trust_of
from openinfusion.fleet.probes import look_up
from openinfusion.fleet.release import ROLES

LIBRARY, TWIN = "library.json", "twin.json"
_ABOUT = "about.json"
_ROOTS = ("releases/root.json", "director/root.json")
_TARGETS = "releases/targets.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is in force and says who may sign: the roots by repository, and the targets of ``releases``."""

    roots: Mapping[str, Metadata[Root]]
    targets: Metadata[Targets] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """Signatures that one file still needs: of whom, how many more, and who could give them."""

    file: str
    who: str
    more: int
    could: tuple[str, ...]

    def __str__(self) -> str:
        """Return it in words."""
        return f"{self.more} of {self.who} ({', '.join(self.could)})"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A folder with what is to be signed."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    def about(self) -> dict[str, Any]:
        """Return what it is: its kind and words."""
        file = self.folder / _ABOUT
        told: dict[str, Any] = parse_json(read_bytes(file), where=str(file))
        return told

    def files(self) -> dict[str, Metadata[Any]]:
        """Return what is to be signed, by path inside the folder."""
        found = sorted(self.folder.glob("*/*.json"))
        paths = [path.relative_to(self.folder).as_posix() for path in found]
        return {path: read_metadata(self.folder / path) for path in paths if not path.startswith("standing/")}

    def standing(self) -> Standing:
        """Return the copy of what was in force when it was proposed; whoever publishes asks the authority instead."""
        roots = {tree: self.folder / "standing" / f"{tree}.root.json" for tree in ("releases", "director")}
        targets = self.folder / "standing" / "targets.json"
        return Standing(
            roots={tree: read_metadata(file) for tree, file in roots.items() if file.exists()},
            targets=read_metadata(targets) if targets.exists() else None,
        )

    def bytes_of(self, one: Listed) -> bytes:
        """Return the bytes of a release that it brings; raises SenderError where they are not those that are listed."""
        file = self.folder / (TWIN if one.release.is_recall else LIBRARY)
        content = read_bytes(file) if file.exists() else None
        if content is None or content_of(content) != one.content:
            found = "no library" if content is None else "a library that is not the one that was signed"
            raise SenderError(where=self.name, found=found, expected=f"the bytes of release {one.release.number}")
        return content


def standing_of(authority: Authority) -> Standing:
    """Return what is in force."""
    trees = (authority.releases, authority.director)
    roots = {tree.name: tree.root() for tree in trees if tree.versions(Root.type)}
    return Standing(roots=roots, targets=authority.releases.in_force(Targets.type))


def write_proposal(
    authority: Authority,
    name: str,
    *,
    about: Mapping[str, Any],
    files: Mapping[str, Metadata[Any]],
    contents: Mapping[str, bytes] | None = None,
) -> Proposal:
    """Write a proposal in place of one of the same name; raises FileAccessError."""
    folder = authority.proposals / name
    made = authority.proposals / f".{name}"
    shutil.rmtree(made, ignore_errors=True)
    standing = standing_of(authority)
    parts = {f"standing/{tree}.root.json": root.to_bytes() for tree, root in standing.roots.items()}
    if standing.targets is not None:
        parts["standing/targets.json"] = standing.targets.to_bytes()
    parts |= {path: metadata.to_bytes() for path, metadata in files.items()} | dict(contents or {})
    parts[_ABOUT] = json.dumps(dict(about), ensure_ascii=False, indent=2).encode()
    for path, content in parts.items():
        write_whole(made / path, content)
    shutil.rmtree(folder, ignore_errors=True)
    made.rename(folder)
    sync_folder(authority.proposals)
    return Proposal(folder)


def open_proposal(folder: Path) -> Proposal:
    """Return the proposal in a folder, wherever it was carried; raises OperatorError where there is none."""
    if not (folder / _ABOUT).exists():
        raise OperatorError(where=str(folder), found="no proposal", expected="a folder of 'proposals' of the authority")
    return Proposal(folder)


def find_proposal(authority: Authority, name: str) -> Proposal:
    """Return a proposal by its name; raises OperatorError where there is none."""
    proposal = Proposal(authority.proposals / name)
    if not (proposal.folder / _ABOUT).exists():
        known = ", ".join(one.name for one in all_proposals(authority)) or "none waits"
        raise OperatorError(where="proposal", found=repr(name), expected=f"the name of one that waits: {known}")
    return proposal


def all_proposals(authority: Authority) -> list[Proposal]:
    """Return what waits for signatures."""
    return [Proposal(file.parent) for file in sorted(authority.proposals.glob(f"[!.]*/{_ABOUT}"))]


def sign(proposal: Proposal, signer: Signer) -> list[str]:
    """
    Add a signature to every file that the holder of a key may sign, and return what was signed for.

    Raises:
        OperatorError: the key may sign nothing in this proposal.
        SenderError: what pharmacy and safety would sign differs, or the library beside it is another.

    """
    check_contents(proposal)
    files, standing = proposal.files(), proposal.standing()
    keyid = signer.public_key.keyid
    signed = []
    for path, metadata in files.items():
        results = [result for _, result in _results(path, files, standing)]
        if any(keyid in {**result.signed, **result.unsigned} for result in results):
            add_signature(metadata, signer)
            write_whole(proposal.folder / path, metadata.to_bytes())
            signed.append(path)
    if not signed:
        who = "; ".join(sorted({str(lack) for lack in lacking(proposal.files(), standing)})) or "nobody more"
        raise OperatorError(where=proposal.name, found="a key that may not sign it", expected=f"a signature of {who}")
    return signed


def check_contents(proposal: Proposal) -> dict[int, Listed]:
    """
    Return the releases that a proposal lists; none where it is about who may sign.

    What is signed must be what a signer was shown, so this is asked before a signature and before publishing.

    Raises:
        OperatorError: in the trust that is proposed one person could act for two.
        SenderError: pharmacy and safety do not list the same, the libraries beside are not those that are listed, or
            what is said of them is not what they hold.

    """
    about = proposal.about()
    if about["kind"] != "release":
        proposed_trust(proposal.files())
        return {}
    listings = [
        read_listing(path.removeprefix("releases/").partition("-")[0], metadata.signed)
        for path, metadata in proposal.files().items()
    ]
    if len(listings) != len(ROLES) or listings[0] != listings[1]:
        found = "pharmacy and safety list different releases"
        raise SenderError(where=proposal.name, found=found, expected="the same numbers, bytes and facts for both")
    if (number := about["number"]) is not None:
        _check_new(proposal, listings[0], number)
    return listings[0]


def proposed_trust(files: Mapping[str, Metadata[Any]]) -> Trust:
    """Return the trust that is proposed; raises SenderError where its files are not all there, or do not agree."""
    delegated = {path for path in files if path.startswith(tuple(f"releases/{role}-" for role in ROLES))}
    wanted = {*_ROOTS, _TARGETS}
    if set(files) - delegated != wanted:
        raise SenderError(where="trust", found=", ".join(sorted(files)), expected=", ".join(sorted(wanted)))
    trust = trust_of(files[_ROOTS[0]].signed, files[_TARGETS].signed)
    for path in _ROOTS:
        root: Root = files[path].signed
        made = make_root(trust, path.partition("/")[0], version=root.version, at=root.expires).signed
        if (root.roles, root.keys, root.unrecognized_fields) != (made.roles, made.keys, made.unrecognized_fields):
            raise SenderError(where=path, found="other signers", expected="the same in the roots of both repositories")
    targets: Targets = files[_TARGETS].signed
    made_targets = make_targets(trust, version=targets.version, at=targets.expires).signed
    if (targets.targets, targets.delegations) != (made_targets.targets, made_targets.delegations):
        raise SenderError(
            where=_TARGETS, found="more than who may sign what", expected="only that, each for its own path"
        )
    return trust


def standing_trust(standing: Standing) -> Trust | None:
    """Return the trust that stands; ``None`` where this is the first."""
    root = standing.roots.get("releases")
    return None if root is None or standing.targets is None else trust_of(root.signed, standing.targets.signed)


def _check_new(proposal: Proposal, listing: Listing, number: int) -> None:
    """Hold a new release and its twin against their bytes: what is signed must be what was shown."""
    for n in (number, number + 1):
        if n == number or n in listing:
            _check_facts(listing.get(n), proposal, number=n)
    twin = listing.get(number + 1)
    if twin is not None and not any(
        one.content == twin.content and one.release.content_of == twin.release.content_of
        for n, one in listing.items()
        if n < number
    ):
        found = "a recall twin with other content"
        raise SenderError(where=proposal.name, found=found, expected="the content of a release that is listed")


def _check_facts(one: Listed | None, proposal: Proposal, *, number: int) -> None:
    if one is None:
        raise SenderError(where=proposal.name, found="no new release", expected=f"release {number}")
    library = library_from_bytes(proposal.bytes_of(one), where=f"release {number}")
    found = (library.library.name, library.library.version)
    told = (one.release.library_name, one.release.library_version)
    if found != told:
        raise SenderError(
            where=f"release {number}", found=" ".join(found), expected=f"{' '.join(told)}, as it is listed"
        )
    for probe in one.release.probes:
        if (answer := look_up(library, probe)) != probe.expected:
            where = f"release {number}, {probe.entry}, {probe.limit}"
            raise SenderError(where=where, found=answer or "no limit", expected=probe.expected or "no limit")


def collect(proposal: Proposal, copy: Proposal) -> list[str]:
    """
    Take signatures from a copy that was carried to whoever signed it, and return who has signed by now.

    Raises:
        SenderError: the copy is of something else.

    """
    files, copied = proposal.files(), copy.files()
    for path, metadata in files.items():
        other = copied.get(path)
        if other is None or other.signed_bytes != metadata.signed_bytes:
            raise SenderError(where=str(copy.folder), found="another proposal", expected=f"a copy of {proposal.name}")
        metadata.signatures.update(other.signatures)
        write_whole(proposal.folder / path, metadata.to_bytes())
    results = [result for path in files for result in _results(path, files, proposal.standing())]
    return sorted({holder_of(key) for _, result in results for key in result.signed.values()})


def lacking(files: Mapping[str, Metadata[Any]], standing: Standing) -> list[Lack]:
    """Return which signatures are still needed, judged by what stands."""
    found = []
    for path in files:
        for who, result in _results(path, files, standing):
            if not result.verified:
                could = tuple(sorted(map(holder_of, result.unsigned.values())))
                more = result.threshold - len(result.signed)
                found.append(Lack(file=path, who=who, more=more, could=could))
    return found


def _results(
    path: str, files: Mapping[str, Metadata[Any]], standing: Standing
) -> Iterable[tuple[str, VerificationResult]]:
    """Yield, for all who must have signed a file, in words who they are and how far they have."""
    role = path.removesuffix(".json").rpartition("/")[2]
    metadata = files[path]
    for judge in _judges(path, files=files, standing=standing):
        yield role_words(role), judge.get_verification_result(role, metadata.signed_bytes, metadata.signatures)


def _judges(path: str, *, files: Mapping[str, Metadata[Any]], standing: Standing) -> Iterable[Root | Targets]:
    if path in _ROOTS:
        before = standing.roots.get(path.partition("/")[0])
        yield from () if before is None else (before.signed,)
        yield files[path].signed
    elif path == _TARGETS:
        yield files[_ROOTS[0]].signed
    elif _TARGETS in files:
        yield files[_TARGETS].signed
    elif standing.targets is not None:
        yield standing.targets.signed
