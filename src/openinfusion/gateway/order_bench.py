"""From settings to a bench of virtual pumps, each brought into the state that the settings ask for by its own keys."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from openinfusion.adapters.library_file import identity
from openinfusion.adapters.open_library import open_library
from openinfusion.core.errors import Fault, OpenInfusionError, OperatorError
from openinfusion.core.events import Alarm, LibraryVersion
from openinfusion.core.library import Library
from openinfusion.core.orders import Link, Medicines, OrderRules
from openinfusion.core.units import KG, Quantity
from openinfusion.gateway.settings import OrderPump, OrdersPlace
from openinfusion.pump.bench.bench import Bench, BenchPump
from openinfusion.pump.bench.hands import Act, Hands, LostError
from openinfusion.pump.bench.nurse import Nurse
from openinfusion.pump.bench.situation import Around
from openinfusion.pump.machine import Held, Note, Pump
from openinfusion.pump.machine.pages import Weight
from openinfusion.pump.models import find_model

Acts = Iterable[tuple[str, Act]]
_LINKS = {"offline": Link.OFFLINE, "silent": Link.NO_ANSWER}
_RATE, _VOLUME = "10", "500"


@dataclass(frozen=True, slots=True)
class Parts:
    """
    What a bench is made of.

    Attributes:
        place: its settings.
        held: the library in force.
        tell_act: hears of everything that is done at a pump.
        tell_note: hears of everything that a pump notes.

    """

    place: OrdersPlace
    held: Held
    tell_act: Callable[[str, Act], None]
    tell_note: Callable[[str, Note], None]


def read_held(place: OrdersPlace) -> Held:
    """Return the library of a bench as its pumps hold it."""
    library = open_library(place.library, None).library
    about = library.library
    return Held(library, LibraryVersion(name=about.name, version=about.version, sha256=identity(library)))


def make_bench(parts: Parts, *, start: datetime, done: Mapping[str, list[Act]] | None = None) -> Bench:
    """
    Return the bench, its pumps set up, or with all done again that was done at them before.

    Raises:
        OperatorError: a pump cannot be brought into its state.

    """
    pumps = {}
    for number, told in enumerate(parts.place.pumps):
        made = _make_pump(told, parts)
        if done is None:
            _set_up(made.hands, told, where=f"orders.pumps[{number}]")
        else:
            made.hands.do_again(done.get(told.number, ()))
        pumps[told.number] = made
    rules = OrderRules(stale_after=timedelta(minutes=parts.place.stale_minutes))
    return Bench(pumps, Medicines(parts.held.library), start=start, rules=rules)


def _make_pump(told: OrderPump, parts: Parts) -> BenchPump:
    number = told.number
    pump = Pump(number, find_model(told.model), parts.held, tell=lambda note: parts.tell_note(number, note))
    around = Around(
        link=_LINKS.get(told.state, Link.CONNECTED),
        channel=told.channel,
        patient=told.patient,
        expected_area=told.expected_area,
        has_set=told.state != "no set",
    )
    hands = Hands(pump, tell=lambda act: parts.tell_act(number, act))
    return BenchPump(hands, around, Nurse(told.nurse), str(told.syringe_ml))


def _set_up(hands: Hands, told: OrderPump, *, where: str) -> None:
    try:
        hands.choose("power")
        if told.care_area is not None:
            hands.choose(told.care_area)
            if isinstance(hands.page, Weight):
                hands.choose("skip")
        if told.weight is not None:
            hands.choose("weight")
            hands.enter(told.weight)
        _bring_into(hands, told)
    except LostError as error:
        expected = "a state that this pump can be brought into"
        raise OperatorError(where=f"{where}.state", found=f"{told.state}: {error}", expected=expected) from None


def _bring_into(hands: Hands, told: OrderPump) -> None:
    if told.state == "off":
        hands.choose("power")
    elif told.state == "alarming":
        hands.call(Alarm.SYRINGE if hands.pump.model.takes_syringes else Alarm.DOOR)
    elif told.state in ("running", "paused", "standby"):
        hands.choose("load")
        if hands.pump.model.takes_syringes:
            hands.enter(str(told.syringe_ml))
        else:
            hands.choose("bag")
        hands.choose("basic")
        hands.enter(_RATE)
        hands.enter(_VOLUME)
        hands.choose("confirm", "start")
        hands.choose(*{"paused": ("pause",), "standby": ("pause", "standby")}.get(told.state, ()))


# --- Faults of settings -----------------------------------------------------------------------------------------------


def faults_of_orders(place: OrdersPlace) -> Iterator[Fault]:
    """Yield what is wrong with a bench as settings describe it, each with its place."""
    if place.reply_port == 0:
        yield Fault("orders.reply_port", "0", "the port at which the prescribing system listens")
    if not place.pumps:
        yield Fault("orders.pumps", "none", "one [[orders.pumps]] at least")
    yield from _faults_of_files(place)
    if place.reply_first_wait_seconds > place.reply_longest_wait_seconds:
        words = f"at most reply_longest_wait_seconds, {place.reply_longest_wait_seconds:g}"
        yield Fault("orders.reply_first_wait_seconds", f"{place.reply_first_wait_seconds:g}", words)
    try:
        held = read_held(place)
    except OpenInfusionError as error:
        yield Fault("orders.library", f"{error.where}: {error.found}", error.expected)
        return
    for number, told in enumerate(place.pumps):
        known = list(_faults_of_pump(told, held.library, f"orders.pumps[{number}]"))
        if told.number in {one.number for one in place.pumps[:number]}:
            known.append(Fault(f"orders.pumps[{number}].number", f"{told.number!r} again", "a number of its own"))
        yield from known
        if not known:
            parts = Parts(place, held, lambda _, __: None, lambda _, __: None)
            yield from _tried(partial(_set_up, _make_pump(told, parts).hands, told, where=f"orders.pumps[{number}]"))


def _faults_of_files(place: OrdersPlace) -> Iterator[Fault]:
    for name, path in (("bench", place.bench), ("events", place.events)):
        if path is not None and not path.parent.is_dir():
            yield Fault(f"orders.{name}", f"no folder {path.parent}", "a folder that is there")
    if place.events is not None and place.events.suffix != ".jsonl":
        yield Fault("orders.events", place.events.name, "a file that ends in .jsonl")


def _faults_of_pump(told: OrderPump, library: Library, where: str) -> Iterator[Fault]:
    try:
        model = find_model(told.model)
    except OperatorError as error:
        yield Fault(f"{where}.model", error.found, error.expected)
    else:
        if (why := model.why_not_library(library)) is not None:
            yield Fault(f"{where}.model", f"{told.model}: {why}", "a pump that holds this library")
    areas = [area.id for area in library.care_areas]
    for name, area in (("care_area", told.care_area), ("expected_area", told.expected_area)):
        if area is not None and area not in areas:
            yield Fault(f"{where}.{name}", repr(area), f"one of {', '.join(areas)}")
    if told.care_area is None and (told.weight is not None or told.state in ("running", "paused", "standby")):
        yield Fault(f"{where}.care_area", "nothing", "a care area, in which to know a weight or to run")
    if told.weight is not None and not _is_weight(told.weight):
        yield Fault(f"{where}.weight", repr(told.weight), "a weight, such as 70 kg")


def _is_weight(text: str) -> bool:
    try:
        weight = Quantity.read(text)
    except OpenInfusionError:
        return False
    return weight.unit.measures_like(KG) and weight.value > 0


def _tried(what: Callable[[], object]) -> Iterator[Fault]:
    try:
        what()
    except OperatorError as error:
        yield Fault(error.where, error.found, error.expected)
