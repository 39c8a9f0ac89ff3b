"""The work list as one page to print: what to look at first, then each ward with its pumps."""

from datetime import datetime
from pathlib import Path

from openinfusion.adapters.documents import write_bytes
from openinfusion.adapters.report.pages import render
from openinfusion.fleet.proof.states import State
from openinfusion.fleet.proof.work import NO_WARD, WorkList, show_age


def write_page(path: Path, work: WorkList, *, is_trial: bool) -> None:
    """Write the page; raises FileAccessError if the folder is absent or may not be written."""
    write_bytes(path, page(work, is_trial=is_trial).encode())


def page(work: WorkList, *, is_trial: bool) -> str:
    """Return the page as HTML."""

    def age(since: datetime) -> str:
        return show_age(work.at - since)

    return render(
        "work.html.jinja",
        work=work,
        wards=list(work.wards()),
        when=f"{work.at:%d-%b-%Y %H:%M} UTC",
        states=[(str(state), work.states[state]) for state in State if work.states[state]],
        age=age,
        no_ward=NO_WARD,
        is_trial=is_trial,
    )
