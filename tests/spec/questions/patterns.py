"""Where alerts come from, by hand."""

from tests.spec.questions.worked import Worked

_ALERTS = """
    at       | kind         | pump | infusion | drug | area | limit    | episode
    ---------+--------------+------+----------+------+------+----------+--------
    05 09:00 | alert_raised | P1   | i1       | KCl  | ICU  | soft_max | anna
    05 09:01 | alert_raised | P1   | i1       | KCl  | ICU  | soft_max | anna
    05 09:02 | alert_raised | P1   | i1       | KCl  | ICU  | soft_max | anna
    05 09:03 | alert_raised | P1   | i2       | KCl  | ICU  | soft_max | anna
    05 09:04 | alert_raised | P1   | i2       | KCl  | ICU  | soft_max | anna
    05 09:05 | alert_raised | P2   | i1       | KCl  | ICU  | soft_max | ben
    05 09:06 | alert_raised | P2   | i2       | KCl  | ICU  | soft_max |
    05 09:07 | alert_raised | P2   | i2       | KCl  | ICU  | soft_max |
    05 09:08 | alert_raised | P3   | i1       | KCl  | ICU  | soft_max |
    05 09:09 | alert_raised | P3   | i2       | KCl  | ICU  | soft_max |
    05 10:00 | alert_raised | P4   | i1       | abc  |      | soft_max |
"""
_MANY = """
    at       | kind         | pump | infusion | drug | area | limit    | episode
    ---------+--------------+------+----------+------+------+----------+--------
    05 09:00 | alert_raised | P1   | i1       | KCl  | ICU  | soft_max | e1
    05 09:01 | alert_raised | P1   | i2       | KCl  | ICU  | soft_max | e1
    05 09:02 | alert_raised | P2   | i1       | KCl  | ICU  | soft_max | e2
    05 09:03 | alert_raised | P2   | i2       | KCl  | ICU  | soft_max | e2
    05 09:04 | alert_raised | P3   | i1       | KCl  | ICU  | soft_max | e3
    05 09:05 | alert_raised | P3   | i2       | KCl  | ICU  | soft_max | e3
    05 09:06 | alert_raised | P4   | i1       | KCl  | ICU  | soft_max | e4
    05 09:07 | alert_raised | P4   | i2       | KCl  | ICU  | soft_max | e4
    05 09:08 | alert_raised | P5   | i1       | KCl  | ICU  | soft_max | e5
    05 09:09 | alert_raised | P5   | i2       | KCl  | ICU  | soft_max | e5
    05 09:00 | alert_raised | P6   | i1       | abc  | ICU  | soft_max | e1
    05 09:01 | alert_raised | P6   | i2       | abc  | ICU  | soft_max | e1
    05 09:02 | alert_raised | P6   | i3       | abc  | ICU  | soft_max | e1
    05 09:03 | alert_raised | P6   | i4       | abc  | ICU  | soft_max | e2
    05 09:04 | alert_raised | P6   | i5       | abc  | ICU  | soft_max | e2
    05 09:05 | alert_raised | P6   | i6       | abc  | ICU  | soft_max | e3
    05 09:06 | alert_raised | P6   | i7       | abc  | ICU  | soft_max | e3
    05 09:07 | alert_raised | P6   | i8       | abc  | ICU  | soft_max | e4
    05 09:08 | alert_raised | P6   | i9       | abc  | ICU  | soft_max | e5
    05 09:09 | alert_raised | P6   | i10      | abc  | ICU  | soft_max | e6
"""

PATTERNS = (
    Worked(
        question="alert-concentration",
        rule="Those with most alerts first, until they have half",
        why=(
            "Eleven alerts of seven infusions: 3, 2, 2, 1, 1, 1, 1. Half is 5.5: the first has 3, the first two 5, the"
            " first three 7. Three of seven. i1 on P4 names no care area."
        ),
        events=_ALERTS,
        expected="""
            numerator | denominator | value  | covered | unmapped
            ----------+-------------+--------+---------+---------
            3         | 7           | 0.4286 | 7/7     | 1/7
        """,
    ),
    Worked(
        question="alert-concentration",
        rule="Exactly half is half",
        why="KCl: ten alerts of 3, 2, 2, 1, 1, 1; the first two have 5 of 10: two of six. abc: one of one.",
        events=_ALERTS,
        by=("drug",),
        expected="""
            drug | numerator | denominator | value  | covered | unmapped
            -----+-----------+-------------+--------+---------+---------
            KCl  | 2         | 6           | 0.3333 | 6/6     | 0/6
            abc  | 1         | 1           | 1      | 1/1     | 1/1
        """,
    ),
    Worked(
        question="alert-sources",
        rule="Half from one episode is an outlier",
        why=(
            "Five of the ten alerts of KCl in the ICU are anna's, over two infusions: one outlier; six name an episode."
            " Of abc there is one alert: too few to tell, and it names no care area."
        ),
        events=_ALERTS,
        expected="""
            drug | area | numerator | denominator | value | covered | unmapped | pattern
            -----+------+-----------+-------------+-------+---------+----------+----------------
            KCl  | ICU  | 5         | 10          | 0.5   | 6/10    | 0/10     | one outlier
            abc  |      | 1         | 1           | 1     | 0/1     | 1/1      | too few to tell
        """,
    ),
    Worked(
        question="alert-sources",
        rule="A fifth or less from each is systemic",
        why="KCl: ten alerts, two from each of five episodes. abc: three of ten from e1: neither.",
        events=_MANY,
        expected="""
            drug | area | numerator | denominator | value | covered | unmapped | pattern
            -----+------+-----------+-------------+-------+---------+----------+---------
            KCl  | ICU  | 2         | 10          | 0.2   | 10/10   | 0/10     | systemic
            abc  | ICU  | 3         | 10          | 0.3   | 10/10   | 0/10     | mixed
        """,
    ),
)
