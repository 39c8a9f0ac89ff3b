"""Which transaction a message is, whatever MSH-21 says."""

import pytest

from openinfusion.adapters.hl7 import Leniency, Transaction
from openinfusion.adapters.hl7.leniency import Cautions
from openinfusion.adapters.hl7.route import route
from tests.unit.hl7.written import OBR, join, msh, obx, parse

OID = "1.3.6.1.4.1.19376.1.6."


def routed(raw):
    cautions = Cautions([])
    return route(parse(raw), cautions), [one.code for one in cautions.met]


def kind(message_type, profile, *lines):
    return routed(join(msh("", f9=message_type, f21=profile), OBR, *lines))


@pytest.mark.parametrize(
    "message_type, profile, transaction, cautions",
    [
        ("ORU^R01^ORU_R01", f"IHE_PCD_001^IHE PCD^{OID}1.1.1^ISO", "PCD-01", []),
        ("ORU^R01^ORU_R01", f"PCD_001^X^{OID}4.1^ISO", "PCD-01", [Leniency.OID_VARIANT]),
        ("RGV^O15^RGV_O15", f"X^X^{OID}1.3.1^ISO", "PCD-03", []),
        ("RRG^O16^RRG_O16", f"X^X^{OID}1.3.2^ISO", "PCD-03 reply", []),
        ("ORU^R40^ORU_R40", f"X^X^{OID}1.4.1^ISO", "PCD-04", []),
        ("ORU^R40^ORU_R40", f"X^X^{OID}4.4^ISO", "PCD-04", [Leniency.OID_VARIANT]),
        ("ORU^R40^ORU_R40", f"X^X^{OID}4.4.1^ISO", "PCD-04", [Leniency.OID_VARIANT]),
        ("ORU^R41^ORU_R41", f"X^X^{OID}1.5.1^ISO", "PCD-05", []),
        ("ORU^R42^ORU_R01", f"X^X^{OID}4.10^ISO", "PCD-10", []),
        ("ORU^R42^ORU_R01", f"X^X^ {OID}4.10^ISO", "PCD-10", [Leniency.BLANKS]),
        ("ORU^R01^ORU_R01", f"X^X^{OID}4.15^ISO", "PCD-15", []),
        ("ORU^R01^ORU_R01", f"X^X^{OID}1.15.1^ISO", "PCD-15", []),
        ("ORU^R01^ORU_R01", f"LOCAL^X^1.2.3^ISO~X^X^{OID}4.15^ISO", "PCD-15", []),
        ("RGV^O15^RGV_O15", "IHE_PCD_PIV_001", "PCD-03", [Leniency.PROFILE_NAME]),
        ("RRG^O16^RRG_O16", "IHE_PCD_PIV_001", "PCD-03 reply", [Leniency.PROFILE_NAME]),
        ("ORU^R40^ORU_R40", "IHE_PCD_ACM_001", "PCD-04", [Leniency.PROFILE_NAME]),
        ("ORU^R01", "IHE_PCD_015", "PCD-15", [Leniency.PROFILE_NAME]),
        ("ORU^R01", "MEMLS", "PCD-16", [Leniency.PROFILE_NAME]),
        ("ORU^R42^ORU_R01", f"X^X^{OID}1.1.1^ISO", "PCD-10", [Leniency.PROFILE_OTHER]),
        ("ORU^R40^ORU_R40", f"X^X^{OID}4.10^ISO", "PCD-04", [Leniency.PROFILE_OTHER]),
        ("ORU^R40^ORU_R40", "", "PCD-04", [Leniency.PROFILE_MISSING]),
        ("ORU^R01", "X^X^1.2.3.4^ISO", "PCD-01", [Leniency.PROFILE_MISSING]),
        ("ACK^R42^ACK", "", "ACK", []),
        ("ACK^O15^ACK", "IHE_PCD_PIV_001", "ACK", []),
        ("ADT^A01^ADT_A01", "", "other", [Leniency.PROFILE_MISSING]),
        ("", "", "other", [Leniency.PROFILE_MISSING]),
    ],
)
def test_by_number_name_or_trigger(message_type, profile, transaction, cautions):
    assert kind(message_type, profile) == (Transaction(transaction), cautions)


