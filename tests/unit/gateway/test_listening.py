"""Stored messages become records of a lake: late ones change what follows, tests stay out of clinical lakes."""

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from openinfusion.adapters.events import read_events
from openinfusion.adapters.hl7.write import Sender, Sending, write_record
from openinfusion.core.errors import OperatorError
from openinfusion.gateway.listening import Ear, read_into_lake, tell_store
from openinfusion.gateway.settings import LakePlace
from openinfusion.gateway.store import Store
from openinfusion.lake.store import Lake
from tests.unit.gateway.bench import arrival
from tests.unit.hl7.test_story import DAY, INFUSION, TOLD, alarm

EVERY_KIND = Path(__file__).parents[3] / "examples/events/every-kind.jsonl"


@pytest.fixture
def store(tmp_path):
    made = Store.open(tmp_path / "messages.db")
    yield made
    made.close()


@pytest.fixture
def place(tmp_path):
    return LakePlace(tmp_path / "lake", "Example Trust", "clinical")


def keep(store, *messages):
    for number, raw in enumerate(messages):
        one = arrival(f"{store.count()}-{number}", text="x")
        control_id = raw.split(b"|")[9]  # control ids of one sender, each once
        store.keep([type(one)(one.sender, control_id, raw, one.received, one.listener, one.peer, one.acknowledgement)])


def standing(place):
    """The kinds of the records that count, in their order."""
    table = Lake.open(place.folder).events().to_native().collect().sort("moment", "kind")
    return [kind for kind in table["kind"].to_list() if kind not in ("library_activated", "record_voided")]


def test_a_late_message_changes_the_story(store, place):
    keep(store, *INFUSION[:2], *INFUSION[7:])
    first = read_into_lake(store, place)
    assert standing(place) == ["started", "rate_changed", "paused", "resumed", "kvo", "completed"]
    keep(store, *INFUSION[2:7])
    second = read_into_lake(store, place)
    assert second.telling.voided > 0
    assert sorted(standing(place)) == sorted(TOLD)
    assert first.replayed.faults == second.replayed.faults == {}


@pytest.mark.hazard("DA-01")
def test_whatever_the_order_of_coming_the_lake_ends_with_the_same(store, place, tmp_path):
    keep(store, *INFUSION)
    read_into_lake(store, place)
    other_store, other = Store.open(tmp_path / "other.db"), LakePlace(tmp_path / "other", "Example Trust", "clinical")
    for raw in reversed(INFUSION):
        keep(other_store, raw)
        read_into_lake(other_store, other)
    other_store.close()
    assert standing(other) == standing(place)


def test_reading_again_adds_nothing(store, place):
    keep(store, *INFUSION)
    read_into_lake(store, place)
    again = read_into_lake(store, place, again=True)
    assert (again.replayed.messages, again.telling.events, again.telling.voided) == (len(INFUSION), 0, 0)


def test_what_was_heard_of_messages_that_are_deleted_by_now_stays(store, place):
    keep(store, *INFUSION)
    read_into_lake(store, place)
    before = standing(place)
    store.forget_contents(arrival("0").received + timedelta(days=1), unread=True)
    again = read_into_lake(store, place, again=True)
    assert (again.telling.events, again.telling.voided) == (0, 0)
    assert standing(place) == before


def test_what_a_newer_reader_does_not_hear_any_more_is_taken_back(store, place, monkeypatch):
    keep(store, *INFUSION)
    read_into_lake(store, place)
    read = Ear.read

    def without_doses(ear, message):
        return () if b"CLINICIAN_DOSE" in message.raw else read(ear, message)

    monkeypatch.setattr(Ear, "read", without_doses)
    monkeypatch.setattr("openinfusion.gateway.stories.READER", 99)
    assert read_into_lake(store, place).telling.voided > 0
    assert "bolus" not in standing(place)
    assert read_into_lake(store, place).telling.voided == 0
    monkeypatch.undo()
    assert read_into_lake(store, place, again=True).telling.events > 0
    assert standing(place).count("bolus") == 1


def test_a_new_lake_in_the_place_of_another_gets_everything(store, place):
    keep(store, *INFUSION)
    read_into_lake(store, place)
    before = standing(place)
    shutil.rmtree(place.folder)
    assert read_into_lake(store, place).replayed.messages == len(INFUSION)
    assert standing(place) == before


