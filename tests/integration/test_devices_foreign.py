"""An update client that others wrote, that of rauc-hawkbit, and what hawkBit's polling API asks of a server."""

import asyncio
import importlib
import json
import sys
import warnings
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from openinfusion.core.errors import OperatorError
from openinfusion.gateway.device_settings import DeviceGateway
from openinfusion.gateway.devices import offers, pumps
from openinfusion.gateway.devices.denials import deny
from openinfusion.gateway.devices.windows import read_window
from tests.integration.devices_bench import AT, HOST, URN, PumpOnBench, bench, know, make_place, make_trees
from tests.integration.offers_bench import in_database, make_offer, proves_nothing, standing

pytestmark = [pytest.mark.allow_hosts([HOST]), pytest.mark.xdist_group("devices")]
FOREIGN = Path(__file__).resolve().parents[2] / "build" / "foreign"


@pytest.fixture(scope="module")
def trees(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fleet")
    make_trees(folder)
    return folder


@pytest.fixture
def place(tmp_path, trees, database_file):
    made = make_place(tmp_path / "devices", trees, postgresql=database_file, poll_seconds=1)
    know(made, PumpOnBench())
    return made


@pytest.fixture
def quiet_place(tmp_path, trees):
    """On SQLite alone, for what does not depend on the database."""
    made = make_place(tmp_path / "devices", trees, poll_seconds=1)
    know(made, PumpOnBench())
    return made


# --- rauc-hawkbit -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ddi():
    """The part of rauc-hawkbit that speaks to a server."""
    if not (FOREIGN / "rauc_hawkbit").is_dir():
        pytest.fail("rauc-hawkbit is not set up: make foreign")
    sys.path.insert(0, str(FOREIGN))
    try:
        # Its package imports a main loop that is not there; the part below it does not need one.
        package = type(sys)("rauc_hawkbit")
        package.__path__ = [str(FOREIGN / "rauc_hawkbit")]
        sys.modules["rauc_hawkbit"] = package
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield importlib.import_module("rauc_hawkbit.ddi.client")
    finally:
        sys.path.remove(str(FOREIGN))


@asynccontextmanager
async def rauc(ddi, served, *, token="t-1", urn=URN):  # noqa: S107 - of a test
    async with aiohttp.ClientSession() as session:
        yield ddi.DDIClient(session, f"{HOST}:{served.port}", None, token, "default", urn)


def module_of(ddi, name):
    return importlib.import_module(f"rauc_hawkbit.ddi.{name}")


@pytest.fixture
def tokens(place, tmp_path):
    (tmp_path / "tokens").write_text(f"{URN} t-1\nurn:pump:acme:P-2 t-2\n")
    (tmp_path / "ward-3").write_text("g-3\n")
    gateways = (DeviceGateway("ward-3", (URN,), tmp_path / "ward-3"), DeviceGateway("ward-4", ()))
    return replace(place, tokens=tmp_path / "tokens", gateways=gateways)


def test_rauc_hawkbit_fetches_a_file_and_tells_of_it(tokens, ddi, tmp_path):
    place, file = tokens, tmp_path / "library.raucb"
    file.write_bytes(b"a library " * 5000)
    number = make_offer(place, file)

    async def run():
        async with bench(place) as (served, _), rauc(ddi, served) as client:
            told = await client()
            assert told["config"]["polling"]["sleep"] == "00:00:01"
            results = ddi.ConfigStatusExecution.closed, ddi.ConfigStatusResult.success
            await client.configData(*results, model="A1")
            told = await client()
            assert "configData" not in told["_links"]
            href = told["_links"]["deploymentBase"]["href"]
            assert href.startswith(f"http://{HOST}:{served.port}/default/controller/v1/{URN}/deploymentBase/{number}")
            deployment = (await client.deploymentBase[number]("1"))["deployment"]
            artifact = deployment["chunks"][0]["artifacts"][0]
            assert (artifact["size"], deployment["update"]) == (50_000, "forced")
            fetched = await client.get_binary(artifact["_links"]["download"]["href"], str(tmp_path / "fetched"))
            assert fetched == artifact["hashes"]["md5"]
            said = module_of(ddi, "deployment_base")
            execution, result = said.DeploymentStatusExecution, said.DeploymentStatusResult
            await client.deploymentBase[number].feedback(execution.proceeding, result.none, ["fetched"])
            assert "deploymentBase" in (await client())["_links"]
            await client.deploymentBase[number].feedback(execution.closed, result.success, ["installed"])
            assert "deploymentBase" not in (await client())["_links"]

    asyncio.run(run())
    assert (tmp_path / "fetched").read_bytes() == file.read_bytes()
    assert standing(place, number) == ("claimed: success", "installed")
    assert proves_nothing(place)


def test_rauc_hawkbit_leaves_an_offer_that_was_cancelled(tokens, ddi, tmp_path):
    place, file = tokens, tmp_path / "library.raucb"
    file.write_bytes(b"a library")
    first, second = make_offer(place, file), make_offer(place, file, version="3")
    in_database(place, lambda connection: offers.cancel_offer(connection, first, at=AT))

    async def run():
        async with bench(place) as (served, _), rauc(ddi, served) as client:
            assert "cancelAction" in (await client())["_links"]
            assert (await client.cancelAction[first]())["cancelAction"] == {"stopId": str(first)}
            said = module_of(ddi, "cancel_action")
            words = said.CancelStatusExecution.closed, said.CancelStatusResult.success
            await client.cancelAction[first].feedback(*words)
            assert f"/deploymentBase/{second}?" in (await client())["_links"]["deploymentBase"]["href"]

    asyncio.run(run())
    assert standing(place, first)[0] == "cancelled"
    assert standing(place, second)[0] == "open"


def test_a_token_opens_one_pump_and_a_gateways_token_its_list(tokens, ddi):
    async def answers(served, header, urn):
        async with aiohttp.ClientSession() as session:
            url = f"http://{HOST}:{served.port}/default/controller/v1/{urn}"
            async with session.get(url, headers={"Authorization": header} if header else {}) as found:
                return found.status

    async def run():
        async with bench(tokens) as (served, _):
            async with rauc(ddi, served, token="wrong") as client:  # noqa: S106 - a wrong one
                with pytest.raises(ddi.APIError, match="401"):
                    await client()
            assert await answers(served, "TargetToken t-1", URN) == 200
            assert await answers(served, "TargetToken t-2", URN) == 401
            assert await answers(served, None, URN) == 401
            assert await answers(served, "GatewayToken g-3", URN) == 200
            assert await answers(served, "GatewayToken g-3", "urn:pump:acme:P-2") == 403
            assert await answers(served, "GatewayToken wrong", URN) == 401
            in_database(tokens, partial(deny, name="urn:gateway:ward-3", reason="stolen", at=AT))
            assert await answers(served, "GatewayToken g-3", URN) == 403
            assert await answers(served, "TargetToken t-1", URN) == 200
            in_database(tokens, partial(deny, name=URN, reason="stolen", at=AT))
            assert await answers(served, "TargetToken t-1", URN) == 403

    asyncio.run(run())
    assert ("urn:gateway:ward-3", "out-of-scope") in {
        (one.who, one.code) for one in in_database(tokens, pumps.findings)
    }


def test_feedback_is_cut_and_never_refused(place, tmp_path):
    (tmp_path / "library.swu").write_bytes(b"x")
    number = make_offer(place, tmp_path / "library.swu")
    bodies = [
        b"",
        b"no json",
        b'{"status": 5}',
        b'{"status": {"execution": ["closed"], "result": {"finished": 3}, "details": "\\u0000"}}',
        b'{"status": {"execution": "proceeding", "details": [' + b'"y",' * 60_000 + b'"z"]}}',
        b"[" * 100_000,
        b'{"id": "1", "status": {"execution": "closed", "result": {"finished": "failure"}, "details": ["%n%s"]}}',
    ]

    async def run():
        async with bench(place) as (_, client):
            path = f"/default/controller/v1/{URN}/deploymentBase/{number}/feedback"
            for _ in range(40):
                for body in bodies[:-1]:
                    assert (await client.post(path, body))[0] == 200
            assert (await client.post(path, bodies[-1]))[0] == 200
            assert (await client.post(path.replace(f"/{number}/", "/999/"), bodies[-1]))[0] == 404

    asyncio.run(run())
    assert standing(place, number) == ("claimed: failure", "%n%s")
    count = in_database(
        place, lambda connection: connection.exec_driver_sql("SELECT count(*), max(length(words)) FROM feedback").one()
    )
    assert tuple(count) == (offers.MOST_FEEDBACK, offers.LONGEST_WORDS)


def feedback(execution, finished="none"):
    return json.dumps({"id": "1", "status": {"execution": execution, "result": {"finished": finished}}}).encode()


def test_an_offer_is_installed_in_its_window_and_fetched_at_any_time(place, tmp_path):
    """HawkBit's maintenance window: outside of it a client may fetch and not install, and cannot have installed it."""
    (tmp_path / "library.swu").write_bytes(b"x")
    number = make_offer(place, tmp_path / "library.swu", window="22:00-05:00 Europe/London")
    told = []

    async def run():
        async with bench(place) as (served, client):
            base, path = f"/default/controller/v1/{URN}", f"/default/controller/v1/{URN}/deploymentBase/{number}"
            links = set()
            for hour, finished in ((12, "success"), (12, "none"), (23, "success")):
                served.desk.clock = partial(datetime, 2026, 12, 1, hour, tzinfo=UTC)
                link = json.loads((await client.get(base))[1])["_links"]["deploymentBase"]["href"]
                links.add(link)
                deployment = json.loads((await client.get(path))[1])["deployment"]
                assert (await client.get(f"{base}/offers/{number}/library.swu")) == (200, b"x")
                assert (await client.post(f"{path}/feedback", feedback("closed", finished)))[0] == 200
                told.append((deployment["update"], deployment["maintenanceWindow"], standing(place, number)[0]))
            assert len(links) == 2, "a client that remembers the link comes again when the window opens"

    asyncio.run(run())
    shut = ("skip", "unavailable", "open")
    assert told == [shut, shut, ("forced", "available", "claimed: success")]
    assert proves_nothing(place)


def test_a_client_says_what_its_device_is_and_again_after_it_installed_something(place, tmp_path):
    (tmp_path / "library.swu").write_bytes(b"x")
    number = make_offer(place, tmp_path / "library.swu")

    def attributes():
        return json.loads(in_database(place, lambda connection: pumps.find(connection, URN)).attributes)

    async def run():
        async with bench(place) as (_, client):
            base = f"/default/controller/v1/{URN}"

            async def is_asked():
                return "configData" in json.loads((await client.get(base))[1])["_links"]

            async def say(body):
                async with client.session.put(f"{client.base}{base}/configData", data=json.dumps(body)) as answer:
                    assert answer.status == 200

            assert await is_asked()
            await say({"data": {"model": "A1", "board": "2"}})
            assert not await is_asked()
            await say({"mode": "merge", "data": {"board": "3"}})
            assert attributes() == {"model": "A1", "board": "3"}
            await say({"mode": "remove", "data": {"board": ""}})
            assert attributes() == {"model": "A1"}
            await say({"mode": "replace", "data": {"serial": "7"}})
            assert attributes() == {"serial": "7"}
            path = f"{base}/deploymentBase/{number}/feedback"
            assert (await client.post(path, feedback("rejected")))[0] == 200
            assert standing(place, number)[0] == "open", "it only cannot be done at this time"
            assert (await client.post(path, feedback("closed", "success")))[0] == 200
            assert await is_asked()
            await say({"data": {}})
            assert not await is_asked()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("said", "then"),
    [
        (("proceeding", "none"), "to be left"),
        (("scheduled", "none"), "to be left"),
        (("rejected", "none"), "open"),
        (("closed", "failure"), "open"),
        (("closed", "success"), "cancelled"),
        (("closed", "none"), "cancelled"),
        (("canceled", "success"), "cancelled"),
    ],
)
def test_a_cancelled_offer_is_left_or_gone_on_with_as_the_client_says(quiet_place, tmp_path, said, then):
    place = quiet_place
    (tmp_path / "library.swu").write_bytes(b"x")
    number = make_offer(place, tmp_path / "library.swu")

    async def run():
        async with bench(place) as (_, client):
            path = f"/default/controller/v1/{URN}/cancelAction/{number}"
            assert (await client.get(path))[0] == 404
            in_database(place, lambda connection: offers.cancel_offer(connection, number, at=AT))
            assert json.loads((await client.get(path))[1])["cancelAction"] == {"stopId": str(number)}
            assert (await client.post(f"{path}/feedback", feedback(*said)))[0] == 200
            assert standing(place, number)[0] == then

    asyncio.run(run())


