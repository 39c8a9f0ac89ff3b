"""The rows of a printed sheet: every entry of one care area, with what the pump does to a dose."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from openinfusion.core.limits import Limits
from openinfusion.core.numbers import show_number
from openinfusion.web.library.find import entries_like
from openinfusion.web.library.models import Version
from openinfusion.web.library.names import entry_of, names_of
from openinfusion.web.library.rows import group_words, main_limits, shown_name, strength


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One entry on paper; every text says its unit."""

    name: str
    therapy: str
    is_high_alert: bool
    strength: str
    usual: str
    confirms: Sequence[str]
    refuses: Sequence[str]
    beside: Sequence[str]


def sheet_rows(version: Version, area: str) -> tuple[SheetRow, ...]:
    """Return the entries of a care area in the order of their names; the sheets asked for last stay at hand."""
    return _read(sha256=version.sha256, library=version.library_id, number=version.number, area=area)


@lru_cache(maxsize=32)
def _read(*, sha256: str, library: int, number: int, area: str) -> tuple[SheetRow, ...]:
    version = Version(library_id=library, number=number, sha256=sha256)
    names = names_of(version)
    rows = []
    for span in entries_like(version, "", care_area=area):
        entry = entry_of(span)
        drug, main = names.drug_of(entry), main_limits(entry)
        rows.append(
            SheetRow(
                name=shown_name(drug),
                therapy=entry.therapy or "",
                is_high_alert=drug.high_alert,
                strength=strength(entry),
                usual=_usual(main),
                confirms=_outside(main, "soft_min", "soft_max"),
                refuses=_outside(main, "hard_min", "hard_max"),
                beside=list(_beside(entry.all_limits(), main)),
            )
        )
    return tuple(rows)


def _outside(limits: Limits | None, low: str, high: str) -> list[str]:
    """Return two limits in words, those that are set: "below 1 mg/h", "above 5 mg/h"."""
    if limits is None:
        return []
    values = (("below", limits.quantity(low)), ("above", limits.quantity(high)))
    return [f"{word} {value}" for word, value in values if value is not None]


def _usual(limits: Limits | None) -> str:
    """Return the range that practice uses: "1 to 5 mg/h"."""
    if limits is None:
        return ""
    ends = dict.fromkeys(show_number(end) for end in (limits.usual_min, limits.usual_max) if end is not None)
    return f"{' to '.join(ends)} {limits.unit.text}" if ends else ""


def _beside(every: Iterable[tuple[str, Limits]], main: Limits | None) -> Iterable[str]:
    """Yield the other limits in one line each: "Bolus dose: asks above 50, refuses above 100 micrograms"."""
    for path, limits in every:
        if limits is main:
            continue
        said = [
            f"{verb} {words}"
            for verb, low, high in (("asks", "soft_min", "soft_max"), ("refuses", "hard_min", "hard_max"))
            if (words := ", ".join(_outside(limits, low, high)))
        ]
        if said:
            yield f"{group_words(path)}: {'; '.join(said)}"
