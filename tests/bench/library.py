"""A library of many items, written below the gate from real passages, repeated with variation.

The passages lie beside the repository where it is developed; elsewhere whoever asks for them gets None.
"""

import gzip
from collections.abc import Callable, Iterator
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from node.repertoire import store
from node.storage.contract import Storage, Tx
from protocol.vocabulary import activities, repertoire
from protocol.vocabulary.place import DOMAINS, LEVELS
from protocol.vocabulary.repertoire import KINDS, Item, Place
from tests.bench.processes import ROOT

CORPUS = ROOT.parents[1] / "shared" / "data" / "civic-en.jsonl.gz"
START = 1_700_000_000_000
_STATES = ("US-NC", "US-MI", "US-IN", "US-NY", "US-CA", "US-TX", "US-OH", "CA-ON", "CA-QC", "ES-MD", "ES-CT", "MX-JAL")
_GROUP = 2_000


class Passage(msgspec.Struct, frozen=True):
    """One of the corpus."""

    path: str
    title: str
    text: str
    year: int | None = None


@lru_cache(maxsize=1)
def passages() -> tuple[Passage, ...] | None:
    """All of them, in their order; None where they are not."""
    path = next((path for path in (CORPUS, Path("/work/shared/data/civic-en.jsonl.gz")) if path.exists()), None)
    if path is None:
        return None
    with gzip.open(path) as file:
        return tuple(msgspec.json.decode(line, type=Passage) for line in file)


def owner(number: int, hosts: int) -> str:
    """One of four practices at each of so many hosts."""
    return f"https://town{number % hosts}.example/practices/p{number // hosts % 4}"


def items(all_of: tuple[Passage, ...], count: int, hosts: int) -> Iterator[Item]:
    """So many. The first have each passage as it is; later ones have another's title, and a number of their own."""
    for number in range(count):
        turn, at = divmod(number, len(all_of))
        passage, of = all_of[at], owner(number * 7, hosts)
        titled = all_of[(at + 7_919 * turn) % len(all_of)]
        root = DOMAINS[number % len(DOMAINS)]
        state = _STATES[number * 5 % len(_STATES)]
        updated = START + number * 997
        yield Item(
            id=f"https://{of.split('/')[2]}/items/{number}", attributed_to=of,
            to=("https://www.w3.org/ns/activitystreams#Public",),
            name=titled.title if turn == 0 else f"{titled.title} {turn}",
            summary=passage.text[:120].rsplit(" ", 1)[0] if number % 3 == 0 else "", source=passage.text,
            content=f"<p>{number}</p>", language="es" if number % 19 == 0 else "en", kind=KINDS[number % 8],
            domain=root if number % 2 else f"{root}/part-{number % 5}",
            place=Place("", within=(state[:2], state)), evidence="Measured twice." if number % 3 == 1 else "",
            review_by=f"20{26 + number % 5}-0{1 + number % 9}-15" if number % 4 == 0 else "",
            published=updated, updated=updated, sequence=updated,
        )  # fmt: skip


async def fill(
    storage: Storage, made: Iterator[Item], hosts: int, told: Callable[[int], None] = lambda _: None
) -> None:
    """Write them as rows of items and of activities that nobody signed. told: how many so far."""
    await storage.transact(lambda tx: _practices(tx, hosts))
    done = 0
    while group := [one for _, one in zip(range(_GROUP), made, strict=False)]:

        def work(tx: Tx, group: list[Item] = group) -> None:
            for one in group:
                write(tx, one)

        await storage.transact(work)
        done += len(group)
        told(done)


def _practices(tx: Tx, hosts: int) -> None:
    for number in range(hosts * 4):
        tx.run(
            "INSERT INTO practice(actor, local, host, slug, name, summary, domain, level, place, coalition, created)"
            " VALUES(:actor, 0, :host, :slug, :slug, '', '', :level, '', '', 1)",
            actor=owner(number, hosts), host=f"town{number % hosts}.example", slug=f"p{number // hosts % 4}",
            level=LEVELS[number % len(LEVELS)],
        )  # fmt: skip


def write(tx: Tx, one: Item) -> None:
    """One item."""
    said = f"{one.id}/said/{one.updated}"
    document: dict[str, Any] = activities.create(said, one.attributed_to, repertoire.build_item(one), one.updated)
    raw = msgspec.json.encode(document)
    digest = sha256(raw).digest()
    tx.run(
        "INSERT INTO activity(id, actor, type, object, digest, raw, at, proof, carrier)"
        " VALUES(:id, :actor, 'Create', :object, :digest, :raw, :at, 1, '')",
        id=said, actor=one.attributed_to, object=one.id, digest=digest, raw=raw, at=one.updated,
    )  # fmt: skip
    tx.run(
        "INSERT INTO object(id, owner, type, audience, sequence, digest, activity)"
        " VALUES(:id, :owner, 'Article', 'public', 0, :digest, :activity)"
        " ON CONFLICT(id, owner) DO UPDATE SET activity = excluded.activity",
        id=one.id, owner=one.attributed_to, digest=digest, activity=said,
    )  # fmt: skip
    store.keep(tx, one, one.updated, before=False)
