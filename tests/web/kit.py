"""A small application with the shell around it: every sample page at /pages/{name}, on a real database."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from aiohttp import web
from playwright.async_api import Browser, async_playwright

from node.storage.sqlite import open_sqlite
from node.web.forms import read_form
from node.web.problem import Refused, require_session
from node.web.render import SHELL, render
from node.web.session import SESSION, SESSIONS, Session
from node.web.shell import install
from protocol.errors import Reason

from . import samples

TOKEN = "the operator's token"
CHROMIUM = Path("/usr/bin/chromium")
_FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage"
)


class FixedClock:
    """Stands still until told."""

    def __init__(self, at: int = samples.NOW) -> None:
        self.at = at

    def now(self) -> int:
        return self.at

    def new_id(self) -> str:
        return "0" * 26

    async def wait(self, event: asyncio.Event, until: int | None) -> bool:
        return await event.wait()


class Site:
    """A served test application."""

    def __init__(self, origin: str, clock: FixedClock, app: web.Application) -> None:
        self.origin = origin
        self.clock = clock
        self.app = app

    @property
    def cookie(self) -> str:
        return self.app[SESSIONS].cookie


async def _verify(token: str) -> bool:
    return token == TOKEN


async def _page(request: web.Request) -> web.Response:
    template, view, signed_in = samples.ALL[request.match_info["name"]]
    if signed_in:
        request[SESSION] = Session(True, b"0123456789abcdef", operator=True)
    return render(request, template, view)


async def _weigh(request: web.Request) -> web.Response:
    """A form with one field, as a room would answer it."""
    form = await read_form(request)
    form.line("name", "Name", required=True, most=10)
    if not form.ok:
        return render(
            request, "connections.html", {"form": form, "questions": (), "follows": (), "followers": ()}, form.status
        )
    raise web.HTTPSeeOther("/pages/front?said=saved")


async def _private(request: web.Request) -> web.Response:
    require_session(request)
    return web.Response(text="private")


async def _refuse(request: web.Request) -> web.Response:
    raise Refused(Reason(request.match_info["reason"]))


async def _break(_request: web.Request) -> web.Response:
    raise RuntimeError("SELECT secret FROM /etc/passwd")


@asynccontextmanager
async def serve(directory: Path, origin: str = "") -> AsyncIterator[Site]:
    """The application on a free port of the loopback. `origin`: pretend to be that, as behind a proxy."""
    storage = await open_sqlite(directory)
    clock = FixedClock()
    app = web.Application()
    runner = web.AppRunner(app)
    port = _free_port()
    shown = msgspec.structs.replace(samples.SITE, origin=origin or f"http://127.0.0.1:{port}")
    install(app, site=lambda: shown, storage=storage, clock=clock, verify=_verify)
    app.router.add_get("/pages/{name}", _page)
    app.router.add_post("/weigh", _weigh)
    app.router.add_get("/private", _private)
    app.router.add_get("/refuse/{reason}", _refuse)
    app.router.add_get("/break", _break)
    assert app[SHELL].clock is clock
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield Site(f"http://127.0.0.1:{port}", clock, app)
    finally:
        await runner.cleanup()
        await storage.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=_FLAGS.split())
        try:
            yield found
        finally:
            await found.close()
