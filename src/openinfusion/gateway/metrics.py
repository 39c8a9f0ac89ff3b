"""What a gateway counts, told in the text format of Prometheus (0.0.4)."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

COMMIT_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
MOST_SENDERS = 500
OTHERS = "others"


@dataclass(slots=True)
class Metrics:
    """
    The counts of one process.

    Attributes:
        received: whole messages, by listener.
        fates: what became of those that were stored or known: kept, duplicate, conflict.
        answers: acknowledgements sent, by code.
        refused: messages refused, by reason.
        framing: faults of framing, by kind.
        connections: connections made and ended, by how.
        last: when the last message of each sender came; no more than ``MOST_SENDERS`` are told apart.

    """

    received: Counter[str] = field(default_factory=Counter)
    fates: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    framing: Counter[str] = field(default_factory=Counter)
    connections: Counter[str] = field(default_factory=Counter)
    last: dict[str, datetime] = field(default_factory=dict)
    commits: list[int] = field(default_factory=lambda: [0] * (len(COMMIT_BOUNDS) + 1))
    commit_seconds: float = 0.0

    def saw_commit(self, seconds: float) -> None:
        """Count a transaction."""
        self.commits[bisect_left(COMMIT_BOUNDS, seconds)] += 1
        self.commit_seconds += seconds

    def saw_message(self, sender: str, at: datetime) -> None:
        """Note when a sender was last heard of."""
        name = sender if sender in self.last or len(self.last) < MOST_SENDERS else OTHERS
        self.last[name] = at

    def text(self, gauges: Mapping[str, tuple[str, float]], *, at: datetime) -> str:
        """Return all figures; gauges are name, help and value of what the process is like now."""
        lines: list[str] = []
        for name, label, words, counts in self._counters():
            lines += family(f"openinfusion_gateway_{name}_total", "counter", words, label=label, values=counts)
        for name, (words, value) in gauges.items():
            lines += family(f"openinfusion_gateway_{name}", "gauge", words, label="", values={"": value})
        ages = {sender: (at - then).total_seconds() for sender, then in self.last.items()}
        lines += family(
            "openinfusion_gateway_last_message_age_seconds", "gauge", "By sender.", label="sender", values=ages
        )
        name, words = "openinfusion_gateway_commit_seconds", "How long it took to store what waited, durably."
        lines += histogram(name, words, COMMIT_BOUNDS, counts=self.commits, seconds=self.commit_seconds)
        return "\n".join(lines) + "\n"

    def _counters(self) -> Iterator[tuple[str, str, str, Counter[str]]]:
        yield "received", "listener", "Whole messages that came.", self.received
        yield "stored", "fate", "Messages kept now or before: kept, duplicate, conflict.", self.fates
        yield "acknowledged", "code", "Answers sent: CA stored, CE not now, CR refused.", self.answers
        yield "refused", "reason", "Messages refused.", self.refused
        yield "framing_faults", "kind", "Bytes outside frames, frames cut off or without their last CR.", self.framing
        yield "connections", "what", "Connections opened, refused and ended, by how.", self.connections


def histogram(
    name: str, words: str, bounds: Sequence[float], *, counts: Sequence[int], seconds: float
) -> Iterator[str]:
    """Yield the lines of a histogram: how many took no longer than each bound, in seconds, and longer than all."""
    yield f"# HELP {name} {words}"
    yield f"# TYPE {name} histogram"
    total = 0
    for bound, count in zip((*bounds, None), counts, strict=True):
        total += count
        yield f'{name}_bucket{{le="{bound or "+Inf"}"}} {total}'
    yield f"{name}_sum {seconds:.6f}"
    yield f"{name}_count {total}"


def family(name: str, kind: str, words: str, *, label: str, values: Mapping[str, float]) -> Iterator[str]:
    """Yield the lines of figures of one name, each with its value of the label."""
    yield f"# HELP {name} {words}"
    yield f"# TYPE {name} {kind}"
    for value, count in sorted(values.items()):
        yield f'{name}{{{label}="{_escaped(value)}"}} {count:.15g}' if label else f"{name} {count:.15g}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
