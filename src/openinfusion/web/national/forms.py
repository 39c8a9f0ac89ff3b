"""What people fill in about a row."""

from django import forms

from openinfusion.core.overlay import ReasonCode

REASONS = [(one.value, one.value) for one in ReasonCode]


class Approved(forms.Form):
    """Who approved a row here."""

    approver = forms.CharField(
        max_length=120, error_messages={"required": "Name the role or body that approves it here."}
    )


class Unused(forms.Form):
    """Why a row is not used."""

    reason = forms.ChoiceField(choices=REASONS, error_messages={"required": "Choose why it is not used."})


class Deviates(forms.Form):
    """Why a field deviates; ``drop`` takes the national value instead."""

    drop = forms.BooleanField(required=False)
    reason = forms.ChoiceField(choices=[("", ""), *REASONS], required=False)
    approver = forms.CharField(max_length=120, required=False)
    hazard = forms.CharField(max_length=40, required=False)
    review_on = forms.DateField(required=False, error_messages={"invalid": "Enter a real day."})
