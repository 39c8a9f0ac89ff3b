"""F18: pumps that went back, were cloned or restored are found within two polls, all of them, and no other ever."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from openinfusion.fleet.proof import Aim, Register, State
from tests.proof_bench import DAY, LINE, SHA256, START, BenchPump, enrolled, is_release, loaded
from tests.reliability import is_thorough, record

RING = (LINE, "ward")
AIM = Aim(number=4, sha256=SHA256[4], library="Adult", version="v4", since=START, deadline=START + 7 * DAY)
POLL = timedelta(minutes=15)
ALARMS = frozenset({State.SUSPECT, State.REVERTED})


@dataclass
class Fleet:
    """A register, its pumps and a clock."""

    register: Register
    pumps: list[BenchPump]
    chance: random.Random
    at: datetime = START
    asked: int = 0

    @classmethod
    def of(cls, size: int, seed: int) -> "Fleet":
        """Return a fleet whose pumps have all been heard."""
        fleet = cls(Register(), [], random.Random(seed))  # noqa: S311 - a repeatable fleet
        fleet.register.assign(RING, AIM, at=START)
        for n in range(size):
            pump = BenchPump(urn=f"urn:pump:acme:{n}", number=4)
            fleet.register.enrol(enrolled(pump).witness, "ward", at=START)
            fleet.pumps.append(pump)
            for _ in range(2):
                fleet.poll(pump)
        return fleet

    def poll(self, pump: BenchPump, *, is_answer_lost: bool = False) -> bytes:
        """Let a pump report; return what it sent."""
        self.asked += 1
        pump.at = self.at
        data = pump.report()
        outcome, _ = self.register.receive(
            pump.urn, data, at=self.at, next_nonce=f"n{self.asked}", loaded=loaded, is_release=is_release
        )
        if not is_answer_lost:
            pump.nonce = outcome.next_nonce
        return data

    def is_found(self, pump: BenchPump) -> bool:
        """Whether there is an alarm about a pump."""
        return self.register.card(pump.urn).state in ALARMS


def goes_back(fleet: Fleet, pump: BenchPump) -> Iterator[BenchPump]:
    """It runs an older library again; its agent knows everything still."""
    pump.number = 3
    yield pump


def is_cloned(fleet: Fleet, pump: BenchPump) -> Iterator[BenchPump]:
    """A copy of it, as old as a few polls, is switched on beside it."""
    clone = replace(pump)
    for _ in range(fleet.chance.randrange(4)):
        fleet.at += POLL
        fleet.poll(pump)
    fleet.at += timedelta(seconds=1)
    yield from (clone, pump) if fleet.chance.random() < 0.5 else (pump, clone)


def is_restored(fleet: Fleet, pump: BenchPump) -> Iterator[BenchPump]:
    """It is put back to what it was a few polls ago, library and agent and all."""
    copy = replace(pump, number=3)
    for _ in range(1 + fleet.chance.randrange(4)):
        fleet.at += POLL
        fleet.poll(pump)
    pump.__dict__.update(copy.__dict__)
    yield pump


def loses_its_state(fleet: Fleet, pump: BenchPump) -> Iterator[BenchPump]:
    """A change of the battery puts it back to an older library, and its agent begins a new epoch."""
    pump.epoch, pump.counter, pump.nonce, pump.number = pump.epoch + 1, 0, "", 3
    yield pump


KINDS: tuple[Callable[[Fleet, BenchPump], Iterator[BenchPump]], ...] = (
    goes_back,
    is_cloned,
    is_restored,
    loses_its_state,
)


def polls_until_found(fleet: Fleet, speakers: list[BenchPump]) -> int:
    """Return after how many polls of each who speaks it is found; 99 if never."""
    for polls in range(1, 9):
        for speaker in speakers:
            fleet.at += POLL / 2
            fleet.poll(speaker)
        if fleet.is_found(speakers[0]):
            return polls
    return 99


@pytest.mark.hazard("CF-02")
@pytest.mark.reliability
def test_every_pump_that_went_back_or_was_copied_is_found_within_two_polls():
    each, size = (250, 10_000) if is_thorough() else (10, 40)
    fleet = Fleet.of(size, seed=18)
    chosen = fleet.chance.sample(fleet.pumps, each * len(KINDS))
    polls: dict[str, list[int]] = {}
    for n, pump in enumerate(chosen):
        kind = KINDS[n % len(KINDS)]
        needed = polls_until_found(fleet, list(kind(fleet, pump)))
        polls.setdefault(kind.__name__, []).append(needed)
    assert {name: len(found) for name, found in polls.items()} == {kind.__name__: each for kind in KINDS}
    for name, found in polls.items():
        assert max(found) <= 2, f"{name}: {sorted(found)[-3:]}"
    names = {pump.urn for pump in chosen}
    others = [pump for pump in fleet.pumps if pump.urn not in names]
    assert not [pump for pump in others if fleet.is_found(pump)]
    figures = {f"{name.replace('_', ' ')}: found, of {each}": str(len(found)) for name, found in polls.items()}
    worst = {f"{name.replace('_', ' ')}: polls at most": str(max(found)) for name, found in polls.items()}
    title = f"{len(chosen):,} pumps that went back or were copied, in {size:,}"
    record("F18-found", {**figures, **worst, "false alarms among the others": "0"}, title=title)


@pytest.mark.hazard("CF-02")
@pytest.mark.reliability
def test_what_networks_and_batteries_do_to_honest_pumps_is_no_alarm():
    """Answers lost, reports late and played again, days of silence, upgrades, agents that lose their state."""
    size, days = (10_000, 100) if is_thorough() else (50, 10)
    fleet = Fleet.of(size, seed=81)
    late: list[tuple[BenchPump, bytes]] = []
    for day in range(1, days + 1):
        fleet.at = START + day * DAY
        for pump in fleet.pumps:
            fleet.at += timedelta(milliseconds=1)
            _live(fleet, pump, late)
        alarms = [pump.urn for pump in fleet.pumps if fleet.is_found(pump)]
        assert not alarms, f"day {day}: {fleet.register.standing(alarms[0], at=fleet.at)}"
    title = "Days of honest pumps with lost answers, late and repeated reports, and agents that lost their state"
    record("F18-false-alarms", {"pump-days": f"{size * days:,}", "false alarms": "0"}, title=title)


def _live(fleet: Fleet, pump: BenchPump, late: list[tuple[BenchPump, bytes]]) -> None:
    chance = fleet.chance.random()
    if chance < 0.1:
        return
    if chance < 0.15:
        late.append((pump, fleet.poll(pump, is_answer_lost=True)))
    elif chance < 0.2:
        pump.at = fleet.at
        late.append((pump, pump.report()))
    elif chance < 0.201:
        pump.epoch, pump.counter, pump.nonce = pump.epoch + 1, 0, ""
    elif chance < 0.21 and pump.number < 8:
        pump.number += 1
    fleet.poll(pump)
    if late and chance > 0.9:
        other, data = late.pop(fleet.chance.randrange(len(late)))
        fleet.register.receive(other.urn, data, at=fleet.at, next_nonce=f"late {fleet.at}", loaded=loaded)
