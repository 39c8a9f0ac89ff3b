"""
Change core in small ways, one at a time, and count the changes that no test notices.

Each mutant lives only in the memory of a forked process, which imports the changed module in place of the real one and
runs the fast tests; no file of the checkout is touched. A mutant that no test notices is a survivor: it needs a test,
or its reason in docs/explanation/mutation-testing.md, by its name. Texts of error messages, annotations and docstrings
are left alone. Exit code 1 if a survivor has no reason there.
"""

import argparse
import ast
import copy
import importlib.abc
import importlib.util
import os
import re
import select
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
REASONS = ROOT / "docs" / "explanation" / "mutation-testing.md"
MODULES = ("dosing", "holding", "units", "numbers")
TESTS = (
    *("tests/unit/core", "tests/spec", "tests/unit/test_dosing_edges.py", "tests/unit/test_display.py"),
    *("tests/unit/test_programmes.py", "tests/generative/test_dosing.py", "tests/generative/test_units.py"),
)
SECONDS = 40
SWAPS: dict[type[ast.AST], tuple[type[ast.AST], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Mult,),
    ast.Mod: (ast.Mult,),
    ast.Pow: (ast.Mult,),
    ast.And: (ast.Or,),
    ast.Or: (ast.And,),
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: its name (module, function, line of that function, change) and the source of the changed module."""

    module: str
    name: str
    source: str


def mutants_of(module: str) -> Iterator[Mutant]:
    """Every mutant of a module; names count lines inside a function or a table, so that edits elsewhere keep them."""
    tree = ast.parse((ROOT / "src/openinfusion/core" / f"{module}.py").read_text("utf-8"))
    seen: dict[str, int] = {}
    for place, holder, field, index, node in list(_places(tree, "module", 1)):
        for words, changed in _changes(node):
            _put((holder, field, index), changed)
            source = ast.unparse(ast.fix_missing_locations(copy.deepcopy(tree)))
            _put((holder, field, index), node)
            name = f"{module}.{place}: {words}"
            seen[name] = seen.get(name, 0) + 1
            yield Mutant(f"openinfusion.core.{module}", f"{name} #{seen[name]}" if seen[name] > 1 else name, source)


def _put(place: tuple[ast.AST, str, int | None], node: ast.AST) -> None:
    holder, field, index = place
    if index is None:
        setattr(holder, field, node)
    else:
        getattr(holder, field)[index] = node


Place = tuple[str, ast.AST, str, int | None, ast.AST]
_LEFT_ALONE = {"annotation", "returns", "decorator_list", "keywords_of_raise"}


def _places(node: ast.AST, name: str, first: int) -> Iterator[Place]:
    """Every node that may change, with the name of its function and line in it."""
    for field, value in ast.iter_fields(node):
        if field in _LEFT_ALONE or isinstance(node, ast.Raise):
            continue
        items = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
        for index, child in items:
            if not isinstance(child, ast.AST) or _is_docstring(child):
                continue
            inner, start = name, first
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                inner, start = (child.name if name == "module" else f"{name}.{child.name}"), child.lineno
            elif name == "module" and isinstance(child, ast.Assign | ast.AnnAssign):
                target = child.targets[0] if isinstance(child, ast.Assign) else child.target
                inner, start = ast.unparse(target), child.lineno
            line = getattr(child, "lineno", start)
            yield f"{inner}+{line - start}", node, field, index, child
            yield from _places(child, inner, start)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """The changes of one node, each in words."""
    if isinstance(node, ast.Constant):
        yield from _other_values(node)
    elif isinstance(node, ast.Compare | ast.BinOp | ast.BoolOp):
        yield from _other_operators(node)
    else:
        yield from _other_ways(node)


def _other_values(node: ast.Constant) -> Iterator[tuple[str, ast.AST]]:
    value = node.value
    if isinstance(value, bool):
        yield f"{value} to {not value}", ast.Constant(not value)
    elif isinstance(value, int):
        yield f"{value} to {value + 1}", ast.Constant(value + 1)
    elif isinstance(value, str) and value:
        yield f"{value!r} to 'XX'", ast.Constant("XX")


def _other_operators(node: ast.Compare | ast.BinOp | ast.BoolOp) -> Iterator[tuple[str, ast.AST]]:
    operator: ast.AST = node.ops[0] if isinstance(node, ast.Compare) else node.op
    for other in SWAPS.get(type(operator), ()):
        changed: Any = copy.deepcopy(node)
        if isinstance(node, ast.Compare):
            changed.ops[0] = other()
        else:
            changed.op = other()
        yield f"{type(operator).__name__} to {other.__name__} in {_short(node)}", changed


def _other_ways(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    match node:
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield f"{_short(node)} to {_short(operand)}", operand
        case ast.IfExp(test=test, body=body, orelse=orelse):
            yield f"branches of {_short(node)} swapped", ast.IfExp(test, orelse, body)
        case ast.Return(value=value) if value is not None and not (
            isinstance(value, ast.Constant) and value.value is None
        ):
            yield f"{_short(node)} to return None", ast.Return(ast.Constant(None))
        case ast.If(test=ast.Name() | ast.Attribute() | ast.Call() as test):
            yield f"if not {_short(test)}", ast.If(ast.UnaryOp(ast.Not(), test), node.body, node.orelse)
        case ast.Expr(value=ast.Call()) | ast.Assign(targets=[ast.Attribute() | ast.Subscript()]) | ast.Continue():
            yield f"without {_short(node)}", ast.Pass()
        case ast.Return(value=None):
            yield "without return", ast.Pass()
        case _:
            return


def _short(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004 - one line of a report


class _InMemory(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Serve one module from changed source."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant

    def find_spec(self, fullname: str, *_: object) -> ModuleSpec | None:
        return importlib.util.spec_from_loader(fullname, self) if fullname == self.mutant.module else None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self.mutant.source, f"<{self.mutant.name}>", "exec"), module.__dict__)  # noqa: S102 - our own source


def survives(mutant: Mutant, tests: Sequence[str]) -> bool:
    """Run the tests on a mutant in this process, which ends afterwards."""
    import pytest  # noqa: PLC0415 - in the forked process only, already loaded by its parent

    sys.meta_path.insert(0, _InMemory(mutant))
    # Loading pytest's plugins before the fork, to save time, is what this warning is about.
    options = [
        "-W",
        "ignore::pytest.PytestAssertRewriteWarning",
        "-x",
        "-q",
        "-p",
        "no:randomly",
        "-p",
        "no:benchmark",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
    ]
    return pytest.main([*options, "--no-header", "--no-cov", *tests]) == 0


def run(mutants: Sequence[Mutant], *, jobs: int, tests: Sequence[str]) -> dict[str, str]:
    """Run every mutant in a forked process of its own; return survived, killed or slow for each name."""
    waiting, results = list(reversed(mutants)), {}
    running: dict[int, tuple[Mutant, int]] = {}
    while waiting or running:
        while waiting and len(running) < jobs:
            mutant = waiting.pop()
            reader, pid = _fork(mutant, tests)
            running[reader] = (mutant, pid)
        ready, _, _ = select.select(list(running), [], [], SECONDS)
        for reader in ready or list(running):
            mutant, pid = running.pop(reader)
            if not ready:
                os.kill(pid, signal.SIGKILL)
            said = os.read(reader, 1)
            os.close(reader)
            os.waitpid(pid, 0)
            results[mutant.name] = "survived" if said == b"s" else "killed" if ready else "slow"
            if said == b"s":
                print(f"survived: {mutant.name}", flush=True)
    return results


def _fork(mutant: Mutant, tests: Sequence[str]) -> tuple[int, int]:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        said = b"k"
        try:
            said = b"s" if survives(mutant, tests) else b"k"
        finally:
            os.write(writer, said)
            os._exit(0)
    os.close(writer)
    return reader, pid


def explained() -> set[str]:
    """The names of survivors that the page explains."""
    text = REASONS.read_text("utf-8") if REASONS.exists() else ""
    return set(re.findall(r"`([^`]+: [^`]+)`", text))


def main() -> int:
    """Run, report, and return 1 if a survivor is not explained."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--module", action="append", choices=MODULES, help="only this module; may stand twice")
    parser.add_argument("--match", default="", help="only mutants whose name contains this")
    parser.add_argument("--names", type=Path, help="only the mutants named in this file, one a line")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--test", action="append", help="run these tests instead")
    chosen = parser.parse_args()
    os.environ["HYPOTHESIS_PROFILE"] = "mutation"
    os.chdir(ROOT)
    import hypothesis  # noqa: F401, PLC0415 - loaded once, inherited by every fork
    import pytest  # noqa: F401, PLC0415

    only = set(chosen.names.read_text("utf-8").splitlines()) if chosen.names else None
    mutants = [m for module in chosen.module or MODULES for m in mutants_of(module)]
    mutants = [m for m in mutants if chosen.match in m.name and (only is None or m.name in only)]
    tests = chosen.test or TESTS
    same = Mutant(
        "openinfusion.core.dosing", "nothing changed", (ROOT / "src/openinfusion/core/dosing.py").read_text("utf-8")
    )
    if run([same], jobs=1, tests=tests)[same.name] != "survived":
        print("the tests fail without any change: nothing can be said about mutants")
        return 2
    results = run(mutants, jobs=chosen.jobs, tests=tests)
    survivors = [name for name, result in results.items() if result == "survived"]
    for module in chosen.module or MODULES:
        mine = [result for name, result in results.items() if name.startswith(f"{module}.")]
        print(f"{module}: {len(mine)} mutants, {mine.count('survived')} survived, {mine.count('slow')} too slow")
    unexplained = sorted(set(survivors) - explained())
    print(f"{len(unexplained)} survivors without a reason in {REASONS.relative_to(ROOT)}")
    return int(bool(unexplained))


if __name__ == "__main__":
    sys.exit(main())
