"""A door that is full lets nobody be kept out by connections that were opened and left."""

from collections import Counter

from openinfusion.gateway.doors import Doors
from openinfusion.gateway.warnings import Warnings


class Guest:
    def __init__(self, address):
        self.address = address
        self.shown_out = None

    def show_out(self, why):
        self.shown_out = why


def doors(most=4, most_per_address=3):
    counts: Counter[str] = Counter()
    return Doors(most, most_per_address, lambda what: counts.update([what])), counts


def admit(door, *addresses):
    guests = [Guest(address) for address in addresses]
    return guests, [door.admit(guest) for guest in guests]


def test_there_is_room_up_to_the_limit():
    door, counts = doors()
    guests, let_in = admit(door, "a", "b", "c", "d")
    assert let_in == [True] * 4
    assert len(door) == 4
    assert set(door) == set(guests)
    door.leave(guests[0])
    door.leave(guests[0])
    assert len(door) == 3
    assert counts == {"opened": 4}


def test_a_newcomer_takes_the_place_of_the_longest_silent_of_the_address_with_most():
    door, _ = doors()
    guests, _ = admit(door, "a", "b", "b", "b")
    _, let_in = admit(door, "c")
    assert let_in == [True]
    assert [guest.shown_out for guest in guests] == [None, "displaced", None, None]
    assert len(door) == 4


def test_an_address_at_its_limit_displaces_only_its_own():
    door, _ = doors(most=10, most_per_address=2)
    guests, _ = admit(door, "a", "b", "b", "b")
    assert [guest.shown_out for guest in guests] == [None, "displaced", None, None]


def test_who_brought_a_message_is_never_displaced():
    door, counts = doors(most=2, most_per_address=2)
    guests, _ = admit(door, "a", "a")
    for guest in guests:
        door.prove(guest)
        door.prove(guest)
    assert admit(door, "a")[1] == [False]
    assert admit(door, "b")[1] == [False]
    assert counts["refused: full"] == 2
    door.leave(guests[0])
    assert admit(door, "b")[1] == [True]


def test_thousands_of_silent_ones_keep_nobody_out():
    door, _ = doors(most=100, most_per_address=50)
    admit(door, *(f"10.0.0.{number % 250}" for number in range(5000)))
    (friend,), let_in = admit(door, "friend")
    assert let_in == [True]
    door.prove(friend)
    admit(door, *(f"10.0.1.{number % 250}" for number in range(5000)))
    assert friend.shown_out is None
    assert len(door) == 100


def test_warnings_of_a_kind_are_written_once_and_then_counted(monkeypatch, caplog):
    now = [0.0]
    monkeypatch.setattr("openinfusion.gateway.warnings.monotonic", lambda: now[0])
    warnings = Warnings()
    for _ in range(1000):
        warnings.say("not HL7", "refused a message")
    warnings.say("TLS", "no connection")
    now[0] = 11
    warnings.say("not HL7", "refused a message")
    assert caplog.messages == [
        "refused a message",
        "no connection",
        "refused a message (999 more like it since the last line)",
    ]
