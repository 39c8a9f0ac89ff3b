"""Programmes and verdicts as JSON: the protocol of the conformance kit, see ``conformance/PROTOCOL.md``."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

from openinfusion.adapters.documents import Json, convert, parse_json
from openinfusion.adapters.library_file import read_library
from openinfusion.core.dosing import check
from openinfusion.core.errors import LibraryError, NumberFormatError, OpenInfusionError, ProgrammeError
from openinfusion.core.library import Library
from openinfusion.core.numbers import decimal_text
from openinfusion.core.programme import Finding, Programme, Verdict
from openinfusion.core.units import Quantity

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One line of the protocol: the path of a library, a programme, and what comes back with the answer."""

    library: str
    programme: Programme
    rate_resolution: Quantity | None = None
    id: str | None = None


def programme_from_json(value: Any, *, where: str) -> Programme:  # noqa: ANN401 - JSON is any value
    """Return a programme; raises AuthorError with the path inside the document."""
    return _convert(value, Programme, where=where)


def _convert(value: Any, to: type[T], *, where: str) -> T:  # noqa: ANN401 - JSON is any value
    try:
        return convert(value, to, where=where)
    except LibraryError as error:
        raise ProgrammeError(where=error.where, found=error.found, expected=error.expected) from error


def verdict_to_json(verdict: Verdict) -> Json:
    """Return a verdict as JSON; every number is exact: decimal text, or "1/3" where no decimal ends."""
    derived = ((f.name, getattr(verdict.derived, f.name)) for f in fields(verdict.derived))
    return {
        "decision": verdict.decision.value,
        "findings": [finding_to_json(finding) for finding in verdict.findings],
        "derived": {name: quantity_to_json(quantity) for name, quantity in derived if quantity is not None},
    }


def finding_to_json(finding: Finding) -> Json:
    """Return a finding as JSON: codes and exact values, and the sentence that a reader sees."""
    found: Json = {"parameter": finding.parameter.value}
    if finding.limit is not None:
        found["limit"] = finding.limit.value
    if finding.problem is not None:
        found["problem"] = finding.problem.name.lower()
    if finding.attempted is not None:
        found["attempted"] = quantity_to_json(finding.attempted)
    if finding.bound is not None:
        found["bound"] = quantity_to_json(finding.bound)
    if finding.ratio is not None:
        found["ratio"] = exact_text(finding.ratio)
    if finding.by_rounding:
        found["by_rounding"] = True
    return {**found, "says": str(finding)}


def quantity_to_json(quantity: Quantity) -> Json:
    """Return a quantity with its exact value and UCUM code."""
    return {"value": exact_text(quantity.value), "unit": quantity.unit.code}


def exact_text(value: Fraction) -> str:
    """Return a number exactly: as a decimal where one ends, else as a fraction such as "1/3"."""
    try:
        return decimal_text(value)
    except NumberFormatError:
        return f"{value.numerator}/{value.denominator}"


def answer_lines(lines: Iterable[str]) -> Iterator[str]:
    """Yield one answer for each request; what cannot be read is answered with its error, and the next line goes on."""
    libraries: dict[str, Library] = {}
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield json.dumps(_answer(line, f"line {number}", libraries), ensure_ascii=False)


def _answer(line: str, where: str, libraries: dict[str, Library]) -> Json:
    named: Json = {}
    try:
        value = parse_json(line.encode("utf-8", "surrogateescape"), where=where)
        if isinstance(value, dict) and isinstance(value.get("id"), str):
            named = {"id": value["id"]}
        request = _convert(value, Request, where=where)
        if request.library not in libraries:
            libraries[request.library] = read_library(Path(request.library))
        verdict = check(request.programme, libraries[request.library], rate_resolution=request.rate_resolution)
    except OpenInfusionError as error:
        kind = {"class": type(error).__name__, "exit_code": error.exit_code}
        return {**named, "error": {**kind, "where": error.where, "found": error.found, "expected": error.expected}}
    return {**named, **verdict_to_json(verdict)}
