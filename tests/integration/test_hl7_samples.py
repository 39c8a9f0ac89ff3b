"""The fifteen messages that IHE prints: read with the right values and exactly these leniencies."""

from datetime import timedelta
from fractions import Fraction

import pytest

from openinfusion.adapters.hl7 import read_meaning, read_message
from openinfusion.adapters.hl7.units import read_measured
from openinfusion.core.units import Quantity

PROFILE_NAME = ("profile-name", "MSH[1]-21")
OID_VARIANT = ("oid-variant", "MSH[1]-21")
NO_STATUS = ("status-missing", "OBX[5]-11")
CAUTIONS = {
    "rev10_01_L3680": [],
    "rev10_02_L3703": [],
    "rev10_03_L3747": [PROFILE_NAME],
    "rev10_04_L3759": [],
    "rev10_05_L3762": [PROFILE_NAME],
    "rev10_06_L3767": [PROFILE_NAME],
    "rev10_07_L3774": [],
    "rev10_08_L3778": [PROFILE_NAME],
    "rev10_09_L3787": [OID_VARIANT, NO_STATUS, ("alarm-in-obx-3", "OBX[1]-3")],
    "rev10_10_L3807": [OID_VARIANT, NO_STATUS],
    "rev10_11_L3822": [NO_STATUS],
    "rev10_12_L3838": [
        ("blanks", "MSH[1]-10"),
        ("blanks", "OBX[2]-3"),
        ("code-misprint", "OBX[2]-3"),
        ("blanks", "OBX[3]-3"),
        ("code-misprint", "OBX[3]-3"),
        ("blanks", "OBX[4]-3"),
        ("code-misprint", "OBX[4]-3"),
        ("alarm-in-obx-3", "OBX[1]-3"),
    ],
    "rev10_13_L3962": [("profile-missing", "MSH[1]-21")],
    "rev10_14_L3986": [],
    "rev10_15_L5564": [],
}
KINDS = dict(
    zip(
        CAUTIONS,
        ["PCD-01", "PCD-01", "PCD-03", "ACK", "PCD-03 reply", "PCD-03", "ACK", "PCD-03 reply"]
        + ["PCD-04"] * 4
        + ["PCD-01", "ACK", "PCD-10"],
        strict=True,
    )
)


def meaning(message):
    return read_meaning(message)


def quantity(value, unit, fit):
    return read_measured(value, unit, fit).measured.quantity


@pytest.fixture(scope="session")
def samples(shared_data):
    files = sorted((shared_data / "ihe" / "rev10").glob("*.hl7"))
    return {file.stem: read_message(file.read_bytes()) for file in files}


@pytest.mark.parametrize("name", CAUTIONS)
def test_kind_and_cautions(samples, name):
    told = meaning(samples[name])
    assert told.header.transaction.value == KINDS[name]
    assert [(one.code.value, one.place) for one in told.warnings] == CAUTIONS[name]


def test_there_are_fifteen(samples):
    assert set(samples) == set(CAUTIONS)


@pytest.mark.hazard("PL-01")
def test_the_event(samples):
    """Dopamine, 5 micrograms/kg/min for 82 kg: 15.375 mL/h, shown as 15.4; 250 mL take 974 minutes."""
    told = meaning(samples["rev10_15_L5564"])
    state = told.state
    assert (told.event.term.refid, told.source) == ("MDC_EVT_PUMP_DELIV_START", "primary")
    assert (state.pump.device.id, state.pump.device.universal, state.pump.library_version) == (
        "E0002",
        "0012210000000000",
        "DL1",
    )
    private = state.private
    assert (private.patient, private.user, private.bed, private.order) == ("HO2009002", "N0002", "3002/1", "AB12345")
    assert state.at.at.isoformat() == "2015-10-15T13:21:06-05:00"
    assert (state.medication.code, state.medication.text, state.pump.ward) == ("2222", "Dopamine", "3 West ICU")
    assert (state.delivery.infusing, state.delivery.active) == ("pump-status-infusing", ("pump-source-info-primary",))
    source = state.source("primary")
    texts = {name: getattr(source, name).text for name in source._fields if hasattr(getattr(source, name), "ucum")}
    assert texts == {
        "rate": "15.4",
        "dose_rate": "5.00",
        "vtbi": "250.0",
        "total": "0.0",
        "remaining": "250.0",
        "time_remaining": "974",
        "concentration": "1.6",
        "weight": "82.0",
    }
    assert (source.drug, source.care_area, source.label) == ("Dopamine", "Crit Care", "Primary")
    dose = source.dose_rate.quantity.for_patient(source.weight.quantity).to(Quantity.of("1", "mg/h").unit)
    rate = dose.value / source.concentration.quantity.value
    assert rate == Fraction("15.375")
    assert round(rate, 1) == source.rate.number
    assert round(source.vtbi.number / source.rate.number * 60) == source.time_remaining.number
    assert state.others == ()


