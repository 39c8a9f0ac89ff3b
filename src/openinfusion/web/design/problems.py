"""The edge of the web application: an error of ours becomes a page in words, never a traceback."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render

from openinfusion.core.errors import OpenInfusionError, OperatorError


def tell_problems(answer: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Show what was found and what was expected, with 422 for the reader's part and 503 for the place's."""

    class Told:
        def __call__(self, request: HttpRequest) -> HttpResponseBase:
            return answer(request)

        def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
            if not isinstance(error, OpenInfusionError):
                return None
            status = 503 if isinstance(error, OperatorError) else 422
            return render(request, "design/problem.jinja", {"problem": error}, status=status)

    return Told()
