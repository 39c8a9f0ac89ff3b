"""A place inside a JSON document: what stands there, and its path as FHIRPath."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Cursor:
    """One JSON value and where it stands; what is absent, or of another type than asked for, reads as nothing."""

    value: Any
    path: str

    def __bool__(self) -> bool:
        """Whether something stands here."""
        return self.value is not None

    def at(self, key: str) -> "Cursor":
        """Return what is under a key."""
        inner = self.value.get(key) if isinstance(self.value, dict) else None
        return Cursor(inner, f"{self.path}.{key}")

    def first(self, *keys: str) -> "Cursor":
        """Return what is under the first of these keys that is there, else under the first."""
        found = [self.at(key) for key in keys]
        return next((one for one in found if one), found[0])

    def each(self, key: str) -> Iterator["Cursor"]:
        """Yield the items under a key; a single value counts as a list of one."""
        inner = self.at(key)
        if isinstance(inner.value, list):
            yield from (Cursor(one, f"{inner.path}[{n}]") for n, one in enumerate(inner.value))
        elif inner:
            yield inner

    def text(self) -> str | None:
        """Return the text here."""
        return self.value if isinstance(self.value, str) and self.value else None

    def flag(self) -> bool | None:
        """Return the truth value here."""
        return self.value if isinstance(self.value, bool) else None

    def number(self) -> int | Decimal | None:
        """Return the number here."""
        is_number = isinstance(self.value, int | Decimal) and not isinstance(self.value, bool)
        return self.value if is_number else None

    def extension(self, url: str) -> "Cursor":
        """Return the extension of this url."""
        none = Cursor(None, f"{self.path}.extension('{url}')")
        return next((Cursor(e.value, none.path) for e in self.each("extension") if e.at("url").value == url), none)
