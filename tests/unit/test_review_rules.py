"""Every review rule: its example breaks it where it should, and the sound library breaks none."""

import json
import pkgutil
import re
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import pytest

import openinfusion.core.review
from openinfusion.core.review import RULES, RULES_BY_ID, Rule, Severity, Thresholds, review, rules_page, thresholds_from
from openinfusion.core.review.page import GROUPS, NOT_ANSWERED, REFUSED
from tests.unit.review_examples import AT, library

# What each example must give: severity, path, sentence. The list of ids is the record that keeps them stable.
EXPECTED = json.loads((Path(__file__).parent / "review_expected.json").read_text("utf-8"))
EACH = [pytest.param(rule, id=rule.id, marks=pytest.mark.hazard(rule.hazard)) for rule in RULES]


def found_by(rule: Rule) -> list[list[str]]:
    """What a rule finds in its own example."""
    result = review(
        library(rule.example),
        at=AT,
        thresholds=thresholds_from(rule.settings),
        parent=library() if rule.with_parent else None,
    )
    return [[f.severity.value, f.place.path, f.message] for f in result.findings if f.rule is rule]


@pytest.mark.parametrize("parent", [None, library()], ids=["alone", "as its own parent"])
def test_the_sound_library_has_no_findings(parent) -> None:
    """Rules that fire on a sound library teach people to ignore them."""
    assert [str(finding) for finding in review(library(), at=AT, parent=parent).findings] == []


@pytest.mark.parametrize("rule", EACH)
def test_the_example_of_a_rule_breaks_it_where_it_should(rule: Rule) -> None:
    """The example is the rule's own evidence: it fires, at that path, in those words."""
    assert found_by(rule) == EXPECTED[rule.id]
    assert EXPECTED[rule.id]


def test_ids_are_stable() -> None:
    """An id that goes or comes must be written down; accepted findings refer to it."""
    assert sorted(EXPECTED) == sorted(rule.id for rule in RULES)
    assert len(RULES_BY_ID) == len(RULES)


def test_there_are_enough_rules() -> None:
    """The issue asks for at least sixty."""
    assert len(RULES) >= 60


def test_every_rule_of_every_module_is_run() -> None:
    """A rule that is declared and left out of RULES would look as if it found nothing."""
    modules = [
        import_module(m.name)
        for m in pkgutil.iter_modules(openinfusion.core.review.__path__, "openinfusion.core.review.")
    ]
    declared = {value.id for module in modules for value in vars(module).values() if isinstance(value, Rule)}
    assert declared == set(RULES_BY_ID)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_says_all_that_a_pharmacist_asks(rule: Rule) -> None:
    """Question, reason, remedy, source, origin, hazard and example are there and in form."""
    assert re.fullmatch(r"[CLDPUWMNSG]\d\d", rule.id)
    assert rule.group in GROUPS
    assert isinstance(rule.severity, Severity)
    for sentence in (rule.reason, rule.remedy):
        assert re.fullmatch(r"[^\n]{15,140}\.", sentence), sentence
    assert re.fullmatch(r"[A-Z][^.\n]{10,90}", rule.title), rule.title
    assert rule.source
    assert not re.search(r"\.(md|csv)\b|\(S\d|DESIGN", rule.source), "a source that only its author can look up"
    assert rule.example
    assert rule.scope.words
    assert re.fullmatch(r"(LC|CF|US|DB|IT|OR|PL)-\d\d", rule.hazard)
    assert set(rule.thresholds) | set(rule.settings) <= {f.name for f in fields(Thresholds)}
    assert rule.judge.__doc__


def codes(text: str) -> set[str]:
    """The candidate numbers in a text: 'R01, R02', 'G02 to G09', 'L001'."""
    found = set(re.findall(r"\b[RLCNG]\d\d\d?\b", text))
    for first, last in re.findall(r"G0(\d) to G0(\d)", text):
        found |= {f"G0{n}" for n in range(int(first), int(last) + 1)}
    return found


def test_every_candidate_is_a_rule_or_has_its_reason() -> None:
    """Nothing in the three lists of candidates is dropped in silence."""
    candidates = (
        {f"R{n:02}" for n in range(1, 28)}
        | {f"L{n:02}" for n in range(1, 17)}
        | {f"C{n:02}" for n in range(1, 13)}
        | {f"N{n:02}" for n in range(1, 12)}
        | {f"G{n:02}" for n in range(1, 13)}
        | {f"L{n:03}" for n in range(1, 46)}
    )
    answered = {code for rule in RULES for code in codes(rule.origin)}
    explained = {code for text, _ in (*NOT_ANSWERED, *REFUSED) for code in codes(text)}
    assert answered <= candidates
    assert candidates - answered - explained == set()


def test_the_page_has_every_rule_threshold_and_candidate() -> None:
    """The manual is made from the rules, so nothing can be missing from it."""
    page = rules_page()
    headings = {line for line in page.splitlines() if line.startswith("### ")}
    for rule in RULES:
        assert f"### {rule.id} {rule.severity.value}: {rule.title}" in headings
        assert f"| {rule.severity.value} | {rule.title} |" in page
        assert all(text in page for text in (rule.reason, rule.remedy, rule.source, rule.hazard, rule.scope.words))
    for name in (f.name for f in fields(Thresholds)):
        assert f"| {name} |" in page
    assert all(text in page for text, _ in (*NOT_ANSWERED, *REFUSED))
    assert "and 23 more" in page
    rows = [line for line in page.splitlines() if line.startswith("|")]
    assert all(len(row.replace("\\|", "").split("|")) in (4, 5, 6) for row in rows)
