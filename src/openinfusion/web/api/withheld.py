"""What is kept back: whoever may still check a change blind must not learn its values by way of a token."""

from openinfusion.core.change_request import ChangeRequest
from openinfusion.core.roles import Permission
from openinfusion.core.stages import Stage
from openinfusion.web.api.models import Machine

_BEFORE_CHECK = frozenset({Stage.PROPOSED, Stage.TRIAGED, Stage.AREA_REVIEW})


def is_withheld(request: ChangeRequest, by: Machine) -> bool:
    """
    Whether the values of a change are kept back from a token.

    From its proposal until a second pharmacist has checked it they are kept back from every token; in a draft, from
    those that may not edit it.
    """
    if request.stage is Stage.DRAFT:
        return Permission.EDIT_DRAFT.value not in by.token.scopes
    return request.stage in _BEFORE_CHECK
