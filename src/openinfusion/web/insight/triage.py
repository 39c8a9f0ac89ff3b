"""
Alerts to look at, by drug and care area: in the order of harm or of burden, each with what tells its cause.

Every number is that of a named question, parted by drug and care area, of the three months that end with the one
picked. Harm puts dangerous attempts that nobody caught first, then alerts at twice the limit or beyond; burden puts
alerts first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openinfusion.lake.answers import Answers, shown
from openinfusion.lake.calendar import Month
from openinfusion.web.insight.pages import Opened

MONTHS = 3
ORDERS = ("harm", "burden")
Key = tuple[str | None, str | None]
BY = ("drug", "care_area")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The alerts of one drug in one care area."""

    drug_id: str
    area_id: str
    drug: str
    area: str
    alerts: int
    per_100: str
    dangerous: int
    caught: int
    twofold: int
    overridden: str
    quick: int
    quick_share: str
    pattern: str
    from_one: int

    @property
    def uncaught(self) -> int:
        """How many dangerous attempts nobody is known to have caught."""
        return self.dangerous - self.caught

    @property
    def by_harm(self) -> tuple[Any, ...]:
        """What puts the most harmful first."""
        return -self.uncaught, -self.twofold, -self.alerts, self.drug, self.area

    @property
    def by_burden(self) -> tuple[Any, ...]:
        """What puts the most burdensome first."""
        return -self.alerts, -self.quick, self.drug, self.area


def answers_of(told: Opened) -> Answers:
    """Return the answers of the months that triage looks at."""
    return told.standing.source.answers(first_of(told), told.picked.month)


def first_of(told: Opened) -> Month:
    """Return the first of those months."""
    return told.picked.month.back(MONTHS - 1)


def queue(told: Opened, order: str) -> list[Case]:
    """Return every drug and care area with an alert, in an order."""
    made = list(cases(told).values())
    return sorted(made, key=lambda one: one.by_burden if order == "burden" else one.by_harm)


def cases(told: Opened) -> Mapping[Key, Case]:
    """Return every drug and care area with an alert."""
    answers = answers_of(told)
    found = {name: _rows(answers, name) for name in QUESTIONS}
    alerted = {key: row for key, row in found["alerts-per-100"].items() if row["numerator"] and None not in key}
    return {key: _case(told, key, {name: found[name].get(key) for name in QUESTIONS}) for key in alerted}


QUESTIONS = ("alerts-per-100", "good-catches", "twofold-alerts", "override-rate", "quick-override", "alert-sources")


def _rows(answers: Answers, question: str) -> dict[Key, Mapping[str, Any]]:
    return {(row["drug"], row["care_area"]): row for row in answers.rows(question, *BY)}


def _case(told: Opened, key: Key, row: Mapping[str, Mapping[str, Any] | None]) -> Case:
    drug, area = key
    danger, sources = row["good-catches"], row["alert-sources"]
    return Case(
        drug_id=str(drug),
        area_id=str(area),
        drug=told.naming.of("drug", drug),
        area=told.naming.of("care_area", area),
        alerts=_part(row["alerts-per-100"]),
        per_100=shown(row["alerts-per-100"], "alerts-per-100"),
        dangerous=_part(danger, "denominator"),
        caught=_part(danger),
        twofold=_part(row["twofold-alerts"]),
        overridden=shown(row["override-rate"], "override-rate"),
        quick=_part(row["quick-override"]),
        quick_share=shown(row["quick-override"], "quick-override"),
        pattern=sources["pattern"] if sources else "too few to tell",
        from_one=_part(sources),
    )


def _part(row: Mapping[str, Any] | None, name: str = "numerator") -> int:
    return int(row[name] or 0) if row else 0


def elsewhere(told: Opened, drug: str, area: str) -> Sequence[Case]:
    """Return the same drug in other care areas."""
    others = [one for (d, a), one in cases(told).items() if d == drug and a != area]
    return sorted(others, key=lambda one: one.by_burden)
