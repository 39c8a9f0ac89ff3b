"""Counts and times as a sentence says them."""

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from typer.testing import CliRunner

from openinfusion.cli.app import app
from openinfusion.core.wording import counted, moment

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = str(ROOT / "examples/trust/library-1.1.0.json")


@pytest.mark.parametrize(
    "count, told", [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (1234, "1,234 rows")], ids=["0", "1", "2", "1234"]
)
def test_one_is_told_otherwise_than_two(count, told):
    assert counted(count, "row") == told


def test_a_noun_may_have_a_plural_of_its_own():
    assert [counted(n, "entry is", "entries are") for n in (1, 2)] == ["1 entry is", "2 entries are"]


@pytest.mark.parametrize(
    "command, name, content, words",
    [
        ("fhir read FILE", "one.json", '{"resourceType": "Device"}', "1 resource read"),
        ("fhir read FILE", "one.json", '{"resourceType": "Patient"}', "0 resources read, 1 passed over"),
        ("orders check FILE --library LIBRARY", "one.csv", "drug_name\nx\n", "1 order against"),
        ("orders check FILE --library LIBRARY", "one.csv", "drug_name\nx\n", "0 match one entry"),
        ("orders check FILE --library LIBRARY", "one.csv", "drug_name,dose\nx\n", "1 cell; the header has 2"),
        ("library diff LIBRARY LIBRARY", "none", "", "0 changes"),
    ],
)
def test_commands_count_in_words(tmp_path, command, name, content, words):
    file = tmp_path / name
    file.write_text(content)
    told = {"FILE": str(file), "LIBRARY": LIBRARY}
    done = CliRunner().invoke(app, [told.get(word, word) for word in command.split()])
    assert words in done.output


@pytest.mark.parametrize("minutes, told", [(0, "UTC"), (60, "+01:00"), (-210, "-03:30")])
def test_a_moment_has_its_zone(minutes, told):
    zone = timezone(timedelta(minutes=minutes))
    assert moment(datetime(2026, 3, 30, 8, 3, 30, tzinfo=zone)) == f"30-Mar-2026 08:03:30 {told}"
