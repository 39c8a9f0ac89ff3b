"""What reports and events of pumps say, in the forms that IHE prints and makers send."""

from datetime import UTC, timedelta, timezone
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from openinfusion.adapters.hl7 import Leniency, Transaction
from openinfusion.core.units import Quantity
from tests.unit.hl7.written import (
    DEVICES,
    KG,
    MG_ML,
    MIN,
    ML,
    ML_H,
    OBR,
    PID,
    PV1,
    SEC,
    UG,
    UG_KG_MIN,
    codes,
    event,
    join,
    msh,
    obx,
    parse,
    read,
    report,
    segment,
    source,
)

STARTED = (
    obx("184519^MDC_PUMP_INFUSING_STATUS", "1.1.1.1", "^pump-status-infusing"),
    obx("158014^MDC_FLOW_FLUID_PUMP_CURRENT", "1.1.1.2", "12.0", ML_H),
    obx("158016^MDC_DEV_PUMP_ACTIVE_SOURCES", "1.1.1.3", "^pump-source-info-primary~^pump-source-info-clinician"),
    obx("158005^MDC_PUMP_CURRENT_DELIVERY_STATUS", "1.1.2.1", "^pump-delivery-status-delivering"),
    obx("158008^MDC_PUMP_PROGRAM_DELIVERY_MODE", "1.1.2.2", "^pump-program-delivery-mode-continuous"),
    obx("158012^MDC_PUMP_SOURCE_CHANNEL_LABEL", "1.1.2.3", "Primary"),
    obx("157784^MDC_FLOW_FLUID_PUMP", "1.1.2.4", "12.0", ML_H),
    obx("157924^MDC_RATE_DOSE", "1.1.2.5", "5.00", UG_KG_MIN),
    obx("157884^MDC_VOL_FLUID_TBI", "1.1.2.6", "200.0", ML),
    obx("157992^MDC_VOL_FLUID_DELIV_SEGMENT", "1.1.2.7", "0.0", ML),
    obx("157993^MDC_VOL_FLUID_DELIV_TOTAL", "1.1.2.8", "20.5", ML),
    obx("157872^MDC_VOL_FLUID_TBI_REMAIN", "1.1.2.9", "179.5", ML),
    obx("157916^MDC_TIME_PD_REMAIN", "1.1.2.10", "897", MIN),
    obx("184514^MDC_DRUG_NAME_LABEL", "1.1.2.11", "Testamine"),
    obx("184515^MDC_DRUG_ID", "1.1.2.12", "77"),
    obx("157760^MDC_CONC_DRUG", "1.1.2.13", "2", MG_ML),
    obx("184516^MDC_PUMP_DRUG_LIBRARY_CARE_AREA", "1.1.2.14", "ICU \\T\\ HDU"),
    obx("68063^MDC_ATTR_PT_WEIGHT", "1.1.2.15", "80.0", KG),
)


def test_a_start():
    """Everything that a PCD-10 tells comes out, each number with its text and its exact quantity."""
    told = read(event(obx("184517^MDC_PUMP_DRUG_LIBRARY_VERSION", "1.0.0.1", "DL7"), *STARTED))
    assert type(told).__name__ == "PumpEvent"
    assert (told.event.code, told.event.term.refid, told.source) == ("197288", "MDC_EVT_PUMP_DELIV_START", "primary")
    assert codes(told) == []
    state, pump = told.state, told.state.pump
    assert (pump.device.id, pump.device.universal, pump.library_version, pump.ward) == (
        "P17",
        "BBBB000000000001",
        "DL7",
        "Ward 7",
    )
    assert (state.at.at.isoformat(), state.at.zone) == ("2026-03-01T10:15:00+00:00", "told")
    assert (state.order.id, state.filler.id, state.medication.code, state.medication.text) == (
        "ORD9",
        "FIL9",
        "77",
        "Testamine",
    )
    private = state.private
    assert (private.patient, private.user, private.bed, private.order) == ("T-4711", "U-7", "12/B", "ORD9")
    assert state.delivery.infusing == "pump-status-infusing"
    assert state.delivery.flow.quantity == Quantity.of("12", "mL/h")
    assert state.delivery.active == ("pump-source-info-primary", "pump-source-info-clinician")
    told_source = state.source("primary")
    words = ("status", "mode", "label", "drug", "drug_id", "care_area")
    assert [getattr(told_source, name) for name in words] == [
        "pump-delivery-status-delivering",
        "pump-program-delivery-mode-continuous",
        "Primary",
        "Testamine",
        "77",
        "ICU & HDU",
    ]
    amounts = (
        "rate",
        "dose_rate",
        "vtbi",
        "segment",
        "total",
        "remaining",
        "time_remaining",
        "concentration",
        "weight",
    )
    assert {name: (getattr(told_source, name).text, getattr(told_source, name).ucum) for name in amounts} == {
        "rate": ("12.0", "mL/h"),
        "dose_rate": ("5.00", "ug/kg/min"),
        "vtbi": ("200.0", "mL"),
        "segment": ("0.0", "mL"),
        "total": ("20.5", "mL"),
        "remaining": ("179.5", "mL"),
        "time_remaining": ("897", "min"),
        "concentration": ("2", "mg/mL"),
        "weight": ("80.0", "kg"),
    }
    assert state.source("secondary") is None


