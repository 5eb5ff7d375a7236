"""Whom this node follows and who follows it: states in words, for people and for programs."""

from collections.abc import Awaitable, Callable
from urllib.parse import quote, urlencode

import msgspec
from aiohttp import web

from node.coalition.practices import store as practice_store
from node.coalition.practices.splitting import question
from node.coalition.standing import demand, judge
from node.federation.following import EndFollow, FollowActor, RemoveFollower
from node.federation.peer import PeerError
from node.federation.schedule import BLOCKED, BLOCKED_SAID
from node.gate.desk import Desk
from node.gate.handler import Outcome, Who
from node.sentence import Sentence, say, stored, words
from node.storage.contract import Reads, Row
from node.web.forms import Form, read_act, read_form
from node.web.problem import Refused, insist
from node.web.render import render
from node.web.session import who_of
from node.web.things import Connection, State
from protocol.errors import ProtocolError, Reason, sentence

Resolve = Callable[[str], Awaitable[str]]
_REFUSED_HERE = (sentence(Reason.BLOCKED), sentence(Reason.NOT_LISTED))  # a pull that our own door did not let out
MOST = 1_000  # lines on the page; a steward of more uses the API

_FOLLOWS = (
    "SELECT f.target, f.address, f.host, f.whole_node, f.state, f.asked, f.answered, f.last_error, a.name, a.handle,"
    " a.state AS actor_state, p.paused, p.failing_since, p.last_error AS peer_error, s.pulled, s.total,"
    " s.last_error AS pull_error, s.theirs_seq,"
    " EXISTS(SELECT 1 FROM inbox i JOIN held_set q ON q.key = i.set_key WHERE q.name = 'queue:' || a.inbox"
    "  AND i.wants IS NOT NULL) AS owed"
    " FROM following f LEFT JOIN actor a ON a.id = f.target LEFT JOIN peer p ON p.host = f.host"
    " LEFT JOIN held_set s ON s.owner = f.target AND s.audience = 'public' AND s.local = 0"
)


class Follow(msgspec.Struct, frozen=True, kw_only=True):
    """One follow of ours. state: asked, waiting, accepted, refused, ended, paused or broken."""

    target: str
    name: str
    address: str
    whole_node: bool
    state: str
    sentence: str
    since: int


def state_of(row: Row) -> tuple[str, str, int]:
    """The state, a sentence that says what happens next, and since when."""
    if row["state"] == "ended":
        return (
            "ended",
            say("You do not follow them any more. What you hold stays readable."),
            row["answered"] or row["asked"],
        )
    if row["paused"]:
        return "paused", _kept(_why_paused(row["paused"])), row["failing_since"] or row["asked"]
    if row["state"] == "refused":
        return (
            "refused",
            say("They declined. You can ask again after talking to them."),
            row["answered"] or row["asked"],
        )
    if row["failing_since"]:
        error = row["peer_error"] or row["pull_error"]
        return "broken", trying(error), row["failing_since"]
    if row["state"] == "accepted":
        if row["pull_error"] in _REFUSED_HERE:
            return "paused", _kept(BLOCKED_SAID), row["pulled"] or row["answered"]
        if row["pull_error"]:
            return "broken", trying(row["pull_error"]), row["pulled"] or row["answered"]
        what = say("Up to date.") if row["pulled"] else say("Their items are being fetched.")
        return "accepted", what, row["answered"] or row["asked"]
    if row["owed"]:
        return "asked", say("The request is on its way."), row["asked"]
    return "waiting", say("They have the request and have not answered yet."), row["asked"]


def _why_paused(reason: str) -> Sentence:
    if reason == "key-changed":
        return say(
            "Their key changed and nothing proves that it is still them. Compare the fingerprints, then confirm."
        )
    return BLOCKED_SAID if reason == BLOCKED else say("They refuse what this node sends: {why}.", why=stored(reason))


def _kept(why: Sentence) -> Sentence:
    return say("{why} Nothing is lost.", why=why)


def trying(error: str) -> Sentence:
    """A failure that is tried again, as it was stored."""
    return say("{error}. We keep trying; nothing is lost.", error=stored(error) if error else say("no answer"))


