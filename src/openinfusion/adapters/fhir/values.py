"""
What is exchanged in FHIR, as values that no release of it shapes.

A resource that we write is one of these, and what we read of others becomes one; so what is written and read back is
the same value. Quantities are exact. What a sender does not say, or says in a way that must not be used, is ``None``.
"""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Literal

from openinfusion.core.event_parts import Alert, Delivered, Programmed, Response, Segment
from openinfusion.core.units import Quantity

Purpose = Literal["clinical", "test", "training", "example"]
Basis = Literal["delivered", "programmed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding:
    """One code: of which system, and what it is called."""

    code: str
    system: str | None = None
    display: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Concept:
    """A thing said in words, in codes, or both."""

    text: str | None = None
    codings: tuple[Coding, ...] = ()

    def __str__(self) -> str:
        """Return it as a reader sees it: the words, else what the first code is called."""
        if self.text is not None or not self.codings:
            return self.text or ""
        return self.codings[0].display or self.codings[0].code

    def code(self, system: str) -> str | None:
        """Return the code of a system, or ``None``."""
        return next((one.code for one in self.codings if one.system == system), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Under what an infusion ran, in the words of the open event log."""

    care_area: str | None = None
    entry: str | None = None
    therapy: str | None = None
    category: Literal["medicine", "fluid"] | None = None
    ward: str | None = None
    channel: str | None = None
    with_library: bool | None = None
    library_name: str | None = None
    library_version: str | None = None
    library_sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """
    What every resource has.

    Attributes:
        id: its logical id.
        url: how others refer to it, where it stands in a bundle.
        purpose: why it exists; what is not clinical never looks clinical.

    """

    id: str | None = None
    url: str | None = None
    purpose: Purpose = "clinical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Administration(Resource):
    """
    An infusion, or a part of one that flowed at one rate (MedicationAdministration).

    Attributes:
        status: in the word of FHIR, the same in both releases.
        medicine: what was given.
        start: when it began, by the clock of the pump.
        end: when it ended; the same as ``start`` where only a moment is told.
        rate: volume or dose per time.
        dose: what was given: of an infusion the drug where the log tells it, else the volume; of a part the volume.
        reasons: why it has this status.
        device: reference to the pump.
        part_of: reference to the infusion that this is a part of.
        part: what it is: the whole infusion, a source of flow, or KVO; ``None`` if the sender does not say.
        basis: whether rate and dose were delivered, or only programmed.
        infusion: name of the infusion on its pump.
        record: id of the record of the event log that it began with.
        episode: random token of the event log that stands for the patient's time on pumps; never a patient's number.
        programmed: what was entered.
        delivered: what the whole infusion has delivered.
        began: the delivery segment as it began.
        ended: the delivery segment as it ended.
        context: under what it ran.

    """

    status: str
    medicine: Concept | None = None
    start: datetime | None = None
    end: datetime | None = None
    rate: Quantity | None = None
    dose: Quantity | None = None
    reasons: tuple[Concept, ...] = ()
    device: str | None = None
    part_of: str | None = None
    part: str | None = None
    basis: Basis | None = None
    infusion: str | None = None
    record: str | None = None
    episode: str | None = None
    programmed: Programmed | None = None
    delivered: Delivered | None = None
    began: Segment | None = None
    ended: Segment | None = None
    context: Context | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Device(Resource):
    """
    A pump (Device); the library is what the pump claims to hold.

    Attributes:
        asset: asset number.
        serial: serial number of its maker.
        maker: who makes it.
        model: its model.
        software: version of its software.
        library_name: the drug library in force.
        library_version: version of that.
        library_sha256: identity of that.

    """

    asset: str | None = None
    serial: str | None = None
    maker: str | None = None
    model: str | None = None
    software: str | None = None
    library_name: str | None = None
    library_version: str | None = None
    library_sha256: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric(Resource):
    """
    What a device measures or is set to (DeviceMetric).

    Attributes:
        type: what it is.
        unit: UCUM code of its unit.
        category: measurement, setting, calculation or unspecified.
        device: reference to the device.

    """

    type: Concept
    unit: str | None = None
    category: str
    device: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue(Resource):
    """
    An alert of the dose limits (DetectedIssue).

    Attributes:
        status: in the word of FHIR.
        code: which limit was crossed, or what the sender calls it.
        severity: high, moderate or low.
        at: when it was raised.
        text: what happened, in words.
        device: reference to the pump.
        implicated: references to the infusions that it speaks of.
        episode: as in ``Administration``.
        alert: what was attempted, and the limit.
        record: id of the record that raised it.
        response: what became of it; ``None`` if the log does not tell of any answer.
        answered: when.
        seconds: how long the answer took.
        reason: the reason given.
        actions: what a sender other than us says was done about it.

    """

    status: str
    code: Concept | None = None
    severity: str | None = None
    at: datetime | None = None
    text: str | None = None
    device: str | None = None
    implicated: tuple[str, ...] = ()
    episode: str | None = None
    alert: Alert | None = None
    record: str | None = None
    response: Response | None = None
    answered: datetime | None = None
    seconds: Fraction | None = None
    reason: str | None = None
    actions: tuple[Concept, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Adverse(Resource):
    """
    A draft of a report, never sent (AdverseEvent).

    Attributes:
        actuality: actual, or potential.
        code: what happened.
        at: when.
        suspects: references to the devices and administrations concerned.
        records: ids of the records of the event log that it speaks of.
        episode: as in ``Administration``.
        is_draft: whether it says that it is a local draft.

    """

    actuality: str
    code: Concept | None = None
    at: datetime | None = None
    suspects: tuple[str, ...] = ()
    records: tuple[str, ...] = ()
    episode: str | None = None
    is_draft: bool = False
