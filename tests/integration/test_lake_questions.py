"""The named questions, asked of a lake that was taken in from logs."""

from pathlib import Path
from typing import Any

import pytest

from openinfusion.lake.engine import PolarsEngine
from openinfusion.lake.questions import QUESTIONS
from openinfusion.lake.store import Lake
from openinfusion.lake.tables import Tables
from tests.integration.lake_logs import record, take_in, write_log

ALERT = {
    "parameter": "dose",
    "limit": "soft_max",
    "attempted": {"value": "2.5", "unit": "ug/kg/min"},
    "bound": {"value": "1", "unit": "ug/kg/min"},
}
PLACE = {"care_area": "icu", "drug": "noradrenaline", "pump": "pump-1", "infusion": "i1"}
VOLUME = {"volume": {"value": "10", "unit": "mL"}, "duration": {"value": "60", "unit": "min"}}
# A record that voids another is one more record: this counts them, and nothing else does.
OF_RECORDS = {"lost-records"}


def _log(first: int, **more: Any) -> list[dict[str, Any]]:
    """One infusion with an override, a search, an alarm; numbers from ``first`` on."""
    library = {"name": "adult", "version": "1"}
    place = {**PLACE, "library": library, **more}
    raised, alarmed = f"event-{first + 1:06}", f"event-{first + 5:06}"
    answer = {"alert": ALERT, "about": raised, "response": "overridden", "seconds": "1.5"}
    return [
        record(first, kind="drug_not_found", search="norad", **place),
        record(first + 1, kind="alert_raised", alert=ALERT, **place),
        record(first + 2, kind="alert_answered", **answer, **place),
        record(first + 3, kind="started", with_library=True, category="medicine", **place),
        record(first + 4, kind="library_activated", **place),
        record(first + 5, kind="alarm_raised", alarm="air", **place),
        record(first + 6, kind="alarm_cleared", alarm="air", about=alarmed, seconds="300", **place),
        record(first + 7, kind="completed", delivered=VOLUME, **place),
    ]


def _answer(lake: Path, question: str) -> list[tuple[Any, ...]]:
    asked = QUESTIONS[question]
    return sorted(PolarsEngine().collect(asked.ask(Tables(events=Lake.open(lake).events()))).rows(), key=str)


@pytest.fixture(scope="module")
def lakes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A lake, and one with as many events again, each of which another record voids."""
    folder = tmp_path_factory.mktemp("lakes")
    extra = _log(100, infusion="i2", pump="pump-1", drug="KCl")
    voids = [record(200 + n, kind="record_voided", about=one["event_id"], pump="pump-1") for n, one in enumerate(extra)]
    for name, records in (("plain", _log(0)), ("voided", [*_log(0), *extra, *voids])):
        take_in(folder / name, write_log(folder / f"{name}.jsonl", records))
    return folder / "plain", folder / "voided"


@pytest.mark.parametrize("question", sorted(set(QUESTIONS) - OF_RECORDS))
@pytest.mark.hazard("DA-01")
def test_a_voided_event_changes_no_answer(lakes: tuple[Path, Path], question: str):
    plain, voided = lakes
    assert _answer(voided, question) == _answer(plain, question)


def test_a_lake_is_asked_what_its_logs_say(lakes: tuple[Path, Path]):
    """What the lake adds (times the limit, milliseconds, running time) is there for the questions."""
    plain, _ = lakes
    assert _answer(plain, "override-rate")[0][:3] == (1, 1, 1.0)
    assert _answer(plain, "quick-override")[0][:3] == (1, 1, 1.0)
    assert _answer(plain, "twofold-alerts")[0][:3] == (1, 1, 1.0)
    assert _answer(plain, "long-alarms")[0][:3] == (1, 1, 1.0)
    assert _answer(plain, "alarms-per-hour")[0][:3] == (1, 3600, 1.0)