def test_the_alarms(samples):
    onset, end = (meaning(samples[name]) for name in ("rev10_10_L3807", "rev10_11_L3822"))
    for one in (onset, end):
        assert (one.alarm.term.refid, one.text, one.type, one.state) in {
            ("MDC_EVT_FLUID_LINE_OCCL", "Occlusion", "technical", state) for state in ("active", "inactive")
        }
        assert (one.pump.device.id, one.private.patient, one.priority) == ("P6013", "HO2009003", None)
    assert onset.life == end.life == ("E0001_27", "0012211839000001")
    assert (onset.is_onset, onset.phase, end.is_onset, end.phase) == (True, "start", False, "end")
    assert end.at.at - onset.at.at == timedelta(seconds=9)
    mindray = meaning(samples["rev10_09_L3787"])
    assert (mindray.alarm.term.refid, mindray.text, mindray.priority, mindray.type) == (
        "MDC_EVT_LO",
        "Low SpO2",
        "medium",
        "physiological",
    )
    assert mindray.others[0].segment.value(5) == "Low SpO2"
    late = meaning(samples["rev10_12_L3838"])
    assert (late.alarm.name, late.text, late.priority, late.type, late.source.text) == (
        "MDCX_DOCUMENTATION_ERROR",
        "Timeout not documented",
        "medium",
        "advisory",
        "Procedure not documented on time",
    )


def test_the_reports_of_monitors(samples):
    """Not of pumps: they are read, feed nothing, and lose nothing."""
    for name, device, count in (
        ("rev10_01_L3680", "e86c094f-f751-4acf-92b2-38f11c1f6f57-Device", 9),
        ("rev10_02_L3703", "080019FFFE3ED02D172.16.172.135", 4),
        ("rev10_13_L3962", "0123456789ABCDEF", 4),
    ):
        state = meaning(samples[name]).states[0]
        assert (state.pump.device.id, len(state.others), state.sources) == (device, count, ())
    first = meaning(samples["rev10_01_L3680"]).states[0]
    assert (first.at.at.isoformat(), first.at.zone) == ("2015-01-22T18:26:56+00:00", "of the header")


def test_the_replies(samples):
    refused = meaning(samples["rev10_08_L3778"])
    assert (refused.code, refused.about) == ("AR", "2")
    fault = refused.faults[0]
    assert (fault.condition, fault.severity, fault.code) == ("207", "F", "9010")
    assert fault.text == "Unable to match medication to drug library"
    told = {name: meaning(samples[name]) for name in CAUTIONS if KINDS[name] in ("ACK", "PCD-03 reply")}
    assert [(one.code, one.about) for one in told.values()] == [
        ("CA", "1"),
        ("AA", "1"),
        ("CA", "2"),
        ("AR", "2"),
        ("AA", "MSGID1234"),
    ]


def test_the_orders(samples):
    """10 micrograms/kg/min for 85 kg, 400 mg in 250 mL: 31.875 mL/h, 7.84 hours; units in both orders."""
    message = samples["rev10_03_L3747"]
    rxg, weight = message.first("RXG"), list(message.all("OBX"))[1]
    volume = quantity(rxg.value(5), rxg.raw(7), "volume")
    dose = quantity(rxg.value(15), rxg.raw(16), "dose rate")
    amount = quantity(rxg.value(17), rxg.raw(18), "dose")
    diluent = quantity(rxg.value(23), rxg.raw(24), "volume")
    kilos = quantity(weight.value(5), weight.raw(6), "weight")
    rate = dose.for_patient(kilos).to(Quantity.of("1", "mg/h").unit).value / (amount.value / diluent.value)
    assert rate == Fraction("31.875")
    assert round(volume.value / rate, 2) == Fraction("7.84")
    other = samples["rev10_06_L3767"].first("RXG")
    assert quantity(other.value(15), other.raw(16), "flow") == Quantity.of("13.3", "mL/h")
    assert other.value(4, 2) == "Normal Saline"
