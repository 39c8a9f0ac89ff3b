"""Which OBX belongs to which part: by device nodes, never by the numbers of OBX-4."""

import pytest

from openinfusion.adapters.hl7 import Leniency
from openinfusion.adapters.hl7.leniency import Cautions
from openinfusion.adapters.hl7.metrics import NodeKind
from openinfusion.adapters.hl7.tree import TIME, read_panels
from tests.unit.hl7.written import DEVICES, ML, ML_H, OBR, codes, join, msh, obx, parse, read, report, source

RATE = "157784^MDC_FLOW_FLUID_PUMP"
TOTAL = "157993^MDC_VOL_FLUID_DELIV_TOTAL"
SECONDARY = "70075^MDC_DEV_PUMP_INFUSATE_SOURCE_SECONDARY"


def states(*lines):
    return read(join(msh("01"), OBR, *lines)).states


def rates(*lines):
    return {one.kind: one.rate.text for state in states(*lines) for one in state.sources if one.rate}


def test_metrics_belong_to_the_nearest_device_node():
    told = rates(
        *DEVICES,
        obx(SECONDARY, "1.1.3.0"),
        obx(RATE, "1.1.2.1", "10", ML_H),
        obx(RATE, "1.1.3.1", "20", ML_H),
    )
    assert told == {"primary": "10", "secondary": "20"}


def test_the_numbers_mean_nothing():
    """The same message with other numbers, the source of the rate before its pump's others, gives the same."""
    told = rates(
        obx("70053^MDC_DEV_PUMP_INFUS_SYRINGE_MDS", "21766848.0.0.0"),
        obx("70054^MDC_DEV_PUMP_INFUS_SYRINGE_VMD", "21766848.9.0.0"),
        obx("70071^MDC_DEV_PUMP_INFUSATE_SOURCE_PRIMARY", "21766848.9.1.0"),
        obx(SECONDARY, "21766848.9.7.0"),
        obx(RATE, "21766848.9.7.44", "20", ML_H),
        obx(RATE, "21766848.9.1.7", "10", ML_H),
    )
    assert told == {"primary": "10", "secondary": "20"}


def test_all_devices_first_or_last():
    metrics = (obx(RATE, "1.1.2.1", "10", ML_H), obx(TOTAL, "1.1.2.2", "5", ML))
    first, last = states(*DEVICES, *metrics), states(*metrics, *DEVICES)
    assert first[0].sources == last[0].sources
    assert first[0].sources[0].kind == "primary"


@pytest.mark.parametrize("path", ["1.0.0.1", "1.1.0.3"])
def test_attributes_stand_on_the_pump_or_on_its_module(path):
    """IHE puts library and event on the MDS, B. Braun on the VMD."""
    state = states(*DEVICES, obx("184520^MDC_PUMP_DRUG_LIBRARY_NAME", path, "Trust 2026"))[0]
    assert state.pump.library_name == "Trust 2026"


def test_a_number_of_the_pump_that_no_device_has():
    """ICU Medical: MDS 21766848 in one OBX, 43455986 in another."""
    meaning = read(
        join(
            msh("01"),
            OBR,
            obx("70049^MDC_DEV_PUMP_INFUS_LVP_MDS", "21766848.0.0.0"),
            obx("70050^MDC_DEV_PUMP_INFUS_LVP_VMD", "21766848.1.0.0"),
            obx("531975^MDC_ID_PROD_SPEC_SW", "43455986.1.0.1", "InfuserType=PLUM~Infuser Software=15.11"),
        )
    )
    assert meaning.states[0].pump.software == "15.11"
    assert ("sub-id-stray", "OBX[3]-4") in codes(meaning)


