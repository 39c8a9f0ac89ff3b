"""Alarms in the facets of IHE, in flags, in old codes, and as B. Braun and ICU Medical send them."""

import pytest

from openinfusion.adapters.hl7.alerts import ALARMS
from openinfusion.adapters.hl7.nomenclature import term_of
from openinfusion.core.event_parts import Alarm
from tests.unit.hl7.written import DEVICES, PID, codes, join, msh, obx, read, segment

OCCLUDED = "196940^MDC_EVT_FLUID_LINE_OCCL^MDC^^^^^^Occlusion"


def obr(number="FIL1_0", parent="", **fields):
    return segment(
        "OBR",
        f1="1",
        f3=f"{number}^GW^AA^EUI-64",
        f4="196616^MDC_EVT_ALARM^MDC",
        f7="20260301101500+0000",
        f29=parent,
        **fields,
    )


def facets(code=OCCLUDED, *, phase="start", base=68480, prefix="1.0.0.0", flags="", **more):
    lines = [
        obx("196616^MDC_EVT_ALARM", f"{prefix}.1", code, f8=flags, f11="F"),
        obx(
            f"{base}^MDC_ATTR_ALERT_SOURCE",
            f"{prefix}.2",
            "70049^MDC_DEV_PUMP_INFUS_LVP_MDS^MDC",
            f11="F",
            f18="P17^^BB^EUI-64",
        ),
        obx(f"{base + 1}^MDC_ATTR_EVENT_PHASE", f"{prefix}.3", phase, f11="F"),
        obx(f"{base + 2}^MDC_ATTR_ALARM_STATE", f"{prefix}.4", "active", f11="F"),
        obx(f"{base + 3}^MDC_ATTR_ALARM_INACTIVATION_STATE", f"{prefix}.5", "enabled~audio-paused", f11="F"),
    ]
    for number, (code_and_name, value) in enumerate(more.values(), start=6):
        lines.append(obx(code_and_name, f"{prefix}.{number}", value, f11="F"))
    return lines


def alert(*lines, **header):
    return read(join(msh("04", **header), PID, *lines))


def test_an_alarm_in_eight_facets():
    told = alert(
        obr(),
        *facets(
            priority=("68484^MDC_ATTR_ALARM_PRIORITY", "PH"),
            type=("68485^MDC_ATTR_ALERT_TYPE", "ST"),
            text=("68546^MDC_ATTR_ALERT_TEXT", "Occlusion upstream"),
        ),
    )
    assert (told.alarm.term.code, told.kind, told.text) == (196940, Alarm.OCCLUSION_UPSTREAM, "Occlusion upstream")
    assert (told.phase, told.state, told.inactivation) == ("start", "active", ("enabled", "audio-paused"))
    assert (told.priority, told.type, told.source.term.code) == ("high", "technical", 70049)
    assert (told.pump.device.id, told.at.at.minute, told.private.patient) == ("P17", 15, "T-4711")
    assert (told.is_onset, told.life, told.fallback) == (True, ("FIL1_0", "AA"), ("17", "196940"))
    assert codes(told) == []


def test_priority_and_type_in_flags():
    told = alert(obr(), *facets(flags="H~PM~SP"))
    assert (told.priority, told.priority_text, told.type) == ("medium", "PM", "physiological")


def test_the_life_of_an_alarm():
    """Later messages name the first in OBR-29, with & instead of ^."""
    onset = alert(obr(), *facets())
    later = alert(obr("FIL1_1", parent="^FIL1_0&GW&AA&EUI-64"), *facets(phase="update"))
    end = alert(obr("FIL1_2", parent="^FIL1_0&GW&AA&EUI64"), *facets(phase="end"))
    assert onset.life == later.life == end.life
    assert (onset.is_onset, later.is_onset, end.is_onset) == (True, False, False)


def test_b_braun_clears_under_another_id():
    """Then the device, with or without the letter before its number, and the code of the alarm tell the life."""
    onset = alert(obr("7acc524b_0"), *facets())
    end = alert(
        obr("638d1301_2", parent="^638d1301_0&GW&AA&EUI-64"),
        *[line.replace("P17^", "17^") for line in facets(phase="end")],
    )
    assert onset.life != end.life
    assert onset.fallback == end.fallback
    assert onset.pump.device.is_same_device(end.pump.device)
    assert not onset.pump.device.is_same_device(end.pump.device._replace(universal="CC"))
    assert not onset.pump.device.is_same_device(end.pump.device._replace(id="18"))


def test_legacy_codes_of_mindray():
    told = alert(obr(), *facets(base=68164))
    assert (told.phase, told.state) == ("start", "active")
    assert [code for code, _ in codes(told)] == ["code-legacy"] * 4


