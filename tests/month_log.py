"""A month of one pump that was counted by hand, as event logs."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

TRUST, OTHER = "Fell Side Example Trust", "Another Trust"
PATIENT = "943 476 5919"


class Log:
    """Writes the events of one pump, a minute apart, numbered on."""

    def __init__(self, pump: str = "P1", ids: str = "a") -> None:
        self.pump, self.ids = pump, ids
        self.records: list[dict[str, object]] = []

    def add(self, kind: str, on: datetime, **fields: object) -> str:
        event_id = f"{self.ids}-{len(self.records):05}"
        library = {"name": "Example", "version": "1.1.0"}
        common = {"event_id": event_id, "kind": kind, "pump": self.pump, "at": on.isoformat(), "library": library}
        self.records.append({**common, "private": {"patient": PATIENT}, **fields})
        return event_id

    def infusion(self, on: datetime, number: int, *, with_library: bool = True, category: str = "medicine") -> str:
        name = f"{self.pump}-i{number}"
        place = {"care_area": "ward", "drug": "morphine"} if with_library else {}
        self.add("started", on, infusion=name, with_library=with_library, category=category, **place)
        return name

    def alert(self, on: datetime, infusion: str, response: str | None, *, limit: str = "soft_max") -> None:
        """One alert at 2.5 times its limit, and its answer ten seconds later."""
        alert = {
            "parameter": "dose",
            "limit": limit,
            "attempted": {"value": "12.5", "unit": "mg/h"},
            "bound": {"value": "5", "unit": "mg/h"},
        }
        place = {"care_area": "ward", "drug": "morphine", "infusion": infusion, "alert": alert}
        raised = self.add("alert_raised", on, **place)
        if response is not None:
            then = on + timedelta(seconds=10)
            self.add("alert_answered", then, about=raised, response=response, seconds="10", **place)


def write_log(path: Path, records: list[dict[str, object]], organisation: str = TRUST) -> Path:
    header = {
        "format": "openinfusion-events",
        "format_version": "1.0",
        "organisation": organisation,
        "purpose": "test",
    }
    path.write_text("\n".join(json.dumps(one) for one in (header, *records)) + "\n", "utf-8")
    return path


def march(day: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, 12, minute, tzinfo=UTC)


def counted_by_hand() -> list[dict[str, object]]:
    """
    March: ten infusions, eight with the library (six medicines, two fluids), two medicines without.

    Three alerts: one overridden, one unanswered, one on a hard limit that was reprogrammed and then started within
    limits. One alarm. February: one infusion, without the library.
    """
    log = Log()
    names = [log.infusion(march(n + 1), n) for n in range(6)]
    fluids = [log.infusion(march(n + 10), n + 10, category="fluid") for n in range(2)]
    for n in range(2):
        log.infusion(march(n + 20), n + 20, with_library=False)
    log.alert(march(2, 30), names[1], "overridden")
    log.alert(march(10, 30), fluids[0], None)
    log.alert(march(4) - timedelta(minutes=5), names[3], "reprogrammed", limit="hard_max")
    dose = {"mode": "continuous", "dose": {"value": "1", "unit": "mg/h"}}
    place = {"care_area": "ward", "drug": "morphine", "with_library": True}
    log.add("programmed", march(4) - timedelta(minutes=4), infusion=names[3], programme=dose, **place)
    log.add("drug_not_found", march(6), search="vit k", care_area="ward")
    log.add("alarm_raised", march(7), alarm="air", infusion=names[0])
    log.infusion(datetime(2026, 2, 10, tzinfo=UTC), 90, with_library=False)
    return log.records
