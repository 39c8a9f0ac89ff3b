"""The kinds of subject that rules look at, each in the words that a report uses for counting them."""

from openinfusion.core.library import EntryType, Library
from openinfusion.core.review.rule import Scope
from openinfusion.core.review.survey import Area, Beside, Family, Medicine, Notice, Pair, Part, Row, Survey, Text


def rows(words: str, of_type: EntryType) -> Scope[Row]:
    """Return the scope of the entries of one type."""
    return Scope(words, lambda survey: (row for row in survey.rows if row.entry.type is of_type))


def whole(survey: Survey) -> tuple[Library]:
    """Return the library as the only subject."""
    return (survey.library,)


def compared(survey: Survey) -> list[Row]:
    """Return the entries that the parent library has too."""
    return [row for row in survey.rows if row.entry.id in survey.parent_entries]


ENTRIES: Scope[Row] = Scope("entries", lambda s: s.rows)
DOSES: Scope[Part] = Scope("doses with limits", lambda s: s.doses)
HIGH_ALERT_DOSES: Scope[Part] = Scope(
    "doses of high-alert drugs",
    lambda s: (p for p in s.doses if p.row.is_high_alert and not p.path.startswith(("b", "l"))),
)
OTHER_DOSES: Scope[Part] = Scope("doses of other drugs", lambda s: (p for p in s.doses if not p.row.is_high_alert))
LIMITS: Scope[Part] = Scope("groups of limits", lambda s: (part for row in s.rows for part in row.parts))
OPEN: Scope[Row] = Scope("entries with an open concentration", lambda s: (row for row in s.rows if row.is_open))
FIXED: Scope[Row] = Scope("entries with a fixed concentration", lambda s: (r for r in s.rows if r.strength is not None))
HIGH_ALERT: Scope[Row] = Scope("entries of high-alert drugs", lambda s: (row for row in s.rows if row.is_high_alert))
BOLUSES: Scope[Row] = Scope("entries with a bolus", lambda s: (row for row in s.rows if row.entry.bolus is not None))
LOADINGS: Scope[Row] = Scope(
    "entries with a loading dose", lambda s: (row for row in s.rows if row.entry.loading is not None)
)
CONTINUOUS = rows("continuous entries", EntryType.CONTINUOUS)
INTERMITTENT = rows("intermittent entries", EntryType.INTERMITTENT)
FLUIDS = rows("fluid entries", EntryType.FLUID)
PCA = rows("PCA entries", EntryType.PCA)
YOUNG: Scope[Row] = Scope("entries of paediatric and neonatal areas", lambda s: (row for row in s.rows if row.is_young))
FAMILIES: Scope[Family] = Scope("drugs with two or more entries", lambda s: s.families)
AREAS: Scope[Area] = Scope("care areas", lambda s: s.areas)
DRUGS: Scope[Medicine] = Scope("drugs", lambda s: s.medicines)
ADVISORIES: Scope[Notice] = Scope("advisories", lambda s: s.notices)
TEXTS: Scope[Text] = Scope("texts that a pump shows", lambda s: s.texts)
LOOK_ALIKES: Scope[Pair] = Scope("pairs of look-alike drugs in one pick list", lambda s: s.look_alikes)
PICK_LISTS: Scope[Beside] = Scope("pairs of drugs in one pick list", lambda s: s.neighbours)
LIBRARY: Scope[Library] = Scope("library", whole)
COMPARED: Scope[Row] = Scope("entries that the parent library has too", compared)
