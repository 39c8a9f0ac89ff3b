"""A dose in a bag over a time, and fluids in mL."""

from tests.spec.tables import Specification, Table

INTERMITTENT_AND_FLUID = Specification(
    title="Intermittent infusions and fluids",
    words=(
        "An intermittent infusion gives one dose over a time. A fluid holds no drug to count: its dose, rate, volume"
        " and duration are in mL and time alone, and a dose in mg has no meaning for it."
    ),
    hazards=("LC-02", "LC-04"),
    entries="""
        entry       | type         | concentration     | parameter | unit    | hard min | soft min | soft max | hard max
        ------------+--------------+-------------------+-----------+---------+----------+----------+----------+---------
        vancomycin  | intermittent | 1000 mg in 200 mL | dose      | mg      | 100      | 250      | 1500     | 2000
                    |              |                   | rate      | mg/min  |          |          | 10       | 15
                    |              |                   | duration  | h       | 0.5      | 1        | 4        |
        gentamicin  | intermittent | 80 mg in 2 mL     | dose      | mg/kg   |          |          | 5        | 7
        saline      | fluid        |                   | rate      | mL/h    | 1        | 5        | 250      | 500
                    |              |                   | volume    | mL      |          |          | 1000     | 2000
                    |              |                   | duration  | h       |          | 1        | 24       |
        maintenance | fluid        |                   | dose      | mL/kg/h |          |          | 4        | 6
    """,
    tables=(
        Table(
            rule="Dose and duration give the rate",
            why="5 mg in each mL: 1 g is 200 mL, over 2 hours 100 mL/h, 8.33 mg/min.",
            given={"entry": "vancomycin", "mode": "intermittent"},
            cases="""
                dose    | duration  | rate     | decision | findings                                     | = rate                | = volume | = duration
                --------+-----------+----------+----------+----------------------------------------------+-----------------------+----------+-----------
                1000 mg | 2 h       |          | accept   |                                              | 100 mL/h              | 200 mL   | 120 min
                1 g     | 120 min   |          | accept   |                                              | 100 mL/h              | 200 mL   | 120 min
                1 g     |           | 100 mL/h | accept   |                                              | 100 mL/h              | 200 mL   | 120 min
                1 g     |           | 500 mg/h | accept   |                                              | 100 mL/h              | 200 mL   | 120 min
                1 g     | 100 min   |          | accept   |                                              | 120 mL/h              | 200 mL   | 100 min
                1 g     | 90 min    |          | confirm  | rate above soft max                          | about 133.333333 mL/h | 200 mL   | 90 min
                1 g     | 1 h       |          | refuse   | rate above hard max                          | 200 mL/h              | 200 mL   | 60 min
                1 g     | 4 h       |          | accept   |                                              | 50 mL/h               | 200 mL   | 240 min
                1 g     | 5 h       |          | confirm  | duration above soft max                      | 40 mL/h               | 200 mL   | 300 min
                250 mg  | 1 h       |          | accept   |                                              | 50 mL/h               | 50 mL    | 60 min
                249 mg  | 1 h       |          | confirm  | dose below soft min                          | 49.8 mL/h             | 49.8 mL  | 60 min
                99 mg   | 1 h       |          | refuse   | dose below hard min                          | 19.8 mL/h             | 19.8 mL  | 60 min
                100 mg  | 30 min    |          | confirm  | dose below soft min, duration below soft min | 40 mL/h               | 20 mL    | 30 min
                100 mg  | 29 min    |          | refuse   | duration below hard min, dose below soft min | about 41.37931 mL/h   | 20 mL    | 29 min
                1500 mg | 150 min   |          | accept   |                                              | 120 mL/h              | 300 mL   | 150 min
                2000 mg | 200 min   |          | confirm  | dose above soft max                          | 120 mL/h              | 400 mL   | 200 min
                2001 mg | 200.1 min |          | refuse   | dose above hard max                          | 120 mL/h              | 400.2 mL | 200.1 min
                1 g     |           |          | refuse   | rate: missing, duration: missing             |                       |          |
            """,
        ),
        Table(
            rule="A dose per kg of an intermittent infusion needs the weight, and nothing that is not limited",
            why="40 mg in each mL: 5 mg/kg for 64 kg is 320 mg, so 8 mL.",
            given={"entry": "gentamicin", "mode": "intermittent"},
            cases="""
                dose    | weight | decision | findings            | = volume | = dose
                --------+--------+----------+---------------------+----------+----------
                5 mg/kg | 64 kg  | accept   |                     | 8 mL     | 5 mg/kg
                320 mg  | 64 kg  | accept   |                     | 8 mL     | 5 mg/kg
                320 mg  | 50 kg  | confirm  | dose above soft max | 8 mL     | 6.4 mg/kg
                320 mg  | 40 kg  | refuse   | dose above hard max | 8 mL     | 8 mg/kg
                320 mg  |        | refuse   | weight: missing     |          |
            """,
        ),
        Table(
            rule="A fluid is programmed in mL and time",
            why="1 litre over 8 hours is 125 mL/h.",
            given={"entry": "saline", "mode": "fluid"},
            cases="""
                rate       | volume  | duration | decision | findings              | = rate     | = duration
                -----------+---------+----------+----------+-----------------------+------------+-----------
                125 mL/h   | 1000 mL |          | accept   |                       | 125 mL/h   | 480 min
                           | 1 L     | 8 h      | accept   |                       | 125 mL/h   | 480 min
                125 mL/h   |         |          | accept   |                       | 125 mL/h   |
                250 mL/h   |         |          | accept   |                       | 250 mL/h   |
                250.1 mL/h |         |          | confirm  | rate above soft max   | 250.1 mL/h |
                500 mL/h   |         |          | confirm  | rate above soft max   | 500 mL/h   |
                500.1 mL/h |         |          | refuse   | rate above hard max   | 500.1 mL/h |
                5 mL/h     |         |          | accept   |                       | 5 mL/h     |
                4.9 mL/h   |         |          | confirm  | rate below soft min   | 4.9 mL/h   |
                0.9 mL/h   |         |          | refuse   | rate below hard min   | 0.9 mL/h   |
                125 mL/h   | 1001 mL |          | confirm  | volume above soft max | 125 mL/h   | 480.48 min
                125 mL/h   | 2001 mL |          | refuse   | volume above hard max | 125 mL/h   | 960.48 min
                           |         | 8 h      | refuse   | dose: missing         |            |
                           | 1000 mL |          | refuse   | dose: missing         |            |
            """,
        ),
        Table(
            rule="A fluid may be dosed in mL/kg/h",
            why="4 mL/kg/h for 10 kg is 40 mL/h.",
            given={"entry": "maintenance", "mode": "fluid"},
            cases="""
                dose         | rate    | weight | decision | findings            | = rate  | = dose
                -------------+---------+--------+----------+---------------------+---------+------------
                4 mL/kg/h    |         | 10 kg  | accept   |                     | 40 mL/h | 4 mL/kg/h
                             | 40 mL/h | 10 kg  | accept   |                     | 40 mL/h | 4 mL/kg/h
                             | 41 mL/h | 10 kg  | confirm  | dose above soft max | 41 mL/h | 4.1 mL/kg/h
                             | 61 mL/h | 10 kg  | refuse   | dose above hard max | 61 mL/h | 6.1 mL/kg/h
                96 mL/kg/24h |         | 10 kg  | accept   |                     | 40 mL/h | 4 mL/kg/h
                             | 40 mL/h |        | refuse   | weight: missing     |         |
            """,
        ),
        Table(
            rule="A fluid has no dose in an amount of drug",
            why="Nothing says how much drug is in a mL of it.",
            given={"entry": "saline", "mode": "fluid"},
            cases="""
                dose       | rate      | decision | findings
                -----------+-----------+----------+-----------------
                5 mg/h     |           | refuse   | dose: wrong unit
                10 units/h |           | refuse   | dose: wrong unit
                           | 10 mmol/h | refuse   | rate: wrong unit
                500 mL     |           | refuse   | dose: wrong unit
            """,
        ),
    ),
)
