"""Counts and times as a sentence says them."""

from collections.abc import Sequence
from datetime import datetime


def counted(count: int, noun: str, plural: str = "") -> str:
    """Return "1 row", "2 rows", "1,234 rows"; ``plural`` is for nouns that do not take a plain s."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def moment(at: datetime) -> str:
    """Return a moment with its zone, without which it is many: "30-Mar-2026 08:03:30 +01:00", "... UTC"."""
    offset = at.strftime("%z")
    zone = "UTC" if offset == "+0000" else f"{offset[:3]}:{offset[3:5]}"
    return f"{at:%d-%b-%Y %H:%M:%S} {zone}"


def with_article(noun: str) -> str:
    """Return "a checker", "an author": the article by the letter that the noun begins with."""
    return f"{'an' if noun[:1].lower() in 'aeio' else 'a'} {noun}"


def listed(words: Sequence[str], last: str = "and") -> str:
    """Return "a", "a and b", "a, b and c"."""
    return f" {last} ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)
