"""The numbers that rules compare with: each has a default, what it means and where the default comes from."""

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from openinfusion.core.errors import AuthorError, NumberFormatError
from openinfusion.core.numbers import decimal_text, read_decimal
from openinfusion.core.review.facts import PUMPS

OURS = "proposal of this project; set your own"


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
            "times the upper usual dose that a hard maximum may reach",
            "proposal of this project; BMC Pediatr 2022, s12887-022-03183-8",
        ),
    )
    soft_max_over_usual: Fraction = field(
        default=Fraction("2"),
        metadata=_about(
            "times the upper usual dose at which a soft maximum misses a doubled dose",
            "BMC Pediatr 2022, s12887-022-03183-8",
        ),
    )
    soft_max_nuisance: Fraction = field(
        default=Fraction("1.2"),
        metadata=_about(
            "times the upper usual dose below which a soft maximum alerts in ordinary use", "proposal of this project"
        ),
    )
    soft_band: Fraction = field(
        default=Fraction("1.02"),
        metadata=_about(
            "times the soft maximum up to which a hard maximum leaves no room for a soft alert",
            "US community hospital library v66 (2024)",
        ),
    )
    hard_over_soft: Fraction = field(
        default=Fraction("3"),
        metadata=_about(
            "times the soft maximum that a hard maximum usually stays within",
            "US community hospital library v66 (2024): median 1.5, 90th centile 2.7",
        ),
    )
    soft_span: Fraction = field(
        default=Fraction("100"),
        metadata=_about(
            "times the soft minimum that a soft maximum may reach",
            "proposal of this project; 48 entries of US community hospital library v66 exceed it",
        ),
    )
    sentinel: Fraction = field(
        default=Fraction("1000"),
        metadata=_about("times below the usual dose at which a minimum limits nothing"),
    )
    concentration_span: Fraction = field(
        default=Fraction("10"),
        metadata=_about(
            "times the lower bound of an open concentration at which a tenfold slip can pass", "HSIB 2020 3.2-3.7"
        ),
    )
    strengths_in_area: int = field(
        default=2, metadata=_about("strengths of one drug in one care area", "ISMP smart-pump guidelines 2020 †")
    )
    bolus_share: Fraction = field(
        default=Fraction("0.25"),
        metadata=_about(
            "share of a syringe or bag that one bolus may take", "proposal of this project; for the trust to set"
        ),
    )
    pump_max_rate: Fraction = field(
        default=Fraction("999"),
        metadata=_about(
            "mL/h that a pump reaches where the care area sets no maximum", "US community hospital library v9"
        ),
    )
    pump_min_rate: Fraction = field(
        default=Fraction("0.1"),
        metadata=_about("mL/h below which an infusion is not deliverable", "NPPG survey"),
    )
    rate_resolution: Fraction = field(default=Fraction("0.1"), metadata=_about("mL/h that a pump's rate is rounded to"))
    syringe_volume: Fraction = field(default=Fraction("60"), metadata=_about("mL that the largest syringe holds"))
    slip_tolerance: Fraction = field(
        default=Fraction("0.2"),
        metadata=_about("share by which a ratio may miss 10, 24, 60 or 1,000"),
    )
    per_kg_disagreement: Fraction = field(
        default=Fraction("3"),
        metadata=_about("times by which a dose per kg and an absolute dose may differ at one weight"),
    )
    adult_weight: Fraction = field(
        default=Fraction("70"),
        metadata=_about("kg at which adult doses per kg are compared with absolute ones"),
    )
    neonatal_weight_max: Fraction = field(
        default=Fraction("10"),
        metadata=_about(
            "kg above which a weight maximum is no longer neonatal",
            "proposal of this project; US community hospital library v66 has 7 kg",
        ),
    )
    adult_weight_min: Fraction = field(
        default=Fraction("20"), metadata=_about("kg below which a weight minimum is no longer adult")
    )
    weight_max: Fraction = field(
        default=Fraction("400"), metadata=_about("kg above which a weight maximum limits nothing")
    )
    name_length: int = field(default=20, metadata=_about("characters of a drug name that the pump shows"))
    advisory_length: int = field(
        default=160,
        metadata=_about(
            "characters of an advisory that are still read",
            "proposal of this project; FDB Infusion Knowledge Portal: three lines",
        ),
    )
    advisory_share: Fraction = field(
        default=Fraction("0.5"),
        metadata=_about(
            "share of entries from which one advisory is no longer read",
            "proposal of this project; ISMP smart-pump guidelines 2020 †",
        ),
    )
    name_distance: int = field(
        default=2,
        metadata=_about("letters by which two names of one list may differ and be confused"),
    )
    name_start: int = field(default=4, metadata=_about("letters at the start that make two names of one list alike"))
    review_days: int = field(
        default=366,
        metadata=_about(
            "days from now by which an entry should be reviewed again",
            "Pharmacy Times, Collaborate to reduce smart pump alert fatigue: 12 months",
        ),
    )
    potassium_ward: Fraction = field(
        default=Fraction("10"),
        metadata=_about("mmol/h of potassium outside critical care", "NHS Highland hypokalaemia guideline"),
    )
    potassium_monitored: Fraction = field(
        default=Fraction("20"),
        metadata=_about(
            "mmol/h of potassium anywhere", "NHS Highland hypokalaemia guideline; UCLH 2010, quoted by Leeds"
        ),
    )
    potassium_strength: Fraction = field(
        default=Fraction("40"),
        metadata=_about("mmol/L of potassium outside critical care", "NHS Highland hypokalaemia guideline"),
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
        metadata=_about(
            "pumps whose capacity the library must fit",
            "BD Guardrails Editor v12.1.3 manual, 2023; Baxter Sigma Spectrum MDL 6.2 report",
        ),
    )
    tall_man: Mapping[str, str] = field(
        default_factory=lambda: _NO_TALL_MAN,
        metadata={
            "doc": "the approved Tall Man form of each name, in lower case",
            "source": "empty: no list is mandated in the United Kingdom",
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
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) and item.strip() for item in value):
        # An empty word stands in every name, and would make every care area a critical one.
        raise AuthorError(where=where, found=repr(value), expected="a list of words, none of them empty")
    if threshold.name == "target_pumps" and (unknown := sorted(set(value) - set(PUMPS))):
        raise AuthorError(where=where, found=repr(unknown[0]), expected=f"one of {', '.join(PUMPS)}")
    return tuple(value)


def _positive(where: str, value: object) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise AuthorError(
            where=where, found=repr(value), expected='a decimal in quotes, such as "0.5", or a whole number'
        )
    try:
        number = read_decimal(str(value))
    except NumberFormatError as error:
        raise NumberFormatError(where=where, found=error.found, expected=error.expected) from error
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
