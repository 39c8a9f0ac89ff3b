"""
The programme of an order, put into a pump by its own screens, and held against the order before anybody confirms it.

A pump takes a programme in the values that its entry asks for; an order may say it in others (a time for a volume). So
not the words are compared but what follows from them, exactly: dose, rate, volume, time and strength.
"""

from collections.abc import Iterator

from openinfusion.core.dosing import check
from openinfusion.core.entry import Mode
from openinfusion.core.library import Library
from openinfusion.core.numbers import decimal_text, is_plain_decimal
from openinfusion.core.programme import Derived, Programme
from openinfusion.core.units import Quantity
from openinfusion.pump.bench.hands import Hands, LostError
from openinfusion.pump.machine.form import Asked, read_keyed
from openinfusion.pump.machine.held import MOST_LETTERS
from openinfusion.pump.machine.pages import Entries, Home, Search
from openinfusion.pump.machine.programming import Form, Summary

_DERIVED = ("dose", "rate", "volume", "duration", "concentration")
_ENTERED = ("care_area", "entry", "mode", "lockout", "accumulated", "background")
_OPEN_OF_BOLUS = ("rate", "duration")


def find_entry(hands: Hands, programme: Programme) -> None:
    """Search the drug of an entry and choose the entry, from the home screen or that of a secondary infusion."""
    library = hands.pump.slots.active.library
    entry = library.find_entry(programme.entry)
    if entry is None:
        raise LostError(f"the library has no entry {programme.entry!r}")
    if isinstance(hands.page, Home):
        hands.choose("drug")
    if not isinstance(hands.page, Search):
        raise LostError(f"the pump shows {type(hands.page).__name__}; expected its search of drugs")
    hands.enter(library.drug(entry.drug).name[:MOST_LETTERS])
    hands.choose(entry.drug)
    if isinstance(hands.page, Entries):
        hands.choose(entry.id)


def key(hands: Hands, programme: Programme) -> None:
    """Key every value that the pump asks for, up to the summary that somebody must confirm."""
    derived = check(programme, hands.pump.slots.active.library).derived
    while isinstance(page := hands.page, Form):
        other = page.attempt.other_way
        if other is not None and _value(programme, page.asked.name) is None and _value(programme, other.name):
            hands.choose("other way")
            continue
        hands.enter(_digits(page.asked, programme, derived))


def _value(values: object, name: str) -> Quantity | None:
    value = getattr(values, name, None)
    return value if isinstance(value, Quantity) else None


def _digits(asked: Asked, programme: Programme, derived: Derived) -> str:
    """Return what is keyed for one value: what was ordered, or what follows from it; nothing where it may be empty."""
    value = _value(programme, asked.name) or _value(derived, asked.name)
    if value is None and asked.is_optional and (asked.offered is None or programme.mode is Mode.BOLUS):
        return ""
    if value is None:
        raise LostError(f"the pump asks for {asked.what}, which the order does not say")
    if not is_plain_decimal(value.value):
        raise LostError(f"{asked.what} {value} cannot be keyed exactly: it is no decimal")
    text = decimal_text(value.value) + ("" if value.unit is asked.unit else f" {value.unit.text}")
    taken = read_keyed(text, asked)
    if not isinstance(taken, Quantity) or taken != value:
        raise LostError(f"{asked.what} {value} cannot be keyed exactly: {taken}")
    return text


def why_not_held(hands: Hands, ordered: Programme) -> str | None:
    """Return in what the programme on the screen differs from the one that was ordered; ``None`` if in nothing."""
    page = hands.page
    if not isinstance(page, Summary):
        return f"the pump shows {type(page).__name__}; expected its summary"
    held = page.attempt.programme()
    if not isinstance(held, Programme):
        return "the pump holds a programme outside the library"
    different = list(differences(ordered, held, hands.pump.slots.active.library))
    return f"the pump holds another {', '.join(different)}" if different else None


def differences(ordered: Programme, held: Programme, library: Library) -> Iterator[str]:
    """Yield what differs between two programmes, exactly; the rate of a bolus is the pump's where none was ordered."""
    for name in _ENTERED:
        if getattr(ordered, name) != getattr(held, name):
            yield name.replace("_", " ")
    if ordered.weight is not None and held.weight != ordered.weight:
        yield "weight"
    ours, theirs = check(ordered, library).derived, check(held, library).derived
    is_single = ordered.mode in (Mode.BOLUS, Mode.LOADING)
    for name in _DERIVED:
        asked, found = _value(ours, name), _value(theirs, name)
        if asked != found and not (is_single and asked is None and name in _OPEN_OF_BOLUS):
            yield name
