"""What comes of a step of an agent."""

from dataclasses import dataclass
from typing import Literal

from openinfusion.fleet.agent.codes import RefusedError

Done = Literal["nothing new", "staged", "withdrawn", "activated", "waits", "went back", "refused"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What came of a step.

    Attributes:
        done: what was done.
        number: of the release, where one is meant.
        refusal: why it was refused.
        damage: what was found damaged in the slots meanwhile; the step was done all the same.

    """

    done: Done
    number: int | None = None
    refusal: RefusedError | None = None
    damage: tuple[RefusedError, ...] = ()
