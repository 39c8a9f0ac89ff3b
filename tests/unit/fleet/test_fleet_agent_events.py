"""Events leave a pump whatever is damaged in its log, and whatever a server answers."""

import json
import random
from types import SimpleNamespace
from typing import Any

import pytest

from openinfusion.fleet.agent.event_log import MOST, MOST_BYTES, EventLog, acknowledged_in
from openinfusion.gateway.agent_http import Reply
from openinfusion.gateway.agent_process import poll, send_events

pytestmark = pytest.mark.hazard("IT-03")


def line(number, **parts):
    return json.dumps({"sequence": number, "pump": "4711", **parts}).encode() + b"\n"


def sent(pump: Any, server: Any, path) -> None:
    """Send what a log holds, as an agent does that is nothing but its memory."""
    send_events(pump, server, EventLog(path))


def ended(path) -> int:
    """The number of the last record."""
    end = EventLog(path).end()
    assert end is not None
    return end.last_sequence


@pytest.fixture
def path(tmp_path):
    return tmp_path / "events.jsonl"


class Pump:
    """What the sending asks of an agent."""

    pump_name = "urn:pump:example:4711"

    def __init__(self, acknowledged=0):
        self.acknowledged = acknowledged

    def acknowledge(self, number):
        self.acknowledged = number


class Server:
    """A server that keeps numbers as the real one does; ``answers`` are given instead, while there are any."""

    def __init__(self, *answers, ack=0):
        self.answers = list(answers)
        self.kept, self.ack = set(range(1, ack + 1)), ack
        self.lost = set()
        self.bodies = []

    def events(self, _pump, body):
        self.bodies.append(body)
        told = json.loads(body)
        self.kept.update(event["sequence"] for event in told["events"])
        first = told.get("first", 1)
        self.lost.update(set(range(self.ack + 1, first)) - self.kept)
        self.ack = max(self.ack, first - 1)
        while self.ack + 1 in self.kept:
            self.ack += 1
        return self.answers.pop(0) if self.answers else b'{"ack":%d}' % self.ack


DAMAGE = [
    b"",
    b"{\n",
    b"\x00\x00\n",
    line(3).replace(b"pump", b"p\xffmp"),
    line(3).replace(b"4711", b"47\xff1"),
    line(3, note="X").replace(b"X", b"\xff"),
    line(3).replace(b'"4711"', b"4711"),
    line(0),
    line(-3),
    line(10**17),
    line(2**53 - 1),
    line(1),
    line(3, note="x" * MOST_BYTES),
]


@pytest.mark.parametrize("damage", DAMAGE, ids=range(len(DAMAGE)))
def test_what_stands_behind_a_damaged_line_is_sent_and_the_line_is_said_to_be_lost(path, damage):
    path.write_bytes(line(1) + line(2) + damage + b"".join(map(line, range(4, 1200))))
    pump, server = Pump(), Server()
    sent(pump, server, path)

    assert pump.acknowledged == server.ack == 1199
    assert server.lost == {3}
    assert ended(path) == 1199


def test_a_server_put_back_to_a_backup_gets_again_what_the_pump_holds(path):
    path.write_bytes(b"".join(map(line, [*range(1, 50), *range(51, 901)])))
    pump, server = Pump(acknowledged=900), Server(ack=20)
    sent(pump, server, path)
    assert server.bodies == [], "nothing new is to be said"

    with path.open("ab") as file:
        file.write(line(901))
    sent(pump, server, path)
    assert pump.acknowledged == server.ack == 901
    assert server.lost == {50}


def test_what_a_pump_has_let_go_of_is_said_to_be_lost_only_where_the_server_lacks_it(path):
    path.write_bytes(b"".join(map(line, range(501, 601))))
    for ack, lost in ((500, set()), (480, set(range(481, 501)))):
        pump, server = Pump(acknowledged=500), Server(ack=ack)
        sent(pump, server, path)
        assert (server.ack, server.lost) == (600, lost)


def test_no_answer_acknowledges_more_than_was_sent(path):
    path.write_bytes(b"".join(map(line, range(1, MOST + 11))))
    pump, server = Pump(), Server(b'{"ack":100000000000000000}')
    sent(pump, server, path)

    assert pump.acknowledged == MOST + 10
    assert len(server.bodies) == 2


@pytest.mark.parametrize(
    "answers", [[b'{"ack":0}'] * 9, [b'{"ack":5}', b'{"ack":2}'] * 9, [b"{}"], [b'{"ack":-1}'], [b"[" * 9999]]
)
def test_a_server_that_gets_nowhere_is_left_for_this_time(path, answers):
    path.write_bytes(b"".join(map(line, range(1, 10))))
    server = Server(*answers)
    sent(Pump(acknowledged=5), server, path)

    assert len(server.bodies) <= 2


