"""How sources are compared, as tables: two values, and the class of their difference. Doses are illustrative."""

CLASSES = """
    one                              | other                            | class       | why
    ---------------------------------+----------------------------------+-------------+---------------------------------------------
    2.5 mg in 50 mL                  | 2.5 mg in 50 mL                  | same        | word for word
    2.5 mg in 50 mL                  | 2500 micrograms in 50 mL         | unit only   | 1 mg is 1,000 micrograms
    4 mg in 50 mL                    | 8 mg in 100 mL                   | unit only   | 80 micrograms/mL in two syringes
    2.5 mg in 50 mL                  | 50 micrograms/mL                 | unit only   | a guideline gives the strength per mL
    2.5 mg in 50 mL                  | 0.05 mg/mL                       | unit only   | exactly, in another unit
    2.5 mg in 50 mL                  | 51 micrograms/mL                 | strength    | 2 % apart is apart
    2.5 mg in 50 mL                  | 500 micrograms in 50 mL          | strength    | the unit that differed in 2018
    2.5 mg in 50 mL                  | open                             | strength    | fixed here, entered at the bedside there
    open                             | open                             | same        | left open by both
    open 25 to 100 micrograms/mL     | open                             | range       | bounded here, unbounded there
    open 25 to 100 micrograms/mL     | open 0.025 to 0.1 mg/mL          | unit only   | the same bounds
    open 25 to 100 micrograms/mL     | open 25 to 50 micrograms/mL      | range       | another highest strength
    open 2.5 mg                      | open 2500 micrograms             | unit only   | the amount is known, the volume is entered
    open 2.5 mg                      | open 5 mg                        | strength    | another amount is known
    3 mg/kg in 50 mL                 | 150 mg in 50 mL                  | conflicting | by weight and absolute: no patient is named
    50 units in 50 mL                | 50 mg in 50 mL                   | conflicting | units of insulin are not mg
    2.5 mg in 50 mL                  | 50 micrograms/h                  | conflicting | a strength is no dose
    50 micrograms/mL                 | 50 micrograms/mL                 | same        | word for word
    50 micrograms/mL                 | 0.05 mg/mL                       | unit only   | exactly, in another unit
    50 micrograms/mL                 | 100 micrograms/mL                | strength    | two times
    1 mg in 50 mL                    | 0 mg/mL                          | conflicting | nothing per mL is no strength
    0.5 micrograms/kg/min            | 30 micrograms/kg/h               | unit only   | per minute and per hour
    0.5 micrograms/kg/min            | 0.5 micrograms/kg/min            | same        | word for word
    0.5 micrograms/kg/min            | 0.501 micrograms/kg/min          | range       | exact, not nearly
    599 micrograms/kg/h              | 600 micrograms/kg/h              | range       | one apart
    0.5 micrograms/kg/min            | 0.5 micrograms/min               | conflicting | per kg and absolute
    0.5 micrograms/kg/min            | 0.5 mL/h                         | conflicting | a dose is no flow
    5 to 10 mg/h                     | 5000 to 10000 micrograms/h       | unit only   | the same range
    5 to 10 mg/h                     | 5 to 20 mg/h                     | range       | they overlap
    5 to 10 mg/h                     | 10 to 20 mg/h                    | range       | they touch: a value on a limit is inside
    5 to 10 mg/h                     | 11 to 20 mg/h                    | conflicting | no dose is inside both
    5 to 10 mg/h                     | 7 mg/h                           | range       | one dose inside the range
    5 to 10 mg/h                     | 12 mg/h                          | conflicting | one dose outside the range
    5 to 10 mg/h                     | 5 to 10 mg/kg/h                  | conflicting | per kg and absolute
    missing                          | 5 mg/h                           | missing     | the usual case for a national source
    missing                          | missing                          | missing     | nobody says anything
    "central line only"              | "Central  line only"             | same        | spaces and capitals do not count
    "central line only"              | "peripheral line"                | conflicting | texts that differ are not judged
    "5 mg/h"                         | 5 mg/h                           | conflicting | a text is not a value
"""

NOVEMBER_2018 = """
    choice             | value           | open entry             | control              | outcome
    -------------------+-----------------+------------------------+----------------------+-----------------------------------------------
    standardise        | 2.5 mg in 50 mL |                        |                      | not reopened
    do not standardise |                 | no bounds              |                      | no verified control of the kind design
    do not standardise |                 | no bounds              | design verified      | without a hard lowest strength and a hard highest strength and a hard maximum volume of the bolus
    do not standardise |                 | low high               | design verified      | without a hard maximum volume of the bolus
    do not standardise |                 | low cap                | design verified      | without a hard highest strength
    do not standardise |                 | high cap               | design verified      | without a hard lowest strength
    do not standardise |                 | softlow high cap       | design verified      | without a hard lowest strength
    do not standardise |                 | zerolow high cap       | design verified      | without a hard lowest strength
    do not standardise |                 | low high softcap       | design verified      | without a hard maximum volume of the bolus
    do not standardise |                 | low high cap           | design verified      | released
    do not standardise |                 | low high cap           | design implemented   | no verified control of the kind design
    do not standardise |                 | low high cap           | information verified | no verified control of the kind design
    do not standardise |                 | low high cap           | training verified    | no verified control of the kind design
    do not standardise |                 | low high cap loading   | design verified      | without a hard maximum volume of the loading dose
    do not standardise |                 | low high nobolus       | design verified      | released
    do not standardise |                 | fixed                  | design verified      | released
    do not standardise |                 | fixed                  |                      | no verified control of the kind design
    do not standardise |                 | pca low high           | design verified      | without a maximum volume of the demand dose
    do not standardise |                 | none                   | design verified      | the library has no entry of fentanyl in critical-care
    do not standardise |                 | elsewhere              | design verified      | the library has no care area critical-care
    other              |                 | low high               | design verified      | without a hard maximum volume of the bolus
    standardise        | open            | low high               | design verified      | without a hard maximum volume of the bolus
"""
