"""
How long the fleet at a glance takes over 10,000 pumps, and how soon 50 viewers see what a pump reported.

The pumps are made anew (a minute or more): each signed a report, which was judged as any. One run asks the pages inside
one process for their time of processor, beside a view that only asks the database whether it is there: read the ratios.
Then it serves the place by the product's own server with two workers, lets 50 viewers poll each second as the page
does, has a pump report every few seconds, and takes the time from the end of the report's transaction until each viewer
has the new middle. Viewers and server run on the same two cores.

    python -m benchmarks.web_fleet [--work FOLDER] [--out FILE]
"""

import argparse
import asyncio
import contextlib
import json
import random
import re
import shutil
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.served import EMPTY, p99, served, signed_in, until_ready
from openinfusion.web.serving import begin, prepare
from tests.web.fleet_bench import TRUST, FleetBench

PUMPS, WARDS, VIEWERS, REPORTS, ROUNDS = 10_000, 90, 50, 15, 15
AIM_GLANCE_MS, AIM_LIVE_S = 300, 2
PAUSE, NEWER = 4, 0.9
AGES_H = (0.5, 5.5, 30.5, 60.5, 78.5)
GLANCE = f"/{TRUST}/fleet/"
MOVED = "urn:pump:acme:B00000"
_VERSION = re.compile(r"version=([^\"&]+)")
_POLL = {"HX-Request": "true", "X-Poll": "1"}


def build(folder: Path) -> FleetBench:
    """
    Make 10,000 pumps of 90 wards: most run what they shall, some are silent, some behind, some went back.

    How old their reports are is such that none becomes stale or silent within an hour: only reports change the page.
    """
    bench = FleetBench(folder / "fleet")
    bench.release("1.0.0", "rest", days_ago=9)
    dice = random.Random(1)  # noqa: S311 - no secret
    urns = bench.know_all(f"B{number:05d}" for number in range(PUMPS))
    two = bench.release("1.1.0", "rest", days_ago=1)
    bench.report_all([(urn, _number(dice), dice.choice(AGES_H)) for urn in urns], wards=WARDS)
    bench.report(MOVED, two)
    return bench


def _number(dice: random.Random) -> int:
    return 2 if dice.random() < NEWER else 1


def sign_in(folder: Path) -> list[str]:
    """Return the cookies of as many sessions of clinical engineers as there are viewers."""
    from allauth.mfa.models import Authenticator  # noqa: PLC0415 - models can be named only once Django is ready
    from django.test import Client  # noqa: PLC0415 - as above

    from openinfusion.web.accounts.models import HeldDuty, Organisation, User  # noqa: PLC0415 - as above

    trust, _ = Organisation.objects.get_or_create(slug=TRUST, defaults={"name": "Bench Trust"})
    cookies = []
    for number in range(VIEWERS):
        email = f"viewer-{number}@example.org"
        user = User.objects.filter(email=email).first() or User.objects.create_user(
            email, None, name=f"Viewer {number}"
        )
        HeldDuty.objects.get_or_create(user=user, organisation=trust, role="clinical_engineer")
        Authenticator.objects.get_or_create(user=user, type=Authenticator.Type.TOTP, defaults={"data": {}})
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        cookies.append(client.cookies["sessionid"].value)
    return cookies


def inside(bench: FleetBench, cookie: str) -> dict[str, float]:
    """Return milliseconds of the processor: the first glance of a process, after a report, kept; a poll."""
    from django.test import Client  # noqa: PLC0415 - as above

    from openinfusion.web.fleet.watch import held  # noqa: PLC0415 - as above

    client = Client()
    client.cookies["sessionid"] = cookie

    def ask(address: str, **headers: str) -> Any:
        answer = client.get(address, headers=headers, HTTP_HOST="localhost")
        if answer.status_code not in {200, 204}:
            raise SystemExit(f"{address}: {answer.status_code}")
        return answer

    first = _took(lambda: ask(GLANCE))
    empty, kept, polled, anew, reported = [], [], [], [], []
    for number in range(ROUNDS):
        bench.report(MOVED, 1 + number % 2, hours_ago=0)
        held()._tried = None
        anew.append(_took(lambda: ask(GLANCE)))
        empty.append(_took(lambda: ask(EMPTY)))
        kept.append(_took(lambda: ask(GLANCE)))
        version = _VERSION.search(ask(GLANCE).content.decode())
        known = f"{GLANCE}?version={version[1] if version else ''}"
        polled.append(_took(partial(ask, known, **_POLL)))
        reported.append(_took(lambda: ask(f"/{TRUST}/fleet/work")))
    names = (
        "empty view",
        "glance after a report",
        "glance, nothing new",
        "poll, nothing new",
        "work list after a report",
    )
    medians = [round(statistics.median(one), 1) for one in (empty, anew, kept, polled, reported)]
    return {"first glance of a process": round(first, 1), **dict(zip(names, medians, strict=True))}


