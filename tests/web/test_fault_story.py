"""Three faults of a fleet, from the pump to the pages: a port is cut, a pump goes back, a release is bad."""

import json
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from typer.testing import CliRunner

from openinfusion.adapters.documents import canonical_bytes
from openinfusion.cli import fleet as commands
from openinfusion.cli import fleet_follow
from openinfusion.fleet.agent import BenchPump, folder_source
from openinfusion.fleet.report import Place
from openinfusion.gateway.devices import pumps
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.audit.models import AuditRow
from openinfusion.web.fleet.models import Task
from openinfusion.web.fleet.watch import forget, held
from tests.fleet_desk import small_library
from tests.fleet_pump import Bench
from tests.web.change_people import People, text_of
from tests.web.fleet_bench import PROFILE, TRUST, FleetBench
from tests.web.test_claims_pages import HEADER, hand_in
from tests.web.test_fleet_work import keep_up
from tests.web.test_rollout_pages import PLAN, shown_on

pytestmark = pytest.mark.hazard("CF-01")
URN = "urn:pump:acme:{}".format
Read = Callable[..., str]


@pytest.fixture
def bench(tmp_path, settings) -> Iterator[FleetBench]:
    """Return a place whose ring "rest" runs release 1."""
    made = FleetBench(tmp_path / "fleet")
    made.release("1.0.0", "rest", days_ago=9)
    settings.PLACE = replace(settings.PLACE, folder=tmp_path, devices=made.config)
    forget()
    yield made
    forget()


@pytest.fixture
def read(bench, signed_in) -> Read:
    """Return what a page says to an engineer now, after the process beside the pages has looked."""

    def page(path: str) -> str:
        keep_up(Organisation.objects.get(slug=TRUST))
        held()._tried = None
        answer = signed_in("engineer").get(f"/{TRUST}/{path}")
        assert answer.status_code == 200
        return text_of(answer)

    return page


