"""The parts of the monthly report about pumps: the library that they run, their alarms, and what their logs lack."""

from collections.abc import Sequence
from fractions import Fraction

from openinfusion.adapters.report.month import Block, Section
from openinfusion.adapters.report.tables import NONE, make_table
from openinfusion.lake.answers import NOT_KNOWN, Row, definition, most_first, show_value, shown
from openinfusion.lake.month_parts import MOST_ROWS, Asked, place_block

NO_REGISTER = "Not known: no register of pumps was given (--register)."
THRESHOLDS = ("50 %", "80 %", "95 %")
RELEASES_SHOWN = 6


def libraries(asked: Asked) -> Section:
    """Return who ran on an outdated library, and how soon releases arrive."""
    missing = "No infusion of this month ran on a library whose release is known."
    area = place_block(asked, "outdated-infusions", heading="Outdated library by care area", missing=missing)
    return Section(key="library", heading="Is the library up to date?", blocks=[_updates(asked), area])


def _updates(asked: Asked) -> Block:
    """Return days until 50, 80 and 95 % of pumps had each of the last releases."""
    question = "update-times"
    found: dict[str, dict[str, Row]] = {}
    for row in asked.weekly.rows(question):
        found.setdefault(row["library_version"], {})[row["threshold"]] = row
    newest = [note.words for note in asked.weeks.notes if note.on < asked.month.stop.date()][::-1]
    kept = [version for version in newest if version in found][:RELEASES_SHOWN]
    cells = [(version, *_taken_up(found[version]), *_days(found[version])) for version in kept]
    header = ("release", "active pumps", "have it", "days to 50 %", "to 80 %", "to 95 %")
    since = "" if asked.has_releases else " Without a register of releases, days count from the first pump that had it."
    return Block(
        heading="How soon releases reach the pumps",
        says=f"A dash is a share that the pumps have not reached by the end of the month.{since}" if cells else "",
        table=make_table("How soon releases reach the pumps", header, cells, numbers=range(1, 6)),
        definition=definition(question, None),
        missing="No release of a library is known in these months.",
    )


def _taken_up(rows: dict[str, Row]) -> tuple[str, str]:
    row = next(iter(rows.values()))
    return f"{row['denominator']:,}", f"{row['numerator']:,}"


def _days(rows: dict[str, Row]) -> Sequence[str]:
    return [shown(rows.get(name), "update-times") for name in THRESHOLDS]


def alarms(asked: Asked) -> Section:
    """Return how often pumps call, about what, and for how long."""
    area = place_block(asked, "alarms-per-infusion", heading="Alarms by care area", missing="No infusion this month.")
    return Section(key="alarms", heading="Alarm burden", blocks=[_kinds(asked), area])


def _alarm(name: str | None) -> str:
    return "KVO" if name == "kvo" else (name or "not named").replace("_", " ")


def _kinds(asked: Asked) -> Block:
    question = "alarm-kinds"
    rows = most_first(asked.now.rows(question), by="alarm")
    cells = [(_alarm(row["alarm"]), f"{row['numerator']:,}", shown(row, question)) for row in rows[:MOST_ROWS]]
    long, part = asked.now.one("long-alarms"), asked.now.one("time-in-alarm")
    said = (
        f"{shown(long, 'long-alarms')} of the alarms took over 4 minutes to clear; alarms took"
        f" {shown(part, 'time-in-alarm')} of the time that infusions ran."
    )
    return Block(
        heading="Which alarms",
        says=said if rows else "",
        table=make_table("Which alarms", ("alarm", "times", "share"), cells, numbers=[1, 2]),
        definition=definition(question, rows[0] if rows else None, is_part=True),
        missing="No alarm is in the log of this month.",
    )


def completeness(asked: Asked) -> Section:
    """Return what the report rests on and what it does not know."""
    return Section(
        key="unknown",
        heading="What this report does not know",
        intro="Every figure above counts what is in the lake. This is what is not.",
        blocks=[_coverage(asked), _lost(asked), _unmapped(asked)],
    )


def _coverage(asked: Asked) -> Block:
    question = "log-coverage"
    row = asked.now.one(question)
    models = sorted(asked.now.rows(question, "model"), key=lambda r: str(r["model"] or ""))
    cells = [
        (r["model"] or "not named", _whole(r["numerator"]), _whole(r["denominator"]), shown(r, question))
        for r in (models if asked.has_pumps else ())
    ]
    heard = 0 if row is None else row["unmapped_of"] or 0
    said = f"{heard:,} pumps sent at least one record."
    if asked.has_pumps and row is not None:
        strangers = row["unmapped"] or 0
        silent = (row["denominator"] or 0) - (row["numerator"] or 0)
        said += f" {silent:,} in service sent none; {strangers:,} that sent some are not in the register."
    return Block(
        heading="Pumps that were heard",
        says=said,
        table=make_table("Pumps that were heard", ("model", "heard", "in service", "share"), cells, numbers=[1, 2, 3]),
        definition=definition(question, row),
        missing=NO_REGISTER if not asked.has_pumps else "No pump was in service.",
    )


def _whole(value: int | None) -> str:
    return NONE if value is None else f"{value:,}"


def _lost(asked: Asked) -> Block:
    question = "lost-records"
    rows = [row for row in asked.now.rows(question, "model") if row["numerator"]]
    cells = [(row["model"] or "not named", f"{row['numerator']:,}", shown(row, question)) for row in rows]
    row = asked.now.one(question)
    lost = 0 if row is None else row["numerator"]
    return Block(
        heading="Gaps in the logs",
        says=f"{lost:,} records are reported lost." if lost else "",
        table=make_table("Gaps in the logs", ("model", "records lost", "share"), sorted(cells), numbers=[1, 2]),
        definition=definition(question, row),
        missing="No gap was reported; what nobody reports as lost is not known.",
    )


_MAPPED = (
    ("basic-mode", "infusions started"),
    ("alert-outcomes", "alerts"),
    ("outdated-infusions", "library versions"),
)


def _unmapped(asked: Asked) -> Block:
    """Return what records do not name, for each question where it is much."""
    cells: list[tuple[str, ...]] = []
    for question, what in _MAPPED:
        row = next(iter(asked.now.rows(question)), None)
        if row is not None and row["unmapped_of"]:
            share = Fraction(row["unmapped"], row["unmapped_of"])
            cells.append((what, f"{row['unmapped']:,}", f"{row['unmapped_of']:,}", show_value(share, "share")))
    header = ("records of", "not mapped", "of", "share")
    return Block(
        heading="Records that name too little",
        table=make_table("Records that name too little", header, cells, numbers=[1, 2, 3]),
        missing=f"{NOT_KNOWN.capitalize()}: there is nothing to map.",
    )
