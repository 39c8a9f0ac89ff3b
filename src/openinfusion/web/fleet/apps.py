"""The fleet in the browser."""

from django.apps import AppConfig


class Fleet(AppConfig):
    """Pumps at a glance, by ward and one by one, and the work on them."""

    name = "openinfusion.web.fleet"
    label = "fleet"
