"""A member's drafts, and what is for members alone: the lists, one of them, and its end. Editing writes them."""

from typing import Any

from aiohttp import web

from node.coalition import store as coalition
from node.coalition.standing import may
from node.gate.desk import Desk
from node.gate.handler import Outcome, Who
from node.repertoire.composing import Written
from node.repertoire.kept import store
from node.repertoire.kept.rules import AUDIENCES, Audience, DropKept, KeepItem, Kept
from node.sentence import say
from node.storage.contract import Reads
from node.web.forms import read_act
from node.web.markdown import to_html
from node.web.pagination import number_of, page_of
from node.web.problem import Refused, insist, require_member
from node.web.render import render
from node.web.session import who_of
from protocol.errors import Reason


class Keeping:
    """Handlers, and the acts."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/kept", self.listed),
            web.get("/kept/{id}", self.show),
            web.get("/kept/{id}/drop", self.ask),
            web.post("/kept/{id}/drop", self.drop_page),
        ]

    # The acts

    async def keep(
        self, said: Written, practice: str, audience: Audience, who: Who, id: str = ""
    ) -> tuple[Outcome, str]:
        """Keep it, anew or, by its id, as it reads now; and its id."""
        command = KeepItem(id or self._desk.clock.new_id(), who.member, practice, audience, said, not id)
        return await self._desk.gate.perform(command, who), command.id

    async def drop(self, id: str, who: Who) -> Outcome:
        return await self._desk.gate.perform(DropKept(id, who.member), who)

    async def one(self, id: str, member: str) -> Kept:
        """What is kept, for whoever may read it. Refused for all others, in the same words as for what is not there."""
        found = await self._desk.storage.read(lambda reads: store.kept(reads, id, member))
        if found is None:
            raise Refused(Reason.NOT_FOUND)
        return found

    # The pages

    async def listed(self, request: web.Request) -> web.StreamResponse:
        member, number = require_member(request), number_of(request.query.get("page"))

        def work(reads: Reads) -> dict[str, object]:
            rows, total = store.shared(reads, member, number)
            return {
                "drafts": store.drafts(reads, member),
                "shared": rows,
                "page": page_of(number, total, "/kept", size=store.PAGE),
            }

        return render(request, "kept.html", await self._desk.storage.read(work) | {"audiences": AUDIENCES})

    async def show(self, request: web.Request) -> web.StreamResponse:
        kept = await self.one(request.match_info["id"], require_member(request))
        who = who_of(request)

        def work(reads: Reads) -> tuple[str, bool]:
            row = coalition.practice(reads, kept.practice)
            return row["name"] if row else "", may(reads, who, "item.keep", kept.practice)

        practice, changes = await self._desk.storage.read(work)
        view: dict[str, Any] = {name: getattr(kept.said, name) for name in Written.__struct_fields__}
        view |= {
            "id": kept.id, "audience": kept.audience, "audiences": AUDIENCES, "practice": practice,
            "content": to_html(kept.said.content), "updated": kept.changed, "changes": changes,
        }  # fmt: skip
        return render(request, "kept_item.html", view)

    async def ask(self, request: web.Request) -> web.StreamResponse:
        kept = await self.one(request.match_info["id"], require_member(request))
        view = {
            "heading": say("Delete it"),
            "question": say("Delete “{title}”?", title=kept.title or say("Without a title")),
            "lost": [say("Its text is deleted here. It was never sent anywhere.")],
            "kept": [],
            "action": f"/kept/{kept.id}/drop",
            "button": say("Delete it"),
            "cancel_url": f"/kept/{kept.id}",
            "fields": [],
        }
        return render(request, "confirm.html", view)

    async def drop_page(self, request: web.Request) -> web.StreamResponse:
        form = await read_act(request)
        insist(await self.drop(request.match_info["id"], who_of(request, form.once)))
        raise web.HTTPSeeOther("/kept?said=kept-deleted")
