"""A lake that grows is counted beside; pages show one version until the next is whole."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from django.conf import settings

from openinfusion.lake import kept
from openinfusion.lake.compact import compact
from openinfusion.lake.ingest import Settings, ingest
from openinfusion.lake.month import Source
from openinfusion.lake.registers import Registers
from openinfusion.lake.store import Lake
from openinfusion.web import example
from openinfusion.web.accounts.models import Organisation
from openinfusion.web.insight import tasks, warming
from openinfusion.web.insight.picked import DIMENSIONS
from openinfusion.web.insight.standing import kept_in, lake_of_place, registers_of_place, standing_of
from openinfusion.web.insight.warming import pieces
from tests.month_log import TRUST, Log, march, write_log
from tests.web.insight_lake import MARCH, make_lake, name_lake, reading

VERSIONS = 2
AT = datetime(2026, 11, 29, 9, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path, monkeypatch, db) -> Path:
    """A place with a lake of its own, which a test may let grow; a look at it takes as long as it takes."""
    monkeypatch.setattr(tasks, "SLICE", 3_600.0)
    monkeypatch.setattr(warming, "DIMENSIONS", ("drug",))
    name_lake(monkeypatch, tmp_path / "place", make_lake(tmp_path))
    return tmp_path


def grow(folder: Path, ids: str = "c") -> None:
    """Take in one more infusion of March."""
    log = Log("P2", ids=ids)
    log.infusion(march(8), 1)
    file = write_log(folder / f"{ids}.jsonl", log.records)
    told = list(ingest(folder / "lake", [file], Settings(workers=0), acknowledge=_quietly))
    assert all(one.is_whole for one in told)


def _quietly(*_: object) -> None:
    """Say nothing."""


def test_everything_that_pages_ask_for_first_is_counted(folder):
    """After one look at the lake each piece is kept, and the version is shown."""
    assert tasks.count(AT)
    about = kept.newest(kept_in())
    assert about is not None
    shelf = standing_of(Organisation.objects.get(slug=example.TRUST), at=AT).source.shelf
    assert shelf is not None
    assert len(list(shelf.folder.rglob("*.parquet"))) > len({one.name for one in pieces(about, lake_of_place())})


def test_pages_ask_the_lake_nothing_once_it_is_counted(folder, signed_in, monkeypatch):
    """What is counted beforehand is what pages ask for, under the same names: they need no lake any more."""
    monkeypatch.setattr(warming, "DIMENSIONS", DIMENSIONS)
    assert tasks.count(AT)

    def unreachable(*_: object) -> None:
        raise AssertionError("the lake was opened")

    monkeypatch.setattr(Source, "tables", unreachable)
    read = reading(signed_in("mso"))
    for page in ("", "triage", "releases", "models"):
        read(page)
    for only in ("", "?drug=morphine", "?care_area=ward"):
        read(f"charts{only}")
        read(f"charts/override-rate{only}")


def test_a_lake_that_grew_is_shown_once_it_is_counted(folder, signed_in):
    """Until then the page shows what it showed, and says as of when; not more often than once an hour."""
    read = reading(signed_in("mso"))
    tasks.count(AT)
    assert "10 of 10 attempted" in read(f"?{MARCH}")
    grow(folder)
    tasks.count(AT + timedelta(minutes=10))
    assert "10 of 10 attempted" in read(f"?{MARCH}")
    tasks.count(AT + timedelta(minutes=70))
    assert "11 of 11 attempted" in read(f"?{MARCH}")


def test_a_lake_that_grows_with_every_slice_is_counted_to_its_end(folder, monkeypatch):
    """The version that was begun is gone on with; what later slices would have begun leaves nothing on the disk."""

    def some(about: kept.About, lake: Lake, *, is_time_up: Callable[[], bool]) -> bool:
        most = _files() + 25
        return warming.warm(about, lake, is_time_up=lambda: is_time_up() or _files() >= most)

    monkeypatch.setattr(tasks, "warm", some)
    begun = kept.look_at(lake_of_place(), registers_of_place(), at=AT)
    slices = 0
    while not tasks.count(AT + timedelta(minutes=slices)):
        slices += 1
        assert slices < 12
        assert len(_folders()) <= VERSIONS
        grow(folder, f"g{slices}")
    assert slices > 1
    shown = kept.newest(kept_in())
    assert shown is not None
    assert shown.fingerprint == begun.fingerprint
    assert kept.counting(kept_in()) is None


def _files() -> int:
    return len(list(kept_in().rglob("*.parquet")))


def _folders() -> list[Path]:
    return [one for one in kept_in().iterdir() if one.is_dir()]


def test_what_was_begun_and_is_gone_is_given_up(folder):
    """Files of an old version are deleted some day: the newest is counted instead, and nothing of the old one stays."""
    begun = kept.look_at(lake_of_place(), registers_of_place(), at=AT)
    kept.count_on(kept_in(), begun)
    grow(folder)
    kept.count_on(kept_in(), replace(begun, fingerprint="of another lake"))
    assert tasks.count(AT)
    shown = kept.newest(kept_in())
    assert shown is not None
    assert shown.fingerprint == kept.look_at(lake_of_place(), registers_of_place(), at=AT).fingerprint
    assert [one.name for one in _folders()] == [shown.fingerprint]


def test_a_shown_version_whose_files_are_gone_is_shown_no_more(folder, signed_in):
    """Once a lake is compacted and old files are deleted, pages tell the newest, and wait for no hour."""
    tasks.count(AT)
    grow(folder)
    compact(lake_of_place(), retention_hours=0)
    assert tasks.count(AT + timedelta(minutes=10))
    assert "11 of 11 attempted" in reading(signed_in("mso"))(f"?{MARCH}")


def test_another_register_is_another_answer(folder):
    """What pumps are in service changes figures, and so the version that they are kept for."""
    before = kept.look_at(lake_of_place(), registers_of_place(), at=AT)
    again = kept.look_at(lake_of_place(), registers_of_place(), at=AT + timedelta(days=1))
    assert before.fingerprint == again.fingerprint
    drugs = pl.DataFrame({"organisation": [TRUST], "drug": ["morphine"], "high_alert": [True]})
    changed = Registers(drugs=drugs)
    assert kept.look_at(lake_of_place(), changed, at=AT).fingerprint != before.fingerprint


def test_pages_are_told_by_the_registers_and_the_lake_of_now(folder, signed_in, monkeypatch):
    """Neither a register that was written anew nor another lake waits for the next count; nothing old is mixed in."""
    read, registers = reading(signed_in("mso")), folder / "registers"
    registers.mkdir()
    monkeypatch.setattr(settings, "PLACE", replace(settings.PLACE, registers=registers))
    asked = f"figures/log-coverage?{MARCH}"
    for pumps in (1, 3):
        rows = "".join(f"{TRUST},Q{n},2026-01-01\n" for n in range(pumps))
        (registers / "pumps.csv").write_text(f"organisation,pump,in_service_from\n{rows}")
        assert f">{pumps}</td>" in read(asked)
    alone = Log("P2", ids="c")
    alone.infusion(march(8), 1)
    told = ingest(
        folder / "other", [write_log(folder / "c.jsonl", alone.records)], Settings(workers=0), acknowledge=_quietly
    )
    assert all(one.is_whole for one in told)
    monkeypatch.setattr(settings, "PLACE", replace(settings.PLACE, lake=folder / "other"))
    assert "1 of 1 attempted" in read(f"?{MARCH}")


def test_other_code_is_another_answer(tmp_path, monkeypatch):
    """Every module and every table of the package counts, wherever it lies; nothing else does."""
    files = [
        tmp_path / name for name in ("lake/kept.py", "lake/month_catches.py", "core/plan.py", "adapters/units.csv")
    ]
    for file in files:
        file.parent.mkdir(exist_ok=True)
        file.write_text("1")
    monkeypatch.setattr(kept, "__file__", str(files[0]))
    seen = {kept._code.__wrapped__()}
    (tmp_path / "core/page.jinja").write_text("1")
    assert kept._code.__wrapped__() in seen
    for file in files:
        file.write_text("2")
        seen.add(kept._code.__wrapped__())
    assert len(seen) == 1 + len(files)


def test_a_file_that_could_not_be_written_leaves_nothing(tmp_path):
    """A full disk leaves no part of a file behind."""

    def full(part: Path) -> None:
        part.write_text("half")
        raise OSError("no space is left")

    with pytest.raises(OSError, match="no space"):
        kept.write_whole(tmp_path / "kept/a.json", full)
    assert list((tmp_path / "kept").iterdir()) == []


def test_old_versions_are_forgotten(folder):
    """The disk holds the version that is shown and one more, however often the lake grows."""
    for n in range(4):
        about = kept.look_at(lake_of_place(), registers_of_place(), at=AT)
        kept.show(kept_in(), replace(about, fingerprint=f"f{n}"))
    assert len(_folders()) == VERSIONS


def test_what_is_kept_and_damaged_is_made_again(folder, signed_in):
    """A file that says which version is shown may be lost, or be no file of ours."""
    (kept_in()).mkdir(parents=True)
    (kept_in() / kept.NEWEST).write_text("{broken")
    assert "10 of 10 attempted" in reading(signed_in("mso"))(f"?{MARCH}")


def test_a_place_without_a_lake_counts_nothing(db):
    """And nothing fails: the mails are looked after all the same."""
    assert settings.PLACE.lake is None
    tasks.look_after.call()


def test_a_fault_ends_one_look_and_not_the_looking(db, monkeypatch):
    """What nobody foresaw is told by the log of tasks; the lake is looked at again later."""

    def broken(_: datetime) -> int:
        raise ZeroDivisionError

    came_back: list[datetime] = []
    monkeypatch.setattr(tasks, "send_due", broken)
    monkeypatch.setattr(tasks, "come_back", came_back.append)
    with pytest.raises(ZeroDivisionError):
        tasks.look_after.call()
    assert len(came_back) == 1


def test_memory_is_bounded():
    """What one process holds of answers never passes the bound; the answer asked for last stays."""
    held = kept._Memory(10_000)
    for n in range(20):
        held.put(Path(f"{n}"), pl.DataFrame({"a": list(range(100))}))
    assert held.bytes <= 10_000
    assert held.get(Path("19")) is not None
    assert held.get(Path("0")) is None
