"""Releases that two sign, and the way back, on real repositories read by the reference client of TUF."""

import json
import shutil
from dataclasses import replace

import pytest
from tuf.api.exceptions import UnsignedMetadataError

from openinfusion.adapters.documents import canonical_bytes
from openinfusion.core.errors import OperatorError, SenderError
from openinfusion.fleet.authority import trees
from openinfusion.fleet.authority.listing import Listed, make_listing, read_listing
from openinfusion.fleet.authority.online import Signed, put_out
from openinfusion.fleet.authority.proposals import Proposal, all_proposals, sign
from openinfusion.fleet.authority.recalls import Recall, recalled_numbers
from openinfusion.fleet.authority.rings import assigned
from openinfusion.fleet.probes import make_probes
from openinfusion.fleet.release import role_name
from tests.fleet_desk import HOSPITAL, PROFILE, Desk, new_signer, small_library
from tests.unit.fleet.tuf_client import take

WRITE = "openinfusion.fleet.authority.trees.write_durably"
PHARMACY = role_name("pharmacy", hospital=HOSPITAL, profile=PROFILE)
SAFETY = role_name("safety", hospital=HOSPITAL, profile=PROFILE)


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path / "authority")


# --- Two signatures ---------------------------------------------------------------------------------------------------


def test_a_client_finds_what_its_ring_shall_run_listed_by_both(desk, tmp_path):
    desk.release(small_library("1.0.0"))
    desk.assign("bench", 1)
    assert take(desk, tmp_path) == (1, desk.library(1))


@pytest.mark.parametrize(
    ("signers", "missing"),
    [
        ([("pharmacists", 0)], "safety officer for st-elsewhere, adult (safety officer 1, safety officer 2)"),
        ([("safety_officers", 0)], "pharmacist for st-elsewhere, adult (pharmacist 1, pharmacist 2)"),
        ([("pharmacists", 0), ("pharmacists", 1)], "safety officer for st-elsewhere, adult"),
        ([], "pharmacist for st-elsewhere, adult (pharmacist 1, pharmacist 2)"),
    ],
    ids=["only pharmacy", "only safety", "pharmacy twice", "nobody"],
)
@pytest.mark.hazard("CF-03")
def test_nothing_is_published_until_both_signed_and_the_missing_are_named(desk, signers, missing):
    proposal = desk.propose(small_library())
    for who, number in signers:
        sign(proposal, getattr(desk, who)[number])
    with pytest.raises(OperatorError) as refused:
        desk.publish(proposal)
    assert missing in str(refused.value)
    assert not desk.listing()
    assert [waiting.name for waiting in all_proposals(desk.authority)] == [proposal.name]


def test_a_key_that_may_not_sign_is_told_who_may(desk):
    proposal = desk.propose(small_library())
    with pytest.raises(OperatorError, match="pharmacist 1, pharmacist 2"):
        sign(proposal, new_signer("somebody"))
    with pytest.raises(OperatorError, match="may not sign"):
        sign(proposal, desk.online)


@pytest.mark.hazard("CF-03")
def test_what_pharmacy_and_safety_signed_differently_is_refused(desk):
    one = desk.propose(small_library("1.0.0"))
    sign(one, desk.pharmacists[0])
    pharmacy = (one.folder / "releases" / f"{PHARMACY}.json").read_bytes()
    other = desk.propose(small_library("1.0.1", hard_max="300"))
    sign(other, desk.safety_officers[0])
    (other.folder / "releases" / f"{PHARMACY}.json").write_bytes(pharmacy)
    with pytest.raises(SenderError, match="different releases"):
        desk.publish(other)


@pytest.mark.hazard("IT-04")
def test_a_library_that_was_changed_after_it_was_signed_is_refused(desk):
    proposal = desk.propose(small_library())
    sign(proposal, desk.pharmacists[0])
    sign(proposal, desk.safety_officers[0])
    file = proposal.folder / "library.json"
    file.write_bytes(file.read_bytes().replace(b'"30"', b'"90"'))
    with pytest.raises(SenderError, match="not the one that was signed"):
        desk.publish(proposal)