def _took(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1_000


async def watched(origin: str, cookies: list[str], bench: FleetBench) -> dict[str, Any]:
    """Return how long after a report each viewer has the new middle, and how long an unchanged poll takes."""
    async with contextlib.AsyncExitStack() as open_:
        sessions = [await open_.enter_async_context(signed_in(origin, cookie)) for cookie in cookies]
        await until_ready(sessions[0])
        views = [_Viewer(session) for session in sessions]
        for view in views:
            await view.begin()
        running = [asyncio.create_task(view.poll()) for view in views]
        await asyncio.sleep(PAUSE)
        delays: list[float] = []
        for number in range(REPORTS):
            await asyncio.to_thread(bench.report, MOVED, 2 - number % 2, hours_ago=0)
            began = time.perf_counter()
            await asyncio.sleep(PAUSE)
            delays += [next((at - began for at in view.changed if at > began), PAUSE) for view in views]
        for one in running:
            one.cancel()
        polls = [took for view in views for took in view.took]
    return {
        "viewers": len(views),
        "reports": REPORTS,
        "seconds until seen": {"median": _median(delays), "p99": round(p99(delays), 2), "most": round(max(delays), 2)},
        "milliseconds of a poll": {"median": _median(polls), "p99": round(p99(polls), 2), "polls": len(polls)},
    }


class _Viewer:
    """A browser that has the glance open."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session, self.version = session, ""
        self.changed: list[float] = []
        self.took: list[float] = []

    async def begin(self) -> None:
        async with self.session.get(GLANCE) as answer:
            self._read(await answer.text())

    def _read(self, text: str) -> None:
        found = _VERSION.search(text)
        if found is None:
            raise SystemExit("a page without a version")
        # The minute is part of the version: only what is shown counts as a change.
        if found[1].partition("-")[0] != self.version.partition("-")[0]:
            self.changed.append(time.perf_counter())
        self.version = found[1]

    async def poll(self) -> None:
        while True:
            await asyncio.sleep(1)
            began = time.perf_counter()
            async with self.session.get(GLANCE, params={"version": self.version}, headers=_POLL) as answer:
                text = await answer.text()
            self.took.append((time.perf_counter() - began) * 1_000)
            if answer.status == 200:
                self._read(text)


def _median(times: list[float]) -> float:
    return round(statistics.median(times), 2)


def main() -> None:
    """Measure, print, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("build/web-fleet-bench"))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/figures/web_fleet.json"))
    said = parser.parse_args()
    began = time.perf_counter()
    shutil.rmtree(said.work, ignore_errors=True)
    said.work.mkdir(parents=True)
    bench = build(said.work)
    print(f"{PUMPS:,} pumps made in {time.perf_counter() - began:.0f} s")
    (said.work / "web.toml").write_text('devices = "fleet/gateway.toml"\n')
    prepare(said.work)
    begin(said.work)
    cookies = sign_in(said.work)
    found: dict[str, Any] = {"pumps": PUMPS, "processor": inside(bench, cookies[0])}
    for words, took in found["processor"].items():
        print(f"{words:30} {took:8.1f} ms of processor")
    with served(said.work, 'devices = "fleet/gateway.toml"\n') as origin:
        found["live"] = asyncio.run(watched(origin, cookies, bench))
    print(found["live"])
    said.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
