"""Library versions, by hand."""

from tests.spec.questions.worked import Worked

_RELEASES = """
    library | released
    --------+---------
    1       | 01 00:00
    2       | 10 00:00
    3       | 20 00:00
"""
_STARTED = """
    at       | kind    | pump | infusion | drug | area | with_library | library
    ---------+---------+------+----------+------+------+--------------+--------
    09 23:59 | started | P1   | i1       | KCl  | ICU  | yes          | 1
    10 00:00 | started | P1   | i2       | KCl  | ICU  | yes          | 1
    12 09:00 | started | P2   | i1       | KCl  | ICU  | yes          | 2
    20 09:00 | started | P2   | i2       | KCl  | ICU  | yes          | 2
    20 10:00 | started | P1   | i3       | KCl  | ward | yes          | 1
    21 10:00 | started | P3   | i1       | KCl  | ward | yes          | 3
    21 11:00 | started | P4   | i1       | KCl  | ward | yes          | x
    21 12:00 | started | P4   | i2       | KCl  | ward | yes          |
    21 13:00 | started | P1   | i4       | KCl  | ward | no           | 1
"""

VERSIONS = (
    Worked(
        question="update-times",
        rule="A pump that had it before the day of release took no time",
        why="P1 had version 2 in a pilot, two days before, and was active after the release: 0 days, not minus two.",
        events="""
            at       | kind              | pump | infusion | with_library | library
            ---------+-------------------+------+----------+--------------+--------
            08 00:00 | library_activated | P1   |          |              | 2
            13 00:00 | started           | P1   | i2       | yes          | 2
        """,
        releases="""
            library | released
            --------+---------
            2       | 10 00:00
        """,
        expected="""
            organisation | library_name | library | threshold | numerator | denominator | value | covered | unmapped
            -------------+--------------+---------+-----------+-----------+-------------+-------+---------+---------
            trust        | adult        | 2       | 50 %      | 1         | 1           | 0     | 1/1     | 0/1
            trust        | adult        | 2       | 80 %      | 1         | 1           | 0     | 1/1     | 0/1
            trust        | adult        | 2       | 95 %      | 1         | 1           | 0     | 1/1     | 0/1
        """,
    ),
    Worked(
        question="outdated-infusions",
        rule="A version is the newest until the moment of the next release",
        why=(
            "Eight infusions ran with the library; x was never released and one names no version: six can be told."
            " Outdated: version 1 on the 10th at midnight, when 2 came, version 2 on the 20th, version 1 on the 20th."
            " Version 1 a minute before midnight was still the newest."
        ),
        events=_STARTED,
        releases=_RELEASES,
        expected="""
            numerator | denominator | value | covered | unmapped
            ----------+-------------+-------+---------+---------
            3         | 6           | 0.5   | 6/8     | 2/8
        """,
    ),
    Worked(
        question="outdated-infusions",
        rule="Without a register, a version was released when it was first seen",
        why=(
            "First seen: 1 on the 9th, 2 on the 12th, 3 on the 21st at 10:00, x at 11:00. Outdated only version 1 on the"
            " 20th, while 2 was the newest. Version 2 on the 20th was still the newest. One of seven; one has no"
            " version."
        ),
        events=_STARTED,
        expected="""
            numerator | denominator | value  | covered | unmapped
            ----------+-------------+--------+---------+---------
            1         | 7           | 0.1429 | 7/8     | 1/8
        """,
    ),
    Worked(
        question="library-currency",
        rule="The rest, by area",
        why="ICU: version 1 before the 10th and 2 on the 12th, of four. Ward: version 3, of two that can be told.",
        events=_STARTED,
        releases=_RELEASES,
        by=("care_area",),
        expected="""
            area | numerator | denominator | value | covered | unmapped
            -----+-----------+-------------+-------+---------+---------
            ICU  | 2         | 4           | 0.5   | 4/4     | 0/4
            ward | 1         | 2           | 0.5   | 2/4     | 2/4
        """,
    ),
    Worked(
        question="outdated-pairs",
        rule="What ran, and what was the newest",
        why="The three outdated infusions of above: 1 while 2 was the newest, 1 and 2 while 3 was.",
        events=_STARTED,
        releases=_RELEASES,
        expected="""
            library_name | library | newest_version | numerator | denominator | value  | covered | unmapped
            -------------+---------+----------------+-----------+-------------+--------+---------+---------
            adult        | 1       | 2              | 1         | 3           | 0.3333 | 3/3     | 0/3
            adult        | 1       | 3              | 1         | 3           | 0.3333 | 3/3     | 0/3
            adult        | 2       | 3              | 1         | 3           | 0.3333 | 3/3     | 0/3
        """,
    ),
    Worked(
        question="mixed-versions",
        rule="The chance that two infusions ran on different versions",
        why=(
            "ICU: versions 1, 1, 2, 2: 1 - (1/4 + 1/4) = 1/2, that is 8 of 16 pairs. Ward: versions 1, 3, x, and one"
            " that nobody knows: 1 - 3 x 1/9 = 2/3, 6 of 9 pairs; three of four are known. Basic mode is left out."
        ),
        events=_STARTED,
        by=("care_area",),
        expected="""
            area | numerator | denominator | value  | covered | unmapped
            -----+-----------+-------------+--------+---------+---------
            ICU  | 8         | 16          | 0.5    | 4/4     | 0/4
            ward | 6         | 9           | 0.6667 | 3/4     | 1/4
        """,
    ),
    Worked(
        question="update-times",
        rule="Days until so many of the active pumps had it, or a newer one",
        why=(
            "Version 2: P1, P2, P3 and P4 were active after the 10th; P5 was not. P1 had it before its release (a"
            " pilot): 0 days; P2 after 1.5 days; P3 went straight to version 3 on the 22nd: 12 days; P4 stayed on 1."
            " Half of four are two: 1.5 days. 80 % are 3.2, so four: not reached. Version 3: active after the 20th are"
            " P3 and P4. P3 took 2 days, which is half; more is not reached. Version 1 (released on the 1st): all five"
            " have 1 or newer: P5 on the 2nd (1 day), P1, P2 on the 5th (4), P4 on the 6th (5), P3 on the 22nd (21)."
            " Half of five are three: 4 days; 80 % are four: 5 days; 95 % are five: 21 days."
        ),
        events="""
            at       | kind              | pump | infusion | with_library | library
            ---------+-------------------+------+----------+--------------+--------
            02 00:00 | library_activated | P5   |          |              | 1
            05 00:00 | library_activated | P1   |          |              | 1
            05 00:00 | started           | P2   | i1       | yes          | 1
            06 00:00 | library_activated | P4   |          |              | 1
            08 00:00 | library_activated | P1   |          |              | 2
            11 12:00 | library_activated | P2   |          |              | 2
            13 00:00 | started           | P1   | i2       | yes          | 2
            22 00:00 | library_activated | P3   |          |              | 3
            25 00:00 | started           | P4   | i1       | yes          | 1
        """,
        releases=_RELEASES,
        expected="""
            organisation | library_name | library | threshold | numerator | denominator | value | covered | unmapped
            -------------+--------------+---------+-----------+-----------+-------------+-------+---------+---------
            trust        | adult        | 1       | 50 %      | 5         | 5           | 4     | 5/5     | 0/5
            trust        | adult        | 1       | 80 %      | 5         | 5           | 5     | 5/5     | 0/5
            trust        | adult        | 1       | 95 %      | 5         | 5           | 21    | 5/5     | 0/5
            trust        | adult        | 2       | 50 %      | 3         | 4           | 1.5   | 4/4     | 1/4
            trust        | adult        | 2       | 80 %      | 3         | 4           |       | 4/4     | 1/4
            trust        | adult        | 2       | 95 %      | 3         | 4           |       | 4/4     | 1/4
            trust        | adult        | 3       | 50 %      | 1         | 2           | 2     | 2/2     | 1/2
            trust        | adult        | 3       | 80 %      | 1         | 2           |       | 2/2     | 1/2
            trust        | adult        | 3       | 95 %      | 1         | 2           |       | 2/2     | 1/2
        """,
    ),
)
