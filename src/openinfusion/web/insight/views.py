"""The month at a glance, and the parts of its report."""

from django.http import Http404, HttpRequest, HttpResponseBase

from openinfusion.web.insight.glance import glance
from openinfusion.web.insight.pages import TOPICS, Opened, figures, show
from openinfusion.web.insight.topics import WHOLE, topic


@figures(complete=True)
def month(request: HttpRequest, told: Opened) -> HttpResponseBase:
    """Show the month: its figures, the funnel, and what moved."""
    return show(request, told, "month", glance=glance(told))


@figures(complete=True)
def section(request: HttpRequest, told: Opened, topic_key: str) -> HttpResponseBase:
    """Show one part of the report of a month."""
    if topic_key not in TOPICS:
        raise Http404
    is_whole = topic_key in WHOLE
    made = topic(told, topic_key)
    return show(request, told, "topic", filtered=not is_whole, section=made, key=topic_key)
