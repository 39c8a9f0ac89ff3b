"""The app of drafts."""

from django.apps import AppConfig


class DraftsConfig(AppConfig):
    """Forms, kept work, merging and bulk edits of drafts."""

    name = "openinfusion.web.drafts"
    label = "drafts"
