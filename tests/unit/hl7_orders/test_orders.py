"""An order as a message: every field by its position, what is let pass and said, and what refuses the order."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from openinfusion.adapters.hl7 import read_message
from openinfusion.adapters.hl7.orders import read_order
from openinfusion.core.library import Route
from openinfusion.core.orders import Code, Field, Medication, OrderKind, PcaOrder, StepKind, check_order
from openinfusion.core.units import Quantity
from tests.order_words import IDLE, LIBRARY
from tests.unit.hl7_orders.messages import (
    DOPAMINE,
    MG,
    MG_H,
    MINUTES,
    ML,
    ML_H,
    MSH,
    NOW,
    PUMP,
    RXR,
    UG,
    WEIGHT,
    message,
    obx,
    order,
    reading,
    rxg,
)

Q = Quantity.read
ORDERS = {"rev10_03_L3747": "Dopamine", "rev10_06_L3767": "Normal Saline"}


def unread(raw: bytes) -> list[tuple[int, Field]]:
    return [(item.code, item.field) for item in order(raw).unread]


def test_the_sample_order_is_read_by_position():
    """Every field of IHE's example, and nothing let pass when it is written as the standard says."""
    read = order(DOPAMINE)
    assert read.id == "12345"
    assert read.kind is OrderKind.NEW
    assert read.medication == Medication((Code("1234"),), ("dopamine",))
    assert (read.first.volume, read.first.dose, read.first.rate) == (Q("250 mL"), Q("10 micrograms/kg/min"), None)
    assert (read.first.amount, read.first.diluent) == (Q("400 mg"), Q("250 mL"))
    assert (read.weight, read.pump, read.channel) == (Q("85 kg"), "A0001", None)
    assert (read.route, read.device, read.secondary) == (Route.INTRAVENOUS, "large-volume pump", False)
    assert (read.operator, read.patient) == ("N0001", "98765")
    assert read.placed_at == datetime(2026, 11, 28, 11, 59, tzinfo=UTC)
    assert reading(DOPAMINE).warnings == ()
    assert reading(DOPAMINE).notes == ()
    answer = check_order(read, LIBRARY, IDLE, at=NOW)
    assert answer.is_accepted
    assert answer.verdict is not None
    assert answer.verdict.derived.rate == Q("31.875 mL/h")


def test_the_two_orders_of_ihe_are_read_and_the_other_thirteen_are_none(shared_data: Path):
    """Misprints of the examples are read and said: no OID, a blank after UCUM, an odd id before a unit."""
    zone = timezone(timedelta(hours=-6))
    for path in sorted((shared_data / "ihe" / "rev10").glob("*.hl7")):
        read = read_order(read_message(path.read_bytes()))
        if path.stem not in ORDERS:
            assert read.order is None
            assert read.faults[0].is_of_type
            continue
        assert read.order is not None
        assert read.order.medication.names == (ORDERS[path.stem],)
        assert read.order.placed_at == datetime(2008, 1, 1, 12, 34, 46, tzinfo=zone)
        assert read.order.unread == ()
        assert {str(w.code.value) for w in read.warnings} == {"profile-name", "blanks", "unit-odd-id"}
        answer = check_order(read.order, LIBRARY, IDLE, at=read.order.placed_at + timedelta(minutes=1))
        assert answer.is_accepted
        assert answer.verdict is not None
        assert answer.verdict.derived.rate in (Q("31.875 mL/h"), Q("13.3 mL/h"))


def test_a_duration_is_the_sum_of_its_parts():
    """2 h and 45 min; 90 s; only hours, minutes and seconds."""
    for text, minutes in (
        ("2^264384&MDC_DIM_HR&MDC~45^264352&MDC_DIM_MIN&MDC", "165 min"),
        ("90^264320&MDC_DIM_X_SEC&MDC", "1.5 min"),
        ("90^s&s&UCUM", "1.5 min"),
        ("1^h&h&UCUM~~30^s&s&UCUM", "60.5 min"),
    ):
        read = order(message(rxg(volume=""), f"TQ1|||||||||||||{text}", RXR, PUMP, WEIGHT))
        assert read.first.duration == Q(minutes)
        assert read.unread == ()
    for text, code in (("x^min&min&UCUM", 9004), ("5^mL&mL&UCUM", 9008), ("5", 9008)):
        assert unread(message(rxg(), f"TQ1|||||||||||||{text}", RXR, PUMP)) == [(code, Field.DURATION)]
    assert order(message(rxg(), "TQ1|1", RXR, PUMP)).first.duration is None


