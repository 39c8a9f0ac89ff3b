"""
Write vectors.jsonl: what any dose-limit engine must answer, worked out without one.

Nothing of OpenInfusion is imported here. Every vector states, from a formula written for its entry by hand, what the
programme delivers; the only rule in code is how a value stands to four limits (``standing``). The limits are read
from library.json. Run: ``python conformance/make_vectors.py`` (``--check`` only compares).
"""

import json
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

F = Fraction
HERE = Path(__file__).resolve().parent
LIBRARY = json.loads((HERE / "library.json").read_text("utf-8"))
ENTRIES = {entry["id"]: entry for entry in LIBRARY["entries"]}
AREAS = {area["id"]: area for area in LIBRARY["care_areas"]}
HAIR = F(1, 10**12)
NAMES = ("hard_min", "soft_min", "soft_max", "hard_max")
Json = dict[str, Any]
Touch = tuple[str, F, Json]


def number(value: F) -> str:
    """A number as the protocol writes it: a decimal where one ends, else a fraction."""
    for places in range(40):
        scaled = value * 10**places
        if scaled.denominator == 1:
            digits = str(abs(scaled.numerator)).zfill(places + 1)
            text = f"{digits[:-places]}.{digits[-places:]}" if places else digits
            return f"-{text}" if value < 0 else text
    return f"{value.numerator}/{value.denominator}"


def q(value: F | str | int, unit: str) -> Json:
    """A quantity."""
    return {"value": number(F(value)), "unit": unit}


def standing(parameter: str, value: F, limits: Json) -> list[Json]:
    """How a value stands to its limits: at most one finding, a hard limit before a soft one, a limit itself inside."""
    for name in ("hard_min", "hard_max", "soft_min", "soft_max"):
        if name not in limits:
            continue
        bound = F(limits[name])
        crossed = value < bound if name.endswith("min") else value > bound
        if crossed:
            over, under = (bound, value) if name.endswith("min") else (value, bound)
            found = {"parameter": parameter, "limit": name, "attempted": q(value, limits["unit"])}
            return [{**found, "bound": q(bound, limits["unit"]), "ratio": number(over / under)}]
    return []


def decision_of(findings: list[Json]) -> str:
    """The decision that findings make."""
    if any("problem" in finding or finding["limit"].startswith("hard") for finding in findings):
        return "refuse"
    return "confirm" if findings else "accept"


def limits_at(entry: str, path: str) -> Json:
    """The limits of an entry, or of its care area, by their path."""
    place: Any = AREAS[entry.removeprefix("area ")] if entry.startswith("area ") else ENTRIES[entry]
    for step in path.split("."):
        place = place[step]
    found: Json = place
    return found


def vector(group: str, reason: str, programme: Json, expect: Json, **more: Json) -> Json:
    """One line of the file, before it has its number."""
    entry = ENTRIES.get(programme["entry"])
    full = {"care_area": entry["care_area"] if entry else "ward", "mode": entry["type"] if entry else "continuous"}
    return {"group": group, "reason": reason, "programme": {**full, **programme}, **more, "expect": expect}


# --- Boundaries: each limit just below, on it and just above ---------------------------------------------------------

Boundary = tuple[str, str, str, str, Callable[[F], tuple[Json, list[Touch], Json]]]


def around(limits: Json) -> Iterator[tuple[str, F]]:
    """The values to try: one part in 10^12 below each limit, the limit, one part above."""
    for name in NAMES:
        if name in limits:
            limit, words = F(limits[name]), name.replace("_", " ")
            yield f"just below the {words}", limit * (1 - HAIR)
            yield f"on the {words}: inside", limit
            yield f"just above the {words}", limit * (1 + HAIR)


def mosteller(weight_kg: F, height_cm: F) -> F:
    """Square root of (cm x kg / 3600) to the nearest 0.01 m2, found by trying hundredths one after the other."""
    hundredths = 0
    while F(2 * hundredths + 1, 200) ** 2 <= weight_kg * height_cm / 3600:
        hundredths += 1
    return F(hundredths, 100)


