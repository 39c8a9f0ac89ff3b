"""Questions about what followed an alert within ten minutes on the same pump: caught errors, and limits gone around."""

import narwhals as nw

from openinfusion.lake.questions.alerting import with_high_alert
from openinfusion.lake.questions.counting import By, Frame, answer
from openinfusion.lake.questions.question import Question
from openinfusion.lake.tables import HARD, Tables, alerts, join_few

MINUTES = 10
GOOD_THOUSANDTHS = 2000
CRITICAL_THOUSANDTHS = 10_000
DELIVERIES = ("started", "rate_changed", "bolus", "loading")
ONE = nw.lit(1)
MOMENT = nw.col("moment")
THOUSANDTHS = nw.col("ratio_thousandths")
IS_HARD = nw.col("alert_limit").is_in(HARD)


def _dangerous(tables: Tables) -> Frame:
    twice = (nw.col("alert_limit") == "soft_max") & (THOUSANDTHS >= GOOD_THOUSANDTHS)
    return alerts(tables).filter(IS_HARD | twice)


def _critical(tables: Tables) -> Frame:
    listed = with_high_alert(_dangerous(tables), tables)
    tenfold = nw.col("alert_limit").is_in(("soft_max", "hard_max")) & (THOUSANDTHS >= CRITICAL_THOUSANDTHS)
    high = nw.col("high_alert") & (nw.col("alert_limit") == "hard_max") & (THOUSANDTHS >= GOOD_THOUSANDTHS)
    return listed.filter(tenfold | high)


def _good_catches(tables: Tables, by: By) -> Frame:
    return _caught(tables, _dangerous(tables), by)


def _critical_catches(tables: Tables, by: By) -> Frame:
    return _caught(tables, _critical(tables), by)


def _caught(tables: Tables, attempts: Frame, by: By) -> Frame:
    """Return the share of attempts, of a run of them the last, that ended in a dose within limits."""
    followed = _what_followed(attempts, _followers(tables, attempts))
    last = attempts.join(followed, how="left", on=["organisation", "event_id"])
    last = last.filter(nw.col("tried_again").fill_null(0) == 0)
    given_up = nw.col("outcome").is_in(("reprogrammed", "cancelled")) | (IS_HARD & (nw.col("outcome") == "unknown"))
    caught = given_up & (nw.col("delivered") == 1) & (nw.col("overridden") == 0)
    known = ~nw.col("drug").is_null()
    return answer(last, by, numerator=caught, denominator=ONE, covered=(known, ONE))


def _followers(tables: Tables, attempts: Frame) -> Frame:
    """Return every record that may follow an attempt: a dose in effect, the same attempt again, an override."""
    overridden = alerts(tables).filter(nw.col("outcome") == "overridden")
    parts = (
        (tables.of_kind(*DELIVERIES), "delivered"),
        (attempts, "tried_again"),
        (overridden, "overridden"),
    )
    return nw.concat([_follower(frame, name) for frame, name in parts], how="vertical")


def _follower(frame: Frame, name: str) -> Frame:
    return frame.select(
        "organisation", "pump", "drug", day=MOMENT.dt.date(), then="moment", then_id="event_id", then_is=nw.lit(name)
    )


def _what_followed(attempts: Frame, followers: Frame) -> Frame:
    """Return, for each attempt that anything followed on its pump and drug within the minutes, what it was."""
    tried = _on_its_days(attempts.select("organisation", "pump", "drug", "event_id", "moment"))
    pairs = _near(followers, tried, ["organisation", "pump", "drug", "day"])
    # Two limits crossed in one moment are one attempt: its alerts are told apart by their ids.
    after = (nw.col("then") > MOMENT) | (nw.col("then_id") > nw.col("event_id"))
    flags = {
        "delivered": nw.col("then_is") == "delivered",
        "tried_again": (nw.col("then_is") == "tried_again") & after,
        "overridden": (nw.col("then_is") == "overridden") & (nw.col("then_id") != nw.col("event_id")),
    }
    marked = pairs.with_columns(**{name: flag.cast(nw.Int64) for name, flag in flags.items()})
    return marked.group_by("organisation", "event_id").agg(*(nw.col(name).max() for name in flags))


def _on_its_days(attempts: Frame) -> Frame:
    """Add the day, and the next day too where the minutes reach into it: engines join by days, not by minutes."""
    days = attempts.with_columns(day=MOMENT.dt.date(), until=_end(MOMENT).dt.date())
    beyond = days.filter(nw.col("until") != nw.col("day")).with_columns(day=nw.col("until"))
    return nw.concat([days.drop("until"), beyond.drop("until")], how="vertical")


