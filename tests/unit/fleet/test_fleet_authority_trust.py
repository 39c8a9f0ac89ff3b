"""Who may sign what: exchanged by custodians, and never so that one person could act for two."""

import shutil
from dataclasses import replace
from datetime import timedelta

import pytest
from tuf.api.exceptions import BadVersionNumberError
from tuf.api.metadata import TargetFile

from openinfusion.core.errors import OperatorError, SenderError
from openinfusion.fleet.authority import trees
from openinfusion.fleet.authority.ceremony import propose_trust
from openinfusion.fleet.authority.online import Seen
from openinfusion.fleet.authority.proposals import sign
from openinfusion.fleet.authority.releasing import propose_renewal
from openinfusion.fleet.authority.trust import CUSTODIAN, Signers, read_trust, with_key, without_key
from openinfusion.fleet.release import role_name
from tests.fleet_desk import HOSPITAL, PROFILE, Desk, new_signer, public, small_library
from tests.unit.fleet.tuf_client import take

WRITE = "openinfusion.fleet.authority.trees.write_durably"
PHARMACY = role_name("pharmacy", hospital=HOSPITAL, profile=PROFILE)
SAFETY = role_name("safety", hospital=HOSPITAL, profile=PROFILE)


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path / "authority")


def test_a_root_that_too_few_custodians_signed_is_refused(desk):
    trust = with_key(desk.trust, CUSTODIAN, new_signer("custodian 6").public_key)
    with pytest.raises(OperatorError, match="1 of custodians"):
        desk.change_trust(trust, signed_by=desk.custodians[:2])
    assert desk.authority.releases.root().signed.version == 1


def test_custodians_are_exchanged_by_those_before_and_those_after(desk, tmp_path):
    desk.release(small_library("1.0.0"))
    desk.assign("bench", 1)
    assert take(desk, tmp_path / "pump")
    new = [new_signer(f"new custodian {n}") for n in range(3)]
    trust = replace(desk.trust, custodians=Signers(keys=public(new), threshold=2))
    with pytest.raises(OperatorError, match="custodians"):
        desk.change_trust(trust, signed_by=new)
    desk.change_trust(trust, signed_by=[*desk.custodians[:3], *new[:2]])
    assert take(desk, tmp_path / "pump") == (1, desk.library(1))
    with pytest.raises(OperatorError, match="custodians"):
        desk.change_trust(trust, signed_by=desk.custodians)


def test_a_pharmacist_who_leaves_signs_nothing_more_and_what_she_signed_is_signed_again(desk, tmp_path):
    desk.release(small_library("1.0.0"))
    desk.assign("bench", 1)
    assert take(desk, tmp_path / "pump")
    trust = without_key(read_trust(desk.authority), PHARMACY, "pharmacist 1")
    proposal = propose_trust(desk.authority, trust, at=desk.at, words=["pharmacist 1 leaves"])
    for signer in desk.custodians[:3]:
        sign(proposal, signer)
    with pytest.raises(OperatorError, match=r"1 of pharmacist for st-elsewhere, adult \(pharmacist 2\)"):
        desk.publish(proposal)
    sign(proposal, desk.pharmacists[1])
    desk.publish(proposal)
    assert take(desk, tmp_path / "pump") == (1, desk.library(1))
    with pytest.raises(OperatorError, match="may not sign"):
        sign(desk.propose(small_library("1.1.0")), desk.pharmacists[0])


@pytest.mark.hazard("IT-04")
def test_a_stolen_online_key_is_exchanged_and_pumps_that_it_ran_ahead_come_back(desk, tmp_path):
    desk.release(small_library("1.0.0"))
    desk.assign("bench", 1)
    stolen = desk.online
    thief = tmp_path / "thief"
    shutil.copytree(desk.authority.folder, thief)
    ahead = Desk.__new__(Desk)
    vars(ahead).update(vars(desk), authority=trees.Authority(thief), seen=Seen(releases=10**6, director=10**6))
    ahead.refresh()
    assert take(desk, tmp_path / "pump", source=thief)
    with pytest.raises(BadVersionNumberError):
        take(desk, tmp_path / "pump")
    desk.online = new_signer("new server")
    desk.change_trust(replace(desk.trust, online=desk.online.public_key))
    assert take(desk, tmp_path / "pump") == (1, desk.library(1))
    desk.online = stolen
    with pytest.raises(OperatorError, match="online key"):
        desk.refresh()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda d: with_key(d.trust, PHARMACY, d.pharmacists[0].public_key), "two keys of pharmacist 1"),
        (lambda d: with_key(d.trust, PHARMACY, d.safety_officers[0].public_key), "safety officer 1 for pharmacy and"),
        (lambda d: with_key(d.trust, SAFETY, new_signer("pharmacist 1").public_key), "pharmacist 1 for pharmacy and"),
        (lambda d: with_key(d.trust, SAFETY, d.online.public_key), "also signs offline"),
        (lambda d: without_key(d.trust, SAFETY, "nobody"), "safety officer 1, safety officer 2"),
        (lambda d: replace(d.trust, custodians=Signers(keys=public(d.custodians), threshold=6)), "threshold of 6"),
        (lambda d: replace(d.trust, custodians=replace(d.trust.custodians, threshold=1), is_trial=False), "2 or more"),
        (lambda d: with_key(d.trust, "pharmacy-St Elsewhere--adult", d.online.public_key), "lower-case letters"),
    ],
)
def test_a_trust_in_which_one_person_could_act_for_two_cannot_be_made(desk, change, complaint):
    with pytest.raises((OperatorError, SenderError), match=complaint):
        change(desk)


