"""Any bytes, and 20,000 spoilt messages: no exception but a sender's error, none slow, no memory that grows."""

import os
import time
import tracemalloc
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openinfusion.adapters.hl7 import read_meaning, read_message
from openinfusion.adapters.hl7.text import unescape
from openinfusion.adapters.hl7.units import read_measured, read_number, read_unit
from openinfusion.core.errors import SenderError
from openinfusion.core.numbers import decimal_text
from tests.unit.hl7.written import DEVICES, KG, MG_ML, ML, ML_H, PID, UG_KG_MIN, event, join, msh, obx, report, segment

MESSAGES = int(os.environ.get("OPENINFUSION_HL7_FUZZ", "20000"))
HANGS = 20.0  # seconds of processor time, where what is read in whole takes up to 0.4: a busy machine is no fault
MARKS = (
    b"|",
    b"^",
    b"~",
    b"\\",
    b"&",
    b"\r",
    b"\n",
    b"\x0b",
    b"\x1c",
    b"\0",
    b"\xff",
    b"\xc3",
    b"OBX|1|",
    b"MSH|",
    b"PID|",
)
SEEDS = (
    event(
        obx("184519^MDC_PUMP_INFUSING_STATUS", "1.1.1.1", "^pump-status-infusing"),
        obx("157784^MDC_FLOW_FLUID_PUMP", "1.1.2.1", "12.5", ML_H),
        obx("157924^MDC_RATE_DOSE", "1.1.2.2", "5.00", UG_KG_MIN),
        obx("157993^MDC_VOL_FLUID_DELIV_TOTAL", "1.1.2.3", "0.0", ML, f8="DEMO"),
    ),
    report(obx("157760^MDC_CONC_DRUG", "1.1.2.1", "1.6", MG_ML), obx("68063^MDC_ATTR_PT_WEIGHT", "1.1.2.2", "80", KG)),
    join(
        msh("04"),
        PID,
        segment("OBR", f1="1", f3="1^GW^AA", f4="196616^MDC_EVT_ALARM^MDC", f7="20260301101500", f29="^1&GW&AA"),
        *DEVICES[:1],
        obx("196616^MDC_EVT_ALARM", "1.0.0.0.1", "196940^MDC_EVT_FLUID_LINE_OCCL^MDC^^^^^^Occlusion", f8="PH~ST"),
        obx("68481^MDC_ATTR_EVENT_PHASE", "1.0.0.0.3", "start"),
    ),
    join(
        msh("15"),
        "OBR|1||P9|69135^MDC_OBS_MEM^MDC||20260301101500+0000",
        *DEVICES[:2],
        obx("531975^MDC_ID_PROD_SPEC_SW", "1.1.0.1", "A=1~Drug Library=2"),
        obx("0^MDCX_LS_ATTR_LOCATION", "LOC", "ICU^4^B", f18="~~W~F"),
    ),
    join(msh("", f9="RRG^O16^RRG_O16"), "MSA|AR|1", "ERR|||207^x|F|9010^y"),
)


def spoil(random: Random) -> bytes:
    """Return a message with some of its bytes changed, lost, doubled or joined by others."""
    data = bytearray(random.choice(SEEDS))
    for _ in range(random.choice((1, 1, 2, 5, 20))):
        at = random.randrange(len(data) + 1)
        match random.randrange(6):
            case 0:
                data[at : at + 1] = bytes([random.randrange(256)])
            case 1:
                del data[at : at + random.randrange(1, 60)]
            case 2:
                data[at:at] = random.choice(MARKS)
            case 3:
                data[at:at] = data[at : at + random.randrange(200)] * random.choice((1, 2, 30))
            case 4:
                del data[at:]
            case _:
                other = random.choice(SEEDS)
                start = random.randrange(len(other))
                data[at:at] = other[start : start + random.randrange(300)]
    return bytes(data)


def read_all(raw: bytes) -> str:
    """Read a message and return everything that may be shown of it."""
    try:
        told = read_meaning(read_message(raw))
    except SenderError as error:
        return str(error)
    return repr(told) + str([str(one) for one in told.warnings])


