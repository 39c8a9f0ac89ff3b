"""The figures of a reading and a replay as tables of text: what a terminal prints and what stands behind each chart."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from openinfusion.adapters.infusions import InfusionReading
from openinfusion.core.candidates import Unchecked
from openinfusion.core.library import Library, Limit
from openinfusion.core.numbers import round_significant, show_number, show_share
from openinfusion.core.replay import ChangedOutcome, Replay, Result
from openinfusion.core.replay_counts import (
    DosesUsed,
    Tally,
    ambiguities,
    by_care_area,
    by_drug,
    by_limit,
    by_times_the_limit,
    not_checked,
    tally,
)

SHOWN_DIGITS = 4
SHOWN_ROWS = 10
NONE = "–"


@dataclass(frozen=True, slots=True)
class Table:
    """A title, the words over the columns, and rows of text; columns in ``numbers`` are read as numbers."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int] = frozenset()


def make_table(title: str, header: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Iterable[int]) -> Table:
    """Return a table from any sequences."""
    return Table(title, tuple(header), tuple(tuple(row) for row in rows), frozenset(numbers))


def show_dose(value: Fraction) -> str:
    """Return a dose to four significant digits; the page says so."""
    return show_number(round_significant(value, SHOWN_DIGITS)).removeprefix("about ")


def limit_words(limit: Limit) -> str:
    """Return the words for a limit: "hard maximum"."""
    kind, side = limit.value.split("_")
    return f"{kind} {side}imum"


def headline(replay: Replay) -> str:
    """Return the result in one sentence, with its denominators."""
    whole = tally(replay.outcomes)
    if not whole.checked:
        return f"None of {whole.infusions:,} infusions could be held against this library."
    return (
        f"Version {replay.library.library.version} would have alerted on {whole.alerted:,} of {whole.checked:,}"
        " infusions that could be judged"
        f" ({show_share(whole.alert_share)}): {whole.hard:,} refused by a hard limit,"
        f" {whole.soft:,} to be confirmed at a soft limit. Of all {whole.infusions:,} infusions,"
        f" {whole.ambiguous:,} were ambiguous and {whole.not_checked:,} could not be checked."
    )


def replay_tables(replay: Replay) -> list[Table]:
    """Return what a replay found, the whole first."""
    total = {"all infusions": tally(replay.outcomes)}
    tables = [
        _tallies("What the limits would have done", "", total),
        _tallies("By drug", "drug", by_drug(replay)),
        _tallies("By care area", "care area", by_care_area(replay)),
        limits_table(replay),
        times_table(replay),
        ambiguous_table(replay),
        unchecked_table(replay),
    ]
    return [table for table in tables if table.rows]


_TALLY = ("infusions", "judged", "with an alert", "alert rate", "soft", "hard", "ambiguous", "not checked")


def _tallies(title: str, group: str, tallies: dict[str, Tally]) -> Table:
    rows = (
        (
            name,
            *(f"{n:,}" for n in (t.infusions, t.checked, t.alerted)),
            show_share(t.alert_share),
            *(f"{n:,}" for n in (t.soft, t.hard, t.ambiguous, t.not_checked)),
        )
        for name, t in tallies.items()
    )
    return make_table(title, (group, *_TALLY), rows, numbers=range(1, 9))


def limits_table(replay: Replay) -> Table:
    """Return the alerts by drug, parameter and limit."""
    rows = ((drug, p.value, limit_words(limit), f"{n:,}") for (drug, p, limit), n in by_limit(replay.alerts).items())
    return make_table("Alerts by limit", ("drug", "parameter", "limit", "alerts"), rows, numbers=[3])


def times_table(replay: Replay) -> Table:
    """Return the alerts by times the limit; a table of noughts is left empty."""
    counts = by_times_the_limit(replay.alerts) if replay.alerts else {}
    rows = ((words, f"{soft:,}", f"{hard:,}", f"{soft + hard:,}") for words, (soft, hard) in counts.items())
    header = ("times the limit", "soft alerts", "hard alerts", "all alerts")
    return make_table("Times the limit", header, rows, numbers=[1, 2, 3])


def ambiguous_table(replay: Replay) -> Table:
    """Return which entries disagree about the same infusions."""
    rows = [
        (
            a.drug,
            a.care_area,
            "; ".join(f"{result.value}: {_entries(replay.library, ids)}" for result, ids in a.entries),
            f"{a.infusions:,}",
        )
        for a in ambiguities(replay)
    ]
    header = ("drug", "care area", "what each possible entry would have done", "infusions")
    return make_table("Ambiguous: the record does not say which entry ran", header, rows, numbers=[3])


def _entries(library: Library, ids: Iterable[str]) -> str:
    return ", ".join(entry_words(library, entry_id) for entry_id in ids)


