"""Alarms, by hand."""

from tests.spec.questions.worked import Worked

_ALARMS = """
    at       | kind          | infusion | drug | area | alarm    | seconds | ran
    ---------+---------------+----------+------+------+----------+---------+------
    05 08:00 | started       | i1       | KCl  | ICU  |          |         |
    05 08:10 | alarm_raised  | i1       | KCl  | ICU  | air      |         |
    05 08:14 | alarm_cleared | i1       | KCl  | ICU  | air      | 240     |
    05 08:20 | alarm_raised  | i1       | KCl  | ICU  | pressure |         |
    05 08:30 | alarm_cleared | i1       | KCl  | ICU  | pressure | 300     |
    05 09:00 | alarm_raised  | i1       |      | ICU  | air      |         |
    05 10:00 | completed     | i1       | KCl  | ICU  |          |         | 5400
    05 11:00 | started       | i2       | abc  | ICU  |          |         |
    05 12:00 | stopped       | i2       | abc  | ICU  |          |         | 3600
    05 13:00 | started       | i3       | abc  | ICU  |          |         |
    05 14:00 | stopped       | i3       |      | ICU  |          |         |
"""

ALARMS = (
    Worked(
        question="alarms-per-infusion",
        rule="Alarms per infusion started",
        why="Three alarms, three infusions started.",
        events=_ALARMS,
        expected="""
            numerator | denominator | value | covered | unmapped
            ----------+-------------+-------+---------+---------
            3         | 3           | 1     | 3/3     | 0/3
        """,
    ),
    Worked(
        question="alarms-per-hour",
        rule="Hours of infusion, not of the clock",
        why=(
            "5,400 and 3,600 seconds are 2.5 hours; of i3 nobody knows: two of three are covered. 3 alarms / 2.5 hours."
            " One alarm names no drug."
        ),
        events=_ALARMS,
        expected="""
            numerator | denominator | value | covered | unmapped
            ----------+-------------+-------+---------+---------
            3         | 9000        | 1.2   | 2/3     | 1/3
        """,
    ),
    Worked(
        question="long-alarms",
        rule="Four minutes are not over four minutes",
        why="One of 240 seconds, one of 300; the third of three alarms was not cleared.",
        events=_ALARMS,
        expected="""
            numerator | denominator | value | covered | unmapped
            ----------+-------------+-------+---------+---------
            1         | 2           | 0.5   | 2/3     | 0/2
        """,
    ),
    Worked(
        question="time-in-alarm",
        rule="Time in alarm per time infused",
        why="540 seconds in alarm of 9,000 seconds; of three infusions two tell how long they ran, one names no drug.",
        events=_ALARMS,
        expected="""
            numerator | denominator | value | covered | unmapped
            ----------+-------------+-------+---------+---------
            540000    | 9000000     | 0.06  | 2/3     | 1/3
        """,
    ),
    Worked(
        question="alarm-kinds",
        rule="Each kind of alarm, of all",
        why="Two of three for air, one for pressure; the second for air names no drug.",
        events=_ALARMS,
        expected="""
            alarm    | numerator | denominator | value  | covered | unmapped
            ---------+-----------+-------------+--------+---------+---------
            air      | 2         | 3           | 0.6667 | 3/3     | 1/3
            pressure | 1         | 3           | 0.3333 | 3/3     | 1/3
        """,
    ),
)
