"""Expiry, clocks, disks that fail, sticks and backups: pumps see what was, or what comes next."""

import errno
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tuf.api.exceptions import BadVersionNumberError, DownloadError, ExpiredMetadataError
from tuf.api.metadata import Metadata

from openinfusion.adapters import durable
from openinfusion.core.errors import FileAccessError, OperatorError
from openinfusion.fleet.authority import trees
from openinfusion.fleet.authority.ceremony import propose_trust
from openinfusion.fleet.authority.online import Seen
from openinfusion.fleet.authority.proposals import all_proposals, sign
from openinfusion.fleet.authority.publishing import publish
from openinfusion.fleet.authority.stick import write_stick
from openinfusion.fleet.release import role_name
from tests.fleet_desk import HOSPITAL, PROFILE, Desk, new_signer, small_library
from tests.unit.fleet.tuf_client import client, take

WRITE = "openinfusion.fleet.authority.trees.write_durably"
PHARMACY = role_name("pharmacy", hospital=HOSPITAL, profile=PROFILE)
SAFETY = role_name("safety", hospital=HOSPITAL, profile=PROFILE)


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path / "authority")


def test_a_repository_that_nobody_refreshed_for_a_week_gives_nothing(tmp_path):
    desk = Desk(tmp_path / "authority", at=datetime.now(UTC) - timedelta(days=8))
    desk.release(small_library("1.0.0"))
    desk.assign("bench", 1)
    with pytest.raises(ExpiredMetadataError):
        take(desk, tmp_path)
    desk.later(days=8)
    desk.refresh()
    assert take(desk, tmp_path)


@pytest.mark.parametrize("days", [-2, 31, 300, 731])
@pytest.mark.hazard("IT-02")
def test_a_clock_that_is_far_off_signs_nothing(desk, days):
    """Pumps take the time of a timestamp for the earliest that it can be: one from 2030 would hold for good."""
    before = desk.authority.director.timestamp().to_bytes()
    right = desk.at
    desk.later(days=days)
    with pytest.raises(OperatorError, match="clock of this machine"):
        desk.refresh()
    assert desk.authority.director.timestamp().to_bytes() == before
    desk.at = right
    desk.refresh()


def test_a_server_that_stood_for_weeks_goes_on_once_a_person_says_that_its_clock_is_right(desk):
    desk.later(days=31)
    with pytest.raises(OperatorError, match="fleet refresh --clock-is-right"):
        desk.release(small_library("1.0.0"))
    desk.refresh(is_clock_right=True)
    desk.refresh()


@pytest.mark.parametrize(("days", "dated"), [(-300, timedelta(seconds=1)), (3, timedelta(days=3))])
@pytest.mark.hazard("IT-02")
def test_a_halt_and_a_recall_are_refused_for_no_clock(desk, tmp_path, days, dated):
    for version in ("1.0.0", "1.1.0"):
        desk.release(small_library(version))
    desk.assign("bench", 2)
    desk.assign("ward", 2)
    before = desk.at.replace(microsecond=0)
    desk.later(days=days)
    assert desk.halt("ward") == 2
    assert trees.issued(desk.authority.director.timestamp().signed) == before + dated
    assert [ring.name for ring in desk.recall(2).moved] == ["bench", "ward"]
    assert take(desk, tmp_path)[0] == 3


@pytest.mark.hazard("IT-02")
def test_a_halt_with_a_clock_far_ahead_does_not_take_pumps_along(desk):
    desk.release(small_library("1.0.0"))
    desk.assign("bench", 1)
    before = desk.at.replace(microsecond=0)
    desk.later(days=300)
    assert desk.halt("bench") == 1
    assert trees.issued(desk.authority.director.timestamp().signed) == before + timedelta(seconds=1)
    desk.at = before
    desk.refresh()


@pytest.mark.hazard("IT-02")
def test_a_ceremony_with_another_online_key_is_the_way_back_from_a_clock_that_was_ahead(desk):
    desk.later(days=300)
    desk.refresh(is_clock_right=True)
    desk.later(days=-300)
    with pytest.raises(OperatorError, match="a ceremony with another online key"):
        desk.refresh()
    with pytest.raises(OperatorError, match="a ceremony with another online key"):
        desk.change_trust(desk.trust)
    desk.online = new_signer("another server")
    desk.change_trust(replace(desk.trust, online=desk.online.public_key))
    assert trees.issued(desk.authority.director.timestamp().signed) == desk.at.replace(microsecond=0)
    desk.refresh()


