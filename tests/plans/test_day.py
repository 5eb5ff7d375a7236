"""A day of a node, on either engine, with every statement explained: nothing hot walks through a table.

The watched node publishes and is followed, follows and is told, delivers, catches up and shows its pages. What may
walk is named here with its reason: tables of one row, pages that list a whole table, and looks taken once a minute.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from node import app
from node.federation import owed
from node.keystore import Keystore
from node.repertoire import changes
from node.repertoire.search import following, trusting
from node.storage.contract import Reads, Row, Storage
from node.trust import explaining, listing
from node.trust import store as trust_store
from node.trust.explaining import Asked
from protocol import limits
from protocol.errors import RemoteProtocolError
from tests.cluster.kit import StoryClock, Town, free_ports, settle
from tests.cluster.test_recommending import recommend
from tests.cluster.trusting import say, standings, take_back, way
from tests.plans.filling import fill
from tests.plans.watched import ByPostgres, Watch, by_sqlite

EXPLAIN = {"sqlite": lambda: by_sqlite, "postgres": ByPostgres}

# What may walk, and why.
MAY = {
    "coalition": "one row",
    "item_listed": "the catalog's counts and its search by words are of the whole catalog: one index has all they need",
    "item_ours": "strangers ask how many items are ours: the index has those alone",
    "actor_ours": "it has our own actors alone",
    "actor_handle": "it has our own actors alone",
}
# Search by words reads the cards: at millions of them it wants an index of its own (deploy/SCALING.md).
WORDS = "i.search LIKE"
# At a start, and once a minute: they look at every peer, or set.
RARE = {
    owed.RECOVER,
    owed.MISSED,
    owed.FAILING,
    owed.LET_GO,
    owed.BY_US,
    owed.NOT_PULLED,
    following.LEVELS,
    *changes.RENUMBER,
    trust_store.ALL,
}
# Pages for people that list, count or end everything of a kind, and are looked at now and then.
LISTS = (
    "SELECT f.target, f.address, f.host, f.whole_node",  # whom we follow
    "SELECT f.actor, f.target, f.host, f.at",  # who follows us
    "SELECT p.host, p.paused, p.failing_since",  # every peer, on the page Operation
    "SELECT (SELECT name FROM coalition) AS name, (SELECT COUNT(*) FROM practice",  # the counts there
    "SELECT a.name, k.public, k.valid_from",  # our fingerprints there
    "SELECT i.host, r.reason, r.at FROM refusal",  # the last twenty refusals there, from the end
    "SELECT DISTINCT f.inbox, f.host FROM follower",  # a person opens a practice: all who follow the coalition
    "SELECT MIN(CASE state WHEN 'draft'",  # tables that are brought: each is forgotten in its time, so they are few
    "UPDATE held_set SET pull_at = NULL WHERE local = 0",  # a person ends a follow
    "SELECT COUNT(*) AS n FROM trust t",  # how many statements a list of them has
    "SELECT t.key, t.id, t.kind, t.issuer, t.subject",  # a page of that list
    # The names on it, of some forty parties by their keys; of 4,000 the planner reads all at once.
    "\nSELECT t.key, t.id, t.issuer, t.subject, t.domain, t.level, t.since",
    "SELECT id, name FROM actor WHERE id IN",
)


class WatchedTown(Town):
    """A town whose storage is looked at."""

    watch: Watch
    _bare: Storage

    async def rows(self, sql: str, **named: Any) -> list[Row]:
        """What the story itself wants to know is not watched."""
        return await self._bare.read(lambda reads: reads.all(sql, **named))

    async def start(self) -> None:
        storage = await app.open_storage(self.directory, self.settings)
        self.watch = Watch(storage, EXPLAIN["postgres" if self.settings.postgres else "sqlite"]())
        self.node = app.Node(
            self.directory, self.settings, self.watch, Keystore.open(self.directory), self.clock,
            app.default_peers(self.settings),
        )  # fmt: skip
        self._bare = storage
        await self.node.serve()
        token = self.node.keystore.mint_token(self.clock.now(), "story")
        self.client = aiohttp.ClientSession(self.origin, headers={"Authorization": f"Bearer {token}"})


@pytest.fixture(params=["sqlite", "postgres"])
async def towns(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[WatchedTown, Town, StoryClock]]:
    """The watched one and its neighbour."""
    more: dict[str, Any] = {}
    if request.param == "postgres":
        more["database"] = request.getfixturevalue("postgres_url")
    clock, ports = StoryClock(), free_ports(2)
    watched = WatchedTown(tmp_path / "watched", ports[0], "watched", clock, ports[1:], **more)
    other = Town(tmp_path / "other", ports[1], "other", clock, ports[:1])
    for town in (watched, other):
        await town.found()
    if more:
        fill(more["database"])
    for town in (watched, other):
        await town.start()
    yield watched, other, clock
    for town in (watched, other):
        await town.stop()


async def a_day(here: WatchedTown, there: Town, clock: StoryClock) -> None:
    """Everything that the two do with each other, both ways."""
    mine = await here.open_practice()
    await there.open_practice()
    await here.follow(there.actor)
    await there.follow(mine)

    async def followed() -> bool:
        return [await here.follow_state(there.actor), await there.follow_state(mine)] == ["accepted"] * 2

    await settle(followed, "both follow")
    await here.api("PATCH", "/practices/gun-violence", json={"summary": "Fewer shots.", "reason": "To be plain."})
    for town in (here, there):
        part = {"slug": "reentry", "name": "Reentry", "narrower": "reentry"}
        await town.api("POST", "/practices/gun-violence/parts", json={"parts": [part]})
    item, original = await here.publish("Call-in"), await there.publish("Outreach")
    await settle(lambda: there.item(item), "ours is there")
    await settle(lambda: here.item(original), "theirs is here")
    adapted = await here.publish("Outreach at home", adapted_from=[original], kind="adaptation")
    returned = await there.publish("Call-in at home", adapted_from=[item], kind="adaptation")
    await settle(lambda: there.item(adapted), "the adaptation is there")
    await settle(lambda: here.item(returned), "and theirs here")
    for town, other, each in ((here, there, item), (there, here, original)):
        await town.edit(each, title="A second edition")

        async def came(other: Town = other, each: str = each) -> bool:
            return (await other.item(each))["title"] == "A second edition"

        await settle(came, "an edit")
        await recommend(other, each)
    await pages(here, item, original)
    await trust(here, there)
    await wire(here, there, mine, item)

    # The neighbour is away, comes back, and is looked at within the hour.
    await there.stop()
    await here.publish("While they are away")
    await here.rest()
    clock.advance(limits.DAY)
    await there.start()
    late = await there.publish("While we slept")
    await settle(lambda: here.item(late), "what came late")
    await here.rest()

    await there.withdraw(original)
    await here.withdraw(item)

    async def gone() -> bool:
        held = [await here.item(original), await there.item(item)]
        return all(one is None or one["state"] == "withdrawn" for one in held)

    await settle(gone, "both withdrawals")
    await here.unfollow(there.actor)
    await there.unfollow(mine)

    async def apart() -> bool:
        return not await here.rows("SELECT target FROM follower WHERE actor = :actor", actor=there.actor)

    await settle(apart, "neither follows")
    await here.rest()


async def pages(here: WatchedTown, item: str, original: str) -> None:
    """What a coordinator looks at, and asks for over the API."""
    token = here.running.keystore.mint_token(here.clock.now(), "pages")
    number = item.rpartition("/")[2]
    paths = [
        "/", "/practices/gun-violence", "/practices/gun-violence/describe", "/practices/gun-violence/history",
        "/practices/gun-violence/split", "/catalog", "/catalog?kind=method&domain=housing&language=en&q=call&page=2",
        f"/catalog?practice={quote(here.practice(), safe='')}", f"/catalog/item?id={quote(original, safe='')}",
        f"/items/new?adapts={quote(original)}", *(f"/items/{number}{view}" for view in ("", "/edit", "/withdraw")),
        "/connections", "/operation", "/practices/new", "/actor/outbox", "/actor/outbox?page=1", "/actor/followers",
        "/actor/following", "/actor/practices", "/practices/gun-violence/outbox", "/practices/gun-violence/followers",
        "/practices/gun-violence/feed", "/catalog.csv", "/dcat.ttl", "/sitemap.xml", "/sitemap-items.xml",
        "/nodeinfo/2.1", f"/.well-known/webfinger?resource={quote(here.practice(), safe='')}",
    ]  # fmt: skip
    async with aiohttp.ClientSession(here.origin, cookie_jar=aiohttp.CookieJar(unsafe=True)) as person:
        async with person.post("/sign-in", data={"token": token, "then": "/"}, headers={"Origin": here.origin}) as came:
            assert came.status == 200, await came.text()
        for path in paths:
            async with person.get(path) as shown:
                assert shown.status == 200, (path, await shown.text())
    for path in ("/catalog?q=call", "/follows", "/practices", "/practices/reentry", "/follows/questions", "/health"):
        await here.api("GET", path)


async def trust(here: WatchedTown, there: Town) -> None:
    """Each says whom it trusts, and looks for a way."""
    assert (await say(there, here.practice())).done
    assert (await say(here, there.actor)).done
    assert (await say(here, there.actor, domain="housing", audience="home")).done

    async def heard() -> bool:
        return there.actor in await standings(here, here.practice())

    await settle(heard, "their word is here")
    assert await way(here, there.actor)
    memory, now = here.running.rooms.trusted, here.clock.now()

    def look(reads: Reads) -> None:
        for show in ("ours", "us", "all"):
            assert listing.listed(reads, show, 1, now)[1]
        listing.concerns(reads, there.actor, now)
        explaining.introducers(reads, memory, Asked(there.practice(), "health"), now)
        trusting.page(reads, memory, [(1.0, 1)], "", 1, now)

    await here.running.storage.read(look)
    [home] = await here.rows("SELECT id FROM trust WHERE home = 1")
    assert (await take_back(here, home["id"])).done
    assert await way(here, there.actor)  # what changed since is read, and no more


async def wire(here: WatchedTown, there: Town, mine: str, item: str) -> None:
    """What other nodes ask of it."""
    name = quote(f"{mine}/outbox", safe="")
    for path in (
        f"/federation/log?set={name}&epoch=0&after=0&limit=10", f"/federation/head?set={name}",
        f"/federation/object?id={quote(item, safe='')}", item.removeprefix(here.origin), "/actor/outbox",
    ):  # fmt: skip
        status, _ = await there.ask(here.origin + path)
        assert status == 200, path
    with pytest.raises(RemoteProtocolError):
        await here.running.keyring.find(f"{there.origin}/people/nobody#main-key", 100)


@pytest.mark.timeout(240)
async def test_no_statement_of_a_day_walks_a_table(towns: tuple[WatchedTown, Town, StoryClock]) -> None:
    here, there, clock = towns
    await a_day(here, there, clock)
    walking = {
        sql: steps
        for sql, steps in here.watch.seen.items()
        if set(steps) - {f"all of {name}" for name in MAY}
        and sql not in RARE
        and not sql.startswith(LISTS)
        and WORDS not in sql
    }
    assert not walking, "\n".join(f"{steps}: {' '.join(sql.split())}" for sql, steps in walking.items())
    # The day was a whole one, and nothing is allowed here that is not said any more.
    assert len(here.watch.seen) > 140
    assert [start for start in LISTS if not any(sql.startswith(start) for sql in here.watch.seen)] == []


WALKS = {
    "no index at all": "SELECT host FROM peer WHERE last_error = 'x'",
    "the second column of an index": "SELECT key FROM inbox WHERE url = 'x'",
    "a write": "DELETE FROM key_miss WHERE reason = 'x'",
    "half of an OR": "SELECT host FROM following WHERE target = 'x' OR address = 'x'",
    "sorted before its limit": "SELECT id FROM activity ORDER BY at LIMIT 1",
}
FINDS = {
    "by key": "SELECT form FROM peer WHERE host = 'x'",
    "in order": "SELECT key FROM held_set WHERE pull_at IS NOT NULL ORDER BY pull_at LIMIT 1",
    "a write": "DELETE FROM key_miss WHERE until <= 5",
}


async def test_a_walk_is_seen(towns: tuple[WatchedTown, Town, StoryClock]) -> None:
    here, *_ = towns
    for sql in (*WALKS.values(), *FINDS.values()):
        await here.watch.transact(lambda tx, sql=sql: tx.run(sql))
    seen = here.watch.seen
    assert [name for name, sql in WALKS.items() if not seen[sql]] == []
    assert [name for name, sql in FINDS.items() if seen[sql]] == []
