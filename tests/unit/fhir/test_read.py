"""What other systems send: read where it is plain, flagged and not used where it is not, with its place."""

import json
from fractions import Fraction

import pytest

from openinfusion.adapters.fhir import Flag, Release, read_bundle, read_resource, to_bytes, write_bundle
from openinfusion.adapters.fhir.report import administration_row, reading_to_json
from openinfusion.core.errors import FileTooLargeError, OpenInfusionError, SyntaxFault
from openinfusion.core.events import Kind
from openinfusion.core.units import Quantity, Unit
from tests.unit.fhir.logs import event, flow, given, halt, made_of, q, resource, ucum

RATE = "MedicationAdministration.dosage.rateQuantity"


def read(**changed):
    """The one administration, and what was flagged: flag and place."""
    reading = read_resource(resource(**changed))
    return reading.administrations[0], [(one.flag, one.place) for one in reading.cautions]


def rate_of(quantity):
    given_, flagged = read(dosage={"rateQuantity": quantity})
    return given_.rate, flagged


@pytest.mark.hazard("PL-01")
@pytest.mark.parametrize("unit", [None, "min"])
def test_a_duration_where_a_rate_belongs_is_flagged_and_not_used(unit):
    """The fault of the official R4 examples 0305 and 0307."""
    assert rate_of(ucum(20, "min", unit)) == (None, [(Flag.UNIT_UNFIT, RATE)])


@pytest.mark.parametrize("code", ["mg", "mL", "kg", "%", "mg/mL", "mmol/L", "h"])
def test_no_other_dimension_is_a_rate(code):
    assert rate_of(ucum(1, code)) == (None, [(Flag.UNIT_UNFIT, RATE)])


@pytest.mark.parametrize("code", ["mL/h", "min", "mg/mL", "cm", "%", "kg"])
def test_no_other_dimension_is_a_dose(code):
    given_, flagged = read(dosage={"dose": ucum(1, code)})
    assert (given_.dose, flagged) == (None, [(Flag.UNIT_UNFIT, "MedicationAdministration.dosage.dose")])


@pytest.mark.parametrize(
    "quantity, expected",
    [
        (ucum(5.4, "mL/h"), "5.4 mL/h"),
        (ucum(0.5, "ug/kg/min", "micrograms/kg/min"), "0.5 ug/kg/min"),
        (ucum(2, "[iU]/h", "units/h"), "2 [iU]/h"),
        (ucum(1, "dL/h", "dL/h"), "100 mL/h"),
        (ucum(1, "mL/s"), "60 mL/min"),
    ],
)
def test_a_plain_rate_is_read_exactly(quantity, expected):
    assert rate_of(quantity) == (q(expected), [])


@pytest.mark.parametrize(
    "quantity, flag, at",
    [
        ({"value": 5}, Flag.UNIT_MISSING, ""),
        ({"value": 5, "unit": "furlongs/h"}, Flag.UNIT_UNKNOWN, ".unit"),
        ({"value": 5, "unit": "MU/h"}, Flag.UNIT_UNKNOWN, ".unit"),
        ({"value": 5, "system": "http://snomed.info/sct", "code": "258859001"}, Flag.UNIT_UNKNOWN, ""),
        (ucum(5, "U/h", "units/h"), Flag.UNIT_UNKNOWN, ".code"),
        (ucum(5, "ug/h", "mg/h"), Flag.UNITS_DISAGREE, ""),
        (ucum(5, "mL/h", "mL/min"), Flag.UNITS_DISAGREE, ""),
        (ucum(5, "mL/h", "mg/h"), Flag.UNITS_DISAGREE, ""),
        (ucum(-5, "mL/h"), Flag.NEGATIVE, ""),
        (ucum(5, "mL/h") | {"comparator": "<"}, Flag.COMPARATOR, ".comparator"),
        ({"system": "http://unitsofmeasure.org", "code": "mL/h"}, Flag.ABSENT, ".value"),
        ({"unit": "mL/h", "value": None}, Flag.ABSENT, ".value"),
        (ucum(10**50, "mL/h"), Flag.NUMBER, ".value"),
    ],
)
def test_what_could_mean_something_else_is_not_used(quantity, flag, at):
    rate, flagged = rate_of(quantity)
    assert rate is None
    assert (flag, RATE + at) in flagged


