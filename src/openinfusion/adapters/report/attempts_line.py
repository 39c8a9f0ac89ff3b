"""The number line of what was attempted: every value counted, under the limits of a draft and of the one in force."""

from collections.abc import Iterable, Sequence
from fractions import Fraction

from openinfusion.adapters.report.charts import BINS, HEIGHT, ROOM, NumberLine, Spec, beside, layer, render
from openinfusion.adapters.report.tables import limit_words
from openinfusion.core.library import Limit, Limits
from openinfusion.core.numbers import show_number
from openinfusion.core.programme import Parameter
from openinfusion.core.replay_counts import DosesUsed

QUIET = "#4c6272"
_LOW = (Limit.HARD_MIN, Limit.SOFT_MIN)
_HARD = (Limit.HARD_MIN, Limit.HARD_MAX)
_TOPS = {True: -66, False: -50}


class AttemptsLine(NumberLine):
    """A number line of counted values; ``in_force`` are limits to draw beside those of the draft, in the same unit."""

    counted_as = "programmes"

    def __init__(self, values: Sequence[tuple[Fraction, int]], limits: Limits, in_force: Limits | None) -> None:
        """Draw so far that every value and every limit of both libraries has its place."""
        self.values = values
        self.in_force = in_force
        self.moved = list(_moved(limits, in_force)) if in_force is not None else []
        ends = [values[0][0], values[-1][0], *(bound for _, bound in self.moved if bound)]
        line = DosesUsed(
            drug="",
            care_area="",
            entries=(),
            parameter=Parameter.DOSE,
            limits=limits,
            doses=(min(ends), max(ends)),
            alerts=0,
            shared=0,
        )
        super().__init__(line)

    def counted(self) -> Iterable[tuple[Fraction, int]]:
        return self.values

    def layers(self) -> list[Spec]:
        """Return what is drawn: the limits in force that the draft moves stand behind, in grey."""
        marks = [mark for limit, bound in self.moved for mark in self.mark_in_force(limit, bound)]
        return [*marks, *super().layers()]

    def mark_in_force(self, limit: Limit, bound: Fraction) -> list[Spec]:
        """Return a grey dotted line and its words, above those of the draft."""
        if float(bound) < self.low:
            return []
        words = f"in force: {limit_words(limit)} {show_number(bound)}"
        data: list[dict[str, object]] = [{"at": float(bound), "label": words}]
        top = _TOPS[limit in _HARD]
        share = self.bin_of(bound) / BINS
        is_left = share > ROOM if limit in _LOW else share > 1 - 1.4 * ROOM
        text = {**self.at(top + 5), "text": {"field": "label", "type": "nominal"}}
        return [
            layer(data, "rule", self.at(top, HEIGHT), color=QUIET, strokeWidth=1.5, strokeDash=[2, 3]),
            layer(data, "text", text, color=QUIET, **beside(is_left=is_left)),
        ]


def _moved(limits: Limits, in_force: Limits) -> Iterable[tuple[Limit, Fraction]]:
    """Yield the limits in force that are not the draft's."""
    for limit, now, then in zip(Limit, in_force.bounds, limits.bounds, strict=True):
        if now is not None and now != then:
            yield limit, now


def draw(line: AttemptsLine, label: str) -> str:
    """Return the line as SVG."""
    return render(line.chart(), label)