def test_no_person_is_in_what_a_value_shows():
    told = read(event(*STARTED))
    assert "4711" not in repr(told)
    assert "4711" not in str(told.warnings)


@pytest.mark.parametrize(
    "code, refid",
    [
        ("197290^MDC_EVT_PUMP_DELIV_STOP^MDC", "MDC_EVT_PUMP_DELIV_STOP"),
        ("197292^^MDC", "MDC_EVT_PUMP_DELIV_COMP"),
        ("0^MDC_EVT_PUMP_DELIV_COMP^MDC", "MDC_EVT_PUMP_DELIV_COMP"),
        ("0^MDC_EVT_PUMP_RELAY_PROG^MDC", "MDC_EVT_PUMP_PROG_RELAY"),
        ("197304^MDC_EVT_PATIENT_WEIGHT_CHANGE^MDC", "MDC_EVT_PATIENT_PARAMETER_CHANGE"),
    ],
)
def test_events(code, refid):
    assert read(event(code=code)).event.term.refid == refid


def test_an_event_without_its_code():
    told = read(join(msh("10"), PID, OBR, *DEVICES))
    assert told.event is None
    assert (Leniency.TOO_FEW.value, "OBX") in codes(told)
    unknown = read(event(code="12345^MDC_EVT_NEWS^MDC"))
    assert unknown.event.name == "MDC_EVT_NEWS"
    assert (Leniency.TOO_FEW.value, "OBX") in codes(unknown)


def test_a_message_of_one_event_has_one_obr():
    told = read(event() + OBR.encode() + b"\r")
    assert (Leniency.MORE_THAN_ONE.value, "OBR[2]") in codes(told)


# --- Golden numbers, worked out by others ---


def of(told, name):
    return getattr(told, name).quantity


def test_golden_ihe_revision_11():
    """5 micrograms/kg/min for 4 kg at 1.6 mg/mL are 0.75 mL/h; 8.622 mL take 41,386 s, whole seconds rounded up."""
    told = source(
        report(
            obx("157924^MDC_RATE_DOSE", "1.1.2.1", "5", UG_KG_MIN),
            obx("68063^MDC_ATTR_PT_WEIGHT", "1.1.2.2", "4", KG),
            obx("157760^MDC_CONC_DRUG", "1.1.2.3", "1.6", MG_ML),
            obx("157784^MDC_FLOW_FLUID_PUMP", "1.1.2.4", "0.75", ML_H),
            obx("157872^MDC_VOL_FLUID_TBI_REMAIN", "1.1.2.5", "8.622", ML),
            obx("157916^MDC_TIME_PD_REMAIN", "1.1.2.6", "41386", SEC),
        )
    )
    dose = of(told, "dose_rate").for_patient(of(told, "weight")).to(Quantity.of("1", "mg/h").unit)
    assert dose.value / of(told, "concentration").value == of(told, "rate").value == Fraction(3, 4)
    seconds = of(told, "remaining").value / of(told, "rate").value * 3600
    assert abs(seconds - told.time_remaining.number) < 1
    assert told.time_remaining.quantity.value == Fraction(41386, 60)


