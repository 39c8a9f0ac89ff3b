"""What a change of limits would have done: changes, catches, attempts and suggestions, counted by hand."""

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from openinfusion.core.library import Limit, Limits
from openinfusion.core.programme import Parameter
from openinfusion.core.replay import Change, Result
from openinfusion.core.units import Quantity, Unit
from openinfusion.lake.replay import Answer, Group, Replayed, replay_lake
from openinfusion.lake.what_if import (
    Attempts,
    Catches,
    attempts,
    catches,
    changes_by,
    limit_uses,
    limits_held,
    reasons,
    suggest,
    tallies,
)
from tests.unit.lake_programmes import ENGINE, MORPHINE, NORADRENALINE, lake_of, library, limits, programmed, with_dose

WEIGHT = "70 kg"
NOW = library("1")
STRICT = library("2", with_dose(NORADRENALINE, soft_max="0.3", hard_max="1"), MORPHINE)
LOOSE = library("3", with_dose(NORADRENALINE, soft_max="1.5"), MORPHINE)


def norad(dose: str, **more: str) -> dict[str, Any]:
    return programmed(dose=f"{dose} ug/kg/min", weight=WEIGHT, **more)


def changed(rows: list[dict[str, Any]], *libraries: Any) -> Counter[Change]:
    events, shapes = lake_of(rows)
    replayed = replay_lake(events, shapes, libraries, engine=ENGINE)
    return changes_by(replayed, lambda _: "all").get("all", Counter())


def test_every_change_of_outcome_is_counted_once() -> None:
    """0.2 and 3 are treated alike; 0.4 gains an alert; 1.2 turns hard; the other way round it is the opposite."""
    rows = [norad(dose) for dose in ("0.2", "0.4", "0.4", "1.2", "3")]
    assert changed(rows, NOW, STRICT) == {Change.GAINED: 2, Change.HARDER: 1}
    assert changed(rows, STRICT, NOW) == {Change.LOST: 2, Change.SOFTER: 1}


def test_what_can_no_longer_be_judged_is_neither_lost_nor_gained() -> None:
    """Whether it alerted before or not."""
    rows = [programmed("morphine", dose="5 mg/h"), programmed("morphine", dose="15 mg/h"), norad("0.7")]
    without = library("2", NORADRENALINE)
    assert changed(rows, NOW, without) == {Change.UNDECIDED: 2}
    assert changed(rows, without, NOW) == {Change.DECIDED: 2}


def test_the_same_severity_on_another_limit_is_a_change() -> None:
    """Too high before, too low now: still a soft alert."""
    other = library("2", with_dose(NORADRENALINE, soft_min="0.9", soft_max="1"), MORPHINE)
    assert changed([norad("0.7")], NOW, other) == {Change.OTHER_LIMIT: 1}


def test_tallies_and_reasons_are_of_one_library() -> None:
    events, shapes = lake_of([norad("0.4"), norad("3"), programmed("morphine", dose="1 mg/h"), programmed(None)])
    replayed = replay_lake(events, shapes, [NOW, STRICT], engine=ENGINE)
    before, after = (tallies(replayed, lambda group: group.drug, number) for number in (0, 1))
    assert (before["noradrenaline"].soft, before["noradrenaline"].hard) == (0, 1)
    assert (after["noradrenaline"].soft, after["noradrenaline"].hard) == (1, 1)
    assert list(before) == ["noradrenaline", "morphine sulfate", "not named"]
    assert reasons(replayed, 1) == {"the log names neither entry nor drug": 1}


def alerted(programme: str | None, alert: str, response: str | None, **more: str) -> list[dict[str, Any]]:
    """An alert that speaks of a programme, and its answer."""
    raised = {"kind": "alert_raised", "event_id": alert, "about": programme, **more}
    answer = {"kind": "alert_answered", "event_id": f"{alert}-answer", "about": alert, "response": response, **more}
    return [raised, answer] if response is not None else [raised]


def found_catches(rows: list[dict[str, Any]], *libraries: Any) -> Catches:
    events, shapes = lake_of(rows)
    return catches(events, shapes, libraries or (LOOSE,), engine=ENGINE)


