"""A place with a small lake of two organisations, one of which was counted by hand (tests/month_log.py)."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from django.conf import settings
from django.test import Client

from openinfusion.lake.ingest import Settings, ingest
from openinfusion.web import example
from tests.month_log import OTHER, TRUST, Log, counted_by_hand, march, write_log

MARCH = "month=2026-03"
STRANGER = "stranger"
"""The drug that only the other organisation ran."""


def make_lake(folder: Path) -> Path:
    """Return a lake in which the other organisation has forty infusions, each with an alert."""
    other = Log("P1", ids="b")
    for n in range(40):
        other.add("started", march(5, n), infusion=f"o{n}", with_library=True, drug=STRANGER, care_area="ward")
        other.alert(march(5, n), f"o{n}", "overridden")
    files = [
        write_log(folder / "a.jsonl", counted_by_hand()),
        write_log(folder / "b.jsonl", other.records, OTHER),
    ]
    told = list(ingest(folder / "lake", files, Settings(workers=0), acknowledge=lambda *_: None))
    assert all(summary.is_whole for summary in told), told
    return folder / "lake"


def name_lake(monkeypatch, folder: Path, lake: Path, name: str = TRUST) -> None:
    """Have the place name a lake, in which the example trust is called so; what is kept stays in the folder."""
    place = replace(settings.PLACE, folder=folder, lake=lake, lake_names={example.TRUST: name})
    monkeypatch.setattr(settings, "PLACE", place)


Read = Callable[..., str]


def reading(client: Client) -> Read:
    """Return a function that reads a page of figures: its words, one space between them."""

    def read(page: str = "", *, status: int = 200) -> str:
        answer = client.get(f"/{example.TRUST}/insight/{page}")
        assert answer.status_code == status, (answer.status_code, page)
        return " ".join(answer.content.decode().split())

    return read
