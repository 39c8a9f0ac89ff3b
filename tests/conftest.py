"""What every test may ask for: the reference data, and how hard Hypothesis should try."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.engines import lake_engine, spark_here
from tests.postgres import database_file, postgresql_server

__all__ = ["database_file", "lake_engine", "postgresql_server", "spark_here"]

VARIABLE = "OPENINFUSION_SHARED_DATA"
REPOSITORY = Path(__file__).resolve().parent.parent
LONGEST_ID = 200
TRACED = {"unit", "spec", "generative"}
"""The folders whose tests cover core in full."""

# A busy machine is slow; that is not a fault of the code, so no example has a deadline.
CALM = settings(
    settings.get_profile("default"), max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("default", CALM)
settings.register_profile("ci", CALM)
settings.register_profile("thorough", CALM, max_examples=5000)
settings.register_profile("mutation", CALM, max_examples=25, derandomize=True, database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def find_shared_data() -> Path | None:
    """The folder of reference data: the one named in the environment, else the one beside the repository."""
    named = os.environ.get(VARIABLE)
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    return folder if folder.is_dir() else None


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Keep what is long out of the names of tests: megabytes are sent to each worker otherwise."""
    if isinstance(val, str | bytes) and len(val) > LONGEST_ID:
        return f"{argname} of {len(val)} characters"
    return None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """
    Keep a file's tests together, where no mark says otherwise, and trace core where its own tests run.

    What a file's tests share is made once then; elsewhere tracing would only slow them. `make coverage` traces all.
    """
    is_core_alone = config.getoption("cov_source", None) == [True]
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.name))
        if is_core_alone and item.path.relative_to(REPOSITORY / "tests").parts[0] not in TRACED:
            item.add_marker("no_cover")


def pytest_runtest_setup() -> None:
    """Let no test hand the width of its terminal on to the commands of the next: Textual leaves it behind."""
    for name in ("COLUMNS", "LINES"):
        os.environ.pop(name, None)


def pytest_report_header() -> str:
    folder = find_shared_data()
    return "reference data: present" if folder else f"reference data: not found, set {VARIABLE}"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of reference data; a test that needs it is skipped where it is absent."""
    folder = find_shared_data()
    if folder is None:
        pytest.skip(f"reference data not found: set {VARIABLE} to its folder")
    return folder
