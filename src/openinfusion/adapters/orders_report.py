"""What became of the orders of a file, as words for people and as JSON for machines."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from openinfusion.adapters.documents import Json
from openinfusion.core.order_parts import Field
from openinfusion.core.order_reconciliation import Line, Reconciliation
from openinfusion.core.orders import OrderAnswer


@dataclass(frozen=True, slots=True)
class Group:
    """The orders of one outcome, for a report."""

    heading: str
    lines: tuple[Line, ...]


def groups_of(made: Reconciliation) -> Iterable[Group]:
    """Yield the orders under their headings, in the order of the headings."""
    for outcome in made.counts:
        yield Group(outcome.value, tuple(line for line in made.lines if line.outcome is outcome))


def answer_words(line: Line) -> str:
    """Return what an order would be answered, in one line."""
    answer = line.answer
    if answer is None:
        return "; ".join(line.notes)
    if answer.errors:
        return _in_words_of("; ".join(map(str, answer.errors)), line.filed.names)
    return "accepted" + (f"; the nurse confirms: {'; '.join(answer.for_bedside)}" if answer.for_bedside else "")


def _in_words_of(text: str, names: Mapping[Field, str]) -> str:
    """Return an answer in which each field is called as the file calls it."""
    for field, name in names.items():
        text = text.replace(field.value, name)
    return text


def reconciliation_to_json(made: Reconciliation) -> Json:
    """Return a reconciliation as JSON."""
    about = made.library.library
    return {
        "library": {"name": about.name, "version": about.version},
        "orders": len(made.lines),
        "all_matched": made.is_all_matched,
        "refused": made.refused,
        "counts": {outcome.value: count for outcome, count in made.counts.items()},
        "lines": [_line_to_json(line) for line in made.lines],
    }


def _line_to_json(line: Line) -> Json:
    answer = line.answer
    order = line.filed.order
    return {
        "place": line.filed.place,
        "order": order.id if order is not None else None,
        "medication": str(order.medication) if order is not None else None,
        "outcome": line.outcome.value,
        "care_area": line.care_area,
        "matches_in": list(line.matches_in),
        "notes": list(line.notes),
        "answer": _answer_to_json(answer, line.filed.names) if answer is not None else None,
    }


def _answer_to_json(answer: OrderAnswer, names: Mapping[Field, str]) -> Json:
    told = [(error.code, _in_words_of(error.text, names), _in_words_of(error.detail, names)) for error in answer.errors]
    return {
        "accepted": answer.is_accepted,
        "errors": [{"code": code, "text": text, "detail": detail} for code, text, detail in told],
        "entry": answer.entry.id if answer.entry is not None else None,
        "matched_by": answer.matched_by,
        "for_bedside": list(answer.for_bedside),
    }
