"""Imports and read-backs."""

from django.apps import AppConfig


class Imports(AppConfig):
    """Files that come from vendors' editors."""

    name = "openinfusion.web.imports"
    label = "imports"
