"""The what-if page: the tables of the answer, and for each limit looked at the values that were attempted."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from markupsafe import Markup

from openinfusion.adapters.documents import write_bytes
from openinfusion.adapters.library_file import identity
from openinfusion.adapters.report.attempts_line import AttemptsLine, draw
from openinfusion.adapters.report.page import Figure
from openinfusion.adapters.report.pages import render
from openinfusion.adapters.report.tables import QUANTILES, Table, limit_words, make_table, show_dose
from openinfusion.core.library import Limit, Limits
from openinfusion.core.numbers import show_number
from openinfusion.lake.calendar import long_day
from openinfusion.lake.what_if import Attempts, Suggestion
from openinfusion.lake.what_if_answer import Line, WhatIf
from openinfusion.lake.what_if_tables import full_entry, headline, sections

MOST_ROWS = 15


def write_page(path: Path, answer: WhatIf) -> None:
    """Write the page; raises FileAccessError if the folder is absent or may not be written."""
    write_bytes(path, page(answer).encode())


def page(answer: WhatIf) -> str:
    """Return the page as HTML."""
    found = {section.key: section for section in sections(answer)}
    return render(
        "what_if.html.jinja",
        answer=answer,
        libraries=[(library, identity(library)[:12]) for library in answer.question.libraries],
        days=(long_day(answer.span.start.date()), long_day(answer.span.last.date())),
        headline=headline(answer),
        first=[found[key] for key in ("totals", "changes", "catches", "suggestions") if key in found],
        then=[found[key] for key in ("alerts", "silent", "unknown") if key in found],
        figures=[figure(answer, line) for line in drawn(answer)],
        head=head,
        rest=rest,
    )


def head(table: Table) -> Table:
    """Return the first rows of a table."""
    return replace(table, rows=table.rows[:MOST_ROWS])


def rest(table: Table) -> Table:
    """Return the rows that follow them."""
    return replace(table, rows=table.rows[MOST_ROWS:])


def drawn(answer: WhatIf) -> list[Line]:
    """Return the lines to draw: those asked for, then those that change or alert most or have a suggestion."""
    asked = set(answer.question.entries)
    named = [line for line in answer.lines if line.attempts.entry in asked]
    others = [line for line in answer.lines if line.attempts.entry not in asked and any(_interest(line))]
    others.sort(key=lambda line: tuple(-number for number in _interest(line)))
    return [*named, *others[: answer.question.most]]


def _interest(line: Line) -> tuple[int, int, int]:
    """Return how much a line has to tell: what the draft changes, then a suggestion, then alerts."""
    now, then = line.in_force, line.attempts.limits
    changed = abs(alerts(line.attempts, now) - alerts(line.attempts, then)) if now is not None else 0
    return changed, int(line.suggestion is not None), alerts(line.attempts, then)


def alerts(attempts: Attempts, limits: Limits) -> int:
    """Return how many attempts lie beyond any of these limits."""
    low, high = ([b for b in side if b is not None] for side in (limits.bounds[:2], limits.bounds[2:]))
    below = attempts.beyond(Limit.SOFT_MIN, max(low)) if low else 0
    return below + (attempts.beyond(Limit.SOFT_MAX, min(high)) if high else 0)


def figure(answer: WhatIf, line: Line) -> Figure:
    """Return the values that were attempted of one parameter, under the limits of both libraries."""
    attempts = line.attempts
    heading = f"{full_entry(answer, attempts.entry)} ({attempts.mode}, {attempts.parameter.value})"
    note = " ".join(_sentences(answer, line))
    label = f"Number line of {heading}. Limits of the draft: {attempts.limits.describe()}. {note}"
    svg = draw(AttemptsLine(attempts.values, attempts.limits, line.in_force), label)
    drawing = Markup(svg)  # noqa: S704 - drawn by vl-convert, which escapes text, and labelled by ``charts.render``
    return Figure(heading, note, drawing, attempts_table(line))


def _sentences(answer: WhatIf, line: Line) -> Iterator[str]:
    """Yield what there is to say about a line: how many, how often beyond a limit, what is suggested."""
    attempts, unit = line.attempts, line.attempts.limits.unit.text
    yield f"{attempts.number:,} programmes, the median {show_dose(attempts.quantile(Fraction(1, 2)))} {unit}."
    then = alerts(attempts, attempts.limits)
    if line.in_force is not None:
        yield f"Beyond a limit in force: {alerts(attempts, line.in_force):,}; beyond one of the draft: {then:,}."
    else:
        yield f"Beyond a limit: {then:,}."
        if answer.question.in_force is not None:
            yield "The library in force limits nothing here in this unit."
    if line.suggestion is not None:
        yield suggestion_words(line.suggestion)


def suggestion_words(one: Suggestion) -> str:
    """Return a suggestion as a sentence."""
    return (
        f"Suggestion, not applied: a {limit_words(one.limit)} of {one.then} in place of {one.now}: {one.reason}."
        f" Of {one.attempts:,} attempts {one.alerts_then:,} would lie beyond it, in place of {one.alerts_now:,}."
    )


def attempts_table(line: Line) -> Table:
    """Return the numbers behind a line: each limit with how many attempts lie beyond it, then the spread."""
    attempts, unit = line.attempts, line.attempts.limits.unit.text
    rows = [*_limit_rows(attempts, attempts.limits, "draft")]
    if line.in_force is not None:
        rows += _limit_rows(attempts, line.in_force, "in force")
    if (one := line.suggestion) is not None:
        rows.append((f"suggested: {limit_words(one.limit)}", show_number(one.then.value), unit, f"{one.alerts_then:,}"))
    for words, share in QUANTILES:
        value = attempts.quantile(max(share, Fraction(1, attempts.number)))
        rows.append((f"attempted, {words}", show_dose(value), unit, ""))
    return make_table("The numbers", ("value", "number", "unit", "attempts beyond"), rows, numbers=[1, 3])


def _limit_rows(attempts: Attempts, limits: Limits, whose: str) -> Iterator[tuple[str, ...]]:
    for limit, bound in zip(Limit, limits.bounds, strict=True):
        if bound is not None:
            beyond = f"{attempts.beyond(limit, bound):,}"
            yield f"{whose}: {limit_words(limit)}", show_number(bound), limits.unit.text, beyond
