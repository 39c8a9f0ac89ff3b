"""What a care area allows: patients, rates and volumes."""

from tests.spec.tables import Specification, Table

CARE_AREAS = Specification(
    title="Care areas",
    words=(
        "A care area limits the patients that it treats (weight, height, body surface area) and what its pumps may do"
        " at most (rate, volume). The pump's maximum is hard: nobody can override it. Patient limits are held whenever"
        " the measure was entered, also for a dose that does not use it."
    ),
    hazards=("LC-09", "CF-06", "US-01"),
    care_areas="""
        care area | weight unit | weight hard min | weight soft min | weight soft max | weight hard max | height unit | height hard min | height soft max | body surface area unit | body surface area soft max | body surface area hard max | max rate | max volume
        ----------+-------------+-----------------+-----------------+-----------------+-----------------+-------------+-----------------+-----------------+------------------------+----------------------------+----------------------------+----------+-----------
        icu       | kg          | 30              | 40              | 150             | 250             | cm          | 120             | 210             | m2                     | 2.5                        | 3                          | 400 mL/h | 1 L
    """,
    entries="""
        entry        | type  | concentration   | parameter | unit              | hard min | soft min | soft max | hard max
        -------------+-------+-----------------+-----------+-------------------+----------+----------+----------+---------
        analgesia    | pca   | 50 mg in 500 mL | pca.dose  | mg                |          |          | 2        | 3
                     |       |                 | dose      | mg/kg/h           |          |          |          |
        dopamine     |       | 200 mg in 50 mL | dose      | micrograms/kg/min |          |          | 10       | 20
        chemotherapy |       | 100 mg in 50 mL | dose      | mg/m2/h           |          |          | 10       | 20
        saline       | fluid |                 | rate      | mL/h              |          |          | 500      | 600
                     |       |                 | volume    | mL                |          |          | 1500     |
    """,
    tables=(
        Table(
            rule="A weight on a limit of the area is inside it",
            why="A weight of 7 kg typed for 70 kg, or pounds for kilograms, is caught before it scales the dose.",
            given={"care area": "icu", "entry": "dopamine", "dose": "5 micrograms/kg/min"},
            cases="""
                weight   | decision | findings
                ---------+----------+----------------------
                70 kg    | accept   |
                40 kg    | accept   |
                39.9 kg  | confirm  | weight below soft min
                30 kg    | confirm  | weight below soft min
                29.9 kg  | refuse   | weight below hard min
                7 kg     | refuse   | weight below hard min
                150 kg   | accept   |
                150.1 kg | confirm  | weight above soft max
                250 kg   | confirm  | weight above soft max
                250.1 kg | refuse   | weight above hard max
                29999 g  | refuse   | weight below hard min
            """,
        ),
        Table(
            rule="Weight and dose are both judged",
            why="A soft weight does not hide a hard dose.",
            given={"care area": "icu", "entry": "dopamine"},
            cases="""
                dose                 | weight | decision | findings
                ---------------------+--------+----------+-------------------------------------------
                11 micrograms/kg/min | 35 kg  | confirm  | weight below soft min, dose above soft max
                21 micrograms/kg/min | 35 kg  | refuse   | dose above hard max, weight below soft min
                5 micrograms/kg/min  | 25 kg  | refuse   | weight below hard min
            """,
        ),
        Table(
            rule="Height and body surface area have limits too",
            why="180 cm and 180 kg make 3 m2 by Mosteller's formula.",
            given={"care area": "icu", "entry": "chemotherapy", "dose": "5 mg/m2/h"},
            cases="""
                weight | height | body surface area | decision | findings
                -------+--------+-------------------+----------+--------------------------------------------------------
                72 kg  | 180 cm |                   | accept   |
                72 kg  | 119 cm |                   | refuse   | height below hard min
                72 kg  | 211 cm |                   | confirm  | height above soft max
                       |        | 2.5 m2            | accept   |
                       |        | 2.51 m2           | confirm  | body surface area above soft max
                       |        | 3.01 m2           | refuse   | body surface area above hard max
                180 kg | 180 cm |                   | confirm  | weight above soft max, body surface area above soft max
            """,
        ),
        Table(
            rule="The pump's maximum rate and volume are hard",
            why="They are the pump's, not the drug's.",
            given={"care area": "icu", "entry": "saline", "mode": "fluid"},
            cases="""
                rate        | volume  | decision | findings
                ------------+---------+----------+-----------------------------------------
                400 mL/h    |         | accept   |
                400.01 mL/h |         | refuse   | rate above hard max
                7 mL/min    |         | refuse   | rate above hard max
                100 mL/h    | 1000 mL | accept   |
                100 mL/h    | 1001 mL | refuse   | volume above hard max
                550 mL/h    |         | refuse   | rate above hard max, rate above soft max
                601 mL/h    |         | refuse   | rate above hard max, rate above hard max
            """,
        ),
        Table(
            rule="The background of a PCA is a rate of the pump too",
            why="0.1 mg in each mL: 40 mg/h is 400 mL/h.",
            given={"care area": "icu", "entry": "analgesia", "mode": "pca", "dose": "1 mg"},
            cases="""
                background    | weight | decision | findings
                --------------+--------+----------+-------------------------------
                400 mL/h      | 80 kg  | accept   |
                401 mL/h      | 80 kg  | refuse   | background dose above hard max
                40 mg/h       | 80 kg  | accept   |
                41 mg/h       | 80 kg  | refuse   | background dose above hard max
                0.5 mg/kg/h   | 80 kg  | accept   |
                0.501 mg/kg/h | 80 kg  | refuse   | background dose above hard max
                0.5 mg/kg/h   |        | refuse   | weight: missing
            """,
        ),
        Table(
            rule="An entry belongs to one care area",
            why="The limits of another population must not be used unnoticed.",
            given={"entry": "dopamine", "dose": "5 micrograms/kg/min", "weight": "70 kg"},
            cases="""
                care area | decision    | findings
                ----------+-------------+--------------------------
                icu       | accept      |
                ward      | not checked | programme: not in library
                nicu      | not checked | programme: not in library
            """,
        ),
    ),
)
