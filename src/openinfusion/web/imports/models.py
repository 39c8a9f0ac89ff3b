"""
Files that people hand in, what they say row by row, and what became of them.

The bytes of a file lie outside of the database under a name of our own (``kept``); rows tell what was read.
"""

from typing import ClassVar

from django.db import models
from django.utils import timezone

from openinfusion.web.accounts.models import Organisation, User
from openinfusion.web.library.models import Draft, DrugLibrary, Version


class ImportMapping(models.Model):
    """A layout that somebody of an organisation described; saved again under its name it is a new row."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="mappings")
    name = models.CharField(max_length=60)
    text = models.TextField()
    sha256 = models.CharField(max_length=64)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["name", "-pk"]

    def __str__(self) -> str:
        return self.name


class Upload(models.Model):
    """
    One file that was handed in, and how far it has come.

    ``library`` holds the canonical bytes of what was read, compressed; ``account`` the counts and lists beside it.
    ``onto`` is the library that it is to be a draft of, ``merged`` what that would be, and ``base`` the version it was
    compared with. ``work`` is what a worker is asked to do, ``asked_at`` when, and ``beat_at`` when one last said that
    it does it (``leases``).
    """

    class Purpose(models.TextChoices):
        LIBRARY = "library"
        READ_BACK = "read_back"

    class State(models.TextChoices):
        WAITING = "waiting"
        UNMAPPED = "unmapped"
        READ = "read"
        REFUSED = "refused"
        MADE = "made"

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="uploads")
    purpose = models.CharField(max_length=12, choices=Purpose)
    name = models.CharField(max_length=120)
    kept = models.CharField(max_length=80)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64, db_index=True)
    handed_in_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    handed_in_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=12, choices=State, default=State.WAITING)
    progress = models.CharField(max_length=160, blank=True)
    work = models.JSONField(default=list)
    asked_at = models.DateTimeField(default=timezone.now)
    beat_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    problem = models.JSONField(null=True)
    candidates = models.JSONField(default=list)
    sheets = models.JSONField(default=list)
    mapping_name = models.CharField(max_length=60, blank=True)
    mapping_text = models.TextField(blank=True)
    mapping_sha256 = models.CharField(max_length=64, blank=True)
    library = models.BinaryField(null=True)
    account = models.JSONField(default=dict)
    onto = models.ForeignKey(DrugLibrary, on_delete=models.PROTECT, null=True, related_name="+")
    base = models.ForeignKey(Version, on_delete=models.PROTECT, null=True, related_name="+")
    takes_out = models.BooleanField(default=False)
    merged = models.BinaryField(null=True)
    made_version = models.ForeignKey(Version, on_delete=models.PROTECT, null=True, related_name="uploads")
    made_draft = models.ForeignKey(Draft, on_delete=models.SET_NULL, null=True, related_name="uploads")
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["organisation", "purpose", "-handed_in_at"])]

    def __str__(self) -> str:
        return self.name

    @property
    def is_waiting(self) -> bool:
        return self.state == self.State.WAITING


class UploadRow(models.Model):
    """
    One row of a sheet: its cells as letter and text, what it became, and what is wrong with its cells.

    ``kinds`` names each kind of what is wrong, as the account of the file does, between bars.
    """

    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="rows")
    position = models.PositiveIntegerField()
    sheet = models.CharField(max_length=120)
    row = models.PositiveIntegerField()
    cells = models.JSONField()
    becomes = models.CharField(max_length=300, blank=True)
    marks = models.JSONField(default=list)
    is_marked = models.BooleanField(default=False)
    kinds = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering: ClassVar = ["position"]
        indexes: ClassVar = [models.Index(fields=["upload", "is_marked", "position"])]

    def __str__(self) -> str:
        return f"{self.sheet}, row {self.row}"


class ReadBackRecord(models.Model):
    """
    What the vendor's editor held, beside a version, or beside the draft of an approved change: kept whatever it says.

    ``sha256`` is of the canonical bytes that it was compared with, so that what was read back before a release is
    known of the version that it made. ``typed_by`` is who typed it into the editor; somebody else confirms that both
    agree.
    """

    upload = models.OneToOneField(Upload, on_delete=models.PROTECT, related_name="read_back")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="read_backs", null=True)
    draft = models.ForeignKey(Draft, on_delete=models.PROTECT, related_name="read_backs", null=True)
    label = models.CharField(max_length=40)
    sha256 = models.CharField(max_length=64, db_index=True)
    typed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    typed_by_name = models.CharField(max_length=120)
    differences = models.JSONField(default=list)
    not_compared = models.JSONField(default=list)
    entries_compared = models.PositiveIntegerField(default=0)
    compared_at = models.DateTimeField(null=True)
    confirmed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(version=None) ^ models.Q(draft=None), name="read_back_of_one_library"
            )
        ]

    def __str__(self) -> str:
        return f"{self.library.name} {self.label}, {self.upload.name}"

    @property
    def of(self) -> Version | Draft:
        """The version or the draft that it was compared with."""
        of = self.version or self.draft
        assert of is not None  # noqa: S101 - the database holds that there is one of the two
        return of

    @property
    def library(self) -> DrugLibrary:
        """The library that it speaks of."""
        return self.of.library