def test_golden_b_braun():
    """18 mL/h and 2 mL are 400 s; 5 mg/mL in 2 mL are 10,000 micrograms; later 4,480 are 0.896 mL, shown as 0.9."""
    told = source(
        report(
            obx("157784^MDC_FLOW_FLUID_PUMP", "1.1.2.1", "18", ML_H),
            obx("157884^MDC_VOL_FLUID_TBI", "1.1.2.2", "2", ML),
            obx("157996^MDC_TIME_PD_PROG", "1.1.2.3", "400", SEC),
            obx("157760^MDC_CONC_DRUG", "1.1.2.4", "5", MG_ML),
            obx("157999^MDC_DOSE_DRUG_TBI", "1.1.2.5", "10000", UG),
            obx("158000^MDC_DOSE_DRUG_TBI_REMAIN", "1.1.2.6", "4480", UG),
            obx("157872^MDC_VOL_FLUID_TBI_REMAIN", "1.1.2.7", "0.9", ML),
            obx("157916^MDC_TIME_PD_REMAIN", "1.1.2.8", "179", SEC),
        )
    )
    hours = of(told, "vtbi").value / of(told, "rate").value
    assert hours * 60 == of(told, "time_programmed").value
    assert of(told, "dose_to_give").to(Quantity.of("1", "mg").unit).value == of(told, "concentration").value * 2
    left = of(told, "dose_remaining").to(Quantity.of("1", "mg").unit).value / of(told, "concentration").value
    assert left == Fraction(896, 1000)
    assert round(left, 1) == of(told, "remaining").value
    assert int(left / of(told, "rate").value * 3600) == told.time_remaining.number


@pytest.mark.parametrize("volume, seconds", [("500", "43200"), ("447.53", "38666")])
def test_golden_b_braun_live(volume, seconds):
    """500 mL in 12 hours, shown as 41.67 mL/h: the time follows from the rate before it was rounded."""
    told = source(
        report(
            obx("157784^MDC_FLOW_FLUID_PUMP", "1.1.2.1", "41.67", ML_H),
            obx("157872^MDC_VOL_FLUID_TBI_REMAIN", "1.1.2.2", volume, ML),
            obx("157916^MDC_TIME_PD_REMAIN", "1.1.2.3", seconds, SEC),
        )
    )
    exact = of(told, "remaining").value / Fraction(500, 12) * 3600
    assert abs(exact - told.time_remaining.number) < 1


# --- Misprints and quirks (traps of part 3) ---


def test_misprinted_rate():
    told = read(report(obx("158784^MDC_FLOW_FLUID_PUMP", "1.1.2.1", "10", ML_H)))
    assert told.states[0].sources[0].rate.text == "10"
    assert codes(told) == [("code-misprint", "OBX[5]-3")]


@pytest.mark.parametrize("word", ["pump-delivery- not-delivering", "pump-delivery-not-delivering"])
def test_misprinted_word(word):
    told = read(report(obx("158005^MDC_DEV_PUMP_CURRENT_DELIVERY_STATUS", "1.1.2.1", f"^{word}")))
    assert told.states[0].sources[0].status == "pump-delivery-status-not-delivering"
    assert codes(told) == [("word-misprint", "OBX[5]-5")]


def test_unknown_words_are_data():
    told = read(report(obx("158006^MDC_PUMP_NOT_DELIVERING_REASON", "1.1.2.1", "^pump-stopped-user")))
    assert told.states[0].sources[0].reason == "pump-stopped-user"
    assert codes(told) == [("word-unknown", "OBX[5]-5")]


def test_words_of_b_braun_that_no_ihe_text_lists():
    told = read(report(obx("158006^MDC_PUMP_NOT_DELIVERING_REASON", "1.1.2.1", "^pump-stopped-standby")))
    assert codes(told) == []


def test_units_that_disagree_refuse_the_value():
    bad = "265266^MDC_DIM_MILLI_L_PER_HR^MDC^mL/min^mL/min^UCUM"
    told = read(report(obx("157784^MDC_FLOW_FLUID_PUMP", "1.1.2.1", "10", bad)))
    rate = told.states[0].sources[0].rate
    assert (rate.text, rate.quantity, rate.absent) == ("10", None, "units-disagree")
    assert codes(told) == [("units-disagree", "OBX[5]-6")]


