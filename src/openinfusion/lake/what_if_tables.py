"""The answer to a what-if question as a sentence, as tables of text, and as JSON for machines."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from openinfusion.adapters.report.tables import Table, entry_words, limit_words, make_table
from openinfusion.core.library import Library
from openinfusion.core.numbers import show_share
from openinfusion.core.replay import Change, Result
from openinfusion.core.replay_counts import Tally
from openinfusion.lake.calendar import long_day
from openinfusion.lake.replay import Group, Replayed
from openinfusion.lake.what_if import (
    FEWEST,
    LimitUse,
    Suggestion,
    changes_by,
    reasons,
    tallies,
)
from openinfusion.lake.what_if_answer import WhatIf

Row = tuple[str, ...]
Tables = tuple[Table, ...]
_CHANGES = {
    Change.GAINED: "gained",
    Change.LOST: "lost",
    Change.HARDER: "harder",
    Change.SOFTER: "softer",
    Change.OTHER_LIMIT: "other limit",
    Change.DECIDED: "now judged",
    Change.UNDECIDED: "no longer judged",
}


def whole(replayed: Replayed, library: int) -> Tally:
    """Return the counts of one library."""
    return next(iter(tallies(replayed, lambda _: "", library).values()), Tally(0, 0, 0, 0, 0, 0))


def headline(answer: WhatIf) -> str:
    """Return the answer in a few sentences, with its denominators."""
    counts = whole(answer.replayed, answer.draft)
    if not counts.checked:
        return f"Not one of {counts.infusions:,} programmes {_when(answer)} can be judged by the draft."
    parts = [
        f"{_when(answer, capital=True)} the draft would have alerted on {counts.alerted:,} of {counts.checked:,}",
        f"programmes that it can judge ({show_share(counts.alert_share)}): {counts.hard:,} refused,",
        f"{counts.soft:,} to be confirmed. {counts.infusions - counts.checked:,} more cannot be judged.",
    ]
    if answer.question.in_force is not None:
        before, total = whole(answer.replayed, 0), _changes(answer)
        parts.append(
            f"The library in force would have alerted on {before.alerted:,} of {before.checked:,}."
            f" The draft gains {total[Change.GAINED]:,} alerts and loses {total[Change.LOST]:,};"
            f" {total[Change.HARDER]:,} become harder and {total[Change.SOFTER]:,} softer."
        )
    parts.append(_catches_sentence(answer))
    return " ".join(parts)


def _catches_sentence(answer: WhatIf) -> str:
    caught, lost = answer.catches.replayed.programmes, sum(group.number for group in answer.catches.lost)
    if not caught:
        return "The log names no programme that an alert caught."
    return f"Of {caught:,} programmes that an alert caught, it would let {lost:,} pass without any alert."


def _when(answer: WhatIf, *, capital: bool = False) -> str:
    first, last = long_day(answer.span.start.date()), long_day(answer.span.last.date())
    return f"{'From' if capital else 'from'} {first} to {last}"


def _name(library: Library) -> str:
    return f"{library.library.name} {library.library.version}"


def _changes(answer: WhatIf) -> Counter[Change]:
    return changes_by(answer.replayed, lambda _: "").get("", Counter())


@dataclass(frozen=True, slots=True)
class Section:
    """Tables that answer one question, with what the reader must know; those without a row are left out."""

    key: str
    heading: str
    intro: str
    tables: tuple[Table, ...]


def sections(answer: WhatIf) -> list[Section]:
    """Return the answer in the order in which it is read."""
    by_place = (by_table(answer, "Alerts by drug", "drug"), by_table(answer, "Alerts by care area", "care area"))
    made = (
        ("totals", "All programmes", _JUDGED, (totals_table(answer),)),
        ("changes", "What the draft changes", _CHANGED, change_tables(answer)),
        ("catches", "Catches", _CAUGHT, catch_tables(answer)),
        ("suggestions", "Suggestions", _SUGGESTED, (suggestions_table(answer),)),
        ("alerts", "Where the draft alerts", "", (*by_place, *organisation_tables(answer), firing_table(answer))),
        ("silent", "Limits that never fire", _SILENT, (silent_table(answer),)),
        ("unknown", "What could not be judged", _UNKNOWN, (reasons_table(answer), judged_table(answer))),
    )
    found = (Section(key, title, intro, tuple(t for t in tables if t.rows)) for key, title, intro, tables in made)
    return [section for section in found if section.tables]


_JUDGED = "An alert here is a programme with at least one limit crossed. The alert rate is of the programmes judged."
_CHANGED = (
    "Programmes that the two libraries treat differently, each counted once: an alert gained or lost, a soft one that"
    " becomes hard (harder) or a hard one soft (softer), one of the same severity on another limit, and programmes that"
    " only one of the two can judge."
)
_CAUGHT = (
    "A catch is an alert that was answered by programming anew or by cancelling, and not overridden. It is lost where"
    " the draft would let that first programme pass without any alert."
)
_SUGGESTED = (
    "Other places for soft maxima, with what they would have done to these programmes. Nothing is applied: people"
    " decide, and a limit that fires often may be right. Hard limits are never suggested."
)
_SILENT = "A limit that no programme reaches may be in the right place, or too wide to stop an error."
_UNKNOWN = "Counted, not guessed: no weight, drug, entry or strength is made up."


def all_tables(answer: WhatIf) -> list[Table]:
    """Return every table that has rows, in the order of the page."""
    return [table for section in sections(answer) for table in section.tables]


_TALLY = ("programmes", "judged", "with an alert", "alert rate", "soft", "hard", "ambiguous", "not judged")


def totals_table(answer: WhatIf) -> Table:
    """Return the results of each library."""
    roles = ("in force", "draft")[-len(answer.question.libraries) :]
    rows = (
        (f"{role}: {_name(library)}", *_cells(whole(answer.replayed, number)))
        for number, (role, library) in enumerate(zip(roles, answer.question.libraries, strict=True))
    )
    return make_table("All programmes", ("library", *_TALLY), rows, numbers=range(1, 9))


def _cells(counts: Tally) -> Row:
    figures = (counts.soft, counts.hard, counts.ambiguous, counts.not_checked)
    share = show_share(counts.alert_share)
    return (*map(_count, (counts.infusions, counts.checked, counts.alerted)), share, *map(_count, figures))


def _count(number: int) -> str:
    return f"{number:,}"


def change_tables(answer: WhatIf) -> Tables:
    """Return what the draft changes, by drug and by care area; none without a library in force."""
    if answer.question.in_force is None:
        return ()
    return _change_table(answer, "drug", _drug), _change_table(answer, "care area", _area)


def _change_table(answer: WhatIf, header: str, name: Callable[[Group], str]) -> Table:
    counts = changes_by(answer.replayed, name)
    rows = [(label, *(_count(changes[change]) for change in _CHANGES)) for label, changes in counts.items()]
    total = _changes(answer)
    all_of_it = [("all", *(_count(total[change]) for change in _CHANGES))] if rows else []
    return make_table(
        f"What changes, by {header}", (header, *_CHANGES.values()), [*all_of_it, *rows], numbers=range(1, 8)
    )


def _drug(group: Group) -> str:
    return group.drug


def _area(group: Group) -> str:
    return group.care_area


def catch_tables(answer: WhatIf) -> Tables:
    """Return what is known of catches, and which would be lost."""
    found = answer.catches
    results = found.replayed.results(answer.draft)
    unknown = results[Result.AMBIGUOUS] + results[Result.NOT_CHECKED]
    rows = [
        ("alerts answered by a new programme or by cancelling", _count(found.alerts)),
        ("of these, lead to no programme in the log: nobody can say", _count(found.unnamed)),
        ("programmes that an alert caught", _count(found.replayed.programmes)),
        ("the draft would alert as well", _count(results[Result.SOFT] + results[Result.HARD])),
        ("the draft would let pass without any alert: catches lost", _count(results[Result.NO_ALERT])),
        ("the draft cannot judge", _count(unknown)),
    ]
    return make_table("Catches", ("what", "number"), rows, numbers=[1]), _lost_table(answer)


def _lost_table(answer: WhatIf) -> Table:
    counts: Counter[tuple[str, str, str]] = Counter()
    for group in answer.catches.lost:
        counts[group.drug, group.care_area, _entry(answer, group.entry)] += group.number
    rows = ((*place, _count(number)) for place, number in counts.most_common())
    header = ("drug", "care area", "entry", "catches lost")
    return make_table("Catches lost", header, rows, numbers=[3])


def _entry(answer: WhatIf, entry: str | None) -> str:
    """Return what tells an entry from others of its drug and area, in the words of the library that has it."""
    if entry is None:
        return "not named"
    return entry_words(_library_with(answer, entry), entry)


def _library_with(answer: WhatIf, entry: str) -> Library:
    libraries = answer.question.libraries[::-1]
    return next((one for one in libraries if one.find_entry(entry) is not None), answer.question.draft)


def full_entry(answer: WhatIf, entry: str) -> str:
    """Return an entry as "drug, care area: therapy strength"."""
    library = _library_with(answer, entry)
    found = library.find_entry(entry)
    if found is None:
        return entry
    return f"{library.drug(found.drug).name}, {library.care_area(found.care_area).name}: {entry_words(library, entry)}"


def by_table(answer: WhatIf, title: str, header: str) -> Table:
    """Return the results of the draft by drug or care area, with the alerts of the library in force beside them."""
    name = _drug if header == "drug" else _area
    after = tallies(answer.replayed, name, answer.draft)
    if answer.question.in_force is None:
        rows = [(label, *_cells(counts)) for label, counts in after.items()]
        return make_table(title, (header, *_TALLY), rows, numbers=range(1, 9))
    before = tallies(answer.replayed, name, 0)
    rows = [(label, _count(before[label].alerted), *_cells(counts)) for label, counts in after.items()]
    return make_table(title, (header, "alerts in force", *_TALLY), rows, numbers=range(1, 10))


def organisation_tables(answer: WhatIf) -> Tables:
    """Return the results by organisation, where there are several."""
    if len(answer.organisations) == 1:
        return ()
    after = tallies(answer.replayed, lambda group: str(group.by[0]), answer.draft)
    rows = [(label, *_cells(counts)) for label, counts in after.items()]
    return (make_table("Alerts by organisation", ("organisation", *_TALLY), rows, numbers=range(1, 9)),)


_USE = ("entry", "mode", "limit", "held against it", "crossed", "share")


def firing_table(answer: WhatIf) -> Table:
    """Return the limits of the draft that fire most."""
    firing = sorted((use for use in answer.uses if use.crossed), key=lambda use: (-use.crossed, use.entry))
    rows = (
        (full_entry(answer, use.entry), use.mode, _limit(use), _count(use.tested), _count(use.crossed), _share(use))
        for use in firing
    )
    return make_table("Limits that fire most", _USE, rows, numbers=[3, 4, 5])


def silent_table(answer: WhatIf) -> Table:
    """Return the limits of the draft that many programmes were held against and none crossed."""
    silent = [use for use in answer.uses if not use.crossed and use.tested >= FEWEST]
    silent.sort(key=lambda use: (-use.tested, use.entry))
    rows = ((full_entry(answer, use.entry), use.mode, _limit(use), _count(use.tested)) for use in silent)
    title = f"Limits that never fire, of those that {FEWEST} programmes or more were held against"
    return make_table(title, _USE[:4], rows, numbers=[3])


def _limit(use: LimitUse) -> str:
    return f"{use.parameter.value}: {limit_words(use.limit)}"


def _share(use: LimitUse) -> str:
    return show_share(Fraction(use.crossed, use.tested))


def reasons_table(answer: WhatIf) -> Table:
    """Return why programmes were not judged, by each library."""
    draft = reasons(answer.replayed, answer.draft)
    if answer.question.in_force is None:
        rows: Iterable[Row] = ((reason, _count(number)) for reason, number in draft.items())
        return make_table("Not judged, and why", ("reason", "programmes"), rows, numbers=[1])
    before = reasons(answer.replayed, 0)
    both = dict.fromkeys((*draft, *before))
    rows = ((reason, _count(before[reason]), _count(draft[reason])) for reason in both)
    return make_table("Not judged, and why", ("reason", "in force", "draft"), rows, numbers=[1, 2])


def judged_table(answer: WhatIf) -> Table:
    """Return how the programmes were judged: all at once, or one by one."""
    singly = answer.replayed.one_by_one
    rows = [
        ("all at once, in whole numbers", _count(answer.replayed.programmes - singly)),
        ("one by one, as a single programme is", _count(singly)),
    ]
    return make_table("How they were judged", ("how", "programmes"), rows, numbers=[1])


def suggestions_table(answer: WhatIf) -> Table:
    """Return the suggestions with what each would have done."""
    header = ("entry", "limit", "now", "could be", "why", "attempts", "alerts now", "alerts then")
    rows = [_suggestion(answer, one) for one in answer.suggestions]
    return make_table("Suggestions: shown, never applied", header, rows, numbers=[5, 6, 7])


def _suggestion(answer: WhatIf, one: Suggestion) -> Row:
    return (
        f"{full_entry(answer, one.entry)} ({one.mode})",
        f"{one.parameter.value}: {limit_words(one.limit)}",
        str(one.now),
        str(one.then),
        one.reason,
        *map(_count, (one.attempts, one.alerts_now, one.alerts_then)),
    )


def to_json(answer: WhatIf) -> dict[str, Any]:
    """Return the counts for a machine, with their denominators."""
    question, replayed = answer.question, answer.replayed
    made: dict[str, Any] = {
        "draft": _name(question.draft),
        "in_force": _name(question.in_force) if question.in_force else None,
        "from": answer.span.start.isoformat(),
        "to": answer.span.last.isoformat(),
        "organisations": list(answer.organisations),
        "programmes": replayed.programmes,
        "one_by_one": replayed.one_by_one,
        "all": _json_tally(whole(replayed, answer.draft)),
        "by_drug": _json_tallies(answer, _drug),
        "by_care_area": _json_tallies(answer, _area),
        "not_judged": dict(reasons(replayed, answer.draft)),
        "catches": _json_catches(answer),
        "limits": [_json_use(use) for use in answer.uses],
        "suggestions": [_json_suggestion(one) for one in answer.suggestions],
    }
    if question.in_force is not None:
        made["all_in_force"] = _json_tally(whole(replayed, 0))
        made["not_judged_in_force"] = dict(reasons(replayed, 0))
        made["changes"] = _json_changes(_changes(answer))
        made["changes_by_drug"] = {k: _json_changes(v) for k, v in changes_by(replayed, _drug).items()}
        made["changes_by_care_area"] = {k: _json_changes(v) for k, v in changes_by(replayed, _area).items()}
    return made


def _json_tally(counts: Tally) -> dict[str, int]:
    return {
        "programmes": counts.infusions,
        "judged": counts.checked,
        "with_alert": counts.alerted,
        "soft": counts.soft,
        "hard": counts.hard,
        "ambiguous": counts.ambiguous,
        "not_judged": counts.not_checked,
    }


def _json_tallies(answer: WhatIf, name: Callable[[Group], str]) -> dict[str, dict[str, int]]:
    return {label: _json_tally(one) for label, one in tallies(answer.replayed, name, answer.draft).items()}


def _json_changes(counts: Counter[Change]) -> dict[str, int]:
    return {change.name.lower(): counts[change] for change in Change}


def _json_catches(answer: WhatIf) -> dict[str, Any]:
    found = answer.catches
    results = found.replayed.results(answer.draft)
    return {
        "alerts": found.alerts,
        "alerts_without_programme": found.unnamed,
        "programmes": found.replayed.programmes,
        "lost": results[Result.NO_ALERT],
        "not_judged": results[Result.AMBIGUOUS] + results[Result.NOT_CHECKED],
    }


def _json_use(use: LimitUse) -> dict[str, Any]:
    place = {"entry": use.entry, "mode": use.mode, "parameter": use.parameter.value, "limit": use.limit.value}
    return {**place, "tested": use.tested, "crossed": use.crossed}


def _json_suggestion(one: Suggestion) -> dict[str, Any]:
    place = {"entry": one.entry, "mode": one.mode, "parameter": one.parameter.value, "limit": one.limit.value}
    counts = {"attempts": one.attempts, "alerts_now": one.alerts_now, "alerts_then": one.alerts_then}
    return {**place, "now": str(one.now), "then": str(one.then), "reason": one.reason, **counts}
