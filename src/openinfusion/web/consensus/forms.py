"""What people fill in about discrepancies and hazards."""

from django import forms

from openinfusion.core.consensus import Choice, Preference, Profession, SourceKind

LONG = 4_000


class Raise(forms.Form):
    """A discrepancy to be decided."""

    library = forms.SlugField()
    drug = forms.CharField(max_length=120)
    attribute = forms.CharField(max_length=120)
    proposal = forms.CharField(max_length=200, error_messages={"required": "Say which value you propose."})
    areas = forms.MultipleChoiceField(error_messages={"required": "Choose the care areas that it affects."})

    def __init__(self, *parts: object, areas: list[str], **named: object) -> None:
        """Offer the care areas in which the attribute was found."""
        super().__init__(*parts, **named)  # type: ignore[arg-type]
        self.fields["areas"].choices = [(one, one) for one in areas]  # type: ignore[attr-defined]


class Said(forms.Form):
    """What a source says that is no library here."""

    kind = forms.ChoiceField(
        choices=[(one.value, one.value) for one in SourceKind], error_messages={"required": "Choose what kind it is."}
    )
    citation = forms.CharField(max_length=400, error_messages={"required": "Say where it is published."})
    care_area = forms.CharField(max_length=80)
    value = forms.CharField(max_length=200, error_messages={"required": "Write what it says, or: says nothing."})


class Opinion(forms.Form):
    """A position in a round."""

    stand = forms.ChoiceField(
        choices=[("agree", "I agree"), ("object", "I object")],
        error_messages={"required": "Choose whether you agree or object."},
    )
    score = forms.TypedChoiceField(
        choices=[("", "no score"), *((str(one), str(one)) for one in range(1, 10))],
        required=False,
        coerce=int,
        empty_value=None,
    )
    profession = forms.ChoiceField(
        choices=[(one.value, one.value) for one in Profession], error_messages={"required": "Choose your profession."}
    )
    care_area = forms.CharField(max_length=80, error_messages={"required": "Choose for which care area you speak."})
    reason = forms.CharField(max_length=LONG, required=False)

    def clean(self) -> dict[str, object]:
        """Ask for the reason of an objection."""
        said = super().clean() or {}
        if said.get("stand") == "object" and not said.get("reason"):
            self.add_error("reason", "Say why you object: it stays beside the decision word for word.")
        return said


class Deciding(forms.Form):
    """A decision of the committee."""

    choice = forms.ChoiceField(
        choices=[(one.value, one.value) for one in Choice], error_messages={"required": "Choose what was decided."}
    )
    value = forms.CharField(max_length=200, required=False)
    rationale = forms.CharField(max_length=LONG, error_messages={"required": "Give the reason for the decision."})
    body = forms.CharField(max_length=120, error_messages={"required": "Name the body that decided."})
    residual_hazard = forms.CharField(max_length=LONG, required=False)
    review_on = forms.DateField(
        error_messages={"required": "Give the day on which it is looked at again.", "invalid": "Enter a real day."}
    )


class Proposed(forms.Form):
    """A control of a hazard."""

    preference = forms.TypedChoiceField(
        choices=[(one.value, one.name.lower()) for one in Preference],
        coerce=int,
        error_messages={"required": "Choose what kind of control it is."},
    )
    text = forms.CharField(max_length=LONG, error_messages={"required": "Say what the control does."})


class Verified(forms.Form):
    """The evidence of a control."""

    evidence = forms.CharField(max_length=LONG, error_messages={"required": "Say where it is shown to work."})


class Rated(forms.Form):
    """The risk that remains."""

    residual = forms.TypedChoiceField(
        choices=[(str(one), str(one)) for one in range(1, 6)],
        coerce=int,
        error_messages={"required": "Choose the risk that remains."},
    )
    justification = forms.CharField(max_length=LONG, error_messages={"required": "Say why it is no more than that."})
