"""The text of a message by position, whatever a gateway, an editor or a transport did to it."""

import pytest

from openinfusion.adapters.hl7 import Leniency
from openinfusion.adapters.hl7.reader import LARGEST_MESSAGE, LONGEST_SEGMENT, MOST_SEGMENTS
from openinfusion.adapters.hl7.text import Separators, unescape
from openinfusion.core.errors import SenderError
from tests.unit.hl7.written import OBR, PID, PV1, join, msh, obx, parse, report

PLAIN = report(obx("157784^MDC_FLOW_FLUID_PUMP", "1.1.2.1", "12.5", "265266^MDC_DIM_MILLI_L_PER_HR^MDC"))


def warned(message):
    return [(one.code, one.place) for one in message.warnings]


def test_fields_are_counted_as_in_the_standard():
    """MSH-1 is the field separator, MSH-2 the others; every other segment begins at 1."""
    header = parse(PLAIN).header
    assert (header.raw(1), header.raw(2), header.value(2), header.value(9, 2)) == ("|", "^~\\&", "^~\\&", "R01")
    assert (header.value(3), header.value(3, 2), header.value(3, 9), header.raw(99)) == (
        "GW",
        "AAAA000000000001",
        "",
        "",
    )
    assert header.components(2) == ["^~\\&"]


def test_repetitions_components_and_subcomponents():
    raw = join(msh("01"), "PID|||A^^^X&1&ISO^PI~B^^^Y^MR")
    pid = parse(raw).first("PID")
    assert pid.repetitions(3) == ["A^^^X&1&ISO^PI", "B^^^Y^MR"]
    assert pid.components(3, 2) == ["B", "", "", "Y", "MR"]
    assert pid.value(3, 4, subcomponent=2) == "1"
    assert pid.value(3, 4, subcomponent=9) == ""
    assert pid.value(3, repetition=2) == "B"
    assert pid.value(3, repetition=3) == ""
    assert pid.components(3, 3) == [""]


def test_a_segment_keeps_its_text_and_knows_its_place():
    message = parse(PLAIN)
    *_, last = message.all("OBX")
    assert last.text.startswith("OBX|5|NM|157784")
    assert last.place(6) == "OBX[5]-6"
    assert message.first("ZZZ") is None
    assert message.raw == PLAIN


def test_a_segment_shows_no_person():
    message = parse(PLAIN)
    assert "4711" not in repr(message)
    assert "Erin" not in repr(message.first("PID"))


@pytest.mark.parametrize(
    "sent, meant",
    [
        (r"a\F\b\S\c\T\d\R\e\E\f", r"a|b^c&d~e\f"),
        (r"\X48692C\ you", "Hi, you"),
        (r"\XC2B5\g", "µg"),
        (r"\XB5\g", "µg"),
        (r"one\.br\two\.sp\three", "one\ntwo\nthree"),
        (r"\H\loud\N\ soft", "loud soft"),
        (r"NaCl 0.9\% w\v", r"NaCl 0.9\% w\v"),
        (r"ends in \ ", r"ends in \ "),
        (r"\X4\ \XZZ\ \Q\ \\", r"\X4\ \XZZ\ \Q\ \\"),
        (r"C:\E\F", r"C:\F"),
        ("plain", "plain"),
    ],
)
def test_escapes(sent, meant):
    assert unescape(sent) == meant


def test_other_separators():
    """A sender may choose others: fields, codes and units are read all the same."""
    text = PLAIN.decode().replace("|", "!").replace("^", "@").replace("MSH!@~\\&", "MSH!@~\\&")
    message = parse(text.encode())
    assert message.separators == Separators("!", "@", "~", "\\", "&")
    assert message.header.value(9, 2) == "R01"
    assert warned(message) == []


@pytest.mark.parametrize("given", ["", "^", "^~", "^~\\", "^^^^", "ab^d"])
def test_separators_that_are_missing(given):
    """Where MSH-2 does not give them, the usual ones stand in, and it is said."""
    message = parse(f"MSH|{given}|GW|||||x|ORU|1\r".encode())
    assert warned(message)[0] == (Leniency.SEPARATORS, "MSH[1]-2")
    assert len(set(message.separators)) == 5


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_ends(end):
    message = parse(PLAIN.replace(b"\r", end.encode()))
    assert warned(message) == [(Leniency.LINE_ENDS, "message")]
    assert [s.name for s in message.segments] == [s.name for s in parse(PLAIN).segments]


