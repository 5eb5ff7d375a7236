"""A search over a real database, with a shelf of items that are there as if their owners had said them."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from node.repertoire import catalog, store
from node.repertoire.catalog import Query
from node.repertoire.search.asking import Answer
from node.repertoire.search.following import Search
from node.storage.contract import Storage, Tx
from protocol.vocabulary import activities, repertoire
from protocol.vocabulary.repertoire import Item
from tests.cluster.kit import START, StoryClock
from tests.gate.kit import HIGH_POINT, item


class Shelf:
    """Storage, and a search that follows it where a test says so."""

    def __init__(self, storage: Storage, directory: Path) -> None:
        self.storage = storage
        self.directory = directory
        self.clock = StoryClock()
        self.search = Search(storage, self.clock, directory)

    async def open(self) -> None:
        """As `run` does at its start, and then until everything is in the index."""
        await self.search.start()

    async def again(self) -> None:
        """Stop, and start as another process would."""
        await self.search.stop()
        self.search = Search(self.storage, self.clock, self.directory)
        await self.search.start()

    async def put(self, *items: Item, at: int = START) -> None:
        """As if said by their owners, one after the other."""

        def work(tx: Tx) -> None:
            for number, one in enumerate(items):
                say(tx, one, at + number)

        await self.storage.transact(work)

    async def ask(self, languages: tuple[str, ...] = ("en",), **asked: Any) -> Answer:
        answer = await self.search.answer(Query(**asked), languages)
        assert answer is not None
        return answer

    async def titles(self, languages: tuple[str, ...] = ("en",), **asked: Any) -> list[str]:
        """What is found, in its order; the count must agree where one page has it all."""
        answer = await self.ask(languages, **asked)
        rows = await self.storage.read(lambda reads: catalog.cards_of(reads, answer.keys))
        if answer.total <= catalog.PAGE and "page" not in asked:
            assert answer.total == len(rows)
        return [row["name"] for row in rows]

    async def counts(self, facet: str, **asked: Any) -> Mapping[str, int]:
        return (await self.ask(**asked)).counts[facet]


def say(tx: Tx, one: Item, at: int) -> None:
    """The rows of an item and of the activity that made it, without a gate: nothing is signed."""
    document = repertoire.build_item(msgspec.structs.replace(one, published=at, updated=at))
    raw = msgspec.json.encode(activities.create(f"{one.id}/said/{at}", one.attributed_to, document, at))
    tx.run(
        "INSERT INTO activity(id, actor, type, object, digest, raw, at, proof, carrier)"
        " VALUES(:id, :actor, 'Create', :object, :digest, :raw, :at, 1, '')",
        id=f"{one.id}/said/{at}", actor=one.attributed_to, object=one.id, digest=sha256(raw).digest(), raw=raw, at=at,
    )  # fmt: skip
    tx.run(
        "INSERT INTO object(id, owner, type, audience, sequence, digest, activity)"
        " VALUES(:id, :owner, 'Article', 'public', 0, :digest, :activity)"
        " ON CONFLICT(id, owner) DO UPDATE SET activity = excluded.activity, audience = 'public'",
        id=one.id, owner=one.attributed_to, activity=f"{one.id}/said/{at}",
        digest=sha256(raw).digest(),
    )  # fmt: skip
    store.keep(tx, msgspec.structs.replace(one, published=at, updated=at), at)


def method(number: int, name: str, **changed: Any) -> Item:
    """A method of High Point's, unless something else is said."""
    given: dict[str, Any] = {"summary": "", "source": "", "content": "<p>…</p>", "kind": "method", **changed}
    return item(given.pop("by", HIGH_POINT), number, name=name, **given)
