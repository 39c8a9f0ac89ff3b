"""Which targets `agent tuf` finds and takes: by delegations, under any name, with no bytes but the signed ones."""

import hashlib
from datetime import timedelta

import pytest

from tests.fleet_attacker import HOST
from tests.tuf_repository import LATER, PAST, Repository, served_to_client

pytestmark = pytest.mark.allow_hosts([HOST])


@pytest.fixture
def repository():
    return Repository()


@pytest.fixture
def client(repository, tmp_path, monkeypatch):
    with served_to_client(repository, tmp_path, monkeypatch) as made:
        yield made


def delegated(repository):
    """The delegated roles that were asked for, in order."""
    top = ("root", "timestamp", "snapshot", "targets")
    names = [path.rpartition("/")[2].removesuffix(".json").split(".", 1)[-1] for path in repository.asked]
    return [
        name for name, path in zip(names, repository.asked, strict=True) if "/metadata/" in path and name not in top
    ]


# --- Bytes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["library.json", "path/to/a/library.json", "./library.json", "a/../library.json"])
def test_a_target_is_taken_wherever_it_lies_and_stays_in_the_folder(repository, client, tmp_path, path):
    repository.add_target(path, b"content")
    repository.publish_targets()
    before = {one for one in tmp_path.iterdir() if one.is_file()}
    client.download(path)
    assert client.downloaded() in ([b"content"], [])
    assert {one for one in tmp_path.iterdir() if one.is_file()} == before


@pytest.mark.parametrize("path", ["../../evil.json", "/evil.json", "a/%2e%2e/%2e%2e/evil.json"])
def test_no_name_of_a_target_leads_out_of_the_folder(repository, client, tmp_path, path):
    target = repository.add_target(path, b"content")
    repository.files[f"/targets/{target.hashes['sha256']}.evil.json"] = b"content"
    repository.files[f"/{target.hashes['sha256']}.evil.json"] = b"content"
    repository.publish_targets()
    client.download(path)
    assert not [one for one in tmp_path.rglob("*evil*") if one.parent != client.targets]


@pytest.mark.parametrize("path", ["a library.json", "bücherei.json", "a+b&c=d.json", "日本語/1.json", "a-1_2~.json"])
def test_names_with_unusual_letters_are_asked_for_as_addresses(repository, client, path):
    repository.add_target(path, b"content")
    repository.publish_targets()
    assert client.download(path) == 0, client.said
    assert client.downloaded() == [b"content"]


def test_an_empty_target_is_taken(repository, client):
    repository.add_target("empty", b"")
    repository.publish_targets()
    assert client.download("empty") == 0
    assert client.downloaded() == [b""]


def test_what_lies_there_already_is_not_fetched_again(repository, client):
    repository.add_target("a", b"content")
    repository.publish_targets()
    assert client.download("a") == 0
    assert any(path.startswith("/targets/") for path in repository.asked)
    assert client.download("a") == 0
    assert not any(path.startswith("/targets/") for path in repository.asked)


def test_new_content_takes_the_place_of_the_old_and_spoilt_content_does_not(repository, client):
    for n in range(4):
        target = repository.add_target("a", f"content {n}".encode())
        repository.publish_targets()
        assert client.download("a") == 0
        assert client.downloaded() == [f"content {n}".encode()]
        target = repository.add_target("a", f"announced {n}".encode())
        repository.serve_target(target, f"malicious {n}".encode())
        repository.publish_targets()
        assert client.download("a") == 1
        assert client.downloaded() == [f"content {n}".encode()]


@pytest.mark.parametrize("served", [b"contenT", b"conten", b"content ", b"", b"x" * 1_000_000])
def test_other_bytes_than_were_signed_are_never_written(repository, client, served):
    target = repository.add_target("a", b"content")
    repository.publish_targets()
    repository.serve_target(target, served)
    assert client.download("a") == 1
    assert client.downloaded() == []


def test_a_target_that_is_listed_and_not_there_is_refused(repository, client):
    target = repository.add_target("a", b"content")
    repository.publish_targets()
    repository.serve_target(target, None)
    assert client.download("a") == 1
    assert client.downloaded() == []


@pytest.mark.parametrize("algorithms", [("sha256",), ("sha512",), ("sha256", "sha512"), ("sha512", "sha256")])
def test_each_usual_hash_is_known_and_all_must_agree(repository, client, algorithms):
    target = repository.add_target("a", b"content", algorithms=algorithms)
    repository.publish_targets()
    assert client.download("a") == 0

    target = repository.add_target("b", b"content b", algorithms=algorithms)
    target.hashes[algorithms[-1]] = hashlib.new(algorithms[-1], b"other").hexdigest()
    repository.serve_target(target, b"content b")
    repository.publish_targets()
    assert client.download("b") == 1
    assert client.downloaded() == [b"content"]


def test_a_hash_that_nobody_knows_is_not_passed_over(repository, client):
    target = repository.add_target("a", b"content")
    target.hashes = {"hash-of-tomorrow": "00"}
    repository.serve_target(target, b"content")
    repository.publish_targets()
    assert client.download("a") == 1
    assert client.downloaded() == []


# --- Delegations ------------------------------------------------------------------------------------------------------

