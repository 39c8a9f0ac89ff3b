"""Worked examples of the named questions, one module a subject."""

from tests.spec.questions.alarms import ALARMS
from tests.spec.questions.alerting import ALERTING
from tests.spec.questions.completeness import COMPLETENESS
from tests.spec.questions.infusing import INFUSING
from tests.spec.questions.limits import LIMITS
from tests.spec.questions.patterns import PATTERNS
from tests.spec.questions.sequences import SEQUENCES
from tests.spec.questions.versions import VERSIONS

WORKED = (*INFUSING, *ALERTING, *LIMITS, *SEQUENCES, *PATTERNS, *VERSIONS, *ALARMS, *COMPLETENESS)
