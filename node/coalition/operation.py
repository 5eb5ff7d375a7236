"""How the node is doing, in words: for the operator's page, the API and the command line alike."""

from collections.abc import Awaitable, Callable
from urllib.parse import quote

import msgspec
from aiohttp import web

from node.coalition import rules
from node.coalition.changed_keys import ChangedKey, changed, pending
from node.coalition.connections import trying
from node.coalition.standing import demand
from node.federation import comparing
from node.federation.peer import PeerError
from node.federation.schedule import BLOCKED, BLOCKED_SAID
from node.gate.desk import Desk
from node.gate.handler import Who
from node.keystore import Keystore
from node.sentence import count, say, stored, together, words
from node.storage.contract import Reads, Row
from node.web.forms import read_act
from node.web.problem import Refused, insist
from node.web.render import render
from node.web.session import who_of
from node.web.things import Alert, Check, KeyLine, Peer, State
from node.web.things import Refused as RefusedLine
from protocol import identifiers
from protocol.errors import Reason, RemoteProtocolError, sentence
from protocol.keys import PublicKey

PEERS = 200


class PeerHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One peer. state: working, broken, paused or dormant; owed: entries it has not acknowledged; times in ms."""

    host: str
    state: str
    sentence: str
    owed: int
    since: int | None
    last_ok: int | None
    next_try: int | None


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The node's health. status: good, or attention with what needs it in warnings.

    amiss: where what is held of others is not what they say it is; among the warnings too.
    """

    status: str
    name: str
    version: str
    now: int
    practices: int
    items: int
    received_items: int
    followers: int
    follows: int
    owed: int
    behind: int
    peers: tuple[PeerHealth, ...]
    amiss: tuple[str, ...]
    warnings: tuple[str, ...]


_PEERS = (
    "SELECT p.host, p.paused, p.failing_since, p.attempts, p.last_error, p.last_ok, p.due, p.lease,"
    " (SELECT COALESCE(SUM(s.seq - i.acked), 0) FROM inbox i JOIN held_set s ON s.key = i.set_key"
    "  WHERE i.host = p.host AND i.wants IS NOT NULL) AS owed"
    " FROM peer p WHERE EXISTS (SELECT 1 FROM inbox i WHERE i.host = p.host)"
    " OR EXISTS (SELECT 1 FROM following f WHERE f.host = p.host)"
    " ORDER BY p.failing_since IS NULL, p.host LIMIT :limit"
)


def peers(reads: Reads) -> list[PeerHealth]:
    """Every peer that follows or is followed, those in trouble first."""
    return [_peer(row) for row in reads.all(_PEERS, limit=PEERS)]


def _peer(row: Row) -> PeerHealth:
    if row["paused"] == "key-changed":
        state, sentence = "paused", say("Their key changed without a proof; compare fingerprints and confirm.")
    elif row["paused"] == BLOCKED:
        state, sentence = "paused", BLOCKED_SAID
    elif row["paused"]:
        state, sentence = "paused", say("They refuse what this node sends: {why}", why=stored(row["paused"]))
    elif row["failing_since"]:
        state, sentence = "broken", trying(row["last_error"])
    else:
        state, sentence = "working", ""
    return PeerHealth(
        host=row["host"], state=state, sentence=sentence, owed=row["owed"], since=row["failing_since"],
        last_ok=row["last_ok"], next_try=None if row["lease"] else row["due"],
    )  # fmt: skip


def health(reads: Reads, now: int, version: str, *, root_here: bool) -> Health:
    """Everything an operator looks at first."""
    counts = reads.the(
        "SELECT (SELECT name FROM coalition) AS name,"
        " (SELECT COUNT(*) FROM practice WHERE local = 1) AS practices,"
        " (SELECT COUNT(*) FROM item WHERE local = 1 AND withdrawn IS NULL) AS items,"
        " (SELECT COUNT(*) FROM item WHERE local = 0 AND withdrawn IS NULL) AS received,"
        " (SELECT COUNT(*) FROM follower) AS followers,"
        " (SELECT COUNT(*) FROM following WHERE state = 'accepted') AS follows,"
        " (SELECT COUNT(*) FROM held_set WHERE local = 0 AND pull_at IS NOT NULL AND last_error IS NOT NULL) AS behind"
    )
    known = peers(reads)
    warnings = [say("{host}: {why}", host=peer.host, why=peer.sentence) for peer in known if peer.state != "working"]
    amiss = comparing.amiss(reads)
    warnings += amiss
    if root_here:
        warnings.append(
            say(
                "The root key is still on this machine (root-key in the data directory). Move it to paper or a stick in"
                " a safe, then delete the file: whoever has it can become this node."
            )
        )
    return Health(
        status="attention" if warnings else "good", name=counts["name"] or "", version=version, now=now,
        practices=counts["practices"], items=counts["items"], received_items=counts["received"],
        followers=counts["followers"], follows=counts["follows"], owed=sum(peer.owed for peer in known),
        behind=counts["behind"], peers=tuple(known), amiss=tuple(amiss), warnings=tuple(warnings),
    )  # fmt: skip


