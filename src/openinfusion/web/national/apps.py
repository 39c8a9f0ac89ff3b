"""National and local."""

from django.apps import AppConfig


class National(AppConfig):
    """National issues, how they are adopted, and what deviates."""

    name = "openinfusion.web.national"
    label = "national"
