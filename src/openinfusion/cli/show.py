"""How libraries, findings and differences look on a terminal."""

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

from rich.text import Text

from openinfusion.adapters.tables import Consequence, ReadBack
from openinfusion.cli.console import SEVERITY_STYLE, say, styled, table
from openinfusion.core.difference import Change, Difference
from openinfusion.core.entry import Entry
from openinfusion.core.injection_score import InjectionScore, Outcome, Slip, Tally, Trial
from openinfusion.core.library import Library
from openinfusion.core.limits import Limits
from openinfusion.core.numbers import round_to, show_number
from openinfusion.core.review import Group, Review, Severity
from openinfusion.core.wording import counted

LINE_WIDTH = 64
WIDE_RANGE = 20
MOST_IDS = 25


def overview(library: Library, sha256: str) -> None:
    """Print what a library is and what each care area holds."""
    about = library.library
    say(Text.assemble((about.name, "bold"), f" version {about.version} ({about.status.value}), {about.organisation}"))
    say(f"Identity sha256:{sha256}")
    if about.parent is not None:
        say(f"Made from version {about.parent.version}, sha256:{about.parent.sha256}")
    entries, drugs = counted(len(library.entries), "entry", "entries"), counted(len(library.drugs), "drug")
    say(f"{entries} for {drugs} in {counted(len(library.care_areas), 'care area')}")
    rows = []
    for area in library.care_areas:
        mine = [entry for entry in library.entries if entry.care_area == area.id]
        still_open = sum(e.concentration is not None and e.concentration.is_open for e in mine)
        without_maximum = sum(e.dose is not None and e.dose.hard_max is None for e in mine)
        counts = (len(mine), len({e.drug for e in mine}), still_open, without_maximum)
        rows.append((area.name, area.population.value, *counts, area.max_rate or "not set", area.owner or "not set"))
    columns = ("care area", "population", "entries", "drugs", "open conc.", "no hard max", "max rate", "owner")
    say(table("Care areas", columns, rows, right=(2, 3, 4, 5)))
    _say_clinical(library)


def entries(library: Library, chosen: Sequence[Entry]) -> None:
    """Print entries, one line for each parameter that has limits."""
    rows: list[Sequence[object]] = []
    for entry in chosen:
        strength = entry.concentration.text if entry.concentration else ""
        lead = (library.drug(entry.drug).name, library.care_area(entry.care_area).name, entry.therapy or "", strength)
        for path, limits in entry.all_limits():
            rows.append((*lead, path, *_limit_cells(limits)))
            lead = ("", "", "", "")
        if lead[0]:
            rows.append((*lead, "no limits", "", "", "", "", "", ""))
    columns = (
        "drug",
        "care area",
        "therapy",
        "strength",
        "parameter",
        "hard min",
        "soft min",
        "usual",
        "soft max",
        "hard max",
        "unit",
    )
    say(table(counted(len(chosen), "entry", "entries"), columns, rows, right=(5, 6, 7, 8, 9)))
    if len(chosen) <= MOST_IDS:
        say("Their ids, for --entry:", *(f"  {entry.id}" for entry in chosen))
    _say_clinical(library)


def _limit_cells(limits: Limits) -> tuple[str, ...]:
    def cell(value: Fraction | None) -> str:
        return "" if value is None else show_number(value)

    usual = " to ".join(dict.fromkeys(cell(v) for v in (limits.usual_min, limits.usual_max) if v is not None))
    return (
        cell(limits.hard_min),
        cell(limits.soft_min),
        usual,
        cell(limits.soft_max),
        cell(limits.hard_max),
        limits.unit.text,
    )


def one_entry(library: Library, entry: Entry) -> None:
    """Print one entry whole: its limits on number lines, its sources and decisions."""
    say(Text(library.describe(entry), style="bold"))
    say(f"id {entry.id}; {entry.type.value}; {entry.route.value}")
    for path, limits in entry.all_limits():
        say(f"{path}: {limits.describe()}")
        if (line := number_line(limits)) is not None:
            say(*line)
    for advisory in entry.advisories:
        say(f"Advisory: {library.advisory(advisory).text}")
    for decision in entry.decisions:
        say(f"Decision on {decision.field}: {decision.decision}. {decision.reason}")
    if entry.sources:
        rows = [(s.field, s.citation, "yes" if s.invented_for_example else "") for s in entry.sources]
        say(table("Sources", ("field", "citation", "invented"), rows))
    if entry.review_by is not None:
        say(f"Review by {entry.review_by:%d-%b-%Y}")
    _say_clinical(library)


