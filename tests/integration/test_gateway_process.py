"""The gateway as its users meet it: the commands, the process with its health pages, and how it ends."""

import contextlib
import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import time

import pytest

from tests.ports import free_port
from tests.unit.gateway.bench import HOST, held, message

pytestmark = pytest.mark.allow_hosts([HOST])
COMMAND = (sys.executable, "-m", "openinfusion", "gateway")
BROKEN = """
from openinfusion.cli import main
from openinfusion.gateway.store import Store, StoreError

def keep(self, arrivals):
    raise StoreError(where="a.db", found="disk I/O error", expected="a database on a sound disk")

Store.keep = keep
main()
"""


def run(*words, cwd=None, command=COMMAND):
    return subprocess.run(
        (*command, *map(str, words)), cwd=cwd, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def started(tmp_path):
    """Return a function that starts a gateway and tells its process, its port and its health port."""
    processes: list[subprocess.Popen[bytes]] = []

    def start(*words, command=COMMAND):
        log = tmp_path / f"log-{len(processes)}"
        health = free_port()
        arguments = (
            *command,
            "mllp",
            "--store",
            str(tmp_path / "a.db"),
            "--port",
            "0",
            "--health-port",
            str(health),
            *words,
        )
        with log.open("w") as file:
            process = subprocess.Popen(arguments, stdout=file, stderr=file)
        processes.append(process)
        while (found := re.search(r"port (\d+)", log.read_text())) is None:
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)
        return process, int(found[1]), health, log

    yield start
    for process in processes:
        process.kill()
        process.wait()


def ask(port, path, method="GET"):
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    connection.request(method, path)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body


def test_from_the_first_message_to_the_last(tmp_path, started):
    process, port, health, log = started()
    (tmp_path / "m.hl7").write_bytes(message("1") + message("2"))
    done = run("send", tmp_path / "m.hl7", "--port", port, "--repeat", 3, "--connections", 2, "--json")
    assert (done.returncode, json.loads(done.stdout)["acknowledged"]) == (0, 6)
    assert run("send", tmp_path / "m.hl7", "--port", port).stdout.startswith("acknowledged: 2\n")

    assert ask(health, "/healthz") == (200, "ok\n")
    assert ask(health, "/readyz?full=1") == (200, "ready\n")
    status, metrics = ask(health, "/metrics")
    assert status == 200
    assert 'openinfusion_gateway_stored_total{fate="duplicate"} 2\n' in metrics
    assert ask(health, "/metrics", "HEAD") == (200, "")
    assert ask(health, "/else")[0] == 404
    assert ask(health, "/metrics", "POST")[0] == 405

    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 0
    assert len(held(tmp_path / "a.db")) == 6
    assert "SECRET" not in log.read_text()


def test_stored_messages_are_shown_without_what_is_private(tmp_path, started):
    process, port, *_ = started()
    (tmp_path / "m.hl7").write_bytes(message("1") + message("1", text="other SECRET"))
    run("send", tmp_path / "m.hl7", "--port", port)
    process.terminate()
    process.wait()
    listed = run("messages", tmp_path / "a.db")
    assert "in conflict with 1" in listed.stdout
    assert "2 of 2 messages." in listed.stdout
    rows = json.loads(run("messages", tmp_path / "a.db", "--json").stdout)
    assert [(row["number"], row["sender"], row["type"]) for row in rows] == [
        (n, "PUMPS", "ORU^R42^ORU_R01") for n in (1, 2)
    ]
    shown = run("messages", tmp_path / "a.db", "--show", 2).stdout
    assert "OBX|1|ST|1^X^MDC|1.0.0.1|...\n" in shown
    assert "SECRET" not in shown + listed.stdout
    assert "SECRET^NAME" in run("messages", tmp_path / "a.db", "--show", 2, "--show-private").stdout
    assert run("messages", tmp_path / "a.db", "--show", 9).returncode == 5
    assert run("messages", tmp_path / "absent.db").returncode == 5
    assert not (tmp_path / "absent.db").exists()
    assert run("retention", tmp_path / "a.db").stdout == "Content deleted of 0 messages; 0 messages forgotten.\n"
    assert run("retention", tmp_path / "a.db", "--key-days", 5).returncode == 5