def follows(reads: Reads) -> list[Follow]:
    """Every follow of ours, by name."""
    rows = reads.all(f"{_FOLLOWS} ORDER BY a.name, f.target LIMIT :limit", limit=MOST)
    found: list[Follow] = []
    for row in rows:
        state, sentence, since = state_of(row)
        found.append(
            Follow(
                target=row["target"], name=row["name"] or row["target"],
                address=f"@{row['handle']}@{row['host']}" if row["handle"] else row["address"],
                whole_node=bool(row["whole_node"]), state=state, sentence=sentence, since=since or 0,
            )
        )  # fmt: skip
    return found


class Connections:
    """`resolve` finds the actor behind what was typed; `refresh` fetches its document."""

    def __init__(self, desk: Desk, resolve: Resolve, refresh: Callable[[str], Awaitable[None]]) -> None:
        self._desk = desk
        self._resolve = resolve
        self._refresh = refresh

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/connections", self.show),
            web.post("/connections", self.ask),
            web.post("/connections/again", self.again),
            web.get("/connections/end", self.ask_end),
            web.post("/connections/end", self.end_page),
            web.get("/connections/remove", self.ask_remove),
            web.post("/connections/remove", self.remove),
        ]

    async def follow(self, address: str, who: Who) -> Outcome:
        """Find the actor, fetch its document, and ask. The outcome's sentence is for whoever typed the address."""
        refusal = await judge(self._desk.storage, who, "follow.ask")
        if refusal:  # before anybody is asked anything on their behalf
            return Outcome(Reason.NOT_ALLOWED, refusal)
        try:
            target = await self._resolve(address)
            await self._refresh(target)
        except PeerError as error:
            return Outcome(
                Reason.INVALID,
                say(
                    "“{address}” could not be reached: {why}. Nothing was sent; try again.",
                    address=address.strip(), why=stored(error.sentence),
                ),
            )  # fmt: skip
        except ProtocolError as error:
            return Outcome(error.reason if error.reason is Reason.KEY_CHANGED else Reason.INVALID, error.detail)
        return await self._desk.gate.perform(
            FollowActor(self._desk.me, target, address.strip(), self._desk.new("activities")), who
        )

    async def end(self, target: str, who: Who) -> Outcome:
        """Stop following."""
        return await self._desk.gate.perform(EndFollow(self._desk.me, target, self._desk.new("activities")), who)

    async def remove_follower(self, actor: str, target: str, who: Who) -> Outcome:
        """Send them nothing any more, and tell them so."""
        return await self._desk.gate.perform(RemoveFollower(actor, target, self._desk.new("activities")), who)

    async def followers(self) -> list[Row]:
        """Who follows us, the latest first."""
        return await self._desk.storage.read(_followers)

    async def listed(self) -> list[Follow]:
        """Every follow of ours."""
        return await self._desk.storage.read(follows)

    # Pages

    async def show(self, request: web.Request) -> web.StreamResponse:
        await demand(self._desk, request, "follow.ask")
        return await self._page(request, Form({"address": request.query.get("address", "")}))

    async def _page(self, request: web.Request, form: Form) -> web.StreamResponse:
        def work(reads: Reads) -> dict[str, object]:
            return {
                "form": form,
                "follows": [_connection(follow) for follow in follows(reads)],
                "questions": [found for row in practice_store.questions(reads) if (found := question(row))],
                "followers": [_follower(row) for row in _followers(reads)],
            }

        return render(request, "connections.html", await self._desk.storage.read(work), form.status)

    async def ask(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        address = form.line("address", say("Address"), required=True, most=2_048)
        if form.ok:
            outcome = await self.follow(address, who_of(request, form.once))
            if outcome.done:
                raise web.HTTPSeeOther("/connections?said=followed")
            form.wrong("address", say("Address"), outcome.detail)
        return await self._page(request, form)

    async def again(self, request: web.Request) -> web.StreamResponse:
        form = await read_act(request)
        insist(await self.follow(request.query.get("target", ""), who_of(request, form.once)))
        raise web.HTTPSeeOther("/connections?said=asked-again")

    async def ask_end(self, request: web.Request) -> web.StreamResponse:
        await demand(self._desk, request, "follow.end")
        target = request.query.get("target", "")
        found = next((follow for follow in await self.listed() if follow.target == target), None)
        if found is None:
            raise Refused(Reason.NOT_FOUND)
        view = {
            "heading": say("Stop following"),
            "question": say("Stop following {name}?", name=found.name),
            "lost": [say("New items of theirs no longer come here, and changes of old ones neither.")],
            "kept": [
                say("What this node holds of theirs stays readable."),
                say("You can follow them again at any time."),
            ],
            "action": f"/connections/end?target={quote(target, safe='')}",
            "button": say("Stop following"),
            "cancel_url": "/connections",
            "fields": [],
        }
        return render(request, "confirm.html", view)

    async def end_page(self, request: web.Request) -> web.StreamResponse:
        form = await read_act(request)
        insist(await self.end(request.query.get("target", ""), who_of(request, form.once)))
        raise web.HTTPSeeOther("/connections?said=unfollowed")

    async def ask_remove(self, request: web.Request) -> web.StreamResponse:
        await demand(self._desk, request, "follower.remove")
        actor, target = request.query.get("actor", ""), request.query.get("target", "")
        row = await self._desk.storage.read(lambda reads: _one_follower(reads, actor, target))
        if row is None:
            raise Refused(Reason.NOT_FOUND)
        view = {
            "heading": say("Remove a follower"),
            "question": say("Stop sending to {name}?", name=row["name"] or actor),
            "lost": [say("They no longer receive what you publish, and are told so.")],
            "kept": [
                say("What they hold already stays with them: it is public."),
                say("They can ask again; to keep them out, add their host to blocked_hosts in the settings."),
            ],
            "action": f"/connections/remove?{urlencode({'actor': actor, 'target': target})}",
            "button": say("Remove them"),
            "cancel_url": "/connections",
            "fields": [],
        }
        return render(request, "confirm.html", view)

    async def remove(self, request: web.Request) -> web.StreamResponse:
        actor, target = request.query.get("actor", ""), request.query.get("target", "")
        form = await read_act(request)
        insist(await self.remove_follower(actor, target, who_of(request, form.once)))
        raise web.HTTPSeeOther("/connections?said=removed")


def _one_follower(reads: Reads, actor: str, target: str) -> Row | None:
    return reads.one(
        "SELECT a.name FROM follower f LEFT JOIN actor a ON a.id = f.actor"
        " WHERE f.actor = :actor AND f.target = :target",
        actor=actor, target=target,
    )  # fmt: skip


def _followers(reads: Reads) -> list[Row]:
    return reads.all(
        "SELECT f.actor, f.target, f.host, f.at, a.name, a.handle, p.paused, p.failing_since, p.last_error,"
        " c.actor AS node FROM follower f LEFT JOIN actor a ON a.id = f.actor LEFT JOIN peer p ON p.host = f.host"
        " LEFT JOIN coalition c ON c.actor = f.target ORDER BY f.at DESC LIMIT :limit",
        limit=MOST,
    )


_TONES = {"accepted": "good", "refused": "off", "ended": "off", "paused": "bad", "broken": "bad"}
_WORDS = {
    "asked": words("Asked"),
    "waiting": words("Waiting"),
    "accepted": words("Accepted"),
    "refused": words("Refused"),
    "ended": words("Ended"),
    "paused": words("Paused"),
    "broken": words("Broken"),
}


def _connection(follow: Follow) -> Connection:
    tone = _TONES.get(follow.state, "wait")
    quoted = quote(follow.target, safe="")
    return Connection(
        name=follow.name,
        address=follow.address,
        state=State(_WORDS[follow.state], tone, follow.sentence, follow.since or None),  # pyright: ignore[reportArgumentType]
        url=f"/catalog?practice={quoted}" if not follow.whole_node else "/catalog",
        what=say("The whole node") if follow.whole_node else say("A practice"),
        again_url=f"/connections/again?target={quoted}" if follow.state in ("refused", "ended", "waiting") else None,
        end_url=f"/connections/end?target={quoted}" if follow.state != "ended" else None,
    )


def _follower(row: Row) -> Connection:
    if row["paused"]:
        state = State(_WORDS["paused"], "bad", _kept(_why_paused(row["paused"])), row["failing_since"])
    elif row["failing_since"]:
        state = State(_WORDS["broken"], "bad", trying(row["last_error"]), row["failing_since"])
    else:
        state = State(say("Following"), "good", say("They receive what we publish."), row["at"])
    what = say("the whole node") if row["node"] else row["target"].rpartition("/")[2]
    address = f"@{row['handle']}@{row['host']}" if row["handle"] else row["actor"]
    asked = urlencode({"actor": row["actor"], "target": row["target"]})
    return Connection(
        name=row["name"] or row["actor"],
        address=address,
        state=state,
        what=what,
        end_url=f"/connections/remove?{asked}",
    )
