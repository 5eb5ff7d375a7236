"""Where an act is sent, and what is known of each: two towns, three members, the operator."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from node.storage.contract import Tx
from tests.cluster.kit import Town

Sending = tuple[str, dict[str, Any]]
COORDINATOR, MEMBER, STRANGER, OPERATOR = "cleo", "ben", "eve", ""  # members by id; OPERATOR is nobody's
SLUG = "guns"


class Scene(msgspec.Struct, frozen=True):
    """Two towns that may speak. here: where acts are sent. number: another at each preparation."""

    here: Town
    there: Town
    number: int

    @property
    def practice(self) -> str:
        return self.here.practice(SLUG)

    def word(self, word: str) -> str:
        """Another at each preparation."""
        return f"{word}-{self.number}"


class Act(msgspec.Struct, frozen=True):
    """One route. may: who sends it with success. cannot: a member who may not; None where every member may.

    elsewhere: where its success is shown, if it takes more than a form; only its refusals are then shown here.
    shows: it answers with a page that shows something once, instead of leading on.
    """

    prepare: Callable[[Scene], Awaitable[Sending]]
    may: str = COORDINATOR
    cannot: str | None = STRANGER
    elsewhere: str = ""
    shows: bool = False


def people(tx: Tx) -> None:
    """cleo coordinates the coalition, ben belongs to the practice, eve to none."""
    for name in (COORDINATOR, MEMBER, STRANGER):
        tx.run("INSERT INTO member(id, name, state, joined) VALUES(:id, :id, 'active', 1)", id=name)
    for name, practice, role in ((COORDINATOR, "", "coordinator"), (MEMBER, SLUG, "member")):
        tx.run(
            "INSERT INTO role(member, practice, role, since) SELECT :id, COALESCE(MAX(actor), ''), :role, 1"
            " FROM practice WHERE local = 1 AND slug = :practice",
            id=name, practice=practice, role=role,
        )  # fmt: skip
