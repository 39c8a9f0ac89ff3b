"""
Find problems in a drug library before a patient does.

``review`` runs every rule; ``rules_page`` is the manual of the rules; ``Thresholds`` are the numbers they use.
"""

from openinfusion.core.review.finding import Acceptance, Place, Severity
from openinfusion.core.review.page import rules_page
from openinfusion.core.review.rule import Rule
from openinfusion.core.review.run import RULES, RULES_BY_ID, Finding, Group, Looked, Review, review
from openinfusion.core.review.thresholds import Thresholds, thresholds_from

__all__ = [
    "RULES",
    "RULES_BY_ID",
    "Acceptance",
    "Finding",
    "Group",
    "Looked",
    "Place",
    "Review",
    "Rule",
    "Severity",
    "Thresholds",
    "review",
    "rules_page",
    "thresholds_from",
]
