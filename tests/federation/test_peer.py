"""The guarded client against real servers: where it goes, and what it says when it cannot (security cases D)."""

import socket
from collections.abc import Callable

import pytest
from aiohttp import web

from node.federation.peer import Peers
from protocol.http_message import Form, Request
from tests.federation.clients import SMALL, refused
from tests.federation.hostile import (
    Authority,
    Canary,
    Cast,
    Seen,
    Server,
    answer,
    dead_port,
    redirect,
    serve,
    serving,
)

# Where to

LITERALS = [
    "127.0.0.1",
    "localhost",
    "127.1",
    "0x7f000001",
    "2130706433",
    "017700000001",
    "0.0.0.0",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:0:5ef5:79fd::80ff:fffe]",
    "169.254.169.254",
    "100.64.0.1",
    "198.18.0.1",
    "[fe80::1%25lo]",
    "①②⑦.0.0.1",
    "127。0。0。1",
    "LOCALHOST.",
    "user@127.0.0.1",
]


@pytest.mark.parametrize("host", LITERALS)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_no_spelling_of_a_local_address_reaches_the_canary(
    world: Cast, peers: Peers, scheme: str, host: str
) -> None:
    url = f"{scheme}://{host}:{world.canary.port}/actor"
    error = await refused(peers.get(url))
    assert error.kind in {"refused-url", "refused-address"}
    await refused(peers.post(url, b"{}", []))
    await refused(peers.document_at(url))
    assert world.canary.connections == 0


@pytest.mark.parametrize("host", LITERALS)
@pytest.mark.parametrize("signed", [False, True])
async def test_no_redirect_reaches_the_canary(world: Cast, peers: Peers, host: str, signed: bool) -> None:
    start = world.evil.on("/start", redirect(f"https://{host}:{world.canary.port}/"))
    sign: Callable[[Request, Form], list[tuple[str, str]]] = lambda _request, _form: [("signature", "x")]  # noqa: E731
    assert (await refused(peers.get(start, sign=sign if signed else None))).kind in {"refused-url", "refused-address"}
    assert world.canary.connections == 0
    assert world.evil.paths == ["GET /start"]


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["::1"], ["1.1.1.1", "127.0.0.1"], ["::ffff:127.0.0.1"], ["10.0.0.1"], ["fe80::1%1"], ["junk"]],
)
async def test_a_public_name_with_one_private_address_is_refused(world: Cast, addresses: list[str]) -> None:
    async def names(_: str) -> list[str]:
        return addresses

    peers = Peers("t", world.allowed, SMALL, names=names)
    error = await refused(peers.get(f"https://public.example:{world.canary.port}/"))
    await peers.close()
    assert error.kind == "refused-address"
    assert world.canary.connections == 0


async def test_a_name_is_looked_up_once_and_that_address_dialled(world: Cast) -> None:
    """DNS rebinding: the second answer would be the canary's."""
    asked: list[str] = []

    async def names(host: str) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.9.9.9"]

    world.good.on("/x", serve({"id": "x"}))
    peers = Peers("t", frozenset({("good.example", world.good.port)}), SMALL, names=names)
    answered = await peers.get(f"http://good.example:{world.good.port}/x")
    again = await peers.get(f"http://good.example:{world.good.port}/x")
    await peers.close()
    assert (answered.status, again.status, asked) == (200, 200, ["good.example"])
    assert [seen.headers["host"] for seen in world.good.seen] == [f"good.example:{world.good.port}"] * 2


async def test_only_the_exact_pair_is_let_through(world: Cast) -> None:
    peers = Peers("t", frozenset({("127.0.0.1", world.good.port)}), SMALL)
    assert (await peers.get(world.good.url("/"))).status == 404
    for url in (world.partner.url("/"), f"http://localhost:{world.good.port}/", f"http://[::1]:{world.good.port}/"):
        assert (await refused(peers.get(url))).kind in {"refused-url", "refused-address"}
    await peers.close()
    assert world.partner.seen == []


