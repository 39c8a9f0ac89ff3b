"""Questions about alerts: how many, and what became of them."""

import narwhals as nw

from openinfusion.lake.questions.counting import By, Frame, answer, is_kind, split_answer
from openinfusion.lake.questions.question import Question
from openinfusion.lake.tables import OUTCOMES, SOFT, Tables, alerts

ONE = nw.lit(1)
QUICK_MILLISECONDS = 2000
OVERRIDDEN = nw.col("outcome") == "overridden"
KNOWN = nw.col("outcome") != "unknown"
IS_SOFT = nw.col("alert_limit").is_in(SOFT)
_UNKNOWN = "alerts whose outcome is known, of those in the denominator"


def _per_hundred(tables: Tables, by: By) -> Frame:
    rows = tables.of_kind("started", "alert_raised")
    return answer(rows, by, numerator=is_kind("alert_raised"), denominator=is_kind("started"), scale=100)


def _outcomes(tables: Tables, by: By) -> Frame:
    parts = {name: nw.col("outcome") == name for name in OUTCOMES}
    return split_answer(alerts(tables), by, key="outcome", parts=parts, denominator=ONE, covered=(KNOWN, ONE))


def _override_rate(tables: Tables, by: By) -> Frame:
    soft = alerts(tables).filter(IS_SOFT)
    return answer(soft, by, numerator=OVERRIDDEN, denominator=ONE, covered=(KNOWN, ONE))


def _override_frequency(tables: Tables, by: By) -> Frame:
    columns = [*(name for name in by if name != "week"), "moment", "drug", "care_area", "outcome", "with_library"]
    columns = list(dict.fromkeys(columns))
    none = nw.lit(None).cast(nw.String)
    started = tables.of_kind("started").with_columns(outcome=none).select(*columns)
    raised = alerts(tables).with_columns(with_library=nw.lit(value=None).cast(nw.Boolean)).select(*columns)
    return answer(
        nw.concat([started, raised], how="vertical"),
        by,
        numerator=OVERRIDDEN,
        denominator=nw.col("with_library"),
        covered=(KNOWN, ~nw.col("outcome").is_null()),
    )


def _quick(tables: Tables, by: By) -> Frame:
    quick = OVERRIDDEN & (nw.col("override_milliseconds") <= QUICK_MILLISECONDS)
    timed = OVERRIDDEN & ~nw.col("override_milliseconds").is_null()
    return answer(alerts(tables), by, numerator=quick, denominator=ONE, covered=(timed, OVERRIDDEN))


def _high_risk(tables: Tables, by: By) -> Frame:
    soft = alerts(tables).filter(IS_SOFT)
    listed = with_high_alert(soft, tables)
    high, known = nw.col("high_alert"), ~nw.col("high_alert").is_null()
    return answer(
        listed, by, numerator=OVERRIDDEN & high, denominator=high, covered=(known, ONE), unmapped=(~known, ONE)
    )


def with_high_alert(rows: Frame, tables: Tables) -> Frame:
    """Add ``high_alert``: null where no list says so for this drug, or there is no list at all."""
    if tables.drugs is None:
        return rows.with_columns(high_alert=nw.lit(value=None).cast(nw.Boolean))
    drugs = tables.drugs.with_columns(listed=nw.col("high_alert").cast(nw.Int64))
    listed = drugs.group_by("organisation", "drug").agg(nw.col("listed").max())
    joined = rows.join(listed, how="left", on=["organisation", "drug"])
    return joined.with_columns(high_alert=nw.col("listed") == 1)


def _share_of_outcome(name: str) -> Question:
    words = {"reprogrammed": "a changed value", "cancelled": "an infusion that was given up"}

    def answering(tables: Tables, by: By) -> Frame:
        return answer(alerts(tables), by, numerator=nw.col("outcome") == name, denominator=ONE, covered=(KNOWN, ONE))

    return Question(
        id=f"{ {'reprogrammed': 'reprogram', 'cancelled': 'cancel'}[name] }-rate",
        title=f"Alerts {name}",
        definition=f"Of all alerts, the share that ended in {words[name]}.",
        numerator=f"alerts {name}",
        denominator="alerts",
        source="peers' definition: alerts followed by a changed value, or given up, per alert",
        coverage=_UNKNOWN,
        answering=answering,
    )


ALERTING = (
    Question(
        id="alerts-per-100",
        title="Alerts per 100 infusions",
        definition="Alerts per 100 infusions started, with or without the library: the balancing measure to its use.",
        numerator="alerts",
        denominator="infusions started",
        unit="alerts per 100 infusions",
        source="paediatric improvement project, AAP 2024 (15.9 to 3.9)",
        unmapped="of the infusions started, what names no drug or no care area",
        answering=_per_hundred,
    ),
    Question(
        id="alert-outcomes",
        title="What became of alerts",
        definition=(
            "Each alert has one outcome: overridden, reprogrammed, cancelled or unknown; the four shares add up to"
            " one. An alert that no record answers is unknown. Where one alert is answered twice, the answer that"
            " let most happen counts: overridden before reprogrammed before cancelled."
        ),
        numerator="alerts with this outcome",
        denominator="alerts",
        source="a trust in England: 66.3, 8.6, 12.9 and 12.2 %",
        coverage=_UNKNOWN,
        keys=("outcome",),
        answering=_outcomes,
    ),
    Question(
        id="override-rate",
        title="Override rate",
        definition="Of the alerts that can be overridden, those on a soft limit, the share that was.",
        numerator="alerts on a soft limit that were overridden",
        denominator="alerts on a soft limit",
        source="peers' definition: overridden alerts per overridable alert",
        coverage=_UNKNOWN,
        answering=_override_rate,
    ),
    Question(
        id="override-frequency",
        title="Override frequency",
        definition="Overrides per infusion that was started with the library.",
        numerator="alerts overridden",
        denominator="infusions started with the library",
        unit="overrides per infusion",
        source="peers' definition: overrides per library delivery",
        coverage="alerts whose outcome is known, of all alerts",
        answering=_override_frequency,
    ),
    Question(
        id="quick-override",
        title="Quick overrides",
        definition=(
            "Of all alerts, the share that was overridden within 2 seconds: a mark of habit, because nobody reads an"
            " alert so fast. Time is taken in whole milliseconds, rounded down; exactly 2 seconds is within."
        ),
        numerator="alerts overridden within 2 seconds",
        denominator="alerts",
        source="316-bed hospital (17.3 to 13.8 %)",
        coverage="overridden alerts whose time is known, of all overridden",
        answering=_quick,
    ),
    Question(
        id="high-risk-override",
        title="Overrides of high-alert medicines",
        definition=(
            "Of the alerts on a soft limit of a drug that the list calls high-alert, the share that was overridden."
        ),
        numerator="alerts on a soft limit of a high-alert drug that were overridden",
        denominator="alerts on a soft limit of a high-alert drug",
        source="peers' definition; the list of high-alert medicines is the organisation's own",
        coverage="alerts on a soft limit whose drug the list knows, of all on a soft limit",
        unmapped="alerts on a soft limit whose drug the list does not know, of all on a soft limit",
        needs=("drugs",),
        answering=_high_risk,
    ),
    _share_of_outcome("reprogrammed"),
    _share_of_outcome("cancelled"),
)
