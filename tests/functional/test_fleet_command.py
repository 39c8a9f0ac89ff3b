"""`openinfusion fleet` as its users meet it: what is signed is shown in words, and who is missing is named."""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from openinfusion.cli import fleet as fleet_cli
from openinfusion.cli import fleet_options
from openinfusion.core.errors import AuthorError, FileAccessError, OperatorError, SenderError
from openinfusion.fleet.authority.trees import Authority
from tests.functional.fleet_steps import INIT, fleet, prepare, proposed, released

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SIGN = "sign authority/proposals/st-elsewhere--adult--{} --key authority/keys/{}.pem"


@pytest.fixture
def place(tmp_path):
    shutil.copytree(EXAMPLES / "trust", tmp_path / "examples" / "trust")
    return tmp_path


def do(place, *steps):
    """Run commands that succeed, and return what the last one said."""
    output = ""
    for words in steps:
        done = fleet(words, cwd=place)
        assert done.exit_code == 0, (words, done.output, done.exception)
        output = done.output
    return output


@pytest.mark.hazard("CF-03")
def test_what_is_signed_is_shown_in_words_and_asked_for(place):
    prepare("halt", place)
    do(place, *proposed(2, "1.1.0"))
    done = fleet(SIGN.format(2, "pharmacist"), cwd=place)
    assert done.exit_code == 1
    for words in (
        "1, ",
        "2, new",
        "3 recall twin, new",
        "recall of release 2",
        "Example trust library (not for clinical use) 1.0.0 -> Example trust library (not for clinical use) 1.1.0",
        "limit widened",
        "6 micrograms/h",
        "Not for clinical use.",
    ):
        assert words.rstrip(", ") in done.output
    assert "Signed" not in done.output
    with pytest.raises(OperatorError, match="trial pharmacist"):
        raise fleet("publish", cwd=place).exception


def test_nothing_is_published_before_both_signed_and_the_next_step_is_said(place):
    said = do(place, *INIT, *proposed(1, "1.0.0"))
    assert "still needs 1 of pharmacist for st-elsewhere, adult (trial pharmacist)" in said
    said = do(place, SIGN.format(1, "pharmacist") + " --yes")
    assert "still needs 1 of safety officer" in said
    assert "still needs 1 of pharmacist" not in said
    with pytest.raises(OperatorError, match="safety officer"):
        raise fleet("publish", cwd=place).exception
    said = do(place, SIGN.format(1, "safety-officer") + " --yes")
    assert "Next: openinfusion fleet publish st-elsewhere--adult--1" in said
    assert "Published" in do(place, "publish")


def test_a_proposal_is_carried_to_two_signers_and_both_signatures_come_back(place):
    do(place, *INIT, *proposed(1, "1.0.0"))
    for who in ("pharmacist", "safety-officer"):
        shutil.copytree(place / "authority" / "proposals", place / who)
        do(place, f"sign {who}/st-elsewhere--adult--1 --key authority/keys/{who}.pem --yes")
    assert "Signed so far: trial pharmacist." in do(place, "collect pharmacist/st-elsewhere--adult--1")
    do(place, "collect safety-officer/st-elsewhere--adult--1", "publish", "assign bench 1")
    told = json.loads(do(place, "status --json"))
    assert told["rings"] == {"st-elsewhere/adult/bench.json": 1}


def test_a_copy_of_something_else_is_not_collected(place):
    do(place, *INIT, *proposed(1, "1.0.0"))
    shutil.copytree(place / "authority" / "proposals", place / "carried")
    do(place, *proposed(1, "1.1.0"))
    with pytest.raises(SenderError, match="another proposal"):
        raise fleet("collect carried/st-elsewhere--adult--1", cwd=place).exception


