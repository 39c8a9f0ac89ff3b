"""Health and metrics over the smallest HTTP that serves: GET and HEAD of three paths, one request a connection."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Mapping
from http import HTTPStatus

_LONGEST_REQUEST = 8192
_SECONDS = 5
_MOST = 32
Page = Callable[[], tuple[HTTPStatus, str]]


class HealthPages:
    """Answers what is asked for over one socket, for few at a time and not for long."""

    def __init__(self, pages: Mapping[str, Page]) -> None:
        self._pages = pages
        self._open = 0
        self._server: asyncio.Server | None = None

    async def start(self, bound: socket.socket) -> None:
        """Listen on a socket."""
        self._server = await asyncio.start_server(self._serve, sock=bound, limit=_LONGEST_REQUEST)

    async def stop(self) -> None:
        """Close."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            async with asyncio.timeout(_SECONDS):
                if self._open <= _MOST:
                    writer.write(await self._answer(reader))
                    await writer.drain()
        except (TimeoutError, OSError):
            writer.transport.abort()
        finally:
            self._open -= 1
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader) -> bytes:
        try:
            request = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            return _response(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "too long\n")
        except asyncio.IncompleteReadError:
            return b""
        words = request.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):  # noqa: PLR2004 - method, path, version
            return _response(HTTPStatus.BAD_REQUEST, "not HTTP\n")
        method, path = words[0], words[1].partition("?")[0]
        if method not in ("GET", "HEAD"):
            return _response(HTTPStatus.METHOD_NOT_ALLOWED, "GET or HEAD\n", more="Allow: GET, HEAD\r\n")
        page = self._pages.get(path)
        status, text = page() if page else (HTTPStatus.NOT_FOUND, f"one of {', '.join(self._pages)}\n")
        return _response(status, text, is_whole=method == "GET")


def _response(status: HTTPStatus, text: str, *, more: str = "", is_whole: bool = True) -> bytes:
    body = text.encode()
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nCache-Control: no-store\r\nConnection: close\r\n{more}\r\n"
    )
    return head.encode() + (body if is_whole else b"")
