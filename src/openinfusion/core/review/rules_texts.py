"""Rules about texts: therapies, advisories and how numbers are written in them (group N)."""

import re
from collections.abc import Iterator
from itertools import pairwise

from openinfusion.core.review import names, scopes
from openinfusion.core.review.finding import Fault, Severity
from openinfusion.core.review.rule import rule
from openinfusion.core.review.survey import Family, Notice, Survey, Text, group


@rule(
    "N05",
    Severity.ERROR,
    scopes.TEXTS,
    title="A text uses a forbidden abbreviation",
    reason="U is read as a nought, mcg and \u00b5g as mg, ng as mg: these units are written in full.",
    remedy="Write micrograms, nanograms, units, mL, h in full.",
    source="NHS CUI Medication Line; NPSA 2010 ref 1023 †; ISMP error-prone abbreviations †; BNF",
    origin="R05, C08, L023",
    hazard="LC-04",
    example={"entries.1.therapy": "sedation in mcg"},
)
def abbreviation(text: Text, _: Survey) -> Iterator[Fault]:
    """Fire at the first forbidden abbreviation of a text."""
    if (match := names.ABBREVIATIONS.search(text.words)) is not None:
        yield text.at(f"{match[1]!r} in {text.words!r}")


@rule(
    "N06",
    Severity.ERROR,
    scopes.TEXTS,
    title="A number in a text has a trailing zero or begins with its point",
    reason="5.0 is read as 50, and .5 as 5.",
    remedy="Write 5 and 0.5.",
    source="NHS CUI Medication Line MEDi-015, MEDi-016",
    origin="R01, R02, C08, L023",
    hazard="US-02",
    example={"advisories.0.text": "Check the syringe label: .5 mg"},
)
def bad_decimal(text: Text, _: Survey) -> Iterator[Fault]:
    """Fire at the first such number of a text."""
    match = names.TRAILING_ZERO.search(text.words) or names.NAKED_DECIMAL.search(text.words)
    if match is not None:
        yield text.at(f"{match[0]!r} in {text.words!r}")


@rule(
    "N07",
    Severity.WARNING,
    scopes.TEXTS,
    title="A name begins with a sign to force its place in the list",
    reason="People search by the first letters of the drug, and find nothing.",
    remedy="Begin with the name.",
    source="US community hospital library: '.', '..' and 'zz'",
    origin="N04",
    hazard="LC-06",
    example={"drugs.3.name": ".vancomycin"},
)
def leading_sign(text: Text, _: Survey) -> Iterator[Fault]:
    """Fire if a name, not an advisory, begins with punctuation or a filler."""
    if text.path != "text" and names.LEADING.match(text.words) is not None:
        yield text.at(f"{text.words!r} begins with a sign or filler")


@rule(
    "N12",
    Severity.WARNING,
    scopes.FAMILIES,
    title="Therapies named by weight overlap or leave a gap",
    reason="A patient of that weight fits two lines with different limits, or none.",
    remedy="Make each band begin where the one before ends.",
    source="US community hospital library: 'up to 100 kg' and 'above 101 kg'",
    origin="N05, L040",
    hazard="LC-09",
    example={
        "entries.0.therapy": "up to 100 kg",
        "entries.+": "entries.0",
        "entries.-1.id": "heavy",
        "entries.-1.therapy": "101-200 kg",
    },
)
def weight_bands(family: Family, _: Survey) -> Iterator[Fault]:
    """Fire at a band of weight that does not begin where the band below it ends."""
    keys = [(row.area.id, row.entry.type) for row in family.rows]
    for rows in group(family.rows, keys):
        bands = sorted({(*band, row.number): row for row in rows if (band := weight_band(row.entry.therapy))}.items())
        for ((_low, top, _n), below), ((bottom, _high, _m), above) in pairwise(bands):
            if bottom != top:
                words = "leaves a gap after" if bottom > top else "overlaps with"
                yield above.at("therapy", f"{above.entry.therapy!r} {words} {below.entry.therapy!r}")


