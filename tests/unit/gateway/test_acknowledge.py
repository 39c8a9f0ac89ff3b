"""An accept acknowledgement is strict HL7 v2.6, whatever the message was like that it answers."""

from datetime import datetime, timedelta, timezone

import hl7
import pytest
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message

from openinfusion.gateway.acknowledge import Header, Refusal, accept, put_off, read_header, refuse
from tests.unit.gateway.bench import message, msa

AT = datetime(2026, 3, 2, 10, 0, 0, 123456, tzinfo=timezone(timedelta(hours=1)))


def header_of(raw):
    found = read_header(raw)
    assert isinstance(found, Header), found
    return found


def test_the_acknowledgement_of_a_stored_message():
    """MSH and MSA only; nobody is asked to answer it; MSA-2 is the control id of the sender, as sent."""
    assert accept(header_of(message(" 0017-02")), at=AT, own_id="f00") == (
        b"MSH|^~\\&|EPMA|TRUST|PUMPS^0012^EUI-64|MAKER|20260302090000.1234+0000||ACK^R42^ACK|f00|P|2.6|||NE|NE\r"
        b"MSA|CA| 0017-02\r"
    )


def test_who_is_not_named_answers_under_our_own_name():
    raw = b"MSH|^~\\&|PUMPS||||||ORU^R01|7\r"
    assert accept(header_of(raw), at=AT, own_id="f00").startswith(b"MSH|^~\\&|OPENINFUSION||PUMPS||2026")


def test_a_sender_is_answered_with_its_own_separators():
    raw = b"MSH#*~\\&#PUMPS*0012#M#E#T#2026##ORU*R40*ORU_R40#9#P#2.6\r"
    assert accept(header_of(raw), at=AT, own_id="f00").endswith(b"##ACK*R40*ACK#f00#P#2.6###NE#NE\rMSA#CA#9\r")


def test_a_name_that_is_not_ascii_comes_with_its_character_set():
    raw = "MSH|^~\\&|POMPE É|M|E|T|2026||ORU^R01^ORU_R01|9|P|2.6||||||8859/1\r".encode("latin-1")
    answer = accept(header_of(raw), at=AT, own_id="f00")
    assert "|POMPE É|".encode("latin-1") in answer
    assert answer.split(b"\r")[0].endswith(b"|NE|NE||8859/1")


def test_a_refusal_says_why_and_where():
    found = read_header(b"MSH|^~\\&|PUMPS|M|E|T|2026||ORU^R01^ORU_R01||P|2.6\r")
    assert isinstance(found, Refusal)
    assert refuse(found, at=AT, own_id="f00").split(b"\r")[1:] == [
        b"MSA|CR|",
        b"ERR||MSH^1^10|101^Required field missing^HL70357|E||||no control id in MSH 10",
        b"",
    ]


def test_a_message_that_is_put_off_may_come_again():
    answer = put_off(header_of(message("7")), at=AT, own_id="f00").split(b"\r")
    assert answer[1] == b"MSA|CE|7"
    assert answer[2].startswith(b"ERR|||207^Application internal error^HL70357|E")


@pytest.mark.parametrize(
    "raw, reason",
    [
        (b"", "not HL7"),
        (b"hello", "not HL7"),
        (b"\x00\x01\xff" * 50, "not HL7"),
        (b"FHS|^~\\&|A\rMSH|^~\\&|A", "not HL7"),
        ("MSH|^~\\&|A".encode("utf-16"), "not HL7"),
        (b"MSH", "not HL7"),
        (b"MSH|", "not HL7"),
        (b"MSH|^^\\&|PUMPS", "not HL7"),
        (b"MSHA^~\\&A", "not HL7"),
        (b"MSH|ab~&|PUMPS", "not HL7"),
        (message("1\x1c\x0b2"), "bad header"),
        (message("1", sender="A\x07B"), "bad header"),
        (message("1" * 200), "bad header"),
        (message("1", sender="A" * 500), "bad header"),
        (message(" "), "no control id"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_a_readable_answer(raw, reason):
    found = read_header(raw)
    assert isinstance(found, Refusal)
    assert found.reason == reason
    answer = refuse(found, at=AT, own_id="f00")
    assert not {0x0B, 0x1C} & set(answer)
    assert answer.startswith(b"MSH|^~\\&|")
    assert answer.endswith(b"\r")
    assert msa(answer)[0] == "CR"
    assert b"SECRET" not in answer


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b"\r\n", b"  "], ids=["mark", "line end", "blanks"])
@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"], ids=["CR", "LF", "CRLF"])
def test_what_stands_before_and_how_lines_end_is_let_pass(before, end):
    assert header_of(before + message("12").replace(b"\r", end)).control_id == b"12"


def test_an_answer_is_known_as_one():
    assert header_of(message(header="MSH|^~\\&|A|B|C|D|2026||ACK^R42^ACK|1|P|2.6")).is_acknowledgement
    assert not header_of(message()).is_acknowledgement


def test_the_name_of_a_sender_is_safe_in_a_log():
    name = header_of("MSH|^~\\&|Pumpé^1|B|C|D|2026||ORU^R01|1|P|2.6\r".encode()).sender_name
    assert name == "Pump??"


@pytest.mark.parametrize("answer", [accept, put_off], ids=["accepted", "put off"])
def test_other_libraries_read_our_answers(answer):
    made = answer(header_of(message("0017")), at=AT, own_id="f00").decode()
    assert str(hl7.parse(made).segment("MSA")[2]) == "0017"
    strict = parse_message(made, validation_level=VALIDATION_LEVEL.STRICT, find_groups=False)
    assert strict.msa.msa_2.value == "0017"
