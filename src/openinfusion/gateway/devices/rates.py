"""How often one caller may ask: a bucket for each, which fills evenly and is emptied by requests."""

from collections import OrderedDict
from dataclasses import dataclass, field

_MOST = 50_000


@dataclass(slots=True)
class Rates:
    """
    The buckets of all callers.

    Attributes:
        per_minute: requests that a bucket fills by in a minute.
        burst: requests that a full bucket holds.

    """

    per_minute: int
    burst: int
    _buckets: "OrderedDict[str, tuple[float, float]]" = field(default_factory=OrderedDict)

    def wait(self, who: str, *, at: float) -> float:
        """Take a request of a caller, and return 0; or the seconds after which it may come. ``at`` in seconds."""
        held, since = self._buckets.pop(who, (float(self.burst), at))
        held = min(self.burst, held + (at - since) * self.per_minute / 60)
        is_free = held >= 1
        self._buckets[who] = (held - 1 if is_free else held, at)
        if len(self._buckets) > _MOST:
            # Whoever was silent longest has a bucket that is as good as full.
            self._buckets.popitem(last=False)
        return 0 if is_free else (1 - held) * 60 / self.per_minute