class Operation:
    """The operator's page. `repin` confirms a changed key, given the digest of the document that was shown.

    `refresh` fetches an actor's document anew; `unpause` lets a peer be spoken to again.
    """

    def __init__(
        self,
        desk: Desk,
        keystore: Keystore,
        unpause: Callable[[str], Awaitable[None]],
        repin: Callable[[str, str], Awaitable[None]],
        refresh: Callable[[str], Awaitable[None]],
        version: str,
    ) -> None:
        self._desk = desk
        self._storage = desk.storage
        self._keystore = keystore
        self._unpause = unpause
        self._repin = repin
        self._refresh = refresh
        self._version = version

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/operation", self.show),
            web.post("/operation/check", self.check),
            web.post("/operation/again", self.again),
            web.get("/operation/confirm", self.ask),
            web.post("/operation/confirm", self.confirm),
        ]

    async def health(self) -> Health:
        root_here, now = self._keystore.root_key_present(), self._desk.clock.now()
        return await self._storage.read(lambda reads: health(reads, now, self._version, root_here=root_here))

    async def show(self, request: web.Request) -> web.StreamResponse:
        await demand(self._desk, request, "node.operate")
        found = await self.health()

        def work(reads: Reads) -> dict[str, object]:
            return {
                "alerts": [_alert(row) for row in pending(reads)],
                "refused_here": [
                    {
                        "who": each.who,
                        "object": each.object,
                        "sentence": sentence(each.reason),
                        "many": each.many,
                        "at": each.at,
                    }
                    for each in self._desk.gate.refusals.latest()[:20]
                ],
                "refusals": [
                    RefusedLine(row["host"], row["reason"], row["at"])
                    for row in reads.all(
                        "SELECT i.host, r.reason, r.at FROM refusal r JOIN inbox i ON i.key = r.inbox_key"
                        " ORDER BY r.key DESC LIMIT 20"
                    )
                ],
                "keys": [
                    KeyLine(
                        row["name"],
                        PublicKey("ed25519", row["public"]).fingerprint(),
                        row["valid_from"],
                        row["valid_until"],
                    )
                    for row in reads.all(
                        "SELECT a.name, k.public, k.valid_from, k.valid_until FROM actor_key k JOIN actor a"
                        " ON a.id = k.actor WHERE a.local = 1 AND k.kind = 'ed25519' ORDER BY a.name, k.valid_from"
                    )
                ],
            }

        view = await self._storage.read(work)
        root = PublicKey.from_did(self._keystore.root_public())
        view |= {
            "checks": _checks(found),
            "peers": [_line(peer) for peer in found.peers],
            "owed": found.owed,
            "oldest_owed": min((peer.since for peer in found.peers if peer.since and peer.owed), default=None),
            "root": KeyLine(say("Root key"), root.fingerprint()),
            "root_here": self._keystore.root_key_present(),
            "version": self._version,
            "checked": found.now,
        }
        return render(request, "operation.html", view)

    # The acts, for pages and programs

    async def _allowed(self, subject: str, who: Who) -> None:
        insist(await self._desk.gate.perform(rules.Operate(subject), who))

    async def speak_again(self, who: Who) -> None:
        """Speak to every paused peer again: the one thing that a person can hasten."""
        await self._allowed("check", who)
        for peer in (await self.health()).peers:
            if peer.state != "working":
                await self._unpause(peer.host)

    async def ask_again(self, actor: str, who: Who) -> str:
        """Ask an actor's origin once more: a quarrel over a mistake ends when it shows the good key again.

        How it stands: key-still, key-away or key-good. Refused if nothing of the actor waits.
        """
        await self._allowed(actor, who)
        if not await self._waits(actor):
            raise Refused(Reason.NOT_FOUND)
        said = "key-still"
        try:
            await self._refresh(actor)
        except PeerError:
            said = "key-away"
        except RemoteProtocolError as error:
            if error.reason is not Reason.KEY_CHANGED:
                raise
        else:
            if not await self._waits(actor):
                await self._unpause(identifiers.origin(actor).key)
                said = "key-good"
        return said

    async def trust(self, actor: str, seen: str, who: Who) -> None:
        """The changed key is theirs. seen: the SHA-256, in hex, of the document that a person compared."""
        await self._allowed(actor, who)
        await self._repin(actor, seen)
        await self._unpause(identifiers.origin(actor).key)

    async def changed(self, actor: str = "") -> list[ChangedKey]:
        """The actors whose new keys wait for a person to compare them, the first fifty; or this one alone."""

        return await self._storage.read(lambda reads: changed(reads, actor))

    # The pages of the acts

    async def check(self, request: web.Request) -> web.StreamResponse:
        form = await read_act(request)
        await self.speak_again(who_of(request, form.once))
        raise web.HTTPSeeOther("/operation?said=checked")

    async def again(self, request: web.Request) -> web.StreamResponse:
        form = await read_act(request)
        said = await self.ask_again(request.query.get("actor", ""), who_of(request, form.once))
        raise web.HTTPSeeOther(f"/operation?said={said}")

    async def _waits(self, actor: str) -> bool:
        """A document of the actor's waits for a decision."""
        row = await self._storage.read(
            lambda reads: reads.one("SELECT 1 AS yes FROM actor WHERE id = :id AND pending IS NOT NULL", id=actor)
        )
        return row is not None

    async def ask(self, request: web.Request) -> web.StreamResponse:
        await demand(self._desk, request, "node.operate")
        actor = request.query.get("actor", "")
        waiting = await self.changed(actor) if actor else []
        if not waiting:
            raise Refused(Reason.NOT_FOUND)
        found = waiting[0]
        view = {
            "heading": say("Confirm a changed key"),
            "question": say("Is this still {name}? Call them, and compare the fingerprints aloud.", name=found.name),
            "lost": [
                say("Key held until now: {key}", key=found.held),
                say("Key they show now: {key}", key=found.shown),
            ],
            "kept": [say("Everything received under the old key stays as it is.")],
            "action": f"/operation/confirm?actor={quote(actor, safe='')}&seen={found.seen}",
            "button": say("The fingerprints match: trust the new key"),
            "cancel_url": "/operation",
            "fields": [],
        }
        return render(request, "confirm.html", view)

    async def confirm(self, request: web.Request) -> web.StreamResponse:
        form = await read_act(request)
        await self.trust(request.query.get("actor", ""), request.query.get("seen", ""), who_of(request, form.once))
        raise web.HTTPSeeOther("/operation?said=confirmed")


