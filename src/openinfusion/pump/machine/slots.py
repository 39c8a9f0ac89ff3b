"""The two library slots of a pump: one in force, one for the next or for the way back."""

from collections.abc import Callable

from openinfusion.core.events import Kind
from openinfusion.core.library import Library
from openinfusion.pump.machine.held import Held
from openinfusion.pump.machine.model import PumpModel
from openinfusion.pump.machine.notes import Note

SelfTest = Callable[[Library], str | None]


class Slots:
    """
    Slot A and slot B.

    A new library is staged into the slot that is not in force and waits there; after its activation the old one stays
    in the other slot, to go back to. Whether the pump is idle is for the pump to say.
    """

    def __init__(self, model: PumpModel, held: Held, note: Callable[..., Note], *, self_test: SelfTest | None) -> None:
        self._model, self._note = model, note
        self._self_test = self_test or model.why_not_library
        self.active = held
        self.other: Held | None = None
        self.is_staged = False

    @property
    def staged(self) -> Held | None:
        """The library that waits to be activated."""
        return self.other if self.is_staged else None

    def stage(self, held: Held) -> str | None:
        """Take a library that fits; return why not, if it does not."""
        why = self._model.why_not_library(held.library)
        if why is not None:
            self._note(Kind.LIBRARY_REJECTED, {}, other_library=held.name, reason=why)
            return why
        self.other, self.is_staged = held, True
        self._note(Kind.LIBRARY_STAGED, {}, other_library=held.name)
        return None

    def activate(self, held: Held) -> None:
        """Bring a staged library into force; one that fails its test gives way to the old one, and is not kept."""
        self.active, self.other, self.is_staged = held, self.active, False
        self._note(Kind.LIBRARY_ACTIVATED, {}, other_library=self.other.name)
        why = self._self_test(held.library)
        if why is not None:
            self.revert(self.other, f"self-test failed: {why}")
            self.other = None

    def revert(self, held: Held, reason: str) -> None:
        """Go back to the library of the other slot."""
        self.active, self.other, self.is_staged = held, self.active, False
        self._note(Kind.LIBRARY_REVERTED, {}, other_library=self.other.name, reason=reason)
