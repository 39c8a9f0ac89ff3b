"""What followed an alert, by hand."""

from tests.spec.questions.worked import Worked

_CATCHES = """
    event_id | at          | kind           | pump | infusion | drug | area | limit    | times | about | response
    ---------+-------------+----------------+------+----------+------+------+----------+-------+-------+-------------
    a1       | 05 09:00    | alert_raised   | P1   | i1       | KCl  | ICU  | hard_max | 10    |       |
    r1       | 05 09:00:05 | alert_answered | P1   | i1       | KCl  | ICU  | hard_max | 10    | a1    | reprogrammed
    a2       | 05 09:01    | alert_raised   | P1   | i1       | KCl  | ICU  | hard_max | 3     |       |
    s1       | 05 09:10    | started        | P1   | i1       | KCl  | ICU  |          |       |       |
    a3       | 05 10:00    | alert_raised   | P2   | i1       | abc  | ICU  | soft_max | 2     |       |
    r3       | 05 10:00:05 | alert_answered | P2   | i1       | abc  | ICU  | soft_max | 2     | a3    | cancelled
    s3       | 05 10:10:01 | started        | P2   | i2       | abc  | ICU  |          |       |       |
    a4       | 05 11:00    | alert_raised   | P3   | i1       | abc  | ICU  | soft_max | 1.999 |       |
    a5       | 05 23:55    | alert_raised   | P4   | i1       | abc  | ICU  | soft_max | 2.5   |       |
    r5       | 05 23:55:05 | alert_answered | P4   | i1       | abc  | ICU  | soft_max | 2.5   | a5    | reprogrammed
    s5       | 06 00:05    | rate_changed   | P4   | i1       | abc  | ICU  |          |       |       |
    a6       | 06 10:00    | alert_raised   | P5   | i1       |      | ICU  | hard_min | 2     |       |
    s6       | 06 10:01    | started        | P5   | i1       |      | ICU  |          |       |       |
"""
_SWITCHES = """
    event_id | at       | kind           | pump | infusion | drug | area | entry | limit    | with_library | about | response
    ---------+----------+----------------+------+----------+------+------+-------+----------+--------------+-------+-------------
    a1       | 05 09:00 | alert_raised   | P1   | i1       | KCl  | ICU  | e1    | hard_max |              |       |
    s1       | 05 09:10 | started        | P1   | i2       | KCl  | ward | e7    |          | yes          |       |
    a2       | 05 10:00 | alert_raised   | P2   | i1       | KCl  | ICU  | e1    | hard_max |              |       |
    s2       | 05 10:05 | started        | P2   | i1       | KCl  | ICU  | e1    |          | yes          |       |
    t2       | 05 10:06 | started        | P2   | i2       | KCl  | ward | e7    |          | yes          |       |
    a3       | 05 23:58 | alert_raised   | P3   | i1       | KCl  | ICU  | e1    | hard_max |              |       |
    s3       | 06 00:01 | started        | P3   | i2       |      |      |       |          | no           |       |
    a4       | 06 10:00 | alert_raised   | P4   | i1       | KCl  | ICU  | e1    | hard_max |              |       |
    r4       | 06 10:00 | alert_answered | P4   | i1       | KCl  | ICU  | e1    | hard_max |              | a4    | reprogrammed
    s4       | 06 10:01 | started        | P4   | i1       | KCl  | ICU  | e2    |          | yes          |       |
    a5       | 06 11:00 | alert_raised   | P5   | i1       | KCl  |      | e1    | hard_max |              |       |
    s5       | 06 11:01 | started        | P5   | i2       | abc  | ward | e9    |          | yes          |       |
    s6       | 06 11:02 | started        | P6   | i2       | KCl  | ward | e7    |          | yes          |       |
"""

