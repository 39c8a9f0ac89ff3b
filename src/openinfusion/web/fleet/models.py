"""The work on pumps: what was to do, who took it on, what was noted, and what proof closed it."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from openinfusion.web.accounts.models import Organisation, User


class Task(models.Model):
    """
    A pump of which somebody has, or had, to do something.

    What there is to do follows from what pumps prove (``fleet/proof``); a row holds what people add to it, and what it
    came to. ``closed_by`` is the report that closed it, as values of JSON; nobody closes a task by hand.
    """

    class End(models.TextChoices):
        PROOF = "proof", "closed by proof"
        RETIRED = "retired", "the pump was taken out of service"
        OTHERWISE = "otherwise", "nothing is to do any more, without a new proof"

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="pump_tasks")
    pump = models.CharField(max_length=200, db_index=True)
    opened_at = models.DateTimeField()
    state = models.CharField(max_length=12)
    words = models.CharField(max_length=500)
    ward = models.CharField(max_length=200, blank=True)
    assigned_to = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    assigned_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True, db_index=True)
    end = models.CharField(max_length=10, choices=End, blank=True)
    closed_by = models.JSONField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-closed_at", "-opened_at", "pump"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "pump"], condition=Q(closed_at=None), name="one_open_task_of_a_pump"
            )
        ]

    def __str__(self) -> str:
        return f"{self.pump}: {self.state}"


class TaskNote(models.Model):
    """What somebody wrote down about a task; never changed."""

    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="notes")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    text = models.TextField(max_length=1000)

    class Meta:
        ordering: ClassVar = ["-at", "-pk"]

    def __str__(self) -> str:
        return self.text[:80]