@pytest.mark.parametrize(
    "before, after",
    [(b"\x0b", b"\x1c\r"), (b"\x0b", b"\x1c"), (b"\xef\xbb\xbf", b""), (b"", b"\x1c\r"), ("♂".encode(), b"")],
)
def test_framing_left_in(before, after):
    message = parse(before + PLAIN + after)
    assert (Leniency.FRAMING, "message") in warned(message)
    assert len(message.segments) == len(parse(PLAIN).segments)


def test_blanks_before_segments():
    raw = b"\r\n  " + PLAIN.replace(b"\rOBR", b"\r  OBR")
    message = parse(raw)
    assert [code for code, _ in warned(message)] == [Leniency.LEADING_BLANKS, Leniency.LEADING_BLANKS]
    assert message.first("OBR").value(4, 2) == "Testamine"


def test_empty_lines_and_lines_that_are_no_segment():
    """Skipped and said by their line; what stands there is not shown: it may be half a PID."""
    raw = PLAIN.replace(b"\rPV1", b"\r\rSmith^John\rPV1")
    message = parse(raw)
    assert warned(message) == [(Leniency.EMPTY_LINE, "line 3"), (Leniency.NO_SEGMENT, "line 4")]
    assert "Smith" not in str(message.warnings)


def test_empty_segments_are_segments():
    message = parse(join(msh("01"), "PID", "PV1|", OBR))
    assert [s.name for s in message.segments] == ["MSH", "PID", "PV1", "OBR"]
    assert warned(message) == []


def test_segments_glued_together_by_an_export():
    """B. Braun: the CR is lost. Every place is parted, and the values are those of the whole message."""
    lines = PLAIN.decode().rstrip("\r").split("\r")
    message = parse("".join(lines).encode())
    assert [s.text for s in message.segments] == lines
    assert {code for code, _ in warned(message)} == {Leniency.GLUED}
    assert len(message.warnings) == len(lines) - 1


def test_segments_glued_with_a_blank():
    """Smiths: PV1 stands in the line of PID; ICU Medical: OBR in that of PV1."""
    raw = join(msh("15"), PID + "||||||||||||||||||||||Y PV1|1|N  " + OBR)
    message = parse(raw)
    assert [s.name for s in message.segments] == ["MSH", "PID", "PV1", "OBR"]
    assert message.first("PV1").value(2) == "N"


def test_a_field_that_ends_like_a_segment_is_not_parted():
    raw = report(obx("184514^MDC_DRUG_NAME_LABEL", "1.1.2.1", "RAPID"), obx("158012^X", "1.1.2.2", "APV1"))
    message = parse(raw)
    assert warned(message) == []
    assert len(list(message.all("OBX"))) == 6


@pytest.mark.parametrize(
    "declared, encoding, warning",
    [
        ("UNICODE UTF-8", "utf-8", None),
        ("8859/1", "latin-1", None),
        ("8859/15", "iso8859-15", None),
        ("", "utf-8", Leniency.CHARSET),
        ("ASCII", "utf-8", Leniency.CHARSET),
        ("ASCII", "latin-1", Leniency.CHARSET),
        ("UNICODE UTF-8", "latin-1", Leniency.CHARSET),
        ("KLINGON", "utf-8", Leniency.CHARSET_UNKNOWN),
        ("KLINGON", "latin-1", Leniency.CHARSET_UNKNOWN),
    ],
)
def test_character_sets(declared, encoding, warning):
    """The set of MSH-18 is tried first, then UTF-8, then 8859/1, which reads every byte."""
    text = join(msh("01", f18=declared), "PID|||1||Grün^Zoë").decode()
    message = parse(text.encode(encoding))
    assert message.first("PID").value(5) == "Grün"
    assert [code for code, _ in warned(message)] == ([warning] if warning else [])


