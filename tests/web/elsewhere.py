"""A trust's own identity provider for tests, of another make and in a process of its own (oidc_provider.py)."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.ports import free_port


@contextmanager
def provided(folder: Path) -> Iterator[str]:
    """Run a provider; yield its address."""
    port = free_port()
    log = (folder / "provider.log").open("w+")
    command = [sys.executable, str(Path(__file__).parent / "oidc_provider.py"), str(port)]
    process = subprocess.Popen(command, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait(address, process, folder)
        yield address
    finally:
        process.terminate()
        process.wait(20)
        log.close()


def _wait(address: str, process: subprocess.Popen[bytes], folder: Path) -> None:
    for _ in range(300):
        try:
            send(f"{address}/faults", {})
        except OSError:
            assert process.poll() is None, (folder / "provider.log").read_text()
            time.sleep(0.2)
        else:
            return
    raise AssertionError((folder / "provider.log").read_text())


def send(address: str, said: dict[str, Any]) -> None:
    """Send JSON to the provider."""
    body, headers = json.dumps(said).encode(), {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(address, body, headers, method="PUT"), timeout=120) as answer:  # noqa: S310 - our own
        assert answer.status == 204


class ToBrowser(urllib.request.HTTPRedirectHandler):
    """Stops where a browser would be sent back."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Elsewhere:
    """The provider, and somebody's browser there."""

    def __init__(self, address: str) -> None:
        self.address = address

    def knows(self, sub: str, **claims: Any) -> None:
        """Let it know somebody; by custom a confirmed address."""
        send(f"{self.address}/users/{quote(sub)}", {"email": sub, "email_verified": True} | claims)

    def answers_wrongly(self, **faults: Any) -> None:
        send(f"{self.address}/faults", faults)

    def sign_in(self, away: str, sub: str, **said: str) -> str:
        """Sign in there; return where the browser is sent back to."""
        body = "&".join(f"{name}={quote(value)}" for name, value in ({"sub": sub} | said).items()).encode()
        with pytest.raises(urllib.error.HTTPError) as answer:
            urllib.request.build_opener(ToBrowser).open(away, body, timeout=120)
        with answer.value as sent_back:
            return str(sent_back.headers["Location"]).removeprefix("http://localhost:8000")
