"""Tokens of other systems. A token's secret is shown once; what is kept cannot be turned back into it."""

from typing import ClassVar

from django.db import models

from openinfusion.core.roles import Actor, Duty, Permission, Role
from openinfusion.web.accounts.models import Organisation, User


class Machine(User):
    """The account under which a token acts: it holds no duty of a person, and nobody can sign in with it."""

    class Meta:
        proxy = True

    @property
    def actor(self) -> Actor:
        """Who acts, for the rules of core: one duty, narrowed to the scopes of the token."""
        return Actor(str(self.pk), (self.token.duty,))


class Token(models.Model):
    """
    What another system shows to act in an organisation; ended or expired it stays, as those who acted by it do.

    ``asked`` is how often it asked in ``minute``, which is counted from 1970.
    """

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="tokens")
    account = models.OneToOneField(Machine, on_delete=models.PROTECT, related_name="token")
    name = models.CharField(max_length=80)
    scopes = models.JSONField()
    sha256 = models.CharField(max_length=64, unique=True)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    minute = models.BigIntegerField(default=0)
    asked = models.PositiveIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)

    class Meta:
        ordering: ClassVar = ["-made_at"]

    def __str__(self) -> str:
        return self.name

    @property
    def duty(self) -> Duty:
        """What the token may do, as core knows it."""
        rights = frozenset(Permission(one) for one in self.scopes)
        return Duty(Role.INTEGRATION, self.organisation.slug, only=rights)