def test_ml_per_hr_is_an_alias():
    told = read(report(obx("157784^MDC_FLOW_FLUID_PUMP", "1.1.2.1", "10", "mL/hr^mL/hr^UCUM")))
    assert told.states[0].sources[0].rate.quantity == Quantity.of("10", "mL/h")
    assert codes(told) == [("unit-alias", "OBX[5]-6")]


def test_status_missing():
    line = "OBX||NM|157784^MDC_FLOW_FLUID_PUMP^MDC|1.1.2.1|10|mL/h^mL/h^UCUM"
    told = read(report(line))
    assert told.states[0].sources[0].rate.text == "10"
    assert codes(told) == [("status-missing", "OBX[5]-11")]


def test_b_braun_without_patient_and_order():
    """Unknown patient as words and PID-31 Y; order 0; drug code like its name, or 999999."""
    pid = "PID|||Unknown Patient^Unknown Patient||^^^^^^U||||||||||||||||||||||||||Y"
    obr = "OBR|1|0^GW^AA^EUI-64|0^GW^AA^EUI-64|999999^Unknown medication|||20260301101500+0000"
    told = read(join(msh("01"), pid, obr, *DEVICES))
    state = told.states[0]
    assert state.private.patient is None
    assert (state.order, state.filler, state.medication) == (None, None, None)
    assert ("patient-in-words", "PID[1]-3") in codes(told)


@pytest.mark.parametrize(
    "pid, patient",
    [
        ("PID|||A1^^^X^PI", "A1"),
        ("PID|||^^^X^PI~B2^^^Y^MR", "B2"),
        ('PID|||""', None),
        ("PID|||", None),
        ("PID|1||||||||||||||||||||||||||||||Y", None),
        ("PID|||A1||^^^^^^U", "A1"),
        ("PID", None),
    ],
)
def test_patients(pid, patient):
    assert read(join(msh("01"), pid, OBR, *DEVICES)).states[0].private.patient == patient


def test_ward_of_b_braun():
    """Ward and hospital stand in the third and fourth repetition of OBX-18 of the pillar."""
    line = obx("0^MDC_ATTR_PUMP_PILLAR_DETAILS", "1.1.0.24", "0^0", f18="~~WARD D5~FAC1^^BB^EUI-64")
    told = read(report(line))
    pump = told.states[0].pump
    assert (pump.ward, pump.facility, pump.device.id) == ("WARD D5", "FAC1", "P17")
    assert ("location-in-device", "OBX[5]-18") in codes(told)


def test_a_condition_beside_the_state():
    told = read(report(obx("68012^MDC_ATTR_AL_COND", "1.1.0.5", "197334^MDC_EVT_VOL_INFUS_NEAR_COMP^MDC")))
    assert told.states[0].condition.term.code == 197334


def test_syringe():
    told = read(
        report(
            obx("70091^MDC_DEV_PUMP_SYRINGE_INFO", "1.1.6.0"),
            obx("157880^MDC_VOL_SYRINGE", "1.1.6.1", "50", ML),
            obx("157984^MDC_VOL_SYRINGE_REMAIN", "1.1.6.2", "31.5", ML),
            obx("184488^MDC_SYRINGE_MANUFACTURER", "1.1.6.3", "Omni 50"),
        )
    )
    syringe = told.states[0].syringe
    assert (syringe.size.text, syringe.volume.text, syringe.maker) == ("50", "31.5", "Omni 50")


@pytest.mark.parametrize(
    "code, kind",
    [
        ("70075^MDC_DEV_PUMP_INFUSATE_SOURCE_SECONDARY", "secondary"),
        ("70079^CLINICIAN_DOSE", "clinician"),
        ("70083^LOADING_DOSE", "loading"),
        ("70059^MDC_DEV_PUMP_INFUS_PCA_CHAN", "patient"),
        ("0^MDC_DEV_PUMP_INFUS_CHAN_PRIMARY", "primary"),
    ],
)
def test_sources(code, kind):
    told = read(report(obx(code, "1.1.5.0"), obx("157784^X", "1.1.5.1", "10", ML_H)))
    assert told.states[0].source(kind).rate.text == "10"


