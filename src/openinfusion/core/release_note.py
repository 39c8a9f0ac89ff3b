"""
What a nurse needs to know of a new version of a library: in plain words, with what to do differently, gravest first.

It never grows longer than a page. What does not fit, and what changes nothing that a pump does, is counted and said.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from openinfusion.core.difference import Change, ChangeKind

MOST_LINES, MOST_LETTERS = 10, 2_200
QUIET = frozenset({ChangeKind.USUAL_CHANGED, ChangeKind.TEXT_CHANGED})
"""What changes nothing that a pump does."""
_K = ChangeKind
_SET = (_K.LIMIT_SET, _K.LIMIT_WIDENED, _K.LIMIT_TIGHTENED)
_LIMITS = (*_SET, _K.LIMIT_REMOVED)
_SIDES = {
    "hard_max": ("refuses", "above"),
    "soft_max": ("asks you to confirm", "above"),
    "soft_min": ("asks you to confirm", "below"),
    "hard_min": ("refuses", "below"),
}
_ASK = "If it stops what was prescribed, ask the prescriber or the pharmacist; never run it without limits."
_DO = {
    _K.LIMIT_WIDENED: "It stops you later than before: check the value against the prescription.",
    _K.LIMIT_REMOVED: "The pump no longer helps here: check the value against the prescription.",
    _K.LIMIT_TIGHTENED: _ASK,
    _K.LIMIT_SET: _ASK,
    _K.UNIT_CHANGED: "The same number now means another dose: read the unit together with the number.",
    _K.STRENGTH_CHANGED: "Check the label of the syringe or bag against the pump before you start.",
    _K.CONCENTRATION_FIXED: "If the syringe or bag holds another strength, do not start: ask the pharmacist.",
    _K.CONCENTRATION_OPENED: "Read amount and volume off the label, and have a second person check what you enter.",
    _K.ENTRY_REMOVED: "Do not run it without limits: ask the pharmacist which entry to choose.",
    _K.DRUG_REMOVED: "Do not run it without limits: ask the pharmacist.",
    _K.CARE_AREA_REMOVED: "Ask which profile to choose instead.",
    _K.INITIAL_CHANGED: "Check the value that the pump offers before you start.",
    _K.DOSE_OFFERED: "Use it only where it was prescribed.",
    _K.SAFEGUARD_LIFTED: "Take the care that the pump no longer takes.",
    _K.DRUG_CHANGED: "Read the entry anew before you choose it.",
}
_WHAT = {
    _K.STRENGTH_CHANGED: "The strength is now {after} (before: {before}).",
    _K.CONCENTRATION_FIXED: "The strength is now fixed, {after}: you no longer enter it.",
    _K.CONCENTRATION_OPENED: "You now enter the strength yourself (before: {before}).",
    _K.ENTRY_ADDED: "New on the pump.",
    _K.ENTRY_REMOVED: "No longer on the pump.",
    _K.DRUG_ADDED: "New on the pumps.",
    _K.DRUG_REMOVED: "No longer on the pumps.",
    _K.CARE_AREA_ADDED: "A new profile on the pumps.",
    _K.CARE_AREA_REMOVED: "The profile is no longer on the pumps.",
    _K.INITIAL_CHANGED: "The pump now begins with {after} (before: {before}).",
    _K.DOSE_OFFERED: "The pump now offers: {field}.",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is different: of what, in which care areas, what it is, and what to do."""

    about: str
    care_areas: tuple[str, ...]
    what: str
    do: str
    is_loosening: bool

    @property
    def letters(self) -> int:
        """How much room it takes."""
        return len(self.about) + sum(map(len, self.care_areas)) + len(self.what) + len(self.do)


@dataclass(frozen=True, slots=True)
class ReleaseNote:
    """The lines that a page holds, how many more there are, and how many changes alter nothing that a pump does."""

    lines: tuple[Line, ...]
    more: int
    quiet: int


def release_note(changes: Iterable[Change]) -> ReleaseNote:
    """Return the note of changes that come gravest first; what is the same in several care areas is one line."""
    loud, quiet = [], 0
    for change in changes:
        if change.kind in QUIET:
            quiet += 1
        else:
            loud.append(change)
    lines = _lines(loud)
    shown, letters = [], 0
    for line in lines[:MOST_LINES]:
        letters += line.letters
        if letters > MOST_LETTERS:
            break
        shown.append(line)
    return ReleaseNote(tuple(shown), len(lines) - len(shown), quiet)


def _lines(changes: Iterable[Change]) -> list[Line]:
    """Return one line for what is the same in several care areas, and for what asks the same of the same medicine."""
    areas: dict[tuple[str, str, str, bool], list[str]] = {}
    for change in changes:
        about = change.subject
        if change.care_area and change.drug:
            about = about.replace(f", {change.care_area}", "", 1)
        found = areas.setdefault((about, _what(change), _DO.get(change.kind, ""), change.is_loosening), [])
        if change.care_area and change.drug and change.care_area not in found:
            found.append(change.care_area)
    whats: dict[tuple[str, tuple[str, ...], str, bool], list[str]] = {}
    for (about, what, do, is_loosening), found in areas.items():
        whats.setdefault((about, tuple(found), do, is_loosening), []).append(what)
    return [
        Line(about=about, care_areas=found, what=" ".join(what), do=do, is_loosening=is_loosening)
        for (about, found, do, is_loosening), what in whats.items()
    ]


def _what(change: Change) -> str:
    """Return what is different, as a nurse meets it at the pump."""
    group, _, side = change.field.rpartition(".")
    if change.kind in _LIMITS and side in _SIDES:
        return _limit(change, _group_words(group), side)
    if change.kind in _WHAT:
        return _WHAT[change.kind].format(before=change.before, after=_plain(change.after), field=change.field_words)
    field = change.field_words or change.kind.value
    said = f"{field[:1].upper()}{field[1:]}: now {_plain(change.after) or 'nothing'}"
    return f"{said} (before: {change.before or 'nothing'})."


def _group_words(group: str) -> str:
    return group.replace(".", " ").replace("pca", "PCA").removesuffix(" limits")


def _limit(change: Change, group: str, side: str) -> str:
    does, where = _SIDES[side]
    if change.after is None:
        return f"The pump no longer {does} a {group} {where} {change.before}."
    before = f" (before: {change.before})" if change.before else ""
    return f"The pump now {does} a {group} {where} {_plain(change.after)}{before}."


def _plain(after: str | None) -> str:
    """Return a new value without how many times the old one it is."""
    text, _, factor = (after or "").rpartition(" (")
    return text if factor.endswith(" times)") else after or ""
