"""A plan of a roll-out between a form and its TOML: what is kept is the text that the command line reads."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from openinfusion.core.errors import AuthorError
from openinfusion.fleet.authority.listing import listing_of
from openinfusion.fleet.authority.trees import Authority
from openinfusion.fleet.authority.trust import lists, read_trust
from openinfusion.fleet.rollout import Plan, read_plan

HALTS = """\
[[halt.failures]]
kind = "any"
at_least = 3
per_thousand = 5
minimum_executed = 10
"""
"""What stops a roll-out by itself, where nothing else is written: as ``fleet/rollout/plan`` has it."""
WHO = ("wards", "models", "hospitals", "profiles")
NUMBERS = ("at_least", "percent", "soak_hours", "deadline_days")
FLAGS = ("is_bench", "is_canary", "asks_second_person")


def text_of(
    head: Mapping[str, str], offers: Sequence[Mapping[str, Any]], rings: Sequence[Mapping[str, Any]], *, halts: str
) -> str:
    """Return a plan as TOML; what it says is checked when it is read."""
    lines = [f"{key} = {_word(head[key])}" for key in ("name", "kind", "reason")]
    for one in offers:
        lines += ["", "[[offers]]", *(f"{key} = {_word(one[key])}" for key in ("hospital", "profile", "number"))]
    for one in rings:
        lines += ["", "[[rings]]", f"name = {_word(one['name'])}", *_who(one)]
        lines += [f"{key} = {_word(one[key])}" for key in NUMBERS if one.get(key)]
        lines += [f"{key} = true" for key in FLAGS if one.get(key)]
    return "\n".join([*lines, "", halts.strip().replace("\r\n", "\n"), ""])


def _who(ring: Mapping[str, Any]) -> list[str]:
    said = [f"{key} = {_word(ring[key])}" for key in WHO if ring.get(key)]
    if ring.get("share"):
        said.append(f"percent = {ring['share']}")
    return [f"who = {{ {', '.join(said)} }}"] if said else []


def _word(value: Any) -> str:  # noqa: ANN401 - a text, a number, a list of texts
    return json.dumps(value, ensure_ascii=False)


def rows_of(plan: Plan) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the offers and the rings of a plan as a form shows them."""
    offers = [{"profile": one.profile, "number": one.number} for one in plan.offers]
    rings = []
    for one in plan.rings:
        said = msgspec.structs.asdict(one)
        row = {key: said[key] for key in ("name", *NUMBERS, *FLAGS)}
        row |= {key: ", ".join(getattr(one.who, key)) for key in ("wards", "models")}
        row["share"] = None if one.who.percent == 100 else one.who.percent  # noqa: PLR2004 - all of them
        rings.append(row)
    return offers, rings


def halts_of(text: str) -> str:
    """Return the part of a plan's text that says what stops it."""
    start = min((at for at in (text.find("[[halt"), text.find("[halt")) if at >= 0), default=-1)
    return text[start:] if start >= 0 else HALTS


def checked(text: str, authority: Authority, *, hospital: str) -> Plan:
    """
    Return the plan of a text.

    Raises:
        AuthorError: it is none, it is about another hospital's pumps, or a release that it offers does not exist.

    """
    plan = read_plan(text.encode(), where="plan")
    for one in plan.offers:
        if one.hospital != hospital:
            raise AuthorError(where="plan, offers", found=f"pumps of {one.hospital}", expected=f"pumps of {hospital}")
        if one.number not in numbers(authority, hospital, one.profile):
            expected = _numbers_in_words(authority, hospital, one.profile)
            raise AuthorError(where=f"plan, offers, {one.profile}", found=f"release {one.number}", expected=expected)
    return plan


def numbers(authority: Authority, hospital: str, profile: str) -> Iterable[int]:
    """Return the numbers of the releases of a profile, none where there is no such profile."""
    if (hospital, profile) not in lists(read_trust(authority)):
        return ()
    return listing_of(authority, hospital, profile)


def profiles(authority: Authority, hospital: str) -> list[tuple[str, list[tuple[int, str]]]]:
    """Return the profiles of a hospital, each with its releases: number, and what it is called; the newest first."""
    return [
        (
            profile,
            [
                (number, f"{one.release.library_name} {one.release.library_version}")
                for number, one in sorted(listing_of(authority, whose, profile).items(), reverse=True)
                if not one.release.is_recall
            ],
        )
        for whose, profile in lists(read_trust(authority))
        if whose == hospital
    ]


def _numbers_in_words(authority: Authority, hospital: str, profile: str) -> str:
    known = sorted(numbers(authority, hospital, profile))
    return f"one of {', '.join(map(str, known))}" if known else f"a profile of {hospital} with a release"
