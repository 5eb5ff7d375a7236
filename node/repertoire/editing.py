"""Publishing, editing, adapting and withdrawing an item, for people: forms that keep what was typed."""

import asyncio
from typing import Any
from urllib.parse import quote

import msgspec
from aiohttp import web

from node.coalition import store as coalition_store
from node.coalition.standing import where
from node.gate.desk import Desk
from node.repertoire import composing, reading, rules, store, views
from node.repertoire.composing import Written
from node.repertoire.kept.pages import Keeping
from node.repertoire.kept.rules import AUDIENCES, Audience, Kept
from node.sentence import say, words
from node.storage.contract import Reads, Row
from node.web import words as codes
from node.web.forms import Form, carry_out, read_form
from node.web.markdown import to_html
from node.web.problem import Refused, require_member, require_session
from node.web.render import render
from node.web.session import who_of
from node.web.things import ItemCard, Original
from protocol import identifiers
from protocol.errors import Reason
from protocol.vocabulary.repertoire import Item

_PROSE = {
    "problem": words("The problem it solves"),
    "principle": words("Principle"),
    "local_conditions": words("Local conditions"),
    "involved": words("Who must be involved"),
    "cost": words("What it costs"),
    "measure": words("How one knows that it works"),
    "evidence": words("Evidence"),
    "contact": words("People to call"),
    "stewards": words("Stewards"),
    "kept": words("What was kept"),
    "changed": words("What was changed"),
    "why": words("Why"),
    "results": words("Results"),
}
_ASKED = ("kept", "changed", "why")  # of every adaptation: without them it credits and teaches nobody


class _Basis(msgspec.Struct, frozen=True):
    """What a new item begins with: the id of what it adapts or translates, '' for none, or what was kept of it."""

    adapts: str = ""
    translates: str = ""
    kept: Kept | None = None


