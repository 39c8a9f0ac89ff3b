"""Ids made from names, so that the same row of the same table always becomes the same entry."""

import re
import unicodedata

from openinfusion.core.library import Concentration, EntryType


def slug(*parts: str | None) -> str:
    """Return an id from names: lower case, ASCII, words joined by "-", parts by "--"; absent parts are left out."""
    return "--".join(text for part in parts if part and (text := _slug(part)))


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.replace("\u00b5", "u").replace("\u03bc", "u"))
    spelled = plain.encode("ascii", "ignore").decode().lower().replace("%", " percent ").replace("+", " plus ")
    return re.sub(r"[^a-z0-9.]+", "-", spelled).strip("-.")


def entry_id(
    *, drug: str, care_area: str, type_: EntryType, therapy: str | None, concentration: Concentration | None
) -> str:
    """Return the id of an entry from what makes it one row: area, drug, type, therapy and strength."""
    strength = None
    if concentration is not None:
        parts = (str(q) for q in (concentration.amount, concentration.volume) if q is not None)
        strength = "-in-".join(part.replace(",", "") for part in parts) if not concentration.is_open else "open"
    return slug(care_area, drug, type_.value, therapy, strength)
