"""Two slots: only the one that is not in force is written, and a library that does not start gives way."""

import hashlib
import json

import pytest

from openinfusion.fleet.agent.codes import Code, RefusedError
from openinfusion.fleet.agent.slots import MOST_TRIES, Slots
from tests.fleet_pump import NOW


def numbers(slots):
    """The numbers of what is in force, staged, previous and failed."""
    labels = (slots.active, slots.staged, slots.previous, slots.failed)
    return tuple(None if label is None else label.number for label in labels)


@pytest.fixture
def slots(tmp_path):
    made = Slots(tmp_path)
    made.set_up(b"factory", number=0, at=NOW)
    return made


def test_a_staged_library_waits_beside_the_one_in_force(slots, tmp_path):
    slots.stage(b"one", number=1, at=NOW)

    for seen in (slots, Slots(tmp_path)):
        assert numbers(seen) == (0, 1, None, None)
        assert seen.read_active() == b"factory"
        assert seen.read_other() == b"one"
        assert seen.holds(hashlib.sha256(b"one").hexdigest(), 1)
        assert not seen.holds(hashlib.sha256(b"one").hexdigest(), 2)


def test_activation_keeps_the_way_back_and_raises_the_mark_only_once_confirmed(slots):
    slots.stage(b"one", number=1, at=NOW)
    slots.begin(NOW)
    assert slots.switch.is_on_trial
    assert numbers(slots) == (1, None, 0, None)
    assert slots.switch.high_water == 0

    slots.confirm()
    assert not slots.switch.is_on_trial
    assert slots.switch.high_water == 1

    slots.stage(b"two", number=2, at=NOW)
    assert slots.previous is None
    slots.begin(NOW)
    slots.go_back(at=NOW, is_final=True)
    assert numbers(slots) == (1, None, None, 2)
    assert slots.switch.high_water == 1


def test_first_starts_are_counted_until_one_is_confirmed(slots, tmp_path):
    slots.stage(b"one", number=1, at=NOW)
    for n in range(1, MOST_TRIES):
        slots.begin(NOW)
        slots = Slots(tmp_path)
        assert slots.switch.tries == n
        slots.go_back(at=NOW, is_final=False)
        assert numbers(slots) == (0, 1, None, None)


@pytest.mark.parametrize("damage", [b"", b"fact0ry", None], ids=["empty", "flipped", "gone"])
def test_a_damaged_slot_is_never_taken_for_whole(slots, tmp_path, damage):
    file = tmp_path / "a" / "library.json"
    file.unlink() if damage is None else file.write_bytes(damage)

    with pytest.raises(RefusedError) as caught:
        slots.read_active()
    assert caught.value.code is Code.SLOT_DAMAGED


def lost(folder):
    """The slots once their switch was lost."""
    (folder / "switch.json").unlink()
    return Slots(folder)


def test_a_lost_switch_is_made_anew_from_what_was_in_force_and_never_from_what_only_waits(slots, tmp_path):
    slots.stage(b"one", number=1, at=NOW)
    seen = slots
    for damage in (b"", b"{", json.dumps({"active": "c"}).encode()):
        (tmp_path / "switch.json").write_bytes(damage)
        seen = Slots(tmp_path)
        assert seen.was_lost
        assert numbers(seen) == (0, None, None, None)
        assert seen.switch.high_water == 0

    seen.recover()
    assert not Slots(tmp_path).was_lost
    assert numbers(Slots(tmp_path)) == (0, None, None, None)


def test_a_lost_switch_leaves_a_recalled_library_behind(slots, tmp_path):
    """The one before has a lower number, and may have been taken back."""
    slots.stage(b"one", number=1, at=NOW)
    slots.begin(NOW)
    slots.confirm()
    seen = lost(tmp_path)
    assert (numbers(seen), seen.switch.high_water) == ((1, None, None, None), 1)

    (tmp_path / "b" / "library.json").write_bytes(b"torn")
    seen = Slots(tmp_path)
    assert numbers(seen) == (0, None, None, None)
    assert seen.switch.high_water == 1, "the number does not fall"

    (tmp_path / "a" / "library.json").unlink()
    assert numbers(Slots(tmp_path)) == (0, None, None, None), "its label is there"
    with pytest.raises(RefusedError):
        Slots(tmp_path).read_active()


@pytest.mark.parametrize("is_confirmed", [False, True], ids=["failed", "ended just before the switch was turned"])
def test_a_lost_switch_never_brings_back_what_was_given_up(slots, tmp_path, is_confirmed):
    slots.stage(b"bad", number=7, at=NOW)
    slots.begin(NOW)
    if is_confirmed:
        slots._confirm("b")
    slots.go_back(at=NOW, is_final=True)

    assert slots.failed.number == 7
    seen = lost(tmp_path)
    assert (numbers(seen), seen.switch.high_water) == ((0, None, None, None), 0)


def test_what_is_withdrawn_leaves_no_label(slots, tmp_path):
    slots.stage(b"halted", number=7, at=NOW)
    slots.clear()

    assert slots.label("b") is None
    assert numbers(lost(tmp_path)) == (0, None, None, None)


def test_a_slot_without_a_mark_gets_it_at_the_next_start(slots, tmp_path):
    """As an older agent left it."""
    (tmp_path / "a" / "confirmed.json").unlink()
    Slots(tmp_path).recover()

    assert numbers(lost(tmp_path)) == (0, None, None, None)
    assert Slots(tmp_path).read_active() == b"factory"


def test_a_library_on_trial_gets_no_mark_by_a_start(slots, tmp_path):
    slots.stage(b"one", number=1, at=NOW)
    slots.begin(NOW)
    Slots(tmp_path).recover()

    assert numbers(lost(tmp_path)) == (0, None, None, None)
