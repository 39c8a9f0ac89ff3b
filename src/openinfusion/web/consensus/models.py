"""
Finding consensus, as rows: thin ones around the values of ``core.consensus``.

A discrepancy is one attribute of a drug in the care areas that it affects. Nothing here is ever deleted: a position
taken, a round closed, a decision made and a control verified stay as they were.
"""

from typing import ClassVar

from django.db import models

from openinfusion.core.consensus import Choice, ControlStatus, Preference, Profession, SourceKind
from openinfusion.web.accounts.models import Organisation, User
from openinfusion.web.library.models import DrugLibrary, Version


class SourceLibrary(models.Model):
    """A library that an organisation lays beside its own; ``areas`` gives for each of its care areas those here."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="source_libraries")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=60)
    citation = models.CharField(max_length=400)
    areas = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["kind", "citation"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "version"], name="source_library_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.citation})"


class Discrepancy(models.Model):
    """
    What sources say otherwise of one attribute of a drug, and is to be decided for some care areas.

    ``proposal`` is the value that the rounds ask about, in JSON with its kind; ``proposal_words`` says it.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="discrepancies")
    library = models.ForeignKey(DrugLibrary, on_delete=models.PROTECT, related_name="discrepancies")
    reference = models.CharField(max_length=20)
    drug = models.CharField(max_length=120)
    attribute = models.CharField(max_length=120)
    areas = models.JSONField()
    proposal = models.JSONField()
    proposal_words = models.CharField(max_length=400)
    raised_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    raised_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-raised_at", "-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["organisation", "reference"], name="discrepancy_reference_once")
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.drug}, {self.attribute}"


class SourceStatement(models.Model):
    """What one source said when it was looked into; ``value`` in JSON with its kind, ``words`` as a screen shows it."""

    discrepancy = models.ForeignKey(Discrepancy, on_delete=models.PROTECT, related_name="statements")
    care_area = models.CharField(max_length=80)
    kind = models.CharField(max_length=60, choices=[(one.value, one.value) for one in SourceKind])
    citation = models.CharField(max_length=400)
    value = models.JSONField()
    words = models.CharField(max_length=400)
    therapy = models.CharField(max_length=120, blank=True)
    note = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["care_area", "kind", "pk"]

    def __str__(self) -> str:
        return f"{self.kind}: {self.words}"


class RoundHeld(models.Model):
    """A round: who was asked, as account, role and care area, and when it was opened and closed."""

    discrepancy = models.ForeignKey(Discrepancy, on_delete=models.PROTECT, related_name="rounds")
    number = models.PositiveSmallIntegerField()
    asked = models.JSONField()
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["discrepancy", "number"], name="round_once")]

    def __str__(self) -> str:
        return f"{self.discrepancy.reference}, round {self.number}"


class PositionTaken(models.Model):
    """What one person said in a round; shown by role and care area, never by name."""

    round = models.ForeignKey(RoundHeld, on_delete=models.PROTECT, related_name="positions")
    voter = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=60)
    profession = models.CharField(max_length=20, choices=[(one.value, one.value) for one in Profession])
    care_area = models.CharField(max_length=80)
    agrees = models.BooleanField()
    reason = models.TextField(blank=True)
    score = models.PositiveSmallIntegerField(null=True, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["care_area", "profession"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["round", "voter"], name="one_position_each")]

    def __str__(self) -> str:
        return f"{self.round}: {self.role}, {self.care_area}"


class DecisionMade(models.Model):
    """What the committee decided on a discrepancy, signed; ``value`` in JSON with its kind, dissent word for word."""

    discrepancy = models.OneToOneField(Discrepancy, on_delete=models.PROTECT, related_name="decision")
    choice = models.CharField(max_length=30, choices=[(one.value, one.value) for one in Choice])
    value = models.JSONField(null=True)
    words = models.CharField(max_length=400)
    rationale = models.TextField()
    dissent = models.JSONField()
    residual_hazard = models.TextField(blank=True)
    body = models.CharField(max_length=120)
    review_on = models.DateField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    signed_with = models.CharField(max_length=40)
    signed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.discrepancy.reference}: {self.choice}"


class HazardOpened(models.Model):
    """A hazard that a decision re-opened for a drug in some care areas; it is closed by a later decision alone."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="hazards_opened")
    library = models.ForeignKey(DrugLibrary, on_delete=models.PROTECT, related_name="hazards_opened")
    decision = models.OneToOneField(DecisionMade, on_delete=models.PROTECT, related_name="hazard")
    hazard = models.CharField(max_length=20)
    drug = models.CharField(max_length=120)
    areas = models.JSONField()
    because = models.TextField()
    opened_at = models.DateTimeField()
    due = models.DateField()
    residual = models.PositiveSmallIntegerField(null=True, blank=True)
    justification = models.TextField(blank=True)
    rated_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(DecisionMade, on_delete=models.PROTECT, related_name="+", null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-opened_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.hazard} {self.drug}"


class ControlRecorded(models.Model):
    """What is done about an open hazard; whoever proposed it does not verify it."""

    hazard = models.ForeignKey(HazardOpened, on_delete=models.PROTECT, related_name="controls")
    preference = models.PositiveSmallIntegerField(choices=[(one.value, one.name.lower()) for one in Preference])
    text = models.TextField()
    status = models.CharField(max_length=20, choices=[(one.value, one.value) for one in ControlStatus])
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    evidence = models.TextField(blank=True)
    verified_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["proposed_at", "pk"]

    def __str__(self) -> str:
        return self.text[:80]