@pytest.mark.parametrize(
    "quantity, flag",
    [
        ({"value": 5, "unit": "ml/hr"}, Flag.UNIT_TEXT),
        ({"value": 5, "system": "urn:iso:std:iso:11073:10101", "code": "265266", "unit": "mL/h"}, Flag.UNIT_TEXT),
        ({"value": 5, "code": "mL/h"}, Flag.UNIT_SYSTEM),
        (ucum(5, "mL/h", "millilitres each hour"), Flag.UNIT_WORDS),
    ],
)
def test_what_is_odd_and_plain_is_read_and_said(quantity, flag):
    rate, flagged = rate_of(quantity)
    assert rate == q("5 mL/h")
    assert [one for one, _ in flagged] == [flag]


def ratio(over, under):
    return {"rateRatio": {"numerator": over, "denominator": under}}


@pytest.mark.parametrize(
    "told, found",
    [
        ("30/03/2026 08:00", "'30/03/2026 08:00'"),
        ("2026-02-30T08:00:00Z", "'2026-02-30T08:00:00Z'"),
        ("Jane Nobody", "11 characters that are no time"),
        ("943 476 5919", "12 characters that are no time"),
        (7, "a value that is no text"),
    ],
)
def test_a_time_that_cannot_be_read_is_shown_unless_it_may_name_a_person(told, found):
    (caution,) = (c for c in read_resource(resource(effectivePeriod={"start": told})).cautions if c.flag in TIMES)
    assert (caution.flag, caution.found) == (Flag.TIME_UNREADABLE, found)


TIMES = (Flag.TIME_UNREADABLE, Flag.TIME_PARTIAL)


@pytest.mark.parametrize(
    "told, found",
    [
        ("5,4", "the text '5,4'"),
        ("9434765919", "a text of 10 characters"),
        ("Nobody", "a text of 6 characters"),
        (10**41, "a number beyond 40 digits"),
        ([5], "no number and no text"),
    ],
)
def test_what_is_no_number_is_shown_unless_it_may_name_a_person(told, found):
    reading = read_resource(resource(dosage={"rateQuantity": ucum(told, "mL/h")}))
    assert [one.found for one in reading.cautions if one.flag is Flag.NUMBER] == [found]


def test_a_row_tells_times_with_their_zone():
    """08:03:30 in London in summer and in winter are two moments."""
    period = {"start": "2026-03-30T08:03:30+01:00", "end": "2026-03-30T08:03:30Z"}
    row = administration_row(read(effectivePeriod=period)[0])
    assert row[3:5] == ("30-Mar-2026 08:03:30 +01:00", "30-Mar-2026 08:03:30 UTC")


@pytest.mark.parametrize(
    "over, under, expected",
    [
        (ucum(100, "mL"), ucum(1, "h"), Quantity.of(100, "mL/h")),
        (ucum(100, "mL"), ucum(8, "h"), Quantity.of("12.5", "mL/h")),
        (ucum(1, "mL"), ucum(7, "min"), Quantity(Fraction(1, 7), Unit.read("mL/min"))),
        (ucum(24, "mg"), ucum(1, "d"), Quantity.of(1, "mg/h")),
        (ucum(5, "ug/kg"), ucum(1, "min"), Quantity.of(5, "ug/kg/min")),
        (ucum(1, "mL"), ucum(30, "s"), Quantity.of(2, "mL/min")),
    ],
)
def test_a_ratio_is_an_amount_in_a_time(over, under, expected):
    given_, flagged = read(dosage=ratio(over, under))
    assert (given_.rate, flagged) == (expected, [])


