"""Device management and places: which library and software a pump runs, its power, its network, where it is."""

from openinfusion.adapters.hl7 import Transaction
from tests.unit.hl7.written import DEVICES, codes, join, msh, obx, read

PERCENT = "262688^MDC_DIM_PERCENT^MDC^%^%^UCUM"
CM = "263441^MDC_DIM_CENTI_M^MDC"


def test_b_braun():
    told = read(
        join(
            msh("15"),
            "OBR|1|0^GW^AA^EUI-64|P17^GW^AA^EUI-64|69135^MDC_OBS_MEM^MDC|||20260301101500+0000",
            *DEVICES[:2],
            obx("184520^MDC_PUMP_DRUG_LIBRARY_NAME", "1.1.0.1", "TRUST_D5"),
            obx("184517^MDC_PUMP_DRUG_LIBRARY_VERSION", "1.1.0.2", "7.1"),
            obx("67880^MDC_ATTR_ID_MODEL", "1.1.0.8", "Spaceplus"),
            obx("67972^MDC_ATTR_SYS_ID", "1.1.0.9", "uuid-1"),
            obx("67925^MDC_ATTR_POWER_STAT", "1.1.0.11", "onBattery(1)"),
            obx("0^MDCX_DMC_ATTR_POWER_SOURCE", "1.1.0.12", "1^OnBattery"),
            obx("0^MDCX_DMC_ATTR_POWER_STATE", "1.1.0.13", "0^MDCX_DMC_ATTR_POWER_STATE_ON^MDC"),
            obx("531976^MDC_ID_PROD_SPEC_FW", "1.1.0.16", "Pump Firmware = 1.1.13, Wifi Firmware = 1.4.59"),
            obx("65620^MDC_MOC_NCC_WIRELESS", "1.1.1.0"),
            obx("69408^MDC_NCC_WIRELESS_STATE", "1.1.1.1", "Active"),
            obx("69410^MDC_NCC_WIRELESS_DEVICE_IPV4_ADDR", "1.1.1.2", "10.0.0.5"),
            obx("69416^MDC_NCC_WIRELESS_MAC", "1.1.1.3", "00:11"),
            obx("69417^MDC_NCC_WIRELESS_SSID", "1.1.1.4", "Pumps"),
            obx("69425^MDC_NCC_WIRELESS_STRENGTH_PERCENT", "1.1.1.6", "96", PERCENT),
            obx("69427^MDC_NCC_WIRELESS_TXRATE", "1.1.1.7", "54", "274212^MDC_DIM_MEGA_BIT_PER_SEC^MDC"),
            obx("65577^MDC_MOC_BATTERY", "1.2.0.0"),
            obx("68020^MDC_ATTR_BATT_STAT", "1.2.0.1", "batt-full(1)"),
            obx("67976^MDC_ATTR_TIME_BATT_REMAIN", "1.2.0.2", "700", "264352^MDC_DIM_MIN^MDC"),
            obx("67996^MDC_ATTR_VAL_BATT_CHARGE", "1.2.0.3", "88", PERCENT),
            obx("68023^MDC_ATTR_CAPAC_BATT_FULL", "1.2.0.5", "1928", "268242^MDC_DIM_MILLI_AMP_HR^MDC^mA.h^mA.h^UCUM"),
        )
    )
    assert type(told).__name__ == "DeviceManagement"
    pump = told.pump
    assert (pump.device.id, pump.library_name, pump.library_version, pump.model, pump.system_id) == (
        "P17",
        "TRUST_D5",
        "7.1",
        "Spaceplus",
        "uuid-1",
    )
    assert (pump.power, pump.power_state, pump.software) == ("battery", "MDCX_DMC_ATTR_POWER_STATE_ON", "1.1.13")
    assert pump.versions == {"Pump Firmware": "1.1.13", "Wifi Firmware": "1.4.59"}
    assert (told.network.state, told.network.address, told.network.strength.number) == ("Active", "10.0.0.5", 96)
    assert (told.network.speed.ucum, told.network.speed.number) == ("Mbit/s", 54)
    assert (told.battery.charge.number, told.battery.time_left.text, told.battery.capacity.ucum) == (88, "700", "mA.h")
    assert (told.subject.term.refid, told.spot) == ("MDC_OBS_MEM", None)
    assert codes(told) == []


def test_icu_medical_packs_versions():
    value = "InfuserType=PLUM_360~Infuser Software=15.11.00~Boot Loader=15.10~Drug Library=D92A 10-11-2021 B 10106"
    told = read(join(msh("15"), "OBR|1||P9|69135^MDC_OBS_MEM", *DEVICES[:2], obx("531975^X", "1.1.0.1", value)))
    assert told.pump.software == "15.11.00"
    assert told.pump.library_version == "D92A 10-11-2021 B 10106"
    assert told.pump.versions["Boot Loader"] == "15.10"


