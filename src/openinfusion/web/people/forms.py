"""What is asked when a person is added, a duty given, or something taken away."""

from typing import Any

from django import forms

from openinfusion.core.roles import Duty, Role
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.people.find import care_areas

_ROLES = [(role.value, role.words) for role in Role]


class DutyForm(forms.Form):
    """A duty in an organisation."""

    role = forms.ChoiceField(error_messages={"required": "Choose a duty."})
    care_area = forms.ChoiceField(required=False)

    def __init__(self, *said: Any, organisation: Organisation, **more: Any) -> None:  # noqa: ANN401 - as a form takes
        super().__init__(*said, **more)
        self._organisation = organisation
        areas = [("", "all care areas"), *((one, one) for one in care_areas(organisation))]
        self._choices = {"role": _ROLES, "care_area": areas}
        for name, choices in self._choices.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 - both stand above
            field.choices = choices

    def clean(self) -> dict[str, Any]:
        """Refuse a champion of no area."""
        said = super().clean() or {}
        if said.get("role") == Role.CARE_AREA_CHAMPION.value and not said.get("care_area"):
            self.add_error("care_area", "A champion knows one care area: choose it.")
        return said

    def as_items(self, name: str) -> list[dict[str, Any]]:
        """Return the choices of a field as the select component takes them."""
        chosen = self[name].value() or ""
        return [{"value": value, "text": text, "selected": value == chosen} for value, text in self._choices[name]]

    @property
    def duty(self) -> Duty:
        """The duty that was chosen."""
        said = self.cleaned_data
        return Duty(Role(said["role"]), self._organisation.slug, said["care_area"] or None)


class PersonForm(DutyForm):
    """A person, and their first duty."""

    name = forms.CharField(max_length=120, error_messages={"required": "Enter a name."})
    email = forms.EmailField(error_messages={"required": "Enter an e-mail address."})


class ReasonForm(forms.Form):
    """Why something is taken away."""

    reason = forms.CharField(max_length=400, error_messages={"required": "Say why: it is kept in the audit record."})
