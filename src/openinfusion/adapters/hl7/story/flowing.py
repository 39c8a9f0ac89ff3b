"""What flows, by the words of IHE, as delivery segments and programmes of the open event log."""

from openinfusion.adapters.hl7.parts import PumpState, Source
from openinfusion.adapters.hl7.units import Measured
from openinfusion.adapters.hl7.vocabulary import (
    INFUSING,
    INFUSIONS,
    PATTERN_WORDS,
    REASON_WORDS,
    SOURCE_WORDS,
    STATUS_WORDS,
    Change,
)
from openinfusion.core.event_parts import FlowSource, Programmed, Segment, Status, Stopped
from openinfusion.core.units import ML, Quantity, Unit

_ONE_ML = Quantity.of(1, ML)


def quantity(measured: Measured | None) -> Quantity | None:
    """Return an amount that a record can hold, or ``None`` where there is none."""
    return measured.recorded if measured is not None else None


def flowing(state: PumpState, told: FlowSource | None) -> tuple[FlowSource | None, Source | None]:
    """Return which source a message is about, and what it tells of it: that named, else the active, else the only."""
    kind = told or next((SOURCE_WORDS[word] for word in state.delivery.active if word in SOURCE_WORDS), None)
    if kind is not None:
        found = state.source(kind) or state.source(None)
        return kind, found
    if len(state.sources) == 1:
        only = state.sources[0]
        return only.kind or "primary", only
    return None, None


def change_of(change: Change, kind: FlowSource, source: Source, *, state: PumpState) -> Segment:
    """Return the delivery segment that a start begins, or that a stop or a completion ends."""
    status = _status(change, source, is_infusing=state.delivery.infusing == INFUSING)
    infusion = source if kind in INFUSIONS else state.source("primary") or state.source("secondary")
    return Segment(
        source=kind,
        status=status,
        pattern=PATTERN_WORDS.get(source.mode or ""),
        because=_because(change, source) if status == "not delivering" else None,
        complete=True if change == "complete" else None,
        step=_step(source),
        rate=quantity(source.rate) or (quantity(state.delivery.flow) if change == "start" else None),
        dose_rate=quantity(source.dose_rate),
        volume=quantity(source.segment),
        total=quantity(infusion.total) if infusion is not None else None,
        vtbi=quantity(source.vtbi),
        remaining=quantity(source.remaining),
    )


def _status(change: Change, source: Source, *, is_infusing: bool) -> Status:
    """Return the status as told; where it is not, fluid that moves at an end is in transition (IHE PCD-10)."""
    told = STATUS_WORDS.get(source.status or "")
    if change == "start":
        return "kvo" if told == "kvo" else "delivering"
    if told in ("transitioning", "not delivering"):
        return told
    return "transitioning" if is_infusing else "not delivering"


def _because(change: Change, source: Source) -> Stopped:
    told = REASON_WORDS.get(source.reason or "", "not told")
    return "complete" if change == "complete" and told == "not told" else told


def _step(source: Source) -> int | None:
    """Return which step of a multi-step programme it is."""
    told = source.more.get("step") if source.more else None
    number = told.number if isinstance(told, Measured) else None
    return int(number) if number is not None and number.denominator == 1 and number >= 0 else None


def programmed(source: Source) -> Programmed | None:
    """Return what the source is programmed to give: its dose rate, else its rate, as far as it is told."""
    dose, strength = quantity(source.dose_rate), _amount_in_one_ml(source)
    told = Programmed(
        dose=dose,
        rate=quantity(source.rate) if dose is None else None,
        volume=quantity(source.vtbi),
        amount=strength,
        diluent=_ONE_ML if strength is not None else None,
        weight=quantity(source.weight),
        height=quantity(source.height),
        body_surface_area=quantity(source.body_surface_area),
    )
    return told if told != _NOTHING else None


_NOTHING = Programmed()


def _amount_in_one_ml(source: Source) -> Quantity | None:
    concentration = quantity(source.concentration)
    return Quantity(concentration.value, Unit.of(concentration.unit.amount)) if concentration is not None else None
