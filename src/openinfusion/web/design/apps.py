"""The look of every page."""

from django.apps import AppConfig


class Design(AppConfig):
    """Templates and static files that every part shares."""

    name = "openinfusion.web.design"
    label = "design"
