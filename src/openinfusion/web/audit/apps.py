"""The audit record."""

from django.apps import AppConfig


class Audit(AppConfig):
    """Rows that nothing changes."""

    name = "openinfusion.web.audit"
    label = "audit"
