"""All that the database knows of one pump, for a page about it: read at once, so that it agrees with itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from openinfusion.gateway.devices import pumps
from openinfusion.gateway.devices.evidence import Evidence, Ran, evidence_of, runs_of
from openinfusion.gateway.devices.overview import Overview, overview_of
from openinfusion.gateway.devices.service import Turn, history
from openinfusion.gateway.devices.tables import event, from_microseconds

LAST = 500
"""So many of a pump's newest events are looked through; older ones are read from the lake."""


@dataclass(frozen=True, slots=True)
class Heard:
    """An event of a pump's log as it came: when, under which number, and what it says."""

    received: datetime
    epoch: int
    sequence: int
    said: dict[str, Any]

    @property
    def kind(self) -> str:
        """What happened, as the event log names it."""
        return str(self.said.get("kind", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """
    What is known of a pump.

    Attributes:
        evidence: the last report that proved something, where it was kept.
        runs: releases that it was proven to run, the newest first.
        turns: what was decided of it, the oldest first.
        events: its newest events, the newest first.

    """

    known: pumps.Known
    overview: Overview
    evidence: Evidence | None
    runs: Sequence[Ran]
    turns: Sequence[Turn]
    findings: Sequence[pumps.Finding]
    events: Sequence[Heard]


def file_of(connection: Connection, urn: str) -> File | None:
    """Return what is known of a pump, or ``None`` if it is not known."""
    known = pumps.find(connection, urn)
    if known is None:
        return None
    return File(
        known=known,
        overview=overview_of(connection, known),
        evidence=evidence_of(connection, known.id),
        runs=runs_of(connection, known.id),
        turns=history(connection, urn),
        findings=pumps.findings(connection, urn),
        events=_events(connection, known.id),
    )


def _events(connection: Connection, pump: int) -> list[Heard]:
    newest = select(event.c.received, event.c.epoch, event.c.sequence, event.c.raw).where(event.c.pump == pump)
    newest = newest.order_by(event.c.epoch.desc(), event.c.sequence.desc()).limit(LAST)
    return [
        Heard(from_microseconds(row.received), row.epoch, row.sequence, _said(row.raw))
        for row in connection.execute(newest)
    ]


def _said(raw: bytes) -> dict[str, Any]:
    """Return what an event says; of one that cannot be read that it is there is known, and no more."""
    try:
        return msgspec.json.decode(raw, type=dict[str, Any])
    except msgspec.DecodeError:
        return {}
