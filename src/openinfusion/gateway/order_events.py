"""The event log that the pumps of a bench write: appended to, and made whole again after the process was killed."""

import logging
from collections.abc import Iterable
from pathlib import Path

from openinfusion.adapters.events import read_events, record_lines, to_row, to_table
from openinfusion.adapters.events.header import header_line
from openinfusion.core.errors import FileAccessError
from openinfusion.core.events import Event, EventLog

SOURCE = "OpenInfusion bench of virtual pumps"
_log = logging.getLogger("openinfusion.gateway")


class EventFile:
    """
    A log in JSON Lines.

    What the pumps noted before follows from the book; a record that is in the file already is not written again.
    """

    def __init__(self, path: Path, organisation: str) -> None:
        """
        Open the log, or begin it; half a line at its end, left by a kill, is cut off.

        Raises:
            FileAccessError: it cannot be read or written, or is no event log.

        """
        self._path = path
        self._header = EventLog(organisation=organisation, source=SOURCE, purpose="test")
        try:
            self._known = self._made_whole()
        except OSError as error:
            found = error.strerror or "an error"
            raise FileAccessError(where=str(path), found=found, expected="a file that can be written") from error

    def _made_whole(self) -> set[str]:
        content = self._path.read_bytes() if self._path.exists() else b""
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            _log.warning("%s: half a record at its end, cut off", self._path.name)
            with self._path.open("r+b") as file:
                file.truncate(len(whole))
        if not whole:
            self._path.write_bytes(header_line(self._header) + b"\n")
            return set()
        return {line.event_id for line in read_events(self._path) if line.event_id is not None}

    def append(self, events: Iterable[Event]) -> None:
        """Append records; raises FileAccessError if there is no room."""
        fresh = [event for event in events if event.event_id not in self._known]
        if not fresh:
            return
        try:
            with self._path.open("ab") as file:
                file.write(record_lines(to_table(map(to_row, fresh))))
        except OSError as error:
            found = error.strerror or "an error"
            raise FileAccessError(where=str(self._path), found=found, expected="room on the disk") from error
        self._known.update(event.event_id for event in fresh)
