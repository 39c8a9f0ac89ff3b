"""Warnings that cannot fill a disk: of each kind one line in ten seconds, which says how many were left out."""

import logging
from collections import Counter
from time import monotonic

_SECONDS = 10.0
_log = logging.getLogger("openinfusion.gateway")


class Warnings:
    """Writes what an operator should know of; never what a message holds."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}
        self._left_out: Counter[str] = Counter()

    def say(self, kind: str, text: str) -> None:
        """Write a line, or count it if one of its kind was written just now."""
        now = monotonic()
        if now - self._last.get(kind, -_SECONDS) < _SECONDS:
            self._left_out[kind] += 1
            return
        self._last[kind] = now
        more = self._left_out.pop(kind, 0)
        _log.warning("%s%s", text, f" ({more:,} more like it since the last line)" if more else "")
