"""FHIR R4 and R5: the open event log to resources, and resources of anybody to values with what was flagged."""

from openinfusion.adapters.fhir.bundle import draft_bundle, to_bytes, write_bundle
from openinfusion.adapters.fhir.cautions import Caution, Flag
from openinfusion.adapters.fhir.from_events import Made, from_log
from openinfusion.adapters.fhir.names import Release
from openinfusion.adapters.fhir.read import Reading, read_bundle, read_resource
from openinfusion.adapters.fhir.rebuild import told_changes
from openinfusion.adapters.fhir.values import Administration, Adverse, Concept, Device, Issue, Metric

__all__ = [
    "Administration",
    "Adverse",
    "Caution",
    "Concept",
    "Device",
    "Flag",
    "Issue",
    "Made",
    "Metric",
    "Reading",
    "Release",
    "draft_bundle",
    "from_log",
    "read_bundle",
    "read_resource",
    "to_bytes",
    "told_changes",
    "write_bundle",
]
