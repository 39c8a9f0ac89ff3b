"""Drug libraries."""

from django.apps import AppConfig


class LibraryPages(AppConfig):
    """Versions, entries, drafts."""

    name = "openinfusion.web.library"
    label = "library"
