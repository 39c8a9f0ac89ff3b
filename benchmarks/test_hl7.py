"""
How fast a message of a pump is read, each time beside a peer on the same messages in the same run.

The messages are starts of delivery (PCD-10) with 32 OBX, written here; numbers and times differ from one to the next.
A bare split parts segments, fields and components and knows nothing; python-hl7 parses and maps nothing either.
"""

import gc
import time
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Any

import hl7
import pytest

from openinfusion.adapters.hl7 import read_meaning, read_message
from openinfusion.adapters.hl7.story import hear
from tests.unit.hl7.written import DEVICES, KG, MG_ML, MIN, ML, ML_H, UG, UG_KG_MIN, event, obx

MESSAGES = 200
RECEIVED = datetime(2026, 3, 31, tzinfo=UTC)
OBX = 32
BATCH = 25


def written(random):
    """Return a start of delivery with 32 OBX."""
    rate, volume = (f"{random.randrange(1, 400)}.{random.randrange(10)}" for _ in range(2))
    amounts = (
        ("157784^MDC_FLOW_FLUID_PUMP", rate, ML_H),
        ("157924^MDC_RATE_DOSE", f"{random.randrange(1, 20)}.00", UG_KG_MIN),
        ("157884^MDC_VOL_FLUID_TBI", "250.0", ML),
        ("157993^MDC_VOL_FLUID_DELIV_TOTAL", volume, ML),
        ("157992^MDC_VOL_FLUID_DELIV_SEGMENT", "0.0", ML),
        ("157872^MDC_VOL_FLUID_TBI_REMAIN", volume, ML),
        ("157916^MDC_TIME_PD_REMAIN", str(random.randrange(2000)), MIN),
        ("157996^MDC_TIME_PD_PROG", str(random.randrange(2000)), MIN),
        ("157999^MDC_DOSE_DRUG_TBI", "400000", UG),
        ("158000^MDC_DOSE_DRUG_TBI_REMAIN", "400000", UG),
        ("158001^MDC_DOSE_DRUG_DELIV_TOTAL", "0", UG),
        ("158003^MDC_DOSE_DRUG_DELIV_SEGMENT", "0", UG),
        ("157760^MDC_CONC_DRUG", "1.6", MG_ML),
        ("68063^MDC_ATTR_PT_WEIGHT", f"{random.randrange(40, 120)}.0", KG),
    )
    texts = (
        ("158005^MDC_DEV_PUMP_CURRENT_DELIVERY_STATUS", "^pump-delivery-status-delivering"),
        ("158008^MDC_DEV_PUMP_PROGRAM_DELIVERY_MODE", "^pump-program-delivery-mode-continuous"),
        ("158012^MDC_DEV_PUMP_SOURCE_CHANNEL_LABEL", "Primary"),
        ("184514^MDC_DRUG_NAME_LABEL", "Testamine"),
        ("184515^MDC_DRUG_ID", "77"),
        ("184516^MDC_PUMP_DRUG_LIBRARY_CARE_AREA", "Critical Care"),
    )
    pump = (
        obx("184517^MDC_PUMP_DRUG_LIBRARY_VERSION", "1.0.0.1", "DL1"),
        obx("67880^MDC_ATTR_ID_MODEL", "1.0.0.4", "Model 1"),
        obx("184519^MDC_PUMP_INFUSING_STATUS", "1.1.1.1", "^pump-status-infusing"),
        obx("158014^MDC_FLOW_FLUID_PUMP_CURRENT", "1.1.1.2", rate, ML_H),
        obx("158016^MDC_DEV_PUMP_ACTIVE_SOURCES", "1.1.1.3", "^pump-source-info-primary"),
        obx("184520^MDC_PUMP_DRUG_LIBRARY_NAME", "1.0.0.5", "Trust"),
    )
    of_source = [obx(code, f"1.1.2.{n}", value, unit) for n, (code, value, unit) in enumerate(amounts, start=1)]
    of_source += [obx(code, f"1.1.2.{n}", value) for n, (code, value) in enumerate(texts, start=20)]
    at = f"202603{random.randrange(1, 29):02}{random.randrange(24):02}{random.randrange(60):02}00+0000"
    return event(*pump, *of_source, f7=at).replace(b"20260301101500+0000", at.encode())


