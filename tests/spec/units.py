"""How quantities are shown and which spellings are read, as tables; ``docs/reference/dosing.md`` shows them too."""

DISPLAY_TITLE = "How a quantity is shown"
DISPLAY_WORDS = (
    "By the NHS rules for medication lines: micrograms, nanograms and units in full, a space before the unit, thousands"
    " grouped, a zero before the point and none after the last digit. One is singular. A value with more than six"
    " decimals is rounded for the eye alone and says 'about'; very small values keep four significant digits."
)
DISPLAY = """
    written          | shown
    -----------------+----------------------
    0.5 ug/kg/min    | 0.5 micrograms/kg/min
    0.50 mcg/kg/min  | 0.5 micrograms/kg/min
    1 ug/kg/min      | 1 microgram/kg/min
    1 [iU]/h         | 1 unit/h
    1 mg             | 1 mg
    1 ng/kg/min      | 1 nanogram/kg/min
    1 m[iU]/min      | 1 milliunit/min
    2 m[iU]/min      | 2 milliunits/min
    25000 units      | 25,000 units
    1000000 units    | 1,000,000 units
    1000.5 mL        | 1,000.5 mL
    5.0 mg           | 5 mg
    0.10 mg/h        | 0.1 mg/h
    600 mg/d         | 600 mg/24h
    4 mg/L           | 4 mg/L
    10 units/mL      | 10 units/mL
    0 mL/h           | 0 mL/h
    -0.5 mL          | -0.5 mL
    0.0000001 mg     | 0.0000001 mg
    0.1234567 mg     | about 0.123457 mg
    0.12345650 mg    | about 0.123457 mg
    0.123456 mg      | 0.123456 mg
    0.00001234567 mg | about 0.00001235 mg
    75 mmol          | 75 mmol
    20 meq/h         | 20 mEq/h
    1.8 m2           | 1.8 m2
    0.9 %            | 0.9 %
"""
READ_TITLE = "Which spellings are read"
READ_WORDS = (
    "Units are read as UCUM, as display text and in the spellings of vendor files; they are written in one way only."
    " What could mean two things is refused: MU may be milliunits or a million units."
)
READ = """
    written                     | UCUM      | shown
    ----------------------------+-----------+--------------------
    mcg/kg/min                  | ug/kg/min | micrograms/kg/min
    µg/kg/hr                    | ug/kg/h   | micrograms/kg/h
    μg/kg/h                     | ug/kg/h   | micrograms/kg/h
    MCG/KG/MIN                  | ug/kg/min | micrograms/kg/min
    microgram per kg per minute | ug/kg/min | micrograms/kg/min
    nanog/kg/min                | ng/kg/min | nanograms/kg/min
    mg/kg/day                   | mg/kg/d   | mg/kg/24h
    mg/24 hr                    | mg/d      | mg/24h
    gram                        | g         | g
    IU/hr                       | [iU]/h    | units/h
    U/kg/h                      | [iU]/kg/h | units/kg/h
    Units/Hour                  | [iU]/h    | units/h
    mU/min                      | m[iU]/min | milliunits/min
    ml/hr                       | mL/h      | mL/h
    ML/HR                       | mL/h      | mL/h
    cc                          | mL        | mL
    mEq/h                       | meq/h     | mEq/h
    mg/m²                       | mg/m2     | mg/m2
    kcal/kg/day                 | kcal/kg/d | kcal/kg/24h
    mmol/L                      | mmol/L    | mmol/L
    mL/kg/min                   | mL/kg/min | mL/kg/min
    g (neonatal weight)         | g         | g (neonatal weight)
"""
REFUSED = """
    written      | why
    -------------+----------------------------
    MU/min       | milliunits or units in full
    Mu           | milliunits or units in full
    MIU          | milliunits or units in full
    M[IU]        | milliunits or units in full
    drops/min    | a unit such as
    lb           | a weight in pounds is not read
    pound        | a weight in pounds is not read
    Pounds       | a weight in pounds is not read
    mg/kg/kg     | instead of 'kg'
    mg/min/h     | instead of 'h'
    mg/fortnight | instead of 'fortnight'
    mg/          | instead of ''
    kg/min       | kg alone
    min/kg       | min alone
    mL/mL        | a concentration such as
    mg/mL/h      | a concentration such as
    mg/kg/mL     | a concentration such as
    kcal/mL      | a concentration such as
"""
NUMBERS_TITLE = "How a number is written"
NUMBERS_WORDS = "A number in a file is a plain decimal: no comma, no exponent, no bare point, no sign but a minus."
NUMBERS = """
    written               | why not
    ----------------------+---------------------------
    .5                    | a zero before the point
    -.5                   | a zero before the point
    1,000                 | digits without commas
    0,5                   | a point instead of the comma
    1e3                   | digits without an exponent
    2.5E-2                | digits without an exponent
    +5                    | a plain decimal
    5.                    | a plain decimal
    05                    | a plain decimal
    1 000                 | a plain decimal
    \uff15                     | a plain decimal
    \u0665                     | a plain decimal
    NaN                   | a plain decimal
    Infinity              | a plain decimal
    0x10                  | a plain decimal
    1_000                 | a plain decimal
    5-10                  | a plain decimal
    1234567890123456789   | a plain decimal
    0.1234567890123456789 | a plain decimal
"""
