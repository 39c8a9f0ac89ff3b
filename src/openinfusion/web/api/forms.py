"""What people fill in to make a token."""

from django import forms

from openinfusion.web.api.tokens import LONGEST_DAYS, SCOPES


class NewToken(forms.Form):
    """A token for another system."""

    name = forms.CharField(max_length=80, error_messages={"required": "Say which system the token is for."})
    scopes = forms.MultipleChoiceField(
        choices=[(one.value, one.words) for one in SCOPES],
        error_messages={"required": "Choose what the system may do; no more than it needs."},
    )
    days = forms.IntegerField(
        min_value=1,
        max_value=LONGEST_DAYS,
        error_messages={
            "required": "Say for how many days the token shall be good.",
            "invalid": "Write the days as a whole number.",
            "min_value": "A token is good for one day at least.",
            "max_value": f"A token is good for {LONGEST_DAYS} days at most; make a new one then.",
        },
    )
