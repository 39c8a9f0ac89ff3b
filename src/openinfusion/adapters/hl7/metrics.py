"""
What each code of an OBX feeds: one table for the reader, the documents and whoever writes messages.

A code is a field of one part of the picture of a pump. Which part it belongs to follows from its device node: a rate
under the primary channel is the rate of the primary source, whatever the numbers in OBX-4 are.
"""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple

from openinfusion.adapters.hl7.units import COUNT


class NodeKind(Enum):
    """What a device node of the containment tree stands for."""

    RACK = "rack"
    PUMP = "pump"
    MODULE = "module"
    DELIVERY = "delivery"
    PRIMARY = "primary"
    SECONDARY = "secondary"
    CLINICIAN = "clinician"
    LOADING = "loading"
    PATIENT = "patient"
    SOURCE = "source"
    SYRINGE = "syringe"
    NETWORK = "network"
    BATTERY = "battery"
    OTHER = "other"

    # There is one object per member, so its identity is hash enough; that of Enum costs ten times as much.
    __hash__ = object.__hash__


NODES: Mapping[int, NodeKind] = MappingProxyType(
    {
        **dict.fromkeys((69985, 70049, 70053, 70057, 70061, 69984, 70048, 70052, 70056, 70060), NodeKind.PUMP),
        **dict.fromkeys((69986, 70050, 70054, 70058, 70062), NodeKind.MODULE),
        70101: NodeKind.RACK,
        70067: NodeKind.DELIVERY,
        126978: NodeKind.DELIVERY,
        126977: NodeKind.SOURCE,
        70055: NodeKind.SOURCE,
        70071: NodeKind.PRIMARY,
        70075: NodeKind.SECONDARY,
        70079: NodeKind.CLINICIAN,
        70083: NodeKind.LOADING,
        70059: NodeKind.PATIENT,
        70091: NodeKind.SYRINGE,
        65620: NodeKind.NETWORK,
        65577: NodeKind.BATTERY,
    }
)
SOURCES = frozenset(
    {
        NodeKind.PRIMARY,
        NodeKind.SECONDARY,
        NodeKind.CLINICIAN,
        NodeKind.LOADING,
        NodeKind.PATIENT,
        NodeKind.SOURCE,
    }
)


class Part(Enum):
    """A part of the picture of a pump."""

    PUMP = "pump"
    DELIVERY = "delivery"
    SOURCE = "source"
    MORE = "source, more"
    SYRINGE = "syringe"
    NETWORK = "network"
    BATTERY = "battery"
    ALERT = "alert"
    LOCATION = "location"


class Form(Enum):
    """How the value of a code is read."""

    AMOUNT = "a number with its unit"
    TEXT = "text"
    ID = "the first component of an identifier"
    WORD = "a word of an enumeration"
    WORDS = "words of an enumeration, repeated"
    CODED = "code, name and text"
    PAIRS = "key=value, repeated"


class Metric(NamedTuple):
    """
    What a code feeds.

    Attributes:
        part: which part.
        field: the field of it.
        form: how the value is read.
        fit: what its unit must measure, for an amount.

    """

    part: Part
    field: str
    form: Form = Form.AMOUNT
    fit: str = ""