def test_another_record_under_an_id_that_the_lake_knows_is_kept_apart(store, place):
    event = next(line.event for line in read_events(EVERY_KIND) if line.event)
    sending = Sending(sender=Sender(), at=DAY)
    (first,), (other,) = write_record(event, sending), write_record(replace(event, pump="another"), sending)
    keep(store, first, other.replace(f"|{event.event_id}-1|".encode(), b"|another|"))
    told = read_into_lake(store, place)
    assert (told.taken.kept, told.taken.conflicts) == (1, 1)
    assert Lake.open(place.folder).rejected()["reason"].to_list() == ["conflict"]
    assert read_into_lake(store, place).replayed.messages == 0


@pytest.mark.hazard("DA-01")
def test_tests_stay_out_of_a_clinical_lake(store, place, tmp_path):
    keep(store, *(raw.replace(b"|P|2.6", b"|D|2.6") for raw in INFUSION))
    told = read_into_lake(store, place)
    assert (told.ear.left_out["a test or a demonstration"], told.taken.kept) == (len(INFUSION), 0)
    assert read_into_lake(store, LakePlace(tmp_path / "tests", "Example Trust", "test")).taken.kept > 0


def test_a_lake_of_another_purpose_is_refused(store, place):
    keep(store, *INFUSION)
    read_into_lake(store, place)
    with pytest.raises(OperatorError, match="purpose"):
        read_into_lake(store, LakePlace(place.folder, "Example Trust", "test"))


def test_what_cannot_be_read_is_counted_and_stays(store, place):
    keep(store, INFUSION[0], b"no HL7|||||||||9|")
    told = read_into_lake(store, place)
    assert sum(told.replayed.faults.values()) == 1
    assert store.count() == 2


@pytest.mark.hazard("DA-02")
def test_no_patient_leaves_the_store(store, place):
    keep(store, *INFUSION, alarm("start", 5, "1"))
    assert b"T-4711" in INFUSION[0]
    read_into_lake(store, place)
    files = [path for path in place.folder.rglob("*") if path.is_file()]
    assert not [path for path in files if b"T-4711" in path.read_bytes()]


def test_a_store_is_told_without_leaving_a_trace(store, tmp_path):
    keep(store, *INFUSION)
    before = sorted(tmp_path.iterdir())
    told = tell_store(store)
    assert [one.kind.value for one in told.events if one.kind.value != "library_activated"] == TOLD
    assert told.claims["P17"]["library_version"].value == "1.1.0"
    assert sorted(tmp_path.iterdir()) == before


def numbered(raw, control_id, *, day=None):
    """The message under another control id, told as of another day."""
    head, _, rest = raw.partition(b"\r")
    fields = head.split(b"|")
    fields[9] = control_id
    changed = b"|".join(fields) + b"\r" + rest
    return changed.replace(b"20260301", day) if day else changed


@pytest.mark.hazard("DA-01")
def test_a_sender_that_begins_its_numbers_anew_is_heard(store, place):
    """Day two has the control ids of day one; nothing of it is lost, and a repeat under its own id is told once."""
    raw = INFUSION[0]
    keep(store, numbered(raw, b"1"))
    before = read_into_lake(store, place).telling.events
    keep(store, numbered(raw, b"1", day=b"20260305"), numbered(raw, b"2"))
    listened = read_into_lake(store, place)
    assert (listened.replayed.messages, listened.replayed.conflicts) == (2, 1)
    assert len(standing(place)) == 2
    assert (before, len(tell_store(store).events)) == (2, 3)
    again = read_into_lake(store, place, again=True)
    assert (again.telling.events, again.telling.voided) == (0, 0)


def test_a_store_is_one_organisations(store, place):
    keep(store, *INFUSION)
    read_into_lake(store, place)
    with pytest.raises(OperatorError, match="'Example Trust', as whose pumps this store was read"):
        read_into_lake(store, replace(place, organisation="Another Trust"))


def test_values_that_cannot_be_used_are_told_with_their_place(store):
    raw = next(one for one in INFUSION if b"MDC_FLOW_FLUID_PUMP" in one)
    line = next(one for one in raw.split(b"\r") if b"MDC_FLOW_FLUID_PUMP" in one)
    fields = line.split(b"|")
    fields[5] = b"6,0"
    keep(store, raw.replace(line, b"|".join(fields)))
    ((number, caution),) = tell_store(store).listened.ear.lost
    assert number == 1
    assert str(caution).startswith(f"OBX[{fields[1].decode()}]-5: found '6,0'")
