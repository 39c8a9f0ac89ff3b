"""Alarms: PCD-04 and PCD-05, in the order of facets of IHE, as flags in OBX-8, and as makers send them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from openinfusion.adapters.flags import shown
from openinfusion.adapters.hl7.collect import Told, Values, read_value
from openinfusion.adapters.hl7.identity import Coded, private, read_entity
from openinfusion.adapters.hl7.leniency import Cautions, Leniency
from openinfusion.adapters.hl7.messages import AlertMessage
from openinfusion.adapters.hl7.parts import Header, Priority
from openinfusion.adapters.hl7.shape import CODE
from openinfusion.adapters.hl7.states import Context, occurred, parent_of, pump_of
from openinfusion.adapters.hl7.times import read_moment
from openinfusion.adapters.hl7.tree import FLAGS, TIME, VALUE, Observation, Panel
from openinfusion.core.event_parts import Alarm

ALARM = 196616
ALARMS: Mapping[int, Alarm] = {
    196634: Alarm.EMPTY,
    196678: Alarm.FAULT,
    196768: Alarm.OTHER,
    196802: Alarm.BATTERY_LOW,
    196940: Alarm.PRESSURE,
    196950: Alarm.NO_FLOW,
    197084: Alarm.DOOR,
    197200: Alarm.AIR,
    **dict.fromkeys((197212, 197228), Alarm.PRESSURE),
    **dict.fromkeys((197214, 197216, 197218, 197220, 197222, 197230, 197232, 197234, 197236), Alarm.SYRINGE),
    197224: Alarm.EMPTY,
    197226: Alarm.EMPTY,
    **dict.fromkeys((197258, 197260, 197262, 197264, 197354), Alarm.OTHER),
    197328: Alarm.OTHER,
    197330: Alarm.CALLBACK,
    197332: Alarm.OTHER,
    197334: Alarm.NEAR_END,
    197336: Alarm.BATTERY_DEPLETED,
    197338: Alarm.FAULT,
    197340: Alarm.OTHER,
    197342: Alarm.OTHER,
    197344: Alarm.DOOR,
    197346: Alarm.OTHER,
    197348: Alarm.OTHER,
    197350: Alarm.OTHER,
    197352: Alarm.OTHER,
    203276: Alarm.OTHER,
    203341: Alarm.OTHER,
    258048: Alarm.OTHER,
}
"""What a code of an alarm is in the open event log. An occlusion tells its side only in its text, if at all."""
_SIDES = (
    *((word, Alarm.OCCLUSION_UPSTREAM) for word in ("upstream", "proximal", "fluid side")),
    *((word, Alarm.OCCLUSION_DOWNSTREAM) for word in ("downstream", "distal", "patient side")),
)
_WORDS = (
    (re.compile(r"\bair[ -]in[ -]line\b|\bair[ -]bubble|\bair detected\b"), Alarm.AIR),
    (re.compile(r"\bbattery (?:is )?low\b|\blow battery\b"), Alarm.BATTERY_LOW),
    (re.compile(r"\bbattery (?:is )?(?:empty|depleted)\b|\bdepleted battery\b"), Alarm.BATTERY_DEPLETED),
    (re.compile(r"\bdoor (?:is )?open\b"), Alarm.DOOR),
    (re.compile(r"\bnear(?:ly)? (?:the )?(?:end|complete|empty)\b|\binfusion near end\b"), Alarm.NEAR_END),
    (re.compile(r"\bcontainer (?:is )?empty\b|\bempty container\b"), Alarm.EMPTY),
)
"""What an alarm of no table is by its words: makers send codes of their own, or one code for all their alarms."""
_OCCLUSION, _NAME_OF_OCCLUSION = 196940, "MDC_EVT_FLUID_LINE_OCCL"
_NAME_OF_EVENT = re.compile(r"MDCX?_EVT_\w+")
_PRIORITY_WORDS = {"high": "PH", "medium": "PM", "low": "PL"}
PRIORITIES: Mapping[str, Priority] = {"PH": "high", "PM": "medium", "PL": "low", "PN": "none"}
Type = Literal["physiological", "technical", "advisory"]
TYPES: Mapping[str, Type] = {"SP": "physiological", "ST": "technical", "SA": "advisory"}
_ONSETS = frozenset({"start", "start_only", "tpoint", "present"})


class _Level(NamedTuple):
    priority: Priority | None
    text: str | None


def read_alert(header: Header, panel: Panel, *, told: Told, context: Context) -> AlertMessage:
    """Return the step in the life of an alarm that an OBR tells."""
    cautions = context.cautions
    values = dict(_values(told, cautions))
    alarm, text = _alarm(told, values, cautions)
    flags = [flag for segment in panel.segments for flag in segment.raw(FLAGS).split("~")]
    level = _level(values.get("priority"), flags, told=told, cautions=cautions)
    head = next(iter(told.groups), None)
    pump = pump_of(panel, told.groups[head].pump if told.groups else {}, head=head, context=context)
    obr = panel.obr
    parent = parent_of(obr)
    filler = read_entity(obr, obr.raw(3)) if obr is not None else None
    phase = values.get("phase")
    life = parent or filler
    return AlertMessage(
        header=header,
        pump=pump,
        at=_alarm_time(told, context) or occurred(panel, head, context),
        alarm=alarm,
        kind=_kind(alarm, text),
        text=text,
        phase=phase,
        state=values.get("state"),
        inactivation=values.get("inactivation", ()),
        priority=level.priority,
        priority_text=level.text,
        type=TYPES.get(values.get("type") or "") or next((TYPES[flag] for flag in flags if flag in TYPES), None),
        source=values.get("source"),
        is_onset=phase in _ONSETS if phase else parent is None,
        life=life.key if life else None,
        fallback=(pump.device.number if pump.device else "", _name(alarm)),
        private=private(context.person.patient, context.person.place, user=None, order=None),
        others=told.others,
        warnings=tuple(cautions.met),
    )


def _values(told: Told, cautions: Cautions) -> Iterator[tuple[str, Any]]:
    for observation in told.alert:
        value = read_value(observation.segment, observation.meant, cautions)
        if value is not None and observation.meant.metric is not None:
            yield observation.meant.metric.field, value


def _alarm(told: Told, values: Values, cautions: Cautions) -> tuple[Coded | None, str | None]:  # fmt: skip
    """Return the alarm and its words: in OBX-5 of the first facet, or its code in OBX-3 and its words in OBX-5."""
    alarm: Coded | None = values.get("alarm")
    text: str | None = values.get("text")
    if alarm is None:
        first = next((one for one in told.others if one.facet == "1"), None)
        first = first or next((one for one in told.others if _names_alarm(one)), None)
        if first is None:
            cautions.add(Leniency.TOO_FEW, "OBX", found="no code of an alarm")
            return None, text
        named = first.meant.named
        place = first.segment.place(CODE)
        cautions.add(Leniency.ALARM_NAMED_BY_ITSELF, place, found=shown(named.name or named.code))
        words = first.segment.value(VALUE) or named.name
        return Coded(named.code, named.name, words, named.term), text or words
    is_words = alarm.term is None and not _NAME_OF_EVENT.fullmatch(alarm.name)
    return alarm, text or (alarm.text if is_words or alarm.text != alarm.name else None) or None


def _names_alarm(observation: Observation) -> bool:
    named = observation.meant.named
    if named.term is not None:
        return named.term.kind == "alarm"
    return _NAME_OF_EVENT.fullmatch(named.name) is not None


def _kind(alarm: Coded | None, text: str | None) -> Alarm | None:
    if alarm is None:
        return None
    if alarm.name.startswith(_NAME_OF_OCCLUSION) or (alarm.term is not None and alarm.term.code == _OCCLUSION):
        return _side(f"{text} {alarm.name}".casefold())
    known = ALARMS.get(alarm.term.code) if alarm.term is not None else None
    return known or _by_words(f"{text} {alarm.name}".casefold())


def _side(words: str) -> Alarm:
    sides = {kind for word, kind in _SIDES if word in words}
    return sides.pop() if len(sides) == 1 else Alarm.PRESSURE


def _by_words(words: str) -> Alarm | None:
    """Return the one kind of alarm that words tell."""
    kinds = {kind for pattern, kind in _WORDS if pattern.search(words)}
    if "occlusion" in words or "occluded" in words:
        kinds.add(_side(words))
    return kinds.pop() if len(kinds) == 1 else None


def _level(sent: str | None, flags: list[str], *, told: Told, cautions: Cautions) -> _Level:
    """Return the priority: of its own OBX, else among the flags of OBX-8; ICU Medical sends numbers without a scale."""
    text = sent or next((flag for flag in flags if flag in PRIORITIES), None)
    if text is None:
        return _Level(None, None)
    if text not in PRIORITIES:
        meant = _PRIORITY_WORDS.get(text.casefold())
        place = next((o.segment.place(VALUE) for o in told.alert if _feeds(o, "priority")), "OBX")
        if meant is not None:
            cautions.add(Leniency.WORD_MISPRINT, place, found=shown(text), taken=f"read as {meant}")
            return _Level(PRIORITIES[meant], text)
        cautions.add(Leniency.PRIORITY_NUMBER, place, found=shown(text))
    return _Level(PRIORITIES.get(text), text)


def _alarm_time(told: Told, context: Context) -> Any:  # noqa: ANN401 - a moment or nothing
    """Return the time that stands with the alarm itself, if any."""
    for observation in told.alert:
        segment = observation.segment
        if _feeds(observation, "alarm") and segment.raw(TIME):
            return read_moment(segment, TIME, clock=context.clock, cautions=context.cautions)
    return None


def _feeds(observation: Observation, field: str) -> bool:
    metric = observation.meant.metric
    return metric is not None and metric.field == field


def _name(alarm: Coded | None) -> str:
    if alarm is None:
        return ""
    if alarm.term is not None:
        return str(alarm.term.key)
    return alarm.code if alarm.code not in ("", "0") else alarm.name or alarm.text
