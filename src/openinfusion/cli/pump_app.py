"""The virtual pump on a whole terminal: a display, choices, keys, and what happens around it (Textual)."""

from collections.abc import Callable
from fractions import Fraction
from typing import ClassVar

from rich.markup import escape
from rich.text import Text
from textual import events, on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, OptionList, Static

from openinfusion.cli.console import seen
from openinfusion.cli.pump_hints import Medium, hint
from openinfusion.cli.pump_lcd import HEIGHTS, TALL, WIDTHS, Choices, Entry, Events, Face, events_text
from openinfusion.cli.pump_session import Action, Happens, Keyed, Session, Take, Wait
from openinfusion.cli.pump_show import show_play
from openinfusion.cli.pump_windows import TOO_SMALL, Menu, Volume, Words, is_too_small, sure
from openinfusion.cli.pump_words import numbered, takes_digits, types_first

__all__ = ["PumpApp", "show_play"]
WHOLE = Medium(
    choose="press Enter or 1, or click it",
    answer="press F3 or 0",
    time="Let time pass with F5, F6, F7",
    happens="F8 makes something happen",
)
HELP = """Use the arrow keys and Enter, the number of a choice, or the mouse. The yellow line at the bottom always \
says what to do next.

Where a value is asked for, type it in the white field and press Enter; the unit stands beside it. Enter alone takes \
what is offered there. Esc goes back; an arrow key leaves the field.

F2  the power key           F5  one minute passes
F3  answers an alarm        F6  ten minutes pass
F4  a new syringe or bag    F7  one hour passes
F8  something happens       F9  what the pump noted
q   quits (while you type: Ctrl+Q)
Tab goes to the keys; Page Up and Page Down read on.

For training only, and not for clinical use."""
_MINUTE = Fraction(60)
_KEYS: tuple[tuple[str, str, str], ...] = (
    ("power", "F2 Power", "hard"),
    ("answer", "F3 Answer alarm", "hard"),
    ("load", "F4 Syringe", "hard"),
    ("happen", "F8 Happens", "hard"),
    ("events", "F9 Events", "hard"),
    ("help", "F1 Help", "hard"),
)
_TIMES: tuple[tuple[str, str, Fraction], ...] = (
    ("minute", "F5 +1 min", _MINUTE),
    ("ten", "F6 +10 min", 10 * _MINUTE),
    ("hour", "F7 +1 h", 60 * _MINUTE),
)


def key(words: str, name: str, kind: str) -> Button:
    """Return a key of the pump, no wider than its words need."""
    made = Button(words, id=name, classes=kind, compact=True)
    made.styles.width = len(words) + 2
    return made


