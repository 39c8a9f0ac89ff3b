"""Write records of the open event log as messages of pumps (IHE PCD), strictly by the standard. No sockets."""

from openinfusion.adapters.hl7.write.lines import Sender, Sending
from openinfusion.adapters.hl7.write.records import write_record, write_report

__all__ = ["Sender", "Sending", "write_record", "write_report"]
