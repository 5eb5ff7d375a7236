"""Migrations: fresh, again, rolled back within compat, refused beyond it; a step is taken whole or not at all."""

import re
from pathlib import Path

import apsw
import pytest

from node.storage import postgres_connection, postgres_schema, sets
from node.storage.contract import StorageError, Tx
from node.storage.files import database_in
from node.storage.migrate import EMPTY, Migration, Version, check_readable, migrations, pending
from node.storage.postgres import open_postgres
from node.storage.sqlite import look_into, open_sqlite
from node.storage.sqlite_connection import migrate
from tests.postgres import Server
from tests.storage.sayings import OWNER, SET, make_set, said, say

STEPS = tuple(Migration(n, f"{n:04}_step.sql", compat, "") for n, compat in ((1, 1), (2, 1), (3, 3)))


def test_ours_are_numbered_without_a_gap_and_name_a_compat_that_can_be() -> None:
    known = migrations()
    assert [step.version for step in known] == list(range(1, len(known) + 1))
    assert all(1 <= step.compat <= step.version for step in known)
    assert [step.compat for step in known] == sorted(step.compat for step in known)


@pytest.mark.parametrize(
    ("found", "known", "steps"),
    [
        (EMPTY, 3, [1, 2, 3]),
        (Version(1, 1), 3, [2, 3]),
        (Version(2, 1), 3, [3]),
        (Version(3, 3), 3, []),
        (Version(2, 1), 1, []),  # rolled back by one version: older code runs on the newer database
        (Version(3, 3), 2, None),
        (Version(3, 3), 1, None),
        (Version(9, 4), 3, None),
        (Version(9, 3), 3, []),
    ],
)
def test_which_code_runs_on_which_database(found: Version, known: int, steps: list[int] | None) -> None:
    if steps is None:
        with pytest.raises(StorageError, match="newer Commonweave"):
            pending(found, STEPS[:known])
    else:
        assert [step.version for step in pending(found, STEPS[:known])] == steps


def test_who_only_reads_does_not_migrate() -> None:
    check_readable(Version(2, 1), STEPS[:1])
    with pytest.raises(StorageError, match="start the node once"):
        check_readable(Version(1, 1), STEPS)


def schema(path: Path) -> list[tuple[str, str]]:
    connection = apsw.Connection(str(path))
    rows = connection.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()
    rows += connection.execute("SELECT version, compat FROM schema_version").fetchall()
    connection.close()
    return rows


async def test_a_fresh_database_and_the_same_again(tmp_path: Path) -> None:
    storage = await open_sqlite(tmp_path)
    await storage.transact(lambda tx: (make_set(tx), say(tx, 1)))
    await storage.close()
    first = schema(database_in(tmp_path))
    last = migrations()[-1]
    assert (last.version, max(step.compat for step in migrations())) in first
    storage = await open_sqlite(tmp_path)
    assert await storage.read(said) == [1]
    await storage.close()
    assert schema(database_in(tmp_path)) == first


async def test_a_database_newer_than_the_code_is_refused_and_left_alone(tmp_path: Path) -> None:
    await (await open_sqlite(tmp_path)).close()
    beyond = len(migrations()) + 1
    connection = apsw.Connection(str(database_in(tmp_path)))
    with connection:
        connection.execute("UPDATE schema_version SET version = ?, compat = ?", (beyond, beyond))
    connection.close()
    before = schema(database_in(tmp_path))
    with pytest.raises(StorageError, match=f"schema {beyond}.*install that version again"):
        await open_sqlite(tmp_path)
    with pytest.raises(StorageError, match="newer Commonweave"), look_into(tmp_path):
        pass
    assert schema(database_in(tmp_path)) == before


@pytest.fixture
def connection() -> apsw.Connection:
    return apsw.Connection(":memory:")


def test_a_step_that_fails_leaves_nothing_of_itself(connection: apsw.Connection) -> None:
    good = Migration(
        1, "0001_good.sql", 1, "-- compat: 1\nCREATE TABLE a(x); -- a comment\nINSERT INTO a VALUES(';');\n"
    )
    bad = Migration(
        2, "0002_bad.sql", 1, "INSERT INTO a VALUES(2);\nCREATE TABLE b(x);\nINSERT INTO nowhere VALUES(1);\n"
    )
    with pytest.raises(StorageError, match="failed and nothing of it was kept"):
        migrate(connection, (good, bad))
    assert connection.execute("SELECT x FROM a").fetchall() == [(";",)]
    assert connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'b'").fetchone() is None
    mended = Migration(2, "0002_bad.sql", 1, "CREATE TABLE b(x);")
    migrate(connection, (good, mended))
    migrate(connection, (good, mended))
    assert connection.execute("SELECT version, compat FROM schema_version").fetchone() == (2, 1)
    connection.close()