class PumpApp(App[None]):
    """One pump, full screen."""

    CSS_PATH = "pump_app.tcss"
    TITLE = "Virtual pump"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "quit", "Quit"),
        Binding("ctrl+c", "leave", "Quit", priority=True),
        Binding("f1", "help", "Help"),
        Binding("f2", "power", "Power"),
        Binding("f3", "answer", "Answer the alarm"),
        Binding("f4", "load", "Syringe or bag"),
        Binding("f5", "pass_time('minute')", "+1 min"),
        Binding("f6", "pass_time('ten')", "+10 min"),
        Binding("f7", "pass_time('hour')", "+1 h"),
        Binding("f8", "happen", "Happens"),
        Binding("f9", "events", "Events"),
        Binding("escape", "go_back", "Back"),
        Binding("pageup", "read(-1)", "Read up"),
        Binding("pagedown", "read(1)", "Read down"),
    ]

    def __init__(self, session: Session, *, speed: int = 1) -> None:
        super().__init__()
        self._session, self._speed = session, speed
        self._shown: object = None

    # --- Layout ------------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """Lay the pump out: display and choices, the value, the keys; the events beside or below."""
        yield Static(TOO_SMALL, id="small")
        with Horizontal(id="top"):
            yield Static(f"Virtual pump {self._session.model.model}", id="name", markup=False)
            yield Static("Training. Not for clinical use.", id="warning")
            yield Static(id="clock")
        with Vertical(id="desk"):
            with Vertical(id="pump"):
                with Horizontal(id="lcd"):
                    yield Face(id="face")
                    yield Choices()
                yield Static(id="beep")
                with Horizontal(id="keys"):
                    for name, words, kind in _KEYS:
                        yield key(self._key_words(name, words), name, kind)
                with Horizontal(id="times"):
                    yield Static("Time passes:", id="passes")
                    for name, words, _ in _TIMES:
                        yield key(words, name, "time")
                    yield Static(id="speed")
                    yield key("Ctrl+Q Quit", "quit", "hard")
            with Vertical(id="side"):
                yield Label("What the pump noted", classes="heading")
                yield Events(id="noted", can_focus=False)
        yield Static(id="hint")

    def _key_words(self, name: str, words: str) -> str:
        return "F4 Bag" if name == "load" and not self._session.model.takes_syringes else words

    def on_resize(self) -> None:
        """Use the room that there is."""
        self.call_after_refresh(self._refresh)

    def on_mount(self) -> None:
        """Begin, with time passing by itself if it is to."""
        if self._speed:
            self.set_interval(1.0, self._tick)
        words = {0: "else not", 1: "and by itself"}.get(self._speed, f"by itself {self._speed}x")
        self.query_one("#speed", Static).update(words)
        self._refresh()

    # --- What is done ------------------------------------------------------------------------------------------------

    def _do(self, action: Action) -> None:
        """Do it, once somebody is sure where it ends an infusion; nothing is done to a pump that cannot be seen."""
        if is_too_small(self.size):
            return
        question = self._session.question(action)
        if question is None:
            self._done(action)
            return
        yes = "switch it off" if action == Take("power") else "end the infusion"
        self.push_screen(sure(question, yes), lambda answer: self._answered(action, answer))

    def _answered(self, action: Action, answer: str | None) -> None:
        """Do what was asked about, unless what it would end has ended meanwhile."""
        if answer == "yes" and self._session.question(action) is not None:
            self._done(action)

    def _done(self, action: Action) -> None:
        self._session.do(action)
        self._refresh()

    def action_leave(self) -> None:
        """Quit, also where q is a letter."""
        self.exit()

    def _tick(self) -> None:
        self._session.tick(Fraction(self._speed))
        self._refresh()

    def action_power(self) -> None:
        """Press the power key."""
        self._do(Take("power"))

    def action_answer(self) -> None:
        """Answer the alarms."""
        self._do(Take("clear"))

    def action_pass_time(self, name: str) -> None:
        """Let time pass at once."""
        self._do(Wait(next(seconds for known, _, seconds in _TIMES if known == name)))

    def action_go_back(self) -> None:
        """Go back, or cancel, where the screen offers one of them."""
        ids = {choice.id for choice in self._session.screen.choices}
        way = next((choice for choice in ("back", "cancel") if choice in ids), None)
        if way is not None:
            self._do(Take(way))

    def action_read(self, pages: int) -> None:
        """Scroll what is too long for the display."""
        reading = self.query_one("#reading")
        reading.scroll_relative(y=pages * (reading.size.height - 1), animate=False)

    def action_load(self) -> None:
        """Put a new syringe or bag in."""
        self._happened("new")

    def action_happen(self) -> None:
        """Ask what happens."""
        options = [(one.word, one.label) for one in self._session.happenings()]
        menu = Menu("Something happens to the pump", options, nothing="nothing happens")
        self.push_screen(menu, self._happened)

    def _happened(self, word: str | None) -> None:
        is_still = not self._session.pump.channel.is_flowing
        if word == "new" and self._session.model.takes_syringes and is_still:
            self.push_screen(Volume(), self._loaded)
        elif word is not None:
            self._do(Happens(word))

    def _loaded(self, volume: str | None) -> None:
        if volume is not None:
            self._do(Happens("new", volume))

    def action_events(self) -> None:
        """Show every event, in front of the pump."""
        self.push_screen(Words("What the pump noted", events_text(self._session.told())))

    def action_help(self) -> None:
        """Say which keys there are."""
        self.push_screen(Words("How to use the virtual pump", HELP))

    # --- Keys --------------------------------------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        """Take a digit as the number of a choice, or bring what is typed to the field that asks for it."""
        if isinstance(self.screen, ModalScreen):
            return
        field = self.query_one("#keyed", Input)
        if self.focused is field:
            if event.key in ("up", "down"):
                event.stop()
                self.query_one(Choices).focus()
            return
        screen = self._session.screen
        character = event.character or ""
        is_digit = character.isascii() and character.isdigit()
        if is_digit and not takes_digits(screen):
            choice = next((choice for mark, choice in numbered(screen) if mark == character), None)
            if choice is not None:
                event.stop()
                self._do(Take(choice.id))
        elif screen.ask is not None and event.is_printable and character.strip():
            event.stop()
            event.prevent_default()
            field.focus()
            field.insert_text_at_cursor(character)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's
        """Leave the letter q to a field that asks for letters."""
        if action == "quit" and not isinstance(self.screen, ModalScreen):
            ask = self._session.screen.ask
            return ask is None or bool(ask.unit)
        return True

    @on(OptionList.OptionSelected, "#choices")
    def chosen(self, event: OptionList.OptionSelected) -> None:
        """Take a choice."""
        if event.option_id is not None:
            self._do(Take(event.option_id))

    @on(Input.Submitted, "#keyed")
    def keyed(self, event: Input.Submitted) -> None:
        """Take what was keyed."""
        self.query_one(Entry).clear()
        self._do(Keyed(event.value))

    @on(Button.Pressed)
    def pressed(self, event: Button.Pressed) -> None:
        """Press one of the keys below the display."""
        name = event.button.id or ""
        if name in {known for known, _, _ in _TIMES}:
            self.action_pass_time(name)
            return
        keys: dict[str, Callable[[], None]] = {
            "power": self.action_power,
            "answer": self.action_answer,
            "load": self.action_load,
            "happen": self.action_happen,
            "events": self.action_events,
            "help": self.action_help,
            "quit": self.exit,
        }
        keys[name]()

    # --- What is shown -----------------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        session, screen = self._session, self._session.shown
        base = self.screen_stack[0]
        base.query_one(Face).show(screen, bars=session.bars(), large=self.size.height >= TALL)
        base.query_one("#lcd").border_subtitle = escape(seen(screen.footer).plain)
        base.query_one(Choices).show(screen)
        base.query_one("#clock", Static).update(f"{session.clock:%d-%b-%Y %H:%M:%S}")
        beep = Text(f"beep: {screen.beep}") if screen.beep is not None else Text(session.said or "")
        base.query_one("#beep", Static).update(beep)
        base.query_one("#beep").set_class(screen.beep is not None, "beeps")
        base.query_one("#answer", Button).set_class(bool(screen.alarms), "calls")
        base.query_one("#hint", Static).update(Text.assemble(("Next: ", "bold"), hint(session, WHOLE)))
        base.query_one(Events).show(session.told())
        page = (screen.title, screen.choices, screen.ask, screen.status)
        if page != self._shown:
            self._shown = page
            base.query_one(Entry).clear()
            (base.query_one("#keyed", Input) if types_first(screen) else base.query_one(Choices)).focus()
