"""The kit itself: what its actors sign verifies and what it serves arrives, so that a refusal is never its fault."""

import pytest

from node.federation.peer import Peers
from protocol import http_signature, integrity
from protocol.canonical import read
from protocol.http_message import Form
from protocol.vocabulary.activities import read_activity
from protocol.vocabulary.actors import keys_of, read_actor
from tests.federation.hostile import Character, cast, endless, post_to

NOW = 1_800_000_000_000


async def test_a_published_actor_is_one() -> None:
    async with cast() as world:
        peers = Peers("t", world.allowed)
        g1 = Character(world.good, "/practices/violence")
        document = await peers.document_at(g1.publish(NOW))
        await peers.close()
    actor = read_actor(document)
    key = next(key for key in keys_of(actor) if key.id == g1.key_id)
    assert key.public == g1.key.public
    integrity.verify_document(integrity.claim(document, actor, actor.id), key, NOW, actor.id)


@pytest.mark.parametrize("form", ["native", "legacy"])
async def test_a_signed_delivery_verifies(form: Form) -> None:
    async with cast() as world:
        g1 = Character(world.good, "/practices/violence")
        body = g1.sign(g1.activity("Follow", world.partner.url("/actor"), NOW), NOW)
        unsigned = post_to(world.partner.url("/inbox"), body)
        request = g1.native(unsigned, NOW) if form == "native" else g1.legacy(unsigned, NOW)
        signature = http_signature.read_any(request, NOW)
        http_signature.check(signature, g1.key.public if form == "native" else g1.rsa.public)
        assert (signature.form, read_activity(read(body)).actor) == (form, g1.id)


@pytest.mark.parametrize(("loops", "pages"), [(False, ["0", "1", "2", "3"]), (True, ["0", "1", "0", "1"])])
async def test_an_endless_collection_goes_on(loops: bool, pages: list[str]) -> None:
    async with cast() as world:
        peers = Peers("t", world.allowed)
        url, seen = endless(world.evil, "/outbox", loops=loops), list[str]()
        for _ in pages:
            seen.append(url.rpartition("=")[2])
            url = (await peers.document_at(url)).value["next"]
        await peers.close()
    assert seen == pages
