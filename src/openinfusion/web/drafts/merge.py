"""
Merging two persons' forms of one entry: field by field, base, theirs and mine.

Fields carry their units, so that a value that comes from one form means the same in the other, whatever the unit there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from openinfusion.web.drafts.entry_form import row_numbers
from openinfusion.web.drafts.fields import DECISION, SOURCE, words_of

Said = Mapping[str, str]
LISTS: Mapping[str, tuple[str, ...]] = {"sources": SOURCE, "decisions": DECISION}


@dataclass(frozen=True, slots=True)
class Row:
    """One field in which the two forms differ."""

    path: str
    base: str
    theirs: str
    mine: str

    @property
    def words(self) -> str:
        """What the field is called."""
        return words_of(self.path)

    @property
    def suggested(self) -> str:
        """Whose it is where only one of them changed it; empty where both did, and somebody must choose."""
        if self.base == self.theirs:
            return "mine"
        return "theirs" if self.base == self.mine else ""

    @property
    def answers(self) -> tuple[str, ...]:
        """What may be chosen: of lists, both together too."""
        return ("theirs", "mine", "both") if self.path in LISTS else ("theirs", "mine")


def rows_of(base: Said, theirs: Said, mine: Said) -> list[Row]:
    """Return the fields in which two forms differ."""
    sides = [_flat(side) for side in (base, theirs, mine)]
    paths = dict.fromkeys(path for side in sides for path in side)
    rows = (Row(path, *(side.get(path, "") for side in sides)) for path in paths)
    return [row for row in rows if row.theirs != row.mine]


def _flat(said: Said) -> dict[str, str]:
    """Return a form with each of its lists as one value."""
    plain = {key: value for key, value in said.items() if value and key.partition(".")[0] not in LISTS}
    lists = {name: "\n".join(" · ".join(row) for row in _rows(said, name)) for name in LISTS}
    return plain | {name: text for name, text in lists.items() if text}


def _rows(said: Said, name: str) -> Iterable[tuple[str, ...]]:
    for number in row_numbers(said, name):
        row = tuple(_cell(key, said.get(f"{name}.{number}.{key}", "")) for key in LISTS[name])
        if any(row[1:]):
            yield tuple(filter(None, row))


def _cell(key: str, value: str) -> str:
    return "invented for an example" if key == "invented_for_example" and value else value


def chosen_of(rows: Iterable[Row], answers: Said) -> dict[str, str]:
    """Return what was chosen for each field, where it is one of its answers."""
    said = ((row, answers.get(f"choice.{row.path}", "")) for row in rows)
    return {row.path: answer for row, answer in said if answer in row.answers}


def merged(mine: Said, theirs: Said, chosen: Mapping[str, str]) -> dict[str, str]:
    """Return the form that has each field from where it was chosen; where the two agree it is the same in both."""
    made = {key: value for key, value in mine.items() if key.partition(".")[0] not in LISTS}
    for path, answer in chosen.items():
        if path in LISTS or answer == "mine":
            continue
        made.pop(path, None)
        if path in theirs:
            made[path] = theirs[path]
    for name in LISTS:
        made |= _merged_list(name, mine, theirs, answer=chosen.get(name, "mine"))
    return made


def _merged_list(name: str, mine: Said, theirs: Said, *, answer: str) -> dict[str, str]:
    sides = {"mine": (mine,), "theirs": (theirs,), "both": (theirs, mine)}[answer]
    rows: dict[tuple[str, ...], None] = {}
    for side in sides:
        for number in row_numbers(side, name):
            rows[tuple(side.get(f"{name}.{number}.{key}", "") for key in LISTS[name])] = None
    return {
        f"{name}.{number}.{key}": value
        for number, row in enumerate(rows)
        for key, value in zip(LISTS[name], row, strict=True)
        if value
    }
