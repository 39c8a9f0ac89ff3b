"""
Attacks on what pumps install: each is refused with its reason or shows in the pump's report, and changes nothing.

The first thirteen are the cases by which the design was tried before it was built. Where a client that knows only TUF
can tell as well, one that others wrote is asked too.
"""

import json
import secrets
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tuf.api.metadata import Targets

from openinfusion.adapters.documents import canonical_bytes
from openinfusion.fleet.agent import Code, folder_source
from openinfusion.fleet.authority.listing import Listed
from openinfusion.fleet.authority.online import make_orders, read_orders
from openinfusion.fleet.authority.trees import content_of
from openinfusion.fleet.authority.trust import Signers
from openinfusion.fleet.proof import Found, Witness, receive
from tests.fleet_attacker import BENCH_RING, HOST, PLACES, Mirror, PlainClient
from tests.fleet_desk import HOSPITAL, PROFILE, Desk, desk_with_release, new_signer, public, small_library
from tests.fleet_pump import PUMP, Bench, TurnedClock

pytestmark = [pytest.mark.allow_hosts([HOST]), pytest.mark.hazard("CF-02")]
FACTORY = canonical_bytes(small_library("0.0.0"))
NOW = datetime.now(UTC)


@pytest.fixture
def desk(tmp_path):
    return desk_with_release(tmp_path / "authority", at=NOW)


@pytest.fixture
def bench(tmp_path, desk):
    return Bench(tmp_path / "pump", roots=desk.trusted_roots(), factory=FACTORY, at=NOW)


@pytest.fixture
def mirror(tmp_path, desk):
    """A function that copies the trees as they are now."""
    names = iter(range(100))
    return lambda: Mirror(desk, tmp_path / f"mirror-{next(names)}")


@pytest.fixture
def plain(tmp_path, desk):
    """A function that makes a client of others, of one repository and one target."""
    names = iter(range(100))

    def make(name="releases", target=f"pharmacy/{HOSPITAL}/{PROFILE}/1.json"):
        return PlainClient(tmp_path / f"plain-{next(names)}", desk.trusted_roots()[name], name=name, target=target)

    return make


def installs(bench, source, number):
    """The pump takes a release and runs it."""
    assert bench.agent.update(source).done == "staged"
    assert bench.agent.activate().done == "activated"
    assert bench.running == number
    return True


def refuses(bench, source, code):
    """The pump refuses, says why in its report, and runs what it ran before."""
    before = bench.report()
    outcome = bench.agent.update(source)
    assert outcome.refusal is not None, f"took it: {outcome}"
    assert outcome.refusal.code is code, f"{outcome.refusal.code}: {outcome.refusal}"
    assert bench.agent.activate().done == "nothing new"
    after = bench.report()
    assert (after.active, after.staged) == (before.active, None)
    assert after.refusal.code == code.value
    return True


def upgrade(desk, version="1.1.0", **terms):
    number = desk.release(small_library(version), **terms)
    desk.assign("bench", number)
    return number


# --- The thirteen cases -----------------------------------------------------------------------------------------------


def test_01_first_install_from_a_stick(bench, desk, plain):
    assert installs(bench, folder_source(desk.authority.folder), 1)
    assert plain().takes(desk.authority.folder)
    assert plain("director", BENCH_RING).takes(desk.authority.folder)


def test_02_an_upgrade(bench, desk, plain):
    source = folder_source(desk.authority.folder)
    installs(bench, source, 1)
    assert upgrade(desk) == 2
    assert installs(bench, source, 2)
    assert plain(target=f"safety/{HOSPITAL}/{PROFILE}/2.json").takes(desk.authority.folder)


@pytest.mark.hazard("CF-01")
def test_03_an_old_stick_on_a_pump_that_has_newer(bench, desk, mirror, plain):
    old, client = mirror(), plain()
    upgrade(desk)
    assert client.takes(desk.authority.folder)
    installs(bench, folder_source(desk.authority.folder), 2)

    assert refuses(bench, old.source, Code.ROLLED_BACK)
    assert not client.takes(old.folder)