@pytest.mark.parametrize(
    "field, pump, channel, noted",
    [
        ("A0001^^6543210000000001^EUI-64", "A0001", None, False),
        ("A0001[2]^^6543210000000001^EUI-64", "A0001", "2", False),
        ("^^A0001^VENDOR", "A0001", None, True),
        ("^^6543210000000001^EUI-64", None, None, False),
        ("", None, None, False),
        ("[2]^^1^EUI-64", "[2]", None, False),
    ],
)
def test_the_pump_is_named_in_the_new_way_or_the_deprecated_one(field, pump, channel, noted):
    """The number of the maker alone is no pump."""
    raw = message(rxg(), RXR, PUMP.replace("A0001^^6543210000000001^EUI-64", field), WEIGHT)
    assert (order(raw).pump, order(raw).channel) == (pump, channel)
    assert bool(reading(raw).notes) is noted


def test_two_pumps_in_one_order_are_none():
    """Neither is taken."""
    raw = message(rxg(), RXR, PUMP, PUMP.replace("A0001", "A0002"))
    assert order(raw).pump is None
    assert unread(raw) == [(9004, Field.PUMP)]
    assert order(message(rxg(), RXR, PUMP, PUMP)).pump == "A0001"


@pytest.mark.parametrize(
    "segment, expected",
    [
        (rxg(volume="2 5 0"), [(9004, Field.VOLUME)]),
        (rxg(volume="1e3"), [(9004, Field.VOLUME)]),
        (rxg(volume="NaN"), [(9004, Field.VOLUME)]),
        (rxg(volume="9" * 500), [(9004, Field.VOLUME)]),
        (rxg().replace(f"|250||{ML}|", "|250|||"), [(9004, Field.VOLUME)]),
        (rxg().replace(f"|250||{ML}|", "|250||%^%^UCUM|"), [(9004, Field.VOLUME)]),
        (rxg(unit="furlong^furlong^UCUM"), [(9008, Field.RATE_UNIT)]),
        (rxg(unit=""), [(9008, Field.RATE_UNIT)]),
        (rxg(unit="265266^MDC_DIM_MILLI_L_PER_HR^MDC^mg/h^mg/h^UCUM"), [(9008, Field.RATE_UNIT)]),
        (rxg(amount_unit="lb^lb^UCUM"), [(9008, Field.AMOUNT_UNIT)]),
        (rxg(amount="4 00"), [(9004, Field.AMOUNT)]),
        (rxg(rate="ten"), [(9004, Field.RATE)]),
    ],
)
def test_a_value_that_cannot_be_read_refuses_the_order(segment, expected):
    """Two triples that differ are believed neither way; a thousandfold dose is worse than none."""
    assert unread(message(segment, RXR, PUMP, WEIGHT)) == expected


def test_a_number_or_unit_in_a_known_odd_form_is_read_and_said():
    """Hours as "hr" are no UCUM, "+10" is no plain decimal; neither can mean anything else."""
    raw = message(rxg(rate="+10", unit="mL/hr^mL/hr^UCUM", amount="", diluent=""), RXR, PUMP)
    assert order(raw).first.rate == Q("10 mL/h")
    assert {w.code.value for w in reading(raw).warnings} == {"number-odd", "unit-alias"}
    assert all("98765" not in str(w) and "Doe" not in str(w) for w in reading(raw).warnings)


