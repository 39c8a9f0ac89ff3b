"""A USB stick brings libraries to a pump that no network reaches, and takes its signed reports and events home."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from openinfusion.adapters.durable import write_durably
from openinfusion.core.errors import OperatorError
from openinfusion.fleet.agent.agent import Agent
from openinfusion.fleet.agent.event_log import EventLog
from openinfusion.fleet.agent.outcome import Outcome
from openinfusion.fleet.agent.sources import folder_source


@dataclass(frozen=True, slots=True)
class Visit:
    """
    What came of a visit with a stick.

    Attributes:
        update: what was found on it.
        activation: what came of putting it into force.
        written: the files that were written on it.
        trouble: why not all could be written, ``None`` where it could; the next visit writes it.

    """

    update: Outcome
    activation: Outcome
    written: tuple[Path, ...]
    trouble: str | None = None


def visit(agent: Agent, stick: Path, *, log: EventLog | None = None) -> Visit:
    """
    Take what the stick brings, and write on it what the pump runs and what is not acknowledged of its event log.

    The stick may be pulled at any moment: the pump holds what it held, and a file is on the stick whole or not at all.
    """
    update = agent.update(folder_source(stick))
    activation = agent.activate()
    folder = stick / "pumps" / quote(agent.pump_name, safe="")
    written: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in _files(agent, log):
            write_durably(folder / name, content)
            written.append(folder / name)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        return Visit(update, activation, tuple(written), f"{where}{error.strerror or type(error).__name__}")
    except OperatorError as error:
        return Visit(update, activation, tuple(written), str(error))
    return Visit(update, activation, tuple(written))


def _files(agent: Agent, log: EventLog | None) -> Iterator[tuple[str, bytes]]:
    """Yield what goes home; a file of events has the same name and content however often it is written."""
    epoch, counter, report = agent.numbered_report()
    yield f"report-{epoch}-{counter}.json", report
    batch = log.after(agent.acknowledged) if log is not None else None
    while log is not None and batch is not None:
        yield f"events-{batch.epoch}-{batch.first}-{batch.last}.json", batch.body
        batch = log.after(batch.last)
