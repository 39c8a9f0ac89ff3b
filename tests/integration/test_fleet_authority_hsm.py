"""
A key in a hardware module signs a release by PKCS#11: here SoftHSM, a module in software.

Whatever loads the module is a process of its own: the library keeps the first settings that it reads.
"""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from openinfusion.core.errors import OperatorError
from openinfusion.fleet.authority.keys import holder_of, read_public
from openinfusion.fleet.authority.proposals import sign
from openinfusion.fleet.authority.trust import read_trust, with_key
from openinfusion.fleet.release import role_name
from tests.fleet_desk import HOSPITAL, PROFILE, Desk, small_library

ROOT = Path(__file__).resolve().parents[2]
PIN, LABEL, NAME = "2580", "pharmacy card", "hsm:2?label=pharmacy+card"
MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")
MAKE_KEY = """
import os, pkcs11, pkcs11.util.ec
token = pkcs11.lib(os.environ["PYKCS11LIB"]).get_token(token_label="pharmacy card")
with token.open(user_pin="2580", rw=True) as session:
    curve = pkcs11.util.ec.encode_named_curve_parameters("secp256r1")
    parameters = session.create_domain_parameters(pkcs11.KeyType.EC, {pkcs11.Attribute.EC_PARAMS: curve}, local=True)
    parameters.generate_keypair(store=True, id=b"\\x02", label="pharmacy")
"""


class Card:
    """A module with one token and a P-256 key in it."""

    def __init__(self, folder, library, tool):
        (folder / "tokens").mkdir()
        settings = folder / "softhsm2.conf"
        settings.write_text(f"directories.tokendir = {folder / 'tokens'}\n")
        self.env = os.environ | {"SOFTHSM2_CONF": str(settings), "PYKCS11LIB": library, "PYTHONPATH": str(ROOT / "src")}
        words = (tool, "--init-token", "--free", "--label", LABEL, "--pin", PIN, "--so-pin", PIN)
        subprocess.run(words, check=True, capture_output=True, env=self.env)
        subprocess.run((sys.executable, "-c", MAKE_KEY), check=True, capture_output=True, env=self.env)

    def fleet(self, *words, pin=PIN, **env):
        """Run one command with the module."""
        known = self.env | {"OPENINFUSION_FLEET_PASSPHRASE": pin} | env
        command = (sys.executable, "-m", "openinfusion", "fleet", *map(str, words))
        return subprocess.run(command, capture_output=True, text=True, check=False, env=known, timeout=120)


@pytest.fixture
def card(tmp_path):
    library = next((path for path in MODULES if Path(path).exists()), None)
    tool = shutil.which("softhsm2-util")
    if library is None or tool is None or find_spec("pkcs11") is None:
        pytest.skip("SoftHSM or the extra pkcs11 is not installed")
    return Card(tmp_path, library, tool)


@pytest.mark.hazard("IT-04")
def test_a_key_in_a_module_signs_a_release(card, tmp_path):
    made = card.fleet("new-key", tmp_path / "card.pem", "--holder", "C. Pharmacist", "--hsm", NAME)
    assert made.returncode == 0, made.stderr
    assert not (tmp_path / "card.pem").exists()
    key = read_public(tmp_path / "card.pem.pub")
    desk = Desk(tmp_path / "authority")
    role = role_name("pharmacy", hospital=HOSPITAL, profile=PROFILE)
    desk.change_trust(with_key(read_trust(desk.authority), role, key))
    proposal = desk.propose(small_library())
    done = card.fleet("sign", proposal.folder, "--key", NAME, "--yes")
    assert done.returncode == 0, done.stderr
    assert f"Signed: releases/{role}." in done.stdout
    with pytest.raises(OperatorError, match="1 of safety officer"):
        desk.publish(proposal)
    sign(proposal, desk.safety_officers[0])
    desk.publish(proposal)
    signed = desk.authority.releases.in_force(role)
    assert signed is not None
    assert (list(signed.signatures), holder_of(key)) == ([key.keyid], "C. Pharmacist")


@pytest.mark.parametrize(
    ("name", "change", "complaint"),
    [
        ("hsm:9?label=pharmacy+card", {}, "P-256 or P-384"),
        ("hsm:2?label=another", {}, "another"),
        (NAME, {"pin": "0000"}, "the right PIN"),
        (NAME, {"PYKCS11LIB": ""}, "PYKCS11LIB"),
        ("hsm:two", {}, "hsm:two"),
    ],
    ids=["no such key", "no such token", "wrong PIN", "no module", "no number"],
)
def test_a_key_that_cannot_be_had_is_said_in_words(card, tmp_path, name, change, complaint):
    desk = Desk(tmp_path / "authority")
    key = card.fleet("new-key", tmp_path / "card.pem", "--holder", "C. Pharmacist", "--hsm", NAME)
    assert key.returncode == 0, key.stderr
    role = role_name("pharmacy", hospital=HOSPITAL, profile=PROFILE)
    desk.change_trust(with_key(read_trust(desk.authority), role, read_public(tmp_path / "card.pem.pub")))
    proposal = desk.propose(small_library())
    done = card.fleet("sign", proposal.folder, "--key", name, "--yes", **change)
    assert done.returncode == OperatorError.exit_code, done.stderr
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr
