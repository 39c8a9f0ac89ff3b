"""
Which medicine of a library an order means: codes before names, and nothing is guessed.

Every code and name that is known must mean the same medicine. A name matches where its letters are the same, capitals
and blanks aside; what is merely near is reported to a person and never taken.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum

from openinfusion.core.library import Drug, Library
from openinfusion.core.naming import slug
from openinfusion.core.order_parts import Code, Medication

LONGEST_NAME = 120
_DMD = frozenset({"sct", "snomed", "snomed-ct", "snomed ct", "dm+d", "dmd", "2.16.840.1.113883.2.1.3.2.4.15"})
_NEAR = 0.8
_MOST_NEAR = 3


class Miss(Enum):
    """Why an order means no entry of the library; the value is the heading under which a report lists it."""

    NO_MEDICINE = "medicine not in the library"
    TWO_MEDICINES = "code and name mean more than one medicine"
    NOT_IN_AREA = "medicine not in this care area"
    NOT_OFFERED = "not offered by this kind of pump"
    TYPE = "another kind of infusion"
    THERAPY = "another therapy"
    ROUTE = "another route"
    PLACE = "primary or secondary not allowed"
    STRENGTH = "another strength"
    UNIT = "dose or rate in another unit"
    SEVERAL = "more than one entry fits"


@dataclass(frozen=True, slots=True)
class Near:
    """A medicine of the library that an unknown name may mean, and why it is not taken."""

    drug: str
    why: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a medication means in the library: one medicine, or why there is none; an entry where a code names it."""

    drug: Drug | None
    by: str
    why: str = ""
    entry: str | None = None
    miss: Miss = Miss.NO_MEDICINE


class Medicines:
    """The medicines of one library, by every code and word for them."""

    def __init__(self, library: Library) -> None:
        """Index codes, ids and words; a word of two medicines keeps both."""
        self.library = library
        self._words: dict[str, set[str]] = {}
        self._dmd: dict[str, set[str]] = {}
        self._slugs: dict[str, str] = {}
        for drug in library.drugs:
            for word in (drug.name, drug.tall_man, *drug.aliases):
                if word and (key := plain_name(word)):
                    self._words.setdefault(key, set()).add(drug.id)
                    self._slugs.setdefault(slug(word), drug.id)
            if drug.vtm is not None:
                self._dmd.setdefault(drug.vtm, set()).add(drug.id)
        self._ids = {drug.id for drug in library.drugs}

    def find(self, medication: Medication) -> Found:
        """Return the one medicine that all known codes and names of a medication mean."""
        tried = [(f"code {code.value!r}", "code", self._of_code(code)) for code in medication.codes]
        tried += [(f"name {name!r}", "name", self._words.get(plain_name(name), set())) for name in medication.names]
        known = [(words, by, drugs) for words, by, drugs in tried if drugs]
        if not known:
            return Found(None, "", f"tried {', '.join(w for w, _, _ in tried) or 'nothing'}; the library knows none")
        common = set.intersection(*(set(drugs) for _, _, drugs in known))
        if len(common) != 1:
            said = "; ".join(f"{words} is {' or '.join(sorted(drugs))}" for words, _, drugs in known)
            return Found(None, "", f"not one medicine: {said}", miss=Miss.TWO_MEDICINES)
        (drug_id,) = common
        entry = next((c.value for c in medication.codes if self.library.find_entry(c.value) is not None), None)
        return Found(self.library.drug(drug_id), known[0][1], entry=entry)

    def _of_code(self, code: Code) -> set[str]:
        """Return the medicines with a code: dm+d, or an id of our own, whichever system the order says."""
        system = code.system.strip().casefold()
        dmd = self._dmd.get(code.value, set()) if system in _DMD or not system else set()
        if system in _DMD:
            return dmd
        entry = self.library.find_entry(code.value)
        own = {code.value} & self._ids | ({entry.drug} if entry is not None else set())
        return dmd | own

    def near(self, medication: Medication) -> tuple[Near, ...]:
        """Return the medicines that an unknown name may mean, for a person to decide."""
        found: dict[str, Near] = {}
        for name in medication.names:
            if plain_name(name) in self._words:
                continue  # it is no unknown name: what it means is said beside what the codes mean
            word = slug(name[:LONGEST_NAME])
            for drug, why in self._near(word) if word else ():
                found.setdefault(drug, Near(drug, why))
        return tuple(found.values())[:_MOST_NEAR]

    def _near(self, word: str) -> Iterable[tuple[str, str]]:
        if word in self._slugs:
            yield self._slugs[word], "differs only in signs: add it as an alias"
            return
        held = [known for known in self._slugs if known and _holds(word, known)]
        for known in sorted(held, key=len, reverse=True):
            yield self._slugs[known], f"the name holds {known!r}: add it as an alias, or send the code"
        for known in get_close_matches(word, self._slugs, n=_MOST_NEAR, cutoff=_NEAR):
            yield self._slugs[known], f"spelled nearly as {known!r}: is it the same medicine?"


def plain_name(word: str) -> str:
    """Return a name without regard to capitals and blanks."""
    return " ".join(word.casefold().split())


def _holds(word: str, known: str) -> bool:
    return f"-{known}-" in f"-{word}-"
