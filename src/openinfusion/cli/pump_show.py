"""A scenario played on a whole terminal: the pump, who does what and why, and what the patient is really given."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import ClassVar

from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.timer import Timer
from textual.widgets import Label, Static

from openinfusion.adapters.events.story import sentence
from openinfusion.cli.console import seen
from openinfusion.cli.pump_lcd import HEIGHTS, TALL, WIDTHS, Choices, Events, Face
from openinfusion.cli.pump_windows import TOO_SMALL, Words
from openinfusion.core.errors import AuthorError
from openinfusion.core.numbers import round_significant, show_number
from openinfusion.core.units import Quantity
from openinfusion.pump.scenarios import Frame, Mark, Marks, Scenario, dose_over_time, given_at, log_of, marks_of, play
from openinfusion.pump.scenarios.marking import given_in_words
from openinfusion.pump.scenarios.scenario import Given

SPEEDS = (Fraction(1, 4), Fraction(1, 2), Fraction(1), Fraction(2), Fraction(4), Fraction(8))
_COUNTED = {
    "primary": "the primary infusion",
    "secondary": "the secondary infusion",
    "clinician": "boluses",
    "loading": "loading doses",
    "patient": "demand doses",
}
_LEAST_SECONDS = 1.5
_SECONDS_A_LETTER = 0.04
_BLOCKS = "▁▂▃▄▅▆▇█"
_WIDTH = 30
_DIGITS = 5
GIVEN = "truly given"
HAPPENS = ("must happen", "seen")
_MARK_STYLES = {"yes": "#005a2b", "NO": "bold #b10e1e"}
_COLOURS = {"too much": "bold #ff9aa5", "as ordered": "bold #8ce0ab", "not yet": "#f0f4f5", "cannot be told": "#ffdd57"}


def show_play(scenario: Scenario, run: str, libraries: Path) -> None:
    """Play a run of a scenario on the whole terminal, until somebody quits."""
    PlayApp(scenario, run, libraries).run()


@dataclass(frozen=True, slots=True)
class DoseLine:
    """What has really been given at a moment, held against one bound of the pass rule."""

    wanted: str
    given: Quantity | None
    verdict: str
    bar: str = ""


class Doses:
    """What is really given over a played run, moment by moment."""

    def __init__(self, scenario: Scenario, frames: Sequence[Frame]) -> None:
        self._scenario, self._frames = scenario, frames
        self._events = log_of(scenario, frames)
        self._first = next((frame.at for frame in frames if frame.notes), Fraction(0))

    def lines(self, place: int) -> list[DoseLine]:
        """Return what is given until a frame, for each bound of the pass rule."""
        return [self._line(bound, self._frames[place].at) for bound in self._scenario.rule.delivered]

    def _line(self, bound: Given, at: Fraction) -> DoseLine:
        wanted = ordered_words(bound, self._scenario)
        drug = bound.drug or self._scenario.prescription.drug
        last = self._frames[-1]
        end = last.at - self._first
        try:
            points = dose_over_time(self._events, last.loaded, drug=drug, source=bound.source, until=end)
        except AuthorError:
            return DoseLine(wanted, None, "cannot be told")
        unit = next(one.unit for one in (bound.at_most, bound.at_least) if one is not None)
        if all(one.drug != drug for one in last.loaded):
            nothing = Quantity(Fraction(0), unit)
            return DoseLine(wanted, nothing, verdict(bound, nothing), dose_bar(bound, nothing, most=nothing))
        given = given_at(points, max(at - self._first, Fraction(0))).to(unit)
        most = given_at(points, end).to(unit)
        return DoseLine(wanted, given, verdict(bound, given), dose_bar(bound, given, most=most))

    def curve(self, place: int) -> str:
        """Return what was given since the beginning as a row of blocks, a block for each frame so far."""
        most = max((frame.given.value for frame in self._frames), default=Fraction(0))
        if not most:
            return ""
        given = [frame.given.value / most for frame in self._frames[: place + 1]]
        return "".join(_BLOCKS[int(part * (len(_BLOCKS) - 1))] for part in given)


def ordered_words(bound: Given, scenario: Scenario) -> str:
    """Return what was ordered in one line, and what alone the bar counts: "24 to 26 mg of x, boluses only"."""
    low, high = bound.at_least, bound.at_most
    if low is None or high is None or low.unit is not high.unit:
        words = given_in_words(replace(bound, source=None), scenario)
    else:
        words = f"{show_number(low.value)} to {high} of {bound.drug or scenario.prescription.drug}"
    return words if bound.source is None else f"{words}, {_COUNTED[bound.source]} only"


def verdict(bound: Given, given: Quantity) -> str:
    """Return how a dose given so far stands to its bounds."""
    if bound.at_most is not None and given > bound.at_most:
        return "too much"
    return "not yet" if bound.at_least is not None and given < bound.at_least else "as ordered"


def dose_bar(bound: Given, given: Quantity, *, most: Quantity) -> str:
    """Return what is given as a bar, with a stroke at either end of what was ordered; the end of the run fits in."""
    ends = [one.value for one in (bound.at_least, bound.at_most) if one is not None]
    whole = max(most.value, *(end * Fraction(5, 4) for end in ends))
    full = int(_WIDTH * min(given.value / whole, Fraction(1)))
    cells = ["━" if place < full else "─" for place in range(_WIDTH)]
    for end in ends:
        cells[min(int(_WIDTH * end / whole), _WIDTH - 1)] = "┃"
    return "".join(cells)


def pace(frame: Frame, speed: Fraction) -> float:
    """Return how many seconds a frame stands, so that it can be read."""
    letters = len(frame.did) + len(frame.says) + len(frame.why)
    return (_LEAST_SECONDS + _SECONDS_A_LETTER * letters) / float(speed)


class PlayApp(App[None]):
    """One run of a scenario, full screen."""

    CSS_PATH = "pump_app.tcss"
    TITLE = "Scenario"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "pause", "Play or pause"),
        Binding("right,enter,down", "step(1)", "Next"),
        Binding("left,up", "step(-1)", "Back"),
        Binding("plus,equals_sign", "speed(1)", "Faster"),
        Binding("minus", "speed(-1)", "Slower"),
        Binding("m", "marks", "Marks"),
        Binding("q,escape", "quit", "Quit"),
        Binding("ctrl+c", "quit", "Quit", priority=True),
    ]

    def __init__(self, scenario: Scenario, run: str, libraries: Path) -> None:
        super().__init__()
        self._scenario, self._run = scenario, run
        self._frames = list(play(scenario, run, libraries=libraries))
        self._doses = Doses(scenario, self._frames)
        self._place, self._speed = 0, SPEEDS.index(Fraction(1))
        self._is_playing = False
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """Lay it out: the pump, what is done and why, what is given; the events beside or below."""
        yield Static(TOO_SMALL, id="small")
        with Horizontal(id="top"):
            yield Static(escape(f"{self._scenario.id}, {self._run}"), id="name")
            yield Static("Training. Not for clinical use.", id="warning")
            yield Static(id="clock")
        with Vertical(id="desk"):
            with Vertical(id="pump"):
                with Horizontal(id="lcd"):
                    yield Face(id="face")
                    choices = Choices()
                    choices.can_focus = False
                    yield choices
                several = "several" if len(self._scenario.rule.delivered) > 1 else ""
                with VerticalScroll(id="story", can_focus=False, classes=several):
                    yield Static(id="did")
                yield Static(id="doses")
            with Vertical(id="side"):
                yield Label("What the pump noted", classes="heading")
                yield Events(id="noted", can_focus=False)
        yield Static(id="hint")

    def on_mount(self) -> None:
        """Show the first frame."""
        self._refresh()

    def on_resize(self) -> None:
        """Use the room that there is."""
        self.call_after_refresh(self._refresh)

    # --- Playing -----------------------------------------------------------------------------------------------------

    def action_pause(self) -> None:
        """Play, or stand still."""
        self._is_playing = not self._is_playing and self._place + 1 < len(self._frames)
        self._refresh()
        self._wind()

    def action_step(self, by: int) -> None:
        """Go to the next frame, or back; after the last come the marks."""
        if by > 0 and self._place + 1 == len(self._frames):
            self.action_marks()
            return
        self._place = max(self._place + by, 0)
        self._refresh()
        self._wind()

    def action_speed(self, by: int) -> None:
        """Play faster or slower."""
        self._speed = min(max(self._speed + by, 0), len(SPEEDS) - 1)
        self._refresh()
        self._wind()

    def action_marks(self) -> None:
        """Show what the rule makes of what has happened so far."""
        self._is_playing = False
        self._refresh()
        marks, is_over = marks_of(self._scenario, self._frames[: self._place + 1]), self._is_over
        title = ("Passed" if marks.passed else "Not passed") if is_over else f"So far: {self._where()}, not the end yet"
        self.push_screen(Words(title, self._marks_text(marks), quits=True))

    def _wind(self) -> None:
        """Set the clock for the next frame."""
        if self._timer is not None:
            self._timer.stop()
        if self._is_playing:
            self._timer = self.set_timer(pace(self._frames[self._place], SPEEDS[self._speed]), self._next)

    def _next(self) -> None:
        if self._is_playing:
            self.action_step(1)

    # --- What is shown -----------------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        frame, base = self._frames[self._place], self.screen_stack[0]
        at = self._scenario.start + timedelta(milliseconds=round(frame.at * 1000))
        base.query_one(Face).show(frame.screen, large=self.size.height >= TALL)
        base.query_one("#lcd").border_subtitle = escape(seen(frame.screen.footer).plain)
        base.query_one(Choices).show(frame.screen)
        base.query_one("#clock", Static).update(f"{at:%d-%b-%Y %H:%M:%S}")
        told_now = story(frame) if self._place else beginning(self._scenario, self._run)
        base.query_one("#did", Static).update(told_now)
        base.query_one("#doses", Static).update(self._doses_text())
        told = [(event.at, sentence(event)) for one in self._frames[: self._place + 1] for event in one.events]
        base.query_one(Events).show(told)
        base.query_one("#hint", Static).update(self._hint())

    @property
    def _is_over(self) -> bool:
        return self._place + 1 == len(self._frames)

    def _where(self) -> str:
        return f"{self._place + 1} of {len(self._frames)}"

    def _hint(self) -> Text:
        where = self._where()
        how = f"playing, speed {_number(SPEEDS[self._speed])}" if self._is_playing else "paused"
        play_words = "pauses" if self._is_playing else "plays"
        keys = f"Space {play_words}. Right arrow or Enter: next; left: back. + and -: speed. m: marks. q: quits."
        return Text.assemble((f"{where}, {how}. ", "bold"), keys)

    def _doses_text(self) -> Text:
        given = self._frames[self._place].given
        rows = [Text.assemble(("Truly given so far: ", "bold"), f"{_rounded(given)}  ", self._doses.curve(self._place))]
        for line in self._doses.lines(self._place):
            shown = "" if line.given is None else f"{line.bar} {_rounded(line.given)}: "
            rows.append(Text(f"Ordered: {line.wanted}"))
            rows.append(Text.assemble(shown, (line.verdict, _COLOURS[line.verdict])))
        return Text("\n").join(rows)

    def _marks_text(self, marks: Marks) -> Group:
        made = Table(box=None, pad_edge=False, header_style="bold")
        for column in ("passed", "condition", "expected", "found"):
            made.add_column(column, overflow="fold")
        verdicts = iter(line.verdict for line in self._doses.lines(self._place))
        for mark in marks.marks:
            given = next(verdicts, "") if mark.condition == GIVEN else ""
            word = "yes" if mark.passed else "NO"
            if not self._is_over:
                word = so_far(mark, given)
            made.add_row(
                Text(word, style=_MARK_STYLES.get(word, "")), mark.condition, seen(mark.expected), seen(mark.found)
            )
        return Group(made)


def so_far(mark: Mark, given: str) -> str:
    """Return what a condition comes to in the middle of a run: only what can no longer change is yes or NO."""
    if mark.condition in HAPPENS:
        return "yes" if mark.passed else "not yet"
    nothing_flowed = mark.condition == "no gap" and not mark.found.endswith("seconds")
    if not mark.passed and (nothing_flowed or (mark.condition == GIVEN and given != "too much")):
        return "not yet"
    return "so far" if mark.passed else "NO"


def story(frame: Frame) -> Text:
    """Return who did what, what was said, why, and what the pump beeped at."""
    did = frame.did or "; ".join(sentence(event) for event in frame.events)
    if not did and not frame.says:
        did = "time passes"
    rows = [Text.assemble((f"{frame.who}: " if frame.who else "", "bold"), did)] if frame.who or did else []
    if frame.says:
        rows.append(Text(f"“{frame.says}”", style="italic"))
    if frame.why:
        rows.append(Text.assemble(("Why: ", "bold"), frame.why))
    if frame.beep is not None:
        rows.append(Text(f"The pump beeps: {frame.beep}", style="bold #8c0b18"))
    return seen(Text("\n").join(rows))


def beginning(scenario: Scenario, run: str) -> Text:
    """Return what there is to know before anything is done."""
    chosen = scenario.run(run)
    rows = [
        Text(scenario.title, style="bold"),
        Text.assemble(("Patient: ", "bold"), scenario.patient.words),
        Text.assemble(("Prescribed: ", "bold"), scenario.prescription.words),
        Text.assemble(("This run: ", "bold"), chosen.title if chosen is not None else run),
    ]
    return seen(Text("\n").join(rows))


def _rounded(quantity: Quantity) -> Quantity:
    return Quantity(round_significant(quantity.value, _DIGITS), quantity.unit)


def _number(speed: Fraction) -> str:
    return f"{float(speed):g}"
