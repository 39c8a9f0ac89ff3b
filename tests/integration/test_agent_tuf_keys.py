"""Whose signatures `agent tuf` counts: thresholds, keys that change, kinds of keys, keys that count once."""

from dataclasses import dataclass

import pytest
from securesystemslib.signer import CryptoSigner, SSlibKey

from tests.fleet_attacker import HOST
from tests.tuf_repository import Repository, served_to_client

pytestmark = pytest.mark.allow_hosts([HOST])
KEYS = [CryptoSigner.generate_ed25519() for _ in range(10)]


@pytest.fixture
def repository():
    return Repository()


@pytest.fixture
def client(repository, tmp_path, monkeypatch):
    with served_to_client(repository, tmp_path, monkeypatch) as made:
        yield made


@dataclass(frozen=True)
class Signed:
    """The keys that a role has, how many must sign, and which did; each key is a digit."""

    keys: str
    threshold: int
    by: str


def put(repository, name, signed):
    """Give a role these keys, and signers."""
    role = repository.root.roles[name]
    for keyid in list(role.keyids):
        repository.root.revoke_key(keyid, name)
    for digit in signed.keys:
        repository.root.add_key(KEYS[int(digit)].public_key, name)
    role.threshold = signed.threshold
    repository.signers[name] = [KEYS[int(digit)] for digit in signed.by]


# --- Roots ------------------------------------------------------------------------------------------------------------

ROOTS = {
    "a new key": [Signed("1", 1, "1"), Signed("2", 1, "12"), Signed("2", 1, "2")],
    "signatures of strangers do no harm": [Signed("1", 1, "314"), Signed("2", 1, "3124"), Signed("2", 1, "324")],
    "any three of five": [Signed("01234", 3, "024"), Signed("01234", 3, "014"), Signed("01234", 3, "013")],
    "one of five is new": [Signed("01234", 3, "024"), Signed("01345", 3, "014")],
    "one of five is new, with old and new": [Signed("01234", 3, "024"), Signed("01345", 3, "0245")],
    "all of five are new": [Signed("01234", 3, "024"), Signed("56789", 3, "024567"), Signed("56789", 3, "567")],
    "more must sign": [Signed("123", 1, "1"), Signed("123", 2, "12")],
    "fewer must sign": [Signed("123", 2, "12"), Signed("123", 1, "12"), Signed("123", 1, "1")],
    "one more key, and both must sign": [Signed("1", 1, "1"), Signed("12", 2, "12")],
}
NO_ROOTS = {
    "the old key did not sign": [Signed("1", 1, "1"), Signed("2", 1, "234")],
    "the new key did not sign": [Signed("1", 1, "1"), Signed("2", 1, "134")],
    "too few of the new keys": [Signed("01234", 3, "024"), Signed("01345", 3, "024")],
    "too few of the old keys": [Signed("01234", 3, "024"), Signed("01345", 3, "045")],
    "fewer than must sign from now on": [Signed("123", 1, "1"), Signed("123", 2, "2")],
    "fewer than had to sign until now": [Signed("123", 2, "12"), Signed("123", 1, "1")],
    "nobody signed": [Signed("1", 1, "1"), Signed("1", 1, "")],
}


def roots(repository, story):
    """Publish the roots of a story in place of what there was, and return the first."""
    repository.root.version = 0
    for signed in story:
        put(repository, "root", signed)
        repository.publish("root")
    return repository.files["/metadata/1.root.json"]


@pytest.mark.parametrize("story", ROOTS.values(), ids=ROOTS)
def test_roots_are_followed_where_old_and_new_keys_signed(repository, client, story):
    assert client.begin(roots(repository, story)) == 0
    assert client.refresh() == 0, client.said
    assert client.bytes_of("root") == repository.files[f"/metadata/{len(story)}.root.json"]
    assert repository.asked[: len(story)] == [f"/metadata/{n + 2}.root.json" for n in range(len(story))]


@pytest.mark.parametrize("story", NO_ROOTS.values(), ids=NO_ROOTS)
def test_roots_are_not_followed_where_too_few_signed(repository, client, story):
    assert client.begin(roots(repository, story)) == 0
    assert client.refresh() == 1
    assert client.trusts() == {"root": len(story) - 1}


def test_many_roots_are_followed_one_by_one(repository, client):
    for _ in range(60):
        repository.change_keys("timestamp")
        repository.publish("root")
    repository.publish("timestamp")
    assert client.refresh() == 0
    assert client.trusts()["root"] == 61


def test_a_root_is_not_left_out(repository, client):
    repository.publish("root", "root")
    del repository.files["/metadata/2.root.json"]
    assert client.refresh() == 0
    assert client.trusts()["root"] == 1


