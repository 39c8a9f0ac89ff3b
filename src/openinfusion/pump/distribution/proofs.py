"""
The server that judges: every report of a simulated pump is made, signed and judged as a real one.

The key is a pump's own, the nonce the server's, and the hash is over the bytes that the pump would have loaded;
``fleet/proof`` judges and keeps the register. Only the pump is simulated, and it reports when it has news, not at every
poll; so a proof holds for as long as the simulation lasts.
"""

import hashlib
from datetime import datetime, timedelta

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from openinfusion.fleet.proof import Found, Outcome, Witness
from openinfusion.fleet.proof.register import Register
from openinfusion.fleet.proof.states import Aim, State
from openinfusion.fleet.report import Held, Refusal, Report, Versions, proof_of, sign_report
from openinfusion.fleet.rollout.known import Reversions
from openinfusion.pump.distribution.days import STEP_MINUTES
from openinfusion.pump.distribution.knowledge import Told
from openinfusion.pump.distribution.world import NO_RING, Bools, World

NOWHERE = "no-ring"
FAILED = "self-test"
_TRUSTED = Versions(releases_root=1, releases_timestamp=1, director_root=1, director_timestamp=1)


class Judging:
    """
    A server with a register of the pumps.

    Args:
        world: the fleet.
        began: when the simulation begins.
        days: how long it lasts.
        library, before: canonical bytes of the library that is rolled out, and of the one before.

    """

    def __init__(self, world: World, *, began: datetime, days: int, library: bytes, before: bytes) -> None:
        self.world, self.began = world, began
        self.libraries = {hashlib.sha256(data).hexdigest(): data for data in (library, before)}
        self.new, self.old = tuple(self.libraries)
        self.register = Register(patience=timedelta(days=days + 1))
        self.reversions: dict[str, Reversions] = {}
        self.reports = 0
        self._nonces: dict[int, str] = {}
        self._keys: list[Ed25519PrivateKey] = []
        self._counters = np.zeros(world.size, dtype=np.int32)
        self._facts = list(world.facts())
        names = [ring.name for ring in world.plan.rings]
        for number, facts in enumerate(self._facts):
            key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(facts.pump.encode()).digest())
            self._keys.append(key)
            line = f"{facts.hospital}/{facts.profile}"
            witness = Witness(pump=facts.pump, line=line, enrolled=began, key=key.public_key().public_bytes_raw())
            ring = int(world.ring[number])
            self.register.enrol(witness, NOWHERE if ring == NO_RING else names[ring], at=began)

    def open(self, ring: str, *, at: datetime, deadline: datetime) -> None:
        """Assign the release to the pumps of a ring."""
        for offer in self.world.plan.offers:
            aim = Aim(
                number=offer.number, sha256=self.new, library="simulated", version="2", since=at, deadline=deadline
            )
            self.register.assign((f"{offer.hospital}/{offer.profile}", ring), aim, at=at)

    def pass_to(self, at: datetime) -> None:
        """Let silence change what it changes."""
        self.register.advance(at)

    def judge(self, told: Told, *, step: int) -> tuple[Bools, Bools, Bools]:
        """Make, sign and judge a report of each pump; return what the register knows of them afterwards."""
        at = self.began + timedelta(minutes=STEP_MINUTES * step)
        states, lost = [], []
        for place, pump in enumerate(told.pumps.tolist()):
            card = self.register.card(self._facts[pump].pump)
            before = card.state
            if pump not in self._nonces:
                # The first report has no nonce and proves nothing; the answer holds one.
                self._send(told, place, at)
            outcome = self._send(told, place, at)
            if not outcome.is_accepted:
                # It answered a question of more than a day ago; with the answer came a new one.
                outcome = self._send(told, place, at)
            ring = card.ring[1]
            self.reversions[ring] = self.reversions.get(ring, Reversions()).heard(outcome, before=before)
            states.append(card.state)
            lost.append(any(one.what is Found.EPOCH_ROSE for one in outcome.findings))
        is_current = np.array([state is State.CURRENT for state in states])
        return is_current, np.array([state is State.FAILED for state in states]), np.array(lost)

    def _send(self, told: Told, place: int, at: datetime) -> Outcome:
        """Let a pump send a report, and return what came of it."""
        pump = int(told.pumps[place])
        name = self._facts[pump].pump
        data = sign_report(self._report(told, place, at), self._keys[pump])
        self._counters[pump] += 1
        self.reports += 1
        nonce = hashlib.sha256(f"{name} {self._counters[pump]}".encode()).hexdigest()
        outcome, _ = self.register.receive(name, data, at=at, next_nonce=nonce, loaded=self.libraries.get)
        self._nonces[pump] = outcome.next_nonce
        return outcome

    def _report(self, told: Told, place: int, at: datetime) -> Report:
        pump = int(told.pumps[place])
        facts = self._facts[pump]
        offer = self.world.plan.offer_for(facts)
        number = offer.number if offer else 0
        runs = bool(told.runs[place])
        nonce = self._nonces.get(pump, "")
        active = self._held(number if runs else number - 1, at)
        loaded = self.libraries[active.sha256]
        return Report(
            pump=facts.pump,
            model=facts.model,
            agent="1",
            epoch=int(told.epoch[place]),
            counter=int(self._counters[pump]) + 1,
            nonce=nonce,
            at=at,
            time_quality="trusted",
            floor=at,
            active=active,
            staged=self._held(number, at) if told.holds[place] and not told.failed[place] else None,
            loaded=proof_of(loaded, nonce),
            state="idle",
            trusts=_TRUSTED,
            refusal=Refusal(code=FAILED, at=at, number=number) if told.failed[place] else None,
        )

    def _held(self, number: int, at: datetime) -> Held:
        sha256 = self.new if number in {offer.number for offer in self.world.plan.offers} else self.old
        return Held(number=number, sha256=sha256, length=len(self.libraries[sha256]), since=at)
