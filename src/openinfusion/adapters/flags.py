"""What readers of other people's files share: flags with a code and words, and how a piece of a file is shown."""

from enum import Enum
from typing import Self

LONGEST_SHOWN = 60


class Worded(Enum):
    """A list of codes with words for what is made of what each names; every reader has a list of its own."""

    words: str

    def __new__(cls, code: str, words: str) -> Self:
        """Keep the code as the value, and the words beside it."""
        made = object.__new__(cls)
        made._value_ = code
        made.words = words
        return made


def shown(text: str) -> str:
    """Return a piece of a file as it is shown: quoted, short, printable."""
    cut = text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."
    return ascii(cut) if not cut.isprintable() else f"{cut!r}"
