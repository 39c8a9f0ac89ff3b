"""The virtual pump as its agent sees it; whoever drives the pump lets the agent look from time to time."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from openinfusion.adapters.documents import canonical_bytes
from openinfusion.adapters.library_file import library_from_bytes
from openinfusion.core.errors import OpenInfusionError
from openinfusion.core.events import LibraryVersion
from openinfusion.core.library import Library
from openinfusion.fleet.agent import Doing
from openinfusion.pump.machine import Held, Pump


class VirtualPump:
    """A virtual pump with the interface that an agent asks for. For tests and training only."""

    def __init__(self, pump: Pump) -> None:
        self.pump = pump
        self._fault: str | None = None
        self._seen = pump.memory.written
        self._idle_from = pump.now

    def doing(self) -> Doing:
        pump = self.pump
        notes, _ = pump.memory.after(self._seen)
        if notes:
            # Whatever was noted since the last look, somebody was at the pump then.
            self._seen, self._idle_from = notes[-1].sequence, notes[-1].at
        if not pump.is_on:
            return Doing(state="off")
        if not pump.is_idle:
            return Doing(state="infusing")
        # Without a care area nobody has begun with this patient: it was just switched on, or the patient is new.
        idle_for = timedelta(seconds=float(pump.now - self._idle_from))
        return Doing(state="idle", idle_for=idle_for, is_fresh=pump.area is None)

    @contextmanager
    def hold(self) -> Iterator[bool]:
        """Say whether nobody uses it: time stands still for a virtual pump while its agent works."""
        yield self.pump.is_idle and self.pump.is_on

    def load(self, library: bytes) -> None:
        self._fault = None
        if library == self.loaded():
            return
        try:
            held = _held(library_from_bytes(library, where="library in memory"), library)
        except OpenInfusionError as error:
            self._fault = str(error)
            return
        self._fault = self.pump.stage(held) or self.pump.activate()

    def loaded(self) -> bytes:
        return canonical_bytes(self.pump.slots.active.library)

    def self_test(self) -> str | None:
        return self._fault or self.pump.model.why_not_library(self.pump.slots.active.library)


def _held(library: Library, content: bytes) -> Held:
    about = library.library
    name = LibraryVersion(name=about.name, version=about.version, sha256=hashlib.sha256(content).hexdigest())
    return Held(library, name)
