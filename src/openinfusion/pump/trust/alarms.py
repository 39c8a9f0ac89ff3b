"""What a pump calls for while it runs: how often, for what, and how long until somebody comes."""

from openinfusion.core.events import Alarm
from openinfusion.pump.trust.dice import Dice

KINDS: dict[Alarm, float] = {
    # Vitoux 2018 names the first three (34, 27 and 23 %); the others share the rest. A hold often expires again.
    Alarm.KVO: 44,
    Alarm.CALLBACK: 9.5,
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
SHORT, LONG = 0.61, 0.072
"""Shares of alarms cleared within 68 s (Vitoux 2018) and after more than 4 minutes (Yu 2021)."""
CALM, RESTLESS = 0.165, 0.55
AGAIN = 0.6
"""How often a hold that expired once expires again before the infusion goes on."""
MEAN_AT_ONCE, MEAN_PER_HOUR = 1.8, 0.24
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
    return dice.between(68, 240) if place < 1 - LONG else 240 + dice.exponential(430)