def test_one_version_without_a_name():
    told = read(join(msh("15"), "OBR|1||P9|69135^MDC_OBS_MEM", *DEVICES[:2], obx("531975^X", "1.1.0.1", "4.2.1")))
    assert told.pump.software == "4.2.1"


SMITHS = (
    msh("15", f21="IHE_PCD_015^IHE PCD^1.3.6.1.4.1.19376.1.6.1.15.1^ISO", f7="20260301221713-0000"),
    "PID|1||||||||||||||||||||||||||||||Y PV1|1|N",
    "OBR|1|2000^Med 4^00^EUI-64|2000^Med 4^00^EUI-64|0^MDCX_EVT_POWER_CHG^MDC||20260301221710- 0000",
    obx("69985^MDC_DEV_PUMP_INFUS_MDS", "1.0.0.0", f2="ST"),
    obx(
        "67880^MDC_ATTR_ID_MODEL",
        "1.0.0.1",
        "manufacturer=Smiths Medical model=Medfusion 4000",
        f7="20260301221710-0000",
    ),
    obx("67972^MDC_ATTR_SYS_ID", "1.0.0.2", "2000^Med 4^00^EUI-64", f7="20260301221710-0000"),
    obx("0^MDCX_DMC_ATTR_POWER_STATE", "1.0.0.3", "^OFF", f7="20260301221710-0000", f18="2000^Med 4^00^EUI-64"),
    obx("0^MDCX_LS_ATTR_NAME", "LOC", "IV Pump 2012", f14="20260301221700.229-0800"),
    obx("0^MDCX_LS_ATTR_LOCATION", "LOC", "^^^Trust^^^North^Main^Nurse Station", f2="PL", f18="TAG1^RFID^^L"),
    obx("0^MDCX_LS_ATTR_COORD_X", "LOC", "406", CM),
    obx("0^MDCX_LS_ATTR_COORD_Z", "LOC", "0", CM),
)


def test_smiths():
    """Glued PID and PV1, the time in OBR-6 and OBX-7 with a blank inside, OBX-4 LOC, PID-31 Y."""
    told = read(join(*SMITHS))
    assert told.header.transaction is Transaction.MANAGEMENT
    assert (told.pump.device.id, told.pump.maker, told.pump.model) == ("2000", "Smiths Medical", "Medfusion 4000")
    assert (told.pump.power_state, told.pump.system_id, told.private.patient) == ("OFF", "2000", None)
    assert told.at.at.isoformat() == "2026-03-01T22:17:10+00:00"
    assert told.spot.places[0].description == "Nurse Station"
    assert (told.spot.name, told.spot.x.text, told.spot.y, told.spot.tag.id) == ("IV Pump 2012", "406", None, "TAG1")
    assert told.spot.at.at.microsecond == 229000
    assert codes(told) == [
        ("glued-segments", "PV1"),
        ("sub-id-text", "OBX[5]-4"),
        ("sub-id-text", "OBX[6]-4"),
        ("sub-id-text", "OBX[7]-4"),
        ("sub-id-text", "OBX[8]-4"),
        ("blanks", "OBR[1]-6"),
        ("time-elsewhere", "OBR[1]-6"),
    ]


def test_the_time_in_obx_7():
    """Where OBR tells none, the reference range of Smiths is a time; a real range is none."""
    lines = [line.replace("||20260301221710- 0000", "") for line in SMITHS if "LS_ATTR" not in line]
    told = read(join(*lines))
    assert told.at.at.second == 10
    assert ("time-elsewhere", "OBX[2]-7") in codes(told)


def test_a_device_that_only_the_obr_names():
    told = read(join(msh("15"), "OBR|1||P9^GW^AA^EUI-64|69135^MDC_OBS_MEM^MDC|||20260301101500+0000"))
    assert told.pump.device.id == "P9"


def test_places_of_a_location_system():
    """PCD-16: the place that is known most closely first."""
    told = read(
        join(
            msh("15", f21="MEMLS"),
            "OBR|1||TAG7^RTLS|0^X^MDC|||20260301101500+0000",
            obx("0^MDCX_LS_ATTR_NAME", "1.0.0.1", "Pump 17"),
            obx(
                "0^MDCX_LS_ATTR_LOCATION",
                "1.0.0.2",
                "^^^Trust~ICU^4^B^Trust^^^Main^2",
                f14="20260301101400+0000",
                f18="TAG7^RTLS",
            ),
        )
    )
    assert type(told).__name__ == "LocationReport"
    assert [(place.unit, place.bed, place.facility) for place in told.spot.places] == [
        ("ICU", "B", "Trust"),
        ("", "", "Trust"),
    ]
    assert (told.at.at.minute, told.spot.tag.id, told.pump.device.id) == (14, "TAG7", "TAG7")


def test_a_location_system_without_times():
    told = read(join(msh("15", f21="MEMLS"), "OBR|1||TAG7^RTLS", obx("0^MDCX_LS_ATTR_NAME", "1.0.0.1", "Pump 17")))
    assert told.at == told.header.sent
