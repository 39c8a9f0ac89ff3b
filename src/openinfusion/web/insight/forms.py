"""What people type at figures."""

from django import forms

from openinfusion.web.insight.models import Subscription


class NoteForm(forms.Form):
    """A note on a chart."""

    on = forms.DateField(input_formats=["%Y-%m-%d"], error_messages={"required": "Enter the day that the note is for"})
    words = forms.CharField(max_length=80, error_messages={"required": "Enter what happened on that day"})
    everywhere = forms.BooleanField(required=False)


class OpenForm(forms.Form):
    """Why somebody must see which pump, and when."""

    reason = forms.CharField(
        min_length=10,
        max_length=400,
        error_messages={
            "required": "Enter why you must see which pump, and when",
            "min_length": "Enter a reason that somebody else would understand (10 characters or more)",
        },
    )


class ViewForm(forms.Form):
    """A name for a view."""

    name = forms.CharField(max_length=80, error_messages={"required": "Enter a name for the view"})
    page = forms.CharField(max_length=120)
    query = forms.CharField(max_length=400, required=False)


class MailForm(forms.Form):
    """How often a view is mailed."""

    every = forms.ChoiceField(
        choices=Subscription.Every.choices, error_messages={"required": "Choose how often the view is sent"}
    )
