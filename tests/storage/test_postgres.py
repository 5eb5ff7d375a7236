"""What only the engine for many has: locks, lost connections, words between processes, and what it says of a fault."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator

import psycopg
import pytest

from node.storage.contract import Storage, StorageBusy, StorageError, Tx
from node.storage.migrate import Migration, migrations
from node.storage.postgres import look_into, open_postgres
from node.storage.postgres_connection import connect, place_of
from node.storage.postgres_schema import migrate, prepare
from tests.postgres import Server
from tests.storage.sayings import log, make_set, said, say

WAIT = 60


@pytest.fixture
async def pair(postgres_url: str) -> AsyncIterator[tuple[Storage, Storage]]:
    """Two processes' worth of one node."""
    one, other = await open_postgres(postgres_url), await open_postgres(postgres_url)
    yield one, other
    await one.close()
    await other.close()


@pytest.fixture
def own_server() -> Iterator[Server]:
    """A server that a test may end."""
    server = Server()
    server.start()
    yield server
    server.remove()


async def held_up(storage: Storage, lock: str, number: int) -> tuple["asyncio.Future[int]", threading.Event]:
    """A work that holds a lock until the event is set; it says `number` after that."""
    standing, go = threading.Event(), threading.Event()

    def stand(tx: Tx) -> int:
        tx.run("SELECT 1 AS x")
        standing.set()
        go.wait(WAIT)
        return say(tx, number)

    task = asyncio.ensure_future(storage.transact(stand, (lock,)))
    await asyncio.to_thread(standing.wait, WAIT)
    return task, go


async def until(so: Callable[[], object]) -> None:
    """Turn the loop until it is so."""
    while not so():  # noqa: ASYNC110 what is waited for happens in a thread or a server
        await asyncio.sleep(0)


async def waits(url: str) -> None:
    """Until somebody waits for a lock."""
    sql = "SELECT count(*) AS n FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with psycopg.connect(url, autocommit=True) as watcher:
        await until(lambda: (watcher.execute(sql).fetchone() or (0,))[0])


async def test_works_that_name_one_lock_wait_for_each_other(pair: tuple[Storage, Storage], postgres_url: str) -> None:
    one, other = pair
    await one.transact(make_set)
    first, go = await held_up(one, "the item", 1)
    second = asyncio.ensure_future(other.transact(said, ("the item", "another")))
    await waits(postgres_url)
    assert await other.read(said) == []  # a reader waits for nobody
    go.set()
    assert await first == 1
    assert await second == [1]  # it decides on what the first has made


async def test_two_groups_append_to_one_set_without_a_gap(pair: tuple[Storage, Storage]) -> None:
    one, other = pair
    await one.transact(make_set)
    works = [pair[n % 2].transact(lambda tx, n=n: say(tx, n)) for n in range(200)]
    assert sorted(await asyncio.gather(*works)) == list(range(1, 201))
    assert [seq for seq, _ in await other.read(log)] == list(range(1, 201))


async def test_groups_in_a_ring_run_again(pair: tuple[Storage, Storage]) -> None:
    """Each takes one row and then wants the other's: one of them is undone whole and runs again."""
    meet = threading.Barrier(2)
    runs: list[str] = []

    def both(tx: Tx, first: str, second: str) -> None:
        runs.append(first)
        tx.run("UPDATE peer SET attempts = attempts + 1 WHERE host = :host", host=first)
        if len(runs) <= 2:
            meet.wait(WAIT)
        tx.run("UPDATE peer SET attempts = attempts + 1 WHERE host = :host", host=second)

    await pair[0].transact(lambda tx: [tx.run("INSERT INTO peer(host) VALUES(:host)", host=host) for host in "ab"])
    await asyncio.gather(
        pair[0].transact(lambda tx: both(tx, "a", "b")), pair[1].transact(lambda tx: both(tx, "b", "a"))
    )
    rows = await pair[0].read(lambda reads: reads.all("SELECT attempts FROM peer"))
    assert [row["attempts"] for row in rows] == [2, 2]
    assert len(runs) >= 3  # the one that runs again may be in the way once more