def test_a_ceremony_goes_on_after_years(desk):
    desk.later(days=800)
    desk.change_trust(desk.trust)
    desk.refresh()


def test_a_timestamp_says_when_it_was_signed(desk):
    told = trees.issued(desk.authority.director.timestamp().signed)
    assert told == desk.at.replace(microsecond=0)


def signed_proposal(desk):
    proposal = desk.propose(small_library("1.1.0"))
    sign(proposal, desk.pharmacists[0])
    sign(proposal, desk.safety_officers[0])
    return proposal


def signed_trust(desk):
    proposal = propose_trust(desk.authority, desk.trust, at=desk.at, words=["again"])
    for signer in desk.custodians[:3]:
        sign(proposal, signer)
    return proposal


def is_refused(desk, days, *, online=None):
    """Whether a publication so many days from now, or with another key, is refused and changes not one byte."""
    for make in (signed_trust, signed_proposal):
        waiting = make(desk)
        before = bytes_of(desk.authority.folder)
        with pytest.raises(OperatorError):
            publish(desk.authority, waiting, online or desk.online, at=desk.at + timedelta(days=days))
        if bytes_of(desk.authority.folder) != before:
            return False
    return True


def bytes_of(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.hazard("CF-03")
@pytest.mark.hazard("IT-02")
def test_a_publication_that_is_refused_changes_not_one_byte(desk):
    """A new root that pumps fetch while everything else is still signed with the key before would stop them."""
    desk.release(small_library("1.0.0"))
    assert is_refused(desk, -2)
    assert is_refused(desk, 800)
    assert is_refused(desk, 0, online=new_signer("another server"))
    desk.publish(signed_trust(desk))
    desk.publish(signed_proposal(desk))


@pytest.mark.parametrize("what", ["release", "trust"])
@pytest.mark.hazard("IT-01")
def test_a_disk_that_fails_at_any_write_of_a_publication_leaves_what_was(desk, tmp_path, monkeypatch, what):
    """Each write in turn finds the disk full; pumps go on, and publishing again completes it."""
    desk.release(small_library("1.0.0"))
    desk.assign("bench", 1)
    signed_proposal(desk) if what == "release" else signed_trust(desk)
    write = durable.write_durably
    for number in range(1, 100):
        place = tmp_path / str(number)
        shutil.copytree(desk.authority.folder, place / "authority")
        ours = Desk.__new__(Desk)
        vars(ours).update(vars(desk), authority=trees.Authority(place / "authority"))
        (waiting,) = all_proposals(ours.authority)
        calls: list[Path] = []

        def fails(path, content, number=number, calls=calls):
            calls.append(path)
            if len(calls) == number:
                path.with_suffix(".tmp").write_bytes(content[: len(content) // 2])
                raise OSError(errno.ENOSPC, "No space left on device")
            write(path, content)

        monkeypatch.setattr(WRITE, fails)
        if not publishes(ours, waiting):
            monkeypatch.undo()
            assert take(ours, place / "pump") == (1, ours.library(1))
            written = versions_of(ours)
            ours.publish(waiting)
            assert written.items() <= versions_of(ours).items()
        monkeypatch.undo()
        assert take(ours, place / "pump") == (1, ours.library(1))
        assert what == "trust" or list(ours.listing()) == [1, 2, 3]
        if len(calls) < number:
            break
    assert number > 8


def versions_of(desk):
    """Every version that lies there, with its content: caches may hold it, so it must never change."""
    files = desk.authority.folder.glob("*/metadata/*.*.json")
    return {str(file): file.read_bytes() for file in files}


def publishes(desk, proposal):
    try:
        desk.publish(proposal)
    except FileAccessError:
        return False
    return True


@pytest.mark.hazard("IT-01")
def test_a_server_restored_from_yesterday_gives_no_version_twice(desk, tmp_path):
    desk.release(small_library("1.0.0"))
    desk.assign("bench", 1)
    backup = tmp_path / "backup"
    shutil.copytree(desk.authority.folder, backup)
    desk.later(hours=8)
    desk.refresh()
    desk.assign("bench", desk.release(small_library("1.1.0")))
    assert take(desk, tmp_path / "pump")[0] == 2
    known = [client(desk, tmp_path / "pump", name) for name in ("releases", "director")]
    for one in known:
        one.refresh()
    versions = [
        Metadata.from_file(str(tmp_path / "pump" / name / "metadata" / "timestamp.json")).signed.version
        for name in ("releases", "director")
    ]
    shutil.rmtree(desk.authority.folder)
    shutil.copytree(backup, desk.authority.folder)
    desk.refresh()
    with pytest.raises(BadVersionNumberError):
        take(desk, tmp_path / "pump")
    desk.seen = Seen(releases=versions[0], director=versions[1], numbers={(HOSPITAL, PROFILE): 2})
    desk.refresh()
    assert desk.authority.director.timestamp().signed.version == versions[1] + 1
    # The list of pharmacy itself is older than what the pump knows, until the next release passes it.
    assert desk.release(small_library("1.2.0")) == 4
    desk.assign("bench", 4)
    assert take(desk, tmp_path / "pump") == (4, desk.library(4))


def test_a_list_whose_version_was_published_before_a_restore_is_not_taken_for_that_one(desk, tmp_path):
    """The worst case: nobody says which release pumps hold, so the same version of the list is signed again."""
    desk.release(small_library("1.0.0"))
    desk.assign("bench", 1)
    backup = tmp_path / "backup"
    shutil.copytree(desk.authority.folder, backup)
    desk.assign("bench", desk.release(small_library("1.1.0")))
    lost = desk.authority.releases.in_force(PHARMACY).signed
    assert take(desk, tmp_path / "pump")[0] == 2
    shutil.rmtree(desk.authority.folder)
    shutil.copytree(backup, desk.authority.folder)
    desk.seen = Seen(releases=100, director=100)
    desk.assign("bench", desk.release(small_library("1.2.0")))
    again = desk.authority.releases.in_force(PHARMACY).signed
    assert (again.version, again.targets == lost.targets) == (lost.version, False)
    assert take(desk, tmp_path / "pump") == (2, desk.library(2))


def test_a_stick_lives_for_weeks_and_is_overtaken_by_the_server(tmp_path):
    desk = Desk(tmp_path / "authority", at=datetime.now(UTC) - timedelta(days=40))
    desk.release(small_library("1.0.0"))
    desk.assign("bench", 1)
    stick = tmp_path / "stick"
    written = write_stick(desk.authority, stick, desk.online, at=desk.at)
    assert written.expires == (desk.at + timedelta(days=45)).replace(microsecond=0)
    for name in ("releases", "director"):
        brought = Metadata.from_file(str(stick / name / "metadata" / "timestamp.json")).signed.version
        assert brought < trees.Tree(desk.authority.folder / name).versions("snapshot")[-1]
        assert not (desk.authority.folder / name / "metadata" / f"{brought}.snapshot.json").exists()
    assert take(desk, tmp_path / "pump", source=stick) == (1, desk.library(1))
    with pytest.raises(ExpiredMetadataError):
        take(desk, tmp_path / "other")
    desk.later(days=40)
    desk.refresh(is_clock_right=True)
    desk.assign("bench", desk.release(small_library("1.1.0")))
    assert take(desk, tmp_path / "pump")[0] == 2
    with pytest.raises(BadVersionNumberError):
        take(desk, tmp_path / "pump", source=stick)


def test_an_expired_stick_gives_nothing(tmp_path):
    desk = Desk(tmp_path / "authority", at=datetime.now(UTC) - timedelta(days=46))
    desk.release(small_library("1.0.0"))
    desk.assign("bench", 1)
    write_stick(desk.authority, tmp_path / "stick", desk.online, at=desk.at)
    with pytest.raises(ExpiredMetadataError):
        take(desk, tmp_path / "pump", source=tmp_path / "stick")


def test_a_stick_pulled_out_at_any_write_brings_nothing_wrong(desk, tmp_path, monkeypatch):
    desk.release(small_library("1.0.0"))
    desk.assign("bench", 1)
    write, stick, number = durable.write_durably, tmp_path, 0
    for number in range(1, 100):
        stick = tmp_path / f"stick {number}"
        written: list[Path] = []

        def pulled(path, content, number=number, stick=stick, written=written):
            if stick in path.parents:
                written.append(path)
                if len(written) == number:
                    raise OSError(errno.ENODEV, "No such device")
            write(path, content)

        monkeypatch.setattr(WRITE, pulled)
        try:
            write_stick(desk.authority, stick, desk.online, at=desk.at)
        except FileAccessError:
            monkeypatch.undo()
            with pytest.raises((DownloadError, FileNotFoundError)):
                take(desk, tmp_path / "pump", source=stick)
            continue
        monkeypatch.undo()
        break
    assert number > 8
    assert take(desk, tmp_path / "pump", source=stick) == (1, desk.library(1))
