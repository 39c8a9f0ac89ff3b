"""
What review knows about medicines and pumps beside the library: short lists, each with its source.

They are aids for finding what to look at, not a formulary; names are lower case, British, and matched as words.
"""

from dataclasses import dataclass

from openinfusion.core.units import Quantity

# ISMP List of High-Alert Medications in Acute Care Settings (2018) and survey (2003), as infusion drugs by UK name;
# which drugs belong to a class (opioids, inotropes, muscle relaxants) is our reading of it.
HIGH_ALERT = frozenset(
    [
        "adrenaline",
        "phenylephrine",
        "noradrenaline",
        "metaraminol",
        "ephedrine",
        "isoprenaline",
        "propranolol",
        "metoprolol",
        "labetalol",
        "esmolol",
        "propofol",
        "ketamine",
        "thiopental",
        "lidocaine",
        "amiodarone",
        "heparin",
        "argatroban",
        "bivalirudin",
        "eptifibatide",
        "tirofiban",
        "alteplase",
        "reteplase",
        "tenecteplase",
        "digoxin",
        "milrinone",
        "dobutamine",
        "dopamine",
        "dopexamine",
        "levosimendan",
        "morphine",
        "diamorphine",
        "fentanyl",
        "alfentanil",
        "remifentanil",
        "sufentanil",
        "hydromorphone",
        "oxycodone",
        "pethidine",
        "methadone",
        "midazolam",
        "dexmedetomidine",
        "suxamethonium",
        "rocuronium",
        "vecuronium",
        "atracurium",
        "cisatracurium",
        "pancuronium",
        "mivacurium",
        "epoprostenol",
        "insulin",
        "oxytocin",
        "nitroprusside",
        "vasopressin",
        "argipressin",
        "promethazine",
        "aminophylline",
        "theophylline",
    ]
)
HIGH_ALERT_PHRASES = (
    "magnesium sulfate",
    "potassium chloride",
    "potassium phosphate",
    "calcium gluconate",
    "calcium chloride",
    "liposomal amphotericin",
    "amphotericin b liposomal",
)

# Medicines whose amount is an activity: units or milliunits, never a mass; proposal of this project.
COUNTED_IN_UNITS = frozenset(["insulin", "heparin", "oxytocin", "argipressin", "vasopressin"])

# Titrated against blood pressure or heart rate; proposal of this project.
VASOACTIVE = frozenset(
    [
        "noradrenaline",
        "adrenaline",
        "dobutamine",
        "dopamine",
        "dopexamine",
        "phenylephrine",
        "metaraminol",
        "milrinone",
        "isoprenaline",
    ]
)

# Dosed per minute in reference works, where a rate per hour invites a factor of 60; proposal of this project.
DOSED_PER_MINUTE = frozenset(["noradrenaline", "adrenaline", "dobutamine", "dopamine", "dopexamine", "remifentanil"])

# Names that do not say which salt, and the words of which one must stand beside
# them (SmPC of noradrenaline: 40 mg/L base is 80 mg/L tartrate; the others are a proposal of this project).
SALTS = {
    "noradrenaline": ("base", "tartrate"),
    "magnesium": ("sulfate", "chloride", "aspartate"),
    "calcium": ("chloride", "gluconate"),
}

# Strongest units per mL in common use: a UK critical care prescribing sheet; NHS Ayrshire & Arran and NHS Lothian.
STRONGEST_IN_UNITS = {"insulin": Quantity.of(1, "units/mL"), "heparin": Quantity.of(1000, "units/mL")}

# The strongest that goes through a peripheral vein.
PERIPHERAL = {
    "potassium chloride": Quantity.of("0.04", "mmol/mL"),  # NHS Highland hypokalaemia guideline
    "amiodarone": Quantity.of(2, "mg/mL"),  # US adult IV medication reference 2008
    "dobutamine": Quantity.of(4, "mg/mL"),  # ASHP 2016; ICS/FICM v2.2, 2016, lists 5 mg/mL as central only
    "esmolol": Quantity.of(10, "mg/mL"),  # ASHP Standardize 4 Safety v1.01, 2016
    "noradrenaline": Quantity.of(16, "micrograms/mL"),  # NHS Fife (EMJ 2024)
    "dexmedetomidine": Quantity.of(4, "micrograms/mL"),  # medinfogalway.ie
}

# The strongest by any route.
STRONGEST = {
    "vancomycin": Quantity.of(10, "mg/mL"),  # MIMS; NHS Lothian renal: only if fluid is restricted
    "magnesium sulfate": Quantity.of(200, "mg/mL"),  # SmPC, emc 3539
    "amiodarone": Quantity.of(18, "mg/mL"),  # ICS/FICM v2.2, 2016
    "alprostadil": Quantity.of(20, "micrograms/mL"),  # University of Kentucky, paediatric intensive care
}

# The fastest by any route: edren.org and NHSGGC handbook (vancomycin); SmPC, emc 3539 (magnesium).
FASTEST = {"vancomycin": Quantity.of(10, "mg/min"), "magnesium sulfate": Quantity.of(150, "mg/min")}

