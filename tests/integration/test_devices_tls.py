"""Who may do what: certificates by enrolment and renewal, a pump for itself, a gateway for its list, nobody else."""

import asyncio
import base64
import json
import shutil
import ssl
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs7
from cryptography.x509.oid import NameOID

from openinfusion.core.errors import FileAccessError, OperatorError
from openinfusion.gateway.device_settings import DeviceGateway
from openinfusion.gateway.devices import denials, enrolment, service
from openinfusion.gateway.devices.authority import Authority, make_authority, make_server_certificate, read_request
from openinfusion.gateway.devices.database import Database
from openinfusion.gateway.devices.pumps import findings
from openinfusion.gateway.devices.serving import serving
from tests.integration.devices_bench import HOST, PumpOnBench, know, make_place, make_trees

pytestmark = [pytest.mark.allow_hosts([HOST]), pytest.mark.xdist_group("devices")]
NOW = datetime.now(UTC)
ONE, TWO = PumpOnBench("urn:pump:acme:P-1"), PumpOnBench("urn:pump:acme:P-2")
GATEWAY = "urn:gateway:ward-3"


@pytest.fixture(scope="module")
def trees(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fleet")
    make_trees(folder)
    return folder


@pytest.fixture
def place(tmp_path, trees):
    folder = tmp_path / "devices"
    made = make_place(folder, trees)
    authority = make_authority(folder / "authority", folder / "passphrase", name="Pumps", at=NOW)
    make_server_certificate(authority, folder, (HOST, "localhost"), at=NOW)
    know(made, ONE, TWO)
    return replace(
        made,
        certificate=folder / "server.pem",
        key=folder / "server.key",
        authority=folder / "authority",
        authority_passphrase=folder / "passphrase",
        gateways=(DeviceGateway("ward-3", (ONE.urn,)),),
    )


def request_for(key, urn=None):
    """A request for a certificate, in DER."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "pump")])
    made = x509.CertificateSigningRequestBuilder().subject_name(name)
    if urn:
        names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(urn)])
        made = made.add_extension(names, critical=False)
    return made.sign(key, SHA256()).public_bytes(Encoding.DER)


def basic(password):
    """The header of basic authentication."""
    return {"Authorization": "Basic " + base64.b64encode(b"pump:" + password.encode()).decode()}


class Device:
    """Somebody with a key, and a certificate once they have one."""

    def __init__(self, folder, base, authority, *, name="device"):
        self.folder = folder
        self.base = base
        self.authority = authority
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = name
        self.certificate = None

    def context(self):
        made = ssl.create_default_context(cafile=self.authority)
        if self.certificate is not None:
            file = self.folder / f"{self.name}.pem"
            key = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            file.write_bytes(key + self.certificate.public_bytes(Encoding.PEM))
            made.load_cert_chain(file)
        return made

    async def ask(self, method, path, *, data=None, headers=None):
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, self.base + path, data=data, headers=headers, ssl=self.context()) as found,
        ):
            return found.status, await found.read()

    async def enrol(self, token, *, asks=None, key=None):
        body = base64.encodebytes(request_for(key or self.key, asks))
        headers = basic(token)
        return self._take(*await self.ask("POST", "/.well-known/est/simpleenroll", data=body, headers=headers))

    async def renew(self):
        body = base64.encodebytes(request_for(self.key))
        return self._take(*await self.ask("POST", "/.well-known/est/simplereenroll", data=body))

    def _take(self, status, body):
        if status == 200:
            (self.certificate,) = pkcs7.load_der_pkcs7_certificates(base64.b64decode(body))
        return status

    async def events(self, pump, *sequences):
        return (await self.ask("POST", f"{pump.path}/events", data=pump.events(*sequences)))[0]

    async def report(self, pump):
        return (await self.ask("POST", f"{pump.path}/report", data=pump.report()))[0]


def play(place, story):
    """Have a story told with a server that has TLS; it may make devices."""

    async def run(folder):
        async with serving(place) as served:

            def device(name="device"):
                return Device(folder, f"https://{HOST}:{served.port}", place.authority / "ca.pem", name=name)

            return await story(served, device)

    return asyncio.run(run(place.state.parent))


def token(place, urn, *, at=None, days=7):
    database = Database.open(place.state)
    with database.transaction() as connection:
        made = enrolment.make_token(connection, urn, at=at or NOW, life=timedelta(days=days))
    database.close()
    return made


def found(place):
    database = Database.open(place.state)
    with database.transaction() as connection:
        codes = {(one.who, one.code) for one in findings(connection)}
    database.close()
    return codes


def given(place, device, urn, *, at):
    """Give a device a certificate as of another day."""
    authority = Authority.open(place.authority, place.authority_passphrase)
    device.certificate = authority.issue(read_request(request_for(device.key)), urn, at=at)
    return device


@pytest.mark.hazard("CF-03")
def test_a_pump_enrols_and_acts_for_itself_only(place):
    async def story(_served, device):
        pump = device()
        assert await pump.events(ONE, 1) == 401
        assert await pump.enrol(token(place, ONE.urn)) == 200
        names = pump.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.UniformResourceIdentifier) == [ONE.urn]
        assert pump.certificate.not_valid_after_utc - pump.certificate.not_valid_before_utc >= timedelta(days=730)
        assert await pump.events(ONE, 1) == 200
        assert await pump.report(ONE) == 200
        assert await pump.events(TWO, 1) == 403
        assert await pump.report(TWO) == 403

    play(place, story)
    assert (ONE.urn, "out-of-scope") in found(place)


def test_the_trees_the_time_and_the_authority_are_for_everybody(place):
    async def story(_served, device):
        stranger = device()
        assert (await stranger.ask("GET", "/tuf/releases/metadata/timestamp.json"))[0] == 200
        assert (await stranger.ask("POST", "/fleet/v1/time", data=b'{"nonce": "1"}'))[0] == 200
        status, body = await stranger.ask("GET", "/.well-known/est/cacerts")
        (certificate,) = pkcs7.load_der_pkcs7_certificates(base64.b64decode(body))
        assert (status, certificate) == (200, x509.load_pem_x509_certificate((place.authority / "ca.pem").read_bytes()))

    play(place, story)


def test_a_token_is_good_for_one_key_and_a_week(place):
    async def story(_served, device):
        pump, thief, secret = device(), device("thief"), token(place, ONE.urn)
        assert await pump.enrol(secret) == 200
        assert await pump.enrol(secret) == 200, "the first answer may be lost"
        assert await thief.enrol(secret) == 401
        assert await thief.enrol("guess") == 401
        assert await thief.enrol(token(place, ONE.urn, at=NOW - timedelta(days=8))) == 401
        assert (await thief.ask("POST", "/.well-known/est/simpleenroll", data=b"x"))[0] == 401

    play(place, story)


def test_a_request_for_another_name_or_with_another_kind_of_key_is_refused(place):
    async def story(_served, device):
        pump, secret = device(), token(place, ONE.urn)
        assert await pump.enrol(secret, asks=TWO.urn) == 403
        other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        assert await pump.enrol(secret, key=other) == 400
        headers = basic(secret)
        for wrong in (b"", b"%%%", base64.encodebytes(b"no request")):
            assert (await pump.ask("POST", "/.well-known/est/simpleenroll", data=wrong, headers=headers))[0] == 400
        assert await pump.enrol(secret, asks=ONE.urn) == 200

    play(place, story)


def test_a_certificate_is_renewed_also_when_it_has_ended_but_then_does_nothing_else(place):
    async def story(_served, device):
        fresh = given(place, device(), ONE.urn, at=NOW - timedelta(days=365))
        assert await fresh.renew() == 200
        assert await fresh.events(ONE, 1) == 200
        ended = given(place, device("ended"), ONE.urn, at=NOW - timedelta(days=800))
        assert await ended.events(ONE, 2) == 403
        assert await ended.renew() == 200
        assert await ended.events(ONE, 2) == 200
        old = given(place, device("old"), ONE.urn, at=NOW - timedelta(days=730 + 367))
        assert await old.renew() == 403
        assert await device("nobody").renew() == 401

    play(place, story)


def by_order(place, work, **told):
    """What a command does, in a process of its own while the server runs."""
    database = Database.open(place.state)
    with database.transaction() as connection:
        done = work(connection, **told)
    database.close()
    return done


@pytest.mark.hazard("IT-04")
def test_who_is_denied_does_nothing_from_the_next_request_on_and_is_not_renewed(place):
    async def story(_served, device):
        pump, other = device(), device("other")
        assert await pump.enrol(token(place, ONE.urn)) == 200
        assert await other.enrol(token(place, TWO.urn)) == 200
        assert await pump.events(ONE, 1) == await other.events(TWO, 1) == 200
        by_order(place, denials.deny, name=ONE.urn, reason="stolen", at=NOW)
        by_order(place, denials.deny, name=f"{other.certificate.serial_number:x}", reason="key lost", at=NOW)
        for refused, known in ((pump, ONE), (other, TWO)):
            assert await refused.events(known, 2) == 403
            assert await refused.report(known) == 403
            assert await refused.renew() == 403
        assert await pump.enrol(token(place, ONE.urn)) == 403

    play(place, story)
    assert (ONE.urn, "denied") in found(place)


@pytest.mark.hazard("IT-04")
def test_who_denies_a_certificate_denies_every_other_for_its_key(place):
    """The one before a renewal and the one after it have one key: denying either ends both, and a further renewal."""

    async def story(_served, device):
        pump, copy = device(), device("copy")
        assert await pump.enrol(token(place, ONE.urn)) == 200
        copy.key, copy.certificate = pump.key, pump.certificate
        assert await copy.renew() == 200
        assert copy.certificate != pump.certificate
        serial = f"{pump.certificate.serial_number:x}"
        assert by_order(place, denials.deny, name=serial, reason="key lost", at=NOW)
        for one in (pump, copy):
            assert await one.events(ONE, 1) == 403
            assert await one.renew() == 403
        assert await copy.enrol(token(place, ONE.urn)) == 403, "nor is the key good for a new token"
        assert await device("new-key").enrol(token(place, ONE.urn)) == 200
        assert by_order(place, denials.allow, name=serial)
        assert await copy.events(ONE, 1) == 200
        assert not by_order(place, denials.deny, name="00abcdef01", reason="of another authority", at=NOW)

    play(place, story)


@pytest.mark.hazard("IT-04")
def test_who_is_enrolled_anew_has_other_certificates(place):
    async def story(_served, device):
        pump, repaired = device(), device("repaired")
        assert await pump.enrol(token(place, ONE.urn)) == 200
        assert by_order(place, service.enrol_anew, urn=ONE.urn, reason="new board", at=NOW) == 1
        assert await pump.events(ONE, 1) == 403
        assert await pump.renew() == 403
        assert await repaired.enrol(token(place, ONE.urn)) == 200
        assert await repaired.events(ONE, 1) == 200

    play(place, story)


@pytest.mark.hazard("CF-03")
def test_a_gateway_speaks_for_the_pumps_on_its_list(place):
    async def story(_served, device):
        gateway = device()
        assert await gateway.enrol(token(place, GATEWAY)) == 200
        assert await gateway.events(ONE, 1) == 200
        assert await gateway.events(TWO, 1) == 403
        other = given(place, device("other"), "urn:gateway:ward-4", at=NOW)
        assert await other.events(ONE, 2) == 403

    play(place, story)
    assert {(GATEWAY, "out-of-scope"), ("urn:gateway:ward-4", "out-of-scope")} <= found(place)


def test_certificates_of_others_get_nobody_in(place, tmp_path):
    async def story(_served, device):
        stranger = device()
        theirs = make_authority(tmp_path / "theirs", tmp_path / "passphrase", name="Others", at=NOW)
        stranger.certificate = theirs.issue(read_request(request_for(stranger.key)), ONE.urn, at=NOW)
        with pytest.raises(aiohttp.ClientError):
            await stranger.events(ONE, 1)
        server_of_others = device("believes-others")
        server_of_others.authority = tmp_path / "theirs" / "ca.pem"
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await server_of_others.events(ONE, 1)

    play(place, story)


def test_a_server_under_another_name_is_not_believed(place):
    authority = Authority.open(place.authority, place.authority_passphrase)
    make_server_certificate(authority, place.state.parent, ("pumps.example",), at=NOW)

    async def story(_served, device):
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await device().events(ONE, 1)

    play(place, story)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the command openssl")
def test_openssl_believes_what_was_given_and_makes_requests_that_are_taken(place, tmp_path):
    def openssl(*words):
        return subprocess.run(("openssl", *words), cwd=tmp_path, check=True, capture_output=True).stdout

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "pump.key")
    openssl("req", *key, "-subj", "/CN=pump", "-outform", "DER", "-out", "pump.csr")

    async def story(_served, device):
        headers = basic(token(place, ONE.urn))
        body = base64.encodebytes((tmp_path / "pump.csr").read_bytes())
        return await device().ask("POST", "/.well-known/est/simpleenroll", data=body, headers=headers)

    status, body = play(place, story)
    assert status == 200
    (tmp_path / "pump.p7").write_bytes(base64.b64decode(body))
    (tmp_path / "pump.pem").write_bytes(openssl("pkcs7", "-inform", "DER", "-in", "pump.p7", "-print_certs"))
    told = openssl("verify", "-purpose", "sslclient", "-CAfile", str(place.authority / "ca.pem"), "pump.pem")
    assert told.strip() == b"pump.pem: OK"


def test_the_key_of_the_authority_is_encrypted_and_its_own(place):
    key = (place.authority / "ca.key").read_bytes()
    assert b"ENCRYPTED" in key
    assert (place.authority / "ca.key").stat().st_mode & 0o777 == 0o600
    (place.state.parent / "passphrase").write_text("another")
    with pytest.raises(FileAccessError):
        Authority.open(place.authority, place.authority_passphrase)
    with pytest.raises(OperatorError, match="without an authority"):
        make_authority(place.authority, place.authority_passphrase, name="again", at=NOW)


def test_what_a_refusal_says_is_json_with_words(place):
    async def story(_served, device):
        status, body = await device().ask("POST", f"{ONE.path}/events", data=ONE.events(1))
        assert status == 401
        assert json.loads(body)["refused"]["expected"] == "one of ours"

    play(place, story)
