"""What `openinfusion agent status` finds in the folder of a pump: everything is read and hashed, nothing believed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from openinfusion.core.errors import OpenInfusionError, OperatorError
from openinfusion.core.wording import counted, moment
from openinfusion.fleet.agent import Home
from openinfusion.fleet.agent.memory import Memory, Provisioning
from openinfusion.fleet.agent.slots import Label, Slot, Slots

_USES = ("in force", "staged", "previous", "failed")


@dataclass(frozen=True, slots=True)
class Found:
    """
    What was found.

    Attributes:
        told: who the pump is.
        memory: what the agent remembers; ``None`` where it remembers nothing, or that is damaged.
        slots: the slots.
        damage: everything that is not what it should be.

    """

    told: Provisioning
    memory: Memory | None
    slots: Slots
    damage: tuple[OpenInfusionError, ...]

    @property
    def pump(self) -> str:
        """Its name."""
        return self.told.pump

    @property
    def ring(self) -> str:
        """The ring whose release it runs."""
        return (self.memory.ring if self.memory else None) or self.told.ring

    def rows(self) -> list[tuple[object, ...]]:
        """Return a row for each slot that is of use, the one in force in any case."""
        return [_row(use, slot, self.slots) for use, slot in _used(self.slots).items() if slot is not None]

    def lines(self) -> Iterator[str]:
        """Say what stands beside the slots, and everything that is damaged."""
        counter = "the number of reports is lost" if self.memory is None else counted(self.memory.counter, "report")
        if self.memory is None and not self.damage:
            counter = "no reports yet"
        yield f"never below release {self.slots.switch.high_water}; ring {self.ring}; {counter}"
        refusal = self.memory.refusal if self.memory else None
        if refusal is not None:
            about = "" if refusal.number is None else f", release {refusal.number}"
            yield f"refused last: {refusal.code}{about}, {moment(refusal.at)}"
        for one in self.damage:
            yield f"damaged: {one}"

    def as_json(self) -> dict[str, Any]:
        """Return it for a machine."""
        labels = {use: None if slot is None else self.slots.label(slot) for use, slot in _used(self.slots).items()}
        refusal = self.memory.refusal if self.memory else None
        return {
            "pump": self.pump,
            "ring": self.ring,
            **{use: _label(label) for use, label in labels.items()},
            "never_below": self.slots.switch.high_water,
            "refusal": None if refusal is None else {"code": refusal.code, "number": refusal.number},
            "damage": [{"where": one.where, "found": one.found, "expected": one.expected} for one in self.damage],
        }


def look(home: Home) -> Found:
    """Read the folder of a pump; raises OperatorError where no pump was set up there."""
    told, slots = home.provisioning(), Slots(home.folder / "slots")
    damage: list[OpenInfusionError] = [*slots.lost(), *slots.damage()]
    memory = None
    try:
        memory = home.memory()
    except OperatorError as error:
        damage.append(error)
    try:
        home.key()
    except OperatorError as error:
        damage.append(error)
    return Found(told, memory, slots, tuple(damage))


def _used(slots: Slots) -> dict[str, Slot | None]:
    """Return which slot is of which use."""
    now = slots.switch
    other: Slot = "b" if now.active == "a" else "a"
    return {use: now.active if use == "in force" else other if now.other == use else None for use in _USES}


def _row(use: str, slot: Slot, slots: Slots) -> tuple[object, ...]:
    label = slots.label(slot)
    state = "whole" if slots.is_whole(slot) else "damaged"
    if label is None:
        return use, slot, "unknown", "unknown", "unknown", state
    return use, slot, label.number, label.sha256[:12], moment(label.since), state


def _label(label: Label | None) -> dict[str, Any] | None:
    return None if label is None else {"number": label.number, "sha256": label.sha256, "since": str(label.since)}
