"""What `agent tuf` takes for metadata to trust, by the rules for clients of TUF: order, versions, expiry, types."""

import json
from datetime import timedelta

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import MetaFile

from tests.fleet_attacker import HOST
from tests.tuf_repository import LATER, PAST, TOP, Repository, served_to_client

pytestmark = pytest.mark.allow_hosts([HOST])
FIRST = ["/metadata/2.root.json", "/metadata/timestamp.json", "/metadata/1.snapshot.json", "/metadata/1.targets.json"]


@pytest.fixture
def repository():
    return Repository()


@pytest.fixture
def client(repository, tmp_path, monkeypatch):
    with served_to_client(repository, tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
def fresh(client):
    """A client that has the first version of everything."""
    assert client.refresh() == 0
    return client


def trusted(**changed):
    return dict.fromkeys(sorted(TOP), 1) | changed


# --- The way of a refresh ---------------------------------------------------------------------------------------------


def test_a_beginning_asks_for_nothing_and_a_refresh_for_four_files_in_order(repository, client):
    assert (repository.asked, client.trusts()) == ([], {"root": 1})
    assert client.refresh() == 0
    assert repository.asked == FIRST
    assert client.trusts() == trusted()


def test_what_is_trusted_already_is_not_asked_for_again(repository, fresh):
    assert fresh.refresh() == 0
    assert repository.asked == FIRST[:2]


def test_a_download_refreshes_first(repository, client):
    assert client.download("nobody lists it") == 1
    assert repository.asked == FIRST
    assert client.trusts() == trusted()


def test_bytes_are_kept_as_they_came(repository, client):
    repository.files["/metadata/timestamp.json"] += b" "
    assert client.refresh() == 0
    for name, path in zip(("timestamp", "snapshot", "targets"), FIRST[1:], strict=True):
        assert client.bytes_of(name) == repository.files[path]


def test_nothing_is_trusted_where_files_do_not_bear_the_number_of_their_version(tmp_path, monkeypatch):
    """A repository without consistent snapshots: only roots are numbered."""
    plain = Repository(is_consistent=False)
    with served_to_client(plain, tmp_path, monkeypatch) as client:
        assert client.refresh() == 0
        assert plain.asked == [FIRST[0], FIRST[1], "/metadata/snapshot.json", "/metadata/targets.json"]
        plain.add_target("a.txt", b"content")
        plain.publish_targets()
        assert client.download("a.txt") == 0
        assert client.downloaded() == [b"content"]


# --- The first root ---------------------------------------------------------------------------------------------------


def without_version(root):
    told = json.loads(root)
    del told["signed"]["version"]
    return json.dumps(told).encode()


def without_signature(root):
    told = json.loads(root)
    told["signatures"][0]["sig"] = "00" * 64
    return json.dumps(told).encode()


@pytest.mark.parametrize("spoil", [without_version, without_signature, lambda _: b"{}", lambda _: b"", lambda _: b"[]"])
def test_a_first_root_that_is_none_is_refused_before_anything_is_asked(repository, client, spoil):
    client.begin(spoil(repository.trusted_root))
    assert client.refresh() == 1
    assert repository.asked == []


# --- Versions, types, absences ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "trusts"),
    [
        ("root", {"root": 1}),
        ("snapshot", {"root": 1, "timestamp": 2}),
        ("targets", {"root": 1, "snapshot": 2, "timestamp": 2}),
    ],
)
def test_another_version_than_the_name_says_is_refused(repository, client, name, trusts):
    """The content says 3 where 2 was asked for."""
    part = repository.parts[name]
    part.version = 3
    repository.serve(name, version=2)
    repository.snapshot.meta["targets.json"].version = min(2, repository.targets.version)
    if name == "targets":
        repository.publish("snapshot")
    repository.timestamp.snapshot_meta.version = min(2, repository.snapshot.version)
    if name != "root":
        repository.publish("timestamp")
    assert client.refresh() == 1
    assert client.trusts() == trusts


