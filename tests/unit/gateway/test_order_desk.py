"""The reply to an order has one number, whoever makes it and however often: its sender knows it again."""

import subprocess
import sys
from datetime import UTC, datetime

from openinfusion.gateway.order_desk import reply_id
from openinfusion.gateway.store import Stored

CODE = """
from datetime import UTC, datetime
from openinfusion.gateway.order_desk import reply_id
from openinfusion.gateway.store import Stored
print(reply_id(Stored(7, b"EHR", b"C1", datetime(2026, 1, 1, tzinfo=UTC), "mllp", "here", None, b"MSH")))
"""


def order(number, sender, control_id):
    return Stored(number, sender, control_id, datetime(2026, 3, number, tzinfo=UTC), "mllp", "there", None, b"MSH|")


def test_another_process_gives_the_same_number():
    made = subprocess.run([sys.executable, "-c", CODE], check=True, capture_output=True, text=True)
    assert made.stdout.strip() == reply_id(order(1, b"EHR", b"C1")) == reply_id(order(2, b"EHR", b"C1"))


def test_another_order_has_another_number():
    numbers = {reply_id(order(1, *key)) for key in ((b"EHR", b"C1"), (b"EHR", b"C2"), (b"EHRC", b"1"), (b"X", b"C1"))}
    assert len(numbers) == 4
