"""
Hostile library files: each is made on the fly in a folder, and names the one error that it must end in.

The reader and the command line are tried with the same list. A corpus of bytes, not of rules: most are what a damaged
disk, a spreadsheet, a hurried editor or an attacker makes of a good library.
"""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openinfusion.core import errors

MIB = 2**20
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Hostile:
    """One file: how it is made, the class of its error, and the place that the message must name."""

    name: str
    make: Callable[[Path], Path]
    error: type[errors.OpenInfusionError]
    where: str


def good() -> Json:
    """A small library without a fault, with most parts of the format in it."""
    return {
        "format": "openinfusion-library",
        "format_version": 1,
        "library": {"name": "Trust", "organisation": "Trust", "version": "1"},
        "drugs": [{"id": "morphine", "name": "morphine", "aliases": ["Oramorph"]}],
        "care_areas": [
            {
                "id": "icu",
                "name": "ICU",
                "population": "adult",
                "weight": {"unit": "kg", "hard_max": "250"},
                "max_rate": {"value": "999", "unit": "mL/h"},
            }
        ],
        "advisories": [{"id": "note", "text": "Check the line."}],
        "entries": [
            {
                "id": "continuous",
                "drug": "morphine",
                "care_area": "icu",
                "type": "continuous",
                "concentration": {"amount": {"value": "50", "unit": "mg"}, "volume": {"value": "50", "unit": "mL"}},
                "dose": {"unit": "mg/h", "soft_max": "5", "hard_max": "10"},
                "bolus": {"dose": {"unit": "mg", "hard_max": "5"}},
                "advisories": ["note"],
                "titration_step": {"factor": "2"},
                "review_by": "2030-01-31",
            },
            {
                "id": "pca",
                "drug": "morphine",
                "care_area": "icu",
                "type": "pca",
                "concentration": {"amount": {"value": "50", "unit": "mg"}, "volume": {"value": "50", "unit": "mL"}},
                "pca": {
                    "dose": {"unit": "mg", "hard_max": "2"},
                    "lockout": {"unit": "min", "hard_min": "3"},
                    "accumulated": {"unit": "mg", "hard_max": "30"},
                    "window": {"value": "4", "unit": "h"},
                },
            },
        ],
    }


def raw(content: bytes) -> Callable[[Path], Path]:
    """A file of these bytes."""

    def make(folder: Path) -> Path:
        path = folder / "library.json"
        path.write_bytes(content)
        return path

    return make


def text(content: str) -> Callable[[Path], Path]:
    """A file of this text."""
    return raw(content.encode())


def changed(place: str, value: object) -> Callable[[Path], Path]:
    """A good library with one value replaced; ``entries.0.dose.unit`` is the place."""

    def make(folder: Path) -> Path:
        document = copy.deepcopy(good())
        *parents, last = [int(part) if part.isdigit() else part for part in place.split(".")]
        holder: Any = document
        for part in parents:
            holder = holder[part]
        holder[last] = value
        return raw(json.dumps(document).encode())(folder)

    return make


def without(place: str) -> Callable[[Path], Path]:
    """A good library with one key removed."""

    def make(folder: Path) -> Path:
        document = copy.deepcopy(good())
        *parents, last = [int(part) if part.isdigit() else part for part in place.split(".")]
        holder: Any = document
        for part in parents:
            holder = holder[part]
        del holder[last]
        return raw(json.dumps(document).encode())(folder)

    return make


def twice(place: str) -> Callable[[Path], Path]:
    """A good library with the first item of a list said again."""

    def make(folder: Path) -> Path:
        document = good()
        document[place].append(document[place][0])
        return raw(json.dumps(document).encode())(folder)

    return make


def respelled(old: str, new: str) -> Callable[[Path], Path]:
    """A good library with a piece of its text replaced, for what no JSON writer would write."""
    return text(json.dumps(good()).replace(old, new, 1))


def a_folder(folder: Path) -> Path:
    return folder


def a_missing_file(folder: Path) -> Path:
    return folder / "missing.json"