def _alert(row: Row) -> Alert:
    if row["state"] == "key-changed":
        said = say(
            "Their key changed and nothing proves that it is still them. Their messages are refused until you confirm."
        )
    else:
        said = say(
            "Their root key signed a new document. It takes effect after 72 hours unless their present key"
            " contradicts it."
        )
    return Alert(
        f"{row['name']} ({row['host']})",
        said,
        f"/operation/confirm?actor={quote(row['id'], safe='')}",
        say("Compare fingerprints"),
        f"/operation/again?actor={quote(row['id'], safe='')}",
    )


_TONE = {"working": "good", "broken": "bad", "paused": "bad"}
_WORDS = {"working": words("Working"), "broken": words("Broken"), "paused": words("Paused")}


def _line(peer: PeerHealth) -> Peer:
    tone = _TONE.get(peer.state, "wait")
    state = State(_WORDS.get(peer.state, peer.state), tone, peer.sentence, peer.since)  # pyright: ignore[reportArgumentType]
    return Peer(peer.host, state, "", peer.owed, peer.last_ok, peer.next_try if peer.owed else None)


def _checks(found: Health) -> list[Check]:
    troubled = [peer for peer in found.peers if peer.state != "working"]
    return [
        Check(
            say("Other nodes"),
            State(
                say("Attention"),
                "bad",
                say("{some} of {all} nodes cannot be reached or are paused.", some=len(troubled), all=len(found.peers)),
            )
            if troubled
            else State(
                say("Good"),
                "good",
                count(
                    "{number} node: every one can be reached.",
                    "{number} nodes: every one can be reached.",
                    len(found.peers),
                ),
            ),
        ),
        Check(
            say("What you follow"),
            State(say("Attention"), "bad", together(found.amiss))
            if found.amiss
            else State(
                say("Behind"),
                "wait",
                say("{number} could not be asked for news lately; we keep trying.", number=found.behind),
            )
            if found.behind
            else State(
                say("Good"),
                "good",
                say("{follows} followed; {items} items received.", follows=found.follows, items=found.received_items),
            ),
        ),
        Check(
            say("Waiting to be delivered"),
            State(say("Waiting"), "wait", say("{number} deliveries are owed.", number=found.owed))
            if found.owed
            else State(say("Good"), "good", say("Nothing.")),
        ),
    ]
