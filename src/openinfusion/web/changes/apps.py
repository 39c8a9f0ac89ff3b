"""Change requests."""

from django.apps import AppConfig


class Changes(AppConfig):
    """Requests, what people say at them, and their evidence."""

    name = "openinfusion.web.changes"
    label = "changes"
