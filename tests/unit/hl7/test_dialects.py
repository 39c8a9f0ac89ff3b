"""What other gateways make of the standard: each test is one habit, in a message composed for it."""

from datetime import UTC, datetime

import pytest

from openinfusion.adapters.hl7.story import hear
from openinfusion.core.event_parts import Alarm
from openinfusion.core.units import Quantity
from tests.unit.hl7.written import DEVICES, ML, ML_H, OBR, codes, join, msh, obx, read, report, segment, source


def alert(*lines, **header):
    number = segment("OBR", f1="1", f3="F1^GW^AA^EUI-64", f4="196616^MDC_EVT_ALARM^MDC", f7="20260301101500+0000")
    return read(join(msh("04", **header), number, *lines))


# --- Codes and names ---


def test_code_and_name_exchanged():
    """Some libraries of HL7 write the name first and the number second."""
    told = read(report(obx("MDC_FLOW_FLUID_PUMP^157784", "1.1.2.1", "12.5", ML_H)))
    assert told.states[0].sources[0].rate.quantity == Quantity.of("12.5", "mL/h")
    assert codes(told) == [("code-exchanged", "OBX[5]-3")]


def test_a_number_of_no_table_beside_a_name_of_none():
    told = read(report(obx("MDC_UNHEARD_OF^4711", "1.1.2.1", "12.5", ML_H)))
    assert (told.states[0].sources, codes(told)) == ((), [("code-exchanged", "OBX[5]-3")])


@pytest.mark.parametrize("code", ["MDC_FLOW_FLUID_PUMP^", "MDC_FLOW_FLUID_PUMP^MDC_FLOW_FLUID_PUMP"])
def test_a_name_in_the_place_of_the_code(code):
    told = read(report(obx(code, "1.1.2.1", "12.5", ML_H)))
    assert told.states[0].sources[0].rate.text == "12.5"
    assert codes(told) == [("code-unknown", "OBX[5]-3")]


@pytest.mark.parametrize("code", ["157872^MDC_VOL_FLUID_TBI", "157993^MDC_VOL_FLUID_TBI"])
def test_a_number_with_code_and_name_of_two_things_is_refused(code):
    """Gateways are seen that send right names with wrong numbers: under either name it could be a wrong dose."""
    told = source(report(obx(code, "1.1.2.1", "90", ML)))
    values = [one for one in (told.remaining, told.total, told.vtbi) if one is not None]
    assert [(one.text, one.quantity, one.absent) for one in values] == [("90", None, "code-and-name")]
    assert codes(read(report(obx(code, "1.1.2.1", "90", ML)))) == [("code-and-name", "OBX[5]-3")]


def test_of_words_with_code_and_name_of_two_things_the_code_holds():
    told = source(report(obx("184515^MDC_DRUG_NAME_LABEL", "1.1.2.1", "77")))
    assert (told.drug_id, told.drug) == ("77", None)


def test_code_and_name_of_two_things_without_a_value():
    assert read(report(obx("157872^MDC_VOL_FLUID_TBI", "1.1.2.1", "", ML))).states[0].sources == ()


@pytest.mark.parametrize(
    "code", ["184330^MDC_DRUG_NAME_TYPE", "184514^MDC_DRUG_NAME_LABEL", "157976^MDC_DEV_PUMP_INFUS_DRUG_NAME"]
)
def test_the_drug_by_its_names_in_three_generations(code):
    assert source(report(obx(code, "1.1.2.1", "Testamine"))).drug == "Testamine"


def test_the_amount_of_drug_of_before_2013():
    mg = "263890^MDC_DIM_MILLI_G^MDC^mg^mg^UCUM"
    told = source(report(obx("195999^MDC_INFUS_DOSE_DELIV", "1.1.2.1", "40", mg)))
    assert told.dose_delivered.quantity == Quantity.of("40", "mg")


