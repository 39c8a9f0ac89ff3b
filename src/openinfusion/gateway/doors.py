"""
Who may be connected: so many in all and from one address, and whoever talks goes before whoever is silent.

A door that is full is opened to a newcomer by closing the connection that has been silent longest, of the address that
holds most of the silent ones. So thousands of connections that were opened and left keep nobody out, while a connection
that has brought a message is never closed for a newcomer.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol


class Guest(Protocol):
    """A connection, as the door sees it."""

    @property
    def address(self) -> str:
        """Where it comes from."""

    def show_out(self, why: str) -> None:
        """Close it at once."""


@dataclass(slots=True)
class Doors:
    """
    Who is connected.

    Attributes:
        most: connections in all.
        most_per_address: connections from one address.
        count: told what happened, for the metrics.

    """

    most: int
    most_per_address: int
    count: Callable[[str], None]
    _silent: dict[str, dict[Guest, None]] = field(default_factory=dict)
    _proven: dict[str, set[Guest]] = field(default_factory=dict)
    _total: int = 0

    def __len__(self) -> int:
        return self._total

    def __iter__(self) -> Iterator[Guest]:
        for guests in (*self._silent.values(), *self._proven.values()):
            yield from guests

    def admit(self, guest: Guest) -> bool:
        """Let a connection in, if need be for a silent one; whether it may stay."""
        if self._of(guest.address) >= self.most_per_address:
            is_free = self._make_room(guest.address)
        elif self._total >= self.most:
            is_free = self._make_room(max(self._silent, key=lambda one: len(self._silent[one]), default=""))
        else:
            is_free = True
        self.count("opened" if is_free else "refused: full")
        if is_free:
            self._silent.setdefault(guest.address, {})[guest] = None
            self._total += 1
        return is_free

    def prove(self, guest: Guest) -> None:
        """Note that a connection has brought a message."""
        if self._leave_silent(guest):
            self._proven.setdefault(guest.address, set()).add(guest)

    def leave(self, guest: Guest) -> None:
        """Forget a connection that has ended."""
        proven = self._proven.get(guest.address, set())
        if guest in proven:
            proven.remove(guest)
            if not proven:
                del self._proven[guest.address]
        elif not self._leave_silent(guest):
            return
        self._total -= 1

    def _of(self, address: str) -> int:
        return len(self._silent.get(address, ())) + len(self._proven.get(address, ()))

    def _make_room(self, address: str) -> bool:
        longest = next(iter(self._silent.get(address, ())), None)
        if longest is None:
            return False
        self.leave(longest)
        longest.show_out("displaced")
        return True

    def _leave_silent(self, guest: Guest) -> bool:
        silent = self._silent.get(guest.address, {})
        if guest not in silent:
            return False
        del silent[guest]
        if not silent:
            del self._silent[guest.address]
        return True