def a_missing_folder(folder: Path) -> Path:
    return folder / "missing" / "library.json"


def a_null_in_the_path(folder: Path) -> Path:
    return folder / "library\0.json"


def an_endless_name(folder: Path) -> Path:
    return folder / ("x" * 5000)


def a_file_of_200_mb(folder: Path) -> Path:
    """Sparse: it takes no room on the disk and would take 200 MB of memory to read."""
    path = folder / "library.json"
    with path.open("wb") as file:
        file.truncate(200 * MIB)
    return path


def a_device_without_end(_: Path) -> Path:
    return Path("/dev/zero")


def a_link_to_itself(folder: Path) -> Path:
    path = folder / "library.json"
    path.symlink_to(path)
    return path


_DEEP = 10_000
_TRUE: object = True
_LIB, _NUM, _UNIT = errors.LibraryError, errors.NumberFormatError, errors.UnknownUnitError
_SYNTAX, _CODE, _ACCESS = errors.SyntaxFault, errors.EncodingError, errors.FileAccessError
_ENTRY = "entries.0"
_GOOD = json.dumps(good())

CORPUS = (
    # What the operator must correct
    Hostile("a folder", a_folder, _ACCESS, ""),
    Hostile("a missing file", a_missing_file, _ACCESS, "missing.json"),
    Hostile("a file in a missing folder", a_missing_folder, _ACCESS, "library.json"),
    Hostile("a null character in the path", a_null_in_the_path, _ACCESS, "library\\x00.json"),
    Hostile("a file name of 5,000 letters", an_endless_name, _ACCESS, "xxx"),
    Hostile("a link to itself", a_link_to_itself, _ACCESS, "library.json"),
    Hostile("200 MB", a_file_of_200_mb, errors.FileTooLargeError, "library.json"),
    Hostile("a device without end", a_device_without_end, errors.FileTooLargeError, "/dev/zero"),
    # What the sender must send again
    Hostile("nothing at all", raw(b""), _SYNTAX, "line 1, column 1"),
    Hostile("white space", raw(b" \n\t "), _SYNTAX, "line 2"),
    Hostile("a byte order mark alone", raw(b"\xef\xbb\xbf"), _SYNTAX, "line 1"),
    Hostile("UTF-16", raw(_GOOD.encode("utf-16")), _CODE, "byte 0"),
    Hostile("Latin-1", raw(_GOOD.replace("Trust", "Tr\u00fcst").encode("latin-1")), _CODE, "byte "),
    Hostile("a surrogate as bytes", raw(b'{"format": "\xed\xa0\x80"}'), _CODE, "byte 12"),
    Hostile("random bytes", raw(bytes(range(256))), _CODE, "byte 128"),
    Hostile("a spreadsheet", raw(b"PK\x03\x04" + b"\x00" * 40), _SYNTAX, "line 1, column 1"),
    Hostile("cut in the middle", text(_GOOD[: len(_GOOD) // 2]), _SYNTAX, "line 1"),
    Hostile("cut before the last bracket", text(_GOOD[:-1]), _SYNTAX, "line 1"),
    Hostile("something after the end", text(_GOOD + "}"), _SYNTAX, "line 1"),
    Hostile("two documents", text(_GOOD + _GOOD), _SYNTAX, "line 1"),
    Hostile("single quotes", text(_GOOD.replace('"', "'")), _SYNTAX, "line 1, column 2"),
    Hostile("a comment", text("// a library\n" + _GOOD), _SYNTAX, "line 1, column 1"),
    Hostile("a comma too many", text(_GOOD.replace("}]", "},]", 1)), _SYNTAX, "line 1"),
    Hostile("a null byte between", raw(_GOOD.encode().replace(b", ", b"\x00, ", 1)), _SYNTAX, "line 1"),
    Hostile("a bare line break in a text", respelled("Trust", "Tr\nust"), _SYNTAX, "line 1"),
    Hostile("NaN", respelled('"5"', "NaN"), _SYNTAX, "library.json"),
    Hostile("Infinity", respelled('"5"', "-Infinity"), _SYNTAX, "library.json"),
    Hostile("a number of 5,000 digits", respelled('"5"', "9" * 5000), _SYNTAX, "library.json"),
    Hostile("10,000 brackets deep", text("[" * _DEEP + "]" * _DEEP), _SYNTAX, "line 1, column 65"),
    Hostile("10,000 braces deep", text('{"a":' * _DEEP + "1" + "}" * _DEEP), _SYNTAX, "line 1, column"),
    Hostile("a key twice", respelled('"format_version": 1', '"format_version": 1, "format_version": 1'), _SYNTAX, "$"),
    Hostile(
        "a key twice at depth",
        respelled('"hard_max": "10"', '"hard_max": "9", "hard_max": "10"'),
        _SYNTAX,
        "$.entries[0].dose",
    ),
    Hostile("an empty key twice", respelled('"hard_max": "10"', '"": "9", "": "10"'), _SYNTAX, "$.entries[0].dose"),
    Hostile("a key twice below 200 brackets", text("[" * 200 + '{"a": 1, "a": 2}' + "]" * 200), _SYNTAX, "$[0][0]"),
    Hostile("half a character", respelled('"Trust"', '"Trust\\ud800"'), _SYNTAX, "$.library.name"),
    Hostile("half a character in a key", respelled('"name"', '"\\udfffname"'), _SYNTAX, "$.library"),
    Hostile("two halves the wrong way round", respelled('"Trust"', '"\\udc00\\ud800"'), _SYNTAX, "$.library.name"),
    # What is JSON and no library
    Hostile("null", text("null"), _LIB, "$.format"),
    Hostile("a list", text("[]"), _LIB, "$.format"),
    Hostile("a text", text('"openinfusion-library"'), _LIB, "$.format"),
    Hostile("an empty object", text("{}"), _LIB, "$.format"),
    Hostile("another format", changed("format", "alaris"), _LIB, "$.format"),
    Hostile("a format 800 brackets deep", text('{"format": ' + "[" * 800 + "]" * 800 + "}"), _LIB, "$.format"),
    Hostile("a format of a million letters", changed("format", "x" * 10**6), _LIB, "$.format"),
    Hostile("a newer version", changed("format_version", 2), errors.FormatVersionError, "$.format_version"),
    Hostile("a far newer version", changed("format_version", 10**30), errors.FormatVersionError, "$.format_version"),
    Hostile("version 0", changed("format_version", 0), _LIB, "$.format_version"),
    Hostile("version true", changed("format_version", _TRUE), _LIB, "$.format_version"),
    Hostile("version 1.0", changed("format_version", 1.0), _LIB, "$.format_version"),
    Hostile("a version as text", changed("format_version", "1"), _LIB, "$.format_version"),
    # Wrong types
    Hostile("an object for a list", changed("entries", {}), _LIB, "$.entries"),
    Hostile("a list for an object", changed(f"{_ENTRY}.dose", []), _LIB, "$.entries[0].dose"),
    Hostile("a text for an object", changed(_ENTRY, "morphine"), _LIB, "$.entries[0]"),
    Hostile("null for an entry", changed(_ENTRY, None), _LIB, "$.entries[0]"),
    Hostile("a number for a name", changed("library.name", 5), _LIB, "$.library.name"),
    Hostile("a text for true", changed("library.not_for_clinical_use", "no"), _LIB, "$.library.not_for_clinical_use"),
    Hostile("a text for a list of texts", changed("drugs.0.aliases", "Oramorph"), _LIB, "$.drugs[0].aliases"),
    Hostile("a JSON number for a limit", changed(f"{_ENTRY}.dose.hard_max", 10), _LIB, "$.entries[0].dose.hard_max"),
    Hostile("a float for a limit", changed(f"{_ENTRY}.dose.hard_max", 0.1), _LIB, "$.entries[0].dose.hard_max"),
    Hostile("true for a limit", changed(f"{_ENTRY}.dose.hard_max", _TRUE), _LIB, "$.entries[0].dose.hard_max"),
    Hostile("a number for a unit", changed(f"{_ENTRY}.dose.unit", 5), _LIB, "$.entries[0].dose.unit"),
    Hostile(
        "a number among settings", changed(f"{_ENTRY}.device_settings", {"a": 1}), _LIB, "$.entries[0].device_settings"
    ),
    # Wrong words
    Hostile("an unknown key", changed("owner", "x"), _LIB, "$"),
    Hostile("an unknown key at depth", changed(f"{_ENTRY}.bolus.dose.hardmax", "5"), _LIB, "$.entries[0].bolus.dose"),
    Hostile("a key in another case", changed(f"{_ENTRY}.dose.Hard_Max", "5"), _LIB, "$.entries[0].dose"),
    Hostile("a missing key", without(f"{_ENTRY}.drug"), _LIB, "$.entries[0]"),
    Hostile("a missing unit", without(f"{_ENTRY}.dose.unit"), _LIB, "$.entries[0].dose"),
    Hostile("an unknown type", changed(f"{_ENTRY}.type", "drip"), _LIB, "$.entries[0].type"),
    Hostile("an unknown population", changed("care_areas.0.population", "cats"), _LIB, "$.care_areas[0].population"),
    Hostile("an impossible date", changed(f"{_ENTRY}.review_by", "2030-02-30"), _LIB, "$.entries[0].review_by"),
    Hostile("a date in words", changed("library.valid_from", "tomorrow"), _LIB, "$.library.valid_from"),
    # Wrong numbers
    Hostile("an exponent", changed(f"{_ENTRY}.dose.hard_max", "1e3"), _NUM, "$.entries[0].dose.hard_max"),
    Hostile("a comma", changed(f"{_ENTRY}.dose.hard_max", "1,000"), _NUM, "$.entries[0].dose.hard_max"),
    Hostile("a bare point", changed(f"{_ENTRY}.dose.hard_max", ".5"), _NUM, "$.entries[0].dose.hard_max"),
    Hostile("a plus sign", changed(f"{_ENTRY}.dose.hard_max", "+5"), _NUM, "$.entries[0].dose.hard_max"),
    Hostile("an empty number", changed(f"{_ENTRY}.dose.hard_max", ""), _NUM, "$.entries[0].dose.hard_max"),
    Hostile("not a number, as text", changed(f"{_ENTRY}.dose.hard_max", "NaN"), _NUM, "$.entries[0].dose.hard_max"),
    Hostile(
        "full-width digits", changed(f"{_ENTRY}.dose.hard_max", "\uff11\uff10"), _NUM, "$.entries[0].dose.hard_max"
    ),
    Hostile("Arabic digits", changed(f"{_ENTRY}.dose.hard_max", "\u0661\u0660"), _NUM, "$.entries[0].dose.hard_max"),
    Hostile("a million digits", changed(f"{_ENTRY}.dose.hard_max", "9" * 10**6), _NUM, "$.entries[0].dose.hard_max"),
    Hostile(
        "a limit with a line break", changed(f"{_ENTRY}.dose.hard_max", "10\n"), _NUM, "$.entries[0].dose.hard_max"
    ),
    # Wrong units
    Hostile("an unknown unit", changed(f"{_ENTRY}.dose.unit", "drops/min"), _UNIT, "$.entries[0].dose.unit"),
    Hostile("an ambiguous unit", changed(f"{_ENTRY}.dose.unit", "MU/h"), _UNIT, "$.entries[0].dose.unit"),
    Hostile(
        "a unit that reads from right to left",
        changed(f"{_ENTRY}.dose.unit", "\u202eh/gm"),
        _UNIT,
        "$.entries[0].dose.unit",
    ),
    Hostile(
        "a unit of a million letters", changed(f"{_ENTRY}.dose.unit", "mg/" * 10**6), _UNIT, "$.entries[0].dose.unit"
    ),
    Hostile("a dose without a time", changed(f"{_ENTRY}.dose.unit", "mg"), _LIB, "$.entries[0].dose.unit"),
    Hostile("a bolus with a time", changed(f"{_ENTRY}.bolus.dose.unit", "mg/h"), _LIB, "$.entries[0].bolus.dose.unit"),
    Hostile("a dose of another kind", changed(f"{_ENTRY}.dose.unit", "units/h"), _LIB, "$.entries[0].dose"),
    Hostile("a weight in cm", changed("care_areas.0.weight.unit", "cm"), _LIB, "$.care_areas[0].weight.unit"),
    Hostile("a maximum rate in mg/h", changed("care_areas.0.max_rate.unit", "mg/h"), _LIB, "$.care_areas[0].max_rate"),
    Hostile("a lockout in mg", changed("entries.1.pca.lockout.unit", "mg"), _LIB, "$.entries[1].pca.lockout.unit"),
    Hostile(
        "an amount that is a rate",
        changed(f"{_ENTRY}.concentration.amount.unit", "mg/h"),
        _LIB,
        "$.entries[0].concentration.amount",
    ),
    Hostile(
        "an amount that is a time",
        changed(f"{_ENTRY}.concentration.amount.unit", "min"),
        _LIB,
        "$.entries[0].concentration.amount",
    ),
    Hostile(
        "a volume in mg",
        changed(f"{_ENTRY}.concentration.volume.unit", "mg"),
        _LIB,
        "$.entries[0].concentration.volume",
    ),
    # Broken rules
    Hostile("limits out of order", changed(f"{_ENTRY}.dose.soft_max", "11"), _LIB, "$.entries[0].dose"),
    Hostile("a negative limit", changed(f"{_ENTRY}.dose.hard_min", "-1"), _LIB, "$.entries[0].dose"),
    Hostile(
        "nothing in a syringe",
        changed(f"{_ENTRY}.concentration.amount.value", "0"),
        _LIB,
        "$.entries[0].concentration.amount",
    ),
    Hostile(
        "a syringe of no volume",
        changed(f"{_ENTRY}.concentration.volume.value", "0"),
        _LIB,
        "$.entries[0].concentration.volume",
    ),
    Hostile("a maximum rate of zero", changed("care_areas.0.max_rate.value", "0"), _LIB, "$.care_areas[0].max_rate"),
    Hostile(
        "a titration step of one",
        changed(f"{_ENTRY}.titration_step.factor", "1"),
        _LIB,
        "$.entries[0].titration_step.factor",
    ),
    Hostile("a PCA without its limits", without("entries.1.pca"), _LIB, "$.entries[1].pca"),
    Hostile("PCA limits on another type", changed("entries.1.type", "continuous"), _LIB, "$.entries[1].pca"),
    Hostile("an accumulated limit without its window", without("entries.1.pca.window"), _LIB, "$.entries[1].pca"),
    Hostile("a window of no time", changed("entries.1.pca.window.value", "0"), _LIB, "$.entries[1].pca.window"),
    Hostile("a dose without a concentration", without(f"{_ENTRY}.concentration"), _LIB, "$.entries[0].concentration"),
    Hostile("an unknown drug", changed(f"{_ENTRY}.drug", "aspirin"), _LIB, "$.entries[0].drug"),
    Hostile("an unknown care area", changed(f"{_ENTRY}.care_area", "moon"), _LIB, "$.entries[0].care_area"),
    Hostile("an unknown advisory", changed(f"{_ENTRY}.advisories", ["gone"]), _LIB, "$.entries[0].advisories"),
    Hostile("an id that looks the same", changed(f"{_ENTRY}.drug", "m\u043erphine"), _LIB, "$.entries[0].drug"),
    Hostile(
        "an id that reads from right to left", changed(f"{_ENTRY}.drug", "\u202eenihprom"), _LIB, "$.entries[0].drug"
    ),
    Hostile("a drug twice", twice("drugs"), _LIB, "$.drugs[1].id"),
    Hostile("a care area twice", twice("care_areas"), _LIB, "$.care_areas[1].id"),
    Hostile("an advisory twice", twice("advisories"), _LIB, "$.advisories[1].id"),
    Hostile("an entry twice", twice("entries"), _LIB, "$.entries[2].id"),
)
