"""A Spark cluster, started on this machine, answers as Polars does: every question, and the replay, to the row."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from openinfusion.adapters.open_library import open_library
from openinfusion.core.numbers import decimal_text
from openinfusion.lake.engine import PolarsEngine
from openinfusion.lake.ingest import Settings, ingest
from openinfusion.lake.questions import QUESTIONS
from openinfusion.lake.store import Lake
from tests.conftest import REPOSITORY
from tests.engines import BRISK, SPARK
from tests.integration.lake_answers import answers

LIBRARY = REPOSITORY / "examples" / "trust" / "library-1.1.0.json"
LOG = REPOSITORY / "examples" / "events" / "every-kind.jsonl"
MASTER = "org.apache.spark.deploy.master.Master"
WORKER = "org.apache.spark.deploy.worker.Worker"
HERE = ("--host", "127.0.0.1", "--webui-port", "0")
PATIENCE = 120


class Cluster:
    """A master and its workers, each a process with a log of its own, all on the loopback address."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        self.address = ""

    def start(self, *, workers: int) -> None:
        self._run("master", MASTER, *HERE, "--port", "0")
        self.address = self._await("master", r"Starting Spark master at (spark://\S+)")[0]
        for number in range(workers):
            place = ("--work-dir", str(self.folder / f"work-{number}"))
            self._run(f"worker-{number}", WORKER, *HERE, "--cores", "1", "--memory", "1g", *place, self.address)
        self._await("master", "Registering worker", times=workers)

    def _run(self, name: str, *command: str) -> None:
        # Not imported where Spark is absent; the test is skipped there.
        import pyspark  # noqa: PLC0415

        program = Path(pyspark.__file__).with_name("bin") / "spark-class"
        env = {**os.environ, **dict([BRISK]), "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_DAEMON_MEMORY": "512m"}
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen([str(program), *command], stdout=log, stderr=subprocess.STDOUT, env=env)
        self.processes.append(process)

    def _await(self, name: str, pattern: str, *, times: int = 1) -> list[str]:
        log = self.folder / f"{name}.log"
        end = time.monotonic() + PATIENCE
        while len(found := re.findall(pattern, log.read_text())) < times:
            dead = [process.args for process in self.processes if process.poll() is not None]
            assert not dead, f"{dead} ended: {log.read_text()[-2000:]}"
            assert time.monotonic() < end, f"no {pattern!r}: {log.read_text()[-2000:]}"
            time.sleep(0.1)
        return found

    def stop(self) -> None:
        """End the workers, which end what they started, and then the master."""
        for process in reversed(self.processes):
            process.terminate()
        for process in self.processes:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    pytest.importorskip("pyspark")
    (tmp_path / "cluster").mkdir()
    made = Cluster(tmp_path / "cluster")
    try:
        made.start(workers=2)
        yield made
    finally:
        made.stop()


def shifted(record: dict[str, object], number: int) -> str:
    """A record of the example log as another pump would tell it, some days later."""
    text = json.dumps(record).replace("SP-0417", f"SP-{number:04}")
    told = json.loads(text)
    for name in ("at", "received", "clock_before"):
        if name in told:
            told[name] = (datetime.fromisoformat(told[name]) + timedelta(days=number)).isoformat()
    return json.dumps(told)


def attempts() -> Iterator[str]:
    """For each entry with limits of dose: a programme on each limit, and one just beyond it."""
    library = open_library(LIBRARY, None).library
    for entry, limits in [(entry, entry.dose) for entry in library.entries[::7] if entry.dose is not None]:
        for bound in [bound for bound in limits.bounds if bound is not None]:
            for nudge in (Fraction(0), Fraction(1, 1000)):
                dose = {"value": decimal_text(bound + nudge), "unit": limits.unit.code}
                programme = {"mode": entry.type.value, "dose": dose, "weight": {"value": "71.3", "unit": "kg"}}
                event = {
                    "event_id": f"{entry.id}-{decimal_text(bound)}-{nudge}"[-200:],
                    "kind": "programmed",
                    "pump": f"SP-{len(entry.id) % 3:04}",
                    "at": "2026-04-05T23:59:59Z",
                    "infusion": entry.id[-200:],
                    "care_area": entry.care_area,
                    "entry": entry.id,
                    "with_library": True,
                    "programme": programme,
                }
                yield json.dumps(event)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Thirty pumps over two months, and a few hundred programmes around the limits of the example library."""
    header, *lines = LOG.read_text().splitlines()
    records = [json.loads(line) for line in lines]
    log = tmp_path / "log.jsonl"
    told = [shifted(record, number) for number in range(30) for record in records]
    log.write_text("\n".join([header, *told, *attempts()]) + "\n")
    for summary in ingest(tmp_path / "lake", [log], Settings(workers=0), acknowledge=lambda *_: None):
        assert summary.is_whole, summary
    return Lake.open(tmp_path / "lake")


@pytest.mark.xdist_group(SPARK)
def test_a_cluster_answers_as_this_machine_does(cluster: Cluster, lake: Lake, tmp_path: Path):
    """The same files, the same expressions: one setting moves all of them to a cluster."""
    expected = answers(lake, LIBRARY, PolarsEngine(), each_way=False)
    folder = tmp_path / "answers"
    folder.mkdir()
    script = Path(__file__).with_name("lake_answers.py")
    # A few rows need few parts; a cluster's own settings live in such a file.
    (folder / "spark-defaults.conf").write_text("spark.sql.shuffle.partitions 4\n")
    env = {**os.environ, **dict([BRISK]), "OPENINFUSION_ENGINE": cluster.address, "SPARK_CONF_DIR": str(folder)}

    command = [sys.executable, str(script), str(lake.path), str(LIBRARY), str(folder)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout == ""
    assert {path.stem for path in folder.glob("*.parquet")} == set(expected)
    for name, answer in expected.items():
        assert_frame_equal(pl.read_parquet(folder / f"{name}.parquet"), answer)
    assert expected["replay"].height > 100
    assert len(expected) == len(QUESTIONS) + 2
