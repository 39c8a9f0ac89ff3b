"""
The named questions of the lake: each takes tables and returns one, lazily; nothing runs until an engine collects it.

Counts are whole numbers; a share is divided once, last; no denominator means "not known" (null), never 0.
"""

from collections.abc import Mapping

from openinfusion.lake.questions.alarms import ALARMS
from openinfusion.lake.questions.alerting import ALERTING
from openinfusion.lake.questions.completeness import COMPLETENESS
from openinfusion.lake.questions.counting import ANSWER
from openinfusion.lake.questions.infusing import INFUSING
from openinfusion.lake.questions.limits import LIMITS
from openinfusion.lake.questions.patterns import PATTERNS
from openinfusion.lake.questions.question import Question
from openinfusion.lake.questions.sequences import SEQUENCES
from openinfusion.lake.questions.versions import VERSIONS

_SUBJECTS = (INFUSING, ALERTING, LIMITS, SEQUENCES, PATTERNS, VERSIONS, ALARMS, COMPLETENESS)
QUESTIONS: Mapping[str, Question] = {question.id: question for subject in _SUBJECTS for question in subject}

__all__ = ["ANSWER", "QUESTIONS", "Question"]