def test_a_timestamp_of_the_same_version_is_not_taken_anew(repository, fresh):
    repository.timestamp.snapshot_meta.version = 100
    repository.serve("timestamp")
    assert fresh.refresh() == 0
    assert repository.asked == FIRST[:2]
    assert json.loads(fresh.bytes_of("timestamp"))["signed"]["meta"]["snapshot.json"]["version"] == 1


def test_a_snapshot_in_the_place_of_a_timestamp_is_refused_though_its_key_may_sign_both(repository, client):
    repository.add_key("snapshot", repository.signers["timestamp"][0])
    repository.snapshot.meta = {"snapshot.json": MetaFile(1)}
    repository.publish("root", "snapshot")
    repository.files["/metadata/timestamp.json"] = repository.files["/metadata/2.snapshot.json"]
    assert client.refresh() == 1
    assert client.trusts() == {"root": 2}


@pytest.mark.parametrize("name", ["timestamp", "snapshot", "targets"])
def test_a_file_that_is_not_there_ends_the_refresh_there(repository, fresh, name):
    repository.publish_targets()
    del repository.files[repository.path(name, 2)]
    assert fresh.refresh() == 1
    newer = {"timestamp": (), "snapshot": ("timestamp",), "targets": ("timestamp", "snapshot")}[name]
    assert fresh.trusts() == trusted(**dict.fromkeys(newer, 2))
    assert repository.asked[-1] == repository.path(name, 2)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"signed": {}, "signatures": []}', b"\xff\xfe", b"[" * 9000])
@pytest.mark.parametrize("name", TOP)
def test_what_is_no_metadata_is_refused(repository, fresh, name, content):
    repository.publish("root")
    repository.publish_targets()
    repository.files[repository.path(name, 2)] = content
    assert fresh.refresh() == 1
    assert fresh.trusts()[name] == 1


# --- Expiry -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "newer"),
    [
        ("root", ("root",)),
        ("timestamp", ()),
        ("snapshot", ("timestamp",)),
        ("targets", ("timestamp", "snapshot")),
    ],
)
def test_what_has_expired_is_not_trusted_but_a_root_is_kept(repository, fresh, name, newer):
    repository.parts[name].expires = PAST
    repository.publish(*(("root",) if name == "root" else ("targets", "snapshot", "timestamp")))
    assert fresh.refresh() == 1
    assert "expired" in fresh.said
    assert fresh.trusts() == trusted(**dict.fromkeys(newer, 2))


def test_a_root_that_has_expired_is_followed_by_one_that_has_not(repository, fresh):
    repository.root.expires = PAST
    repository.publish("root")
    repository.root.expires = LATER
    repository.publish("root")
    assert fresh.refresh() == 0
    assert fresh.trusts()["root"] == 3


def test_metadata_that_has_expired_on_the_disk_hinders_nothing_new(repository, client):
    repository.timestamp.expires = LATER - timedelta(days=23)
    repository.publish("timestamp")
    assert client.refresh() == 0
    repository.timestamp.expires = LATER
    repository.publish_targets()
    client.go_on(days=18)
    assert client.refresh() == 0
    assert client.trusts() == {"root": 1, "timestamp": 3, "snapshot": 2, "targets": 2}


def test_the_time_of_the_machine_counts(repository, fresh):
    fresh.go_on(days=31)
    assert fresh.refresh() == 1
    assert "expired" in fresh.said


# --- Rollback ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("has_hashes", [False, True], ids=["versions", "versions and hashes"])
@pytest.mark.parametrize("name", ["timestamp", "snapshot", "targets", "delegated"])
def test_no_role_goes_back(tmp_path, monkeypatch, name, has_hashes):
    repository = Repository(has_hashes=has_hashes)
    repository.delegate("delegated")
    repository.publish_targets("delegated")
    repository.publish_targets("delegated")
    with served_to_client(repository, tmp_path, monkeypatch) as client:
        assert client.download("nobody lists it") == 1
        before = client.trusts()
        repository.parts[name].version = 0
        after = {"delegated": ("delegated", "targets", "snapshot", "timestamp"), "targets": TOP[:0:-1]}
        repository.publish(*after.get(name, ("snapshot", "timestamp") if name == "snapshot" else ("timestamp",)))
        assert client.refresh() == 1
        trusts = client.trusts()
        assert trusts[name] == before[name]
        assert all(trusts[role] >= number for role, number in before.items())


