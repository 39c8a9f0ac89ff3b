"""One resource of R4 or R5 to its value: the elements of both releases are understood, whichever the sender meant."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from openinfusion.adapters.fhir.amounts import DOSE, exact_number, read_moment, read_quantity, read_rate, read_time
from openinfusion.adapters.fhir.cautions import Cautions, Flag
from openinfusion.adapters.fhir.cursor import Cursor
from openinfusion.adapters.fhir.groups import read_alert, read_group, read_segment
from openinfusion.adapters.fhir.names import (
    ALERT,
    ANSWER,
    ASSET,
    BASIS,
    BEGAN,
    CONTEXT,
    DELIVERED,
    DRAFT,
    DRAFT_CODE,
    ENDED,
    INFUSION,
    LIMIT,
    MDC,
    METRIC_UNITS,
    PART,
    PART_WORDS,
    PROGRAMMED,
    REASON,
    RECORD,
    SECONDS,
    STATUSES,
    UCUM,
    VERSIONS,
)
from openinfusion.adapters.fhir.parts import (
    Setting,
    concepts,
    episode,
    has_tag,
    identifiers,
    one_reference,
    purpose,
    read_concept,
    reference,
    word,
)
from openinfusion.adapters.fhir.units import from_ucum, from_words
from openinfusion.adapters.fhir.values import (
    Administration,
    Adverse,
    Basis,
    Concept,
    Context,
    Device,
    Issue,
    Metric,
    Resource,
)
from openinfusion.core.event_parts import Alert, Delivered, Programmed, Response, Segment
from openinfusion.core.units import Quantity, Unit

_GIVEN = ("effective", "occurence", "occurrence")
_ISSUE_STATUSES = (
    *("registered", "preliminary", "final", "amended", "corrected", "cancelled", "entered-in-error", "mitigated"),
    "unknown",
)
_CATEGORIES = ("measurement", "setting", "calculation", "unspecified")
_BASES: Mapping[str, Basis] = {"delivered": "delivered", "programmed": "programmed"}


def read_administration(here: Cursor, url: str | None, setting: Setting) -> Administration:
    """Return a MedicationAdministration."""
    cautions, dosage = setting.cautions, here.at("dosage")
    span = read_time(here, _GIVEN, cautions)
    plain = _Dosage(read_rate(dosage, cautions), read_quantity(dosage.at("dose"), DOSE, cautions))
    began, ended = _segments(here, plain, cautions)
    part = next((code for one in concepts(here, "category") if (code := one.code(PART)) in PART_WORDS), None)
    return Administration(
        id=here.at("id").text(),
        url=url,
        purpose=purpose(here),
        status=word(here.at("status"), STATUSES, cautions),
        medicine=_medicine(here, setting),
        start=span.start,
        end=span.end,
        rate=plain.rate,
        dose=plain.dose,
        reasons=concepts(here, "statusReason"),
        device=one_reference(here, "device", setting),
        part_of=one_reference(here, "partOf", setting),
        part=part,
        basis=_BASES.get(here.extension(BASIS).at("valueString").text() or ""),
        infusion=next(identifiers(here, INFUSION), None),
        record=next(identifiers(here, RECORD), None),
        episode=episode(here.at("subject")),
        programmed=read_group(here.extension(PROGRAMMED), Programmed, cautions),
        delivered=read_group(here.extension(DELIVERED), Delivered, cautions),
        began=began,
        ended=ended,
        context=read_group(here.extension(CONTEXT), Context, cautions),
    )


def _segments(here: Cursor, dosage: "_Dosage", cautions: Cautions) -> tuple[Segment | None, Segment | None]:
    """
    Return the segments of ours, as it began and as it ended.

    Where the plain elements beside them say something else, somebody changed one of the two, and nobody knows which
    holds: the plain elements are what everybody reads, so the extensions are not used.
    """
    began = read_segment(here.extension(BEGAN), "began", cautions)
    ended = read_segment(here.extension(ENDED), "ended", cautions)
    rate = next((one.rate for one in (ended, began) if one is not None and one.rate is not None), None)
    is_told = began is not None or ended is not None
    if is_told and (rate != dosage.rate or (ended is not None and ended.volume != dosage.dose)):
        cautions.add(Flag.DISAGREES, f"{here.path}.dosage", "a rate or a volume that differs from the delivery segment")
        return None, None
    return began, ended


class _Dosage(NamedTuple):
    """What the plain elements of a dosage say."""

    rate: Quantity | None
    dose: Quantity | None


def _medicine(here: Cursor, setting: Setting) -> Concept | None:
    """Return the medicine: told in place, or by the Medication that is referred to."""
    told = here.first("medicationCodeableConcept", "medication")
    concept = read_concept(told if "coding" in _keys(told) or "text" in _keys(told) else told.at("concept"))
    if concept is not None:
        return concept
    link = here.at("medicationReference") or told.at("reference")
    if not link:
        if not any(told.each("extension")) and not any(told.at("concept").each("extension")):
            setting.cautions.add(Flag.MISSING, f"{here.path}.medication", "no medicine")
        return None
    name = reference(link, setting)
    there = setting.known.get(name or "", Cursor(None, ""))
    setting.reached.add(there.path)
    found = read_concept(there.at("code"))
    words = link.at("display").text()
    return found or (Concept(text=words) if words is not None else None)


def _keys(here: Cursor) -> frozenset[str]:
    return frozenset(here.value) if isinstance(here.value, dict) else frozenset()


def read_device(here: Cursor, url: str | None, setting: Setting) -> Device:
    """Return a Device; a version without a type is that of its software if it is the only one."""
    versions: dict[str, str] = {}
    told = list(here.each("version"))
    for one in told:
        codes = {(c.system, c.code) for kind in concepts(one, "type") for c in kind.codings}
        field = next((term.field for term in VERSIONS if (term.system, term.code) in codes), None)
        if field is None and len(told) == 1 and not one.at("type"):
            field = "software"
        if field is not None and (value := one.at("value").text()) is not None:
            versions.setdefault(field, value)
    assets = [*identifiers(here, ASSET), *(v for one in here.each("identifier") if (v := one.at("value").text()))]
    if not assets:
        setting.cautions.add(Flag.MISSING, f"{here.path}.identifier", "no identifier")
    named = (one.at("name").text() for one in here.each("deviceName") if one.at("type").value == "model-name")
    return Device(
        id=here.at("id").text(),
        url=url,
        purpose=purpose(here),
        asset=assets[0] if assets else None,
        serial=here.at("serialNumber").text(),
        maker=here.at("manufacturer").text(),
        model=here.at("modelNumber").text() or next(named, None),
        **versions,
    )


def read_metric(here: Cursor, url: str | None, setting: Setting) -> Metric:
    """Return a DeviceMetric; a unit that does not measure what its code is for is flagged and not used."""
    type_ = read_concept(here.at("type"))
    if type_ is None:
        setting.cautions.add(Flag.MISSING, f"{here.path}.type", "nothing")
    unit = _metric_unit(here, setting)
    code = type_.code(MDC) if type_ is not None else None
    expected = METRIC_UNITS.get(code or "")
    if unit is not None and expected is not None and not unit.measures_like(Unit.from_ucum(expected)):
        setting.cautions.add(Flag.UNIT_UNFIT, f"{here.path}.unit", f"{unit.text} for the code {code}")
        unit = None
    return Metric(
        id=here.at("id").text(),
        url=url,
        purpose=purpose(here),
        type=type_ or Concept(),
        unit=unit.code if unit is not None else None,
        category=word(here.at("category"), _CATEGORIES, setting.cautions),
        device=next(
            (ref for key in ("device", "source", "parent") if (ref := one_reference(here, key, setting))), None
        ),
    )


def _metric_unit(here: Cursor, setting: Setting) -> Unit | None:
    told = read_concept(here.at("unit"))
    if told is None:
        return None
    code = told.code(UCUM)
    found = from_ucum(code) if code is not None else from_words(str(told))
    if found is None or found.factor != 1:
        setting.cautions.add(Flag.UNIT_UNKNOWN, f"{here.path}.unit", "a unit that pumps do not use")
        return None
    if code is None:
        setting.cautions.add(Flag.UNIT_TEXT, f"{here.path}.unit", "words without a code")
    return found.unit


def read_issue(here: Cursor, url: str | None, setting: Setting) -> Issue:
    """Return a DetectedIssue."""
    cautions = setting.cautions
    ours = next((one for one in here.each("mitigation") if _answer(one) is not None), Cursor(None, here.path))
    return Issue(
        id=here.at("id").text(),
        url=url,
        purpose=purpose(here),
        status=word(here.at("status"), _ISSUE_STATUSES, cautions),
        code=read_concept(here.at("code")),
        severity=here.at("severity").text(),
        at=read_time(here, ("identified",), cautions).start,
        text=here.at("detail").text(),
        device=one_reference(here, "author", setting),
        implicated=tuple(ref for one in here.each("implicated") if (ref := reference(one, setting)) is not None),
        episode=episode(here.first("patient", "subject")),
        alert=_alert(here, setting),
        record=next(identifiers(here, RECORD), None),
        response=_answer(ours),
        answered=read_moment(ours.at("date"), cautions),
        seconds=exact_number(ours.extension(SECONDS).at("valueDecimal")),
        reason=ours.extension(REASON).at("valueString").text(),
        actions=tuple(
            action
            for one in here.each("mitigation")
            if one != ours and (action := read_concept(one.at("action"))) is not None
        ),
    )


def _answer(here: Cursor) -> Response | None:
    action = read_concept(here.at("action"))
    code = action.code(ANSWER) if action is not None else None
    return next((one for one in Response if one.value == code), None)


def _alert(here: Cursor, setting: Setting) -> Alert | None:
    told = here.extension(ALERT)
    alert = read_alert(told, setting.cautions)
    code = read_concept(here.at("code"))
    limit = code.code(LIMIT) if code is not None else None
    if alert is not None and limit not in (None, alert.limit.value):
        setting.cautions.add(Flag.DISAGREES, told.path, "another limit than in code")
        return None
    return alert


def read_adverse(here: Cursor, url: str | None, setting: Setting) -> Adverse:
    """Return an AdverseEvent."""
    suspects = (one.first("instance", "instanceReference") for one in here.each("suspectEntity"))
    records = (one.at("valueString").text() for one in here.each("extension") if one.at("url").value == RECORD)
    at = here.at("date")
    moment = read_moment(at, setting.cautions) if at else read_time(here, ("occurrence",), setting.cautions).start
    return Adverse(
        id=here.at("id").text(),
        url=url,
        purpose=purpose(here),
        actuality=word(here.at("actuality"), ("actual", "potential"), setting.cautions),
        code=read_concept(here.first("event", "code")),
        at=moment,
        suspects=tuple(ref for one in suspects if one and (ref := reference(one, setting)) is not None),
        records=(*(one for one in records if one is not None), *identifiers(here, RECORD)),
        episode=episode(here.at("subject")),
        is_draft=has_tag(here, system=DRAFT, code=DRAFT_CODE),
    )


READERS: Mapping[str, Callable[[Cursor, str | None, Setting], Resource]] = MappingProxyType(
    {
        "MedicationAdministration": read_administration,
        "Device": read_device,
        "DeviceMetric": read_metric,
        "DetectedIssue": read_issue,
        "AdverseEvent": read_adverse,
    }
)
"""What reads each type of resource; others are passed over."""
