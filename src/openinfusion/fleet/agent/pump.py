"""What an agent asks of a pump: the whole interface that a vendor implements."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, Protocol

SETTLED = timedelta(minutes=5)
"""How long a pump must have been idle before its library changes by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """
    What a pump does now.

    Attributes:
        state: "idle" with nothing programmed, no syringe and no line; "infusing" whenever it is in use; "off".
        idle_for: how long it has been idle.
        is_fresh: whether it was just switched on, or given to a new patient, and nobody has touched it since.

    """

    state: Literal["idle", "infusing", "off"]
    idle_for: timedelta = timedelta()
    is_fresh: bool = False

    @property
    def may_change(self) -> bool:
        """Whether its library may change now."""
        return self.state == "idle" and (self.is_fresh or self.idle_for >= SETTLED)


class Pump(Protocol):
    """A pump, as its agent sees it."""

    def doing(self) -> Doing:
        """Return what the pump does now; also asked while it is held."""

    def hold(self) -> AbstractContextManager[bool]:
        """
        Keep the pump from being programmed while its library changes.

        The context is ``False`` where somebody uses the pump already; then nothing may change. It ends with the agent's
        process, however that ends.
        """

    def load(self, library: bytes) -> None:
        """Take a library into memory and work with it from now on; called only while the pump is held."""

    def loaded(self) -> bytes | None:
        """Return the canonical bytes of the library as it is in memory, ``None`` before the first was loaded."""

    def self_test(self) -> str | None:
        """Test the library in memory as the pump will use it; return what is wrong, ``None`` if nothing is."""
