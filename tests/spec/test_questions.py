"""Every engine gives the answers that were worked out by hand."""

import pytest

from openinfusion.lake.engine import Engine
from openinfusion.lake.questions import QUESTIONS
from tests.engines import ENGINES, marks
from tests.spec.questions import WORKED
from tests.spec.questions.worked import Worked, answer_of, expected_of

# Which hazard a question watches; all of them are evidence that a figure says what it is said to say (DA-01).
WATCHED = {
    "outdated-infusions": "CF-01",
    "update-times": "CF-01",
    "mixed-versions": "CF-04",
    "quick-override": "DB-02",
    "high-risk-override": "DB-02",
    "alert-sources": "LC-03",
    "hard-stop-then-other-profile": "DB-03",
    "basic-mode": "DB-01",
    "drug-not-found": "LC-07",
}


def hazards(question: str) -> list[pytest.MarkDecorator]:
    watched = WATCHED.get(question)
    return [pytest.mark.hazard("DA-01"), *([pytest.mark.hazard(watched)] if watched else [])]


EXAMPLES = [
    pytest.param(
        engine,
        worked,
        id=f"{engine}-{worked.question}: {worked.rule}",
        marks=[*marks(engine, worked.question), *hazards(worked.question)],
    )
    for engine in ENGINES
    for worked in WORKED
]


@pytest.mark.parametrize("lake_engine, worked", EXAMPLES, indirect=["lake_engine"])
def test_the_engine_answers_as_by_hand(lake_engine: Engine, worked: Worked) -> None:
    """Every row that the table expects, and no other."""
    assert answer_of(worked, lake_engine) == expected_of(worked)


def test_every_question_has_an_example() -> None:
    """A definition that nobody worked out by hand is not yet a definition."""
    assert {worked.question for worked in WORKED} == set(QUESTIONS)
