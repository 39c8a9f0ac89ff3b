"""Requests and answers as bytes: bodies with limits, JSON, refusals."""

from typing import Any

import msgspec
from aiohttp import web

from openinfusion.core.errors import SenderError
from openinfusion.gateway.devices.refusals import RefusalError

_encode = msgspec.json.Encoder().encode


async def read_body(request: web.Request) -> bytes:
    """
    Return the body of a request, which is no longer than the application allows.

    Raises:
        RefusalError: it is packed, or too long.

    """
    if "Content-Encoding" in request.headers:
        raise RefusalError(415, where="Content-Encoding", found="a packed body", expected="one that is not packed")
    most = request.client_max_size
    if (request.content_length or 0) > most:
        raise _too_long(f"{request.content_length:,} bytes", most)
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise _too_long("a longer body", most) from None
    except web.RequestPayloadError:
        raise SenderError(where="body", found="its end too early", expected="a whole body") from None


async def read_beginning(request: web.Request, most: int) -> bytes:
    """Return the beginning of a body; the rest is read and dropped, however long, within the time of a request."""
    kept = bytearray()
    async for piece in request.content.iter_any():
        kept += piece[: most - len(kept)]
    return bytes(kept)


def _too_long(found: str, most: int) -> RefusalError:
    return RefusalError(413, where="body", found=found, expected=f"at most {most:,} bytes")


def read_json(data: bytes, kind: Any, *, where: str) -> Any:  # noqa: ANN401 - what msgspec makes of a type
    """Return a body as a value of a type of msgspec; raises SenderError if it is none."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        found = str(error)[:200].encode("ascii", "replace").decode()
        raise SenderError(where=where, found=found, expected="JSON as the manual of the device API has it") from None


def answer(told: object, *, status: int = 200) -> web.Response:
    """Return an answer as JSON."""
    return web.Response(body=_encode(told), status=status, content_type="application/json")


def refuse(refusal: RefusalError) -> web.Response:
    """Return a refusal as JSON, in words."""
    told = {"where": refusal.where, "found": refusal.found, "expected": refusal.expected}
    made = answer({"refused": told}, status=refusal.status)
    if refusal.retry is not None:
        made.headers["Retry-After"] = str(refusal.retry)
    return made
