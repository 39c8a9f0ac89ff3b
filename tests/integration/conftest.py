"""What the tests of the device API may ask for: its settings, trees and a pump."""

import pytest

from tests.integration.devices_bench import PumpOnBench, know, make_place, make_trees


@pytest.fixture
def desk(tmp_path):
    """Signed trees with release 1, assigned to the ring "bench"."""
    return make_trees(tmp_path / "fleet")


@pytest.fixture
def place(tmp_path, desk):
    """The settings of a device API on SQLite."""
    return make_place(tmp_path / "devices", tmp_path / "fleet")


@pytest.fixture
def pump(place, desk):
    """A pump that it knows, with release 1 in force."""
    made = PumpOnBench(library=desk.library(1), number=1)
    know(place, made)
    return made
