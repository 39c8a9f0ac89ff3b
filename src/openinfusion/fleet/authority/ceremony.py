"""Proposing who may sign what: custodians sign it together, at a key ceremony."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tuf.api.metadata import Metadata, Root, Targets

from openinfusion.fleet.authority.listing import make_listing, read_listing
from openinfusion.fleet.authority.proposals import Proposal, all_proposals, proposed_trust, write_proposal
from openinfusion.fleet.authority.trees import Authority
from openinfusion.fleet.authority.trust import (
    Trust,
    is_signed_for,
    make_root,
    make_targets,
    read_trust,
    whose,
)

NAME = "trust"
"""What the proposal of a ceremony is called: there is one at a time."""


def waiting_trust(authority: Authority) -> tuple[Trust, list[str]]:
    """Return the trust that is proposed, with what changes in words; that in force where none is proposed."""
    for proposal in all_proposals(authority):
        if proposal.name == NAME:
            return proposed_trust(proposal.files()), list(proposal.about()["words"])
    return read_trust(authority), []


def propose_trust(authority: Authority, trust: Trust, *, at: datetime, words: Sequence[str]) -> Proposal:
    """
    Propose who may sign what, for another two years; it waits for the custodians of before and of after.

    What a person signed who shall sign no longer is proposed to be signed again by another, so that no release falls
    with its signer. ``words`` says what changes. What was proposed before and not published is replaced.
    """
    files: dict[str, Metadata[Any]] = {}
    for tree in (authority.releases, authority.director):
        version = max(tree.versions(Root.type), default=0) + 1
        files[f"{tree.name}/root.json"] = make_root(trust, tree.name, version=version, at=at)
    version = max(authority.releases.versions(Targets.type), default=0) + 1
    targets = make_targets(trust, version=version, at=at)
    files["releases/targets.json"] = targets
    for name in trust.signers:
        metadata = authority.releases.in_force(name)
        if metadata is not None and not is_signed_for(targets.signed, name, metadata):
            kind = whose(name)[0]
            version = max(authority.releases.versions(name)) + 1
            again = make_listing(kind, read_listing(kind, metadata.signed), version=version, at=at)
            files[f"releases/{name}.json"] = again
    return write_proposal(authority, "trust", about={"kind": "trust", "words": list(words)}, files=files)
