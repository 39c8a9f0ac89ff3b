"""The parts of the monthly report about alerts: which drugs, how far beyond, from where, and what followed."""

from collections.abc import Sequence
from fractions import Fraction

from markupsafe import Markup

from openinfusion.adapters.report.charts import bars
from openinfusion.adapters.report.month import Block, Definition, DrugRow, Section
from openinfusion.adapters.report.tables import NONE, make_table
from openinfusion.core.replay_counts import TIMES_BUCKETS
from openinfusion.lake.answers import SHARE, Answers, Row, definition, most_first, show_value, shown
from openinfusion.lake.calendar import long_day
from openinfusion.lake.month_catches import catches
from openinfusion.lake.month_limits import FEWEST_TESTED
from openinfusion.lake.month_parts import MOST_ROWS, Asked, left_out, place_block
from openinfusion.lake.month_pumps import alarms, completeness, libraries
from openinfusion.lake.tables import HARD, OUTCOMES
from openinfusion.lake.weekly import CHARTS, weekly_block

MOST_DRUGS = 10
NO_ALERT = "No alert this month."


def sections(asked: Asked) -> list[Section]:
    """Return every section, in the order of the page."""
    return [
        alerting(asked),
        _over_time(asked),
        catches(asked),
        patterns(asked),
        outside(asked),
        libraries(asked),
        alarms(asked),
        silent(asked),
        completeness(asked),
    ]


def alerting(asked: Asked) -> Section:
    area = place_block(asked, "alerts-per-100", heading="Alerts by care area", missing="No infusion this month.")
    return Section(
        key="alerting",
        heading="Which drugs alert",
        blocks=[_top_drugs(asked), _times(asked), area, _outcomes(asked)],
    )


def _top_drugs(asked: Asked) -> Block:
    question, now = "alerts-per-100", asked.now
    rows = most_first(now.rows(question, "drug"), by="drug")
    return Block(
        heading=f"The {MOST_DRUGS} drugs that alert most",
        says=_top_words(rows, now.one(question)),
        drugs=[_drug_row(asked, row) for row in rows[:MOST_DRUGS]],
        definition=definition(question, now.one(question)),
        missing=NO_ALERT,
    )


def _top_words(rows: Sequence[Row], whole: Row | None) -> str:
    if not rows or whole is None:
        return ""
    top = sum(row["numerator"] for row in rows[:MOST_DRUGS])
    share = show_value(Fraction(top, whole["numerator"]), SHARE)
    return f"{whole['numerator']:,} alerts on {len(rows):,} drugs; those shown gave {share} of them."


def _drug_row(asked: Asked, row: Row) -> DrugRow:
    soft = _of(asked.now, "override-rate", row["drug"])
    soft_alerts = soft["denominator"] if soft else 0
    return DrugRow(
        drug=asked.names.drug(row["drug"]),
        soft=soft_alerts,
        hard=row["numerator"] - soft_alerts,
        per_100=shown(row, "alerts-per-100"),
        overridden=shown(soft, "override-rate"),
        quick=shown(_of(asked.now, "quick-override", row["drug"]), "quick-override"),
        most_times=_furthest(asked.now, row["drug"]),
    )


def _of(answers: Answers, question: str, drug: str | None) -> Row | None:
    return next((row for row in answers.rows(question, "drug") if row["drug"] == drug), None)


def _furthest(answers: Answers, drug: str | None) -> str:
    """Return the furthest group of times-the-limit that an alert of a drug fell into."""
    met = {row["times_the_limit"] for row in answers.rows("times-the-limit", "drug") if row["drug"] == drug}
    return next((words for _, words in reversed(TIMES_BUCKETS) if words in met), NONE)


def _times(asked: Asked) -> Block:
    """Return how far beyond their limits the attempts were."""
    question = "times-the-limit"
    rows = asked.now.rows(question)
    counts = {words: [0, 0] for _, words in TIMES_BUCKETS}
    for row in rows:
        counts.setdefault(row["times_the_limit"], [0, 0])[row["limit"] in HARD] += row["numerator"]
    cells = [(words, f"{soft:,}", f"{hard:,}") for words, (soft, hard) in counts.items()]
    drawn = bars([(words, soft, hard) for words, (soft, hard) in counts.items()], "alerts") if rows else None
    twofold, header = asked.now.one("twofold-alerts"), ("times the limit", "soft", "hard")
    return Block(
        heading="How far beyond the limit",
        says=f"{shown(twofold, 'twofold-alerts')} were at twice the limit or beyond." if rows else "",
        svg=Markup(drawn) if drawn else None,  # noqa: S704 - drawn by vl-convert, labelled by ``charts.render``
        table=make_table("Times the limit", header, cells, numbers=[1, 2]) if rows else None,
        definition=definition(question, rows[0] if rows else None, is_part=True),
        missing=NO_ALERT,
    )


