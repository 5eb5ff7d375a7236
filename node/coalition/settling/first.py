"""The way in for the first coordinator: one link that the machine prints until it was used.

The link's secret follows from the machine's own (keystore.seal), so it is printed again by each start and is void once
anybody has become a member, or the machine's tokens were revoked. It makes a member and nothing else: what comes after
is done by that member, with their own right.
"""

import hmac
from base64 import urlsafe_b64encode

from aiohttp import web

from node.coalition.people.joining import Joining, join_page, wrong_newcomer
from node.coalition.people.links import Seal
from node.coalition.permissions import ROLES
from node.coalition.settling import store
from node.gate.desk import Desk
from node.gate.handler import Who
from node.sentence import say
from node.storage.contract import Reads
from node.web.forms import Form, read_form
from node.web.language import LANGUAGES
from node.web.problem import Refused
from node.web.render import render
from protocol.errors import Reason


def first_path(seal: Seal) -> str:
    """The link's path."""
    return f"/first/{urlsafe_b64encode(seal('first coordinator')[:24]).decode()}"


def is_open(reads: Reads) -> bool:
    """Nobody came by it yet."""
    return not store.begun(reads)


class First:
    def __init__(self, desk: Desk, joining: Joining, seal: Seal) -> None:
        self._desk = desk
        self._joining = joining
        self._seal = seal

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/first/{secret}", self.language),
            web.get("/first/{secret}/you", self.show),
            web.post("/first/{secret}/you", self.begin),
        ]

    async def _check(self, request: web.Request) -> None:
        path = f"/first/{request.match_info['secret']}"
        if not hmac.compare_digest(path.encode(), first_path(self._seal).encode()):
            raise Refused(Reason.NOT_FOUND)
        if not await self._desk.storage.read(is_open):
            raise Refused(Reason.GONE, say("This coalition has begun. Sign in, or ask a coordinator to invite you."))

    async def language(self, request: web.Request) -> web.StreamResponse:
        """The first question, and the only one on its page."""
        await self._check(request)
        if len(LANGUAGES) == 1:
            raise web.HTTPSeeOther(f"{request.path}/you")
        return render(request, "first.html", {"then": f"{request.path}/you"})

    async def show(self, request: web.Request) -> web.StreamResponse:
        await self._check(request)
        return self._page(request, Form())

    def _page(self, request: web.Request, form: Form) -> web.StreamResponse:
        view: dict[str, object] = {
            "role": ROLES["coordinator"], "practice": "", "recovering": False, "name": "", "sign_in": "",
            "expires": None,
        }  # fmt: skip
        return join_page(request, form, view)

    async def begin(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request, signed_in=False)
        await self._check(request)
        newcomer = await self._joining.newcomer(form)
        if newcomer is not None:
            outcome = await self._desk.gate.perform(newcomer, Who())
            if outcome.done:
                return await self._joining.enter_as(request, newcomer.member, "/settings/next")
            wrong_newcomer(form, outcome)
        return self._page(request, form)
