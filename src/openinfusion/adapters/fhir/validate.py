"""
Whether a resource keeps the rules of its release, as the models of fhir.resources judge it.

They are of R4B (4.3.0) and R5 (5.0.0); R4B left the types that are written here as they are in R4 (4.0.1). The package
is loaded when the first resource is judged, because no other command needs it. It only judges: it would write every
decimal by way of a float, so the bytes are our own.
"""

from typing import NamedTuple

from openinfusion.adapters.documents import Json
from openinfusion.adapters.fhir.names import Release
from openinfusion.core.errors import SenderError

TYPES = ("MedicationAdministration", "Device", "DeviceMetric", "DetectedIssue", "AdverseEvent", "Bundle")
_MOST_SHOWN = 120


class Broken(NamedTuple):
    """A rule that a resource breaks: where, below the resource, and which."""

    path: str
    rule: str


def broken_rules(resource: Json, release: Release) -> tuple[Broken, ...]:
    """Return every rule of a release that a resource of a type of ours breaks."""
    import pydantic  # noqa: PLC0415 - what the models of fhir.resources are made of; slow to load, as they are
    from fhir.resources import get_fhir_model_class as r5  # noqa: PLC0415 - no other command needs it
    from fhir.resources.R4B import get_fhir_model_class as r4  # noqa: PLC0415 - as above

    model = (r4 if release is Release.R4 else r5)(str(resource["resourceType"]))
    try:
        model.model_validate(resource)
    except pydantic.ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        return tuple(_told(one["loc"], one["msg"]) for one in faults)
    return ()


def _told(steps: tuple[int | str, ...], rule: str) -> Broken:
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return Broken(path, rule.removeprefix("Value error, ")[:_MOST_SHOWN])


def check_written(resource: Json, release: Release) -> None:
    """Refuse to write what breaks a rule; raises SenderError with the place."""
    for broken in broken_rules(resource, release):
        place = f"{resource['resourceType']}{broken.path}"
        raise SenderError(where=place, found=broken.rule, expected=f"a resource of FHIR {release.value}")
