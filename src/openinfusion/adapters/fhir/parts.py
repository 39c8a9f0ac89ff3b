"""What every resource has in common when it is read: concepts, references, identifiers, labels."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from openinfusion.adapters.fhir.cautions import Cautions, Flag
from openinfusion.adapters.fhir.cursor import Cursor
from openinfusion.adapters.fhir.names import ACT_REASON, EPISODE, PURPOSE, TEST_CODE
from openinfusion.adapters.fhir.values import Coding, Concept, Purpose

_PURPOSES: Mapping[str, Purpose] = {"test": "test", "training": "training", "example": "example"}


@dataclass(slots=True)
class Setting:
    """What is known around one resource: what it can refer to, what was read so, and what has been flagged."""

    cautions: Cautions
    known: dict[str, Cursor] = field(default_factory=dict)
    reached: set[str] = field(default_factory=set)
    is_bundle: bool = False


def read_concept(here: Cursor) -> Concept | None:
    """Return a CodeableConcept, or ``None`` where it says nothing."""
    codings = tuple(
        Coding(code=code, system=one.at("system").text(), display=one.at("display").text())
        for one in here.each("coding")
        if (code := one.at("code").text()) is not None
    )
    made = Concept(text=here.at("text").text() or _display(here), codings=codings)
    return made if made != Concept() else None


def _display(here: Cursor) -> str | None:
    """Return the words of a coding that has no code."""
    bare = (one.at("display").text() for one in here.each("coding") if one.at("code").text() is None)
    return next(bare, None)


def concepts(here: Cursor, key: str) -> tuple[Concept, ...]:
    """Return the CodeableConcepts under a key."""
    return tuple(made for one in here.each(key) if (made := read_concept(one)) is not None)


def reference(here: Cursor, setting: Setting) -> str | None:
    """Return what a Reference, or that of a CodeableReference, refers to; it is flagged if that is not there."""
    inner = here.at("reference")
    told = inner if isinstance(inner.value, str) else inner.at("reference")
    text = told.text()
    if text is None:
        return here.first("identifier").at("value").text() or here.at("display").text()
    is_inside = text.startswith("#") or (setting.is_bundle and text.startswith("urn:"))
    if is_inside and text not in setting.known:
        setting.cautions.add(Flag.UNRESOLVED, told.path, "a reference")
    return text


def one_reference(here: Cursor, key: str, setting: Setting) -> str | None:
    """Return the first reference under a key, and say if there are more."""
    found = [told for one in here.each(key) if (told := reference(one, setting)) is not None]
    if len(found) > 1:
        setting.cautions.add(Flag.MORE, f"{here.path}.{key}", f"{len(found)} references")
    return found[0] if found else None


def identifiers(here: Cursor, system: str) -> Iterator[str]:
    """Yield the identifiers of a system."""
    for one in here.each("identifier"):
        if one.at("system").value == system and (value := one.at("value").text()) is not None:
            yield value


def purpose(here: Cursor) -> Purpose:
    """Return why a resource exists; a label of tests is believed wherever it stands."""
    labels = [*here.at("meta").each("security"), *here.at("meta").each("tag")]
    for label in labels:
        if label.at("system").value == PURPOSE:
            return _PURPOSES.get(str(label.at("code").value), "test")
    is_test = any(one.at("code").value == TEST_CODE and one.at("system").value in (None, ACT_REASON) for one in labels)
    return "test" if is_test else "clinical"


def has_tag(here: Cursor, *, system: str, code: str) -> bool:
    """Whether a resource carries a tag."""
    return any(one.at("system").value == system and one.at("code").value == code for one in here.at("meta").each("tag"))


def episode(here: Cursor) -> str | None:
    """Return the token of an episode of ours; of any other subject nothing is read."""
    told = here.at("identifier")
    return told.at("value").text() if told.at("system").value == EPISODE else None


def word(here: Cursor, words: tuple[str, ...], cautions: Cautions) -> str:
    """Return a word that FHIR has here; another one is kept and flagged, and none is "unknown"."""
    text = here.text()
    if text is None:
        cautions.add(Flag.MISSING, here.path, "nothing")
        return "unknown"
    if text not in words:
        cautions.add(Flag.WORD_UNKNOWN, here.path, f"a word that is not one of {', '.join(words)}")
    return text
