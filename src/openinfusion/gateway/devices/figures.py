"""What the device API counts, told in the text format of Prometheus (0.0.4)."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from openinfusion.gateway.metrics import family, histogram

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)


def _empty() -> list[int]:
    return [0] * (len(BOUNDS) + 1)


@dataclass(slots=True)
class Timed:
    """How long something took, each time."""

    counts: list[int] = field(default_factory=_empty)
    seconds: float = 0.0

    def saw(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds


@dataclass(slots=True)
class Figures:
    """
    The counts of one process.

    Attributes:
        requests: answered, by status.
        reports: of pumps, by what came of them: proof, none, refused.
        findings: by code.
        events: by what became of them: kept, known, other.
        claims: what update clients said, by execution and result.
        answers: how long requests took, files and certificates not counted.
        commits: how long transactions took.

    """

    requests: Counter[str] = field(default_factory=Counter)
    reports: Counter[str] = field(default_factory=Counter)
    findings: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    claims: Counter[str] = field(default_factory=Counter)
    answers: Timed = field(default_factory=Timed)
    commits: Timed = field(default_factory=Timed)

    def text(self, gauges: Mapping[str, tuple[str, float]]) -> str:
        """Return all figures; gauges are name, help and value of what the process is like now."""
        counters = (
            ("requests", "status", "Requests answered.", self.requests),
            ("reports", "outcome", "Reports of pumps: proof, none, refused.", self.reports),
            ("findings", "code", "What a person should look at.", self.findings),
            ("claims", "said", "What update clients said; no proof.", self.claims),
            ("events", "fate", "Events of pumps: kept, known, other.", self.events),
        )
        lines: list[str] = []
        for name, label, words, counts in counters:
            lines += family(f"openinfusion_devices_{name}_total", "counter", words, label=label, values=counts)
        for name, (words, value) in gauges.items():
            lines += family(f"openinfusion_devices_{name}", "gauge", words, label="", values={"": value})
        times = (
            ("answer", "How long requests took.", self.answers),
            ("commit", "How long it took to store.", self.commits),
        )
        for name, words, timed in times:
            told = f"openinfusion_devices_{name}_seconds"
            lines += histogram(told, words, BOUNDS, counts=timed.counts, seconds=timed.seconds)
        return "\n".join(lines) + "\n"
