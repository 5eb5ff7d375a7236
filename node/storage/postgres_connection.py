"""One PostgreSQL connection: how it is made, spoken to, and what its errors mean.

All of it is synchronous and runs on the thread that owns the connection. It knows no loop and no group. A statement
that fails puts PostgreSQL's whole transaction in doubt: here that is said by three exceptions that no work catches.
"""

from typing import Any, NoReturn, cast

import psycopg
from psycopg import errors, pq
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import DictRow, dict_row

from node.storage import sets
from node.storage.contract import Entry, Row, StorageBusy, StorageError
from node.storage.postgres_speaking import Speaker

Connection = psycopg.Connection[DictRow]

CONNECT_PATIENCE = 10  # seconds

# No hot statement takes a second; one that takes thirty is a fault that must not hold up what waits behind it. A
# process that stands still holds its locks no longer than two minutes. An answer must survive a power cut, so a server
# set to forget is overruled; what waits for replicas is the operator's to choose. Compiling a plan costs more than
# running ours.
_SESSION = b"""
SET client_min_messages = warning;
SET default_transaction_isolation = 'read committed';
SET statement_timeout = '30s';
SET lock_timeout = '20s';
SET idle_in_transaction_session_timeout = '120s';
SET jit = off;
SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'
"""

# What the engine's module raises, and Python for a lone surrogate.
ENGINE_ERRORS = (psycopg.Error, UnicodeEncodeError)

# Classes and codes of SQLSTATE (PostgreSQL 15, appendix A).
AGAIN = {"40001", "40P01", "55P03"}  # serialisation failure, deadlock, a lock that did not come in time
LOST = ("08", "57P")  # connection exceptions, operator intervention
_SENTENCES: dict[str | None, str] = {
    "53100": "The database's disk is full: make room and the node goes on by itself.",
    "53200": "The database is out of memory.",
    "42501": "The database refuses this user's rights: make it the owner of the database.",
    "57014": "A statement took longer than the database may: the same work may be tried again.",
    "25006": "The database takes no writes here: it is a replica, or this was a read.",
}
_FULL = "PostgreSQL at {at} has no connection left: raise its max_connections, or run fewer processes, {each} each."
_STARTING = "PostgreSQL at {at} is starting or stopping; it will be tried again."
_STRANGER = "PostgreSQL at {at} does not let {user} in: check the setting `database` and the server's pg_hba.conf."
_MISSING = "PostgreSQL at {at} has no database {name}: make it with  createdb --encoding UTF8 --owner {user} {name}"
# In this order: the first whose word the server says.
_CONNECTING: tuple[tuple[str, type[StorageError], str], ...] = (
    ("too many clients", StorageBusy, _FULL),
    ("too many connections", StorageBusy, _FULL),
    ("remaining connection slots", StorageBusy, _FULL),
    ("starting up", StorageBusy, _STARTING),
    ("shutting down", StorageBusy, _STARTING),
    ("recovery mode", StorageBusy, _STARTING),
    ("not yet accepting", StorageBusy, _STARTING),
    ("authentication", StorageError, _STRANGER),
    ("no password supplied", StorageError, _STRANGER),
    ("pg_hba.conf", StorageError, _STRANGER),
    ("role ", StorageError, _STRANGER),
    ("database ", StorageError, _MISSING),
)
EACH = 5  # connections of a process: one that writes, three that read, one that listens


class Lost(BaseException):
    """The connection is gone; nothing of the group was kept, or nobody knows."""


class Again(BaseException):
    """Another group was in the way: the whole group runs again."""


class Carefully(BaseException):
    """A work goes on after a statement that failed: it runs again with a savepoint around each statement."""


def connect(url: str) -> Connection:
    """A connection ready to work; StorageError or StorageBusy with a sentence."""
    try:
        connection = psycopg.Connection[DictRow].connect(
            url, autocommit=True, connect_timeout=CONNECT_PATIENCE, application_name="commonweave",
            row_factory=dict_row, keepalives_idle=30, keepalives_interval=10, keepalives_count=3,
        )  # fmt: skip
    except psycopg.Error as error:
        raise unreachable(url, error) from error
    try:
        command(connection, _SESSION)
    except BaseException:
        connection.close()
        raise
    return connection