@pytest.mark.hazard("CF-03")
def test_a_twin_with_other_content_than_that_of_an_earlier_release_is_not_signed(desk):
    desk.release(small_library("1.0.0"))
    proposal = desk.propose(small_library("1.1.0"))
    content = canonical_bytes(small_library("1.0.0", hard_max="3000"))
    (proposal.folder / "twin.json").write_bytes(content)
    for role, name in (("pharmacy", PHARMACY), ("safety", SAFETY)):
        listing = read_listing(role, proposal.files()[f"releases/{name}.json"].signed)
        listing[3] = Listed(
            release=replace(listing[3].release, probes=make_probes(small_library(hard_max="3000"))),
            content=trees.content_of(content),
        )
        forged = make_listing(role, listing, version=9, at=desk.at)
        (proposal.folder / "releases" / f"{name}.json").write_bytes(forged.to_bytes())
    with pytest.raises(SenderError, match="recall twin with other content"):
        sign(proposal, desk.pharmacists[0])


@pytest.mark.parametrize(
    ("facts", "complaint"),
    [({"library_version": "9.9.9"}, "as it is listed"), ({"probes": make_probes(small_library(hard_max="90"))}, "90")],
)
def test_facts_that_the_library_does_not_hold_are_not_signed(desk, facts, complaint):
    proposal = desk.propose(small_library("1.0.0"))
    for role, name in (("pharmacy", PHARMACY), ("safety", SAFETY)):
        (one,) = read_listing(role, proposal.files()[f"releases/{name}.json"].signed).values()
        told = replace(one, release=replace(one.release, **facts))
        forged = make_listing(role, {1: told}, version=9, at=desk.at)
        (proposal.folder / "releases" / f"{name}.json").write_bytes(forged.to_bytes())
    with pytest.raises(SenderError, match=complaint):
        sign(proposal, desk.pharmacists[0])


@pytest.mark.hazard("CF-03")
def test_a_number_is_never_given_other_content_though_both_sign_it(desk):
    desk.release(small_library("1.0.0"))
    proposal = desk.propose(small_library("1.0.0", hard_max="3000"))
    for role, name in (("pharmacy", PHARMACY), ("safety", SAFETY)):
        listing = read_listing(role, proposal.files()[f"releases/{name}.json"].signed)
        again = replace(listing[2], release=replace(listing[2].release, number=1, content_of=1))
        forged = make_listing(role, {1: again}, version=9, at=desk.at)
        (proposal.folder / "releases" / f"{name}.json").write_bytes(forged.to_bytes())
    about = proposal.about() | {"number": 1}
    (proposal.folder / "about.json").write_text(json.dumps(about))
    sign(proposal, desk.pharmacists[0])
    sign(proposal, desk.safety_officers[0])
    with pytest.raises(OperatorError, match="number 1 again"):
        desk.publish(proposal)


def test_a_number_that_somebody_signed_is_not_given_to_other_content(desk):
    """Unsigned, a proposal is replaced; signed, its number is gone, whether it is ever published or not."""
    assert desk.propose(small_library("1.0.0")).about()["number"] == 1
    first = desk.propose(small_library("1.0.1"))
    assert first.about()["number"] == 1
    sign(first, desk.pharmacists[0])
    second = desk.propose(small_library("1.0.2"))
    assert second.about()["number"] == 2
    sign(second, desk.pharmacists[0])
    sign(second, desk.safety_officers[0])
    desk.publish(second)
    sign(first, desk.safety_officers[0])
    with pytest.raises(OperatorError, match="another was published since"):
        desk.publish(first)


def test_a_list_without_what_a_ring_was_told_to_run_since_is_refused(desk):
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        desk.release(small_library(version))
    proposal = desk.propose(small_library("1.3.0"))
    desk.assign("bench", 2)
    sign(proposal, desk.pharmacists[0])
    sign(proposal, desk.safety_officers[0])
    with pytest.raises(OperatorError, match="without release 2, which ring bench shall run"):
        desk.publish(proposal)


def test_a_signature_that_waited_too_long_is_refused(desk):
    proposal = desk.propose(small_library())
    sign(proposal, desk.pharmacists[0])
    sign(proposal, desk.safety_officers[0])
    desk.later(days=401)
    with pytest.raises(OperatorError, match="expired on"):
        desk.publish(proposal)


def test_a_proposal_that_another_overtook_is_refused(desk):
    late = desk.propose(small_library("1.0.0"))
    kept = desk.authority.folder / "elsewhere"
    shutil.copytree(late.folder, kept)
    desk.release(small_library("1.1.0"))
    overtaken = Proposal(kept)
    sign(overtaken, desk.pharmacists[0])
    sign(overtaken, desk.safety_officers[0])
    with pytest.raises(OperatorError, match="another was published since"):
        desk.publish(overtaken)


