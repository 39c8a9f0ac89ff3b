"""Every hostile file ends in exactly one error of ours, which names the place and says what to do."""

import json
from pathlib import Path

import pytest

from openinfusion.adapters.library_file import library_from_bytes, read_library
from openinfusion.cli import main
from openinfusion.core.errors import OpenInfusionError
from tests.hostile.corpus import CORPUS, Hostile, good, text

FEWEST = 50
LONGEST = 1200


@pytest.mark.hazard("PL-01")
@pytest.mark.hazard("IT-04")
@pytest.mark.parametrize("hostile", CORPUS, ids=lambda hostile: hostile.name)
def test_a_hostile_file_ends_in_one_clear_error(hostile: Hostile, tmp_path: Path) -> None:
    """Of the right class, with the place, short enough for a screen and without a character that could play tricks."""
    with pytest.raises(OpenInfusionError) as caught:
        read_library(hostile.make(tmp_path))
    assert type(caught.value) is hostile.error, str(caught.value)
    assert hostile.where in caught.value.where
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < LONGEST
    assert "; expected " in message


# No shell can pass a null character in an argument.
TYPEABLE = [hostile for hostile in CORPUS if "null character in the path" not in hostile.name]


@pytest.mark.parametrize("hostile", TYPEABLE, ids=lambda hostile: hostile.name)
def test_the_command_line_says_it_in_one_message(hostile, tmp_path, monkeypatch, capsys) -> None:
    """The exit code is that of the cause; there is no traceback, and nothing on the output meant for results."""
    monkeypatch.setattr("sys.argv", ["openinfusion", "library", "check", str(hostile.make(tmp_path))])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr()
    assert ended.value.code == hostile.error.exit_code
    assert printed.err.count("Error  ") == 1
    assert "Traceback" not in printed.err
    assert printed.out == ""


def test_there_are_enough_and_all_differ() -> None:
    """A corpus with a name for each file."""
    assert len(CORPUS) >= FEWEST
    assert len({hostile.name for hostile in CORPUS}) == len(CORPUS)


def test_the_library_they_are_made_of_is_good(tmp_path: Path) -> None:
    """Otherwise every file of the corpus would fail for a reason of its own."""
    assert len(read_library(text(json.dumps(good()))(tmp_path)).entries) == len(good()["entries"])


def test_a_byte_order_mark_and_whole_pairs_are_welcome() -> None:
    """What editors write without being asked is no fault."""
    document = good()
    document["library"]["name"] = "\U0001f489"
    content = b"\xef\xbb\xbf" + json.dumps(document).encode()
    assert library_from_bytes(content, where="x").library.name == "\U0001f489"