def entry_words(library: Library, entry_id: str) -> str:
    """Return what tells an entry from others of its drug and care area: therapy and strength."""
    entry = library.find_entry(entry_id)
    if entry is None:
        return entry_id
    strength = entry.concentration.text if entry.concentration is not None else None
    return " ".join(part for part in (entry.therapy, strength) if part) or entry.type.value


def unchecked_table(replay: Replay) -> Table:
    """Return why infusions were not checked: by reason and drug; contradictions are listed with their rows."""
    rows = ((reason.value, _drugs(drugs), f"{drugs.total():,}") for reason, drugs in not_checked(replay).items())
    table = make_table("Not checked, and why", ("reason", "drugs", "infusions"), rows, numbers=[2])
    places = [outcome.row for outcome in replay.outcomes if outcome.reason is Unchecked.STRENGTH]
    if not places:
        return table
    listed = (f"look at {_some([f'row {row}' for row in places])}", "", "")
    at = next(n for n, row in enumerate(table.rows) if row[0] == Unchecked.STRENGTH.value)
    return Table(table.title, table.header, (*table.rows[: at + 1], listed, *table.rows[at + 1 :]), table.numbers)


def _drugs(drugs: Counter[str]) -> str:
    return _some([f"{drug} ({count:,})" for drug, count in drugs.most_common()])


def _some(words: list[str]) -> str:
    """Return the first few and say how many more there are."""
    more = len(words) - SHOWN_ROWS
    return ", ".join(words[:SHOWN_ROWS]) + (f" and {more:,} more" if more > 0 else "")


def reading_tables(reading: InfusionReading) -> list[Table]:
    """Return what was read and left out, so that the numbers add up; then the faults and the unmapped items."""
    left_out = ((reason, f"{count:,}") for reason, count in reading.excluded.items())
    rows = [("infusions used", f"{len(reading.infusions):,}"), *left_out, ("rows in the file", f"{reading.rows:,}")]
    faults = ((fault, f"{count:,}", _some(_rows_of(reading, fault))) for fault, count in reading.faults.items())
    unmapped = ((f"{u.item} {u.label}".strip(), u.reason, f"{u.rows:,}") for u in reading.unmapped)
    identity = (
        "rows that keep amount = rate × duration (× weight)",
        f"{reading.identity_held:,} of {reading.identity_checked:,}",
        _some([f"row {row}" for row in reading.identity_failures]) or NONE,
    )
    tables = [
        make_table("What was read and left out", ("class", "rows"), rows, numbers=[1]),
        make_table("A check of the file itself", ("check", "result", "rows that do not"), [identity], numbers=[1]),
        make_table("Faults in the file", ("fault", "rows", "where"), faults, numbers=[1]),
        make_table("Items without a drug", ("item", "why", "rows"), unmapped, numbers=[2]),
    ]
    return [table for table in tables if table.rows]


def _rows_of(reading: InfusionReading, fault: str) -> list[str]:
    return [f"row {p.row}" for p in reading.problems if f"{p.column}: {p.found}" == fault]


QUANTILES = (
    ("least", Fraction(0)),
    ("5 in 100 at or below", Fraction(5, 100)),
    ("median", Fraction(1, 2)),
    ("95 in 100 at or below", Fraction(95, 100)),
    ("most", Fraction(1)),
)


def doses_table(used: DosesUsed) -> Table:
    """Return the numbers behind one number line: the limits, and the doses used."""
    unit = used.limits.unit.text
    bounds = zip(Limit, used.limits.bounds, strict=True)
    rows = [(limit_words(limit), show_number(bound), unit) for limit, bound in bounds if bound is not None]
    for words, name in (("usual, from", "usual_min"), ("usual, to", "usual_max"), ("initial value", "initial")):
        value: Fraction | None = getattr(used.limits, name)
        if value is not None:
            rows.append((words, show_number(value), unit))
    rows += [
        (f"{used.parameter.value} used, {words}", show_dose(used.quantile(share)), unit) for words, share in QUANTILES
    ]
    return make_table("The numbers", ("value", "number", "unit"), rows, numbers=[1])


def comparison_table(changes: Iterable[ChangedOutcome]) -> Table:
    """Return how a second library changes the outcomes: by change and drug, with the rows."""
    groups: dict[tuple[str, str, Result, Result], list[str]] = {}
    for one in changes:
        key = (one.change.value, one.drug, one.before.result, one.after.result)
        groups.setdefault(key, []).append(f"row {one.row}")
    ordered = sorted(groups.items(), key=lambda kv: (kv[0][0], -len(kv[1]), kv[0][1]))
    rows = (
        (change, drug, f"{before.value} to {after.value}", f"{len(places):,}", _some(places))
        for (change, drug, before, after), places in ordered
    )
    header = ("change", "drug", "from and to", "infusions", "which")
    return make_table("What the second library changes", header, rows, numbers=[3])