def test_compat_never_falls(connection: apsw.Connection) -> None:
    steps = (Migration(1, "1", 1, ""), Migration(2, "2", 2, ""), Migration(3, "3", 1, ""))
    migrate(connection, steps)
    assert connection.execute("SELECT version, compat FROM schema_version").fetchone() == (3, 2)
    connection.close()


OLD = f"""
INSERT INTO held_set(key, name, owner, audience, local, epoch, seq, total, folded, updated)
VALUES(7, '{SET}', '{OWNER}', 'public', 0, 1, 5, 3, 4, 1);
INSERT INTO activity(id, digest, actor, type, proof, carrier, at)
VALUES('four', x'04', '{OWNER}', 'Create', 1, '{OWNER}', 1), ('five', x'55', 'other', 'Create', 1, 'other', 1);
INSERT INTO entry(set_key, seq, activity, digest) VALUES
  (7, 2, 'two', x'02'), (7, 4, 'four', x'04'), (7, 5, 'five', x'05');
INSERT INTO tree_left(set_key, digest) VALUES(7, x'03');
INSERT INTO object(id, owner, type, audience, sequence, digest, activity, deleted) VALUES
  ('i/9', '{OWNER}', 'Article', 'public', 1, x'02', 'two', 0),
  ('i/1', '{OWNER}', 'Article', 'public', 2, x'04', 'four', 0),
  ('i/1', 'other', 'Article', 'public', 3, x'05', 'none', 1);
INSERT INTO object(id, owner, type, audience, sequence, digest, activity, deleted)
VALUES('i/3', '{OWNER}', 'Article', 'public', 4, x'03', 'gone', 1);
INSERT INTO item(id, owner, host, local, name, kind, domain, language, place, summary, published, updated, withdrawn,
  search)
VALUES('i/3', '{OWNER}', 'h', 0, 'A title', 'tool', 'health', 'en', 'A place', '', 1, 1, 3, '');
INSERT INTO item(id, owner, host, local, name, kind, domain, language, place, summary, published, updated, search)
VALUES
  ('i/1', '{OWNER}', 'h', 0, 'First', 'tool', 'health', 'en', '', '', 1, 1, 'first'),
  ('i/9', '{OWNER}', 'h', 1, 'Ninth', 'tool', 'health', 'en', '', '', 2, 2, 'ninth');
"""


NAMES = {2: "two", 3: "three", 4: "four", 5: "five"}


def check_old(tx: Tx) -> None:
    """What was held under the first schema is held under today's."""
    cards = tx.all("SELECT i.name, i.place, o.id, o.owner FROM item i JOIN object o ON o.key = i.key ORDER BY i.name")
    assert [tuple(row[name] for name in ("name", "place", "id", "owner")) for row in cards] == [
        ("", "", "i/3", OWNER),  # of what was withdrawn nothing that could be read
        ("First", "", "i/1", OWNER),
        ("Ninth", "", "i/9", OWNER),
    ]
    assert tx.the("SELECT COUNT(*) AS n FROM object")["n"] == 4
    ids = tx.all("SELECT digest, seq FROM tree_id ORDER BY digest")
    assert [(bytes(row["digest"]), row["seq"]) for row in ids] == [(b"\2", 2), (b"\3", 0), (b"\4", 4)]
    found = {number: sets.find(tx, SET, NAMES[number], bytes([number])) for number in (2, 3, 4, 5)}
    assert {number: row and row["seq"] for number, row in found.items()} == {2: 2, 3: None, 4: 4, 5: 5}
    entries = tx.all("SELECT seq, activity, digest FROM logged ORDER BY seq")  # of an id that is not stored, or reused
    assert [(row["seq"], row["activity"], bytes(row["digest"])) for row in entries] == [
        (2, None, b"\2"), (4, "four", b"\4"), (5, None, b"\5"),
    ]  # fmt: skip
    tx.run(  # new objects are numbered after the old ones
        "INSERT INTO object(id, owner, type, audience, sequence, digest, activity)"
        " VALUES('i/2', :owner, 'Article', 'public', 4, :digest, 'six')",
        owner=OWNER,
        digest=b"\6",
    )
    assert tx.the("SELECT id FROM object ORDER BY key DESC LIMIT 1")["id"] == "i/2"


async def test_what_the_first_schema_held_is_held_on_sqlite(tmp_path: Path) -> None:
    made = apsw.Connection(str(database_in(tmp_path)))
    migrate(made, migrations()[:1])
    made.execute(OLD)
    made.close()
    storage = await open_sqlite(tmp_path)
    await storage.transact(check_old)
    await storage.close()


async def test_what_the_first_schema_held_is_held_on_postgres(postgres_server: Server) -> None:
    url = postgres_server.database(empty=True)
    made = postgres_connection.connect(url)
    postgres_schema.migrate(made, migrations()[:1], postgres_connection.place_of(url))
    postgres_connection.command(made, re.sub(r"x'([0-9a-f]{2})'", r"'\\x\1'", OLD).encode())
    made.close()
    storage = await open_postgres(url)
    await storage.transact(check_old)
    await storage.close()