_RANGE = re.compile(r"(\d+)\s*(?:-|to|\u2013)\s*(\d+)\s*kg", re.IGNORECASE)
_BELOW = re.compile(r"(?:<|\u2264|<=|up to|under|below|at most)\s*(\d+)\s*kg", re.IGNORECASE)
_ABOVE = re.compile(r"(?:>|\u2265|>=|over|above|from|at least)\s*(\d+)\s*kg", re.IGNORECASE)
_NO_TOP = 10**6


def weight_band(therapy: str | None) -> tuple[int, int] | None:
    """Return the band of weight in kg that a therapy names, or ``None``."""
    text = therapy or ""
    if (match := _RANGE.search(text)) is not None:
        return int(match[1]), int(match[2])
    if (match := _BELOW.search(text)) is not None:
        return 0, int(match[1])
    return (int(match[1]), _NO_TOP) if (match := _ABOVE.search(text)) is not None else None


@rule(
    "N13",
    Severity.WARNING,
    scopes.ADVISORIES,
    title="An advisory is empty or too long to be read",
    reason="A text that is cut or skipped warns nobody.",
    remedy="Say it in three short lines.",
    source="ISMP smart-pump guidelines 2020, section 2 †; FDB Infusion Knowledge Portal: three lines",
    origin="N08",
    hazard="LC-03",
    example={"advisories.0.text": " "},
    thresholds=("advisory_length",),
)
def advisory_length(notice: Notice, survey: Survey) -> Iterator[Fault]:
    """Fire for an advisory without words, or with more characters than are read."""
    length = len(notice.advisory.text.strip())
    if length == 0:
        yield notice.at("text", "no text")
    elif length > survey.thresholds.advisory_length:
        yield notice.at("text", f"{length} characters; {survey.thresholds.advisory_length} are read")


@rule(
    "N14",
    Severity.WARNING,
    scopes.ADVISORIES,
    title="An advisory stands on most entries",
    reason="What is shown every time is read by nobody.",
    remedy="Keep it for the entries where it changes what people do.",
    source="ISMP smart-pump guidelines 2020, section 2 †",
    origin="N08",
    hazard="LC-03",
    example={f"entries.{n}.advisories": ["check-label"] for n in range(7)},
    thresholds=("advisory_share",),
)
def advisory_everywhere(notice: Notice, survey: Survey) -> Iterator[Fault]:
    """Fire if more than a share of the entries show it; a library of a few entries is left alone."""
    total = len(survey.rows)
    count = sum(notice.advisory.id in row.entry.advisories for row in survey.rows)
    if total >= _FEW and count > survey.thresholds.advisory_share * total:
        yield notice.at("", f"shown on {count:,} of {total:,} entries")


_FEW = 10


@rule(
    "N15",
    Severity.WARNING,
    scopes.TEXTS,
    title="A text has a sign that is misread",
    reason="The signs @, |, < and > are taken for 2, 1 or each other.",
    remedy="Write 'at', 'or', 'below' and 'above'.",
    source="NHS CUI Medication Line MEDi-026",
    origin="R09",
    hazard="LC-06",
    example={"entries.1.therapy": "sedation @ night"},
)
def strange_sign(text: Text, _: Survey) -> Iterator[Fault]:
    """Fire at the first such sign of a text."""
    if (match := names.STRANGE.search(text.words)) is not None:
        yield text.at(f"{match[0]!r} in {text.words!r}")


@rule(
    "N16",
    Severity.ADVICE,
    scopes.TEXTS,
    title="A number in a text lacks its space or its comma",
    reason="The m of 50mg is read as noughts, and 10000 as 1000 or 100000.",
    remedy="Write 50 mg and 10,000.",
    source="NHS CUI Medication Line MEDi-041, MEDi-017",
    origin="R03, R06",
    hazard="US-02",
    example={"entries.1.therapy": "up to 50mg"},
)
def crowded_number(text: Text, _: Survey) -> Iterator[Fault]:
    """Fire at the first number of a text without a space before its unit or without grouped thousands."""
    match = names.NO_SPACE.search(text.words) or names.NO_COMMA.search(text.words)
    if match is not None:
        yield text.at(f"{match[0]!r} in {text.words!r}")


RULES = (
    abbreviation,
    bad_decimal,
    leading_sign,
    weight_bands,
    advisory_length,
    advisory_everywhere,
    strange_sign,
    crowded_number,
)