@pytest.mark.hazard("CF-03")
def test_04_only_the_pharmacist_signed(bench, desk, mirror, plain):
    listed = alone_by("pharmacy", desk, evil := mirror(), [desk.pharmacists[0]])
    evil.order(listed)

    assert refuses(bench, evil.source, Code.NOT_RELEASED)
    assert not plain(target=f"safety/{HOSPITAL}/{PROFILE}/2.json").takes(evil.folder)


def alone_by(role, desk, evil, signers):
    """Have one of the two roles list a library that the other never saw; return it as the director would list it."""
    content = canonical_bytes(small_library("6.6.6", hard_max="300"))
    first = desk.listing()[1]
    release = replace(first.release, number=2, content_of=2, library_version="6.6.6", probes=())
    listing = {1: first, 2: Listed(release=release, content=content_of(content))}
    evil.authority.releases.write_target(release.target("pharmacy"), content)
    evil.list(role, listing, signers)
    return listing[2].target_file(BENCH_RING)


def test_04_only_the_safety_officer_signed(bench, desk, mirror):
    evil = mirror()
    evil.order(alone_by("safety", desk, evil, [desk.safety_officers[0]]))

    assert refuses(bench, evil.source, Code.NOT_RELEASED)


def test_04_the_pharmacist_signed_for_both(bench, desk, mirror, plain):
    evil = mirror()
    alone_by("pharmacy", desk, evil, [desk.pharmacists[0]])
    evil.order(alone_by("safety", desk, evil, [desk.pharmacists[1]]))

    assert refuses(bench, evil.source, Code.UNSIGNED)
    assert not plain(target=f"safety/{HOSPITAL}/{PROFILE}/2.json").takes(evil.folder)


def test_04b_a_stolen_online_key_runs_ahead_and_a_new_root_frees_the_pump(bench, desk, mirror, plain):
    client = plain("director", BENCH_RING)
    evil = mirror()
    for name in ("releases", "director"):
        evil.seal(name, rise=2**40)
    assert installs(bench, evil.source, 1), "whoever holds the online key may choose among releases"
    assert client.takes(evil.folder)
    source = folder_source(desk.authority.folder)
    upgrade(desk)
    assert refuses(bench, source, Code.ROLLED_BACK)
    assert not client.takes(desk.authority.folder)

    change_online_key(desk)
    assert installs(bench, source, 2)
    assert client.takes(desk.authority.folder)


def change_online_key(desk):
    desk.online = new_signer("server, new")
    desk.trust = replace(desk.trust, online=desk.online.public_key)
    desk.change_trust(desk.trust)


@pytest.mark.hazard("IT-04")
def test_05_one_byte_changed(bench, mirror, plain):
    evil = mirror()
    file = evil.library_file(1)
    content = bytearray(file.read_bytes())
    content[100] ^= 1
    file.write_bytes(content)

    assert refuses(bench, evil.source, Code.BYTES_DIFFER)
    assert not plain().takes(evil.folder)


@pytest.mark.hazard("IT-04")
def test_06_endless_data(bench, mirror, plain):
    evil = mirror()
    file = evil.library_file(1)
    file.write_bytes(file.read_bytes() + b" " * 10_000_000)

    assert refuses(bench, evil.source, Code.TOO_LONG)
    assert not plain().takes(evil.folder)


@pytest.mark.hazard("CF-01")
def test_07_the_clock_is_a_month_ahead_or_something_withholds_what_is_new(bench, desk):
    bench.clock.go_on(days=31)

    assert refuses(bench, folder_source(desk.authority.folder), Code.EXPIRED)


