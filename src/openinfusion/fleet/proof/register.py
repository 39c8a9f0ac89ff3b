"""
The register of pumps: how each stands, counted as reports come, never by looking through all of them.

A report costs the same whatever the size of the fleet: its pump leaves one count and enters another. Silence costs
nothing until it ends something: of each pump it is kept when its state would change by itself, the earliest first.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from openinfusion.core.errors import OperatorError
from openinfusion.fleet.proof.findings import Found
from openinfusion.fleet.proof.receive import IsRelease, Loaded, Outcome, receive
from openinfusion.fleet.proof.states import NOTHING_RECALLED, PATIENCE, Aim, Claim, Standing, State, derive
from openinfusion.fleet.proof.witness import Doubt, Witness, shared

Ring = tuple[str, str]
"""The line of a ring, as ``hospital/profile``, and its name."""
TASKS = frozenset({State.FAILED, State.REVERTED, State.MISSED, State.STALE, State.SUSPECT, State.RECALLED})
"""States of which somebody has to do something."""


@dataclass(slots=True)
class Card:
    """
    What the register holds of one pump.

    Attributes:
        witness: what is remembered of it.
        ring: the ring that it is in.
        claim: what is said of it without proof.
        state: its state when it was last looked at.
        opened: since when somebody has to do something about it, whatever the state was meanwhile.
        due: when it is looked at again if nothing is heard.

    """

    witness: Witness
    ring: Ring
    claim: Claim | None = None
    state: State = State.UNKNOWN
    opened: datetime | None = None
    due: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A pump that changed its state: what it was, how it stands now, and the task that was opened or closed by that."""

    pump: str
    ring: Ring
    before: State | None
    after: Standing
    opened: datetime | None = None
    closed: datetime | None = None


