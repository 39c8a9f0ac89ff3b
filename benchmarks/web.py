"""
How long the reading pages of the web application take over 5,000 entries and ten years of versions.

The place is built once (minutes) and kept. One run asks each page inside one process for its time of processor, which
other work on the machine does not lengthen; then it serves the place by the product's own server with two workers, asks
each page in turn, and lets fifty people read at once. Beside each page stands a Django view that only asks the database
whether it is there, in the same run: read the ratios. Whoever asks runs on the same two cores.

    python -m benchmarks.web [--work FOLDER] [--out FILE]
"""

import argparse
import asyncio
import contextlib
import json
import random
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.served import EMPTY, p99, served, signed_in, until_ready
from benchmarks.web_library import READER, SLUG, TRUST, build
from openinfusion.web.serving import begin

ENTRIES, VERSIONS, USERS, SECONDS, ROUNDS = 5_000, 80, 50, 30, 5
AIM_PAGE_MS, AIM_SEARCH_MS, AIM_P99_MS = 200, 50, 1_000
THINKS = (1.0, 5.0)


@dataclass(frozen=True)
class Page:
    """One kind of page, with addresses of it; a search is what htmx asks for."""

    words: str
    addresses: tuple[str, ...]
    is_search: bool = False


def pages(entries: list[str], areas: list[str], drugs: list[str]) -> list[Page]:
    """Return every kind of page, with some addresses of each."""
    library = f"/{TRUST}/libraries/{SLUG}"
    version = f"{library}/{VERSIONS}"
    searches = tuple(f"{version}?q={word}" for word in ("bab", "ine", "gum", "jek mg", "area 3"))
    return [
        Page("search as one types", searches, is_search=True),
        Page("libraries", (f"/{TRUST}/libraries",)),
        Page("timeline of versions", (library, f"{library}?page=3")),
        Page("entries of a version", (version, f"{version}?page=80", f"{library}/1")),
        Page("entries with findings, high-alert", (f"{version}?findings=1", f"{version}?high_alert=1&kind=continuous")),
        Page("drugs and care areas", (f"{version}/drugs",)),
        Page("one drug side by side", tuple(f"{version}/drugs/{one}" for one in drugs)),
        Page("an entry with its history", tuple(f"{version}/entries/{one}" for one in entries)),
        Page("findings of review", (f"{version}/findings", f"{version}/findings?page=180")),
        Page("difference of neighbours", (f"{library}/differences/{VERSIONS - 1}/{VERSIONS}",)),
        Page("difference of ten years", (f"{library}/differences/1/{VERSIONS}",)),
        Page("note for nurses", (f"{version}/note", f"{version}/note?since=1")),
        Page("sheet of a care area (500 entries)", tuple(f"{version}/areas/{one}/sheet" for one in areas)),
    ]


