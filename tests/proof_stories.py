"""The stories of pumps, as tables that a pharmacist can sign: the tests play them, and the manual shows them."""

from tests.spec.tables import Table

TITLE = "From stories to states"
WORDS = """\
The ring of the pump was given release 4 on day 0, to be proven on every pump by day 7; a proof holds for 3 days.
"proves 3 on day 1" is a signed report that counted; releases count from 1, and the library of the factory is 0. Each
story ends with the day on which somebody looks.
"""

TABLES = (
    Table(
        rule="A pump takes the release in time",
        why="It is current once it has proven so, and not before.",
        cases="""
story                                         | day | state    | cause            | since day
----------------------------------------------+-----+----------+------------------+----------
enrolled                                      | 1   | unknown  | never-proven     | -1
proves 3 on day -1                            | 1   | assigned | not-seen-since   | 0
proves 3 on day 1                             | 1   | assigned | not-taken-yet    | 0
proves 3 staged 4 on day 1                    | 2   | staged   | waits-to-be-idle | 1
proves 3 staged 4 on day 1, proves 4 on day 2 | 2   | current  | runs-it          | 2
proves 4 on day 1, proves 4 on day 2          | 4   | current  | runs-it          | 1
proves 5 on day 1                             | 2   | current  | runs-newer       | 1
""",
        given={},
    ),
    Table(
        rule="Silence has an end",
        why="A pump that is not heard is neither well nor ill until a date; then somebody goes and looks.",
        cases="""
story                                         | day | state    | cause            | since day
----------------------------------------------+-----+----------+------------------+----------
enrolled                                      | 7   | missed   | never-proven     | 7
proves 3 on day 1                             | 4   | stale    | silent           | 4
proves 3 on day 1                             | 7   | missed   | not-taken-yet    | 7
proves 3 on day -1                            | 9   | missed   | not-seen-since   | 7
proves 3 staged 4 on day 6                    | 8   | missed   | waits-to-be-idle | 7
proves 3 on day 6, proves 4 on day 8          | 8   | current  | runs-it          | 8
proves 4 on day 1                             | 4   | stale    | silent           | 4
proves 4 on day 1                             | 20  | stale    | silent           | 4
proves 4 on day 1, proves 4 on day 20         | 20  | current  | runs-it          | 1
""",
        given={},
    ),
    Table(
        rule="A pump goes back",
        why="What counts is the highest release that was ever proven, not what the pump was sent.",
        cases="""
story                                                          | day | state    | cause      | since day
---------------------------------------------------------------+-----+----------+------------+----------
proves 4 on day 1, proves 3 on day 2                           | 2   | reverted | went-back  | 2
proves 4 on day 1, proves 0 on day 2                           | 2   | reverted | went-back  | 2
proves 4 on day 1, proves 3 on day 2                           | 30  | reverted | went-back  | 2
proves 4 on day 1, proves 3 staged 4 on day 2                  | 2   | reverted | went-back  | 2
proves 4 on day 1, proves 3 on day 2, proves 4 on day 3        | 3   | current  | runs-it    | 3
proves 4 on day 1, loses its state on day 2, proves 3 on day 2 | 2   | reverted | lost-state | 2
proves 4 on day 1, loses its state on day 2, proves 4 on day 2 | 2   | current  | runs-it    | 1
""",
        given={},
    ),
    Table(
        rule="A release is recalled",
        why="Whoever was proven to run it is looked for, silent or not, until it proves another release.",
        cases="""
story                                                           | day | state    | cause         | since day
----------------------------------------------------------------+-----+----------+---------------+----------
proves 4 on day 1, recalled 4 on day 2                          | 2   | recalled | runs-recalled | 2
proves 4 on day 1, recalled 4 on day 2                          | 30  | recalled | runs-recalled | 2
proves 3 on day 1, recalled 3 on day 2                          | 2   | recalled | runs-recalled | 2
recalled 3 on day 1, proves 3 on day 2                          | 2   | recalled | runs-recalled | 2
recalled 3 on day 1, proves 4 on day 2, proves 3 on day 3       | 3   | recalled | runs-recalled | 3
proves 4 on day 1, recalled 4 on day 2, proves 5 on day 3       | 3   | current  | runs-newer    | 3
proves 4 on day 1, recalled 4 on day 2, proves 4 on day 3       | 3   | recalled | runs-recalled | 2
proves 4 on day 1, recalled 4 on day 2, is cloned on day 3      | 3   | suspect  | which-pump    | 3
""",
        given={},
    ),
    Table(
        rule="A pump refuses",
        why="It says why by a code. A refusal of an older release is past; one that was overcome is, too.",
        cases="""
story                                                           | day | state    | cause            | since day
----------------------------------------------------------------+-----+----------+------------------+----------
proves 3 refusing 4 on day 1                                    | 2   | failed   | refused-it       | 1
proves 3 refusing 4 on day 1                                    | 9   | failed   | refused-it       | 1
proves 3 refusing 3 on day 1                                    | 2   | assigned | not-taken-yet    | 0
proves 3 refusing something on day 1                            | 2   | failed   | refused-it       | 1
proves 3 refusing something on day -1                           | 1   | assigned | not-seen-since   | 0
proves 3 refusing 4 on day 1, proves 3 staged 4 on day 2        | 2   | staged   | waits-to-be-idle | 2
proves 3 refusing 4 on day 1, proves 4 on day 2                 | 2   | current  | runs-it          | 2
""",
        given={},
    ),
    Table(
        rule="Something is wrong with the pump",
        why="A doubt about what it runs ends with a good proof; one about which pump it is, when a person has looked.",
        cases="""
story                                                           | day | state    | cause            | since day
----------------------------------------------------------------+-----+----------+------------------+----------
proves 4 on day 1, proves 4 wrongly on day 2                    | 2   | suspect  | what-it-runs     | 2
proves 4 wrongly on day 1, proves 4 wrongly on day 2            | 2   | suspect  | what-it-runs     | 1
proves 4 wrongly on day 1, proves 4 on day 2                    | 2   | current  | runs-it          | 1
proves 4 on day 1, is cloned on day 2                           | 2   | suspect  | which-pump       | 2
proves 4 on day 1, is cloned on day 2, proves 4 on day 3        | 3   | suspect  | which-pump       | 2
proves 4 on day 1, is cloned on day 2, is settled on day 3      | 3   | current  | runs-it          | 1
proves 4 on day 1, is restored on day 2                         | 2   | suspect  | which-pump       | 2
""",
        given={},
    ),
    Table(
        rule="A claim is no proof",
        why="What a vendor, a message or an update client says is shown where nothing was proven, and only there.",
        cases="""
story                                     | day | state    | cause          | since day
------------------------------------------+-----+----------+----------------+----------
claims 4 on day 1                         | 2   | claimed  | claims-it      | 1
claims 4 on day 1                         | 30  | claimed  | claims-it      | 1
claims 3 on day 1                         | 2   | claimed  | claims-other   | 1
claims 3 on day 1                         | 7   | missed   | never-proven   | 7
proves 3 on day 1, claims 4 on day 2      | 2   | assigned | not-taken-yet  | 0
proves 4 on day 1, claims 3 on day 2      | 2   | current  | runs-it        | 1
proves 4 on day 1, claims 4 on day 20     | 20  | stale    | silent         | 4
""",
        given={},
    ),
    Table(
        rule="A report is carried on a stick",
        why="It proves what was on its day, however late it comes; what came since stands.",
        cases="""
story                                              | day | state    | cause          | since day
---------------------------------------------------+-----+----------+----------------+----------
is carried 4 of day 1 on day 2                     | 2   | current  | runs-it        | 1
is carried 4 of day 1 on day 8                     | 8   | stale    | silent         | 4
proves 4 on day 3, is carried 3 of day 1 on day 4  | 4   | current  | runs-it        | 3
is carried 4 of day 9 on day 2                     | 2   | current  | runs-it        | 2
""",
        given={},
    ),
)