# Who delegates what to whom, in order: "by > to", a list of patterns, and "last" where the search ends there.
ORDERS = {
    "one": (["targets>A"], "A"),
    "two": (["targets>A", "targets>B"], "A B"),
    "below the second": (["targets>A", "targets>B", "B>C"], "A B C"),
    "depth before breadth": (["targets>A", "targets>B", "A>C", "A>D"], "A C D B"),
    "three deep": (["targets>A", "targets>B", "A>C", "C>D"], "A C D B"),
    "the last of them": (["targets>A", "targets>B", "A>C last", "A>D"], "A C"),
    "the last, and what is below it": (["targets>A", "targets>B", "A>C last", "C>D"], "A C D"),
    "a last one that is not asked": (["targets>A *.py last", "targets>B"], "B"),
    "what does not match": (["targets>A *.py", "targets>B", "A>C"], "B"),
    "what does not match below": (["targets>A", "targets>B", "A>C *.py", "C>D"], "A B"),
    "round and round": (["targets>A", "targets>B", "B>C", "C>D", "D>B"], "A B C D"),
    "to itself": (["targets>A", "A>A"], "A"),
}


@pytest.mark.parametrize(("told", "order"), ORDERS.values(), ids=ORDERS)
def test_delegations_are_searched_in_depth_and_in_order(repository, client, told, order):
    names = []
    for one in told:
        way, *terms = one.split()
        by, name = way.split(">")
        paths = [term for term in terms if term != "last"] or ["*"]
        repository.delegate(name, by=by, paths=paths, is_last="last" in terms)
        names += [name] if name not in names else []
    repository.publish_targets(*names)
    assert client.download("nobody-lists-it") == 1
    assert delegated(repository) == order.split()


@pytest.fixture
def tree(repository):
    """Roles that may speak for some paths only."""
    for name, by, paths in (
        ("A", "targets", ["*.doc", "*.md"]),
        ("B", "targets", ["releases/*/*"]),
        ("C", "B", ["releases/x/*"]),
        ("D", "B", ["releases/y/*.zip"]),
    ):
        repository.delegate(name, by=by, paths=paths)
    repository.add_target("top", b"by targets")
    for role, path in (("A", "read.md"), ("A", "a/read.md"), ("C", "releases/x/1"), ("D", "releases/y/1.zip")):
        repository.add_target(path, f"by {role}".encode(), role=role)
    repository.add_target("releases/z/1.zip", b"by D, who may not", role="D")
    repository.publish_targets("A", "B", "C", "D")


@pytest.mark.parametrize(
    ("path", "asked", "found"),
    [
        ("top", "", b"by targets"),
        ("read.md", "A", b"by A"),
        ("a/read.md", "", None),
        ("releases/x/1", "B C", b"by C"),
        ("releases/y/1.zip", "B D", b"by D"),
        ("releases/z/1.zip", "B", None),
    ],
)
@pytest.mark.usefixtures("tree")
def test_a_role_speaks_for_its_paths_only(repository, client, path, asked, found):
    assert client.download(path) == (1 if found is None else 0)
    assert client.downloaded() == ([] if found is None else [found])
    assert delegated(repository) == asked.split()


def test_paths_may_be_given_by_their_hashes(repository, client):
    path = "library.json"
    prefix = hashlib.sha256(path.encode()).hexdigest()[:2]
    other = "0" if prefix[0] != "0" else "1"
    repository.delegate("other", path_hash_prefixes=[other])
    repository.delegate("bin", path_hash_prefixes=[prefix])
    repository.add_target(path, b"content", role="bin")
    repository.publish_targets("other", "bin")
    assert client.download(path) == 0
    assert delegated(repository) == ["bin"]


@pytest.mark.parametrize("name", ["?", "#", "/delegated", "../delegated", "a b", "%2e%2e", "ü", "con.json"])
def test_an_unusual_name_of_a_role_is_quoted_and_leads_nowhere(repository, client, tmp_path, name):
    repository.delegate(name)
    repository.add_target("a", b"content", role=name)
    repository.publish_targets(name)
    assert client.download("a") == 0, client.said
    assert repository.path(name, 1) in repository.asked
    assert len(client.trusts()) == 5
    assert not list(tmp_path.glob("delegated*"))


def test_a_delegated_role_must_be_signed_by_whom_the_delegator_names(repository, client):
    repository.delegate("A")
    repository.add_target("a", b"content", role="A")
    repository.signers["A"] = repository.signers["snapshot"]
    repository.publish_targets("A")
    assert client.download("a") == 1
    assert "A" not in client.trusts()


def test_keys_of_a_delegated_role_change_with_the_delegator(repository, client):
    repository.delegate("A")
    repository.add_target("a", b"content", role="A")
    repository.publish_targets("A")
    assert client.download("a") == 0

    repository.signers["A"] = [repository.generate()]
    repository.delegate("A")
    repository.publish_targets()
    assert client.download("a") == 1, "what lies on the disk was signed by a key that the delegator names no more"
    repository.publish_targets("A")
    assert client.download("a") == 0


def test_a_role_that_the_snapshot_does_not_list_is_refused(repository, client):
    repository.delegate("A")
    repository.add_target("a", b"content", role="A")
    repository.publish("A")
    del repository.snapshot.meta["A.json"]
    repository.publish_targets()
    assert client.download("a") == 1
    assert client.downloaded() == []


def test_a_delegated_role_that_has_expired_is_not_used(repository, client):
    repository.delegate("A").expires = PAST
    repository.add_target("a", b"content", role="A")
    repository.publish_targets("A")
    assert client.refresh() == 0
    assert client.download("a") == 1
    assert (client.downloaded(), "A" in client.trusts()) == ([], False)


def test_a_delegated_role_that_expires_on_the_disk_gives_way_to_a_newer_one(repository, client):
    role = repository.delegate("A")
    role.expires = LATER - timedelta(days=23)
    repository.add_target("a", b"first", role="A")
    repository.add_target("b", b"second", role="A")
    repository.publish_targets("A")
    assert client.download("a") == 0
    client.go_on(days=18)
    assert client.download("b") == 1
    assert client.downloaded() == [b"first"]

    role.expires = LATER
    repository.publish_targets("A")
    assert client.download("b") == 0
    assert client.downloaded() == [b"first", b"second"]
