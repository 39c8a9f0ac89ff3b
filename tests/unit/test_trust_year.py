"""The year of a trust on virtual pumps: the same for the same seed, valid, and in step with the dosing engine."""

import csv
import json
from collections import Counter, defaultdict
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import pytest
import zstandard

from openinfusion.adapters.events.record import read_record
from openinfusion.core.dosing import check
from openinfusion.core.entry import Mode
from openinfusion.core.events import Event, Kind, Response
from openinfusion.core.limits import Limit
from openinfusion.core.programme import Decision, Finding, Parameter
from openinfusion.core.segments import delivery_faults
from openinfusion.core.units import Quantity, Unit
from openinfusion.pump.machine import Held
from openinfusion.pump.machine.judge import judge, judge_demand
from openinfusion.pump.machine.state import replayed
from openinfusion.pump.models import find_model
from openinfusion.pump.records import PumpLabel, alert_json, to_events
from openinfusion.pump.trust import Settings, build_trust, example_events, example_records, write_example, year
from openinfusion.pump.trust.dice import Dice
from openinfusion.pump.trust.life import PumpLife

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "trust"
SMALL = Settings(examples=EXAMPLES, pumps=16, days=120)
ATTEMPTS = (Kind.PROGRAMMED, Kind.RATE_CHANGED, Kind.BOLUS, Kind.LOADING)


@pytest.fixture(scope="module")
def records():
    return list(example_records(SMALL))


@pytest.fixture(scope="module")
def events(records):
    readings = [read_record(record) for record in records]
    assert [reading.faults for reading in readings if reading.faults] == []
    return [reading.event for reading in readings]


def test_the_same_seed_gives_the_same_records_and_another_seed_others():
    few = Settings(examples=EXAMPLES, pumps=2, days=20)
    other = Settings(examples=EXAMPLES, pumps=2, days=20, seed=2)
    assert list(example_records(few)) == list(example_records(few))
    assert list(example_records(few)) != list(example_records(other))


def test_the_demonstration_gives_events_of_the_format():
    events = list(example_events(1, 2, 20, examples=EXAMPLES))
    assert events
    assert all(isinstance(event, Event) for event in events)


def test_no_record_speaks_of_a_person(records):
    assert not any("private" in record for record in records)


def test_an_id_names_one_record_even_when_it_is_sent_twice(records):
    by_id: dict[str, object] = {}
    for record in records:
        assert by_id.setdefault(record["event_id"], record) == record
    assert len(by_id) < len(records)


def test_what_a_pump_logs_is_what_the_engine_says_under_the_library_of_that_pump(events):
    """Every alert of an attempt up to the one that was not overridden, hard ones alone where the pump refuses."""
    libraries = {r.sha256: r.library for r in build_trust(SMALL).releases}
    answers = {e.about: e.response for e in events if e.kind is Kind.ALERT_ANSWERED}
    versions, alerted = set(), 0
    for infusion in _infusions(events):
        logged = defaultdict(list)
        for event in infusion:
            if event.kind is Kind.ALERT_RAISED:
                logged[event.about].append(event)
        for event in infusion:
            if event.kind in ATTEMPTS and event.reason != "patient demand":
                told = logged[event.event_id]
                expected = _expected(event, libraries[event.library.sha256])
                given_up = [alert for alert in told if answers.get(alert.event_id) is not Response.OVERRIDDEN]
                seen = [(a.alert.parameter, a.alert.limit, a.alert.bound) for a in told]
                assert seen == (expected[: len(seen)] if given_up else expected), event.event_id
                versions.add(event.library.version)
                alerted += len(told)
    assert alerted > 40
    assert len(versions) > 2


def _expected(event, library):
    """Return the limits that the pump must alert about: with the rate that it can set where the exact one is none."""
    programme = event.to_programme()
    model = find_model("halden-s2" if event.model == "Halden S2" else "meridian-v7")
    held = Held(library, event.library)
    judged = (judge_demand if programme.mode is Mode.PCA else judge)(programme, held, model)
    return [(f.parameter, f.limit, f.bound) for f in judged.crossed]


