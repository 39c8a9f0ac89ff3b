"""A difference between two libraries as text, as JSON and as one HTML page that needs nothing else."""

import json

from openinfusion.adapters.documents import to_json
from openinfusion.adapters.report.pages import render
from openinfusion.core.difference import ChangeKind, Difference
from openinfusion.core.wording import counted


def difference_text(found: Difference) -> str:
    """Return a difference as plain text: the versions, the counts, then one line for each change."""
    head = f"{found.old_name} {found.old_version} -> {found.new_name} {found.new_version}"
    counts = [f"{count:>5}  {kind.value}" for kind, count in found.count().items()]
    lines = [f"{'!' if change.is_loosening else ' '} {change}" for change in found.changes]
    key = ["", "! may let more through, or changes what a number means", ""]
    unchanged = (
        f"{counted(len(found.changes), 'change')}; {counted(found.entries_unchanged, 'entry', 'entries')} unchanged"
    )
    return "\n".join([head, unchanged, *counts, *key, *lines]) + "\n"


def difference_json(found: Difference) -> str:
    """Return a difference as JSON."""
    counts = {kind.value: count for kind, count in found.count().items()}
    return json.dumps({**to_json(found), "counts": counts}, ensure_ascii=False, indent=2) + "\n"


def difference_html(found: Difference) -> str:
    """Return a difference as HTML: what may let more through first, then the rest, grouped by kind."""
    groups = [(kind, [change for change in found.changes if change.kind is kind]) for kind in ChangeKind]
    return render("difference.html.jinja", found=found, groups=[(kind, rows) for kind, rows in groups if rows])
