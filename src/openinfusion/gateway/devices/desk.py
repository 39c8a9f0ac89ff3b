"""What the server works with, in one place: the database and its writer, the trees, who may call, what it counts."""

import asyncio
import logging
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from time import monotonic
from typing import TypeVar

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection

from openinfusion.core.errors import OperatorError
from openinfusion.gateway.device_settings import DevicesPlace
from openinfusion.gateway.devices import pumps
from openinfusion.gateway.devices.authority import Authority
from openinfusion.gateway.devices.callers import Acting, Callers
from openinfusion.gateway.devices.clock import now, read_private_key, signed_time
from openinfusion.gateway.devices.database import Database
from openinfusion.gateway.devices.denials import refusal_of_denied
from openinfusion.gateway.devices.figures import Figures
from openinfusion.gateway.devices.questions import Questions
from openinfusion.gateway.devices.rates import Rates
from openinfusion.gateway.devices.refusals import RefusalError
from openinfusion.gateway.devices.reports import forget_questions
from openinfusion.gateway.devices.trees import Trees
from openinfusion.gateway.devices.writer import Writer
from openinfusion.gateway.store import NotNowError

DESK: "web.AppKey[Desk]" = web.AppKey("desk")
T = TypeVar("T")
_JITTER_PER_CENT = 25
_TREES_SECONDS = 30
_log = logging.getLogger("openinfusion.gateway.devices")


@dataclass(slots=True)
class Desk:
    """
    All that a request may need.

    Attributes:
        seen: pumps that were heard of since that was last stored, and when.
        is_open: whether requests are taken; not so while it stops.
        clock: returns the time; tests give another one.
        trees_again: trees that could not be read are not read again before this second of ``monotonic``.

    """

    place: DevicesPlace
    database: Database
    writer: Writer
    trees: Trees
    time_key: Ed25519PrivateKey
    callers: Callers
    rates: Rates
    figures: Figures
    questions: Questions
    authority: Authority | None = None
    seen: dict[str, datetime] = field(default_factory=dict)
    is_open: bool = True
    clock: Callable[[], datetime] = now
    trees_again: float = 0.0
    _chance: secrets.SystemRandom = field(default_factory=secrets.SystemRandom)

    @classmethod
    async def open(cls, place: DevicesPlace) -> "Desk":
        """
        Open what settings name. The trees are read before a report is taken.

        Raises:
            OperatorError: something of it cannot be used.

        """
        trees, key, callers = (
            Trees(place.trees),
            read_private_key(place.time_key),
            Callers.of(place.gateways, place.tokens),
        )
        trees.refresh()
        authority = None
        if place.authority is not None and place.authority_passphrase is not None:
            authority = Authority.open(place.authority, place.authority_passphrase)
        database = Database.open(place.state, postgresql=place.postgresql)
        try:
            database.begin_life(forget=partial(forget_questions, at=now()))
            if database.is_restored:
                _log.warning("the database is older than the server's last life: open questions were forgotten")
        except BaseException:
            database.close()
            raise
        figures, limits = Figures(), place.limits
        writer = Writer(database, most=limits.waiting, watch=figures.commits.saw)
        rates = Rates(limits.requests_per_minute, limits.burst)
        return cls(place, database, writer, trees, key, callers, rates, figures, Questions.of(key), authority)

    async def close(self) -> None:
        """Store what waits, and let go of the database."""
        self.is_open = False
        if not self.writer.failed.done():
            with suppress(NotNowError):  # nobody relies on when a pump was last heard of
                await self.flush_seen()
        await self.writer.end()
        self.database.checkpoint()
        self.database.close()

    # --- What requests ask for ----------------------------------------------------------------------------------------

    def signed_time(self, nonce: str) -> dict[str, str]:
        """Return the time, signed together with the nonce of who asked."""
        return signed_time(self.time_key, nonce, self.clock())

    def poll_seconds(self) -> int:
        """Return when a pump shall come again: a quarter more or less, so that pumps do not come all at once."""
        spread = self.place.poll_seconds * _JITTER_PER_CENT // 100
        return max(1, self.place.poll_seconds + self._chance.randint(-spread, spread))

    async def do(self, who: Acting, work: Callable[[Connection], T | RefusalError], *, weight: int = 1) -> T:
        """Return what some work returned, as the writer does it; raises RefusalError where who acts was denied."""
        return _unless_refused(await self.writer.do(partial(_if_allowed, who=who, work=work), weight=weight))

    async def read(self, who: Acting, work: Callable[[Connection], T]) -> T:
        """Return what some work read; it is done beside the writer and may not write. Refused as by ``do``."""
        return _unless_refused(await asyncio.to_thread(self._read, who, work))

    def _read(self, who: Acting, work: Callable[[Connection], T]) -> T | RefusalError:
        with self.database.transaction(is_reading=True) as connection:
            return _if_allowed(connection, who=who, work=work)

    async def note(self, who: str, code: str, words: str) -> None:
        """Note a finding."""
        self.figures.findings[code] += 1
        await self.writer.do(partial(_note, who=who, code=code, words=words, at=self.clock()))

    async def flush_seen(self) -> None:
        """Store when pumps were last heard of."""
        seen, self.seen = self.seen, {}
        if not seen:
            return
        try:
            await self.writer.do(partial(pumps.keep_seen, seen=seen), rows=len(seen))
        except NotNowError:
            self.seen = seen | self.seen
            raise

    async def look_at_trees(self) -> None:
        """Learn of new releases; where the trees cannot be read a finding says so, and what was read last stands."""
        if monotonic() < self.trees_again:
            return
        try:
            if not self.trees.is_fresh:
                await asyncio.to_thread(self.trees.refresh)
        except OperatorError as error:
            self.trees_again = monotonic() + _TREES_SECONDS
            _log.error("the releases that were read last stand: %s", error)
            with suppress(NotNowError):
                await self.note("trees", "trees-unreadable", str(error))

    def wait(self, name: str) -> float:
        """Return 0 where a caller may ask now, else the seconds until then."""
        return self.rates.wait(name, at=monotonic())


def _if_allowed(
    connection: Connection, *, who: Acting, work: Callable[[Connection], T | RefusalError]
) -> T | RefusalError:
    """
    Do some work unless one of those who act was denied, by a command in another process, and be it a moment ago.

    A refusal is returned: raised, it would take what others wrote in the same transaction with it.
    """
    return refusal_of_denied(connection, who.names, who=who.urn) or work(connection)


def _unless_refused(done: T | RefusalError) -> T:
    if isinstance(done, RefusalError):
        raise done
    return done


def _note(connection: Connection, *, who: str, code: str, words: str, at: datetime) -> None:
    pumps.note(connection, who, code, words=words, at=at)