def test_a_metric_with_a_name_like_a_device_is_no_device():
    """What stands in the place of a metric and is in no table takes no values from the source around it."""
    told = read(
        report(
            obx("0^MDC_DEV_PUMP_INFUS_BOLUS_STATE", "1.1.2.1", "idle"),
            obx("157784^MDC_FLOW_FLUID_PUMP", "1.1.2.2", "12.5", ML_H),
        )
    )
    state = told.states[0]
    assert (state.source("primary").rate.text, [one.segment.raw(5) for one in state.others]) == ("12.5", ["idle"])


@pytest.mark.parametrize("code, path", [("0^MDC_DEV_PUMP_EXTRA", "1.1.9.0"), ("0^MDC_PUMP_EXTRA_CHAN", "1.1.9.1")])
def test_a_device_of_no_table_keeps_its_values_apart(code, path):
    told = read(report(obx(code, path), obx("157784^MDC_FLOW_FLUID_PUMP", f"{path}.1"[:7], "12.5", ML_H)))
    assert told.states[0].source("primary") is None


# --- Alarms ---


@pytest.mark.parametrize("path", ["1.0.0.0.1", "1.1.1.1"])
def test_an_alarm_of_no_table_in_obx_3(path):
    """A heartbeat or a lost sensor has a name of an event, whatever its number and its place."""
    told = alert(DEVICES[0], obx("258047^MDC_EVT_ACTIVE", path, "alive", f11="F"))
    assert (told.alarm.name, told.kind, told.text) == ("MDC_EVT_ACTIVE", None, "alive")
    assert codes(told) == [("alarm-in-obx-3", "OBX[2]-3")]


@pytest.mark.parametrize(
    "code, kind",
    [
        ("196940^MDC_EVT_FLUID_LINE_OCCL^MDC^^^^^^Distal Occlusion", Alarm.OCCLUSION_DOWNSTREAM),
        ("196940^MDC_EVT_FLUID_LINE_OCCL^MDC^^^^^^Proximal Occlusion", Alarm.OCCLUSION_UPSTREAM),
        ("196940^MDC_EVT_FLUID_LINE_OCCL^MDC^^^^^^Occluded - Patient Side", Alarm.OCCLUSION_DOWNSTREAM),
        ("196940^MDC_EVT_FLUID_LINE_OCCL^MDC^^^^^^OCCLUDED - FLUID SIDE", Alarm.OCCLUSION_UPSTREAM),
        ("196940^MDC_EVT_FLUID_LINE_OCCL^MDC^^^^^^Upstream or downstream", Alarm.PRESSURE),
        ("56^MDC_EVT_FLUID_LINE_OCCL_PROXIMAL^MDC^^^^^^Closed", Alarm.OCCLUSION_UPSTREAM),
        ("56^MDC_EVT_FLUID_LINE_OCCL_X^MDC^^^^^^Closed", Alarm.PRESSURE),
        ("56^MDC_EVT_NEWS^MDC^^^^^^Upstream", None),
    ],
)
def test_sides_of_an_occlusion_in_the_words_of_makers(code, kind):
    assert alert(DEVICES[0], obx("196616^MDC_EVT_ALARM", "1.0.0.0.1", code, f11="F")).kind is kind


