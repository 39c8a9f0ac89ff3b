"""What a question is asked of: events and registers, each a lazy table, and the views that questions share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import narwhals as nw
import polars as pl

Frame = nw.LazyFrame[Any]
OUTCOMES = ("overridden", "reprogrammed", "cancelled", "unknown")
SOFT = ("soft_min", "soft_max")
HARD = ("hard_min", "hard_max")
INFUSION = ("organisation", "pump", "infusion")
# Where a log answers one alert twice, the answer that let most happen stands; so the order of records never matters.
_WEIGHTS = {"overridden": 3, "reprogrammed": 2, "cancelled": 1, "unknown": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """
    The tables of one lake; a register that is absent makes what depends on it "not known", never zero.

    Attributes:
        events: flat events with the columns of the lake, without voided and superseded records.
        pumps: pumps in service: organisation, pump, model, in_service_from, in_service_to (null: still in service).
        releases: libraries released to pumps: organisation, library_name, library_version, released_at.
        drugs: what each organisation calls high-alert: organisation, drug, high_alert.
        weeks: the weeks asked about, as Mondays in a column ``week``; without it, those in which anybody has a record.

    """

    events: Frame
    pumps: Frame | None = None
    releases: Frame | None = None
    drugs: Frame | None = None
    weeks: Frame | None = None

    def of_kind(self, *kinds: str) -> Frame:
        """Return the records of some kinds; rows are clustered by kind, so that the others are not even read."""
        kind = nw.col("kind")
        return self.events.filter(kind == kinds[0] if len(kinds) == 1 else kind.is_in(kinds))


def alerts(tables: Tables) -> Frame:
    """Return one row an alert raised, with its ``outcome`` and, if overridden, ``override_milliseconds``."""
    answered = tables.of_kind("alert_answered").with_columns(
        answer_weight=_weight(nw.col("response")),
        override_milliseconds=nw.when(nw.col("response") == "overridden").then(nw.col("milliseconds")),
    )
    answers = answered.group_by("organisation", "about").agg(
        nw.col("answer_weight").max(), nw.col("override_milliseconds").min()
    )
    raised = tables.of_kind("alert_raised").drop("about")
    joined = raised.join(answers, how="left", left_on=["organisation", "event_id"], right_on=["organisation", "about"])
    return joined.with_columns(outcome=_outcome(nw.col("answer_weight")))


def join_few(many: Frame, few: Frame, *, on: Sequence[str], how: Literal["left", "semi", "inner"]) -> Frame:
    """
    Join a large table with a small one, which is the one to hold in memory.

    Polars must be told: it finds out by holding some of both, which with few rows on one side is all of the other.
    """
    large, small = nw.to_native(many), nw.to_native(few)
    if isinstance(large, pl.LazyFrame) and isinstance(small, pl.LazyFrame):
        return nw.from_native(large.join(small, on=list(on), how=how, build_side="force_right"))
    return many.join(few, on=list(on), how=how)


def _weight(response: nw.Expr) -> nw.Expr:
    """Return how much an answer weighs against another of the same alert."""
    weight = nw.lit(0)
    for name, value in _WEIGHTS.items():
        weight = nw.when(response == name).then(nw.lit(value)).otherwise(weight)
    return weight


def _outcome(weight: nw.Expr) -> nw.Expr:
    """Return the outcome of a weight; an alert that nothing answered is unknown."""
    outcome = nw.lit("unknown")
    for name, value in _WEIGHTS.items():
        outcome = nw.when(weight == value).then(nw.lit(name)).otherwise(outcome)
    return outcome


def alerted_infusions(tables: Tables) -> Frame:
    """Return every infusion with an alert once: its key, its alerts, those on a hard limit."""
    raised = tables.of_kind("alert_raised").with_columns(is_hard=nw.col("alert_limit").is_in(HARD).cast(nw.Int64))
    return raised.group_by(*INFUSION).agg(alerts=nw.len(), hard_alerts=nw.col("is_hard").sum())


def attempted_infusions(tables: Tables) -> Frame:
    """
    Return one row an infusion that was started, or that raised an alert and was never started.

    ``alerts`` and ``hard_alerts`` count its alerts (0 for none), ``is_started`` tells the two apart. A caught error
    often ends before the start; left out, the best alerts would never count. Such a row is the first alert's.
    """
    alerted = alerted_infusions(tables)
    started = join_few(tables.of_kind("started"), alerted, on=INFUSION, how="left")
    counted = started.with_columns(
        alerts=nw.col("alerts").fill_null(0),
        hard_alerts=nw.col("hard_alerts").fill_null(0),
        is_started=nw.lit(value=True),
    )
    # Read again, and filtered in other words: what a plan has twice an engine holds, here every infusion there is.
    keys = tables.events.filter(nw.col("kind").is_in(("started",))).select(*INFUSION)
    seen = join_few(keys, alerted.select(*INFUSION), on=INFUSION, how="semi")
    first = tables.of_kind("alert_raised").unique(subset=list(INFUSION), keep="first", order_by=["moment", "event_id"])
    never = first.join(seen, how="anti", on=list(INFUSION)).join(alerted, how="inner", on=list(INFUSION))
    # An alert comes from the library, whatever the record of it says of basic mode.
    never = never.with_columns(is_started=nw.lit(value=False), with_library=nw.lit(value=True))
    columns = (*_CARRIED, "alerts", "hard_alerts", "is_started")
    return nw.concat([_carry(counted, columns), _carry(never, columns)], how="vertical")


_CARRIED = (
    *("organisation", "pump", "infusion", "moment", "drug", "entry", "care_area", "ward", "model", "maker", "software"),
    *("category", "library_name", "library_version", "with_library"),
)


def _carry(frame: Frame, columns: tuple[str, ...]) -> Frame:
    """Return the columns in order, the counts as whole numbers of one width."""
    whole = {name: nw.col(name).cast(nw.Int64) for name in ("alerts", "hard_alerts")}
    return frame.with_columns(**whole).select(*columns)
