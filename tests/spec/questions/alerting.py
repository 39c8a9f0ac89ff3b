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
    Worked(
        question="override-rate",
        rule="An alert answered twice is one alert",
        why=(
            "One alert on a soft limit, answered as cancelled and, by another gateway, as overridden: one alert, and the"
            " answer that let most happen stands. A record of the same id in another organisation is another alert."
        ),
        events="""
            organisation | event_id | at          | kind           | infusion | drug | area | limit    | about | response   | seconds
            -------------+----------+-------------+----------------+----------+------+------+----------+-------+------------+--------
            trust        | a1       | 05 09:00    | alert_raised   | i1       | KCl  | ICU  | soft_max |       |            |
            trust        | r1       | 05 09:00:02 | alert_answered | i1       | KCl  | ICU  | soft_max | a1    | cancelled  | 2
            trust        | r2       | 05 09:00:03 | alert_answered | i1       | KCl  | ICU  | soft_max | a1    | overridden | 3
            other        | a1       | 05 09:00    | alert_raised   | i1       | KCl  | ICU  | soft_max |       |            |
        """,
        by=("organisation",),
        expected="""
            organisation | numerator | denominator | value | covered | unmapped
            -------------+-----------+-------------+-------+---------+---------
            trust        | 1         | 1           | 1     | 1/1     | 0/1
            other        | 0         | 1           | 0     | 0/1     | 0/1
        """,
    ),
    Worked(
        question="reprogram-rate",
        rule="Of all alerts, also those on a hard limit",
        why="a2 alone was reprogrammed, of six alerts; four outcomes are known.",
        events=_OUTCOMES,
        expected="""
            numerator | denominator | value  | covered | unmapped
            ----------+-------------+--------+---------+---------
            1         | 6           | 0.1667 | 4/6     | 1/6
        """,
    ),
    Worked(
        question="cancel-rate",
        rule="By area",
        why="Of the three alerts in the ICU a3 was cancelled; of the three on the ward none is known to be.",
        events=_OUTCOMES,
        by=("care_area",),
        expected="""
            area | numerator | denominator | value  | covered | unmapped
            -----+-----------+-------------+--------+---------+---------
            ICU  | 1         | 3           | 0.3333 | 3/3     | 0/3
            ward | 0         | 3           | 0      | 1/3     | 1/3
        """,
    ),
    Worked(
        question="high-risk-override",
        rule="The list decides; a drug that it does not know is unmapped",
        why=(
            "Five alerts on a soft limit: a1, a2 of KCl, which the list calls high-alert; a4, a6 of abc, which it calls"
            " not high-alert; a5 names no drug. Of the two of KCl one was overridden. The list knows four of five."
        ),
        events=_OUTCOMES,
        drugs="""
            drug | high_alert
            -----+-----------
            KCl  | yes
            abc  | no
        """,
        expected="""
            numerator | denominator | value | covered | unmapped
            ----------+-------------+-------+---------+---------
            1         | 2           | 0.5   | 4/5     | 1/5
        """,
    ),
    Worked(
        question="high-risk-override",
        rule="Without a list nothing is known",
        why="No list: no alert is known to be of a high-alert drug, so there is nothing to divide by.",
        events=_OUTCOMES,
        expected="""
            numerator | denominator | value | covered | unmapped
            ----------+-------------+-------+---------+---------
            0         | 0           |       | 0/5     | 5/5
        """,
    ),
    Worked(
        question="override-frequency",
        rule="Overrides per infusion with the library",
        why=(
            "Four infusions were started, three of them with the library. Of three alerts one was overridden, one"
            " reprogrammed, one has no answer: 1 override / 3 infusions; 2 of 3 outcomes are known. i3 names no drug."
        ),
        events="""
            event_id | at       | kind           | infusion | drug | area | with_library | limit    | about | response
            ---------+----------+----------------+----------+------+------+--------------+----------+-------+-------------
            a1       | 05 08:59 | alert_raised   | i1       | KCl  | ICU  |              | soft_max |       |
            r1       | 05 08:59 | alert_answered | i1       | KCl  | ICU  |              | soft_max | a1    | overridden
            s1       | 05 09:00 | started        | i1       | KCl  | ICU  | yes          |          |       |
            a2       | 05 10:00 | alert_raised   | i2       | KCl  | ICU  |              | soft_max |       |
            r2       | 05 10:00 | alert_answered | i2       | KCl  | ICU  |              | soft_max | a2    | reprogrammed
            s2       | 05 10:01 | started        | i2       | KCl  | ICU  | yes          |          |       |
            a3       | 05 11:00 | alert_raised   | i3       |      | ICU  |              | soft_max |       |
            s3       | 05 11:01 | started        | i3       |      | ICU  | yes          |          |       |
            s4       | 05 12:00 | started        | i4       |      | ICU  | no           |          |       |
        """,
        expected="""
            numerator | denominator | value  | covered | unmapped
            ----------+-------------+--------+---------+---------
            1         | 3           | 0.3333 | 2/3     | 1/3
        """,
    ),
)
