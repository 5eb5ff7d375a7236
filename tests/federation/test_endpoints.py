"""What other servers are answered, byte by byte where it matters: a real node, asked over HTTP (protocol section 5)."""

import gzip
import io
import zlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec
import pytest
import pytest_asyncio
from yarl import URL

from protocol import canonical, http_signature, identifiers, integrity, limits, log
from protocol.http_message import Request
from protocol.keys import HeldKey
from protocol.vocabulary.actors import read_actor
from protocol.vocabulary.context import ACTIVITY_JSON
from tests.cluster.kit import START, StoryClock, Town, cluster
from tests.federation.hostile import Character, Server, serving

pytestmark = pytest.mark.asyncio(loop_scope="module")
LD_JSON = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'
VARY = "Accept, Signature, Signature-Input"


class Answer(msgspec.Struct, frozen=True):
    """An answer, read whole."""

    status: int
    headers: Any
    body: bytes

    @property
    def value(self) -> Any:
        return msgspec.json.decode(self.body)


class Scene:
    """A node with a practice, three items of which one is withdrawn, and a neighbour whose requests are signed."""

    def __init__(self, town: Town, who: Character, clock: StoryClock) -> None:
        self.town = town
        self.who = who
        self.clock = clock
        self.practice = f"{town.origin}/practices/violence"
        self.items: list[str] = []
        self._nonce = 0

    async def send(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """Exactly this request."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        async with (
            aiohttp.ClientSession(auto_decompress=False) as client,
            client.request(
                method, URL(self.town.origin + path, encoded=True), data=None if body is None else io.BytesIO(body),
                headers=more, skip_auto_headers=["Accept", "Content-Type"],
                allow_redirects=False,
            ) as answer,
        ):  # fmt: skip
            return Answer(answer.status, answer.headers, await answer.read())

    async def get(self, path: str, accept: str = ACTIVITY_JSON, **headers: str) -> Answer:
        return await self.send("GET", path, None, Accept=accept, **headers)

    async def signed(self, path: str, **headers: str) -> Answer:
        """A GET signed by the neighbour."""
        self._nonce += 1
        request = Request("GET", self.town.origin + path, (), None)
        added = http_signature.sign(request, self.who.key, self.who.key_id, self.clock.now() // 1000, str(self._nonce))
        return await self.get(path, **dict(added), **headers)

    async def post(self, wire: bytes, path: str = "/inbox", kind: str = ACTIVITY_JSON, **headers: str) -> Answer:
        """A POST of these bytes, signed by the neighbour."""
        self._nonce += 1
        more = {name.replace("_", "-").lower(): value for name, value in headers.items()}
        request = Request("POST", self.town.origin + path, (("content-type", kind), *more.items()), wire)
        added = http_signature.sign(request, self.who.key, self.who.key_id, self.clock.now() // 1000, str(self._nonce))
        return await self.send("POST", path, wire, **{"Content-Type": kind, **more, **dict(added)})

    def follow(self, number: int) -> bytes:
        return self.who.sign(self.who.activity("Follow", self.practice, START, number), START)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    server, clock = Server(), StoryClock()
    async with serving(server):
        who = Character(server, "/practices/neighbour")
        who.publish(START)
        async with cluster(tmp_path_factory.mktemp("endpoints"), "high-point", clock=clock, peers=(server.port,)) as (
            town,
        ):
            await town.open_practice("violence")
            made = Scene(town, who, clock)
            made.items = [await town.publish(f"Item {number}", "violence") for number in range(3)]
            await town.api("DELETE", f"/items/{made.items[2].rpartition('/')[2]}")
            yield made


async def test_an_inbox_is_an_actors(scene: Scene) -> None:
    said = scene.follow(400)
    assert problem(await scene.post(said, "/practices/nosuch/inbox"), 404) == "not-found"
    assert (await scene.post(said, "/practices/violence/inbox")).status == 202


async def test_an_address_with_two_faces_says_so_when_it_leads_on(scene: Scene) -> None:
    answer = await scene.get("/actor", "text/html")
    assert (answer.status, answer.headers["Location"], answer.headers["Vary"]) == (303, "/", VARY)


def short(id: str) -> str:
    return "/" + id.split("/", 3)[3]


def problem(answer: Answer, status: int) -> str:
    assert answer.status == status, answer
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    return str(answer.value["type"]).rpartition("#")[2]


# Documents


@pytest.mark.parametrize("accept", [ACTIVITY_JSON, LD_JSON, f"text/html;q=0.5, {ACTIVITY_JSON}"])
async def test_an_actor_is_served_as_it_was_signed(scene: Scene, accept: str) -> None:
    for path in ("/actor", "/practices/violence"):
        answer = await scene.get(path, accept)
        assert answer.status == 200
        assert answer.headers["Content-Type"] == ACTIVITY_JSON
        assert answer.headers["Vary"] == VARY
        document = canonical.read(answer.body)
        actor = read_actor(document)
        claim = integrity.claim(document, actor, actor.id)
        keystore = scene.town.running.keystore
        key = HeldKey(keystore.ed25519_id(actor.id), actor.id, keystore.ed25519(actor.id).public)
        assert integrity.verify_document(claim, key, START, actor.id).actor == scene.town.origin + path


async def test_people_get_a_page_at_the_same_address_and_caches_can_tell(scene: Scene) -> None:
    for path in ("/practices/violence", short(scene.items[0])):
        page, document = await scene.get(path, "text/html"), await scene.get(path)
        assert page.headers["Content-Type"].startswith("text/html")
        assert document.headers["Content-Type"] == ACTIVITY_JSON
        for answer in (page, document):
            assert {"Accept", "Signature", "Signature-Input"} <= set(answer.headers["Vary"].split(", "))


async def test_an_item_is_an_article_and_its_activity_is_the_signed_bytes(scene: Scene) -> None:
    answer = await scene.get(short(scene.items[0]))
    assert (answer.value["type"], answer.value["id"]) == ("Article", scene.items[0])
    said = (await scene.town.item(scene.items[0]))["activity"]
    activity = await scene.get(short(said["id"]))
    assert canonical.encode(said) == activity.body
    held = await scene.signed(f"/federation/object?id={scene.items[0]}")
    assert held.body == activity.body


async def test_what_was_withdrawn_is_410_and_a_tombstone(scene: Scene) -> None:
    answer = await scene.get(short(scene.items[2]))
    assert answer.status == 410
    assert (answer.value["type"], answer.value["id"], answer.value["formerType"]) == (
        "Tombstone",
        scene.items[2],
        "Article",
    )
    assert "content" not in answer.value


ABSENT = [
    "/items/none",
    "/activities/none",
    "/practices/none",
    "/practices/none/outbox",
    "/practices/Not_A",
    "/people/x",
]


async def test_what_is_absent_is_one_answer_whatever_was_asked(scene: Scene) -> None:
    answers = [await scene.get(path) for path in ABSENT]
    assert {problem(answer, 404) for answer in answers} == {"not-found"}
    assert len({answer.body for answer in answers}) == 1


# Collections


async def test_the_outbox_pages_back_to_the_beginning(scene: Scene) -> None:
    top = (await scene.get("/practices/violence/outbox")).value
    assert (top["type"], top["id"], top["totalItems"]) == ("OrderedCollection", f"{scene.practice}/outbox", 4)
    page = (await scene.get(short(top["first"]))).value
    assert page["partOf"] == top["id"]
    kinds = [one["type"] for one in page["orderedItems"]]
    assert kinds == ["Delete", "Create", "Create", "Update"]  # newest first; what was superseded is not there
    assert "next" not in page


async def test_a_long_outbox_is_walked_once_through(scene: Scene) -> None:
    await scene.town.open_practice("long")
    for number in range(45):
        await scene.town.publish(f"{number}", "long")
    path, seen = short((await scene.get("/practices/long/outbox")).value["first"]), list[str]()
    while path:
        page = (await scene.get(path)).value
        seen += [one["object"]["name"] for one in page["orderedItems"] if one["type"] == "Create"]
        path = short(page["next"]) if "next" in page else ""
    assert seen == [str(number) for number in range(44, -1, -1)]


@pytest.mark.parametrize("kind", ["followers", "following"])
async def test_who_follows_whom_is_not_published(scene: Scene, kind: str) -> None:
    await scene.post(scene.follow(900))
    for owner in ("/actor", "/practices/violence"):
        answer = (await scene.get(f"{owner}/{kind}")).value
        assert answer.keys() == {"@context", "id", "type"}


async def test_the_coalition_lists_its_practices(scene: Scene) -> None:
    answer = (await scene.get("/actor/practices")).value
    assert scene.practice in answer["orderedItems"]
    assert answer["totalItems"] == len(answer["orderedItems"])


@pytest.mark.parametrize("after", ["x", "-1", "1e3", "9" * 30, "%00"])
async def test_a_place_that_is_no_number_is_refused(scene: Scene, after: str) -> None:
    assert problem(await scene.get(f"/practices/violence/outbox?after={after}"), 400) == "malformed"


# Logs and heads


@pytest.mark.parametrize("what", ["log", "head", "object"])
async def test_the_federations_own_addresses_ask_for_a_signature(scene: Scene, what: str) -> None:
    answer = await scene.get(f"/federation/{what}?set={scene.practice}/outbox&id={scene.items[0]}")
    assert problem(answer, 401) == "unsigned"
    assert answer.headers["Accept-Signature"] == http_signature.accept_signature(body=False)
    assert answer.headers["Vary"] == VARY
    assert "Date" in answer.headers  # our clock, for who is outside the window


async def test_a_log_is_read_page_by_page(scene: Scene) -> None:
    name, path = f"{scene.practice}/outbox", f"/federation/log?set={scene.practice}/outbox"
    whole = log.read_page((await scene.signed(path)).body)
    assert (whole.set, whole.after, whole.last, len(whole.items)) == (name, 0, True, 4)
    first = log.read_page((await scene.signed(f"{path}&limit=2")).body)
    assert first.next is not None
    second = log.read_page((await scene.signed(short(first.next))).body)
    assert first.items + second.items == whole.items[: len(first.items) + len(second.items)]
    epoch = whole.epoch
    level = log.read_page((await scene.signed(f"{path}&epoch={epoch}&after={whole.to}")).body)
    assert (level.items, level.last) == ((), True)
    assert problem(await scene.signed(f"{path}&epoch={epoch}&after={whole.to + 1}"), 409) == "future-cursor"
    assert problem(await scene.signed(f"{path}&epoch={epoch - 1}&after=0"), 410) == "cursor-too-old"
    for other in (f"{scene.practice}/members", "queue:http://x/inbox", "nonsense", ""):
        assert problem(await scene.signed(f"/federation/log?set={other}"), 404) == "not-found"


async def test_a_head_is_signed_and_is_sent_once(scene: Scene) -> None:
    path = f"/federation/head?set={scene.practice}/outbox"
    answer = await scene.signed(path)
    document = canonical.read(answer.body)
    head = log.read_head(document)
    keystore, me = scene.town.running.keystore, scene.town.actor
    key = HeldKey(keystore.ed25519_id(me), me, keystore.ed25519(me).public)
    integrity.verify_document(integrity.claim(document, head, me), key, START, me)
    assert (head.holder, head.total_items) == (me, 4)
    tag = answer.headers["ETag"]
    for asked in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        again = await scene.signed(path, If_None_Match=asked)
        assert (again.status, again.body, again.headers["ETag"]) == (304, b"", tag), asked
    assert (await scene.signed(path, If_None_Match='"x"')).status == 200


async def test_a_head_changes_with_its_set(scene: Scene) -> None:
    path = f"/federation/head?set={scene.town.origin}/practices/changing/outbox"
    await scene.town.open_practice("changing")
    before = await scene.signed(path)
    await scene.town.publish("News", "changing")
    after = await scene.signed(path, If_None_Match=before.headers["ETag"])
    assert after.status == 200
    assert log.read_head(canonical.read(after.body)).root != log.read_head(canonical.read(before.body)).root


# Inboxes


async def test_a_push_that_was_taken_is_202_and_again_is_202(scene: Scene) -> None:
    body = scene.follow(1)
    for path in ("/inbox", "/actor/inbox", "/practices/violence/inbox"):
        answer = await scene.post(body, path)
        assert (answer.status, answer.body) == (202, b"")


@pytest.mark.parametrize(
    "kind", [LD_JSON, LD_JSON.replace("; ", ";"), f"{ACTIVITY_JSON}; charset=utf-8", "Application/Activity+JSON"]
)
async def test_both_media_types_are_read(scene: Scene, kind: str) -> None:
    assert (await scene.post(scene.follow(2), kind=kind)).status == 202


@pytest.mark.parametrize(
    "kind", ["application/json", "application/ld+json", "text/plain", "", "application/activity+xml"]
)
async def test_no_other_is(scene: Scene, kind: str) -> None:
    assert problem(await scene.post(scene.follow(3), kind=kind), 415) == "wrong-media-type"


BOMB = gzip.compress(b" " * (limits.BODY_BYTES + 1))
CODED: dict[str, tuple[Any, str, int]] = {
    "gzip": (lambda body: gzip.compress(body), "gzip", 202),
    "GZIP": (lambda body: gzip.compress(body), "GZIP", 202),
    "identity": (lambda body: body, "identity", 202),
    "a bomb": (lambda _: BOMB, "gzip", 413),
    "a bomb within the limit, which is not JSON": (lambda _: gzip.compress(b" " * 1_000_000), "gzip", 400),
    "two layers, one said": (lambda body: gzip.compress(gzip.compress(body)), "gzip", 400),
    "two layers, both said": (lambda body: gzip.compress(gzip.compress(body)), "gzip, gzip", 415),
    "two members": (lambda body: gzip.compress(body) + gzip.compress(b""), "gzip", 400),
    "half of it": (lambda body: gzip.compress(body)[:-9], "gzip", 400),
    "no gzip at all": (lambda body: body, "gzip", 400),
    "deflate": (lambda body: zlib.compress(body), "deflate", 415),
    "br": (lambda body: body, "br", 415),
    "too much, plain": (lambda body: body + b" " * limits.BODY_BYTES, "identity", 413),
}


@pytest.mark.parametrize("name", CODED)
async def test_one_layer_of_gzip_is_read_within_the_limit(scene: Scene, name: str) -> None:
    encode, coding, status = CODED[name]
    number = 100 + list(CODED).index(name)
    answer = await scene.post(encode(scene.follow(number)), Content_Encoding=coding)
    assert answer.status == status, answer
    held = await scene.town.api("GET", "/health")
    assert held["status"]
    if status == 202:
        assert (await scene.post(scene.follow(number))).status == 202


async def test_an_unsigned_push_is_told_how_to_sign(scene: Scene) -> None:
    answer = await scene.send("POST", "/inbox", scene.follow(4), Content_Type=ACTIVITY_JSON)
    assert problem(answer, 401) == "unsigned"
    assert answer.headers["Accept-Signature"] == http_signature.accept_signature()
    assert answer.headers["Cache-Control"] == "no-store"


# Discovery


async def test_webfinger_answers_for_names_actors_and_the_origin(scene: Scene) -> None:
    town, host = scene.town, f"127.0.0.1:{scene.town.port}"
    asked = {
        f"acct:violence@{host}": scene.practice, f"acct:VIOLENCE@{host}": scene.practice,
        scene.practice: scene.practice,
        town.actor: town.actor, town.origin: town.actor, f"{town.origin}/": town.actor,
        f"acct:127.0.0.1@{host}": town.actor,
    }  # fmt: skip
    for resource, actor in asked.items():
        answer = await scene.get(f"/.well-known/webfinger?resource={resource}", "*/*")
        assert answer.status == 200, resource
        assert answer.headers["Content-Type"].startswith("application/jrd+json")
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        (link,) = [one for one in answer.value["links"] if one["rel"] == "self"]
        assert (link["type"], link["href"]) == (ACTIVITY_JSON, actor)


@pytest.mark.parametrize(
    ("resource", "status"),
    [("acct:nobody@{host}", 404), ("acct:violence@elsewhere.example", 404), ("{origin}/practices/none", 404),
     ("https://elsewhere.example/actor", 404), ("{origin}/items/x", 404), ("", 400),
     ("violence", 400), ("acct:@", 400)],
)  # fmt: skip
async def test_webfinger_of_what_is_not_here(scene: Scene, resource: str, status: int) -> None:
    asked = resource.format(host=f"127.0.0.1:{scene.town.port}", origin=scene.town.origin)
    problem(await scene.get(f"/.well-known/webfinger?resource={asked}", "*/*"), status)


async def test_nodeinfo_counts_no_people(scene: Scene) -> None:
    links = (await scene.get("/.well-known/nodeinfo", "*/*")).value["links"]
    (schema,) = [one for one in links if one["rel"].endswith("/schema/2.1")]
    assert scene.town.actor in {one["href"] for one in links}
    answer = await scene.get(short(schema["href"]), "*/*")
    assert 'profile="http://nodeinfo.diaspora.software/ns/schema/2.1#"' in answer.headers["Content-Type"]
    assert answer.value["usage"]["users"] == {}
    assert answer.value["protocols"] == ["activitypub"]
    assert answer.value["software"]["name"] == "commonweave"


async def test_the_targets_origin_is_the_configured_one_whatever_host_says(scene: Scene) -> None:
    body = scene.follow(5)
    answer = await scene.post(body, Host="elsewhere.example")
    assert answer.status in (202, 401)  # 401: the signature covers the host that was said
    target = identifiers.origin(scene.town.origin)
    assert (await scene.get("/actor", Host="elsewhere.example", X_Forwarded_Host="evil.example")).value[
        "id"
    ] == target.at("/actor")