def place_of(url: str) -> dict[str, str]:
    """What may be said of a database's address: never its password."""
    said = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    user = said.get("user", "this user")
    host = said.get("host", "this machine")
    at = f"{host}:{said['port']}" if "port" in said else host
    return {"at": at, "name": said.get("dbname", user), "user": user}


def unreachable(url: str, error: psycopg.Error) -> StorageError:
    """Why there is no connection, by the server's own words: at this point libpq gives no code."""
    if isinstance(error, psycopg.ProgrammingError):
        return StorageError("The database's address cannot be read: it must look like postgresql://user@host/name.")
    said = str(error)
    place = place_of(url)
    for word, kind, sentence in _CONNECTING:
        if word in said:
            return kind(sentence.format(**place, each=EACH))
    return StorageBusy(f"No PostgreSQL server answers at {place['at']}: is it running, and is the address right?")


def told(error: Exception) -> StorageError:
    """The engine's error in the contract's terms, with a sentence for the operator."""
    code = error.sqlstate if isinstance(error, psycopg.Error) else None
    sentence = _SENTENCES.get(code) or f"The database refused: {error}"
    return StorageBusy(sentence) if code in ("57014", "53200") else StorageError(sentence)


def command(connection: Connection, sql: bytes) -> str:
    """Statements without parameters in one round trip; the last one's tag. psycopg.Error, or Lost."""
    result = connection.pgconn.exec_(sql)
    if result.status not in (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK):
        raise errors.error_from_result(result)
    return (result.command_status or b"").decode()


class PostgresReads:
    """`Reads` on one connection. careful: a savepoint around each statement, so that one may fail."""

    def __init__(self, speaker: Speaker, *, careful: bool = False) -> None:
        self._connection = speaker.connection
        self._speaker = speaker
        self._careful = careful
        self._over = False
        self.fatal: Lost | Again | Carefully | None = None
        self._failure: StorageError | None = None

    @property
    def in_doubt(self) -> bool:
        """A statement has failed since."""
        return self._failure is not None

    def one(self, sql: str, /, **named: Any) -> Row | None:
        rows = self._say(sql, named, first=True)
        return rows[0] if rows else None

    def the(self, sql: str, /, **named: Any) -> Row:
        row = self.one(sql, **named)
        if row is None:
            raise LookupError(f"no row where one always is: {sql}")
        return row

    def all(self, sql: str, /, **named: Any) -> list[Row]:
        return cast("list[Row]", self._say(sql, named))

    def end(self) -> None:
        """From now on refuse: a work must not keep its transaction."""
        self._over = True

    def _say(self, sql: str, named: dict[str, Any], *, first: bool = False) -> list[dict[str, Any]]:
        if self._over:
            raise StorageError(f"The transaction is over; it refuses: {sql}")
        if self.fatal is not None:
            raise self.fatal
        if self._failure is not None:
            self._stop(Carefully())
        try:
            if not self._careful:
                return self._speaker.say(sql, named, first=first)
            command(self._connection, b"SAVEPOINT statement")
            try:
                return self._speaker.say(sql, named, first=first)
            finally:
                if self._connection.info.transaction_status == pq.TransactionStatus.INTRANS:
                    command(self._connection, b"RELEASE SAVEPOINT statement")
        except ENGINE_ERRORS as error:
            self._failed(error)

    def _failed(self, error: Exception) -> NoReturn:
        code = error.sqlstate if isinstance(error, psycopg.Error) else None
        if self._connection.closed or (code is not None and code.startswith(LOST) and code != "57014"):
            self._stop(Lost(), error)
        if code in AGAIN:
            self._stop(Again(), error)
        failure = told(error)
        if not self._undo():
            self._failure = failure
        raise failure from error

    def _undo(self) -> bool:
        # Without a savepoint of its own, a statement that reached the server has spoilt the whole work.
        status = self._connection.info.transaction_status
        if self._careful and status == pq.TransactionStatus.INERROR:
            command(self._connection, b"ROLLBACK TO SAVEPOINT statement; RELEASE SAVEPOINT statement")
            return True
        return status == pq.TransactionStatus.INTRANS

    def _stop(self, fatal: Lost | Again | Carefully, error: Exception | None = None) -> NoReturn:
        self.fatal = fatal
        raise fatal from error


class PostgresTx(PostgresReads):
    """`Tx`."""

    def run(self, sql: str, /, **named: Any) -> None:
        self._say(sql, named)

    def append(self, entry: Entry) -> int:
        return sets.append(self, entry)
