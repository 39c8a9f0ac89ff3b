"""Codes before names; misprints read and said, never written."""

import csv

import pytest

from openinfusion.adapters.hl7.leniency import Leniency
from openinfusion.adapters.hl7.nomenclature import (
    error_codes,
    read_term,
    rows,
    term_named,
    term_of,
    unit_rows,
    words,
)


def read(text):
    named = read_term(text)
    return (named.term.refid if named.term else None), [doubt.code for doubt in named.doubts]


@pytest.mark.parametrize(
    "text, refid, doubts",
    [
        ("157784^MDC_FLOW_FLUID_PUMP^MDC", "MDC_FLOW_FLUID_PUMP", []),
        ("157784^^MDC", "MDC_FLOW_FLUID_PUMP", []),
        ("157784", "MDC_FLOW_FLUID_PUMP", []),
        ("158784^MDC_FLOW_FLUID_PUMP^MDC", "MDC_FLOW_FLUID_PUMP", [Leniency.CODE_MISPRINT]),
        ("8485^MDC_ATTR_ALERT_TYPE^MDC", "MDC_ATTR_ALERT_TYPE", [Leniency.CODE_MISPRINT]),
        ("684800^MDC_ATTR_ALERT_SOURCE^MDC", "MDC_ATTR_ALERT_SOURCE", [Leniency.CODE_MISPRINT]),
        ("684810^MDC_ATTR_EVENT_PHASE^MDC", "MDC_ATTR_EVENT_PHASE", [Leniency.CODE_MISPRINT]),
        ("684820^MDC_ATTR_ALARM_STATE^MDC", "MDC_ATTR_ALARM_STATE", [Leniency.CODE_MISPRINT]),
        ("0^MDC_EVT_PUMP_PROG_RELAY^MDC", "MDC_EVT_PUMP_PROG_RELAY", []),
        ("0^MDC_EVT_PUMP_RELAY_PROG^MDC", "MDC_EVT_PUMP_PROG_RELAY", [Leniency.CODE_MISPRINT]),
        ("157984^MDC_VOL_SYRINGE_ACTUAL^MDC", "MDC_VOL_SYRINGE_ACTUAL", []),
        ("157984^MDC_VOL_SYRINGE_REMAIN^MDC", "MDC_VOL_SYRINGE_ACTUAL", []),
        ("0^MDC_VOL_SYRINGE_REMAIN^MDC", "MDC_VOL_SYRINGE_ACTUAL", [Leniency.CODE_BY_NAME]),
        ("68165^MDC_ATTR_EVENT_PHASE^MDC", "MDC_ATTR_EVENT_PHASE", [Leniency.CODE_LEGACY]),
        ("158005^MDC_PUMP_CURRENT_DELIVERY_STATUS^MDC", "MDC_DEV_PUMP_CURRENT_DELIVERY_STATUS", []),
        ("^MDC_PUMP_NOT_DELIVERING_REASON^MDC", "MDC_DEV_PUMP_NOT_DELIVERING_REASON", [Leniency.CODE_BY_NAME]),
        ("0^MDCX_LS_ATTR_NAME^MDC", "MDCX_LS_ATTR_NAME", []),
        ("^MDCX_LS_ATTR_NAME^MDC", "MDCX_LS_ATTR_NAME", []),
        ("0^MDCX_UNHEARD_OF^MDC", None, []),
        ("4711^MDC_FLOW_FLUID_PUMP^MDC", "MDC_FLOW_FLUID_PUMP", [Leniency.CODE_UNKNOWN]),
        ("157784^MDC_VOL_FLUID_TBI^MDC", "MDC_FLOW_FLUID_PUMP", [Leniency.CODE_AND_NAME]),
        ("157784 ^MDC_FLOW_FLUID_PUMP^MDC ", "MDC_FLOW_FLUID_PUMP", [Leniency.BLANKS]),
        ("R1^Rate^L^157784^MDC_FLOW_FLUID_PUMP^MDC", "MDC_FLOW_FLUID_PUMP", []),
        ("999999999999999^x^MDC", None, []),
        ("", None, []),
    ],
)
def test_terms(text, refid, doubts):
    assert read(text) == (refid, doubts)


@pytest.mark.parametrize("legacy", range(68164, 68170))
def test_legacy_codes_of_alarms_are_their_successors(legacy):
    """Mindray: 68164 to 68169 mean 68480 to 68485."""
    assert read_term(f"{legacy}^^MDC").term == term_of(legacy + 316)


def test_no_defect_is_ever_written(shared_data):
    """Every row that the reference marks as a defect can be read, and is not among what we write."""
    ours = {(row.code, row.refid) for row in rows() if row.use == "emit"}
    assert ours
    with (shared_data / "codes" / "mdc_all_merged.csv").open(encoding="utf-8") as file:
        defects = [row for row in csv.DictReader(file) if row["defect"]]
    assert len(defects) == 6
    for row in defects:
        assert (int(row["cf_code"]), row["refid"]) not in ours
        # A name may be right where its code is not: then only that pair must not be written.
        assert all(row["cf_code"] != str(code) or name != row["refid"] for code, name in ours)


def test_each_code_is_written_with_one_name():
    numbered = [row.code for row in rows() if row.use == "emit" and row.code]
    assert len(numbered) == len(set(numbered))
    assert not {158784, 8485, 684800, 684810, 684820, *range(68164, 68170)} & set(numbered)


def test_the_codes_of_the_specification_are_there():
    devices = (70049, 70050, 70053, 70057, 70061, 69985, 70067, 70071, 70075, 70079, 70083, 70059, 70091, 70101)
    before_2013 = (126977, 126978, 184508, 184511, 184512, 184513)
    others = (16935000, 184521, 184522, 68487, 68488, 68012, 69135, 531975, 531976, 65577, 65620)
    alarms = (196634, 196678, 196768, 196802, 196940, 196950, 197084, 197200, 197218, 203276, 203341, 258048)
    events = (*range(197288, 197309, 2), *range(197328, 197353, 2))
    needed = (*devices, *before_2013, *others, *alarms, *events)
    assert [code for code in needed if term_of(code) is None] == []
    assert term_named("MDC_NO_SUCH_NAME") is None
    assert all(row.source for row in rows())


def test_error_codes_words_and_units():
    assert len(error_codes()) == 44
    assert error_codes()[9024] == "Drug library hard limit exceeded"
    assert "pump-delivery-status-kvo" in words()[158005]
    assert "clinician-dose" in words()["MDC_INFUS_ORDER_TYPE"]
    assert {265266, 263762, 264320, 268242, 274212} <= {row.code for row in unit_rows()}
