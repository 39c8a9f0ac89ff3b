"""
The nomenclature as data: codes, names, units, words of enumerations, error codes of orders.

The tables lie beside this module and name their sources; they are read when first asked for. A code is looked up by its
context-free number first (partition x 65,536 + term), by its reference id where the number is 0, empty or unknown. What
is known as a misprint, a legacy code or another name is read and said; only rows of use ``emit`` are ever written.

Sources: IEEE 11073-10101 by way of NIST RTMMS (2013); IHE Devices Technical Framework, revision 10 and draft 11;
messages of B. Braun, ICU Medical, Smiths Medical and GE. Reading rules: see docs/reference/hl7.md.
"""

import csv
import io
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import NamedTuple

from openinfusion.adapters.flags import shown
from openinfusion.adapters.hl7.leniency import Doubt, Leniency
from openinfusion.adapters.hl7.text import unescape

LONGEST_CACHED = 160
_PREFIXES = ("MDC_", "MDCX_")
# Drafts of orders with steps and of boluses (IHE CP-PCD-141, 142) say INFUSION where the standard says INFUS.
_DRAFTS = (("MDC_INFUSION_", "MDC_INFUS_"), ("MDCX_INFUSION_", "MDC_INFUS_"))
_SAME_NAMES = (
    ("MDC_PUMP_", "MDC_DEV_PUMP_"),
    ("MDC_DEV_PUMP_", "MDC_PUMP_"),
    ("MDCX_", "MDC_"),
    ("MDC_", "MDCX_"),
    *_DRAFTS,
)


class Term(NamedTuple):
    """
    One term of the nomenclature.

    Attributes:
        code: context-free code; 0 where none is published.
        refid: reference id, as we would write it.
        kind: device, metric, attribute, event, alarm or value.

    """

    code: int
    refid: str
    kind: str

    @property
    def key(self) -> int | str:
        """What the term is known by: its code, or its name where it has no code."""
        return self.code or self.refid


class Row(NamedTuple):
    """One row of ``codes.csv``: what may be met, and the code that it stands for."""

    code: int
    refid: str
    kind: str
    use: str
    means: int
    source: str


class Named(NamedTuple):
    """
    A coded element as it was sent, and the term that it means.

    Attributes:
        term: the term, or ``None`` if it is in no table.
        code: the code as sent.
        name: the name as sent.
        doubts: what was let pass.

    """

    term: Term | None
    code: str
    name: str
    doubts: tuple[Doubt, ...]


class _Tables(NamedTuple):
    by_code: Mapping[int, Term]
    by_name: Mapping[str, Term]
    odd: Mapping[int, Row]


def table(name: str) -> list[dict[str, str]]:
    """Return the rows of one of the data files: codes, units, enumerations or error_codes."""
    text = (files("openinfusion.adapters.hl7") / "data" / f"{name}.csv").read_text("utf-8")
    return list(csv.DictReader(io.StringIO(text)))


@cache
def rows() -> tuple[Row, ...]:
    """Return every row of the table of codes."""
    return tuple(
        Row(int(r["code"]), r["refid"], r["kind"], r["use"], int(r["means"] or 0), r["source"]) for r in table("codes")
    )


@cache
def _tables() -> _Tables:
    by_code: dict[int, Term] = {}
    by_name: dict[str, Term] = {}
    for row in rows():
        if row.use in ("emit", "read"):
            term = Term(row.code, row.refid, row.kind)
            by_name[row.refid] = term
            if row.code:
                by_code.setdefault(row.code, term)
    for row in rows():
        meant = by_code.get(row.means or row.code)
        if row.refid == "MDC_EVT_PUMP_RELAY_PROG":
            meant = by_name["MDC_EVT_PUMP_PROG_RELAY"]
        if meant is not None:
            by_name.setdefault(row.refid, meant)
    odd = {row.code: row for row in rows() if row.code and row.use in ("misprint", "legacy")}
    return _Tables(by_code, by_name, odd)


def term_of(code: int) -> Term | None:
    """Return the term of a context-free code, misprints and legacy codes left out."""
    return _tables().by_code.get(code)


def term_named(name: str) -> Term | None:
    """Return the term of a reference id, whatever prefix it comes with."""
    names = _tables().by_name
    found = names.get(name)
    if found is None:
        for prefix, other in _SAME_NAMES:
            if name.startswith(prefix):
                found = found or names.get(other + name[len(prefix) :])
    return found