def _infusions(events):
    """Yield the records of each infusion under the library of which none was lost, in the order of the pump."""
    by_pump: dict[str, set[int]] = defaultdict(set)
    by_infusion: dict[str, dict[int, Event]] = defaultdict(dict)
    for event in events:
        by_pump[event.pump].add(event.sequence)
        if event.infusion and event.with_library:
            by_infusion[event.infusion][event.sequence] = event
    for held in by_infusion.values():
        ordered = [held[sequence] for sequence in sorted(held)]
        if by_pump[ordered[0].pump].issuperset(range(min(held), max(held))):
            yield ordered


def test_pumps_that_are_behind_alert_by_their_own_library():
    """The nuisance alerts under the releases that have it, and under no other."""
    long = Settings(examples=EXAMPLES, pumps=16, days=240)
    trust = build_trust(long)
    faulty = {trust.releases[n].sha256 for n in (6, 7)}
    places = [p for p in trust.pumps if p.ward.care_area == "adult-ward" and p.model.kind == "large-volume pump"]
    seen: Counter[tuple[bool, bool]] = Counter()
    for pump in places[:5]:
        for received in year.pump_records(trust, pump)[0]:
            record = received.record
            if record.get("drug") == "piperacillin-with-tazobactam" and record["kind"] == "alert_raised":
                is_four_grams = record["alert"]["bound"] == {"value": "4", "unit": "g"}
                seen[record["library"]["sha256"] in faulty, is_four_grams] += 1
    assert seen[True, True] > 0
    assert seen[False, True] == 0


def test_the_strength_typed_too_low_passes_every_limit_and_empties_the_syringe(events):
    libraries = {r.sha256: r.library for r in build_trust(SMALL).releases}
    boluses = [e for e in events if e.kind is Kind.BOLUS and e.programme.amount == Quantity.of("100", "micrograms")]
    assert boluses
    for bolus in boluses:
        verdict = check(bolus.to_programme(), libraries[bolus.library.sha256])
        assert verdict.decision in (Decision.ACCEPT, Decision.NOT_CHECKED)
        assert verdict.derived.volume == Quantity.of("12.5", "mL")


def test_sequence_numbers_are_missing_only_where_a_gap_is_told_or_a_record_was_lost_in_silence(records):
    by_pump = defaultdict(set)
    for record in records:
        by_pump[record["pump"]].add(record["sequence"])
    missing = sum(max(numbers) - len(numbers) for numbers in by_pump.values())
    told = sum(r["last_lost"] - r["first_lost"] + 1 for r in records if r["kind"] == "log_gap")
    assert 0 <= missing - told < len(records) * 0.001


def test_more_than_a_pump_can_keep_without_a_connection_is_told_as_a_gap():
    trust = build_trust(SMALL)
    life = PumpLife(trust, next(pump for pump in trust.pumps if pump.model.memory == 200))
    life.disconnect()
    for _ in range(300):
        life.machine.note(Kind.POWER_OFF, {})
    life.connect()
    gap = next(note.fields for note in life.notes if note.kind is Kind.LOG_GAP)
    assert (gap["first_lost"], gap["last_lost"]) == (1, 101)  # 200 of 301 records are kept
    kept, _ = life.log.records(life.notes, frozenset(life.lost))
    assert {note.sequence for note in kept} == set(range(102, 304))


def test_what_the_pumps_tell_of_their_delivery_keeps_the_rules_of_ihe():
    """Every pump of the trust, over a season: segments add up, and nothing flows twice."""
    trust = build_trust(SMALL)
    for pump in trust.pumps[::2]:
        life = PumpLife(trust, pump)
        life.run()
        events = list(to_events(life.notes, PumpLabel(number=pump.number, model=pump.model)))
        assert list(delivery_faults(events)) == []
        assert replayed(events) == life.machine.state()
        assert life.lost_ways == []


def test_staff_who_lose_their_way_give_up_and_it_is_told(monkeypatch):
    """Where the pump does not show what staff expect, the use ends and is counted; the year goes on."""
    trust = build_trust(SMALL)
    life = PumpLife(trust, trust.pumps[0])
    monkeypatch.setattr(PumpLife, "use", lambda self: self.bedside.choose("nothing of the kind"))
    life.run()
    assert "does not take 'nothing of the kind'" in life.lost_ways[0]
    assert len(life.lost_ways) > 10
    assert list(delivery_faults(to_events(life.notes, PumpLabel(number="x", model=life.machine.model)))) == []