@pytest.mark.parametrize(
    "words", ["", "22:00", "22:00-22:00 UTC", "24:00-05:00 UTC", "22:00-05:00", "22:00-05:00 ../x"]
)
def test_what_is_no_window_is_refused(words):
    with pytest.raises(OperatorError, match="expected such as"):
        read_window(words)


def test_a_window_goes_by_the_clock_on_the_wall():
    night = read_window("22:00-05:00 Europe/London")
    day = read_window("09:00-17:30 Europe/London")
    summer, winter = (datetime(2026, month, 1, 21, 30, tzinfo=UTC) for month in (7, 12))
    assert (night.is_open(summer), night.is_open(winter)) == (True, False)
    assert (day.is_open(summer), day.is_open(winter.replace(hour=17, minute=29))) == (False, True)
    assert not day.is_open(winter.replace(hour=17))


def test_a_poll_that_brings_nothing_new_is_short(place):
    async def run():
        async with bench(place) as (_, client):
            path = f"{client.base}/default/controller/v1/{URN}"
            async with client.session.get(path) as first:
                tag = first.headers["ETag"]
            async with client.session.get(path, headers={"If-None-Match": tag}) as again:
                assert again.status == 304
            assert (await client.get(f"/other/controller/v1/{URN}"))[0] == 404

    asyncio.run(run())
