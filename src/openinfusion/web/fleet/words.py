"""How a state is said and drawn: a word, a sign and a colour, never the colour alone; the gravest first."""

from typing import NamedTuple

from openinfusion.fleet.proof import STATES, State


class Look(NamedTuple):
    """The word for a state, the sign beside it, and the colour of the design system's tag."""

    word: str
    sign: str
    colour: str
    means: str


_SAID: dict[State, tuple[str, str, str]] = {
    State.SUSPECT: ("suspect", "⚠", "red"),
    State.RECALLED: ("recalled", "⊘", "red"),
    State.REVERTED: ("reverted", "↶", "red"),
    State.FAILED: ("failed", "✕", "orange"),
    State.MISSED: ("missed", "!", "yellow"),
    State.STALE: ("silent", "?", "yellow"),
    State.UNKNOWN: ("unknown", "–", "grey"),
    State.CLAIMED: ("claimed", "“", "grey"),
    State.ASSIGNED: ("assigned", "→", "blue"),
    State.STAGED: ("staged", "‖", "blue"),
    State.CURRENT: ("current", "✓", "green"),
}
"""The gravest first. What the command line calls stale is said as people say it: silent."""
LOOKS: dict[State, Look] = {state: Look(*said, STATES[state]) for state, said in _SAID.items()}
ORDER: tuple[State, ...] = tuple(LOOKS)
