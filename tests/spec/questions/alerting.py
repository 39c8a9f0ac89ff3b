"""Alerts and what became of them, by hand."""

from tests.spec.questions.worked import Worked

_OUTCOMES = """
    event_id | at          | kind           | infusion | drug | area | limit    | about | response     | seconds
    ---------+-------------+----------------+----------+------+------+----------+-------+--------------+--------
    a1       | 05 09:00    | alert_raised   | i1       | KCl  | ICU  | soft_max |       |              |
    r1       | 05 09:00:02 | alert_answered | i1       | KCl  | ICU  | soft_max | a1    | overridden   | 2
    a2       | 05 10:00    | alert_raised   | i2       | KCl  | ICU  | soft_max |       |              |
    r2       | 05 10:00:09 | alert_answered | i2       | KCl  | ICU  | soft_max | a2    | reprogrammed | 9
    a3       | 05 11:00    | alert_raised   | i3       | KCl  | ICU  | hard_max |       |              |
    r3       | 05 11:00:04 | alert_answered | i3       | KCl  | ICU  | hard_max | a3    | cancelled    | 4
    a4       | 11 23:59    | alert_raised   | i4       | abc  | ward | soft_min |       |              |
    r4       | 12 00:01    | alert_answered | i4       | abc  | ward | soft_min | a4    | overridden   | 120
    a5       | 12 08:00    | alert_raised   | i5       |      | ward | soft_min |       |              |
    a6       | 12 09:00    | alert_raised   | i6       | abc  | ward | soft_max |       |              |
    r6       | 12 09:00:01 | alert_answered | i6       | abc  | ward | soft_max | a6    | unknown      | 1
"""

ALERTING = (
    Worked(
        question="alert-outcomes",
        rule="Four outcomes, four rows, and they add up",
        why=(
            "Six alerts. a1 and a4 were overridden, a2 reprogrammed, a3 cancelled; a5 has no answer and a6 an answer"
            " that is unknown: 2 + 1 + 1 + 2 = 6. The outcome of four of six is known. a5 names no drug."
        ),
        events=_OUTCOMES,
        expected="""
            outcome      | numerator | denominator | value  | covered | unmapped
            -------------+-----------+-------------+--------+---------+---------
            overridden   | 2         | 6           | 0.3333 | 4/6     | 1/6
            reprogrammed | 1         | 6           | 0.1667 | 4/6     | 1/6
            cancelled    | 1         | 6           | 0.1667 | 4/6     | 1/6
            unknown      | 2         | 6           | 0.3333 | 4/6     | 1/6
        """,
    ),
    Worked(
        question="override-rate",
        rule="Only a soft limit can be overridden; an alert belongs to the week in which it was raised",
        why=(
            "Five alerts on a soft limit: a3 is on a hard one. In the week of Monday 5 January a1, a2 and a4: a4 was"
            " raised on Sunday 11 January before midnight and answered on Monday, and counts on Sunday. Two of the three"
            " were overridden. In the week of 12 January a5 and a6: none is known to be overridden, none is covered."
        ),
        events=_OUTCOMES,
        by=("week",),
        expected="""
            week | numerator | denominator | value  | covered | unmapped
            -----+-----------+-------------+--------+---------+---------
            05   | 2         | 3           | 0.6667 | 3/3     | 0/3
            12   | 0         | 2           | 0      | 0/2     | 1/2
        """,
    ),
    Worked(
        question="quick-override",
        rule="Two seconds are quick",
        why="a1 was overridden after exactly 2 seconds, a4 after 120: one quick override of six alerts.",
        events=_OUTCOMES,
        expected="""
            numerator | denominator | value  | covered | unmapped
            ----------+-------------+--------+---------+---------
            1         | 6           | 0.1667 | 2/2     | 1/6
        """,
    ),
)
