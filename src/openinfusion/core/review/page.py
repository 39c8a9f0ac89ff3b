"""The manual of the rules, made from the rules themselves; ``tools/generate.py`` writes it."""

import json
from collections.abc import Iterable

from openinfusion.core.review.rule import Rule
from openinfusion.core.review.run import RULES
from openinfusion.core.review.thresholds import document

GROUPS = {
    "C": "Concentration",
    "L": "Limits of the dose",
    "D": "Delivery: bolus, loading dose, duration, rate",
    "P": "Patient-controlled analgesia",
    "U": "Units and siblings",
    "W": "Patients: weight and population",
    "M": "Particular medicines",
    "N": "Names and texts",
    "S": "Structure of the library",
    "G": "The record: sources, reviews, decisions",
}

# What the lists of candidates ask and one library document cannot answer, each with the reason.
NOT_ANSWERED = (
    ("governance R03, R06 (screens)", "how this software shows numbers is its own test; texts of a library are N16"),
    (
        "governance R08 (bold, lower case), R09 (in, per), R10, R12 (as shown), R24, R25",
        "these rule screens, not limits",
    ),
    ("governance R22 (author, checker)", "who proposed and who checked is in the workflow record, not in the document"),
    ("peers L16", "needs the libraries of other organisations"),
    ("peers C10, C11", "needs the prescribing system, vial overfill and labels"),
    ("peers N05 (creatinine clearance; is a label plain?)", "therapies are free text; weight bands are N12"),
    ("peers N09 (used in the last 90 days), N10", "needs the event log; S04, S05 and S08 answer what the document can"),
    ("peers N07 (vesicants)", "needs a list of vesicants that we have no source for; high-alert drugs are D15"),
    ("peers G02 to G09, G11, G12", "these judge the process: releases, sign-off, pumps, data, signatures"),
    ("lint L026 (per pump)", "display lengths per model are not known; N08 uses one length that you set"),
    ("lint L034", "the tenfold and double-dose tests are L05 and L06 at every age; error injection runs all of them"),
    ("lint L040 (rule tables such as heparin by APTT)", "the format holds no dosing tables"),
)
REFUSED = (
    (
        "governance R13 (order), peers L04, lint L001",
        "limits out of order, a usual range out of order, negative limits",
    ),
    ("governance R20, lint L009 (within an entry)", "a dose and a concentration that count different kinds of amount"),
    ("governance R11", "a dose without its time or patient basis: both are part of the unit"),
    (
        "governance R12, lint L011",
        "a strength beside amount and volume that disagrees: only amount and volume are stored",
    ),
    ("peers C08 (numbers)", "numbers with commas, exponents, or without a zero before the point"),
    ("peers N09 (broken references)", "an entry of an unknown drug, care area or advisory, and ids used twice"),
)


def rules_page() -> str:
    """Return the page of all rules in Markdown."""
    lines = [
        "# Review rules",
        "",
        "Generated from `openinfusion.core.review`; do not edit. A dagger (†) marks a source that was remembered, not",
        "read. Ids are stable: a rule that goes takes its id with it. Paths of examples are those of the sound example",
        "library in `tests/unit/review_base.json`; `+` adds a copy or a new item, `-1` is the last one.",
        "",
        f"There are {len(RULES)} rules.",
    ]
    for letter, title in GROUPS.items():
        rules = sorted((rule for rule in RULES if rule.group == letter), key=lambda rule: rule.id)
        lines += ["", f"## {letter}. {title}", "", *_table(_HEADINGS, map(_row, rules))]
    lines += ["", "## Thresholds", "", *_table(("Name", "Default", "Meaning", "Source"), document())]
    lines += ["", "## Candidates that a document cannot answer", "", *_table(("Candidate", "Why"), NOT_ANSWERED)]
    lines += ["", "## Already refused by the format", "", *_table(("Candidate", "What is refused"), REFUSED)]
    return "\n".join(lines) + "\n"


_HEADINGS = (
    "Rule",
    "Finds",
    "Why",
    "What to do",
    "Looks at",
    "Source",
    "From",
    "Hazard",
    "Thresholds",
    "An example that breaks it",
)


def _row(rule: Rule) -> tuple[str, ...]:
    return (
        f"**{rule.id}** {rule.severity.value}",
        f"{rule.title}.",
        rule.reason,
        rule.remedy,
        rule.scope.words,
        rule.source,
        rule.origin,
        rule.hazard,
        ", ".join(f"`{name}`" for name in rule.thresholds),
        _example(rule),
    )


def _example(rule: Rule) -> str:
    """Return an example as the changes it makes; of many like changes only the first few."""
    shown = [f"`{path}` = `{json.dumps(value, ensure_ascii=False)}`" for path, value in rule.example.items()]
    settings = [f"with `{name}` = `{json.dumps(value)}`" for name, value in rule.settings.items()]
    more = [f"and {len(shown) - _SHOWN} more"] if len(shown) > _SHOWN else []
    parent = ["compared with the sound library"] if rule.with_parent else []
    return "; ".join([*shown[:_SHOWN], *more, *settings, *parent])


_SHOWN = 7


def _table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    names = tuple(headings)
    lines = [_line(names), _line("---" for _ in names)]
    return lines + [_line(cell.replace("|", "\\|") for cell in row) for row in rows]


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
