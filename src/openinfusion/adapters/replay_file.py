"""A replay as JSON: what was read, what was counted, and every alert with its exact values."""

from openinfusion.adapters.documents import Json
from openinfusion.adapters.infusions import InfusionReading
from openinfusion.adapters.programmes import finding_to_json
from openinfusion.core.replay import Alert, ChangedOutcome, Replay
from openinfusion.core.replay_counts import Tally, by_care_area, by_drug, by_times_the_limit, not_checked, tally


def replay_to_json(reading: InfusionReading, result: Replay, changes: list[ChangedOutcome] | None) -> Json:
    """Return the counts with their denominators, then the alerts, and the changes if there are any to tell."""
    document: Json = {
        "read": {
            "rows": reading.rows,
            "infusions": len(reading.infusions),
            "left_out": dict(reading.excluded),
            "faults": dict(reading.faults),
        },
        "all": _tally(tally(result.outcomes)),
        "by_drug": {name: _tally(one) for name, one in by_drug(result).items()},
        "by_care_area": {name: _tally(one) for name, one in by_care_area(result).items()},
        "by_times_the_limit": {
            words: {"soft": soft, "hard": hard} for words, (soft, hard) in by_times_the_limit(result.alerts).items()
        },
        "not_checked": {reason.value: dict(drugs) for reason, drugs in not_checked(result).items()},
        "alerts": [_alert(alert) for alert in result.alerts],
    }
    if changes is not None:
        document["changes"] = [_change(change) for change in changes]
    return document


def _tally(counts: Tally) -> Json:
    return {
        "infusions": counts.infusions,
        "checked": counts.checked,
        "with_alert": counts.alerted,
        "soft": counts.soft,
        "hard": counts.hard,
        "ambiguous": counts.ambiguous,
        "not_checked": counts.not_checked,
    }


def _alert(alert: Alert) -> Json:
    place = {"row": alert.row, "drug": alert.drug, "care_area": alert.care_area, "entry": alert.entry}
    return {**place, **finding_to_json(alert.finding)}


def _change(change: ChangedOutcome) -> Json:
    return {
        "row": change.row,
        "drug": change.drug,
        "change": change.change.value,
        "before": change.before.result.value,
        "after": change.after.result.value,
    }