@pytest.mark.hazard("CF-03")
def test_a_library_with_errors_of_review_is_released_on_a_bench_only(place):
    def word(name):
        return f"new-key {name}.pem --holder {name} --unencrypted"

    names = ["c1", "c2", "c3", "ph", "so", "server"]
    do(place, *(word(name) for name in names))
    custodians = " ".join(f"--custodian {place}/{name}.pem.pub" for name in names[:3])
    others = f"--pharmacist {place}/ph.pem.pub --safety-officer {place}/so.pem.pub --online {place}/server.pem.pub"
    said = do(place, f"init authority --hospital h --profile p {custodians} {others} --threshold 2")
    assert "still needs 2 of custodians (c1, c2, c3)" in said
    for name in ("c1", "c3"):
        said = do(place, f"sign authority/proposals/trust --key {name}.pem --yes")
    do(place, f"publish --online-key {place}/server.pem")
    with pytest.raises(AuthorError, match="13 errors of review"):
        raise fleet(proposed(1, "1.0.0")[0], cwd=place).exception
    with pytest.raises(AuthorError, match="not for clinical use"):
        raise fleet(proposed(1, "1.1.0")[0], cwd=place).exception
    library = json.loads((place / "examples/trust/library-1.1.0.json").read_text())
    library["library"] |= {"not_for_clinical_use": False, "status": "draft"}
    (place / "draft.json").write_text(json.dumps(library))
    with pytest.raises(AuthorError):
        raise fleet("release draft.json --reason test", cwd=place).exception


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("release examples/trust/infusions.csv --reason x", SenderError),
        ("release absent.json --reason x", FileAccessError),
        ("recall 1 --by A --by A --reason x", OperatorError),
        ("recall 1 --by A --reason x", OperatorError),
        ('recall 1 --by A --by B --reason " "', OperatorError),
        ("halt nosuch", OperatorError),
        ('release examples/trust/library-1.0.0.json --reason " "', OperatorError),
        ("publish", OperatorError),
        ("publish --online-key examples/trust/library-1.0.0.json", OperatorError),
        ("add-key examples/trust/library-1.0.0.json --role pharmacy", SenderError),
        ("add-key authority/keys/pharmacist.pem --role pharmacy", SenderError),
        ("assign bench 7", OperatorError),
        ("assign Bench 1", SenderError),
        ("publish something", OperatorError),
        ("refresh --online-key authority/keys/pharmacist.pem", OperatorError),
        ("add-key authority/keys/pharmacist.pem.pub --role safety", OperatorError),
        ("add-key authority/keys/pharmacist.pem.pub --role nurse", OperatorError),
        ("assign bench 1 --hospital elsewhere", OperatorError),
        ("init authority --trial --hospital h --profile p", OperatorError),
    ],
)
def test_what_cannot_be_done_is_said_in_words(place, words, error):
    do(place, *INIT)
    done = fleet(words, cwd=place)
    assert isinstance(done.exception, error), done.output


@pytest.mark.parametrize("words", ["status", "keys", "refresh", "renew-trust"])
def test_a_folder_that_is_no_authority_is_said_to_be_none(tmp_path, words):
    with pytest.raises(OperatorError, match=r"fleet init|No such file"):
        raise fleet(words, cwd=tmp_path).exception


def test_a_recall_is_told_with_both_names(place):
    prepare("recall", place)
    said = do(place, 'recall 2 --by "A. Pharmacist" --by "B. Officer" --reason "Wrong limit"')
    assert "bench: shall run release 3." in said
    assert "by A. Pharmacist and B. Officer: Wrong limit" in do(place, "status")


@pytest.mark.hazard("CF-01")
def test_a_recall_says_which_ring_it_could_only_stop(place):
    """Ring bench has the content of 2 as twin 5, so nothing goes back to 3: it is stopped, and the end is 1."""
    prepare("recall", place)
    do(place, *released(4, "1.0.0"), "recall 4 --by A --by B --reason first", "assign other 5 --new-ring")
    done = fleet("recall 2 --by A --by B --reason second", cwd=place)
    assert done.exit_code == 1
    for ring in ("bench", "other"):
        assert f"{ring}: gets release 5 no more. It had release 5, with the content of release 2." in done.output
    assert "release a corrected library" in done.output
    assert json.loads(do(place, "status --json"))["rings"] == {}


@pytest.mark.parametrize("words", ["assign bnech 1", "halt bnech"])
def test_a_misspelt_ring_is_refused_with_the_nearest_name(place, words):
    do(place, *INIT, *released(1, "1.0.0"), "assign canary 1 --new-ring")
    done = fleet(words, cwd=place)
    assert isinstance(done.exception, OperatorError), done.output
    assert "perhaps 'bench'; a ring that is known: bench, canary" in str(done.exception)
    assert sorted(json.loads(do(place, "status --json"))["rings"]) == [
        f"st-elsewhere/adult/{name}.json" for name in ("bench", "canary")
    ]


def test_a_ring_is_new_only_where_somebody_says_so_and_a_halted_one_stays_known(place):
    said = do(place, *INIT, *released(1, "1.0.0"))
    assert "Ring bench is new" in said
    assert "no more" in do(place, "halt bench")
    assert "was halted before; nothing was changed" in do(place, "halt bench")
    assert "is new" not in do(place, "assign bench 1")
    assert "Ring ward is new" in do(place, "assign ward 1 --new-ring")


