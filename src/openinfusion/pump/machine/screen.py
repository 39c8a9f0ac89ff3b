"""What a pump shows: lines to read, choices to take, one value to key."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that can be chosen: its name in files, and its words on the display."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class Ask:
    """
    The one value that a screen asks for.

    Attributes:
        what: its name, such as "weight".
        unit: the unit in which digits are taken; empty where letters are.
        offered: what the pump offers first, if anything; an empty entry takes it.

    """

    what: str
    unit: str
    offered: str | None = None


@dataclass(frozen=True, slots=True)
class Screen:
    """
    One screen.

    Attributes:
        title: the page.
        lines: what there is to read.
        choices: what can be chosen.
        ask: what can be keyed.
        status: what the pump is doing: "infusing", "paused", ...
        alarms: what it calls for.
        footer: library, care area, power.
        beep: why the last key did nothing.

    """

    title: str
    lines: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    ask: Ask | None = None
    status: str = ""
    alarms: tuple[str, ...] = ()
    footer: str = ""
    beep: str | None = None
