"""
Bytes to a message: framing, character set, lines, segments. Lenient, bounded, and it says what it let pass.

An error is raised only for what is no HL7 message at all, or is larger than any message of a pump: then its sender
must act. Everything else is read as far as it goes.
"""

import re
from collections.abc import Iterable, Iterator

from openinfusion.adapters.flags import shown
from openinfusion.adapters.hl7.leniency import Cautions, Leniency
from openinfusion.adapters.hl7.text import USUAL, Message, Segment, Separators, is_name, segments_of
from openinfusion.core.errors import SenderError

LARGEST_MESSAGE = 2**20
MOST_SEGMENTS = 10_000
LONGEST_SEGMENT = 2**16
_START, _END = b"\x0b", b"\x1c"
_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n\x00"
_BEFORE_MESSAGE = re.compile(rb"(?:FHS|BHS)[^A-Za-z0-9\s][^\r\n]*[\r\n]+")
_OF_NUMBERS = re.compile(r"[-+.,0-9]+")
_KNOWN = frozenset({"MSH", "PID", "PV1", "ORC", "OBR", "OBX", "RXG", "RXR", "TQ1", "NTE", "PRT", "MSA", "ERR"})
_CHARSET_FIELD = 18
_CODECS = {
    "": "ascii",
    "ASCII": "ascii",
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
    "UNICODE": "utf-8",
    "8859/1": "latin-1",
    "8859/2": "iso8859-2",
    "8859/5": "iso8859-5",
    "8859/7": "iso8859-7",
    "8859/9": "iso8859-9",
    "8859/15": "iso8859-15",
}
_FEWEST_OF_OBX = 4
_MOST_JUNK = 8
_FEWEST_OF_MSH = 10


def read_message(raw: bytes) -> Message:
    """
    Return the message in these bytes.

    Raises:
        SenderError: it does not begin with MSH and a separator, or is larger than any message of a pump.

    """
    if len(raw) > LARGEST_MESSAGE:
        raise SenderError(where="message", found=f"{len(raw):,} bytes", expected=f"at most {LARGEST_MESSAGE:,}")
    cautions = Cautions([])
    data = raw if raw[:4] == b"MSH|" and _END not in raw[-4:] else _without_frame(raw, cautions)
    data = _with_carriage_returns(data, cautions)
    separators = _separators(data, cautions)
    text = _decoded(data, separators, cautions)
    segments = _segments(text, separators, cautions)
    _check_end(raw, segments[-1].text, mark=separators.field, cautions=cautions)
    return Message(raw, separators, tuple(segments), tuple(cautions.met))


def _without_frame(raw: bytes, cautions: Cautions) -> bytes:
    """Remove what the transport, a byte order mark or an editor put around the message."""
    data = raw
    blank = data.lstrip(_BLANK)
    if blank[:1] == _START or _END in raw[-4:] or blank.startswith(_BOM):
        cautions.add(Leniency.FRAMING, "message", found="bytes that are not of the message around it")
        data = blank.removeprefix(_START).lstrip(_BLANK).removeprefix(_BOM).removeprefix(_START)
        data = data.rstrip(_BLANK).removesuffix(_END)
    stripped = data.lstrip(_BLANK)
    if len(stripped) != len(data):
        cautions.add(Leniency.LEADING_BLANKS, "MSH", found="blanks before the message")
    while (batch := _BEFORE_MESSAGE.match(stripped)) is not None:
        cautions.add(Leniency.BATCH, "message", found=f"{stripped[:3].decode('ascii')} before MSH")
        stripped = stripped[batch.end() :].lstrip(_BLANK)
    if 0 < stripped.find(b"MSH|") <= _MOST_JUNK:
        # A start byte that an editor or a character set has made into something else.
        cautions.add(Leniency.FRAMING, "message", found="bytes before MSH")
        stripped = stripped[stripped.find(b"MSH|") :]
    return stripped


def _with_carriage_returns(data: bytes, cautions: Cautions) -> bytes:
    if b"\n" not in data:
        return data
    cautions.add(Leniency.LINE_ENDS, "message", found="LF" if b"\r\n" not in data else "CRLF")
    return data.replace(b"\r\n", b"\r").replace(b"\n", b"\r")