def test_sub_id_absent_or_text():
    """Without OBX-4, or with LOC in it, an OBX belongs to the device before it."""
    meaning = read(
        join(msh("01"), OBR, *DEVICES, obx(RATE, "", "10", ML_H), obx(TOTAL, "LOC", "5", ML), obx("184514^X", " ", "D"))
    )
    told = meaning.states[0].sources[0]
    assert (told.kind, told.rate.text, told.total.text, told.drug) == ("primary", "10", "5", "D")
    assert codes(meaning) == [
        ("sub-id-missing", "OBX[5]-4"),
        ("sub-id-text", "OBX[6]-4"),
        ("sub-id-missing", "OBX[7]-4"),
    ]


def test_no_sub_id_at_all():
    """The tree follows from the order of the levels."""
    lines = [line.replace("|1.0.0.0|", "||").replace("|1.1.0.0|", "||").replace("|1.1.1.0|", "||") for line in DEVICES]
    lines = [line.replace("|1.1.2.0|", "||") for line in lines]
    meaning = read(join(msh("01"), OBR, *lines, obx(RATE, "", "10", ML_H)))
    state = meaning.states[0]
    assert (state.pump.device.id, state.sources[0].kind, state.sources[0].rate.text) == ("P17", "primary", "10")


def test_two_obx_with_one_path():
    meaning = read(join(msh("01"), OBR, *DEVICES, obx(RATE, "1.1.2.1", "10", ML_H), obx(TOTAL, "1.1.2.1", "5", ML)))
    assert meaning.states[0].sources[0].total.text == "5"
    assert codes(meaning) == [("sub-id-repeated", "OBX[6]-4")]


def test_two_devices_with_one_path():
    """What follows belongs to the later of them."""
    told = rates(
        *DEVICES,
        obx(RATE, "1.1.2.1", "10", ML_H),
        obx(SECONDARY, "1.1.2.0"),
        obx(RATE, "1.1.2.2", "20", ML_H),
    )
    assert told == {"primary": "10", "secondary": "20"}


def test_the_tree_of_before_2013():
    """Status and rate stand on CHAN_DELIVERY, the drug on CHAN_SOURCE: one source, of which nobody says which."""
    state = states(
        obx("69985^MDC_DEV_PUMP_INFUS_MDS", "1.0.0.0", f18="OLD1^^CC^EUI-64"),
        obx("69986^MDC_DEV_PUMP_INFUS_VMD", "1.1.0.0"),
        obx("126978^MDC_DEV_PUMP_INFUS_CHAN_DELIVERY", "1.1.1.0"),
        obx("184508^MDC_PUMP_STAT", "1.1.1.1", "^pump-status-infusing^MDC"),
        obx(RATE, "1.1.1.2", "12", ML_H),
        obx("184511^MDC_PUMP_MODE_SET", "1.1.1.3", "^pump-mode-piggyback"),
        obx("126977^MDC_DEV_PUMP_INFUS_CHAN_SOURCE", "1.1.2.0"),
        obx("184514^MDC_DRUG_NAME_LABEL", "1.1.2.1", "Heparin"),
        obx("184513^MDC_PUMP_NOT_INFUSING_REASON", "1.1.2.2", "^pump-stopped-nos"),
    )[0]
    told = state.sources[0]
    assert state.delivery.infusing == "pump-status-infusing"
    assert (told.kind, told.rate.text, told.mode, told.drug, told.reason) == (
        None,
        "12",
        "pump-mode-piggyback",
        "Heparin",
        "pump-stopped-nos",
    )
    assert len(state.sources) == 1


def test_values_that_no_source_has():
    told = source(report(obx("68063^MDC_ATTR_PT_WEIGHT", "1.0.0.4", "70", "kg^kg^UCUM")))
    assert (told.kind, told.weight.text) == (None, "70")


