"""Windows in front of a virtual pump: to read, to choose what happens or to be sure, the volume of a new syringe."""

from typing import ClassVar

from rich.console import Group
from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.geometry import Size
from textual.screen import ModalScreen
from textual.widgets import Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from openinfusion.cli.console import seen

LEAST = (80, 24)
TOO_SMALL = "Make the window larger: the pump needs 80 columns and 24 lines. Ctrl+C quits."


def is_too_small(size: Size) -> bool:
    """Whether a terminal would cut the pump; it is then not shown."""
    return size.width < LEAST[0] or size.height < LEAST[1]


class Words(ModalScreen[None]):
    """Something to read, in front of the pump; any of Esc, Enter and q closes it, but q can also end the program."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,f1,f9", "dismiss", "Close"),
        Binding("q", "leave", "Close or quit"),
    ]

    def __init__(self, title: str, words: str | Text | Group, *, quits: bool = False) -> None:
        super().__init__()
        self._title, self._words, self._quits = title, words, quits

    def action_leave(self) -> None:
        """Close, or end the program where q does that everywhere."""
        if self._quits:
            self.app.exit()
        else:
            self.dismiss()

    def compose(self) -> ComposeResult:
        """Lay it out."""
        with Vertical(classes="window"):
            yield Label(self._title, classes="heading")
            with VerticalScroll():
                yield Static(self._words, markup=False)
            yield Label("Esc closes this. q: quits." if self._quits else "Esc closes this.", classes="way")

    def on_mount(self) -> None:
        """Show the end, which is the newest of events."""
        if isinstance(self._words, Text):
            self.query_one(VerticalScroll).scroll_end(animate=False)


class Menu(ModalScreen[str | None]):
    """A few things of which one is chosen, or none: what happens to the pump, or whether somebody is sure."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f2,f8", "dismiss(None)", "Nothing")]

    def __init__(self, title: str, options: list[tuple[str, str]], *, nothing: str) -> None:
        super().__init__()
        self._title, self._options, self._nothing = title, options, nothing

    def compose(self) -> ComposeResult:
        """Lay it out."""
        with Vertical(classes="window"):
            yield Static(self._title, classes="heading", markup=False)
            made = [Option(f"{number} {label}", id=word) for number, (word, label) in enumerate(self._options, 1)]
            yield OptionList(*made, markup=False)
            yield Label(f"Arrow keys and Enter, or a number. Esc: {self._nothing}.", classes="way")

    def on_key(self, event: events.Key) -> None:
        """Take an option by its number."""
        if event.key.isdigit() and 1 <= int(event.key) <= len(self._options):
            event.stop()  # or the pump behind would take it as its own
            self.dismiss(self._options[int(event.key) - 1][0])

    @on(OptionList.OptionSelected)
    def chosen(self, event: OptionList.OptionSelected) -> None:
        """Let it happen."""
        self.dismiss(event.option_id)


def sure(question: str, yes: str) -> Menu:
    """Return a question before something that ends an infusion; what lies under the finger first ends nothing."""
    options = [("no", "No, leave everything as it is"), ("yes", f"Yes, {yes}")]
    return Menu(seen(question).plain, options, nothing="nothing ends")


class Volume(ModalScreen[str | None]):
    """How much a new syringe holds."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Nothing")]

    def compose(self) -> ComposeResult:
        """Lay it out."""
        with Vertical(classes="window"):
            yield Label("A new syringe", classes="heading")
            yield Label("How many mL does it hold? Enter alone takes 50.")
            yield Input(placeholder="50", id="volume", compact=True)
            yield Label("Esc: no new syringe.", classes="way")

    @on(Input.Submitted)
    def keyed(self, event: Input.Submitted) -> None:
        """Take it."""
        self.dismiss(event.value)