@pytest.mark.parametrize(
    "words, kind",
    [
        ("Downstream occlusion", Alarm.OCCLUSION_DOWNSTREAM),
        ("Occlusion Upstream", Alarm.OCCLUSION_UPSTREAM),
        ("OCCLUSION", Alarm.PRESSURE),
        ("Air In Line", Alarm.AIR),
        ("Air-in-line detected", Alarm.AIR),
        ("Battery Low", Alarm.BATTERY_LOW),
        ("Battery Empty", Alarm.BATTERY_DEPLETED),
        ("Door Open", Alarm.DOOR),
        ("VTBI Near End", Alarm.NEAR_END),
        ("Container empty", Alarm.EMPTY),
        ("Battery low, door open", None),
        ("Chair in line", None),
        ("Standby Timeout", None),
    ],
)
@pytest.mark.parametrize(
    "code, is_named",
    [("12^{}^99MAKER", True), ("^{}", True), ("{}", True), ("196670^MDC_EVT_PUMP_GENERAL_ALARM^MDC", False)],
)
def test_an_alarm_of_no_table_by_its_words(code, is_named, *, words, kind):
    """Makers send codes of their own; one sends one code for all its alarms, and tells them apart by words."""
    lines = [] if is_named else [obx("68546^MDC_ATTR_ALERT_TEXT", "1.0.0.0.8", words, f11="F")]
    told = alert(DEVICES[0], obx("196616^MDC_EVT_ALARM", "1.0.0.0.1", code.format(words), f11="F"), *lines)
    assert (told.kind, told.text) == (kind, words)


@pytest.mark.parametrize(
    "phase, state, what",
    [
        ("STARTED", "active", "ALARM"),
        ("begin", "active", "ALARM"),
        ("continuing", "active", "ALARM_GOES_ON"),
        ("cleared", "active", "ALARM_END"),
        ("gone", "inactive", "ALARM_END"),
        ("gone", "active", "ALARM_GOES_ON"),
        ("acknowledged", "inactive", "ALARM_END"),
        ("start", "inactive", "ALARM"),
    ],
)
def test_phases_in_other_words(phase, state, what):
    told = alert(
        DEVICES[0],
        obx("196616^MDC_EVT_ALARM", "1.0.0.0.1", "197200^X^MDC", f11="F"),
        obx("68481^MDC_ATTR_EVENT_PHASE", "1.0.0.0.3", phase, f11="F"),
        obx("68482^MDC_ATTR_ALARM_STATE", "1.0.0.0.4", state, f11="F"),
    )
    heard = hear(told, received=datetime(2026, 3, 1, tzinfo=UTC), key="1")
    assert [one.what.name for one in heard] == [what]


def event_of(told):
    """Return what the story hears of an event."""
    return [one.what.name for one in hear(told, received=datetime(2026, 3, 1, tzinfo=UTC), key="1")]


@pytest.mark.parametrize(
    "sent, what, cautions",
    [
        ("MDC_EVT_PUMP_DELIV_STOP", "STOP", ["code-unknown"]),
        ("mdc_evt_pump_deliv_comp", "COMPLETE", ["code-unknown"]),
        ("197288", "START", []),
        ("197288^Delivery Start", "START", []),
        ("START", "CLAIM", ["too-few"]),
        ("197288^MDC_EVT_PUMP_DELIV_STOP^MDC", "CLAIM", ["code-and-name", "too-few"]),
    ],
)
def test_an_event_by_code_or_name_and_none_where_they_are_two(sent, what, cautions):
    status = obx("184519^MDC_PUMP_INFUSING_STATUS", "1.1.1.1", "^pump-status-infusing")
    told = read(join(msh("10"), OBR, *DEVICES, obx("68487^MDC_ATTR_EVT_COND", "1.1.0.1", sent), status))
    assert event_of(told) == [what]
    assert [code for code, _ in codes(told)] == cautions


@pytest.mark.parametrize(
    "code, sent, expected",
    [
        ("184519^MDC_PUMP_INFUSING_STATUS", "Infusing", "pump-status-infusing"),
        ("184519^MDC_PUMP_INFUSING_STATUS", "^Not infusing", "pump-status-not-infusing"),
        ("184519^MDC_PUMP_INFUSING_STATUS", "status-infusing", "pump-status-infusing"),
        ("184519^MDC_PUMP_INFUSING_STATUS", "fusing", "fusing"),
        ("184519^MDC_PUMP_INFUSING_STATUS", "running", "running"),
    ],
)
def test_words_without_what_all_of_them_begin_with(code, sent, expected):
    told = read(report(obx(code, "1.1.1.1", sent)))
    assert told.states[0].delivery.infusing == expected


