"""Any library survives being written and read; no bytes at all make anything but an error of ours."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openinfusion.adapters.documents import canonical_bytes
from openinfusion.adapters.library_file import identity, library_from_bytes
from openinfusion.core.errors import OpenInfusionError
from openinfusion.core.library import Library
from tests.strategies import libraries

pytestmark = pytest.mark.hazard("PL-01")
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)


@given(libraries())
def test_bytes_to_library_to_bytes(library: Library):
    """Canonical bytes read back as the same library, and are written the same again."""
    content = canonical_bytes(library)
    read = library_from_bytes(content, where="library.json")
    assert read == library
    assert canonical_bytes(read) == content
    assert identity(read) == identity(library)


@given(libraries(), st.data())
def test_the_layout_of_a_document_changes_nothing(library: Library, data: st.DataObject):
    """Spaces, order of keys and a byte order mark are no part of a library's identity."""
    document = json.loads(canonical_bytes(library))
    shuffled = dict(data.draw(st.permutations(list(document.items()))))
    text = json.dumps(shuffled, indent=data.draw(st.sampled_from([None, 2])), ensure_ascii=data.draw(st.booleans()))
    assert identity(library_from_bytes(b"\xef\xbb\xbf" + text.encode(), where="library.json")) == identity(library)


def read_quietly(content: bytes) -> Library | None:
    """The library, or nothing if an error of ours says why not; any other error fails the test."""
    try:
        return library_from_bytes(content, where="library.json")
    except OpenInfusionError as error:
        message = str(error)
    assert message.isprintable()
    return None


@given(st.binary(max_size=300))
def test_random_bytes_make_no_surprise(content: bytes):
    """Random bytes are no library, and say so."""
    assert read_quietly(content) is None


@given(libraries(), st.data())
def test_mutated_bytes_make_no_surprise(library: Library, data: st.DataObject):
    """A library with bytes changed, cut or doubled is read or refused, and what is read can be written."""
    content = bytearray(canonical_bytes(library))
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(content) - 1))
        end = min(len(content), at + data.draw(st.integers(0, 20)))
        content[at:end] = data.draw(
            st.binary(max_size=4) | st.sampled_from([b'"', b"{", b"]", b",", b"\\ud800", b"1e9"])
        )
        if not content:
            break
    read = read_quietly(bytes(content))
    if read is not None:
        assert read_quietly(canonical_bytes(read)) == read


@given(libraries(), st.data())
def test_any_value_in_any_place_makes_no_surprise(library: Library, data: st.DataObject):
    """Another JSON value in place of one of the document's own is read or refused."""
    document = json.loads(canonical_bytes(library))
    places = list(every_place(document))
    holder, key = data.draw(st.sampled_from(places))
    holder[key] = data.draw(values)
    read_quietly(json.dumps(document).encode())


def every_place(value):
    """Every (object or list, key or index) of a document."""
    items = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    for key, item in items:
        yield value, key
        yield from every_place(item)
