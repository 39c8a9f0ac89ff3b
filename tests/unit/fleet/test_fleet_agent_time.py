"""What time it is for a pump whose clock is wrong, and whose word it takes."""

from datetime import timedelta

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from openinfusion.fleet.agent.answer import read_answer, signed_time
from openinfusion.fleet.agent.clock import Floor, Heard, moment_of
from openinfusion.fleet.agent.codes import Code, RefusedError
from openinfusion.fleet.agent.memory import Memory
from tests.fleet_pump import NOW, TurnedClock

pytestmark = pytest.mark.hazard("IT-02")
KEY = Ed25519PrivateKey.generate()
TIME_KEY = KEY.public_key().public_bytes_raw().hex()
DAY = timedelta(days=1)


def floor(at, source="director", keys=("k",)):
    return Floor(source=source, at=at, keys=keys)


def answer(*, at, nonce="n1", key=KEY, **parts):
    said = {"nonce": nonce, "time": at.isoformat()}
    signed = {**said, "signature": key.sign(rfc8785.dumps(said)).hex()}
    return rfc8785.dumps({"nonce": "n2", "poll_seconds": 300, "ring": None, "time": signed, **parts})


@pytest.mark.parametrize(
    ("clock", "expected", "quality"),
    [(NOW, NOW, "own"), (NOW - 2000 * DAY, NOW - DAY, "floor"), (NOW + 700 * DAY, NOW + 700 * DAY, "own")],
)
def test_a_clock_behind_the_floor_is_not_believed(clock, expected, quality):
    moment = moment_of(TurnedClock(clock), [floor(NOW - DAY), floor(NOW - 3 * DAY)], made=NOW - 9 * DAY, heard=None)

    assert (moment.at, moment.quality, moment.floor) == (expected, quality, NOW - DAY)


def test_no_moment_is_before_the_pump_was_set_up():
    assert moment_of(TurnedClock(NOW - DAY), [], made=NOW, heard=None).at == NOW


def test_signed_time_is_carried_on_by_the_steady_clock_through_jumps_of_the_other():
    clock = TurnedClock(NOW + 700 * DAY)
    heard = Heard(NOW, clock.elapsed())
    clock.go_on(hours=2)
    clock.at -= 3000 * DAY

    moment = moment_of(clock, [], made=NOW - DAY, heard=heard)
    assert (moment.at, moment.quality) == (NOW + timedelta(hours=2), "trusted")


def test_a_floor_never_sinks_unless_others_sign_now():
    memory = Memory(epoch=1).with_floor(floor(NOW))

    assert memory.with_floor(floor(NOW - DAY)) == memory
    assert memory.with_floor(floor(NOW + DAY)).floors[0].at == NOW + DAY
    assert memory.with_floor(floor(NOW - DAY, keys=("new",))).floors == (floor(NOW - DAY, keys=("new",)),)
    assert memory.without_floor("director", unless=("k",)) == memory
    assert memory.without_floor("director", unless=("new",)).floors == ()


def test_signed_time_is_taken_where_it_answers_this_report():
    read = read_answer(answer(at=NOW))

    assert signed_time(read, nonce="n1", key=TIME_KEY) == Floor(source="time", at=NOW, keys=(TIME_KEY,))
    assert (read.nonce, read.poll_seconds) == ("n2", 300)


def test_time_without_a_question_or_a_key_says_nothing():
    assert signed_time(read_answer(answer(at=NOW, nonce="")), nonce="", key=TIME_KEY) is None
    assert signed_time(read_answer(answer(at=NOW)), nonce="n1", key=None) is None
    assert signed_time(read_answer(answer(at=NOW, time=None)), nonce="n1", key=TIME_KEY) is None


@pytest.mark.parametrize(
    "data",
    [
        answer(at=NOW, nonce="of another"),
        answer(at=NOW, key=Ed25519PrivateKey.generate()),
        answer(at=NOW.replace(tzinfo=None)),
    ],
    ids=["replayed", "other key", "no zone"],
)
def test_a_time_that_is_not_signed_for_this_report_is_refused(data):
    with pytest.raises(RefusedError) as caught:
        signed_time(read_answer(data), nonce="n1", key=TIME_KEY)
    assert caught.value.code is Code.ANSWER_WRONG


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{" * 100_000,
        answer(at=NOW, poll_seconds=0),
        answer(at=NOW, poll_seconds=86_401),
        answer(at=NOW, nonce_=1, ring="../other"),
        answer(at=NOW, ring="x" * 20_000),
        rfc8785.dumps({"nonce": "", "poll_seconds": 60}),
        b'{"nonce": "n\xff", "poll_seconds": 60}',
    ],
    ids=["empty", "list", "deep", "no wait", "longer than a day", "strange ring", "long ring", "no time", "no text"],
)
def test_what_is_no_answer_is_refused(data):
    with pytest.raises(RefusedError) as caught:
        read_answer(data)
    assert caught.value.code is Code.ANSWER_WRONG
