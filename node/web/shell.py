"""Puts the shell around an application: middlewares, headers, static files, signing in."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from node.clock import Clock
from node.storage.contract import Reads, Storage
from node.web import headers, packing, problem, session, signin, static
from node.web.render import SHELL, Shell, environment
from node.web.things import Site


def install(
    app: web.Application,
    *,
    site: Callable[[], Site],
    storage: Storage,
    clock: Clock,
    verify: Callable[[str], Awaitable[bool]],
    seal: Callable[[str], bytes] | None = None,
    reader: Callable[[Reads, str], session.Reader | None] | None = None,
    enter: signin.Enter | None = None,
    passkeys: bool = False,
) -> Shell:
    """Call it once, before the rooms add their routes. `verify`: is this the operator's token?

    `seal` and `reader`: see session.Sessions; `enter`: see signin.Enter; passkeys: it knows passkeys too.
    """
    files = static.load()
    shell = Shell(site, clock, environment(files))
    app[SHELL] = shell
    app[static.FILES] = files
    given: dict[str, Any] = {name: value for name, value in (("seal", seal), ("reader", reader)) if value is not None}
    app[session.SESSIONS] = session.Sessions(storage, clock, verify, site().origin, **given)
    if enter is not None:
        app[signin.ENTER] = enter
        app[signin.PASSKEYS] = passkeys
    app.middlewares.extend((packing.middleware, problem.middleware, session.middleware))
    app.on_response_prepare.append(headers.secure)
    app.router.add_get("/static/{name}", static.serve)
    app.router.add_get("/sign-in", signin.show, name="sign_in")
    app.router.add_post("/sign-in", signin.sign_in)
    app.router.add_post("/sign-out", signin.sign_out)
    app.router.add_post("/language", signin.speak)
    return shell
