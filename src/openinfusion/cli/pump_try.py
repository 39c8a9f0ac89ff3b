"""`openinfusion pump try`: programme a virtual pump by hand, on a whole terminal or line by line through a pipe."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from textwrap import fill
from typing import Annotated

import typer
from rich.text import Text

from openinfusion.adapters.documents import refuse_to_overwrite
from openinfusion.adapters.library_file import read_library
from openinfusion.cli.console import error_console, say
from openinfusion.cli.pump_hints import Medium, hint
from openinfusion.cli.pump_session import Session
from openinfusion.cli.pump_words import WIDTH, Help, Line, Quit, Unclear, read_line, text_box
from openinfusion.core.wording import counted
from openinfusion.pump.models import find_model

PIPED = Medium(
    choose="type 1, or power",
    answer="type 0, or clear",
    time="Let time pass: wait 10 min",
    happens="make something happen: happens occlusion",
)
AGAIN = "To confirm, type the same line again; with any other line nothing ends."
INTERRUPTED = 130
HELP = """What you can type, a line each:
  1, 2, 3 ...        takes the choice with that number; its words do the same
  anything else      is keyed: letters of a drug, a dose, a weight, a reason
                     (where a value is asked for, a number is that value, and a choice is taken by its words)
  (nothing)          takes the value that is offered
  power              the power key
                     (what ends an infusion, or switches its pump off, is asked again: type the line twice)
  wait 10 min        lets time pass: s, min, h
  happens occlusion  lets something happen: {happenings}
                     (new takes a volume: happens new 50)
  quit               ends"""


def try_pump(
    library: Annotated[Path, typer.Argument(metavar="LIBRARY", help="the library in the pump (.json)")],
    *,
    model: Annotated[str, typer.Option(help="halden-s2 (syringes), halden-s2-strict or meridian-v7 (bags)")] = (
        "halden-s2"
    ),
    at_speed: Annotated[
        int, typer.Option(min=0, max=3600, help="pump seconds in each second; 0: time passes only when you say so")
    ] = 1,
    events: Annotated[
        Path | None, typer.Option(help="write what the pump noted: .jsonl, .jsonl.gz, .jsonl.zst or .parquet")
    ] = None,
) -> None:
    """
    Programme a virtual infusion pump by hand. No manual is needed: a line always says what to do next.

    On a terminal the pump fills the screen; in a pipe each line of input is one key press ("help" tells more). It is
    made for training and tests, and not for clinical use.

    Example: openinfusion pump try examples/trust/library-1.1.0.json
    """
    refuse_to_overwrite(events, library)
    session = Session(read_library(library), find_model(model))
    if events is not None:
        session.write(events)  # a place that cannot be written is told now, not after an hour of training
    try:
        if sys.stdin.isatty() and sys.stdout.isatty():
            from openinfusion.cli.pump_app import PumpApp  # noqa: PLC0415 - Textual takes a third of a second

            PumpApp(session, speed=at_speed).run()
        else:
            for text in play_lines(session, sys.stdin):
                say(text)
    except KeyboardInterrupt:
        error_console().print("Stopped by Ctrl+C.")
        raise typer.Exit(INTERRUPTED) from None
    finally:
        _end(session, events)


def _end(session: Session, events: Path | None) -> None:
    count = counted(len(session.notes), "event")
    if events is None:
        words = f"The pump noted {count}; --events FILE would have written them. Not for clinical use."
    else:
        session.write(events)
        words = f"wrote {count} to {events}; purpose: training"
    error_console().print(Text(words), soft_wrap=True)


def play_lines(session: Session, lines: Iterable[str]) -> Iterator[str]:
    """Do what each line says, and yield what is to be shown: the pump first, and again after every line."""
    yield f"Virtual pump {session.model.model}, for training only. Not for clinical use. Type help at any time."
    yield drawn(session)
    asked: Line | None = None
    for text in lines:
        line = read_line(text, session.screen)
        yield f"> {text.strip()}"
        if isinstance(line, Quit):
            return
        question = session.question(line) if line != asked else None
        asked = line if question is not None else None
        yield _answer(session, line) if question is None else f"{question} {AGAIN}"


def _answer(session: Session, line: Line) -> str:
    if isinstance(line, Help):
        return HELP.format(happenings=", ".join(one.word for one in session.happenings()))
    if isinstance(line, Unclear):
        return f"Not understood: {line.why}.\n{next_words(session)}"
    if isinstance(line, Quit):
        return ""
    session.do(line)
    return drawn(session)


def drawn(session: Session) -> str:
    """Return the pump as text: its screen, what it beeped at, what happened, and what to do next."""
    screen = session.shown
    parts = [text_box(screen, clock=f"{session.clock:%H:%M:%S}", bars=session.bars())]
    if screen.beep is not None:
        parts.append(f"beep: {screen.beep}")
    if session.said is not None:
        parts.append(session.said)
    return "\n".join((*parts, next_words(session)))


def next_words(session: Session) -> str:
    """Return what to do next, in lines as wide as the box."""
    return fill(f"Next: {hint(session, PIPED)}", WIDTH, subsequent_indent="      ")
