"""The last part of the demo: the web application, running on the example trust."""

import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from openinfusion.cli.console import say
from openinfusion.cli.web import make_fleet, say_people
from openinfusion.core.errors import OperatorError
from openinfusion.web import example_lake, serving

FOLDER, PORT, SECONDS = Path("build/web-demo"), 8000, 60


def show_web(examples: Path) -> None:
    """Serve the example trust until Ctrl+C; where nobody watches, fetch a page, say how to go on, and end."""
    serving.mark_as_example(FOLDER)
    serving.prepare(FOLDER)
    say_people(examples)
    make_fleet(FOLDER, examples)
    example_lake.give_lake(FOLDER, examples)
    with _served(_port()) as address:
        say("", f"The web application runs at {address} (example data, for this machine alone).")
        if sys.stdin.isatty() and sys.stdout.isatty():
            say("Ctrl+C ends it.")
            _until_ctrl_c()
    say(f"Start it again: openinfusion serve {FOLDER}")


def _until_ctrl_c() -> None:
    try:
        while True:
            time.sleep(1)
    except KeyboardInterrupt:
        say("")


def _port() -> int:
    """Return the usual port, or another where it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", PORT))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _served(port: int) -> Iterator[str]:
    address = f"http://localhost:{port}/"
    command = [sys.executable, "-m", "openinfusion", "serve", str(FOLDER), "--port", str(port), "--workers", "1"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - our own
    try:
        _wait(server, address)
        yield address
    finally:
        server.terminate()
        server.wait(20)


def _wait(server: "subprocess.Popen[bytes]", address: str) -> None:
    """Return as soon as a page comes."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}account/login/", timeout=5) as page:  # noqa: S310 - ours
                page.read()
                return
        except OSError:
            time.sleep(0.2)
    raise OperatorError(where=address, found="no answer", expected=f"what openinfusion serve {FOLDER} says")