@pytest.mark.hazard("IT-04")
def test_who_holds_the_online_key_alone_cannot_install_an_unreleased_library(desk, tmp_path):
    desk.release(small_library("1.0.0"))
    desk.assign("bench", 1)
    assert take(desk, tmp_path / "pump") is not None
    releases = desk.authority.releases
    forged = releases.in_force(PHARMACY)
    forged.signed.version += 1
    forged.sign(desk.online)
    with desk.authority.alone():
        trees_before = releases.in_force(PHARMACY).to_bytes()
        put_out(desk.authority, desk.online, at=desk.at, signed=Signed(roles={PHARMACY: forged}))
    assert releases.in_force(PHARMACY).to_bytes() != trees_before
    with pytest.raises(UnsignedMetadataError):
        take(desk, tmp_path / "pump")


# --- Going back -------------------------------------------------------------------------------------------------------


@pytest.mark.hazard("CF-03")
def test_going_back_is_a_higher_number_with_old_content(desk, tmp_path):
    assert desk.release(small_library("1.0.0")) == 1
    assert desk.release(small_library("1.1.0", hard_max="300")) == 2
    for ring in ("bench", "ward"):
        desk.assign(ring, 2)
    assert take(desk, tmp_path)[0] == 2
    assert [ring.name for ring in desk.recall(2).moved] == ["bench", "ward"]
    number, content = take(desk, tmp_path)
    assert number == 3
    assert content == desk.library(1) if 1 in desk.listing() else desk.library(3)
    assert b'"1.0.0"' in content


def test_the_number_after_a_release_and_its_twin_is_the_next_but_one(desk):
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        desk.release(small_library(version))
    assert [(n, one.release.content_of) for n, one in desk.listing().items()] == [(2, 2), (3, 1), (4, 4), (5, 2)]


def test_after_a_recall_the_next_twin_carries_the_content_that_was_brought_back(desk):
    desk.release(small_library("1.0.0"))
    desk.release(small_library("1.1.0"))
    desk.assign("bench", 2)
    desk.recall(2)
    desk.release(small_library("1.2.0"))
    assert {n: one.release.content_of for n, one in desk.listing().items()} == {3: 1, 4: 4, 5: 1}


def test_what_was_recalled_cannot_be_assigned_again_and_is_no_longer_listed_after_the_next_release(desk):
    desk.release(small_library("1.0.0"))
    desk.release(small_library("1.1.0"))
    desk.assign("bench", 2)
    desk.recall(2)
    with pytest.raises(OperatorError, match="was recalled"):
        desk.assign("ward", 2)
    desk.assign("ward", 3)
    desk.release(small_library("1.2.0"))
    assert 2 not in desk.listing()


@pytest.mark.parametrize("by", [("A. Pharmacist", "a. pharmacist "), ("A. Pharmacist", ""), ("", "")])
def test_a_recall_needs_two_persons(by):
    with pytest.raises(OperatorError, match="two persons"):
        Recall(hospital=HOSPITAL, profile=PROFILE, number=2, by=by, reason="for a test")


def test_a_halted_ring_gets_nothing_and_can_be_recalled(desk, tmp_path):
    desk.release(small_library("1.0.0"))
    desk.release(small_library("1.1.0"))
    desk.assign("bench", 2)
    assert desk.halt("bench") == 2
    assert desk.halt("bench") is None
    assert take(desk, tmp_path) is None
    assert desk.recall(2)
    assert take(desk, tmp_path)[0] == 3


def test_a_ring_is_never_assigned_a_lower_number_nor_a_twin(desk):
    desk.release(small_library("1.0.0"))
    desk.assign("bench", 1)
    desk.release(small_library("1.1.0"))
    with pytest.raises(OperatorError, match="recall twin"):
        desk.assign("bench", 3)
    desk.assign("bench", 2)
    with pytest.raises(OperatorError, match="2 or higher"):
        desk.assign("bench", 1)
    desk.halt("bench")
    with pytest.raises(OperatorError, match="2 or higher"):
        desk.assign("bench", 1)


def test_a_first_release_has_nothing_to_go_back_to(desk):
    desk.release(small_library("1.0.0"))
    desk.assign("bench", 1)
    with pytest.raises(OperatorError, match="no recall twin"):
        desk.recall(1)


