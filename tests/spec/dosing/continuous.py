"""Continuous infusions: four limits, any unit, dose and rate from each other."""

from tests.spec.tables import Specification, Table

CONTINUOUS = Specification(
    title="Continuous infusions",
    words=(
        "A continuous infusion runs at a dose per time until somebody stops it. Each limit is inclusive: a value on a"
        " limit is inside it. A soft limit asks for confirmation, a hard limit refuses, and a dose beyond both is"
        " refused. The comparison is exact in whatever unit the dose was entered. Doses are illustrative."
    ),
    hazards=("LC-02", "LC-04", "US-01", "US-02", "PL-01"),
    entries="""
        entry         | concentration      | parameter | unit              | hard min | soft min | soft max | hard max
        --------------+--------------------+-----------+-------------------+----------+----------+----------+---------
        noradrenaline | 4 mg in 50 mL      | dose      | micrograms/kg/min | 0.01     | 0.02     | 0.5      | 1
        morphine      | 50 mg in 50 mL     | dose      | mg/h              |          |          | 5        | 10
        oxytocin      | 10 units in 500 mL | dose      | milliunits/min    |          | 1        | 20       | 32
        milrinone     | 10 mg in 50 mL     | dose      | micrograms/kg/min |          |          | 0.75     |
                      |                    | rate      | mL/h              |          | 0.5      | 20       | 25
                      |                    | volume    | mL                | 10       | 20       | 50       | 60
                      |                    | duration  | h                 | 1        | 2        | 24       | 48
        furosemide    | 250 mg in 50 mL    | dose      | mL/h              |          |          | 2        | 4
        insulin       | 50 units in 50 mL  | rate      | units/h           |          |          | 6        | 15
    """,
    tables=(
        Table(
            rule="A dose on a limit is inside it",
            why="Limits are written as the last value that is still allowed.",
            given={"entry": "noradrenaline", "weight": "70 kg"},
            cases="""
                dose                             | decision | findings
                ---------------------------------+----------+--------------------
                0.009999999999 micrograms/kg/min | refuse   | dose below hard min
                0.01 micrograms/kg/min           | confirm  | dose below soft min
                0.010000000001 micrograms/kg/min | confirm  | dose below soft min
                0.019999999999 micrograms/kg/min | confirm  | dose below soft min
                0.02 micrograms/kg/min           | accept   |
                0.020000000001 micrograms/kg/min | accept   |
                0.499999999999 micrograms/kg/min | accept   |
                0.5 micrograms/kg/min            | accept   |
                0.500000000001 micrograms/kg/min | confirm  | dose above soft max
                0.999999999999 micrograms/kg/min | confirm  | dose above soft max
                1 micrograms/kg/min              | confirm  | dose above soft max
                1.000000000001 micrograms/kg/min | refuse   | dose above hard max
                10 micrograms/kg/min             | refuse   | dose above hard max
            """,
        ),
        Table(
            rule="The unit in which a dose is entered changes nothing",
            why="0.5 micrograms/kg/min is 30 micrograms/kg/h, 0.03 mg/kg/h and 720 micrograms/kg/24h.",
            given={"entry": "noradrenaline", "weight": "70 kg"},
            cases="""
                dose                         | decision | findings            | = dose
                -----------------------------+----------+---------------------+---------------------------------
                30 micrograms/kg/h           | accept   |                     | 0.5 micrograms/kg/min
                30.000000001 micrograms/kg/h | confirm  | dose above soft max | about 0.5 micrograms/kg/min
                0.03 mg/kg/h                 | accept   |                     | 0.5 micrograms/kg/min
                720 micrograms/kg/24h        | accept   |                     | 0.5 micrograms/kg/min
                721 micrograms/kg/24h        | confirm  | dose above soft max | about 0.500694 micrograms/kg/min
                500 nanograms/kg/min         | accept   |                     | 0.5 micrograms/kg/min
                501 nanograms/kg/min         | confirm  | dose above soft max | 0.501 micrograms/kg/min
                60 micrograms/kg/h           | confirm  | dose above soft max | 1 microgram/kg/min
                61 micrograms/kg/h           | refuse   | dose above hard max | about 1.016667 micrograms/kg/min
                1.2 micrograms/kg/h          | accept   |                     | 0.02 micrograms/kg/min
                1.19 micrograms/kg/h         | confirm  | dose below soft min | about 0.019833 micrograms/kg/min
                35 micrograms/min            | accept   |                     | 0.5 micrograms/kg/min
                2.1 mg/h                     | accept   |                     | 0.5 micrograms/kg/min
                2.2 mg/h                     | confirm  | dose above soft max | about 0.52381 micrograms/kg/min
                4.21 mg/h                    | refuse   | dose above hard max | about 1.002381 micrograms/kg/min
            """,
        ),
        Table(
            rule="The rate follows from the dose, the weight and the concentration",
            why="80 micrograms in each mL: 0.1 micrograms/kg/min for 80 kg is 480 micrograms/h, so 6 mL/h.",
            given={"entry": "noradrenaline"},
            cases="""
                dose                   | weight | decision | findings | = rate     | = concentration
                -----------------------+--------+----------+----------+------------+----------------
                0.1 micrograms/kg/min  | 80 kg  | accept   |          | 6 mL/h     | 0.08 mg/mL
                0.1 micrograms/kg/min  | 40 kg  | accept   |          | 3 mL/h     | 0.08 mg/mL
                0.5 micrograms/kg/min  | 70 kg  | accept   |          | 26.25 mL/h | 0.08 mg/mL
                0.05 micrograms/kg/min | 3.2 kg | accept   |          | 0.12 mL/h  | 0.08 mg/mL
            """,
        ),
        Table(
            rule="The dose follows from the rate, and is held against the dose limits",
            why="Whoever types a rate where a dose was meant must meet the same limits.",
            given={"entry": "noradrenaline", "weight": "80 kg"},
            cases="""
                rate      | decision | findings            | = dose
                ----------+----------+---------------------+---------------------------------
                6 mL/h    | accept   |                     | 0.1 micrograms/kg/min
                30 mL/h   | accept   |                     | 0.5 micrograms/kg/min
                30.1 mL/h | confirm  | dose above soft max | about 0.501667 micrograms/kg/min
                60 mL/h   | confirm  | dose above soft max | 1 microgram/kg/min
                60.1 mL/h | refuse   | dose above hard max | about 1.001667 micrograms/kg/min
                1 mL/min  | confirm  | dose above soft max | 1 microgram/kg/min
                0.6 mL/h  | confirm  | dose below soft min | 0.01 micrograms/kg/min
                0.59 mL/h | refuse   | dose below hard min | about 0.009833 micrograms/kg/min
            """,
        ),
        Table(
            rule="International units convert among themselves",
            why="10 units in 500 mL is 20 milliunits/mL: 20 milliunits/min is 1 mL/min.",
            given={"entry": "oxytocin"},
            cases="""
                dose               | decision | findings            | = rate   | = dose
                -------------------+----------+---------------------+----------+-------------------
                20 milliunits/min  | accept   |                     | 60 mL/h  | 20 milliunits/min
                0.02 units/min     | accept   |                     | 60 mL/h  | 20 milliunits/min
                1.2 units/h        | accept   |                     | 60 mL/h  | 20 milliunits/min
                1.26 units/h       | confirm  | dose above soft max | 63 mL/h  | 21 milliunits/min
                1.98 units/h       | refuse   | dose above hard max | 99 mL/h  | 33 milliunits/min
                0.5 milliunits/min | confirm  | dose below soft min | 1.5 mL/h | 0.5 milliunits/min
            """,
        ),
        Table(
            rule="Rate, volume and duration have limits of their own, and the third follows from two",
            why="200 micrograms in each mL: 0.5 micrograms/kg/min for 60 kg is 9 mL/h.",
            given={"entry": "milrinone", "weight": "60 kg"},
            cases="""
                dose                  | rate    | volume  | duration | decision | findings                                       | = volume | = duration
                ----------------------+---------+---------+----------+----------+------------------------------------------------+----------+---------------------
                0.5 micrograms/kg/min |         |         |          | accept   |                                                |          |
                0.5 micrograms/kg/min |         | 45 mL   |          | accept   |                                                | 45 mL    | 300 min
                0.5 micrograms/kg/min |         |         | 5 h      | accept   |                                                | 45 mL    | 300 min
                                      |         | 45 mL   | 5 h      | accept   |                                                | 45 mL    | 300 min
                                      | 9 mL/h  | 45 mL   | 5 h      | accept   |                                                | 45 mL    | 300 min
                0.5 micrograms/kg/min | 9 mL/h  | 45 mL   | 5 h      | accept   |                                                | 45 mL    | 300 min
                                      | 9 mL/h  | 50 mL   |          | accept   |                                                | 50 mL    | about 333.333333 min
                                      | 9 mL/h  | 50.1 mL |          | confirm  | volume above soft max                          | 50.1 mL  | 334 min
                                      | 9 mL/h  | 60 mL   |          | confirm  | volume above soft max                          | 60 mL    | 400 min
                                      | 9 mL/h  | 60.1 mL |          | refuse   | volume above hard max                          | 60.1 mL  | about 400.666667 min
                                      | 9 mL/h  | 19.9 mL |          | confirm  | volume below soft min                          | 19.9 mL  | about 132.666667 min
                                      | 9 mL/h  | 9.9 mL  |          | refuse   | volume below hard min, duration below soft min | 9.9 mL   | 66 min
                                      | 2 mL/h  | 48 mL   |          | accept   |                                                | 48 mL    | 1,440 min
                                      | 1 mL/h  | 25 mL   |          | confirm  | duration above soft max                        | 25 mL    | 1,500 min
                                      | 1 mL/h  | 48 mL   |          | confirm  | duration above soft max                        | 48 mL    | 2,880 min
                                      | 1 mL/h  | 49 mL   |          | refuse   | duration above hard max                        | 49 mL    | 2,940 min
                                      | 13 mL/h | 26 mL   |          | accept   |                                                | 26 mL    | 120 min
                                      | 13 mL/h | 25 mL   |          | confirm  | duration below soft min                        | 25 mL    | about 115.384615 min
            """,
        ),
        Table(
            rule="Every limit that is crossed is named, hard ones first",
            why="Who corrects only the first of three faults meets the second at the bedside.",
            given={"entry": "milrinone"},
            cases="""
                rate     | volume | weight | decision | findings                                                        | = dose
                ---------+--------+--------+----------+-----------------------------------------------------------------+---------------------------------
                20 mL/h  | 50 mL  | 100 kg | accept   |                                                                 | about 0.666667 micrograms/kg/min
                21 mL/h  | 50 mL  | 100 kg | confirm  | rate above soft max                                             | 0.7 micrograms/kg/min
                21 mL/h  | 50 mL  | 60 kg  | confirm  | dose above soft max, rate above soft max                        | about 1.166667 micrograms/kg/min
                26 mL/h  | 61 mL  | 60 kg  | refuse   | rate above hard max, volume above hard max, dose above soft max | about 1.444444 micrograms/kg/min
                0.4 mL/h | 50 mL  | 60 kg  | refuse   | duration above hard max, rate below soft min                    | about 0.022222 micrograms/kg/min
            """,
        ),
        Table(
            rule="A medicine may be limited in mL/h, and is then programmed in mL/h or as a dose",
            why="5 mg in each mL: 10 mg/h is 2 mL/h. Such an entry hides the dose; review says so.",
            given={"entry": "furosemide"},
            cases="""
                dose    | rate     | decision | findings            | = dose   | = rate
                --------+----------+----------+---------------------+----------+---------
                2 mL/h  |          | accept   |                     | 2 mL/h   | 2 mL/h
                10 mg/h |          | accept   |                     | 2 mL/h   | 2 mL/h
                11 mg/h |          | confirm  | dose above soft max | 2.2 mL/h | 2.2 mL/h
                        | 4 mL/h   | confirm  | dose above soft max | 4 mL/h   | 4 mL/h
                        | 4.1 mL/h | refuse   | dose above hard max | 4.1 mL/h | 4.1 mL/h
            """,
        ),
        Table(
            rule="A rate may be limited as a dose per time",
            why="1 unit in each mL: 6 units/h is 6 mL/h.",
            given={"entry": "insulin"},
            cases="""
                dose           | rate      | decision | findings            | = rate
                ---------------+-----------+----------+---------------------+----------
                6 units/h      |           | accept   |                     | 6 mL/h
                               | 6 units/h | accept   |                     | 6 mL/h
                               | 6.1 mL/h  | confirm  | rate above soft max | 6.1 mL/h
                0.25 units/min |           | confirm  | rate above soft max | 15 mL/h
                15.1 units/h   |           | refuse   | rate above hard max | 15.1 mL/h
            """,
        ),
    ),
)
