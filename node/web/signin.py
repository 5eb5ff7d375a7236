"""Signing in and out: the only pages that the shell itself answers."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from node.sentence import say
from node.web.forms import Form, check_origin, read_form
from node.web.language import COOKIE, COOKIE_LIFETIME, LANGUAGES
from node.web.render import render
from node.web.session import SESSIONS, safe_path, session_of

# Who signs in by a name and a password, as a member's id; None, and what is wrong stands in the form.
Enter = Callable[[web.Request, Form], Awaitable[str | None]]
PASSKEYS: web.AppKey[bool] = web.AppKey("passkeys", bool)  # whether members may sign in by one at this origin
ENTER: web.AppKey[Enter] = web.AppKey("enter", Callable)  # type: ignore[type-abstract]


def _view(request: web.Request, form: Form, then: str) -> dict[str, object]:
    return {"form": form, "then": then, "members": ENTER in request.app, "passkeys": request.app.get(PASSKEYS, False)}


def _page(request: web.Request, form: Form, then: str) -> web.Response:
    return render(request, "sign_in.html", _view(request, form, then), form.status)


async def show(request: web.Request) -> web.Response:
    """GET /sign-in?then=/path."""
    then = safe_path(request.query.get("then", "/"))
    if session_of(request).signed_in:
        raise web.HTTPSeeOther(then)
    return _page(request, Form(), then)


async def sign_in(request: web.Request) -> web.Response:
    """POST /sign-in with `then` and a member's `name` and `password`, or `passkey`, or the operator's `token`."""
    form = await read_form(request, signed_in=False)
    then = safe_path(form.value("then"))
    if form.value("token").strip() or ENTER not in request.app:
        value = await _by_token(request, form)
    else:
        member = await request.app[ENTER](request, form)
        value = await request.app[SESSIONS].open(member, _agent(request)) if member is not None else None
    if value is None:
        return _page(request, form, then)
    raise await entered(request, value, then)


async def _by_token(request: web.Request, form: Form) -> str | None:
    token = form.line("token", say("Token"), required=True, most=500)
    value = await request.app[SESSIONS].sign_in(token, _agent(request)) if form.ok else None
    if value is None and form.ok:
        form.wrong("token", say("Token"), say("This is not the token of this node. Please copy it again, whole."))
    return value


async def entered(request: web.Request, value: str, then: str) -> web.HTTPSeeOther:
    """The way on for whoever has a new session; the one that this browser had ends (session fixation)."""
    sessions = request.app[SESSIONS]
    if before := request.cookies.get(sessions.cookie):
        await sessions.sign_out(before)
    response = web.HTTPSeeOther(then)
    sessions.give(response, value)
    return response


def _agent(request: web.Request) -> str:
    return request.headers.get("User-Agent", "")


async def speak(request: web.Request) -> web.Response:
    """POST /language with `language` and `then`: from now on this browser is spoken to so. It changes nothing else."""
    check_origin(request)
    form = await read_form(request, signed_in=False)
    response = web.HTTPSeeOther(safe_path(form.value("then")))
    code = form.value("language")
    if code in LANGUAGES:
        response.set_cookie(COOKIE, code, max_age=COOKIE_LIFETIME, path="/", httponly=True, samesite="Lax")
    raise response


async def sign_out(request: web.Request) -> web.Response:
    """POST /sign-out. The origin check alone guards it: a forged one would only sign its victim out."""
    check_origin(request)
    sessions = request.app[SESSIONS]
    if value := request.cookies.get(sessions.cookie):
        await sessions.sign_out(value)
    response = web.HTTPSeeOther("/?said=signed-out")
    sessions.take(response)
    raise response
