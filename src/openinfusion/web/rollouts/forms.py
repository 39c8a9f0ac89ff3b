"""What pages of roll-outs ask."""

from typing import Any

from django import forms

from openinfusion.web.rollouts.writing import HALTS

RINGS, OFFERS = 6, 3
KINDS = (
    ("phased", "Phased: one ring after the other, until all have it"),
    ("big-bang", "All at once, after bench and canary"),
    ("partial", "Partial: only some pumps"),
)


class Head(forms.Form):
    """What a plan is called, what its rings amount to, why, and what stops it."""

    name = forms.CharField(max_length=200, error_messages={"required": "Give the roll-out a name"})
    kind = forms.ChoiceField(choices=KINDS, error_messages={"required": "Say what the rings amount to"})
    reason = forms.CharField(max_length=200, error_messages={"required": "Say in one sentence why"})
    halts = forms.CharField(max_length=10_000, required=False, initial=HALTS)


class Offer(forms.Form):
    """Which release, for the pumps of which profile."""

    profile = forms.CharField(max_length=100)
    number = forms.IntegerField(min_value=1)


class Ring(forms.Form):
    """Some pumps that get the release together, and what they must prove."""

    name = forms.CharField(max_length=200)
    wards = forms.CharField(max_length=2000, required=False)
    models = forms.CharField(max_length=2000, required=False)
    share = forms.IntegerField(min_value=1, max_value=100, required=False)
    at_least = forms.IntegerField(min_value=1, max_value=1_000_000, required=False)
    percent = forms.IntegerField(min_value=1, max_value=100, required=False)
    soak_hours = forms.IntegerField(min_value=1, max_value=10_000, required=False)
    deadline_days = forms.IntegerField(min_value=1, max_value=10_000, required=False)
    is_bench = forms.BooleanField(required=False)
    is_canary = forms.BooleanField(required=False)
    asks_second_person = forms.BooleanField(required=False)

    def clean_wards(self) -> list[str]:
        return _listed(self.cleaned_data["wards"])

    def clean_models(self) -> list[str]:
        return _listed(self.cleaned_data["models"])


class Reason(forms.Form):
    """Why, in one sentence."""

    reason = forms.CharField(max_length=500, error_messages={"required": "Say why, in one sentence"})


def _listed(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]


OfferRows = forms.formset_factory(Offer, extra=OFFERS, max_num=OFFERS, absolute_max=OFFERS)
RingRows = forms.formset_factory(Ring, extra=RINGS, max_num=RINGS, absolute_max=RINGS)


def said_in(rows: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - a formset, whose type Django makes
    """Return the rows that somebody filled in."""
    return [form.cleaned_data for form in rows if form.cleaned_data]
