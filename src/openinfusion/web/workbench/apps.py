"""What Django is told of this application."""

from django.apps import AppConfig


class WorkbenchConfig(AppConfig):
    """Limits that are moved over what was attempted."""

    name = "openinfusion.web.workbench"
    label = "workbench"
