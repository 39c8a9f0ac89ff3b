"""What review finds: how grave it is, where it stands, and what a person decided about it."""

from dataclasses import dataclass
from datetime import date
from enum import Enum

from openinfusion.core.errors import AuthorError


class Severity(Enum):
    """How grave a finding is, gravest first."""

    ERROR = "error"
    WARNING = "warning"
    ADVICE = "advice"

    @property
    def rank(self) -> int:
        """The place in the order of gravity; the gravest is 0."""
        return _RANKS[self]


_RANKS = {severity: number for number, severity in enumerate(Severity)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """
    Where a finding stands: the path inside the document, and the same in words.

    ``item`` is the id of the entry, drug, care area or advisory; it is empty for the library as a whole.
    """

    path: str
    item: str = ""
    drug: str | None = None
    care_area: str | None = None
    therapy: str | None = None
    strength: str | None = None
    advisory: str | None = None

    def __str__(self) -> str:
        """Return the place in words: "fentanyl, Adult critical care, sedation, 2.5 mg in 50 mL"."""
        parts = (self.drug, self.care_area, self.therapy, self.strength, self.advisory)
        return ", ".join(part for part in parts if part) or "the library"


@dataclass(frozen=True, slots=True)
class Fault:
    """What a rule's judge says about one subject: place, one sentence, and a severity if it is not the rule's own."""

    place: Place
    message: str
    severity: Severity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """
    A decision to live with a finding: which rule on which item, why, by which role, and until when.

    ``path`` and ``message``, where given, must be those of the finding: when the values in the sentence change, the
    finding is open again, because nobody accepted the new ones.
    """

    rule: str
    item: str
    reason: str
    by: str
    until: date
    path: str | None = None
    message: str | None = None

    def __post_init__(self) -> None:
        """Refuse a decision without a reason, or that nobody answers for."""
        for name in ("reason", "by"):
            if not getattr(self, name).strip():
                raise AuthorError(where=name, found="nothing", expected="why it is accepted, and by which role")

    def covers(self, rule: str, place: Place, message: str) -> bool:
        """Whether this speaks of a finding of that rule, at that place, in those words."""
        return (
            self.rule == rule
            and self.item == place.item
            and self.path in (None, place.path)
            and self.message in (None, message)
        )
