"""Is what is held of others what they say it is? Heads of live owners are compared hourly (protocol section 8, Head).

A head says how many ids a set has, and the root over them, at one place of its log. Where our replica stands at that
place and has another root, something is missing or too much although no number is: its log is pulled again from the
start, once, and if that does not mend it a steward is told. Two heads that say two things of one place are
equivocation: the first stays, the other is kept as evidence, and a steward is told.
"""

from collections.abc import Awaitable, Callable

import structlog

from node.clock import Clock
from node.federation.peer import PeerError, Peers, Sign, document
from node.sentence import say
from node.storage import sets, tree
from node.storage.contract import Reads, Storage, StorageError, Tx
from protocol import canonical, identifiers, integrity
from protocol.errors import ProtocolError, Reason, RemoteProtocolError
from protocol.keys import HeldKey
from protocol.log import Head, head_id, read_head

TAG_CHARACTERS = 200  # of an ETag that is asked with again

LAST = "SELECT epoch, seq, total, root, tag, differs FROM head WHERE name = :name"
KEEP = """
INSERT INTO head(name, epoch, seq, total, root, tag, raw) VALUES(:name, :epoch, :seq, :total, :root, :tag, :raw)
ON CONFLICT(name) DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq, total = excluded.total,
  root = excluded.root, tag = excluded.tag, raw = excluded.raw"""
OTHER = "UPDATE head SET other = COALESCE(other, :raw) WHERE name = :name"
DIFFERS = "UPDATE head SET differs = :differs WHERE name = :name"
FROM_THE_START = """
UPDATE held_set SET theirs_seq = 0, pull_at = :now WHERE name = :name AND local = 0 AND pull_at IS NOT NULL"""
AMISS = """
SELECT h.differs, h.other IS NOT NULL AS twofold, a.name, a.host FROM head h JOIN held_set s ON s.name = h.name
JOIN actor a ON a.id = s.owner WHERE (h.differs = 2 OR h.other IS NOT NULL) AND s.pull_at IS NOT NULL
ORDER BY h.name LIMIT 50"""

log = structlog.get_logger("comparing")


class Comparing:
    """Asks owners for their heads. `find` gives the key of a holder, fetched if need be."""

    def __init__(
        self, storage: Storage, find: Callable[[str, int], Awaitable[HeldKey]], peers: Peers, clock: Clock, sign: Sign
    ) -> None:
        self._storage = storage
        self._find = find
        self._peers = peers
        self._clock = clock
        self._sign = sign

    async def compare(self, name: str) -> bool:
        """Compare our replica of a set with its owner's head; True if it is to be pulled again. Never raises for what
        they answer: a head that cannot be had is none."""
        try:
            said, now = await self._fetch(name), self._clock.now()

            def work(tx: Tx) -> bool:
                if said is not None:
                    note(tx, *said)
                return judge(tx, name, now)

            # The lock of whatever else appends to the set.
            return await self._storage.transact(work, (identifiers.owner_of_set(name),))
        except (PeerError, ProtocolError, StorageError) as error:
            log.info("head not compared", set=name, reason=str(error))
            return False

    async def _fetch(self, name: str) -> tuple[Head, bytes, str] | None:
        """The owner's head, its bytes and its ETag; None if it is the same as the last, or there is none."""
        home = identifiers.origin(name)
        last = await self._storage.read(lambda reads: reads.one(LAST, name=name))
        known = (("if-none-match", last["tag"]),) if last is not None and last["tag"] else ()
        response = await self._peers.get(head_id(home, name), known, sign=self._sign)
        if response.status != 200:  # 304: the same as the last; 404: they have none
            return None
        head = await self._proved(document(response), name, identifiers.node_actor(home))
        tag = response.header("etag") or ""
        return head, response.body, tag if len(tag) <= TAG_CHARACTERS else ""

    async def _proved(self, raw: bytes, name: str, holder: str) -> Head:
        read = canonical.read(raw)
        head = read_head(read)
        if (head.set, head.holder) != (name, holder):
            raise RemoteProtocolError(Reason.MALFORMED, "They answered with another head than was asked for.")
        claim = integrity.claim(read, head, holder)
        if claim.method is None:
            raise RemoteProtocolError(Reason.NO_PROOF)
        return integrity.verify(claim, await self._find(claim.method, len(raw)), self._clock.now(), holder).msg


def note(tx: Tx, head: Head, raw: bytes, tag: str) -> None:
    """Keep a proved head, unless one of a later place is kept, or one that says something else of the same."""
    last = tx.one(LAST, name=head.set)
    if last is not None:
        place, before = (head.epoch, head.seq), (last["epoch"], last["seq"])
        if place == before and (head.total_items, head.root) != (last["total"], bytes(last["root"])):
            log.warning("equivocation", set=head.set, epoch=head.epoch, seq=head.seq)
            tx.run(OTHER, name=head.set, raw=raw)
            return
        if place < before:
            return  # an answer that another has overtaken
    tx.run(
        KEEP, name=head.set, epoch=head.epoch, seq=head.seq, total=head.total_items, root=head.root, tag=tag, raw=raw
    )


def judge(tx: Tx, name: str, now: int) -> bool:
    """Compare, where our replica stands at the place of the last head; True if all of it is to be pulled again."""
    last = tx.one(LAST, name=name)
    if last is None:
        return False
    held = sets.held(tx, name)
    if held is None or (held.theirs_epoch, held.theirs_seq) != (last["epoch"], last["seq"]):
        return False
    root, total = tree.root_and_total(tx, name)
    same = (total, root) == (last["total"], bytes(last["root"]))
    differs = 0 if same else min(2, last["differs"] + 1)
    if differs != last["differs"]:
        tx.run(DIFFERS, name=name, differs=differs)
    if differs == 1:
        log.warning("a replica differs", set=name, held=total, theirs=last["total"])
        tx.run(FROM_THE_START, name=name, now=now)
    return differs == 1


def amiss(reads: Reads) -> list[str]:
    """What a steward is to know, in words."""
    sentences: list[str] = []
    for row in reads.all(AMISS):
        who = f"{row['name']} ({row['host']})"
        if row["differs"] == 2:
            sentences.append(
                say(
                    "{who}: what this node holds is not what they say they have published, and pulling all of it again"
                    " did not mend it. Ask who runs their node.",
                    who=who,
                )
            )
        if row["twofold"]:
            sentences.append(
                say(
                    "{who}: their node has said two different things of the same moment of its log, as after a restore"
                    " from an old copy, or to show different people different things. Both are kept; ask who runs it.",
                    who=who,
                )
            )
    return sentences