def plain(entry: str, path: str, name: str, build: Callable[[F], tuple[Json, Json]], group: str) -> Boundary:
    def made(v: F) -> tuple[Json, list[Touch], Json]:
        entered, derived = build(v)
        return entered, [(name, v, limits_at(entry, path))], derived

    return group, entry, path, name, made


def alfentanil(mg: F, ml_per_h: F) -> tuple[Json, list[Touch], Json]:
    # 0.5 mg in each mL
    ml = 2 * mg
    minutes = ml * 60 / ml_per_h
    limits = ENTRIES["alfentanil"]["bolus"]
    touched = [("dose", mg), ("rate", ml_per_h), ("volume", ml), ("duration", minutes)]
    entered = {"mode": "bolus", "dose": q(mg, "mg"), "rate": q(ml_per_h, "mL/h")}
    derived = {"volume": q(ml, "mL"), "duration": q(minutes, "min"), "dose": q(mg, "mg")}
    return entered, [(name, value, limits[name]) for name, value in touched], derived


def vancomycin(mg: F, minutes: F) -> tuple[Json, list[Touch], Json]:
    # 5 mg in each mL
    limits = ENTRIES["vancomycin"]
    touched = [("dose", mg), ("rate", mg / minutes), ("duration", minutes / 60)]
    entered = {"dose": q(mg, "mg"), "duration": q(minutes, "min")}
    derived = {"rate": q(mg / 5 * 60 / minutes, "mL/h"), "volume": q(mg / 5, "mL"), "dose": q(mg, "mg")}
    return entered, [(name, value, limits[name]) for name, value in touched], derived


def feed(ml_per_h: F, hours: F) -> tuple[Json, list[Touch], Json]:
    limits = ENTRIES["enteral feed"]
    touched = [("rate", ml_per_h), ("volume", ml_per_h * hours), ("duration", hours)]
    entered = {"rate": q(ml_per_h, "mL/h"), "duration": q(hours, "h")}
    derived = {"volume": q(ml_per_h * hours, "mL"), "duration": q(hours * 60, "min")}
    return entered, [(name, value, limits[name]) for name, value in touched], derived


def milrinone(ml_per_h: F, ml: F) -> tuple[Json, list[Touch], Json]:
    # 200 micrograms in each mL, 150 kg
    limits = ENTRIES["milrinone"]
    dose, hours = ml_per_h * 200 / 60 / 150, ml / ml_per_h
    touched = [("dose", dose), ("rate", ml_per_h), ("volume", ml), ("duration", hours)]
    entered = {"rate": q(ml_per_h, "mL/h"), "volume": q(ml, "mL"), "weight": q(150, "kg")}
    derived = {"dose": q(dose, "ug/kg/min"), "duration": q(hours * 60, "min")}
    return entered, [(name, value, limits[name]) for name, value in touched], derived


def loading(mg_per_kg: F, minutes: F) -> tuple[Json, list[Touch], Json]:
    # 1.8 mg in each mL, 60 kg
    limits = ENTRIES["amiodarone"]["loading"]
    ml = mg_per_kg * 60 / F("1.8")
    entered = {
        "mode": "loading",
        "dose": q(mg_per_kg, "mg/kg"),
        "duration": q(minutes, "min"),
        "weight": q(60, "kg"),
    }
    derived = {"volume": q(ml, "mL"), "rate": q(ml * 60 / minutes, "mL/h"), "dose": q(mg_per_kg, "mg/kg")}
    return entered, [("dose", mg_per_kg, limits["dose"]), ("duration", minutes, limits["duration"])], derived


def pca(**changed: Json) -> Json:
    usual = {"dose": q(1, "mg"), "lockout": q(5, "min"), "accumulated": q(20, "mg")}
    return {**usual, **changed}


def rate(value: F) -> Json:
    return {"rate": q(value, "mL/h")}


def on_patient(entry: str, name: str, build: Callable[[F], tuple[Json, list[Touch], Json]]) -> Boundary:
    return "care area", entry, name, name.replace("_", " "), build


def nora_weight(kg: F) -> tuple[Json, list[Touch], Json]:
    entered = {"dose": q("0.05", "ug/kg/min"), "weight": q(kg, "kg")}
    return entered, [("weight", kg, AREAS["icu"]["weight"])], rate(F("0.05") * kg * 60 / 80)


