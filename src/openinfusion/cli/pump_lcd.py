"""The face of a virtual pump in Textual: its display, its choices, the value that is keyed, the events beside it."""

from collections.abc import Sequence
from datetime import datetime

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from openinfusion.cli.console import seen
from openinfusion.cli.pump_session import Bar
from openinfusion.cli.pump_words import asked_words, numbered, offered_words
from openinfusion.pump.machine import Choice, Screen

_MOST_EVENTS = 300
_BAR_WIDTH = 12
_STATUS_CLASS = {
    "infusing": "flows",
    "bolus": "flows",
    "loading dose": "flows",
    "demand dose": "flows",
    "waiting for a demand": "flows",
    "keeping the vein open": "waits",
    "paused": "waits",
    "standby": "waits",
    "waits for the secondary": "waits",
    "off": "off",
}
_MARKS = {"flows": "► ", "waits": "‖ "}
TALL = 34
"""The rows from which the digits of the pump are drawn large."""
WIDTHS = [(0, "-slim"), (80, "-narrow"), (110, "-wide")]
HEIGHTS = [(0, "-low"), (24, "-short"), (TALL, "-tall")]
"""The sizes of terminal that the style sheet tells apart, in columns and in rows."""


class Entry(Vertical):
    """Where a value is keyed: what it is, the value, and its unit; nothing where nothing is asked for."""

    def compose(self) -> ComposeResult:
        """Lay it out."""
        yield Static(id="asked")
        with Horizontal():
            yield Input(id="keyed", compact=True, select_on_focus=False)
            yield Static(id="unit")

    def show(self, screen: Screen) -> None:
        """Ask for what a screen asks for."""
        ask, keyed = screen.ask, self.query_one(Input)
        self.display = ask is not None
        keyed.disabled = ask is None
        if ask is None:
            return
        keyed.placeholder = "type here" if ask.offered is None else f"Enter alone: {offered_words(ask)}"
        self.query_one("#asked", Static).update(seen(Text(asked_words(ask))))
        self.query_one("#unit", Static).update(seen(Text(ask.unit)))

    def clear(self) -> None:
        """Forget what was typed."""
        self.query_one(Input).value = ""


class Face(Vertical):
    """What the display shows: status, title, lines, what is asked for, and how far it has got."""

    def compose(self) -> ComposeResult:
        """Lay it out."""
        yield Static(id="status")
        yield Static(id="title")
        with VerticalScroll(id="reading", can_focus=False):
            yield Static(id="lines")
            yield Entry(id="entry")
        yield Static(id="bars")

    def show(self, screen: Screen, *, bars: Sequence[Bar] = (), large: bool = False) -> None:
        """Show a screen; its status in letters as large as there is room for."""
        self.set_classes(f"{status_class(screen)} {limit_class(screen)}")
        self.query_one("#status", Static).update(status_text(screen, large=large))
        self.query_one("#title", Static).update(seen(Text(screen.title, style="bold")))
        self.query_one("#lines", Static).update(seen(Text("\n".join(screen.lines))))
        drawn = self.query_one("#bars", Static)
        drawn.update(Text("\n").join(_bar(bar) for bar in bars))
        drawn.display = bool(bars)
        self.query_one(Entry).show(screen)


def status_class(screen: Screen) -> str:
    """Return how the status is coloured: alarm before anything else."""
    return "alarm" if screen.alarms else _STATUS_CLASS.get(screen.status, "ready")


def limit_class(screen: Screen) -> str:
    """Return how the title is coloured: a limit that was crossed stands out."""
    word = screen.title.partition(" LIMIT")
    return {"SOFT": "soft", "HARD": "hard"}.get(word[0], "") if word[1] else ""


def status_text(screen: Screen, *, large: bool = False) -> Text:
    """Return the status in one or two words, or the alarms."""
    words = screen.status.upper()
    mark = _MARKS.get(_STATUS_CLASS.get(screen.status, ""), "")
    made = Text(f"{mark}{' '.join(words) if large else words}", style="bold")
    if screen.status == "ready":
        made.append(" - nothing flows", "not bold")
    if screen.alarms:
        return Text.assemble((f"ALARM: {', '.join(screen.alarms).upper()}", "bold"), "\n", made)
    return made


def _bar(bar: Bar) -> Text:
    full = int(bar.part * _BAR_WIDTH)
    return Text.assemble(
        f"{bar.name:<9}",
        ("━" * full, "#7fd6a0"),
        ("─" * (_BAR_WIDTH - full), "#8a9aa8"),
        f" {bar.words}",
    )


class Choices(OptionList):
    """The choices of a screen, numbered where a number takes them; they stay as they are while they are the same."""

    def __init__(self) -> None:
        super().__init__(id="choices", markup=False)
        self._shown: tuple[str, list[tuple[str, Choice]]] | None = None

    def show(self, screen: Screen) -> None:
        """List the choices of a screen."""
        marked = numbered(screen)
        new = (screen.title, marked)
        if new == self._shown:
            return
        is_same_page = self._shown is not None and self._shown[0] == screen.title
        kept = self.highlighted_option.id if is_same_page and self.highlighted_option is not None else None
        self._shown = new
        self.set_options(Option(_option(mark, choice.label), id=choice.id) for mark, choice in marked)
        ids = [choice.id for _, choice in marked]
        self.highlighted = ids.index(kept) if kept in ids else _safe(ids)


def _safe(ids: list[str]) -> int | None:
    """Return the choice that lies under the finger first: never the one that passes a limit."""
    if not ids:
        return None
    return ids.index("reprogram") if "override" in ids and "reprogram" in ids else 0


def _option(mark: str, label: str) -> Table:
    """Return a choice whose second line, if it needs one, stands under the first word and not under the number."""
    row = Table.grid(padding=(0, 1, 0, 0), expand=True)
    row.add_column(width=len(mark))
    row.add_column(ratio=1, overflow="fold")
    row.add_row(Text(mark, style="bold"), seen(Text(label)))
    return row


class Events(VerticalScroll):
    """What the pump has noted, as sentences, newest below."""

    def compose(self) -> ComposeResult:
        """Lay it out."""
        yield Static(id="told")

    def show(self, told: Sequence[tuple[datetime, str]]) -> None:
        """Show the last events."""
        self.query_one("#told", Static).update(events_text(told))
        self.scroll_end(animate=False)


def events_text(told: Sequence[tuple[datetime, str]]) -> Text:
    """Return events as a text: time and words."""
    if not told:
        return Text("Nothing yet.")
    lines = [
        Text.assemble((f"{at:%H:%M:%S} ", "bold"), seen(f"{words[:1].upper()}{words[1:]}"))
        for at, words in told[-_MOST_EVENTS:]
    ]
    return Text("\n").join(lines)
