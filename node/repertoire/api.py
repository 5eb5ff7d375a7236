"""The repertoire over JSON: publish, edit, withdraw, read, and search the catalog."""

import asyncio
from typing import Any

import msgspec
from aiohttp import web

from node.gate.desk import Desk
from node.gate.handler import Outcome
from node.repertoire import catalog, composing, reading, rules, store
from node.repertoire.composing import Written
from node.repertoire.search import looking
from node.repertoire.search.following import Search
from node.sentence import say
from node.storage.contract import Reads
from node.web.api import Route, insist
from node.web.language import preferred
from node.web.markdown import sanitise
from node.web.session import who_of
from protocol import canonical, identifiers
from protocol.errors import ProtocolError, Reason
from protocol.vocabulary.dates import instant
from protocol.vocabulary.repertoire import Item


class Changes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fields of an item to change; what is not sent stays as it is."""

    title: str | msgspec.UnsetType = msgspec.UNSET
    content: str | msgspec.UnsetType = msgspec.UNSET
    kind: str | msgspec.UnsetType = msgspec.UNSET
    language: str | msgspec.UnsetType = msgspec.UNSET
    summary: str | msgspec.UnsetType = msgspec.UNSET
    principle: str | msgspec.UnsetType = msgspec.UNSET
    local_conditions: str | msgspec.UnsetType = msgspec.UNSET
    evidence: str | msgspec.UnsetType = msgspec.UNSET
    contact: str | msgspec.UnsetType = msgspec.UNSET
    problem: str | msgspec.UnsetType = msgspec.UNSET
    involved: str | msgspec.UnsetType = msgspec.UNSET
    cost: str | msgspec.UnsetType = msgspec.UNSET
    measure: str | msgspec.UnsetType = msgspec.UNSET
    stewards: str | msgspec.UnsetType = msgspec.UNSET
    license: str | msgspec.UnsetType = msgspec.UNSET
    review_by: str | msgspec.UnsetType = msgspec.UNSET
    version: str | msgspec.UnsetType = msgspec.UNSET
    domain: str | msgspec.UnsetType = msgspec.UNSET
    place: str | msgspec.UnsetType = msgspec.UNSET
    kept: str | msgspec.UnsetType = msgspec.UNSET
    changed: str | msgspec.UnsetType = msgspec.UNSET
    why: str | msgspec.UnsetType = msgspec.UNSET
    stage: str | msgspec.UnsetType = msgspec.UNSET
    results: str | msgspec.UnsetType = msgspec.UNSET


class Recommended(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The id of an item that is held here."""

    id: str


class Done(msgspec.Struct, frozen=True):
    """What a change came to: the item's id, and the signed activity that says so."""

    id: str
    activity: str


class Hop(msgspec.Struct, frozen=True, kw_only=True):
    """One hop of lineage. digest: of the original as it was credited (multibase SHA-256)."""

    id: str
    title: str
    practice: str
    practice_name: str
    digest: str | None
    original_changed: bool | None
    withdrawn: bool


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """Who signed the state that is held. key is null for an item taken from its own server without a proof."""

    signer: str
    key: str | None
    signed: str | None
    digest: str
    received: str
    carrier: str


class Owed(msgspec.Struct, frozen=True, kw_only=True):
    """What the item owes something to beside what it was adapted from; digest: which state of that."""

    id: str
    digest: str | None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to an adaptation on a day: a stage, a visit, a result, a lesson."""

    on: str
    what: str
    text: str


class ItemAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One item as this node holds it. activity is the signed activity, as its owner wrote it."""

    id: str
    state: str
    reason: str
    practice: str
    practice_name: str
    own: bool
    title: str
    item: Written | None
    html: str
    published: str | None
    updated: str | None
    proof: Proof
    adapted_from: tuple[Hop, ...]
    adaptations: tuple[Hop, ...]
    credits: tuple[Owed, ...]
    progress: tuple[Told, ...]
    activity: Any


class CardAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One item in the catalog."""

    id: str
    title: str
    kind: str
    domain: str
    language: str
    place: str
    summary: str
    practice: str
    practice_name: str
    own: bool
    origin: str
    adapted: int
    review_by: str | None
    published: str
    updated: str


class CatalogAnswer(msgspec.Struct, frozen=True):
    """A page of the catalog. facets: of each way to narrow, its values and how many items each would leave.

    indexed: false while the search index cannot be used: words are then found as they are written, and only domain,
    kind, practice and language narrow.
    """

    items: tuple[CardAnswer, ...]
    page: int
    total: int
    next: str | None
    facets: dict[str, dict[str, int]]
    indexed: bool


class RepertoireApi:
    """The handlers and their routes."""

    def __init__(self, desk: Desk, search: Search) -> None:
        self._desk = desk
        self._search = search

    def routes(self) -> list[Route]:
        narrow = {
            "q": 'words to find; "a phrase", -without, begin*',
            "domain": "a domain; what lies below it is found too",
            "kind": "a kind of item",
            "practice": "the id of the practice that owns it",
            "language": "the language that it is in, by its code",
            "place": "an ISO 3166 code of a country or a part of one; what lies within is found too",
            "level": "the level of the practice that owns it",
            "origin": "the host of the node that it comes from",
            "evidence": "yes or no: whether it says what evidence there is",
            "adapted": "by how many adaptations are held: 0, 1 (to 4), 5 (to 19), 20 (or more)",
            "fresh": "last changed within a month, within a year before that (year), or older",
            "sort": "newest, adapted (most first) or review (due first); by relevance if words are given",
            "reads": "the code of a language that the reader reads: words are found in other forms as well",
            "page": "which page, from 1",
        }
        return [
            Route("POST", "/practices/{slug}/items", "Publish an item", self.publish, Done, Written, 201,
                  scope="publish"),
            Route("GET", "/items", "Read an item by its id, ours or received", self.by_id, ItemAnswer,
                  query={"id": "the item's id, a URL"}),
            Route("GET", "/items/{id}", "Read an item of ours", self.own, ItemAnswer),
            Route("PATCH", "/items/{id}", "Change an item of ours", self.edit, Done, Changes, scope="publish"),
            Route("DELETE", "/items/{id}", "Withdraw an item of ours", self.withdraw, Done, scope="publish",
                  query={"reason": "why, for everyone who held it to read"}),
            Route("POST", "/recommendations", "Recommend an item to those who follow this node", self.recommend, Done,
                  Recommended, 201, scope="connect"),
            Route("GET", "/catalog", "Search what this node holds", self.catalog, CatalogAnswer, query=narrow),
        ]  # fmt: skip

    def _item_id(self, request: web.Request) -> str:
        return self._desk.origin.at(f"/items/{request.match_info['id']}")

    async def publish(self, request: web.Request, body: Written) -> Done:
        slug = request.match_info["slug"]
        if not identifiers.is_slug(slug):
            raise ProtocolError(Reason.NOT_FOUND, say("There is no such practice on this node."))
        owner = identifiers.practice_actor(self._desk.origin, slug)
        text = msgspec.structs.replace(body, language=body.language or self._desk.language)
        item = await _composed(text, self._desk.new("items"), owner)
        return done(
            await self._desk.gate.perform(rules.PublishItem(item, self._desk.new("activities")), who_of(request))
        )

    async def edit(self, request: web.Request, body: Changes) -> Done:
        id = self._item_id(request)
        held, activity = await self._desk.storage.read(lambda reads: _held_item(reads, id))
        sent = {name: value for name in body.__struct_fields__ if (value := getattr(body, name)) is not msgspec.UNSET}
        if not sent:
            raise ProtocolError(Reason.INVALID, say("The body names nothing to change."))
        before = composing.written(held)
        text = msgspec.structs.replace(before, **sent)
        if text == before:
            return Done(id, activity)  # it stands as wished: nobody is told twice
        item = await _composed(text, id, held.attributed_to, held)
        return done(await self._desk.gate.perform(rules.EditItem(item, self._desk.new("activities")), who_of(request)))

    async def withdraw(self, request: web.Request, _body: None) -> Done:
        reason = request.query.get("reason", "")
        command = rules.WithdrawItem(self._item_id(request), self._desk.new("activities"), reason=reason)
        return done(await self._desk.gate.perform(command, who_of(request)))

    async def recommend(self, request: web.Request, body: Recommended) -> Done:
        command = rules.Recommend(body.id, self._desk.me, self._desk.new("activities"))
        return done(await self._desk.gate.perform(command, who_of(request)))

    async def own(self, request: web.Request, _body: None) -> ItemAnswer:
        return await self._read(self._item_id(request))

    async def by_id(self, request: web.Request, _body: None) -> ItemAnswer:
        return await self._read(request.query.get("id", ""))

    async def _read(self, id: str) -> ItemAnswer:
        held = await self._desk.storage.read(lambda reads: reading.read(reads, id))
        if held is None:
            raise ProtocolError(Reason.NOT_FOUND)
        return answer(held)

    async def catalog(self, request: web.Request, _body: None) -> CatalogAnswer:
        query, wrong = looking.read(request.query)
        if wrong:
            raise ProtocolError(Reason.INVALID, say("These cannot have that value: {names}", names=", ".join(wrong)))
        tongues = (request.query.get("reads", ""), preferred(request.headers.get("Accept-Language", "")))
        found = await looking.look(self._desk.storage, self._search, query, (*tongues, self._desk.language))
        more = query.page * catalog.PAGE < found.listed
        return CatalogAnswer(
            tuple(
                CardAnswer(
                    id=row["id"], title=row["name"], kind=row["kind"], domain=row["domain"],
                    language=row["language"], place=row["place"], summary=row["summary"], practice=row["owner"],
                    practice_name=row["practice_name"] or row["owner"], own=bool(row["local"]), origin=row["host"],
                    adapted=row["adapted"], review_by=row["review_by"], published=instant(row["published"]),
                    updated=instant(row["updated"]),
                )
                for row in found.rows
            ),
            query.page,
            found.total,
            str(request.rel_url.update_query(page=query.page + 1)) if more else None,
            {name: dict(values) for name, values in found.counts.items()},
            found.indexed,
        )  # fmt: skip


def _held_item(reads: Reads, id: str) -> tuple[Item, str]:
    """An item of ours as it stands, and the activity that said so."""
    row = store.state(reads, id)
    if row is None:
        raise ProtocolError(Reason.NOT_FOUND)
    if row["deleted"] or row["raw"] is None:
        raise ProtocolError(Reason.GONE)
    item = store.item_of(row["raw"])
    if item is None:
        raise ProtocolError(Reason.NOT_FOUND)
    return item, row["activity"]


async def _composed(text: Written, id: str, owner: str, held: Item | None = None) -> Item:
    wrong = await asyncio.to_thread(composing.fault, text)
    if wrong:
        raise ProtocolError(Reason.INVALID, wrong)
    return await asyncio.to_thread(composing.compose, text, id, owner, held)


def done(outcome: Outcome) -> Done:
    """What a change came to; ProtocolError if it was not done."""
    insist(outcome)
    said = outcome.said[0]
    return Done(said.object or "", said.activity)


def _hop(link: reading.Link) -> Hop:
    changed = None if link.digest is None or link.digest_now is None else link.digest != link.digest_now
    return Hop(
        id=link.id,
        title=link.title,
        practice=link.owner,
        practice_name=link.owner_name,
        digest=canonical.digest_multibase(link.digest) if link.digest else None,
        original_changed=changed,
        withdrawn=link.withdrawn,
    )


def answer(held: reading.Held) -> ItemAnswer:
    """An item for programs."""
    item = held.item
    return ItemAnswer(
        id=held.id,
        state="withdrawn" if held.withdrawn is not None else "published",
        reason=held.reason,
        practice=held.owner,
        practice_name=held.owner_name,
        own=held.local,
        title=held.title,
        item=composing.written(item) if item else None,
        html=sanitise(item.content) if item else "",
        published=instant(held.published) if held.published else None,
        updated=instant(item.updated) if item and item.updated else None,
        proof=Proof(
            signer=held.owner,
            key=held.key,
            signed=instant(held.signed) if held.signed else None,
            digest=canonical.digest_multibase(held.digest) if held.digest else "",
            received=instant(held.at),
            carrier=held.carrier,
        ),
        adapted_from=tuple(_hop(link) for link in held.adapted_from),
        adaptations=tuple(_hop(link) for link in held.adaptations),
        credits=tuple(
            Owed(id=one.id, digest=canonical.digest_multibase(one.digest) if one.digest else None)
            for one in (item.credits if item else ())
        ),
        progress=tuple(Told(on=one.on, what=one.what, text=one.text) for one in (item.progress if item else ())),
        activity=msgspec.Raw(held.raw),
    )
