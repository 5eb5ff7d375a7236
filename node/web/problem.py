"""A "no" said well: the same reason for machines (RFC 9457) and for people (a page), by Accept.

Absent and not visible are one answer, byte for byte. No stack, path or SQL leaves the node; the log has them. What
nobody foresaw is logged with its trace and answered as `internal`.
"""

import msgspec
import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from node.gate.handler import Outcome
from node.sentence import say
from node.storage.contract import StorageBusy, StorageError
from node.web.negotiate import PROBLEM, VARY, names_html
from node.web.render import render
from node.web.session import session_of
from protocol.errors import LocalProtocolError, ProtocolError, Reason, problem, sentence, status

_RETRY_AFTER = 30  # seconds; what is busy now is seldom busy for longer
_LATER = frozenset({Reason.FLOOD, Reason.BUSY, Reason.KEY_UNAVAILABLE})
# aiohttp's own refusals, by status.
_BY_STATUS = {
    400: Reason.MALFORMED,
    403: Reason.NOT_ALLOWED,
    404: Reason.NOT_FOUND,
    406: Reason.NOT_ACCEPTABLE,
    413: Reason.TOO_LARGE,
    415: Reason.WRONG_TYPE,
}


class Refused(Exception):
    """Raised in a page's handler: the request ends here with this reason. `detail`: one sentence, for people too."""

    def __init__(self, reason: Reason, detail: str = "", retry_after: int | None = None) -> None:
        super().__init__(detail or sentence(reason))
        self.reason = reason
        self.detail = detail
        self.retry_after = retry_after


class SignInNeeded(Exception):
    """Raised by require_session: a person is led to the sign-in page and back."""


def insist(outcome: Outcome) -> None:
    """Refused, with the outcome's reason and sentence, unless it was done."""
    if not outcome.done:
        raise Refused(outcome.reason, outcome.detail)


def require_session(request: web.Request) -> None:
    """Only for who is signed in, member or operator: raises SignInNeeded."""
    if not session_of(request).signed_in:
        raise SignInNeeded


def require_member(request: web.Request) -> str:
    """Only for members: their id. The operator's token is nobody's person."""
    require_session(request)
    if not session_of(request).member:
        raise Refused(Reason.NOT_ALLOWED, say("This page is a member's own: sign in as yourself."))
    return session_of(request).member


def answer(request: web.Request, reason: Reason, detail: str = "", retry_after: int | None = None) -> web.Response:
    """The answer to a request that is refused: a page for people, problem+json for all others."""
    code, title = status(reason), sentence(reason)
    if names_html(request.headers.get("Accept")):
        response = render(request, "problem.html", {"status": code, "title": title, "detail": detail}, code)
    else:
        body = msgspec.json.encode(problem(reason, detail))
        response = web.Response(body=body, status=code, content_type=PROBLEM)
        response.headers["Vary"] = VARY
    response.headers["Cache-Control"] = "private, no-store"
    if retry_after is not None or reason in _LATER:
        response.headers["Retry-After"] = str(retry_after or _RETRY_AFTER)
    return response


def _of_aiohttp(request: web.Request, error: web.HTTPException) -> web.Response:
    reason = _BY_STATUS.get(error.status)
    if reason is not None:
        return answer(request, reason)
    body = msgspec.json.encode({"type": "about:blank", "title": error.reason, "status": error.status})
    response = web.Response(body=body, status=error.status, content_type=PROBLEM)
    if "Allow" in error.headers:
        response.headers["Allow"] = error.headers["Allow"]
    return response


@web.middleware
async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The outermost: whatever is raised below leaves as an answer."""
    try:
        return await handler(request)
    except Refused as error:
        return answer(request, error.reason, error.detail, error.retry_after)
    except SignInNeeded:
        if request.method in ("GET", "HEAD") and names_html(request.headers.get("Accept")):
            raise web.HTTPSeeOther(request.app.router["sign_in"].url_for().with_query(then=request.path_qs)) from None
        return answer(request, Reason.NOT_ALLOWED, say("Sign in first."))
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return _of_aiohttp(request, error)
    except LocalProtocolError as error:
        structlog.get_logger().error("said what the protocol forbids", reason=error.reason, detail=error.detail)
        return answer(request, Reason.INTERNAL)
    except ProtocolError as error:
        return answer(request, error.reason, error.detail)
    except StorageBusy:
        return answer(request, Reason.BUSY)
    except StorageError as error:
        structlog.get_logger().error("the database is away", detail=str(error))
        return answer(request, Reason.BUSY)
    except Exception:
        structlog.get_logger().exception("unforeseen", method=request.method, path=request.path)
        return answer(request, Reason.INTERNAL)
