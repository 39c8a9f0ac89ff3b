"""The planted stories of the year: an outlier patient, and the strength typed too low of November 2018."""

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from openinfusion.core.entry import Mode
from openinfusion.core.units import KG, ML, Quantity
from openinfusion.pump.trust.bedside import DAY
from openinfusion.pump.trust.course import Course, Plan
from openinfusion.pump.trust.dice import Dice
from openinfusion.pump.trust.prescribing import Order

if TYPE_CHECKING:
    from openinfusion.pump.trust.life import PumpLife

OUTLIER_DAY, OUTLIER_DAYS, OUTLIER_EPISODE = 45, 5, "outlier"


def tell_story(life: "PumpLife") -> bool:
    """Play this pump's part in a planted story when its day has come."""
    story = life.about.story
    day = (life.bedside.now - life.trust.settings.first) / DAY
    if story is None or story in life.told_stories:
        return False
    if story == "outlier" and day >= OUTLIER_DAY:
        life.told_stories.add(story)
        return _outlier(life)
    if story == "strength" and day >= 20 + life.dice.whole(0, 5):
        life.told_stories.add(story)
        return _strength_typed_too_low(life)
    return False


def _outlier(life: "PumpLife") -> bool:
    """Run the one patient whose dose is beyond the soft limit for days, and who alerts at every change."""
    offer = life.menu(life.ward.care_area).find("noradrenaline")
    if offer is None or offer.usual.soft_max is None:
        return False
    life.machine.admit()
    life.machine.episode = Dice(life.trust.settings.seed, OUTLIER_EPISODE).token(12)
    life.notes[-1].fields["episode"] = life.machine.episode
    life.machine.go_home()
    life.weight = Quantity(Fraction(84), KG)
    nurse = life.nurse()
    nurse.go_to(life.ward.care_area)
    meant = offer.programme(offer.value(offer.usual.soft_max * Fraction(11, 10)), weight=life.weight)
    order = Order(offer=offer, meant=meant, typed=meant, is_unusual=True)
    plan = Plan(OUTLIER_DAYS * 24.0 * 0.8, is_early=True, alarms=())
    while nurse.programme(order, hours=None) is not None:
        life.bedside.wait(30)
    words = "outlier patient: beyond the soft limit for days, as prescribed"
    nurse.tell_truth(replace(order, mistake=words), meant)
    life.start(nurse, order, plan)
    return True


def _strength_typed_too_low(life: "PumpLife") -> bool:
    """Play the fault of November 2018: an open strength typed 25 times too low, and a bolus within its limits."""
    offer = life.menu(life.ward.care_area).find("fentanyl")
    concentration = offer.entry.concentration if offer is not None else None
    if offer is None or concentration is None or not concentration.is_open:
        return False
    nurse, weight = life.nurse(), life.weight or life.draw_weight()
    nurse.go_to(life.ward.care_area)
    typed = replace(
        offer.programme(Quantity.of("25", "micrograms/h"), weight=weight),
        amount=Quantity.of("100", "micrograms"),
        diluent=Quantity.of("50", "mL"),
    )
    meant = offer.programme(Quantity.of("100", "micrograms/h"), weight=weight)
    order = Order(offer=offer, meant=meant, typed=typed, mistake=None)
    if nurse.programme(order, hours=None) is not None:
        return True
    nurse.tell_truth(replace(order, mistake="strength typed too low"), typed)
    # 12 mL are left when the bolus is given, half an hour after the start at 12.5 mL/h.
    life.machine.load(Quantity(Fraction(12) + Fraction(25, 4), ML))
    life.bedside.choose("start")
    life.bedside.wait(1800)
    bolus = replace(typed, mode=Mode.BOLUS, dose=Quantity.of("25", "micrograms"))
    nurse.attempt("bolus", bolus)
    life.bedside.wait(900)
    Course(nurse, order, Plan(0, is_early=True, alarms=()), menu=life.menu(life.ward.care_area)).end()
    return True
