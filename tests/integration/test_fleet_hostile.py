"""
What a bad line, a bad gateway or a bad disk sends: no pump takes a wrong library, and none loses the one it runs.

Cut connections, flipped bits, wrong lengths, endless and slow data, and mutilated metadata, over real HTTP.
"""

import json
import random
import shutil
import time
from contextlib import suppress
from datetime import UTC, datetime
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import pytest

from openinfusion.adapters.documents import canonical_bytes
from openinfusion.fleet.agent import Code, Source, folder_source
from openinfusion.fleet.agent.sources import FolderFetcher
from openinfusion.gateway.agent_http import HttpFetcher, Patience, make_pool
from tests.fleet_attacker import HOST, Mirror, served
from tests.fleet_desk import Desk, small_library
from tests.fleet_pump import Bench
from tests.reliability import is_thorough, record

pytestmark = [pytest.mark.allow_hosts([HOST]), pytest.mark.hazard("IT-04")]
FACTORY = canonical_bytes(small_library("0.0.0"))
PARTS = 64
MUTILATED = 20_000 if is_thorough() else 400


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path / "authority", at=datetime.now(UTC))
    made.release(small_library())
    made.assign("bench", 1)
    return made


@pytest.fixture
def bench(tmp_path, desk):
    return Bench(tmp_path / "pump", roots=desk.trusted_roots(), factory=FACTORY, at=desk.at)


@pytest.fixture
def over_http():
    """A function that makes a source of a server."""
    pool = make_pool()
    yield lambda base, *, patience=None: Source(HttpFetcher(pool, patience or Patience(gap=5, whole=20)), base)
    pool.clear()


class BadLine(SimpleHTTPRequestHandler):
    """Serves files over a line that a test spoils: each library comes only in parts of ``step`` bytes."""

    protocol_version = "HTTP/1.0"
    timeout = 10
    step = 0
    resumes = 0
    ignores_ranges = False
    spoil = staticmethod(bytes)
    length = staticmethod(len)

    def log_message(self, format, *args):  # noqa: A002 - the name is that of the library
        pass

    def do_GET(self):
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        content = path.read_bytes()
        if "/targets/" not in self.path:
            self._send(content)
            return
        begin = 0
        if self.headers["Range"] and not self.ignores_ranges:
            begin = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
            type(self).resumes += 1
        self._send(self.spoil(content), begin, cut=self.step or None)

    def _send(self, content, begin=0, *, cut=None):
        self.send_response(206 if begin else 200)
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(self.length(content[begin:])))
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(content[begin : begin + cut if cut else None])


def line(**how):
    return type("Line", (BadLine,), how)