def baby_weight(grams: F) -> tuple[Json, list[Touch], Json]:
    entered = {"dose": q(50, "ng/kg/min"), "weight": q(grams, "g")}
    return entered, [("weight", grams, AREAS["nicu"]["weight"])], rate(50 * grams / 1000 * 60 / 10000)


def chemo_height(cm: F) -> tuple[Json, list[Touch], Json]:
    surface = mosteller(F(72), cm)
    entered = {"dose": q(5, "mg/m2/h"), "weight": q(72, "kg"), "height": q(cm, "cm")}
    derived = {"body_surface_area": q(surface, "m2"), "rate": q(5 * surface / 2, "mL/h")}
    return entered, [("height", cm, AREAS["icu"]["height"])], derived


def chemo_surface(m2: F) -> tuple[Json, list[Touch], Json]:
    entered = {"dose": q(5, "mg/m2/h"), "body_surface_area": q(m2, "m2")}
    return entered, [("body surface area", m2, AREAS["icu"]["body_surface_area"])], rate(5 * m2 / 2)


KG70, KG80 = q(70, "kg"), q(80, "kg")
# Every parameter of every mode: group, entry, path of its limits, its name, and what a value of it makes.
BOUNDARIES = [
    # 80 micrograms in each mL
    plain(
        "noradrenaline",
        "dose",
        "dose",
        lambda v: (
            {"dose": q(v, "ug/kg/min"), "weight": KG70},
            {**rate(v * 70 * 60 / 80), "concentration": q("0.08", "mg/mL")},
        ),
        "continuous",
    ),
    plain(
        "noradrenaline",
        "dose",
        "dose",
        lambda v: ({"rate": q(v * 60, "mL/h"), "weight": KG80}, {"dose": q(v, "ug/kg/min")}),
        "dose from rate",
    ),
    # 1,000 units in each mL
    plain("heparin", "dose", "dose", lambda v: ({"dose": q(v, "[iU]/h")}, rate(v / 1000)), "continuous"),
    plain(
        "heparin",
        "dose",
        "dose",
        lambda v: ({"dose": q(v / 80, "[iU]/kg/h"), "weight": KG80}, {**rate(v / 1000), "dose": q(v, "[iU]/h")}),
        "per kg and absolute",
    ),
    # 20 milliunits in each mL
    plain("oxytocin", "dose", "dose", lambda v: ({"dose": q(v, "m[iU]/min")}, rate(v * 3)), "continuous"),
    # 0.4 mmol in each mL
    plain("potassium", "dose", "dose", lambda v: ({"dose": q(v, "mmol/h")}, rate(v * 5 / 2)), "continuous"),
    # 2 mg in each mL
    plain(
        "cytarabine",
        "dose",
        "dose",
        lambda v: ({"dose": q(v, "mg/m2/h"), "body_surface_area": q("1.8", "m2")}, rate(v * F("0.9"))),
        "body surface area",
    ),
    plain(
        "cytarabine",
        "dose",
        "dose",
        lambda v: (
            {"dose": q(v, "mg/m2/h"), "weight": q(72, "kg"), "height": q(180, "cm")},
            {**rate(v * F("0.95")), "body_surface_area": q("1.9", "m2")},
        ),
        "body surface area",
    ),
    # 10 micrograms in each mL
    plain(
        "prostaglandin",
        "dose",
        "dose",
        lambda v: ({"dose": q(v, "ng/kg/min"), "weight": q(800, "g")}, rate(v * F("0.0048"))),
        "continuous",
    ),
    # 5 mg in each mL
    plain("furosemide", "dose", "dose", lambda v: ({"rate": q(v, "mL/h")}, {"dose": q(v, "mL/h")}), "limits in mL/h"),
    plain(
        "furosemide",
        "dose",
        "dose",
        lambda v: ({"dose": q(v * 5, "mg/h")}, {**rate(v), "dose": q(v, "mL/h")}),
        "limits in mL/h",
    ),
    # 1 unit in each mL
    plain("insulin", "rate", "rate", lambda v: ({"dose": q(v, "[iU]/h")}, rate(v)), "limits of a rate as a dose"),
    plain("insulin", "rate", "rate", lambda v: ({"rate": q(v, "mL/h")}, rate(v)), "limits of a rate as a dose"),
    plain(
        "maintenance fluid",
        "dose",
        "dose",
        lambda v: ({"dose": q(v, "mL/kg/h"), "weight": q(10, "kg")}, rate(v * 10)),
        "fluid",
    ),
    plain(
        "maintenance fluid",
        "dose",
        "dose",
        lambda v: ({"rate": q(v * 10, "mL/h"), "weight": q(10, "kg")}, {"dose": q(v, "mL/kg/h")}),
        "fluid",
    ),
    # 40 mg in each mL
    plain(
        "gentamicin",
        "dose",
        "dose",
        lambda v: ({"dose": q(v, "mg/kg"), "weight": q(64, "kg")}, {"volume": q(v * 64 / 40, "mL")}),
        "intermittent",
    ),
    plain(
        "gentamicin",
        "dose",
        "dose",
        lambda v: ({"dose": q(v * 64, "mg"), "weight": q(64, "kg")}, {"dose": q(v, "mg/kg")}),
        "intermittent",
    ),
    # 50 micrograms in each mL
    plain("fentanyl", "dose", "dose", lambda v: ({"dose": q(v, "ug/h")}, rate(v / 50)), "continuous"),
    plain(
        "fentanyl",
        "bolus.dose",
        "dose",
        lambda v: ({"mode": "bolus", "dose": q(v, "ug")}, {"volume": q(v / 50, "mL")}),
        "bolus",
    ),
    plain(
        "fentanyl",
        "bolus.dose",
        "dose",
        lambda v: ({"mode": "bolus", "volume": q(v / 50, "mL")}, {"dose": q(v, "ug")}),
        "bolus",
    ),
    plain(
        "fentanyl",
        "bolus.dose",
        "dose",
        lambda v: (
            {"mode": "bolus", "rate": q(v * 60 / 50, "mL/h"), "duration": q(1, "min")},
            {"dose": q(v, "ug")},
        ),
        "bolus",
    ),
    plain(
        "open",
        "concentration.limits",
        "concentration",
        lambda v: (
            {"dose": q(100, "ug/h"), "amount": q(v * 50, "ug"), "diluent": q(50, "mL")},
            {**rate(100 / v), "concentration": q(v, "ug/mL")},
        ),
        "concentration",
    ),
    plain(
        "open",
        "dose",
        "dose",
        lambda v: ({"dose": q(v, "ug/h"), "amount": q("2.5", "mg"), "diluent": q(50, "mL")}, rate(v / 50)),
        "concentration",
    ),
    plain(
        "any volume",
        "dose",
        "dose",
        lambda v: ({"dose": q(v, "ug/h"), "diluent": q(100, "mL")}, rate(v / 25)),
        "concentration",
    ),
    plain(
        "any amount",
        "dose",
        "dose",
        lambda v: ({"dose": q(v, "ug/h"), "amount": q("0.5", "mg")}, rate(v / 10)),
        "concentration",
    ),
    # 3 mg/kg in 50 mL: 1 mL/h is 1 microgram/kg/min
    plain(
        "by weight",
        "dose",
        "dose",
        lambda v: (
            {"dose": q(v, "ug/kg/min"), "weight": q(3000, "g")},
            {**rate(v), "concentration": q("0.18", "mg/mL")},
        ),
        "made up by weight",
    ),
    plain(
        "by weight absolute",
        "dose",
        "dose",
        lambda v: (
            {"dose": q(v, "mg/h"), "weight": q(10, "kg")},
            {**rate(v / F("0.6")), "concentration": q("0.6", "mg/mL")},
        ),
        "made up by weight",
    ),
    # 1.8 mg in each mL
    plain("amiodarone", "dose", "dose", lambda v: ({"dose": q(v, "mg/min")}, rate(v * 60 / F("1.8"))), "continuous"),
    # 1 mg in each mL
    plain("morphine pca", "pca.dose", "dose", lambda v: (pca(dose=q(v, "mg")), {"volume": q(v, "mL")}), "pca"),
    plain("morphine pca", "pca.lockout", "lockout", lambda v: (pca(lockout=q(v, "min")), {}), "pca"),
    plain("morphine pca", "pca.accumulated", "accumulated dose", lambda v: (pca(accumulated=q(v, "mg")), {}), "pca"),
    plain("morphine pca", "pca.accumulated", "accumulated dose", lambda v: (pca(accumulated=q(v, "mL")), {}), "pca"),
    plain("morphine pca", "dose", "background dose", lambda v: (pca(background=q(v, "mg/h")), {}), "pca"),
    plain("morphine pca", "dose", "background dose", lambda v: (pca(background=q(v, "mL/h")), {}), "pca"),
    plain(
        "demand pca",
        "pca.dose",
        "dose",
        lambda v: ({"dose": q(v, "ug/kg"), "weight": q(50, "kg")}, {"volume": q(v / 20, "mL")}),
        "pca",
    ),
    ("bolus", "alfentanil", "bolus.dose", "dose", lambda v: alfentanil(v, F(120))),
    ("bolus", "alfentanil", "bolus.rate", "rate", lambda v: alfentanil(F(1), v)),
    ("bolus", "alfentanil", "bolus.volume", "volume", lambda v: alfentanil(v / 2, F(120))),
    ("loading", "amiodarone", "loading.dose", "dose", lambda v: loading(v, F(60))),
    ("loading", "amiodarone", "loading.duration", "duration", lambda v: loading(F(4), v)),
    ("intermittent", "vancomycin", "dose", "dose", lambda v: vancomycin(v, F(150))),
    ("intermittent", "vancomycin", "duration", "duration", lambda v: vancomycin(F(600), v * 60)),
    ("fluid", "enteral feed", "rate", "rate", lambda v: feed(v, F(8))),
    ("fluid", "enteral feed", "duration", "duration", lambda v: feed(F(40), v)),
    ("fluid", "enteral feed", "volume", "volume", lambda v: feed(v / 8, F(8))),
    ("continuous", "milrinone", "rate", "rate", lambda v: milrinone(v, F(40))),
    ("continuous", "milrinone", "volume", "volume", lambda v: milrinone(F(4), v)),
    on_patient("noradrenaline", "weight", nora_weight),
    on_patient("prostaglandin", "weight", baby_weight),
    on_patient("chemotherapy", "height", chemo_height),
    on_patient("chemotherapy", "body_surface_area", chemo_surface),
]


