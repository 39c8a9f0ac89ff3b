"""What pages of imports ask."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from openinfusion.core.wording import counted
from openinfusion.web.accounts.models import User
from openinfusion.web.imports.receiving import MAX_BYTES, TOO_LARGE


class HandIn(forms.Form):
    """A file."""

    file = forms.FileField(
        error_messages={"required": "Choose the vendor's file, .xlsx or .csv"}, allow_empty_file=True
    )

    def __init__(self, *said: Any, meta: dict[str, Any] | None = None, **named: Any) -> None:  # noqa: ANN401 - Django's
        super().__init__(*said, **named)
        if meta is not None and meta.get(TOO_LARGE):
            too_large = f"The file is larger than {counted(MAX_BYTES // 2**20, 'MiB', 'MiB')}; a drug library is not"
            self.fields["file"].error_messages["required"] = too_large
            self.fields["file"].error_messages["invalid"] = too_large


class ReadBackForm(HandIn):
    """An export of the vendor's editor, and who typed what it holds."""

    OTHER = "other"
    typist = forms.CharField(required=False)
    typist_name = forms.CharField(max_length=120, required=False)

    def __init__(self, *said: Any, people: Sequence[User], **named: Any) -> None:  # noqa: ANN401 - Django's
        super().__init__(*said, **named)
        self._people = {str(one.pk): one for one in people}

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        typist, name = said.get("typist", ""), " ".join(said.get("typist_name", "").split())
        if typist == self.OTHER and name:
            said["typed_by"] = name
        elif typist in self._people:
            said["typed_by"] = self._people[typist]
        else:
            self.add_error("typist", ValidationError("Say who typed this version into the editor"))
        return said


class WhereTo(forms.Form):
    """What an import is to become: a new library, or a draft of one that is there."""

    NEW, ONTO = "new", "onto"
    becomes = forms.ChoiceField(
        choices=[(NEW, "new"), (ONTO, "onto")], error_messages={"required": "Choose what the file is to become"}
    )
    name = forms.CharField(max_length=120, required=False)
    version = forms.CharField(max_length=40, required=False)
    library = forms.SlugField(required=False)
    gone = forms.ChoiceField(choices=[("keep", "keep"), ("out", "out")], required=False)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("becomes") == self.NEW:
            self._ask(said, name="Give the new library a name", version="Give this version a number, such as 1.0.0")
        elif said.get("becomes") == self.ONTO:
            self._ask(
                said,
                library="Choose the library that the file is a new state of",
                gone="Say what is to happen with entries that the file does not have",
            )
        return said

    def _ask(self, said: dict[str, Any], **texts: str) -> None:
        for field, text in texts.items():
            if not said.get(field) and field not in self.errors:
                self.add_error(field, ValidationError(text))
