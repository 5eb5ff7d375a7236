"""Numbered migrations, and which code may run on which database.

A migration is `migrations/NNNN_name.sql`, never changed once released. Its first line, `-- compat: N`, names the
oldest schema whose code still runs on the database afterwards: adding a table keeps N, taking away what older code
reads raises it. So an upgrade can be rolled back while compat allows it, and code that is too old says so instead of
guessing. This file decides; the engine applies each migration in one transaction.
"""

import re
from functools import lru_cache
from importlib.resources import files

import msgspec

from node.storage.contract import StorageError

_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")
_COMPAT = re.compile(r"-- compat: (\d+)\n")

# No STRICT and no types of one engine: every engine runs these as they stand.
CREATE_VERSION = """
CREATE TABLE IF NOT EXISTS schema_version(
  one INTEGER PRIMARY KEY CHECK(one = 1), version INTEGER NOT NULL, compat INTEGER NOT NULL
)"""
READ_VERSION = "SELECT version, compat FROM schema_version WHERE one = 1"
WRITE_VERSION = """
INSERT INTO schema_version(one, version, compat) VALUES(1, :version, :compat)
ON CONFLICT(one) DO UPDATE SET version = excluded.version, compat = excluded.compat"""


class Migration(msgspec.Struct, frozen=True):
    """One step. compat: the oldest schema whose code can run after it."""

    version: int
    name: str
    compat: int
    sql: str


class Version(msgspec.Struct, frozen=True):
    """What a database says of itself; 0, 0 is an empty one."""

    version: int
    compat: int


EMPTY = Version(0, 0)


@lru_cache
def migrations() -> tuple[Migration, ...]:
    """All steps this code knows, in order, numbered from 1 without a gap."""
    folder = files("node.storage") / "migrations"
    named = [(_NAME.fullmatch(file.name), file) for file in folder.iterdir()]
    found = sorted((int(match[1]), file.name, file.read_text("utf-8")) for match, file in named if match)
    steps: list[Migration] = []
    for version, name, sql in found:
        compat = _COMPAT.match(sql)
        if compat is None or version != len(steps) + 1:
            raise StorageError(f"This installation is damaged: migration {name} is out of order or names no compat.")
        steps.append(Migration(version, name, int(compat[1]), sql))
    return tuple(steps)


def pending(found: Version, known: tuple[Migration, ...]) -> tuple[Migration, ...]:
    """The steps still to take; StorageError if this code is too old to read such a database.

    A newer database whose compat we meet is used as it is: that is a rollback.
    """
    ours = len(known)
    if found.compat > ours:
        raise StorageError(
            f"The database was upgraded by a newer Commonweave (schema {found.version}, readable from schema "
            f"{found.compat} on) and this one knows schema {ours}: install that version again, or restore the backup "
            "from before the upgrade."
        )
    return known[found.version :]


def check_readable(found: Version, known: tuple[Migration, ...]) -> None:
    """For who only reads: StorageError if the database is too new, or has steps yet to be taken."""
    if pending(found, known):
        raise StorageError("The database is of an older version: start the node once, which upgrades it.")