def test_a_release_is_never_activated_while_anything_runs(events):
    running: dict[str, set[str]] = defaultdict(set)
    for event in sorted(events, key=lambda e: (e.pump, e.sequence)):
        if event.kind is Kind.STARTED:
            running[event.pump].add(event.infusion)
        elif event.kind in (Kind.STOPPED, Kind.COMPLETED):
            running[event.pump].discard(event.infusion)
        assert event.kind is not Kind.LIBRARY_ACTIVATED or len(running[event.pump]) <= 1  # one end may be lost


def test_an_attempted_value_without_an_end_is_shown_beyond_its_limit():
    """A third above the limit by a hair: rounding must not bring it back inside."""
    unit = Unit.read("mL/h")
    above = Finding(
        Parameter.RATE, Limit.SOFT_MAX, Quantity(Fraction(1, 3), unit), Quantity(Fraction(333333, 10**6), unit)
    )
    below = Finding(
        Parameter.RATE, Limit.SOFT_MIN, Quantity(Fraction(2, 3), unit), Quantity(Fraction(666667, 10**6), unit)
    )
    shown = [Fraction(alert_json(finding)["attempted"]["value"]) for finding in (above, below)]
    assert shown[0] > Fraction("0.333333")
    assert shown[1] < Fraction("0.666667")


def test_a_clock_in_the_united_kingdom_changes_with_the_season(events):
    offsets = {event.at.utcoffset().total_seconds() for event in events}
    assert offsets == {0, 3600}


def test_true_time_follows_from_the_clock_and_its_offset(events):
    """Receipt follows the event by true time, which the pump's own clock does not always show."""
    known = [e for e in events if e.clock_offset is not None]
    assert any(e.received < e.at for e in known)
    assert all((e.received - e.at).total_seconds() + float(e.clock_offset) > -2 for e in known)


def test_a_year_is_written_by_month_of_receipt_and_the_same_on_two_processes(tmp_path, monkeypatch):
    monkeypatch.setattr(year, "BATCH", 2)
    few = Settings(examples=EXAMPLES, pumps=3, days=40)
    figures = write_example(tmp_path / "one", few)
    assert figures == write_example(tmp_path / "two", few, workers=2)
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert "events-2025-10-part-001.jsonl.zst" in names
    assert {"README.txt", "libraries", "pumps.csv", "releases.csv", "truth.csv"} <= set(names)
    for name in names:
        if name.endswith(".zst"):
            content = (tmp_path / "one" / name).read_bytes()
            assert content == (tmp_path / "two" / name).read_bytes()
            _check_log(name, zstandard.ZstdDecompressor().decompress(content))


def _check_log(name: str, content: bytes) -> None:
    header, *lines = map(json.loads, dict.fromkeys(content.splitlines()))
    assert header["purpose"] == "example"
    received = [datetime.fromisoformat(line["received"]) for line in lines]
    assert received == sorted(received)
    assert {f"{moment:%Y-%m}" for moment in received} == {name[7:14]}


def test_the_register_and_the_releases_are_written_beside_the_events(tmp_path):
    few = Settings(examples=EXAMPLES, pumps=3, days=40)
    write_example(tmp_path, few)
    with (tmp_path / "pumps.csv").open(encoding="utf-8") as file:
        pumps = list(csv.DictReader(file))
    with (tmp_path / "releases.csv").open(encoding="utf-8") as file:
        releases = list(csv.DictReader(file))
    assert len(pumps) == 3
    assert [r["library_version"] for r in releases] == ["1.0.0", "1.0.1", "1.0.2"]
    assert (tmp_path / "libraries" / "library-1.0.0.json").read_bytes() == (
        EXAMPLES / "library-1.0.0.json"
    ).read_bytes()


def test_weighted_dice_never_give_what_weighs_nothing():
    dice = Dice("weights")
    assert {dice.weighted({"never": 0.0, "often": 2.0, "seldom": 1.0}) for _ in range(200)} == {"often", "seldom"}
