"""Infusions by hand."""

from tests.spec.questions.worked import Worked

_STARTED = """
    at       | kind           | pump | infusion | drug         | area | category | with_library | search | entry
    ---------+----------------+------+----------+--------------+------+----------+--------------+--------+------
    05 09:00 | started        | P1   | i1       | KCl          | ICU  | medicine | yes          |        | e1
    05 10:00 | started        | P1   | i2       | KCl          | ICU  | medicine | no           |        |
    05 11:00 | started        | P2   | i1       | insulin      | ward | medicine | yes          |        | e2
    06 09:00 | started        | P2   | i2       | saline       | ward | fluid    | no           |        | e3
    06 10:00 | started        | P2   | i3       | saline       | ward | fluid    | yes          |        | e3
    06 11:00 | started        | P2   | i4       |              | ICU  |          | no           |        |
    06 12:00 | completed      | P2   | i4       |              | ICU  |          |              |        |
    06 13:00 | drug_not_found | P2   |          |              | ICU  |          |              | keta   |
    06 14:00 | drug_not_found | P2   |          |              | ICU  |          |              | keta   |
    06 15:00 | drug_not_found | P1   |          |              |      |          |              | mesna  |
"""
_ALERTED = """
    at          | kind         | pump | infusion | drug | area | with_library | limit
    ------------+--------------+------+----------+------+------+--------------+---------
    05 08:59    | alert_raised | P1   | i1       | KCl  | ICU  |              | soft_max
    05 08:59:30 | alert_raised | P1   | i1       | KCl  | ICU  |              | hard_max
    05 09:00    | started      | P1   | i1       | KCl  | ICU  | yes          |
    05 10:00    | started      | P1   | i2       | KCl  | ICU  | yes          |
    05 11:00    | started      | P2   | i1       | KCl  | ICU  | yes          |
    05 12:00    | started      | P2   | i2       |      | ICU  | no           |
    05 13:00    | alert_raised | P2   | i3       | KCl  | ward |              | hard_max
    05 13:01    | alert_raised | P2   | i3       | KCl  | ward |              | hard_max
    05 14:00    | rate_changed | P2   | i1       | KCl  | ICU  |              |
    05 15:00    | bolus        | P2   | i1       | KCl  | ICU  |              |
    05 16:00    | bolus        | P2   | i1       | KCl  | ICU  |              |
"""