def test_truncated():
    open_frame = parse(b"\x0b" + PLAIN[:-40])
    assert (Leniency.TRUNCATED, "message") in warned(open_frame)
    half_obx = parse(PLAIN[: PLAIN.rindex(b"OBX") + 8])
    assert warned(half_obx) == [(Leniency.TRUNCATED, "message")]
    assert warned(parse(PLAIN.rstrip(b"\r"))) == []


@pytest.mark.parametrize(
    "raw", [b"", b"\r\n ", b"PID|1", b"GET / HTTP/1.1\r\n", b"MSH", b"MSHX^~", b"MSH ^~\\&", b"\x0b\x1c\r"]
)
def test_what_is_no_message_at_all(raw):
    with pytest.raises(SenderError, match=r"an HL7 v2 message, which begins with MSH\|") as caught:
        parse(raw)
    assert caught.value.where == "message"


@pytest.mark.parametrize(
    "raw, expected",
    [
        (PLAIN + b"x" * LARGEST_MESSAGE, "at most 1,048,576"),
        (PLAIN + b"NTE|\r" * MOST_SEGMENTS, "at most 10,000"),
        (PLAIN + b"NTE|" + b"x" * LONGEST_SEGMENT, "at most 65,536 characters"),
    ],
)
def test_bounds(raw, expected):
    with pytest.raises(SenderError, match=expected):
        parse(raw)


def test_names_of_persons_are_in_no_error():
    with pytest.raises(SenderError) as caught:
        parse(PID.encode() + b"\r" + PV1.encode())
    assert "4711" not in str(caught.value)


def test_two_messages_are_never_read_as_one():
    """What stands after the second header may be of another patient."""
    other = PLAIN.replace(b"T-4711", b"T-9999").replace(b"|12.5|", b"|99|")
    message = parse(PLAIN + other)
    assert [one.text for one in message.segments] == [one.text for one in parse(PLAIN).segments]
    assert warned(message) == [(Leniency.SEVERAL, "MSH[2]")]


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_the_head_and_the_tail_of_a_batch(end):
    raw = b"FHS|^~\\&||||||\rBHS|^~\\&||||||\r" + PLAIN + b"BTS|1\rFTS|1\r"
    message = parse(raw.replace(b"\r", end.encode()))
    assert (message.header.name, message.header.value(9, 2)) == ("MSH", "R01")
    assert warned(message)[:2] == [(Leniency.BATCH, "message")] * 2


def test_a_batch_without_a_message():
    with pytest.raises(SenderError, match="begins with MSH"):
        parse(b"FHS|^~\\&\rBHS|^~\\&\rBTS|0\r")


# --- Lines that are wrapped, as in documents and in mail ---


@pytest.mark.parametrize("width", [17, 41, 60, 76])
def test_wrapped_lines_are_put_together(width):
    """Whatever the width, the segments are those of the whole message; it is said for every line."""
    lines = PLAIN.decode().replace("12.5", "abc").rstrip("\r").split("\r")
    wrapped = [line[at : at + width] for line in lines for at in range(0, len(line), width)]
    message = parse("\r".join(wrapped).encode())
    assert [s.text.replace("\n", "") for s in message.segments] == lines
    assert {code for code, _ in warned(message)} == {Leniency.WRAPPED}
    assert len(message.warnings) == len(wrapped) - len(lines)


@pytest.mark.parametrize("parted", ["1\r2.5", "12.\r5", "12\r.5", "12.5\r0"])
def test_a_number_that_is_parted_is_none(parted):
    """12 and 5 may be 12.5, or 12 and the number of a page."""
    message = parse(PLAIN.replace(b"12.5", parted.encode()))
    *_, last = message.all("OBX")
    assert last.raw(5) == parted.replace("\r", "\n")


def test_a_code_that_is_parted_is_whole():
    message = parse(PLAIN.replace(b"MDC_FLOW_FLUID_PUMP", b"MDC_FLOW_FLUID_\rPUMP").replace(b"^MDC|", b"^\rMDC|"))
    *_, last = message.all("OBX")
    assert last.raw(3) == "157784^MDC_FLOW_FLUID_PUMP^MDC"


def test_a_segment_in_small_letters_is_none():
    message = parse(PLAIN.replace(b"\rPV1", b"\rpv1"))
    assert (message.first("PV1"), warned(message)) == (None, [(Leniency.NO_SEGMENT, "line 3")])
