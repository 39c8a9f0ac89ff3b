"""An agent believes the time that answers its own report, and no time that somebody kept for it."""

import hashlib
from datetime import timedelta

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.fleet_pump import NOW, Bench

pytestmark = pytest.mark.hazard("IT-02")
KEY = Ed25519PrivateKey.generate()
YEAR = timedelta(days=365)


@pytest.fixture
def bench(tmp_path):
    time_key = KEY.public_key().public_bytes_raw().hex()
    return Bench(tmp_path, roots={"director": b"{}", "releases": b"{}"}, factory=b"{}", time_key=time_key)


def answer(nonce, at, *, next_nonce="n2"):
    """An answer with a time that the server signed for whoever asked with this nonce."""
    said = {"nonce": nonce, "time": at.isoformat()}
    signed = {**said, "signature": KEY.sign(rfc8785.dumps(said)).hex()}
    return rfc8785.dumps({"nonce": next_nonce, "poll_seconds": 300, "time": signed})


def answered(bench, at):
    """Report, and be told the time."""
    return bench.agent.answered(answer(hashlib.sha256(bench.agent.report()).hexdigest(), at))


def test_the_time_that_answers_the_report_is_believed(bench):
    bench.clock.at -= 5 * YEAR
    assert answered(bench, NOW) is not None

    assert (bench.agent.moment().at, bench.agent.moment().quality) == (NOW, "trusted")


def test_a_time_that_was_signed_in_advance_for_a_question_is_not_believed(bench):
    """Whoever stands between gives the question, and had the time signed for it a year ago."""
    bench.agent.answered(rfc8785.dumps({"nonce": "mine", "poll_seconds": 300}))
    bench.clock.go_on(days=365)
    bench.agent.report()

    assert bench.agent.answered(answer("mine", NOW)) is None
    assert bench.agent.moment().at == NOW + YEAR
    assert bench.agent.moment().quality == "own"


def test_no_answer_to_another_report_is_believed(bench):
    first = hashlib.sha256(bench.agent.report()).hexdigest()
    bench.clock.go_on(days=30)
    bench.agent.report()

    assert bench.agent.answered(answer(first, NOW)) is None
    assert bench.agent.moment().quality == "own"


def test_without_a_report_no_time_is_believed(bench):
    bench.agent.answered(answer("", NOW + YEAR))

    assert bench.agent.moment().quality == "own"


def test_what_is_heard_does_not_fall_while_the_agent_runs(bench):
    answered(bench, NOW)
    bench.clock.go_on(days=30)
    answered(bench, NOW + timedelta(days=1))

    assert bench.agent.moment().at == NOW + timedelta(days=30)
    answered(bench, NOW + timedelta(days=31))
    assert bench.agent.moment().at == NOW + timedelta(days=31)
