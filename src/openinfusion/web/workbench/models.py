"""Proposals that people keep to compare them: limits under a name, never applied."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from openinfusion.web.accounts.models import Organisation, User


class Proposal(models.Model):
    """Other limits for one group of limits of an entry; ``limits`` has decimal texts, in ``unit``."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="proposals")
    entry = models.CharField(max_length=200)
    group = models.CharField(max_length=40)
    unit = models.CharField(max_length=40)
    name = models.CharField(max_length=80)
    limits = models.JSONField(default=dict)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["at", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "entry", "group", "name"], name="one_proposal_of_a_name")
        ]

    def __str__(self) -> str:
        return self.name
