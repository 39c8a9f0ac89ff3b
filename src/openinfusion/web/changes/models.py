"""Change requests as rows: the value of core whole, and beside it what lists ask for."""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from openinfusion.core.stages import Stage
from openinfusion.web.accounts.models import Organisation, User
from openinfusion.web.library.models import Draft, DrugLibrary, Version


class Change(models.Model):
    """
    A change request. ``content`` is ``core.change_request.ChangeRequest`` as JSON; only ``desk`` writes it.

    ``reference`` is what people say, such as CR-2026-001; ``version`` is what its release made.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="changes")
    library = models.ForeignKey(DrugLibrary, on_delete=models.PROTECT, related_name="changes")
    draft = models.OneToOneField(Draft, on_delete=models.PROTECT, related_name="change", null=True, blank=True)
    version = models.OneToOneField(Version, on_delete=models.PROTECT, related_name="change", null=True, blank=True)
    reference = models.CharField(max_length=20)
    title = models.CharField(max_length=200)
    stage = models.CharField(max_length=30, choices=[(stage.value, stage.words) for stage in Stage])
    urgency = models.CharField(max_length=20)
    proposer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    moved_at = models.DateTimeField()
    content = models.JSONField()

    class Meta:
        ordering: ClassVar = ["-opened_at"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "reference"], name="reference_once")]

    def __str__(self) -> str:
        return f"{self.reference} {self.title}"


class Comment(models.Model):
    """What somebody said at a change, or at one entry of it; never changed, never deleted."""

    change = models.ForeignKey(Change, on_delete=models.PROTECT, related_name="comments")
    entry = models.CharField(max_length=240, blank=True)
    text = models.TextField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["at"]

    def __str__(self) -> str:
        return f"{self.change.reference}: {self.text[:40]}"


class Evidence(models.Model):
    """Something that was found about a change and stays with it: a replay, a review, a file's hash."""

    class Kind(models.TextChoices):
        REPLAY = "replay"
        REVIEW = "review"
        DOCUMENT = "document"

    class State(models.TextChoices):
        ASKED = "asked"
        WORKING = "working"
        DONE = "done"
        FAILED = "failed"

    change = models.ForeignKey(Change, on_delete=models.PROTECT, related_name="evidence")
    kind = models.CharField(max_length=20, choices=Kind)
    title = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State, default=State.DONE)
    done = models.PositiveSmallIntegerField(default=0)
    content = models.JSONField(default=dict)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["-at"]

    def __str__(self) -> str:
        return f"{self.change.reference}: {self.title}"


class Candidate(models.Model):
    """
    The library that a change would release, looked at once: its hash, its label, and what review finds.

    ``lint_errors`` counts errors whoever accepted them; ``findings`` holds each error, and whatever else is said of an
    item that the draft changes. ``fingerprint`` stands for the base and every saved item of the draft, so that an
    edited draft is another candidate.
    """

    change = models.ForeignKey(Change, on_delete=models.PROTECT, related_name="candidates")
    fingerprint = models.CharField(max_length=64)
    asked_at = models.DateTimeField()
    sha256 = models.CharField(max_length=64, blank=True)
    label = models.CharField(max_length=40, blank=True)
    lint_errors = models.PositiveIntegerField(null=True)
    findings = models.JSONField(default=list)
    fault = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["change", "fingerprint"], name="candidate_once")]

    def __str__(self) -> str:
        return f"{self.change.reference}: {self.sha256[:12] or self.fault or 'being looked at'}"


class Declared(models.Model):
    """What somebody whose it is declared about the library to be released; the last word on a subject counts."""

    change = models.ForeignKey(Change, on_delete=models.PROTECT, related_name="declared")
    subject = models.CharField(max_length=120)
    library = models.CharField(max_length=64)
    content = models.JSONField()
    reason = models.TextField()
    evidence = models.TextField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=40)
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"{self.change.reference}: {self.subject}"


class Proven(models.Model):
    """How the giver of one signature showed that it was they, and the SHA-256 of what was signed."""

    change = models.ForeignKey(Change, on_delete=models.PROTECT, related_name="proven")
    to = models.CharField(max_length=30)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    method = models.CharField(max_length=40)
    shown_at = models.DateTimeField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"{self.change.reference} {self.to}, {self.by.name}"
