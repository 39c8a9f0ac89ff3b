"""The first start of a library: unless it stands its test, the pump works with the one before, whatever else fails."""

from datetime import datetime

from openinfusion.fleet.agent.codes import RefusedError
from openinfusion.fleet.agent.pump import Pump
from openinfusion.fleet.agent.slots import Slots


def first_start(pump: Pump, slots: Slots, library: bytes, *, before: bytes, at: datetime) -> str | None:
    """
    Begin the staged library while the pump is held; return what is wrong with it, ``None`` if nothing is.

    Unless it is confirmed, the pump holds ``before`` again when this ends, however it ends.
    """
    why, is_confirmed = None, False
    try:
        slots.begin(at)
        why = fault_of(pump, library)
        if why is None:
            slots.confirm()
            is_confirmed = True
    finally:
        if not is_confirmed:
            _give_way(pump, slots, before, at=at, is_final=why is not None)
    return why


def fault_of(pump: Pump, library: bytes) -> str | None:
    """Load a library and test it; return what is wrong. What a vendor's code raises is a fault of the library."""
    try:
        pump.load(library)
        is_other = pump.loaded() != library
    except Exception as error:  # noqa: BLE001 - whatever it is, another library must come
        return _words(error)
    why = tested(pump)
    return "other bytes in memory" if why is None and is_other else why


def tested(pump: Pump) -> str | None:
    """Return what is wrong with the library in the pump's memory, ``None`` if nothing is."""
    try:
        return pump.self_test()
    except Exception as error:  # noqa: BLE001 - a test that does not end well was not passed
        return _words(error)


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]


def _give_way(pump: Pump, slots: Slots, before: bytes, *, at: datetime, is_final: bool) -> None:
    """Load the library before first: the disk may fail."""
    try:
        pump.load(before)
    finally:
        if slots.switch.is_on_trial:
            slots.go_back(at=at, is_final=is_final)


def load_before(pump: Pump, slots: Slots) -> bool:
    """Have the pump hold what it goes back to, before the switch says so; ``False`` where somebody uses it."""
    try:
        before = slots.read_other()
    except RefusedError:
        return True  # nothing to load; what is to be done then is decided when the library in force is brought
    if pump.loaded() == before:
        return True
    with pump.hold() as is_held:
        if is_held:
            pump.load(before)
    return is_held