def test_a_ceremony_that_would_slip_a_release_in_is_refused(desk):
    desk.release(small_library("1.0.0"))
    slipped = desk.propose(small_library("6.6.6"))
    trust = without_key(read_trust(desk.authority), PHARMACY, "pharmacist 1")
    proposal = propose_trust(desk.authority, trust, at=desk.at, words=["pharmacist 1 leaves"])
    (slipped.folder / "releases" / f"{PHARMACY}.json").rename(proposal.folder / "releases" / f"{PHARMACY}.json")
    for signer in (*desk.custodians[:3], desk.pharmacists[1]):
        sign(proposal, signer)
    with pytest.raises((OperatorError, SenderError), match=r"(other|different) releases"):
        desk.publish(proposal)


def more_custodians(root):
    extra = new_signer("nobody's custodian").public_key
    root.add_key(extra, "root")


def no_thresholds(root):
    root.roles["root"].threshold = 1


@pytest.mark.parametrize("file", ["releases/root.json", "director/root.json"])
@pytest.mark.parametrize("change", [more_custodians, no_thresholds])
@pytest.mark.hazard("IT-04")
def test_a_root_that_says_otherwise_than_the_other_is_not_signed(desk, file, change):
    proposal = propose_trust(desk.authority, desk.trust, at=desk.at, words=["for another two years"])
    metadata = proposal.files()[file]
    change(metadata.signed)
    (proposal.folder / file).write_bytes(metadata.to_bytes())
    with pytest.raises(SenderError, match="the same in the roots of both"):
        sign(proposal, desk.custodians[0])


def wider_paths(targets):
    targets.delegations.roles[PHARMACY].paths = ["*/*/*/*"]


def a_target_of_its_own(targets):
    targets.targets["pharmacy/st-elsewhere/adult/9.json"] = TargetFile(1, {"sha256": "0" * 64}, "9.json")


@pytest.mark.parametrize("change", [wider_paths, a_target_of_its_own])
@pytest.mark.hazard("IT-04")
def test_custodians_sign_who_may_sign_and_nothing_beside(desk, change):
    proposal = propose_trust(desk.authority, desk.trust, at=desk.at, words=["for another two years"])
    metadata = proposal.files()["releases/targets.json"]
    change(metadata.signed)
    (proposal.folder / "releases" / "targets.json").write_bytes(metadata.to_bytes())
    with pytest.raises(SenderError, match="more than who may sign what"):
        sign(proposal, desk.custodians[0])


def test_a_file_that_does_not_belong_is_refused(desk):
    proposal = propose_trust(desk.authority, desk.trust, at=desk.at, words=["for another two years"])
    (proposal.folder / "director" / "targets.json").write_bytes(desk.authority.director.in_force("targets").to_bytes())
    with pytest.raises(SenderError, match=r"director/targets\.json"):
        sign(proposal, desk.custodians[0])


def test_a_ceremony_after_which_a_release_would_fall_with_its_signer_is_refused(desk):
    desk.release(small_library("1.0.0"))
    trust = without_key(read_trust(desk.authority), PHARMACY, "pharmacist 1")
    proposal = propose_trust(desk.authority, trust, at=desk.at, words=["pharmacist 1 leaves"])
    (proposal.folder / "releases" / f"{PHARMACY}.json").unlink()
    for signer in desk.custodians[:3]:
        sign(proposal, signer)
    with pytest.raises(OperatorError, match="whose signers are gone"):
        desk.publish(proposal)
    assert desk.authority.releases.root().signed.version == 1


def test_a_release_is_signed_again_for_another_400_days(desk):
    desk.release(small_library("1.0.0"))
    before = desk.authority.releases.in_force(PHARMACY).signed
    desk.later(days=300)
    desk.refresh(is_clock_right=True)
    proposal = propose_renewal(desk.authority, hospital=HOSPITAL, profile=PROFILE, at=desk.at)
    sign(proposal, desk.pharmacists[1])
    sign(proposal, desk.safety_officers[1])
    desk.publish(proposal)
    after = desk.authority.releases.in_force(PHARMACY).signed
    assert after.targets == before.targets
    assert after.expires - before.expires == timedelta(days=300)
