"""A mapping file that is wrong says where."""

from pathlib import Path

import pytest

from openinfusion.adapters.tables import load_mapping, mapping_names, shipped_mapping
from openinfusion.adapters.tables.mapping import mapping_from_text
from openinfusion.core.errors import FileAccessError, MappingError

GOOD = """
format = "openinfusion-table-mapping"
format_version = 1
name = "mine"
about = "a test"

[[sheets]]
id = "entries"
holds = "entries"
required = ["drug"]

[sheets.columns]
"Drug" = "drug"
"Area" = "care_area"
"Dose unit" = "dose.unit"
"Soft max" = { field = "dose.soft_max" }
"""


def test_shipped_mappings_are_sound() -> None:
    """Every mapping that we ship can be loaded, and has the name of its file."""
    assert mapping_names() == ("alaris", "baxter", "plain")
    assert [shipped_mapping(name).name for name in mapping_names()] == list(mapping_names())


def test_a_good_mapping(tmp_path: Path) -> None:
    """A column is its header and a field."""
    path = tmp_path / "mine.toml"
    path.write_text(GOOD, "utf-8")
    assert [column.fields for column in load_mapping(path).sheets[0].columns][-1] == ("dose.soft_max",)


@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        ('"drug"\n', '"drugg"\n', "'Drug'", "drug"),
        ('"dose.unit"', '"dose.units"', "'Dose unit'", "dose.unit"),
        ('{ field = "dose.soft_max" }', '{ feild = "dose.soft_max" }', "'Soft max'", "feild"),
        ('{ field = "dose.soft_max" }', '{ field = "dose.soft_max", unit = "mgs" }', "'Soft max'", "mgs"),
        ('{ field = "dose.soft_max" }', '{ field = "dose.soft_max", ignore = "no" }', "'Soft max'", "either"),
        ('{ field = "dose.soft_max" }', "{ }", "'Soft max'", "either"),
        ('{ field = "dose.soft_max" }', "3", "'Soft max'", "int"),
        ('holds = "entries"', 'holds = "entreis"', "sheet 'entries'", "entreis"),
        ('holds = "entries"', 'holds = "nothing"', "sheet 'entries'", "drug"),
        ('id = "entries"', 'id = "entries"\ntitel = "x"', "sheet 'entries'", "titel"),
        ("format_version = 1", "format_version = 2", "format_version", "2"),
        ('format = "openinfusion-table-mapping"', 'format = "other"', "format", "other"),
        ('name = "mine"', "name = ", "mine.toml", "TOML"),
        ("[[sheets]]", "[sheets]", "sheets", "at least one"),
        ('required = ["drug"]', 'required = ["drug"]\nblocks = { title = ["(unclosed"] }', "blocks", "regular"),
        ('required = ["drug"]', 'required = ["drug"]\nblocks = { title = ["Area .*"] }', "blocks", "(?P<name>"),
    ],
)
def test_a_wrong_mapping_names_the_key(old, new, place, said) -> None:
    """Whatever is wrong, the message names the sheet and the column as the author wrote them."""
    assert old in GOOD
    with pytest.raises(MappingError) as caught:
        mapping_from_text(GOOD.replace(old, new, 1), where="mine.toml")
    assert place in str(caught.value)
    assert said in str(caught.value)


def test_names_and_files(tmp_path: Path) -> None:
    """A name that is not shipped and a file that is not there say what to do."""
    with pytest.raises(MappingError, match="alaris, baxter, plain"):
        shipped_mapping("alari")
    with pytest.raises(FileAccessError):
        load_mapping(tmp_path / "none.toml")
    path = tmp_path / "latin.toml"
    path.write_bytes(b'name = "\xe9"')
    with pytest.raises(MappingError, match="UTF-8"):
        load_mapping(path)
    path.write_text("a = " + "[" * 5000, "utf-8")
    with pytest.raises(MappingError):
        load_mapping(path)