def test_a_message_that_is_refused_is_told(tmp_path, started):
    _, port, *_ = started()
    (tmp_path / "m.hl7").write_bytes(message(" ") + message("2"))
    done = run("send", tmp_path / "m.hl7", "--port", port)
    assert done.returncode == 1
    assert done.stdout.startswith("acknowledged: 1\nrefused: 1\n")


def test_a_store_that_fails_ends_the_process_without_an_answer(tmp_path, started):
    """After a failed sync nothing may be acknowledged, and nothing may go on: a supervisor starts it again."""
    process, port, _, log = started(command=(sys.executable, "-c", BROKEN, "gateway"))
    with socket.create_connection((HOST, port), timeout=20) as line:
        line.sendall(b"\x0b" + message("1") + b"\x1c\r")
        with contextlib.suppress(ConnectionResetError):
            assert line.recv(1000) == b""
    assert process.wait(timeout=20) == 5
    assert "found disk I/O error" in log.read_text()
    assert held(tmp_path / "a.db") == []


def test_health_pages_stand_what_is_no_http(started):
    _, _, health, _ = started()
    for sent, status in ((b"hello\r\n\r\n", b" 400 "), (b"GET /" + b"a" * 20_000 + b"\r\n\r\n", b" 431 ")):
        with socket.create_connection((HOST, health), timeout=20) as line:
            line.sendall(sent)
            assert status in line.recv(1000)
    silent = [socket.create_connection((HOST, health), timeout=20) for _ in range(20)]
    assert ask(health, "/healthz")[0] == 200
    assert silent[0].recv(10) == b""
    for one in silent:
        one.close()


def test_settings_are_checked_in_words(tmp_path):
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        (tmp_path / "g.toml").write_text(
            f'[store]\npath = "absent/a.db"\n[[listeners]]\nport = {port}\n'
            '[listeners.tls]\ncertificate = "c.pem"\nkey = "k.pem"\n[health]\nhost = "no.such.host.invalid"\n'
        )
        done = run("check", tmp_path / "g.toml")
    assert done.returncode == 3
    assert done.stdout.splitlines() == [
        f"listeners[0].tls: found {tmp_path}/c.pem: No such file or directory; expected a PEM file",
        f"listeners[0].port: found {HOST} port {port}: Address already in use; expected a port that is free",
        done.stdout.splitlines()[2],
        f"store.path: found no folder {tmp_path}/absent; expected a folder that is there",
    ]
    assert done.stdout.splitlines()[2].startswith("health.port: found ")
    (tmp_path / "g.toml").write_text("[store]\n")
    done = run("check", tmp_path / "g.toml", "--json")
    assert done.returncode == 3
    assert {one["path"] for one in json.loads(done.stdout)} == {"store.path"}
    (tmp_path / "g.toml").write_text('[store]\npath = "a.db"\n')
    assert {one["path"] for one in json.loads(run("check", tmp_path / "g.toml", "--json").stdout)} == {"listeners"}
    assert run("mllp", "--config", tmp_path / "g.toml").returncode == 3


@pytest.mark.parametrize(
    "words, said",
    [
        ((), "--config FILE, or --store FILE"),
        (("--store", "absent/a.db"), "a folder that can be written"),
        (("--store", "a.db", "--host", "192.0.2.1"), "Cannot assign requested address"),
    ],
    ids=["nothing", "folder", "address"],
)
def test_what_cannot_start_says_why(tmp_path, words, said):
    done = run("mllp", *words, cwd=tmp_path)
    assert done.returncode == 5
    assert said in done.stderr


def test_a_try_needs_one_command(tmp_path):
    (tmp_path / "m.hl7").write_bytes(message("1"))
    done = run("try", tmp_path / "m.hl7", "--store", tmp_path / "a.db")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("acknowledged: 1\n")
    assert len(held(tmp_path / "a.db")) == 1
