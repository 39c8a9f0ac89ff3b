"""
Drug libraries as rows.

A version is kept whole, as its canonical bytes. Besides, each item of it (an entry, a drug, a care area, an advisory)
lies in a *span*: its content from the first version that held it so to the last. The items of version 7 are the spans
that begin at 7 or before and have not ended before 7; the history of an entry is its spans in order.
"""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from openinfusion.core.roles import Role
from openinfusion.web.accounts.models import Organisation, User


class Part(models.TextChoices):
    """The parts of a library that have ids."""

    ENTRY = "entry"
    DRUG = "drug"
    CARE_AREA = "care_area"
    ADVISORY = "advisory"
    ABOUT = "about"


class DrugLibrary(models.Model):
    """What has versions: one library of an organisation, such as that of its adult intensive care pumps."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="libraries")
    slug = models.SlugField()
    name = models.CharField(max_length=120)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "slug"], name="library_once")]

    def __str__(self) -> str:
        return self.name


class Version(models.Model):
    """
    One version of a library, never changed once made.

    ``number`` counts from 1 within the library; ``label`` is the version that people say. ``origin`` tells whether it
    came by a change request, from a file, or from a national library; what came from a file is approved by nobody.
    """

    class Origin(models.TextChoices):
        IMPORTED = "imported"
        CHANGE = "change"
        ADOPTED = "adopted"

    library = models.ForeignKey(DrugLibrary, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    label = models.CharField(max_length=40)
    sha256 = models.CharField(max_length=64, db_index=True)
    content = models.BinaryField()
    origin = models.CharField(max_length=20, choices=Origin)
    made_at = models.DateTimeField(default=timezone.now)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)
    implemented_at = models.DateTimeField(null=True, blank=True)
    not_for_clinical_use = models.BooleanField(default=True)
    note = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["library", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["library", "number"], name="version_number_once"),
            models.UniqueConstraint(fields=["library", "label"], name="version_label_once"),
        ]

    def __str__(self) -> str:
        return f"{self.library.name} {self.label}"


class SpanQuerySet(models.QuerySet["Span"]):
    """Spans, by version."""

    def at(self, version: Version) -> "SpanQuerySet":
        """Return the items of one version."""
        return self.filter(library_id=version.library_id, first__lte=version.number).filter(
            Q(last=None) | Q(last__gte=version.number)
        )


class Span(models.Model):
    """The content of one item of a library from version ``first`` to version ``last`` (still standing: none)."""

    library = models.ForeignKey(DrugLibrary, on_delete=models.PROTECT, related_name="spans")
    part = models.CharField(max_length=12, choices=Part)
    item = models.CharField(max_length=240)
    first = models.PositiveIntegerField()
    last = models.PositiveIntegerField(null=True)
    content = models.JSONField()
    # What lists and filters ask of entries, so that nobody parses five thousand of them to show twenty.
    drug = models.CharField(max_length=120, blank=True)
    care_area = models.CharField(max_length=120, blank=True)
    kind = models.CharField(max_length=20, blank=True)
    words = models.CharField(max_length=400, blank=True)
    objects = SpanQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["library", "part", "item", "first"], name="span_once"),
            models.CheckConstraint(condition=Q(last=None) | Q(last__gte=F("first")), name="span_in_order"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["library", "part", "first", "last"]),
            models.Index(fields=["library", "part", "drug"]),
            models.Index(fields=["library", "part", "care_area"]),
        ]

    def __str__(self) -> str:
        return f"{self.item} from {self.first}"


class Comparison(models.Model):
    """What changed from one version to another of the same library: computed once, since versions never change."""

    old = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="+")
    new = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="comparisons")
    counts = models.JSONField()
    changes = models.JSONField()
    entries_unchanged = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["old", "new"], name="comparison_once")]

    def __str__(self) -> str:
        return f"{self.old} -> {self.new}"


class Reviewed(models.Model):
    """That the rules of review were run over a version, and on which day: what is overdue depends on it."""

    version = models.OneToOneField(Version, on_delete=models.CASCADE, related_name="reviewed")
    on = models.DateField()
    rules = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.version} on {self.on}"


class Finding(models.Model):
    """One thing that review found in a version; ``rank`` is the order of gravity, ``field`` the path in the item."""

    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="findings")
    rank = models.PositiveIntegerField()
    rule = models.CharField(max_length=12)
    severity = models.CharField(max_length=10)
    item = models.CharField(max_length=240, blank=True)
    field = models.CharField(max_length=240, blank=True)
    path = models.CharField(max_length=200)
    place = models.CharField(max_length=400)
    message = models.TextField()

    class Meta:
        ordering: ClassVar = ["rank"]
        indexes: ClassVar = [models.Index(fields=["version", "item"]), models.Index(fields=["version", "rank"])]

    def __str__(self) -> str:
        return f"{self.severity} {self.rule} {self.place}: {self.message}"


class Practice(models.Model):
    """
    What the lake of the place tells of a version: whose events, from when to when, as of which version of the lake.

    Where it cannot be read, ``fault`` says why, and there are no lines.
    """

    version = models.OneToOneField(Version, on_delete=models.CASCADE, related_name="practice")
    lake_version = models.PositiveIntegerField(null=True)
    read_at = models.DateTimeField()
    organisation = models.CharField(max_length=200, blank=True)
    purpose = models.CharField(max_length=40, blank=True)
    first = models.DateTimeField(null=True)
    last = models.DateTimeField(null=True)
    fault = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.version}, as of {self.last}"


class Programmed(models.Model):
    """
    What was programmed of one group of limits of an entry: exact values, each with how often, in the group's unit.

    ``practised`` is the same without what an alert made somebody change; ``programmes`` is how many there were.
    """

    practice = models.ForeignKey(Practice, on_delete=models.CASCADE, related_name="lines")
    item = models.CharField(max_length=240)
    path = models.CharField(max_length=60)
    unit = models.CharField(max_length=60)
    values = models.JSONField()
    practised = models.JSONField()
    programmes = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["practice", "item", "path"], name="programmed_once"),
        ]

    def __str__(self) -> str:
        return f"{self.item} {self.path}"


class Accepted(models.Model):
    """
    A decision to live with one finding: whose, why, and until when; ``message`` is the finding's own sentence.

    Where the values in the sentence change, the finding is open again, because nobody accepted the new ones.
    """

    library = models.ForeignKey(DrugLibrary, on_delete=models.PROTECT, related_name="accepted")
    rule = models.CharField(max_length=12)
    item = models.CharField(max_length=240, blank=True)
    field = models.CharField(max_length=240, blank=True)
    message = models.TextField()
    reason = models.TextField()
    role = models.CharField(max_length=40)
    until = models.DateField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["library", "item"])]

    def __str__(self) -> str:
        return f"{self.rule} {self.item} until {self.until}"


class Draft(models.Model):
    """A library in the making: a version and what is to be changed in it, item by item."""

    library = models.ForeignKey(DrugLibrary, on_delete=models.PROTECT, related_name="drafts")
    base = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="drafts")
    title = models.CharField(max_length=200)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.title


class AcceptanceProposed(models.Model):
    """
    A finding that an author proposes to live with, as part of a draft: judged with its change, kept with its release.

    ``message`` is the finding's own sentence, as in ``Accepted``; ``role`` is that under which it was proposed.
    """

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="acceptances")
    rule = models.CharField(max_length=12)
    severity = models.CharField(max_length=10)
    item = models.CharField(max_length=240, blank=True)
    field = models.CharField(max_length=240, blank=True)
    place = models.CharField(max_length=400)
    message = models.TextField()
    reason = models.TextField()
    role = models.CharField(max_length=40, default=Role.LIBRARY_PHARMACIST.value)
    until = models.DateField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["draft", "rule", "item", "message"], name="acceptance_once")
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.item} until {self.until}"


class DraftItem(models.Model):
    """
    One item of a draft that differs from its base: the new content, or none where it is taken out.

    ``revision`` counts its savings: whoever saves says which one they had before them, so that nobody's work is lost.
    """

    draft = models.ForeignKey(Draft, on_delete=models.CASCADE, related_name="items")
    part = models.CharField(max_length=12, choices=Part)
    item = models.CharField(max_length=240)
    content = models.JSONField(null=True)
    revision = models.PositiveIntegerField(default=1)
    edited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    edited_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["draft", "part", "item"], name="draft_item_once")]

    def __str__(self) -> str:
        return f"{self.part} {self.item}"