@pytest.mark.hazard("IT-01")
def test_status_ends_with_1_and_says_who_does_what_once_something_is_red(place, monkeypatch):
    do(place, *INIT, *released(1, "1.0.0"))
    assert "fleet refresh" not in do(place, "status")
    monkeypatch.setattr(fleet_cli, "now", lambda: datetime.now(UTC) + timedelta(days=4))
    done = fleet("status", cwd=place)
    assert done.exit_code == 1
    assert "red" in done.output
    assert "have the server run 'openinfusion fleet refresh' every day" in done.output
    monkeypatch.setattr(fleet_cli, "now", lambda: datetime.now(UTC) + timedelta(days=700))
    assert "hold a key ceremony: 'openinfusion fleet renew-trust'" in fleet("status", cwd=place).output


def test_a_server_that_stood_for_weeks_is_refreshed_once_its_clock_is_said_to_be_right(place, monkeypatch):
    do(place, *INIT)
    monkeypatch.setattr(fleet_cli, "now", lambda: datetime.now(UTC) + timedelta(days=31))
    with pytest.raises(OperatorError, match="--clock-is-right"):
        raise fleet("refresh", cwd=place).exception
    do(place, "refresh --clock-is-right", "refresh")


def test_files_behind_what_pumps_report_are_red_until_refreshed_above_them(place):
    do(place, *INIT)
    done = fleet("status --seen-director 52", cwd=place)
    assert done.exit_code == 1
    assert "pumps trust version 52 of director, and these files are at 1" in done.output
    do(place, "refresh --seen-director 52", "status --seen-director 52")


def test_a_passphrase_is_asked_for_twice_where_there_is_a_keyboard(place, monkeypatch):
    typed = iter(["correct horse", "correct hose", "correct horse", "correct horse"])
    monkeypatch.setattr("getpass.getpass", lambda _: next(typed))
    monkeypatch.setattr(fleet_options, "is_at_keyboard", lambda: True)
    with pytest.raises(OperatorError, match="two different passphrases"):
        raise fleet("new-key a.pem --holder A", cwd=place).exception
    assert not (place / "a.pem").exists()
    do(place, "new-key a.pem --holder A")
    assert b"ENCRYPTED" in (place / "a.pem").read_bytes()


def test_keys_are_encrypted_unless_a_bench_says_otherwise(place, monkeypatch):
    (place / "passphrase").write_text("correct horse\n")
    do(place, f"new-key a.pem --holder A --passphrase-file {place}/passphrase")
    assert b"ENCRYPTED" in (place / "a.pem").read_bytes()
    with pytest.raises(OperatorError, match="--unencrypted"):
        raise fleet("new-key b.pem --holder B", cwd=place).exception
    do(place, *INIT, *proposed(1, "1.0.0"), "add-key a.pem.pub --role pharmacy")
    do(place, "sign authority/proposals/trust --key authority/keys/custodian.pem --yes", "publish trust")
    assert not (place / "authority" / "proposals" / "trust").exists()
    do(place, *proposed(1, "1.0.0"))
    with pytest.raises(OperatorError, match="no passphrase"):
        raise fleet("sign authority/proposals/st-elsewhere--adult--1 --key a.pem --yes", cwd=place).exception
    monkeypatch.setenv("OPENINFUSION_FLEET_PASSPHRASE", "correct horse")
    do(place, "sign authority/proposals/st-elsewhere--adult--1 --key a.pem --yes")


def test_the_servers_key_is_exchanged_at_a_ceremony(place):
    prepare("rotate-online", place)
    do(place, "rotate-online online-2.pem.pub")
    do(place, "sign authority/proposals/trust --key authority/keys/custodian.pem --yes")
    with pytest.raises(OperatorError, match="online key"):
        raise fleet("publish", cwd=place).exception
    do(place, f"publish --online-key {place}/online-2.pem", f"refresh --online-key {place}/online-2.pem")
    with pytest.raises(OperatorError, match="online key"):
        raise fleet("refresh", cwd=place).exception
    assert Authority(place / "authority").director.root().signed.version == 2


def test_custodians_see_who_may_sign_whatever_the_words_beside_say(place):
    prepare("remove-key", place)
    about = place / "authority" / "proposals" / "trust" / "about.json"
    about.write_text(json.dumps({"kind": "trust", "words": ["for another two years"]}))
    said = fleet("sign authority/proposals/trust --key authority/keys/custodian.pem", cwd=place).output
    row = next(line for line in said.splitlines() if "B. Pharmacist" in line)
    assert row.startswith("new")
    assert "pharmacist for st-elsewhere, adult" in row


def test_two_changes_are_signed_at_one_ceremony(place):
    prepare("remove-key", place)
    said = do(place, 'remove-key "trial pharmacist" --role pharmacy')
    assert said.count("Proposed: ") == 2
    do(place, "sign authority/proposals/trust --key authority/keys/custodian.pem --yes", "publish")
    rows = json.loads(do(place, "keys --json"))
    assert [row["holder"] for row in rows if "pharmacist" in row["signs as"]] == ["B. Pharmacist"]
    assert "custodian" in do(place, "keys")
