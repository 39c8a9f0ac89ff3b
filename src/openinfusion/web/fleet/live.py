"""
Pages that stay current without being loaded again: their middle asks each second whether it is still the newest.

It says its version; the answer is 204 and nothing else while that is still right, and the new middle when it is not.
A middle is drawn once for each version in a process, however many look at it; what is a person's own is around it.
Without a script the page is the same, as of when it was loaded.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from threading import Lock
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from markupsafe import Markup

from openinfusion.web.accounts.sessions import is_poll

VERSION = "version"
_MOST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Middle:
    """
    The part of a page that stays current.

    Attributes:
        template: draws it; ``poll`` is the address that it asks.
        version: of what it shows.
        at: of when that is; it is drawn anew at least once a minute, so that its age is right.
        context: makes what the template needs, asked only when it is drawn.

    """

    template: str
    version: str
    at: datetime
    context: Callable[[], dict[str, Any]]


class _Drawn:
    """The middles that were drawn last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str, str], str] = OrderedDict()
        self._lock = Lock()

    def draw(self, key: tuple[str, str, str], make: Callable[[], str]) -> str:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        return made


@cache
def _drawn() -> _Drawn:
    return _Drawn()


def live(request: HttpRequest, middle: Middle, *, page: str, around: Callable[[], dict[str, Any]]) -> HttpResponse:
    """
    Answer with a page around its middle, with the middle alone, or with nothing if there is nothing new.

    What is ``around`` is asked for only where the whole page is drawn.
    """
    version = f"{middle.version}-{timezone.localtime(middle.at):%d%H%M}"
    if is_poll(request) and request.GET.get(VERSION) == version:
        return HttpResponse(status=204)
    asked = request.GET.copy()
    asked[VERSION] = version
    poll = f"{request.path}?{asked.urlencode()}"
    html = _drawn().draw(
        (middle.template, poll, version),
        lambda: render_to_string(middle.template, middle.context() | {"poll": poll, "at": middle.at}),
    )
    if is_poll(request):
        return HttpResponse(html)
    made = render(request, page, {"middle": Markup(html), **around()})  # noqa: S704 - drawn by a template of ours
    # An asset number may be read by the camera of a phone; the picture does not leave it.
    made.headers["Permissions-Policy"] = "camera=(self), geolocation=(), microphone=()"
    return made