def test_a_bolus_tells_its_parent_order():
    obr = segment("OBR", f1="1", f2="CHILD^EPMA", f3="F^GW", f4="77^X", f7="20260301101500+0000", f29="^PARENT&EPMA")
    state = read(join(msh("01"), obr, *DEVICES)).states[0]
    assert (state.order.id, state.parent.id, state.parent.namespace) == ("CHILD", "PARENT", "EPMA")


# --- Validity, tests and demonstrations ---


@pytest.mark.parametrize("flavour", ["NI", "NA", "NAV", "OFF", "MSK", "OTH", "NAN", "PINF", "NINF"])
def test_null_flavours(flavour):
    told = source(report(obx("157784^MDC_FLOW_FLUID_PUMP", "1.1.2.1", "", ML_H, f8=flavour)))
    assert (told.rate.quantity, told.rate.absent) == (None, flavour)


@pytest.mark.parametrize(
    "fields, place", [({"f8": "INV"}, "OBX[5]-8"), ({"f11": "W"}, "OBX[5]-11"), ({"f11": "D"}, "OBX[5]-11")]
)
def test_values_that_must_not_be_used(fields, place):
    told = read(report(obx("157784^MDC_FLOW_FLUID_PUMP", "1.1.2.1", "10", ML_H, **fields)))
    assert told.states[0].sources[0].rate.absent == "not-valid"
    assert ("not-valid", place) in codes(told)


def test_questionable_values_are_kept_and_said():
    told = read(report(obx("157784^MDC_FLOW_FLUID_PUMP", "1.1.2.1", "10", ML_H, f8="QUES")))
    rate = told.states[0].sources[0].rate
    assert (rate.questionable, rate.quantity) == (True, Quantity.of("10", "mL/h"))
    assert codes(told) == [("questionable", "OBX[5]-8")]


@pytest.mark.parametrize("flag", ["DEMO", "TEST", "R~DEMO"])
def test_demonstrations_are_not_clinical(flag):
    told = read(report(obx("157784^MDC_FLOW_FLUID_PUMP", "1.1.2.1", "10", ML_H, f8=flag)))
    assert told.header.purpose == "test"
    assert ("test-data", "MSH[1]-11") in codes(told)


def test_a_demonstration_said_at_the_device():
    raw = join(msh("01"), OBR, DEVICES[0].replace("|||||||X", "||||DEMO|||X"), *DEVICES[1:])
    assert read(raw).header.purpose == "test"


@pytest.mark.parametrize(
    "processing, purpose", [("P", "clinical"), ("D", "test"), ("T", "training"), ("P^T", "clinical"), ("", "clinical")]
)
def test_purpose_by_header(processing, purpose):
    assert read(report(f11=processing)).header.purpose == purpose


def test_a_drug_named_like_a_test_is_clinical():
    told = read(report(obx("184514^MDC_DRUG_NAME_LABEL", "1.1.2.1", "DEMO TEST DRUG")))
    assert told.header.purpose == "clinical"


# --- Times ---


def times(obr_time, sent="20260301101501+0000", **options):
    raw = join(msh("01", f7=sent), OBR.replace("20260301101500+0000", obr_time), *DEVICES)
    told = read(raw, **options)
    return told.states[0].at, codes(told)


def test_zones():
    at, cautions = times("20260301101500.25-0500")
    assert (at.at.utcoffset(), at.at.microsecond, cautions) == (timedelta(hours=-5), 250000, [])
    at, cautions = times("20260301101500-0000")
    assert (at.at.utcoffset(), at.zone) == (timedelta(0), "told")
    at, cautions = times("20260301101500", sent="20260301101501+0100")
    assert (at.at.utcoffset(), at.zone, cautions) == (timedelta(hours=1), "of the header", [])


