"""A dose given on its own: bolus and loading dose."""

from tests.spec.tables import Specification, Table

BOLUS_AND_LOADING = Specification(
    title="Bolus and loading doses",
    words=(
        "A bolus or a loading dose has its own limits of dose, rate, volume and duration; those of the infusion do not"
        " apply to it. What its entry limits must be known: a bolus with a rate limit and no rate is refused. An entry"
        " without bolus limits offers no bolus."
    ),
    hazards=("LC-01", "LC-02", "US-03"),
    entries="""
        entry      | concentration   | parameter        | unit         | hard min | soft min | soft max | hard max
        -----------+-----------------+------------------+--------------+----------+----------+----------+---------
        fentanyl   | 2.5 mg in 50 mL | dose             | micrograms/h |          |          | 200      | 400
                   |                 | bolus.dose       | micrograms   | 5        | 10       | 50       | 100
        alfentanil | 25 mg in 50 mL  | dose             | mg/h         |          |          | 3        | 5
                   |                 | bolus.dose       | mg           |          |          | 1        | 2
                   |                 | bolus.rate       | mL/h         |          |          | 300      | 600
                   |                 | bolus.volume     | mL           |          |          | 3        | 5
                   |                 | bolus.duration   | min          | 0.2      | 0.5      | 5        | 10
        amiodarone | 300 mg in 50 mL | dose             | mg/h         |          |          | 50       | 60
                   |                 | loading.dose     | mg/kg        |          |          | 5        | 7
                   |                 | loading.duration | min          | 10       | 20       | 120      | 180
        plain      | 50 mg in 50 mL  | dose             | mg/h         |          |          | 5        | 10
    """,
    tables=(
        Table(
            rule="A bolus on a limit is inside it",
            why="50 micrograms in each mL: the bolus of 25 micrograms is 0.5 mL.",
            given={"entry": "fentanyl", "mode": "bolus"},
            cases="""
                dose              | decision | findings            | = volume
                ------------------+----------+---------------------+----------
                25 micrograms     | accept   |                     | 0.5 mL
                50 micrograms     | accept   |                     | 1 mL
                0.05 mg           | accept   |                     | 1 mL
                50.01 micrograms  | confirm  | dose above soft max | 1.0002 mL
                100 micrograms    | confirm  | dose above soft max | 2 mL
                100.01 micrograms | refuse   | dose above hard max | 2.0002 mL
                2.5 mg            | refuse   | dose above hard max | 50 mL
                10 micrograms     | accept   |                     | 0.2 mL
                9.99 micrograms   | confirm  | dose below soft min | 0.1998 mL
                5 micrograms      | confirm  | dose below soft min | 0.1 mL
                4.99 micrograms   | refuse   | dose below hard min | 0.0998 mL
            """,
        ),
        Table(
            rule="A bolus may be entered as a volume, or as a rate for a time",
            why="12 mL given from the syringe instead of 0.5 mL is 600 micrograms instead of 25 (November 2018).",
            given={"entry": "fentanyl", "mode": "bolus"},
            cases="""
                volume | rate    | duration | decision | findings            | = dose
                -------+---------+----------+----------+---------------------+---------------
                0.5 mL |         |          | accept   |                     | 25 micrograms
                12 mL  |         |          | refuse   | dose above hard max | 600 micrograms
                       | 60 mL/h | 1 min    | accept   |                     | 50 micrograms
                       | 60 mL/h | 2 min    | confirm  | dose above soft max | 100 micrograms
                       | 60 mL/h | 0.1 h    | refuse   | dose above hard max | 300 micrograms
            """,
        ),
        Table(
            rule="What a bolus limits must be known",
            why="A bolus whose speed nobody stated cannot be judged by its speed.",
            given={"entry": "alfentanil", "mode": "bolus"},
            cases="""
                dose   | rate     | volume | duration | decision | findings                                     | = duration          | = rate
                -------+----------+--------+----------+----------+----------------------------------------------+---------------------+---------
                1 mg   |          |        |          | refuse   | rate: missing, duration: missing             |                     |
                1 mg   | 120 mL/h |        |          | accept   |                                              | 1 min               | 120 mL/h
                1 mg   |          |        | 1 min    | accept   |                                              | 1 min               | 120 mL/h
                1 mg   | 300 mL/h |        |          | confirm  | duration below soft min                      | 0.4 min             | 300 mL/h
                1 mg   | 301 mL/h |        |          | confirm  | rate above soft max, duration below soft min | about 0.398671 min  | 301 mL/h
                1 mg   | 601 mL/h |        |          | refuse   | rate above hard max, duration below hard min | about 0.199667 min  | 601 mL/h
                2 mg   | 240 mL/h |        |          | confirm  | dose above soft max, volume above soft max   | 1 min               | 240 mL/h
                2.1 mg | 240 mL/h |        |          | refuse   | dose above hard max, volume above soft max   | 1.05 min            | 240 mL/h
                1 mg   | 12 mL/h  |        |          | confirm  | duration above soft max                      | 10 min              | 12 mL/h
                1 mg   | 11 mL/h  |        |          | refuse   | duration above hard max                      | about 10.909091 min | 11 mL/h
                1 mg   | 2 mg/min |        |          | accept   |                                              | 0.5 min             | 240 mL/h
                       | 120 mL/h | 2 mL   |          | accept   |                                              | 1 min               | 120 mL/h
                1 mg   | 120 mL/h | 2 mL   | 1 min    | accept   |                                              | 1 min               | 120 mL/h
                1 mg   | 120 mL/h | 3 mL   |          | refuse   | volume: disagrees                            |                     |
            """,
        ),
        Table(
            rule="A loading dose has limits of its own",
            why="6 mg in each mL: 5 mg/kg for 60 kg is 300 mg, so 50 mL over an hour is 50 mL/h.",
            given={"entry": "amiodarone", "mode": "loading"},
            cases="""
                dose    | duration | weight | decision | findings                | = rate   | = volume | = dose
                --------+----------+--------+----------+-------------------------+----------+----------+----------
                5 mg/kg | 60 min   | 60 kg  | accept   |                         | 50 mL/h  | 50 mL    | 5 mg/kg
                300 mg  | 1 h      | 60 kg  | accept   |                         | 50 mL/h  | 50 mL    | 5 mg/kg
                300 mg  | 60 min   | 50 kg  | confirm  | dose above soft max     | 50 mL/h  | 50 mL    | 6 mg/kg
                300 mg  | 60 min   | 40 kg  | refuse   | dose above hard max     | 50 mL/h  | 50 mL    | 7.5 mg/kg
                300 mg  | 20 min   | 60 kg  | accept   |                         | 150 mL/h | 50 mL    | 5 mg/kg
                300 mg  | 15 min   | 60 kg  | confirm  | duration below soft min | 200 mL/h | 50 mL    | 5 mg/kg
                300 mg  | 5 min    | 60 kg  | refuse   | duration below hard min | 600 mL/h | 50 mL    | 5 mg/kg
                300 mg  |          | 60 kg  | refuse   | duration: missing       |          |          |
                300 mg  | 60 min   |        | refuse   | weight: missing         |          |          |
            """,
        ),
        Table(
            rule="An entry offers only what it has limits for",
            why="A bolus from an entry without bolus limits would be a dose that nobody limited.",
            given={"dose": "1 mg"},
            cases="""
                entry    | mode         | decision | findings
                ---------+--------------+----------+----------------------------
                plain    | bolus        | refuse   | programme: mode not offered
                plain    | loading      | refuse   | programme: mode not offered
                fentanyl | loading      | refuse   | programme: mode not offered
                plain    | intermittent | refuse   | programme: mode not offered
                plain    | fluid        | refuse   | programme: mode not offered
                plain    | pca          | refuse   | programme: mode not offered
            """,
        ),
    ),
)
