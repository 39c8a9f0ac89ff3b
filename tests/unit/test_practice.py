"""What was programmed on the entries of a library, counted by hand."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from openinfusion.core.programme import Parameter
from openinfusion.lake.practice import Programmed, number_of, path_of, programmed_on, quantile
from openinfusion.lake.what_if import Attempts
from tests.unit.lake_programmes import ENGINE, MORPHINE, NORADRENALINE, lake_of, library, limits, programmed

TENTH = Fraction(1, 10)


def norad(dose: str, **more: str) -> dict[str, Any]:
    return programmed(dose=f"{dose} ug/kg/min", weight="70 kg", **more)


def found(rows: list[dict[str, Any]]) -> tuple[Programmed, ...]:
    events, shapes = lake_of(rows)
    return programmed_on(events, shapes, library("1"), engine=ENGINE)


def test_every_value_is_counted_in_the_unit_of_the_limits() -> None:
    """0.1 twice, once as 6 ug/kg/h, and 0.2 once; a dose per minute without a weight is a programme, but no value."""
    rows = [norad("0.1"), programmed(dose="6 ug/kg/h", weight="70 kg"), norad("0.2"), programmed(dose="7 ug/min")]
    (one,) = found(rows)
    assert (one.entry, one.path, one.unit) == ("norad", "dose", NORADRENALINE.dose.unit)  # type: ignore[union-attr]
    assert one.values == one.practised == ((TENTH, 2), (Fraction(1, 5), 1))
    assert one.programmes == 4


def test_what_an_alert_made_somebody_change_was_programmed_and_not_practised() -> None:
    """5 was caught and became 0.5: both were programmed, the second alone is practice."""
    rows = [
        norad("5", event_id="p"),
        {"kind": "alert_raised", "event_id": "a", "about": "p"},
        {"kind": "alert_answered", "event_id": "b", "about": "a", "response": "reprogrammed"},
        norad("0.5"),
    ]
    (one,) = found(rows)
    assert one.values == ((Fraction(1, 2), 1), (Fraction(5), 1))
    assert one.practised == ((Fraction(1, 2), 1),)


def test_what_nobody_programmed_has_no_line() -> None:
    """Neither an entry that was not used, nor one that the library does not have."""
    assert found([programmed("gone", dose="1 mg/h")]) == ()


def attempt(mode: str, parameter: Parameter, **bounds: str) -> Attempts:
    return Attempts("morphine", mode, parameter, limits("mg/h", **bounds), ((Fraction(1), 1),))


def test_a_group_of_limits_is_its_own_only_if_it_says_the_same() -> None:
    """Limits of another unit, other bounds, another mode or of the care area are not those of the entry."""
    own = {"soft_max": "10", "hard_max": "20"}
    assert path_of(attempt("continuous", Parameter.DOSE, **own), MORPHINE) == "dose"
    assert path_of(attempt("continuous", Parameter.DOSE, soft_max="10"), MORPHINE) is None
    assert path_of(attempt("bolus", Parameter.DOSE, **own), MORPHINE) is None
    assert path_of(attempt("continuous", Parameter.RATE, **own), MORPHINE) is None
    other = replace(MORPHINE, dose=limits("mg/min", **own))
    assert path_of(attempt("continuous", Parameter.DOSE, **own), other) is None


@pytest.mark.parametrize(
    ("share", "value"), [("0", 1), ("1/20", 1), ("1/2", 2), ("51/100", 3), ("95/100", 9), ("1", 9)]
)
def test_a_quantile_is_a_value_that_was_programmed(share: str, value: int) -> None:
    """Of 1, 2, 3, 9 the median by nearest rank is 2, and 95 % of all are at or below 9."""
    values = tuple((Fraction(one), 1) for one in (1, 2, 3, 9))
    assert quantile(values, Fraction(share)) == value
    assert number_of(values) == 4


def test_nothing_has_no_quantile() -> None:
    with pytest.raises(ValueError, match="no values"):
        quantile((), Fraction(1, 2))
