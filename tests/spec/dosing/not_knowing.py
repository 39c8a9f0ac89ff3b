"""What is not known, not in the library or not consistent is never accepted."""

from tests.spec.tables import Specification, Table

NOT_KNOWING = Specification(
    title="Not knowing is never safe",
    words=(
        "A programme is refused when something it needs is missing, is not above zero, is in a unit that cannot"
        " measure it, or disagrees with another value. Outside the library, and on an entry that sets no limit for"
        " what was programmed, the answer is 'not checked', which is not 'accept'."
    ),
    hazards=("LC-04", "LC-07", "DB-01", "US-01"),
    care_areas="""
        care area | weight unit | weight soft max | max rate
        ----------+-------------+-----------------+---------
        ward      | kg          | 120             | 999 mL/h
    """,
    entries="""
        entry       | type  | concentration     | parameter | unit   | hard min | soft min | soft max | hard max
        ------------+-------+-------------------+-----------+--------+----------+----------+----------+---------
        morphine    |       | 50 mg in 50 mL    | dose      | mg/h   |          |          | 5        | 10
        unlimited   |       | 50 mg in 50 mL    |           |        |          |          |          |
        nominal     |       | 50 mg in 50 mL    | dose      | mg/h   |          |          |          |
        volume only |       | 50 mg in 50 mL    | volume    | mL     |          |          | 50       |
        fluid       | fluid |                   |           |        |          |          |          |
        potassium   |       | 40 mmol in 100 mL | dose      | mmol/h |          |          | 10       | 20
    """,
    tables=(
        Table(
            rule="Outside the library nothing is checked",
            why="The pump would run without limits; that is the clinician's decision, and it is counted.",
            given={"dose": "1 mg/h"},
            cases="""
                entry    | care area | decision    | findings
                ---------+-----------+-------------+--------------------------
                morphine | ward      | accept      |
                morphine | theatre   | not checked | programme: not in library
                aspirin  | ward      | not checked | programme: not in library
            """,
        ),
        Table(
            rule="An entry that limits nothing of what was programmed has not checked it",
            why="Accepted would sound as if somebody had looked.",
            given={},
            cases="""
                entry       | mode  | dose   | rate      | volume | weight | decision    | findings
                ------------+-------+--------+-----------+--------+--------+-------------+--------------------------------------------
                unlimited   |       | 1 mg/h |           |        |        | not checked | programme: no limits
                nominal     |       | 1 mg/h |           |        |        | not checked | programme: no limits
                volume only |       | 1 mg/h |           |        |        | not checked | programme: no limits
                volume only |       | 1 mg/h |           | 50 mL  |        | accept      |
                volume only |       | 1 mg/h |           | 51 mL  |        | confirm     | volume above soft max
                fluid       | fluid |        | 100 mL/h  |        |        | not checked | programme: no limits
                fluid       | fluid |        | 1000 mL/h |        |        | refuse      | rate above hard max
                unlimited   |       | 1 mg/h |           |        | 130 kg | not checked | weight above soft max, programme: no limits
                morphine    |       | 1 mg/h |           |        | 130 kg | confirm     | weight above soft max
            """,
        ),
        Table(
            rule="A value that this kind of dose does not use is refused, not dropped",
            why="Whoever typed it meant something by it; to go on without it would be a guess.",
            given={"weight": "70 kg"},
            cases="""
                entry    | mode  | dose   | rate     | lockout | accumulated | background | amount | diluent | decision | findings
                ---------+-------+--------+----------+---------+-------------+------------+--------+---------+----------+---------------------------
                morphine |       | 1 mg/h |          | 5 min   |             |            |        |         | refuse   | lockout: not used
                morphine |       | 1 mg/h |          |         | 10 mg       |            |        |         | refuse   | accumulated dose: not used
                morphine |       | 1 mg/h |          |         |             | 1 mg/h     |        |         | refuse   | background dose: not used
                fluid    | fluid |        | 100 mL/h |         |             |            | 5 mg   | 50 mL   | refuse   | concentration: not used
                fluid    | fluid |        | 100 mL/h |         |             |            |        | 50 mL   | refuse   | concentration: not used
            """,
        ),
        Table(
            rule="Too little to derive a dose is refused",
            why="A continuous infusion needs a dose or a rate, or a volume and a time.",
            given={"entry": "morphine"},
            cases="""
                dose   | rate   | volume | duration | decision | findings
                -------+--------+--------+----------+----------+--------------
                       |        |        |          | refuse   | dose: missing
                       |        | 50 mL  |          | refuse   | dose: missing
                       |        |        | 10 h     | refuse   | dose: missing
                       |        | 50 mL  | 10 h     | accept   |
                5 mg/h |        |        |          | accept   |
                       | 5 mL/h |        |          | accept   |
            """,
        ),
        Table(
            rule="Values that disagree are refused",
            why="Nothing says which of them was meant.",
            given={"entry": "morphine"},
            cases="""
                dose   | rate      | volume | duration | decision | findings
                -------+-----------+--------+----------+----------+--------------------
                5 mg/h | 5 mL/h    |        |          | accept   |
                5 mg/h | 5 mg/h    |        |          | accept   |
                5 mg/h | 5.01 mL/h |        |          | refuse   | rate: disagrees
                5 mg/h | 50 mL/h   |        |          | refuse   | rate: disagrees
                5 mg/h | 5 mL/h    | 50 mL  | 10 h     | accept   |
                5 mg/h |           | 50 mL  | 11 h     | refuse   | duration: disagrees
                       | 5 mL/h    | 51 mL  | 10 h     | refuse   | duration: disagrees
            """,
        ),
        Table(
            rule="A value must be above zero",
            why="Zero is how an empty field looks to a computer.",
            given={"entry": "morphine"},
            cases="""
                dose    | rate    | volume | duration | weight | decision | findings
                --------+---------+--------+----------+--------+----------+-------------------------------------------------------------
                0 mg/h  |         |        |          |        | refuse   | dose: not positive
                -1 mg/h |         |        |          |        | refuse   | dose: not positive
                        | 0 mL/h  |        |          |        | refuse   | rate: not positive
                5 mg/h  |         | 0 mL   |          |        | refuse   | volume: not positive
                5 mg/h  |         |        | 0 h      |        | refuse   | duration: not positive
                5 mg/h  |         |        |          | 0 kg   | refuse   | weight: not positive
                0 mg/h  | -1 mL/h |        |          | 0 kg   | refuse   | dose: not positive, rate: not positive, weight: not positive
            """,
        ),
        Table(
            rule="A value must be in a unit that measures it",
            why="A dose without a time is no dose of an infusion, and moles are not milligrams.",
            given={},
            cases="""
                entry     | dose      | rate      | volume  | duration | weight | decision | findings
                ----------+-----------+-----------+---------+----------+--------+----------+---------------------
                morphine  | 5 mg      |           |         |          |        | refuse   | dose: wrong unit
                morphine  | 5 mg      | 9 mL/h    |         |          |        | refuse   | dose: wrong unit
                morphine  | 5 mg/mL   |           |         |          |        | refuse   | dose: wrong unit
                morphine  | 5 units/h |           |         |          |        | refuse   | dose: wrong unit
                morphine  | 5 mmol/h  |           |         |          |        | refuse   | dose: wrong unit
                morphine  | 5 min     |           |         |          |        | refuse   | dose: wrong unit
                morphine  |           | 5 mL      |         |          |        | refuse   | rate: wrong unit
                morphine  |           | 5 units/h |         |          |        | refuse   | rate: wrong unit
                morphine  | 5 mg/h    |           | 50 mg   |          |        | refuse   | volume: wrong unit
                morphine  | 5 mg/h    |           | 5 mL/kg |          |        | refuse   | volume: wrong unit
                morphine  | 5 mg/h    |           | 5 mL/h  |          |        | refuse   | volume: wrong unit
                morphine  | 5 mg/h    |           |         | 5 mL     |        | refuse   | duration: wrong unit
                morphine  | 5 mg/h    |           |         |          | 70 cm  | refuse   | weight: wrong unit
                morphine  | 5 mg/h    |           |         |          | 5 mg   | refuse   | weight: wrong unit
                potassium | 10 mmol/h |           |         |          |        | accept   |
                potassium | 10 mEq/h  |           |         |          |        | refuse   | dose: wrong unit
                potassium | 390 mg/h  |           |         |          |        | refuse   | dose: wrong unit
            """,
        ),
    ),
)
