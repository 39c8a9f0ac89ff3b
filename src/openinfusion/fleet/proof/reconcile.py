"""What a vendor's server says of pumps, held against what the pumps have proven. What is said stays a claim."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from openinfusion.fleet.proof.claims import Claimed, names_of


class Match(StrEnum):
    """How a claim and the proof stand to each other; what asks for somebody first."""

    DISAGREES = "disagrees"
    UNKNOWN_PUMP = "unknown pump"
    NOT_IN_FILE = "not in the file"
    UNPROVEN = "nothing proven"
    AGREES = "agrees"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """The library that a pump was last proven to run; without a version, nothing was ever proven of it."""

    pump: str
    library: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """
    One pump: what is said of it, and what it has proven.

    Attributes:
        pump: its URN; as the file names it where nobody knows it.
        claimed: the newest claim; ``None`` where the file does not have it.
        proven: ``None`` where the register does not have it.

    """

    pump: str
    match: Match
    claimed: Claimed | None
    proven: Proven | None


def reconcile(claims: Iterable[Claimed], proven: Iterable[Proven]) -> list[Reconciled]:
    """Return each pump of either with how they match, the newest claim of each; what asks for somebody first."""
    known: Mapping[str, Proven] = {one.pump: one for one in proven}
    named = names_of(known)
    newest: dict[str, Claimed] = {}
    for one in claims:
        pump = named(one.pump)
        if pump not in newest or newest[pump].claim.at <= one.claim.at:
            newest[pump] = one
    made = [
        Reconciled(
            pump=pump,
            match=_match(newest.get(pump), known.get(pump)),
            claimed=newest.get(pump),
            proven=known.get(pump),
        )
        for pump in newest.keys() | known.keys()
    ]
    order = list(Match)
    return sorted(made, key=lambda one: (order.index(one.match), one.pump))


def _match(claimed: Claimed | None, proven: Proven | None) -> Match:
    if proven is None:
        return Match.UNKNOWN_PUMP
    if claimed is None:
        return Match.NOT_IN_FILE
    if proven.version is None:
        return Match.UNPROVEN
    claim = claimed.claim
    is_same = claim.version == proven.version and claim.library in {None, proven.library}
    return Match.AGREES if is_same else Match.DISAGREES
