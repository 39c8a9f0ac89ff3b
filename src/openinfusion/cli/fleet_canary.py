"""Of whom a lake is asked about a canary, and what it says: values, for which no engine need be there."""

from dataclasses import dataclass
from datetime import datetime

from openinfusion.fleet.rollout import Clinical


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """
    Of whom a lake is asked.

    Attributes:
        pumps: of the ring, by their URN.
        others: pumps that are in no canary.
        libraries: the hashes of the libraries that the ring was given.
        opened: when it was opened.

    """

    pumps: frozenset[str]
    others: frozenset[str]
    libraries: frozenset[str]
    opened: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """The clinical signal of a canary, and of how many of its pumps the lake has a record since it was opened."""

    clinical: Clinical
    pumps: int
    heard: int

    def __str__(self) -> str:
        seen = self.clinical
        told = [
            f"{what} {now} infusions under the release, {before} in the 28 days before, {others} on other pumps"
            for what, now, before, others in (
                ("overrides", seen.overrides, seen.overrides_before, seen.overrides_others),
                ("attempts beyond hard limits", seen.hard_hits, seen.hard_hits_before, seen.hard_hits_others),
            )
        ]
        return f"{'; '.join(told)}. The lake has records of {self.heard:,} of its {self.pumps:,} pumps since it opened."
