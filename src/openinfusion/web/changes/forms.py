"""What people fill in at change requests."""

from collections.abc import Mapping
from typing import Any

from django import forms

from openinfusion.core.change_class import ChangeClass
from openinfusion.core.change_request import Artefact, ArtefactState, TrialKind, Trigger, Urgency

_REASON = {"required": "Give your reason in words."}


def choices_of(kind: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - an enum with texts as its values
    """Return the values of an enum with their words."""
    return [(one.value, getattr(one, "words", one.value.replace("_", " "))) for one in kind]


class Lines(forms.CharField):
    """Several texts, one on each line."""

    def clean(self, value: Any) -> tuple[str, ...]:  # noqa: ANN401 - what a browser sent
        """Return the lines that say something."""
        return tuple(line.strip() for line in super().clean(value).splitlines() if line.strip())


class Proposal(forms.Form):
    """A new change request."""

    library = forms.SlugField(error_messages={"required": "Choose the library."})
    title = forms.CharField(max_length=200, error_messages={"required": "Say in one line what shall change and why."})
    trigger = forms.ChoiceField(choices=choices_of(Trigger), error_messages={"required": "Choose what set this off."})
    urgency = forms.ChoiceField(
        choices=choices_of(Urgency), error_messages={"required": "Choose how soon it is needed."}
    )


class Written(forms.Form):
    """What the author writes while the request is a draft."""

    title = forms.CharField(max_length=200, error_messages={"required": "Say in one line what shall change and why."})
    trigger = forms.TypedChoiceField(choices=choices_of(Trigger), coerce=Trigger)
    urgency = forms.TypedChoiceField(choices=choices_of(Urgency), coerce=Urgency)
    rationale = forms.CharField(max_length=10_000, required=False)
    sources = Lines(max_length=10_000, required=False)
    patient_group = forms.CharField(max_length=2_000, required=False)
    ci_list = Lines(max_length=4_000, required=False)
    discrepancy_ids = Lines(max_length=2_000, required=False)
    hazard_ids = Lines(max_length=2_000, required=False)
    risk_before = forms.CharField(max_length=2_000, required=False)
    risk_after = forms.CharField(max_length=2_000, required=False)
    rollback_plan = forms.CharField(max_length=4_000, required=False)


class Step(forms.Form):
    """A step, with the reason for it; an emergency says for how many hours, if not 72."""

    reason = forms.CharField(max_length=2_000, error_messages=_REASON)
    hours = forms.IntegerField(min_value=1, max_value=168, required=False)


class Words(forms.Form):
    """A comment."""

    text = forms.CharField(max_length=4_000, error_messages={"required": "Write what you want to say."})
    entry = forms.CharField(max_length=120, required=False)


class Noted(forms.Form):
    """One thing that a step needs, in words."""

    text = forms.CharField(max_length=4_000, error_messages={"required": "Write what is to be recorded."})


_FIELDS: Mapping[str, type[forms.Field]] = {"planned_date": forms.DateField, "hazard_ids": Lines}


def form_of_fields(names: tuple[str, ...]) -> type[forms.Form]:
    """Return the form of what stands in fields of its own."""
    return type("Filled", (forms.Form,), {name: _FIELDS.get(name, forms.CharField)() for name in names})


class Raised(forms.Form):
    """A graver class."""

    to = forms.TypedChoiceField(choices=choices_of(ChangeClass), coerce=ChangeClass)
    reason = forms.CharField(max_length=2_000, error_messages=_REASON)


class Said(forms.Form):
    """What a champion says for an area, or the committee on an objection: yes or no, with a reason."""

    area = forms.CharField(max_length=120)
    answer = forms.ChoiceField(
        choices=[("yes", "yes"), ("no", "no")], error_messages={"required": "Choose one of the two."}
    )
    reason = forms.CharField(max_length=4_000, error_messages=_REASON)


class Tested(forms.Form):
    """The result of a test."""

    kind = forms.TypedChoiceField(choices=choices_of(TrialKind), coerce=TrialKind)
    title = forms.CharField(max_length=200, error_messages={"required": "Say what was tested."})
    result = forms.ChoiceField(
        choices=[("passed", "passed"), ("failed", "failed")], error_messages={"required": "Choose the result."}
    )
    evidence = forms.CharField(max_length=2_000, error_messages={"required": "Say where the evidence lies."})


class Linked(forms.Form):
    """The state of a linked artefact."""

    artefact = forms.TypedChoiceField(choices=choices_of(Artefact), coerce=Artefact)
    state = forms.TypedChoiceField(choices=choices_of(ArtefactState), coerce=ArtefactState)
    reason = forms.CharField(max_length=2_000, required=False)

    def clean(self) -> dict[str, Any]:
        """Ask for the reason why something does not apply."""
        said = super().clean() or {}
        if said.get("state") is ArtefactState.NOT_APPLICABLE and not said.get("reason"):
            self.add_error("reason", "Say why it does not apply.")
        return said


class Filed(forms.Form):
    """A piece of evidence: what it is, where it lies, and the SHA-256 of the file where there is one."""

    title = forms.CharField(max_length=200, error_messages={"required": "Say what it is."})
    place = forms.CharField(max_length=2_000, error_messages={"required": "Say where it lies."})
    sha256 = forms.RegexField(
        r"^[0-9a-f]{64}$", required=False, error_messages={"invalid": "A SHA-256 has 64 digits from 0-9 and a-f."}
    )


class Declaration(forms.Form):
    """What somebody declares for a gate: a list that may be empty, or yes or no; why, and on what evidence."""

    answer = forms.ChoiceField(choices=[("yes", "yes"), ("no", "no")], required=False)
    lines = Lines(max_length=8_000, required=False)
    residual = forms.IntegerField(min_value=1, max_value=5, required=False)
    justified = forms.BooleanField(required=False)
    owner = forms.CharField(max_length=120, required=False)
    due = forms.DateField(required=False)
    is_open = forms.BooleanField(required=False)
    is_transferred = forms.BooleanField(required=False)
    accepted_in_writing = forms.BooleanField(required=False)
    reason = forms.CharField(max_length=2_000, error_messages=_REASON)
    evidence = forms.CharField(max_length=2_000, error_messages={"required": "Say where the evidence lies."})
