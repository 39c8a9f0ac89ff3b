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
    ("R03, R06 (screens)", "how this software shows numbers is its own test; texts of a library are N16"),
    (
        "R08 (bold, lower case), R09 (in, per), R10, R12 (as shown), R24, R25",
        "these rule screens, not limits",
    ),
    ("R22 (author, checker)", "who proposed and who checked is in the workflow record, not in the document"),
    ("L16", "needs the libraries of other organisations"),
    ("C10, C11", "needs the prescribing system, vial overfill and labels"),
    ("N05 (creatinine clearance; is a label plain?)", "therapies are free text; weight bands are N12"),
    ("N09 (used in the last 90 days), N10", "needs the event log; S04, S05 and S08 answer what the document can"),
    ("N07 (vesicants)", "needs a list of vesicants that we have no source for; high-alert drugs are D15"),
    ("G02 to G09, G11, G12", "these judge the process: releases, sign-off, pumps, data, signatures"),
    ("L026 (per pump)", "display lengths per model are not known; N08 uses one length that you set"),
    ("L034", "the tenfold and double-dose tests are L05 and L06 at every age; error injection runs all of them"),
    ("L040 (rule tables such as heparin by APTT)", "the format holds no dosing tables"),
)
REFUSED = (
    (
        "R13 (order), L04, L001",
        "limits out of order, a usual range out of order, negative limits",
    ),
    ("R20, L009 (within an entry)", "a dose and a concentration that count different kinds of amount"),
    ("R11", "a dose without its time or patient basis: both are part of the unit"),
    (
        "R12, L011",
        "a strength beside amount and volume that disagrees: only amount and volume are stored",
    ),
    ("C08 (numbers)", "numbers with commas, exponents, or without a zero before the point"),
    ("N09 (broken references)", "an entry of an unknown drug, care area or advisory, and ids used twice"),
)

# Short names of sources that several rules cite, and where each can be found.
SOURCES = (
    ("ASHP 2016", "ASHP, Standardize 4 Safety, adult continuous infusions, v1.01, November 2016"),
    (
        "Baxter Sigma Spectrum MDL 6.2 report",
        "custom report of a drug library, kept with the US community hospital library",
    ),
    ("BD Alaris data-set report v12.1", "spreadsheet of a drug library, kept with the US community hospital library"),
    ("BD Guardrails Editor", "BD Guardrails Editor v12.1.3, user manual, 2023"),
    ("BMC Pediatr 2022", "BMC Pediatrics 2022, article s12887-022-03183-8: error injection in a neonatal drug library"),
    ("BNF", "British National Formulary, guidance on prescribing"),
    ("CHI+MED", "CHI+MED (UCL, Swansea), number entry on infusion pumps, 2013"),
    ("emc", "electronic medicines compendium, medicines.org.uk/emc, by product number"),
    (
        "HSIB 2020",
        "HSIB, Procurement, usability and adoption of 'smart' infusion pumps, 2020, by paragraph (hssib.org.uk)",
    ),
    ("Hsu 2019", "Journal of Patient Safety 15:e8: how long a new library takes to reach the pumps"),
    ("ICS/FICM", "Medication Concentrations in Adult Critical Care Areas, v2.2, 2016 (studylib.net/doc/25206615)"),
    (
        "ISMP smart-pump guidelines 2020",
        "Guidelines for Optimizing Safe Implementation and Use of Smart Infusion Pumps †",
    ),
    ("ISMP smart-pump summit draft", "draft after the ISMP smart-pump summit (scribd.com/document/442709659)"),
    ("Leeds", "resources.time.leeds.ac.uk/pills/prfm_09.html"),
    ("neonatal calculator", "github.com/kingsgambita/infusions-in-JQM"),
    (
        "NHS CUI Medication Line",
        "NHS Common User Interface, Medication Line, by number MEDi (github.com/pacharanero/nhs-cui)",
    ),
    ("NHSGGC", "NHS Greater Glasgow and Clyde, handbook.ggcmedicines.org.uk"),
    ("NPPG survey", "NPPG survey of standard concentrations for children (uk.surveymonkey.com/r/PJRLG9R)"),
    ("NPSA 2010", "NPSA, Guidelines for safe on-screen display of medication information, ref 1023, 2010"),
    ("Trbovich 2010", "PMC2975961: nurses programming traditional and smart pumps in a laboratory"),
    ("UK prescribing sheet", "critical care infusion prescribing sheet (scribd.com/document/730132300)"),
    (
        "US community hospital library",
        "live libraries and change log v1 to v67 (2024) in a public repository, unnamed here",
    ),
    ("VMFH", "PCA library of a US health system (github.com/pharmot/multipurpose-calculator, MIT)"),
)


