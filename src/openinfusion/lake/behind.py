"""
The rows behind a figure: the named question itself, parted down to single records, so that they add up to it.

A question about alerts is parted by event, one about infusions by infusion. Where the rows of an answer are no records
(an index, days, pumps in service), there is nothing to list, and ``why_not`` says so. No column names a patient or a
user of a pump; those that tell which pump, and when, are ``DETAIL``, which not everybody may see.
"""

from collections.abc import Mapping

import polars as pl

from openinfusion.lake.answers import Answers
from openinfusion.lake.questions import QUESTIONS

DETAIL = ("moment", "pump", "ward", "infusion")
"""Which pump and when: for those who may see it."""
_WHAT = ("drug", "care_area", "model", "library_version")
_EVENT = ("event_id", "kind", *_WHAT, *DETAIL)
_INFUSION = (*_WHAT, *DETAIL)
_ALERT = (
    *("alert_parameter", "alert_limit", "alert_attempted", "alert_attempted_unit"),
    *("alert_bound", "alert_bound_unit", "ratio_thousandths"),
)
_ANSWERED = (*_ALERT, "outcome")
_ALARM = ("alarm", "milliseconds")

_BY_EVENT: Mapping[str, tuple[str, ...]] = {
    "alerts-per-100": _ALERT,
    "alert-outcomes": _ALERT,
    "override-rate": _ANSWERED,
    "override-frequency": ("outcome",),
    "quick-override": (*_ANSWERED, "override_milliseconds"),
    "high-risk-override": _ANSWERED,
    "reprogram-rate": _ANSWERED,
    "cancel-rate": _ANSWERED,
    "hard-limit-attempts": _ALERT,
    "times-the-limit": _ALERT,
    "twofold-alerts": _ALERT,
    "good-catches": _ANSWERED,
    "critical-catches": _ANSWERED,
    "hard-stop-then-other-profile": _ANSWERED,
    "ders-compliance": (),
    "basic-mode": (),
    "library-coverage": (),
    "drug-not-found": (),
    "changes-per-infusion": (),
    "outdated-infusions": (),
    "library-currency": (),
    "alarms-per-infusion": _ALARM,
    "alarms-per-hour": (),
    "long-alarms": _ALARM,
    "time-in-alarm": _ALARM,
    "alarm-kinds": (),
}
_BY_INFUSION = ("infusions", "alert-rate", "hard-limit-infusions")


def parting(question: str) -> tuple[str, ...]:
    """Return the columns that part a question down to records; none where its rows are no records."""
    if question in _BY_INFUSION:
        return _INFUSION
    more = _BY_EVENT.get(question)
    return () if more is None else tuple(dict.fromkeys((*_EVENT, *more)))


def why_not(question: str) -> str | None:
    """Return why the rows behind a question cannot be listed, or ``None`` if they can."""
    if parting(question):
        return None
    return f"“{QUESTIONS[question].title}” is worked out of many records at once; no list of records adds up to it"


def behind(answers: Answers, question: str) -> pl.DataFrame:
    """Return the records that a question counts, each with what it adds to numerator and denominator."""
    asked = QUESTIONS[question]
    by = parting(question)
    table = answers.engine.collect(asked.answering(answers.tables, by))
    counts = ("numerator", "denominator")
    kept = [name for name in dict.fromkeys((*by, *asked.keys, *counts)) if name in table.columns]
    rows = table.select(kept).filter((pl.col("numerator") > 0) | (pl.col("denominator") > 0))
    return rows.sort("moment", *(name for name in by if name in {"event_id", "pump", "infusion"}), descending=False)
