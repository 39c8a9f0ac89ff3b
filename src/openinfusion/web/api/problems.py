"""What the API answers when it cannot do what was asked: problem details (RFC 9457), never a page or a traceback."""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from ninja import NinjaAPI, Schema
from ninja.errors import HttpError, ValidationError
from pydantic import Field

from openinfusion.core.errors import (
    ChangeControlError,
    FileTooLargeError,
    OpenInfusionError,
    OperatorError,
    SenderError,
)
from openinfusion.web.api.access import TooOftenError
from openinfusion.web.library.store import StaleError

MEDIA_TYPE = "application/problem+json"
ROOT = "/api/"


class Problem(Schema):
    """Why something could not be done: the place, what stands there, and what should."""

    title: str = Field(description="The status in words.")
    status: int = Field(description="The status of HTTP.")
    detail: str = Field(description="What is wrong, in one sentence.")
    where: str | None = Field(None, description="The place, such as a path inside the document that was sent.")
    found: str | None = Field(None, description="What stands there.")
    expected: str | None = Field(None, description="What should stand there, or whose it is to do.")


class UnsupportedMediaError(SenderError):
    """The body is of another kind than JSON."""


# The most specific error first.
_STATUS: Mapping[type[OpenInfusionError], int] = {
    StaleError: 412,
    UnsupportedMediaError: 415,
    FileTooLargeError: 413,
    ChangeControlError: 409,
    SenderError: 400,
    OperatorError: 503,
    OpenInfusionError: 422,
}


def problem(status: int, detail: str, **more: str) -> HttpResponse:
    """Return an answer that tells what is wrong."""
    said = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    return JsonResponse(said, status=status, content_type=MEDIA_TYPE)


def of_error(error: OpenInfusionError) -> HttpResponse:
    """Return an error of ours with its three parts."""
    status = next(status for kind, status in _STATUS.items() if isinstance(error, kind))
    return problem(status, str(error), where=error.where, found=error.found, expected=error.expected)


def register(api: NinjaAPI) -> None:
    """Have an API tell every refusal as a problem."""
    told: Mapping[type[Exception], Callable[[Any], HttpResponse]] = {
        OpenInfusionError: of_error,
        ValidationError: _of_validation,
        HttpError: _of_http,
        RequestDataTooBig: lambda _error: problem(413, "The body is larger than this server takes."),
        PermissionDenied: lambda error: problem(403, str(error)),
        Http404: lambda _error: problem(404, "There is no such thing in the organisation of this token."),
    }
    for kind, tell in told.items():
        api.add_exception_handler(kind, _answering(tell))


def _answering(tell: Callable[[Any], HttpResponse]) -> Callable[[HttpRequest, Any], HttpResponse]:
    return lambda _request, error: tell(error)


def _of_validation(error: ValidationError) -> HttpResponse:
    """Return the first thing that is wrong with what was sent; what was sent is not repeated."""
    first = error.errors[0]
    where = ".".join(str(part) for part in first["loc"])
    more = f" (and {len(error.errors) - 1} more)" if len(error.errors) > 1 else ""
    return problem(422, f"{where}: {first['msg']}{more}", where=where, found=first["type"], expected=first["msg"])


def _of_http(error: HttpError) -> HttpResponse:
    if isinstance(error.__cause__, OpenInfusionError):
        return of_error(error.__cause__)
    if error.status_code == HTTPStatus.UNAUTHORIZED:
        response = problem(401, "Show a token that is good now: Authorization: Bearer oi_...")
        response.headers["WWW-Authenticate"] = 'Bearer realm="OpenInfusion"'
        return response
    response = problem(error.status_code, error.message)
    if isinstance(error, TooOftenError):
        response.headers["Retry-After"] = str(error.seconds)
    return response


def api_tells_problems(answer: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Have addresses of the API answer with problems where others answer with a page."""

    def told(request: HttpRequest) -> HttpResponseBase:
        response = answer(request)
        kind = response.headers.get("Content-Type", "")
        if not request.path.startswith(ROOT) or response.status_code < HTTPStatus.BAD_REQUEST or "json" in kind:
            return response
        made = problem(response.status_code, f"{HTTPStatus(response.status_code).phrase}.")
        for name in ("Allow", "Retry-After"):
            if name in response.headers:
                made.headers[name] = response.headers[name]
        return made

    return told