@pytest.mark.parametrize(
    ("response", "programmes"), [("reprogrammed", 1), ("cancelled", 1), ("overridden", 0), ("unknown", 0), (None, 0)]
)
def test_an_alert_catches_what_it_makes_somebody_change(response: str | None, programmes: int) -> None:
    """Not what is overridden, nor what nobody is known to have answered."""
    found = found_catches([norad("0.7", event_id="p"), *alerted("p", "a", response)])
    assert (found.alerts, found.unnamed, found.replayed.programmes) == (programmes, 0, programmes)


def test_a_catch_is_lost_where_the_draft_lets_it_pass() -> None:
    """0.7 passes under a soft maximum of 1.5, 1.8 is still asked about."""
    rows = [norad("0.7", event_id="p"), *alerted("p", "a", "cancelled")]
    rows += [norad("1.8", event_id="q"), *alerted("q", "b", "reprogrammed")]
    found = found_catches(rows, NOW, LOOSE)
    assert sum(group.number for group in found.lost) == 1
    assert found.replayed.results(1) == {Result.NO_ALERT: 1, Result.SOFT: 1}


def test_a_programme_that_two_alerts_caught_is_one_catch() -> None:
    found = found_catches(
        [norad("0.7", event_id="p"), *alerted("p", "a", "cancelled"), *alerted("p", "b", "cancelled")]
    )
    assert (found.alerts, found.replayed.programmes) == (2, 1)


def test_an_alert_answered_twice_and_overridden_once_caught_nothing() -> None:
    """The answer that let most happen stands, as in every question."""
    rows = [norad("0.7", event_id="p"), *alerted("p", "a", "cancelled")]
    again = {"kind": "alert_answered", "event_id": "again", "about": "a", "response": "overridden"}
    assert found_catches([*rows, again]).alerts == 0


def test_an_alert_that_leads_to_no_programme_is_counted_apart() -> None:
    """It names none, or one that is not in the log, or a record that is no programme, or its own record is lost."""
    rows = [norad("0.7", event_id="p"), {"kind": "started", "event_id": "s"}]
    rows += [*alerted(None, "a", "cancelled"), *alerted("lost", "b", "cancelled"), *alerted("s", "c", "cancelled")]
    rows += alerted("p", "d", "cancelled")[1:]
    found = found_catches(rows)
    assert (found.alerts, found.unnamed, found.replayed.programmes) == (4, 4, 0)


def test_ids_of_another_organisation_are_other_ids() -> None:
    """Two trusts may both have a record "p" and an alert "a"."""
    rows = [norad("0.7", event_id="p", organisation="A"), norad("0.7", event_id="p", organisation="B")]
    rows += alerted("p", "a", "cancelled", organisation="A")
    rows += alerted("p", "a", None, organisation="B")
    found = found_catches(rows)
    assert (found.alerts, found.unnamed, found.replayed.programmes) == (1, 0, 1)


def test_attempts_are_in_the_unit_of_the_limits_whatever_was_entered() -> None:
    """6 ug/kg/h is 0.1 ug/kg/min; 5.25 mL/h of 4 mg in 50 mL is 7 ug/min, 0.1 ug/kg/min at 70 kg."""
    rows = [norad("0.1"), programmed(dose="6 ug/kg/h", weight=WEIGHT), programmed(rate="5.25 mL/h", weight=WEIGHT)]
    events, shapes = lake_of([*rows, norad("0.7"), norad("0.70001"), programmed("morphine", dose="1 mg/h")])
    (one,) = attempts(events, shapes, NOW, engine=ENGINE, entries=["norad"])
    assert one.values == ((Fraction(1, 10), 3), (Fraction(7, 10), 1))
    assert (one.number, one.parameter, one.limits) == (4, Parameter.DOSE, NORADRENALINE.dose)


def test_an_attempt_that_two_limits_hold_is_counted_once() -> None:
    """A rate has limits on the entry and a maximum in its care area: one programme, one value."""
    entry = replace(MORPHINE, rate=limits("mL/h", soft_max="10", hard_max="15"))
    made = library("1", entry)
    area = replace(made.care_areas[0], max_rate=Quantity.of("20", "mL/h"))
    made = replace(made, care_areas=(area, *made.care_areas[1:]))
    events, shapes = lake_of([programmed("morphine", rate="12 mL/h")] * 3)
    found = {one.parameter: one for one in attempts(events, shapes, made, engine=ENGINE, entries=["morphine"])}
    assert found[Parameter.RATE].values == ((Fraction(12), 3),)
    assert found[Parameter.RATE].limits == entry.rate
    held = limits_held(shapes, made, ["morphine"])
    assert held["morphine", "continuous", Parameter.RATE, Unit.read("mL/h")] == entry.rate