async def test_this_node_itself_is_never_fetched(world: Cast) -> None:
    peers = Peers("t", world.allowed, SMALL, own=frozenset({world.good.pair}))
    start = world.evil.on("/start", redirect(world.good.url("/proxy")))
    assert (await refused(peers.get(world.good.url("/proxy?url=x")))).kind == "refused-url"
    assert (await refused(peers.get(start))).kind == "refused-url"
    await peers.close()
    assert world.good.seen == []


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "file:///etc/passwd",
        "data:text/plain,x",
        "gopher://example.org/",
        "ftp://example.org/",
        "//example.org/",
        "",
        "https://example.org:0/",
        "https://example.org\\@127.0.0.1/",
        "https://exam ple.org/",
        "https://example.org/\r\nX: y",
        "https:///x",
    ],
)
async def test_other_schemes_and_misleading_urls_are_refused(peers: Peers, world: Cast, url: str) -> None:
    assert (await refused(peers.get(url))).kind == "refused-url"
    start = world.evil.on("/start", redirect(url)) if "\r" not in url and url else None
    if start and url != "//example.org/":
        await refused(peers.get(start))


# Redirects


async def test_three_redirects_are_followed_and_not_a_fourth(world: Cast, peers: Peers) -> None:
    for hop in range(20):
        world.good.on(f"/{hop}", redirect(f"/{hop + 1}", (301, 302, 303, 307, 308)[hop % 5]))
    world.good.on("/20", serve({}))
    assert (await peers.get(world.good.url("/17"))).url == world.good.url("/20")
    world.good.seen.clear()
    assert (await refused(peers.get(world.good.url("/0")))).kind == "redirects"
    assert world.good.paths == ["GET /0", "GET /1", "GET /2", "GET /3"]


@pytest.mark.parametrize("location", ["/loop", "", "?x"])
async def test_a_loop_ends(world: Cast, peers: Peers, location: str) -> None:
    start = world.evil.on("/loop", redirect(location))
    assert (await refused(peers.get(start))).kind == "redirects"
    assert len(world.evil.seen) == 4


async def test_a_signature_stays_at_home(world: Cast, peers: Peers) -> None:
    """Signed anew for each hop at the same origin; nothing made for it goes elsewhere."""
    start = world.good.on("/a", redirect("/b"))
    world.good.on("/b", redirect(world.evil.url("/c")))
    world.evil.on("/c", serve({}))
    signed: list[str] = []

    def sign(request: Request, _form: Form) -> list[tuple[str, str]]:
        signed.append(request.target)
        assert ("host", f"127.0.0.1:{world.good.port}") in request.headers
        return [("Signature", request.target), ("Signature-Input", "sig1=()"), ("Date", "now")]

    await peers.get(start, [("Authorization", "secret"), ("Cookie", "c")], sign=sign)
    assert signed == [world.good.url("/a"), world.good.url("/b")]
    assert [seen.headers["signature"] for seen in world.good.seen] == signed
    assert world.good.seen[1].headers["authorization"] == "secret"
    for name in ("signature", "signature-input", "authorization", "cookie", "date"):
        assert name not in world.evil.seen[0].headers
    assert world.evil.seen[0].headers["user-agent"] == "Commonweave/test"


async def test_a_post_is_never_redirected(world: Cast, peers: Peers) -> None:
    for status in (301, 302, 303, 307, 308):
        inbox = world.evil.on("/inbox", redirect(world.good.url("/inbox"), status))
        assert (await peers.post(inbox, b"{}", [("content-type", "application/json")])).status == status
    assert world.good.seen == []


async def test_https_is_not_left_for_http(world: Cast) -> None:
    authority = Authority()
    secure = Server(tls=authority.server("secure.example"), name="secure.example")
    async with serving(secure):

        async def names(_: str) -> list[str]:
            return ["127.0.0.1"]

        peers = Peers("t", frozenset({secure.pair, world.good.pair}), SMALL, names=names, tls=authority.client())
        secure.on("/ok", serve({}))
        assert (await peers.get(secure.url("/ok"))).status == 200
        start = secure.on("/start", redirect(world.good.url("/x")))
        assert (await refused(peers.get(start))).kind == "redirects"
        await peers.close()
    assert world.good.seen == []