_SOURCE: dict[int | str, tuple[str, str]] = {
    157784: ("rate", "flow"),
    16935000: ("rate_setting", "flow"),
    157924: ("dose_rate", "dose rate"),
    157884: ("vtbi", "volume"),
    157872: ("remaining", "volume"),
    157992: ("segment", "volume"),
    157993: ("total", "volume"),
    158084: ("method_total", "volume"),
    157864: ("delivered", "volume"),
    157916: ("time_remaining", "duration"),
    157996: ("time_programmed", "duration"),
    157999: ("dose_to_give", "dose"),
    158000: ("dose_remaining", "dose"),
    158001: ("dose_total", "dose"),
    158002: ("dose_delivered", "dose"),
    "MDC_INFUS_DOSE_DELIV": ("dose_delivered", "dose"),
    158003: ("dose_segment", "dose"),
    157760: ("concentration", "concentration"),
    68063: ("weight", "weight"),
    68060: ("height", "height"),
    188744: ("body_surface_area", "area"),
}
_SOURCE_WORDS: dict[int | str, str] = {
    158005: "status",
    158006: "reason",
    158008: "mode",
    184504: "mode",
    184511: "mode",
    184512: "mode",
    184513: "reason",
    158007: "completion",
    158009: "program_status",
}
_SOURCE_TEXTS: dict[int | str, str] = {
    158012: "label",
    # The name of the drug before 2013, then its successor.
    184330: "drug",
    184514: "drug",
    184515: "drug_id",
    184516: "care_area",
}
_MORE: dict[int | str, tuple[str, str]] = {
    157994: ("container_start", "volume"),
    # Counted since somebody cleared it, which may be in another infusion (IPEC before 2013).
    157888: ("counter", "volume"),
    157997: ("container_time", "duration"),
    157998: ("dose_interval", "duration"),
    158004: ("container_drug", "dose"),
    157985: ("dose_limit", "dose"),
    157986: ("volume_limit", "volume"),
    157987: ("limit_window", "duration"),
    157988: ("doses_an_hour", COUNT),
    157989: ("lockout", "duration"),
    157990: ("doses_given", COUNT),
    157991: ("doses_attempted", COUNT),
    158017: ("patient_dose", "dose"),
    158018: ("loading_dose", "dose"),
    158019: ("clinician_dose", "dose"),
    158023: ("intermittent_dose", "dose"),
    158025: ("next_dose", "duration"),
    158032: ("step", COUNT),
    158033: ("steps", COUNT),
    158034: ("step_vtbi", "volume"),
    158035: ("step_delivered", "volume"),
    158036: ("step_remaining", "volume"),
    158124: ("tci_target", "concentration"),
    158128: ("tci_plasma", "concentration"),
    158132: ("tci_effect", "concentration"),
}
_MORE_WORDS: dict[int | str, str] = {158037: "step_type", 158069: "tci_mode", 158071: "relay_state"}
_MORE_TEXTS: dict[int | str, str] = {158070: "tci_model", 158072: "relay_id"}
_OTHERS: dict[int | str, Metric] = {
    184519: Metric(Part.DELIVERY, "infusing", Form.WORD),
    184508: Metric(Part.DELIVERY, "infusing", Form.WORD),
    158014: Metric(Part.DELIVERY, "flow", Form.AMOUNT, "flow"),
    158016: Metric(Part.DELIVERY, "active", Form.WORDS),
    158015: Metric(Part.DELIVERY, "enabled", Form.WORDS),
    158080: Metric(Part.DELIVERY, "pump_total", Form.AMOUNT, "volume"),
    157880: Metric(Part.SYRINGE, "size", Form.AMOUNT, "volume"),
    157984: Metric(Part.SYRINGE, "volume", Form.AMOUNT, "volume"),
    184476: Metric(Part.SYRINGE, "type", Form.TEXT),
    184488: Metric(Part.SYRINGE, "maker", Form.TEXT),
    184517: Metric(Part.PUMP, "library_version", Form.TEXT),
    184520: Metric(Part.PUMP, "library_name", Form.TEXT),
    184521: Metric(Part.PUMP, "rack_library_version", Form.TEXT),
    184522: Metric(Part.PUMP, "rack_library_name", Form.TEXT),
    67880: Metric(Part.PUMP, "model", Form.TEXT),
    67972: Metric(Part.PUMP, "system_id", Form.ID),
    531975: Metric(Part.PUMP, "software", Form.PAIRS),
    531976: Metric(Part.PUMP, "firmware", Form.PAIRS),
    68487: Metric(Part.PUMP, "event", Form.CODED),
    68488: Metric(Part.PUMP, "event_source", Form.TEXT),
    68012: Metric(Part.PUMP, "condition", Form.CODED),
    67925: Metric(Part.PUMP, "power_status", Form.TEXT),
    68219: Metric(Part.PUMP, "clock_state", Form.TEXT),
    68220: Metric(Part.PUMP, "clock_protocol", Form.TEXT),
    "MDCX_DMC_ATTR_POWER_SOURCE": Metric(Part.PUMP, "power_source", Form.TEXT),
    "MDCX_DMC_ATTR_POWER_STATE": Metric(Part.PUMP, "power_state", Form.TEXT),
    "MDCX_PUMP_POWER_STATUS": Metric(Part.PUMP, "power_pairs", Form.PAIRS),
    "MDCX_PUMP_MAINTENANCE_STATUS": Metric(Part.PUMP, "maintenance", Form.PAIRS),
    "MDC_COMM_STATUS": Metric(Part.PUMP, "connection", Form.WORD),
    "MDC_ATTR_PILLAR_ASSEMBLY": Metric(Part.PUMP, "pillar_assembly", Form.TEXT),
    "MDC_ATTR_PUMP_PILLAR_DETAILS": Metric(Part.PUMP, "pillar", Form.TEXT),
    69408: Metric(Part.NETWORK, "state", Form.TEXT),
    69410: Metric(Part.NETWORK, "address", Form.TEXT),
    69416: Metric(Part.NETWORK, "mac", Form.TEXT),
    69417: Metric(Part.NETWORK, "name", Form.TEXT),
    69425: Metric(Part.NETWORK, "strength", Form.AMOUNT, COUNT),
    69427: Metric(Part.NETWORK, "speed", Form.AMOUNT, COUNT),
    68020: Metric(Part.BATTERY, "state", Form.TEXT),
    67976: Metric(Part.BATTERY, "time_left", Form.AMOUNT, "duration"),
    67996: Metric(Part.BATTERY, "charge", Form.AMOUNT, COUNT),
    68023: Metric(Part.BATTERY, "capacity", Form.AMOUNT, COUNT),
    196616: Metric(Part.ALERT, "alarm", Form.CODED),
    68480: Metric(Part.ALERT, "source", Form.CODED),
    68481: Metric(Part.ALERT, "phase", Form.WORD),
    68482: Metric(Part.ALERT, "state", Form.WORD),
    68483: Metric(Part.ALERT, "inactivation", Form.WORDS),
    68484: Metric(Part.ALERT, "priority", Form.TEXT),
    68485: Metric(Part.ALERT, "type", Form.TEXT),
    68546: Metric(Part.ALERT, "text", Form.TEXT),
    "MDCX_LS_ATTR_NAME": Metric(Part.LOCATION, "name", Form.TEXT),
    "MDCX_LS_ATTR_LOCATION": Metric(Part.LOCATION, "place", Form.TEXT),
    "MDCX_LS_ATTR_COORD_X": Metric(Part.LOCATION, "x", Form.AMOUNT, "height"),
    "MDCX_LS_ATTR_COORD_Y": Metric(Part.LOCATION, "y", Form.AMOUNT, "height"),
    "MDCX_LS_ATTR_COORD_Z": Metric(Part.LOCATION, "z", Form.AMOUNT, "height"),
}
METRICS: Mapping[int | str, Metric] = MappingProxyType(
    {
        **{key: Metric(Part.SOURCE, name, Form.AMOUNT, fit) for key, (name, fit) in _SOURCE.items()},
        **{key: Metric(Part.SOURCE, name, Form.WORD) for key, name in _SOURCE_WORDS.items()},
        **{key: Metric(Part.SOURCE, name, Form.TEXT) for key, name in _SOURCE_TEXTS.items()},
        **{key: Metric(Part.MORE, name, Form.AMOUNT, fit) for key, (name, fit) in _MORE.items()},
        **{key: Metric(Part.MORE, name, Form.WORD) for key, name in _MORE_WORDS.items()},
        **{key: Metric(Part.MORE, name, Form.TEXT) for key, name in _MORE_TEXTS.items()},
        **_OTHERS,
    }
)
RATE, FLOW = METRICS[157784], METRICS[158014]
