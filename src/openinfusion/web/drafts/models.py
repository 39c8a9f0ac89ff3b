"""What editing keeps beside the items of a draft: work not yet saved, every saved state, and bulk edits."""

from typing import ClassVar

from django.db import models

from openinfusion.web.accounts.models import User
from openinfusion.web.library.models import Draft, Part

NEW = "new"
"""The item of a form whose entry has no id yet."""


class OpenForm(models.Model):
    """
    A form that somebody has open: what stands in it, if it is not saved, and when they were last at it.

    It is nobody's draft but theirs, so it has no audit row; the draft changes when they save.
    """

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="open_forms")
    part = models.CharField(max_length=12, choices=Part)
    item = models.CharField(max_length=240)
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    said = models.JSONField(null=True)
    seen = models.PositiveIntegerField(default=0)
    since = models.DateTimeField()
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["draft", "part", "item", "person"], name="open_form_once")
        ]

    def __str__(self) -> str:
        return f"{self.item}, {self.person}"


class SavedState(models.Model):
    """
    The content of an item at one of its revisions, never changed: what merging and undoing go back to.

    ``form`` names the window in which it was saved, so that nobody is asked to merge with what they saved there.
    """

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="states")
    part = models.CharField(max_length=12, choices=Part)
    item = models.CharField(max_length=240)
    revision = models.PositiveIntegerField()
    content = models.JSONField(null=True)
    form = models.CharField(max_length=40, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["draft", "part", "item", "revision"], name="saved_state_once")
        ]

    def __str__(self) -> str:
        return f"{self.item} {self.revision}"


class BulkEdit(models.Model):
    """
    One edit of many entries, done as one and undone as one.

    ``items`` lists ``{"item", "before", "revision"}``: what stood there, and the revision that the edit made.
    """

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="bulk_edits")
    words = models.CharField(max_length=400)
    items = models.JSONField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-at", "-pk"]

    def __str__(self) -> str:
        return self.words
