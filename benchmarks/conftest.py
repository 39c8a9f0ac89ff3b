"""Print, after the table of timings, each figure beside its peer from the same run: machines differ, ratios less so."""

from collections import defaultdict
from typing import Any

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print one line a group: what was measured, its peer, the ratio, and the aim."""
    session = getattr(terminalreporter.config, "_benchmarksession", None)
    groups: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for bench in getattr(session, "benchmarks", ()):
        groups[bench.group][bench.extra_info.get("role", "ours")] = bench
    for name, roles in sorted(groups.items(), key=str):
        ours, peer = roles.get("ours"), roles.get("peer")
        if ours is None:
            continue
        per = ours.extra_info.get("rows", 1)
        terminalreporter.write_line(f"{name}: {_seconds(ours.stats.median / per)}; {ours.extra_info.get('aim', '')}")
        if peer is not None:
            ratio = ours.stats.median / peer.stats.median
            peer_words = peer.extra_info.get("what", "peer")
            terminalreporter.write_line(f"    {peer_words}: {_seconds(peer.stats.median / per)}; ratio {ratio:.2f}")


def _seconds(value: float) -> str:
    return f"{value * 1e6:.1f} microseconds" if value < 1e-3 else f"{value * 1e3:.1f} ms"