@pytest.mark.parametrize(
    "code, transaction",
    [
        ("65577^MDC_MOC_BATTERY", "PCD-15"),
        ("0^MDCX_LS_ATTR_NAME", "PCD-16"),
        ("68487^MDC_ATTR_EVT_COND", "PCD-10"),
        ("196616^MDC_EVT_ALARM", "PCD-04"),
        ("157784^MDC_FLOW_FLUID_PUMP", "PCD-01"),
    ],
)
def test_by_content_where_nothing_else_tells(code, transaction):
    assert kind("ORU^R01", "", obx(code, "1.1.0.1", "x"))[0] is Transaction(transaction)


START = obx("68487^MDC_ATTR_EVT_COND", "1.1.0.1", "197288^MDC_EVT_PUMP_DELIV_START^MDC")
COMPLETE = obx("68487^MDC_ATTR_EVT_COND", "1.1.0.1", "197292^MDC_EVT_PUMP_DELIV_COMP^MDC")
OCCLUDED = obx("68487^MDC_ATTR_EVT_COND", "1.1.0.1", "196708^MDC_EVT_OCCL^MDC")
ALARM = obx("196616^MDC_EVT_ALARM", "1.1.0.0.1", "196708^MDC_EVT_OCCL^MDC")
PHASE = obx("68481^MDC_ATTR_EVENT_PHASE", "1.1.0.0.3", "start")


@pytest.mark.parametrize(
    "message_type, number, lines, transaction",
    [
        ("ORU^R42^ORU_R01", "4.10", [ALARM, PHASE], "PCD-04"),
        ("ORU^R42^ORU_R01", "1.4.1", [ALARM], "PCD-04"),
        ("ORU^R01^ORU_R01", "4.10", [ALARM], "PCD-04"),
        ("ORU^R40^ORU_R40", "1.4.1", [START], "PCD-10"),
        ("ORU^R40^ORU_R40", "4.10", [COMPLETE], "PCD-10"),
        ("ORU^R01^ORU_R01", "1.4.1", [START], "PCD-10"),
    ],
)
def test_alarm_or_event_the_content_holds(message_type, number, lines, transaction):
    found, cautions = kind(message_type, f"X^X^{OID}{number}^ISO", *lines)
    assert (found, cautions) == (Transaction(transaction), [Leniency.TRIGGER_OTHER])


@pytest.mark.parametrize(
    "message_type, number, lines, transaction",
    [
        ("ORU^R40^ORU_R40", "1.4.1", [ALARM, COMPLETE], "PCD-04"),
        ("ORU^R40^ORU_R40", "1.4.1", [COMPLETE, PHASE], "PCD-04"),
        ("ORU^R40^ORU_R40", "1.4.1", [OCCLUDED], "PCD-04"),
        ("ORU^R40^ORU_R40", "1.4.1", [], "PCD-04"),
        ("ORU^R42^ORU_R01", "4.10", [START, ALARM], "PCD-10"),
        ("ORU^R42^ORU_R01", "4.10", [], "PCD-10"),
    ],
)
def test_alarm_or_event_where_the_content_does_not_speak_against_it(message_type, number, lines, transaction):
    assert kind(message_type, f"X^X^{OID}{number}^ISO", *lines) == (Transaction(transaction), [])


def test_an_alarm_in_a_report_is_said():
    found, cautions = kind("ORU^R01", f"X^X^{OID}1.1.1^ISO", ALARM, PHASE)
    assert (found, cautions) == (Transaction.REPORT, [Leniency.ALARM_IN_REPORT])


@pytest.mark.parametrize("subject", ["69135^MDC_OBS_MEM^MDC", "0^MDCX_EVT_POWER_CHG^MDC"])
def test_an_obr_that_says_management_is_believed(subject):
    """Also against the number of another transaction."""
    raw = join(msh("", f9="ORU^R01", f21=f"X^X^{OID}1.1.1^ISO"), f"OBR|1|||{subject}")
    assert routed(raw) == (Transaction.MANAGEMENT, [Leniency.PROFILE_OTHER])


def test_other_separators():
    raw = join(msh("", f9="ORU^R42", f21=f"X^X^{OID}4.10^ISO"), OBR).replace(b"^", b"@")
    assert routed(raw)[0] is Transaction.EVENT