@pytest.mark.parametrize("sent", ["high", "HIGH", "PH^High^HL7"])
def test_priority_in_words(sent):
    told = alert(
        DEVICES[0],
        obx("196616^MDC_EVT_ALARM", "1.0.0.0.1", "197200^X^MDC", f11="F"),
        obx("68484^MDC_ATTR_ALARM_PRIORITY", "1.0.0.0.6", sent, f11="F"),
    )
    assert told.priority == "high"


def test_alarms_of_before_2013():
    """ACM of 2012: phase, state and the others go by names of their own, without a number."""
    told = alert(
        obx("196616^MDC_EVT_ALARM", "1.0.0.0.1", "196940^MDC_EVT_FLUID_LINE_OCCL^MDC", f18="P6013^^BB^EUI-64"),
        "OBX||CWE|ALARM_SOURCE^ALARM_SOURCE|1.0.0.0.2|69985^MDC_DEV_PUMP_INFUS_MDS^MDC||||||X",
        "OBX||ST|EVENT_PHASE^EVENT_PHASE|1.0.0.0.3|end||||||R",
        "OBX||ST|ALARM_STATE^ALARM_STATE|1.0.0.0.4|inactive||||||R",
        "OBX||ST|INACTIVATION_STATE^INACTIVATION_STATE|1.0.0.0.5|audio-paused||||||R",
    )
    assert (told.source.term.code, told.phase, told.state) == (69985, "end", "inactive")
    assert (told.inactivation, told.is_onset) == (("audio-paused",), False)


@pytest.mark.parametrize(
    "device, heard",
    [
        ("69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS", 0),
        ("69837^MDC_DEV_METER_PHYSIO_MULTI_PARAM_MDS", 0),
        ("70049^MDC_DEV_PUMP_INFUS_LVP_MDS", 1),
        ("0^MDCX_DEV_GATEWAY_MDS", 1),
    ],
)
def test_a_monitor_is_no_pump(device, heard):
    """A gateway of alarms speaks for monitors as well: nothing of theirs becomes an event of a pump."""
    node = obx(device, "1.0.0.0", f18="M1^^BB^EUI-64")
    received = datetime(2026, 3, 2, tzinfo=UTC)
    battery = obx("196616^MDC_EVT_ALARM", "1.0.0.0.1", "196802^MDC_EVT_BATT_LO^MDC", f11="F")
    for told in (alert(node, battery), read(join(msh("01"), OBR, node))):
        assert len(hear(told, received=received, key="k")) == heard


# --- The tree of before 2013 ---

OLD_TREE = (
    obx("69985^MDC_DEV_PUMP_INFUS_MDS", "1.0.0.0", f18="P2^^BB^EUI-64"),
    obx("69986^MDC_DEV_PUMP_INFUS_VMD", "1.1.0.0"),
    obx("126978^MDC_DEV_PUMP_INFUS_CHAN_DELIVERY", "1.1.1.0"),
    obx("184508^MDC_PUMP_STAT", "1.1.1.101", "^pump-status-paused"),
    obx("157784^MDC_FLOW_FLUID_PUMP", "1.1.1.103", "0", ML_H),
    obx("126977^MDC_DEV_PUMP_INFUS_CHAN_SOURCE", "1.1.2.0"),
)


def old_report(*lines):
    return read(join(msh("01"), OBR, *OLD_TREE, *lines)).states[0]


def test_the_rate_of_the_delivery_is_what_flows():
    """Of a paused pump nothing flows; its programme is with the source."""
    state = old_report(
        obx("157784^MDC_FLOW_FLUID_PUMP", "1.1.2.204", "24.9", ML_H),
        obx("999999^MDC_VOL_FLUID_TBI", "1.1.2.205", "250", ML),
        obx("157888^MDC_VOL_FLUID_DELIV_TOTAL_SET", "1.1.2.208", "25.6", ML),
    )
    assert state.delivery.flow.quantity == Quantity.of("0", "mL/h")
    only = state.sources[0]
    assert (only.rate.text, only.vtbi.text, only.total, only.more["counter"].text) == ("24.9", "250", None, "25.6")


