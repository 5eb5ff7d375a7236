"""A peer of the older fediverse: draft-cavage and RSA, no proofs. It can follow, and is spoken to in its own form."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import web

from protocol import canonical, http_signature
from protocol.errors import RemoteProtocolError
from protocol.http_message import Request
from protocol.identifiers import PUBLIC
from protocol.keys import PublicKey
from protocol.vocabulary.context import ACTIVITY_JSON
from tests.cluster.kit import Town, cluster, settle
from tests.federation.hostile import Character, Seen, Server, answer, post_to, serve, serving

pytestmark = pytest.mark.usefixtures("both_engines")


class Older(Character):
    """An account such as an older server has: an RSA key, no Multikey, no capabilities declared, nothing proved."""

    def __init__(self, server: Server, town: Town | None = None) -> None:
        super().__init__(server, "/users/maria", type="Person")
        self.heard: list[dict[str, Any]] = []
        self.forms: list[str] = []
        self.town = town
        server.on("/users/maria", serve(self.plain()))
        server.on("/users/maria/inbox", self._listen)

    def plain(self) -> dict[str, Any]:
        return {
            "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"],
            "id": self.id,
            "type": "Person",
            "preferredUsername": "maria",
            "name": "Maria",
            "inbox": self.inbox,
            "outbox": f"{self.id}/outbox",
            "followers": f"{self.id}/followers",
            "manuallyApprovesFollowers": False,
            "publicKey": {"id": self.rsa_id, "owner": self.id, "publicKeyPem": self.rsa.public.pem()},
        }

    async def _listen(self, seen: Seen) -> web.StreamResponse:
        """As such a server does: whatever is not draft-cavage with the actor's RSA key is 401."""
        headers = tuple((name.lower(), value) for name, value in seen.headers.items())
        request = Request("POST", self.server.url(seen.path), headers, seen.body)
        assert self.town is not None
        try:
            signature = http_signature.read_any(request, self.town.clock.now())
            self.forms.append(signature.form)
            http_signature.check(signature, await self._key(signature.keyid))
        except RemoteProtocolError:
            return web.Response(status=401)
        if signature.form != "legacy":
            return web.Response(status=401)
        self.heard.append(canonical.read(seen.body).value)
        return web.Response(status=202)

    async def _key(self, key_id: str) -> PublicKey:
        actor = key_id.partition("#")[0]
        async with aiohttp.ClientSession() as client, client.get(actor, headers={"Accept": ACTIVITY_JSON}) as answer:
            document: Mapping[str, Any] = msgspec.json.decode(await answer.read())
        assert document["publicKey"]["id"] == key_id
        return PublicKey.from_pem(document["publicKey"]["publicKeyPem"])

    async def say(self, inbox: str, activity: Mapping[str, Any], now: int) -> int:
        """The status that a signed POST gets."""
        body = canonical.encode({"@context": "https://www.w3.org/ns/activitystreams", **activity})
        signed = self.legacy(post_to(inbox, body), now)
        async with (
            aiohttp.ClientSession() as client,
            client.post(inbox, data=body, headers=dict(signed.headers)) as answer,
        ):
            return answer.status

    def types(self) -> list[str]:
        return [activity["type"] for activity in self.heard]


async def test_a_legacy_peer_follows_and_is_spoken_to_in_its_own_form(tmp_path: Path) -> None:
    server = Server()
    async with serving(server), cluster(tmp_path, "high-point", peers=(server.port,)) as (high_point,):
        maria, now = Older(server, high_point), high_point.clock.now()
        practice = await high_point.open_practice()
        follow = {"id": f"{maria.id}#follows/1", "type": "Follow", "actor": maria.id, "object": practice}
        assert await maria.say(f"{practice}/inbox", follow, now) == 202

        await heard(maria, "Accept")
        assert maria.heard[0]["actor"] == practice
        assert maria.heard[0]["object"]["id"] == follow["id"]

        item = await high_point.publish("Call-in meetings", summary="Who is called in, and who sits in front.")
        await heard(maria, "Create")
        article = maria.heard[1]["object"]
        assert (article["id"], article["type"], article["name"]) == (item, "Article", "Call-in meetings")
        assert "<em>Call-in meetings</em>" in article["content"]
        await high_point.edit(item, title="Call-ins")
        await heard(maria, "Update")  # what a withdrawal overtakes is not sent any more
        await high_point.withdraw(item)
        await heard(maria, "Delete")
        assert maria.types() == ["Accept", "Create", "Update", "Delete"]
        assert set(maria.forms) == {"legacy"}

        undo = {"id": f"{maria.id}#undoes/1", "type": "Undo", "actor": maria.id, "object": follow}
        assert await maria.say(f"{practice}/inbox", undo, now) == 202
        await high_point.publish("Not for Maria")
        await high_point.rest()
        assert maria.types()[-1] == "Delete"


