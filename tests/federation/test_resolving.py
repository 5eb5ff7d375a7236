"""From what a person types to an actor: real WebFinger servers, and what is said when there is no way."""

import pytest
from aiohttp import web

from node.federation.peer import PeerError, Peers
from node.federation.resolving import resolve
from protocol import canonical, discovery
from protocol.errors import Reason, RemoteProtocolError
from tests.cluster.kit import START
from tests.federation.hostile import Cast, Character, Seen, answer, dead_port, redirect

WEBFINGER = "/.well-known/webfinger"


@pytest.fixture
def who(world: Cast) -> Character:
    """An actor with a document; the server answers WebFinger for whatever is asked, as its subject."""
    made = Character(world.good, "/practices/violence")
    made.publish(START)

    async def answers(seen: Seen) -> web.StreamResponse:
        found = discovery.webfinger(seen.request.query["resource"], made.id)
        return await answer(200, canonical.encode(found), "application/jrd+json")(seen)

    world.good.on(WEBFINGER, answers)
    return made


async def find(text: str, peers: Peers, world: Cast) -> str:
    return await resolve(text, peers, lambda *_request: [], world.allowed)


TYPED = [
    "@violence@{host}",
    "violence@{host}",
    "acct:violence@{host}",
    "  @violence@{host} ",
    "{host}",
    "{host}/",
    "http://{host}",
    "http://{host}/",
    "http://{host}/practices/violence",
    "{host}/practices/violence",
]


@pytest.mark.parametrize("typed", TYPED)
async def test_every_way_to_write_an_address_leads_there(world: Cast, peers: Peers, who: Character, typed: str) -> None:
    assert await find(typed.format(host=f"127.0.0.1:{world.good.port}"), peers, world) == who.id


async def test_a_page_says_its_own_id(world: Cast, peers: Peers, who: Character) -> None:
    """What is served at an address may be an actor of another path: its id is what counts."""
    document = who.sign(who.document(START), START)
    url = world.good.on("/@violence", answer(200, document, "application/activity+json"))
    assert await find(url, peers, world) == who.id


NO_ADDRESS = ["", "   ", "@", "@@", "@a@", "not a host!", "ftp://x.example/a", "javascript:alert(1)", "a b.example",
              "http://", "https://user@x.example/", "@a@b@c", "x" * 3_000, "\x00", "http://x.example/\\a"]  # fmt: skip


@pytest.mark.parametrize("typed", NO_ADDRESS, ids=lambda text: repr(text)[:20])
async def test_what_is_no_address_is_said_to_be_none(world: Cast, peers: Peers, typed: str) -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        await find(typed, peers, world)
    assert refused.value.reason is Reason.INVALID
    assert refused.value.detail.endswith(".")
    assert world.good.seen == []


@pytest.mark.parametrize("status", [404, 410])
async def test_nobody_by_that_name(world: Cast, peers: Peers, status: int) -> None:
    world.good.on(WEBFINGER, answer(status))
    with pytest.raises(RemoteProtocolError, match="knows nobody by that name"):
        await find(f"@nobody@127.0.0.1:{world.good.port}", peers, world)


JRDS = {
    "no JSON": b"{",
    "a list": b"[]",
    "no links": b'{"subject": "acct:a@b"}',
    "a page alone": b'{"links": [{"rel": "self", "type": "text/html", "href": "https://x.example"}]}',
    "no URL": b'{"links": [{"rel": "self", "type": "application/activity+json", "href": "javascript:x"}]}',
}


@pytest.mark.parametrize("name", JRDS)
async def test_an_answer_that_names_no_actor_is_refused(world: Cast, peers: Peers, name: str) -> None:
    world.good.on(WEBFINGER, answer(200, JRDS[name], "application/jrd+json"))
    with pytest.raises(RemoteProtocolError) as refused:
        await find(f"@a@127.0.0.1:{world.good.port}", peers, world)
    assert refused.value.reason is Reason.INVALID


async def test_an_answer_about_somebody_else_is_none(world: Cast, peers: Peers) -> None:
    body = canonical.encode(discovery.webfinger("acct:other@elsewhere.example", "https://elsewhere.example/actor"))
    world.good.on(WEBFINGER, answer(200, body, "application/jrd+json"))
    with pytest.raises(RemoteProtocolError, match="another subject"):
        await find(f"@a@127.0.0.1:{world.good.port}", peers, world)


async def test_trouble_on_the_way_is_said_in_words(world: Cast, peers: Peers) -> None:
    for typed in (f"127.0.0.1:{dead_port()}", f"http://127.0.0.1:{dead_port()}/actor"):
        with pytest.raises(PeerError) as trouble:
            await find(typed, peers, world)
        assert trouble.value.sentence
    world.good.on(WEBFINGER, answer(500))
    with pytest.raises(PeerError, match="500"):
        await find(f"@a@127.0.0.1:{world.good.port}", peers, world)


async def test_no_typed_address_reaches_the_canary(world: Cast, peers: Peers) -> None:
    canary = f"127.0.0.1:{world.canary.port}"
    world.good.on(WEBFINGER, redirect(f"http://{canary}/x"))
    for typed in (f"@a@{canary}", f"http://{canary}/actor", f"@a@127.0.0.1:{world.good.port}"):
        with pytest.raises((PeerError, RemoteProtocolError)):
            await find(typed, peers, world)
    assert world.canary.connections == 0