def test_no_zone_anywhere():
    """The zone set for the sender is assumed, and said for every time."""
    at, cautions = times("20260701101500", sent="20260701101501", zone=ZoneInfo("Europe/London"))
    assert (at.at.astimezone(UTC).hour, at.zone) == (9, "set for the sender")
    assert cautions == [("no-zone", "MSH[1]-7"), ("no-zone", "OBR[1]-7")]


def test_shorter_and_odd_times():
    assert times("202603011015+0000")[0].at.minute == 15
    assert times("20260301")[1] == [("no-time-of-day", "OBR[1]-7")]
    assert times("20260301101500- 0500")[0].at.tzinfo == timezone(timedelta(hours=-5))
    assert ("time-unreadable", "OBR[1]-7") in times("yesterday")[1]
    assert ("time-unreadable", "OBR[1]-7") in times("20261301101500+0000")[1]
    assert ("time-unreadable", "OBR[1]-7") in times("99990101101500+0000")[1]
    assert times("20260301101500+0000", sent="20260301101501+9900")[1] == [("time-unreadable", "MSH[1]-7")]


def test_the_time_of_sending_stands_in():
    at, cautions = times("")
    assert at.at.second == 1
    assert cautions == [("time-from-header", "OBR[1]-7")]
    assert times("", sent="")[0] is None


def test_the_end_of_an_interval():
    raw = join(msh("01"), OBR + "|20260301111500+0000", *DEVICES)
    assert read(raw).states[0].until.at.hour == 11


# --- Replies and the rest ---


def test_acknowledgement():
    told = read(join(msh("", f9="ACK^R42^ACK"), "MSA|CE|C9|no", "ERR|||207^x|E|9002^Infusing^^^^^^^sic"))
    assert type(told).__name__ == "Acknowledgement"
    assert (told.code, told.about, told.text) == ("CE", "C9", "no")
    fault = told.faults[0]
    assert (fault.condition, fault.severity, fault.code, fault.text, fault.more) == (
        "207",
        "E",
        "9002",
        "Infusing",
        "sic",
    )
    assert (Leniency.TOO_FEW.value, "MSA") in codes(read(join(msh("", f9="ACK"))))


def test_reply_to_an_order():
    told = read(join(msh("", f9="RRG^O16^RRG_O16", f21="IHE_PCD_PIV_001"), "MSA|AA|C9", PID, "ORC|OK|ORD9^EPMA"))
    assert (told.header.transaction, told.order.id, told.faults) == (Transaction.ORDER_REPLY, "ORD9", ())


def test_orders_and_others_come_with_their_segments():
    told = read(join(msh("", f9="RGV^O15^RGV_O15", f21="IHE_PCD_PIV_001"), PID, PV1, "ORC|RE|ORD9"))
    assert type(told).__name__ == "Other"
    assert told.message.first("ORC").value(2) == "ORD9"
    assert told.header.transaction is Transaction.ORDER


def test_blanks_around_the_control_id():
    told = read(report(f10=" C77 "))
    assert told.header.control_id == "C77"
    assert codes(told) == [("blanks", "MSH[1]-10")]


def test_other_separators_give_the_same():
    raw = event(*STARTED)
    odd = raw.replace(b"\\T\\", b"+").replace(b"|", b"!").replace(b"^", b"@").replace(b"~", b"%")
    one, other = read(raw), read(odd)
    assert one.state.sources[0]._replace(care_area=None) == other.state.sources[0]._replace(care_area=None)
    assert other.warnings == ()
    assert type(read(odd.replace(b"R42", b"R01").replace(b".4.10", b".1.1.1"))).__name__ == "DeviceReport"


def test_escapes_within_codes_and_values():
    told = source(report(obx("157784^MDC_FLOW\\X5F\\FLUID_PUMP", "1.1.2.1", "1\\X30\\", "mL\\X2F\\h")))
    assert told.rate.quantity == Quantity.of("10", "mL/h")


def test_structured_numbers():
    told = source(report(obx("157784^X", "1.1.2.1", "=^10", ML_H, f2="SN"), obx("157884^X", "1.1.2.2", ">^5", ML)))
    assert (told.rate.number, told.vtbi.absent) == (10, "number")


def test_reading_a_message_twice_gives_the_same():
    message = parse(event(*STARTED))
    assert read(message.raw) == read(message.raw)
