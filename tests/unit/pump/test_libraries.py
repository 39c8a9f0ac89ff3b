"""Libraries on a pump: two slots, one in force; how one is rejected, activated, taken back."""

from dataclasses import replace

import pump_bench
import pytest
from pump_bench import Bench, held

from openinfusion.core.events import Kind, LibraryVersion
from openinfusion.core.library import Drug
from openinfusion.pump.machine import Held, Pump

RUNNING = "power; ward; key 70; load 50 mL; drug; key fen; fentanyl; ward-fentanyl-50; key 100; key 20; confirm; start"
NEW = held("1.1.0")


def too_large() -> Held:
    made = pump_bench.library("9.0.0")
    drugs = tuple(Drug(id=f"d{number}", name=f"drug {number}") for number in range(1600))
    return Held(replace(made, drugs=(*made.drugs, *drugs)), LibraryVersion(name="large", version="9.0.0"))


def test_a_library_that_is_too_large_is_rejected_with_its_reason():
    bench = Bench("halden-s2")
    assert bench.pump.stage(too_large()) == "1,610 drugs; this pump holds 1,600"
    assert bench.notes[-1].kind is Kind.LIBRARY_REJECTED
    assert bench.pump.slots.staged is None
    assert Bench("meridian-v7").pump.stage(too_large()) is None  # its maker sets no bound for drugs


def test_a_library_waits_until_the_pump_is_switched_on():
    bench = Bench().do("power; ward; key 70; power")
    assert bench.pump.stage(NEW) is None
    assert bench.pump.slots.active.name.version == "1.0.0"
    bench.do("power")
    assert bench.pump.slots.active.name.version == "1.1.0"
    assert bench.pump.area is None


def test_a_library_waits_while_an_infusion_is_kept():
    bench = Bench().do(f"{RUNNING}; power")
    bench.pump.stage(NEW)
    bench.do("power; keep; start")
    assert bench.pump.slots.active.name.version == "1.0.0"
    bench.do("stop; update")
    assert bench.pump.slots.active.name.version == "1.1.0"


@pytest.mark.hazard("PL-02")
@pytest.mark.parametrize(
    "before",
    [
        RUNNING,
        f"{RUNNING}; pause",
        f"{RUNNING}; pause; standby",
        "power; ward; key 70; drug",
        "power; ward; key 70; drug; key fen; fentanyl; ward-fentanyl-50; key 100",
        "power; ward; key 70; load 50 mL; drug; key fen; fentanyl; ward-fentanyl-50; key 100; key; confirm",
        "power; ward; key 70; drug; key fen; fentanyl; ward-fentanyl-50; key 300; key; confirm",
    ],
)
def test_no_library_comes_into_force_while_anything_runs_or_is_programmed(before):
    bench = Bench().do(before)
    bench.pump.stage(NEW)
    assert bench.pump.activate() == "a library is activated only while nothing runs"
    assert bench.pump.slots.active.name.version == "1.0.0"


def test_a_library_that_fails_its_test_gives_way_and_is_not_kept():
    bench = Bench()
    pump = Pump("P", bench.model, held(), tell=bench.notes.append, self_test=lambda _: "checksum differs")
    pump.stage(NEW)
    pump.choose("power")
    assert pump.slots.active.name.version == "1.0.0"
    reverted = bench.notes[-1]
    assert (reverted.kind, reverted.fields["reason"]) == (Kind.LIBRARY_REVERTED, "self-test failed: checksum differs")
    assert pump.revert("restored") == "no other library to go back to"


def test_a_pump_goes_back_to_the_library_of_its_other_slot():
    bench = Bench().do("power")
    bench.pump.stage(NEW)
    assert bench.pump.activate() is None
    assert bench.pump.revert("restored") is None
    assert bench.pump.slots.active.name.version == "1.0.0"


@pytest.mark.parametrize("what", ["activate", "revert"])
def test_a_library_does_not_switch_a_pump_on(what):
    bench = Bench()
    bench.pump.stage(NEW)
    bench.pump.activate()
    if what == "revert":
        bench.pump.revert("restored")
    assert not bench.pump.is_on
    assert bench.pump.state().is_on is False


def test_the_memory_wraps_and_tells_which_records_are_lost():
    bench = Bench("halden-s2").do("power; ward; key 70")
    bench.do("; ".join(["area; ward"] * 300))
    memory = bench.pump.memory
    assert memory.written == 302
    kept, lost = memory.after(0)
    assert [note.sequence for note in kept] == list(range(103, 303))
    assert lost == (1, 102)
    assert memory.after(102) == (kept, None)
    assert memory.after(200)[1] is None
    assert memory.after(302) == ((), None)


def test_the_records_of_a_wrapped_memory_are_those_that_were_told():
    bench = Bench("halden-s2").do("power; ward; key 70")
    bench.do("; ".join(["area; ward"] * 300))
    assert bench.pump.memory.after(0)[0] == tuple(bench.notes[-200:])
