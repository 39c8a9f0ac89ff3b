"""HL7 v2 messages of infusion pumps (IHE PCD): bytes to values, with what was let pass. No sockets."""

from openinfusion.adapters.hl7.leniency import Caution, Leniency
from openinfusion.adapters.hl7.meaning import read_meaning
from openinfusion.adapters.hl7.messages import (
    Acknowledgement,
    AlertMessage,
    DeviceManagement,
    DeviceReport,
    LocationReport,
    Meaning,
    Other,
    PumpEvent,
)
from openinfusion.adapters.hl7.reader import read_message
from openinfusion.adapters.hl7.route import Transaction
from openinfusion.adapters.hl7.text import Message, Segment, Separators

__all__ = [
    "Acknowledgement",
    "AlertMessage",
    "Caution",
    "DeviceManagement",
    "DeviceReport",
    "Leniency",
    "LocationReport",
    "Meaning",
    "Message",
    "Other",
    "PumpEvent",
    "Segment",
    "Separators",
    "Transaction",
    "read_meaning",
    "read_message",
]
