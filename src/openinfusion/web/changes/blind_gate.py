"""What keeps the new values of a change from whoever may yet be asked to check them blind."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from openinfusion.web.accounts.gate import actor_of
from openinfusion.web.changes.blind import is_hidden_from
from openinfusion.web.changes.desk import request_of
from openinfusion.web.changes.models import Change


def refuse_blind(request: HttpRequest, change: Change) -> None:
    """
    Refuse a page with new values to whoever may check them and has not; each page and answer with them asks this.

    Raises:
        PermissionDenied: the values are hidden from this person until they have checked.

    """
    if is_hidden_from(request_of(change), actor_of(request)):
        raise PermissionDenied("This is hidden until you have checked the change blind.")
