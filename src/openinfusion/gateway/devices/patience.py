"""
How long a request may take to come: so many seconds from the first byte of its head to the last of its body.

A client that lets a byte drip now and then is never silent, so no limit of silence ends it.
"""

import asyncio
from typing import Any
from weakref import WeakKeyDictionary

from aiohttp import StreamReader, web

_bounded: "WeakKeyDictionary[Any, Bounded]" = WeakKeyDictionary()


class Bounded(asyncio.Protocol):
    """A connection whose requests have to come in time; all that it hears it hands on to the server."""

    def __init__(self, server: asyncio.Protocol, seconds: float) -> None:
        self._server = server
        self._seconds = seconds
        self._transport: asyncio.BaseTransport | None = None
        self._begun: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_answering = False
        self._body: StreamReader | None = None

    # --- What asyncio tells it ----------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        _bounded[transport] = self
        self._server.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        is_rest = self._body is not None and not self._body.is_eof()
        if self._begun is None and not self._is_answering and not is_rest:
            loop = asyncio.get_running_loop()
            self._begun = loop.time()
            self._timer = loop.call_later(self._seconds, self._show_out)
        self._server.data_received(data)

    def eof_received(self) -> bool | None:
        return self._server.eof_received()

    def pause_writing(self) -> None:
        self._server.pause_writing()

    def resume_writing(self) -> None:
        self._server.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        self._stop()
        self._server.connection_lost(error)

    # --- What the application tells it --------------------------------------------------------------------------------

    def head_is_whole(self) -> float:
        """Return until when, in seconds of the loop, the body has to be there."""
        begun = asyncio.get_running_loop().time() if self._begun is None else self._begun
        self._stop()
        self._is_answering = True
        return begun + self._seconds

    def is_answered(self, body: StreamReader) -> None:
        """Wait for the next head; what still comes of this body is none."""
        self._is_answering = False
        self._body = body

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._begun = None

    def _show_out(self) -> None:
        if isinstance(self._transport, asyncio.Transport):
            self._transport.abort()


def bounded(request: web.Request) -> Bounded | None:
    """Return the connection of a request; ``None`` where it has ended."""
    return None if request.transport is None else _bounded.get(request.transport)
