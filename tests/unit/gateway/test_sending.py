"""The sender for test benches: what it makes of files, and how it insists."""

import asyncio

import pytest

from openinfusion.core.errors import SenderError
from openinfusion.gateway.framing import Framer, frame
from openinfusion.gateway.sending import Way, read_messages, repeated, send
from tests.unit.gateway.bench import HOST, message

pytestmark = pytest.mark.allow_hosts([HOST])
ONE, TWO = message("1"), message("2")


@pytest.mark.parametrize(
    "content",
    [
        ONE + TWO,
        (ONE + b"\n" + TWO).replace(b"\r", b"\n"),
        ONE.replace(b"\r", b"\r\n") + b"\r\n\r\n" + TWO,
        b"# a log\n" + ONE + TWO,
        frame(ONE) + frame(TWO),
        b"12:00 " + frame(ONE) + b"\n12:01 " + frame(TWO.replace(b"\r", b"\n")),
    ],
    ids=["CR", "LF", "CRLF", "words before", "frames", "a log of frames"],
)
def test_the_messages_of_a_file(tmp_path, content):
    (tmp_path / "m.hl7").write_bytes(content)
    assert read_messages(tmp_path / "m.hl7") == [ONE, TWO]


def test_a_file_without_a_message(tmp_path):
    (tmp_path / "m.hl7").write_bytes(b"nothing\rNOTMSH|\rMSHELL\r")
    with pytest.raises(SenderError, match="no message"):
        read_messages(tmp_path / "m.hl7")


def test_repeated_messages_have_ids_of_their_own():
    ids = [one.split(b"|")[9] for one in repeated([ONE, TWO], 3)]
    assert ids == [b"1", b"2", b"1.2", b"2.2", b"1.3", b"2.3"]


def deliver(answers, *, number=1, **options):
    """Send to a gateway that answers as the test says; ``None`` hangs up. Return the counts, and all that came."""
    came, script = [], iter(answers)

    async def serve(reader, writer):
        framer = Framer(10_000)
        while data := await reader.read(1000):
            for one in framer.feed(data):
                came.append(one.split(b"|")[9].decode())
                answer = next(script)
                if answer is None:
                    writer.close()
                    return
                writer.write(b"".join(frame(b"MSH|^~\\&|\rMSA|" + part.encode() + b"\r") for part in answer.split()))
        writer.close()

    async def run():
        server = await asyncio.start_server(serve, HOST, 0)
        port = server.sockets[0].getsockname()[1]
        loads = [message(str(count + 1)) for count in range(number)]
        sent = await send(loads, Way(port=port, patience=options.pop("patience", 5), **options))
        server.close()
        await asyncio.sleep(0.05)
        return sent

    return asyncio.run(run()), came


def test_a_message_is_sent_again_under_its_id_until_it_is_acknowledged():
    sent, came = deliver([None, "CE|1", "AE|1", "CA|1"])
    assert came == ["1"] * 4
    assert sent.counts == {"acknowledged": 1, "connection lost": 1, "put off": 2}
    assert len(sent.latencies) == 1


def test_a_refused_message_is_not_sent_again():
    sent, came = deliver(["CR|1", "AA|2"], number=2)
    assert came == ["1", "2"]
    assert sent.counts == {"refused": 1, "acknowledged": 1}


def test_patience_ends():
    sent, came = deliver([None, None], attempts=2)
    assert came == ["1", "1"]
    assert sent.counts == {"connection lost": 2, "given up": 1}
    assert sent.latency(0.5) is None


def test_an_answer_to_another_message_is_no_answer():
    sent, _ = deliver(["CA|other", "CA|1"], patience=0.2)
    assert sent.counts == {"answers to something else": 1, "no answer in time": 1, "acknowledged": 1}
    assert deliver(["CA|other CA|1"])[0].counts["acknowledged"] == 1


def test_a_pace_is_kept():
    sent, _ = deliver([f"CA|{number + 1}" for number in range(20)], number=20, rate=100)
    assert 0.15 < sent.seconds < 2


def test_where_nobody_listens():
    sent = asyncio.run(send([ONE], Way(port=1, attempts=1)))
    assert sent.counts == {"no connection": 1, "given up": 1}
    assert sent.trouble.startswith("no connection")
