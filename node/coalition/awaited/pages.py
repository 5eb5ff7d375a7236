"""Links for people who are expected: shown once, to be handed over. The list of them stands with the members."""

from aiohttp import web

from node.coalition.awaited import store
from node.coalition.awaited.rules import Link, SendFor, Unawait
from node.coalition.people import links
from node.coalition.people.links import Seal
from node.gate.desk import Desk
from node.gate.handler import Outcome, Who
from node.sentence import say
from node.web.forms import carry_out, read_act
from node.web.problem import insist
from node.web.render import render
from node.web.session import who_of
from protocol.errors import Reason

DAYS = 30  # a link that is printed or mailed to a list waits for people on holiday


class Awaited:
    """`seal` names secrets."""

    def __init__(self, desk: Desk, seal: Seal) -> None:
        self._desk = desk
        self._seal = seal

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/members/{id}/link", self.link),
            web.post("/members/{id}/forget", self.forget),
        ]

    async def links(self, members: list[str], who: Who) -> tuple[Outcome, list[tuple[str, str, str]]]:
        """A new link for each of these who has not come: (name, mail address, link), shown this once."""
        expected = await self._desk.storage.read(lambda reads: store.of_these(reads, members))
        if not expected:
            return Outcome(Reason.NOT_FOUND, say("They are not expected: they came, or were never noted.")), []
        secrets = [links.secret() for _ in expected]
        made = tuple(
            Link(self._desk.clock.new_id(), self._seal(f"link {secret}"), row["id"])
            for row, secret in zip(expected, secrets, strict=True)
        )
        outcome = await self._desk.gate.perform(SendFor(made, DAYS, who.member), who)
        return outcome, [
            (row["name"], row["email"] or "", self._desk.origin.at(f"/join/{secret}"))
            for row, secret in zip(expected, secrets, strict=True)
        ]

    async def link(self, request: web.Request) -> web.StreamResponse:
        form = await read_act(request)
        outcome, made = await self.links([request.match_info["id"]], who_of(request, form.once))
        insist(outcome)
        return render(request, "link.html", {"link": made[0][2], "name": made[0][0], "days": DAYS})

    async def forget(self, request: web.Request) -> web.StreamResponse:
        await carry_out(request, self._desk.gate, lambda _: Unawait(request.match_info["id"]))
        raise web.HTTPSeeOther("/members?said=forgotten")
