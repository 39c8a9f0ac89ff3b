"""Every row of the specification of orders: the code of the answer, and the words for the bedside."""

import pytest

from openinfusion.core.orders import CODES
from tests.order_words import answer_to
from tests.spec.orders import ALL_CODES, TABLES
from tests.spec.tables import Row, read_table

ROWS = [(table.rule, row) for table in TABLES for row in read_table(table.cases)]


@pytest.mark.hazard("US-10")
@pytest.mark.parametrize("rule, row", ROWS, ids=[f"{r['code']} {r['order']} {r['but'] or r['pump']}" for _, r in ROWS])
def test_an_order_gets_the_answer_of_the_table(rule: str, row: Row) -> None:
    """The one code that the table says, and nothing for the bedside that it does not say."""
    answer = answer_to(row)
    assert [str(e.code) for e in answer.errors] == row["code"].replace("accepted", "").split(), answer.errors
    if row["code"] == "accepted":
        assert answer.verdict is not None
        assert answer.programme is not None
        assert "; ".join(answer.for_bedside) == row.get("for the bedside", "")


def test_every_code_of_ihe_has_a_row() -> None:
    """No code is one that this side can never produce."""
    assert sorted(CODES) == list(range(9001, 9045))
    assert {r["code"] for r in read_table(ALL_CODES.cases)} == {"accepted", *map(str, CODES)}
