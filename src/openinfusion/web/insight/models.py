"""What people leave at figures: notes on charts, views to come back to, mail to be sent, and why detail was opened."""

import secrets
from typing import ClassVar

from django.db import models
from django.utils import timezone

from openinfusion.web.accounts.models import Organisation, User


class ChartNote(models.Model):
    """Something known to have happened, marked on the charts of a trust; taken down, never deleted."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="chart_notes")
    chart = models.CharField(max_length=60, blank=True)
    on = models.DateField()
    words = models.CharField(max_length=80)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    taken_down_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["on", "pk"]

    def __str__(self) -> str:
        return f"{self.on}: {self.words}"


class SavedView(models.Model):
    """A page of figures with its filters, under a name that one person gave it; nobody else sees it."""

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_views")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    page = models.CharField(max_length=120)
    query = models.CharField(max_length=400, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class Subscription(models.Model):
    """A view that is mailed to its owner, each Monday or on the first of each month, until they end it."""

    class Every(models.TextChoices):
        WEEK = "week", "every Monday"
        MONTH = "month", "on the first of each month"

    view = models.OneToOneField(SavedView, on_delete=models.CASCADE, related_name="subscription")
    every = models.CharField(max_length=10, choices=Every)
    token = models.CharField(max_length=64, unique=True, default=secrets.token_urlsafe)
    begun_at = models.DateTimeField(default=timezone.now)
    sent_for = models.DateField(null=True)

    def __str__(self) -> str:
        return f"{self.view.name}, {self.get_every_display()}"


class Opening(models.Model):
    """Detail that somebody opened for a time, and why; also in the audit record."""

    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=400)
    at = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-at"]

    def __str__(self) -> str:
        return f"{self.person}: {self.reason}"
