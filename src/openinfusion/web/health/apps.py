"""The health of the machinery, in the browser."""

from django.apps import AppConfig


class Health(AppConfig):
    """What runs dry or falls silent, said before it hurts."""

    name = "openinfusion.web.health"
    label = "health"
