"""Windows in front of a virtual pump: something to read, something that happens, the volume of a new syringe."""

from typing import ClassVar

from rich.console import Group
from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Label, OptionList, Static
from textual.widgets.option_list import Option


class Words(ModalScreen[None]):
    """Something to read, in front of the pump; any of Esc, Enter and q closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q,f1,f9", "dismiss", "Close"),
    ]

    def __init__(self, title: str, words: str | Text | Group) -> None:
        super().__init__()
        self._title, self._words = title, words

    def compose(self) -> ComposeResult:
        """Lay it out."""
        with Vertical(classes="window"):
            yield Label(self._title, classes="heading")
            with VerticalScroll():
                yield Static(self._words, markup=False)
            yield Label("Esc closes this.", classes="way")

    def on_mount(self) -> None:
        """Show the end, which is the newest of events."""
        if isinstance(self._words, Text):
            self.query_one(VerticalScroll).scroll_end(animate=False)


class Menu(ModalScreen[str | None]):
    """The things that can happen to the pump."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f8", "dismiss(None)", "Nothing")]

    def __init__(self, options: list[tuple[str, str]]) -> None:
        super().__init__()
        self._options = options

    def compose(self) -> ComposeResult:
        """Lay it out."""
        with Vertical(classes="window"):
            yield Label("Something happens to the pump", classes="heading")
            made = [Option(f"{number} {label}", id=word) for number, (word, label) in enumerate(self._options, 1)]
            yield OptionList(*made, markup=False)
            yield Label("Arrow keys and Enter, or a number. Esc: nothing happens.", classes="way")

    def on_key(self, event: events.Key) -> None:
        """Take an option by its number."""
        if event.key.isdigit() and 1 <= int(event.key) <= len(self._options):
            event.stop()  # or the pump behind would take it as its own
            self.dismiss(self._options[int(event.key) - 1][0])

    @on(OptionList.OptionSelected)
    def chosen(self, event: OptionList.OptionSelected) -> None:
        """Let it happen."""
        self.dismiss(event.option_id)


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