async def test_another_cannot_follow_or_undo_in_a_legacy_peers_name(tmp_path: Path) -> None:
    server, other = Server(), Server()
    async with serving(server, other), cluster(tmp_path, "high-point", peers=(server.port, other.port)) as (town,):
        maria, inkster, now = Older(server, town), Older(other, town), town.clock.now()
        practice = await town.open_practice()
        follow = {"id": f"{maria.id}#follows/1", "type": "Follow", "actor": maria.id, "object": practice}
        assert await inkster.say(f"{practice}/inbox", follow, now) == 403
        assert not await town.rows("SELECT actor FROM follower")

        assert await maria.say(f"{practice}/inbox", follow, now) == 202
        undo = {"id": f"{inkster.id}#undoes/1", "type": "Undo", "actor": inkster.id, "object": follow}
        assert await inkster.say(f"{practice}/inbox", undo, now) == 403
        assert [row["actor"] for row in await town.rows("SELECT actor FROM follower")] == [maria.id]
        await heard(maria, "Accept")


async def test_a_peer_may_decline_and_later_change_its_mind(tmp_path: Path) -> None:
    server = Server()
    async with serving(server), cluster(tmp_path, "high-point", peers=(server.port,)) as (high_point,):
        maria, now = Older(server, high_point), high_point.clock.now()
        await high_point.follow(maria.id)
        await heard(maria, "Follow")
        follow = maria.heard[0]
        shared = high_point.origin + "/inbox"
        reject = {"id": f"{maria.id}#rejects/1", "type": "Reject", "actor": maria.id, "object": follow}
        assert await maria.say(shared, reject, now) == 202
        assert await high_point.follow_state(maria.id) == "refused"
        article = {
            "id": f"{server.origin}/articles/1",
            "type": "Article",
            "attributedTo": maria.id,
            "name": "What we saw",
            "content": "<p>It helped.</p>",
            "published": "2026-05-28T20:26:40Z",
            "to": [PUBLIC],
        }
        create = {
            "id": f"{server.origin}/articles/1/activity",
            "type": "Create",
            "actor": maria.id,
            "object": article,
            "to": [PUBLIC],
        }
        assert await maria.say(shared, create, now) == 403  # nobody here follows her
        assert await high_point.item(article["id"]) is None

        accept = {"id": f"{maria.id}#accepts/1", "type": "Accept", "actor": maria.id, "object": follow}
        assert await maria.say(shared, accept, now) == 202
        assert await maria.say(shared, create, now) == 202
        held = await high_point.item(article["id"])
        assert (held["title"], held["proof"]["key"]) == ("What we saw", None)  # from its own server, without a proof
        await high_point.rest()
        assert await high_point.follow_state(maria.id) == "accepted"


async def heard(maria: Older, type: str) -> None:
    async def yes() -> bool:
        await asyncio.sleep(0)
        return type in maria.types()

    await settle(yes, f"Maria heard {type}")


@pytest.mark.parametrize("form", ["native", "legacy"])
async def test_who_declares_nothing_is_answered_in_the_form_it_has_shown(tmp_path: Path, form: str) -> None:
    server = Server()
    async with serving(server), cluster(tmp_path, "high-point", peers=(server.port,)) as (high_point,):
        quiet, now = Character(server, "/users/quiet"), high_point.clock.now()
        quiet.publish(now, generator=None)
        server.on("/users/quiet/inbox", answer(202))
        practice = await high_point.open_practice()
        request = post_to(f"{high_point.origin}/inbox", quiet.sign(quiet.activity("Follow", practice, now), now))
        signed = quiet.native(request, now) if form == "native" else quiet.legacy(request, now)
        async with (
            aiohttp.ClientSession() as client,
            client.post(request.target, data=request.body, headers=dict(signed.headers)) as told,
        ):
            assert told.status == 202
        await high_point.rest()
        (accept,) = [seen for seen in server.seen if seen.method == "POST"]
        assert ("Signature-Input" in accept.headers) is (form == "native")
