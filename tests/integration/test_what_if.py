"""`openinfusion what-if` from an event log to the page: the figures agree with a log that was counted by hand."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from openinfusion.adapters.library_file import write_library
from openinfusion.cli import main
from openinfusion.core.errors import OperatorError
from openinfusion.core.library import Library
from openinfusion.lake.engine import PolarsEngine
from openinfusion.lake.store import Lake
from openinfusion.lake.what_if_answer import Question, span_of, what_if
from openinfusion.lake.what_if_page import page
from tests.integration.lake_logs import take_in, write_log
from tests.integration.test_report import HOSTILE, Page
from tests.unit.lake_programmes import MORPHINE, NORADRENALINE, library, with_dose

IN_FORCE = library("1.0")
DRAFT = library("1.1", with_dose(NORADRENALINE, soft_max="0.8"), with_dose(MORPHINE, soft_max="8"))
LAST = datetime(2026, 3, 31, 12, tzinfo=UTC)
PATIENT = "943 476 5919"
Run = Callable[..., tuple[int, str, str]]


def record(number: int, kind: str, at: datetime = LAST, **more: Any) -> dict[str, Any]:
    made = {"event_id": f"e{number}", "kind": kind, "pump": "p1", "at": at.isoformat()}
    return {**made, "private": {"patient": PATIENT}, **more}


def programme(number: int, entry: str, dose: str, at: datetime = LAST) -> dict[str, Any]:
    """One programme, such as "0.4 ug/kg/min" on its entry."""
    value, unit = dose.split(" ")
    entered = {"mode": "continuous", "dose": {"value": value, "unit": unit}, "weight": {"value": "70", "unit": "kg"}}
    if entry == "morphine":
        del entered["weight"]
    place: dict[str, Any] = {"care_area": "icu", "entry": entry, "infusion": f"i{number}", "with_library": True}
    return record(number, "programmed", at, programme=entered, **place)


def catch(number: int, about: str, response: str = "cancelled") -> list[dict[str, Any]]:
    """An alert on a programme, and its answer."""
    limit = {"parameter": "dose", "limit": "soft_max"}
    values = {"attempted": {"value": "0.7", "unit": "ug/kg/min"}, "bound": {"value": "0.5", "unit": "ug/kg/min"}}
    place: dict[str, Any] = {"infusion": "i", "alert": limit | values}
    raised = record(number, "alert_raised", about=about, **place)
    return [raised, record(number + 1, "alert_answered", about=f"e{number}", response=response, seconds="9", **place)]


def month() -> list[dict[str, Any]]:
    """Ten programmes: seven judged, three not; one catch that the draft would lose, one that it would keep."""
    rows = [programme(n, "norad", f"{dose} ug/kg/min") for n, dose in enumerate(("0.2", "0.4", "0.6", "0.7", "3"))]
    rows += [programme(5, "morphine", "5 mg/h"), programme(6, "morphine", "9 mg/h"), programme(7, "gone", "1 mg/h")]
    basic = {"mode": "continuous", "rate": {"value": "5", "unit": "mL/h"}}
    rows += [record(n, "programmed", infusion=f"i{n}", programme=basic, with_library=False) for n in (8, 9)]
    return [*rows, *catch(20, "e3"), *catch(22, "e4"), *catch(24, "nothing known")]


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    old = LAST - timedelta(days=90, seconds=1)
    log = write_log(tmp_path / "log.jsonl", [*month(), programme(30, "norad", "3 ug/kg/min", old)])
    (told,) = take_in(tmp_path / "lake", log)
    assert told.is_whole
    for name, made in (("in-force", IN_FORCE), ("draft", DRAFT)):
        write_library(made, tmp_path / f"{name}.json")
    return tmp_path / "lake"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["openinfusion", "what-if", *map(str, arguments)])
        code: object = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code
        printed = capsys.readouterr()
        return int(str(code or 0)), printed.out, printed.err

    return run


def answered(run: Run, lake: Path, *more: object) -> dict[str, Any]:
    code, out, err = run(lake, lake.parent / "draft.json", "--json", *more)
    assert (code, err) == (0, "")
    made: dict[str, Any] = json.loads(out)
    return made


def test_the_figures_are_those_counted_by_hand(run: Run, lake: Path) -> None:
    """Draft: 3 is above the hard maximum of 2, 9 mg/h above 8. In force: 0.6 and 0.7 are above 0.5, 3 above 2."""
    made = answered(run, lake, "--against", lake.parent / "in-force.json")
    judged = {"programmes": 10, "judged": 7, "ambiguous": 0, "not_judged": 3}
    assert made["all"] == {**judged, "with_alert": 2, "soft": 1, "hard": 1}
    assert (made["draft"], made["in_force"]) == ("Test 1.1", "Test 1.0")
    assert made["all_in_force"] == {**judged, "with_alert": 3, "soft": 2, "hard": 1}
    changes = {"gained": 1, "lost": 2, "harder": 0, "softer": 0, "other_limit": 0, "decided": 0, "undecided": 0}
    assert made["changes"] == changes
    assert made["changes_by_drug"]["noradrenaline"]["lost"] == 2
    assert made["changes_by_drug"]["morphine sulfate"]["gained"] == 1
    assert made["changes_by_care_area"] == {"Intensive care": changes}
    assert made["catches"] == {
        "alerts": 3,
        "alerts_without_programme": 1,
        "programmes": 2,
        "lost": 1,
        "not_judged": 0,
    }
    assert made["not_judged"] == {
        "the library has no such entry in this care area": 1,
        "the log names neither entry nor drug": 2,
    }
    assert made["one_by_one"] == 2
    assert made["by_drug"]["not named"]["not_judged"] == 2


def test_without_a_library_in_force_there_is_nothing_to_compare(run: Run, lake: Path) -> None:
    made = answered(run, lake)
    assert made["in_force"] is None
    assert made["all"]["with_alert"] == 2
    assert "changes" not in made
    code, out, _ = run(lake, lake.parent / "draft.json")
    assert code == 0
    assert "What changes" not in out
    assert "Of 2 programmes that an alert caught, it would let 1 pass without any alert." in out


def test_ninety_days_are_counted_back_from_the_last_event(run: Run, lake: Path) -> None:
    """The programme of 90 days and a second before is out; with a day more it is in. Dates are whole days in UTC."""
    assert answered(run, lake)["programmes"] == 10
    assert answered(run, lake, "--days", 91)["programmes"] == 11
    assert answered(run, lake, "--from", "2025-12-31")["programmes"] == 11
    assert answered(run, lake, "--to", "2026-03-30", "--days", 300)["programmes"] == 1
    assert answered(run, lake, "--from", "2026-03-31", "--to", "2026-03-31")["programmes"] == 10


def test_a_clock_that_is_ahead_does_not_move_the_days_of_clinical_events(tmp_path: Path) -> None:
    """One pump that lives in 2031 would leave nobody's programmes within the last 90 days."""
    log = [*month(), record(90, "power_on", datetime(2031, 1, 1, tzinfo=UTC))]
    take_in(tmp_path / "lake", write_log(tmp_path / "log.jsonl", log, purpose="clinical"))
    opened = Lake.open(tmp_path / "lake")
    asked = Question(draft=DRAFT, at=LAST + timedelta(days=3))
    assert span_of(opened, opened.snapshot(), asked).last == asked.at
    assert what_if(opened, PolarsEngine(), asked).replayed.programmes == 10
    later = replace(asked, at=datetime(2032, 1, 1, tzinfo=UTC))
    assert span_of(opened, opened.snapshot(), later).last.year == 2031


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--organisation", "nobody"), "--organisation: found 'nobody'; expected one of trust"),
        (("--entry", "unheard-of"), "--entry: found 'unheard-of'"),
        (("--from", "2026-03-02", "--to", "2026-03-01"), "--to: found 2026-03-01; expected 2026-03-02 or later"),
        (("--from", "2030-01-01"), "--from: found 2030-01-01; expected a day before 2026-03-31"),
        (("--from", "2026-03-01", "--days", "9"), "--days: found --from as well; expected one of them"),
    ],
)
def test_a_question_that_makes_no_sense_ends_in_one_message(
    run: Run, lake: Path, arguments: tuple[str, ...], words: str
) -> None:
    code, out, err = run(lake, lake.parent / "draft.json", *arguments)
    assert code == OperatorError.exit_code
    assert out == ""
    assert words in err.replace("\n", " ")
    assert "Traceback" not in err


