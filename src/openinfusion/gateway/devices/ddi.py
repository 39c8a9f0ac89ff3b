"""
The polling API of hawkBit (Direct Device Integration) for update clients that others wrote.

It rings: it says that there is a file. It proves nothing: what a client says of the file is kept as a claim. Who calls
is told by a certificate as everywhere, or by a token of the pump or of its gateway.
"""

import hashlib
from functools import partial
from typing import Any
from urllib.parse import quote

from aiohttp import web
from sqlalchemy import Connection

from openinfusion.gateway.devices import offers, pumps
from openinfusion.gateway.devices.answers import answer, read_beginning
from openinfusion.gateway.devices.callers import Acting, caller_of
from openinfusion.gateway.devices.desk import DESK
from openinfusion.gateway.devices.names import check_pump
from openinfusion.gateway.devices.offers import FOLDER, Offer
from openinfusion.gateway.devices.pumps import Known
from openinfusion.gateway.devices.refusals import RefusalError

_BASE = "/{tenant}/controller/v1/{pump}"
_NUMBER = r"{number:\d{1,18}}"
_LARGEST_FEEDBACK = 65_536


def add_ddi(app: web.Application) -> None:
    """Add the addresses of DDI."""
    router = app.router
    router.add_get(_BASE, tell_what_is_there)
    router.add_put(f"{_BASE}/configData", take_attributes)
    router.add_get(f"{_BASE}/deploymentBase/{_NUMBER}", tell_offer)
    router.add_post(f"{_BASE}/deploymentBase/{_NUMBER}/feedback", take_feedback)
    router.add_get(f"{_BASE}/cancelAction/{_NUMBER}", tell_cancelled)
    router.add_post(f"{_BASE}/cancelAction/{_NUMBER}/feedback", take_cancelled)
    router.add_get(f"{_BASE}/offers/{_NUMBER}/{{filename}}", send_file)


def _who_acts(request: web.Request) -> Acting:
    """Return the pump that a client speaks for; raises RefusalError where it may not."""
    desk = request.app[DESK]
    if request.match_info["tenant"] != desk.place.tenant:
        raise RefusalError(404, where="tenant", found="another one", expected=desk.place.tenant)
    urn = check_pump(request.match_info["pump"])
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind in ("TargetToken", "GatewayToken"):
        return desk.callers.must_know_token(kind, token.strip(), urn)
    if urn in desk.callers.tokens and caller_of(request).urn is None:
        raise RefusalError(401, where="Authorization", found="no token", expected="TargetToken or GatewayToken")
    return desk.callers.must_speak_for(caller_of(request), urn, at=desk.clock())


def _known(connection: Connection, urn: str) -> Known:
    known = pumps.find(connection, urn)
    if known is None:
        raise RefusalError(404, where=urn, found="a pump that is not known", expected="one that is")
    return known


def _found(connection: Connection, urn: str, number: int) -> Offer:
    found = offers.find_offer(connection, _known(connection, urn).id, number)
    if found is None:
        raise RefusalError(404, where=urn, found=f"no offer {number}", expected="an offer of this pump")
    return found


def _here(request: web.Request, urn: str, rest: str = "") -> str:
    tenant = request.match_info["tenant"]
    return f"{request.scheme}://{request.host}/{quote(tenant)}/controller/v1/{quote(urn, safe=':')}{rest}"


# --- What is there ----------------------------------------------------------------------------------------------------


async def tell_what_is_there(request: web.Request) -> web.Response:
    """Tell when to come again, and what there is to do."""
    desk, who = request.app[DESK], _who_acts(request)
    links = await desk.read(who, partial(_links, request=request, urn=who.urn))
    desk.seen[who.urn] = desk.clock()
    tag = f'"{hashlib.sha256(repr(sorted(links.items())).encode()).hexdigest()[:32]}"'
    if request.headers.get("If-None-Match") == tag:
        return web.Response(status=304, headers={"ETag": tag})
    seconds = desk.poll_seconds()
    sleep = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    told = {"config": {"polling": {"sleep": sleep}}, "_links": {name: {"href": href} for name, href in links.items()}}
    made = answer(told)
    made.headers["ETag"] = tag
    return made


