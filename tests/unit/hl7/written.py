"""Messages of pumps, written for these tests in the forms that makers send; none is copied from anywhere."""

from openinfusion.adapters.hl7 import read_meaning, read_message

ML = "263762^MDC_DIM_MILLI_L^MDC^mL^mL^UCUM"
ML_H = "265266^MDC_DIM_MILLI_L_PER_HR^MDC^mL/h^mL/h^UCUM"
SEC = "264320^MDC_DIM_X_SEC^MDC^s^s^UCUM"
MIN = "264352^MDC_DIM_MIN^MDC^min^min^UCUM"
UG = "263891^MDC_DIM_MICRO_G^MDC^ug^ug^UCUM"
MG_ML = "264306^MDC_DIM_MILLI_G_PER_ML^MDC^mg/mL^mg/mL^UCUM"
UG_KG_MIN = "265619^MDC_DIM_MICRO_G_PER_KG_PER_MIN^MDC^ug/kg/min^ug/kg/min^UCUM"
KG = "263875^MDC_DIM_KILO_G^MDC^kg^kg^UCUM"
PROFILES = {
    "01": "IHE_PCD_001^IHE PCD^1.3.6.1.4.1.19376.1.6.1.1.1^ISO",
    "04": "IHE_PCD_004^IHE PCD^1.3.6.1.4.1.19376.1.6.1.4.1^ISO",
    "10": "IHE_PCD_010^IHE PCD^1.3.6.1.4.1.19376.1.6.4.10^ISO",
    "15": "IHE_PCD_015^IHE PCD^1.3.6.1.4.1.19376.1.6.4.15^ISO",
}
TYPES = {"01": "ORU^R01^ORU_R01", "04": "ORU^R40^ORU_R40", "10": "ORU^R42^ORU_R01", "15": "ORU^R01^ORU_R01"}
PID = "PID|||T-4711^^^TRUST^PI||Example^Erin^^^^^L||19700102|F"
PV1 = "PV1||I|Ward 7^12^B"
OBR = "OBR|1|ORD9^EPMA|FIL9^GW^AAAA000000000001^EUI-64|77^Testamine|||20260301101500+0000"


def segment(name, **fields):
    """A segment from its fields by number: ``f3="..."``."""
    numbers = {int(key[1:]): value for key, value in fields.items()}
    return "|".join([name, *(numbers.get(n, "") for n in range(1, max(numbers) + 1))])


def obx(code, path, value="", unit="", **fields):
    """An OBX; one without a value is a device node."""
    has_value = bool(value) or "f8" in fields
    kind = ("NM" if unit else "ST") if has_value else ""
    default = {"f2": kind, "f3": f"{code}^MDC", "f4": path, "f5": value, "f6": unit, "f11": "R" if has_value else "X"}
    return segment("OBX", **{**default, **fields})


def msh(kind, **fields):
    default = {
        "f2": "^~\\&",
        "f3": "GW^AAAA000000000001^EUI-64",
        "f4": "MAKER",
        "f7": "20260301101501+0000",
        "f9": TYPES.get(kind, ""),
        "f10": "C1",
        "f11": "P",
        "f12": "2.6",
        "f15": "AL",
        "f16": "NE",
        "f21": PROFILES.get(kind, ""),
    }
    numbers = {int(key[1:]): value for key, value in {**default, **fields}.items()}
    return "MSH|" + "|".join(numbers.get(n, "") for n in range(2, max(numbers) + 1))


def join(*segments, end="\r"):
    """Bytes of a message; the OBX are numbered."""
    lines, count = [], 0
    for line in segments:
        if line.startswith("OBX||"):
            count += 1
            lines.append(f"OBX|{count}|{line[5:]}")
        else:
            lines.append(line)
    return end.join([*lines, ""]).encode()


DEVICES = (
    obx("70049^MDC_DEV_PUMP_INFUS_LVP_MDS", "1.0.0.0", f16="U-7", f18="P17^^BBBB000000000001^EUI-64"),
    obx("70050^MDC_DEV_PUMP_INFUS_LVP_VMD", "1.1.0.0"),
    obx("70067^MDC_DEV_PUMP_DELIVERY_INFO", "1.1.1.0"),
    obx("70071^MDC_DEV_PUMP_INFUSATE_SOURCE_PRIMARY", "1.1.2.0"),
)


def event(*more, code="197288^MDC_EVT_PUMP_DELIV_START^MDC", devices=DEVICES, **header):
    """A PCD-10 with a pump, its delivery and a primary source."""
    told = (obx("68487^MDC_ATTR_EVT_COND", "1.0.0.2", code), obx("68488^MDC_ATTR_EVT_SOURCE", "1.0.0.3", "1.1.2.0"))
    return join(msh("10", **header), PID, PV1, OBR, devices[0], *told, *devices[1:], *more)


def report(*more, **header):
    """A PCD-01 with a pump, its delivery and a primary source."""
    return join(msh("01", **header), PID, PV1, OBR, *DEVICES, *more)


def parse(raw):
    """A message; untyped like everything here, because a test asks for what it knows to be there."""
    return read_message(raw)


def read(raw, **options):
    return read_meaning(read_message(raw), **options)


def source(raw):
    """The one source of the first pump of a report or an event."""
    meaning = read(raw)
    state = meaning.states[0] if hasattr(meaning, "states") else meaning.state
    return state.sources[0]


def codes(meaning):
    """The codes of what was let pass, with their places."""
    return [(one.code.value, one.place) for one in meaning.warnings]
