"""HTTP for a pump's agent: fetches signed files, going on where a connection broke; posts reports and events."""

import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

import msgspec
import urllib3
from tuf.api.exceptions import DownloadError, DownloadHTTPError, SlowRetrievalError
from tuf.ngclient import FetcherInterface
from urllib3.exceptions import HTTPError, NameResolutionError, NewConnectionError, SSLError
from urllib3.exceptions import TimeoutError as TooSlowError

from openinfusion.core.errors import OperatorError
from openinfusion.fleet.agent import Source

_CHUNK = 64 * 2**10
_MOST_ANSWER = 64 * 2**10
_FRUITLESS = 3
"""How often in a row a connection may break without one more byte."""


class NoAnswerError(OperatorError):
    """A server cannot be reached, or does not answer as a server of pumps does."""


class NotTakenError(NoAnswerError):
    """A server answered that it does not take what was sent, and why."""

    def __str__(self) -> str:
        """Return it as one sentence: what the server did, and the reason that it gave."""
        return f"{self.where}: {self.found}; {self.expected}"


@dataclass(frozen=True, slots=True)
class Reply:
    """
    What a server answered to a report.

    Attributes:
        body: its bytes, for the agent.
        objections: why it did not accept the report, in its words; none where it did.

    """

    body: bytes
    objections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait, in seconds: for a connection or the next bytes, and for a whole file."""

    gap: float = 20.0
    whole: float = 600.0


USUAL_PATIENCE = Patience()


def make_pool(context: ssl.SSLContext | None = None) -> urllib3.PoolManager:
    """Return connections for an agent; ``context`` says whom they believe and how the pump proves who it is."""
    return urllib3.PoolManager(ssl_context=context, headers={"Accept-Encoding": "identity"}, retries=False)


class HttpFetcher(FetcherInterface):
    """Fetches over HTTP; what is behind it need not be trusted, for every file is checked by what was signed of it."""

    def __init__(self, pool: urllib3.PoolManager, patience: Patience = USUAL_PATIENCE) -> None:
        self._pool, self._patience = pool, patience
        self._open: urllib3.BaseHTTPResponse | None = None

    def close(self) -> None:
        """Let go of a response that nobody read to its end; the next fetch does so too."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def _fetch(self, url: str) -> Iterator[bytes]:
        response = self._get(url, 0)
        if response.status != HTTPStatus.OK:
            response.close()
            raise DownloadHTTPError(f"HTTP status {response.status}", response.status)
        return self._whole(url, response)

    def _get(self, url: str, begin: int) -> urllib3.BaseHTTPResponse:
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={begin}-"} if begin else {})
        timeout = urllib3.Timeout(self._patience.gap)
        self.close()
        try:
            self._open = self._pool.request("GET", url, preload_content=False, timeout=timeout, headers=headers)
        except HTTPError as error:
            is_slow = isinstance(error, TooSlowError) and not isinstance(error, NewConnectionError)
            kind = SlowRetrievalError if is_slow else DownloadError
            raise kind(_words(error, self._patience.gap)) from error
        return self._open

    def _whole(self, url: str, response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
        """Yield the bytes of a file; a connection that breaks is made again, from the byte where it broke."""
        got = fruitless = 0
        until = time.monotonic() + self._patience.whole
        while True:
            begun = got
            try:
                while chunk := response.read1(_CHUNK):
                    got += len(chunk)
                    yield chunk
                    if time.monotonic() > until:
                        raise SlowRetrievalError(f"not whole within {self._patience.whole} s")
            except (HTTPError, OSError) as error:
                fruitless = 0 if got > begun else fruitless + 1
                if fruitless == _FRUITLESS:
                    raise _broken(error, got) from error
            else:
                return
            finally:
                response.close()
            response = self._resumed(url, got)

    def _resumed(self, url: str, got: int) -> urllib3.BaseHTTPResponse:
        response = self._get(url, got)
        begins = response.headers.get("Content-Range", "").startswith(f"bytes {got}-")
        if got and not (response.status == HTTPStatus.PARTIAL_CONTENT and begins):
            response.close()
            raise DownloadError(f"the connection broke after {got:,} bytes, and the server does not go on from there")
        return response


def _broken(error: Exception, got: int) -> DownloadError:
    if isinstance(error, TooSlowError):
        return SlowRetrievalError(f"nothing came after {got:,} bytes")
    return DownloadError(f"the connection broke after {got:,} bytes")


def _answer_in(response: urllib3.BaseHTTPResponse, *, until: float) -> bytes:
    """Return what a server answers; raises TimeoutError where it is not there by then, however often a byte comes."""
    answer = b""
    while len(answer) < _MOST_ANSWER and (chunk := response.read1(_MOST_ANSWER - len(answer))):
        answer += chunk
        if time.monotonic() > until:
            raise TimeoutError
    return answer


class FleetServer:
    """The server of a fleet, as a pump speaks to it."""

    def __init__(self, base: str, pool: urllib3.PoolManager, patience: Patience = USUAL_PATIENCE) -> None:
        self._base, self._pool, self._patience = base.rstrip("/"), pool, patience

    @property
    def source(self) -> Source:
        """Where its signed files lie."""
        return Source(HttpFetcher(self._pool, self._patience), f"{self._base}/tuf")

    def report(self, pump: str, report: bytes) -> Reply:
        """Return what it answers to a report, be it accepted or not; raises NoAnswerError, NotTakenError."""
        status, body = self._post(pump, "report", report, taken=(HTTPStatus.OK, HTTPStatus.CONFLICT))
        return Reply(body) if status == HTTPStatus.OK else Reply(body, _objections(body))

    def events(self, pump: str, batch: bytes) -> bytes:
        """Return what it answers to events; raises NoAnswerError, NotTakenError."""
        return self._post(pump, "events", batch, taken=(HTTPStatus.OK,))[1]

    def _post(self, pump: str, what: str, body: bytes, *, taken: tuple[HTTPStatus, ...]) -> tuple[int, bytes]:
        url = f"{self._base}/fleet/v1/pumps/{quote(pump, safe='')}/{what}"
        headers, timeout = {"Content-Type": "application/json"}, urllib3.Timeout(self._patience.gap)
        until = time.monotonic() + self._patience.whole
        try:
            response = self._pool.request(
                "POST", url, body=body, headers=headers, timeout=timeout, preload_content=False
            )
            with response:
                answer = _answer_in(response, until=until)
        except (HTTPError, OSError) as error:
            expected = "a server of pumps that can be reached"
            raise NoAnswerError(where=url, found=_words(error, self._patience.gap), expected=expected) from error
        if response.status not in taken:
            raise _not_taken(self._base, what, answer, status=response.status)
        return response.status, answer


def _words(error: Exception, gap: float) -> str:
    """Say why there is no answer, in the words of whoever looks after the network."""
    if isinstance(error, SSLError):
        return f"a connection that TLS does not let through ({error}): see the certificates and the clock"
    if isinstance(error, NameResolutionError):
        return "no connection: the name of the server is not known to the network"
    if isinstance(error, NewConnectionError):
        return "no connection: nothing answers at that address and port"
    if isinstance(error, TooSlowError | TimeoutError):
        return f"no answer in time ({gap:g} s without a byte, or too long as a whole)"
    return f"a connection that broke ({type(error).__name__})"


# --- What a server says of what it does not take ----------------------------------------------------------------------


class _Told(msgspec.Struct):
    where: str = ""
    found: str = ""
    expected: str = ""


class _Refused(msgspec.Struct):
    refused: _Told


class _Finding(msgspec.Struct):
    words: str


class _Judged(msgspec.Struct):
    findings: list[_Finding]


_MEANINGS = {
    400: "it cannot read it",
    401: "it does not know who asks: see the certificate of this pump (--certificate)",
    403: "it does not let whoever asks speak for this pump",
    404: "it does not know this pump, or is no server of pumps",
    413: "it is too long for it",
    429: "it is asked too often",
    503: "it takes nothing at present; the agent comes again",
    507: "it has no room; the agent comes again",
}


def _not_taken(base: str, what: str, answer: bytes, *, status: int) -> NotTakenError:
    meaning = _MEANINGS.get(status, "it does not answer as a server of pumps does")
    try:
        told = msgspec.json.decode(answer, type=_Refused).refused
    except (msgspec.DecodeError, ValueError, RecursionError):
        reason = "it gives no reason"
    else:
        reason = f"it says: {told.where}: found {told.found}; expected {told.expected}"
    return NotTakenError(where=base, found=f"the server did not take the {what} ({status}: {meaning})", expected=reason)


def _objections(answer: bytes) -> tuple[str, ...]:
    try:
        findings = msgspec.json.decode(answer, type=_Judged).findings
    except (msgspec.DecodeError, ValueError, RecursionError):
        findings = []
    return tuple(one.words[:300] for one in findings[:10]) or ("it gives no reason",)