def rules_page() -> str:
    """Return the page of all rules in Markdown: for each group an index, then a short block for each rule."""
    lines = [_HEAD.format(count=len(RULES))]
    for letter, title in GROUPS.items():
        rules = sorted((rule for rule in RULES if rule.group == letter), key=lambda rule: rule.id)
        lines += ["", f"## {letter}. {title}", "", *_table(("Rule", "Severity", "Finds"), map(_index_row, rules))]
        for rule in rules:
            lines += ["", *_block(rule)]
    lines += ["", "## Thresholds", "", *_table(("Name", "Default", "Meaning", "Source"), document())]
    lines += ["", "## Sources by their short names", "", *_table(("Cited as", "What it is"), SOURCES)]
    lines += ["", "## Candidates", "", _CANDIDATES]
    lines += ["", "### That a document cannot answer", "", *_table(("Candidate", "Why"), NOT_ANSWERED)]
    lines += ["", "### Already refused by the format", "", *_table(("Candidate", "What is refused"), REFUSED)]
    return "\n".join(lines) + "\n"


_HEAD = """# Review rules

*Generated from `openinfusion.core.review`; do not edit.*

There are {count} rules. Ids are stable: a rule that goes takes its id with it. A dagger (†) marks a source that was
not read itself, but remembered or known from another text; short names of sources are explained at the end. Each rule
has an example: changes to the sound library in `tests/unit/review_base.json` that make the rule speak. In its paths
`+` adds a copy or a new item, and `-1` is the last one."""

_CANDIDATES = """R14, L01, L006 and the like are numbers of the candidate lists this project started from: R display and
lint rules, L limits, C concentration, N names, G governance, L001 to L045 proposed rules. They are not ids of rules,
though some look alike. Each rule says which of them it comes from; the tables below say why the others are no rules."""


def _index_row(rule: Rule) -> tuple[str, ...]:
    return (f"[{rule.id}](#{_anchor(_heading(rule))})", rule.severity.value, rule.title)


def _heading(rule: Rule) -> str:
    return f"{rule.id} {rule.severity.value}: {rule.title}"


def _anchor(heading: str) -> str:
    """Return the name that a heading gets as the target of a link."""
    return "".join(c for c in heading.lower().replace(" ", "-") if c.isalnum() or c == "-")


def _block(rule: Rule) -> list[str]:
    """Return what there is to know about a rule: why, what to do, where from, and an example that breaks it."""
    facts = [
        f"Looks at {rule.scope.words}",
        f"source: {rule.source}",
        f"hazard [{rule.hazard}](hazards.md#{rule.hazard.lower()})",
        f"from {rule.origin}",
    ]
    thresholds = [f"thresholds {', '.join(f'`{name}`' for name in rule.thresholds)}"] if rule.thresholds else []
    return [
        f"### {_heading(rule)}",
        "",
        f"{rule.reason} **{rule.remedy}**",
        "",
        f"{' · '.join([*facts, *thresholds])}",
        "",
        f"Broken by {_example(rule)}.",
    ]


def _example(rule: Rule) -> str:
    """Return an example as the changes it makes; of many like changes only the first few."""
    shown = [f"`{path} = {json.dumps(value, ensure_ascii=False)}`" for path, value in rule.example.items()]
    settings = [f"with `{name} = {json.dumps(value)}`" for name, value in rule.settings.items()]
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
