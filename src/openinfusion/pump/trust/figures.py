"""What came out of a year, beside what was published."""

import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.resources import files
from math import isfinite, nan

from openinfusion.core.events import Kind, Response
from openinfusion.core.limits import Limit
from openinfusion.core.programme import Finding, Parameter
from openinfusion.core.units import MINUTES
from openinfusion.pump.machine import Note
from openinfusion.pump.trust.bedside import DAY, HOUR
from openinfusion.pump.trust.trust import Pump, Trust

Figures = dict[str, float]
SHORT, LONG = 68.0, 240.0
QUICK = 2
MAKERS_COUNT = frozenset(
    (
        *(Kind.STARTED, Kind.RATE_CHANGED, Kind.BOLUS, Kind.LOADING, Kind.COMPLETED, Kind.STOPPED),
        *(Kind.ALARM_RAISED, Kind.ALERT_RAISED),
    )
)
"""What makers' logs seem to count: not the choosing, not the attempts and answers, not the stops around an alarm."""
FOLLOWED = 30
"""Days for which a release is followed to see how far it came."""
SLIP = "alfentanil"
"""The drug of the unit slip of 1.0.0, whose every dose is 1,000 times its limit: told apart among hard attempts."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Plain counts, which add up over pumps."""

    counts: Counter[str] = field(default_factory=Counter)
    multiples: list[float] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    lost_ways: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        self.counts.update(other.counts)
        self.multiples.extend(other.multiples)
        self.delays.extend(other.delays)
        self.lost_ways.extend(other.lost_ways)

    def figures(self) -> Figures:
        """Return every figure that the published ones are held against."""
        n = self.counts
        starts, alerts, alarms = n["started"], n["alerts"], n["alarms"]
        multiples, delays = sorted(self.multiples), sorted(self.delays)
        return {
            "infusions_per_pump_day": _of(starts, n["pump_days"]),
            "hours_per_infusion": _of(n["seconds"] / HOUR, n["ended"]),
            "utilisation": _of(n["seconds"], n["pump_days"] * DAY),
            "events_per_infusion": _of(n["records"], starts),
            "maker_events_per_infusion": _of(n["maker_events"], starts),
            "share_with_alert": _of(n["infusions_with_alert"], n["programmed_with_library"]),
            "alerts_per_100": _of(100 * n["alerts"], starts),
            "compliance": _of(n["with_library"], starts),
            "compliance_first": _of(n["with_library_0"], n["started_0"]),
            "compliance_last": _of(n["with_library_3"], n["started_3"]),
            **{f"share_{r.value}": _of(n[f"alert_{r.value}"], alerts) for r in Response},
            "share_quick": _of(n["quick"], alerts),
            "hard_attempts": _of(len(multiples), starts),
            "hard_multiple_high": _place(multiples, 0.9),
            "share_with_alarm": _of(n["infusions_with_alarm"], starts),
            "alarms_per_infusion": _of(alarms, starts),
            "alarms_per_hour": _of(alarms * HOUR, n["seconds"]),
            "alarm_mean_seconds": _of(n["alarm_tenths"] / 10, alarms),
            "alarm_share_68_s": _of(n["alarm_short"], alarms),
            "alarm_share_4_min": _of(n["alarm_long"], alarms),
            "alarm_share_kvo": _of(n["alarm_kvo"], alarms),
            "alarm_share_callback": _of(n["alarm_callback"], alarms),
            "alarm_share_occlusion": _of(n["alarm_occlusion_downstream"], alarms),
            "release_interval": _of(n["release_days"], n["releases"]),
            "days_to_half": _place(delays, 0.5),
            "days_to_80": _place(delays, 0.8),
            "share_outdated": _of(n["outdated"], n["with_library"]),
            "mistakes": _of(n["mistakes"], n["infusions"]),
            "lost_ways": len(self.lost_ways),
        }


def _of(part: float, whole: float) -> float:
    """Return a share, which nobody knows where there is nothing to count."""
    return part / whole if whole else nan


