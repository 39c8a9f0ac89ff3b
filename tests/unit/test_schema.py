"""The published JSON Schema says what the reader does."""

import json
from pathlib import Path

import jsonschema
import pytest

from openinfusion.adapters.schema import format_page, library_schema

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def validator():
    schema = library_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.fixture
def document():
    return json.loads((ROOT / "examples/trust/library-1.1.0.json").read_text())


def test_the_example_libraries_are_valid(validator, document):
    validator.validate(document)
    validator.validate(json.loads((ROOT / "examples/trust/library-1.0.0.json").read_text()))


@pytest.mark.parametrize(
    ("key", "value"),
    [("surprise", "x"), ("type", "sometimes"), ("dose", {"unit": "mg/h", "hard_max": 5}), ("id", 7)],
)
def test_what_the_reader_refuses_is_invalid(validator, document, key, value):
    document["entries"][0][key] = value
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(document)


def test_a_decimal_is_text_in_its_plain_form(validator, document):
    for wrong in ("1e3", ".5", "1,000", "+1", "05"):
        document["entries"][0]["dose"] = {"unit": "mg/h", "hard_max": wrong}
        with pytest.raises(jsonschema.ValidationError):
            validator.validate(document)


def test_a_newer_format_version_is_invalid(validator, document):
    document["format_version"] = 2
    with pytest.raises(jsonschema.ValidationError):
        validator.validate(document)


def test_every_field_of_every_object_has_its_meaning():
    """The page is made from the docstrings; a field without words would raise, and leave a hole for readers."""
    page = format_page()
    assert "| `hard_max` | decimal text | none | the most that can be programmed; nobody can pass it. |" in page
    for name, part in library_schema()["$defs"].items():
        for key, value in part.get("properties", {}).items():
            assert value.get("description"), f"{name}.{key}"