class Editing:
    """The pages behind the acts of an item."""

    def __init__(self, desk: Desk, keeping: Keeping) -> None:
        self._desk = desk
        self._keeping = keeping

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/items/new", self.new),
            web.post("/items/new", self.create),
            web.get("/items/{id}/edit", self.edit),
            web.post("/items/{id}/edit", self.save),
            web.get("/items/{id}/withdraw", self.ask),
            web.post("/items/{id}/withdraw", self.withdraw),
        ]

    # A new item, or an adaptation of one that is held

    async def new(self, request: web.Request) -> web.StreamResponse:
        require_session(request)
        values = {"practice": request.query.get("practice", "")}
        basis = await self._basis(request)
        if basis.kept is not None:
            slug = basis.kept.practice.rpartition("/")[2]
            return await self._new_form(request, Form(_values(basis.kept.said) | {
                "practice": slug, "audience": "public" if basis.kept.audience == "draft" else basis.kept.audience,
            }))  # fmt: skip
        if whole := request.query.get("translates", ""):
            values |= await self._whole(whole)
        return await self._new_form(request, Form(values))

    async def _whole(self, id: str) -> dict[str, str]:
        """An item's words, to be written over in another language."""
        held = await self._desk.storage.read(lambda reads: reading.read(reads, id))
        if held is None or held.item is None:
            raise Refused(Reason.NOT_FOUND, say("This node does not hold the item to translate."))
        return _values(composing.written(held.item)) | {"language": ""}

    async def _basis(self, request: web.Request) -> _Basis:
        """What the form began with, as its address says."""
        adapts, translates, id = (request.query.get(name, "") for name in ("adapts", "translates", "kept"))
        if not id:
            return _Basis(adapts, "" if adapts else translates)
        kept = await self._keeping.one(id, require_member(request))
        return _Basis(next(iter(kept.said.adapted_from), ""), kept.said.translation_of, kept)

    async def _new_form(self, request: web.Request, form: Form, preview: str = "") -> web.StreamResponse:
        basis = await self._basis(request)
        first = basis.adapts or basis.translates
        who = who_of(request)

        def work(reads: Reads) -> tuple[list[Row], frozenset[str] | None, reading.Held | None]:
            mine = where(reads, who, "item.publish")
            return coalition_store.practices(reads), mine, reading.read(reads, first) if first else None

        every, mine, original = await self._desk.storage.read(work)
        if first and (original is None or original.item is None):
            raise Refused(Reason.NOT_FOUND, say("This node does not hold the item to adapt or translate."))
        if not every:
            raise web.HTTPSeeOther("/practices/new")
        practices = [row for row in every if mine is None or row["actor"] in mine]
        if not practices:
            raise Refused(
                Reason.NOT_ALLOWED, say("A practice publishes what its members write: join one of the practices first.")
            )
        view = {
            **_named(basis),
            "cancel_url": views.item_url(original.id, original.local) if original else "/kept" if basis.kept else "/",
            "form": form,
            "practices": [(row["slug"], row["name"]) for row in practices],
            "original": _original(original) if original else None,
            "translating": bool(basis.translates),
            "audiences": list(_audiences().items()) if who.member else [],
            "may_draft": basis.kept is None or basis.kept.audience == "draft",
            "editing": False,
            "more": _more(form),
            "preview": preview,
        } | _options(self._desk.language)
        return render(request, "item_form.html", view, form.status)

    async def create(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        sound, basis = form.ok, await self._basis(request)
        text, slug = _read(form, self._desk.language, adapts=bool(basis.adapts)), form.slug("practice", say("Practice"))
        if basis.adapts:
            text = msgspec.structs.replace(text, kind="adaptation", adapted_from=(basis.adapts,))
        text = msgspec.structs.replace(text, translation_of=basis.translates)
        owner = identifiers.practice_actor(self._desk.origin, slug) if slug else ""
        if sound and slug and form.value("act") == "draft":
            return await self._keep(request, Form(_typed(form), form.once), text, owner, "draft", basis)
        await _judge(form, text)
        if form.value("act") == "preview" or not form.ok:
            return await self._new_form(request, form, await _shown(text))
        audience = form.value("audience")
        if audience in ("practice", "node"):
            return await self._keep(request, form, text, owner, audience, basis)
        item = await asyncio.to_thread(composing.compose, text, self._desk.new("items"), owner)
        outcome = await self._desk.gate.perform(
            rules.PublishItem(item, self._desk.new("activities")), who_of(request, form.once)
        )
        if not outcome.done:
            form.wrong("", "", outcome.detail)
            return await self._new_form(request, form)
        if basis.kept is not None:  # afterwards: what is published twice can be withdrawn, what is lost is lost
            await self._keeping.drop(basis.kept.id, who_of(request))
        raise web.HTTPSeeOther(f"{views.item_url(item.id, True)}?said=published")

    async def _keep(
        self, request: web.Request, form: Form, text: Written, owner: str, audience: Audience, basis: _Basis
    ) -> web.StreamResponse:
        """Not public: it is kept, and not signed."""
        id = basis.kept.id if basis.kept else ""
        outcome, id = await self._keeping.keep(text, owner, audience, who_of(request, form.once), id)
        if not outcome.done:
            form.wrong("", "", outcome.detail)
            return await self._new_form(request, form)
        raise web.HTTPSeeOther(f"/kept/{id}?said=kept-item")

    # Another state of an item

    async def edit(self, request: web.Request) -> web.StreamResponse:
        require_session(request)
        item = await self._item(request)
        return await self._edit_form(request, Form(_values(composing.written(item))), item)

    async def _edit_form(self, request: web.Request, form: Form, item: Item, preview: str = "") -> web.StreamResponse:
        def work(reads: Reads) -> tuple[Row | None, reading.Held | None]:
            whole = item.translation_of.id if item.translation_of else ""
            first = item.adapted_from[0].id if item.adapted_from else whole
            return coalition_store.practice(reads, item.attributed_to), reading.read(reads, first) if first else None

        practice, original = await self._desk.storage.read(work)
        path = views.item_url(item.id, True)
        view = {
            "heading": say("Edit this item"),
            "action": f"{path}/edit",
            "button": say("Save the changes"),
            "cancel_url": path,
            "form": form,
            "practices": [(practice["slug"], practice["name"])] if practice else [],
            "original": _original(original) if original and original.item else None,
            "translating": bool(item.translation_of),
            "audiences": [],
            "may_draft": False,
            "editing": True,
            "more": _more(form),
            "preview": preview,
        } | _options(item.language)
        return render(request, "item_form.html", view, form.status)

    async def save(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        item = await self._item(request)
        text = msgspec.structs.replace(
            _read(form, item.language, adapts=bool(item.adapted_from)),
            adapted_from=tuple(reference.id for reference in item.adapted_from),
            translation_of=item.translation_of.id if item.translation_of else "",
            place=item.place.name,
            domain=item.domain,
        )
        if item.adapted_from:
            text = msgspec.structs.replace(text, kind="adaptation")
        await _judge(form, text)
        if form.value("act") == "preview" or not form.ok:
            return await self._edit_form(request, form, item, await _shown(text))
        if text == composing.written(item):
            raise web.HTTPSeeOther(f"{views.item_url(item.id, True)}?said=unchanged")
        changed = await asyncio.to_thread(composing.compose, text, item.id, item.attributed_to, item)
        outcome = await self._desk.gate.perform(
            rules.EditItem(changed, self._desk.new("activities")), who_of(request, form.once)
        )
        if not outcome.done:
            form.wrong("", "", outcome.detail)
            return await self._edit_form(request, form, item)
        raise web.HTTPSeeOther(f"{views.item_url(item.id, True)}?said=saved")

    # Taking it back

    async def ask(self, request: web.Request) -> web.StreamResponse:
        require_session(request)
        item = await self._item(request)
        path = views.item_url(item.id, True)
        view = {
            "heading": say("Withdraw this item"),
            "question": say("Withdraw “{name}”?", name=item.name),
            "lost": [
                say("Its text is erased here, and on every node that holds it as soon as that node hears of it."),
                say("This cannot be undone: to share it again, publish it as a new item."),
            ],
            "kept": [
                say("Its address stays, and says that it was withdrawn."),
                say("Adaptations that others made of it stay theirs."),
            ],
            "action": f"{path}/withdraw",
            "button": say("Withdraw it"),
            "cancel_url": path,
            "asks": [("reason", say("Why?"), say("Everyone who held it can read this. Name no person."))],
            "fields": [],
        }
        return render(request, "confirm.html", view)

    async def withdraw(self, request: web.Request) -> web.StreamResponse:
        id = self._item_id(request)
        await carry_out(
            request, self._desk.gate,
            lambda form: rules.WithdrawItem(id, self._desk.new("activities"), reason=form.value("reason").strip()),
        )  # fmt: skip
        raise web.HTTPSeeOther(f"{views.item_url(id, True)}?said=withdrawn")

    def _item_id(self, request: web.Request) -> str:
        return self._desk.origin.at(f"/items/{request.match_info['id']}")

    async def _item(self, request: web.Request) -> Item:
        id = self._item_id(request)
        row = await self._desk.storage.read(lambda reads: store.state(reads, id))
        if row is None:
            raise Refused(Reason.NOT_FOUND)
        item = store.item_of(row["raw"]) if row["raw"] and not row["deleted"] else None
        if item is None:
            raise Refused(Reason.GONE)
        return item


_LATER = ("involved", "cost", "measure", "evidence", "contact", "summary", "stewards", "review_by", "version")


def _more(form: Form) -> bool:
    """Whether the fields that come later are shown at once: something was said in them, or is wrong."""
    return any(form.value(name) or form.fault(name) for name in _LATER)


def _languages(also: str) -> dict[str, str]:
    """By code, with one that need not be among those that are usual."""
    return {**codes.LANGUAGES, also: codes.language(also)}


def _values(text: Written) -> dict[str, str]:
    """The words of an item, as a form shows them."""
    values = {name: getattr(text, name) for name in text.__struct_fields__ if name != "adapted_from"}
    # One of before a licence was asked for, or of another node's own: it is chosen now.
    return values | {"license": text.license if text.license in codes.LICENSES else ""}


def _typed(form: Form) -> dict[str, str]:
    """As it was typed: a draft has no faults yet."""
    return {name: form.value(name) for name in (*Written.__struct_fields__, "practice", "audience")}


def _audiences() -> dict[str, str]:
    return {"public": say("Everybody: it is signed, and sent to who follows"), **{
        name: said for name, said in AUDIENCES.items() if name != "draft"
    }}  # fmt: skip


def _named(basis: _Basis) -> dict[str, Any]:
    """What the form is for, in words, and where it is sent."""
    adapts, translates = basis.adapts, basis.translates
    if basis.kept is not None:
        return {"heading": say("Go on writing"), "action": f"/items/new?kept={basis.kept.id}", "button": say("Publish")}
    if adapts:
        heading, button, action = say("Start an adaptation"), say("Publish the adaptation"), ("adapts", adapts)
    elif translates:
        heading, button, action = say("Translate an item"), say("Publish the translation"), ("translates", translates)
    else:
        return {"heading": say("Publish an item"), "action": "/items/new", "button": say("Publish")}
    return {"heading": heading, "action": f"/items/new?{action[0]}={quote(action[1], safe='')}", "button": button}


def _options(language: str) -> dict[str, Any]:
    return {
        "kinds": [(code, label) for code, label in codes.KINDS.items() if code != "adaptation"],
        "languages": list(_languages(language).items()),
        "licenses": list(codes.LICENSES.items()),
        "stages": list(codes.STAGES.items()),
    }


def _read(form: Form, language: str, *, adapts: bool) -> Written:
    prose = {name: form.text(name, label, required=adapts and name in _ASKED) for name, label in _PROSE.items()}
    return msgspec.structs.replace(_plain(form, language), **prose)


def _plain(form: Form, language: str) -> Written:
    return Written(
        title=form.line("title", say("Title"), required=True),
        content=form.text("content", say("Text"), required=True, most=100_000),
        kind=form.line("kind", say("Kind")) or "method",
        language=form.choice("language", say("Language"), _languages(language)),
        summary=form.text("summary", say("In one sentence"), most=1_000),
        license=form.choice("license", say("Licence"), codes.LICENSES),
        review_by=form.day("review_by", say("Review by")) or "",
        version=form.line("version", say("Version"), most=60),
        stage=form.choice("stage", say("Stage"), codes.STAGES, required=False),
    )


async def _judge(form: Form, text: Written) -> None:
    if form.ok and (wrong := await asyncio.to_thread(composing.fault, text)):
        form.wrong("", "", wrong)


async def _shown(text: Written) -> str:
    return await asyncio.to_thread(to_html, text.content)


def _original(held: reading.Held) -> Original | None:
    item = held.item
    if item is None:
        return None
    card = ItemCard(
        title=item.name,
        url=views.item_url(held.id, held.local),
        kind=item.kind,
        domain=item.domain,
        practice=views.practice_ref(held.owner, held.owner_name, held.local),
        place=item.place.name,
        summary=item.summary,
        languages=(item.language,),
        updated=item.updated or item.published,
        review_by=item.review_by or None,
        origin="" if held.local else held.owner_host,
    )
    return Original(card, item.content, item.principle, item.local_conditions, views.provenance(held, ""))
