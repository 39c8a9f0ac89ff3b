"""Questions about where alerts come from: a few infusions, one patient, or everywhere."""

import narwhals as nw

from openinfusion.lake.questions.counting import ALL, UNMAPPED, By, Frame, finish, over, total, with_week
from openinfusion.lake.questions.question import Question
from openinfusion.lake.tables import INFUSION, Tables

FEWEST = 10
OUTLIER_PARTS = 2  # one half or more from one source: an outlier
SYSTEMIC_PARTS = 5  # one fifth or less from the largest source: systemic


def _concentration(tables: Tables, by: By) -> Frame:
    raised = with_week(tables.of_kind("alert_raised"), by).with_columns(lost=UNMAPPED.cast(nw.Int64))
    keys = list(dict.fromkeys((*by, *INFUSION)))
    infusions = raised.group_by(*keys).agg(alerts=nw.len(), lost=nw.col("lost").max())
    # Infusions with equally many alerts are one row: the few rows that are left can be put in order cheaply.
    steps = infusions.with_columns(nw.col("alerts").cast(nw.Int64)).group_by(*by, "alerts")
    steps_counted = steps.agg(infusions=nw.len(), lost=nw.col("lost").sum()).with_columns(nw.lit(1).alias(ALL))
    worked = _needed(steps_counted, by)
    counts = {
        "numerator": nw.col("needed"),
        "denominator": nw.col("infusions"),
        "covered": nw.col("infusions"),
        "coverage_of": nw.col("infusions"),
        "unmapped": nw.col("lost"),
        "unmapped_of": nw.col("infusions"),
    }
    whole = worked.select(*by, **{name: expr.cast(nw.Int64) for name, expr in counts.items()})
    return finish(total(whole, by, counts), by)


def _needed(steps: Frame, by: By) -> Frame:
    """Add how many infusions of each step belong to the fewest that give half of the alerts; most alerts first."""
    many = nw.col("alerts") * nw.col("infusions").cast(nw.Int64)
    ordered = steps.with_columns(many=many, rank=nw.col("alerts") * -1)
    summed = ordered.with_columns(
        so_far=over(nw.col("many").cum_sum(), by, "rank"), whole=over(nw.col("many").sum(), by)
    )
    # Still missing for a half, doubled, so that it is a whole number.
    missing = summed.with_columns(missing=nw.col("whole") - (nw.col("so_far") - nw.col("many")) * 2)
    each = nw.col("alerts") * 2
    rounded_up = (nw.col("missing") + each - 1) // each
    fewest = nw.when(rounded_up < nw.col("infusions")).then(rounded_up).otherwise(nw.col("infusions"))
    return missing.with_columns(needed=nw.when(nw.col("missing") > 0).then(fewest).otherwise(nw.lit(0)))


def _sources(tables: Tables, by: By) -> Frame:
    keys = tuple(dict.fromkeys((*by, "drug", "care_area")))
    named = ~nw.col("episode").is_null()
    infusion = nw.concat_str(nw.lit("infusion "), "pump", nw.lit(" "), "infusion")
    source = nw.when(named).then(nw.concat_str(nw.lit("episode "), "episode")).otherwise(infusion)
    raised = with_week(tables.of_kind("alert_raised"), by).with_columns(source=source, named=named.cast(nw.Int64))
    each = raised.group_by(*dict.fromkeys((*keys, "organisation", "source"))).agg(
        alerts=nw.len(), named=nw.col("named").sum()
    )
    whole = each.with_columns(nw.col("alerts").cast(nw.Int64), nw.col("named").cast(nw.Int64)).group_by(*keys)
    counted = whole.agg(
        numerator=nw.col("alerts").max(),
        denominator=nw.col("alerts").sum().cast(nw.Int64),
        covered=nw.col("named").sum(),
    )
    lost = nw.when(UNMAPPED).then(nw.col("denominator")).otherwise(nw.lit(0)).cast(nw.Int64)
    answered = counted.with_columns(
        nw.col("covered").cast(nw.Int64),
        coverage_of=nw.col("denominator"),
        unmapped=lost,
        unmapped_of=nw.col("denominator"),
        pattern=_pattern(),
    )
    return finish(answered, keys, also=("pattern",))


def _pattern() -> nw.Expr:
    top, whole = nw.col("numerator"), nw.col("denominator")
    spread = nw.when(top * SYSTEMIC_PARTS <= whole).then(nw.lit("systemic")).otherwise(nw.lit("mixed"))
    outlier = nw.when(top * OUTLIER_PARTS >= whole).then(nw.lit("one outlier")).otherwise(spread)
    return nw.when(whole < FEWEST).then(nw.lit("too few to tell")).otherwise(outlier)


PATTERNS = (
    Question(
        id="alert-concentration",
        title="Alert concentration",
        definition=(
            "The fewest infusions that together raised half of the alerts or more, as a share of the infusions with an"
            " alert. A small share means that few infusions make most of the noise."
        ),
        numerator="infusions, those with most alerts first, that give half of the alerts",
        denominator="infusions with one alert or more",
        source="peers: 17 % of infusions gave most alerts",
        unmapped="of the denominator, infusions with an alert that names no drug or no care area",
        answering=_concentration,
    ),
    Question(
        id="alert-sources",
        title="One outlier, or systemic",
        definition=(
            "For each drug and care area, the share of its alerts that comes from the one patient episode with the"
            " most; where the log names no episode, the infusion stands for it. Half or more: one outlier, look at that"
            " patient before the limit. A fifth or less: systemic, look at the limit. Between them: mixed."
            f" Under {FEWEST} alerts: too few to tell."
        ),
        numerator="alerts of the episode with the most",
        denominator="alerts",
        source="peers: find the outlier patient before touching limits; the thresholds are our own",
        coverage="alerts that name an episode, of all alerts",
        keys=("drug", "care_area"),
        also=("pattern",),
        answering=_sources,
    ),
)