@pytest.mark.reliability
def test_a_download_that_is_cut_at_every_64th_goes_on_where_it_broke(bench, desk, over_http):
    length = len(desk.library(1))
    bad = line(step=-(-length // PARTS))
    with served(desk.authority.folder, bad) as base:
        assert bench.agent.update(over_http(base)).done == "staged"
    assert bad.resumes >= PARTS - 2
    bench.agent.activate()
    assert bench.running == 1


@pytest.mark.parametrize("how", [{"ignores_ranges": True}, {"step": 0, "length": staticmethod(lambda c: len(c) + 99)}])
def test_a_line_that_never_gives_the_rest_is_given_up(bench, desk, over_http, how):
    bad = line(**{"step": 100, **how})
    with served(desk.authority.folder, bad) as base:
        assert bench.agent.update(over_http(base)).refusal.code is Code.NO_ANSWER
    assert bench.running == 0


@pytest.mark.reliability
def test_a_flipped_bit_anywhere_is_seen(bench, desk, over_http):
    content = desk.library(1)
    places = range(0, len(content), 1 if is_thorough() else -(-len(content) // PARTS))
    with served(desk.authority.folder, bad := line()) as base:
        source = over_http(base)
        for place in places:
            bad.spoil = staticmethod(lambda c, n=place: c[:n] + bytes([c[n] ^ (1 << n % 8)]) + c[n + 1 :])
            assert bench.agent.update(source).refusal.code is Code.BYTES_DIFFER
        assert bench.running == 0
        bad.spoil = staticmethod(bytes)
        assert bench.agent.update(source).done == "staged"
    record(
        "F13", {"bits flipped": len(places), "parts of a cut download": PARTS, "wrong installs": 0}, title="Downloads"
    )


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda _: b"", Code.BYTES_DIFFER),
        (lambda c: c[:-1], Code.BYTES_DIFFER),
        (lambda c: c + b" ", Code.TOO_LONG),
        (lambda c: c + b" " * 10_000_000, Code.TOO_LONG),
        (lambda c: c * 2, Code.TOO_LONG),
    ],
    ids=["empty", "short", "one more", "endless", "twice"],
)
def test_a_wrong_length_is_seen(bench, desk, over_http, spoil, code):
    with served(desk.authority.folder, line(spoil=staticmethod(spoil))) as base:
        assert bench.agent.update(over_http(base)).refusal.code is code
    assert bench.running == 0


class Trickle(BadLine):
    """Sends a library a byte at a time, for ever."""

    def _send(self, content, begin=0, *, cut=None):
        if "/targets/" not in self.path:
            super()._send(content, begin, cut=cut)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        for n in range(len(content)):
            try:
                self.wfile.write(content[n : n + 1])
            except OSError:
                return
            time.sleep(0.05)


def test_a_download_that_takes_for_ever_is_given_up(bench, desk, over_http):
    with served(desk.authority.folder, Trickle) as base:
        patience = Patience(gap=5, whole=0.2)
        assert bench.agent.update(over_http(base, patience=patience)).refusal.code is Code.TOO_SLOW
    assert bench.running == 0


@pytest.mark.parametrize("status", [301, 401, 403, 410, 429, 500, 503])
def test_a_server_that_refuses_everything_changes_nothing(bench, desk, over_http, status):
    class Refusing(BadLine):
        def do_GET(self):
            self.send_error(status)

    bench.agent.update(folder_source(desk.authority.folder))
    bench.agent.activate()
    with served(desk.authority.folder, Refusing) as base:
        assert bench.agent.update(over_http(base)).refusal.code is Code.NO_ANSWER
    assert bench.running == 1


def test_a_server_that_is_not_there_changes_nothing(bench, over_http):
    assert bench.agent.update(over_http(f"http://{HOST}:9")).refusal.code is Code.NO_ANSWER
    assert bench.running == 0


# --- Metadata ---------------------------------------------------------------------------------------------------------


def mutilations(content: bytes, chance: random.Random):
    """Yield mutilated copies: bytes flipped, cut, repeated, and JSON of another shape."""
    values: list[object] = [None, 0, -1, 2**63, 2**200, 1.5, "", "\x00", "\ud800", "x" * 10_000, [], {}, [[]], True]
    while True:
        match chance.randrange(4):
            case 0:
                place = chance.randrange(len(content))
                yield content[:place] + bytes([chance.randrange(256)]) + content[place + 1 :]
            case 1:
                yield content[: chance.randrange(len(content))]
            case 2:
                begin, end = sorted(chance.randrange(len(content)) for _ in range(2))
                yield content[:end] + content[begin:]
            case _:
                told = json.loads(content)
                _graft(told, chance.choice(values), chance)
                yield json.dumps(told).encode("utf-8", "surrogatepass")


def _graft(told, value, chance):
    """Put a value into a place of a document."""
    here = told
    while True:
        key = chance.choice(list(here) if isinstance(here, dict) else range(len(here)))
        if isinstance(here[key], dict | list) and here[key] and chance.random() < 0.8:
            here = here[key]
            continue
        here[key] = value
        return


class Mutilating(FolderFetcher):
    """Gives one file in another form."""

    name = ""
    content = b""

    def _fetch(self, url):
        if url.endswith(self.name):
            return iter([self.content])
        return super()._fetch(url)


@pytest.mark.reliability
@pytest.mark.hazard("CF-03")
def test_mutilated_metadata_is_refused_with_a_code_and_nothing_is_lost(bench, desk, tmp_path):
    desk.change_trust(desk.trust)
    desk.release(small_library("1.1.0"))
    desk.assign("bench", 2)
    evil = Mirror(desk, tmp_path / "evil")
    files = [p for name in ("releases", "director") for p in (evil.folder / name / "metadata").glob("*.json")]
    newest = [p for p in files if p.name == "timestamp.json" or p.name.startswith(_newest(p))]
    fetcher = Mutilating(evil.folder)
    source = Source(fetcher, "folder:")
    chance = random.Random(20261129)  # noqa: S311 - mutilations
    codes: dict[Code, int] = {}
    for n in range(MUTILATED):
        path = newest[n % len(newest)]
        fetcher.name = f"{path.parent.parent.name}/metadata/{path.name}"
        fetcher.content = next(mutilations(path.read_bytes(), chance))
        shutil.rmtree(bench.home.folder / "trust", ignore_errors=True)  # or most of it would not be fetched again
        outcome = bench.agent.update(source)
        if outcome.refusal is not None:
            codes[outcome.refusal.code] = codes.get(outcome.refusal.code, 0) + 1
        assert bench.agent.slots.staged is None or bench.agent.slots.staged.sha256 == desk.listing()[2].content.sha256
        bench.agent.slots.clear()
    assert bench.running == 0
    assert sum(codes.values()) > MUTILATED * 3 / 4, "few mutilations leave what was signed as it is"
    assert bench.agent.update(folder_source(desk.authority.folder)).done == "staged"
    said = {code.value: count for code, count in sorted(codes.items(), key=lambda pair: -pair[1])}
    record(
        "F11-tuf", {"mutilated files": MUTILATED, "unhandled": 0, **said}, title="Mutilated TUF metadata at the agent"
    )


def _newest(path):
    """The version of a role that is newest, as its file begins."""
    role = path.name.partition(".")[2]
    return f"{max(int(p.name.partition('.')[0]) for p in path.parent.glob(f'*.{role}') if p.name[0].isdigit())}."
