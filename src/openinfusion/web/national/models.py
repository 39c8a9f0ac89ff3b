"""National issues and overlays as rows: thin ones around the values of ``core.overlay``."""

from typing import ClassVar

from django.db import models

from openinfusion.core.overlay import RowState
from openinfusion.web.accounts.models import Organisation, User
from openinfusion.web.library.models import DrugLibrary, Version


class NationalIssue(models.Model):
    """A version of a national library that its body has published: from then on others may see and adopt it."""

    version = models.OneToOneField(Version, on_delete=models.PROTECT, related_name="issue")
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)

    class Meta:
        ordering: ClassVar = ["-published_at"]

    def __str__(self) -> str:
        return str(self.version)


class Adoption(models.Model):
    """How an organisation's library follows from a national issue; ``about`` is the overlay without its rows."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="adoptions")
    library = models.OneToOneField(DrugLibrary, on_delete=models.PROTECT, related_name="adoption")
    issue = models.ForeignKey(NationalIssue, on_delete=models.PROTECT, related_name="adoptions")
    about = models.JSONField()
    begun_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.library.name} from {self.issue}"


class OverlayRow(models.Model):
    """One row of an overlay: ``content`` is ``core.overlay.Row``; beside it what lists ask for."""

    adoption = models.ForeignKey(Adoption, on_delete=models.CASCADE, related_name="rows")
    content = models.JSONField()
    state = models.CharField(max_length=30, choices=[(one.value, one.value.replace("_", " ")) for one in RowState])
    label = models.CharField(max_length=300)
    care_area = models.CharField(max_length=80, blank=True)
    is_undecided = models.BooleanField()
    is_approved = models.BooleanField()
    became = models.CharField(max_length=120, blank=True)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-is_undecided", "is_approved", "label", "pk"]

    def __str__(self) -> str:
        return self.label


class DeviationsPublished(models.Model):
    """What an organisation told a national body of its deviations: codes and values, no person."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="deviations_told")
    issue = models.ForeignKey(NationalIssue, on_delete=models.PROTECT, related_name="deviations")
    content = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-at"]

    def __str__(self) -> str:
        return f"{self.organisation.name} on {self.issue}"
