"""What no database can hold or search for is refused at the edge: the character NUL, and searches without end."""

from collections.abc import Callable, Iterable

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponseBase, QueryDict

NUL = "\0"
# No browser sends more by a page of ours, and SQLite searches for no more than 50,000 bytes.
LONGEST_QUERY = 16_384


def no_character_nul(answer: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Refuse an address without end, and a NUL in an address or a form; the API looks into its own bodies."""

    def refused(request: HttpRequest) -> HttpResponseBase:
        if len(request.META.get("QUERY_STRING", "")) > LONGEST_QUERY:
            raise SuspiciousOperation("an address without end")
        if any(NUL in text for text in _texts(request)):
            raise SuspiciousOperation("the character NUL")
        return answer(request)

    return refused


def _texts(request: HttpRequest) -> Iterable[str]:
    yield request.path_info
    yield from _said(request.GET)
    if request.method == "POST" and not request.path_info.startswith("/api/"):
        yield from _said(request.POST)
        for files in request.FILES.lists():
            yield from (file.name or "" for file in files[1])


def _said(said: QueryDict) -> Iterable[str]:
    for key, values in said.lists():
        yield key
        yield from values
