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
)
