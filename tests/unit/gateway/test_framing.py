"""Frames of MLLP are the same wherever the network cuts them, and no message that may be cut off is taken for whole."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openinfusion.gateway.framing import Framer, frame

LIMIT = 10_000
TEXTS = st.lists(st.binary(max_size=60).map(lambda text: b"MSH|" + text.translate(None, b"\x0b\x1c")), max_size=8)


def feed(framer, data, cuts):
    edges = [0, *sorted(cuts), len(data)]
    return [found for a, b in itertools.pairwise(edges) for found in framer.feed(data[a:b])]


@given(messages=TEXTS, between=st.sampled_from([b"", b"\r", b"\r\n", b"\n"]), data=st.data())
def test_messages_come_out_as_they_went_in_wherever_they_are_cut(messages, between, data):
    sent = b"".join(frame(message) + between for message in messages)
    cuts = data.draw(st.lists(st.integers(0, len(sent)), max_size=20))
    framer = Framer(LIMIT)
    assert feed(framer, sent, cuts) == messages
    assert (framer.stray, framer.cut_off, framer.is_inside) == (0, 0, False)


@given(
    sent=st.lists(st.sampled_from([b"\x0b", b"\x1c", b"\r", b"\n", b"MSH|", b"a", b"\x1c\r"]), max_size=40),
    data=st.data(),
)
def test_whatever_comes_is_read_alike_in_one_piece_and_in_many(sent, data):
    sent = b"".join(sent)
    whole, cut = Framer(LIMIT), Framer(LIMIT)
    cuts = data.draw(st.lists(st.integers(0, len(sent)), max_size=20))
    assert whole.feed(sent) == feed(cut, sent, cuts)
    assert (whole.stray, whole.cut_off, whole.is_inside) == (cut.stray, cut.cut_off, cut.is_inside)


@pytest.mark.parametrize(
    "sent, messages, stray, cut_off",
    [
        (b"\x0bMSH|a\x1c\n", [b"MSH|a"], 0, 0),
        (b"\x0bMSH|a\x1c\x0bMSH|b\x1c\r", [b"MSH|a", b"MSH|b"], 0, 0),
        (b"junk\x0bMSH|a\x1c\r\r\nmore", [b"MSH|a"], 8, 0),
        (b"\x0bMSH|a\rOBX|lost\x0bMSH|b\x1c\r", [b"MSH|b"], 0, 1),
        (b"\x0bMSH|a \x1c b \x0b c\x1c\r", [b"MSH|a \x1c b \x0b c"], 0, 0),
        (b"MSH|a\r", [], 5, 0),
        (b"\x0b\x1c\r", [b""], 0, 0),
    ],
    ids=["LF", "no CR", "stray bytes", "cut off", "marks in the text", "no frame", "empty"],
)
def test_what_senders_do_is_let_pass_and_counted(sent, messages, stray, cut_off):
    framer = Framer(LIMIT)
    assert framer.feed(sent) == messages
    assert (framer.stray, framer.cut_off) == (stray, cut_off)


def test_a_message_without_its_last_cr_can_be_taken_when_nothing_more_comes():
    framer = Framer(LIMIT)
    assert framer.feed(b"\x0bMSH|a\x1c") == []
    assert framer.take_unfinished() == b"MSH|a"
    assert framer.take_unfinished() is None
    assert framer.feed(b"\r\x0bMSH|b\x1c\r") == [b"MSH|b"]
    assert framer.stray == 0


@pytest.mark.parametrize("piece", [1000, 7, 100_000], ids=str)
def test_a_message_over_the_limit_is_noticed_and_not_held(piece):
    framer = Framer(LIMIT)
    sent = frame(b"MSH|" + b"a" * 3 * LIMIT)
    for start in range(0, len(sent), piece):
        assert framer.feed(sent[start : start + piece]) == []
        if framer.is_too_long:
            break
    assert framer.is_too_long
    assert framer.head().startswith(b"MSH|aaa")
    assert start <= LIMIT + piece


def test_a_message_of_the_limit_is_taken():
    assert Framer(LIMIT).feed(frame(b"a" * LIMIT)) == [b"a" * LIMIT]
