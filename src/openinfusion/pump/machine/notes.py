"""What a pump notes, in a memory of fixed size."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from openinfusion.core.events import Kind, LibraryVersion

Fields = dict[str, Any]
"""Fields of ``core.events.Event`` by name, as core values; a ``Note`` stands for the id of its record."""


@dataclass(eq=False, slots=True)
class Note:
    """
    One thing that happened on a pump.

    Attributes:
        at: when, in seconds.
        kind: what.
        sequence: its number; one more each time, for the life of the pump.
        library: the library in force.
        ward: where the pump was.
        fields: what else the record says.

    """

    at: Fraction
    kind: Kind
    sequence: int
    library: LibraryVersion
    ward: str | None
    fields: Fields


class Memory:
    """The last records of a pump; what is older is overwritten."""

    def __init__(self, size: int, *, tell: Callable[[Note], None] | None = None) -> None:
        self._kept: deque[Note] = deque(maxlen=size)
        self._tell = tell
        self.written = 0

    def keep(self, note: Note) -> None:
        """Keep a note, over the oldest if the memory is full."""
        self.written = note.sequence
        self._kept.append(note)
        if self._tell is not None:
            self._tell(note)

    def after(self, sequence: int) -> tuple[tuple[Note, ...], tuple[int, int] | None]:
        """Return the notes with higher numbers than this, and the first and last number that are overwritten."""
        kept = tuple(note for note in self._kept if note.sequence > sequence)
        first = kept[0].sequence if kept else self.written + 1
        return kept, (sequence + 1, first - 1) if first > sequence + 1 else None
