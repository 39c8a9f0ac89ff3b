"""Rows of the audit record. The database itself refuses to change or delete one (migration 0001)."""

from datetime import datetime
from typing import ClassVar

from django.db import models

from openinfusion.web.accounts.models import Organisation


class AuditRow(models.Model):
    """One thing that somebody did; the fields are those of ``core.audit.AuditRecord``."""

    seq = models.PositiveBigIntegerField(primary_key=True)
    utc = models.CharField(max_length=40)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, null=True, related_name="+")
    actor = models.CharField(max_length=40)
    role = models.CharField(max_length=40)
    action = models.CharField(max_length=60)
    object = models.CharField(max_length=200)
    before_hash = models.CharField(max_length=64, blank=True)
    after_hash = models.CharField(max_length=64, blank=True)
    reason = models.TextField(blank=True)
    prev_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering: ClassVar = ["seq"]
        indexes: ClassVar = [models.Index(fields=["object", "seq"]), models.Index(fields=["organisation", "seq"])]

    def __str__(self) -> str:
        return f"{self.seq} {self.action} {self.object}"

    @property
    def at(self) -> datetime:
        """When, as a moment; what is kept and hashed is the text."""
        return datetime.fromisoformat(self.utc)
