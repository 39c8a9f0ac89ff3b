"""What clinicians did on the pumps of a canary, asked of a lake by its named questions."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import narwhals as nw

from openinfusion.cli.fleet_canary import Canary, Signal
from openinfusion.core.errors import OperatorError
from openinfusion.fleet.rollout import Clinical, Rate
from openinfusion.lake.engine import VARIABLE, Engine, engine_from
from openinfusion.lake.questions import QUESTIONS
from openinfusion.lake.store import Lake
from openinfusion.lake.tables import Frame, Tables

BEFORE = timedelta(days=28)
OVERRIDES, HARD_HITS = QUESTIONS["override-frequency"], QUESTIONS["hard-limit-attempts"]


def ask_lake(folder: Path, canaries: Mapping[str, Canary], *, at: datetime, is_trial: bool) -> dict[str, Signal]:
    """
    Return the clinical signal of each canary, by its name.

    Raises:
        OperatorError: there is no lake, or its events are not clinical and the authority is no trial.

    """
    lake = Lake.open(folder)
    if lake.purpose != "clinical" and not is_trial:
        expected = "a lake of clinical events; only a trial takes others"
        raise OperatorError(where=str(folder), found=f"events for the purpose {lake.purpose!r}", expected=expected)
    with engine_from(os.environ.get(VARIABLE)) as engine:
        return {name: _of_ring(engine, lake, canary, at) for name, canary in canaries.items()}


def _of_ring(engine: Engine, lake: Lake, canary: Canary, at: datetime) -> Signal:
    begins = canary.opened - BEFORE
    events = lake.events(engine, months=_months(begins, at)).filter(nw.col("moment") >= begins, nw.col("moment") < at)
    names = _names({*canary.pumps, *canary.others})
    ours, others = (events.filter(nw.col("pump").is_in(_spoken(some, names))) for some in (canary.pumps, canary.others))
    is_since = nw.col("moment") >= canary.opened
    # An answer belongs to its alert, whatever library it names.
    is_under = nw.col("library_sha256").is_in(sorted(canary.libraries)) | (nw.col("kind") == "alert_answered")
    now, before = _counts(engine, ours.filter(is_since, is_under)), _counts(engine, ours.filter(~is_since))
    meanwhile = _counts(engine, others.filter(is_since))
    heard = engine.collect(ours.filter(is_since).select("pump").unique()).height
    clinical = Clinical(
        overrides=now[0],
        overrides_before=before[0],
        overrides_others=meanwhile[0],
        hard_hits=now[1],
        hard_hits_before=before[1],
        hard_hits_others=meanwhile[1],
    )
    return Signal(clinical=clinical, pumps=len(canary.pumps), heard=heard)


def _counts(engine: Engine, events: Frame) -> tuple[Rate, Rate]:
    """Return the overrides and the attempts beyond a hard limit, each in how many infusions."""
    tables = Tables(events=events)
    (overrides,) = engine.collect(OVERRIDES.ask(tables)).to_dicts()
    hits = engine.collect(HARD_HITS.ask(tables)).to_dicts()  # one row for each hard limit, of the same infusions
    started = max(row["denominator"] for row in hits)
    return (
        Rate(overrides["numerator"], overrides["denominator"]),
        Rate(sum(row["numerator"] for row in hits), started),
    )


def _names(pumps: Iterable[str]) -> dict[str, list[str]]:
    """Return the names under which logs speak of each pump: its URN, and its serial number where no other has it."""
    shared = Counter(pump.rpartition(":")[2] for pump in pumps)
    serials = {pump: pump.rpartition(":")[2] for pump in pumps}
    return {pump: [pump, serial] if shared[serial] == 1 else [pump] for pump, serial in serials.items()}


def _spoken(pumps: Iterable[str], names: Mapping[str, list[str]]) -> list[str]:
    return [name for pump in sorted(pumps) for name in names[pump]]


def _months(first: datetime, last: datetime) -> list[str]:
    span = (last.date() - first.date()).days
    return sorted({f"{first + timedelta(days=day):%Y-%m}" for day in range(span + 1)})