def test_the_rate_of_the_delivery_where_no_source_tells_one():
    """Then nobody knows whether it is programmed or flows; it stays the rate, as ever."""
    state = old_report(obx("184330^MDC_DRUG_NAME_TYPE", "1.1.2.201", "Testamine"))
    assert (state.delivery.flow, state.sources[0].rate.text) == (None, "0")


def test_a_rate_beside_the_flow_is_no_flow():
    told = read(
        report(
            obx("158014^MDC_FLOW_FLUID_PUMP_CURRENT", "1.1.1.1", "0", ML_H),
            obx("157784^MDC_FLOW_FLUID_PUMP", "1.1.1.2", "24.9", ML_H),
            obx("157784^MDC_FLOW_FLUID_PUMP", "1.1.2.1", "24.9", ML_H),
        )
    )
    assert told.states[0].delivery.flow.text == "0"


def test_the_profile_of_events_of_before_2013():
    told = read(join(msh("10", f21=" ^ ^1.3.6.1.4.1.19376.1.6.1.10.1^ISO"), OBR, *OLD_TREE))
    assert (told.header.transaction.value, codes(told)[0]) == ("PCD-10", ("oid-variant", "MSH[1]-21"))


# --- Numbers ---


@pytest.mark.parametrize(
    "value, unit, rate, absent",
    [
        ("12.5 mL/h", "", "12.5", None),
        ("12.5mL/hr", ML_H, "12.5", None),
        (".5 mL/min", "", "30", None),
        ("12.5 mL/h", "mL/min^mL/min^UCUM", None, "units-disagree"),
        ("12.5 mL", "", None, "unit-unfit"),
        ("12.5 furlongs", ML_H, None, "number"),
        ("12,5 mL/h", ML_H, None, "number"),
        ("10-20 mL/h", ML_H, None, "number"),
        ("1E2", ML_H, None, "number"),
        ("1e2 mL/h", ML_H, None, "number"),
        ("1\r2.5", ML_H, None, "number"),
    ],
)
def test_a_unit_behind_the_number(value, unit, rate, absent):
    """It is read where it agrees with OBX-6, or where that is empty; else the value is refused."""
    told = source(report(obx("157784^MDC_FLOW_FLUID_PUMP", "1.1.2.1", value, unit))).rate
    assert (told.quantity, told.absent) == (Quantity.of(rate, "mL/h") if rate else None, absent)


@pytest.mark.parametrize(
    "unit, expected",
    [
        ("ug.kg-1.min-1", "ug/kg/min"),
        ("ug/(kg.min)", "ug/kg/min"),
        ("mg.m-2.h-1", "mg/m2/h"),
        ("MDC_DIM_MICRO_G_PER_KG_PER_MIN", "ug/kg/min"),
        ("MDC_DIM_MICRO_G_PER_KG_PER_MIN^265619^MDC", "ug/kg/min"),
        ("ug.kg.min-1", None),
        ("ug/(kg.min", None),
        ("MDC_DIM_NONSENSE", None),
    ],
)
def test_units_in_other_forms_of_ucum_and_by_name(unit, expected):
    told = source(report(obx("157924^MDC_RATE_DOSE", "1.1.2.1", "5", unit))).dose_rate
    assert told.quantity == (Quantity.of("5", expected) if expected else None)
    assert (told.absent is None) == (expected is not None)


# --- One thing told twice, and what there is not ---


def test_two_numbers_for_one_thing_are_none():
    """Which of the two is programmed nobody knows; a third makes it no better."""
    lines = [obx("157784^MDC_FLOW_FLUID_PUMP", f"1.1.2.{n}", rate, ML_H) for n, rate in enumerate("999", 1)]
    assert source(report(*lines)).rate.quantity == Quantity.of("9", "mL/h")
    lines[1] = lines[1].replace("|9|", "|12.5|")
    told = read(report(*lines))
    rate = told.states[0].sources[0].rate
    assert (rate.quantity, rate.absent, codes(told)) == (None, "told-twice", [("told-twice", "OBX[6]-5")])