# --- Other roles ------------------------------------------------------------------------------------------------------

OTHERS = {
    "a new key": (Signed("2", 1, "2"), 0),
    "strangers sign too": (Signed("1", 1, "314"), 0),
    "three of five": (Signed("01234", 3, "024"), 0),
    "another three of five": (Signed("01234", 3, "234"), 0),
    "not the new key": (Signed("2", 1, "134"), 1),
    "three, one of whom may not": (Signed("01345", 3, "024"), 1),
    "two of three": (Signed("01345", 3, "04"), 1),
    "one that signed thrice": (Signed("01345", 3, "000"), 1),
    "more must sign than there are": (Signed("012", 4, "012"), 1),
}


@pytest.mark.parametrize(("signed", "ends"), OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("name", ["timestamp", "snapshot", "targets"])
def test_a_role_is_trusted_where_enough_of_its_keys_signed(repository, client, name, signed, ends):
    assert client.refresh() == 0
    put(repository, name, signed)
    repository.publish("root")
    repository.publish_targets()
    assert client.refresh() == ends
    assert client.trusts()["root"] == 2
    assert client.trusts()[name] == (1 if ends else 2)


def test_what_lies_on_the_disk_is_judged_by_the_keys_of_the_newest_root(repository, client):
    """The old snapshot was signed by a key that is trusted no more: it is asked for anew."""
    assert client.refresh() == 0
    repository.change_keys("snapshot")
    repository.publish("root")
    repository.serve("snapshot")
    assert client.refresh() == 0
    assert "/metadata/1.snapshot.json" in repository.asked
    assert client.bytes_of("snapshot") == repository.files["/metadata/1.snapshot.json"]


def test_one_key_under_many_ids_counts_no_more_than_once_each_role(repository, client):
    """Ids that are not made of the key: whoever holds one key would be many."""
    assert client.refresh() == 0
    key = KEYS[0].public_key
    role = repository.root.roles["snapshot"]
    for n in range(3):
        twin = SSlibKey(f"{n}" * 64, key.keytype, key.scheme, key.keyval)
        repository.root.keys[twin.keyid] = twin
        role.keyids.append(twin.keyid)
    role.threshold = 2
    repository.signers["snapshot"] = [KEYS[0], KEYS[0]]
    repository.publish("root", "snapshot", "timestamp")
    assert client.refresh() == 1
    assert client.trusts()["snapshot"] == 1


def test_a_key_that_no_role_names_counts_for_none(repository, client):
    assert client.refresh() == 0
    stranger = KEYS[5]
    repository.root.keys[stranger.public_key.keyid] = stranger.public_key
    repository.root.roles["snapshot"].threshold = 2
    repository.signers["snapshot"].append(stranger)
    repository.publish("root", "snapshot", "timestamp")
    assert client.refresh() == 1
    assert client.trusts()["snapshot"] == 1


# --- Kinds of keys ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "generate",
    [
        CryptoSigner.generate_ed25519,
        CryptoSigner.generate_ecdsa,
        CryptoSigner.generate_rsa,
        lambda: CryptoSigner.generate_rsa(scheme="rsa-pkcs1v15-sha256"),
    ],
    ids=["ed25519", "ecdsa", "rsa", "rsa, old padding"],
)
def test_each_kind_of_key_is_known(tmp_path, monkeypatch, generate):
    repository = Repository(generate=generate)
    with served_to_client(repository, tmp_path, monkeypatch) as client:
        assert client.refresh() == 0
        repository.change_keys("timestamp", "snapshot")
        repository.publish("root")
        repository.publish_targets()
        assert client.refresh() == 0
        assert client.trusts()["snapshot"] == 2

        repository.signers["timestamp"] = [generate()]
        repository.publish("timestamp")
        assert client.refresh() == 1


def test_a_root_with_a_kind_of_key_that_is_not_known_is_refused_as_a_whole(repository, client):
    """Whoever cannot check a key cannot know what it would decide."""
    assert client.refresh() == 0
    odd = SSlibKey("f" * 64, "of-tomorrow", "of-tomorrow-2", {"public": "00"})
    repository.root.add_key(odd, "timestamp")
    repository.publish("root")
    assert client.refresh() == 1
    assert client.trusts()["root"] == 1


def test_an_old_field_about_hashes_of_keys_says_nothing(repository, client):
    signer = CryptoSigner.generate_ed25519()
    signer.public_key.unrecognized_fields["keyid_hash_algorithms"] = ["md5"]
    repository.change_keys("snapshot")
    repository.add_key("snapshot", signer)
    repository.root.roles["snapshot"].threshold = 2
    repository.publish("root", "snapshot", "timestamp")
    assert client.refresh() == 0
    assert client.trusts()["snapshot"] == 2