def test_a_release_that_a_ring_still_runs_stays_listed(desk):
    desk.release(small_library("1.0.0"))
    desk.assign("slow", 1)
    for version in ("1.1.0", "1.2.0", "1.3.0"):
        desk.assign("bench", desk.release(small_library(version)))
    assert list(desk.listing()) == [1, 4, 5, 6, 7]


def two_rings(desk):
    """Return releases 1, 2 and 4; ring rest runs 2 and ward 4."""
    for version in ("1.0.0", "1.1.0"):
        desk.release(small_library(version))
    desk.assign("rest", 2)
    desk.assign("ward", desk.release(small_library("1.2.0")))


def test_what_any_ring_runs_can_be_recalled_whatever_was_published_since(desk):
    two_rings(desk)
    for version in ("1.3.0", "1.4.0"):
        desk.release(small_library(version))
    assert [ring.name for ring in desk.recall(4).moved] == ["ward"]
    assert [ring.name for ring in desk.recall(2).moved] == ["rest"]


def test_what_was_halted_in_a_ring_can_be_recalled_whatever_was_published_since(desk):
    two_rings(desk)
    desk.halt("rest")
    for version in ("1.3.0", "1.4.0"):
        desk.release(small_library(version))
    assert 2 not in desk.listing()
    assert [ring.name for ring in desk.recall(2).moved] == ["rest"]


def test_a_recall_never_brings_back_what_was_itself_recalled(desk):
    two_rings(desk)
    desk.recall(2)
    with pytest.raises(OperatorError, match=r"content of release 2, which was recalled.*release a corrected library"):
        desk.recall(4)
    assert {ring.name: one.release.number for ring, one in assigned(desk.authority).items()} == {"rest": 3, "ward": 4}
    desk.halt("ward")
    number = desk.release(small_library("1.3.0"))
    assert {n: one.release.content_of for n, one in desk.listing().items()} == {3: 1, number: number, number + 1: 1}


def test_a_twin_whose_content_was_recalled_after_it_is_assigned_to_no_other_ring(desk):
    two_rings(desk)
    desk.recall(4)
    desk.recall(2)
    with pytest.raises(OperatorError, match="release 5, which was recalled"):
        desk.assign("bench", 5)


@pytest.mark.hazard("CF-01")
def test_a_recall_reaches_every_ring_with_the_content_whatever_number_carries_it(desk):
    """Ring ward has the content of 2 as twin 5: no pump goes down to 3, so it is stopped, and that is told."""
    two_rings(desk)
    desk.assign("bench", 4)
    desk.halt("bench")
    desk.recall(4)
    done = desk.recall(2)
    moved, stopped = ({ring.name: had for ring, had in some.items()} for some in (done.moved, done.stopped))
    assert (done.twin, moved, stopped) == (3, {"rest": 2}, {"bench": 5, "ward": 5})
    assert {ring.name: one.release.number for ring, one in assigned(desk.authority).items()} == {"rest": 3}
    assert sorted(recalled_numbers(desk.authority, HOSPITAL, PROFILE)) == [2, 4, 5]
    with pytest.raises(OperatorError, match="recalled already, and no ring that gets it"):
        desk.recall(2)


def test_a_recall_that_moves_no_ring_stops_those_that_have_the_content(desk):
    two_rings(desk)
    desk.recall(4)
    desk.assign("rest", 5)
    done = desk.recall(2)
    assert (list(done.moved), [ring.name for ring in done.stopped]) == ([], ["rest", "ward"])
    assert not assigned(desk.authority)


def test_what_cannot_be_recalled_names_the_rings_to_halt(desk):
    two_rings(desk)
    desk.recall(2)
    with pytest.raises(OperatorError, match=r"halt each ring that was given it: ward \(4\)"):
        desk.recall(4)
    with pytest.raises(OperatorError, match="'fleet recall 1'"):
        desk.recall(3)


def test_a_twin_whose_content_was_recalled_since_it_was_proposed_is_not_published(desk):
    two_rings(desk)
    desk.halt("ward")
    desk.assign("ward", 4)
    proposal = desk.propose(small_library("1.3.0"))
    sign(proposal, desk.pharmacists[0])
    sign(proposal, desk.safety_officers[0])
    desk.recall(4)
    with pytest.raises(OperatorError, match="release 7 with the content of release 4, recalled since"):
        desk.publish(proposal)