def test_the_same_number_in_two_units_is_one():
    lines = (
        obx("157784^MDC_FLOW_FLUID_PUMP", "1.1.2.1", "60", ML_H),
        obx("157784^MDC_FLOW_FLUID_PUMP", "1.1.2.2", "1", "mL/min^mL/min^UCUM"),
    )
    assert (source(report(*lines)).rate.text, codes(read(report(*lines)))) == ("1", [])


@pytest.mark.parametrize("first, second", [("NAV", ""), ("", "NAV")])
def test_a_number_beside_the_word_that_there_is_none(first, second):
    lines = (
        obx("157784^MDC_FLOW_FLUID_PUMP", "1.1.2.1", "60", ML_H, f8=first),
        obx("157784^MDC_FLOW_FLUID_PUMP", "1.1.2.2", "60", ML_H, f8=second),
    )
    assert source(report(*lines)).rate.quantity == Quantity.of("60", "mL/h")


def test_a_correction_holds():
    lines = (
        obx("157784^MDC_FLOW_FLUID_PUMP", "1.1.2.1", "60", ML_H),
        obx("157784^MDC_FLOW_FLUID_PUMP", "1.1.2.1", "6", ML_H, f11="C"),
    )
    assert source(report(*lines)).rate.quantity == Quantity.of("6", "mL/h")


def test_two_names_for_one_drug_are_said():
    lines = (
        obx("184514^MDC_DRUG_NAME_LABEL", "1.1.2.1", "Testamine"),
        obx("184514^MDC_DRUG_NAME_LABEL", "1.1.2.2", "Examplin"),
    )
    assert (source(report(*lines)).drug, codes(read(report(*lines)))) == ("Examplin", [("told-twice", "OBX[6]-5")])


def test_the_null_of_hl7_is_no_text():
    state = read(
        join(
            msh("01"),
            'PV1||I|""^12^""',
            'OBR|1|""|F9^GW|77^Testamine|||20260301101500+0000',
            *DEVICES,
            obx("184514^MDC_DRUG_NAME_LABEL", "1.1.2.1", '""'),
            obx("157784^MDC_FLOW_FLUID_PUMP", "1.1.2.2", '""', ML_H),
            obx("157884^MDC_VOL_FLUID_TBI", "1.1.2.3", '""', ML, f8="N"),
        )
    ).states[0]
    assert (state.sources, state.order, state.pump.ward, state.private.bed) == ((), None, None, "12")


@pytest.mark.parametrize("status", ["X", "N", "I"])
def test_a_value_of_which_it_is_said_that_there_is_none(status):
    told = read(report(obx("157784^MDC_FLOW_FLUID_PUMP", "1.1.2.1", "10", ML_H, f11=status)))
    rate = told.states[0].sources[0].rate
    assert (rate.questionable, codes(told)) == (True, [("questionable", "OBX[5]-11")])


def test_flags_in_small_letters():
    told = source(report(obx("157784^MDC_FLOW_FLUID_PUMP", "1.1.2.1", "10", ML_H, f8="inv^invalid")))
    assert told.rate.absent == "not-valid"


# --- Patients and times ---


def test_several_patients_are_kept_apart():
    """A report of a ward: each OBR is of the PID and the PV1 before it."""
    raw = join(
        msh("01"),
        "PID|||T-1^^^TRUST^PI",
        OBR,
        *DEVICES,
        "PID|||T-2^^^TRUST^PI",
        "PV1||I|Ward 9^1^A",
        OBR,
        *DEVICES,
        OBR,
        *DEVICES,
        "PID|||T-3^^^TRUST^PI",
        OBR,
        *DEVICES,
    )
    told = read(raw)
    assert [(one.private.patient, one.pump.ward) for one in told.states] == [
        ("T-1", None),
        ("T-2", "Ward 9"),
        ("T-2", "Ward 9"),
        ("T-3", None),
    ]
    assert ("several-patients", "PID[2]") in codes(told)


