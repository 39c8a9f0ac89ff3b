"""How names are compared: edit distance, Tall Man letters by the MID method, and forbidden ways of writing."""

import re
from functools import lru_cache

# NHS CUI Medication Line; ISMP list of error-prone abbreviations; NPSA 2010 ref 1023.
ABBREVIATIONS = re.compile(
    r"(?<![A-Za-z\d])\d*\s?(mcg|mcgs|\u00b5g|\u03bcg|ug|nanog|ng|IU|iu|mU|mIU|MU|U|cc|hr|hrs|q\.?d\.?|q\.?o\.?d\.?)(?![A-Za-z])"
)
TRAILING_ZERO = re.compile(r"(?<![\d.])\d+\.\d*0(?![\d.])")
NAKED_DECIMAL = re.compile(r"(?<![\d.])\.\d+")
NO_SPACE = re.compile(r"(?<![\d.,])[\d.,]*\d(mg|g|micrograms?|nanograms?|units?|mmol|mL|ml|kg)(?![A-Za-z])")
NO_COMMA = re.compile(r"(?<![\d.,])\d{4,}(?![\d.,])")
STRANGE = re.compile(r"[@|<>]")
LEADING = re.compile(r"[^\w(]|_|zz|xx", re.IGNORECASE)


@lru_cache(maxsize=65536)
def distance(one: str, other: str) -> int:
    """Return how many letters must be changed, added or left out to turn one text into the other."""
    before = list(range(len(other) + 1))
    for row, mine in enumerate(one, start=1):
        now = [row]
        for column, theirs in enumerate(other, start=1):
            now.append(min(before[column] + 1, now[-1] + 1, before[column - 1] + (mine != theirs)))
        before = now
    return before[-1]


def are_alike(one: str, other: str, *, letters: int, start: int) -> bool:
    """Whether two names begin alike or differ by few letters; the cheap questions come first."""
    if one[:start] == other[:start]:
        return True
    return abs(len(one) - len(other)) <= letters and distance(one, other) <= letters


def mid_tall_man(name: str, against: str) -> str:
    """
    Return a name with the letters in capitals that set it apart from another: cISplatin against carboplatin.

    The letters between the common beginning and the common end, as in the MID method. Source: BOPA, Recommendations
    for Tall Man Lettering v1.0, 2022, table 1.
    """
    start = 0
    while start < min(len(name), len(against)) and name[start] == against[start]:
        start += 1
    end = 0
    while end < min(len(name), len(against)) - start and name[-1 - end] == against[-1 - end]:
        end += 1
    stop = len(name) - end
    return name[:start] + name[start:stop].upper() + name[stop:]
