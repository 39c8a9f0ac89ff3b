"""`openinfusion pump play`: a scenario played, told in plain text, marked, and laid beside another run."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from openinfusion.adapters.documents import Json, to_json
from openinfusion.adapters.events import write_events
from openinfusion.adapters.events.story import sentence
from openinfusion.cli.console import error_console, say, say_json, styled, table
from openinfusion.cli.pump_words import text_box
from openinfusion.core.errors import OperatorError
from openinfusion.core.events import EventLog
from openinfusion.core.numbers import decimal_text, round_significant
from openinfusion.core.units import Quantity
from openinfusion.core.wording import counted
from openinfusion.pump.records import to_record
from openinfusion.pump.scenarios import (
    Frame,
    Marks,
    Pair,
    Run,
    Scenario,
    compare,
    find_scenario,
    label_of,
    log_of,
    marks_of,
    outcome,
    play,
    shipped_scenarios,
)

NOT_PASSED = 1
_DIGITS = 5
_DAY = 86400


def play_scenario(
    scenario: Annotated[str, typer.Argument(help="S01 to S16, incident-1 to incident-3, or a .toml file")] = "",
    *,
    run: Annotated[str | None, typer.Option(help="which run; without it the first of the file")] = None,
    libraries: Annotated[Path, typer.Option(help="the folder of the libraries")] = Path("examples/trust"),
    list_: Annotated[bool, typer.Option("--list", help="list the scenarios that are shipped")] = False,
    compare_: Annotated[bool, typer.Option("--compare", help="lay a failing and a passing run side by side")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON for machines")] = False,
    events: Annotated[
        Path | None, typer.Option(help="write what the pump noted: .jsonl, .jsonl.gz, .jsonl.zst or .parquet")
    ] = None,
) -> None:
    """
    Play a scenario on the virtual pump, mark it, and say what was really given; not for clinical use.

    Exit code 0 when the run passes its rule, 1 when it does not.

    Example: openinfusion pump play incident-1 --compare
    """
    if list_:
        _list(shipped_scenarios(), as_json=as_json)
        return
    if not scenario:
        raise OperatorError(where="scenario", found="no name", expected="its id, a .toml file, or --list")
    made = find_scenario(scenario)
    if compare_ and run is not None:
        raise OperatorError(
            where="--run", found="--run and --compare", expected="one of them: --compare chooses its two runs itself"
        )
    if compare_:
        _compare(made, libraries)
        return
    name = run if run is not None else made.runs[0].name
    playing = play(made, name, libraries=libraries)  # a run that is not there ends it before a file is written
    if events is not None:
        _write(made, (), events)  # a place that cannot be written is told now, not after the run
    frames = list(playing)
    marks = marks_of(made, frames)
    if as_json:
        say_json(_json(made, name, frames, marks=marks))
    else:
        if _is_terminal():
            _show_whole(made, name, libraries)
        else:
            _tell_all(made, name, frames, marks=marks)
        say_marks(made, name, marks)
    if events is not None:
        count = _write(made, frames, events)
        error_console().print(Text(f"wrote {counted(count, 'event')} to {events}; purpose: training"), soft_wrap=True)
    raise typer.Exit(0 if marks.passed else NOT_PASSED)


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _show_whole(scenario: Scenario, run: str, libraries: Path) -> None:
    from openinfusion.cli.pump_app import show_play  # noqa: PLC0415 - Textual takes a third of a second

    show_play(scenario, run, libraries)


# --- Telling ---------------------------------------------------------------------------------------------------------


def tell(frames: Iterable[Frame], *, start: datetime | None = None) -> Iterator[str]:
    """
    Yield a played run as plain text, moment by moment: who did what, what the pump shows, what it noted.

    With a start, times are those of the pump's clock; without one they count from the beginning.
    """
    shown: object = None
    for frame in frames:
        clock = _clock(frame.at, start)
        yield _headline(frame, clock)
        if frame.says and frame.did:
            yield f"          “{frame.says}”"
        if frame.why:
            yield f"          why: {frame.why}"
        if frame.beep is not None:
            yield f"          the pump beeps: {frame.beep}"
        if frame.screen != shown:
            yield text_box(frame.screen, clock=clock)
        shown = frame.screen
        yield from (f"          * {sentence(event)}" for event in frame.events)
        if frame.given.value:
            yield f"          truly given so far: {_rounded(frame.given)}"
        yield ""


def _headline(frame: Frame, clock: str) -> str:
    did = frame.did or (f"“{frame.says}”" if frame.says else "by itself" if frame.events else "time passes")
    by = f"{frame.who}: " if frame.who else ""
    return f"{clock}  {by}{did}"


def _clock(seconds: Fraction, start: datetime | None) -> str:
    """Return a moment: "05-Nov 14:00:00", or without a start "1:05:00" since the beginning."""
    if start is not None:
        return f"{start + timedelta(seconds=float(seconds)):%d-%b %H:%M:%S}"
    days, rest = divmod(int(seconds), _DAY)
    words = f"{rest // 3600}:{rest // 60 % 60:02d}:{rest % 60:02d}"
    return f"{days} d {words}" if days else words


def _rounded(quantity: Quantity) -> Quantity:
    return Quantity(round_significant(quantity.value, _DIGITS), quantity.unit)


def _about(scenario: Scenario, run: Run, *, marks: Marks) -> Iterator[str]:
    yield f"{scenario.id}: {scenario.title}"
    yield f"Run {run.name!r}: {run.title}."
    yield f"For: {scenario.role}. Patient: {scenario.patient.words}"
    yield f"Goal: {scenario.goal}"
    yield f"Prescription: {scenario.prescription.words}"
    yield f"Before: {scenario.precondition}"
    yield "At hand: " + "; ".join(stock.label for stock in scenario.stock)
    if scenario.assumed:
        yield f"Assumed: {'; '.join(scenario.assumed)}."
    yield from (f"Trap: {trap.what} Likely, because: {trap.why}" for trap in scenario.traps)
    yield "Passed when:"
    yield from (f"  - {mark.condition}: {mark.expected}" for mark in marks.marks)
    yield "For training and tests; not for clinical use."
    yield ""


def _tell_all(scenario: Scenario, run: str, frames: Sequence[Frame], *, marks: Marks) -> None:
    chosen = scenario.run(run)
    if chosen is not None:
        say(*_about(scenario, chosen, marks=marks))
    say(*tell(frames, start=scenario.start))


def say_marks(scenario: Scenario, run: str, marks: Marks) -> None:
    rows = [
        (mark.condition, mark.expected, mark.found, styled("yes", "green") if mark.passed else styled("no", "bold red"))
        for mark in marks.marks
    ]
    say(table(f"Marks of {scenario.id}, run {run!r}", ("condition", "expected", "found", "passed"), rows))
    verdict, style = ("passed", "bold green") if marks.passed else ("not passed", "bold red")
    say(Text.assemble("The run is ", (verdict, style), "."))


# --- The list, files and JSON ----------------------------------------------------------------------------------------


def _list(scenarios: Iterable[Scenario], *, as_json: bool) -> None:
    if as_json:
        say_json([{**_brief(one), "runs": [run.name for run in one.runs]} for one in scenarios])
        return
    rows = [(one.id, one.title, one.role, one.pump, ", ".join(run.name for run in one.runs)) for one in scenarios]
    say(table("Scenarios; not for clinical use", ("id", "title", "role", "pump", "runs"), rows))


def _brief(scenario: Scenario) -> Json:
    names = ("id", "title", "role", "area", "pump", "library", "source")
    return {name: getattr(scenario, name) for name in names} | {"hazards": list(scenario.hazards)}


def _json(scenario: Scenario, run: str, frames: Sequence[Frame], *, marks: Marks) -> Json:
    label = label_of(scenario)
    return {
        "scenario": _brief(scenario),
        "run": run,
        "not_for_clinical_use": True,
        "passed": marks.passed,
        "marks": [to_json(mark) | {"passed": mark.passed} for mark in marks.marks],
        "frames": [
            {
                "seconds": decimal_text(round_significant(frame.at, 12)),
                "who": frame.who,
                "did": frame.did,
                "says": frame.says,
                "why": frame.why,
                "beep": frame.beep,
                "screen": to_json(frame.screen),
                "given": {
                    "value": decimal_text(round_significant(frame.given.value, 12)),
                    "unit": frame.given.unit.code,
                },
                "events": [to_record(note, label) for note in frame.notes],
                "observed": list(frame.observed),
            }
            for frame in frames
        ],
    }


def _write(scenario: Scenario, frames: Sequence[Frame], path: Path) -> int:
    """Write what was noted; return how many records that are."""
    log = log_of(scenario, frames)
    source = f"OpenInfusion virtual pump, scenario {scenario.id}"
    write_events(path, EventLog(organisation="Training", source=source, purpose="training"), log)
    return len(log)


# --- Side by side ----------------------------------------------------------------------------------------------------


def _compare(scenario: Scenario, libraries: Path) -> None:
    """Print a failing and a passing run, moment by moment."""
    failing, passing = pair_of(scenario)
    pairs = compare(*(play(scenario, run.name, libraries=libraries) for run in (failing, passing)))
    say(f"{scenario.id}: {scenario.title}", *(f"Assumed: {words}." for words in scenario.assumed), "")
    columns = ("", *(heading(scenario, run) for run in (failing, passing)), "why")
    say(table("Step by step; not for clinical use", columns, [row(pair) for pair in pairs]), "")
    for run in (failing, passing):
        say_marks(scenario, run.name, marks_of(scenario, list(play(scenario, run.name, libraries=libraries))))


def pair_of(scenario: Scenario) -> tuple[Run, Run]:
    """Return the first run that fails and the first that passes; every scenario has both."""
    failing = next(run for run in scenario.runs if not run.passes)
    return failing, next(run for run in scenario.runs if run.passes)


def heading(scenario: Scenario, run: Run) -> str:
    """Return what a run is called in a comparison."""
    library = run.library or scenario.library
    return f"{run.name}: {library.removeprefix('library-').removesuffix('.json')}"


def row(pair: Pair) -> tuple[str, str, str, str]:
    """Return a moment of two runs: who, what happens in each, and why."""
    sides = [
        ""
        if moment is None
        else "; ".join(part for part in (moment.frames[0].did or moment.frames[0].says, outcome(moment)) if part)
        for moment in (pair.one, pair.other)
    ]
    told = [moment for moment in (pair.one, pair.other) if moment is not None]
    whys = [
        ("then: " if moment is pair.one else "now: ") + moment.frames[0].why for moment in told if moment.frames[0].why
    ]
    return told[0].frames[0].who, sides[0], sides[1], "\n".join(whys)
