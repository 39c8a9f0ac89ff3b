"""Status files of vendors as they were handed in: what each says, and which rows could not be read."""

from typing import ClassVar

from django.db import models

from openinfusion.web.accounts.models import Organisation, User


class StatusFile(models.Model):
    """
    One file; never changed.

    Attributes:
        mapping: what its columns mean, as TOML; the next file is read by it too, unless another is handed in.
        said: of each pump: pump, version, library, ward, seen.
        problems: rows that could not be read, in words.

    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="status_files")
    name = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    mapping = models.TextField()
    rows = models.PositiveIntegerField()
    said = models.JSONField()
    problems = models.JSONField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return self.name
