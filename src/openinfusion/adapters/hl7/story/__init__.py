"""From what messages of pumps say to the records of the open event log. No sockets, no files."""

from openinfusion.adapters.hl7.story.hear import hear
from openinfusion.adapters.hl7.story.heard import Heard, What
from openinfusion.adapters.hl7.story.keeping import from_bytes, to_bytes
from openinfusion.adapters.hl7.story.making import void
from openinfusion.adapters.hl7.story.tell import Story, tell

__all__ = ["Heard", "Story", "What", "from_bytes", "hear", "tell", "to_bytes", "void"]
