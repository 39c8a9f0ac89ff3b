"""Questions about the limits that attempts met: hard limits, and how far beyond a limit an attempt was."""

import narwhals as nw

from openinfusion.core.replay_counts import TIMES_BUCKETS
from openinfusion.lake.questions.counting import (
    ALL,
    COUNTS,
    UNMAPPED,
    By,
    Frame,
    answer,
    finish,
    is_kind,
    over,
    split_answer,
    tally,
)
from openinfusion.lake.questions.question import Question
from openinfusion.lake.tables import HARD, Tables, attempted_infusions

ONE = nw.lit(1)
THOUSANDTHS = nw.col("ratio_thousandths")
TWOFOLD = 2000
NOT_KNOWN = "not known"
_NO_RATIO = "alerts whose attempt and limit were both above zero, of all alerts"
_SUTHERLAND = "Sutherland 2022, two English trusts"


def _hard_attempts(tables: Tables, by: By) -> Frame:
    raised = is_kind("alert_raised")
    parts = {limit: raised & (nw.col("alert_limit") == limit) for limit in reversed(HARD)}
    rows = tables.of_kind("started", "alert_raised")
    return split_answer(rows, by, key="limit", parts=parts, denominator=is_kind("started"), scale=1000)


def _hard_infusions(tables: Tables, by: By) -> Frame:
    rows = attempted_infusions(tables)
    attempted = nw.col("with_library") | (nw.col("alerts") > 0)
    return answer(rows, by, numerator=nw.col("hard_alerts") > 0, denominator=attempted)


def _times(tables: Tables, by: By) -> Frame:
    raised = tables.of_kind("alert_raised").with_columns(times_the_limit=_bucket(), limit=nw.col("alert_limit"))
    keys = (*by, "limit", "times_the_limit")
    counts = {"numerator": ONE, "covered": ~THOUSANDTHS.is_null(), "unmapped": UNMAPPED}
    counted = tally(raised, keys, counts).with_columns(nw.lit(1).alias(ALL))
    whole = over(nw.col("numerator").sum(), by)
    # The rest is that of all alerts, so that the rows of one group share it and their shares add up to one.
    shared = counted.with_columns(
        denominator=whole,
        coverage_of=whole,
        unmapped_of=whole,
        covered=over(nw.col("covered").sum(), by),
        unmapped=over(nw.col("unmapped").sum(), by),
    )
    whole_numbers = [nw.col(name).cast(nw.Int64) for name in COUNTS]
    return finish(shared.with_columns(*whole_numbers), keys)


def _bucket() -> nw.Expr:
    """Return the words of ``core.replay_counts`` for the times-the-limit of an alert."""
    words = nw.lit(TIMES_BUCKETS[0][1])
    for start, name in TIMES_BUCKETS[1:]:
        words = nw.when(int(start * 1000) <= THOUSANDTHS).then(nw.lit(name)).otherwise(words)
    return nw.when(THOUSANDTHS.is_null()).then(nw.lit(NOT_KNOWN)).otherwise(words)


def _twofold(tables: Tables, by: By) -> Frame:
    known = ~THOUSANDTHS.is_null()
    raised = tables.of_kind("alert_raised")
    return answer(raised, by, numerator=THOUSANDTHS >= TWOFOLD, denominator=known, covered=(known, ONE))


LIMITS = (
    Question(
        id="hard-limit-attempts",
        title="Attempts beyond a hard limit",
        definition=(
            "Alerts on a hard limit per 1,000 infusions started (administrations), with or without the library; those"
            " above a maximum and those below a minimum in a row each."
        ),
        numerator="alerts on this hard limit",
        denominator="infusions started",
        unit="alerts per 1,000 infusions",
        source=f"{_SUTHERLAND} (17.9 events on a hard maximum per 1,000 administrations)",
        unmapped="of the infusions started, what names no drug or no care area",
        keys=("limit",),
        answering=_hard_attempts,
    ),
    Question(
        id="hard-limit-infusions",
        title="Infusions with an attempt beyond a hard limit",
        definition=(
            "Of the infusions attempted with the library, the share with at least one alert on a hard limit; attempted"
            " as in alert-rate."
        ),
        numerator="infusions with one alert on a hard limit or more",
        denominator="infusions started with the library, and those with an alert that were not",
        source="our own; 160 in more than 370,000 starts in one hospital",
        answering=_hard_infusions,
    ),
    Question(
        id="times-the-limit",
        title="Times the limit",
        definition=(
            "How far beyond the limit an attempt was: attempted / limit above a maximum, limit / attempted below a"
            " minimum, in the groups over 1 to under 1.5, 1.5 to under 2, 2 to under 5, 5 to under 10, 10 or more; each"
            " kind of limit apart. An attempt of zero below a minimum has no such number: not known. A group that no"
            " alert falls into has no row."
        ),
        numerator="alerts on this kind of limit in this group",
        denominator="alerts",
        source="the groups are our own",
        coverage=_NO_RATIO,
        keys=("limit", "times_the_limit"),
        answering=_times,
    ),
    Question(
        id="twofold-alerts",
        title="Alerts at twice the limit or beyond",
        definition="Of the alerts of which times-the-limit is known, the share at 2 or more: the twofold filter.",
        numerator="alerts at twice the limit or beyond",
        denominator="alerts of which times-the-limit is known",
        source=f"{_SUTHERLAND}: attempts under twice the limit are left out before harm is judged",
        coverage=_NO_RATIO,
        answering=_twofold,
    ),
)
