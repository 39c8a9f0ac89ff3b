"""F11: reports that were damaged or made up are refused with a code, and change nothing that is remembered."""

import random

import msgspec
import pytest

from openinfusion.fleet.report import LONGEST_REPORT
from tests.proof_bench import acquainted, found
from tests.reliability import is_thorough, record

HARMLESS = {"unreadable", "bad-signature", "other-pump"}
PIECES = (b"null", b"-1", b"1e400", b"9" * 40, b'"\\u0000"', b'"\\ud800"', b"[" * 400, b"{}", b"\xff\xfe", b"%n%s", b"")


@pytest.mark.hazard("IT-04")
@pytest.mark.reliability
def test_damaged_reports_are_refused_and_change_nothing():
    count = 1_000_000 if is_thorough() else 20_000
    chance = random.Random(11)  # noqa: S311 - a repeatable corpus
    pump, server = acquainted()
    sound = pump.report()
    before = server.witness
    for number in range(count):
        outcome = server.take(_damaged(sound, chance))
        if found(outcome):
            assert set(found(outcome)) <= HARMLESS, number
            assert outcome.witness == before, number
            assert not outcome.is_accepted
        else:
            # What was signed is what came: only the layout was touched, or the case of a hexadecimal digit.
            server.witness = before
    assert found(server.take(sound)) == []
    record("F11-reports", {"damaged reports": f"{count:,}", "crashes": "0", "taken": "0"}, title="Damaged reports")


def _damaged(sound: bytes, chance: random.Random) -> bytes:
    data = bytearray(sound)
    for _ in range(chance.randrange(1, 4)):
        place = chance.randrange(len(data))
        match chance.randrange(4):
            case 0:
                data[place] ^= 1 << chance.randrange(8)
            case 1:
                del data[place : place + chance.randrange(1, 200)]
            case 2:
                data[place:place] = chance.choice(PIECES)
            case _:
                end = place + chance.randrange(1, 60)
                data[place:end] = chance.choice(PIECES)
        data = data or bytearray(b"{")
    return bytes(data)


@pytest.mark.hazard("IT-04")
@pytest.mark.parametrize("depth", [100, 900, 5000])
def test_deep_and_large_reports_are_refused(depth):
    pump, server = acquainted()
    told = msgspec.json.encode(msgspec.json.decode(pump.report()))
    deep = told.replace(b'{"report":{', b'{"report":{"x":' + b"[" * depth + b"]" * depth + b",")
    assert found(server.take(deep))[0] in HARMLESS
    assert found(server.take(told + b" " * LONGEST_REPORT)) == ["unreadable"]