def test_an_answer_that_says_nothing_is_no_acknowledgement_of_nothing():
    assert acknowledged_in(b'{"ack":0}') == 0
    assert acknowledged_in(b"{}") is None


def test_large_records_go_in_smaller_batches(path):
    path.write_bytes(b"".join(line(n, note="x" * 5000) for n in range(1, 1001)))
    pump, server = Pump(), Server()
    sent(pump, server, path)

    assert pump.acknowledged == 1000
    assert max(map(len, server.bodies)) < MOST_BYTES + 100


def test_a_log_of_any_length_is_read_and_one_that_cannot_be_is_told(path, tmp_path):
    rest = b" " * (70 * 2**20 // 200)
    with path.open("wb") as file:
        for number in range(1, 201):
            file.write(line(number)[:-1] + rest + b"\n")
    assert ended(path) == 200
    assert EventLog(tmp_path / "none").after(0) is None
    with pytest.raises(IsADirectoryError):
        EventLog(tmp_path).after(0)


def test_a_record_after_a_gap_waits_until_another_follows(path):
    """Its number may be damage, and what stands before it would be given up."""
    path.write_bytes(line(1) + line(900))
    assert EventLog(path).after(1) is None
    path.write_bytes(line(1) + line(900) + line(901)[:-1])
    assert EventLog(path).after(1) is None
    path.write_bytes(line(1) + line(900) + line(901))
    batch = EventLog(path).after(1, is_confirmed=True)
    assert batch is not None
    assert batch.first == 900


def test_a_fault_of_the_log_is_trouble_and_hinders_no_report(tmp_path):
    """The whole poll, with an agent that only counts."""
    reports = []
    answer = SimpleNamespace(poll_seconds=300)
    agent: Any = SimpleNamespace(
        pump_name="urn:pump:example:4711",
        acknowledged=0,
        update=lambda _source: None,
        activate=lambda: None,
        report=lambda: b"report",
        answered=lambda _data: answer,
    )

    def report(_pump, data):
        reports.append(data)
        return Reply(b"{}")

    server: Any = SimpleNamespace(source=None, report=report)
    came = poll(agent, server, log=EventLog(tmp_path))

    assert reports == [b"report"]
    assert came.trouble == f"{tmp_path}: Is a directory"


class CountedLog(EventLog):
    """Counts the lines that it reads."""

    lines = 0

    def _lines(self, begins):
        for one in super()._lines(begins):
            self.lines += 1
            yield one


def test_a_long_log_is_not_read_from_its_start_for_each_batch(path):
    """Twenty batches of backlog cost about one reading of the file, and so do twenty polls that say how far it goes."""
    count = 20 * MOST
    path.write_bytes(b"".join(line(number) for number in range(1, count + 1)))
    log = CountedLog(path)
    pump: Any = Pump()
    server: Any = Server()
    send_events(pump, server, log)
    assert (len(server.bodies), pump.acknowledged) == (20, count)
    assert log.lines <= count + 2 * 20
    log.lines = 0
    ends = {log.end() for _ in range(20)}
    assert ends == {EventLog(path).end()}
    assert log.lines == count


@pytest.mark.parametrize("seed", range(20))
def test_reading_on_finds_what_reading_from_the_start_finds(path, seed):
    """Whatever is damaged, and however the log grows between two batches."""
    chance, number, log, acknowledged = random.Random(seed), 0, EventLog(path), 0  # noqa: S311 - no secret
    for _ in range(30):
        with path.open("ab") as file:
            for _ in range(chance.randrange(30)):
                number += chance.choice((1, 1, 1, 1, 1, 0, 2, 50, -3))
                number = max(1, number)
                file.write(chance.choice((line(number), line(number), line(number), b"damaged\n", line(number)[:-9])))
        mine, fresh = log.after(acknowledged), EventLog(path).after(acknowledged)
        assert mine == fresh
        assert log.end() == EventLog(path).end()
        if mine is not None:
            acknowledged = chance.choice((mine.last, mine.last, mine.last, mine.first - 1, acknowledged))


def test_a_log_that_was_begun_anew_is_read_from_its_start(path):
    path.write_bytes(b"".join(line(number, of="the old one") for number in range(1, 10)))
    log = EventLog(path)
    before = log.after(0)
    assert before is not None
    path.write_bytes(b"".join(line(number, of="the new one") for number in range(1, 30)))
    assert log.after(before.last) == EventLog(path).after(before.last)
    assert log.end() == EventLog(path).end()
    path.unlink()
    assert log.after(before.last) is None
    assert log.end() is None
