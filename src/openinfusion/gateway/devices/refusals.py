"""Why a request is refused: each with its status of HTTP, in words for whoever reads the log of a pump."""

from openinfusion.core.errors import OpenInfusionError, OperatorError, SenderError
from openinfusion.gateway.devices.database import FullError
from openinfusion.gateway.store import NotNowError

RETRY_SECONDS = 30


class RefusalError(OpenInfusionError):
    """
    A request that is not done.

    Args:
        status: of HTTP.
        retry: seconds after which it may be tried again, if it may.

    """

    def __init__(self, status: int, *, where: str, found: str, expected: str, retry: int | None = None) -> None:
        super().__init__(where=where, found=found, expected=expected)
        self.status = status
        self.retry = retry


def refusal_of(error: OpenInfusionError) -> RefusalError:
    """Return the refusal that an error of the project is for whoever sent the request."""
    if isinstance(error, RefusalError):
        return error
    if isinstance(error, NotNowError):
        # What is wrong with the disk is for the operator's log, not for the network.
        status = 507 if isinstance(error, FullError) else 503
        expected = "to come again later: nothing of this was kept"
        return RefusalError(status, where="device API", found="no room now", expected=expected, retry=RETRY_SECONDS)
    if isinstance(error, OperatorError):
        expected = "a person to look at the log of the server"
        return RefusalError(503, where="device API", found="a fault here", expected=expected, retry=RETRY_SECONDS)
    status = 400 if isinstance(error, SenderError) else 500
    return RefusalError(status, where=error.where, found=error.found, expected=error.expected)
