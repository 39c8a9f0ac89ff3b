"""Programmes and verdicts as JSON lines: every vector in this process, and requests that cannot be read."""

import importlib.util
import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import pytest

from openinfusion.adapters.programmes import answer_lines, exact_text, programme_from_json
from openinfusion.core.errors import NumberFormatError, ProgrammeError, UnknownUnitError
from openinfusion.core.units import Quantity

KIT = Path(__file__).resolve().parent.parent.parent / "conformance"
LIBRARY = KIT / "library.json"
PROGRAMME = {"care_area": "ward", "entry": "heparin", "mode": "continuous", "dose": {"value": "1000", "unit": "[iU]/h"}}


@pytest.fixture(scope="module")
def judge() -> ModuleType:
    """The judge of the conformance kit, which is no package of ours."""
    specification = importlib.util.spec_from_file_location("judge", KIT / "judge.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def ask(*requests: object) -> Iterator[dict[str, object]]:
    lines = [request if isinstance(request, str) else json.dumps(request) for request in requests]
    return map(json.loads, answer_lines(lines))


@pytest.mark.hazard("PL-01")
def test_every_conformance_vector(judge: ModuleType) -> None:
    """Decision, findings and derived values of each vector, exactly."""
    vectors = [json.loads(line) for line in (KIT / "vectors.jsonl").read_text("utf-8").splitlines()]
    answers = list(ask(*(judge.request(vector, LIBRARY) for vector in vectors)))
    pairs = zip(vectors, answers, strict=True)
    assert [(v["reason"], wrong) for v, answer in pairs if (wrong := judge.differ(v, answer))] == []


def test_an_answer_bears_the_id_of_its_request_and_a_sentence_for_each_finding() -> None:
    """Codes for machines, a sentence for people."""
    programme = {**PROGRAMME, "dose": {"value": "3000", "unit": "[iU]/h"}}
    (answer,) = ask({"id": "x", "library": str(LIBRARY), "programme": programme})
    assert answer == {
        "id": "x",
        "decision": "refuse",
        "findings": [
            {
                "parameter": "dose",
                "limit": "hard_max",
                "attempted": {"value": "3000", "unit": "[iU]/h"},
                "bound": {"value": "2000", "unit": "[iU]/h"},
                "ratio": "1.5",
                "says": "dose 3,000 units/h is above the hard maximum of 2,000 units/h (1.5 times the limit)",
            }
        ],
        "derived": {
            "dose": {"value": "3000", "unit": "[iU]/h"},
            "rate": {"value": "3", "unit": "mL/h"},
            "concentration": {"value": "1000", "unit": "[iU]/mL"},
        },
    }


@pytest.mark.parametrize(
    "request_line, kind, where",
    [
        ("not json", "SyntaxFault", "line 1, line 1, column 1"),
        ("[]", "ProgrammeError", "line 1, $"),
        ("{}", "ProgrammeError", "line 1, $"),
        ({"library": str(LIBRARY), "programme": {**PROGRAMME, "dos": 1}}, "ProgrammeError", "line 1, $.programme"),
        (
            {"library": str(LIBRARY), "programme": {**PROGRAMME, "mode": "drip"}},
            "ProgrammeError",
            "line 1, $.programme.mode",
        ),
        (
            {"library": str(LIBRARY), "programme": {**PROGRAMME, "rate": {"value": "1e3", "unit": "mL/h"}}},
            "NumberFormatError",
            "line 1, $.programme.rate.value",
        ),
        (
            {"library": str(LIBRARY), "programme": {**PROGRAMME, "rate": {"value": "1", "unit": "furlongs"}}},
            "UnknownUnitError",
            "line 1, $.programme.rate.unit",
        ),
        ({"library": "nowhere.json", "programme": PROGRAMME}, "FileAccessError", "nowhere.json"),
        (
            {"library": str(LIBRARY), "programme": PROGRAMME, "rate_resolution": {"value": "1", "unit": "mg"}},
            "UnitMismatchError",
            "conversion",
        ),
        (
            {"library": str(LIBRARY), "programme": PROGRAMME, "rate_resolution": {"value": "0", "unit": "mL/h"}},
            "ProgrammeError",
            "rate resolution",
        ),
        ('{"id": "\\udc80"}', "SyntaxFault", "line 1, $.id"),
    ],
)
def test_a_request_that_cannot_be_read_is_answered_with_its_error(request_line, kind: str, where: str) -> None:
    """The stream goes on: the next request is answered as if nothing had been."""
    wrong, right = ask(request_line, {"library": str(LIBRARY), "programme": PROGRAMME})
    error = wrong["error"]
    assert isinstance(error, dict)
    assert (error["class"], error["where"]) == (kind, where)
    assert right["decision"] == "accept"


def test_empty_lines_are_no_requests() -> None:
    assert list(ask("", "  \n")) == []


def test_a_programme_reads_from_json() -> None:
    """A weight in g weighs the patient; other grams are drug."""
    programme = programme_from_json({**PROGRAMME, "weight": {"value": "3500", "unit": "g"}}, where="x")
    assert programme.weight == Quantity.read("3.5 kg")
    assert programme.dose == Quantity.read("1000 units/h")


@pytest.mark.parametrize(
    "changed, error, place",
    [
        ({"dose": None, "rate": 5}, ProgrammeError, "x, $.rate"),
        ({"dose": {"value": "1", "unit": "MU"}}, UnknownUnitError, "x, $.dose.unit"),
        ({"dose": {"value": ".5", "unit": "mg"}}, NumberFormatError, "x, $.dose.value"),
        ({"dose": {"value": 0.5, "unit": "mg"}}, ProgrammeError, "x, $.dose.value"),
    ],
)
def test_a_programme_that_is_none_says_where(changed, error, place: str) -> None:
    with pytest.raises(error) as caught:
        programme_from_json({**PROGRAMME, **changed}, where="x")
    assert caught.value.where == place


@pytest.mark.parametrize("text", ["0.5", "12", "-3.25", "0", "1/3", "-50/3"])
def test_a_number_is_written_exactly(text: str) -> None:
    assert exact_text(Fraction(text)) == text