def prepare(folder: Path) -> tuple[list[str], list[Page], dict[str, float]]:
    """Return the cookies of fifty sessions, the pages, and the processor's time of each; builds the place."""
    if not (folder / "web.sqlite3").exists():
        build(folder, entries=ENTRIES, number=VERSIONS)
    begin(folder)
    from django.test import Client  # noqa: PLC0415 - models can be named only once Django is ready

    from openinfusion.web.accounts.models import User  # noqa: PLC0415 - as above
    from openinfusion.web.library.compared import compare, kept  # noqa: PLC0415 - as above
    from openinfusion.web.library.models import Part, Span, Version  # noqa: PLC0415 - as above

    reader = User.objects.get(email=READER)
    clients = [Client() for _ in range(USERS)]
    for one in clients:
        one.force_login(reader, backend="allauth.account.auth_backends.AuthenticationBackend")
    old, new = (Version.objects.get(library__slug=SLUG, number=number) for number in (1, VERSIONS))
    if kept(old, new) is None:
        began = time.perf_counter()
        compare(old, new)
        print(f"first comparison of ten years, by the worker: {time.perf_counter() - began:.1f} s")
    found = Span.objects.at(new).filter(part=Part.ENTRY)
    changed = list(found.filter(first__gt=VERSIONS // 2).order_by("pk").values_list("item", flat=True)[:5])
    areas, drugs = (sorted(set(found.values_list(name, flat=True)))[:3] for name in ("care_area", "drug"))
    kinds = pages(changed, areas, drugs)
    worked = {"an empty view": _worked(clients[0], Page("", (EMPTY,)))}
    worked |= {one.words: _worked(clients[0], one) for one in kinds}
    return [one.cookies["sessionid"].value for one in clients], kinds, worked


def _worked(client: Any, page: Page) -> float:
    """Return the median milliseconds of the processor that a page takes, middleware and templates and all."""
    headers = {"HX-Request": "true"} if page.is_search else {}
    times = []
    for number in range(ROUNDS + 1):
        for address in page.addresses:
            began = time.process_time()
            answer = client.get(address, headers=headers, HTTP_HOST="localhost")
            if number:  # the first round fills what is kept at hand
                times.append((time.process_time() - began) * 1_000)
            if answer.status_code != 200:
                raise SystemExit(f"{address}: {answer.status_code}")
    return round(statistics.median(times), 1)


async def measure(origin: str, cookies: list[str], kinds: list[Page]) -> dict[str, Any]:
    """Return the milliseconds of each page alone, then of fifty people at once."""
    async with contextlib.AsyncExitStack() as open_:
        sessions = [await open_.enter_async_context(signed_in(origin, cookie)) for cookie in cookies]
        await until_ready(sessions[0])
        alone = {"an empty view": await _alone(sessions[0], Page("", (EMPTY,)))}
        alone |= {one.words: await _alone(sessions[0], one) for one in kinds}
        return {"alone": alone, "together": await _together(sessions, kinds)}


async def _ask(session: aiohttp.ClientSession, page: Page, address: str) -> float:
    """Return the milliseconds until the last byte; any other answer than the page ends the run."""
    began = time.perf_counter()
    headers = {"HX-Request": "true"} if page.is_search else {}
    async with session.get(address, headers=headers, allow_redirects=False) as answer:
        await answer.read()
        if answer.status != 200:
            raise SystemExit(f"{address}: {answer.status}")
    return (time.perf_counter() - began) * 1_000


async def _alone(session: aiohttp.ClientSession, page: Page) -> dict[str, float]:
    first = [await _ask(session, page, address) for address in page.addresses]
    times = [await _ask(session, page, address) for _ in range(ROUNDS) for address in page.addresses]
    return {"first": round(max(first), 1), "median": round(statistics.median(times), 1), "p99": round(p99(times), 1)}


async def _together(sessions: list[aiohttp.ClientSession], kinds: list[Page]) -> dict[str, float]:
    """Let fifty people read: each asks for a page, reads for a while, and asks for the next."""
    dice = random.Random(1)  # noqa: S311 - no secret
    ends = time.perf_counter() + SECONDS
    times: list[float] = []

    async def reader(session: aiohttp.ClientSession) -> None:
        await asyncio.sleep(dice.uniform(0, THINKS[1]))
        while time.perf_counter() < ends:
            page = dice.choice(kinds)
            times.append(await _ask(session, page, dice.choice(page.addresses)))
            await asyncio.sleep(dice.uniform(*THINKS))

    await asyncio.gather(*map(reader, sessions))
    figures = {"median": round(statistics.median(times), 1), "p99": round(p99(times), 1), "most": round(max(times), 1)}
    return {"users": USERS, "pages": len(times), "pages_per_second": round(len(times) / SECONDS, 1), **figures}


def main() -> None:
    """Measure, print, and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("build/web-bench"))
    parser.add_argument("--out", type=Path, default=Path("benchmarks/figures/web.json"))
    said = parser.parse_args()
    cookies, kinds, worked = prepare(said.work)
    with served(said.work) as origin:
        found = asyncio.run(measure(origin, cookies, kinds))
    for words, one in found["alone"].items():
        one["processor"] = worked[words]
        print(f"{words:40} {worked[words]:8.1f} ms of processor, {one['median']:8.1f} ms by the clock")
    print(f"{USERS} people at once: {found['together']}")
    found |= {"entries": ENTRIES, "versions": VERSIONS}
    said.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
