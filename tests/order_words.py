"""Read the orders and pumps of ``tests/spec/orders.py``: words to core values."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from openinfusion.core.library import (
    About,
    CareArea,
    Concentration,
    Delivery,
    Drug,
    Entry,
    EntryType,
    Library,
    Limits,
    Pca,
    Population,
    Route,
)
from openinfusion.core.numbers import read_decimal
from openinfusion.core.orders import (
    USUAL_RULES,
    Activity,
    Code,
    Link,
    Medication,
    Order,
    OrderAnswer,
    OrderKind,
    PcaOrder,
    PumpSituation,
    Running,
    Step,
    StepKind,
    check_order,
)
from openinfusion.core.units import Quantity, Unit
from tests.spec import orders as spec
from tests.spec.tables import LIMITS, Row, read_table

T = TypeVar("T")
NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


def made_up(text: str) -> Concentration | None:
    if not text:
        return None
    amount, volume = strength(text)
    return Concentration(amount=amount, volume=volume)


def strength(text: str) -> tuple[Quantity, Quantity]:
    amount, _, diluent = text.partition(" in ")
    return Quantity.read(amount), Quantity.read(diluent)


def limits(row: Row, prefix: str = "", unit: str = "unit") -> Limits | None:
    if not row[unit]:
        return None
    given = {n.replace(" ", "_"): read_decimal(row[prefix + n]) for n in LIMITS if row.get(prefix + n)}
    return Limits(unit=Unit.read(row[unit]), **given)


def _entry(rows: list[Row]) -> Entry:
    first = rows[0]
    parts = {row["parameter"]: made for row in rows if (made := limits(row)) is not None}
    group: dict[str, dict[str, Any]] = {
        name: {p.split(".")[1]: v for p, v in parts.items() if p.startswith(f"{name}.")}
        for name in ("pca", "bolus", "loading")
    }
    return Entry(
        id=first["entry"],
        drug=first["medicine"],
        care_area="ward",
        type=EntryType(first["type"]),
        route=Route(first["route"]),
        concentration=made_up(first["strength"]),
        secondary="allowed" if first["secondary"] else "not allowed",
        dose=parts.get("dose"),
        rate=parts.get("rate"),
        bolus=Delivery(**group["bolus"]) if group["bolus"] else None,
        loading=Delivery(**group["loading"]) if group["loading"] else None,
        pca=Pca(**group["pca"], window=Quantity.read(first["window"])) if group["pca"] else None,
    )


def library() -> Library:
    """The library of the specification."""
    grouped: list[list[Row]] = []
    for row in read_table(spec.ENTRIES):
        grouped.append([row]) if row["entry"] else grouped[-1].append(row)
    return Library(
        library=About(name="orders", organisation="specification", version="1.0.0"),
        drugs=tuple(
            Drug(id=r["medicine"], name=r["medicine"], vtm=r["code"], aliases=tuple(filter(None, [r["other names"]])))
            for r in read_table(spec.MEDICINES)
        ),
        care_areas=tuple(
            CareArea(
                id=r["care area"],
                name=r["care area"],
                population=Population.ADULT,
                weight=limits(r, "weight ", "weight unit"),
                max_rate=Quantity.read(r["max rate"]) if r["max rate"] else None,
                max_volume=Quantity.read(r["max volume"]) if r["max volume"] else None,
            )
            for r in read_table(spec.CARE_AREAS)
        ),
        entries=tuple(map(_entry, grouped)),
    )


LIBRARY = library()
_PCA = {
    "demand": "demand",
    "lockout": "lockout",
    "dose limit": "dose_limit",
    "window": "window",
    "loading": "loading",
    "clinician": "clinician",
}
_WORDS = ("kind", "id", "pump", "operator", "patient", "parent", "therapy", "device")
_STARTS = ("dose limit", "total steps", "offers bolus", "offers steps", "lacks set")


def changes(text: str) -> list[tuple[str, str]]:
    """The changes of a cell: "no volume; rate 5 mL/h" -> [("volume", ""), ("rate", "5 mL/h")]."""
    made = []
    for part in filter(None, map(str.strip, text.split(";"))):
        taken = part.removeprefix("no ") if part.startswith("no ") else None
        if taken is not None:
            made.append((taken, ""))
            continue
        name = next((start for start in _STARTS if part.startswith(start + " ")), part.partition(" ")[0])
        made.append((name, part[len(name) :].strip()))
    return made


def base(name: str) -> Order:
    """One of the orders of the specification, as it stands."""
    row = next(r for r in read_table(spec.ORDERS) if r["order"] == name)
    order = Order(
        id="12345",
        kind=OrderKind(row["kind"]),
        medication=Medication(),
        steps=(Step(),),
        pump="A0001",
        placed_at=NOW - timedelta(minutes=1),
        operator="N0001",
        patient="98765",
        parent="12345" if row["kind"] == "bolus" else None,
    )
    if name == "morphine":
        order = replace(
            order,
            pca=PcaOrder(
                demand=Quantity.read("1 mg"),
                lockout=Quantity.read("6 min"),
                dose_limit=Quantity.read("30 mg"),
                window=Quantity.read("4 h"),
            ),
        )
    if name == "carboplatin":
        order = replace(order, body_surface_area=Quantity.read("1.8 m2"))
    if name == "steps":
        shared: dict[str, Any] = {"amount": Quantity.read("300 mg"), "diluent": Quantity.read("50 mL")}
        steps = (
            Step(
                kind=StepKind.LOADING,
                number=1,
                dose=Quantity.read("300 mg"),
                duration=Quantity.read("60 min"),
                **shared,
            ),
            Step(number=2, dose=Quantity.read("40 mg/h"), volume=Quantity.read("20 mL"), **shared),
            Step(number=3, dose=Quantity.read("20 mg/h"), volume=Quantity.read("20 mL"), **shared),
        )
        order = replace(order, steps=steps, total_steps=3)
    for part in ("medicine", "rate", "volume", "duration", "strength", "weight"):
        if row[part]:
            order = changed(order, part, row[part])
    return order


def changed(order: Order, name: str, text: str) -> Order:
    """The order with one thing changed; an empty text takes it away."""
    if name in _PCA:
        return replace(order, pca=_with(order.pca or PcaOrder(), **{_PCA[name]: _quantity(text)}))
    if name in ("medicine", "code"):
        return replace(order, medication=_medication(order.medication, name, text))
    if name not in _ORDER:
        return replace(order, steps=tuple(_step(step, name, text) for step in order.steps))
    field, read = _ORDER[name]
    return _with(order, **{field: read(text)})


def _with(thing: T, **changes: Any) -> T:
    return replace(thing, **changes)  # type: ignore[type-var]


def _quantity(text: str) -> Quantity | None:
    return Quantity.read(text) if text else None


def _time(text: str) -> datetime | None:
    return NOW - timedelta(minutes=int(text.partition(" ")[0])) if text else None


_ORDER: dict[str, tuple[str, Callable[[str], object]]] = {
    **{name: (name, lambda text: text or None) for name in _WORDS},
    **{name: (name, _quantity) for name in ("weight", "height", "container")},
    "surface": ("body_surface_area", _quantity),
    "placed": ("placed_at", _time),
    "secondary": ("secondary", lambda text: text == "yes"),
    "route": ("route", Route),
    "total steps": ("total_steps", lambda text: int(text) if text else None),
}


def _medication(old: Medication, name: str, text: str) -> Medication:
    if name == "medicine":
        return replace(old, names=(text,) if text else ())
    value, _, system = text.partition(" of ")
    return replace(old, codes=(Code(value, system),))


def _step(step: Step, name: str, text: str) -> Step:
    if name == "rate":
        rate = _quantity(text)
        is_flow = rate is not None and rate.unit.text == "mL/h"
        return replace(step, rate=rate if is_flow else None, dose=None if is_flow else rate)
    if name == "strength":
        amount, diluent = strength(text) if text else (None, None)
        return replace(step, amount=amount, diluent=diluent)
    if name == "rates":
        return replace(step, dose=Quantity.read(text)) if step.dose_rate is not None else step
    if name == "volumes":
        return replace(step, volume=Quantity.read(text)) if step.volume is not None else step
    return _with(step, **{name: _quantity(text)})


IDLE = PumpSituation(link=Link.CONNECTED, activity=Activity.IDLE, care_area="ward", patient="98765")
RUNS = {
    "fentanyl": Running(order_id="12345", entry="fentanyl", dose=Quantity.read("100 micrograms/h")),
    "dopamine": Running(order_id="12345", entry="dopamine", dose=Quantity.read("10 micrograms/kg/min")),
}
_LINKS = {"unknown": Link.UNKNOWN, "off": Link.OFF, "offline": Link.OFFLINE, "no answer": Link.NO_ANSWER}
_ACTIVITIES = {
    "paused": Activity.PAUSED,
    "standby": Activity.STANDBY,
    "delayed start": Activity.DELAYED_START,
    "alarming": Activity.ALARMING,
}


def pump_of(order: str, text: str) -> PumpSituation:
    """The pump that an order of the specification arrives at, with what a cell changes."""
    row = next(r for r in read_table(spec.ORDERS) if r["order"] == order)
    pump = IDLE if row["pump"] == "idle" else pump_with(IDLE, "runs", row["pump"])
    for name, value in changes(text):
        pump = pump_with(pump, name, value)
    return pump


def pump_with(pump: PumpSituation, name: str, text: str) -> PumpSituation:
    """A pump with one thing changed."""
    if name == "runs":
        return replace(pump, activity=Activity.INFUSING, running=RUNS[text], left=Quantity.read("30 mL"))
    if name == "interruptible":
        return replace(pump, running=replace(pump.running or Running(), may_be_interrupted=text == "yes"))
    field, read = _PUMP[name]
    return _with(pump, **{field: read(text)})


def _flag(text: str) -> bool:
    return text == "yes"


_PUMP: dict[str, tuple[str, Callable[[str], object]]] = {
    "link": ("link", _LINKS.__getitem__),
    "activity": ("activity", _ACTIVITIES.__getitem__),
    "area": ("care_area", lambda text: None if text == "none" else text),
    "left": ("left", lambda text: None if text == "unknown" else Quantity.read(text)),
    "patient": ("patient", str),
    "weight": ("weight", Quantity.read),
    "resolution": ("rate_resolution", Quantity.read),
    "lowest": ("lowest_rate", Quantity.read),
    "rejected": ("rejected_by_user", _flag),
    "lacks set": ("lacks_set", _flag),
    "offers bolus": ("offers_bolus", _flag),
    "offers steps": ("offers_multistep", _flag),
}


def answer_to(row: Row) -> OrderAnswer:
    """The answer to one row of the specification."""
    order, rules = base(row["order"]), USUAL_RULES
    for name, text in changes(row["but"]):
        if name == "converts":
            rules = replace(rules, converts_units=True)
        else:
            order = changed(order, name, text)
    return check_order(order, LIBRARY, pump_of(row["order"], row["pump"]), at=NOW, rules=rules)
