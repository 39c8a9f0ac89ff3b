"""Finding consensus."""

from django.apps import AppConfig


class Consensus(AppConfig):
    """Discrepancies, positions, rounds, decisions, and the hazards that decisions open."""

    name = "openinfusion.web.consensus"
    label = "consensus"
