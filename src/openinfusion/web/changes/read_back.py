"""Whether what a change releases was typed into the vendor's editor without error: the read-back that stands."""

from dataclasses import dataclass

from openinfusion.web.changes.models import Change, Declared
from openinfusion.web.imports.models import ReadBackRecord
from openinfusion.web.imports.transcription import latest_read_back, why_not_typed

NOT_TYPED = "not_typed"
"""The declaration that nobody types the library anywhere: its pumps take the signed canonical file itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """
    The read-back of a library that stands.

    Attributes:
        record: the newest; ``None`` where there is none.
        differences: how many it found; ``None`` where nobody looked.
        lacks: why the library does not count as transcribed, or nothing.

    """

    record: ReadBackRecord | None
    differences: int | None
    lacks: str


def read_back_of(change: Change, sha256: str, said: Declared | None) -> Standing:
    """
    Return which read-back of a library stands.

    That it is typed nowhere may be declared; once somebody reads it back, what they found counts, whatever was said.
    """
    record = latest_read_back(change.organisation, sha256) if sha256 else None
    if record is None and said is not None and said.content:
        return Standing(record=None, differences=0, lacks="")
    differences = None if record is None else len(record.differences)
    return Standing(record=record, differences=differences, lacks=why_not_typed(record) or "")
