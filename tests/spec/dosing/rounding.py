"""Rounding to what a pump can run at: only when asked, with both values shown."""

from tests.spec.tables import Specification, Table

ROUNDING = Specification(
    title="Rounding to the pump's rate",
    words=(
        "Nothing is rounded unless somebody asks. When the smallest step of the pump's rate is given, the exact rate"
        " and dose stay and the rounded ones stand beside them; both are held against the limits. A value half way"
        " between two steps goes up. A rate that rounds to zero cannot be delivered and is refused."
    ),
    hazards=("LC-03", "PL-01"),
    entries="""
        entry      | type | concentration    | parameter      | unit              | hard min | soft min | soft max | hard max
        -----------+------+------------------+----------------+-------------------+----------+----------+----------+---------
        amiodarone |      | 900 mg in 500 mL | dose           | mg/min            | 0.4      | 0.5      | 1        | 1.2
        adrenaline |      | 1 mg in 50 mL    | dose           | micrograms/kg/min |          |          | 0.1      | 0.5
        bolus      |      | 50 mg in 50 mL   | dose           | mg/h              |          |          | 50       | 60
                   |      |                  | bolus.dose     | mg                |          |          | 5        | 10
                   |      |                  | bolus.duration | min               |          | 2        |          |
        by hand    |      | 50 mg in 50 mL   | bolus.dose     | mg                |          |          | 5        | 10
    """,
    tables=(
        Table(
            rule="Without a step nothing is rounded",
            why="1.8 mg in each mL: 0.5 mg/min is 16.666... mL/h.",
            given={"entry": "amiodarone"},
            cases="""
                dose        | pump step | decision | findings | = rate               | = rounded rate | = rounded dose
                ------------+-----------+----------+----------+----------------------+----------------+---------------
                0.5 mg/min  |           | accept   |          | about 16.666667 mL/h |                |
                0.54 mg/min |           | accept   |          | 18 mL/h              |                |
            """,
        ),
        Table(
            rule="With a step both values are shown, and both are held against the limits",
            why="A pump that runs at 16.6 mL/h gives 0.498 mg/min, below a limit of 0.5; at 16.7 it gives 0.501.",
            given={"entry": "amiodarone"},
            cases="""
                dose         | pump step | decision | findings                                             | = rate               | = rounded rate | = rounded dose
                -------------+-----------+----------+------------------------------------------------------+----------------------+----------------+---------------
                0.5 mg/min   | 0.1 mL/h  | accept   |                                                      | about 16.666667 mL/h | 16.7 mL/h      | 0.501 mg/min
                0.5 mg/min   | 1 mL/h    | accept   |                                                      | about 16.666667 mL/h | 17 mL/h        | 0.51 mg/min
                0.504 mg/min | 1 mL/h    | accept   |                                                      | 16.8 mL/h            | 17 mL/h        | 0.51 mg/min
                0.51 mg/min  | 10 mL/h   | accept   |                                                      | 17 mL/h              | 20 mL/h        | 0.6 mg/min
                1 mg/min     | 0.1 mL/h  | accept   |                                                      | about 33.333333 mL/h | 33.3 mL/h      | 0.999 mg/min
                1 mg/min     | 1 mL/h    | accept   |                                                      | about 33.333333 mL/h | 33 mL/h        | 0.99 mg/min
                1 mg/min     | 5 mL/h    | confirm  | dose above soft max by rounding                      | about 33.333333 mL/h | 35 mL/h        | 1.05 mg/min
                1.01 mg/min  | 5 mL/h    | confirm  | dose above soft max                                  | about 33.666667 mL/h | 35 mL/h        | 1.05 mg/min
                1.01 mg/min  | 1 mL/h    | confirm  | dose above soft max                                  | about 33.666667 mL/h | 34 mL/h        | 1.02 mg/min
                1.2 mg/min   | 1 mL/h    | confirm  | dose above soft max                                  | 40 mL/h              | 40 mL/h        | 1.2 mg/min
                1.2 mg/min   | 9 mL/h    | confirm  | dose above soft max                                  | 40 mL/h              | 36 mL/h        | 1.08 mg/min
                1.2 mg/min   | 7 mL/h    | refuse   | dose above hard max by rounding, dose above soft max | 40 mL/h              | 42 mL/h        | 1.26 mg/min
                0.5 mg/min   | 3 mL/h    | accept   |                                                      | about 16.666667 mL/h | 18 mL/h        | 0.54 mg/min
                0.5 mg/min   | 4 mL/h    | confirm  | dose below soft min by rounding                      | about 16.666667 mL/h | 16 mL/h        | 0.48 mg/min
                0.5 mg/min   | 13 mL/h   | refuse   | dose below hard min by rounding                      | about 16.666667 mL/h | 13 mL/h        | 0.39 mg/min
            """,
        ),
        Table(
            rule="A value half way goes up",
            why="As infusion pumps round.",
            given={"entry": "adrenaline", "weight": "1 kg"},
            cases="""
                rate       | pump step | decision | findings | = rounded rate | = rounded dose
                -----------+-----------+----------+----------+----------------+---------------------------------
                0.25 mL/h  | 0.1 mL/h  | accept   |          | 0.3 mL/h       | 0.1 micrograms/kg/min
                0.15 mL/h  | 0.1 mL/h  | accept   |          | 0.2 mL/h       | about 0.066667 micrograms/kg/min
                0.149 mL/h | 0.1 mL/h  | accept   |          | 0.1 mL/h       | about 0.033333 micrograms/kg/min
                0.15 mL/h  | 0.01 mL/h | accept   |          | 0.15 mL/h      | 0.05 micrograms/kg/min
                0.05 mL/h  | 0.1 mL/h  | accept   |          | 0.1 mL/h       | about 0.033333 micrograms/kg/min
            """,
        ),
        Table(
            rule="A rate that rounds to zero is refused",
            why="Neonatal doses of strong syringes fall below what a pump can run at.",
            given={"entry": "adrenaline", "weight": "1 kg"},
            cases="""
                rate        | pump step | decision | findings
                ------------+-----------+----------+----------------------
                0.049 mL/h  | 0.1 mL/h  | refuse   | rate: not deliverable
                0.29 mL/h   | 1 mL/h    | refuse   | rate: not deliverable
                0.0049 mL/h | 0.01 mL/h | refuse   | rate: not deliverable
            """,
        ),
        Table(
            rule="The dose of a bolus does not change with the rounding of its rate; its duration does",
            why="5 mL at 140 mL/h takes 2.14 minutes; at 200 mL/h, 1.5.",
            given={"entry": "bolus", "mode": "bolus", "dose": "5 mg"},
            cases="""
                rate     | pump step | decision | findings                            | = duration         | = rounded rate | = rounded dose
                ---------+-----------+----------+-------------------------------------+--------------------+----------------+---------------
                140 mL/h | 1 mL/h    | accept   |                                     | about 2.142857 min | 140 mL/h       | 5 mg
                140 mL/h | 100 mL/h  | accept   |                                     | about 2.142857 min | 100 mL/h       | 5 mg
                         | 100 mL/h  | refuse   | duration: missing                   |                    |                |
                150 mL/h | 100 mL/h  | confirm  | duration below soft min by rounding | 2 min              | 200 mL/h       | 5 mg
            """,
        ),
        Table(
            rule="Without a rate there is nothing to round",
            why="This bolus is given by hand on the pump: nobody says how fast.",
            given={"entry": "by hand", "mode": "bolus"},
            cases="""
                dose  | pump step | decision | findings            | = volume | = rounded rate | = rounded dose
                ------+-----------+----------+---------------------+----------+----------------+---------------
                5 mg  | 0.1 mL/h  | accept   |                     | 5 mL     |                |
                11 mg | 0.1 mL/h  | refuse   | dose above hard max | 11 mL    |                |
            """,
        ),
    ),
)