def _links(connection: Connection, *, request: web.Request, urn: str) -> dict[str, str]:
    known = _known(connection, urn)
    found = offers.open_offer(connection, known.id)
    is_wanted = offers.are_attributes_wanted(connection, known)
    links = {"configData": _here(request, urn, "/configData")} if is_wanted else {}
    if found is not None and found.cancelled is not None:
        links["cancelAction"] = _here(request, urn, f"/cancelAction/{found.id}")
    elif found is not None:
        # A client that remembers the link comes again when the window opens or closes: the link is another one then.
        is_open = found.is_installable(request.app[DESK].clock())
        here = _here(request, urn, f"/deploymentBase/{found.id}?c={found.sha256[:8]}{int(is_open)}")
        links["deploymentBase"] = here
    return links


async def tell_offer(request: web.Request) -> web.Response:
    """Tell of an offer what a client needs to fetch and check it."""
    desk, who = request.app[DESK], _who_acts(request)
    found = await desk.read(who, partial(_found, urn=who.urn, number=int(request.match_info["number"])))
    here = _here(request, who.urn, f"/offers/{found.id}/{quote(found.filename)}")
    links = {"download": {"href": here}, "download-http": {"href": here}}
    hashes = {"sha1": found.sha1, "md5": found.md5, "sha256": found.sha256}
    artifact = {"filename": found.filename, "hashes": hashes, "size": found.size, "_links": links}
    chunk = {"part": "bApp", "version": found.version, "name": "drug-library", "artifacts": [artifact]}
    told: dict[str, object] = {"download": "forced" if found.how == "forced" else "attempt", "chunks": [chunk]}
    is_open = found.is_installable(desk.clock())
    told["update"] = found.how if is_open else "skip"
    if found.window is not None:
        told["maintenanceWindow"] = "available" if is_open else "unavailable"
    return answer({"id": str(found.id), "deployment": told})


async def send_file(request: web.Request) -> web.StreamResponse:
    """Send the file of an offer, whole or in part (Range)."""
    desk, who = request.app[DESK], _who_acts(request)
    found = await desk.read(who, partial(_found, urn=who.urn, number=int(request.match_info["number"])))
    path = desk.place.state / FOLDER / found.sha256
    if request.match_info["filename"] != found.filename or not path.is_file():
        raise RefusalError(404, where=who.urn, found="no such file", expected=found.filename)
    return web.FileResponse(path, headers={"Content-Type": "application/octet-stream"})


async def tell_cancelled(request: web.Request) -> web.Response:
    """Tell which offer shall be left."""
    desk, who = request.app[DESK], _who_acts(request)
    found = await desk.read(who, partial(_found, urn=who.urn, number=int(request.match_info["number"])))
    if found.cancelled is None:
        raise RefusalError(404, where=who.urn, found=f"offer {found.id} as it was", expected="one that shall be left")
    return answer({"id": str(found.id), "cancelAction": {"stopId": str(found.id)}})


# --- What clients say -------------------------------------------------------------------------------------------------


async def take_attributes(request: web.Request) -> web.Response:
    """Keep what a client says of its device."""
    desk, who = request.app[DESK], _who_acts(request)
    data = await read_beginning(request, _LARGEST_FEEDBACK)
    known = await desk.read(who, partial(_known, urn=who.urn))
    await desk.do(who, partial(offers.take_attributes, whose=known, data=data))
    return answer({})


async def take_feedback(request: web.Request) -> web.Response:
    """Keep what a client says of an offer."""
    return await _take(request, offers.take_feedback)


async def take_cancelled(request: web.Request) -> web.Response:
    """Keep what a client says of a cancelled offer."""
    return await _take(request, offers.take_cancelled)


async def _take(request: web.Request, keep: Any) -> web.Response:  # noqa: ANN401 - one of the two above
    desk, who = request.app[DESK], _who_acts(request)
    said = offers.read_feedback(await read_beginning(request, _LARGEST_FEEDBACK))
    number = int(request.match_info["number"])
    known = await desk.read(who, partial(_known, urn=who.urn))
    if not await desk.do(who, partial(keep, whose=known.id, number=number, said=said, at=desk.clock())):
        raise RefusalError(404, where=who.urn, found=f"no offer {number}", expected="an offer of this pump")
    desk.figures.claims[f"{said.execution}/{said.finished}"] += 1
    return answer({})