def boundary_vectors() -> Iterator[Json]:
    """Three vectors for each limit."""
    for group, entry, path, name, build in BOUNDARIES:
        area = ENTRIES[entry]["care_area"]
        limits = limits_at(f"area {area}" if group == "care area" else entry, path)
        for words, value in around(limits):
            entered, touched, derived = build(value)
            findings = [found for parameter, v, held in touched for found in standing(parameter, v, held)]
            expect = {"decision": decision_of(findings), "findings": findings, "derived": derived}
            yield vector(group, f"{entry}: {name} {words}", {"entry": entry, **entered}, expect)


# --- The same dose in other units ------------------------------------------------------------------------------------

SAME = """
    noradrenaline | 0.5 ug/kg/min | 30 ug/kg/h; 0.03 mg/kg/h; 720 ug/kg/d; 500 ng/kg/min; 35 ug/min
    noradrenaline | 0.5 ug/kg/min | 2.1 mg/h; 0.035 mg/min; 50.4 mg/d; 26.25 mL/h
    noradrenaline | 1 ug/kg/min   | 60 ug/kg/h; 0.06 mg/kg/h; 1440 ug/kg/d; 1000 ng/kg/min; 70 ug/min
    noradrenaline | 1 ug/kg/min   | 4.2 mg/h; 100.8 mg/d
    heparin       | 1500 [iU]/h   | 25 [iU]/min; 36000 [iU]/d; 1500000 m[iU]/h; 25000 m[iU]/min; 1.5 mL/h
    oxytocin      | 20 m[iU]/min  | 1.2 [iU]/h; 0.02 [iU]/min; 1200 m[iU]/h; 28.8 [iU]/d; 60 mL/h; 1 mL/min
    potassium     | 10 mmol/h     | 240 mmol/d; 25 mL/h
    fentanyl      | 200 ug/h      | 0.2 mg/h; 4.8 mg/d; 200000 ng/h; 4 mL/h; 96 mL/d
"""
WEIGHT = {"noradrenaline": {"weight": q(70, "kg")}}