def test_a_snapshot_that_leaves_out_what_it_listed_is_refused(repository, fresh):
    repository.snapshot.meta["another.json"] = MetaFile(1)
    repository.publish("snapshot", "timestamp")
    assert fresh.refresh() == 0
    del repository.snapshot.meta["another.json"]
    repository.publish("snapshot", "timestamp")
    assert fresh.refresh() == 1
    assert fresh.trusts()["snapshot"] == 2


def test_a_snapshot_served_anew_under_its_old_version_changes_nothing(repository, fresh):
    repository.publish("snapshot", "timestamp")
    assert fresh.refresh() == 0
    repository.snapshot.version = 1
    repository.serve("snapshot", version=2)
    assert fresh.refresh() == 0
    assert fresh.trusts()["snapshot"] == 2


@pytest.mark.parametrize(
    ("name", "changed"),
    [("timestamp", ("timestamp",)), ("snapshot", ("snapshot", "timestamp")), ("targets", ("snapshot",))],
)
def test_new_keys_free_a_client_that_was_driven_far_ahead(repository, client, name, changed):
    repository.parts[name].version = 2**31
    repository.publish_targets()
    assert client.refresh() == 0
    assert client.trusts()[name] > 2**31

    repository.parts[name].version = 1
    repository.change_keys(*changed)
    repository.publish("root")
    repository.publish_targets()
    assert client.refresh() == 0
    assert client.trusts()[name] == 2


# --- Hashes and lengths of metadata -----------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["hash", "length"])
@pytest.mark.parametrize(("name", "lister"), [("snapshot", "timestamp"), ("targets", "snapshot")])
def test_metadata_of_another_hash_or_length_is_refused(tmp_path, monkeypatch, name, lister, what):
    repository = Repository(has_hashes=True)
    with served_to_client(repository, tmp_path, monkeypatch) as client:
        assert client.refresh() == 0
        repository.publish(name)
        listed = (
            repository.timestamp.snapshot_meta if lister == "timestamp" else repository.snapshot.meta["targets.json"]
        )
        if what == "hash":
            listed.hashes = {"sha256": "4" * 64}
        else:
            listed.length = 10
        repository.publish(*(("timestamp",) if lister == "timestamp" else ("snapshot", "timestamp")))
        assert client.refresh() == 1
        assert client.trusts()[name] == 1


def test_metadata_of_the_right_hash_is_taken(tmp_path, monkeypatch):
    repository = Repository(has_hashes=True)
    with served_to_client(repository, tmp_path, monkeypatch) as client:
        repository.publish_targets()
        assert client.refresh() == 0
        assert client.trusts()["targets"] == 2


# --- Fields that nobody knows -----------------------------------------------------------------------------------------


def test_fields_that_no_client_knows_are_signed_too_and_do_not_hinder(repository, fresh):
    signer = CryptoSigner.generate_ed25519()
    signer.public_key.unrecognized_fields["more"] = {"a": 1}
    repository.add_key("root", signer)
    repository.root.unrecognized_fields["more"] = "value"
    repository.root.roles["root"].unrecognized_fields["more"] = "value"
    repository.publish("root")
    assert fresh.refresh() == 0
    assert fresh.trusts()["root"] == 2

    content = json.loads(repository.files["/metadata/timestamp.json"])
    content["signed"]["version"], content["signed"]["more"] = 2, "not signed"
    repository.files["/metadata/timestamp.json"] = json.dumps(content).encode()
    assert fresh.refresh() == 1
