"""How far beyond the limit, by hand."""

from tests.spec.questions.worked import Worked

_TIMES = """
    at       | kind         | infusion | drug | area | limit    | times
    ---------+--------------+----------+------+------+----------+-------
    05 09:00 | alert_raised | i1       | KCl  | ICU  | soft_max | 1.001
    05 09:10 | alert_raised | i2       | KCl  | ICU  | soft_max | 1.499
    05 09:20 | alert_raised | i3       | KCl  | ICU  | soft_max | 1.5
    05 09:30 | alert_raised | i4       | KCl  | ICU  | soft_max | 2
    05 09:40 | alert_raised | i5       | KCl  | ICU  | hard_max | 4.999
    05 09:50 | alert_raised | i6       | KCl  | ICU  | hard_max | 5
    05 10:00 | alert_raised | i7       | KCl  | ICU  | hard_max | 10
    05 10:10 | alert_raised | i8       | KCl  |      | soft_min | 100
    05 10:20 | alert_raised | i9       | KCl  | ICU  | hard_min |
    05 10:30 | started      | i9       | KCl  | ICU  |          |
"""

LIMITS = (
    Worked(
        question="times-the-limit",
        rule="The lower end of a group belongs to it",
        why=(
            "Nine alerts. 1.499 is under 1.5 and 1.5 is not; 4.999 is under 5 and 5 is not; 10 is ten or more. The"
            " attempt of zero below a hard minimum has no number: eight of nine are covered. One names no care area."
            " 2 + 1 + 1 + 1 + 1 + 1 + 1 + 1 = 9."
        ),
        events=_TIMES,
        expected="""
            limit    | times_the_limit     | numerator | denominator | value  | covered | unmapped
            ---------+---------------------+-----------+-------------+--------+---------+---------
            soft_max | over 1 to under 1.5 | 2         | 9           | 0.2222 | 8/9     | 1/9
            soft_max | 1.5 to under 2      | 1         | 9           | 0.1111 | 8/9     | 1/9
            soft_max | 2 to under 5        | 1         | 9           | 0.1111 | 8/9     | 1/9
            hard_max | 2 to under 5        | 1         | 9           | 0.1111 | 8/9     | 1/9
            hard_max | 5 to under 10       | 1         | 9           | 0.1111 | 8/9     | 1/9
            hard_max | 10 or more          | 1         | 9           | 0.1111 | 8/9     | 1/9
            soft_min | 10 or more          | 1         | 9           | 0.1111 | 8/9     | 1/9
            hard_min | not known           | 1         | 9           | 0.1111 | 8/9     | 1/9
        """,
    ),
    Worked(
        question="twofold-alerts",
        rule="Two is twofold",
        why="2, 4.999, 5, 10 and 100 of the eight whose number is known; the one of 100 names no care area.",
        events=_TIMES,
        expected="""
            numerator | denominator | value | covered | unmapped
            ----------+-------------+-------+---------+---------
            5         | 8           | 0.625 | 8/9     | 1/8
        """,
    ),
)