def number_line(limits: Limits) -> tuple[Text, Text] | None:
    """Return limits drawn on a line (logarithmic where they span far), values below; ``None`` for fewer than two."""
    marks = [(name, value) for name in _MARKS if (value := getattr(limits, name)) is not None and value > 0]
    values = [value for _, value in marks]
    if len(set(values)) < 2:  # noqa: PLR2004 - a line needs two points
        return None
    columns = {name: _column(value, min(values), max(values)) for name, value in marks}
    line = ["─"] * (LINE_WIDTH + 1)
    for low, high, fill in (("soft_min", "soft_max", "═"), ("usual_min", "usual_max", "█")):
        if low in columns and high in columns:
            for place in range(columns[low], columns[high] + 1):
                line[place] = fill
    for name, sign in (("soft_min", "╟"), ("soft_max", "╢"), ("hard_min", "┣"), ("hard_max", "┫"), ("initial", "◆")):
        if name in columns:
            line[columns[name]] = sign
    below = " " * (LINE_WIDTH + 16)
    for name, value in sorted(marks, key=lambda mark: mark[1]):
        text, place = show_number(value), columns[name]
        if below[max(0, place - 1) : place + len(text) + 1].strip() == "":
            below = below[:place] + text + below[place + len(text) :]
    return Text("  " + "".join(line)), Text("  " + below.rstrip())


_MARKS = ("hard_min", "soft_min", "usual_min", "initial", "usual_max", "soft_max", "hard_max")


def _column(value: Fraction, low: Fraction, high: Fraction) -> int:
    """Return where a value stands on the line: a share of the range, or of its digits where the range is wide."""
    if high / low <= WIDE_RANGE:
        return round((value - low) / (high - low) * LINE_WIDTH)
    return round(_digits(value / low) / _digits(high / low) * LINE_WIDTH)


def _digits(ratio: Fraction) -> Fraction:
    """Return a number that grows like the logarithm of a ratio: halvings, and a straight line within the last one."""
    count = 0
    while ratio >= 2:  # noqa: PLR2004 - halving
        ratio, count = ratio / 2, count + 1
    return count + ratio - 1


def changes(found: Difference, *, limit: int = 0) -> None:
    """Print a difference: a count of each kind, then the changes, loosening ones marked; 0 for all of them."""
    say(Text(f"{found.old_name} {found.old_version} -> {found.new_name} {found.new_version}", style="bold"))
    say(f"{counted(len(found.changes), 'change')}; {counted(found.entries_unchanged, 'entry', 'entries')} unchanged")
    for kind, count in found.count().items():
        say(f"  {count:>4}  {kind.value}")
    rows = [_change_row(change) for change in found.changes[: limit or None]]
    if rows:
        title = "Changes (! may let more through, or changes what a number means)"
        say(table(title, ("", "change", "about", "field", "before", "after"), rows))
    _say_more(len(found.changes) - len(rows), "changes")


def _say_more(count: int, words: str) -> None:
    if count > 0:
        say(f"... and {count:,} more {words}; --limit 0 shows all.")


def _change_row(change: Change) -> tuple[object, ...]:
    mark = styled("!", "bold red") if change.is_loosening else ""
    return (mark, change.kind.value, change.subject, change.field_words, change.before or "", change.after or "")


def _say_clinical(library: Library) -> None:
    if library.library.not_for_clinical_use:
        say(styled("Not for clinical use.", "bold red"))


MOST_IN_GROUP = 4


def review_summary(found: Review, library: Library, *, limit: int = 0) -> None:
    """Print a review: the counts, then what was found in groups, gravest first; 0 for all groups."""
    about = library.library
    say(
        Text(
            f"Review of {about.name} {about.version}: {counted(len(library.entries), 'entry', 'entries')},"
            f" {counted(len(found.looked_at), 'rule')}",
            style="bold",
        )
    )
    counts = [(severity.value, found.count(severity)) for severity in Severity]
    parts = [
        (f"{count:,} {word}{'s' if word != 'advice' and count != 1 else ''}", SEVERITY_STYLE[word])
        for word, count in counts
    ]
    say(Text.assemble(*_between(parts, "   "), f"   {len(found.accepted):,} accepted"))
    groups = found.groups()
    shown = groups[: limit or None]
    for group in shown:
        _say_group(group)
    _say_more(len(groups) - len(shown), "groups of findings")
    if found.accepted:
        rows = [
            (f.rule.id, f.place, f.message, f.accepted.reason, f.accepted.by, f"{f.accepted.until:%d-%b-%Y}")
            for f in found.accepted
            if f.accepted
        ]
        say("", table("Accepted, and still there", ("rule", "where", "what", "reason", "by", "until"), rows))
    for acceptance in found.expired:
        say(f"Acceptance expired on {acceptance.until:%d-%b-%Y}: {acceptance.rule} {acceptance.item}")
    for acceptance in found.unmatched:
        say(f"Acceptance matches nothing: {acceptance.rule} {acceptance.item}")
    idle = sum(looked.count == 0 for looked in found.looked_at)
    say("", f"{idle} rules had nothing to look at; every rule is described in docs/reference/review-rules.md.")
    _say_clinical(library)


