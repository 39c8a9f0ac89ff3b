"""Records of the open event log to what FHIR says of them: pumps, their metrics, infusions, and alerts."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from openinfusion.adapters.fhir.infusion import administrations_of
from openinfusion.adapters.fhir.names import LIMIT, MDC, METRICS, OURS
from openinfusion.adapters.fhir.values import Administration, Coding, Concept, Device, Issue, Metric, Purpose
from openinfusion.core.event_parts import Alert
from openinfusion.core.events import Event, EventLog, Kind
from openinfusion.core.library import Limit

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, OURS)
SEVERITIES = {Limit.HARD_MIN: "high", Limit.SOFT_MIN: "moderate", Limit.SOFT_MAX: "moderate", Limit.HARD_MAX: "high"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """
    What a log says, ready to be written.

    Attributes:
        purpose: why the log exists.
        devices: the pumps, as their last records know them.
        metrics: what the pumps measure and are set to.
        administrations: each infusion, followed by its parts in order.
        issues: the alerts.
        left_out: ids of records that do not count: voided, replaced by others, or there twice.

    """

    purpose: Purpose
    devices: tuple[Device, ...]
    metrics: tuple[Metric, ...]
    administrations: tuple[Administration, ...]
    issues: tuple[Issue, ...]
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Names:
    """Ids that are the same whenever the same log is written."""

    organisation: str

    def id(self, *parts: str) -> str:
        """Return the id of what these words name."""
        return str(uuid.uuid5(_NAMESPACE, "\n".join((self.organisation, *parts))))

    def url(self, *parts: str) -> str:
        """Return how others refer to it."""
        return f"urn:uuid:{self.id(*parts)}"


def from_log(header: EventLog, events: Iterable[Event]) -> Made:
    """Return what a log says; its records may come late, out of order and twice."""
    counted, left_out = _counted(list(events))
    names = Names(header.organisation)
    by_pump: dict[str, list[Event]] = {}
    for event in counted:
        by_pump.setdefault(event.pump, []).append(event)
    by_infusion: dict[tuple[str, str], list[Event]] = defaultdict(list)
    by_pump = {pump: _in_order(told) for pump, told in by_pump.items()}
    ordered = [event for told in by_pump.values() for event in told]
    for event in ordered:
        if event.infusion is not None:
            by_infusion[event.pump, event.infusion].append(event)
    purpose = header.purpose
    given = [one for told in by_infusion.values() for one in administrations_of(names, told, purpose=purpose)]
    urls = {one.url for one in given}
    # An alert on what became no infusion refers to nothing, rather than to something that is not in the file.
    issues = [
        replace(one, implicated=tuple(url for url in one.implicated if url in urls))
        for one in _issues(names, ordered, purpose)
    ]
    return Made(
        purpose=purpose,
        devices=tuple(_device(names, told, purpose) for told in by_pump.values()),
        metrics=tuple(metric for pump in by_pump for metric in _metrics(names, pump, purpose)),
        administrations=tuple(given),
        issues=tuple(issues),
        left_out=tuple(left_out),
    )


def _counted(events: Sequence[Event]) -> tuple[list[Event], list[str]]:
    """Return the records that count, each once, and the ids of the others."""
    gone = {e.supersedes for e in events} | {e.about for e in events if e.kind is Kind.RECORD_VOIDED}
    kept: dict[str, Event] = {}
    left_out: list[str] = []
    for event in events:
        if event.event_id in gone or event.event_id in kept:
            left_out.append(event.event_id)
        else:
            kept[event.event_id] = event
    return list(kept.values()), left_out


def _in_order(events: list[Event]) -> list[Event]:
    """Return the records of one pump in the order of its numbers, or by its clock where some have none."""
    if all(event.sequence is not None for event in events):
        return sorted(events, key=lambda event: event.sequence or 0)
    return sorted(events, key=lambda event: event.at)


def _device(names: Names, events: Sequence[Event], purpose: Purpose) -> Device:
    """Return a pump as its last records know it."""
    pump = events[0].pump

    def last(name: str) -> str | None:
        told = [value for event in events if (value := getattr(event, name)) is not None]
        return told[-1] if told else None

    library = next((event.library for event in reversed(events) if event.library is not None), None)
    return Device(
        id=names.id("pump", pump),
        url=names.url("pump", pump),
        purpose=purpose,
        asset=pump,
        maker=last("maker"),
        model=last("model"),
        software=last("software"),
        library_name=library.name if library else None,
        library_version=library.version if library else None,
        library_sha256=library.sha256 if library else None,
    )


def _metrics(names: Names, pump: str, purpose: Purpose) -> Iterator[Metric]:
    for term in METRICS:
        yield Metric(
            id=names.id("metric", pump, term.code),
            url=names.url("metric", pump, term.code),
            purpose=purpose,
            type=Concept(codings=(Coding(system=MDC, code=term.code, display=term.name),)),
            unit=term.unit,
            category=term.category,
            device=names.url("pump", pump),
        )


def _issues(names: Names, events: Sequence[Event], purpose: Purpose) -> Iterator[Issue]:
    """Yield every alert with its answer; an answer whose alert is not in the log repeats it, so it stands by itself."""
    answers = {e.about: e for e in events if e.kind is Kind.ALERT_ANSWERED}
    raised = {e.event_id for e in events if e.kind is Kind.ALERT_RAISED}
    for event in events:
        if event.kind is Kind.ALERT_RAISED:
            yield _issue(names, (event, answers.get(event.event_id)), purpose)
        elif event.kind is Kind.ALERT_ANSWERED and event.about not in raised:
            yield _issue(names, (None, event), purpose)


def _issue(names: Names, told: tuple[Event | None, Event | None], purpose: Purpose) -> Issue:
    raised, answer = told
    event = raised or answer
    if event is None or event.alert is None:
        raise ValueError("an alert that no record tells")
    alert = event.alert
    record = event.event_id if raised is not None else event.about
    return Issue(
        id=names.id("alert", event.pump, record or ""),
        url=names.url("alert", event.pump, record or ""),
        purpose=purpose,
        status="final",
        code=limit_concept(alert.limit),
        severity=SEVERITIES[alert.limit],
        at=raised.at if raised is not None else None,
        text=alert_words(alert),
        device=names.url("pump", event.pump),
        implicated=(names.url("infusion", event.pump, event.infusion or ""),),
        episode=event.episode,
        alert=alert,
        record=record,
        response=answer.response if answer is not None else None,
        answered=answer.at if answer is not None else None,
        seconds=answer.seconds if answer is not None else None,
        reason=answer.reason if answer is not None else None,
    )


def limit_concept(limit: Limit) -> Concept:
    """Return the code of a limit that was crossed: ours, because no public one exists."""
    words = limit.value.replace("_min", " minimum").replace("_max", " maximum")
    return Concept(text=f"{words} crossed", codings=(Coding(system=LIMIT, code=limit.value, display=words),))


def alert_words(alert: Alert) -> str:
    """Return what was attempted, and the limit, in words."""
    side = "below" if alert.limit in (Limit.HARD_MIN, Limit.SOFT_MIN) else "above"
    limit = alert.limit.value.replace("_min", " minimum").replace("_max", " maximum")
    return f"{alert.parameter.value} {alert.attempted} is {side} the {limit} of {alert.bound}"