@pytest.fixture(scope="module")
def messages() -> list[bytes]:
    random = Random("hl7")  # noqa: S311 - repeatable, not secret
    made = [written(random) for _ in range(MESSAGES)]
    assert all(raw.count(b"OBX|") == OBX and len(DEVICES) for raw in made)
    return made


def to_heard(raw: bytes) -> object:
    """Read a message and map it to what is heard of its pump: everything but joining it with other messages."""
    return hear(read_meaning(read_message(raw)), received=RECEIVED, key="1")


def bare_split(raw: bytes) -> list[list[list[str]]]:
    """Do what nobody can do without: part segments, fields, components."""
    return [[field.split("^") for field in line.split("|")] for line in raw.decode().split("\r")]


def seconds(read: Callable[[bytes], object], messages: list[bytes]) -> float:
    """Return how long one message takes."""
    start = time.perf_counter()
    for raw in messages:
        read(raw)
    return (time.perf_counter() - start) / len(messages)


def measure(benchmark: Any, messages: list[bytes], read: Any) -> None:
    benchmark.extra_info["rows"] = len(messages)
    benchmark(seconds, read, messages)


@pytest.mark.benchmark(group="read a PCD-10 of 32 OBX, beside a bare split", disable_gc=True)
def test_read(benchmark: Any, messages: list[bytes]) -> None:
    benchmark.extra_info["aim"] = "aim: within 3 times a bare split"
    measure(benchmark, messages, to_heard)


@pytest.mark.benchmark(group="read a PCD-10 of 32 OBX, beside a bare split", disable_gc=True)
def test_bare_split(benchmark: Any, messages: list[bytes]) -> None:
    benchmark.extra_info.update(role="peer", what="bare split")
    measure(benchmark, messages, bare_split)


@pytest.mark.benchmark(group="read a PCD-10 of 32 OBX, beside python-hl7", disable_gc=True)
def test_read_again(benchmark: Any, messages: list[bytes]) -> None:
    benchmark.extra_info["aim"] = "aim: at least 10 times faster than python-hl7 merely parses (a ratio of 0.10)"
    measure(benchmark, messages, to_heard)


@pytest.mark.benchmark(group="read a PCD-10 of 32 OBX, beside python-hl7", disable_gc=True)
def test_python_hl7(benchmark: Any, messages: list[bytes]) -> None:
    benchmark.extra_info.update(role="peer", what="python-hl7, parsing only")
    measure(benchmark, messages, lambda raw: hl7.parse(raw.decode()))


@pytest.mark.benchmark(group="text of a PCD-10 of 32 OBX, beside python-hl7", disable_gc=True)
def test_read_text(benchmark: Any, messages: list[bytes]) -> None:
    benchmark.extra_info["aim"] = "segments and fields only, with all leniencies"
    measure(benchmark, messages, read_message)


@pytest.mark.benchmark(group="text of a PCD-10 of 32 OBX, beside python-hl7", disable_gc=True)
def test_python_hl7_again(benchmark: Any, messages: list[bytes]) -> None:
    benchmark.extra_info.update(role="peer", what="python-hl7, parsing only")
    measure(benchmark, messages, lambda raw: hl7.parse(raw.decode()))


def test_the_aims_are_met(messages: list[bytes]) -> None:
    """
    Both ratios, each from the best of many short batches that take turns.

    A batch takes about a millisecond whoever reads, so that a busy machine lets all of them finish some undisturbed.
    """
    best = dict.fromkeys(("ours", "split", "peer"), float("inf"))
    # A collector that walks through all of pytest would time the size of the heap, most of all for the bare split.
    gc.disable()
    try:
        for start in range(0, MESSAGES - BATCH, 2):
            some = messages[start : start + BATCH]
            best["ours"] = min(best["ours"], seconds(to_heard, some[:10]))
            best["split"] = min(best["split"], seconds(bare_split, some))
            best["peer"] = min(best["peer"], seconds(lambda raw: hl7.parse(raw.decode()), some[:1]))
    finally:
        gc.enable()
    split, peer = best["ours"] / best["split"], best["peer"] / best["ours"]
    print(f"\nour reading takes {split:.2f} times a bare split; python-hl7 takes {peer:.1f} times our reading")
    assert split <= 3
    assert peer >= 10
