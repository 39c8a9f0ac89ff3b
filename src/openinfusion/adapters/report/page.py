"""One HTML page that needs nothing else: no network, no script, no font, no picture file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path

from markupsafe import Markup

from openinfusion.adapters.documents import write_bytes
from openinfusion.adapters.infusions import InfusionReading
from openinfusion.adapters.library_file import identity
from openinfusion.adapters.report.charts import bars, number_line
from openinfusion.adapters.report.pages import render
from openinfusion.adapters.report.tables import (
    NONE,
    Table,
    comparison_table,
    doses_table,
    entry_words,
    headline,
    make_table,
    reading_tables,
    replay_tables,
    show_dose,
)
from openinfusion.core.library import Library
from openinfusion.core.replay import ChangedOutcome, Replay
from openinfusion.core.replay_counts import DosesUsed, by_drug, by_times_the_limit, doses_used, limit_uses, never_fired

MOST_LINES = 24
MOST_BARS = 15
MOST_FINDINGS = 20
MOST_DIFFERENCES = 12
FEWEST_FOR_CENTILES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFinding:
    """One finding of the review, in words."""

    severity: str
    rule: str
    drug: str
    where: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDifference:
    """One difference to another library, in words."""

    change: str
    about: str
    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportData:
    """
    What a report tells; a part that is ``None`` is left out, an empty one is said to be empty.

    ``review_summary`` says how much was looked at ("66 rules looked at 477 entries"); ``compared_with`` names the
    library of ``differences`` and ``changes``.
    """

    title: str
    library: Library
    made_at: datetime | None = None
    reading: InfusionReading | None = None
    replay: Replay | None = None
    findings: Sequence[ReportFinding] | None = None
    review_title: str = "What is wrong with the library"
    review_summary: str | None = None
    differences: Sequence[ReportDifference] | None = None
    compared_with: str | None = None
    changes: Sequence[ChangedOutcome] | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart with its heading, the words under it and the table behind it."""

    heading: str
    note: str
    svg: Markup
    table: Table


def write_report(path: Path, data: ReportData) -> None:
    """Write the report; raises FileAccessError if the folder is absent or may not be written."""
    write_bytes(path, render_report(data).encode("utf-8"))


def render_report(data: ReportData) -> str:
    """Return the report as HTML."""
    return render("report.html.jinja", data=data, sha256=identity(data.library)[:12], **_parts(data))


def _parts(data: ReportData) -> dict[str, object]:
    """Return what the template shows, ready in words."""
    replay = data.replay
    lines = doses_used(replay) if replay is not None else []
    return {
        "reading": reading_tables(data.reading) if data.reading is not None else [],
        "headline": headline(replay) if replay is not None else None,
        "tables": replay_tables(replay) if replay is not None else [],
        "drugs": _drug_figure(replay) if replay is not None else None,
        "times": _times_figure(replay) if replay is not None else None,
        "lines": [_line(replay, used) for used in lines[:MOST_LINES]] if replay is not None else [],
        "lines_left": max(len(lines) - MOST_LINES, 0),
        "never_fired": _never_fired(replay) if replay is not None else None,
        "findings": _findings(data.findings) if data.findings is not None else None,
        "findings_left": max(len(data.findings or ()) - MOST_FINDINGS, 0),
        "differences": _differences(data.differences) if data.differences is not None else None,
        "differences_left": max(len(data.differences or ()) - MOST_DIFFERENCES, 0),
        "changes": comparison_table(data.changes) if data.changes is not None else None,
    }


def _drug_figure(replay: Replay) -> Figure | None:
    """Return the drugs with the most alerts as bars."""
    tallies = {drug: t for drug, t in by_drug(replay).items() if t.alerted}
    if not tallies:
        return None
    rows = [(drug, t.soft, t.hard) for drug, t in list(tallies.items())[:MOST_BARS]]
    more = len(tallies) - len(rows)
    note = f"{more:,} more drugs with alerts stand in the table." if more else ""
    table = next(table for table in replay_tables(replay) if table.title == "By drug")
    return Figure("Infusions with an alert, by drug", note, _safe(bars(rows, "infusions with an alert")), table)


def _times_figure(replay: Replay) -> Figure | None:
    """Return how far beyond their limits the alerts were."""
    if not replay.alerts:
        return None
    rows = [(words, soft, hard) for words, (soft, hard) in by_times_the_limit(replay.alerts).items()]
    note = (
        "Attempted value divided by a maximum, or a minimum divided by the attempted value."
        " An infusion may give more than one alert."
    )
    table = next(table for table in replay_tables(replay) if table.title == "Times the limit")
    return Figure("How far beyond the limit", note, _safe(bars(rows, "alerts")), table)


def _line(replay: Replay, used: DosesUsed) -> Figure:
    """Return one number line: what it stands for, what was used, what would have fired."""
    words = [entry_words(replay.library, entry_id) for entry_id in used.entries]
    heading = f"{used.drug}: {used.care_area}"
    low, middle, high = (show_dose(used.quantile(Fraction(n, 100))) for n in (5, 50, 95))
    unit = used.limits.unit.text
    spread = f"nine in ten between {low} and {high}"
    if len(used.doses) < FEWEST_FOR_CENTILES:
        spread = f"from {show_dose(used.quantile(Fraction(0)))} to {show_dose(used.quantile(Fraction(1)))}"
    note = (
        f"{', '.join(words)}. {len(used.doses):,} infusions; median {middle} {unit}, {spread} {unit}."
        f" {used.alerts:,} beyond a limit."
    )
    if used.shared:
        note += f" For {used.shared:,} of them another entry of this drug, with other limits, may have run instead."
    label = f"Number line of {heading}. Limits: {used.limits.describe()}. {note}"
    return Figure(heading, note, _safe(number_line(used, label)), doses_table(used))


def _safe(svg: str) -> Markup:
    """Mark a chart as HTML; every text in it was escaped when it was drawn."""
    return Markup(svg)  # noqa: S704 - drawn by vl-convert, which escapes text, and labelled by ``charts.render``


def _never_fired(replay: Replay) -> Table:
    """Return the limits that many infusions were held against and that never fired."""
    uses = limit_uses(replay)
    silent = sorted(never_fired(uses), key=lambda use: -use.tested)
    kinds = (
        ("hard_max", "hard maxima"),
        ("soft_max", "soft maxima"),
        ("soft_min", "soft minima"),
        ("hard_min", "hard minima"),
    )
    rows = []
    for value, words in kinds:
        tested = [use for use in uses if use.limit.value == value]
        quiet = [use for use in silent if use.limit.value == value]
        rows.append((words, f"{len(tested):,}", f"{len(quiet):,}"))
    exercised = {use.entry for use in uses}
    rows.append(("entries that an infusion may have used", f"{len(exercised):,}", NONE))
    rows.append(("entries in the library", f"{len(replay.library.entries):,}", NONE))
    return make_table(
        "Limits put to the test", ("what", "held against an infusion", "never fired"), rows, numbers=[1, 2]
    )


def _findings(findings: Sequence[ReportFinding]) -> Table:
    rows = ((f.severity, f.rule, f.drug, f.where, f.message) for f in findings[:MOST_FINDINGS])
    return make_table("Findings", ("severity", "rule", "drug", "where", "what"), rows, numbers=[])


def _differences(differences: Sequence[ReportDifference]) -> Table:
    rows = ((d.change, d.about, d.field, d.before, d.after) for d in differences[:MOST_DIFFERENCES])
    return make_table("Differences", ("change", "about", "field", "before", "after"), rows, numbers=[])
