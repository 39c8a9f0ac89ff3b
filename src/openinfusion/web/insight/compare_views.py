"""Before and after each release, and models of pumps on the same drugs."""

from django.http import HttpRequest, HttpResponseBase

from openinfusion.lake.questions import QUESTIONS
from openinfusion.web.insight import comparing
from openinfusion.web.insight.pages import Opened, figures, show

BY = ("model", "maker")


@figures()
def releases(request: HttpRequest, told: Opened) -> HttpResponseBase:
    """Show what changed with each release."""
    return show(request, told, "releases", releases=comparing.releases(told))


@figures()
def models(request: HttpRequest, told: Opened) -> HttpResponseBase:
    """Compare models or makers on the drugs and care areas that they share."""
    question, by = request.GET.get("question", ""), request.GET.get("by", "")
    question = question if question in comparing.MODEL_QUESTIONS else comparing.MODEL_QUESTIONS[0]
    by = by if by in BY else BY[0]
    return show(
        request,
        told,
        "models",
        compared=comparing.models(told, question, by),
        question=QUESTIONS[question],
        questions=[(name, QUESTIONS[name].title) for name in comparing.MODEL_QUESTIONS],
        by=by,
        fewest=comparing.FEWEST,
    )
