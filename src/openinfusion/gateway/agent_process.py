"""The process of an agent: polls its server at its pace, activates when the pump allows it, until it is told to end."""

import logging
import random
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType

from openinfusion.core.errors import OperatorError
from openinfusion.fleet.agent import Agent, Outcome
from openinfusion.fleet.agent.event_log import EventLog, acknowledged_in
from openinfusion.fleet.agent.pace import until_next
from openinfusion.gateway.agent_http import FleetServer

_LOG = logging.getLogger(__name__)
LOOK = 5.0
"""Seconds between two looks at whether the pump is idle by now."""
USUAL_POLL = 300


@dataclass(frozen=True, slots=True)
class Round:
    """
    What came of one poll.

    Attributes:
        update: whether there was a release.
        activation: whether it came into force.
        poll_seconds: when the server wants to be asked again.
        trouble: why the server did not answer, or did not take what was sent; ``None`` where all went well.
        objections: why the server did not accept the report, in its words.

    """

    update: Outcome
    activation: Outcome
    poll_seconds: int | None = None
    trouble: str | None = None
    objections: tuple[str, ...] = ()

    @property
    def is_well(self) -> bool:
        """Whether nobody needs to look."""
        is_well = self.trouble is None and not self.objections
        return is_well and all(one.refusal is None and not one.damage for one in (self.update, self.activation))


def poll(agent: Agent, server: FleetServer, *, log: EventLog | None = None) -> Round:
    """Look for a release, put it into force if the pump is idle, report, and send what is not acknowledged."""
    update = agent.update(server.source)
    activation = agent.activate()
    objections: tuple[str, ...] = ()
    try:
        with suppress(OSError):  # the report comes first; what ails the log is said where its records are sent
            agent.log = None
            agent.log = log.end() if log is not None else None
        reply = server.report(agent.pump_name, agent.report())
        objections = reply.objections
        answer = agent.answered(reply.body)
        if log is not None:
            _send_again(agent, reply.body)
            send_events(agent, server, log)
    except OperatorError as error:
        return Round(update, activation, trouble=str(error), objections=objections)
    except OSError as error:
        where = error.filename or "the pump's disk"
        return Round(update, activation, trouble=f"{where}: {error.strerror}", objections=objections)
    if answer is None:
        trouble = "the server's answer is not one of a server of pumps, or its signed time is not genuine"
        return Round(update, activation, trouble=trouble, objections=objections)
    return Round(update, activation, poll_seconds=answer.poll_seconds, objections=objections)


def _send_again(agent: Agent, told: bytes) -> None:
    """Where the answer to a report acknowledges less than before, the server is an older copy: send that again."""
    acknowledged = acknowledged_in(told)
    if acknowledged is not None and acknowledged < agent.acknowledged:
        agent.acknowledge(acknowledged)


def send_events(agent: Agent, server: FleetServer, log: EventLog) -> None:
    """
    Send records until all are acknowledged.

    The first answer is believed even where it is lower than what is remembered: the server was put back to a backup,
    and what it lost is sent again. From then on, an answer that acknowledges nothing more ends it.
    """
    heard: int | None = None
    while (batch := log.after(agent.acknowledged, is_confirmed=heard == agent.acknowledged)) is not None:
        told = acknowledged_in(server.events(agent.pump_name, batch.body))
        if told is None:
            return
        before, heard = heard, min(told, batch.last)  # nothing is acknowledged that was not sent
        agent.acknowledge(heard)
        if before is not None and heard <= before:
            return


def keep_polling(
    agent: Agent,
    server: FleetServer,
    *,
    log: EventLog | None = None,
    tell: Callable[[Round], None],
    until: threading.Event | None = None,
) -> Round:
    """Poll until SIGTERM or SIGINT, and return what came of the last; ``tell`` hears of every poll."""
    ended = until or _ended_by_signal()
    seconds, failures = 0.0, 0
    poll_seconds = USUAL_POLL
    came = Round(Outcome("nothing new"), Outcome("nothing new"))
    while not _wait(ended, seconds, agent):
        came = poll(agent, server, log=log)
        tell(came)
        failures = 0 if came.trouble is None else failures + 1
        poll_seconds = came.poll_seconds or poll_seconds
        seconds = until_next(poll_seconds, failures, chance=random.random)
    return came


def _wait(ended: threading.Event, seconds: float, agent: Agent) -> bool:
    """Wait for the next poll; take the chance if a library waits and the pump is idle. Whether it is time to end."""
    while seconds > 0:
        if ended.wait(min(LOOK, seconds)):
            return True
        seconds -= LOOK
        if agent.slots.staged is not None and (done := agent.activate()).done in ("activated", "refused"):
            _LOG.info("activation: %s", done.refusal or f"release {done.number}")
            return False
    return ended.is_set()


def _ended_by_signal() -> threading.Event:
    ended = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    return ended
