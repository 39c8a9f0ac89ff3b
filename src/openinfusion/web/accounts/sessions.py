"""Sessions end: after some time without use, and after some hours in any case."""

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

BEGAN, SEEN = "session_began", "session_seen"
# What was seen is written no more often than this, so that not every page writes into the database.
EVERY_SECONDS = 60


def sessions_end(answer: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Sign out whoever did nothing for too long, or signed in too long ago."""

    def ended(request: HttpRequest) -> HttpResponseBase:
        if request.user.is_authenticated:
            now = timezone.now().timestamp()
            began = request.session.setdefault(BEGAN, now)
            seen = request.session.get(SEEN, began)
            if why := _why_ended(idle=now - seen, whole=now - began):
                logout(request)
                messages.info(request, why)
            elif not is_poll(request) and (SEEN not in request.session or now - seen >= EVERY_SECONDS):
                request.session[SEEN] = now
        return answer(request)

    return ended


def is_poll(request: HttpRequest) -> bool:
    """Whether a page asks by itself if it is still the newest: nobody did anything, so it keeps nobody signed in."""
    return request.headers.get("X-Poll") == "1"


def _why_ended(*, idle: float, whole: float) -> str | None:
    place = settings.PLACE
    if whole >= place.session_hours * 60 * 60:
        return f"You were signed out: nobody stays signed in for more than {place.session_hours} hours."
    if idle >= place.idle_minutes * 60:
        return f"You were signed out after {place.idle_minutes} minutes in which you did nothing."
    return None
