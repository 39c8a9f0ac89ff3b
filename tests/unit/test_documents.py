"""Reading and writing documents, at their edges; hostile files are in tests/hostile."""

import json
import os
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import msgspec
import pytest

from openinfusion.adapters import documents
from openinfusion.adapters.documents import canonical_bytes, convert, parse_json, read_bytes, to_json, write_bytes
from openinfusion.adapters.library_file import identity, library_from_bytes, read_library, write_library
from openinfusion.core.errors import FileAccessError, FileTooLargeError, LibraryError, OpenInfusionError, SyntaxFault
from openinfusion.core.library import About, Library
from openinfusion.core.units import Quantity
from tests.hostile.corpus import good

GOOD = json.dumps(good()).encode()


def test_a_file_of_the_limit_is_read_and_one_byte_more_is_not(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"x" * 10)
    assert read_bytes(path, limit=10) == b"x" * 10
    with pytest.raises(FileTooLargeError) as caught:
        read_bytes(path, limit=9)
    assert str(caught.value) == f"{path}: found 10 bytes; expected at most 9 bytes"


def test_a_pipe_is_bounded_although_it_has_no_size() -> None:
    reader, writer = os.pipe()
    os.write(writer, b"x" * 20)
    os.close(writer)
    with pytest.raises(FileTooLargeError, match="data without end"):
        read_bytes(Path(f"/dev/fd/{reader}"), limit=10)
    os.close(reader)


def test_a_file_that_may_not_be_read_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may read anything, so the refusal is made."""

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "f"
    path.write_bytes(b"")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(FileAccessError, match="found Permission denied"):
        read_bytes(path)


def test_writing_into_a_missing_folder_is_the_operators_to_correct(tmp_path: Path) -> None:
    with pytest.raises(FileAccessError) as caught:
        write_bytes(tmp_path / "missing" / "f", b"")
    assert caught.value.exit_code == 5
    assert "No such file or directory" in str(caught.value)


def test_a_written_library_has_the_identity_of_its_bytes(tmp_path: Path) -> None:
    """The hash that is returned is that of the file, and of the library wherever it was read from."""
    library = library_from_bytes(GOOD, where="x")
    path = tmp_path / "library.json"
    named = write_library(library, path)
    assert named == identity(library) == identity(read_library(path))
    assert len(named) == 64
    assert path.read_bytes() == canonical_bytes(library)


def test_canonical_bytes_are_those_of_rfc_8785() -> None:
    """Keys in order, no spaces, defaults left out, what must be said always said."""
    library = Library(library=About(name="n", organisation="\u00e9", version="1"))
    assert (
        canonical_bytes(library)
        == (
            '{"format":"openinfusion-library","format_version":1,"library":'
            '{"name":"n","not_for_clinical_use":true,"organisation":"\u00e9","status":"draft","version":"1"}}'
        ).encode()
    )


def test_values_become_json() -> None:
    assert to_json(Quantity.read("0.50 mcg/kg/min")) == {"value": "0.5", "unit": "ug/kg/min"}
    assert to_json(Fraction(1, 8)) == "0.125"
    assert to_json(datetime(2026, 3, 31, 12, tzinfo=UTC)) == "2026-03-31T12:00:00Z"
    assert to_json({"a": (1, "x", None)}) == {"a": [1, "x", None]}


def test_brackets_inside_texts_are_no_depth() -> None:
    """A text full of brackets is only a text; the place that is named lies outside of it."""
    deep = b'{"a": "' + b"[" * 200 + b'\\"",\n"b": ' + b"[" * 5000 + b"]" * 5000 + b"}"
    with pytest.raises(SyntaxFault) as caught:
        parse_json(deep, where="f")
    assert caught.value.where == "f, line 2, column 69"
    assert parse_json(b'"' + b"[" * 5000 + b'"', where="f") == "[" * 5000


@pytest.mark.parametrize(
    "content, found, expected",
    [
        (b'{"a": 1}{"b": 2}', "'{'", "the end of the file after one document (JSON)"),
        (b'{"a', "'\"'", "a closing quote of the text that begins here (JSON)"),
        (b'["\n"]', "'\\n'", "texts without control characters: \\n for a new line (JSON)"),
        (rb'["\q"]', "'\\\\'", "an escape that JSON knows, such as \\n"),
        (b'{"a" 1}', "'1'", "':' delimiter (JSON)"),
    ],
)
def test_what_was_found_and_what_was_expected_are_not_turned_round(content: bytes, found: str, expected: str) -> None:
    with pytest.raises(SyntaxFault) as caught:
        parse_json(content, where="f")
    assert (caught.value.found, caught.value.expected) == (found, expected)


def test_depth_that_no_bracket_shows_is_somewhere() -> None:
    assert documents._too_deep_at('"[[["') == "somewhere"


def test_half_a_character_that_is_only_spelled_out_is_none() -> None:
    """A backslash before the u is a text about surrogates, and a pair is one character."""
    assert parse_json(rb'["\\ud800", "\ud83d\ude00"]', where="f") == ["\\ud800", "\U0001f600"]


@pytest.mark.parametrize(
    "message, found, expected",
    [
        ("Something new - at `$.a`", "Something new", "what the format describes"),
        ("Object missing required field `x`", "no x", "this key, which every document has"),
        ("Expected `str`, got `int` - at `$.a`", "a value of type int", "str"),
    ],
)
def test_a_message_of_the_parser_is_put_into_our_words(message: str, found: str, expected: str) -> None:
    error = documents._located(msgspec.ValidationError(message), "f")
    assert (error.found, error.expected) == (found, expected)


def test_an_error_that_is_no_authors_becomes_one() -> None:
    """Whatever core refused while a document was read, its author must correct."""
    cause = msgspec.ValidationError("x - at `$.a`")
    cause.__cause__ = OpenInfusionError(where="value", found="x", expected="y")
    error = documents._located(cause, "f")
    assert type(error) is LibraryError
    assert str(error) == "f, $.a: found x; expected y"


@pytest.mark.parametrize(
    "path, place, whole",
    [
        ("$.a", "value", ""),
        ("$.a.pca", "pca", ""),
        ("$.a.pca", "pca.dose.unit", ".dose.unit"),
        ("$.a", "pca.dose", ".pca.dose"),
        ("$.a", "dose", ".dose"),
        ("$", "entries[0].drug", ".entries[0].drug"),
    ],
)
def test_the_place_that_core_names_continues_the_path(path: str, place: str, whole: str) -> None:
    assert documents._below(path, place) == whole


def test_a_null_where_text_must_be_says_so() -> None:
    """Every JSON type has a word of its own."""
    for value, word in (
        (1, "a JSON number"),
        (True, "true or false"),
        ([], "a list"),
        ({}, "an object"),
        (None, "nothing (null)"),
    ):
        with pytest.raises(LibraryError, match="text in quotes") as caught:
            convert({"value": value, "unit": "mg"}, Quantity, where="f")
        assert word in caught.value.found


@pytest.mark.hazard("IT-04")
def test_a_key_twice_among_many_is_found_at_once() -> None:
    """Counting each of 200,000 keys anew would take five minutes."""
    keys = ", ".join(f'"k{number}": 1' for number in range(200_000))
    with pytest.raises(SyntaxFault, match="found the key 'k199999' twice"):
        parse_json(f'{{{keys}, "k199999": 2}}'.encode(), where="f")
