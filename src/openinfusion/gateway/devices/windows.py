"""Times of day at which an update client may install what it was offered: "22:00-05:00 Europe/London"."""

import re
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

from openinfusion.core.errors import OperatorError

_WORDS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d) (\S{1,60})")


@dataclass(frozen=True, slots=True)
class Window:
    """From a time of day to another, each day, by the clock of a zone; over midnight where the first is later."""

    begins: time
    ends: time
    zone: ZoneInfo

    def is_open(self, at: datetime) -> bool:
        """Whether it is open at a moment."""
        now = at.astimezone(self.zone).time()
        if self.begins < self.ends:
            return self.begins <= now < self.ends
        return now >= self.begins or now < self.ends


def read_window(words: str) -> Window:
    """Return a window; raises OperatorError if it is none."""
    found = _WORDS.fullmatch(words)
    try:
        if found is not None and found[1] + found[2] != found[3] + found[4]:
            begins, ends = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
            return Window(begins, ends, ZoneInfo(found[5]))
    except (ValueError, LookupError, OSError):
        pass
    raise OperatorError(where="window", found=repr(words[:80]), expected='such as "22:00-05:00 Europe/London"')
