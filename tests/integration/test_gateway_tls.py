"""TLS: who the gateway is, and whom it lets in, is proved by certificates; the certificates are made here."""

import asyncio
import shutil
import ssl
import subprocess
from dataclasses import replace

import pytest

from openinfusion.core.errors import FileAccessError
from openinfusion.gateway.sending import Way, send
from openinfusion.gateway.settings import ClientTls, Limits, Listener, Tls
from openinfusion.gateway.tls import client_context, server_context
from tests.integration import order_bench
from tests.integration.order_bench import Ehr, Ordered
from tests.unit.gateway.bench import HOST, gateway, held, message, port_of, wire

pytestmark = [
    pytest.mark.allow_hosts([HOST]),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the command openssl to make certificates"),
]


def openssl(folder, *words):
    subprocess.run(("openssl", *words), cwd=folder, check=True, capture_output=True)


def make_certificate(folder, name, authority, *, subject=None):
    """Make a key and a certificate that an authority signed."""
    (folder / f"{name}.ext").write_text("subjectAltName=IP:127.0.0.1\n")
    request = ("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr")
    openssl(folder, *request, "-subj", subject or f"/CN={name}")
    sign = ("x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem", "-CAkey", f"{authority}.key", "-days", "2")
    openssl(folder, *sign, "-CAcreateserial", "-extfile", f"{name}.ext", "-out", f"{name}.pem")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("ours", "theirs"):
        words = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}")
        openssl(folder, *words, "-keyout", f"{name}.key", "-out", f"{name}.pem")
    make_certificate(folder, "gateway", "ours")
    make_certificate(folder, "pumps", "ours")
    make_certificate(folder, "stranger", "theirs")
    return folder


@pytest.fixture
def tls(place):
    return Tls(place / "gateway.pem", place / "gateway.key", place / "ours.pem")


def deliver(tmp_path, tls, context, *, limits=None):
    """Try to send one message; return what became of it and of the connections."""

    async def run():
        async with gateway(tmp_path / "a.db", limits, Listener(port=0, tls=tls)) as made:
            way = Way(port=port_of(made), tls=context, attempts=2, patience=5)
            sent = await send([message("1")], way)
            return sent.counts, made.metrics.connections

    return asyncio.run(run())


def test_a_sender_with_a_certificate_is_served(tmp_path, place, tls):
    context = client_context(ClientTls(place / "ours.pem", place / "pumps.pem", place / "pumps.key"))
    counts, _ = deliver(tmp_path, tls, context)
    assert counts == {"acknowledged": 1}
    assert len(held(tmp_path / "a.db")) == 1


@pytest.mark.parametrize("shown", [None, "stranger"])
def test_a_sender_without_a_certificate_of_ours_is_not(tmp_path, place, tls, shown):
    own = (place / f"{shown}.pem", place / f"{shown}.key") if shown else (None, None)
    counts, connections = deliver(tmp_path, tls, client_context(ClientTls(place / "ours.pem", *own)))
    assert counts["given up"] == 1
    assert connections["refused: TLS"] == 2
    assert held(tmp_path / "a.db") == []


@pytest.mark.parametrize(
    "change", [{"client_ca": None}, {"require_client_certificate": False}], ids=["no CA", "optional"]
)
def test_a_certificate_need_not_be_asked_for(tmp_path, place, tls, change):
    counts, _ = deliver(tmp_path, replace(tls, **change), client_context(ClientTls(place / "ours.pem", None, None)))
    assert counts == {"acknowledged": 1}


def test_a_gateway_that_cannot_prove_who_it_is_gets_nothing(tmp_path, place, tls):
    counts, _ = deliver(
        tmp_path, tls, client_context(ClientTls(place / "theirs.pem", place / "pumps.pem", place / "pumps.key"))
    )
    assert counts["given up"] == 1
    assert held(tmp_path / "a.db") == []


def test_who_speaks_no_tls_or_old_tls_is_not_served(tmp_path, place, tls):
    assert deliver(tmp_path, tls, None)[0]["given up"] == 1
    old = client_context(ClientTls(place / "ours.pem", place / "pumps.pem", place / "pumps.key"))
    with pytest.warns(DeprecationWarning, match="TLSVersion"):
        old.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSVersion"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    assert deliver(tmp_path, tls, old)[0]["given up"] == 1


def test_who_begins_no_handshake_is_shown_out_and_keeps_nobody_out(tmp_path, place, tls):
    limits = Limits(handshake_seconds=1, connections=5, connections_per_address=5)
    context = client_context(ClientTls(place / "ours.pem", place / "pumps.pem", place / "pumps.key"))

    async def run():
        async with gateway(tmp_path / "a.db", limits, Listener(port=0, tls=tls)) as made:
            silent = [wire(port_of(made)) for _ in range(30)]
            lines = [await one.__aenter__() for one in silent]
            sent = await send([message("1")], Way(port=port_of(made), tls=context))
            closed = [await line.is_closed(seconds=5) for line in lines]
            for one in silent:
                await one.__aexit__(None, None, None)
            return sent.counts, closed, made.connected

    counts, closed, connected = asyncio.run(run())
    assert counts["acknowledged"] == 1
    assert all(closed)
    assert connected == 0


@pytest.mark.parametrize(
    ("believed", "shown", "outcome"), [("ours", "pumps", "AA"), ("theirs", "pumps", ""), ("ours", "", "")]
)
def test_replies_go_out_encrypted_to_whom_the_bench_believes(tmp_path, place, tls, caplog, believed, shown, outcome):
    """The prescribing system proves who it is, and asks the bench for the same."""
    own = (place / f"{shown}.pem", place / f"{shown}.key") if shown else (None, None)
    reply_tls = ClientTls(place / f"{believed}.pem", *own)

    async def run():
        async with Ehr().listening(server_context(tls)) as ehr:
            settings = order_bench.place(ehr.port, reply_tls=reply_tls, reply_attempts=2)
            async with order_bench.bench(tmp_path, settings) as made:
                await made.send(Ordered())
                await order_bench.until(lambda: bool(ehr.came) or "given up" in caplog.text)
            return [order_bench.code_of(raw)[0] for raw in ehr.came]

    assert asyncio.run(run()) == ([outcome] if outcome else [])


def test_files_that_cannot_be_used_are_named(place, tmp_path, tls):
    with pytest.raises(FileAccessError, match=r"absent\.pem: found No such file"):
        server_context(replace(tls, certificate=place / "absent.pem"))
    with pytest.raises(FileAccessError, match="KEY_VALUES_MISMATCH"):
        server_context(replace(tls, key=place / "pumps.key"))
    (tmp_path / "text.pem").write_text("no certificate")
    with pytest.raises(FileAccessError, match="expected certificates in PEM"):
        server_context(replace(tls, client_ca=tmp_path / "text.pem"))
    openssl(
        tmp_path, "rsa", "-in", str(place / "gateway.key"), "-aes128", "-passout", "pass:secret", "-out", "locked.key"
    )
    with pytest.raises(FileAccessError, match="a certificate and its key"):
        server_context(replace(tls, key=tmp_path / "locked.key"))
