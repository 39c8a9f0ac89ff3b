"""The numbers that rules compare with: each has a default, what it means and where the default comes from."""

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from openinfusion.core.errors import AuthorError
from openinfusion.core.numbers import decimal_text, read_decimal
from openinfusion.core.review.facts import PUMPS

OURS = "our choice; set your own"


def _about(doc: str, source: str = OURS) -> dict[str, str]:
    """Return what a threshold means and where its default comes from, as the manual prints it."""
    return {"doc": doc, "source": source}


_NO_TALL_MAN: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What every rule compares with. ``thresholds_from`` reads a local choice; ``document`` prints all of them."""

    hard_max_over_usual: Fraction = field(
        default=Fraction("10"),
        metadata=_about(
            "times the upper usual dose that a hard maximum may reach", "peers.md L03 (S7); governance.md R15"
        ),
    )
    soft_max_over_usual: Fraction = field(
        default=Fraction("2"),
        metadata=_about(
            "times the upper usual dose at which a soft maximum misses a doubled dose", "peers.md L03c (S7)"
        ),
    )
    soft_max_nuisance: Fraction = field(
        default=Fraction("1.2"),
        metadata=_about(
            "times the upper usual dose below which a soft maximum alerts in ordinary use", "governance.md R15"
        ),
    )
    soft_band: Fraction = field(
        default=Fraction("1.02"),
        metadata=_about(
            "times the soft maximum up to which a hard maximum leaves no room for a soft alert", "peers.md L05 (S2)"
        ),
    )
    hard_over_soft: Fraction = field(
        default=Fraction("3"),
        metadata=_about(
            "times the soft maximum that a hard maximum usually stays within",
            "lint_rules.csv L004 (median 1.5, 90th centile 2.7)",
        ),
    )
    soft_span: Fraction = field(
        default=Fraction("100"),
        metadata=_about(
            "times the soft minimum that a soft maximum may reach", "peers.md L06 (48 real entries exceed it)"
        ),
    )
    sentinel: Fraction = field(
        default=Fraction("1000"),
        metadata=_about("times below the usual dose at which a minimum limits nothing", "lint_rules.csv L027"),
    )
    concentration_span: Fraction = field(
        default=Fraction("10"),
        metadata=_about(
            "times the lower bound of an open concentration at which a tenfold slip can pass", "HSIB 2020 3.2-3.7"
        ),
    )
    strengths_in_area: int = field(
        default=2, metadata=_about("strengths of one drug in one care area", "peers.md C03 (unverified recollection)")
    )
    bolus_share: Fraction = field(
        default=Fraction("0.25"),
        metadata=_about(
            "share of a syringe or bag that one bolus may take", "governance.md R26 leaves the share to the trust"
        ),
    )
    pump_max_rate: Fraction = field(
        default=Fraction("999"),
        metadata=_about("mL/h that a pump reaches where the care area sets no maximum", "lint_rules.csv L012"),
    )
    pump_min_rate: Fraction = field(
        default=Fraction("0.1"),
        metadata=_about("mL/h below which an infusion is not deliverable", "NPPG survey, lint_rules.csv L013"),
    )
    rate_resolution: Fraction = field(
        default=Fraction("0.1"), metadata=_about("mL/h that a pump's rate is rounded to", "lint_rules.csv L014")
    )
    syringe_volume: Fraction = field(default=Fraction("60"), metadata=_about("mL that the largest syringe holds"))
    slip_tolerance: Fraction = field(
        default=Fraction("0.2"),
        metadata=_about("share by which a ratio may miss 10, 24, 60 or 1,000", "lint_rules.csv L006"),
    )
    per_kg_disagreement: Fraction = field(
        default=Fraction("3"),
        metadata=_about(
            "times by which a dose per kg and an absolute dose may differ at one weight", "lint_rules.csv L008"
        ),
    )
    adult_weight: Fraction = field(
        default=Fraction("70"),
        metadata=_about("kg at which adult doses per kg are compared with absolute ones", "lint_rules.csv L008"),
    )
    neonatal_weight_max: Fraction = field(
        default=Fraction("10"),
        metadata=_about("kg above which a weight maximum is no longer neonatal", "peers.md L11 (S2)"),
    )
    adult_weight_min: Fraction = field(
        default=Fraction("20"), metadata=_about("kg below which a weight minimum is no longer adult")
    )
    weight_max: Fraction = field(
        default=Fraction("400"), metadata=_about("kg above which a weight maximum limits nothing")
    )
    name_length: int = field(
        default=20, metadata=_about("characters of a drug name that the pump shows", "lint_rules.csv L026")
    )
    advisory_length: int = field(
        default=160, metadata=_about("characters of an advisory that are still read", "peers.md 2.3 (three lines)")
    )
    advisory_share: Fraction = field(
        default=Fraction("0.5"),
        metadata=_about(
            "share of entries from which one advisory is no longer read", "peers.md N08 (unverified recollection)"
        ),
    )
    name_distance: int = field(
        default=2,
        metadata=_about("letters by which two names of one list may differ and be confused", "lint_rules.csv L025"),
    )
    name_start: int = field(
        default=4, metadata=_about("letters at the start that make two names of one list alike", "lint_rules.csv L025")
    )
    review_days: int = field(
        default=366,
        metadata=_about("days from now by which an entry should be reviewed again", "peers.md G01 (S55: 12 months)"),
    )
    potassium_ward: Fraction = field(
        default=Fraction("10"),
        metadata=_about("mmol/h of potassium outside critical care", "NHS Highland; concentration_and_rate_rules.csv"),
    )
    potassium_monitored: Fraction = field(
        default=Fraction("20"),
        metadata=_about("mmol/h of potassium anywhere", "NHS Highland; UCLH; concentration_and_rate_rules.csv"),
    )
    potassium_strength: Fraction = field(
        default=Fraction("40"),
        metadata=_about("mmol/L of potassium outside critical care", "NHS Highland; concentration_and_rate_rules.csv"),
    )
    critical_care_words: tuple[str, ...] = field(
        default=(
            "critical",
            "intensive",
            "icu",
            "itu",
            "hdu",
            "high dependency",
            "theatre",
            "anaesthe",
            "emergency",
            "resus",
        ),
        metadata=_about("words in the name of a care area where patients are monitored continuously"),
    )
    target_pumps: tuple[str, ...] = field(
        default=("BD Alaris", "Baxter Spectrum"),
        metadata=_about("pumps whose capacity the library must fit", "peers.md 2.1, 2.2"),
    )
    tall_man: Mapping[str, str] = field(
        default_factory=lambda: _NO_TALL_MAN,
        metadata={
            "doc": "the approved Tall Man form of each name, in lower case",
            "source": "empty: no list is mandated in the United Kingdom (governance.md 9.2)",
        },
    )


def thresholds_from(mapping: Mapping[str, object]) -> Thresholds:
    """
    Return thresholds with some of them replaced, for example from a TOML file read with ``parse_float=str``.

    Raises:
        AuthorError: a name that is no threshold, or a value of the wrong kind.

    """
    known = {f.name: f for f in fields(Thresholds)}
    for name in mapping:
        if name not in known:
            raise AuthorError(where="thresholds", found=repr(name), expected=f"one of {', '.join(sorted(known))}")
    return Thresholds(**{name: _read(known[name], value) for name, value in mapping.items()})


def _read(threshold: Field[Any], value: object) -> Any:  # noqa: ANN401 - the type is that of the field
    """Return a value as the kind of its field; a binary float is refused, because 0.1 is not one tenth in it."""
    where = f"thresholds.{threshold.name}"
    if threshold.type is int:
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise AuthorError(where=where, found=repr(value), expected="a whole number")
        return value
    if threshold.type is Fraction:
        return _positive(where, value)
    if threshold.type == Mapping[str, str]:
        if not isinstance(value, Mapping) or not all(isinstance(item, str) for item in value.values()):
            raise AuthorError(where=where, found=repr(value), expected="a table of names and their Tall Man forms")
        return MappingProxyType({str(name).casefold(): form for name, form in value.items()})
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise AuthorError(where=where, found=repr(value), expected="a list of words")
    if threshold.name == "target_pumps" and (unknown := sorted(set(value) - set(PUMPS))):
        raise AuthorError(where=where, found=repr(unknown[0]), expected=f"one of {', '.join(PUMPS)}")
    return tuple(value)


def _positive(where: str, value: object) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise AuthorError(
            where=where, found=repr(value), expected='a decimal in quotes, such as "0.5", or a whole number'
        )
    number = read_decimal(str(value))
    if number <= 0:
        raise AuthorError(where=where, found=str(value), expected="more than zero")
    return number


def document() -> tuple[tuple[str, str, str, str], ...]:
    """Return name, default, meaning and source of every threshold, for the manual."""
    defaults = Thresholds()
    return tuple(
        (f.name, _shown(getattr(defaults, f.name)), f.metadata["doc"], f.metadata["source"]) for f in fields(Thresholds)
    )


def _shown(value: object) -> str:
    if isinstance(value, Fraction):
        return decimal_text(value)
    return ", ".join(value) or "none" if isinstance(value, tuple | Mapping) else str(value)
