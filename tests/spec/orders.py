"""
How a pump must answer an order, as tables that a pharmacist can read and sign.

Each row changes one of the orders below ("but") or what the pump's side knows ("pump"), and says the one code of the
answer; "accepted" where there is none. ``docs/reference/orders.md`` is made from them. Doses are illustrative, not
guidance.
"""

from tests.spec.tables import Table

MEDICINES = """
    medicine    | code      | other names
    ------------+-----------+----------------------
    dopamine    | 108441005 | dopamine hydrochloride
    saline      | 900000001 | normal saline
    ceftriaxone | 900000002 |
    morphine    | 900000003 |
    fentanyl    | 900000004 |
    carboplatin | 900000005 |
    amiodarone  | 900000006 |
    tincture    | 900000007 | twin
    extract     | 900000008 | twin
    heparin     | 900000009 |
    water       | 900000010 |
"""

CARE_AREAS = """
    care area | weight unit | weight hard min | weight hard max | max rate  | max volume
    ----------+-------------+-----------------+-----------------+-----------+-----------
    ward      | kg          | 30              | 200             | 1200 mL/h | 3000 mL
    children  |             |                 |                 |           |
"""

ENTRIES = """
    entry       | medicine    | type         | route               | strength                | secondary | window | parameter       | unit              | hard min | soft min | soft max | hard max
    ------------+-------------+--------------+---------------------+-------------------------+-----------+--------+-----------------+-------------------+----------+----------+----------+---------
    dopamine    | dopamine    | continuous   | intravenous         | 400 mg in 250 mL        |           |        | dose            | micrograms/kg/min | 1        | 2        | 15       | 20
    saline      | saline      | fluid        | intravenous         |                         |           |        | rate            | mL/h              | 1        |          | 500      | 999
    ceftriaxone | ceftriaxone | intermittent | intravenous         | 2 g in 50 mL            | allowed   |        | dose            | g                 | 0.5      |          | 2        | 4
    morphine    | morphine    | pca          | intravenous         | 50 mg in 50 mL          |           | 4 h    | pca.dose        | mg                | 0.5      |          | 2        | 3
                |             |              |                     |                         |           |        | pca.lockout     | min               | 5        | 6        | 30       | 60
                |             |              |                     |                         |           |        | pca.accumulated | mg                |          |          | 40       | 60
    fentanyl    | fentanyl    | continuous   | intravenous         | 2.5 mg in 50 mL         |           |        | dose            | micrograms/h      |          | 10       | 200      | 400
                |             |              |                     |                         |           |        | bolus.dose      | micrograms        | 5        |          | 50       | 100
    carboplatin | carboplatin | continuous   | intravenous         | 500 mg in 500 mL        |           |        | dose            | mg/m2/h           | 1        |          | 100      | 200
    amiodarone  | amiodarone  | continuous   | intravenous         | 300 mg in 50 mL         |           |        | dose            | mg/h              | 1        |          | 50       | 60
                |             |              |                     |                         |           |        | loading.dose    | mg                | 50       |          | 300      | 450
    heparin-a   | heparin     | continuous   | intravenous         | 20000 units in 20 mL    |           |        | dose            | units/h           | 100      |          | 2000     | 3000
    heparin-b   | heparin     | continuous   | intravenous         | 20000 units in 20 mL    |           |        | dose            | units/h           | 100      |          | 1500     | 2500
    water       | water       | fluid        | enteral             |                         |           |        |                 |                   |          |          |          |
"""