def unit_vectors() -> Iterator[Json]:
    """A limit in every unit that means the same: on it inside, a hair above it outside."""
    for line in SAME.strip().splitlines():
        entry, at, others = (cell.strip() for cell in line.split("|"))
        value, unit = at.split()
        limits = ENTRIES[entry]["dose"]
        for other in others.split("; "):
            number_text, other_unit = other.split()
            field = "rate" if other_unit.startswith("mL") else "dose"
            for words, scale in (("the limit itself", F(1)), ("a hair above it", 1 + HAIR)):
                findings = standing("dose", F(value) * scale, limits)
                entered = {field: q(F(number_text) * scale, other_unit), **WEIGHT.get(entry, {})}
                derived = {"dose": q(F(value) * scale, unit)}
                expect = {"decision": decision_of(findings), "findings": findings, "derived": derived}
                reason = f"{at} entered as {other}: {words}"
                yield vector("units", reason, {"entry": entry, **entered}, expect)


# --- Cases written out by hand ---------------------------------------------------------------------------------------


def read(text: str) -> Json:
    """A quantity from "0.5 mg/h"."""
    value, _, unit = text.partition(" ")
    return q(value, unit)


def case(line: str) -> Json:
    """
    One hand-written case: ``group; entered; decision; findings; derived; reason``.

    Entered is ``entry, name value unit, ...``; findings are ``weight: missing`` or ``dose above soft_max 60 50 ug``.
    """
    group, entered, decision, findings, derived, reason = (cell.strip() for cell in line.split(";"))
    entry, *fields = [field.strip() for field in entered.split(",")]
    programme: Json = {"entry": entry}
    more: Json = {}
    for field in fields:
        name, _, text = field.partition(" ")
        if name in ("mode", "care_area"):
            programme[name] = text
        else:
            (more if name == "rate_resolution" else programme)[name] = read(text)
    expect = {
        "decision": decision,
        "findings": [_finding(text.strip()) for text in findings.split(",") if text.strip()],
        "derived": {
            name: read(text) for name, _, text in (part.strip().partition(" ") for part in derived.split(",")) if name
        },
    }
    return vector(group, reason, programme, expect, **more)


