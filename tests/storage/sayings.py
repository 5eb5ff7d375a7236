"""What the storage tests say and ask: activities, sets and entries, as short as they can be."""

from hashlib import sha256

from node.storage import sets
from node.storage.contract import Entry, Reads, Tx

OWNER = "https://high-point.example/practices/violence"
SET = f"{OWNER}/outbox"
HOST = "fort-wayne.example"
EPOCH = 1_700_000_000_000


def activity_id(number: int) -> str:
    return f"{OWNER}/activities/{number}"


def digest_of(number: int) -> bytes:
    return sha256(activity_id(number).encode()).digest()


def raw_of(number: int, size: int = 40) -> bytes:
    return f'{{"id":"{number}"}}'.encode().ljust(size)


def make_set(tx: Tx, name: str = SET) -> int:
    return sets.create(tx, name, OWNER, "public", local=True, epoch=EPOCH, now=EPOCH)


def store(tx: Tx, number: int, size: int = 40) -> None:
    """Store activity `number`, which stands in no set yet."""
    tx.run(
        "INSERT INTO activity(id, digest, actor, type, proof, carrier, at, raw)"
        " VALUES(:id, :digest, :actor, 'Create', 1, :actor, :at, :raw)",
        id=activity_id(number),
        digest=digest_of(number),
        actor=OWNER,
        at=EPOCH + number,
        raw=raw_of(number, size),
    )


def say(tx: Tx, number: int, superseded: int | None = None, *, size: int = 40, name: str = SET) -> int:
    """Store activity `number` and append it; its seq."""
    store(tx, number, size)
    before = None if superseded is None else activity_id(superseded)
    return tx.append(Entry(name, activity_id(number), digest_of(number), before))


def subscribe(tx: Tx, set_key: int, host: str = HOST, acked: int = 0) -> int:
    """An inbox that is level, at a peer that is owed nothing; the inbox's key."""
    tx.run("INSERT INTO peer(host) VALUES(:host) ON CONFLICT(host) DO NOTHING", host=host)
    row = tx.the(
        "INSERT INTO inbox(url, set_key, host, acked) VALUES(:url, :key, :host, :acked) RETURNING key",
        url=f"https://{host}/inbox",
        key=set_key,
        host=host,
        acked=acked,
    )
    return row["key"]


def said(reads: Reads) -> list[int]:
    """The numbers of all activities, in order."""
    return [row["at"] - EPOCH for row in reads.all("SELECT at FROM activity ORDER BY at")]


def log(reads: Reads, name: str = SET) -> list[tuple[int, str]]:
    rows = reads.all(
        "SELECT e.seq, e.activity FROM logged e JOIN held_set s ON s.key = e.set_key"
        " WHERE s.name = :name ORDER BY e.seq",
        name=name,
    )
    return [(row["seq"], row["activity"]) for row in rows]