def test_07_others_see_a_freeze_too(tmp_path):
    old = Desk(tmp_path / "old", at=NOW - timedelta(days=31))
    old.release(small_library())
    root = old.trusted_roots()["releases"]
    target = f"pharmacy/{HOSPITAL}/{PROFILE}/1.json"
    client = PlainClient(tmp_path / "plain", root, name="releases", target=target)

    assert not client.takes(old.authority.folder)


@pytest.mark.hazard("IT-02")
def test_08_the_clock_is_years_behind(bench, desk, mirror):
    old = mirror()
    desk.later(days=30)
    desk.refresh()
    bench.clock.at -= timedelta(days=5 * 365)
    assert installs(bench, folder_source(desk.authority.folder), 1)
    report = bench.report()
    assert (report.time_quality, report.floor) == ("floor", desk.at.replace(microsecond=0))

    # The freeze protection is not off: what has run out by the floor is refused.
    shutil.rmtree(bench.home.folder / "trust")
    assert refuses(bench, old.source, Code.EXPIRED)


def test_09_a_restored_pump_takes_the_old_stick_and_is_found_out(tmp_path, bench, desk, mirror):
    source = folder_source(desk.authority.folder)
    installs(bench, source, 1)
    server = Server(bench, desk)
    server.hears(bench)
    backup, old = tmp_path / "backup", mirror()
    shutil.copytree(bench.home.folder, backup, symlinks=True)
    upgrade(desk)
    installs(bench, source, 2)
    server.hears(bench)
    assert server.witness.high_water == 2

    shutil.rmtree(bench.home.folder)
    shutil.copytree(backup, bench.home.folder, symlinks=True)
    bench.restart()
    bench.agent.update(old.source)
    assert bench.running == 1
    found = server.hears(bench) | server.hears(bench)
    assert found & {Found.COUNTER_BACK, Found.REVERTED, Found.ONE_COUNTER_TWICE}


class Server:
    """The server's side of one pump, as far as proof goes."""

    def __init__(self, bench, desk):
        self.key = bench.home.key().public_key()
        self.desk = desk
        self.witness = Witness(pump=PUMP, line=f"{HOSPITAL}/{PROFILE}", enrolled=bench.clock.at)

    def hears(self, bench):
        """Take a report, answer it, and return what was found in it."""
        libraries = {one.content.sha256: self.desk.library(number) for number, one in self.desk.listing().items()}
        outcome = receive(
            self.witness,
            bench.agent.report(),
            at=bench.clock.at,
            next_nonce=secrets.token_hex(16),
            loaded=libraries.get,
            key=self.key,
        )
        self.witness = outcome.witness
        bench.agent.answered(b'{"nonce": "%s", "poll_seconds": 300}' % outcome.next_nonce.encode())
        return {one.what for one in outcome.findings}


def test_10_back_to_the_old_content_is_a_new_number(bench, desk, plain):
    source = folder_source(desk.authority.folder)
    installs(bench, source, 1)
    upgrade(desk)
    installs(bench, source, 2)
    desk.recall(2)

    assert installs(bench, source, 3)
    assert bench.report().active.sha256 == desk.listing()[1].content.sha256
    assert plain("director", BENCH_RING).takes(desk.authority.folder)


def change_pharmacists(desk, signers):
    desk.pharmacists = signers
    held = {**desk.trust.signers, PLACES["pharmacy"]: Signers(keys=public(signers))}
    desk.trust = replace(desk.trust, signers=held)
    desk.change_trust(desk.trust, signed_by=[*desk.custodians[:3], *signers])


def test_11_the_pharmacists_key_is_changed_by_the_custodians(bench, desk, plain):
    source = folder_source(desk.authority.folder)
    installs(bench, source, 1)
    change_pharmacists(desk, [new_signer("pharmacist 3")])
    upgrade(desk)

    assert installs(bench, source, 2)
    assert plain(target=f"pharmacy/{HOSPITAL}/{PROFILE}/2.json").takes(desk.authority.folder)


