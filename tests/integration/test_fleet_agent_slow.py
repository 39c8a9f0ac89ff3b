"""A server that answers a report byte by byte holds its pump for so long and no longer."""

import contextlib
import socket
import threading
import time

import pytest

from openinfusion.gateway.agent_http import FleetServer, NoAnswerError, Patience, make_pool
from tests.integration.devices_bench import HOST

pytestmark = [pytest.mark.allow_hosts([HOST]), pytest.mark.hazard("CF-02")]


def test_an_answer_that_never_ends_is_given_up():
    def drips(listening):
        with contextlib.suppress(OSError), listening.accept()[0] as connection:
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n")
            for _ in range(100):
                connection.sendall(b"x")
                time.sleep(0.1)

    with socket.create_server((HOST, 0)) as listening:
        thread = threading.Thread(target=drips, args=(listening,), daemon=True)
        thread.start()
        patience = Patience(gap=1.0, whole=0.5)
        server = FleetServer(f"http://{HOST}:{listening.getsockname()[1]}", make_pool(), patience)
        begun = time.monotonic()
        with pytest.raises(NoAnswerError, match="no answer in time"):
            server.report("urn:pump:example:4711", b"{}")
        assert time.monotonic() - begun < 5
        thread.join(timeout=20)
