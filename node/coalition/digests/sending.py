"""The worker that sends digests: one at a time, each once, and none where nothing is new.

What is new is told by the rooms above (`News`). A mail that the server does not take is not sent again: the next one
tells what came since.
"""

import asyncio
from collections.abc import Callable
from functools import partial

import msgspec
import structlog

from node import mail
from node.coalition import store as coalition_store
from node.coalition.digests import store
from node.coalition.digests.store import Due
from node.coalition.settling import store as settling
from node.gate.desk import Desk
from node.sentence import Sentence, say, together
from node.storage.contract import Reads, StorageError
from node.web.language import ENGLISH, catalogues

LOOK = 60 * 60_000  # ms; whatever another process took on
log = structlog.get_logger("digests")


class Line(msgspec.Struct, frozen=True):
    """One thing that is new: a sentence, and the path of its page here."""

    words: str
    path: str


# What is new for a member from a time until another (ms), by heading; a heading without lines is left out.
News = Callable[[Reads, str, int, int], list[tuple[Sentence, list[Line]]]]


class Digesting:
    """One for a process; together they send each digest once."""

    def __init__(self, desk: Desk, news: News) -> None:
        self._desk = desk
        self._news = news
        self._wanted = asyncio.Event()

    def wake(self) -> None:
        """Somebody changed their wish."""
        self._wanted.set()

    async def run(self) -> None:
        """For as long as the node lives."""
        while True:
            await self._desk.clock.wait(self._wanted, await self._turn())

    async def _turn(self) -> int:
        clock, storage = self._desk.clock, self._desk.storage
        try:
            while True:
                now = clock.now()
                due = await storage.transact(partial(store.claim, now=now))
                if due is None:
                    at = await storage.read(store.next_at)
                    return min(now + LOOK, at) if at is not None else now + LOOK
                if due.email:
                    await self.send(due)
        except StorageError as error:
            log.warning("digests wait for the database", detail=str(error))
            return clock.now() + LOOK

    async def send(self, due: Due) -> str:
        """Why it was not sent, in a sentence; empty if it was, or nothing was new."""

        def work(reads: Reads) -> tuple[str, str, mail.Mailbox | None, list[tuple[Sentence, list[Line]]]]:
            coalition = coalition_store.coalition(reads)
            name, speaks = (coalition.name, coalition.language) if coalition else ("", "")
            return name, speaks, settling.settled(reads).mailbox, self._news(reads, due.member, due.told, due.now)

        name, speaks, mailbox, news = await self._desk.storage.read(work)
        told = [(heading, lines) for heading, lines in news if lines]
        if mailbox is None or not told:
            return ""
        language = catalogues().get(due.language or speaks, ENGLISH)
        end = self._desk.origin.at(f"/digest/{due.secret}")
        parts: list[str] = [say("What is new at {name}, for {who}.", name=name, who=due.name)]
        for heading, lines in told:
            listed = [say("{words}\n{url}", words=line.words, url=self._desk.origin.at(line.path)) for line in lines]
            parts.append(together((heading, *listed), "\n\n"))
        parts.append(say("To get no more of these: {end}", end=end))
        headers = {"List-Unsubscribe": f"<{end}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
        why = await mail.send(
            mailbox, name, due.email, language.say(say("What is new at {name}", name=name)),
            language.say(together(parts, "\n\n")), headers=headers,
        )  # fmt: skip
        if why:
            log.warning("a digest was not sent", why=why)
        return why
