"""What expires is said in time, with who does what about it; 400 days without anybody keep the timestamps fresh."""

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from openinfusion.fleet.authority.health import Urgency, expiries, faults
from openinfusion.fleet.authority.online import Seen
from tests.fleet_desk import HOSPITAL, PROFILE, Desk, small_library


@pytest.fixture
def desk(tmp_path):
    # In memory where there is such a place: 400 days write 2,000 files, each of them onto the disk before the next.
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own in it
    with TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as folder:
        yield small_desk(Path(folder))


def small_desk(folder):
    made = Desk(folder / "authority")
    made.release(small_library("1.0.0"))
    made.assign("bench", 1)
    return made


def told(desk, what):
    return next(one for one in expiries(desk.authority, at=desk.at) if one.what == what)


@pytest.mark.hazard("IT-01")
def test_400_unattended_days_keep_the_timestamps_fresh_and_warn_of_the_rest(desk):
    """F22, on a virtual clock: each day one refresh, and no person."""
    changes: dict[tuple[str, Urgency], int] = {}
    for day in range(1, 401):
        desk.later(days=1)
        for tree in (desk.authority.releases, desk.authority.director):
            assert tree.timestamp().signed.expires > desk.at
            assert tree.snapshot().signed.expires > desk.at
        desk.refresh()
        for one in expiries(desk.authority, at=desk.at) if day % 5 == 0 else ():
            changes.setdefault((one.what, one.urgency), day)
    assert not [key for key in changes if "timestamp" in key[0] and key[1] is not Urgency.WELL]
    listed = f"releases, pharmacy-{HOSPITAL}--{PROFILE}"
    assert [changes[listed, urgency] for urgency in list(Urgency)[1:]] == [200, 300, 360]
    assert changes["releases, root", Urgency.NOTICE] == changes["director, root", Urgency.NOTICE] == 365


@pytest.mark.parametrize(
    ("days", "urgency"),
    [(364, Urgency.WELL), (366, Urgency.NOTICE), (548, Urgency.WARNING), (658, Urgency.RED), (731, Urgency.RED)],
)
def test_root_is_warned_of_at_half_a_quarter_and_a_tenth_of_its_life(desk, days, urgency):
    desk.later(days=days)
    found = told(desk, "releases, root")
    assert found.urgency is urgency
    assert "3 custodians" in found.do
    assert found.by == min(found.expires, max(found.expires - timedelta(days=73), desk.at))


def test_a_refresh_that_failed_for_four_days_is_red_while_pumps_still_take_updates(desk):
    desk.later(days=3)
    assert told(desk, "director, timestamp").urgency is Urgency.WELL
    desk.later(days=1)
    found = told(desk, "director, timestamp")
    assert found.urgency is Urgency.RED
    assert found.expires > desk.at
    assert "fleet refresh" in found.do


def test_files_behind_what_pumps_know_are_a_fault_that_says_what_to_do(desk):
    assert not faults(desk.authority, Seen(releases=1, director=1))
    ahead = Seen(releases=90, director=80, numbers={(HOSPITAL, PROFILE): 7})
    assert [fault.do.partition(",")[0] for fault in faults(desk.authority, ahead)] == [
        "'openinfusion fleet refresh --seen-releases 90'",
        "'openinfusion fleet refresh --seen-director 80'",
        "bring the release back from a stick or a later backup",
    ]