def _outcomes(asked: Asked) -> Block:
    question = "alert-outcomes"
    both = [{row["outcome"]: row for row in answers.rows(question)} for answers in (asked.now, asked.before)]
    whole = both[0].get("overridden")
    has_alerts = whole is not None and whole["denominator"]
    cells = [
        (name, f"{both[0][name]['numerator']:,}", *(shown(rows.get(name), question) for rows in both))
        for name in (OUTCOMES if has_alerts else ())
    ]
    header = ("what became of it", "alerts", asked.month.words, asked.month.back(1).words)
    return Block(
        heading="What became of the alerts",
        table=make_table("What became of the alerts", header, cells, numbers=[1, 2, 3]),
        definition=definition(question, whole, is_part=True),
        missing=NO_ALERT,
    )


def _over_time(asked: Asked) -> Section:
    days = asked.weeks.days
    marks = "was released" if asked.has_releases else "was first seen on a pump (no register of releases was given)"
    return Section(
        key="time",
        heading="Over time",
        intro=(
            f"One point is one whole week, from that of {long_day(days[0])} to that of {long_day(days[-1])}."
            f" Axes of shares do not begin at zero. Dashed lines mark when a version of the library {marks}."
        ),
        blocks=[weekly_block(c, now=asked.now, weekly=asked.weekly, weeks=asked.weeks) for c in CHARTS],
    )


def patterns(asked: Asked) -> Section:
    return Section(
        key="patterns",
        heading="One patient, or the limit?",
        blocks=[_concentration(asked), _sources(asked), _switches(asked)],
    )


def _concentration(asked: Asked) -> Block:
    question = "alert-concentration"
    row = asked.now.one(question)
    has_alerts = row is not None and row["denominator"]
    said = ""
    if row is not None and has_alerts:
        said = (
            f"Half of the alerts came from {row['numerator']:,} of the {row['denominator']:,} infusions with an alert"
            f" ({shown(row, question)})."
        )
    return Block(
        heading="Alert concentration",
        says=said,
        definition=definition(question, row),
        missing="" if has_alerts else NO_ALERT,
    )


def _sources(asked: Asked) -> Block:
    """Return, for drugs with enough alerts, whether they come from one episode or from everywhere."""
    question = "alert-sources"
    told = [row for row in asked.now.rows(question) if row["pattern"] != "too few to tell"]
    rows = sorted(told, key=lambda row: (-row["denominator"], str(row["drug"]), str(row["care_area"])))
    names = asked.names
    cells = [
        (
            names.drug(row["drug"]),
            names.area(row["care_area"]),
            f"{row['denominator']:,}",
            f"{row['numerator']:,}",
            row["pattern"],
        )
        for row in rows[:MOST_ROWS]
    ]
    header = ("drug", "care area", "alerts", "from one episode", "pattern")
    return Block(
        heading="One outlier, or systemic",
        says=" ".join(left_out(rows, "drugs and care areas")),
        table=make_table("One outlier, or systemic", header, cells, numbers=[2, 3]),
        definition=definition(question, None),
        missing="No drug gave enough alerts in one care area to tell.",
    )


def _switches(asked: Asked) -> Block:
    question = "hard-stop-then-other-profile"
    heading, missing = "Hard limits gone around", "No attempt met a hard limit this month."
    return place_block(asked, question, heading=heading, missing=missing)


def outside(asked: Asked) -> Section:
    missing = "No infusion was started this month."
    area = place_block(asked, "basic-mode", heading="Basic mode by ward", missing=missing, by="ward")
    return Section(key="outside", heading="Outside the library", blocks=[area, _not_found(asked)])


def _not_found(asked: Asked) -> Block:
    """Return what was searched for and not found."""
    question = "drug-not-found"
    rows = most_first(asked.now.rows(question), by="search")
    cells = [(f"“{row['search']}”", f"{row['numerator']:,}") for row in rows[:MOST_ROWS]]
    total = sum(row["numerator"] for row in rows)
    said = f"{total:,} searches found nothing, for {len(rows):,} different words." if rows else ""
    return Block(
        heading="Drugs that were not found",
        says=" ".join((said, *left_out(rows, "words"))),
        table=make_table("Drugs that were not found", ("typed", "times"), cells, numbers=[1]),
        definition=definition(question, None),
        missing="No search without a result is in the log of this month.",
    )


def silent(asked: Asked) -> Section:
    block = Block(
        heading="Limits that were put to the test and never crossed",
        says="A limit that nothing crosses may be in the right place, or too wide to stop an error.",
        table=asked.silent,
        missing=(
            "Not known: no library was given to replay (--library)."
            if asked.silent is None
            else "Every limit that was put to the test often enough was crossed at least once."
        ),
        definition=Definition(
            words=(
                "The programmes of the weeks above are replayed over the library that was given. A limit was put to the"
                f" test if {FEWEST_TESTED} programmes or more were held against it; those that none crossed are listed."
            )
        ),
    )
    return Section(key="silent", heading="Limits that do nothing", blocks=[block])