class Ports:
    """Pumps on ports; they report whenever time goes on, those on a port that is cut do not."""

    def __init__(self, bench: FleetBench, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bench, self.cut = bench, set[str]()
        self.on = {"p-7": ("S1", "S2", "S3"), "p-1": ("C1", "C2")}
        bench.know_all([one for some in self.on.values() for one in some])
        monkeypatch.setattr(timezone, "now", lambda: self.bench.now)
        self.go_on(hours=1)

    def go_on(self, **parts: float) -> None:
        self.bench.now += timedelta(**parts)
        for port in self.on.keys() - self.cut:
            for serial in self.on[port]:
                self.bench.report(URN(serial), 1, hours_ago=0, ward=port.replace("p", "ward"), port=port)


@pytest.mark.hazard("IT-01")
def test_a_port_that_is_cut_is_seen_by_the_pumps_that_it_silences(bench, read, signed_in, monkeypatch):
    """Given pumps on two ports, when one is cut, then the pages lead from its pumps to it, until they prove again."""
    ports = Ports(bench, monkeypatch)
    assert "5 of 5 pumps are proven current" in read("fleet/")
    assert "p-7" not in read("network/")
    ports.cut.add("p-7")
    ports.go_on(hours=100)

    glance = read("fleet/")
    assert "2 of 5 pumps are proven current" in glance
    assert "3 pumps need somebody" in glance
    assert "has proven nothing for too long Pumps 3" in glance
    for page in (glance, read("fleet/wards")):
        assert "port p-7 is silent" in page.partition("ward-7")[2]
        assert "p-1 is silent" not in page
    assert "port p-7: 3 of the 3 pumps last seen there are silent" in read("fleet/work")
    assert {task.pump for task in Task.objects.filter(closed_at=None)} == set(map(URN, ports.on["p-7"]))
    assert "port p-7 ward-7 not tested – 3 3 pumps" in read("network/")

    tested = {"ward": "ward-7", "kind": "port", "name": "p-7", "result": "dead", "tested_on": f"{bench.now:%Y-%m-%d}"}
    assert signed_in("engineer").post(f"/{TRUST}/network/enter", tested).status_code == 302
    assert "1 place was found dead; 3 pumps last seen there are silent." in read("network/")
    linked = read("fleet/work?port=p-7")
    assert all(f"acme:{serial}" in linked for serial in ports.on["p-7"])

    ports.cut.clear()
    ports.go_on(hours=1)
    assert "No pump needs anybody." in read("fleet/")
    assert set(Task.objects.values_list("end", flat=True)) == {Task.End.PROOF}
    assert "3 pumps last seen there are silent" not in read("network/")


@pytest.mark.hazard("CF-02")
def test_a_pump_that_went_back_is_told_until_it_proves_what_it_shall_run(bench, read, signed_in):
    """Given all on release 2, when one runs 1 again, then no word, no claim and no false proof closes its work."""
    bench.know_all(["R1", "C1"])
    two = bench.release("1.1.0", "rest", days_ago=2)
    for serial in ("R1", "C1"):
        bench.report(URN(serial), two, hours_ago=9)
    assert "2 of 2 pumps are proven current" in read("fleet/")

    bench.report(URN("R1"), 1, hours_ago=8)
    assert "1 of 2 pumps are proven current" in read("fleet/")
    assert "acme:R1" in read("fleet/pumps?state=reverted")
    assert "release 1 after 2" in read(f"fleet/pumps/{URN('R1')}")
    assert "release 1 after 2" in read("fleet/work")

    engineer, claim = signed_in("engineer"), "R1;N/A;1.1.0;29/11/2026 07:10;\n"
    engineer.post(f"/{TRUST}/fleet/pumps/{URN('R1')}/work", {"text": "Done, it runs 1.1.0.", "close": "1"})
    assert "Disagrees: 1" in text_of(engineer.get(hand_in(engineer, HEADER + claim)["location"]))
    bench.report(URN("R1"), 1, hours_ago=7)
    bench.report(URN("R1"), two, hours_ago=6, loaded="0" * 64)
    assert "acme:R1" in read("fleet/work")
    assert Task.objects.get().closed_at is None

    bench.report(URN("R1"), two, hours_ago=0)
    assert "Nothing is to do here." in read("fleet/work")
    assert Task.objects.get().end == Task.End.PROOF
    assert "Proof: release 2 by report" in read("fleet/work/closed")


class Faulty(BenchPump):
    """A pump whose self-test does not pass with the second release."""

    def self_test(self) -> str | None:
        return "no rate" if b'"1.1.0"' in (self.loaded() or b"") else super().self_test()


class Ward:
    """Real agents: each takes what the director lists for it, and the device API judges what it signs."""

    def __init__(self, bench: FleetBench, folder: Path) -> None:
        self.bench, self.folder, self.agents = bench, folder, dict[str, Bench]()
        self.source = folder_source(bench.desk.authority.folder)
        bench.desk.at = datetime.now(UTC)
        bench.desk.refresh()

    def add(self, serial: str, *, is_faulty: bool = False) -> None:
        urn, at = URN(serial), datetime.now(UTC)
        told = {"pump": urn, "hospital": TRUST, "profile": PROFILE, "ring": "rest", "place": Place(ward="icu-1")}
        factory, roots = canonical_bytes(small_library("0.0.0")), self.bench.desk.trusted_roots()
        made = self.agents[urn] = Bench(self.folder / serial, roots=roots, factory=factory, at=at, **told)
        made.restart(Faulty(made.home.folder / "in-use", made.clock, is_fresh=True) if is_faulty else None)
        key = made.home.key().public_key().public_bytes_raw()
        with self.bench.writing() as connection:
            known = pumps.Told(line=f"{TRUST}/{PROFILE}", ring="rest", report_key=key)
            pumps.tell(connection, urn, known, at=at - timedelta(days=9))

    def poll(self) -> None:
        """Let each look twice: the second report answers the question, and its agent knows its ring."""
        for urn, one in [*self.agents.items()] * 2:
            one.clock.go_on(minutes=10)
            one.clock.at = at = datetime.now(UTC)
            one.agent.update(self.source)
            one.agent.activate()
            answer = self.bench.hear(urn, one.agent.report(), at=at)
            assert one.agent.answered(json.dumps(answer).encode()) is not None

    @property
    def running(self) -> list[int]:
        return sorted(one.running for one in self.agents.values())


@pytest.fixture
def types(bench, monkeypatch) -> Callable[..., str]:
    """Type a command as whoever keeps the key of the server."""
    for module in (fleet_follow, commands):
        monkeypatch.setattr(module, "online_signer", lambda *_: bench.desk.online)

    def typed(command: str) -> str:
        words = shlex.split(command)
        assert words[:2] == ["openinfusion", "fleet"]
        return CliRunner().invoke(commands.app, words[2:], catch_exceptions=False).output

    return typed


@pytest.mark.hazard("CF-04")
def test_a_bad_release_halts_in_the_canary_and_two_persons_take_it_back(bench, read, signed_in, types, tmp_path):
    """Given a release that 3 of 12 canaries refuse, then it halts, the page says why, and a recall brings 1 back."""
    ward, people = Ward(bench, tmp_path / "pumps"), People(signed_in, "")
    people.address = f"/{TRUST}/rollouts"
    for n in range(12):
        ward.add(f"K{n}", is_faulty=n < 3)
    ward.poll()
    assert ward.running == [1] * 12
    bench.release("1.1.0")
    planned = people.client("engineer").post(f"/{TRUST}/rollouts/new", PLAN | {"offer-0-number": 2})
    assert planned.status_code == 302, text_of(planned)
    people.done("engineer", "library-2/begin", **shown_on(people.client("engineer"), f"{people.address}/library-2/"))
    follow = re.search(r"openinfusion fleet follow \S+ --config \S+", read("rollouts/library-2/"))[0]
    types(follow)
    ward.poll()
    ward.poll()
    assert ward.running == [1] * 3 + [2] * 9
    glance, offered = read("fleet/"), f"canary {TRUST}/{PROFILE} release"
    assert "3 pumps need somebody" in glance
    assert f"{offered} 2" in glance
    assert "self-test-failed" in read("fleet/work")

    assert "canary: halt" in types(follow)
    why = "canary halted. canary: 25 % (3 of 12) of pumps failed; it stops at 3 pumps and 0.5 %"
    assert why in read("rollouts/library-2/")
    assert offered not in read("fleet/")
    ward.add("late")
    ward.poll()
    types(follow)
    ward.poll()
    assert ward.running.count(2) == 9, "no other pump is offered it"

    people.done("champion", "library-2/stop", reason="No pump may take it.")
    assert "stopped by Noor Nurse: No pump may take it." in read("rollouts/library-2/")
    people.done("mso", "library-2/recall", reason="Its self-test fails.")
    assert "Two persons asked" not in read("rollouts/library-2/")
    people.done("cso", "library-2/recall", reason="I agree.")
    page = read("rollouts/library-2/")
    assert "Two persons asked for a recall." in page
    types(re.search(r"openinfusion fleet recall .*? --authority \S+", page)[0])
    assert "Recalled: release 2 of adult." in read("rollouts/library-2/")
    assert "was recalled" in read("fleet/work")

    assert f"{offered} 3" in read("fleet/")
    ward.poll()
    types(follow)
    assert ward.running == [3] * 13, "the content of 1, under a number that every pump takes"
    assert "No pump needs anybody." in read("fleet/")
    assert AuditRow.objects.filter(action__startswith="roll-out: ").count() == 4