@pytest.mark.parametrize(
    "over, under",
    [
        (ucum(1, "mL"), ucum(0, "h")),
        (ucum(1, "mL"), ucum(1, "mL")),
        (ucum(1, "mL"), {}),
        (ucum(1, "mL/h"), ucum(1, "h")),
    ],
)
def test_another_ratio_is_no_rate(over, under):
    given_, flagged = read(dosage=ratio(over, under))
    assert given_.rate is None
    assert Flag.RATIO in [one for one, _ in flagged]


def test_two_rates_that_differ_are_not_used():
    given_, flagged = read(dosage={"rateQuantity": ucum(9, "mL/h"), **ratio(ucum(8, "mL"), ucum(1, "h"))})
    assert given_.rate is None
    assert Flag.TWO_RATES in [one for one, _ in flagged]


@pytest.mark.parametrize(
    "period, flag",
    [
        ({"start": "2026-03-30"}, Flag.TIME_PARTIAL),
        ({"start": "2026-03-30T08:00:00"}, Flag.TIME_PARTIAL),
        ({"start": "2026-02-30T08:00:00Z"}, Flag.TIME_UNREADABLE),
        ({"start": "yesterday"}, Flag.TIME_UNREADABLE),
        ({"start": "0001-01-01T00:00:00Z"}, Flag.TIME_UNREADABLE),
        ({"start": "2026-03-30T08:00:00Z", "end": "2026-03-30T07:00:00Z"}, Flag.TIME_ORDER),
    ],
)
def test_a_time_that_is_no_moment_is_not_used(period, flag):
    given_, flagged = read(effectivePeriod=period)
    assert (given_.start, given_.end) == (None, None)
    assert flag in [one for one, _ in flagged]


def test_a_medicine_may_be_a_resource_of_its_own():
    inside = read(medicationCodeableConcept=None, medicationReference={"reference": "#m"}, contained=[MEDICATION])
    assert (str(inside[0].medicine), inside[1]) == ("fentanyl", [])
    link = json.loads(resource(medicationCodeableConcept=None, medicationReference={"reference": "Medication/m"}))
    entries = [{"resource": link}, {"resource": MEDICATION}]
    bundle = json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()
    assert str(read_bundle(bundle).administrations[0].medicine) == "fentanyl"
    assert read_bundle(bundle).cautions == ()


def test_a_reference_to_nothing_is_flagged():
    given_, flagged = read(medicationCodeableConcept=None, medicationReference={"reference": "#m", "display": "x"})
    assert str(given_.medicine) == "x"
    assert (Flag.UNRESOLVED, "MedicationAdministration.medicationReference.reference") in flagged


@pytest.mark.parametrize(
    "changed, flag",
    [
        ({"status": "finished"}, Flag.WORD_UNKNOWN),
        ({"status": None}, Flag.MISSING),
        ({"subject": None}, Flag.NOT_VALID),
        ({"medicationCodeableConcept": None}, Flag.MISSING),
        ({"status": "entered-in-error"}, Flag.IN_ERROR),
        ({"device": [{"reference": "Device/1"}, {"reference": "Device/2"}]}, Flag.MORE),
        ({"surprise": 1}, Flag.NOT_VALID),
    ],
)
def test_other_faults_are_flagged_and_the_rest_is_read(changed, flag):
    given_, flagged = read(**changed, dosage={"rateQuantity": ucum(5, "mL/h")})
    assert flag in [one for one, _ in flagged]
    assert given_.rate == q("5 mL/h")


@pytest.mark.parametrize(
    "changed",
    [
        {"modifierExtension": [{"url": "urn:x", "valueBoolean": True}]},
        {"dosage": {"modifierExtension": [{"url": "urn:x", "valueBoolean": True}], "text": "x"}},
        {"implicitRules": "urn:rules"},
    ],
)
def test_what_may_change_the_meaning_is_never_passed_over(changed):
    reading = read_resource(resource(**changed))
    assert reading.administrations == ()
    assert Flag.MODIFIER in [one.flag for one in reading.cautions]