SEQUENCES = (
    Worked(
        question="good-catches",
        rule="A dangerous attempt, then a dose within limits in ten minutes",
        why=(
            "a1 was tried again as a2 within ten minutes: one attempt, counted as a2, a hard limit whose outcome is"
            " unknown but which nobody can pass; KCl ran on P1 nine minutes later: caught. After a3 abc ran one second"
            " too late: not caught. a4 is under twice a soft maximum: not dangerous. After a5 the rate was changed"
            " exactly ten minutes later, past midnight: caught. a6 names no drug, so nobody can tell: not caught, not"
            " covered, unmapped. Two of the four, a2, a3, a5, a6."
        ),
        events=_CATCHES,
        expected="""
            numerator | denominator | value | covered | unmapped
            ----------+-------------+-------+---------+---------
            2         | 4           | 0.5   | 3/4     | 1/4
        """,
    ),
    Worked(
        question="good-catches",
        rule="An override is not a catch",
        why=(
            "a1 met twice a soft maximum and was overridden. a2 met a hard limit and was reprogrammed, but to a value"
            " above the soft limit, which was overridden (a3) before the start: the final dose is not within limits."
            " a4 crossed two limits in one moment (a5): one attempt, caught by the start on its pump; the start of"
            " another drug on P3 does not count for it, nor that of KCl on P4 for a1."
        ),
        events="""
            event_id | at       | kind           | pump | infusion | drug | area | limit    | times | about | response
            ---------+----------+----------------+------+----------+------+------+----------+-------+-------+-------------
            a1       | 05 09:00 | alert_raised   | P1   | i1       | KCl  | ICU  | soft_max | 4     |       |
            r1       | 05 09:00 | alert_answered | P1   | i1       | KCl  | ICU  | soft_max | 4     | a1    | overridden
            s1       | 05 09:01 | started        | P1   | i1       | KCl  | ICU  |          |       |       |
            a2       | 05 09:00 | alert_raised   | P2   | i1       | KCl  | ICU  | hard_max | 4     |       |
            r2       | 05 09:01 | alert_answered | P2   | i1       | KCl  | ICU  | hard_max | 4     | a2    | reprogrammed
            a3       | 05 09:02 | alert_raised   | P2   | i1       | KCl  | ICU  | soft_max | 1.5   |       |
            r3       | 05 09:02 | alert_answered | P2   | i1       | KCl  | ICU  | soft_max | 1.5   | a3    | overridden
            s2       | 05 09:03 | started        | P2   | i1       | KCl  | ICU  |          |       |       |
            a4       | 05 09:00 | alert_raised   | P3   | i1       | KCl  | ICU  | hard_max | 4     |       |
            a5       | 05 09:00 | alert_raised   | P3   | i1       | KCl  | ICU  | hard_max | 4     |       |
            s3       | 05 09:01 | started        | P3   | i2       | abc  | ICU  |          |       |       |
            s4       | 05 09:02 | started        | P3   | i1       | KCl  | ICU  |          |       |       |
        """,
        expected="""
            numerator | denominator | value  | covered | unmapped
            ----------+-------------+--------+---------+---------
            1         | 3           | 0.3333 | 3/3     | 0/3
        """,
    ),
    Worked(
        question="critical-catches",
        rule="Ten times, or twice a hard maximum of a high-alert drug",
        why=(
            "a1 is tenfold; a2, threefold on a hard maximum, is critical only because the list calls KCl high-alert, and"
            " is a1 tried again. a5 is 2.5 times a soft maximum and a6 is below a minimum: not critical. One critical"
            " attempt, a2, and it was caught."
        ),
        events=_CATCHES,
        drugs="""
            drug | high_alert
            -----+-----------
            KCl  | yes
        """,
        expected="""
            numerator | denominator | value | covered | unmapped
            ----------+-------------+-------+---------+---------
            1         | 1           | 1     | 1/1     | 0/1
        """,
    ),
    Worked(
        question="critical-catches",
        rule="Without a list only tenfold attempts are critical",
        why="a1 alone; a2, tried next, is not critical now. a1 was reprogrammed, and KCl ran exactly ten minutes later.",
        events=_CATCHES,
        expected="""
            numerator | denominator | value | covered | unmapped
            ----------+-------------+-------+---------+---------
            1         | 1           | 1     | 1/1     | 0/1
        """,
    ),
    Worked(
        question="hard-stop-then-other-profile",
        rule="The next start of that drug within ten minutes tells",
        why=(
            "a1: KCl ran on the ward's profile exactly ten minutes later: gone around. a2: it first ran on the same"
            " entry; what ran next does not count. a3: basic mode without a drug, past midnight: gone around. a4 was"
            " reprogrammed: not. a5: another drug ran on P5, and KCl on another pump: not; it names no care area."
        ),
        events=_SWITCHES,
        expected="""
            numerator | denominator | value | covered | unmapped
            ----------+-------------+-------+---------+---------
            2         | 5           | 0.4   | 4/5     | 1/5
        """,
    ),
)
