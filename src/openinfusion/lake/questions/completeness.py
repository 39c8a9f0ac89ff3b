"""Questions about the log itself: which pumps are heard, and what is missing."""

import narwhals as nw

from openinfusion.lake.questions.counting import WEEK, By, Frame, answer, finish, in_weeks, is_kind, monday, total
from openinfusion.lake.questions.question import PUMPS, Question
from openinfusion.lake.tables import Tables

PUMP = ("organisation", "pump")
_FLAGS = ("in_service", "heard", "not_registered", "with_data")


def _log_coverage(tables: Tables, by: By) -> Frame:
    seen = _seen(tables, by)
    service = _in_service(tables, seen, by)
    pumps = _unregistered(seen) if service is None else _registered(service, seen, by)
    counted = total(pumps, by, _FLAGS)
    whole = nw.lit(None).cast(nw.Int64) if service is None else nw.col("in_service")
    part = nw.col("with_data") if service is None else nw.col("heard")
    answered = counted.with_columns(
        numerator=part,
        denominator=whole,
        covered=part,
        coverage_of=whole,
        unmapped=nw.col("not_registered"),
        unmapped_of=nw.col("with_data"),
    )
    return finish(answered, by)


def _seen(tables: Tables, by: By) -> Frame:
    """Return each pump with a record; with weeks, each in each week."""
    if "week" not in by:
        return tables.events.group_by(*PUMP).agg(nw.col("model").max())
    dated = in_weeks(tables.events.select(*PUMP, "model", "moment"))
    weekly = dated.group_by(*PUMP, WEEK).agg(nw.col("model").max(), nw.col("day").min())
    return weekly.with_columns(week=monday(nw.col("day"))).group_by(*PUMP, "week").agg(nw.col("model").max())


def _registered(service: Frame, seen: Frame, by: By) -> Frame:
    """Return the pumps in service with whether they were heard, and those heard that no register knows."""
    keys = [*PUMP, "week"] if "week" in by else list(PUMP)
    service = service.group_by(*keys).agg(nw.col("model").max())
    heard = seen.select(*keys).with_columns(heard=nw.lit(1))
    registered = service.join(heard, how="left", on=keys).with_columns(
        nw.col("heard").fill_null(0), in_service=nw.lit(1), not_registered=nw.lit(0)
    )
    strangers = seen.join(service.select(*keys), how="anti", on=keys).with_columns(
        heard=nw.lit(0), in_service=nw.lit(0), not_registered=nw.lit(1)
    )
    return nw.concat([_flags(registered, keys), _flags(strangers, keys)], how="vertical")


def _flags(frame: Frame, keys: list[str]) -> Frame:
    both = frame.with_columns(with_data=nw.col("heard") + nw.col("not_registered"))
    return both.select(*keys, "model", *(nw.col(name).cast(nw.Int64) for name in _FLAGS))


def _unregistered(seen: Frame) -> Frame:
    one, none = nw.lit(1).cast(nw.Int64), nw.lit(0).cast(nw.Int64)
    return seen.with_columns(in_service=none, heard=none, not_registered=one, with_data=one)


def _in_service(tables: Tables, seen: Frame, by: By) -> Frame | None:
    """Return the register's pumps that were in service, in each week or at any time of the period asked about."""
    if tables.pumps is None:
        return None
    start, end = nw.col("in_service_from").dt.date(), nw.col("in_service_to").dt.date()
    if "week" in by:
        weeks = (tables.weeks if tables.weeks is not None else seen).select("week").unique()
        first, last = nw.col("week"), nw.col("week").dt.offset_by("6d").cast(nw.Date)
        pairs = tables.pumps.join(weeks, how="cross")
    else:
        period = _period(tables)
        first, last = nw.col("first_day"), nw.col("last_day")
        pairs = tables.pumps.join(period, how="cross")
    begun = start.is_null() | (start <= last)
    return pairs.filter(begun & (end.is_null() | (end >= first)))


def _period(tables: Tables) -> Frame:
    if tables.weeks is None:
        moment = nw.col("moment")
        return tables.events.select(first_day=moment.min().dt.date(), last_day=moment.max().dt.date())
    week = nw.col("week")
    return tables.weeks.select(first_day=week.min(), last_day=week.max().dt.offset_by("6d").cast(nw.Date))


def _lost_records(tables: Tables, by: By) -> Frame:
    lost = nw.when(is_kind("log_gap")).then(nw.col("last_lost") - nw.col("first_lost") + 1).otherwise(nw.lit(0))
    numbered = ~nw.col("sequence").is_null()
    one = nw.lit(1)
    return answer(
        tables.events,
        by,
        numerator=lost,
        denominator=lost + 1,
        covered=(numbered, one),
        unmapped=(nw.col("model").is_null(), one),
    )


COMPLETENESS = (
    Question(
        id="log-coverage",
        title="Log coverage",
        definition=(
            "Of the pumps in service by the register in the period (in each week, if by week), the share with one"
            " record or more. A pump is in service from the first to the last day that the register names. Without a"
            " register it is not known. A week without any record shows only if the weeks asked about are named."
        ),
        numerator="pumps in service with a record",
        denominator="pumps in service",
        source="pumps with data in the period per pump in service",
        coverage="the same: the coverage of the log is the answer",
        unmapped="pumps with a record that the register does not have in service, of all pumps with a record",
        dimensions=("organisation", "model", "week"),
        needs=("pumps",),
        answering=_log_coverage,
    ),
    Question(
        id="lost-records",
        title="Records that are lost",
        definition=(
            "Of the records that there should be, the share that a pump or a gateway says is lost (log gaps)."
            " What nobody reports as lost is not in it."
        ),
        numerator="records lost in reported gaps",
        denominator="records held and lost",
        source="our own",
        coverage="records that the pump has numbered, so that a gap would show, of all held",
        unmapped="records held whose pump model is not known, of all held",
        dimensions=("organisation", "ward", *PUMPS, "week"),
        answering=_lost_records,
    ),
)
