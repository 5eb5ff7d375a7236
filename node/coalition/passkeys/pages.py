"""Adding and removing passkeys on one's own page, and signing in by one. Without script neither is there: a browser
has no other way to its authenticator.
"""

import structlog
from aiohttp import web

from node.coalition.passkeys import store
from node.coalition.passkeys.ceremony import Ceremony, Wrong
from node.coalition.passkeys.rules import NAME_CHARACTERS, AddPasskey, RemovePasskey
from node.coalition.people import passwords
from node.coalition.people import store as people
from node.coalition.people.joining import Joining
from node.gate.desk import Desk
from node.sentence import say
from node.storage.contract import Reads, Tx
from node.web.forms import Form, carry_out, read_form
from node.web.problem import Refused, require_member
from node.web.render import render
from node.web.session import session_of, who_of
from protocol.errors import Reason

_log = structlog.get_logger()
_NO_STORE = {"Cache-Control": "no-store"}


class Passkeys:
    """joining: whose passwords they stand beside."""

    def __init__(self, desk: Desk, joining: Joining, ceremony: Ceremony) -> None:
        self._desk = desk
        self._joining = joining
        self._ceremony = ceremony

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/sign-in/passkey", self.challenge),
            web.get("/me/passkeys", self.show),
            web.get("/me/passkeys/challenge", self.challenge_to_add),
            web.post("/me/passkeys", self.add),
            web.post("/me/passkeys/{id}/remove", self.remove),
        ]

    # Signing in

    async def challenge(self, _request: web.Request) -> web.StreamResponse:
        """What the script on the page Sign in asks the browser with."""
        if not self._ceremony.possible:
            raise Refused(Reason.NOT_FOUND)
        return web.json_response(self._ceremony.to_sign_in(), headers=_NO_STORE)

    async def enter(self, request: web.Request, form: Form) -> str | None:
        """signin.Enter: by a passkey, else by name and password. Every refusal is the same words."""
        text = form.value("passkey")
        if not text:
            return await self._joining.enter(request, form)
        place, clock, storage = passwords.of_place(request), self._desk.clock, self._desk.storage
        if wait := await passwords.wait_of(storage, clock, place):
            form.wrong("", "", passwords.too_many(wait))
            return None
        try:
            return await self._by(text)
        except Wrong as error:
            _log.info("passkey refused", why=str(error)[:200])
        await passwords.failed(storage, clock, place)
        form.wrong("", "", say("This passkey was not accepted. Try once more, or sign in with your password."))
        return None

    async def _by(self, text: str) -> str:
        """Whoever holds it. Wrong if it proves nobody."""
        shown = self._ceremony.shown(text)
        row = await self._desk.storage.read(lambda reads: store.passkey(reads, shown.id))
        if row is None:
            raise Wrong("It is of no active member.")
        if shown.user != row["member"]:  # nobody was named, so the answer must (WebAuthn 7.2, step 6)
            raise Wrong("It names another member than its own.")
        count, now = self._ceremony.proved(shown, row["key"], row["count"]), self._desk.clock.now()

        def work(tx: Tx) -> bool:
            return store.use(tx, shown.id, count, shown.challenge, now)

        if not await self._desk.storage.transact(work):
            raise Wrong("It was used before with this challenge, or removed meanwhile.")
        return row["member"]

    # One's own

    async def show(self, request: web.Request) -> web.StreamResponse:
        return await self._page(request, Form())

    async def _page(self, request: web.Request, form: Form) -> web.StreamResponse:
        member = require_member(request)
        keys = await self._desk.storage.read(lambda reads: store.of_member(reads, member))
        view = {"form": form, "passkeys": keys, "possible": self._ceremony.possible}
        return render(request, "passkeys.html", view, form.status)

    async def challenge_to_add(self, request: web.Request) -> web.StreamResponse:
        """What the script on that page asks the browser with."""
        member = require_member(request)
        if not self._ceremony.possible:
            raise Refused(Reason.NOT_FOUND)

        def work(reads: Reads) -> tuple[str, list[str]]:
            row = people.member(reads, member)
            return (row["sign_in"] or row["name"]) if row else "", [key["id"] for key in store.of_member(reads, member)]

        name, have = await self._desk.storage.read(work)
        options = self._ceremony.to_add(member, name, session_of(request).id.hex(), have)
        return web.json_response(options, headers=_NO_STORE)

    async def add(self, request: web.Request) -> web.StreamResponse:
        """With the password: who finds a browser signed in must not be able to stay."""
        form, member = await read_form(request), require_member(request)
        name = form.line("name", say("Name"), required=True, most=NAME_CHARACTERS)
        text = form.value("passkey")
        if form.ok and not text:
            form.wrong("", "", say("The browser made no passkey: it needs script for that."))
        if form.ok and await self._joining.is_password(member, form):
            try:
                made = self._ceremony.added(text, session_of(request).id.hex())
            except Wrong as error:
                _log.info("passkey not added", why=str(error)[:200])
                form.wrong("", "", say("This passkey could not be checked. Please add it once more."))
            else:
                command = AddPasskey(made.id, member, name, made.key, made.count, made.challenge)
                outcome = await self._desk.gate.perform(command, who_of(request, form.once))
                if outcome.done:
                    raise web.HTTPSeeOther("/me/passkeys?said=passkey-added")
                form.wrong("", "", outcome.detail)
        return await self._page(request, form)

    async def remove(self, request: web.Request) -> web.StreamResponse:
        id = request.match_info["id"]
        await carry_out(request, self._desk.gate, lambda _: RemovePasskey(id, require_member(request)))
        raise web.HTTPSeeOther("/me/passkeys?said=passkey-removed")