def _separators(data: bytes, cautions: Cautions) -> Separators:
    """Return what MSH-1 and MSH-2 say; both are ASCII in every character set that HL7 allows."""
    head = data[:16].decode("latin-1")
    if head.startswith("MSH|^~\\&|"):
        return USUAL
    mark = head[3:4]
    if head[:3] != "MSH" or not mark or mark.isalnum() or mark.isspace() or not mark.isprintable():
        found = "nothing" if not data else "other bytes" if head[:3] != "MSH" else "MSH without a field separator"
        raise SenderError(where="message", found=found, expected="an HL7 v2 message, which begins with MSH|")
    given = head[4:].split("\r")[0].split(mark)[0][:4]
    marks = [mark]
    for number in range(4):
        one = given[number : number + 1]
        is_fit = one and not one.isalnum() and one.isprintable() and not one.isspace() and one not in marks
        usual = next(sign for sign in (USUAL[number + 1], *"^~\\&|#%$@") if sign not in marks and sign not in given)
        marks.append(one if is_fit else usual)
    separators = Separators(*marks)
    if "".join(separators[1:]) != given:
        cautions.add(Leniency.SEPARATORS, "MSH[1]-2", found=shown(given))
    # A fifth mark (HL7 2.7: truncation) parts nothing.
    return USUAL if separators == USUAL else separators


def _decoded(data: bytes, separators: Separators, cautions: Cautions) -> str:
    """Return the text of a message in the character set that it declares, or else in the one that it is in."""
    if data.isascii():
        return data.decode("ascii")
    fields = data.partition(b"\r")[0].decode("latin-1").split(separators.field)
    declared = fields[_CHARSET_FIELD - 1] if len(fields) >= _CHARSET_FIELD else ""
    codec = _CODECS.get(declared.partition(separators.repetition)[0].strip().upper())
    place = f"MSH[1]-{_CHARSET_FIELD}"
    if codec is None:
        cautions.add(Leniency.CHARSET_UNKNOWN, place, found="a name that is not known")
    for one in (codec, "utf-8", "latin-1"):
        try:
            text = data.decode(one) if one else None
        except UnicodeDecodeError:
            continue
        if text is not None:
            if codec not in (None, one):
                found = f"{codec.upper()} and other bytes"
                cautions.add(Leniency.CHARSET, place, found=found, taken=f"read as {one.upper() if one else ''}")
            return text
    raise AssertionError("8859/1 decodes every byte")  # pragma: no cover


def _segments(text: str, separators: Separators, cautions: Cautions) -> list[Segment]:
    """Return the segments of a text; lines that are none are left out, and glued ones parted."""
    lines = text.split("\r")
    while lines and not lines[-1].strip():
        lines.pop()
    _check_count(len(lines))
    segments, counts, is_regular = segments_of(lines, separators)
    if not is_regular:
        lines = list(_segment_lines(lines, separators.field, cautions))
        segments, counts, _ = segments_of(lines, separators)
    if _is_glued(text, counts, separators.field):
        lines = list(_parted(lines, separators.field, cautions))
        _check_count(len(lines))
        segments, counts, _ = segments_of(lines, separators)
    if counts.get("MSH", 0) > 1:
        cautions.add(Leniency.SEVERAL, "MSH[2]", found=f"{counts['MSH']} messages")
        del segments[next(at for at, segment in enumerate(segments) if segment.name == "MSH" and at) :]
    if len(text) > LONGEST_SEGMENT and max(map(len, lines)) > LONGEST_SEGMENT:
        expected = f"at most {LONGEST_SEGMENT:,} characters"
        raise SenderError(where="message", found="a segment longer than that of any pump", expected=expected)
    return segments


def _check_count(count: int) -> None:
    if count > MOST_SEGMENTS:
        raise SenderError(where="message", found=f"{count:,} segments", expected=f"at most {MOST_SEGMENTS:,}")