def test_a_bolus_gives_a_dose_or_a_volume_and_says_so_twice():
    """OBX MDC_INFUS_ORDER_TYPE is required; the rate stands in an OBX, the duration in TQ1."""
    kind = obx("0^MDC_INFUS_ORDER_TYPE^MDC", "^clinician-dose")
    rate = obx("157784^MDC_FLOW_FLUID_PUMP^MDC", "120", ML_H)
    raw = message(rxg(volume="", rate="25", unit=UG), RXR, PUMP, kind, rate, kind="CH", parent="777&EHR")
    read = order(raw)
    assert (read.kind, read.parent, read.unread) == (OrderKind.BOLUS, "777", ())
    assert (read.first.dose, read.first.rate) == (Q("25 micrograms"), Q("120 mL/h"))
    by_volume = order(message(rxg(volume="", rate="0.5", unit=ML), RXR, PUMP, kind, kind="CH", parent="777"))
    assert (by_volume.first.volume, by_volume.first.dose) == (Q("0.5 mL"), None)
    by_rate = order(
        message(rxg(volume="", rate="60", unit=ML_H), "TQ1|||||||||||||1^min&min&UCUM", RXR, PUMP, kind, kind="CH")
    )
    assert (by_rate.first.rate, by_rate.first.duration) == (Q("60 mL/h"), Q("1 min"))
    assert unread(message(rxg(rate="0.5", unit=ML), RXR, PUMP, kind, kind="CH")) == [(9004, Field.VOLUME)]
    assert unread(message(rxg(volume=""), RXR, PUMP, kind="CH")) == [(9003, Field.ORDER_TYPE)]
    other = obx("0^MDC_INFUS_ORDER_TYPE^MDC", "^loading-dose")
    assert unread(message(rxg(volume=""), RXR, PUMP, other, kind="CH")) == [(9004, Field.ORDER_TYPE)]
    assert unread(message(rxg(volume=""), RXR, PUMP, other)) == [(9004, Field.ORDER_TYPE)]
    assert unread(message(rxg(volume=""), RXR, PUMP, other, kind, kind="CH")) == [(9004, Field.ORDER_TYPE)]


def test_a_rate_that_is_told_in_two_places_must_be_one():
    """The misprint 158784 of the IHE text is 157784."""
    flow = rxg(rate="100", unit=ML_H)
    same, other = (obx("158784^MDC_FLOW_FLUID_PUMP^MDC", value, ML_H) for value in ("100.0", "10"))
    assert unread(message(flow, RXR, PUMP, same)) == []
    assert {w.code.value for w in reading(message(flow, RXR, PUMP, same)).warnings} == {"code-misprint"}
    assert unread(message(flow, RXR, PUMP, other)) == [(9004, Field.RATE)]


def test_a_weight_that_is_told_twice_must_be_one():
    """Also in another unit."""
    grams = obx("68063^MDC_ATTR_PT_WEIGHT^MDC", "85000", "g^g^UCUM")
    other = obx("68063^MDC_ATTR_PT_WEIGHT^MDC", "58", "kg^kg^UCUM")
    assert order(message(rxg(), RXR, PUMP, grams)).weight == Q("85 kg")
    assert unread(message(rxg(), RXR, PUMP, WEIGHT, WEIGHT)) == []
    assert unread(message(rxg(), RXR, PUMP, WEIGHT, other)) == [(9004, Field.WEIGHT)]
    assert unread(message(rxg(), RXR, PUMP, obx("68063^MDC_ATTR_PT_WEIGHT^MDC", "85"))) == [(9008, Field.WEIGHT)]
    bare = order(message(rxg(), RXR, PUMP, obx("68060^MDC_ATTR_PT_HEIGHT^MDC", "")))
    assert (bare.height, bare.unread) == (None, ())


STEP = obx("158037^MDC_INFUS_ORDER_STEP_TYPE^MDC", "^{}")
TOTAL = obx("158033^MDC_INFUS_TOTAL_NUM_STEPS^MDC", "{}")
START = obx("0^MDCX_INFUS_ORDER_STEP_START_CONDITION^MDC", "^{}")


def steps(*kinds: str, total: str = "2", second: str = "2") -> bytes:
    segments = []
    for number, kind in zip(("1", second), kinds, strict=False):
        give = rxg(number=number, rate="40", unit=MG_H, volume="20", total="40")
        segments += [give, RXR, PUMP, STEP.format(kind), TOTAL.format(total)]
    return message(*segments)


