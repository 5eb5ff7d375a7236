"""Imports as they are asked for by pages and programs alike: begin, match, look, carry out, undo, drop."""

import asyncio
import csv
import io
from collections.abc import Callable, Mapping

import msgspec

from node.coalition.importing import judging, kept, store, workbooks
from node.coalition.importing.carrying import Carrying, judge
from node.coalition.importing.judging import Judged
from node.coalition.importing.kinds import Field, Kind
from node.coalition.importing.rules import BeginImport, DropImport, MatchColumns, RunImport, UndoImport
from node.coalition.importing.store import Brought
from node.coalition.importing.tables import Read, Table, read_text, safe
from node.gate.desk import Desk
from node.gate.handler import Outcome, Who
from node.sentence import say
from node.storage.contract import Reads, Row
from node.web.language import catalogues
from protocol.errors import Reason

Say = Callable[[str], str]  # a sentence in the reader's language
_READING = 1  # workbooks unpacked at once: each may take a hundred megabytes for a moment


class Looked(msgspec.Struct, frozen=True):
    """An import as it stands. numbers: of rows by state. judged: of a draft, every row as it would be made now."""

    found: Brought
    kind: Kind
    numbers: Mapping[str, int]
    judged: tuple[Judged, ...] = ()

    @property
    def total(self) -> int:
        return sum(self.numbers.values())

    def waiting(self, state: str) -> list[Judged]:
        return [one for one in self.judged if one.state == state]


class Bringing:
    """The acts."""

    def __init__(self, desk: Desk, kinds: Mapping[str, Kind], carrying: Carrying) -> None:
        self._desk = desk
        self.kinds = kinds
        self._carrying = carrying
        self._reading = asyncio.Semaphore(_READING)

    async def begin(self, kind: str, name: str, brought: bytes | str, who: Who) -> tuple[Outcome, str]:
        """Keep a table, of a file's bytes or of a pasted text, as a draft: the outcome, and its id."""
        known = self.kinds.get(kind)
        if known is None:
            return Outcome(
                Reason.NOT_FOUND, say("“{kind}” is nothing that a table can be made into.", kind=kind[:40])
            ), ""
        async with self._reading:
            read: Read = await asyncio.to_thread(_read, brought)
        if not isinstance(read, Table):
            return Outcome(Reason.INVALID, read), ""
        id = self._desk.clock.new_id()
        columns = judging.match(known.fields, read.headings, names)
        command = BeginImport(
            id, kind, name, read.headings, read.lines, columns, read.said, who.member, who.via, who.scopes
        )  # fmt: skip
        return self._waking(await self._desk.gate.perform(command, who)), id

    async def match(self, id: str, columns: Mapping[str, int], who: Who) -> Outcome:
        return await self._desk.gate.perform(MatchColumns(id, columns), who)

    async def run(self, id: str, who: Who) -> Outcome:
        return self._waking(await self._desk.gate.perform(RunImport(id), who))

    async def undo(self, id: str, who: Who) -> Outcome:
        return self._waking(await self._desk.gate.perform(UndoImport(id, who.member), who))

    async def drop(self, id: str, who: Who) -> Outcome:
        return await self._desk.gate.perform(DropImport(id), who)

    def _waking(self, outcome: Outcome) -> Outcome:
        """The worker has something to do: at once, or when the table has had its time."""
        if outcome.done:
            self._carrying.wake()
        return outcome

    async def look(self, id: str) -> Looked | None:
        """It as it stands now; None if there is none."""

        def work(reads: Reads) -> tuple[Brought | None, dict[str, int]]:
            return store.brought(reads, id), store.numbers(reads, id)

        found, numbers = await self._desk.storage.read(work)
        kind = self.kinds.get(found.kind) if found else None
        if found is None or kind is None:
            return None
        if found.state != "draft":
            return Looked(found, kind, numbers)
        return Looked(found, kind, numbers, tuple(await judge(self._desk.storage, found, kind)))

    async def rows(self, looked: Looked, state: str, page: int) -> list[tuple[int, str, tuple[str, ...], str]]:
        """A page of the rows in this state: number, what it is called, why, and where it is read."""

        def work(reads: Reads) -> tuple[list[Row], Mapping[str, str]]:
            rows = store.of_state(reads, looked.found.id, state, page)
            return rows, looked.kind.named(reads, tuple(row["subject"] for row in rows if row["subject"]))

        rows, named = await self._desk.storage.read(work)
        return [
            (row["number"], named.get(row["subject"], ""), kept.read(row["reason"]),
             looked.kind.path(row["subject"]) if row["subject"] in named else "")
            for row in rows
        ]  # fmt: skip

    async def bad_rows(self, looked: Looked, said: Say) -> bytes:
        """The rows of which nothing was made, as CSV, each with its number in the table and what is wrong with it."""
        rows = await self._desk.storage.read(lambda reads: store.bad(reads, looked.found.id))
        headings = [judging.heading(looked.found.headings, at) for at in range(len(looked.found.headings))]
        records = [[*(said(each) for each in headings), said(say("Row")), said(say("What is wrong"))]]
        for row in rows:
            cells: list[str] = msgspec.json.decode(row["cells"])
            why = " ".join(said(sentence) for sentence in kept.read(row["reason"]))
            records.append([*cells, str(row["number"]), why])
        return as_csv(records)

    async def subjects(self, id: str) -> list[str]:
        """What was made."""
        return [row["subject"] for row in await self._desk.storage.read(lambda reads: store.made(reads, id))]

    async def template(self, kind: Kind, said: Say) -> tuple[list[str], list[str]]:
        """Headings and an example row. A practice that is named there is one of ours."""
        practices = await self._desk.storage.read(
            lambda reads: reads.all("SELECT name FROM practice WHERE local = 1 ORDER BY name LIMIT 1")
        )
        ours = practices[0]["name"] if practices else ""
        examples = [ours if field.name == "practice" else said(field.example) for field in kind.fields]
        return [said(field.label) for field in kind.fields], examples


def _read(brought: bytes | str) -> Read:
    return workbooks.read(brought) if isinstance(brought, bytes) else read_text(brought)


def names(field: Field) -> tuple[str, ...]:
    """A field's label in every language."""
    return tuple(catalogue.say(field.label) for catalogue in catalogues().values())


def as_csv(records: list[list[str]]) -> bytes:
    """As spreadsheets open it: UTF-8 with its mark; no cell is a formula."""
    file = io.StringIO()
    csv.writer(file).writerows([safe(cell) for cell in record] for record in records)
    return file.getvalue().encode("utf-8-sig", "replace")