def _near(many: Frame, few: Frame, keys: list[str]) -> Frame:
    """Return the pairs of which one follows the other in time."""
    pairs = join_few(many, few, on=keys, how="inner")
    return pairs.filter((nw.col("then") >= MOMENT) & (nw.col("then") <= _end(MOMENT)))


def _end(moment: nw.Expr) -> nw.Expr:
    return moment.dt.offset_by(f"{MINUTES}m")


def _switches(tables: Tables, by: By) -> Frame:
    hard = alerts(tables).filter(IS_HARD)
    stopped = hard.filter(nw.col("outcome").is_in(("cancelled", "unknown")))
    columns = ("organisation", "pump", "event_id", "moment", "drug", "care_area", "entry", "infusion")
    starts = tables.of_kind("started").select(
        "organisation",
        "pump",
        day=MOMENT.dt.date(),
        then="moment",
        then_drug="drug",
        then_area="care_area",
        then_entry="entry",
        then_infusion="infusion",
        then_library="with_library",
    )
    pairs = _near(starts, _on_its_days(stopped.select(*columns)), ["organisation", "pump", "day"])
    mine = pairs.filter(_is_same_therapy())
    # Only the first start after the alert tells what was done about it.
    first = mine.with_columns(switched=nw.when(_is_other_profile()).then(nw.col("then"))).group_by(
        "organisation", "event_id"
    )
    chosen = first.agg(nw.col("then").min(), nw.col("switched").min())
    known = ~nw.col("drug").is_null() & ~nw.col("care_area").is_null()
    return answer(
        hard.join(chosen, how="left", on=["organisation", "event_id"]),
        by,
        numerator=nw.col("switched") == nw.col("then"),
        denominator=ONE,
        covered=(known, ONE),
    )


def _is_same_therapy() -> nw.Expr:
    """Whether a start continues what was alerted: the same infusion or drug, or basic mode that names no drug."""
    same = _surely(nw.col("then_drug") == nw.col("drug"))
    unnamed = ~nw.col("then_library") & nw.col("then_drug").is_null()
    return same | unnamed | (nw.col("then_infusion") == nw.col("infusion"))


def _is_other_profile() -> nw.Expr:
    other_area = _surely(nw.col("then_area") != nw.col("care_area"))
    other_entry = _surely(nw.col("then_entry") != nw.col("entry"))
    return ~nw.col("then_library") | other_area | other_entry


def _surely(claim: nw.Expr) -> nw.Expr:
    return claim.fill_null(value=False)


_CATCH = (
    f"within {MINUTES} minutes a dose of the same drug runs on the same pump (an infusion started, a rate changed, a"
    " bolus or a loading dose given) and no alert on that drug and pump is overridden in that time"
)
_RUN = (
    f"An attempt that is tried again within {MINUTES} minutes on the same pump and drug counts once, as its last try."
)
SEQUENCES = (
    Question(
        id="good-catches",
        title="Good catches",
        definition=(
            "A dangerous attempt is an alert on a hard limit, or at twice a soft maximum or beyond. It was caught if it"
            " was reprogrammed or cancelled (or met a hard limit and its outcome is unknown: nobody can pass one), and"
            f" {_CATCH}. {_RUN}"
        ),
        numerator="dangerous attempts that were caught",
        denominator="dangerous attempts",
        source="our own and published here; makers' thresholds are not public",
        coverage="dangerous attempts that name a drug, of all of them: without it nobody can tell what followed",
        answering=_good_catches,
    ),
    Question(
        id="critical-catches",
        title="Critical catches",
        definition=(
            "Good catches of critical attempts: at ten times a maximum or beyond, or, of a drug that the list calls"
            f" high-alert, at twice a hard maximum or beyond. {_RUN}"
        ),
        numerator="critical attempts that were caught",
        denominator="critical attempts",
        source="our own and published here; without the list only tenfold attempts are critical",
        coverage="critical attempts that name a drug, of all of them",
        answering=_critical_catches,
    ),
    Question(
        id="hard-stop-then-other-profile",
        title="Hard limits gone around",
        definition=(
            "Of the alerts on a hard limit, the share that was cancelled or not answered, and then the next start"
            f" on the same pump within {MINUTES} minutes ran the same infusion or drug in another care area, on another"
            " entry, or in basic mode; a start in basic mode that names no drug counts."
        ),
        numerator="alerts on a hard limit after which another profile ran",
        denominator="alerts on a hard limit",
        source="hazard DB-03 of the hazard log",
        coverage="alerts on a hard limit that name drug and care area, of all of them",
        answering=_switches,
    ),
)
