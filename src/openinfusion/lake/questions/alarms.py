"""Questions about alarms: how many, how long, and how much of an infusion they take."""

import narwhals as nw

from openinfusion.lake.questions.counting import ALL, By, Frame, answer, finish, is_kind, over, tally
from openinfusion.lake.questions.question import Question
from openinfusion.lake.tables import Tables

LONG_MILLISECONDS = 240_000
ONE = nw.lit(1)
RAISED = is_kind("alarm_raised")
CLEARED = is_kind("alarm_cleared")
ENDED = is_kind("completed") | is_kind("stopped")
TIMED = CLEARED & ~nw.col("milliseconds").is_null()
RAN = nw.when(ENDED).then(nw.col("ran_seconds")).otherwise(nw.lit(0))
_ENDS = ("completed", "stopped")


def _per_infusion(tables: Tables, by: By) -> Frame:
    rows = tables.of_kind("started", "alarm_raised")
    return answer(rows, by, numerator=RAISED, denominator=is_kind("started"))


def _per_hour(tables: Tables, by: By) -> Frame:
    rows = tables.of_kind("alarm_raised", *_ENDS)
    timed = ENDED & ~nw.col("ran_seconds").is_null()
    lost = RAISED & nw.col("drug").is_null()
    return answer(
        rows, by, numerator=RAISED, denominator=RAN, covered=(timed, ENDED), unmapped=(lost, RAISED), scale=3600
    )


def _long(tables: Tables, by: By) -> Frame:
    rows = tables.of_kind("alarm_raised", "alarm_cleared")
    lasting = TIMED & (nw.col("milliseconds") > LONG_MILLISECONDS)
    return answer(rows, by, numerator=lasting, denominator=TIMED, covered=(TIMED, RAISED))


def _time_in_alarm(tables: Tables, by: By) -> Frame:
    rows = tables.of_kind("alarm_cleared", *_ENDS)
    in_alarm = nw.when(TIMED).then(nw.col("milliseconds")).otherwise(nw.lit(0))
    timed = ENDED & ~nw.col("ran_seconds").is_null()
    lost = ENDED & nw.col("drug").is_null()
    return answer(rows, by, numerator=in_alarm, denominator=RAN * 1000, covered=(timed, ENDED), unmapped=(lost, ENDED))


def _census(tables: Tables, by: By) -> Frame:
    lost = nw.col("drug").is_null() | nw.col("care_area").is_null()
    raised = tables.of_kind("alarm_raised")
    counted = tally(raised, (*by, "alarm"), {"numerator": ONE, "lost": lost}).with_columns(nw.lit(1).alias(ALL))
    whole = over(nw.col("numerator").sum(), by).cast(nw.Int64)
    rest = dict.fromkeys(("denominator", "covered", "coverage_of", "unmapped_of"), whole)
    return finish(counted.with_columns(**rest, unmapped=over(nw.col("lost").sum(), by).cast(nw.Int64)), (*by, "alarm"))


_ENDS_TIMED = "infusions ended whose running time is known, of all ended"
ALARMS = (
    Question(
        id="alarms-per-infusion",
        title="Alarms per infusion",
        definition="Operational alarms (occlusion, air, door and so on; not alerts on a dose) per infusion started.",
        numerator="alarms raised",
        denominator="infusions started",
        unit="alarms per infusion",
        source="Vitoux 2018 (1.74), Yu 2021 (about 2)",
        unmapped="of the infusions started, what names no drug or no care area",
        answering=_per_infusion,
    ),
    Question(
        id="alarms-per-hour",
        title="Alarms per hour of infusion",
        definition="Operational alarms per hour that infusions ran; an infusion's hours count when it ends.",
        numerator="alarms raised",
        denominator="seconds that ended infusions ran",
        unit="alarms per hour",
        source="Vitoux 2018 (0.18)",
        coverage=_ENDS_TIMED,
        unmapped="alarms that name no drug, of all alarms",
        answering=_per_hour,
    ),
    Question(
        id="long-alarms",
        title="Alarms that last over 4 minutes",
        definition="Of the alarms whose length is known, the share that took more than 4 minutes to clear.",
        numerator="alarms cleared after more than 4 minutes",
        denominator="alarms cleared whose length is known",
        source="Yu 2021 (8 %)",
        coverage="alarms cleared whose length is known, of the alarms raised",
        answering=_long,
    ),
    Question(
        id="time-in-alarm",
        title="Share of infusion time in alarm",
        definition=(
            "The time that alarms lasted per time that infusions ran. Two alarms at once count twice; both times are"
            " counted when they end."
        ),
        numerator="milliseconds that cleared alarms lasted",
        denominator="milliseconds that ended infusions ran",
        source="peers' definition: share of infusion time in alarm",
        coverage=_ENDS_TIMED,
        unmapped="infusions ended that name no drug, of all ended",
        answering=_time_in_alarm,
    ),
    Question(
        id="alarm-kinds",
        title="Which alarms",
        definition="Of all alarms raised, the share of each kind.",
        numerator="alarms of this kind",
        denominator="alarms raised",
        source="Vitoux 2018 (end of infusion 34 %, downstream occlusion 23 %)",
        keys=("alarm",),
        answering=_census,
    ),
)