def test_12_a_root_signed_by_one_custodian_only(bench, desk, mirror, plain):
    evil = mirror()
    tree = evil.authority.releases
    root = tree.root()
    root.signed.version += 1
    root.signatures.clear()
    root.sign(desk.custodians[0])
    tree.write("root", root)

    assert refuses(bench, evil.source, Code.UNSIGNED)
    assert not plain().takes(evil.folder)


def test_13_a_release_signed_with_a_retired_key(bench, desk, mirror, plain):
    retired = desk.pharmacists
    change_pharmacists(desk, [new_signer("pharmacist 3")])
    evil = mirror()
    alone_by("safety", desk, evil, [desk.safety_officers[0]])
    evil.order(alone_by("pharmacy", desk, evil, retired))

    assert refuses(bench, evil.source, Code.UNSIGNED)
    assert not plain(target=f"pharmacy/{HOSPITAL}/{PROFILE}/2.json").takes(evil.folder)


# --- The two repositories disagree ------------------------------------------------------------------------------------


@pytest.mark.hazard("CF-03")
@pytest.mark.parametrize(
    "change",
    [
        lambda target: setattr(target, "length", target.length - 1),
        lambda target: target.hashes.update(sha256="0" * 64),
        lambda target: target.hashes.update(sha512="0" * 128),
        lambda target: target.custom.update(reason="another"),
        lambda target: target.custom.update(models=["example-syringe"]),
        lambda target: target.custom.update(probes=[]),
        lambda target: target.custom.update(more=1),
    ],
    ids=["length", "hash", "one more hash", "reason", "models", "probes", "one more fact"],
)
def test_a_director_that_names_other_facts_is_refused(bench, mirror, change):
    evil = mirror()
    target = evil.listed(1)
    change(target)
    evil.order(target)

    assert refuses(bench, evil.source, Code.DISAGREE)


def test_pharmacy_and_safety_that_signed_different_bytes_are_refused(bench, desk, mirror):
    evil = mirror()
    alone_by("safety", desk, evil, [desk.safety_officers[0]])
    other = replace(desk.listing()[1], content=content_of(b"other"))
    release = replace(other.release, number=2, content_of=2, library_version="6.6.6", probes=())
    listing = {1: desk.listing()[1], 2: replace(other, release=release)}
    evil.list("pharmacy", listing, [desk.pharmacists[0]])
    evil.order(listing[2].target_file(BENCH_RING))

    assert refuses(bench, evil.source, Code.DISAGREE)


def test_one_key_in_both_roles_is_refused_even_if_custodians_signed_it(bench, desk, mirror):
    """The authority never makes such a trust; a pump does not take it from anybody."""
    evil = mirror()
    targets = evil.authority.releases.in_force("targets")
    roles = targets.signed.delegations.roles
    key = desk.pharmacists[0].public_key
    roles[PLACES["safety"]].keyids = [key.keyid]
    roles[PLACES["safety"]].threshold = 1
    targets.signed.version += 1
    targets.signatures.clear()
    for custodian in desk.custodians[:3]:
        targets.sign(custodian, append=True)
    safety = evil.in_force("safety")
    safety.signed.version += 1
    safety.signatures.clear()
    safety.sign(desk.pharmacists[0])
    evil.seal("releases", roles={"targets": targets, PLACES["safety"]: safety})

    assert refuses(bench, evil.source, Code.ROLE_CONFUSED)


def test_a_release_that_another_role_lists_is_refused_even_if_custodians_signed_it(bench, desk, mirror):
    evil = mirror()
    content = canonical_bytes(small_library("6.6.6", hard_max="300"))
    release = replace(desk.listing()[1].release, number=2, content_of=2, probes=())
    made = Listed(release=release, content=content_of(content))
    targets = evil.authority.releases.in_force("targets")
    for role in ("pharmacy", "safety"):
        evil.authority.releases.write_target(release.target(role), content)
        targets.signed.targets[release.target(role)] = made.target_file(release.target(role))
    targets.signed.version += 1
    targets.signatures.clear()
    for custodian in desk.custodians[:3]:
        targets.sign(custodian, append=True)
    evil.seal("releases", roles={"targets": targets})
    evil.order(made.target_file(BENCH_RING))

    assert refuses(bench, evil.source, Code.ROLE_CONFUSED)


