"""Orders as messages, written by hand after IHE's examples; a test changes one thing in them."""

from datetime import UTC, datetime

from openinfusion.adapters.hl7 import read_message
from openinfusion.adapters.hl7.orders import OrderReading, read_order
from openinfusion.core.orders import Order

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
MSH = (
    "MSH|^~\\&|IOPVENDOR^1234560000000001^EUI-64|IOPVENDOR|IOCVENDOR^6543210000000001^EUI-64|IOCVENDOR"
    "|20261128115950+0000||RGV^O15^RGV_O15|M1|P|2.6|||AL|AL||ASCII|en^English^ISO639||"
    "IHE_PCD_PIV_001^IHE PCD^1.3.6.1.4.1.19376.1.6.1.3.1^ISO"
)
PID = "PID|||98765^^^IHE^PI||Doe^John^^^^^L||19660101|M"
ORC = "ORC|{kind}|12345||||||{parent}|20261128115900+0000||||||||||N0001"
ML = "263762^MDC_DIM_MILLI_L^MDC^mL^mL^UCUM"
MG = "mg^mg^UCUM^263890^MDC_DIM_MILLI_G^MDC"
UG_KG_MIN = "265619^MDC_DIM_MICRO_G_PER_KG_PER_MIN^MDC^ug/kg/min^ug/kg/min^UCUM"
UG = "263891^MDC_DIM_MICRO_G^MDC^ug^ug^UCUM"
MG_H = "265522^MDC_DIM_MILLI_G_PER_HR^MDC^mg/h^mg/h^UCUM"
ML_H = "265266^MDC_DIM_MILLI_L_PER_HR^MDC^mL/h^mL/h^UCUM"
MINUTES = "264352^MDC_DIM_MIN^MDC^min^min^UCUM"
RXR = "RXR|^IV^HL70162||^IVP^HL70164|^IV^HL70165"
PUMP = "OBX|1||69986^MDC_DEV_PUMP_INFUS_VMD^MDC||||||||X|||||||A0001^^6543210000000001^EUI-64"
WEIGHT = "OBX|2|NM|68063^MDC_ATTR_PT_WEIGHT^MDC||85.0|kg^kg^UCUM^263875^MDC_DIM_KILO_G^MDC"


def rxg(
    *,
    number: str = "1",
    code: str = "1234^dopamine",
    volume: str = "250",
    rate: str = "10",
    unit: str = UG_KG_MIN,
    amount: str = "400",
    amount_unit: str = MG,
    diluent: str = "250",
    total: str = "",
) -> str:
    """An RXG with these values; an empty value has no unit either."""
    fields = [""] * 34
    for at, text in ((1, number), (4, code), (5, volume), (15, rate), (17, amount), (23, diluent), (32, total)):
        fields[at] = text
    for value, at, text in (
        (volume, 7, ML),
        (rate, 16, unit),
        (amount, 18, amount_unit),
        (diluent, 24, ML),
        (total, 33, ML),
    ):
        fields[at] = text if value else ""
    return "|".join(["RXG", *fields[1:]]).rstrip("|")


def obx(code: str, value: str, unit: str = "", number: int = 3) -> str:
    return f"OBX|{number}|NM|{code}||{value}|{unit}"


def message(*segments: str, kind: str = "RE", parent: str = "", header: str = MSH) -> bytes:
    """The bytes of an order: header, patient and ORC before the segments."""
    return "".join(f"{s}\r" for s in (header, PID, ORC.format(kind=kind, parent=parent), *segments)).encode()


DOPAMINE = message(rxg(), RXR, PUMP, WEIGHT)


def reading(raw: bytes) -> OrderReading:
    return read_order(read_message(raw))


def order(raw: bytes) -> Order:
    read = reading(raw)
    assert read.order is not None, read.faults
    return read.order
