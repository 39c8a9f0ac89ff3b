"""The rules of dosing as tables that a pharmacist can read and sign; ``docs/reference/dosing.md`` is made from them."""

from tests.spec.dosing.bolus_and_loading import BOLUS_AND_LOADING
from tests.spec.dosing.care_areas import CARE_AREAS
from tests.spec.dosing.concentrations import CONCENTRATIONS
from tests.spec.dosing.continuous import CONTINUOUS
from tests.spec.dosing.intermittent_and_fluid import INTERMITTENT_AND_FLUID
from tests.spec.dosing.not_knowing import NOT_KNOWING
from tests.spec.dosing.patient import PATIENT
from tests.spec.dosing.pca import PCA
from tests.spec.dosing.rounding import ROUNDING
from tests.spec.dosing.titration import TITRATION

SPECIFICATIONS = (
    CONTINUOUS,
    PATIENT,
    CONCENTRATIONS,
    BOLUS_AND_LOADING,
    INTERMITTENT_AND_FLUID,
    PCA,
    CARE_AREAS,
    TITRATION,
    ROUNDING,
    NOT_KNOWING,
)