# --- Stolen online keys -----------------------------------------------------------------------------------------------


@pytest.mark.hazard("CF-03")
def test_stolen_online_keys_install_nothing_that_was_not_released(bench, desk, mirror, plain):
    evil = mirror()
    content = canonical_bytes(small_library("6.6.6", hard_max="300"))
    release = replace(desk.listing()[1].release, number=9, content_of=9)
    made = Listed(release=release, content=content_of(content))
    for role in ("pharmacy", "safety"):
        evil.authority.releases.write_target(release.target(role), content)
        evil.list(role, {1: desk.listing()[1], 9: made}, [desk.online])
    evil.order(made.target_file(BENCH_RING))

    assert refuses(bench, evil.source, Code.UNSIGNED)
    assert not plain(target=release.target("pharmacy")).takes(evil.folder)


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"models": ("another-pump",)}, Code.OTHER_MODEL),
        ({"hardware": ("rev-9",)}, Code.OTHER_HARDWARE),
        ({"minimum_agent": "99.0"}, Code.AGENT_TOO_OLD),
        ({"minimum_agent": "nonsense"}, Code.AGENT_TOO_OLD),
    ],
)
def test_a_release_that_is_not_for_this_pump_is_refused(bench, desk, mirror, terms, code):
    number = desk.release(small_library("1.1.0"), **terms)
    evil = mirror()
    evil.order(evil.listed(number))

    assert refuses(bench, evil.source, code)


@pytest.mark.hazard("CF-06")
def test_a_release_of_another_profile_is_refused(bench, desk, mirror):
    desk.add_place(HOSPITAL, "neonatal")
    desk.release(small_library("1.0.0"), profile="neonatal")
    evil = mirror()
    metadata = evil.authority.releases.in_force(f"pharmacy-{HOSPITAL}--neonatal")
    evil.order(metadata.signed.targets[f"pharmacy/{HOSPITAL}/neonatal/1.json"])

    assert refuses(bench, evil.source, Code.OTHER_PLACE)


def test_an_older_release_that_is_still_listed_is_refused(bench, desk, mirror):
    source = folder_source(desk.authority.folder)
    installs(bench, source, 1)
    upgrade(desk)
    installs(bench, source, 2)
    evil = mirror()
    evil.order(evil.listed(1))

    assert refuses(bench, evil.source, Code.OLDER)
    # Nor after the cache of what is trusted was emptied.
    shutil.rmtree(bench.home.folder / "trust")
    bench.restart()
    assert refuses(bench, evil.source, Code.OLDER)


def test_a_time_in_the_future_signed_with_a_stolen_key_holds_only_until_the_key_is_changed(bench, desk, mirror):
    evil = mirror()
    for name in ("releases", "director"):
        evil.seal(name, at=desk.at + timedelta(days=300))
    bench.agent.update(evil.source)
    bench.agent.activate()
    assert bench.report().floor > desk.at + timedelta(days=299)
    assert bench.report().time_quality == "floor"

    change_online_key(desk)
    upgrade(desk)
    assert installs(bench, folder_source(desk.authority.folder), 2)
    assert bench.report().floor < desk.at + timedelta(days=1)


# --- A rogue gateway between server and pump --------------------------------------------------------------------------


@pytest.mark.hazard("CF-06")
def test_a_gateway_that_mixes_the_repositories_of_two_trusts_installs_nothing(tmp_path, bench):
    other = Desk(tmp_path / "other", at=NOW)
    other.release(small_library("9.9.9"))
    other.assign("bench", 1)

    assert refuses(bench, folder_source(other.authority.folder), Code.UNSIGNED)


