"""python-hl7 and hl7apy see the same plain structure in messages that we wrote by hand."""

import hl7
import pytest
from hl7apy.parser import parse_message

from tests.unit.hl7.written import (
    DEVICES,
    KG,
    ML_H,
    OBR,
    PID,
    PV1,
    UG_KG_MIN,
    event,
    join,
    msh,
    obx,
    parse,
    report,
    segment,
)

WRITTEN = {
    "event": event(
        obx("157784^MDC_FLOW_FLUID_PUMP", "1.1.2.1", "12.5", ML_H),
        obx("157924^MDC_RATE_DOSE", "1.1.2.2", "5.00", UG_KG_MIN),
        obx("184514^MDC_DRUG_NAME_LABEL", "1.1.2.3", "Glucose 5\\S\\ \\T\\ saline"),
    ),
    "report": report(obx("68063^MDC_ATTR_PT_WEIGHT", "1.1.2.1", "80", KG), obx("0^X", "1.1.2.2", "a~b^c&d~e")),
    "alert": join(
        msh("04"),
        PID + "~second^^^OTHER&1.2&ISO^MR",
        PV1,
        segment("OBR", f1="1", f3="1^GW", f4="196616^MDC_EVT_ALARM^MDC", f29="^1&GW&AA&EUI-64"),
        *DEVICES[:1],
    ),
    "management": join(msh("15"), "PID", "PV1||N", OBR),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_python_hl7(name):
    ours, theirs = parse(WRITTEN[name]), hl7.parse(WRITTEN[name].decode())
    assert [segment.name for segment in ours.segments] == [str(one[0]) for one in theirs]
    for line, one in zip(ours.segments, theirs, strict=True):
        assert line.fields == [str(field) for field in one][: len(line.fields)]
        for number, field in enumerate(line.fields[1:], start=1):
            if line.name == "MSH" and number <= 2:
                continue
            assert line.repetitions(number) == [str(part) for part in one[number]] or field == ""
            assert ours.separators.component.join(line.raw(number).split("^")) == str(one[number])


@pytest.mark.parametrize("name", WRITTEN)
def test_hl7apy(name):
    ours = parse(WRITTEN[name])
    theirs = parse_message(WRITTEN[name].decode(), find_groups=False)
    assert [segment.name for segment in ours.segments] == [one.name for one in theirs.children]
    for line, one in zip(ours.segments, theirs.children, strict=True):
        if line.name == "MSH":
            continue
        numbered = [(child.name.rpartition("_")[2], child.to_er7()) for child in one.children if child.name]
        for number in {number for number, _ in numbered if number.isdigit()}:
            assert line.repetitions(int(number)) == [text for other, text in numbered if other == number]


def test_escapes_are_those_of_python_hl7():
    text = "Glucose 5\\S\\ \\T\\ saline \\F\\ \\R\\ \\E\\"
    raw = report(obx("184514^X", "1.1.2.1", text))
    *_, last = parse(raw).all("OBX")
    assert last.value(5) == hl7.parse(raw.decode()).unescape(text)
