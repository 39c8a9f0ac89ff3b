"""
Every named question that is charted by week: those of the monthly report, and the others that are counts.

Left out are questions whose numbers are no counts of events in some exposure (an index, days, times), and those that
rank or list.
"""

from collections.abc import Mapping

from openinfusion.adapters.report.spc_chart import Better
from openinfusion.core.spc import Measure
from openinfusion.lake.questions import QUESTIONS
from openinfusion.lake.weekly import CHARTS, Weekly

_ALERTS, _SOFT, _INFUSIONS = "alerts", "soft alerts", "infusions"


def _share(
    question: str, events: str, exposure: str, *, better: Better = Better.NEITHER, missing: str = "", heading: str = ""
) -> Weekly:
    return Weekly(
        question=question,
        heading=heading or QUESTIONS[question].title,
        unit=f"% of {exposure}",
        events=events,
        exposure=exposure,
        measure=Measure.SHARE,
        better=better,
        missing=missing or "Nothing was counted in these weeks.",
    )


_NO_ALERT = "No alert in these weeks."
_NO_RELEASE = "No infusion in these weeks ran on a library whose release is known."
MORE = (
    _share("alert-rate", "with an alert", "infusions with the library"),
    _share("reprogram-rate", "reprogrammed", _ALERTS, better=Better.HIGHER, missing=_NO_ALERT),
    _share("cancel-rate", "cancelled", _ALERTS, missing=_NO_ALERT),
    _share("quick-override", "overridden within 2 seconds", _ALERTS, better=Better.LOWER, missing=_NO_ALERT),
    _share("high-risk-override", "overridden", "soft alerts of high-alert medicines", better=Better.LOWER),
    _share("twofold-alerts", "at twice the limit or beyond", "alerts of known size", better=Better.LOWER),
    Weekly(
        question="hard-limit-attempts",
        heading="Attempts beyond a hard maximum",
        unit="alerts per 1,000 infusions",
        events="alerts on a hard maximum",
        exposure=_INFUSIONS,
        measure=Measure.RATE,
        per=1000,
        better=Better.LOWER,
        keys=(("limit", "hard_max"),),
    ),
    _share("good-catches", "caught", "dangerous attempts", better=Better.HIGHER, missing="No dangerous attempt."),
    _share("hard-stop-then-other-profile", "gone around", "alerts on a hard limit", better=Better.LOWER),
    _share("basic-mode", "without the library", _INFUSIONS, better=Better.LOWER),
    _share("library-coverage", "with an entry", "infusions of a known drug", better=Better.HIGHER),
    _share("library-currency", "on the newest version", "infusions", better=Better.HIGHER, missing=_NO_RELEASE),
    Weekly(
        question="alarms-per-hour",
        heading="Alarms per hour of infusion",
        unit="alarms per hour",
        events="alarms",
        exposure="seconds that infusions ran",
        measure=Measure.RATE,
        per=3600,
        better=Better.LOWER,
    ),
    _share("long-alarms", "over 4 minutes", "alarms cleared", better=Better.LOWER),
    _share("lost-records", "lost", "records", better=Better.LOWER),
)


def slug(one: Weekly) -> str:
    """Return what names a chart in an address: its question, with the row of it where there are several."""
    return "-".join((one.question, *(value.replace("_", "-") for _, value in one.keys)))


CHARTED: Mapping[str, Weekly] = {slug(one): one for one in (*CHARTS, *MORE)}
