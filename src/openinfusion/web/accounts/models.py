"""People, organisations, and the duties that tie them."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.utils import timezone

from openinfusion.core.roles import Actor, Duty, Role


class Organisation(models.Model):
    """A trust, or a national body; nothing of one is seen from another unless it was published."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120, unique=True)
    is_national = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.name


class People(BaseUserManager["User"]):
    """Makes accounts."""

    def create_user(self, email: str, password: str | None = None, **said: Any) -> "User":  # noqa: ANN401 - fields
        """Return a new account, saved; without a password it can sign in only through an identity provider."""
        user = self.model(email=self.normalize_email(email).lower(), **said)
        user.set_password(password)
        user.save()
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """Return the account with this address, however its letters are typed."""
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """An account of one person."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(default=timezone.now, editable=False)
    objects: ClassVar[People] = People()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def actor(self) -> Actor:
        """Who acts, for the rules of core: the duties that are held now."""
        held = [one.duty for one in self.held.filter(ended_at=None).select_related("organisation")]
        return Actor(str(self.pk), tuple(held))

    def organisations(self) -> models.QuerySet[Organisation]:
        """Return where this person holds a duty."""
        return Organisation.objects.filter(pk__in=self.held.filter(ended_at=None).values("organisation"))


class HeldDuty(models.Model):
    """A duty that somebody holds, or held until it was ended; never deleted."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="held")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="duties")
    role = models.CharField(
        max_length=40, choices=[(role.value, role.words) for role in Role if role is not Role.INTEGRATION]
    )
    care_area = models.CharField(max_length=80, blank=True)
    given_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    given_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "organisation", "role", "care_area"], condition=Q(ended_at=None), name="one_duty_once"
            )
        ]

    def __str__(self) -> str:
        return str(self.duty)

    @property
    def duty(self) -> Duty:
        """The duty as core knows it."""
        return Duty(Role(self.role), self.organisation.slug, self.care_area or None)