def _place(values: list[float], share: float) -> float:
    return values[int(share * (len(values) - 1))] if values else nan


def tally_releases(trust: Trust) -> Tally:
    """Return the part of the counts that belongs to no pump."""
    days = [round(release.released_at / DAY) for release in trust.releases[1:]]
    return Tally(Counter(releases=max(len(days) - 1, 0), release_days=days[-1] - days[0] if days else 0))


def tally_pump(trust: Trust, pump: Pump, notes: Iterable[Note], *, mistakes: int) -> Tally:
    """Return what one pump adds to the counts."""
    tally = Tally()
    n = tally.counts
    n["pump_days"] += round((trust.settings.last - pump.in_service) / DAY)
    n["mistakes"] += mistakes
    seen: dict[str, set[str]] = {"programmed": set(), "library": set(), "alert": set(), "alarm": set()}
    active: list[tuple[float, int]] = [(0.0, 0)]
    versions = {release.sha256: number for number, release in enumerate(trust.releases)}
    for note in notes:
        n["records"] += 1
        n["maker_events"] += note.kind in MAKERS_COUNT and "supersedes" not in note.fields
        count = _COUNT.get(note.kind)
        if count is not None:
            count(_Pump(trust, tally, seen, active), note)
        if note.kind in (Kind.LIBRARY_ACTIVATED, Kind.LIBRARY_REVERTED):
            active.append((float(note.at), versions[note.library.sha256 or ""]))
    n["infusions"] += len(seen["programmed"])
    n["programmed_with_library"] += len(seen["library"])
    n["infusions_with_alert"] += len(seen["alert"])
    n["infusions_with_alarm"] += len(seen["alarm"])
    n["alert_unknown"] += n["alerts"] - sum(n[f"alert_{r.value}"] for r in Response)
    tally.delays.extend(_delays(trust, pump, active))
    return tally


def _delays(trust: Trust, pump: Pump, active: list[tuple[float, int]]) -> Iterable[float]:
    """Yield, for each release that could be followed long enough, after how many days this pump had it or a newer."""
    for number, release in enumerate(trust.releases[1:], start=1):
        if pump.in_service > release.released_at or trust.settings.last - release.released_at < FOLLOWED * DAY:
            continue
        reached = next((at for at, version in active if version >= number), None)
        yield (reached - release.released_at) / DAY if reached is not None else float("inf")


@dataclass(frozen=True, slots=True)
class _Pump:
    trust: Trust
    tally: Tally
    seen: dict[str, set[str]]
    active: list[tuple[float, int]]


def _programmed(pump: _Pump, note: Note) -> None:
    pump.seen["programmed"].add(note.fields["infusion"])
    if note.fields["with_library"]:
        pump.seen["library"].add(note.fields["infusion"])


def _started(pump: _Pump, note: Note) -> None:
    n, settings = pump.tally.counts, pump.trust.settings
    at = float(note.at)
    quarter = min(int((at - settings.first) / (settings.last - settings.first) * 4), 3)
    n["started"] += 1
    n[f"started_{quarter}"] += 1
    if note.fields["with_library"]:
        n["with_library"] += 1
        n[f"with_library_{quarter}"] += 1
        newest = max(i for i, release in enumerate(pump.trust.releases) if release.released_at <= at)
        n["outdated"] += pump.active[-1][1] < newest


def _ended(pump: _Pump, note: Note) -> None:
    if "supersedes" not in note.fields:
        pump.tally.counts["ended"] += 1
        minutes = note.fields["delivered"].duration.to(MINUTES).value
        pump.tally.counts["seconds"] += round(minutes * 60)


def _alerted(pump: _Pump, note: Note) -> None:
    pump.tally.counts["alerts"] += 1
    pump.seen["alert"].add(note.fields["infusion"])
    alert: Finding = note.fields["alert"]
    is_dose = alert.parameter is Parameter.DOSE and alert.limit is Limit.HARD_MAX
    if is_dose and note.fields.get("drug") != SLIP and alert.ratio is not None:
        pump.tally.multiples.append(float(alert.ratio))


