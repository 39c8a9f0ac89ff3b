"""How far a running infusion may be raised at once."""

from tests.spec.tables import Specification, Table

TITRATION = Specification(
    title="Titration steps",
    words=(
        "Where an entry has a titration step, a running infusion that is raised by more than that factor at once asks"
        " for confirmation. Lowering is never held up. The step compares like with like: dose with dose, rate with"
        " rate."
    ),
    hazards=("US-02",),
    entries="""
        entry         | concentration | step | parameter | unit              | hard min | soft min | soft max | hard max
        --------------+---------------+------+-----------+-------------------+----------+----------+----------+---------
        noradrenaline | 4 mg in 50 mL | 2    | dose      | micrograms/kg/min |          |          | 0.5      | 1
        stepless      | 4 mg in 50 mL |      | dose      | micrograms/kg/min |          |          | 0.5      | 1
    """,
    tables=(
        Table(
            rule="An increase on the step is inside it",
            why="A tenfold key error during titration can still be inside the limits of the entry.",
            given={"weight": "80 kg"},
            cases="""
                entry         | previous               | dose                    | rate       | decision | findings
                --------------+------------------------+-------------------------+------------+----------+---------------------------------------------------
                noradrenaline | 0.1 micrograms/kg/min  | 0.2 micrograms/kg/min   |            | accept   |
                noradrenaline | 0.1 micrograms/kg/min  | 0.201 micrograms/kg/min |            | confirm  | titration step above soft max
                noradrenaline | 6 micrograms/kg/h      | 0.2 micrograms/kg/min   |            | accept   |
                noradrenaline | 0.1 micrograms/kg/min  | 0.01 micrograms/kg/min  |            | accept   |
                noradrenaline | 0.04 micrograms/kg/min | 0.4 micrograms/kg/min   |            | confirm  | titration step above soft max
                noradrenaline | 0.1 micrograms/kg/min  | 0.6 micrograms/kg/min   |            | confirm  | dose above soft max, titration step above soft max
                noradrenaline | 0.1 micrograms/kg/min  | 1.1 micrograms/kg/min   |            | refuse   | dose above hard max, titration step above soft max
                noradrenaline | 6 mL/h                 |                         | 12 mL/h    | accept   |
                noradrenaline | 6 mL/h                 |                         | 12.1 mL/h  | confirm  | titration step above soft max
                noradrenaline | 6 mL/h                 |                         | 0.2 mL/min | accept   |
                noradrenaline |                        | 0.4 micrograms/kg/min   |            | accept   |
                stepless      | 0.01 micrograms/kg/min | 0.4 micrograms/kg/min   |            | accept   |
            """,
        ),
        Table(
            rule="A step between different measures is refused",
            why="mL/h against micrograms/kg/min says nothing about the step.",
            given={"entry": "noradrenaline", "weight": "80 kg"},
            cases="""
                previous              | dose                  | rate   | decision | findings
                ----------------------+-----------------------+--------+----------+-----------------------------
                6 mL/h                | 0.1 micrograms/kg/min |        | refuse   | titration step: wrong unit
                0.1 micrograms/kg/min |                       | 6 mL/h | refuse   | titration step: wrong unit
                8 micrograms/min      | 0.1 micrograms/kg/min |        | refuse   | titration step: wrong unit
                0 mL/h                |                       | 6 mL/h | refuse   | titration step: not positive
                6 mL/h                | 0.1 micrograms/kg/min | 6 mL/h | accept   |
            """,
        ),
    ),
)