def test_a_gateway_that_gives_one_repository_for_the_other_installs_nothing(tmp_path, bench, desk):
    folder = tmp_path / "swapped"
    shutil.copytree(desk.releases, folder / "director")
    shutil.copytree(desk.director, folder / "releases")

    outcome = bench.agent.update(folder_source(folder))
    assert outcome.done in ("nothing new", "refused")
    assert bench.agent.activate().done == "nothing new"
    assert bench.running == 0


@pytest.mark.parametrize(
    ("repository", "name"),
    [
        (repository, name)
        for repository, names in {
            "director": ("timestamp.json", "*.snapshot.json", "*.targets.json"),
            "releases": ("timestamp.json", "*.snapshot.json", "*.targets.json", "*.pharmacy-*.json", "*.safety-*.json"),
        }.items()
        for name in names
    ],
)
def test_a_gateway_that_withholds_a_file_installs_nothing(bench, mirror, repository, name):
    evil = mirror()
    folder = evil.folder / repository / "metadata"
    for path in folder.glob(name):
        path.unlink()

    assert bench.agent.update(evil.source).done == "refused"
    assert bench.agent.activate().done == "nothing new"
    assert bench.running == 0


def test_a_gateway_that_holds_everything_back_is_seen_within_a_week(bench, desk):
    installs(bench, folder_source(desk.authority.folder), 1)
    bench.clock.go_on(days=6)
    assert bench.agent.update(folder_source(desk.authority.folder)).done == "nothing new"
    bench.clock.go_on(days=2)
    assert refuses(bench, folder_source(desk.authority.folder), Code.EXPIRED)
    assert bench.running == 1


def test_a_gateway_that_plays_an_answer_again_moves_no_clock(bench, desk):
    server = Server(bench, desk)
    server.hears(bench)
    before = bench.report()
    old = b'{"time": "2001-01-01T00:00:00+00:00", "nonce": "", "signature": ""}'
    bench.agent.answered(b'{"nonce": "n", "poll_seconds": 60, "time": %s}' % old)

    after = bench.report()
    assert (after.time_quality, after.floor) == (before.time_quality, before.floor)


# --- Old and new, mixed -----------------------------------------------------------------------------------------------


@pytest.mark.hazard("CF-01")
def test_a_gateway_that_mixes_a_new_director_with_old_releases_installs_nothing(bench, desk, mirror):
    mixed = mirror()
    upgrade(desk)
    shutil.rmtree(mixed.folder / "director")
    shutil.copytree(desk.director, mixed.folder / "director")
    assert refuses(bench, mixed.source, Code.NOT_RELEASED)

    # Nor on a pump that has seen what is new; and what was mixed hinders nothing that is whole.
    assert installs(bench, folder_source(desk.authority.folder), 2)
    assert refuses(bench, mixed.source, Code.ROLLED_BACK)


@pytest.mark.hazard("CF-01")
@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("director", "snapshot"),
        ("director", "targets"),
        ("releases", "snapshot"),
        ("releases", PLACES["pharmacy"]),
        ("releases", PLACES["safety"]),
    ],
)
def test_a_gateway_that_mixes_old_and_new_files_of_one_repository_installs_nothing(bench, desk, mirror, name, role):
    """The newest timestamp, and under the new name what the file before said: all of it signed."""
    old = mirror()
    upgrade(desk)
    desk.refresh()
    mixed = mirror()
    new, before = (one.folder / name / "metadata" for one in (mixed, old))
    latest = max(new.glob(f"*.{role}.json"), key=lambda path: int(path.name.split(".")[0]))
    first = min(before.glob(f"*.{role}.json"), key=lambda path: int(path.name.split(".")[0]))
    assert latest.read_bytes() != first.read_bytes()
    latest.write_bytes(first.read_bytes())

    outcome = bench.agent.update(mixed.source)
    assert outcome.refusal.code in (Code.ROLLED_BACK, Code.BYTES_DIFFER, Code.TOO_LONG)
    assert bench.running == 0


