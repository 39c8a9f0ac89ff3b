"""
The header of a message, and the accept acknowledgement that answers it.

Only what an acknowledgement needs is read here, as bytes in whatever character set they were sent: the content is for
the reader of stored messages. Sources: HL7 v2.6, 2.9.3 (enhanced mode), 2.14 (MSA, ERR); IHE Devices TF volume 2, MSH.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

OWN_NAME = b"OPENINFUSION"
LONGEST_ID = 199
"""Characters of MSH-10, as HL7 v2.6 allows."""
LONGEST_NAME = 400
_NAMES = (3, 4, 5, 6)
_BEFORE = b"\xef\xbb\xbf \t\r\n"
_PRINTABLE = bytes(range(0x20, 0x7F))
_MARKS = frozenset(_PRINTABLE) - frozenset(b" \"'") - {code for code in range(0x7F) if chr(code).isalnum()}


class Code(NamedTuple):
    """A code of HL7 table 0357."""

    number: str
    text: str


SEQUENCE = Code("100", "Segment sequence error")
MISSING = Code("101", "Required field missing")
WRONG = Code("102", "Data type error")
UNKNOWN = Code("204", "Unknown key identifier")
INTERNAL = Code("207", "Application internal error")


@dataclass(frozen=True, slots=True)
class Header:
    """What of an MSH segment an answer needs, as sent; absent fields are empty."""

    marks: bytes = b"|^~\\&"
    sender: bytes = b""
    sender_facility: bytes = b""
    receiver: bytes = b""
    receiver_facility: bytes = b""
    kind: bytes = b""
    control_id: bytes = b""
    processing: bytes = b""
    charset: bytes = b""

    @property
    def is_acknowledgement(self) -> bool:
        """Whether the message is itself an answer: nobody answers an answer."""
        return self.kind.split(self.marks[1:2])[0] == b"ACK"

    @property
    def sender_name(self) -> str:
        """The first component of MSH-3, fit for a log or a metric: short, and nothing in it acts on a terminal."""
        name = self.sender.split(self.marks[1:2])[0][:64]
        return "".join(chr(code) if code in _PRINTABLE else "?" for code in name)


@dataclass(frozen=True, slots=True)
class Refusal:
    """
    Why a message cannot be taken.

    Attributes:
        reason: a word for the count of refusals.
        text: what the sender is told; nothing of the message is repeated in it.
        code: its class in HL7 table 0357.
        place: the field at fault, such as ``MSH^1^10``; empty for the message as a whole.
        header: what could be read of the header.

    """

    reason: str
    text: str
    code: Code
    place: str = ""
    header: Header = Header()


def read_header(message: bytes) -> Header | Refusal:
    """Return the header of a message, or why it is not one that can be taken."""
    text = message.lstrip(_BEFORE)
    if not text.startswith(b"MSH"):
        return Refusal("not HL7", "does not begin with an MSH segment", SEQUENCE)
    line = _first_line(text)
    fields = line.split(line[3:4]) if len(line) > 3 else []  # noqa: PLR2004 - "MSH"
    marks = line[3:4] + (fields[1] if len(fields) > 1 else b"")
    if not _are_marks(marks):
        return Refusal("not HL7", "MSH 1 and MSH 2 name no separators", SEQUENCE, "MSH^1^2")
    fields += [b""] * (18 - len(fields))
    sender, sender_facility, receiver, receiver_facility = fields[2:6]
    names = {"sender": sender, "sender_facility": sender_facility}
    names |= {"receiver": receiver, "receiver_facility": receiver_facility}
    about = {"kind": fields[8], "control_id": fields[9], "processing": fields[10], "charset": fields[17]}
    header = Header(marks, **names, **about)
    return next(_faults(header, fields), header)


def _first_line(text: bytes) -> bytes:
    ends = (end for mark in (b"\r", b"\n") if (end := text.find(mark)) >= 0)
    return text[: min(ends, default=len(text))]


def _are_marks(marks: bytes) -> bool:
    """Whether these can part fields: field, component, repetition, escape, subcomponent, and since 2.7 truncation."""
    return 4 <= len(marks) <= 6 and len(set(marks)) == len(marks) and _MARKS.issuperset(marks)  # noqa: PLR2004


def _faults(header: Header, fields: list[bytes]) -> Iterator[Refusal]:
    """Yield why a header cannot be answered; of what would break an answer, nothing is repeated in it."""
    for number in (*_NAMES, 9, 10, 11, 18):
        if any(code < 0x20 for code in fields[number - 1]):  # noqa: PLR2004 - the first printable character
            yield Refusal("bad header", "a control character in the header", WRONG, f"MSH^1^{number}")
    for number in (*_NAMES, 9, 11, 18):
        if len(fields[number - 1]) > LONGEST_NAME:
            yield Refusal("bad header", "a field of the header is too long", WRONG, f"MSH^1^{number}")
    if len(header.control_id) > LONGEST_ID:
        yield Refusal("bad header", "the control id is too long", WRONG, "MSH^1^10")
    if not header.control_id.strip():
        yield Refusal("no control id", "no control id in MSH 10", MISSING, "MSH^1^10", header)


def accept(header: Header, *, at: datetime, own_id: str) -> bytes:
    """Return the accept acknowledgement of a message that is stored (CA)."""
    return _start(header, b"CA", at=at, own_id=own_id)


def refuse(refusal: Refusal, *, at: datetime, own_id: str) -> bytes:
    """Return the answer to a message that no repetition will make acceptable (CR)."""
    return _with_error(refusal, b"CR", at=at, own_id=own_id)


def put_off(header: Header, *, at: datetime, own_id: str) -> bytes:
    """Return the answer to a message that cannot be stored now: its sender sends it again, later (CE)."""
    later = Refusal("not storable", "cannot be stored now, send it again later", INTERNAL, header=header)
    return _with_error(later, b"CE", at=at, own_id=own_id)


def _start(header: Header, code: bytes, *, at: datetime, own_id: str) -> bytes:
    field, component = header.marks[:1], header.marks[1:2]
    event = header.kind.split(component)[1:2]
    kind = component.join((b"ACK", event[0], b"ACK")) if event and event[0] else b"ACK"
    names = (header.receiver or OWN_NAME, header.receiver_facility, header.sender, header.sender_facility)
    moment = at.astimezone(UTC).strftime("%Y%m%d%H%M%S.%f")[:-2] + "+0000"
    about = (moment.encode(), b"", kind, own_id.encode(), header.processing or b"P", b"2.6")
    parts = [b"MSH", header.marks[1:], *names, *about, b"", b"", b"NE", b"NE"]
    if not b"".join((*names, header.control_id)).isascii():
        parts += [b"", header.charset]
    return field.join(parts) + b"\r" + field.join((b"MSA", code, header.control_id)) + b"\r"


def _with_error(refusal: Refusal, code: bytes, *, at: datetime, own_id: str) -> bytes:
    marks = refusal.header.marks
    error = marks[1:2].join((refusal.code.number.encode(), refusal.code.text.encode(), b"HL70357"))
    place = refusal.place.encode().replace(b"^", marks[1:2])
    words = refusal.text.encode().translate(None, marks)
    fields = (b"ERR", b"", place, error, b"E", b"", b"", b"", words)
    return _start(refusal.header, code, at=at, own_id=own_id) + marks[:1].join(fields) + b"\r"
