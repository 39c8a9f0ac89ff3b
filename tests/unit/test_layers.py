"""The import direction that a safety reviewer relies on; `make check` holds the finer layers with import-linter."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import openinfusion

CORE = Path(openinfusion.__file__).parent / "core"


def imported(source: str) -> Iterator[str]:
    """Every module that the source imports, at any depth; a relative import keeps its dots."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "openinfusion":
            yield from (f"openinfusion.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def is_allowed_in_core(module: str) -> bool:
    """Whether the module is core's own or the standard library's."""
    if module == "openinfusion.core" or module.startswith("openinfusion.core."):
        return True
    return module.partition(".")[0] in sys.stdlib_module_names


def test_core_imports_only_the_standard_library_and_itself() -> None:
    """A reviewer who has read the folder `core` has read everything that decides about a dose."""
    found = {path.name: set(imported(path.read_text("utf-8"))) for path in CORE.rglob("*.py")}
    strangers = {
        f"{name} imports {module}"
        for name, modules in found.items()
        for module in modules
        if not is_allowed_in_core(module)
    }
    assert found, f"no modules found in {CORE}"
    assert not strangers


@pytest.mark.parametrize(
    "source",
    [
        "import msgspec",
        "def f():\n    import numpy.linalg",
        "from rich.table import Table",
        "from openinfusion import cli",
        "from openinfusion.adapters import csv",
        "from ..adapters import csv",
    ],
)
def test_a_forbidden_import_is_noticed(source: str) -> None:
    """The check above can fail: third parties, upper layers, hidden and relative imports are all seen."""
    assert [module for module in imported(source) if not is_allowed_in_core(module)]


@pytest.mark.parametrize("source", ["import decimal", "from openinfusion.core.units import Unit"])
def test_the_standard_library_and_core_itself_are_welcome(source: str) -> None:
    """The check above refuses nothing that core is made of."""
    assert [module for module in imported(source) if is_allowed_in_core(module)]
