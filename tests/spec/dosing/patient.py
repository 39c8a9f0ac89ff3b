"""Doses per kilogram and per square metre."""

from tests.spec.tables import Specification, Table

PATIENT = Specification(
    title="Weight, height and body surface area",
    words=(
        "A dose per kg or per m2 is multiplied by the patient's own weight or body surface area; nothing is assumed."
        " Where only weight and height are known, the body surface area is Mosteller's: the square root of"
        " (cm x kg / 3600), rounded to the nearest 0.01 m2. An area that was entered is used as it stands."
    ),
    hazards=("LC-04", "LC-09", "PL-01"),
    entries="""
        entry        | concentration        | parameter | unit              | hard min | soft min | soft max | hard max
        -------------+----------------------+-----------+-------------------+----------+----------+----------+---------
        dopamine     | 200 mg in 50 mL      | dose      | micrograms/kg/min |          |          | 10       | 20
        heparin      | 20000 units in 20 mL | dose      | units/h           |          |          | 1500     | 2000
        cytarabine   | 1000 mg in 500 mL    | dose      | mg/m2/h           |          |          | 10       | 15
        fluorouracil | 5000 mg in 100 mL    | dose      | mg/m2/24h         |          |          | 600      | 1000
    """,
    tables=(
        Table(
            rule="A dose per kg uses the weight, in kg or in grams",
            why="4 mg in each mL: 10 micrograms/kg/min for 20 kg is 12 mg/h, so 3 mL/h.",
            given={"entry": "dopamine", "dose": "10 micrograms/kg/min"},
            cases="""
                weight  | decision | findings | = rate
                --------+----------+----------+----------
                20 kg   | accept   |          | 3 mL/h
                20000 g | accept   |          | 3 mL/h
                800 g   | accept   |          | 0.12 mL/h
                0.8 kg  | accept   |          | 0.12 mL/h
                150 kg  | accept   |          | 22.5 mL/h
            """,
        ),
        Table(
            rule="The same absolute dose is more per kg in a smaller patient",
            why="3 mL/h of 4 mg/mL is 200 micrograms/min.",
            given={"entry": "dopamine", "rate": "3 mL/h"},
            cases="""
                weight  | decision | findings            | = dose
                --------+----------+---------------------+----------------------------------
                40 kg   | accept   |                     | 5 micrograms/kg/min
                20 kg   | accept   |                     | 10 micrograms/kg/min
                19.9 kg | confirm  | dose above soft max | about 10.050251 micrograms/kg/min
                10 kg   | confirm  | dose above soft max | 20 micrograms/kg/min
                9.9 kg  | refuse   | dose above hard max | about 20.20202 micrograms/kg/min
            """,
        ),
        Table(
            rule="A dose per kg may be entered against limits that are not per kg",
            why="18 units/kg/h for 80 kg is 1,440 units/h; 1,000 units in each mL.",
            given={"entry": "heparin"},
            cases="""
                dose          | weight | decision | findings            | = dose        | = rate
                --------------+--------+----------+---------------------+---------------+-----------
                18 units/kg/h | 80 kg  | accept   |                     | 1,440 units/h | 1.44 mL/h
                18 units/kg/h | 84 kg  | confirm  | dose above soft max | 1,512 units/h | 1.512 mL/h
                18 units/kg/h | 112 kg | refuse   | dose above hard max | 2,016 units/h | 2.016 mL/h
                1440 units/h  |        | accept   |                     | 1,440 units/h | 1.44 mL/h
            """,
        ),
        Table(
            rule="A dose per m2 uses the body surface area",
            why="2 mg in each mL: 10 mg/m2/h for 1.8 m2 is 18 mg/h, so 9 mL/h.",
            given={"entry": "cytarabine"},
            cases="""
                dose         | body surface area | weight | height | decision | findings            | = rate    | = body surface area
                -------------+-------------------+--------+--------+----------+---------------------+-----------+--------------------
                10 mg/m2/h   | 1.8 m2            |        |        | accept   |                     | 9 mL/h    | 1.8 m2
                10 mg/m2/h   | 1.8 m2            | 70 kg  | 170 cm | accept   |                     | 9 mL/h    | 1.8 m2
                10 mg/m2/h   |                   | 72 kg  | 180 cm | accept   |                     | 9.5 mL/h  | 1.9 m2
                10 mg/m2/h   |                   | 64 kg  | 100 cm | accept   |                     | 6.65 mL/h | 1.33 m2
                10 mg/m2/h   |                   | 70 kg  | 170 cm | accept   |                     | 9.1 mL/h  | 1.82 m2
                10.1 mg/m2/h | 1 m2              |        |        | confirm  | dose above soft max | 5.05 mL/h | 1 m2
                15 mg/m2/h   | 1 m2              |        |        | confirm  | dose above soft max | 7.5 mL/h  | 1 m2
                15.1 mg/m2/h | 1 m2              |        |        | refuse   | dose above hard max | 7.55 mL/h | 1 m2
            """,
        ),
        Table(
            rule="A day has 24 hours",
            why="50 mg in each mL: 600 mg/m2/24h for 2 m2 is 50 mg/h, so 1 mL/h.",
            given={"entry": "fluorouracil", "body surface area": "2 m2"},
            cases="""
                dose          | rate      | decision | findings            | = rate | = dose
                --------------+-----------+----------+---------------------+--------+----------------
                600 mg/m2/24h |           | accept   |                     | 1 mL/h | 600 mg/m2/24h
                25 mg/m2/h    |           | accept   |                     | 1 mL/h | 600 mg/m2/24h
                1.2 g/24h     |           | accept   |                     | 1 mL/h | 600 mg/m2/24h
                              | 24 mL/24h | accept   |                     | 1 mL/h | 600 mg/m2/24h
                              | 2 mL/h    | refuse   | dose above hard max | 2 mL/h | 1,200 mg/m2/24h
            """,
        ),
        Table(
            rule="A missing weight or area refuses; it is never assumed",
            why="Not knowing is never safe.",
            given={},
            cases="""
                entry      | dose                | rate   | weight | height | decision | findings
                -----------+---------------------+--------+--------+--------+----------+---------------------------
                dopamine   | 5 micrograms/kg/min |        |        |        | refuse   | weight: missing
                dopamine   |                     | 3 mL/h |        |        | refuse   | weight: missing
                dopamine   | 12 mg/h             |        |        |        | refuse   | weight: missing
                dopamine   | 5 micrograms/kg/min |        |        | 170 cm | refuse   | weight: missing
                cytarabine | 10 mg/m2/h          |        |        |        | refuse   | body surface area: missing
                cytarabine | 10 mg/m2/h          |        | 70 kg  |        | refuse   | body surface area: missing
                cytarabine | 10 mg/m2/h          |        |        | 170 cm | refuse   | body surface area: missing
                cytarabine |                     | 5 mL/h |        |        | refuse   | body surface area: missing
                heparin    | 18 units/kg/h       |        |        |        | refuse   | weight: missing
            """,
        ),
    ),
)