def test_steps_are_read_with_their_kinds_and_their_number():
    """The misprint "loading dose" is read; RXG-32 must be the same in every step."""
    read = order(steps("loading dose", "continuous"))
    assert read.kind is OrderKind.MULTISTEP
    assert [(s.number, s.kind) for s in read.steps] == [(1, StepKind.LOADING), (2, StepKind.CONTINUOUS)]
    assert (read.total_steps, read.total_volume, read.unread) == (2, Q("40 mL"), ())
    assert "word-misprint" in {w.code.value for w in reading(steps("loading dose", "continuous")).warnings}
    assert order(steps("delay", "continuous", second="b")).steps[1].number == 0
    assert unread(steps("bolus", "continuous")) == [(9004, Field.STEP)]
    assert unread(steps("continuous", "continuous", total="two")) == [(9004, Field.STEP)]
    single = message(rxg(), RXR, PUMP, STEP.format("continuous"), TOTAL.format("1"))
    assert order(single).kind is OrderKind.NEW
    assert order(message(rxg(), RXR, PUMP, TOTAL.format("6"))).kind is OrderKind.MULTISTEP
    differ = message(rxg(), RXR, PUMP, TOTAL.format("1"), TOTAL.format("2"))
    assert unread(differ) == [(9004, Field.STEP)]


def test_a_step_may_wait_for_the_nurse():
    """Draft 11: immediate, or pause for confirmation; nothing else is known."""
    assert order(message(rxg(), RXR, PUMP, START.format("pause-for-confirmation"))).first.waits
    assert not order(message(rxg(), RXR, PUMP, START.format("immediate"))).first.waits
    assert unread(message(rxg(), RXR, PUMP, START.format("later"))) == [(9004, Field.STEP)]


def test_pca_is_read_from_its_observations():
    """Patient dose, lockout, dose limit and its time; doses by staff."""
    raw = message(
        rxg(code="1^morphine", volume="", rate="", amount="50", diluent="50"),
        RXR.replace("IVP", "PCA"),
        PUMP,
        obx("158017^MDC_DOSE_PCA_PATIENT^MDC", "1", MG),
        obx("157989^MDC_TIME_PCA_LOCKOUT^MDC", "6", MINUTES),
        obx("157985^MDC_DOSE_PCA_LIMIT^MDC", "30", MG),
        obx("157987^MDC_TIME_PD_PCA_DOSE_LIMIT^MDC", "4", "264384^MDC_DIM_HR^MDC"),
        obx("158018^MDC_DOSE_LOADING^MDC", "2", MG),
        obx("158019^MDC_DOSE_CLINICIAN^MDC", "3", MG),
    )
    read = order(raw)
    assert read.unread == ()
    assert read.pca == PcaOrder(
        demand=Q("1 mg"),
        lockout=Q("6 min"),
        dose_limit=Q("30 mg"),
        window=Q("4 h"),
        loading=Q("2 mg"),
        clinician=Q("3 mg"),
    )
    assert order(message(rxg(), RXR.replace("IVP", "PCA"), PUMP)).pca == PcaOrder()
    by_volume = message(rxg(), RXR, PUMP, obx("157986^MDC_VOL_PCA_DOSE_LIMIT^MDC", "30", ML))
    assert order(by_volume).pca == PcaOrder(dose_limit=Q("30 mL"))


@pytest.mark.parametrize(
    "code, unit, field",
    [
        ("157988^MDC_RATE_PCA_MAX_DOSES_PER_HOUR^MDC", "/h^/h^UCUM", Field.DOSE_LIMIT),
        ("157998^MDC_TIME_PD_DOSE_START_INTERVAL^MDC", MINUTES, Field.INTERMITTENT),
        ("158023^MDC_DOSE_INTERMITTENT^MDC", MG, Field.INTERMITTENT),
        ("158025^MDC_TIME_PROG_NEXT_DOSE^MDC", MINUTES, Field.INTERMITTENT),
        ("158018^MDC_DOSE_LOADING^MDC", MG, Field.LOADING),
        ("158019^MDC_DOSE_CLINICIAN^MDC", MG, Field.CLINICIAN),
    ],
)
def test_what_cannot_be_programmed_is_not_left_out(code, unit, field):
    """Leaving it out would give something else than was ordered."""
    assert unread(message(rxg(), RXR, PUMP, obx(code, "4", unit))) == [(9004, field)]


