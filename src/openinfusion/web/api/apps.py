"""The JSON API."""

from django.apps import AppConfig


class Api(AppConfig):
    """Tokens, and what they may ask for."""

    name = "openinfusion.web.api"
    label = "api"