def _segment_lines(lines: list[str], mark: str, cautions: Cautions) -> Iterator[str]:
    """
    Yield the lines that are segments, each with the lines that it goes on in.

    What the others are is said without showing them: one may be half a PID.
    """
    held, is_open = "", False
    for number, line in enumerate(lines, start=1):
        bare = line.lstrip(" \t")
        place = f"line {number}"
        if not bare:
            cautions.add(Leniency.EMPTY_LINE, place, found="nothing")
            is_open = False
        elif is_name(bare[:3]) and bare[3:4] in ("", mark):
            if len(bare) != len(line):
                cautions.add(Leniency.LEADING_BLANKS, place, found=f"blanks before {bare[:3]}")
            if held:
                yield held
            held, is_open = bare, True
        elif is_open and bare[:3].upper() not in _KNOWN:
            cautions.add(Leniency.WRAPPED, place, found=f"{len(line)} characters")
            held = _put_together(held, line, mark)
        else:
            cautions.add(Leniency.NO_SEGMENT, place, found=f"{len(line)} characters")
    if held:
        yield held


def _put_together(held: str, line: str, mark: str) -> str:
    """Return a segment with the line that it goes on in; digits that may be of one number or of two stay apart."""
    if held.startswith("MSH"):
        return held + line
    is_number = _OF_NUMBERS.fullmatch(held.rpartition(mark)[2]) and _OF_NUMBERS.fullmatch(line.partition(mark)[0])
    return f"{held}\n{line}" if is_number else held + line


_AFTER = {
    "PID": re.compile(r"(?:MSH|SFT)"),
    "PV1": re.compile(r"(?:MSH|PID)"),
    "OBR": re.compile(r"(?:MSH|PID|PV1|OBX)"),
    "OBX": re.compile(r"(?:PID|PV1|OBR|OBX|RXR|TQ1)"),
}


def _is_glued(text: str, counts: dict[str, int], mark: str) -> bool:
    """Whether a name of a segment stands within a line; counting is a tenth of the price of searching."""
    own = [counts.get(name, 0) for name in ("OBX", "OBR")]
    # What both begin with is counted first, in one pass: in most messages nothing else has it.
    if text.count("OB") != sum(own) and [text.count(f"{name}{mark}") for name in ("OBX", "OBR")] != own:
        return True
    # Further on, a field may end in PID ("RAPID"); before the first OBR none does.
    until_obr = text[: text.find("\rOBR")]
    return any(until_obr.count(f"{name}{mark}") != counts.get(name, 0) for name in ("PID", "PV1"))


def _parted(lines: Iterable[str], mark: str, cautions: Cautions) -> Iterator[str]:
    r"""
    Yield lines, parted where a segment begins within one.

    A field may end like the name of a segment ("RAPID|"). So OBX and OBR must be followed by their number, PID and PV1
    by what they begin with, and each must be one that can follow the segment that it is glued to.
    """
    sign = re.escape(mark)
    begin = re.compile(
        rf"(?:PID{sign}\d*{sign}|PV1{sign}\d*{sign}[A-Z]? *(?={sign}|$|OBR|OBX)|OBR{sign}\d*{sign}|OBX{sign}\d+{sign})"
    )
    for line in lines:
        start = 0
        for match in begin.finditer(line, 1):
            if _AFTER[match[0][:3]].match(line, start):
                cautions.add(Leniency.GLUED, match[0][:3], found=f"{match[0][:3]} within {line[start : start + 3]}")
                yield line[start : match.start()].rstrip(" ")
                start = match.start()
        yield line[start:]


def _check_end(raw: bytes, last: str, *, mark: str, cautions: Cautions) -> None:
    """Say so where the end of the message is missing: a frame that does not close, a segment that only begins."""
    is_open = raw.lstrip(_BLANK)[:1] == _START and _END not in raw[-4:]
    is_cut = False
    if raw[-1:] not in (b"\r", b"\n", _END):
        fewest = {"OBX": _FEWEST_OF_OBX, "MSH": _FEWEST_OF_MSH}.get(last[:3], 0)
        is_cut = last.count(mark) < fewest
    if is_open or is_cut:
        found = "a frame that does not end" if is_open else f"the beginning of {last[:3]}"
        cautions.add(Leniency.TRUNCATED, "message", found=found)