def test_a_rack_with_two_modules():
    """One state for each module, with what the rack and the pump tell for both."""
    told = states(
        obx("70049^MDC_DEV_PUMP_INFUS_LVP_MDS", "1.0.0.0", f18="P17^^BB^EUI-64"),
        obx("184520^MDC_PUMP_DRUG_LIBRARY_NAME", "1.0.0.1", "Trust 2026"),
        obx("70050^MDC_DEV_PUMP_INFUS_LVP_VMD", "1.1.0.0", f18="A^^BB^EUI-64"),
        obx("70071^MDC_DEV_PUMP_INFUSATE_SOURCE_PRIMARY", "1.1.1.0"),
        obx(RATE, "1.1.1.1", "10", ML_H),
        obx("70050^MDC_DEV_PUMP_INFUS_LVP_VMD", "1.2.0.0", f18="B^^BB^EUI-64"),
        obx("70071^MDC_DEV_PUMP_INFUSATE_SOURCE_PRIMARY", "1.2.1.0"),
        obx(RATE, "1.2.1.1", "20", ML_H),
        obx("157990^MDC_NUM_PATIENT_DOSES_GIVEN_TOTAL", "1.2.1.2", "3"),
    )
    assert [(s.pump.device.id, s.pump.module.id, s.sources[0].rate.text) for s in told] == [
        ("P17", "A", "10"),
        ("P17", "B", "20"),
    ]
    assert {s.pump.library_name for s in told} == {"Trust 2026"}
    assert told[1].sources[0].more["doses_given"].number == 3


def test_times_and_device_ids_are_inherited():
    raw = join(
        msh("01"),
        OBR,
        obx("70049^MDC_DEV_PUMP_INFUS_LVP_MDS", "1.0.0.0", f14="20260301090000+0000", f18="P17"),
        *DEVICES[1:],
        obx(RATE, "1.1.2.1", "10", ML_H),
    )
    panel = read_panels(parse(raw), Cautions([]))[0]
    primary = next(node for node in panel.nodes if node.kind is NodeKind.PRIMARY)
    assert primary.inherited(TIME) == ("20260301090000+0000", panel.nodes[0].segment)
    assert primary.inherited(9) is None
    state = read(raw).states[0]
    assert state.at.at.hour == 9
    assert state.pump.device.id == "P17"


def test_several_obr_are_several_states():
    second = OBR.replace("ORD9", "ORD10")
    raw = join(
        msh("01"), OBR, *DEVICES, obx(RATE, "1.1.2.1", "10", ML_H), second, *DEVICES, obx(RATE, "1.1.2.1", "20", ML_H)
    )
    told = read(raw).states
    assert [(s.order.id, s.sources[0].rate.text) for s in told] == [("ORD9", "10"), ("ORD10", "20")]


def test_no_obr_and_no_device():
    meaning = read(join(msh("01"), obx(RATE, "1.1.2.1", "10", ML_H)))
    assert meaning.states[0].sources[0].rate.text == "10"
    empty = read(join(msh("01")))
    assert (Leniency.TOO_FEW.value, "OBR") in codes(empty)
    assert empty.states[0].sources == ()


def test_what_feeds_nothing_is_kept():
    state = states(*DEVICES, obx("150456^MDC_PULS_OXIM_SAT_O2", "1.1.2.9", "99", "262688^MDC_DIM_PERCENT^MDC"))[0]
    assert state.others[0].segment.value(5) == "99"
    assert state.others[0].node.kind is NodeKind.PRIMARY


def test_a_shape_of_thousands_of_obx():
    """Long messages are read without keeping their shape."""
    lines = [obx(RATE, f"1.1.2.{n}", "12.5" if n < 899 else "12.50", ML_H) for n in range(1, 900)]
    assert source(report(*lines)).rate.text == "12.50"


def test_more_pumps_than_any_rack_holds():
    """They are read as one, and it is said: each would otherwise look at all the others."""
    lines = [obx("70049^MDC_DEV_PUMP_INFUS_LVP_MDS", f"{n}.0.0.0") for n in range(1, 70)]
    meaning = read(join(msh("01"), OBR, *lines))
    assert len(meaning.states) == 1
    assert codes(meaning) == [("too-many", "OBX[1]-4")]