def bundle_of(*entries):
    """What a Bundle of these entries says."""
    return read_bundle(json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode())


ONE = json.loads(resource())
MEDICATION = {"resourceType": "Medication", "id": "m", "code": {"text": "fentanyl"}}


def test_patients_and_other_types_are_passed_over_counted_and_flagged():
    """Nothing that a file holds is passed over in silence, and nothing of a patient is shown."""
    patient = {"resourceType": "Patient", "name": [{"family": "Nobody"}]}
    request = {"resourceType": "MedicationRequest"}
    inner = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": ONE}]}
    held = ({"resource": one} for one in (patient, {}, ONE, request, inner, MEDICATION, {"resourceType": "A b"}))
    reading = bundle_of(*held, {}, None, 3)
    types = ["Patient", "no resourceType", "MedicationRequest", "Bundle", "Medication", "an odd type"]
    assert dict(reading.passed_over) == dict.fromkeys(types, 1) | {"no resource": 3}
    flagged = [(one.place, one.found) for one in reading.cautions if one.flag is Flag.NOT_READ]
    places = [f"Bundle.entry[{n}].resource" for n in (0, 1, 3, 4, 5, 6, 7, 8, 9)]
    assert flagged == list(zip(places, [*types, *["no resource"] * 3], strict=True))
    assert len(reading.administrations) == 1
    assert "Nobody" not in str(reading)


@pytest.mark.parametrize("kind", ["Patient", "Medication", "Unknown"])
def test_one_resource_of_another_type_is_flagged(kind):
    reading = read_resource(json.dumps({"resourceType": kind}).encode())
    assert [(one.flag, one.place, one.found) for one in reading.cautions] == [(Flag.NOT_READ, kind, kind)]


@pytest.mark.parametrize(
    "first, second, is_twice",
    [
        ({"fullUrl": "urn:uuid:1"}, {"fullUrl": "urn:uuid:1"}, True),
        ({"fullUrl": "urn:uuid:1"}, {"fullUrl": "urn:uuid:1", "status": "stopped"}, True),
        ({"id": "a"}, {"id": "a", "status": "stopped"}, True),
        ({"fullUrl": "https://one.example/a", "id": "a"}, {"fullUrl": "https://two.example/a", "id": "a"}, True),
        ({"fullUrl": "urn:uuid:1", "id": "a"}, {"fullUrl": "urn:uuid:2", "id": "b"}, False),
        ({}, {}, False),
    ],
)
def test_one_infusion_told_twice_is_not_two(first, second, is_twice):
    """Both are listed, because nobody knows which holds; the second is flagged."""
    entries = [{"fullUrl": one.pop("fullUrl", None), "resource": ONE | one} for one in (dict(first), dict(second))]
    reading = bundle_of(*entries)
    told = [(one.place, one.found) for one in reading.cautions if one.flag is Flag.TWICE]
    assert len(reading.administrations) == 2
    assert told == ([("Bundle.entry[1].resource", "the identity of Bundle.entry[0].resource")] if is_twice else [])


@pytest.mark.parametrize("code", ["HTEST"])
def test_test_data_of_others_never_looks_clinical(code):
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": code}
    assert read(meta={"security": [label]})[0].purpose == "test"
    assert read(meta={"tag": [label]})[0].purpose == "test"
    assert read()[0].purpose == "clinical"


def test_an_element_that_was_changed_behind_our_extension_is_seen():
    """Somebody corrected the rate and left the segment: what everybody reads holds, and it is said."""
    made = made_of(
        event(Kind.STARTED, 0, began=flow("2 mL/h")),
        event(Kind.STOPPED, 9, delivered=given("1 mL"), ended=halt("2 mL/h", "1 mL")),
    )
    document = json.loads(to_bytes(write_bundle(made, Release.R4)))
    part = document["entry"][-1]["resource"]
    part["dosage"]["rateQuantity"]["value"] = 20
    reading = read_bundle(json.dumps(document).encode())
    last = reading.administrations[-1]
    assert (last.rate, last.began, last.ended) == (q("20 mL/h"), None, None)
    assert [one.flag for one in reading.cautions] == [Flag.DISAGREES]