async def test_a_word_is_heard_by_the_others(pair: tuple[Storage, Storage]) -> None:
    one, other = pair
    heard: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
    one.hear("actor", lambda word: heard.put_nowait(("one", word)))
    other.hear("actor", lambda word: heard.put_nowait(("other", word)))
    assert {await heard.get(), await heard.get()} == {("one", ""), ("other", "")}  # what was said before is lost
    one.tell("actor", "https://a.example/actor")
    one.tell("actor", "https://a.example/actor")
    one.tell("weather", "fair")
    other.tell("actor", "x" * 9_000)  # too long to be told: of all
    assert {await heard.get(), await heard.get()} == {("other", "https://a.example/actor"), ("one", "")}
    assert heard.empty()


async def test_a_text_that_it_cannot_hold_is_held_as_near_as_can_be(pair: tuple[Storage, Storage]) -> None:
    def work(tx: Tx) -> tuple[str, int, int]:
        tx.run("INSERT INTO peer(host, last_error, attempts) VALUES('a', :text, :yes)", text="a\0b", yes=True)
        row = tx.the("SELECT last_error, attempts, (SELECT SUM(attempts) FROM peer) AS sum FROM peer")
        return row["last_error"], row["attempts"], row["sum"]

    assert await pair[0].transact(work) == ("a\ufffdb", 1, 1)


async def test_lost_connections_are_made_anew(pair: tuple[Storage, Storage], postgres_url: str) -> None:
    one, other = pair
    await one.transact(make_set)
    await one.transact(lambda tx: say(tx, 1))
    ends = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname ="
    with psycopg.connect(postgres_url, autocommit=True) as operator:
        operator.execute(f"{ends} current_database()")
    assert await one.transact(lambda tx: say(tx, 2)) == 2  # nothing was under way: the caller hears nothing of it
    assert await one.read(said) == [1, 2]

    def cut(tx: Tx) -> None:
        say(tx, 3)
        tx.run("SELECT pg_terminate_backend(pg_backend_pid())")

    results = await asyncio.gather(other.transact(cut), other.transact(lambda tx: say(tx, 4)), return_exceptions=True)
    assert [type(result) for result in results] == [StorageBusy] * 2
    assert await other.transact(lambda tx: say(tx, 5)) == 3


async def test_the_server_restarts_in_mid_traffic(own_server: Server) -> None:
    """Whoever writes meanwhile has its answer, and then it is there, or hears that it should come back."""
    storage = await open_postgres(own_server.database())
    await storage.transact(make_set)
    answered: set[int] = set()
    busy: list[int] = []
    restarted = asyncio.Event()

    async def client(numbers: range) -> None:
        for number in numbers:
            try:
                await storage.transact(lambda tx, n=number: say(tx, n))
                answered.add(number)
            except StorageBusy:
                busy.append(number)
                await restarted.wait()

    async def operator() -> None:
        await until(lambda: len(answered) >= 200)
        await asyncio.to_thread(own_server.crash)
        await until(lambda: busy)
        await asyncio.to_thread(own_server.start)
        restarted.set()

    await asyncio.gather(operator(), *[client(range(n * 1_000, n * 1_000 + 100)) for n in range(20)])
    held = await storage.read(said)
    assert answered <= set(held)
    assert len(answered) + len(busy) == 2_000
    assert 0 < len(busy) <= 40
    assert [seq for seq, _ in await storage.read(log)] == list(range(1, len(held) + 1))
    await storage.close()


# --- what is wrong, in a sentence


def other_name(url: str, name: str) -> str:
    before, _, after = url.partition("@/")
    return f"{before}@/{name}?{after.partition('?')[2]}"


