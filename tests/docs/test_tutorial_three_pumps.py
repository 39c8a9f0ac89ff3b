"""The tutorial of the three pumps is typed as it stands, with a server that really serves beside it."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "tutorial" / "three-pumps.md"
SERVE = "openinfusion gateway devices serve --config devices/gateway.toml"


@pytest.fixture
def place(tmp_path):
    """A folder with the examples, and the command on the path."""
    shutil.copytree(ROOT / "examples" / "trust", tmp_path / "examples" / "trust")
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "openinfusion"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m openinfusion "$@"\n')
    command.chmod(0o755)
    return tmp_path


def test_the_tutorial_of_the_three_pumps(place):
    blocks = re.findall(r"```text\n(.*?)```", PAGE.read_text(), re.DOTALL)
    first, second = "\n".join(blocks).split(SERVE)
    # Any free port instead of the usual one, which another server may have.
    first = first.replace("--trees ../authority", "--trees ../authority --port 0")
    env = {**os.environ, "PATH": f"{place / 'bin'}:{os.environ['PATH']}"}

    def typed(text, *, folder):
        done = subprocess.run(["sh", "-ec", text], cwd=folder, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    typed(first, folder=place)
    bench, log = place / "bench", place / "serve.log"
    with log.open("w") as told, subprocess.Popen(SERVE.split(), cwd=bench, env=env, stderr=told) as server:
        try:
            until = time.monotonic() + 60
            while not (found := re.search(r"port ([0-9]+)", log.read_text())):
                assert server.poll() is None, log.read_text()
                assert time.monotonic() < until, log.read_text()
                time.sleep(0.1)
            said = typed(second.replace(":8443", f":{found[1]}"), folder=bench)
        finally:
            server.terminate()
    assert said.count("3 pumps.") == 2
    assert said.count("1 (pump-proven)") == 3
    assert said.count("library: activated, release 2") == 3
    # The last list is of before the reports that prove release 3 were asked for; each pump says so itself.
    assert said.count("library: activated, release 3") == 3
    assert said.count("3 (pump-proven)") == 3