@pytest.mark.parametrize(
    "inner", [[], [{"url": "source", "valueString": "moon"}], [{"url": "source", "valueString": "primary"}], [7]]
)
def test_an_extension_of_ours_that_is_damaged_is_not_used(inner):
    given_, flagged = read(extension=[{"url": "urn:openinfusion:fhir:segment-began", "extension": inner}])
    assert given_.began is None
    assert Flag.EXTENSION in [one for one, _ in flagged]


def test_a_metric_whose_unit_does_not_fit_its_code_is_flagged():
    metric = {
        "resourceType": "DeviceMetric",
        "type": {"coding": [{"system": "urn:iso:std:iso:11073:10101", "code": "158014"}]},
        "unit": {"coding": [{"system": "http://unitsofmeasure.org", "code": "mL"}]},
        "category": "measurement",
    }
    reading = read_resource(json.dumps(metric).encode())
    assert reading.metrics[0].unit is None
    assert [(one.flag, one.place) for one in reading.cautions] == [(Flag.UNIT_UNFIT, "DeviceMetric.unit")]


def test_an_issue_of_others_keeps_what_was_done():
    issue = {
        "resourceType": "DetectedIssue",
        "status": "final",
        "code": {"text": "dose"},
        "mitigation": [{"action": {"text": "called"}}],
    }
    found = read_resource(json.dumps(issue).encode()).issues[0]
    assert ([str(one) for one in found.actions], found.response, found.alert) == (["called"], None, None)


DEEP = '{"resourceType":"Device","extension":' + "[" * 70 + "]" * 70 + "}"


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", "expected"),
        (b"{", "line 1"),
        (b"[]", "no object"),
        (b'"Device"', "no object"),
        (b"{}", "no resourceType"),
        (b'{"resourceType": 7}', "no resourceType"),
        (b'{"resourceType":"Device","id":"a","id":"b"}', "'id' twice"),
        (b'{"resourceType":"Device","x":NaN}', "NaN"),
        (b'{"resourceType":"Device","x":' + b"9" * 5000 + b"}", "usual length"),
        (b"<Device xmlns='http://hl7.org/fhir'/>", "XML"),
        (b"\xff\xfe", "UTF-8"),
        (DEEP.encode(), "a depth of at most 64"),
        (b"[" * 100_000, "depth"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_what_is_no_fhir_is_one_clear_error(content, words):
    with pytest.raises(OpenInfusionError, match=words) as caught:
        read_bundle(content, where="sent.json")
    assert caught.value.where.startswith("sent.json")


def test_a_huge_file_is_not_read():
    with pytest.raises(FileTooLargeError):
        read_bundle(b" " * (64 * 2**20 + 1))


def test_one_resource_is_no_bundle():
    with pytest.raises(SyntaxFault, match="one resource"):
        read_resource(b'{"resourceType":"Bundle","type":"collection"}')


@pytest.mark.parametrize("text", ["1e999999999", "1e-999999999", "0.1e5", "5.40"])
def test_numbers_are_exact_and_bounded(text):
    held = resource(dosage={"rateQuantity": ucum(7777, "mL/h")}).replace(b"7777", text.encode())
    reading = read_resource(held)
    rate = reading.administrations[0].rate
    if "999" in text:
        assert rate is None
        assert Flag.NUMBER in [one.flag for one in reading.cautions]
    else:
        assert rate is not None
        assert rate.value == Fraction(text)


def test_a_reading_is_json_for_machines_and_never_rounds():
    held = resource(dosage=ratio(ucum(1, "mL"), ucum(7, "min")))
    made = reading_to_json(read_resource(held))
    assert made["administrations"][0]["rate"]["value"] == "1/7"
    assert json.loads(json.dumps(made))["flagged"] == []
