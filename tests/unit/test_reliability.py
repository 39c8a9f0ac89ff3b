"""The long run of the tests of reliability reaches every one of them, and keeps what it measured."""

from pathlib import Path

import reliability_page

from tests.reliability import VARIABLE, record

TESTS = Path(__file__).resolve().parents[1]


def test_who_asks_how_thorough_to_be_is_marked():
    """`make reliability` chooses by the mark: a module without it would never run long."""
    asking = [path for path in TESTS.rglob("test_*.py") if "tests.reliability import" in path.read_text("utf-8")]
    assert asking
    unmarked = {
        path.name for path in asking if "mark.reliability" not in path.read_text("utf-8") and path != Path(__file__)
    }
    assert not unmarked


def test_a_long_run_keeps_its_figures_and_a_short_one_none(tmp_path, monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    record("F10", {"seeds": 20}, title="short", folder=tmp_path)
    assert reliability_page.page(tmp_path).count("##") == 0
    monkeypatch.setenv(VARIABLE, "1")
    record("F10", {"messages": "1,000"}, title="fuzzed messages", folder=tmp_path)
    record("F2", {"power cuts": 300}, title="power cut", folder=tmp_path)
    page = reliability_page.page(tmp_path)
    assert page.index("## F2: power cut") < page.index("## F10: fuzzed messages")
    assert "| messages | 1,000 |" in page