INFUSING = (
    Worked(
        question="ders-compliance",
        rule="Medicines and fluids apart, and what nobody knows in a row of its own",
        why=(
            "Six infusions were started. Of three medicines two ran with the library, of two fluids one. The sixth"
            " names neither drug nor category: it did not use the library, and it is unmapped."
        ),
        events=_STARTED,
        expected="""
            category | numerator | denominator | value  | covered | unmapped
            ---------+-----------+-------------+--------+---------+---------
            medicine | 2         | 3           | 0.6667 | 3/3     | 0/3
            fluid    | 1         | 2           | 0.5    | 2/2     | 0/2
                     | 0         | 1           | 0      | 1/1     | 1/1
        """,
    ),
    Worked(
        question="basic-mode",
        rule="Whatever ran outside the library, by area",
        why="In the ICU two of three infusions ran without the library, on the ward one of three.",
        events=_STARTED,
        by=("care_area",),
        expected="""
            area | numerator | denominator | value  | covered | unmapped
            -----+-----------+-------------+--------+---------+---------
            ICU  | 2         | 3           | 0.6667 | 3/3     | 1/3
            ward | 1         | 3           | 0.3333 | 3/3     | 0/3
        """,
    ),
    Worked(
        question="library-coverage",
        rule="An entry counts whether it was used or not",
        why=(
            "Five of six infusions name a drug. Four of the five name an entry: also the fluid that ran in basic mode."
            " The sixth names neither, so nobody knows whether the library had it."
        ),
        events=_STARTED,
        expected="""
            numerator | denominator | value | covered | unmapped
            ----------+-------------+-------+---------+---------
            4         | 5           | 0.8   | 5/6     | 1/6
        """,
    ),
    Worked(
        question="drug-not-found",
        rule="What was searched, how often, where",
        why="keta was searched twice in the ICU; mesna once, and nobody knows where.",
        events=_STARTED,
        by=("care_area",),
        expected="""
            area | search | numerator | denominator | value | covered | unmapped
            -----+--------+-----------+-------------+-------+---------+---------
            ICU  | keta   | 2         | 2           | 1     | 2/2     | 0/2
                 | mesna  | 1         | 1           | 1     | 1/1     | 1/1
        """,
    ),
    Worked(
        question="infusions",
        rule="An infusion that alerted and never started is still an attempt",
        why=(
            "Five infusions: i1, i2 on P1, i1, i2 on P2 were started, i3 on P2 alerted twice and never started. Three of"
            " the started had the library. Two alerted: i1 on P1 (two alerts, one infusion) and i3. i2 on P2 names no"
            " drug."
        ),
        events=_ALERTED,
        expected="""
            stage        | numerator | denominator | value | covered | unmapped
            -------------+-----------+-------------+-------+---------+---------
            started      | 4         | 5           | 0.8   | 5/5     | 1/5
            with library | 3         | 5           | 0.6   | 5/5     | 1/5
            alerted      | 2         | 5           | 0.4   | 5/5     | 1/5
        """,
    ),
    Worked(
        question="alert-rate",
        rule="An infusion counts once, however many alerts it has",
        why=(
            "With the library three were started and one alerted without a start: four. i1 on P1 and i3 on P2 alerted."
        ),
        events=_ALERTED,
        expected="""
            numerator | denominator | value | covered | unmapped
            ----------+-------------+-------+---------+---------
            2         | 4           | 0.5   | 4/4     | 0/4
        """,
    ),
    Worked(
        question="alert-rate",
        rule="Two pumps may both call an infusion i1",
        why="By area: of the three in the ICU only i1 of P1 alerted, not i1 of P2; the one on the ward did.",
        events=_ALERTED,
        by=("care_area",),
        expected="""
            area | numerator | denominator | value  | covered | unmapped
            -----+-----------+-------------+--------+---------+---------
            ICU  | 1         | 3           | 0.3333 | 3/3     | 0/3
            ward | 1         | 1           | 1      | 1/1     | 0/1
        """,
    ),
    Worked(
        question="alert-rate",
        rule="An infusion that alerted was attempted with the library, wherever it ran then",
        why="i1 alerted and was started in basic mode: it counts above and below. i2 never was with the library.",
        events="""
            at       | kind         | infusion | drug | area | with_library | limit
            ---------+--------------+----------+------+------+--------------+---------
            05 09:00 | alert_raised | i1       | KCl  | ICU  |              | hard_max
            05 09:01 | started      | i1       | KCl  | ICU  | no           |
            05 10:00 | started      | i2       | KCl  | ICU  | no           |
            05 11:00 | started      | i3       | KCl  | ICU  | yes          |
        """,
        expected="""
            numerator | denominator | value | covered | unmapped
            ----------+-------------+-------+---------+---------
            1         | 2           | 0.5   | 2/2     | 0/2
        """,
    ),
    Worked(
        question="changes-per-infusion",
        rule="Each kind of change in a row",
        why="Four infusions were started; one rate was changed, two boluses and no loading dose were given.",
        events=_ALERTED,
        expected="""
            change       | numerator | denominator | value | covered | unmapped
            -------------+-----------+-------------+-------+---------+---------
            rate_changed | 1         | 4           | 0.25  | 4/4     | 1/4
            bolus        | 2         | 4           | 0.5   | 4/4     | 1/4
            loading      | 0         | 4           | 0     | 4/4     | 1/4
        """,
    ),
    Worked(
        question="alerts-per-100",
        rule="All alerts per 100 infusions started",
        why="Four alerts and four infusions started, in the ICU two and four; on the ward none was started: not known.",
        events=_ALERTED,
        by=("care_area",),
        expected="""
            area | numerator | denominator | value | covered | unmapped
            -----+-----------+-------------+-------+---------+---------
            ICU  | 2         | 4           | 50    | 4/4     | 1/4
            ward | 2         | 0           |       | 0/0     | 0/0
        """,
    ),
    Worked(
        question="hard-limit-attempts",
        rule="Per 1,000 infusions started",
        why="Three alerts on a hard maximum, none on a hard minimum, four infusions started: 750 per 1,000.",
        events=_ALERTED,
        expected="""
            limit    | numerator | denominator | value | covered | unmapped
            ---------+-----------+-------------+-------+---------+---------
            hard_max | 3         | 4           | 750   | 4/4     | 1/4
            hard_min | 0         | 4           | 0     | 4/4     | 1/4
        """,
    ),
    Worked(
        question="hard-limit-infusions",
        rule="An infusion counts once",
        why="Of the four attempted with the library, i1 of P1 met one hard limit and i3 two.",
        events=_ALERTED,
        expected="""
            numerator | denominator | value | covered | unmapped
            ----------+-------------+-------+---------+---------
            2         | 4           | 0.5   | 4/4     | 0/4
        """,
    ),
)
