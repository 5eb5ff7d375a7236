"""Signing in and out: the only pages that the shell itself answers."""

from aiohttp import web

from node.web.forms import Form, check_origin, read_form
from node.web.language import COOKIE, COOKIE_LIFETIME, LANGUAGES
from node.web.render import render
from node.web.session import SESSIONS, safe_path, session_of


def _page(request: web.Request, form: Form, then: str) -> web.Response:
    return render(request, "sign_in.html", {"form": form, "then": then}, form.status)


async def show(request: web.Request) -> web.Response:
    """GET /sign-in?then=/path."""
    then = safe_path(request.query.get("then", "/"))
    if session_of(request).signed_in:
        raise web.HTTPSeeOther(then)
    return _page(request, Form(), then)


async def sign_in(request: web.Request) -> web.Response:
    """POST /sign-in with `token` and `then`."""
    form = await read_form(request, signed_in=False)
    then = safe_path(form.value("then"))
    token = form.line("token", "Token", required=True, most=500)
    value = await request.app[SESSIONS].sign_in(token, request.headers.get("User-Agent", "")) if form.ok else None
    if value is None:
        if form.ok:
            form.wrong("token", "Token", "This is not the token of this node. Please copy it again, whole.")
        return _page(request, form, then)
    response = web.HTTPSeeOther(then)
    request.app[SESSIONS].give(response, value)
    raise response


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
