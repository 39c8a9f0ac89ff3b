"""
The words that FHIR needs: releases, systems of codes, our own extensions, and codes of IEEE 11073.

There is no public code for "a dose limit was exceeded" or "a soft limit was overridden", so those are codes of our own,
under ``urn:openinfusion:fhir``; whoever reads them needs no server to know what they mean, for the display says it.
Sources: HL7 FHIR R4 (4.0.1) and R5 (5.0.0); IEEE 11073-10101 by way of IHE DEV and NIST RTMMS.
"""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final, NamedTuple


class Release(Enum):
    """A release of FHIR; the value is what a user types."""

    R4 = "R4"
    R5 = "R5"


OURS: Final = "urn:openinfusion:fhir"
UCUM: Final = "http://unitsofmeasure.org"
MDC: Final = "urn:iso:std:iso:11073:10101"
ACT_REASON: Final = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
ABSENT: Final = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"

# Systems of identifiers.
EPISODE: Final = f"{OURS}:episode"
ASSET: Final = f"{OURS}:pump"
INFUSION: Final = f"{OURS}:infusion"
RECORD: Final = f"{OURS}:event-id"

# Systems of codes of our own.
PART: Final = f"{OURS}:part-of-infusion"
STOP: Final = f"{OURS}:why-nothing-flows"
LIMIT: Final = f"{OURS}:dose-limit"
ANSWER: Final = f"{OURS}:answer-to-alert"
PURPOSE: Final = f"{OURS}:purpose"
DRAFT: Final = f"{OURS}:draft"
VERSION: Final = f"{OURS}:device-version"

# Extensions of our own.
BEGAN: Final = f"{OURS}:segment-began"
ENDED: Final = f"{OURS}:segment-ended"
PROGRAMMED: Final = f"{OURS}:programmed"
DELIVERED: Final = f"{OURS}:delivered"
CONTEXT: Final = f"{OURS}:context"
BASIS: Final = f"{OURS}:basis"
ALERT: Final = f"{OURS}:alert"
SECONDS: Final = f"{OURS}:seconds-to-answer"
REASON: Final = f"{OURS}:reason"

TEST_CODE: Final = "HTEST"
DRAFT_CODE: Final = "local-draft"
DRAFT_WORDS: Final = "local draft: a person completes and reports it; this software never sends it"
PART_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "infusion": "one infusion, from its programming to its end",
        "primary": "primary infusion at one rate",
        "secondary": "secondary infusion at one rate",
        "clinician": "bolus given by a clinician",
        "loading": "loading dose",
        "patient": "dose on the patient's demand",
        "kvo": "keep-vein-open flow",
    }
)
"""What an administration is a part of; all but the first are sources of flow of the open event log, and KVO."""
STATUSES: Final = (*("in-progress", "not-done", "on-hold", "completed", "entered-in-error", "stopped", "unknown"),)
"""The words of MedicationAdministration.status, the same in both releases."""


class MetricTerm(NamedTuple):
    """A metric that pumps have: code and name in IEEE 11073-10101, its unit in UCUM, and what kind it is."""

    code: str
    name: str
    unit: str
    category: str


METRICS: Final = (
    MetricTerm("158014", "MDC_FLOW_FLUID_PUMP_CURRENT", "mL/h", "measurement"),
    MetricTerm("157784", "MDC_FLOW_FLUID_PUMP", "mL/h", "setting"),
    MetricTerm("157884", "MDC_VOL_FLUID_TBI", "mL", "setting"),
    MetricTerm("158080", "MDC_VOL_FLUID_DELIV_PUMP_TOTAL", "mL", "measurement"),
)
METRIC_UNITS: Mapping[str, str] = MappingProxyType({one.code: one.unit for one in METRICS} | {"157993": "mL"})
"""What the unit of a metric must measure like, by its code."""


class VersionTerm(NamedTuple):
    """A version that a device has: the field it feeds, and the code for it."""

    field: str
    system: str
    code: str
    display: str


VERSIONS: Final = (
    VersionTerm("software", MDC, "531975", "MDC_ID_PROD_SPEC_SW"),
    VersionTerm("library_name", MDC, "184520", "MDC_PUMP_DRUG_LIBRARY_NAME"),
    VersionTerm("library_version", MDC, "184517", "MDC_PUMP_DRUG_LIBRARY_VERSION"),
    VersionTerm("library_sha256", VERSION, "library-sha256", "SHA-256 of the drug library, as the pump claims it"),
)
