"""What the commands about pumps print: one pump, rings that get no release, counts."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from openinfusion.cli.console import say, styled, table
from openinfusion.core.wording import counted
from openinfusion.fleet.authority.online import Orders
from openinfusion.fleet.proof import TASKS, Card, Register, Ring, Standing, State
from openinfusion.fleet.proof.work import TO_DO, show_age

URN = "urn:pump:"


@dataclass(frozen=True, slots=True)
class Fleet:
    """The register as it is now, what the director says, and whether all of it is a trial."""

    register: Register
    at: datetime
    orders: Orders
    is_trial: bool


def how_sure(standing: Standing) -> str:
    """Return how surely it is known what a pump runs; of a pump in doubt nothing is, whatever it proves."""
    return "in doubt" if standing.state is State.SUSPECT else standing.level or "nothing proven"


def say_pump(fleet: Fleet, card: Card) -> None:
    """Print what is known of one pump, a line for each thing."""
    witness, proof = card.witness, card.witness.proof
    standing = fleet.register.standing(witness.pump, at=fleet.at)
    aim, place = fleet.register.aims.get(card.ring), witness.place
    proven = "nothing" if proof is None else f"release {proof.number}, last on {_when(proof.as_of)}"
    rows = [
        ("state", f"{standing.state}, for {show_age(fleet.at - standing.since)}: it {standing}"),
        ("what to do", TO_DO.get(standing.cause, "") if card.state in TASKS else "nothing"),
        ("proven", f"{proven}{', and that is in doubt' if proof and standing.state is State.SUSPECT else ''}"),
        ("how sure", how_sure(standing)),
        ("ring", _ring_words(fleet, card.ring)),
        ("to be proven until", "" if aim is None or card.state is State.CURRENT else _when(aim.deadline)),
        ("claimed", "" if card.claim is None else f"version {card.claim.version}, by {card.claim.source}"),
        ("last believed", "never: no report of it has counted yet" if witness.seen is None else _when(witness.seen)),
        ("last place", "" if place is None else ", ".join(p for p in (place.ward, place.dock, place.port) if p)),
        ("model", witness.model),
        ("enrolled", _when(witness.enrolled)),
    ]
    say(table(short(witness.pump), ("", ""), [row for row in rows if row[1]]))
    if fleet.is_trial:
        say(styled("A trial. Not for clinical use.", "bold red"))


def _when(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%d-%b-%Y %H:%M} UTC"


def _ring_words(fleet: Fleet, ring: Ring) -> str:
    line, name = ring
    aim = fleet.register.aims.get(ring)
    if aim is not None:
        return f"{name} of {line}: shall run release {aim.number} since {_when(aim.since)}"
    return f"{name or 'none'} of {line}: gets no release"


def say_rings(fleet: Fleet) -> None:
    """Print which rings with pumps get no release, and what to do about each."""
    pumps_in = Counter(card.ring for card in fleet.register if card.ring not in fleet.register.aims and card.ring[0])
    for (line, name), many in sorted(pumps_in.items()):
        hospital, _, profile = line.partition("/")
        where = f"{line}: {counted(many, 'pump')}"
        halted = fleet.orders.halted.get(f"{line}/{name}.json")
        place = f"--hospital {hospital} --profile {profile}"
        if not name:
            told = f"In no ring of {where}. Do: openinfusion gateway devices pump URN --ring RING, or a plan for them."
        elif halted:
            told = f"Ring {name} of {where}. It was halted at release {halted}, and pumps keep what they have. Do:"
            told += f" openinfusion fleet recall {halted}, or release a corrected library."
        else:
            told = f"Ring {name} of {where}. It was never given a release. Do: openinfusion fleet assign {name} NUMBER"
            told += f" {place}, or put its pumps into another ring."
        say(styled(told, "yellow"))


def short(pump: str) -> str:
    return pump.removeprefix(URN)


def say_counts(fleet: Fleet) -> None:
    counts = fleet.register.counts()
    told = ", ".join(f"{counts[state]:,} {state}" for state in State if counts[state])
    say("", f"{len(fleet.register):,} {'pump' if len(fleet.register) == 1 else 'pumps'}: {told or 'none'}.")
    if fleet.is_trial:
        say(styled("A trial. Not for clinical use.", "bold red"))
