"""From what is proven of pumps to the counts that a roll-out decides on."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from openinfusion.fleet.proof import Found, Outcome
from openinfusion.fleet.proof.register import Card
from openinfusion.fleet.proof.states import State
from openinfusion.fleet.rollout.counts import Clinical, RingCounts

_HOUR = timedelta(hours=1)


class WentBack(StrEnum):
    """How a pump went back to an older release; only the first has an explanation."""

    RESTORED = "restored"
    REVERTED = "reverted"


@dataclass(frozen=True, slots=True)
class Reversions:
    """How often pumps of a ring went back since it was opened: after losing their state, and without."""

    restored: int = 0
    reverted: int = 0

    def heard(self, outcome: Outcome, *, before: State) -> "Reversions":
        """Return them after a report of a pump that was in a state before."""
        way = went_back(outcome, before=before)
        return Reversions(self.restored + (way is WentBack.RESTORED), self.reverted + (way is WentBack.REVERTED))


def went_back(outcome: Outcome, *, before: State) -> WentBack | None:
    """Return how a pump went back by this report; ``None`` if it did not, or had gone back before."""
    found = {finding.what for finding in outcome.findings}
    if Found.REVERTED not in found or before is State.REVERTED:
        return None
    return WentBack.RESTORED if Found.EPOCH_ROSE in found else WentBack.REVERTED


def count_ring(
    cards: Iterable[Card],
    *,
    opened: datetime,
    at: datetime,
    reversions: Reversions | None = None,
    unexplained: frozenset[str] = frozenset(),
    clinical: Clinical | None = None,
) -> RingCounts:
    """
    Return how a ring stands.

    A pump whose proof has grown too old is not seen any more: neither success nor failure.

    Args:
        cards: of the register, the pumps of the ring.
        opened: when the ring was opened.
        at: now.
        reversions: how often pumps went back since.
        unexplained: pumps that went back without having lost their state, and were not current since.
        clinical: the clinical signal, if the ring is asked for it.

    """
    pumps = seen = current = back = missed = 0
    failed: dict[str, int] = {}
    for card in cards:
        pumps += 1
        missed += card.state is State.MISSED
        proof = card.witness.proof
        if proof is None or proof.as_of < opened or card.state is State.STALE:
            continue
        seen += 1
        current += card.state is State.CURRENT
        back += card.witness.pump in unexplained and card.state is not State.CURRENT
        code = _failure(card)
        if code is not None:
            failed[code] = failed.get(code, 0) + 1
    reversions = reversions or Reversions()
    return RingCounts(
        pumps=pumps,
        seen=seen,
        current=current,
        failed=failed,
        back=back,
        missed=missed,
        restored=reversions.restored,
        reverted=reversions.reverted,
        pump_hours=seen * int((at - opened) / _HOUR),
        clinical=clinical or Clinical(),
    )


def _failure(card: Card) -> str | None:
    """Return the code under which a pump counts as failed, if it does."""
    if card.state is State.SUSPECT:
        return State.SUSPECT.value
    if card.state is not State.FAILED:
        return None
    return card.witness.refused.code if card.witness.refused else State.FAILED.value