def test_an_empty_lake_or_span_is_said_to_be_empty(run: Run, lake: Path, tmp_path: Path) -> None:
    """No rate of nothing."""
    code, out, _ = run(lake, lake.parent / "draft.json", "--from", "2026-02-01", "--to", "2026-02-02")
    assert code == 0
    assert "Not one of 0 programmes" in out
    Lake.create(tmp_path / "empty", "example")
    code, _, err = run(tmp_path / "empty", lake.parent / "draft.json")
    assert code == OperatorError.exit_code
    assert "no event" in err


def test_several_organisations_are_told_apart(run: Run, lake: Path) -> None:
    """Together and each alone."""
    rows = [{**row, "event_id": f"other-{row['event_id']}"} for row in month()[:2]]
    take_in(lake, write_log(lake.parent / "other.jsonl", rows, organisation="other"))
    assert answered(run, lake)["programmes"] == 12
    made = answered(run, lake, "--organisation", "other")
    assert (made["programmes"], made["organisations"], made["catches"]["programmes"]) == (2, ["other"], 0)
    _, out, _ = run(lake, lake.parent / "draft.json")
    assert re.search(r"other +2 +2 +0 +0 %", out)


def written(run: Run, lake: Path, *more: object) -> str:
    path = lake.parent / "page.html"
    arguments = ("--against", lake.parent / "in-force.json", "--html", path, *more)
    code, _, err = run(lake, lake.parent / "draft.json", *arguments)
    assert (code, err.split()) == (0, ["wrote", str(path)])
    return path.read_text()