def read_term(text: str) -> Named:
    """Return the term in a coded element ``code^name^MDC`` (a second triple may hold it instead)."""
    return _cached_term(text) if len(text) <= LONGEST_CACHED else _read_term(text)


def _triple(text: str) -> tuple[str, str, bool]:
    """Return code and name of the MDC triple of a coded element, and whether blanks were removed."""
    parts = [unescape(part) for part in text.split("^")]
    if len(parts) > 5 and parts[2].strip() != "MDC" and parts[5].strip() == "MDC":  # noqa: PLR2004 - two triples
        parts = parts[3:]
    code, name, system = (parts[i] if i < len(parts) else "" for i in range(3))
    bare = (code.strip(), name.strip())
    return *bare, (code, name, system) != (*bare, system.strip())


def _read_term(text: str) -> Named:
    code, name, has_blanks = _triple(text)
    doubts: list[Doubt] = []
    if has_blanks:
        doubts.append(Doubt(Leniency.BLANKS, f"blanks in {shown(text)}", "removed"))
    if name.isdigit() and code.upper().startswith(_PREFIXES):
        doubts.append(Doubt(Leniency.CODE_EXCHANGED, shown(f"{code}^{name}"), f"read as {shown(f'{name}^{code}')}"))
        code, name = name, code
    number = int(code) if code.isascii() and code.isdigit() and len(code) < 12 else 0  # noqa: PLR2004 - no code is longer
    term = _by_code(number, code, doubts) if number else None
    # A name that stands alone may stand in the place of the code.
    by_name = term_named((name or code).upper()) if name or not number else None
    if term is None:
        term = by_name
        if term is not None and (term.code or code not in ("", "0")):
            _say_by_name(code, term, doubts)
    elif by_name is not None and by_name.key != term.key:
        doubts.append(Doubt(Leniency.CODE_AND_NAME, shown(f"{code}^{name}"), f"read as {term.refid}"))
    if term is not None and name == "MDC_EVT_PUMP_RELAY_PROG":
        doubts.append(Doubt(Leniency.CODE_MISPRINT, shown(name), f"read as {term.refid}"))
    return Named(term, code, name, tuple(doubts))


def _by_code(number: int, code: str, doubts: list[Doubt]) -> Term | None:
    odd = _tables().odd.get(number)
    if odd is None:
        return term_of(number)
    what = Leniency.CODE_LEGACY if odd.use == "legacy" else Leniency.CODE_MISPRINT
    doubts.append(Doubt(what, code, f"read as {odd.means}"))
    return term_of(odd.means)


def _say_by_name(code: str, term: Term, doubts: list[Doubt]) -> None:
    what = Leniency.CODE_BY_NAME if code in ("", "0") else Leniency.CODE_UNKNOWN
    found = f"{shown(code)} with the name {term.refid}" if code else f"no code with the name {term.refid}"
    doubts.append(Doubt(what, found, f"read as {term.code or term.refid}"))


_cached_term = lru_cache(maxsize=4096)(_read_term)


@cache
def words() -> Mapping[int | str, frozenset[str]]:
    """Return the published words of every enumeration, by the key of its term."""
    found: dict[int | str, set[str]] = {}
    for row in table("enumerations"):
        key: int | str = int(row["code"]) if row["code"].isdigit() else row["code"]
        found.setdefault(key, set()).add(row["value"])
    return MappingProxyType({key: frozenset(values) for key, values in found.items()})


@cache
def error_codes() -> Mapping[int, str]:
    """Return the 44 codes with which a pump answers an order (PCD-03), and their words."""
    return MappingProxyType({int(row["code"]): row["text"] for row in table("error_codes")})


class UnitRow(NamedTuple):
    """One unit of the nomenclature: context-free code, reference id, UCUM code."""

    code: int
    refid: str
    ucum: str


@cache
def unit_rows() -> tuple[UnitRow, ...]:
    """Return every unit; of several names of one code the first is the one that we would write."""
    return tuple(UnitRow(int(row["code"]), row["refid"], row["ucum"]) for row in table("units"))


@cache
def units_by_code() -> Mapping[int, UnitRow]:
    """Return the units by their context-free code."""
    found: dict[int, UnitRow] = {}
    for row in unit_rows():
        found.setdefault(row.code, row)
    return MappingProxyType(found)


@cache
def units_by_name() -> Mapping[str, UnitRow]:
    """Return the units by their reference id."""
    return MappingProxyType({row.refid: row for row in unit_rows()})
