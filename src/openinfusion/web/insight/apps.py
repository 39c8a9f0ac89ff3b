"""What Django is told of this application."""

from django.apps import AppConfig


class InsightConfig(AppConfig):
    """Figures, charts and what follows from them."""

    name = "openinfusion.web.insight"
    label = "insight"
