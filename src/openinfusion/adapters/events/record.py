"""
One record, slowly: everything that is wrong with it, everything that is kept.

The judge of every line that the fast path in ``bulk`` does not take at once; what it says is what the format means.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from openinfusion.adapters.documents import MAX_DEPTH, Json, parse_json
from openinfusion.adapters.events.columns import Row, extra_text, to_row
from openinfusion.adapters.events.shape import Form, Part, parts_of
from openinfusion.adapters.events.values import Misfit, quoted, read_value, shown
from openinfusion.core.errors import EventError, Fault, SenderError
from openinfusion.core.events import LONGEST_NAME, Event, Kind

LONGEST_LINE = 2**20
_KINDS = frozenset(kind.value for kind in Kind)
_ALWAYS = ("event_id", "pump", "at")
_STAND_IN = {"event_id": "-", "pump": "-", "at": datetime(2000, 1, 1, tzinfo=UTC), "kind": Kind.POWER_ON}


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of one record: an event, or a record of a kind that this version does not know, or faults."""

    event: Event | None = None
    unknown: Row | None = None
    faults: tuple[Fault, ...] = ()
    event_id: str | None = None

    def to_row(self) -> Row | None:
        """Return the row of the table, or ``None`` for a record that was rejected."""
        return to_row(self.event) if self.event is not None else self.unknown


def read_line(line: bytes) -> Reading:
    """Return what one line of a log says; a line is refused unread where it is longer than any record can be."""
    if len(line) > LONGEST_LINE:
        fault = Fault("$", "a line of more than 1 MB", f"at most {LONGEST_LINE:,} bytes; it was not read")
        return Reading(faults=(fault,))
    try:
        value = parse_json(line, where=_LINE)
    except SenderError as error:
        place = error.where.removeprefix(_LINE).lstrip(", ").removeprefix("line 1, ")
        return Reading(faults=(Fault(place or "$", error.found, error.expected),))
    return read_record(value)


_LINE = "line"


def read_record(value: object) -> Reading:
    """Return what one JSON value says as a record, with everything that is wrong with it."""
    if not isinstance(value, dict):
        return Reading(faults=(Fault("$", shown(value), "an object: one record"),))
    held = _Held()
    name = value.get("event_id")
    event_id = name if isinstance(name, str) and 0 < len(name) <= LONGEST_NAME and name.isprintable() else None
    if (fault := _extra_fault(value)) is not None:
        return Reading(faults=(fault,), event_id=event_id)
    kind = value.get("kind")
    if isinstance(kind, str) and kind not in _KINDS:
        return _read_unknown(value, kind, event_id)
    values = held.read_group(value, parts_of(Event), "")
    event, faults = _judge(values, held)
    return Reading(event=None if faults else event, faults=faults, event_id=event_id)


def _judge(values: Json, held: "_Held") -> tuple[Event | None, tuple[Fault, ...]]:
    """Return the event, and every fault: of the values alone first, then of those that could be read together."""
    absent = {fault.path for fault in held.faults}
    whole = {**_STAND_IN, **values}
    try:
        return Event(**whole, extra=held.extra), tuple(held.faults)
    except EventError as error:
        # A value that could not be read is missed by the rules as well; its own fault says enough.
        others = [fault for fault in error.faults if not _is_said(fault.path, absent)]
        return None, (*held.faults, *others)


def _is_said(path: str, absent: set[str]) -> bool:
    return any(one == path or one.startswith(f"{path}.") for one in absent)


def read_group(value: Json, parts: Iterable[Part]) -> tuple[Json, tuple[Fault, ...], Json]:
    """Return the values of an object by name, what is wrong with them, and the keys that this version does not know."""
    held = _Held()
    values = held.read_group(value, parts, "")
    return values, tuple(held.faults), held.extra


