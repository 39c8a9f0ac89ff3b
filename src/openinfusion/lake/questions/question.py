"""A named question: what it means in words, and the expression that answers it."""

from collections.abc import Callable
from dataclasses import dataclass

from openinfusion.core.errors import OperatorError
from openinfusion.lake.tables import Frame, Tables

PLACES = ("organisation", "ward", "care_area")
PUMPS = ("maker", "model", "software")
RUNNING = ("drug", "category", "library_version")
ANY = (*RUNNING, *PLACES, *PUMPS, "week")
Answering = Callable[[Tables, tuple[str, ...]], Frame]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """
    One question that a medication safety officer asks of the lake.

    Attributes:
        id: names it in commands and files.
        title: what a chart of it is called.
        definition: one or two sentences that define it.
        numerator: what is counted.
        denominator: out of what.
        unit: what the value is, such as "share" or "alerts per 100 infusions".
        source: where the definition comes from.
        coverage: what "covered" means here.
        unmapped: what "unmapped" means here.
        dimensions: what it can be parted by.
        keys: columns that always part its rows.
        also: columns of the answer besides the usual ones.
        needs: registers without which the answer is not known.
        by_release: whether it rests on when versions were released, which without a register the events of a time tell.
        answering: the expression; it runs nothing.

    """

    id: str
    title: str
    definition: str
    numerator: str
    denominator: str
    source: str
    answering: Answering
    unit: str = "share"
    coverage: str = "every record that the question is about is counted"
    unmapped: str = "of the denominator, what names no drug or no care area"
    dimensions: tuple[str, ...] = ANY
    keys: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    by_release: bool = False

    def ask(self, tables: Tables, by: tuple[str, ...] = ()) -> Frame:
        """Return the lazy answer: ``by``, the keys, then the columns that every answer has."""
        for name in by:
            if name not in self.dimensions or by.count(name) > 1:
                known = ", ".join(self.dimensions)
                raise OperatorError(where=f"--by of {self.id}", found=repr(name), expected=f"each once, of {known}")
        return self.answering(tables, by)