# Each is complete and accepted as it stands, by the pump that is named beside it.
ORDERS = """
    order       | kind      | medicine    | rate                 | volume | duration | strength         | weight | pump
    ------------+-----------+-------------+----------------------+--------+----------+------------------+--------+---------
    dopamine    | new       | dopamine    | 10 micrograms/kg/min | 250 mL |          | 400 mg in 250 mL | 85 kg  | idle
    saline      | new       | saline      | 13.3 mL/h            | 500 mL |          |                  |        | idle
    ceftriaxone | new       | ceftriaxone | 2 g                  |        | 30 min   | 2 g in 50 mL     |        | idle
    morphine    | new       | morphine    |                      |        |          | 50 mg in 50 mL   |        | idle
    fentanyl    | new       | fentanyl    | 100 micrograms/h     | 50 mL  |          | 2.5 mg in 50 mL  |        | idle
    carboplatin | new       | carboplatin | 50 mg/m2/h           | 500 mL |          | 500 mg in 500 mL |        | idle
    amiodarone  | new       | amiodarone  | 40 mg/h              | 50 mL  |          | 300 mg in 50 mL  |        | idle
    heparin     | new       | heparin     | 1000 units/h         | 20 mL  |          | 20000 units in 20 mL |    | idle
    water       | new       | water       | 50 mL/h              | 500 mL |          |                  |        | idle
    bolus       | bolus     | fentanyl    | 25 micrograms        |        |          | 2.5 mg in 50 mL  |        | fentanyl
    change      | change    | fentanyl    | 120 micrograms/h     |        |          |                  |        | fentanyl
    steps       | multistep | amiodarone  |                      |        |          |                  |        | idle
"""

ALL_CODES = Table(
    rule="Every one of the 44 codes, and an order that meets it",
    why="The first row is the order of IHE's own example; every other differs from an accepted one in one thing.",
    given={},
    cases="""
        code     | order       | but                                     | pump
        ---------+-------------+-----------------------------------------+----------------------------------
        accepted | dopamine    |                                         |
        9001     | dopamine    |                                         | link unknown
        9002     | dopamine    |                                         | runs fentanyl
        9003     | dopamine    | no volume                               |
        9004     | dopamine    | volume 0 mL                             |
        9005     | dopamine    | weight 250 kg                           |
        9006     | dopamine    |                                         | link off
        9007     | dopamine    |                                         | link offline
        9008     | dopamine    | strength 400 mg in 250 mg               |
        9009     | dopamine    | rate 31.9 mL/h                          |
        9010     | dopamine    | medicine dopexamine                     |
        9011     | dopamine    |                                         | weight 58 kg
        9012     | dopamine    |                                         | patient another
        9013     | fentanyl    | secondary yes                           |
        9014     | saline      | volume 3001 mL                          |
        9015     | dopamine    |                                         | link no answer
        9016     | water       |                                         |
        9017     | dopamine    |                                         | activity standby
        9017     | dopamine    |                                         | activity paused
        9018     | dopamine    | strength 200 mg in 250 mL               |
        9019     | dopamine    | no weight                               |
        9020     | carboplatin | no surface; weight 70 kg                |
        9021     | dopamine    |                                         | area surgery
        9022     | dopamine    | placed 11 minutes ago                   |
        9023     | dopamine    |                                         | rejected yes
        9024     | dopamine    | rate 100 micrograms/kg/min              |
        9025     | morphine    | no lockout                              |
        9026     | morphine    | no dose limit                           |
        9027     | carboplatin | no surface                              |
        9028     | dopamine    |                                         | lacks set yes
        9029     | dopamine    |                                         | area none
        9030     | ceftriaxone | secondary yes                           | runs fentanyl; interruptible no
        9031     | dopamine    | no patient                              |
        9032     | dopamine    |                                         | activity delayed start
        9033     | dopamine    |                                         | activity alarming
        9034     | bolus       |                                         | left 0.4 mL
        9035     | bolus       | parent 99999                            |
        9036     | bolus       | medicine dopamine                       |
        9037     | bolus       | strength 0.5 mg in 50 mL                |
        9038     | bolus       |                                         | offers bolus no
        9039     | bolus       | medicine dopamine; no strength          | runs dopamine
        9040     | bolus       | rate 0.025 mg                           |
        9041     | steps       | total steps 4                           |
        9042     | steps       | medicine fentanyl; strength 2.5 mg in 50 mL; rates 40 micrograms/h |
        9043     | steps       | medicine ceftriaxone; strength 2 g in 50 mL |
        9044     | steps       |                                         | offers steps no
    """,
)

