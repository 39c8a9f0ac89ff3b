"""The sound example library of the review rules, and how an example changes it."""

import copy
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from openinfusion.adapters.library_file import library_from_bytes
from openinfusion.core.library import Library

AT = date(2026, 6, 30)
BASE = json.loads((Path(__file__).parent / "review_base.json").read_text("utf-8"))


def library(changes: Mapping[str, object] | None = None) -> Library:
    """The sound library with changes: a path and its new value, ``None`` to remove it, ``+`` to add an item."""
    document = copy.deepcopy(BASE)
    for path, value in (changes or {}).items():
        change(document, path.split("."), copy.deepcopy(value))
    return library_from_bytes(json.dumps(document).encode(), where="example")


def change(document, keys, value):
    *parents, last = keys
    target = document
    for key in parents:
        target = target[int(key)] if isinstance(target, list) else target.setdefault(key, {})
    if last.startswith("+"):
        target.append(copied(document, value) if isinstance(value, str) else value)
    elif isinstance(target, list):
        target[int(last)] = value
    elif value is None:
        target.pop(last, None)
    else:
        target[last] = value


def copied(document, path):
    target = document
    for key in path.split("."):
        target = target[int(key)] if isinstance(target, list) else target[key]
    return copy.deepcopy(target)
