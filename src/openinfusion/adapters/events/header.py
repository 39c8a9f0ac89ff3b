"""The first line of a log."""

import re
from typing import Any

import msgspec

from openinfusion.adapters.documents import Json, parse_json, to_json
from openinfusion.adapters.events.record import LONGEST_LINE, read_group
from openinfusion.adapters.events.shape import parts_of
from openinfusion.adapters.events.values import quoted, shown
from openinfusion.core.errors import EventError, Fault, FormatVersionError, SenderError
from openinfusion.core.events import FORMAT, EventLog

MAJOR = 1
_VERSION = re.compile(r"([0-9]{1,9})\.([0-9]{1,9})")
_EXAMPLE = '{"format": "openinfusion-events", "format_version": "1.0", "organisation": "..."}'


def read_header(line: bytes, name: str) -> EventLog:
    """
    Return the header in the first line of a log; keys of a newer minor version are kept.

    Raises:
        FormatVersionError: the log is of a newer major version.
        SenderError: the line is no header, or breaks its rules.

    """
    where = f"{name}, line 1"
    if len(line) > LONGEST_LINE:
        raise SenderError(where=where, found="a line of more than 1 MB", expected=f"a header such as {_EXAMPLE}")
    if not line.strip():
        raise SenderError(where=where, found="an empty line", expected=f"a header such as {_EXAMPLE}")
    try:
        value = parse_json(line, where=where)
    except SenderError as error:
        words = f"a header such as {_EXAMPLE} ({error.expected})"
        raise SenderError(where=where, found=error.found, expected=words) from error
    return header_from_json(value, where=where)


def header_from_json(value: Any, *, where: str) -> EventLog:  # noqa: ANN401 - JSON is any value
    """Return a header; raises as ``read_header`` does."""
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise SenderError(where=where, found="no header of an event log", expected=f"a line such as {_EXAMPLE}")
    _check_version(value.get("format_version"), where)
    values, faults, extra = read_group(value, parts_of(EventLog))
    if faults:
        raise EventError(faults, where=where)
    try:
        return EventLog(**values, extra=extra)
    except EventError as error:
        raise EventError(error.faults, where=where) from error


def _check_version(version: object, where: str) -> None:
    match = _VERSION.fullmatch(version) if isinstance(version, str) else None
    if match is None or int(match[1]) < MAJOR:
        found = quoted(version) if isinstance(version, str) else shown(version)
        raise EventError([Fault("format_version", found, f'a text such as "{MAJOR}.0"')], where=where)
    if int(match[1]) > MAJOR:
        raise FormatVersionError(
            where=f"{where}, format_version",
            found=match[0],
            expected=f"{MAJOR}.x: a newer OpenInfusion reads it, or ask the sender for an export in version {MAJOR}.0",
        )


def header_to_json(header: EventLog) -> Json:
    """Return a header as a file writes it."""
    known: Json = to_json(header)
    return {**known.pop("extra", {}), **known}


def header_line(header: EventLog) -> bytes:
    """Return the first line of a log, without its end."""
    return msgspec.json.encode(header_to_json(header))
