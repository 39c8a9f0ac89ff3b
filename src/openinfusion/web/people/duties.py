"""Making accounts, giving duties and ending them; each with its row in the audit record, and none deleted."""

from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string

from openinfusion.core.errors import ChangeControlError
from openinfusion.core.roles import Duty, Permission, Role, holders, why_not_given
from openinfusion.web.accounts.invitation import link
from openinfusion.web.accounts.models import HeldDuty, Organisation, User
from openinfusion.web.audit import book
from openinfusion.web.people.listening import account

_MANAGERS = [role.value for role in holders(Permission.MANAGE_PEOPLE)]


@transaction.atomic
def account_of(email: str, name: str, *, by: User | None, organisation: Organisation, at: datetime) -> User:
    """Return the account with an address, made if there is none yet; it has no password until its owner sets one."""
    found = User.objects.filter(email__iexact=email).first()
    if found is not None:
        return found
    made = User.objects.create_user(email, name=name)
    # Whoever made the account vouches for the address, and only its owner can open the mail that lets them in.
    EmailAddress.objects.create(user=made, email=made.email, verified=True, primary=True)
    book.write("make account", account(made), by=by, organisation=organisation, at=at)
    return made


@transaction.atomic
def give(duty: Duty, *, to: User, by: User | None, at: datetime, reason: str = "") -> HeldDuty:
    """
    Give a duty; without ``by`` it is whoever runs the machine.

    Raises:
        ChangeControlError: it is not this person's to give, or is held already.

    """
    if by is not None and (why := why_not_given(duty, to=str(to.pk), by=by.actor)):
        raise ChangeControlError(where=f"duty of {to}", found=str(duty), expected=f"otherwise: {why}")
    where = Organisation.objects.select_for_update(no_key=True).get(slug=duty.organisation)
    area = duty.care_area or ""
    if to.held.filter(organisation=where, role=duty.role.value, care_area=area, ended_at=None).exists():
        raise ChangeControlError(where=f"duty of {to}", found=f"{duty}, which they hold", expected="another duty")
    held = HeldDuty.objects.create(
        user=to, organisation=where, role=duty.role.value, care_area=area, given_by=by, given_at=at
    )
    _keep("give duty", held, by=by, at=at, reason=reason)
    return held


@transaction.atomic
def end(held: HeldDuty, *, by: User, at: datetime, reason: str) -> None:
    """
    End a duty; the row stays.

    Raises:
        ChangeControlError: nobody would be left who gives duties.

    """
    # One after the other: two managers who end each other's duties at the same moment would leave nobody.
    Organisation.objects.select_for_update(no_key=True).get(pk=held.organisation_id)
    locked = HeldDuty.objects.select_for_update(no_key=True).get(pk=held.pk)
    if locked.ended_at is not None:
        raise ChangeControlError(where=str(locked), found="a duty that was ended", expected="one that is held")
    if locked.role in _MANAGERS and not _managers(locked.organisation).exclude(user=locked.user).exists():
        raise ChangeControlError(
            where=str(locked),
            found="the last duty that gives and ends duties here",
            expected="another person who holds one, before this is ended",
        )
    locked.ended_at, locked.ended_by = at, by
    locked.save(update_fields=["ended_at", "ended_by"])
    _keep("end duty", locked, by=by, at=at, reason=reason)


def _managers(organisation: Organisation) -> QuerySet[HeldDuty]:
    return organisation.duties.filter(role__in=_MANAGERS, ended_at=None, user__is_active=True)


def _keep(action: str, held: HeldDuty, *, by: User | None, at: datetime, reason: str) -> None:
    role = by.actor.role_for(Permission.MANAGE_PEOPLE, organisation=held.organisation.slug) if by else None
    book.write(
        action,
        account(held.user),
        by=by,
        organisation=held.organisation,
        at=at,
        role=role.value if role else "",
        after={"role": held.role, "care_area": held.care_area, "ended": held.ended_at is not None},
        reason=f"{Role(held.role).words}{f' ({held.care_area})' if held.care_area else ''}: {reason}".rstrip(": "),
    )


@transaction.atomic
def invite(user: User, organisation: Organisation, *, by: User, at: datetime) -> None:
    """Send the mail by which somebody sets a password."""
    text = render_to_string("people/invitation.txt", {"user": user, "organisation": organisation, "link": link(user)})
    book.write("send invitation", account(user), by=by, organisation=organisation, at=at)
    send_mail(f"Your account for {organisation.name} in OpenInfusion", text, None, [user.email])


@transaction.atomic
def forget_second_factors(user: User, organisation: Organisation, *, by: User, at: datetime, reason: str) -> None:
    """
    Remove every second factor of somebody who lost theirs, and every tie to a sign-in elsewhere.

    At the next sign-in they set up another, and their address is asked of the provider anew.
    """
    Authenticator.objects.filter(user=user).delete()
    SocialAccount.objects.filter(user=user).delete()
    book.write("forget second factors", account(user), by=by, organisation=organisation, at=at, reason=reason)


@transaction.atomic
def close(user: User, organisation: Organisation, *, by: User, at: datetime, reason: str) -> None:
    """
    End every duty that somebody holds here; where none is left anywhere, nobody signs in with the account any more.

    Raises:
        ChangeControlError: nobody would be left who gives duties.

    """
    for held in user.held.filter(organisation=organisation, ended_at=None):
        end(held, by=by, at=at, reason=reason)
    if not user.held.filter(ended_at=None).exists():
        user.is_active = False
        user.save(update_fields=["is_active"])
        book.write("close account", account(user), by=by, organisation=organisation, at=at, reason=reason)
