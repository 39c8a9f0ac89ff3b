"""Which pumps are heard and what is lost, by hand."""

from tests.spec.questions.worked import Worked

_RECORDS = """
    at       | kind      | pump | sequence | first_lost | last_lost | model
    ---------+-----------+------+----------+------------+-----------+------
    05 00:00 | power_on  | P1   | 1        |            |           | M1
    07 00:00 | power_off | P1   | 2        |            |           | M1
    11 23:59 | power_on  | P2   | 7        |            |           | M1
    12 00:00 | power_off | P2   | 8        |            |           | M1
    13 00:00 | log_gap   | P2   | 9        | 3          | 6         | M1
    14 00:00 | power_on  | P9   |          |            |           |
"""
_PUMPS = """
    pump | model | from | to
    -----+-------+------+---------
    P1   | M1    | 01   |
    P2   | M1    | 01   |
    P3   | M2    | 14   |
    P4   | M2    | 01   | 05 00:00
    P5   | M2    | 20   |
"""

COMPLETENESS = (
    Worked(
        question="log-coverage",
        rule="Pumps heard of pumps in service",
        why=(
            "The records reach from the 5th to the 14th. In service in that time: P1, P2, P3 from the last day, P4 until"
            " the first; P5 came later. P1 and P2 were heard. P9 was heard too, but the register does not have it: one of"
            " three pumps with a record."
        ),
        events=_RECORDS,
        pumps=_PUMPS,
        expected="""
            numerator | denominator | value | covered | unmapped
            ----------+-------------+-------+---------+---------
            2         | 4           | 0.5   | 2/4     | 1/3
        """,
    ),
    Worked(
        question="log-coverage",
        rule="Week by week, also a week in which nothing was heard",
        why=(
            "Week of the 5th: in service P1, P2, P4; heard P1 and P2. Week of the 12th: in service P1, P2, P3; heard P2,"
            " and P9, which the register does not have. Week of the 19th: in service P1, P2, P3, P5; nobody was heard."
        ),
        events=_RECORDS,
        pumps=_PUMPS,
        weeks="""
            week
            ----
            5
            12
            19
        """,
        by=("week",),
        expected="""
            week | numerator | denominator | value  | covered | unmapped
            -----+-----------+-------------+--------+---------+---------
            05   | 2         | 3           | 0.6667 | 2/3     | 0/2
            12   | 1         | 3           | 0.3333 | 1/3     | 1/2
            19   | 0         | 4           | 0      | 0/4     | 0/0
        """,
    ),
    Worked(
        question="log-coverage",
        rule="Without a register it is not known",
        why="Three pumps were heard; how many there are, nobody knows.",
        events=_RECORDS,
        expected="""
            numerator | denominator | value | unmapped
            ----------+-------------+-------+---------
            3         |             |       | 3/3
        """,
    ),
    Worked(
        question="lost-records",
        rule="From the first to the last number that is lost",
        why="Records 3, 4, 5 and 6 of P2 are lost: 4 of 6 held and 4 lost. P9 numbers nothing and names no model.",
        events=_RECORDS,
        expected="""
            numerator | denominator | value | covered | unmapped
            ----------+-------------+-------+---------+---------
            4         | 10          | 0.4   | 5/6     | 1/6
        """,
    ),
)
