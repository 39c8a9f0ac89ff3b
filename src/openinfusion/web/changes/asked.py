"""What a second pharmacist is asked in a blind check, in which form, and why an answer cannot be compared."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import get_args

from openinfusion.core.change_request import ChangeRequest
from openinfusion.core.difference import Change, ChangeKind
from openinfusion.core.entry import Entry, EntryType, PumpKind, Route, Secondary
from openinfusion.core.errors import NumberFormatError, UnknownUnitError
from openinfusion.core.library import CareArea, Drug, Library, Population
from openinfusion.core.numbers import read_decimal
from openinfusion.core.units import Quantity, Unit

NONE = "none"
"""What is answered where the source gives nothing, as for a limit that is taken out."""


class Form(Enum):
    """How an answer is given."""

    QUANTITY = "quantity"
    STRENGTH = "strength"
    NUMBER = "number"
    UNIT = "unit"
    WORDS = "words"
    CHOICE = "choice"
    SEVERAL = "several"


Choices = tuple[tuple[str, str], ...]
"""What may be chosen: the value, and the words for it."""

_FORMS = {
    "concentration": Form.STRENGTH,
    "titration_step": Form.NUMBER,
    "device_settings": Form.WORDS,
    "delivered_by": Form.SEVERAL,
    "advisories": Form.SEVERAL,
}
_YES_NO = ("yes", "no")
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "type": tuple(one.value for one in EntryType),
    "route": tuple(one.value for one in Route),
    "population": tuple(one.value for one in Population),
    "secondary": get_args(Secondary),
    "delivered_by": get_args(PumpKind),
    **dict.fromkeys(("bolus", "loading", "background", "anaesthesia_only", "pca.bolus_counts"), _YES_NO),
}
_HINTS = {
    Form.STRENGTH: "Amount in volume, such as 2.5 mg in 50 mL; write any for a part that is entered at the bedside",
    Form.NUMBER: "A number, such as 0.1",
    Form.UNIT: "A unit alone, such as micrograms/kg/min",
    Form.WORDS: "Each setting and its value, such as alarm volume 4; a semicolon between two",
    Form.CHOICE: "",
    Form.SEVERAL: "Tick all that the source names",
}
EXAMPLES = {
    "rate": "60 mL/h",
    "volume": "3 mL",
    "duration": "30 min",
    "lockout": "5 min",
    "window": "4 h",
    "limits": "10 micrograms/mL",
    "weight": "40 kg",
    "height": "150 cm",
    "body_surface_area": "1.5 m2",
    "max_rate": "100 mL/h",
    "kvo_rate": "1 mL/h",
    "max_volume": "50 mL",
    "bolus": "25 micrograms",
    "loading": "500 mg",
    "dose": "0.5 micrograms/kg/min",
}
"""What a quantity may look like, by the last part of its path that is here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One value that the checker works out from the sources: its key, of what it is, which value, and its form."""

    key: str
    about: str
    field: str
    form: Form
    hint: str
    choices: Choices = ()

    def why_unreadable(self, text: str) -> str | None:
        """Return why an answer cannot be compared as it was given, or ``None``; it tells nothing of the author's."""
        if not text:
            return "Choose." if self.choices else f"Enter the value that the source gives, or {NONE}."
        if text == NONE:
            return None
        try:
            return self._why_unreadable(text)
        except (NumberFormatError, UnknownUnitError) as error:
            return f"This cannot be read: {error.found}; {error.expected} is expected."

    def _why_unreadable(self, text: str) -> str | None:
        parts = text.split(" in ") if self.form is Form.STRENGTH else [text]
        if self.form is Form.STRENGTH and len(parts) != 2:  # noqa: PLR2004 - an amount in a volume
            return "Enter an amount in a volume, such as 2.5 mg in 50 mL."
        if self.choices and not set(text.split("; ")) <= {value for value, _ in self.choices} - {NONE}:
            return "Choose what is offered; what is not there cannot stand beside it."
        if self.form is Form.NUMBER:
            read_decimal(text)
        elif self.form is Form.UNIT:
            Unit.read(text)
        elif self.form in (Form.QUANTITY, Form.STRENGTH):
            for part in parts:
                _ = (part == "any" and self.form is Form.STRENGTH) or Quantity.read(part)
        return None

    def typed(self, answers: Iterable[str]) -> str:
        """Return what was answered as it is compared: single blanks, several in order, a unit by its own name."""
        told = [" ".join(one.split()) for one in answers]
        text = "; ".join(sorted(filter(None, told)))
        if text.casefold() == NONE:
            return NONE
        if self.form is Form.WORDS:
            return "; ".join(sorted(filter(None, map(str.strip, text.split(";")))))
        try:
            return Unit.read(text).text if self.form is Form.UNIT else text
        except UnknownUnitError:
            return text


def asked_of(request: ChangeRequest, library: Library) -> tuple[Asked, ...]:
    """Return what is to be worked out, in the order of the library, told without any value of the draft."""
    return tuple(_asked(key, library) for key in request.values)


def _asked(key: str, library: Library) -> Asked:
    entry = library.find_entry(key.partition(" ")[0])
    if entry is not None:
        about, row = _about(entry, library), entry.id
    else:
        about = row = max((one.name for one in library.care_areas if key.startswith(f"{one.name} ")), key=len)
    path = key.removeprefix(f"{row} ")
    choices = _choices(path, library)
    form = _FORMS.get(path, Form.CHOICE if choices else Form.UNIT if path.endswith(".unit") else Form.QUANTITY)
    words = Change(kind=ChangeKind.TEXT_CHANGED, subject="", field=path).field_words
    hint = _HINTS.get(form, _example(path))
    return Asked(key=key, about=about, field=words, form=form, hint=hint, choices=choices)


def _choices(path: str, library: Library) -> Choices:
    of_library: Mapping[str, Iterable[Drug | CareArea]] = {"drug": library.drugs, "care_area": library.care_areas}
    if path in of_library:
        return tuple((one.id, one.name) for one in of_library[path])
    if path == "advisories":
        return (*((one.id, one.name or one.text) for one in library.advisories), (NONE, NONE))
    values = _CHOICES.get(path, ())
    return tuple((one, one) for one in ((*values, NONE) if _FORMS.get(path) is Form.SEVERAL else values))


def _example(path: str) -> str:
    named = [part for part in path.split(".") if part in EXAMPLES]
    return f"With its unit, such as {EXAMPLES[named[-1] if named else 'dose']}"


def _about(entry: Entry, library: Library) -> str:
    parts = (library.drug(entry.drug).name, library.care_area(entry.care_area).name, entry.therapy)
    return ", ".join(part for part in parts if part)
