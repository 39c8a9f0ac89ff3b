"""
Debian's swupdate, an update client that others wrote: it fetches, installs and tells. What it tells is a claim.

It says "success" of a file that it skipped, and installs an older one over a newer: neither makes the server believe
that a pump runs anything.
"""

import asyncio
import hashlib
import os
import shutil
import subprocess
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from openinfusion.gateway.devices import pumps
from openinfusion.gateway.devices.authority import make_authority, make_server_certificate, read_request
from openinfusion.gateway.devices.offers import FOLDER
from openinfusion.gateway.devices.overview import overview
from openinfusion.gateway.devices.serving import serving
from tests.fleet_desk import small_library
from tests.integration.devices_bench import HOST, URN, PumpOnBench, bench, know, make_place, make_trees
from tests.integration.offers_bench import in_database, make_offer, proves_nothing, standing, words_of
from tests.integration.test_devices_tls import request_for
from tests.toxics import Proxy

pytestmark = [pytest.mark.allow_hosts([HOST]), pytest.mark.xdist_group("devices")]
PATIENCE = 60
"""Seconds after which a client is held not to do it at all."""


@pytest.fixture(scope="module")
def trees(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fleet")
    make_trees(folder)
    return folder


class Device:
    """A device that runs Debian's swupdate as a client of hawkBit."""

    def __init__(self, folder, port, *, tls="", scheme="http"):
        self.folder = folder
        self.library = folder / "library.json"
        folder.mkdir(exist_ok=True)
        if not (folder / "signer.pem").exists():
            files = ("-keyout", "signer.key", "-out", "signer.pem", "-addext", "extendedKeyUsage=emailProtection")
            subject = ("-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=signer")
            self._run("openssl", "req", "-x509", *subject, *files)
        (folder / "swupdate.cfg").write_text(f"""
globals: {{ public-key-file = "{folder / "signer.pem"}"; loglevel = 5; verbose = true; }};
suricatta: {{
  tenant = "default"; id = "{URN}"; url = "{scheme}://{HOST}:{port}"; polldelay = 1; retry = 9; retrywait = 1;
  {tls}
}};
""")

    def _run(self, *words, **options):
        return subprocess.run(words, cwd=self.folder, check=True, capture_output=True, **options)

    def pack(self, content, *, version, signer="signer"):
        """Return an update with a library in it, signed."""
        inner = self.folder / f"pack-{version}"
        inner.mkdir(exist_ok=True)
        (inner / "library.json").write_bytes(content)
        (inner / "sw-description").write_text(f"""
software = {{
  version = "{version}";
  hardware-compatibility: ["1.0"];
  files: ({{ filename = "library.json"; path = "{self.library}"; sha256 = "{hashlib.sha256(content).hexdigest()}";
            properties: {{ atomic-install = "true"; }}; }});
}}
""")
        words = ("cms", "-sign", "-binary", "-nosmimecap", "-outform", "DER", "-in", str(inner / "sw-description"))
        keys = ("-signer", f"{signer}.pem", "-inkey", f"{signer}.key", "-out", str(inner / "sw-description.sig"))
        self._run("openssl", *words, *keys)
        names = b"sw-description\nsw-description.sig\nlibrary.json\n"
        packed = subprocess.run(
            ("cpio", "-o", "-H", "crc", "--quiet"), cwd=inner, input=names, check=True, capture_output=True
        ).stdout
        made = self.folder / f"lib-{version}.swu"
        made.write_bytes(packed)
        return made

    @asynccontextmanager
    async def running(self, *options, before=()):
        log = (self.folder / "log").open("ab")
        run = self.folder / "run"
        run.mkdir(exist_ok=True)
        words = (
            "swupdate",
            "-f",
            str(self.folder / "swupdate.cfg"),
            "-H",
            "pump:1.0",
            "-v",
            *before,
            "-u",
            " ".join(options),
        )
        env = {"TMPDIR": str(run), "PATH": "/usr/bin:/bin"}
        told = (*words, "-u", " ".join(options))
        process = await asyncio.create_subprocess_exec(*told, cwd=run, env=env, stdout=log, stderr=log)
        try:
            yield process
        finally:
            if process.returncode is None:
                process.terminate()
            try:
                await asyncio.wait_for(process.wait(), 10)
            except TimeoutError:
                process.kill()
                await process.wait()
            log.close()

    def said(self):
        return (self.folder / "log").read_text(errors="replace")


async def until(what, device):
    """Wait until something is so."""
    for _ in range(PATIENCE * 10):
        if what():
            return
        await asyncio.sleep(0.1)
    raise AssertionError(device.said()[-3000:])


@pytest.fixture
def quiet_place(tmp_path, trees):
    """On SQLite alone: what swupdate does does not depend on the database."""
    assert shutil.which("swupdate"), "swupdate is not installed: make foreign"
    made = make_place(tmp_path / "devices", trees, poll_seconds=1)
    know(made, PumpOnBench())
    return made


@pytest.mark.hazard("CF-02")
def test_swupdate_installs_a_signed_file_and_its_word_proves_nothing(quiet_place, tmp_path):
    place = quiet_place

    async def run():
        async with bench(place) as (served, _):
            device = Device(tmp_path / "device", served.port)
            second = make_offer(place, device.pack(b'{"library": 2}', version="2.0.0"))
            async with device.running():
                await until(lambda: "proceeding" in words_of(place, second), device)
                await until(device.library.exists, device)
            async with device.running("-c", "2"):
                await until(lambda: standing(place, second)[0] == "claimed: success", device)
            assert device.library.read_bytes() == b'{"library": 2}'

    asyncio.run(run())
    assert proves_nothing(place)


@pytest.mark.hazard("CF-02")
def test_what_swupdate_skips_it_calls_a_success(quiet_place, tmp_path):
    """The offer says that it shall not be installed; nothing is, and the client says "success"."""
    place = quiet_place

    async def run():
        async with bench(place) as (served, _):
            device = Device(tmp_path / "device", served.port)
            number = make_offer(place, device.pack(b'{"library": 2}', version="2.0.0"), how="skip")
            async with device.running():
                await until(lambda: standing(place, number)[0] != "open", device)
            assert not device.library.exists()
            assert standing(place, number)[0] == "claimed: success"
            assert "Skipped" in standing(place, number)[1]

    asyncio.run(run())
    assert proves_nothing(place)


def test_swupdate_refuses_a_stranger_and_says_so(quiet_place, tmp_path):
    place = quiet_place

    async def run():
        async with bench(place) as (served, _):
            stranger, device = Device(tmp_path / "stranger", served.port), Device(tmp_path / "device", served.port)
            number = make_offer(place, stranger.pack(b'{"library": 9}', version="9.0.0"))
            async with device.running():
                await until(lambda: standing(place, number)[0] == "claimed: failure", device)
            assert not device.library.exists()

    asyncio.run(run())


def flip_a_byte(file):
    """Change one byte of the library in an update; its head and its signature stay."""
    content = bytearray(file.read_bytes())
    content[content.rindex(b'"library"') + 2] ^= 1
    file.write_bytes(content)


async def install(place, device, file, *, version, options=()):
    """Have swupdate install a file, and confirm it after its restart; return what it claims."""
    number = make_offer(place, file, version=version)
    async with device.running(*options):
        await until(lambda: "proceeding" in words_of(place, number) or standing(place, number)[0] != "open", device)
        if standing(place, number)[0] == "open":
            await until(lambda: "pending testing" in device.said() or standing(place, number)[0] != "open", device)
    if standing(place, number)[0] == "open":
        async with device.running("-c", "2"):
            await until(lambda: standing(place, number)[0] != "open", device)
    return standing(place, number)[0]


@pytest.mark.hazard("CF-02")
def test_a_downgrade_is_claimed_a_success_and_refused_by_the_proof(tmp_path):
    """The client installs the older library over the newer; what the pump has loaded then shows that it went back."""
    desk, place = make_trees(tmp_path / "releases"), make_place(tmp_path, tmp_path / "releases", poll_seconds=1)
    second = desk.release(small_library("1.1.0"))
    pump = PumpOnBench(library=desk.library(second), number=second)
    know(place, pump)

    async def run():
        async with bench(place) as (served, client):
            device = Device(tmp_path / "device", served.port)
            assert await install(place, device, device.pack(desk.library(second), version="2"), version="2") == (
                "claimed: success"
            )
            await client.report(pump)
            assert (await client.report(pump))[1]["findings"] == []
            assert await install(place, device, device.pack(desk.library(1), version="1"), version="1") == (
                "claimed: success"
            )
            pump.library, pump.number = device.library.read_bytes(), 1
            assert [one["code"] for one in (await client.report(pump))[1]["findings"]] == ["reverted"]

    asyncio.run(run())
    (found,) = in_database(place, overview)
    assert found.number == 1


@pytest.mark.hazard("CF-02")
def test_a_success_that_the_proof_contradicts_stays_a_claim(tmp_path):
    """The client closes with a success, and the pump goes on with the library that it had: that is what is known."""
    desk, place = make_trees(tmp_path / "releases"), make_place(tmp_path, tmp_path / "releases", poll_seconds=1)
    pump = PumpOnBench(library=desk.library(1), number=1)
    know(place, pump)

    async def run():
        async with bench(place) as (served, client):
            device = Device(tmp_path / "device", served.port)
            await client.report(pump)
            await client.report(pump)
            claimed = await install(place, device, device.pack(b'{"library": 2}', version="2"), version="2")
            assert claimed == "claimed: success"
            assert (await client.report(pump))[1]["findings"] == []
            pump.library, pump.number = device.library.read_bytes(), 2
            assert [one["code"] for one in (await client.report(pump))[1]["findings"]] == ["unknown-library"]

    asyncio.run(run())
    (found,) = in_database(place, overview)
    assert (found.doubt, found.level) == ("unknown-library", "claimed")


def test_swupdate_refuses_a_downgrade_where_it_is_told_to(quiet_place, tmp_path):
    place = quiet_place

    async def run():
        async with bench(place) as (served, _):
            device = Device(tmp_path / "device", served.port)
            number = make_offer(place, device.pack(b'{"library": 1}', version="1.0.0"))
            async with device.running(before=("-N", "2.0.0")):
                await until(lambda: standing(place, number)[0] == "claimed: failure", device)
            assert "downgrading" in device.said().lower()
            assert not device.library.exists()

    asyncio.run(run())


def test_swupdate_refuses_a_file_with_one_byte_flipped(quiet_place, tmp_path):
    """On the server's disk, say: the library that was there stays."""
    place = quiet_place

    async def run():
        async with bench(place) as (served, _):
            device = Device(tmp_path / "device", served.port)
            device.library.write_bytes(b"the one before")
            number = make_offer(place, device.pack(b'{"library": 2}', version="2.0.0"))
            (kept,) = (place.state / FOLDER).iterdir()
            flip_a_byte(kept)
            async with device.running():
                await until(lambda: standing(place, number)[0] == "claimed: failure", device)
            assert device.library.read_bytes() == b"the one before"

    asyncio.run(run())
    assert proves_nothing(place)


class Cuts(Proxy):
    """Cuts a connection each time that so many more bytes have come from the server, until it was done often enough."""

    after, times, resumed = 60_000, 2, 0

    async def _pipe(self, reader, writer):
        passed = 0
        while data := await reader.read(4096):
            passed += len(data)
            self.resumed += data.count(b"\r\nRange: bytes=")
            if passed > self.after and self.harmed < self.times:
                self.harmed += 1
                writer.transport.abort()
                raise ConnectionResetError
            writer.write(data)
            await writer.drain()
        writer.write_eof()


def test_swupdate_resumes_a_download_that_was_cut(quiet_place, tmp_path):
    place, library = quiet_place, b'{"library": "' + os.urandom(100_000).hex().encode() + b'"}'

    async def run():
        async with bench(place) as (served, _), (proxy := Cuts(HOST, served.port)).running():
            device = Device(tmp_path / "device", proxy.port)
            file = device.pack(library, version="2.0.0")
            assert await install(place, device, file, version="2.0.0") == "claimed: success"
            assert proxy.harmed == Cuts.times
            assert device.library.read_bytes() == library
            assert proxy.resumed == Cuts.times, "it went on from where it broke"

    asyncio.run(run())


def test_swupdate_speaks_mutual_tls(quiet_place, tmp_path):
    """With the certificate of its pump it installs; with that of another, or none, it gets nothing."""
    folder, at = tmp_path / "devices", datetime.now(UTC)
    authority = make_authority(folder / "authority", folder / "passphrase", name="Pumps", at=at)
    make_server_certificate(authority, folder, (HOST,), at=at)
    tls = {"certificate": folder / "server.pem", "key": folder / "server.key", "authority": folder / "authority"}
    place = replace(quiet_place, **tls)

    def config(urn, name):
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (tmp_path / f"{name}.key").write_bytes(pem)
        given = authority.issue(read_request(request_for(key)), urn, at=at).public_bytes(Encoding.PEM)
        (tmp_path / f"{name}.pem").write_bytes(given)
        own = f'sslkey = "{tmp_path / name}.key"; sslcert = "{tmp_path / name}.pem";'
        return f'cafile = "{folder / "authority" / "ca.pem"}"; {own}'

    async def run():
        async with serving(place) as served:
            other = Device(tmp_path / "other", served.port, scheme="https", tls=config("urn:pump:acme:P-2", "other"))
            device = Device(tmp_path / "device", served.port, scheme="https", tls=config(URN, "mine"))
            number = make_offer(place, device.pack(b'{"library": 2}', version="2.0.0"))
            async with other.running():
                await until(lambda: served.desk.figures.requests["403"], other)
            assert standing(place, number) == ("open", "")
            async with device.running():
                await until(device.library.exists, device)
            assert device.library.read_bytes() == b'{"library": 2}'

    asyncio.run(run())
    assert (URN, "out-of-scope") not in {(one.who, one.code) for one in in_database(place, pumps.findings)}
    assert proves_nothing(place)


def test_swupdate_installs_in_the_window_only(quiet_place, tmp_path):
    """Outside of it swupdate skips, and calls that a success: it does not close the offer."""
    place = quiet_place

    async def run():
        async with bench(place) as (served, _):
            served.desk.clock = lambda: datetime(2026, 12, 1, 12, tzinfo=UTC)
            device = Device(tmp_path / "device", served.port)
            file = device.pack(b'{"library": 2}', version="2.0.0")
            number = make_offer(place, file, window="22:00-05:00 Europe/London")
            async with device.running():
                await until(lambda: "Skipped" in words_of(place, number), device)
                assert (standing(place, number)[0], device.library.exists()) == ("open", False)
                served.desk.clock = lambda: datetime(2026, 12, 1, 23, tzinfo=UTC)
                await until(device.library.exists, device)
            async with device.running("-c", "2"):
                await until(lambda: standing(place, number)[0] == "claimed: success", device)

    asyncio.run(run())
    assert proves_nothing(place)
