"""
Who may take a change request where, as tables that a pharmacist can read and sign.

In each row nothing is missing but what the row says: all that the step needs is recorded, and the gates are open. The
person holds the roles of "holds" and no other, and on this change was what "was" says. "Answer" is "yes", or a piece of
the reason that the person reads. ``docs/reference/change-requests.md`` is made from these tables.
"""

from tests.spec.tables import Table

USUAL = Table(
    rule="Each step is its own person's",
    why="The whole way, with the people it is meant for. A release takes two; here another has signed already.",
    given={},
    cases="""
        from              | to                | holds                     | was | answer
        ------------------+-------------------+---------------------------+-----+-------
        draft             | proposed          | care_area_champion        |     | yes
        draft             | proposed          | clinical_engineer         |     | may propose
        draft             | proposed          | manufacturer              |     | may propose
        draft             | proposed          | reader                    |     | may propose
        proposed          | triaged           | medication_safety_officer |     | yes
        proposed          | triaged           | library_pharmacist        |     | yes
        proposed          | triaged           | care_area_champion        |     | only a medication safety officer or a library pharmacist of Example Trust may triage
        triaged           | area_review       | care_area_champion        |     | yes
        triaged           | area_review       | medication_safety_officer |     | only a care-area champion of Example Trust for icu or theatre
        area_review       | pharmacy_check    | second_pharmacist         |     | yes
        area_review       | pharmacy_check    | library_pharmacist        |     | only a second pharmacist of Example Trust
        area_review       | pharmacy_check    | medication_committee      |     | only a second pharmacist of Example Trust
        pharmacy_check    | safety_assessment | clinical_safety_officer   |     | yes
        pharmacy_check    | safety_assessment | patient_safety_lead       |     | only a clinical safety officer of Example Trust
        safety_assessment | scenario_tested   | trainer                   |     | yes
        safety_assessment | scenario_tested   | care_area_champion        |     | yes
        safety_assessment | scenario_tested   | library_pharmacist        |     | yes
        safety_assessment | scenario_tested   | clinical_engineer         |     | may confirm the tests
        scenario_tested   | approved          | medication_committee      |     | yes
        scenario_tested   | approved          | top_management            |     | only a member of the medication committee of Example Trust
        scenario_tested   | approved          | medication_safety_officer |     | only a member of the medication committee of Example Trust
        approved          | released          | clinical_engineer         |     | yes
        approved          | released          | second_pharmacist         |     | yes
        approved          | released          | medication_committee      |     | may release
        released          | distributing      | clinical_engineer         |     | yes
        released          | distributing      | library_pharmacist        |     | only a clinical engineer of Example Trust
        distributing      | implemented       | clinical_engineer         |     | yes
        distributing      | implemented       | top_management            |     | only a clinical engineer of Example Trust
        implemented       | closed            | medication_safety_officer |     | yes
        implemented       | closed            | clinical_engineer         |     | only a medication safety officer of Example Trust
    """,
)
APART = Table(
    rule="Author, checker, approver and releaser are four people",
    why="Roles do not help: a person who holds every role is refused by what they did on this change. Who holds every "
    "role and did nothing yet may.",
    given={},
    cases="""
        from              | to                 | holds      | was      | answer
        ------------------+--------------------+------------+----------+-------
        proposed          | triaged            | every role | author   | yes
        triaged           | area_review        | every role | author   | yes
        area_review       | pharmacy_check     | every role | author   | is the author of this change
        area_review       | pharmacy_check     | every role |          | yes
        pharmacy_check    | safety_assessment  | every role | author   | is the author of this change
        pharmacy_check    | safety_assessment  | every role | checker  | yes
        safety_assessment | scenario_tested    | every role | author   | yes
        scenario_tested   | approved           | every role | author   | is the author of this change
        scenario_tested   | approved           | every role | checker  | is the checker of this change
        scenario_tested   | approved           | every role |          | yes
        approved          | released           | every role | author   | is the author of this change
        approved          | released           | every role | checker  | is the checker of this change
        approved          | released           | every role | approver | is the approver of this change
        approved          | released           | every role | releaser | has signed already, and another person must sign too
        approved          | released           | every role |          | yes
        proposed          | emergency_approved | every role | author   | is the author of this change
        released          | distributing       | every role | author   | yes
        implemented       | closed             | every role | author   | yes
    """,
)
SIDEWAYS = Table(
    rule="Back, aside and out",
    why="Whose turn it is may send a request back; then everything is reviewed, checked and tested again. Only the "
    "proposer withdraws. Nobody rejects, defers or withdraws what is approved: from there it is released, sent back or "
    "rolled back.",
    given={},
    cases="""
        from           | to                | holds                     | was    | answer
        ---------------+-------------------+---------------------------+--------+-------
        proposed       | draft             | medication_safety_officer |        | yes
        triaged        | draft             | care_area_champion        |        | yes
        area_review    | draft             | second_pharmacist         |        | yes
        pharmacy_check | draft             | clinical_safety_officer   |        | yes
        approved       | draft             | clinical_engineer         |        | yes
        area_review    | draft             | trainer                   |        | only a second pharmacist of Example Trust may send back
        triaged        | withdrawn         | library_pharmacist        | author | yes
        triaged        | withdrawn         | every role                |        | only its proposer
        pharmacy_check | rejected          | clinical_safety_officer   |        | yes
        triaged        | rejected          | medication_committee      |        | yes
        triaged        | rejected          | library_pharmacist        |        | may reject
        triaged        | deferred          | medication_safety_officer |        | yes
        approved       | rejected          | every role                |        | a change that is approved cannot become rejected
        approved       | withdrawn         | every role                | author | a change that is approved cannot become withdrawn
        draft          | approved          | every role                |        | a change that is draft cannot become approved
        triaged        | pharmacy_check    | every role                |        | a change that is triaged cannot become checked by a second pharmacist
        area_review    | safety_assessment | every role                |        | cannot become assessed for safety
        scenario_tested | released         | every role                |        | a change that is tested cannot become released
        released       | rolled_back       | clinical_safety_officer   |        | yes
        released       | rolled_back       | trainer                   |        | may roll back
        closed         | draft             | every role                |        | it is at its end, and nobody takes it further
    """,
)
CLASSES = Table(
    rule="What a panel may approve for the committee",
    why="A delegated panel (here the medication safety officer) approves texts and tightened limits. What loosens a "
    "limit, or changes a strength or a unit, is the committee's, always.",
    given={"from": "scenario_tested", "to": "approved", "holds": "medication_safety_officer"},
    cases="""
        change               | class     | version | answer
        ---------------------+-----------+---------+-------
        text changed         | text      | 1.4.3   | yes
        name changed         | text      | 1.4.3   | yes
        limit tightened      | tighten   | 2.0.0   | yes
        limit set            | tighten   | 2.0.0   | yes
        usual range changed  | tighten   | 2.0.0   | yes
        entry added          | new_entry | 1.5.0   | only a member of the medication committee
        drug added           | new_entry | 1.5.0   | only a member of the medication committee
        entry removed        | delete    | 2.0.0   | only a member of the medication committee
        care area added      | structure | 2.0.0   | only a member of the medication committee
        setting changed      | structure | 2.0.0   | only a member of the medication committee
        limit widened        | loosen    | 2.0.0   | only a member of the medication committee
        limit removed        | loosen    | 2.0.0   | only a member of the medication committee
        safeguard lifted     | loosen    | 2.0.0   | only a member of the medication committee
        initial value changed | loosen   | 2.0.0   | only a member of the medication committee
        strength changed     | strength  | 2.0.0   | only a member of the medication committee
        unit changed         | strength  | 2.0.0   | only a member of the medication committee
        concentration opened | strength  | 2.0.0   | only a member of the medication committee
        concentration fixed  | strength  | 2.0.0   | only a member of the medication committee
        text changed, limit tightened | tighten | 2.0.0 | yes
        entry added, limit tightened  | new_entry | 2.0.0 | only a member of the medication committee
        limit tightened, limit widened | loosen | 2.0.0 | only a member of the medication committee
        text changed, entry added      | new_entry | 1.5.0 | only a member of the medication committee
    """,
)
BLIND = Table(
    rule="What the blind check calls a difference",
    why="Values are compared exactly. The same amount in another unit is told and does not stop the check; anything "
    "else that differs, or that one of the two left out, does.",
    given={},
    cases="""
        author           | checker          | told                            | stops
        -----------------+------------------+---------------------------------+------
        0.5 mg/h         | 0.50 mg/h        |                                 |
        0.5              | 0.50             |                                 |
        1000 micrograms  | 1000 micrograms  |                                 |
        1000 micrograms  | 1 mg             | the same amount in another unit | no
        1 mg             | 1 mg             |                                 |
        1 mg             | 1000 mg          | different                       | yes
        5 units/h        | 5 milliunits/h   | different                       | yes
        5 units          | 5 mg             | different                       | yes
        5 mg/h           | 5 mg/kg/h        | different                       | yes
        5 mg/h           | 120 mg/24h       | the same amount in another unit | no
        2.5 mg in 50 mL  | 2.5 mg in 50 mL  |                                 |
        2.5 mg in 50 mL  | 2500 micrograms in 50 mL | the same amount in another unit | no
        2.5 mg in 50 mL  | 5 mg in 100 mL   | different                       | yes
        2.5 mg in 50 mL  | 2.5 mg in 5 mL   | different                       | yes
        any in 50 mL     | any in 50 mL     |                                 |
        0.5              | 0.5 mg           | different                       | yes
        1,000 mg         | 1000 mg          | different                       | yes
        .5 mg            | 0.5 mg           | different                       | yes
        none             | none             |                                 |
        none             | 0 mg             | different                       | yes
        5 mg             |                  | not given by the checker        | yes
                         | 5 mg             | not a value of the author       | yes
    """,
)
RATIFY = Table(
    rule="By when an emergency change must be ratified",
    why="Five working days after the day of authorising. Weekends do not count, nor do the bank holidays of England, "
    "which are data (here 25 and 28 December 2026, 1 January, 26 and 29 March 2027).",
    given={},
    cases="""
        authorised         | ratify by
        -------------------+-------------------
        Mon 02-Nov-2026    | Mon 09-Nov-2026
        Fri 06-Nov-2026    | Fri 13-Nov-2026
        Sat 07-Nov-2026    | Fri 13-Nov-2026
        Sun 08-Nov-2026    | Fri 13-Nov-2026
        Wed 23-Dec-2026    | Mon 04-Jan-2027
        Thu 24-Dec-2026    | Tue 05-Jan-2027
        Thu 31-Dec-2026    | Fri 08-Jan-2027
        Wed 24-Mar-2027    | Fri 02-Apr-2027
    """,
)
TABLES = (USUAL, APART, SIDEWAYS, CLASSES, BLIND, RATIFY)