async def test_no_cookie_is_kept_and_no_proxy_taken(world: Cast, peers: Peers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{world.canary.port}")
    start = world.good.on("/x", answer(200, headers={"Set-Cookie": "a=b; Path=/"}))
    await peers.get(start)
    await peers.get(start)
    assert "cookie" not in world.good.seen[1].headers
    assert world.canary.connections == 0


# In words


async def test_what_went_wrong_is_said_in_words(world: Cast) -> None:
    trusted, unknown = Authority(), Authority()
    expired = Server(tls=trusted.server("expired.example", expired=True), name="expired.example")
    foreign = Server(tls=unknown.server("foreign.example"), name="foreign.example")
    other = Server(tls=trusted.server("name.example"), name="other.example")
    async with serving(expired, foreign, other):

        async def names(host: str) -> list[str]:
            if host == "nowhere.example":
                raise socket.gaierror(socket.EAI_NONAME, "no such name")
            return ["127.0.0.1"]

        port = dead_port()
        pairs = {expired.pair, foreign.pair, other.pair, ("127.0.0.1", port), ("plain.example", world.good.port)}
        gone = Canary()
        await gone.start()
        pairs.add(("127.0.0.1", gone.port))
        peers = Peers("t", frozenset(pairs), SMALL, names=names, tls=trusted.client())
        said = {
            url: (await refused(peers.get(url))).sentence
            for url in (
                expired.url("/"),
                foreign.url("/"),
                other.url("/"),
                "https://nowhere.example/",
                f"http://127.0.0.1:{port}/",
                f"https://plain.example:{world.good.port}/",
                f"http://127.0.0.1:{gone.port}/",
            )
        }
        await peers.close()
        await gone.stop()
    assert list(said.values()) == [
        "their certificate has expired",
        "their certificate comes from no authority that this machine trusts",
        "their certificate is for another name",
        "the name does not exist",
        "nothing listens there",
        "a secure connection could not be agreed on",
        "they closed the connection before they answered",
    ]


async def test_a_connection_closed_meanwhile_is_opened_again(world: Cast, peers: Peers) -> None:
    """A restarted peer has closed the kept connection: the next POST goes out all the same."""
    inbox = world.good.on("/inbox", answer(202))
    assert (await peers.post(inbox, b"{}", [])).status == 202
    await world.good.stop()
    await world.good.start()
    assert (await peers.post(inbox, b"{}", [])).status == 202


async def test_connections_are_kept(world: Cast, peers: Peers) -> None:
    ports: set[int] = set()
    inbox = world.good.on("/inbox", answer(202))
    for _ in range(5):
        await peers.post(inbox, b"{}", [])
    for seen in world.good.seen:
        transport = seen.request.transport
        assert transport is not None
        ports.add(transport.get_extra_info("peername")[1])
    assert len(ports) == 1


async def test_what_is_signed_is_what_is_sent(world: Cast, peers: Peers) -> None:
    url = world.good.url("/a%20b/%7Euser?x=1&y=%C3%A9")
    request = peers.request("POST", url, [("Content-Type", "application/activity+json")], b"{}")
    await peers.send(request)
    seen = world.good.seen[0]
    assert request.target == world.good.origin + seen.path
    for name, value in request.headers:
        assert seen.headers.getall(name) == [value]


async def test_a_get_that_is_refused_in_one_form_is_asked_in_the_other_and_the_form_is_remembered(
    world: Cast, peers: Peers
) -> None:
    """Fedify and others take keys for HTTP signatures from publicKey alone (protocol section 4)."""

    async def reads_legacy_only(seen: Seen) -> web.StreamResponse:
        return web.Response(status=200 if seen.headers["signature"] == "legacy" else 401, text="{}")

    url = world.good.on("/a", reads_legacy_only)
    for _ in range(2):
        answer = await peers.get(url, sign=lambda _request, form: [("signature", form)])
        assert answer.status == 200
    assert [seen.headers["signature"] for seen in world.good.seen] == ["native", "legacy", "legacy"]


async def test_a_get_that_is_refused_in_both_forms_is_refused_once(world: Cast, peers: Peers) -> None:
    url = world.good.on("/a", answer(401))
    assert (await peers.get(url, sign=lambda _request, form: [("signature", form)])).status == 401
    assert [seen.headers["signature"] for seen in world.good.seen] == ["native", "legacy"]