@pytest.mark.parametrize("name", ["director", "releases"])
@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
@pytest.mark.parametrize("field", ["version", "expires", "more"])
def test_a_gateway_that_alters_one_field_installs_nothing(bench, mirror, name, role, field):
    evil = mirror()
    pattern = "timestamp.json" if role == "timestamp" else f"*.{role}.json"
    path = max((evil.folder / name / "metadata").glob(pattern), key=lambda one: (len(one.name), one.name))
    told = json.loads(path.read_bytes())
    told["signed"][field] = {"version": told["signed"]["version"] + 1, "expires": "2099-01-01T00:00:00Z"}.get(field, 1)
    path.write_bytes(json.dumps(told).encode())

    outcome = bench.agent.update(evil.source)
    assert outcome.refusal.code in (Code.UNSIGNED, Code.BYTES_DIFFER, Code.TOO_LONG)
    assert bench.report().refusal.code == outcome.refusal.code.value, "the next report tells it"
    assert bench.running == 0


# --- Stolen online keys: what they can do -----------------------------------------------------------------------------


def test_stolen_online_keys_that_empty_the_director_take_no_library_away(bench, desk, mirror):
    source = folder_source(desk.authority.folder)
    installs(bench, source, 1)
    upgrade(desk)
    assert bench.agent.update(source).done == "staged"
    evil = mirror()
    orders = make_orders(read_orders(evil.authority), at=desk.at)
    orders.signed.targets.clear()
    evil.seal(roles={Targets.type: orders})

    assert bench.agent.update(evil.source).done == "withdrawn"
    bench.restart()
    assert bench.running == 1


# --- Parts of a pump put back to an old copy --------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["slots", "memory.json", "trust"])
def test_a_pump_of_which_a_part_was_put_back_is_refused_the_old_stick_or_found_out(tmp_path, bench, desk, mirror, part):
    source = folder_source(desk.authority.folder)
    installs(bench, source, 1)
    server = Server(bench, desk)
    server.hears(bench)
    backup, old = tmp_path / "backup", mirror()
    shutil.copytree(bench.home.folder, backup, symlinks=True)
    upgrade(desk)
    installs(bench, source, 2)
    server.hears(bench)
    server.hears(bench)
    assert server.witness.high_water == 2

    place = bench.home.folder / part
    if place.is_dir():
        shutil.rmtree(place)
        shutil.copytree(backup / part, place, symlinks=True)
    else:
        shutil.copy(backup / part, place)
    bench.restart()
    refused = bench.agent.update(old.source).refusal
    bench.agent.activate()
    found = server.hears(bench) | server.hears(bench)
    match part:
        case "slots":
            assert refused.code is Code.ROLLED_BACK, "what was trusted is not forgotten"
            assert (bench.running, Found.REVERTED in found) == (1, True)
        case "memory.json":
            assert refused.code is Code.ROLLED_BACK
            assert bench.running == 2
            assert found & {Found.COUNTER_BACK, Found.ONE_COUNTER_TWICE}
        case _:
            assert refused.code is Code.OLDER, "the slots know the highest number"
            assert bench.running == 2


# --- Copies of a pump -------------------------------------------------------------------------------------------------


def test_a_clone_is_found_out_by_its_second_report(tmp_path, bench, desk):
    installs(bench, folder_source(desk.authority.folder), 1)
    server = Server(bench, desk)
    server.hears(bench)
    server.hears(bench)
    clone = Bench.__new__(Bench)
    shutil.copytree(bench.home.folder, tmp_path / "clone", symlinks=True)
    clone.home, clone.clock = type(bench.home)(tmp_path / "clone"), TurnedClock(bench.clock.at + timedelta(seconds=1))
    clone.restart()
    assert server.hears(bench) == set()

    found = server.hears(clone) | server.hears(clone)
    assert found & {Found.ONE_COUNTER_TWICE, Found.COUNTER_BACK}
    assert server.witness.doubt is not None