def test_entries_that_nobody_asked_for_or_used_have_no_attempts() -> None:
    events, shapes = lake_of([norad("0.1"), programmed("gone", dose="1 mg/h")])
    assert attempts(events, shapes, NOW, engine=ENGINE, entries=["morphine", "gone"]) == []
    assert attempts(events, shapes, NOW, engine=ENGINE, entries=[]) == []


def test_a_limit_is_used_when_a_programme_is_held_against_it() -> None:
    events, shapes = lake_of([norad("0.1"), norad("0.7"), norad("0.70001"), norad("3")])
    uses = {
        use.limit: (use.tested, use.crossed) for use in limit_uses(replay_lake(events, shapes, [NOW], engine=ENGINE))
    }
    # Hard before soft: what crosses the hard maximum is counted there.
    assert uses == {Limit.SOFT_MAX: (4, 2), Limit.HARD_MAX: (4, 1)}


def values(*pairs: tuple[str, int], **bounds: str) -> Attempts:
    held = limits("mg/h", **(bounds or {"soft_max": "10", "hard_max": "20"}))
    return Attempts("e", "continuous", Parameter.DOSE, held, tuple((Fraction(v), n) for v, n in pairs))


def test_a_limit_that_fires_too_often_could_move_up() -> None:
    """7 of 107 above 10; 12 leaves one of them, which is less than 1 in 100."""
    made = suggest(values(("5", 100), ("12", 6), ("30", 1)))
    assert made is not None
    assert (made.then, made.alerts_now, made.alerts_then) == (Quantity.of("12", "mg/h"), 7, 1)


def test_nothing_is_suggested_at_exactly_one_in_twenty() -> None:
    assert suggest(values(("5", 95), ("12", 5))) is None
    assert suggest(values(("5", 95), ("12", 6))) is not None


def test_nothing_is_suggested_of_few_attempts() -> None:
    assert suggest(values(("5", 50), ("12", 49))) is None


def test_a_suggestion_never_passes_the_hard_maximum() -> None:
    """99 in 100 lie at or below 30, and the hard maximum is 20."""
    made = suggest(values(("5", 80), ("30", 20)))
    assert made is not None
    assert made.then == Quantity.of("20", "mg/h")


def test_a_limit_that_nothing_comes_near_could_move_down() -> None:
    """All at 4.99 or below: half of 10 is not reached; at 5 it is."""
    made = suggest(values(("1", 100), ("4.99", 1)))
    assert made is not None
    assert (made.then, made.alerts_now, made.alerts_then) == (Quantity.of("5", "mg/h"), 0, 0)
    assert suggest(values(("1", 100), ("5", 1))) is None


def test_no_suggestion_moves_below_the_minimum_or_without_a_soft_maximum() -> None:
    assert suggest(values(("1", 200), soft_min="2", soft_max="10")) is None
    assert suggest(values(("1", 200), hard_max="10")) is None


@pytest.mark.parametrize(
    ("value", "then"),
    [
        ("1.23", "1.3"),
        ("0.0123", "0.013"),
        ("123", "130"),
        ("99.1", "100"),
        ("0.996", "1"),
        ("1.2", "1.2"),
        ("9.91", "10"),
    ],
)
def test_a_suggestion_has_two_digits_and_is_never_below_what_it_covers(value: str, then: str) -> None:
    made = suggest(values((value, 100), soft_max="1000"))
    assert made is not None
    assert made.then == Quantity.of(then, "mg/h")
    assert made.alerts_then == 0


def test_quantiles_are_values_that_were_attempted() -> None:
    one = values(("1", 1), ("2", 2), ("3", 1))
    shares = (Fraction(1, 4), Fraction(1, 2), Fraction(3, 4), Fraction(76, 100), Fraction(1))
    assert [one.quantile(share) for share in shares] == [1, 2, 2, 3, 3]


def test_groups_without_an_entry_test_no_limit() -> None:
    group = Group("drug", "area", None, None, 5, (Answer(Result.NOT_CHECKED, reason="why"),))
    assert limit_uses(Replayed((NOW,), (group,), one_by_one=5)) == []
    assert isinstance(NORADRENALINE.dose, Limits)
