"""What a record says in words, for a reader: one line, quantities as the NHS shows them."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from fractions import Fraction

from openinfusion.core.events import Alert, Container, Delivered, Event, Kind, LibraryVersion, Programmed, Segment
from openinfusion.core.limits import Limit
from openinfusion.core.numbers import show_number
from openinfusion.core.units import Quantity


def sentence(event: Event) -> str:
    """Return what happened, such as "programmed noradrenaline 0.1 micrograms/kg/min, weight 72 kg"."""
    words = _WORDS[event.kind](event)
    return f"{words} (reason: {event.reason})" if event.reason else words


def _library(version: LibraryVersion | None) -> str:
    return f"{version.name} {version.version}" if version is not None else "an unnamed library"


def _about(event: Event) -> str:
    """Return what runs, as far as the record tells."""
    words = event.drug or "a drug that the log does not name"
    return words if event.with_library is not False else f"{words} outside the library"


def _programme(event: Event) -> str:
    entered = event.programme
    return f"{_about(event)}{_entered(entered)}" if entered is not None else _about(event)


def _entered(entered: Programmed) -> str:
    parts = [
        f"{part.name.replace('_', ' ')} {value}" if part.name != "dose" else str(value)
        for part in fields(entered)
        if isinstance(value := getattr(entered, part.name), Quantity)
    ]
    return f" {', '.join(parts)}" if parts else ""


def _alert(alert: Alert | None) -> str:
    if alert is None:
        return "a limit"
    side = "below" if alert.limit in (Limit.HARD_MIN, Limit.SOFT_MIN) else "above"
    limit = alert.limit.value.replace("_min", " minimum").replace("_max", " maximum")
    return f"{alert.parameter.value} {alert.attempted} is {side} the {limit} of {alert.bound}"


def _answered(event: Event) -> str:
    answer = event.response.value if event.response else "unknown"
    return f"alert answered: {answer}{_after(event.seconds)} ({_alert(event.alert)})"


def _after(seconds: Fraction | None) -> str:
    return "" if seconds is None else f" after {show_number(seconds)} seconds"


def _delivered(delivered: Delivered | None) -> str:
    if delivered is None:
        return ""
    parts = [str(one) for one in (delivered.dose, delivered.volume, delivered.duration) if one is not None]
    return f"; delivered {', '.join(parts)}"


def _segment(segment: Segment | None) -> str:
    return "" if segment is None or segment.volume is None else f"; delivered {segment.volume}"


def _container(container: Container | None) -> str:
    if container is None:
        return "a container"
    return container.type if container.volume is None else f"{container.type} of {container.volume}"


def _alarm(event: Event) -> str:
    return event.alarm.value.replace("_", " ") if event.alarm else "an alarm"


def _lost(event: Event) -> str:
    return f"records {event.first_lost} to {event.last_lost} are lost"


_WORDS: Mapping[Kind, Callable[[Event], str]] = {
    Kind.POWER_ON: lambda _: "switched on",
    Kind.POWER_OFF: lambda _: "switched off",
    Kind.POWER_SOURCE: lambda event: f"now runs on {event.power}",
    Kind.LIBRARY_STAGED: lambda event: f"{_library(event.other_library)} arrived and waits",
    Kind.LIBRARY_ACTIVATED: lambda event: f"{_library(event.library)} is now in force",
    Kind.LIBRARY_REJECTED: lambda event: f"{_library(event.other_library)} was rejected",
    Kind.LIBRARY_REVERTED: lambda event: f"back to {_library(event.library)}",
    Kind.CARE_AREA_CHOSEN: lambda event: f"care area {event.care_area} chosen",
    Kind.DRUG_CHOSEN: lambda event: f"{event.drug} chosen",
    Kind.DRUG_NOT_FOUND: lambda event: f"no drug found for {event.search!r}",
    Kind.PROGRAMMED: lambda event: f"programmed {_programme(event)}",
    Kind.ALERT_RAISED: lambda event: f"alert: {_alert(event.alert)}",
    Kind.ALERT_ANSWERED: _answered,
    Kind.STARTED: lambda event: f"started {_programme(event)}",
    Kind.RATE_CHANGED: lambda event: f"changed {_programme(event)}",
    Kind.BOLUS: lambda event: f"bolus of {_programme(event)}",
    Kind.LOADING: lambda event: f"loading dose of {_programme(event)}",
    Kind.DOSE_ENDED: lambda event: f"dose of {_about(event)} ended{_segment(event.ended)}",
    Kind.DEMAND_REFUSED: lambda event: f"a demand dose of {_about(event)} was refused",
    Kind.STEP_CHANGED: lambda event: f"next step of {_about(event)}",
    Kind.PAUSED: lambda event: f"paused {_about(event)}",
    Kind.RESUMED: lambda event: f"resumed {_about(event)}",
    Kind.COMPLETED: lambda event: f"completed {_about(event)}{_delivered(event.delivered)}",
    Kind.STOPPED: lambda event: f"stopped {_about(event)}{_delivered(event.delivered)}",
    Kind.KVO: lambda event: f"keeps the vein open with {_about(event)}",
    Kind.CONTAINER_CHANGED: lambda event: f"{_container(event.container)} put in",
    Kind.ALARM_RAISED: lambda event: f"alarm: {_alarm(event)}",
    Kind.ALARM_CLEARED: lambda event: f"alarm cleared: {_alarm(event)}{_after(event.seconds)}",
    Kind.PATIENT_CHANGED: lambda _: "now with another patient",
    Kind.LOCATION_CHANGED: lambda event: f"now in {event.ward}",
    Kind.CLOCK_CHANGED: lambda event: f"clock changed; before it said {event.clock_before:%d-%b-%Y %H:%M:%S}",
    Kind.CONNECTION: lambda event: "connected" if event.connected else "lost its connection",
    Kind.LOG_GAP: _lost,
    Kind.RECORD_VOIDED: lambda event: f"record {event.about} counts no longer",
}
