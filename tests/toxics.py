"""A proxy that does to a connection what bad networks do: the eight toxics, by their usual names."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator

TOXICS = ("latency", "down", "bandwidth", "slow_close", "timeout", "reset_peer", "slicer", "limit_data")
_SECONDS = 0.1
_LIMIT = 300
_PIECE = 7


class Proxy:
    """
    Between a client and a server.

    Attributes:
        toxic: what is done to every connection, if anything.
        harmed: how many connections it was done to.

    """

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._there = port
        self._tasks: set[asyncio.Task[None]] = set()
        self.toxic: str | None = None
        self.harmed = 0
        self.port = 0

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Proxy"]:
        server = await asyncio.start_server(self._take, self._host, 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.harmed += self.toxic is not None
        if self.toxic == "down":
            writer.transport.abort()
            return
        try:
            there_reader, there_writer = await asyncio.open_connection(self._host, self._there)
        except OSError:
            writer.transport.abort()
            return
        try:
            await asyncio.gather(self._pipe(reader, there_writer), self._pipe(there_reader, writer))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            for one in (writer, there_writer):
                one.transport.abort()

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        passed = 0
        while data := await reader.read(4096):
            match self.toxic:
                case "latency":
                    await asyncio.sleep(_SECONDS)
                case "timeout":
                    continue
                case "reset_peer":
                    _reset(writer)
                    raise ConnectionResetError
                case "limit_data" if passed + len(data) > _LIMIT:
                    writer.write(data[: _LIMIT - passed])
                    await writer.drain()
                    raise ConnectionResetError
                case "slicer" | "bandwidth":
                    await self._slowly(data, writer)
                    passed += len(data)
                    continue
                case _:
                    pass
            passed += len(data)
            writer.write(data)
            await writer.drain()
        if self.toxic == "slow_close":
            await asyncio.sleep(_SECONDS)
        writer.write_eof()

    async def _slowly(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        size, pause = (_PIECE, 0.0) if self.toxic == "slicer" else (512, _SECONDS / 5)
        for at in range(0, len(data), size):
            writer.write(data[at : at + size])
            await writer.drain()
            await asyncio.sleep(pause)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Have the other side see a reset, not an end."""
    inner = writer.get_extra_info("socket")
    inner.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
