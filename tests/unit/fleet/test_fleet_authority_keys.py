"""Keys lie encrypted, open only with their passphrase, and say who holds them."""

import pytest

from openinfusion.core.errors import FileAccessError, OperatorError, SenderError
from openinfusion.fleet.authority.keys import holder_of, make_key, public_file, read_public, read_signer


def passphrase(_):
    return b"correct horse"


def test_a_key_opens_with_its_passphrase_and_with_no_other(tmp_path):
    file = tmp_path / "pharmacist.pem"
    key = make_key(file, holder="A. Pharmacist", passphrase=b"correct horse")
    assert b"ENCRYPTED" in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0
    signer = read_signer(str(file), passphrase)
    assert signer.public_key.keyid == key.keyid
    key.verify_signature(signer.sign(b"words"), b"words")
    with pytest.raises(OperatorError, match="does not open it"):
        read_signer(str(file), lambda _: b"wrong")
    with pytest.raises(OperatorError, match="no passphrase"):
        read_signer(str(file), lambda _: None)


def test_the_public_half_says_who_holds_it(tmp_path):
    key = make_key(tmp_path / "a.pem", holder="A. Pharmacist", passphrase=None)
    found = read_public(public_file(tmp_path / "a.pem"))
    assert (holder_of(found), found) == ("A. Pharmacist", key)


def test_no_key_is_written_over(tmp_path):
    make_key(tmp_path / "a.pem", holder="A. Pharmacist", passphrase=None)
    before = (tmp_path / "a.pem").read_bytes()
    with pytest.raises(FileAccessError, match="no key is written over"):
        make_key(tmp_path / "a.pem", holder="B. Pharmacist", passphrase=None)
    assert (tmp_path / "a.pem").read_bytes() == before


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"holder": "A", "public": "x"}', '{"holder": "", "public": ""}'])
def test_what_holds_no_public_key_is_refused(tmp_path, content):
    (tmp_path / "a.pub").write_text(content)
    with pytest.raises(SenderError):
        read_public(tmp_path / "a.pub")


def test_what_is_no_key_is_refused(tmp_path):
    (tmp_path / "a.pem").write_text("no key")
    with pytest.raises(OperatorError, match="fleet new-key"):
        read_signer(str(tmp_path / "a.pem"), passphrase)