def test_what_is_not_of_an_order_is_noted():
    """An unknown OBX is named, and does not refuse."""
    raw = message(rxg(), RXR, PUMP, obx("99999999^MDC_NO_SUCH^MDC", "4"), obx("68487^MDC_ATTR_EVT_COND^MDC", "4"))
    assert len(reading(raw).notes) == 2
    assert order(raw).unread == ()


@pytest.mark.parametrize(
    "segment, expected",
    [
        ("RXR|^IVPB^HL70162||^IVP^HL70164|^IV^HL70165", [(9004, Field.ROUTE)]),
        ("RXR|IV||SYR|IVPB", []),
        ("RXR|EP", []),
        ("RXR||||", [(9004, Field.ROUTE)]),
        ("RXR|^IV||^XXX|^YYY", [(9004, Field.DEVICE), (9004, Field.METHOD)]),
    ],
)
def test_routes_devices_and_places(segment, expected):
    """As text or as code; a word that is not known refuses."""
    raw = message(rxg(), segment, PUMP)
    assert unread(raw) == expected
    if segment == "RXR|IV||SYR|IVPB":
        assert (order(raw).device, order(raw).secondary) == ("syringe pump", True)


def test_steps_of_two_routes_are_refused():
    """One order, one line."""
    raw = message(rxg(), RXR, PUMP, rxg(number="2"), "RXR|^EP^HL70162", TOTAL.format("2"))
    assert (9004, Field.ROUTE) in unread(raw)


def test_times_and_people():
    """A time that cannot be read is no time; a patient told in words is none."""
    bad = DOPAMINE.replace(b"20261128115900+0000", b"yesterday")
    assert [(u.code, u.field) for u in order(bad).unread] == [(9004, Field.PLACED_AT)]
    missing = DOPAMINE.replace(b"20261128115900+0000", b"")
    assert (order(missing).placed_at, order(missing).unread) == (None, ())
    assert order(DOPAMINE.replace(b"|20261128115900+0000|", b"|20261128115900|")).placed_at == NOW - timedelta(
        minutes=1
    )
    assert order(DOPAMINE.replace(b"98765^^^IHE^PI", b"Unknown Patient")).patient is None
    assert order(DOPAMINE.replace(b"||N0001", b"||")).operator in (None, "N0001")


@pytest.mark.parametrize(
    "raw, code",
    [
        (DOPAMINE.replace(b"|M1|", b"||"), "101"),
        (message(RXR), "100"),
        (message(rxg(), PUMP), "100"),
        (message(rxg(), RXR, RXR), "100"),
        (message(rxg(), "TQ1|1", "TQ1|2", RXR), "100"),
        (message(rxg(), RXR, kind="NW"), "103"),
        (
            message(rxg(), RXR, header=MSH.replace("RGV^O15^RGV_O15", "ORU^R01^ORU_R01").replace("1.3.1", "1.1.1")),
            "200",
        ),
        (b"\r".join(line for line in DOPAMINE.split(b"\r") if line[:3] != b"PID"), "100"),
        (b"\r".join(line for line in DOPAMINE.split(b"\r") if line[:3] != b"ORC"), "100"),
        (DOPAMINE + DOPAMINE.split(b"\r")[2] + b"\r", "100"),
    ],
)
def test_faults_of_syntax(raw, code):
    """What the accept acknowledgement refuses; no order is made of it."""
    read = reading(raw)
    assert read.order is None
    assert code in [fault.code for fault in read.faults]


def test_what_stands_before_the_first_rxg_is_of_no_step():
    """It is no part of the order."""
    assert order(message(PUMP, rxg(), RXR)).pump is None


def test_both_triples_of_the_medicine_are_kept():
    """Codes with their systems, names once."""
    raw = message(rxg(code="1^dopamine^LOCAL^108441005^dopamine^SCT"), RXR, PUMP)
    assert order(raw).medication == Medication((Code("1", "LOCAL"), Code("108441005", "SCT")), ("dopamine",))
    assert order(message(rxg(code="^dopamine"), RXR, PUMP)).medication == Medication((), ("dopamine",))


@pytest.mark.parametrize(
    "raw, field",
    [
        (message(rxg(code="1^dopamine~2^fentanyl"), RXR, PUMP), Field.MEDICATION),
        (message(rxg(), RXR.replace("|^IV^HL70162|", "|^IV^HL70162~^EP^HL70162|"), PUMP), Field.ROUTE),
        (DOPAMINE.replace(b"|12345|", b"|12345~54321|"), Field.ORDER_ID),
        (message(rxg(), RXR, PUMP.replace("EUI-64", "EUI-64~A0002^^1^EUI-64")), Field.PUMP),
        (message(rxg(), RXR, PUMP, STEP.format("continuous~^delay")), Field.STEP),
        (message(rxg(rate="10~20"), RXR, PUMP), Field.RATE),
        (message(rxg(), RXR, PUMP, WEIGHT.replace("85.0", "85.0~58")), Field.WEIGHT),
    ],
)
def test_a_field_that_says_two_things_is_not_read_as_the_first(raw, field):
    """Two medicines, two routes, two pumps: to take one of them would be to guess."""
    assert (9004, field) in unread(raw)


def test_thousands_of_damaged_orders_end_in_an_answer():
    """Any byte of an order may be lost or changed; the answer is a refusal or an acceptance, never an exception."""
    for at in range(len(DOPAMINE)):
        for change in (b"", b"|", b"^", b"~", b"&", b"\\", b"9", b"\xff"):
            raw = DOPAMINE[:at] + change + DOPAMINE[at + 1 :]
            if not raw.startswith(b"MSH|^~\\&|"):
                continue
            read = reading(raw)
            if read.order is not None:
                check_order(read.order, LIBRARY, IDLE, at=NOW)


@pytest.mark.parametrize("code", ["57672^MDC_AREA_BODY_SURF_ACTUAL^MDC", "^MDC_AREA_BODY_SURF_ACTUAL^MDC"])
def test_a_number_of_one_partition_is_read_by_its_name(code: str) -> None:
    """IHE printed the body surface with the number that holds in its partition alone."""
    raw = message(rxg(), RXR, PUMP, obx(code, "1.85", "m2^m2^UCUM"))
    assert order(raw).body_surface_area == Quantity.of("1.85", "m2")


def test_code_and_name_of_two_things_refuse_the_order() -> None:
    """A weight under the name of a height, or the other way round: nobody knows which."""
    read = order(message(rxg(), RXR, PUMP, obx("68063^MDC_ATTR_PT_HEIGHT^MDC", "85", "kg^kg^UCUM")))
    assert [(one.code, one.field) for one in read.unread] == [(9004, Field.OBSERVATION)]


def test_the_type_of_an_order_by_its_names_in_drafts() -> None:
    raw = message(
        rxg(),
        RXR,
        PUMP,
        obx("0^MDCX_INFUSION_ORDER_TYPE^MDC", "clinician-dose"),
        kind="CH",
        parent="11",
    )
    assert not [one for one in order(raw).unread if one.field is Field.ORDER_TYPE]


def test_a_large_volume_pump_by_either_name() -> None:
    assert order(message(rxg(), RXR.replace("IVP", "LVP"), PUMP, WEIGHT)).device == "large-volume pump"


def test_a_misprinted_code_of_a_time_is_read_by_its_name() -> None:
    """IHE printed 364384 for the hour."""
    raw = message(rxg(), "TQ1|||||||||||||2^364384&MDC_DIM_HR&MDC~45^264352&MDC_DIM_MIN&MDC", RXR, PUMP, WEIGHT)
    assert order(raw).steps[0].duration == Quantity.of("165", "min")