def test_observations_without_an_obr_before_the_second_patient_are_of_nobody():
    raw = join(msh("01"), "PID|||T-1", DEVICES[0], "PID|||T-2", "PV1||I|Ward 9")
    assert read(raw).states[0].private.patient is None


def test_the_alarm_of_the_first_patient_is_not_that_of_the_second():
    first = segment("OBR", f1="1", f3="F1^GW", f4="196616^MDC_EVT_ALARM^MDC", f7="20260301101500+0000")
    told = read(join(msh("04"), "PID|||T-1", first, DEVICES[0], "PID|||T-2", "PV1||I|Ward 9", first, DEVICES[0]))
    assert (told.private.patient, told.pump.ward) == ("T-1", None)


@pytest.mark.parametrize(
    "sent, at",
    [
        ("2026-03-01T11:15:00Z", "2026-03-01T11:15:00+00:00"),
        ("2026-03-01 11:15:00.5+05:30", "2026-03-01T11:15:00.500000+05:30"),
        ("2026/03/01 11:15:00", "2026-03-01T11:15:00+00:00"),
        ("20260301T111500", "2026-03-01T11:15:00+00:00"),
        ("20260301111500Z", "2026-03-01T11:15:00+00:00"),
        ("20260301111500+01:00", "2026-03-01T11:15:00+01:00"),
    ],
)
def test_times_of_iso_8601(sent, at):
    told = read(join(msh("01"), OBR.replace("20260301101500+0000", sent), *DEVICES))
    assert (told.states[0].at.at.isoformat(), codes(told)) == (at, [("time-odd", "OBR[1]-7")])


@pytest.mark.parametrize("sent", ["01/03/2026 11:15:00", "2026-0301T11:15:00", "2026-03-01T11:1500", "20260301111500X"])
def test_times_that_are_none(sent):
    told = read(join(msh("01"), OBR.replace("20260301101500+0000", sent), *DEVICES))
    assert ("time-unreadable", "OBR[1]-7") in codes(told)


def test_a_time_with_its_degree_of_precision():
    told = read(join(msh("01", f7="20260301111501+0100^S"), OBR.replace("1500+0000", "1500^S"), *DEVICES))
    assert (told.states[0].at.at.isoformat(), codes(told)) == ("2026-03-01T10:15:00+01:00", [])


def test_a_time_that_is_parted_by_a_line():
    raw = join(msh("01"), OBR.replace("20260301101500", "20260301\r101500"), *DEVICES)
    assert read(raw).states[0].at.at.minute == 15


# --- Header and place ---


def test_the_fifth_mark_of_hl7_2_7_parts_nothing():
    told = read(report(obx("157784^MDC_FLOW_FLUID_PUMP", "1.1.2.1", "12.5", ML_H), f2="^~\\&#"))
    assert (told.states[0].sources[0].rate.text, codes(told)) == ("12.5", [])


@pytest.mark.parametrize(
    "device, ward, facility",
    [
        ("~~WARD D5~FAC1^^BB^EUI-64", "WARD D5", "FAC1"),
        ("~~~Ward~~~~D6^^BB^EUI-64", "Ward D6", None),
        ("~~WARD D5", "WARD D5", None),
    ],
)
def test_a_ward_spread_over_repetitions(device, ward, facility):
    """B. Braun: of more than four repetitions all name the ward, and none the hospital."""
    line = obx("0^MDC_ATTR_PUMP_PILLAR_DETAILS", "1.1.0.24", "0^0", f18=device)
    pump = read(join(msh("01"), OBR, *DEVICES, line)).states[0].pump
    assert (pump.ward, pump.facility) == (ward, facility)
