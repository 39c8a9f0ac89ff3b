"""How a ring stands: counts of its pumps by what is proven of them, and what happened on them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from openinfusion.fleet.rollout.chance import Rate

NO_RATE = Rate(0, 0)


@dataclass(frozen=True, slots=True)
class Clinical:
    """
    What clinicians did with the release, and what they did before.

    Attributes:
        overrides, overrides_before: overrides of soft limits in infusions, under the release and in the 28 days before.
        hard_hits, hard_hits_before: the same of attempts beyond a hard limit.
        overrides_others, hard_hits_others: on other pumps since the ring was opened. Other wards are not the measure;
            they tell a person whether practice changed everywhere.

    """

    overrides: Rate = NO_RATE
    overrides_before: Rate = NO_RATE
    hard_hits: Rate = NO_RATE
    hard_hits_before: Rate = NO_RATE
    overrides_others: Rate = NO_RATE
    hard_hits_others: Rate = NO_RATE


@dataclass(frozen=True, slots=True, kw_only=True)
class RingCounts:
    """
    What is known of the pumps of a ring since it was opened; a pump that proved nothing since is not seen.

    Attributes:
        pumps: whose facts place them in the ring.
        seen: of these, who proved anything since the ring was opened.
        current: of these, proven to run the release or a later one.
        failed: of these, whose last attempt failed, by code; who proved another library than they name count here.
        back: of these, who went back, had not lost their state, and still stand so; who had are merely not current.
        missed: who were not proven to run it before the deadline.
        restored: how often pumps went back because they lost their state (the epoch of the report rose).
        reverted: how often pumps went back and had not lost it.
        pump_hours: hours in which that could happen: pumps seen, times hours since.
        clinical: the clinical signal.

    """

    pumps: int = 0
    seen: int = 0
    current: int = 0
    failed: Mapping[str, int] = field(default_factory=dict)
    back: int = 0
    missed: int = 0
    restored: int = 0
    reverted: int = 0
    pump_hours: int = 0
    clinical: Clinical = Clinical()

    @property
    def failures(self) -> int:
        """Pumps whose last attempt failed, whatever the code."""
        return sum(self.failed.values())

    @property
    def executed(self) -> int:
        """Pumps that got as far as to succeed or fail."""
        return self.current + self.failures