async def test_no_server_and_no_database_and_no_user(postgres_server: Server, postgres_url: str) -> None:
    for url, kind, words in [
        ("postgresql://me:hunter2@127.0.0.1:1/x", StorageBusy, "No PostgreSQL server answers at 127.0.0.1:1"),
        ("postgresql://[me", StorageError, "must look like postgresql://"),
        (other_name(postgres_url, "nothing"), StorageError, "no database nothing: make it with  createdb"),
        (postgres_url.replace("commonweave@", "stranger@"), StorageError, "does not let stranger in"),
    ]:
        with pytest.raises(kind, match=words) as caught:
            await open_postgres(url)
        assert "hunter2" not in str(caught.value)
    assert place_of("postgresql://a:b@h:1/n") == {"at": "h:1", "name": "n", "user": "a"}


async def test_too_many_connections(own_server: Server) -> None:
    own_server.stop()
    few = Server(max_connections="8", superuser_reserved_connections="1")
    few.start()
    try:
        url = few.database()
        first = await open_postgres(url)
        with pytest.raises(StorageBusy, match=r"no connection left.*5 each"):
            await asyncio.gather(open_postgres(url), open_postgres(url))
        assert await first.read(said) == []
        await first.close()
    finally:
        few.remove()
        own_server.start()


async def test_no_rights(postgres_server: Server) -> None:
    url = postgres_server.database(empty=True)
    with psycopg.connect(url, autocommit=True) as operator:
        operator.execute("CREATE ROLE guest LOGIN")
    try:
        with pytest.raises(StorageError, match="does not let guest make tables"):
            await open_postgres(url.replace("commonweave@", "guest@"))
        prepare(url)
        with pytest.raises(StorageError, match="refuses this user's rights: make it the owner"):
            await open_postgres(url.replace("commonweave@", "guest@"))
    finally:
        postgres_server.drop(url)
        with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as operator:
            operator.execute("DROP ROLE guest")


async def test_another_encoding_and_a_newer_schema(postgres_server: Server, postgres_url: str) -> None:
    with psycopg.connect(postgres_server.url("postgres"), autocommit=True) as operator:
        operator.execute("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    latin = other_name(postgres_url, "latin")
    with pytest.raises(StorageError, match="LATIN1: make one with  createdb --encoding UTF8"):
        await open_postgres(latin)
    postgres_server.drop(latin)
    with psycopg.connect(postgres_url, autocommit=True) as operator:
        operator.execute("UPDATE schema_version SET version = 99, compat = 99")
    with pytest.raises(StorageError, match=r"schema 99.*install that version again"):
        await open_postgres(postgres_url)
    with pytest.raises(StorageError, match="newer Commonweave"), look_into(postgres_url):
        pass


# --- migrations


async def test_processes_that_start_together_migrate_once(postgres_server: Server) -> None:
    url = postgres_server.database(empty=True)
    with pytest.raises(StorageError, match="start the node once"), look_into(url):
        pass
    opened = await asyncio.gather(*[open_postgres(url, readers=1) for _ in range(5)])
    rows = await opened[0].read(lambda reads: reads.all("SELECT version FROM schema_version"))
    assert [row["version"] for row in rows] == [len(migrations())]
    for storage in opened:
        await storage.close()
    postgres_server.drop(url)


def test_a_step_that_fails_leaves_nothing_of_itself(postgres_server: Server) -> None:
    url = postgres_server.database(empty=True)
    good = Migration(1, "0001_good.sql", 1, "-- compat: 1\nCREATE TABLE a(x TEXT) STRICT; INSERT INTO a VALUES(';');")
    bad = Migration(2, "0002_bad.sql", 1, "INSERT INTO a VALUES('2'); CREATE TABLE b(x TEXT); INSERT INTO c VALUES(1);")
    with connect(url) as connection, pytest.raises(StorageError, match="failed and nothing of it was kept"):
        migrate(connection, (good, bad), place_of(url))
    with connect(url) as connection:
        assert connection.execute("SELECT x FROM a").fetchall() == [{"x": ";"}]
        migrate(connection, (good, Migration(2, "0002", 2, "CREATE TABLE b(x TEXT);")), place_of(url))
        assert connection.execute("SELECT version, compat FROM schema_version").fetchone() == {
            "version": 2,
            "compat": 2,
        }
    postgres_server.drop(url)