def _between(parts: list[tuple[str, str]], gap: str) -> list[tuple[str, str] | str]:
    """Return styled parts with a gap between each two."""
    joined: list[tuple[str, str] | str] = []
    for part in parts:
        joined += [gap, part] if joined else [part]
    return joined


def _say_group(group: Group) -> None:
    """Print one group: what is wrong and where, why it matters, what to do."""
    word = group.severity.value
    first = group.findings[0]
    alone = len(group.findings) == 1
    head = str(group).removeprefix(f"{word} ")
    say("", Text.assemble((f"{word.upper():<8}", SEVERITY_STYLE[word]), (head, "bold")))
    if not alone:
        for finding in group.findings[:MOST_IN_GROUP]:
            say(f"        - {finding.place}: {finding.message}")
        if len(group.findings) > MOST_IN_GROUP:
            say(f"        - ... and {len(group.findings) - MOST_IN_GROUP:,} more")
    say(
        Text.assemble(("        Why  ", "dim"), group.rule.reason),
        Text.assemble(("        Do   ", "dim"), first.remedy),
    )


MOST_WORST = 15


def injection(score: InjectionScore) -> None:
    """Print what a library does about planned errors: by kind of error, then the worst that it lets through."""
    injection_headline(score)
    rows = [_tally_row(one.slip.value, one.tally) for one in score.by_slip if one.tally.tried]
    columns = ("what was programmed", "tried", "blocked", "warned", "silent", "silent %")
    say("", table("By kind of error", columns, rows, right=(1, 2, 3, 4, 5)))
    if score.worst:
        worst = [_worst_row(trial) for trial in score.worst[:MOST_WORST]]
        title = f"The worst of {len(score.worst):,} errors of ten times or more that pass in silence (* high-alert)"
        say("", table(title, ("drug", "care area", "error", "programmed", "times intended"), worst, right=(4,)))
    if score.not_tried:
        reasons = Counter(one.reason for one in score.not_tried)
        say("", table("Not tried, and why", ("reason", "programmes"), reasons.most_common(), right=(1,)))


def _tally_row(words: str, tally: Tally) -> tuple[object, ...]:
    silent = tally.share(Outcome.SILENT)
    shown = "" if silent is None else f"{show_number(round_to(silent * 100, Fraction(1)))} %"
    return (words, f"{tally.tried:,}", f"{tally.blocked:,}", f"{tally.warned:,}", f"{tally.silent:,}", shown)


def _worst_row(trial: Trial) -> tuple[object, ...]:
    star = "*" if trial.high_alert else ""
    times = "" if trial.times is None else show_number(round_to(trial.times, Fraction(1, 10)))
    return (f"{trial.drug}{star}", trial.care_area, trial.slip.value, trial.programmed, times)


def injection_headline(score: InjectionScore) -> None:
    """Print the result of error injection in one sentence."""
    tenfold = score.of(Slip.TEN)
    silent = tenfold.share(Outcome.SILENT)
    if silent is None:
        say("Error injection: no entry has a usual dose, so no error could be tried.")
        return
    false_alerts, share = score.usual.blocked + score.usual.warned, show_number(round_to(silent * 100, Fraction(1)))
    say(
        f"Error injection: of {tenfold.tried:,} tenfold doses the limits block {tenfold.blocked:,}, warn of"
        f" {tenfold.warned:,} and let {tenfold.silent:,} through in silence ({share} %);"
        f" {false_alerts:,} of {score.usual.tried:,} usual doses would alert falsely."
        f" {len(score.not_tried):,} more doses could not be tried, most because no usual dose is recorded."
    )


def read_back(result: ReadBack) -> None:
    """Print a read-back: whether the export agrees, and every place where it does not."""
    verdict = styled("agrees with", "bold green") if result.agrees else styled("DIFFERS from", "bold red")
    compared = counted(result.entries_compared, "entry", "entries")
    counts = f"{counted(len(result.differences), 'difference')} in {compared} compared"
    say(Text.assemble("The export ", verdict, f" the approved library: {counts}"))
    rows = [
        (
            d.drug,
            d.care_area,
            d.field,
            d.approved,
            d.exported,
            f"{d.sheet} {d.column}{d.row}" if d.sheet else "",
            d.kind.value,
        )
        for d in result.differences
    ]
    if rows:
        say(table("Differences", ("drug", "care area", "field", "approved", "exported", "cell", "kind"), rows))
    assumed = [cell for cell in result.problems if cell.consequence is Consequence.KEPT]
    for cell in result.problems:
        if cell not in assumed:
            say(f"Not readable: {cell}")
    if assumed:
        values = counted(len(assumed), "value of the export was", "values of the export were")
        say(f"{values} read with an assumption; 'library check' lists each.")
    if result.not_compared:
        fields = ", ".join(f"{one.field} ({one.times:,})" for one in result.not_compared)
        say(f"Not compared, because this layout has no place for it: {fields}")