def test_the_page_needs_nothing_else_and_names_nobody(run: Run, lake: Path) -> None:
    """No script, no address; each chart has its words and its table."""
    text = written(run, lake, "--entry", "norad")
    parsed = Page()
    parsed.feed(text)
    assert parsed.open == []
    assert not [tag for tag, _ in parsed.tags if tag in ("script", "img", "iframe", "object", "link")]
    assert "http" not in text.replace("http://www.w3.org", "")
    assert PATIENT not in text
    assert text.count('<svg role="img" aria-label="Number line of ') == text.count("Numbers behind the chart<") == 2


def test_a_limit_that_the_draft_moves_is_drawn_beside_the_one_in_force(run: Run, lake: Path) -> None:
    text = written(run, lake)
    assert "in force: soft maximum 0.5" in text
    assert "in force: soft maximum 10" in text
    assert "in force: hard maximum 2" not in text
    assert re.search(r"Beyond a limit in force: 3; beyond one of the draft: 1\.", text)
    assert re.search(r"<td>draft: soft maximum</td>\s*<td class=\"n\">0.8</td>\s*<td>micrograms/kg/min</td>", text)


def test_suggestions_are_shown_with_their_change_and_not_applied(run: Run, tmp_path: Path) -> None:
    """A hundred attempts at 1 to 100 micrograms/min, a soft maximum that half of them cross."""
    draft = library("2", with_dose(MORPHINE, soft_max="10", hard_max="200"))
    rows = [programme(n, "morphine", f"{n} mg/h") for n in range(1, 101)]
    take_in(tmp_path / "lake", write_log(tmp_path / "log.jsonl", rows))
    for name in ("draft", "in-force"):
        write_library(draft, tmp_path / f"{name}.json")
    before = (tmp_path / "draft.json").read_bytes()
    text = written(run, tmp_path / "lake")
    (made,) = answered(run, tmp_path / "lake")["suggestions"]
    assert (made["now"], made["then"], made["alerts_now"], made["alerts_then"]) == ("10 mg/h", "99 mg/h", 90, 1)
    assert "Suggestion, not applied: a soft maximum of 99 mg/h in place of 10 mg/h" in text
    assert "Suggestions: shown, never applied" in text
    assert (tmp_path / "draft.json").read_bytes() == before


def hostile_library() -> Library:
    drug = replace(DRAFT.drugs[0], name=HOSTILE)
    return replace(DRAFT, library=replace(DRAFT.library, name=HOSTILE), drugs=(drug, *DRAFT.drugs[1:]))


def test_names_are_text_on_the_page_whatever_they_hold(lake: Path) -> None:
    asked = Question(draft=hostile_library(), in_force=IN_FORCE, entries=("norad",), at=LAST)
    text = page(what_if(Lake.open(lake), PolarsEngine(), asked))
    assert "<script" not in text
    assert "<img" not in text
    assert "&lt;script&gt;" in text


def test_many_rows_fold_away_and_none_is_lost(tmp_path: Path) -> None:
    rows = [programme(n, f"gone-{n:02}", "1 mg/h") for n in range(40)]
    take_in(tmp_path / "lake", write_log(tmp_path / "log.jsonl", rows))
    asked = Question(draft=DRAFT, at=LAST, first=date(2026, 3, 31))
    text = page(what_if(Lake.open(tmp_path / "lake"), PolarsEngine(), asked))
    assert "25 more rows" in text
    assert all(f"gone-{n:02}" in text for n in range(40))
