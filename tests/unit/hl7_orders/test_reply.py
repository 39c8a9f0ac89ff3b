"""What we write in answer: read back by two independent readers, and exactly what the standard says."""

import hl7
import pytest
from hl7apy.parser import parse_message

from openinfusion.adapters.hl7 import read_message
from openinfusion.adapters.hl7.orders import Fault
from openinfusion.adapters.hl7.reply import Sent, acceptance, acknowledge, escape, reply
from openinfusion.core.order_codes import CODES, refusal
from openinfusion.core.orders import Field, OrderAnswer, OrderKind
from tests.unit.hl7_orders.messages import DOPAMINE, NOW, reading

SENT = Sent(control_id="R1", at=NOW)
HEADER = read_message(DOPAMINE).header


def segments(raw: bytes) -> dict[str, list[str]]:
    return {line[:3]: line.split("|") for line in raw.decode().split("\r") if line}


def test_the_accept_acknowledgement_says_only_that_the_message_can_be_read():
    """As IHE's example: ACK^O15^ACK, NE/NE, MSA-2 = the sender's MSH-10, no profile; the parties change places."""
    raw = acknowledge(HEADER, SENT)
    assert raw.decode() == (
        "MSH|^~\\&|IOCVENDOR^6543210000000001^EUI-64|IOCVENDOR|IOPVENDOR^1234560000000001^EUI-64|IOPVENDOR"
        "|20261128120000+0000||ACK^O15^ACK|R1|P|2.6|||NE|NE||UNICODE UTF-8|en^English^ISO639\r"
        "MSA|CA|M1\r"
    )


def test_a_fault_of_syntax_is_told_and_another_kind_of_message_is_rejected():
    """CE for a damaged order, CR for what is no order."""
    damaged = DOPAMINE.replace(b"\rRXR", b"\rZXR")
    told = segments(acknowledge(HEADER, SENT, reading(damaged).faults))
    assert told["MSA"] == ["MSA", "CE", "M1"]
    assert told["ERR"][3:5] == ["100^Segment sequence error^HL70357", "E"]
    other = [Fault("200", "Unsupported message type", "MSH[1]-9", is_of_type=True)]
    assert segments(acknowledge(HEADER, SENT, other))["MSA"][1] == "CR"


@pytest.mark.parametrize(
    "kind, expected",
    [
        ("ORU^R42^ORU_R01", "ACK^R42^ACK"),
        ("ORU^R40^ORU_R40", "ACK^R40^ACK"),
        ("ORU", "ACK"),
        ("RRG^O16^RRG_O16", "ACK^O16^ACK"),
    ],
)
def test_every_transaction_is_acknowledged_by_its_trigger(kind, expected):
    """Also the acknowledgement of a reply."""
    header = read_message(DOPAMINE.replace(b"RGV^O15^RGV_O15", kind.encode())).header
    assert segments(acknowledge(header, SENT))["MSH"][8] == expected


def test_the_reply_to_an_accepted_order():
    """AL/NE, the number of the reply profile, the order; no ERR."""
    told = segments(reply(HEADER, OrderAnswer(order_id="12345"), SENT))
    assert told["MSH"][8] == "RRG^O16^RRG_O16"
    assert told["MSH"][14:16] == ["AL", "NE"]
    assert told["MSH"][20] == "IHE_PCD_PIV_001^IHE PCD^1.3.6.1.4.1.19376.1.6.1.3.2^ISO"
    assert told["MSA"] == ["MSA", "AA", "M1"]
    assert told["ORC"] == ["ORC", "OK", "12345"]
    assert "ERR" not in told


def test_the_reply_to_a_refused_order_is_that_of_ihe():
    """ERR-3, ERR-4, the code in ERR-5.1, its words in 5.2, what was found in 5.9."""
    error = refusal(9010, "tried name 'a|b^c&d~e\\f'")
    raw = reply(HEADER, OrderAnswer(order_id="12345", errors=(error, refusal(9024))), SENT)
    lines = [line for line in raw.decode().split("\r") if line.startswith("ERR")]
    assert lines[1] == "ERR|||207^Application internal error^HL70357|F|9024^Drug library hard limit exceeded"
    read = read_message(raw)
    found = read.first("ERR")
    assert found is not None
    assert [found.value(5, n) for n in (1, 2, 9)] == [
        "9010",
        "Unable to match medication to drug library",
        error.detail,
    ]
    assert read.warnings == ()
    assert segments(raw)["ORC"] == ["ORC", "UA", "12345"]
    assert "ORC" not in segments(reply(HEADER, OrderAnswer(order_id=""), SENT))


@pytest.mark.parametrize("code", list(CODES))
def test_other_readers_read_every_code(code):
    """python-hl7 and hl7apy, which know nothing of us; hl7apy holds the reply against the structure of HL7 v2.6."""
    about = [Field.VOLUME, Field.RATE]
    answer = OrderAnswer(order_id="12345", errors=(refusal(code, "\u00b5g & more", fields=about, allowed="1 to 2"),))
    text = reply(HEADER, answer, SENT).decode()
    theirs = hl7.parse(text)
    assert str(theirs["ERR"][0][5][0][0]) == str(code)
    assert str(theirs["MSA"][0][2]) == "M1"
    parsed = parse_message(text)
    assert parsed.validate()
    assert parsed.msh.msh_9.value == "RRG^O16^RRG_O16"
    assert text.count("\r") == 4
    assert segments(text.encode())["MSA"][1] in ("AE", "AR")
    assert parse_message(acknowledge(HEADER, SENT).decode()).validate()


def test_what_must_be_mended_in_the_message_is_an_error_the_rest_a_rejection():
    """AE and AR; what became of a change has words of its own."""
    assert acceptance(OrderAnswer(order_id="1", errors=(refusal(9003),))) == "AE"
    assert acceptance(OrderAnswer(order_id="1", errors=(refusal(9024),))) == "AR"
    change = OrderKind.CHANGE
    assert segments(reply(HEADER, OrderAnswer(order_id="1"), SENT, kind=change))["ORC"][1] == "XR"
    refused = OrderAnswer(order_id="1", errors=(refusal(9024),))
    assert segments(reply(HEADER, refused, SENT, kind=change))["ORC"][1] == "UX"


def test_nothing_of_a_hostile_message_escapes_its_field():
    """The number of the sender comes back whole; separators and line ends in it stay inside."""
    header = read_message(DOPAMINE.replace(b"|M1|", b"|M \\F\\1\\X0D\\MSA|").replace(b"|P|", b"||")).header
    told = segments(acknowledge(header, SENT))
    assert told["MSA"] == ["MSA", "CA", "M \\F\\1 MSA"]
    assert told["MSH"][10] == "P"
    assert escape("a" * 1000) == "a" * 250
    assert escape("\x1b[31m\u202e") == " [31m "
