"""The addresses of the device API, and what stands before each: limits of rate and time, errors as answers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from hashlib import sha256
from math import ceil
from time import perf_counter

import msgspec
from aiohttp import web
from sqlalchemy import Connection

from openinfusion.core.errors import OpenInfusionError
from openinfusion.gateway.devices import events, pumps
from openinfusion.gateway.devices.answers import answer, read_body, read_json, refuse
from openinfusion.gateway.devices.callers import Acting, OutOfScopeError, caller_of
from openinfusion.gateway.devices.clock import LONGEST_NONCE
from openinfusion.gateway.devices.ddi import add_ddi
from openinfusion.gateway.devices.desk import DESK, Desk
from openinfusion.gateway.devices.est import add_est
from openinfusion.gateway.devices.events import Batch, Kept
from openinfusion.gateway.devices.names import check_pump, serial_of
from openinfusion.gateway.devices.patience import bounded
from openinfusion.gateway.devices.refusals import RefusalError, refusal_of
from openinfusion.gateway.devices.reports import RESTORED, Judged, hash_ahead, judge
from openinfusion.gateway.store import NotNowError, StoreError

_log = logging.getLogger("openinfusion.gateway.devices")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(desk: Desk) -> web.Application:
    """Return the application."""
    app = web.Application(middlewares=[_guard], client_max_size=desk.place.limits.body_bytes)
    app[DESK] = desk
    app.router.add_get("/tuf/{path:.+}", get_file)
    app.router.add_post("/fleet/v1/time", tell_time)
    app.router.add_post("/fleet/v1/pumps/{pump}/report", take_report)
    app.router.add_post("/fleet/v1/pumps/{pump}/events", take_events)
    add_est(app)
    add_ddi(app)
    return app


@web.middleware
async def _guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    desk = request.app[DESK]
    begun, connection = perf_counter(), bounded(request)
    now = asyncio.get_running_loop().time()
    limits = desk.place.limits
    until = now + limits.request_seconds if connection is None else connection.head_is_whole()
    if request.method in ("GET", "HEAD"):
        until = now + limits.download_seconds
    try:
        made = await _answered(desk, request, handler, until=until)
    finally:
        if connection is not None:
            connection.is_answered(request.content)
    if request.method == "POST":
        desk.figures.answers.saw(perf_counter() - begun)
    desk.figures.requests[str(made.status)] += 1
    return made


async def _answered(desk: Desk, request: web.Request, handler: Handler, *, until: float) -> web.StreamResponse:
    try:
        async with asyncio.timeout_at(until):
            _must_wait(desk, caller_of(request).name)
            return await handler(request)
    except OutOfScopeError as error:
        with suppress(NotNowError, StoreError):  # whether it is noted or not, the answer is no
            await desk.note(error.where, error.code, error.found)
        return refuse(error)
    except StoreError:
        # It is not known what was kept. The process ends, and nobody is answered.
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)
    except OpenInfusionError as error:
        return refuse(refusal_of(error))
    except TimeoutError:
        seconds = desk.place.limits.request_seconds
        expected = f"all of it within {seconds:g} s of its first byte"
        return refuse(RefusalError(408, where="request", found="no end of it", expected=expected))


def _must_wait(desk: Desk, name: str) -> None:
    seconds = desk.wait(name)
    if seconds:
        raise RefusalError(429, where=name, found="too many requests", expected="fewer", retry=ceil(seconds))


# --- Without a certificate --------------------------------------------------------------------------------------------


async def get_file(request: web.Request) -> web.StreamResponse:
    """Serve a file of the trees; whole or in part (Range)."""
    found = request.app[DESK].trees.file(request.match_info["path"])
    if found is None:
        raise RefusalError(404, where="/tuf", found="no such file", expected="a file of the signed trees")
    return web.FileResponse(found)


class _TimeAsked(msgspec.Struct):
    nonce: str


async def tell_time(request: web.Request) -> web.StreamResponse:
    """Tell the time, signed with the nonce of who asks."""
    asked: _TimeAsked = read_json(await read_body(request), _TimeAsked, where="time")
    if len(asked.nonce) > LONGEST_NONCE or not asked.nonce.isprintable():
        expected = f"at most {LONGEST_NONCE} characters"
        raise RefusalError(400, where="time", found="another nonce", expected=expected)
    return answer(request.app[DESK].signed_time(asked.nonce))


# --- Pumps ------------------------------------------------------------------------------------------------------------


def who_acts(request: web.Request) -> Acting:
    """Return the pump that a request is about, and who acts; raises RefusalError where they may not."""
    desk = request.app[DESK]
    urn = check_pump(request.match_info["pump"])
    return desk.callers.must_speak_for(caller_of(request), urn, at=desk.clock())


async def take_report(request: web.Request) -> web.StreamResponse:
    """Judge a report, and answer with the next question."""
    desk, who = request.app[DESK], who_acts(request)
    urn = who.urn
    data = await read_body(request)
    await desk.look_at_trees()
    hashed = await hash_ahead(data, desk.trees)
    work = partial(
        judge, urn=urn, data=data, at=desk.clock(), questions=desk.questions, trees=desk.trees, hashed=hashed
    )
    judged = await desk.do(who, work)
    if judged is None:
        raise _unknown(urn)
    desk.seen[urn] = desk.clock()
    if judged.restored is not None:
        desk.figures.findings[RESTORED] += 1
        _log.error("%s: %s", RESTORED, judged.restored)
    outcome = judged.outcome
    desk.figures.findings.update(one.what.value for one in outcome.findings)
    desk.figures.reports["refused" if not outcome.is_accepted else "proof" if outcome.is_proof else "none"] += 1
    return answer(_told(desk, judged, data), status=200 if outcome.is_accepted else 409)


def _told(desk: Desk, judged: Judged, data: bytes) -> dict[str, object]:
    outcome = judged.outcome
    heard = {} if judged.ack is None else {"ack": judged.ack}
    return {
        **heard,
        "nonce": outcome.next_nonce,
        "poll_seconds": desk.poll_seconds(),
        "ring": judged.ring,
        "time": desk.signed_time(sha256(data).hexdigest()),
        "findings": [{"code": one.what.value, "words": str(one)} for one in outcome.findings],
    }


async def take_events(request: web.Request) -> web.StreamResponse:
    """Keep events, and answer how far they are whole: only once that would survive a power cut."""
    desk, who = request.app[DESK], who_acts(request)
    urn = who.urn
    batch = events.read_batch(await read_body(request), most=desk.place.limits.events)
    strangers = batch.names - {urn, serial_of(urn)}
    if strangers:
        found = f"an event of another pump, {min(strangers)[:80]!r}"
        raise OutOfScopeError(403, where=urn, found=found, expected=f"events of {serial_of(urn)}")
    work = partial(_keep_events, urn=urn, batch=batch, desk=desk)
    kept = await desk.do(who, work, weight=max(1, len(batch.numbers) // 10))
    if kept is None:
        raise _unknown(urn)
    desk.seen[urn] = desk.clock()
    desk.figures.events.update({"kept": kept.new, "known": kept.known, "other": len(kept.other)})
    return answer({"ack": kept.ack, "epoch": batch.epoch, "missing": kept.missing, "other": kept.other})


def _keep_events(connection: Connection, *, urn: str, batch: Batch, desk: Desk) -> Kept | None:
    known, at = pumps.find(connection, urn), desk.clock()
    if known is None:
        return None
    kept = events.keep(connection, known.id, batch, at=at, epochs=known.epochs)
    if kept.other:
        words = f"epoch {batch.epoch}, number {kept.other[0]:,}: another event than the one that came first"
        pumps.note(connection, urn, "other-event", words=words, at=at)
    if kept.lost:
        words = "epoch {}, numbers {:,} to {:,}: the pump no longer has them".format(batch.epoch, *kept.lost)
        pumps.note(connection, urn, "events-lost", words=words, at=at)
    return kept


def _unknown(urn: str) -> RefusalError:
    return RefusalError(404, where=urn, found="a pump that is not known", expected="a pump that was enrolled")
