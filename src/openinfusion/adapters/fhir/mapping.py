"""Which element of each release holds which field of the open event log: the manual is made of it, tests hold it."""

from typing import NamedTuple


class Row(NamedTuple):
    """A field of the log, the element in each release (the same where only one is given), and what there is to say."""

    field: str
    r4: str
    r5: str = ""
    note: str = ""

    @property
    def in_r5(self) -> str:
        """The element in R5."""
        return self.r5 or self.r4


_GIVEN = "MedicationAdministration"
ROWS = (
    Row("`infusion`", f"{_GIVEN}.identifier", note="one for the infusion, and one for each part, which is `partOf` it"),
    Row("`event_id`", f"{_GIVEN}.identifier", note="the record that it began with"),
    Row("a part of an infusion", f"{_GIVEN}.partOf"),
    Row("source of a segment, KVO", f"{_GIVEN}.category", note="codes of ours"),
    Row("what the last records tell", f"{_GIVEN}.status"),
    Row("`ended.because`, `reason`", f"{_GIVEN}.statusReason"),
    Row(
        "`drug`",
        f"{_GIVEN}.medicationCodeableConcept",
        f"{_GIVEN}.medication.concept",
        "words: the log has no code",
    ),
    Row("`episode`", f"{_GIVEN}.subject", note="the token as a logical identifier, or `masked`"),
    Row("`at` of beginning and end", f"{_GIVEN}.effectivePeriod", f"{_GIVEN}.occurencePeriod", "by the pump's clock"),
    Row("`at` where it never flowed", f"{_GIVEN}.effectiveDateTime", f"{_GIVEN}.occurenceDateTime"),
    Row("`pump`", f"{_GIVEN}.device", f"{_GIVEN}.device.reference"),
    Row("`ended.rate`, else `began.rate`, else the programme", f"{_GIVEN}.dosage.rateQuantity", note="see `basis`"),
    Row("`ended.volume`", f"{_GIVEN}.dosage.dose", note="of a part"),
    Row("`delivered.dose`, else `.volume`", f"{_GIVEN}.dosage.dose", note="of the whole infusion"),
    Row("`delivered`", f"{_GIVEN}.extension(delivered)"),
    Row("`programme`", f"{_GIVEN}.extension(programmed)"),
    Row("`began`", f"{_GIVEN}.extension(segment-began)"),
    Row("`ended`", f"{_GIVEN}.extension(segment-ended)"),
    Row("delivered or programmed", f"{_GIVEN}.extension(basis)", note="whether a rate flowed, or only was entered"),
    Row("`care_area`, `entry`, `therapy`, `library`, ...", f"{_GIVEN}.extension(context)"),
    Row("`pump`", "Device.identifier"),
    Row("`maker`", "Device.manufacturer"),
    Row("`model`", "Device.modelNumber"),
    Row("`software`, `library`", "Device.version", note="as the pump's last records claim"),
    Row("158014, 157784, 157884, 158080", "DeviceMetric.type", note="current flow, rate, VTBI, total delivered"),
    Row("mL/h, mL", "DeviceMetric.unit"),
    Row("`pump`", "DeviceMetric.source", "DeviceMetric.device"),
    Row("`alert.limit`", "DetectedIssue.code", note="codes of ours: no public one exists"),
    Row("hard or soft", "DetectedIssue.severity", note="hard is high, soft is moderate"),
    Row("`at` of the alert", "DetectedIssue.identifiedDateTime"),
    Row("`infusion`", "DetectedIssue.implicated"),
    Row("`episode`", "DetectedIssue.patient", "DetectedIssue.subject"),
    Row("`pump`", "DetectedIssue.author"),
    Row("the alert in words", "DetectedIssue.detail"),
    Row("`alert`", "DetectedIssue.extension(alert)"),
    Row("`response`, `reason`", "DetectedIssue.mitigation.action", note="absent where the log has no answer"),
    Row("`at` of the answer", "DetectedIssue.mitigation.date"),
    Row("`seconds`", "DetectedIssue.mitigation.extension(seconds-to-answer)"),
    Row("records that were chosen", "AdverseEvent.extension(event-id)", "AdverseEvent.identifier"),
    Row("what they say", "AdverseEvent.event", "AdverseEvent.code"),
    Row("`at` of the first", "AdverseEvent.date", "AdverseEvent.occurrenceDateTime"),
    Row("pump and infusion", "AdverseEvent.suspectEntity.instance", "AdverseEvent.suspectEntity.instanceReference"),
    Row("what a person says", "AdverseEvent.actuality"),
)
LEFT_OUT = (
    ("`private`", "what may identify a person is never written"),
    ("alarms, power, network, location, clock, gaps", "FHIR has no element that everybody reads; they stay in the log"),
    ("`clock_offset`, `received`", "times are by the pump's clock, as the log tells them"),
    ("an infusion of which the log tells only a refused demand", "nothing was given"),
)
"""What the log tells and FHIR does not carry, with the reason."""
