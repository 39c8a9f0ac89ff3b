"""What benchmarks of the web application share: a place served by the product's own command, and who asks it."""

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import aiohttp

from tests.ports import free_port

EMPTY = "/health"
"""A view that only asks the database whether it is there."""


@contextlib.contextmanager
def served(folder: Path, more: str = "") -> Iterator[str]:
    """Serve the place by the product's own command, on two workers; ``more`` ends its settings."""
    port = free_port()
    (folder / "web.toml").write_text(f'origin = "http://127.0.0.1:{port}"\n{more}')
    command = [sys.executable, "-m", "openinfusion", "serve", str(folder), "--port", str(port), "--workers", "2"]
    server = subprocess.Popen(command, env=os.environ | {"OPENINFUSION_WEB": str(folder)})
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(30)


def signed_in(origin: str, cookie: str) -> aiohttp.ClientSession:
    """Return a session of somebody who has signed in."""
    return aiohttp.ClientSession(origin, headers={"Cookie": f"sessionid={cookie}"})


async def until_ready(session: aiohttp.ClientSession) -> None:
    """Wait until the server answers."""
    for _ in range(600):
        try:
            async with session.get(EMPTY):
                return
        except aiohttp.ClientConnectionError:
            await asyncio.sleep(0.2)


def p99(times: Sequence[float]) -> float:
    """Return the least time that 99 of 100 do not exceed."""
    return sorted(times)[max(-(-len(times) * 99 // 100) - 1, 0)]