def test_misprinted_codes():
    lines = [
        line.replace("68480^", "684800^").replace("68481^", "684810^").replace("68482^", "684820^") for line in facets()
    ]
    lines.append(obx("8485^MDC_ATTR_ALERT_TYPE", "1.0.0.0.7", "SA", f11="F"))
    told = alert(obr(), *lines)
    assert (told.phase, told.state, told.type) == ("start", "active", "advisory")
    assert [code for code, _ in codes(told)] == ["code-misprint"] * 4


def test_the_alarm_in_obx_3():
    """Mindray and others put the code into OBX-3 and words into OBX-5."""
    lines = facets()[1:]
    first = obx("197200^MDC_EVT_FLUID_LINE_AIR", "1.0.0.0.1", "Air in line", f8="PH~ST")
    told = alert(obr(), first, *lines)
    assert (told.kind, told.text, told.priority) == (Alarm.AIR, "Air in line", "high")
    assert codes(told) == [("alarm-in-obx-3", "OBX[1]-3")]


def test_icu_medical():
    """Priority as a number, no zone, OBX-11 R, an alarm code of the maker, versions as key=value."""
    told = read(
        join(
            msh("04", f7="20260301101501"),
            segment("OBR", f1="1", f3="50046^GW^AA^EUI-64", f4="196616^MDC_EVT_ALARM^MDC", f7="20260301101500"),
            obx("70049^MDC_DEV_PUMP_INFUS_LVP_MDS", "21766848.0.0.0", f18="SN99"),
            obx("70050^MDC_DEV_PUMP_INFUS_LVP_VMD", "21766848.1.0.0", f18="SN99"),
            obx(
                "531975^MDC_ID_PROD_SPEC_SW",
                "43455986.1.0.1",
                "Infuser Software=15.11~Drug Library=AB12 10-11-2021 B 7",
            ),
            obx("0^MDCX_PUMP_POWER_STATUS", "21766848.1.0.3", "PowerSource=AC~BatteryStatus=LEVEL_4"),
            obx("196616^MDC_EVT_ALARM", "21766848.1.0.0.1", "56^N56^MDC^^^^^^Distal occlusion"),
            obx("68481^MDC_ATTR_EVENT_PHASE", "21766848.1.0.0.3", "start"),
            obx("68484^MDC_ATTR_ALARM_PRIORITY", "21766848.1.0.0.6", "20"),
        )
    )
    assert (told.alarm.code, told.alarm.term, told.text) == ("56", None, "Distal occlusion")
    assert told.kind is Alarm.OCCLUSION_DOWNSTREAM
    assert (told.priority, told.priority_text, told.pump.device.id) == (None, "20", "SN99")
    assert (told.pump.software, told.pump.library_version, told.pump.power) == ("15.11", "AB12 10-11-2021 B 7", "mains")
    assert told.fallback == ("SN99", "56")
    assert codes(told) == [
        ("no-zone", "MSH[1]-7"),
        ("sub-id-stray", "OBX[3]-4"),
        ("priority-number", "OBX[7]-5"),
        ("no-zone", "OBR[1]-7"),
    ]


def test_an_alarm_without_its_code():
    told = alert(obr(), *facets()[1:])
    assert (told.alarm, told.kind, told.fallback) == (None, None, ("17", ""))
    assert ("too-few", "OBX") in codes(told)


@pytest.mark.parametrize(
    "text, kind",
    [
        ("Occlusion", Alarm.PRESSURE),
        ("DOWNSTREAM occlusion", Alarm.OCCLUSION_DOWNSTREAM),
        ("upstream", Alarm.OCCLUSION_UPSTREAM),
    ],
)
def test_an_occlusion_tells_its_side_only_in_words(text, kind):
    assert alert(obr(), *facets(f"196940^MDC_EVT_FLUID_LINE_OCCL^MDC^^^^^^{text}")).kind is kind


def test_the_time_of_the_alarm_itself():
    lines = facets()
    lines[0] = obx("196616^MDC_EVT_ALARM", "1.0.0.0.1", OCCLUDED, f11="F", f14="20260301101300+0000")
    assert alert(obr(), *lines).at.at.minute == 13


def test_status_of_an_alert():
    """PCD-05 tells what became of one."""
    told = read(
        join(msh("04", f9="ORU^R41^ORU_R41", f21="X^X^1.3.6.1.4.1.19376.1.6.1.5.1^ISO"), obr(), *facets(phase="stop"))
    )
    assert (told.header.transaction.value, told.phase) == ("PCD-05", "stop")


def test_devices_around_the_alarm():
    told = alert(obr(), *DEVICES, *facets(prefix="1.1.0.0"))
    assert (told.pump.device.id, told.pump.kind) == ("P17", "MDC_DEV_PUMP_INFUS_LVP_MDS")


@pytest.mark.parametrize("code", sorted(ALARMS))
def test_every_alarm_in_the_table_is_in_the_nomenclature(code):
    term = term_of(code)
    assert term is not None
    assert term.kind == "alarm"
