"""
The one tree of errors, grouped by who must act.

An exception means that somebody must act; a clinical outcome (a refused dose) is a value, never an exception.

    OpenInfusionError
    ├── AuthorError            the author of a library, mapping or programme corrects the text    exit code 3
    │   ├── NumberFormatError      a number is not written as a plain decimal
    │   ├── UnknownUnitError       a unit is not one that pumps use
    │   ├── UnitMismatchError      two units that must not be converted into each other
    │   ├── LibraryError           a library breaks a rule of the open format
    │   ├── FormatVersionError     a document is of a newer format than this software reads
    │   ├── ProgrammeError         a programme cannot be read
    │   ├── ConsensusError         a statement, a position or a decision breaks a rule of consensus
    │   ├── OverlayError           an overlay does not fit the national library that it adopts
    │   ├── ChangeControlError     a duty, change request or step breaks a rule of change control
    │   └── MappingError           a mapping file does not describe the table
    ├── SenderError            the sender of a file sends it again, whole                         exit code 4
    │   ├── EncodingError          not UTF-8
    │   ├── SyntaxFault            not JSON, nested too deeply, or a key twice
    │   ├── EventError             a record of an event log breaks a rule of the open format
    │   └── TableError             a spreadsheet cannot be opened or lacks a column
    └── OperatorError          whoever runs the software corrects a path, a size or a setting     exit code 5
        ├── FileAccessError        a file is absent, is a folder, or may not be read or written
        └── FileTooLargeError      a file is larger than this software accepts
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

LONGEST = 300


class OpenInfusionError(Exception):
    """
    What every error of this project is.

    Args:
        where: the place, as a reader finds it: a file, a path inside a document, a sheet with row and column.
        found: what stands there; never a patient identifier.
        expected: what should stand there, or what to do.

    """

    exit_code: ClassVar[int] = 1

    def __init__(self, *, where: str, found: str, expected: str) -> None:
        """Keep the three parts, so that an edge can add to the place."""
        super().__init__(where, found, expected)
        self.where = _plain(where)
        self.found = _plain(found)
        self.expected = _plain(expected)

    def __str__(self) -> str:
        """Return the message as one sentence: place, value, expectation."""
        return f"{self.where}: found {self.found}; expected {self.expected}"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a record: the path inside it, what stands there, and what should."""

    path: str
    found: str
    expected: str


def _plain(text: str) -> str:
    """Return text that any terminal can show: hostile input may be endless, or turn the direction of reading."""
    cut = text if len(text) <= LONGEST else f"{text[: LONGEST // 2]} ... {text[-LONGEST // 2 :]}"
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in cut)


class AuthorError(OpenInfusionError, ValueError):
    """The author of a library, mapping or programme must correct its text."""

    exit_code = 3


class NumberFormatError(AuthorError):
    """A number is not written as a plain decimal such as 0.5."""


class UnknownUnitError(AuthorError):
    """A unit is not one that infusion pumps use, or is ambiguous."""


class UnitMismatchError(AuthorError):
    """Two units measure different things and must not be converted into each other."""


class LibraryError(AuthorError):
    """A library breaks a rule of the open drug library format."""


class FormatVersionError(AuthorError):
    """A document was written for a newer format than this software reads."""


class ProgrammeError(AuthorError):
    """A programme cannot be read as one."""


class ConsensusError(AuthorError):
    """A statement, a position or a decision breaks a rule of finding consensus."""


class OverlayError(AuthorError):
    """An overlay does not fit the national library that it adopts, or breaks a rule of adoption."""


class MappingError(AuthorError):
    """A mapping file does not say what it must say."""


class ChangeControlError(AuthorError):
    """A duty, a change request or a step of it breaks a rule of change control; ``expected`` says whose it is."""


class SenderError(OpenInfusionError, ValueError):
    """A file is damaged: its sender must send it again."""

    exit_code = 4


class EncodingError(SenderError):
    """A text file is not UTF-8."""


class SyntaxFault(SenderError):  # noqa: N818 - "fault" is the word; SyntaxError is taken by Python
    """A document is not JSON, is nested too deeply, or says the same key twice."""


class TableError(SenderError):
    """A spreadsheet cannot be opened, or lacks what the mapping names."""


class EventError(SenderError):
    """
    A record of an event log breaks a rule of the open event log.

    Args:
        faults: all that is wrong with it; each has ``path``, ``found`` and ``expected``.
        where: the place of the record.

    """

    def __init__(self, faults: "Sequence[Fault]", *, where: str = "event") -> None:
        """Speak of the first fault, keep them all."""
        first = faults[0]
        super().__init__(where=f"{where}, {first.path}", found=first.found, expected=first.expected)
        self.faults = tuple(faults)


class OperatorError(OpenInfusionError):
    """Whoever runs the software must correct a path, a size or a setting."""

    exit_code = 5


class FileAccessError(OperatorError):
    """A file is absent, is a folder, or may not be read or written."""


class FileTooLargeError(OperatorError):
    """A file is larger than this software accepts."""
