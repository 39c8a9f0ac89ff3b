"""What people found when they tested a port or an access point; each test stays, and the newest counts."""

from typing import ClassVar

from django.db import models

from openinfusion.web.accounts.models import Organisation, User


class PlaceTest(models.Model):
    """One test of one port or access point; never changed."""

    class Kind(models.TextChoices):
        PORT = "port", "port"
        ACCESS_POINT = "access point", "access point"

    class Result(models.TextChoices):
        WORKS = "works", "works"
        WEAK = "weak", "weak"
        DEAD = "dead", "dead"

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="network_tests")
    kind = models.CharField(max_length=12, choices=Kind)
    name = models.CharField(max_length=100)
    ward = models.CharField(max_length=100)
    bed_space = models.CharField(max_length=100, blank=True)
    result = models.CharField(max_length=5, choices=Result)
    note = models.CharField(max_length=200, blank=True)
    tested_on = models.DateField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["ward", "bed_space", "kind", "name", "-tested_on", "-pk"]
        indexes: ClassVar = [models.Index(fields=["organisation", "kind", "name"])]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.result}"
