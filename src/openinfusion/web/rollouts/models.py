"""A plan of a roll-out as it was written, and what people said of the roll-out; how far it is stands in its course."""

from typing import ClassVar

from django.db import models

from openinfusion.web.accounts.models import Organisation, User


class Rollout(models.Model):
    """A roll-out: its plan as TOML, which nobody changes once it has begun; the course has the plan in it."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="rollouts")
    slug = models.SlugField(max_length=60)
    name = models.CharField(max_length=200)
    plan = models.TextField()
    written_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "slug"], name="one_roll_out_of_a_name"),
        ]

    def __str__(self) -> str:
        return self.name


class Said(models.Model):
    """What somebody said of a roll-out, signed; never changed. What counts is what the course has of it."""

    class What(models.TextChoices):
        BEGIN = "begin", "began it"
        AGREE = "agree", "agreed that the next ring be opened"
        STOP = "stop", "halted it"
        RECALL = "recall", "asked for the release to be recalled"

    rollout = models.ForeignKey(Rollout, on_delete=models.PROTECT, related_name="said")
    what = models.CharField(max_length=8, choices=What)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.CharField(max_length=500, blank=True)
    shown_by = models.CharField(max_length=60)

    class Meta:
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"{self.by} {self.get_what_display()}"