MATCHING = Table(
    rule="Codes come before names, and nothing is guessed",
    why="A name that is merely near is shown to the pharmacist; it never starts a pump.",
    given={},
    cases="""
        code     | order     | but                                              | pump
        ---------+-----------+--------------------------------------------------+----------------------------
        accepted | dopamine  | code 108441005; medicine EPMA item 7             |
        accepted | dopamine  | medicine DOPAMINE  Hydrochloride                 |
        accepted | dopamine  | code 1234                                        |
        9010     | dopamine  | code 900000004                                   |
        9010     | dopamine  | code 108441005 of RXNORM; medicine item 7        |
        accepted | dopamine  | code 108441005 of SCT; medicine item 7           |
        9010     | dopamine  | medicine dopamin                                 |
        9010     | dopamine  | medicine dopamine 400mg/250mL                    |
        9010     | dopamine  | medicine twin                                    |
        9010     | heparin   |                                                  |
        accepted | heparin   | code heparin-a                                   |
        9010     | dopamine  |                                                  | area children
        accepted | dopamine  | strength 800 mg in 500 mL                        |
        9018     | dopamine  | strength 400 mg in 270 mL                        |
        9018     | dopamine  | strength 400 units in 250 mL                     |
        9003     | dopamine  | no strength                                      |
        9018     | dopamine  | route epidural                                   |
        9018     | dopamine  | therapy shock                                    |
        9018     | saline    | strength 10 mg in 500 mL                         |
        9010     | dopamine  | demand 1 mg                                      |
        9010     | dopamine  | rate 100 mg; duration 1 h; no volume             |
        9009     | fentanyl  | rate 0.1 mg/h                                    |
        accepted | fentanyl  | rate 0.1 mg/h; converts yes                      |
        9009     | fentanyl  | rate 1 micrograms/kg/h; weight 70 kg             |
        9009     | change    | rate 0.1 mg/h                                    |
        9009     | ceftriaxone | rate 2000 mg                                   |
        9009     | morphine  | demand 1000 micrograms                           |
        9009     | morphine  | dose limit 30000 micrograms                      |
        9009     | steps     | rates 40 mg/min                                  |
    """,
)

LIMITS = Table(
    rule="Hard limits refuse, soft limits are for the nurse at the pump",
    why="IHE has no code for a soft limit: the nurse decides at the bedside, so the words travel with the programme.",
    given={},
    cases="""
        code     | order     | but                                    | pump                | for the bedside
        ---------+-----------+----------------------------------------+---------------------+----------------
        accepted | dopamine  | rate 15 micrograms/kg/min              |                     |
        accepted | dopamine  | rate 15.1 micrograms/kg/min            |                     | dose 15.1 micrograms/kg/min is above the soft maximum of 15 micrograms/kg/min (1.01 times the limit)
        accepted | dopamine  | rate 20 micrograms/kg/min              |                     | dose 20 micrograms/kg/min is above the soft maximum of 15 micrograms/kg/min (1.33 times the limit)
        9024     | dopamine  | rate 20.1 micrograms/kg/min            |                     |
        9024     | dopamine  | rate 0.9 micrograms/kg/min             |                     |
        9024     | morphine  | demand 5 mg                            |                     |
        9024     | morphine  | lockout 1 min                          |                     |
        9018     | morphine  | window 1 h                             |                     |
        9018     | morphine  | loading 5 mg                           |                     |
        9018     | morphine  | clinician 5 mg                         |                     |
        9018     | morphine  | rate 1 mg/h                            |                     |
        9024 9014 | saline    | rate 1300 mL/h                        |                     |
        9024     | saline    | rate 1100 mL/h                         |                     |
        9014     | morphine  | volume 3001 mL                         |                     |
        9014     | steps     | volumes 1600 mL                        |                     |
        9024     | bolus     | rate 101 micrograms                    |                     |
        9034     | bolus     |                                        | left unknown        |
        9024     | change    | rate 401 micrograms/h                  |                     |
        9005     | fentanyl  | rate 1 micrograms/h                    | resolution 0.1 mL/h |
        9005     | saline    |                                        | lowest 20 mL/h      |
    """,
)

TABLES = (ALL_CODES, MATCHING, LIMITS)