# ICS/FICM Medication Concentrations in Adult Critical Care Areas v2.2 (2016), the part that could be read.
NATIONAL_STRENGTHS = {
    "morphine": (Quantity.of(1, "mg/mL"), Quantity.of(2, "mg/mL")),
    "fentanyl": (Quantity.of(50, "micrograms/mL"),),
    "alfentanil": (Quantity.of(500, "micrograms/mL"),),
    "remifentanil": (Quantity.of(50, "micrograms/mL"), Quantity.of(100, "micrograms/mL")),
    "midazolam": (Quantity.of(1, "mg/mL"), Quantity.of(2, "mg/mL")),
    "clonidine": (Quantity.of(15, "micrograms/mL"),),
    "dexmedetomidine": (Quantity.of(4, "micrograms/mL"), Quantity.of(8, "micrograms/mL")),
    "noradrenaline": tuple(Quantity.of(n, "micrograms/mL") for n in (80, 160, 320)),
    "adrenaline": tuple(Quantity.of(n, "micrograms/mL") for n in (80, 160, 320)),
    "dobutamine": (Quantity.of(5, "mg/mL"),),
    "dopamine": (Quantity.of(4, "mg/mL"), Quantity.of(8, "mg/mL")),
}

# Pairs that infusion pumps hold: from the ISMP, FDA, Australian and New Zealand Tall Man lists, BOPA 2022 and ASHP
# 2016 where they name one; the other pairs are our judgement.
LOOK_ALIKE = tuple(
    (first, second)
    for first, second in (
        pair.split(" | ")
        for pair in """
        dobutamine | dopamine
        adrenaline | noradrenaline
        ephedrine | adrenaline
        fentanyl | sufentanil
        fentanyl | alfentanil
        fentanyl | remifentanil
        alfentanil | remifentanil
        morphine | hydromorphone
        midazolam | lorazepam
        amiodarone | aminophylline
        clonidine | clonazepam
        nicardipine | nimodipine
        vecuronium | vancomycin
        rocuronium | vecuronium
        oxytocin | vasopressin
        oxytocin | argipressin
        insulin | heparin
        heparin | potassium chloride
        potassium chloride | sodium chloride
        magnesium sulfate | morphine
        ketamine | esketamine
        ketamine | ketorolac
        vincristine | vinblastine
        cisplatin | carboplatin
        doxorubicin | daunorubicin
        dexmedetomidine | dexamethasone
        esmolol | esomeprazole
        phenylephrine | phenytoin
        milrinone | morphine
        alteplase | tenecteplase
        ceftazidime | cefotaxime
        levetiracetam | levosimendan
        """.strip().splitlines()
    )
    for first, second in [(first.strip(), second.strip())]
)

# Short forms of drug names (ISMP list of error-prone abbreviations, from memory; NHS CUI MEDi-022 forbids them all).
SHORT_NAMES = frozenset(
    [
        "gtn",
        "sntp",
        "snp",
        "kcl",
        "nacl",
        "mgso4",
        "mso4",
        "ms",
        "tpn",
        "azt",
        "isdn",
        "dex",
        "vanc",
        "norad",
        "adr",
        "levo",
        "epi",
        "nitro",
    ]
)


# Names in American libraries, by their British name (rINN; BAN for adrenaline and noradrenaline).
BRITISH = {
    "norepinephrine": "noradrenaline",
    "epinephrine": "adrenaline",
    "isoproterenol": "isoprenaline",
    "succinylcholine": "suxamethonium",
    "meperidine": "pethidine",
    "lignocaine": "lidocaine",
    "sulphate": "sulfate",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What one make of pump can hold and do; ``None`` where its manual gives no number."""

    care_areas: int
    entries: int | None = None
    entries_in_area: int | None = None
    drugs: int | None = None
    therapies: int | None = None
    advisories: int | None = None
    one_list_per_drug: bool = False
    limits_steps: bool = False


# BD Guardrails Editor v12.1.3 manual, 2023; Baxter Sigma Spectrum MDL 6.2 report.
PUMPS = {
    "BD Alaris": Capacity(
        care_areas=30, entries=10_000, entries_in_area=1_500, therapies=250, advisories=100, one_list_per_drug=True
    ),
    "Baxter Spectrum": Capacity(care_areas=32, drugs=1_600, advisories=200, limits_steps=True),
}


def is_named(name: str, medicine: str) -> bool:
    """Whether a drug's name is that of a medicine: all its words stand in it, in that order and together."""
    return f" {medicine} " in f" {plain(name)} "


def is_premixed(name: str) -> bool:
    """Whether a name is that of a fluid with something in it, such as "potassium chloride 0.15% in glucose 5%"."""
    words = plain(name).split()
    return "in" in words or "with" in words


def plain(name: str) -> str:
    """Return a name in lower case, in British words, with spaces for all but letters, digits, "." and "%"."""
    words = "".join(c if c.isalnum() or c in ".%" else " " for c in name.casefold()).split()
    return " ".join(BRITISH.get(word, word) for word in words)


def is_on_high_alert_list(name: str) -> bool:
    """Whether the ISMP list names this drug; ready-made fluids with an electrolyte in them are left to the author."""
    if is_premixed(name):
        return False
    return not HIGH_ALERT.isdisjoint(plain(name).split()) or any(is_named(name, p) for p in HIGH_ALERT_PHRASES)