class Register:
    """
    The pumps of an organisation.

    Args:
        patience: how long a proof holds.

    """

    def __init__(self, *, patience: timedelta = PATIENCE) -> None:
        self.patience = patience
        self.aims: dict[Ring, Aim] = {}
        self.recalled: dict[str, Mapping[int, datetime]] = {}
        self.tally: Counter[tuple[Ring, State]] = Counter()
        self._cards: dict[str, Card] = {}
        self._rings: dict[Ring, tuple[Ring, set[str]]] = {}
        self._holders: dict[bytes, str] = {}
        self._due: list[tuple[datetime, str]] = []

    def __len__(self) -> int:
        return len(self._cards)

    def __iter__(self) -> Iterator[Card]:
        return iter(self._cards.values())

    def card(self, pump: str) -> Card:
        """
        Return what is held of a pump.

        Raises:
            OperatorError: it is not in the register.

        """
        try:
            return self._cards[pump]
        except KeyError:
            raise OperatorError(where="register of pumps", found=pump, expected="a pump that was enrolled") from None

    def find(self, pump: str) -> Card | None:
        """Return what is held of a pump, or ``None`` if it is not in the register."""
        return self._cards.get(pump)

    def of_ring(self, ring: Ring) -> Iterator[Card]:
        """Yield the pumps of a ring."""
        return (self._cards[pump] for pump in sorted(self._ring(ring)[1]))

    def counts(self, rings: Iterable[Ring] | None = None) -> Counter[State]:
        """Return how many pumps are in each state, of some rings or of all."""
        wanted = None if rings is None else set(rings)
        counted: Counter[State] = Counter()
        for (ring, state), pumps in self.tally.items():
            if wanted is None or ring in wanted:
                counted[state] += pumps
        return +counted

    def standing(self, pump: str, *, at: datetime) -> Standing:
        """Return how a pump stands."""
        return self._derive(self.card(pump), at)

    # --- What happens -------------------------------------------------------------------------------------------------

    def enrol(self, witness: Witness, ring: str, *, at: datetime, claim: Claim | None = None) -> Change:
        """Take a pump in, or take it in again with what is remembered of it and the ring that it is in now."""
        before = self._cards.get(witness.pump)
        if before is not None:
            self._leave(before)
        place, members = self._ring((witness.line, ring))
        card = Card(shared(witness), place, claim, opened=before.opened if before else None)
        self._cards[witness.pump] = card
        members.add(witness.pump)
        if witness.key and not witness.is_gateways:
            self._holders.setdefault(witness.key, witness.pump)
        # What silence did before now is gone through step by step, so that a task keeps its age when a server restarts.
        self._enter(card, min(card.witness.seen or card.witness.enrolled, at))
        while card.due is not None and card.due <= at:
            self._fall_due(card)
        self.tally[card.ring, card.state] -= 1
        return replace(self._enter(card, at), before=before.state if before else None)

    def receive(
        self,
        pump: str,
        data: bytes,
        *,
        at: datetime,
        next_nonce: str,
        loaded: Loaded,
        is_release: IsRelease | None = None,
        is_carried: bool = False,
    ) -> tuple[Outcome, list[Change]]:
        """
        Judge a report, as ``receive`` does, and return what changed by it.

        Two pumps that sign with one key are both in doubt: which of them is the right one, no report can tell.
        """
        witness = self.card(pump).witness
        first = self._holders.get(witness.key, pump)
        outcome = receive(
            witness,
            data,
            at=at,
            next_nonce=next_nonce,
            loaded=loaded,
            key_holder=first if first != pump else None,
            is_release=is_release,
            is_carried=is_carried,
        )
        changes = self.remember(outcome.witness, at=at)
        if any(one.what is Found.SHARED_KEY for one in outcome.findings):
            changes += self._doubt(first, pump, at)
        return outcome, changes

    def remember(self, witness: Witness, *, at: datetime) -> list[Change]:
        """Take what is remembered of a pump from now on: after a report, or after a person has settled a doubt."""
        card = self.card(witness.pump)
        if witness is card.witness:
            return []
        card.witness = witness
        if witness.key and not witness.is_gateways:
            self._holders.setdefault(witness.key, witness.pump)
        return self._look(card, at)

    def claim(self, pump: str, claim: Claim, *, at: datetime) -> list[Change]:
        """Keep what is said of a pump without proof, unless something newer was said."""
        card = self.card(pump)
        if card.claim is not None and card.claim.at > claim.at:
            return []
        card.claim = claim
        return self._look(card, at)

    def drop(self, pump: str) -> None:
        """Take a pump out, as one that was retired; one that is not in the register is none to take out."""
        card = self._cards.pop(pump, None)
        if card is None:
            return
        self._leave(card)
        if self._holders.get(card.witness.key) == pump:
            del self._holders[card.witness.key]

    def assign(self, ring: Ring, aim: Aim | None, *, at: datetime) -> list[Change]:
        """Set what the pumps of a ring shall run; ``None`` takes it away. Every pump of the ring is looked at."""
        if aim is None:
            self.aims.pop(ring, None)
        else:
            self.aims[ring] = aim
        return [change for card in self.of_ring(ring) for change in self._look(card, at)]

    def take_back(self, line: str, recalled: Mapping[int, datetime], *, at: datetime) -> list[Change]:
        """Set which numbers of a line carry recalled content, with since when. Every pump of the line is looked at."""
        self.recalled[line] = recalled
        rings = [ring for ring in self._rings if ring[0] == line]
        return [change for ring in rings for card in self.of_ring(ring) for change in self._look(card, at)]

    def advance(self, at: datetime) -> list[Change]:
        """Return what silence has changed until now; each pump whose time has come is looked at once."""
        changes: list[Change] = []
        while self._due and self._due[0][0] <= at:
            due, pump = heapq.heappop(self._due)
            card = self._cards.get(pump)
            if card is None or card.due != due:
                continue
            changes += self._fall_due(card)
        return changes

    # --- Counting -----------------------------------------------------------------------------------------------------

    def _ring(self, ring: Ring) -> tuple[Ring, set[str]]:
        """Return the one object in memory that names a ring, and the names of its pumps."""
        return self._rings.setdefault(ring, (ring, set()))

    def _derive(self, card: Card, at: datetime) -> Standing:
        line, ring = card.ring
        return derive(
            card.witness,
            self.aims.get(card.ring),
            at=at,
            claim=card.claim,
            patience=self.patience,
            ring=ring,
            recalled=self.recalled.get(line, NOTHING_RECALLED),
        )

    def _doubt(self, pump: str, other: str, at: datetime) -> list[Change]:
        card = self.card(pump)
        if card.witness.doubt is not None:
            return []
        return self.remember(replace(card.witness, doubt=Doubt(Found.SHARED_KEY, at, other)), at=at)

    def _look(self, card: Card, at: datetime) -> list[Change]:
        before = card.state
        self.tally[card.ring, before] -= 1
        change = replace(self._enter(card, at), before=before)
        return [change] if change.after.state is not before else []

    def _fall_due(self, card: Card) -> list[Change]:
        """Look at a pump as of the moment for which it waited, however late that is done."""
        due, card.due = card.due, None
        return [] if due is None else self._look(card, due)

    def _leave(self, card: Card) -> None:
        self.tally[card.ring, card.state] -= 1
        self._ring(card.ring)[1].discard(card.witness.pump)
        card.due = None

    def _enter(self, card: Card, at: datetime) -> Change:
        """Count a pump in the state that it is in at a time."""
        standing = self._derive(card, at)
        card.state = standing.state
        self.tally[card.ring, card.state] += 1
        opened = closed = None
        if card.state in TASKS and card.opened is None:
            card.opened = opened = standing.since
        elif card.state not in TASKS and card.opened is not None:
            card.opened, closed = None, at
        self._wait(card, standing.deadline)
        return Change(pump=card.witness.pump, ring=card.ring, before=None, after=standing, opened=opened, closed=closed)

    def _wait(self, card: Card, deadline: datetime | None) -> None:
        """Look at a pump again at a time, or somewhat earlier: one that waits already does not wait twice."""
        if deadline is None or (card.due is not None and card.due <= deadline):
            return
        card.due = deadline
        heapq.heappush(self._due, (deadline, card.witness.pump))
