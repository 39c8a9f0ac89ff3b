"""A fleet for tests of its pages: signed trees, a device API's database, and pumps whose reports are judged as any."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from openinfusion.fleet.authority.listing import library_bytes, listing_of
from openinfusion.fleet.authority.trees import Authority
from openinfusion.fleet.report import Place
from openinfusion.gateway.devices import pumps
from openinfusion.gateway.devices.database import Database, set_fact
from openinfusion.gateway.devices.questions import Questions
from openinfusion.gateway.devices.reports import judge
from openinfusion.gateway.devices.trees import Trees
from tests.fleet_desk import Desk, small_library
from tests.integration.devices_bench import PumpOnBench

TRUST, PROFILE = "example-trust", "adult"
_QUESTIONS = Questions(b"of a bench of pages")
_SETTINGS = """\
[devices]
trees = "authority"
state = "state"
time_key = "time.key"
"""


class FleetBench:
    """
    A place with pumps.

    Attributes:
        config: the settings of the device API, as a web place names them.
        now: the moment that counts as now; reports are judged some time before it.

    """

    def __init__(self, folder: Path, *, now: datetime | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.now = now or datetime.now(UTC)
        self.desk = Desk(folder / "authority", at=self.now - timedelta(days=20))
        self.desk.add_place(TRUST, PROFILE)
        (folder / "state").mkdir()
        self.config = folder / "gateway.toml"
        self.config.write_text(_SETTINGS)
        self._state = folder / "state"
        self._pumps: dict[str, PumpOnBench] = {}
        with self.writing() as connection:
            set_fact(connection, "life", "bench")

    def copied(self, folder: Path) -> "FleetBench":
        """Return the same place in another folder, so that a test may change it."""
        shutil.copytree(self.config.parent, folder, dirs_exist_ok=True)
        made = copy(self)
        made.config, made._state = folder / "gateway.toml", folder / "state"
        made.desk = copy(self.desk)
        made.desk.authority = Authority(folder / "authority")
        made._pumps = {urn: replace(pump) for urn, pump in self._pumps.items()}
        return made

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Write as the device API's own process does."""
        database = Database.open(self._state)
        try:
            with database.transaction() as connection:
                yield connection
        finally:
            database.close()

    def release(self, version: str, *rings: str, days_ago: float = 0.0, hospital: str = TRUST) -> int:
        """Release a small library, and give it to rings."""
        self.desk.at = self.now - timedelta(days=days_ago)
        number = self.desk.release(small_library(version), hospital=hospital, profile=PROFILE)
        for ring in rings:
            self.desk.assign(ring, number, hospital=hospital, profile=PROFILE)
        return number

    def know(self, serial: str, *, ring: str = "rest", hospital: str = TRUST, days_ago: float = 10.0) -> str:
        """Let a pump be known, and return its URN."""
        return self.know_all([serial], ring=ring, hospital=hospital, days_ago=days_ago)[0]

    def know_all(
        self, serials: Iterable[str], *, ring: str = "rest", hospital: str = TRUST, days_ago: float = 10.0
    ) -> list[str]:
        """Let pumps be known, in one transaction, and return their URNs."""
        urns = [f"urn:pump:acme:{serial}" for serial in serials]
        with self.writing() as connection:
            for urn in urns:
                self._pumps[urn] = PumpOnBench(urn=urn)
                key = self._pumps[urn].key.public_key().public_bytes_raw()
                told = pumps.Told(line=f"{hospital}/{PROFILE}", ring=ring, report_key=key)
                pumps.tell(connection, urn, told, at=self.now - timedelta(days=days_ago))
        return urns

    def report(
        self,
        urn: str,
        number: int,
        *,
        hours_ago: float = 0.1,
        ward: str = "ward-1",
        port: str = "p-1",
        hospital: str = TRUST,
        **told: Any,
    ) -> None:
        """Let a pump prove that it runs a release."""
        place = Place(ward=ward, access_point=f"ap-{ward}", port=port)
        self._load(self._pumps[urn], number, self._libraries(hospital))
        with self.writing() as connection:
            self._report(connection, urn, self._trees(), self._at(hours_ago), place=place, **told)

    def report_all(self, told: Iterable[tuple[str, int, float]], *, wards: int) -> None:
        """Let pumps prove, in one transaction, which release each runs, so many hours ago; spread over wards."""
        libraries, trees = self._libraries(TRUST), self._trees()
        with self.writing() as connection:
            for place, (urn, number, hours_ago) in enumerate(told):
                self._load(self._pumps[urn], number, libraries)
                ward = f"ward-{place % wards:02d}"
                where = Place(ward=ward, access_point=f"ap-{ward}", port=f"{ward}-{place // wards % 9}")
                self._report(connection, urn, trees, self._at(hours_ago), place=where)

    def _at(self, hours_ago: float) -> datetime:
        return self.now - timedelta(hours=hours_ago)

    def _trees(self) -> Trees:
        trees = Trees(self.desk.authority.folder)
        trees.refresh()
        return trees

    def _libraries(self, hospital: str) -> dict[int, bytes]:
        listed = listing_of(self.desk.authority, hospital, PROFILE)
        return {number: library_bytes(self.desk.authority, one) for number, one in listed.items()}

    @staticmethod
    def _load(pump: PumpOnBench, number: int, libraries: dict[int, bytes]) -> None:
        pump.library, pump.number = libraries[number], number

    def _report(self, connection: Connection, urn: str, trees: Trees, at: datetime, **told: Any) -> None:
        pump = self._pumps[urn]
        for _ in range(3):
            judged = judge(connection, urn, pump.report(**told), at=at, trees=trees, questions=_QUESTIONS)
            assert judged is not None
            pump.nonce = judged.outcome.next_nonce
            if judged.outcome.is_proof:
                return

    def hear(self, urn: str, data: bytes, *, at: datetime) -> dict[str, Any]:
        """Judge a report that an agent signed, and return what the device API answers it."""
        with self.writing() as connection:
            judged = judge(connection, urn, data, at=at, trees=self._trees(), questions=_QUESTIONS)
        assert judged is not None
        return {"nonce": judged.outcome.next_nonce, "poll_seconds": 300, "ring": judged.ring}

    def memory_lost(self, urn: str) -> None:
        """Let a pump forget what its agent knew, as after a change of its battery."""
        self._pumps[urn].epoch += 1
        self._pumps[urn].counter = 0
