"""Worked examples of the named questions, one module a subject."""

from tests.spec.questions.alerting import ALERTING
from tests.spec.questions.infusing import INFUSING

WORKED = (*INFUSING, *ALERTING)