@dataclass(slots=True)
class _Held:
    """What is gathered on the way through a record: faults, and keys that this version does not know."""

    faults: list[Fault] = field(default_factory=list)
    extra: Json = field(default_factory=dict)

    def read_group(self, value: Json, parts: Iterable[Part], prefix: str) -> Json:
        """Return the values of a group by name; ``null`` says the same as no such key."""
        known: Json = {}
        parts = tuple(parts)
        for part in parts:
            path = prefix + part.name
            raw = value.get(part.name)
            if raw is not None:
                self._keep(known, part, self._read(part, raw, path))
            elif part.required:
                self.faults.append(Fault(path, "nothing", f"a value: {part.form.value}"))
        self._keep_unknown(value, {part.name for part in parts}, prefix)
        return known

    def _read(self, part: Part, raw: object, path: str) -> Any:  # noqa: ANN401 - whatever the field holds
        if part.form is not Form.GROUP:
            if part.form is Form.QUANTITY and isinstance(raw, dict):
                self._keep_unknown(raw, {"value", "unit"}, f"{path}.")
            return read_value(part, raw, path)
        if not isinstance(raw, dict):
            return Misfit((Fault(path, shown(raw), f"an object with {', '.join(p.name for p in part.parts)}"),))
        before = len(self.faults)
        values = self.read_group(raw, part.parts, f"{path}.")
        if len(self.faults) > before:
            return Misfit(())
        return part.cls(**values) if part.cls is not None else None

    def _keep(self, known: Json, part: Part, value: object) -> None:
        if isinstance(value, Misfit):
            self.faults.extend(value.faults)
        else:
            known[part.name] = value

    def _keep_unknown(self, value: Json, known: set[str], prefix: str) -> None:
        """Keep what this version does not know at the same place inside ``extra``."""
        if value.keys() <= known:
            return
        place = self.extra
        for step in prefix.split(".")[:-1]:
            place = place.setdefault(step, {})
        place.update({key: one for key, one in value.items() if key not in known})


def _read_unknown(value: Json, kind: str, event_id: str | None) -> Reading:
    """Return a record of a kind of a newer version: known fields that fit in their columns, all else in ``extra``."""
    if not kind or len(kind) > LONGEST_NAME or not kind.isprintable():
        fault = Fault("kind", shown(kind), f"1 to {LONGEST_NAME} printable characters")
        return Reading(faults=(fault,), event_id=event_id)
    row: Row = {}
    extra = {key: one for key, one in value.items() if key not in _PARTS}
    faults: list[Fault] = []
    for name, part in _PARTS.items():
        raw = value.get(name)
        if name == "kind" or (raw is None and name not in _ALWAYS):
            continue
        fitting, found, kept = _alone(part, raw)
        if name in _ALWAYS:
            faults.extend(found)
        elif found:
            extra[name] = raw
            continue
        row.update(fitting)
        extra.update(kept)
    if faults:
        return Reading(faults=tuple(faults), event_id=event_id)
    row["kind"] = kind
    if extra:
        row["extra"] = extra_text(extra)
    return Reading(unknown=row, event_id=event_id)


_PARTS: Mapping[str, Part] = {part.name: part for part in parts_of(Event)}


def _alone(part: Part, raw: object) -> tuple[Row, tuple[Fault, ...], Json]:
    """Return the columns of one field judged by itself, what is wrong with it, and what it holds that is not known."""
    held = _Held()
    values = held.read_group({part.name: raw}, (part,), "")
    event, faults = _judge(values, held)
    if event is None or faults:
        return {}, faults, {}
    row = to_row(event)
    own = {name: one for name, one in row.items() if name == part.name or name.startswith(f"{part.name}_")}
    return own, (), dict(held.extra)


def _extra_fault(value: Json) -> Fault | None:
    """Return why a record cannot be kept as it came: objects in objects without end, or a number beyond all numbers."""
    waiting: list[tuple[object, str, int]] = [(value, "$", 1)]
    while waiting:
        item, path, depth = waiting.pop()
        if depth > MAX_DEPTH:
            return Fault(path, "objects or lists inside each other", f"a depth of at most {MAX_DEPTH}")
        if isinstance(item, float) and item in (float("inf"), float("-inf")):
            return Fault(path, "a number too large", "a number that a computer holds")
        inner = item.items() if isinstance(item, dict) else enumerate(item) if isinstance(item, list) else ()
        waiting.extend((one, _step(path, key), depth + 1) for key, one in inner)
    return None


def _step(path: str, key: object) -> str:
    if isinstance(key, int):
        return f"{path}[{key}]"
    return f"{path}.{key}" if _PLAIN_KEY.fullmatch(str(key)) else f"{path}.{quoted(str(key))}"


_PLAIN_KEY = re.compile(r"[A-Za-z0-9_]{1,40}")
