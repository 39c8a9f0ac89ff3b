"""What a pump calls for while it runs: how often, for what, and how long until somebody comes."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from openinfusion.core.events import Alarm, Kind
from openinfusion.lake.example.dice import Dice

if TYPE_CHECKING:
    from openinfusion.lake.example.infusion import Infusion

KINDS: dict[Alarm, float] = {
    # Vitoux 2018 names the first three (34, 27 and 23 %); the others share the rest. A hold often expires again.
    Alarm.KVO: 34,
    Alarm.CALLBACK: 16.5,
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
STOPS_FLOW = (Alarm.KVO, Alarm.OCCLUSION_DOWNSTREAM, Alarm.AIR, Alarm.OCCLUSION_UPSTREAM, Alarm.DOOR, Alarm.PRESSURE)
SHORT, LONG = 0.60, 0.08
"""Shares of alarms cleared within 68 s (Vitoux 2018) and after more than 4 minutes (Yu 2021)."""
CALM, RESTLESS = 0.165, 0.55
AGAIN = 0.6
"""How often a hold that expired once expires again before the infusion goes on."""
MEAN_AT_ONCE, MEAN_PER_HOUR = 1.8, 0.24
MOST = 60
HOLD = 120.0
"""Seconds after which a pause that nobody ends calls."""


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
        if alarm is Alarm.CALLBACK:
            return _hold(infusion, at)
        if alarm is Alarm.KVO:
            infusion.tell(at, Kind.KVO)
        cleared = _tell(infusion, alarm, at)
        return cleared + 1 if alarm in STOPS_FLOW else at

    return told


def _hold(infusion: "Infusion", at: float) -> float:
    """Tell a pause that nobody ends in time, once or more often."""
    infusion.tell(at, Kind.PAUSED)
    cleared = _tell(infusion, Alarm.CALLBACK, at + HOLD)
    if infusion.scene.dice.chance(AGAIN):
        cleared = _tell(infusion, Alarm.CALLBACK, cleared + HOLD)
    infusion.tell(cleared + 1, Kind.RESUMED)
    return cleared + 1


def _tell(infusion: "Infusion", alarm: Alarm, at: float) -> float:
    """Tell one alarm; return when it was cleared."""
    dice = infusion.scene.dice
    seconds = round(draw_seconds(dice), 1)
    raised = infusion.tell(at + 0.1, Kind.ALARM_RAISED, alarm=alarm.value, **_extra(alarm, dice))
    infusion.tell(raised.at + seconds, Kind.ALARM_CLEARED, alarm=alarm.value, about=raised, seconds=str(seconds))
    return raised.at + seconds


def _extra(alarm: Alarm, dice: Dice) -> dict[str, object]:
    """Return a field of a maker that the format does not know; a reader keeps it."""
    if alarm is Alarm.OCCLUSION_DOWNSTREAM and dice.chance(0.1):
        return {"line_pressure_mmhg": dice.whole(300, 600)}
    return {}
