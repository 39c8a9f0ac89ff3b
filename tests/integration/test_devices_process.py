"""The device API as an operator starts it: from settings to its end, with its pages of health and figures."""

import asyncio
import re
import signal
import subprocess
import sys
import time

import aiohttp
import pytest

from openinfusion.gateway.devices import pumps
from openinfusion.gateway.devices.beginning import begin
from openinfusion.gateway.devices.database import Database
from openinfusion.gateway.devices.pumps import Told
from openinfusion.gateway.settings import read_settings
from tests.integration.devices_bench import AT, HOST, LINE, Client, PumpOnBench, make_trees
from tests.ports import free_port

pytestmark = [pytest.mark.allow_hosts([HOST]), pytest.mark.xdist_group("devices")]
LISTENING = re.compile(r"listening: devices at 127\.0\.0\.1 port (\d+), no TLS: a trial")


@pytest.fixture
def served(tmp_path):
    """A process, where it tells of its health, and a pump that it knows."""
    desk = make_trees(tmp_path / "fleet")
    config, health = begin(tmp_path / "devices", trees="../fleet", port=0), free_port()
    with config.open("a") as file:
        file.write(f"health_port = {health}\n")
    place = read_settings(config).devices
    assert place is not None
    pump = PumpOnBench(library=desk.library(1), number=1)
    database = Database.open(place.state)
    with database.transaction() as connection:
        pumps.tell(connection, pump.urn, Told(line=LINE, report_key=pump.key.public_key().public_bytes_raw()), at=AT)
    database.close()
    log = (tmp_path / "log").open("w+")
    words = (sys.executable, "-m", "openinfusion", "gateway", "devices", "serve", "--config", str(config))
    process = subprocess.Popen(words, stdout=log, stderr=log)
    try:
        while (found := LISTENING.search((tmp_path / "log").read_text())) is None:
            assert process.poll() is None, (tmp_path / "log").read_text()
            time.sleep(0.05)
        yield process, f"http://{HOST}:{found[1]}", f"http://{HOST}:{health}", pump
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(timeout=20)
        log.close()


def test_it_tells_how_it_is_and_ends_in_order(served):
    process, base, health, pump = served

    async def run():
        async with aiohttp.ClientSession() as session:
            client, pages = Client(session, base), Client(session, health)
            assert await pages.get("/healthz") == (200, b"ok\n")
            assert await pages.get("/readyz") == (200, b"ready\n")
            for _ in range(2):
                assert (await client.report(pump))[0] == 200
            assert (await client.report(PumpOnBench(pump.urn)))[0] == 409
            assert (await client.events(pump, 1, 2, 2))[1]["ack"] == 2
            return (await pages.get("/metrics"))[1].decode()

    figures = asyncio.run(run())
    for line in (
        'openinfusion_devices_requests_total{status="200"} 3',
        'openinfusion_devices_requests_total{status="409"} 1',
        'openinfusion_devices_reports_total{outcome="proof"} 1',
        'openinfusion_devices_findings_total{code="bad-signature"} 1',
        'openinfusion_devices_events_total{fate="kept"} 2',
        'openinfusion_devices_events_total{fate="known"} 1',
        "openinfusion_devices_storing 1",
        "openinfusion_devices_releases 1",
        'openinfusion_devices_answer_seconds_bucket{le="+Inf"} 4',
    ):
        assert f"{line}\n" in figures
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0


def test_what_cannot_be_served_is_said_in_one_sentence(tmp_path):
    config = begin(tmp_path / "devices", trees="../nothing", port=0)
    words = (sys.executable, "-m", "openinfusion", "gateway", "devices", "serve", "--config", str(config))
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 5
    assert "expected the signed trees of a fleet" in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr
