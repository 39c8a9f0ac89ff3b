"""Pages of no part: health, and what is said when a page cannot be shown."""

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render


def health(_request: HttpRequest) -> JsonResponse:
    """Answer whether the database answers; for whoever watches the server."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})


def _page(request: HttpRequest, status: int, *, title: str, words: str) -> HttpResponse:
    return render(request, "design/refusal.jinja", {"title": title, "words": words}, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(
        request, 400, title="This request cannot be read", words="Go back, and try again from the page itself."
    )


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(
        request, 403, title="This is not yours to do", words=str(exception or "Your role does not include it.")
    )


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return _page(
        request, 404, title="There is no such page", words="The address may be mistyped, or not of your organisation."
    )


def broken(request: HttpRequest) -> HttpResponse:
    return _page(
        request, 500, title="A fault in OpenInfusion itself", words="Nothing was changed. Please tell whoever runs it."
    )
