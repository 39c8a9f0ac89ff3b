"""Fixed, open, half-open and weight-made concentrations."""

from tests.spec.tables import Specification, Table

CONCENTRATIONS = Specification(
    title="Concentrations",
    words=(
        "An entry may fix its concentration, leave it open, or fix the amount or the volume alone. What it fixes"
        " cannot be changed at the bedside; what it leaves open must be entered and is held against its own limits."
        " A syringe made up by weight holds an amount per kg."
    ),
    hazards=("LC-01", "PL-01"),
    entries="""
        entry              | concentration        | parameter            | unit              | hard min | soft min | soft max | hard max
        -------------------+----------------------+----------------------+-------------------+----------+----------+----------+---------
        fixed              | 2.5 mg in 50 mL      | dose                 | micrograms/h      |          |          | 200      | 400
        open               | open                 | dose                 | micrograms/h      |          |          | 200      | 400
                           |                      | concentration.limits | micrograms/mL     | 10       | 20       | 50       | 100
        any volume         | 2.5 mg in any volume | dose                 | micrograms/h      |          |          | 200      | 400
                           |                      | concentration.limits | micrograms/mL     |          |          | 50       | 100
        any amount         | any amount in 50 mL  | dose                 | micrograms/h      |          |          | 200      | 400
        unlimited          | open                 | dose                 | micrograms/h      |          |          | 200      | 400
        by weight          | 3 mg/kg in 50 mL     | dose                 | micrograms/kg/min |          |          | 10       | 20
        by weight absolute | 3 mg/kg in 50 mL     | dose                 | mg/h              |          |          | 10       | 20
    """,
    tables=(
        Table(
            rule="A fixed concentration may be repeated at the bedside, never changed",
            why="The pump must deliver what the entry says is in the syringe.",
            given={"entry": "fixed", "dose": "100 micrograms/h"},
            cases="""
                amount          | diluent | decision | findings             | = rate
                ----------------+---------+----------+----------------------+-------
                                |         | accept   |                      | 2 mL/h
                2.5 mg          | 50 mL   | accept   |                      | 2 mL/h
                2500 micrograms | 0.05 L  | accept   |                      | 2 mL/h
                2.5 mg          |         | accept   |                      | 2 mL/h
                5 mg            | 50 mL   | refuse   | concentration: fixed |
                2.5 mg          | 25 mL   | refuse   | concentration: fixed |
                5 mg            | 100 mL  | refuse   | concentration: fixed |
                                | 49.9 mL | refuse   | concentration: fixed |
            """,
        ),
        Table(
            rule="An open concentration is entered, and has limits of its own",
            why="A syringe that is ten times as strong must not pass as the usual one.",
            given={"entry": "open", "dose": "100 micrograms/h"},
            cases="""
                amount          | diluent | decision | findings                     | = rate               | = concentration
                ----------------+---------+----------+------------------------------+----------------------+-----------------
                2.5 mg          | 50 mL   | accept   |                              | 2 mL/h               | 0.05 mg/mL
                1 mg            | 50 mL   | accept   |                              | 5 mL/h               | 0.02 mg/mL
                2500 micrograms | 50 mL   | accept   |                              | 2 mL/h               | 50 micrograms/mL
                2.51 mg         | 50 mL   | confirm  | concentration above soft max | about 1.992032 mL/h  | 0.0502 mg/mL
                5 mg            | 50 mL   | confirm  | concentration above soft max | 1 mL/h               | 0.1 mg/mL
                5.01 mg         | 50 mL   | refuse   | concentration above hard max | about 0.998004 mL/h  | 0.1002 mg/mL
                0.99 mg         | 50 mL   | confirm  | concentration below soft min | about 5.050505 mL/h  | 0.0198 mg/mL
                0.5 mg          | 50 mL   | confirm  | concentration below soft min | 10 mL/h              | 0.01 mg/mL
                0.49 mg         | 50 mL   | refuse   | concentration below hard min | about 10.204082 mL/h | 0.0098 mg/mL
                2.5 mg          | 0.05 L  | accept   |                              | 2 mL/h               | 0.05 mg/mL
            """,
        ),
        Table(
            rule="What is left open and not entered refuses",
            why="A dose cannot be derived from half a concentration.",
            given={"dose": "100 micrograms/h"},
            cases="""
                entry      | amount | diluent | decision | findings
                -----------+--------+---------+----------+-----------------------
                open       |        |         | refuse   | concentration: missing
                open       | 2.5 mg |         | refuse   | concentration: missing
                open       |        | 50 mL   | refuse   | concentration: missing
                any volume |        |         | refuse   | concentration: missing
                any amount |        |         | refuse   | concentration: missing
                unlimited  |        |         | refuse   | concentration: missing
            """,
        ),
        Table(
            rule="A half-open concentration takes the other half from the bedside",
            why="An ampoule is fixed; how far it is diluted may not be.",
            given={"dose": "100 micrograms/h"},
            cases="""
                entry      | amount | diluent | decision | findings                     | = rate   | = concentration
                -----------+--------+---------+----------+------------------------------+----------+----------------
                any volume |        | 50 mL   | accept   |                              | 2 mL/h   | 0.05 mg/mL
                any volume | 2.5 mg | 50 mL   | accept   |                              | 2 mL/h   | 0.05 mg/mL
                any volume |        | 25 mL   | confirm  | concentration above soft max | 1 mL/h   | 0.1 mg/mL
                any volume |        | 20 mL   | refuse   | concentration above hard max | 0.8 mL/h | 0.125 mg/mL
                any volume | 3 mg   | 50 mL   | refuse   | concentration: fixed         |          |
                any amount | 2.5 mg |         | accept   |                              | 2 mL/h   | 0.05 mg/mL
                any amount | 5 mg   |         | accept   |                              | 1 mL/h   | 0.1 mg/mL
                any amount | 5 mg   | 50 mL   | accept   |                              | 1 mL/h   | 0.1 mg/mL
                any amount | 5 mg   | 20 mL   | refuse   | concentration: fixed         |          |
            """,
        ),
        Table(
            rule="An amount must count the drug that the dose counts",
            why="Units of heparin are not milligrams; a strength or a rate is not an amount.",
            given={"entry": "open", "dose": "100 micrograms/h"},
            cases="""
                amount   | diluent | decision | findings
                ---------+---------+----------+--------------------------
                50 units | 50 mL   | refuse   | concentration: wrong unit
                5 mmol   | 50 mL   | refuse   | concentration: wrong unit
                1 mg/mL  | 50 mL   | refuse   | concentration: wrong unit
                1 mg/h   | 50 mL   | refuse   | concentration: wrong unit
                5 mL     | 50 mL   | refuse   | concentration: wrong unit
                5 min    | 50 mL   | refuse   | concentration: wrong unit
                2.5 mg   | 50 mg   | refuse   | concentration: wrong unit
                2.5 mg   | 50 mL/h | refuse   | concentration: wrong unit
            """,
        ),
        Table(
            rule="The limits of a dose hold whatever concentration is entered",
            why="1 mL/h is 50 or 500 micrograms/h: the dose limits see the difference only through the concentration.",
            given={"entry": "unlimited", "rate": "1 mL/h"},
            cases="""
                amount    | diluent | decision | findings            | = dose
                ----------+---------+----------+---------------------+-----------------
                2.5 mg    | 50 mL   | accept   |                     | 50 micrograms/h
                10 mg     | 50 mL   | accept   |                     | 200 micrograms/h
                11 mg     | 50 mL   | confirm  | dose above soft max | 220 micrograms/h
                25 mg     | 50 mL   | refuse   | dose above hard max | 500 micrograms/h
                2.5 mg/kg | 50 mL   | refuse   | weight: missing     |
            """,
        ),
        Table(
            rule="A syringe made up by weight gives every baby the same rate for the same dose per kg",
            why="3 mg/kg in 50 mL: 1 mL/h is 1 microgram/kg/min whatever the weight; 60 micrograms/h/kg.",
            given={"entry": "by weight"},
            cases="""
                dose                | rate      | weight | decision | findings            | = rate    | = dose                 | = concentration
                --------------------+-----------+--------+----------+---------------------+-----------+------------------------+----------------
                1 micrograms/kg/min |           | 2 kg   | accept   |                     | 1 mL/h    | 1 microgram/kg/min     | 0.12 mg/mL
                1 micrograms/kg/min |           | 4 kg   | accept   |                     | 1 mL/h    | 1 microgram/kg/min     | 0.24 mg/mL
                                    | 10 mL/h   | 3 kg   | accept   |                     | 10 mL/h   | 10 micrograms/kg/min   | 0.18 mg/mL
                                    | 10.1 mL/h | 3 kg   | confirm  | dose above soft max | 10.1 mL/h | 10.1 micrograms/kg/min | 0.18 mg/mL
                                    | 20.1 mL/h | 3 kg   | refuse   | dose above hard max | 20.1 mL/h | 20.1 micrograms/kg/min | 0.18 mg/mL
                1 micrograms/kg/min |           |        | refuse   | weight: missing     |           |                        |
            """,
        ),
        Table(
            rule="A syringe made up by weight holds more drug for a heavier patient",
            why="3 mg/kg in 50 mL for 10 kg is 0.6 mg in each mL.",
            given={"entry": "by weight absolute"},
            cases="""
                dose    | weight | decision | findings            | = rate  | = concentration
                --------+--------+----------+---------------------+---------+----------------
                6 mg/h  | 10 kg  | accept   |                     | 10 mL/h | 0.6 mg/mL
                6 mg/h  | 20 kg  | accept   |                     | 5 mL/h  | 1.2 mg/mL
                12 mg/h | 20 kg  | confirm  | dose above soft max | 10 mL/h | 1.2 mg/mL
                6 mg/h  |        | refuse   | weight: missing     |         |
            """,
        ),
    ),
)
