"""Edges of the dose check that no table of a pharmacist would hold."""

from fractions import Fraction

from openinfusion.core.dosing import check
from openinfusion.core.library import (
    About,
    CareArea,
    Concentration,
    Drug,
    Entry,
    EntryType,
    Library,
    Limits,
    Mode,
    Population,
)
from openinfusion.core.programme import Decision, Parameter, Problem, Programme
from openinfusion.core.units import Quantity, Unit


def test_a_body_surface_area_that_rounds_to_zero_refuses_instead_of_dividing_by_it():
    entry = Entry(
        id="e",
        drug="d",
        care_area="a",
        type=EntryType.INTERMITTENT,
        concentration=Concentration(amount=Quantity.read("4 mg"), volume=Quantity.read("50 mL")),
        dose=Limits(unit=Unit.read("mg/m2"), soft_max=Fraction(5)),
    )
    library = Library(
        library=About(name="n", organisation="o", version="1"),
        drugs=(Drug(id="d", name="d"),),
        care_areas=(CareArea(id="a", name="a", population=Population.ADULT),),
        entries=(entry,),
    )
    programme = Programme(
        care_area="a",
        entry="e",
        mode=Mode.INTERMITTENT,
        dose=Quantity.read("4 mg"),
        weight=Quantity.read("0.01 kg"),
        height=Quantity.read("0.01 cm"),
    )
    verdict = check(programme, library)
    assert verdict.decision is Decision.REFUSE
    (finding,) = verdict.findings
    assert (finding.parameter, finding.problem) == (Parameter.BODY_SURFACE_AREA, Problem.NOT_POSITIVE)