def _answered(pump: _Pump, note: Note) -> None:
    response: Response = note.fields["response"]
    pump.tally.counts[f"alert_{response.value}"] += 1
    pump.tally.counts["quick"] += response is Response.OVERRIDDEN and note.fields["seconds"] <= QUICK


def _alarmed(pump: _Pump, note: Note) -> None:
    """Count an alarm of an infusion; an idle pump may call too, about its battery."""
    if "infusion" not in note.fields:
        return
    pump.tally.counts["alarms"] += 1
    pump.tally.counts[f"alarm_{note.fields['alarm'].value}"] += 1
    pump.seen["alarm"].add(note.fields["infusion"])


def _cleared(pump: _Pump, note: Note) -> None:
    if "infusion" not in note.fields:
        return
    seconds = float(note.fields["seconds"])
    pump.tally.counts["alarm_tenths"] += round(seconds * 10)
    pump.tally.counts["alarm_short"] += seconds <= SHORT
    pump.tally.counts["alarm_long"] += seconds > LONG


_COUNT = {
    Kind.PROGRAMMED: _programmed,
    Kind.STARTED: _started,
    Kind.COMPLETED: _ended,
    Kind.STOPPED: _ended,
    Kind.ALERT_RAISED: _alerted,
    Kind.ALERT_ANSWERED: _answered,
    Kind.ALARM_RAISED: _alarmed,
    Kind.ALARM_CLEARED: _cleared,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A published figure with its source, and how near the year should come to it."""

    measure: str
    what: str
    value: float
    setting: str
    source: str
    low: float = 0.0
    high: float = 0.0
    percent: bool = False
    aim: bool = True

    @property
    def aimed_at(self) -> str:
        """What counts as near, in words."""
        return f"{self.shown(self.low)} to {self.shown(self.high)}" if self.aim else ""

    @property
    def origin(self) -> str:
        """Where it was published, and of whom."""
        return f"{self.source}: {self.setting}"

    def shown(self, value: float) -> str:
        """Return a value as the page shows it."""
        if not isfinite(value):
            return "not known"
        return f"{value * 100:.3g} %" if self.percent else f"{value:.3g}"

    def verdict(self, value: float) -> str:
        """Return whether a figure came out near enough; nothing where it is not aimed at."""
        if not self.aim:
            return "not aimed at"
        if not isfinite(value):
            return "not known"
        return "yes" if self.low <= value <= self.high else "no"


def published() -> tuple[Published, ...]:
    """Return every published figure, in the order of the page."""
    text = files(__package__).joinpath("published.toml").read_text(encoding="utf-8")
    return tuple(Published(**row) for row in tomllib.loads(text)["figures"])


def comparison(figures: Figures) -> list[tuple[str, ...]]:
    """Return the figures of a year beside the published ones: what, published, aimed at, came out, near, source."""
    rows: list[tuple[str, ...]] = []
    for row in published():
        came = figures[row.measure]
        rows.append((row.what, row.shown(row.value), row.aimed_at, row.shown(came), row.verdict(came), row.origin))
    return rows


T_95 = {2: 12.71, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306, 10: 2.262, 12: 2.201}
"""Student's t for 95 % by the number of seeds."""


@dataclass(frozen=True, slots=True)
class Spread:
    """One figure over several seeds: its mean, and the interval that holds the true mean in 95 of 100 cases."""

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> "Spread":
        """Return the spread of the values of some seeds, of which there are two or more."""
        count = len(values)
        mean = sum(values) / count
        deviation = (sum((value - mean) ** 2 for value in values) / (count - 1)) ** 0.5
        reach = T_95.get(count, 2.0) * deviation / count**0.5
        return cls(mean, mean - reach, mean + reach)