@pytest.mark.parametrize("part", range(4))
def test_spoilt_messages(part):
    """Reading raises nothing but a sender's error, and never hangs, whatever was spoilt."""
    random = Random(f"hl7-{part}")  # noqa: S311 - repeatable, not secret
    for _ in range(MESSAGES // 4):
        raw = spoil(random)
        start = time.process_time()
        shown = read_all(raw)
        assert time.process_time() - start < HANGS, raw
        assert shown


def test_no_person_is_shown_when_segments_break():
    """Wherever a line is cut, the patient is in no warning and no error."""
    raw = SEEDS[0]
    for at in range(raw.index(b"PID"), raw.index(b"OBR")):
        for mark in (b"\r", b"\n", b""):
            shown = read_all(raw[:at] + mark + raw[at:])
            warned = shown[shown.rindex("[") :]
            assert "T-4711" not in warned
            assert "Erin" not in warned


def test_memory_is_flat():
    """What is kept between messages is bounded: after the first thousands, more of them need no more."""
    random = Random("memory")  # noqa: S311 - repeatable, not secret
    messages = [spoil(random) for _ in range(800)]
    for raw in messages:
        read_all(raw)
    tracemalloc.start()
    try:
        for raw in messages:
            read_all(raw)
        first = tracemalloc.get_traced_memory()[0]
        for _ in range(3):
            for raw in messages:
                read_all(raw)
        grown = tracemalloc.get_traced_memory()[0] - first
    finally:
        tracemalloc.stop()
    assert grown < 1_000_000


@pytest.mark.parametrize(
    "raw",
    [
        b"MSH|^~\\&|" + b"^" * 60_000,
        b"MSH|^~\\&|" + b"\\" * 60_000,
        b"MSH|^~\\&|\rPID|||" + b"~" * 60_000,
        b"MSH|^~\\&|||||||ORU^R01\r" + b"OBX|1|NM|" * 6_000,
        b"MSH|^~\\&|||||||ORU^R01\r" + b"OBX|1|NM|1^A^MDC|1.1.1.1|1\r" * 9_000,
        b"MSH|^~\\&|||||||ORU^R01|||||||||||\r" + b"".join(b"OBX|1||70049^|%d.0.0.0\r" % n for n in range(9_000)),
        b"MSH|^~\\&|||||||ORU^R01|\r" + b"OBX|1||70071^|\r" * 9_000,
        b"MSH|^~\\&|||||||ORU^R01|\r" + b"OBR|1\rOBX|1||70049^|1.0.0.0\rOBX|1||157784^|3.1.2.1|5\r" * 3_000,
        b"MSH|^~\\&|||||||ORU^R01|\r"
        + b"".join(
            b"OBX|1||70050^|1.%d.0.0\rOBX|1||70071^|1.%d.1.0\rOBX|1||157784^|1.%d.1.1|5|mL/h\r" % (n % 64, n, n)
            for n in range(3_000)
        ),
        b"MSH|^~\\&|||||||ORU^R01|\r"
        + b"".join(b"OBX|1||70071^|%d.1.1.0\rOBX|1||157784^|%d.2.1.1|5\r" % (n, n) for n in range(4_500)),
        b"MSH|^~\\&|||||||ORU^R01\rOBR|1" + b"".join(b"\rOBX|1|NM|157784^|%d.1.2.1|1" % n for n in range(5_000)),
        b"\r" * 1_000_000,
        b"MSH|^~\\&|\r" + b"x\r" * 9_000,
        b"MSH|^~\\&|" + b"PID|" * 15_000,
    ],
    ids=range(14),
)
def test_hostile_messages(raw):
    start = time.process_time()
    read_all(raw)
    assert time.process_time() - start < HANGS


@given(st.binary(max_size=400))
def test_any_bytes(raw):
    assert read_all(raw)
    assert read_all(b"MSH|^~\\&|" + raw)


@given(st.lists(st.text(max_size=30), max_size=25), st.sampled_from(["PID", "OBR", "OBX", "MSA"]))
def test_any_fields(fields, name):
    text = "\r".join([msh("10"), "|".join([name, *fields])])
    assert read_all(text.encode("utf-8", "surrogatepass"))


@given(st.text(max_size=60))
def test_any_text_in_place_of_a_unit_a_number_or_an_escape(text):
    read_unit(text)
    read_measured(text, text, "volume")
    number, _ = read_number(text)
    if number is not None:
        assert read_number(decimal_text(number))[0] == number
    if "\\" not in text:
        assert unescape(text) == text


@given(
    st.decimals(min_value=-(10**9), max_value=10**9, places=6),
    st.sampled_from([ML, "mL", "263762^MDC_DIM_MILLI_L^MDC"]),
)
def test_a_value_keeps_its_text_and_is_exact(value, unit):
    text = format(value, "f")
    measured = read_measured(text, unit, "volume").measured
    assert measured.text == text
    assert measured.number == value
    assert measured.quantity is not None
    assert measured.quantity.value == value
