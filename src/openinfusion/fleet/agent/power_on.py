"""What a pump works with once it is switched on: a library that is whole and stands its self-test, wherever it lies."""

from dataclasses import dataclass

from openinfusion.fleet.agent.codes import Code, RefusedError
from openinfusion.fleet.agent.pump import Pump
from openinfusion.fleet.agent.slots import Slot, Slots
from openinfusion.fleet.agent.trial import fault_of


@dataclass(frozen=True, slots=True)
class Brought:
    """Which slot stood, ``None`` where none did; and what was wrong with those that were tried before it."""

    slot: Slot | None
    faults: tuple[RefusedError, ...] = ()


def bring(pump: Pump, slots: Slots) -> Brought:
    """
    Have the pump hold a library that it can use; call it only while the pump is held.

    The one in force first, then what lies beside it, unless that was given up before. Each is tested by the pump. Where
    none stands, the pump holds again what it held before, or else what is in force: its own self-test told it that this
    is no library to be programmed by.
    """
    before = pump.loaded()
    faults: list[RefusedError] = []
    read: list[bytes] = []
    for slot in slots.in_turn():
        try:
            library = slots.read(slot)
        except RefusedError as error:
            faults.append(error)
            continue
        read.append(library)
        why = fault_of(pump, library)
        if why is None:
            return Brought(slot, tuple(faults))
        faults.append(_failed(slots, slot, why))
    back = before if before is not None else next(iter(read), None)
    if back is not None:
        fault_of(pump, back)
    return Brought(None, tuple(faults))


def _failed(slots: Slots, slot: Slot, why: str) -> RefusedError:
    label = slots.label(slot)
    number = None if label is None else label.number
    where, expected = f"slot {slot}, release {number}", "a self-test that passes"
    return RefusedError(Code.SELF_TEST, where=where, found=why, expected=expected, number=number)


def told(brought: Brought, slots: Slots) -> RefusedError:
    """Return what was wrong as one refusal that says what the pump works with now."""
    first = brought.faults[0]
    if brought.slot is not None:
        label = slots.label(brought.slot)
        now = "; the library of the other slot" if label is None else f"; release {label.number} of the other slot"
        expected = f"{first.expected}{now} passed its self-test and is in force"
        return RefusedError(first.code, where=first.where, found=first.found, expected=expected, number=first.number)
    found = "; ".join(f"{fault.where}: {fault.found}" for fault in brought.faults)
    expected = "one whole library that passes the self-test of the pump"
    return RefusedError(Code.NONE_SOUND, where="the slots", found=found, expected=expected, number=first.number)
