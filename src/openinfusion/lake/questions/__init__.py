"""
The named questions of the lake: each takes tables and returns one, lazily; nothing runs until an engine collects it.

Counts are whole numbers; a share is divided once, last; no denominator means "not known" (null), never 0.
"""

from collections.abc import Mapping

from openinfusion.lake.questions.alerting import ALERTING
from openinfusion.lake.questions.counting import ANSWER
from openinfusion.lake.questions.infusing import INFUSING
from openinfusion.lake.questions.question import Question

QUESTIONS: Mapping[str, Question] = {question.id: question for question in (*INFUSING, *ALERTING)}

__all__ = ["ANSWER", "QUESTIONS", "Question"]