def _finding(text: str) -> Json:
    if ":" in text:
        parameter, _, problem = text.partition(": ")
        return {"parameter": parameter, "problem": problem}
    text, by_rounding = text.removesuffix(" by rounding"), text.endswith(" by rounding")
    *words, limit, attempted, bound, unit = text.split()
    value, edge = F(attempted), F(bound)
    ratio = edge / value if limit.endswith("min") else value / edge
    found = {"parameter": " ".join(words[:-1]), "limit": limit, "attempted": q(value, unit), "bound": q(edge, unit)}
    return {**found, "ratio": number(ratio), **({"by_rounding": True} if by_rounding else {})}


def by_hand() -> Iterator[Json]:
    """The hand-written cases."""
    lines = (HERE / "by_hand.txt").read_text("utf-8").splitlines()
    return (case(line) for line in lines if line and not line.startswith("#"))


def all_vectors() -> list[Json]:
    """Every vector with its number."""
    made = [*boundary_vectors(), *unit_vectors(), *by_hand()]
    return [{"id": f"v{n:04}", **one} for n, one in enumerate(made, start=1)]


def main() -> int:
    """Write the file, or with --check say whether it is what would be written."""
    text = "".join(json.dumps(one) + "\n" for one in all_vectors())
    path = HERE / "vectors.jsonl"
    if "--check" in sys.argv:
        return int(not path.exists() or path.read_text("utf-8") != text)
    path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
