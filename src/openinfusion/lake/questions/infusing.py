"""Questions about infusions: was the library used, did it have the drug, what was changed while they ran."""

import narwhals as nw

from openinfusion.lake.questions.counting import UNMAPPED, By, Frame, answer, is_kind, split_answer
from openinfusion.lake.questions.question import ANY, PLACES, PUMPS, Question
from openinfusion.lake.tables import Tables, attempted_infusions

ONE = nw.lit(1)
STARTED = is_kind("started")
ALERTED = nw.col("alerts") > 0
_ISMP = "ISMP guideline on smart infusion pumps, 1.4 to 1.6 (goal 95 % or more, medicines and fluids apart)"
STAGES = ("started", "with library", "alerted")


def _ders_compliance(tables: Tables, by: By) -> Frame:
    parts = tuple(dict.fromkeys((*by, "category")))
    lost = UNMAPPED | nw.col("category").is_null()
    return answer(
        tables.of_kind("started"),
        parts,
        numerator=nw.col("with_library"),
        denominator=ONE,
        unmapped=(lost, ONE),
    )


def _basic_mode(tables: Tables, by: By) -> Frame:
    return answer(tables.of_kind("started"), by, numerator=~nw.col("with_library"), denominator=ONE)


def _library_coverage(tables: Tables, by: By) -> Frame:
    has_entry = ~nw.col("entry").is_null()
    known = has_entry | ~nw.col("drug").is_null()
    return answer(
        tables.of_kind("started"),
        by,
        numerator=has_entry,
        denominator=known,
        covered=(known, ONE),
        unmapped=(~known, ONE),
    )


def _infusions(tables: Tables, by: By) -> Frame:
    parts = {
        "started": nw.col("is_started"),
        "with library": nw.col("is_started") & nw.col("with_library"),
        "alerted": ALERTED,
    }
    return split_answer(attempted_infusions(tables), by, key="stage", parts=parts, denominator=ONE)


def _alert_rate(tables: Tables, by: By) -> Frame:
    return answer(attempted_infusions(tables), by, numerator=ALERTED, denominator=nw.col("with_library") | ALERTED)


def _not_found(tables: Tables, by: By) -> Frame:
    rows = tables.of_kind("drug_not_found")
    lost = nw.col("care_area").is_null()
    return answer(rows, (*by, "search"), numerator=ONE, denominator=ONE, unmapped=(lost, ONE))


def _changes(tables: Tables, by: By) -> Frame:
    kinds = ("rate_changed", "bolus", "loading")
    rows = tables.of_kind("started", *kinds)
    parts = {kind: is_kind(kind) for kind in kinds}
    return split_answer(rows, by, key="change", parts=parts, denominator=STARTED)


INFUSING = (
    Question(
        id="infusions",
        title="Infusions: the funnel",
        definition=(
            "How many infusions were attempted, how many of them were started, how many with the library, and how many"
            " raised an alert. An infusion was attempted if it was started, or raised an alert and never started."
        ),
        numerator="infusions of the stage",
        denominator="infusions attempted",
        source="our own",
        keys=("stage",),
        answering=_infusions,
    ),
    Question(
        id="ders-compliance",
        title="Use of the library (DERS compliance)",
        definition=(
            "Of the infusions started, the share that was started with the library. Medicines and fluids are counted"
            " apart; infusions whose category nobody knows are a row of their own."
        ),
        numerator="infusions started with the library",
        denominator="infusions started",
        source=_ISMP,
        unmapped="of the denominator, what names no drug, no care area or no category",
        keys=("category",),
        answering=_ders_compliance,
    ),
    Question(
        id="basic-mode",
        title="Basic mode",
        definition="Of the infusions started, the share that ran outside the library, without dose limits.",
        numerator="infusions started without the library",
        denominator="infusions started",
        source="the complement of DERS compliance",
        answering=_basic_mode,
    ),
    Question(
        id="library-coverage",
        title="Library coverage",
        definition=(
            "Of the infusions started whose drug is known, the share for which the library had an entry, used or not."
        ),
        numerator="infusions started that name an entry of the library",
        denominator="infusions started that name a drug or an entry",
        source="Howlett 2020 (96.5 % of observed infusions)",
        coverage="infusions that name a drug or an entry, of all started",
        unmapped="infusions that name neither, of all started",
        answering=_library_coverage,
    ),
    Question(
        id="drug-not-found",
        title="Drugs that were not found",
        definition="What was typed to find a drug that the library does not offer: how often, where, on which pumps.",
        numerator="searches for these letters that found nothing",
        denominator="the same: a census, so the value is always 1",
        source="our own; a search that finds nothing ends in basic mode or in another drug's entry",
        unmapped="of the denominator, what names no care area",
        dimensions=(*PLACES, *PUMPS, "library_version", "week"),
        keys=("search",),
        answering=_not_found,
    ),
    Question(
        id="alert-rate",
        title="Infusions with an alert",
        definition=(
            "Of the infusions attempted with the library, the share with at least one alert. An infusion that raised an"
            " alert was attempted with the library, even if it never started, or started in basic mode: a caught error"
            " often ends so."
        ),
        numerator="infusions with one alert or more",
        denominator="infusions started with the library, and those with an alert that were not",
        source="peers' definition: infusions with an alert per infusion programmed in the library",
        answering=_alert_rate,
    ),
    Question(
        id="changes-per-infusion",
        title="Titrations, boluses and loading doses",
        definition="Changes of a running infusion per infusion started, each kind in a row.",
        numerator="changes of this kind",
        denominator="infusions started",
        unit="changes per infusion",
        source="our own",
        dimensions=ANY,
        keys=("change",),
        answering=_changes,
    ),
)
