"""Patient-controlled analgesia."""

from tests.spec.tables import Specification, Table

PCA = Specification(
    title="Patient-controlled analgesia (PCA)",
    words=(
        "A PCA programme has a demand dose, a lockout time, the most that may accumulate within the window of the"
        " entry, and sometimes a background infusion, whose limits are the entry's own dose. A limit without the value"
        " it limits refuses; only the background may be left out."
    ),
    hazards=("LC-01", "LC-02"),
    entries="""
        entry        | type | concentration  | window | parameter       | unit          | hard min | soft min | soft max | hard max
        -------------+------+----------------+--------+-----------------+---------------+----------+----------+----------+---------
        morphine     | pca  | 50 mg in 50 mL | 4 h    | dose            | mg/h          |          |          | 1        | 2
                     |      |                |        | pca.dose        | mg            | 0.2      | 0.5      | 2        | 3
                     |      |                |        | pca.lockout     | min           | 3        | 5        | 15       | 30
                     |      |                |        | pca.accumulated | mg            |          |          | 20       | 30
        lockout only | pca  | 50 mg in 50 mL |        | pca.dose        | mg            |          |          |          |
                     |      |                |        | pca.lockout     | min           | 3        |          |          |
        with bolus   | pca  | 50 mg in 50 mL |        | pca.dose        | mg            |          |          | 1        | 2
                     |      |                |        | pca.lockout     | min           | 3        |          |          |
                     |      |                |        | bolus.dose      | mg            |          |          | 5        | 10
        demand only  | pca  | 50 mg in 50 mL |        | pca.dose        | micrograms/kg |          |          | 20       | 40
        by weight    | pca  | 50 mg in 50 mL | 1 h    | dose            | mg/kg/h       |          |          | 0.02     | 0.04
                     |      |                |        | pca.dose        | mg            |          |          | 2        | 3
                     |      |                |        | pca.accumulated | mg/kg         |          |          | 0.1      | 0.2
    """,
    tables=(
        Table(
            rule="The demand dose has limits",
            why="1 mg in each mL.",
            given={"entry": "morphine", "mode": "pca", "lockout": "5 min", "accumulated": "20 mg"},
            cases="""
                dose            | decision | findings            | = volume
                ----------------+----------+---------------------+---------
                1 mg            | accept   |                     | 1 mL
                2 mg            | accept   |                     | 2 mL
                2000 micrograms | accept   |                     | 2 mL
                2.01 mg         | confirm  | dose above soft max | 2.01 mL
                3 mg            | confirm  | dose above soft max | 3 mL
                3.01 mg         | refuse   | dose above hard max | 3.01 mL
                0.5 mg          | accept   |                     | 0.5 mL
                0.49 mg         | confirm  | dose below soft min | 0.49 mL
                0.2 mg          | confirm  | dose below soft min | 0.2 mL
                0.19 mg         | refuse   | dose below hard min | 0.19 mL
            """,
        ),
        Table(
            rule="The lockout has limits",
            why="A lockout that is too short stacks doses; one that is too long leaves pain.",
            given={"entry": "morphine", "mode": "pca", "dose": "1 mg", "accumulated": "20 mg"},
            cases="""
                lockout  | decision | findings
                ---------+----------+-----------------------
                5 min    | accept   |
                4.9 min  | confirm  | lockout below soft min
                3 min    | confirm  | lockout below soft min
                2.9 min  | refuse   | lockout below hard min
                15 min   | accept   |
                0.25 h   | accept   |
                15.1 min | confirm  | lockout above soft max
                0.5 h    | confirm  | lockout above soft max
                30.1 min | refuse   | lockout above hard max
                         | refuse   | lockout: missing
                5 mg     | refuse   | lockout: wrong unit
            """,
        ),
        Table(
            rule="The accumulated dose has limits",
            why="It may be entered as an amount of drug, or as the volume that holds it.",
            given={"entry": "morphine", "mode": "pca", "dose": "1 mg", "lockout": "5 min"},
            cases="""
                accumulated | decision | findings
                ------------+----------+--------------------------------
                20 mg       | accept   |
                20.1 mg     | confirm  | accumulated dose above soft max
                30 mg       | confirm  | accumulated dose above soft max
                30.1 mg     | refuse   | accumulated dose above hard max
                20 mL       | accept   |
                31 mL       | refuse   | accumulated dose above hard max
                            | refuse   | accumulated dose: missing
                20 units    | refuse   | accumulated dose: wrong unit
                5 mg/h      | refuse   | accumulated dose: wrong unit
                5 mg/mL     | refuse   | accumulated dose: wrong unit
                5 min       | refuse   | accumulated dose: wrong unit
            """,
        ),
        Table(
            rule="The background is optional and has the limits of the entry's own dose",
            why="1 mL/h is 1 mg/h.",
            given={"entry": "morphine", "mode": "pca", "dose": "1 mg", "lockout": "5 min", "accumulated": "20 mg"},
            cases="""
                background | decision | findings
                -----------+----------+-------------------------------
                           | accept   |
                1 mg/h     | accept   |
                1 mL/h     | accept   |
                1.1 mg/h   | confirm  | background dose above soft max
                2 mL/h     | confirm  | background dose above soft max
                2.1 mg/h   | refuse   | background dose above hard max
                1 mg       | refuse   | background dose: wrong unit
                1 units/h  | refuse   | background dose: wrong unit
                0 mg/h     | refuse   | background dose: not positive
            """,
        ),
        Table(
            rule="An entry without background limits offers no background",
            why="A background that nobody limited is the drug that runs while the patient sleeps.",
            given={"entry": "demand only", "mode": "pca", "weight": "50 kg"},
            cases="""
                dose             | background | decision | findings                          | = dose
                -----------------+------------+----------+-----------------------------------+-----------------
                1 mg             |            | accept   |                                   | 20 micrograms/kg
                20 micrograms/kg |            | accept   |                                   | 20 micrograms/kg
                1.5 mg           |            | confirm  | dose above soft max               | 30 micrograms/kg
                2.5 mg           |            | refuse   | dose above hard max               | 50 micrograms/kg
                1 mg             | 1 mg/h     | refuse   | background dose: mode not offered |
            """,
        ),
        Table(
            rule="A background or an accumulated dose per kg needs the weight",
            why="Without it no pump can give the one or count up to the other.",
            given={"entry": "by weight", "mode": "pca", "dose": "1 mg"},
            cases="""
                accumulated | background   | weight | decision | findings
                ------------+--------------+--------+----------+----------------------------------
                0.1 mg/kg   |              | 50 kg  | accept   |
                5 mg        |              | 50 kg  | accept   |
                6 mg        |              | 50 kg  | confirm  | accumulated dose above soft max
                0.1 mg/kg   |              |        | refuse   | weight: missing
                0.1 mg/kg   | 0.02 mg/kg/h | 50 kg  | accept   |
                0.1 mg/kg   | 2.1 mg/h     | 50 kg  | refuse   | background dose above hard max
                0.1 mg/kg   | 0.02 mg/kg/h |        | refuse   | weight: missing
            """,
        ),
        Table(
            rule="A value that is only entered counts as checked",
            why="The demand dose of this entry has no limits; its lockout has.",
            given={"entry": "lockout only", "mode": "pca", "dose": "1 mg"},
            cases="""
                lockout | decision | findings
                --------+----------+-----------------------
                5 min   | accept   |
                2 min   | refuse   | lockout below hard min
                        | refuse   | lockout: missing
            """,
        ),
        Table(
            rule="A bolus from the syringe of a PCA has limits of its own",
            why="Whoever gives it does not press the patient's button: no lockout, and the bolus limits.",
            given={"entry": "with bolus", "mode": "bolus"},
            cases="""
                dose  | decision | findings            | = dose | = volume
                ------+----------+---------------------+--------+---------
                3 mg  | accept   |                     | 3 mg   | 3 mL
                6 mg  | confirm  | dose above soft max | 6 mg   | 6 mL
                11 mg | refuse   | dose above hard max | 11 mg  | 11 mL
            """,
        ),
    ),
)
