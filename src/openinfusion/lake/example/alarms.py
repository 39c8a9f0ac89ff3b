"""What a pump calls for while it runs: how often, for what, and how long until somebody comes."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from openinfusion.core.events import Alarm, Kind
from openinfusion.lake.example.dice import Dice

if TYPE_CHECKING:
    from openinfusion.lake.example.infusion import Infusion

KINDS: dict[Alarm, float] = {
    # Vitoux 2018 names the first three; the others share the rest.
    Alarm.KVO: 34,
    Alarm.CALLBACK: 27,
    Alarm.OCCLUSION_DOWNSTREAM: 23,
    Alarm.AIR: 5,
    Alarm.NEAR_END: 4,
    Alarm.OCCLUSION_UPSTREAM: 1.5,
    Alarm.BATTERY_LOW: 1.5,
    Alarm.DOOR: 1.2,
    Alarm.SYRINGE: 0.8,
    Alarm.EMPTY: 0.7,
    Alarm.PRESSURE: 0.5,
    Alarm.NO_FLOW: 0.4,
    Alarm.BATTERY_DEPLETED: 0.2,
    Alarm.FAULT: 0.1,
    Alarm.OTHER: 0.1,
}
STOPS_FLOW = (Alarm.OCCLUSION_DOWNSTREAM, Alarm.AIR, Alarm.OCCLUSION_UPSTREAM, Alarm.DOOR, Alarm.PRESSURE)
SHORT, LONG = 0.60, 0.08
"""Shares of alarms cleared within 68 s (Vitoux 2018) and after more than 4 minutes (Yu 2021)."""
CALM, RESTLESS = 0.135, 0.55
MEAN_AT_ONCE, MEAN_PER_HOUR = 2.0, 0.27
MOST = 60


def draw_alarms(hours: float, ward: float, dice: Dice) -> list[Alarm]:
    """Return the alarms of an infusion: most have none, a long or restless one has many."""
    troubled = CALM + RESTLESS * hours / (hours + 22)
    if not dice.chance(min(troubled, 0.95)):
        return []
    count = min(dice.geometric((MEAN_AT_ONCE + MEAN_PER_HOUR * hours) * ward), MOST)
    return [dice.weighted(KINDS) for _ in range(count)]


def draw_seconds(dice: Dice) -> float:
    """Return how long an alarm lasts: a mean of 2 min 38 s, most of it from the few that nobody hears."""
    place = dice.share()
    if place < SHORT:
        return dice.between(6, 68)
    return dice.between(68, 240) if place < 1 - LONG else 240 + dice.exponential(840)


def tell_alarm(alarm: Alarm) -> "Callable[[Infusion, float], float]":
    """Return how an infusion tells this alarm at a moment; it returns when all is well again."""

    def told(infusion: "Infusion", at: float) -> float:
        return max(_tell(infusion, alarm, at))

    return told


def _tell(infusion: "Infusion", alarm: Alarm, at: float) -> Iterator[float]:
    dice = infusion.scene.dice
    seconds = round(draw_seconds(dice), 1)
    if alarm is Alarm.CALLBACK:
        infusion.tell(at, Kind.PAUSED)
        at += 120
    if alarm is Alarm.KVO:
        infusion.tell(at, Kind.KVO)
    raised = infusion.tell(at + 0.1, Kind.ALARM_RAISED, alarm=alarm.value, **_extra(alarm, dice))
    infusion.tell(raised.at + seconds, Kind.ALARM_CLEARED, alarm=alarm.value, about=raised, seconds=str(seconds))
    if alarm is Alarm.CALLBACK:
        infusion.tell(raised.at + seconds + 1, Kind.RESUMED)
    stopped = alarm in (*STOPS_FLOW, Alarm.CALLBACK, Alarm.KVO)
    yield raised.at + seconds + 1 if stopped else at


def _extra(alarm: Alarm, dice: Dice) -> dict[str, object]:
    """Return a field of a maker that the format does not know; a reader keeps it."""
    if alarm is Alarm.OCCLUSION_DOWNSTREAM and dice.chance(0.1):
        return {"line_pressure_mmhg": dice.whole(300, 600)}
    return {}
