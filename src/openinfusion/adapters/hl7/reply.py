r"""
Write what answers a message: the accept acknowledgement of any transaction, and the reply to an order (RRG^O16).

What is read leniently is written strictly: separators as usual, segments end with CR, times in UTC, every text escaped,
nothing that acts as a separator or a control character in any field. The accept acknowledgement speaks of syntax only;
whatever concerns pump, medicine or limits goes into the reply, which goes out on a connection of its own.

``ERR-3`` is a code of HL7 table 0357, ``ERR-4`` of 0516 (F, as in IHE's example); the code of IHE stands in ``ERR-5.1``
with its words in 5.2 and what was found in 5.9.

Source: IHE Devices Technical Framework, volume 2, revision 10, PCD-03 and appendix B; HL7 v2.6, 2.14.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from openinfusion.adapters.hl7.orders import Fault
from openinfusion.adapters.hl7.text import Segment, encode
from openinfusion.core.orders import OrderAnswer, OrderError, OrderKind

REPLY_PROFILE = "IHE_PCD_PIV_001^IHE PCD^1.3.6.1.4.1.19376.1.6.1.3.2^ISO"
LONGEST_TEXT = 250
_SENDER, _RECEIVER, _TYPE, _CONTROL_ID, _PROCESSING = (3, 4), (5, 6), 9, 10, 11
_LONGEST_FIELD = 199
# What the sender must mend in the message is an error (AE); what pump, library or state forbid, a rejection (AR).
_OF_MESSAGE = frozenset({9003, 9004, 9008, 9031, 9041})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """
    What identifies one message that we send.

    Attributes:
        control_id: its own number (MSH-10), unique for us.
        at: the moment of sending.

    """

    control_id: str
    at: datetime


def escape(text: str) -> str:
    """Return text for a field: separators escaped, control characters as blanks, cut to what a field may hold."""
    return encode(text[:LONGEST_TEXT])


def accept_code(faults: Sequence[Fault]) -> str:
    """Return MSA-1 of an accept acknowledgement."""
    return "CA" if not faults else "CR" if any(fault.is_of_type for fault in faults) else "CE"


def acknowledge(header: Segment, sent: Sent, faults: Iterable[Fault] = ()) -> bytes:
    """
    Return the accept acknowledgement of a message: CA, or CE or CR where its syntax refuses it.

    CR says that this kind of message is not taken here at all, CE that this one is damaged.
    """
    found = tuple(faults)
    code = accept_code(found)
    kind = header.components(_TYPE)
    trigger = escape(kind[1].strip()) if len(kind) > 1 else ""
    message_type = f"ACK^{trigger}^ACK" if trigger else "ACK"
    segments = [_header(header, sent, message_type=message_type, accepts=("NE", "NE"), profile="")]
    segments.append(f"MSA|{code}|{_control_id(header)}")
    segments += [f"ERR|||{fault.code}^{escape(fault.words)}^HL70357|E||||{escape(fault.place)}" for fault in found]
    return _message(segments)


def reply(header: Segment, answer: OrderAnswer, sent: Sent, *, kind: OrderKind = OrderKind.NEW) -> bytes:
    """Return the reply to an order (RRG^O16), for the connection to the port at which the sender listens."""
    segments = [_header(header, sent, message_type="RRG^O16^RRG_O16", accepts=("AL", "NE"), profile=REPLY_PROFILE)]
    segments.append(f"MSA|{acceptance(answer)}|{_control_id(header)}")
    segments += [_error(error) for error in answer.errors]
    if answer.order_id:
        segments.append(f"ORC|{_control(answer, kind)}|{escape(answer.order_id)}")
    return _message(segments)


def acceptance(answer: OrderAnswer) -> str:
    """Return MSA-1: AA, AE where the message itself must be mended, AR where pump or library forbid it."""
    if answer.is_accepted:
        return "AA"
    return "AE" if answer.errors[0].code in _OF_MESSAGE else "AR"


def _control(answer: OrderAnswer, kind: OrderKind) -> str:
    """Return ORC-1: what became of a new order, or of a change (HL7 table 0119)."""
    if kind is OrderKind.CHANGE:
        return "XR" if answer.is_accepted else "UX"
    return "OK" if answer.is_accepted else "UA"


def _error(error: OrderError) -> str:
    extra = f"^^^^^^^{escape(error.detail)}" if error.detail else ""
    return f"ERR|||207^Application internal error^HL70357|F|{error.code}^{escape(error.text)}{extra}"


def _header(header: Segment, sent: Sent, *, message_type: str, accepts: tuple[str, str], profile: str) -> str:
    """Return our MSH: sender and receiver change places, production or test stays as it came."""
    ours = [_copied(header, number) for number in _RECEIVER]
    theirs = [_copied(header, number) for number in _SENDER]
    at = sent.at.astimezone(UTC).strftime("%Y%m%d%H%M%S+0000")
    processing = escape(header.value(_PROCESSING).strip()) or "P"
    first = ["MSH", "^~\\&", *ours, *theirs, at, "", message_type, escape(sent.control_id), processing, "2.6"]
    fields = [*first, "", "", *accepts, "", "UNICODE UTF-8", "en^English^ISO639", "", profile]
    return "|".join(fields).rstrip("|")


def _copied(header: Segment, number: int) -> str:
    """Return a field as it came, in our separators, its components kept; what is too long for a name is cut."""
    parts = [escape(part.strip()[:_LONGEST_FIELD]) for part in header.components(number)]
    return "^".join(parts).rstrip("^")


def _control_id(header: Segment) -> str:
    """Return MSH-10 whole, blanks and all: the sender looks for exactly what it sent."""
    return "^".join(map(encode, header.components(_CONTROL_ID)))


def _message(segments: list[str]) -> bytes:
    return "".join(f"{segment}\r" for segment in segments).encode()
