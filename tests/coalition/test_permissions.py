"""Who can do what: the table, standings, and that the gate asks it, does a wish once and records it."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from node.coalition import permissions, standing
from node.coalition.permissions import (
    ACTS,
    ANYONE,
    BELONGS,
    BROKER,
    COALITION,
    CORE,
    MEMBER,
    OPERATOR,
    PRACTICE,
    ROLES,
    SCOPES,
    SELF,
    STANDINGS,
)
from node.gate.door import Gate
from node.gate.handler import BY_NODE, BY_OPERATOR, CommandHandler, Decision, Who
from node.gate.permitted import REMEMBERED
from node.storage.contract import Reads, Tx
from protocol.errors import Reason
from tests.cluster.kit import Town, cluster

GUNS, HOUSING = "https://here.example/practices/guns", "https://here.example/practices/housing"


def test_the_table_names_known_standings_and_scopes_only() -> None:
    for name, act in ACTS.items():
        assert act.may, name
        assert act.may <= set(STANDINGS), name
        assert act.scope in SCOPES, name
        assert str(act.words)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, {ANYONE}),
        ({"operator": True}, {ANYONE, OPERATOR}),
        ({"member": True}, {ANYONE, MEMBER}),
        ({"member": True, "itself": True}, {ANYONE, MEMBER, SELF}),
        ({"itself": True}, {ANYONE}),  # suspended: not even oneself
        ({"roles": {"coordinator"}}, {ANYONE}),  # a role that outlived its membership
        ({"member": True, "roles": {"coordinator"}}, {ANYONE, MEMBER, COALITION}),
        ({"member": True, "roles": {"broker"}}, {ANYONE, MEMBER, BROKER}),
        ({"member": True, "practice_roles": {"honorary"}}, {ANYONE, MEMBER, BELONGS}),
        ({"member": True, "practice_roles": {"core"}}, {ANYONE, MEMBER, BELONGS, CORE}),
        ({"member": True, "practice_roles": {"coordinator"}}, {ANYONE, MEMBER, BELONGS, CORE, PRACTICE}),
        ({"member": True, "practice_roles": {"broker"}}, {ANYONE, MEMBER, BELONGS, BROKER}),
    ],
)
def test_what_somebody_is(given: dict[str, object], found: set[str]) -> None:
    base: dict[str, object] = {
        "roles": set(),
        "practice_roles": set(),
        "member": False,
        "operator": False,
        "itself": False,
    }
    assert permissions.standings(**{**base, **given}) == found  # type: ignore[arg-type]


def test_the_operator_reads_no_members() -> None:
    for act in ("member.read", "practice.members", "audit.read", "member.describe", "member.credentials"):
        assert not permissions.may(act, frozenset({ANYONE, OPERATOR})), act


def test_a_token_narrows_and_never_widens() -> None:
    assert permissions.refusal("item.publish", frozenset({BELONGS}), frozenset({"publish"})) == ""
    assert "not good for" in permissions.refusal("item.publish", frozenset({BELONGS}), frozenset({"read"}))
    assert permissions.refusal("item.publish", frozenset({MEMBER}), frozenset({"publish"}))


def test_a_refusal_says_for_whom_it_is() -> None:
    said = permissions.refusal("role.give", frozenset({MEMBER}))
    assert said == "Give and end roles: this is for the practice's coordinators or the coalition's coordinators."


class Note(msgspec.Struct, frozen=True):
    """A command of a room that is not there: it keeps a word."""

    practice: str
    word: str


def _apply(tx: Tx, command: Note, _effects: tuple[object, ...], _now: int) -> None:
    tx.run("INSERT INTO setting(name, value) VALUES(:word, '')", word=command.word)


def _decide(command: Note, _facts: None, _now: int) -> Decision[object]:
    return Decision(Reason.INVALID, detail="No word.") if not command.word else Decision(Reason.ACCEPTED)


@pytest_asyncio.fixture(loop_scope="function")
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with cluster(tmp_path, "here") as (made,):
        made.running.gate.register(
            commands={
                Note: CommandHandler(
                    lambda _reads, _command: None, _decide, _apply, "practice.describe",
                    lambda _reads, command: command.practice, names=lambda _reads, command: command.word,
                )
            }
        )  # fmt: skip
        await made.running.storage.transact(_people)
        yield made


def _people(tx: Tx) -> None:
    for name, state, practice, role in (
        ("ana", "active", GUNS, "coordinator"),
        ("ben", "active", GUNS, "member"),
        ("cleo", "active", "", "coordinator"),
        ("dan", "suspended", "", "coordinator"),
    ):
        tx.run(
            "INSERT INTO member(id, name, state, joined) VALUES(:id, :id, :state, 1)", id=name, state=state
        )  # fmt: skip
        tx.run(
            "INSERT INTO role(member, practice, role, since) VALUES(:id, :practice, :role, 1)",
            id=name, practice=practice, role=role,
        )  # fmt: skip


def gate_of(town: Town) -> Gate:
    return town.running.gate


@pytest.mark.parametrize(
    ("who", "practice", "reason"),
    [
        (Who(), GUNS, Reason.NOT_ALLOWED),
        (Who(member="ana"), GUNS, Reason.ACCEPTED),
        (Who(member="ana"), HOUSING, Reason.NOT_ALLOWED),
        (Who(member="ben"), GUNS, Reason.NOT_ALLOWED),
        (Who(member="cleo"), GUNS, Reason.ACCEPTED),
        (Who(member="cleo"), HOUSING, Reason.ACCEPTED),
        (Who(member="dan"), GUNS, Reason.NOT_ALLOWED),
        (Who(member="nobody"), GUNS, Reason.NOT_ALLOWED),
        (Who(member="ana", scopes=frozenset({"read"})), GUNS, Reason.NOT_ALLOWED),
        (Who(member="ana", scopes=frozenset({"organise"})), GUNS, Reason.ACCEPTED),
        (BY_OPERATOR, GUNS, Reason.ACCEPTED),
        (BY_NODE, GUNS, Reason.ACCEPTED),
    ],
)
async def test_the_gate_asks_before_anything_is_decided(town: Town, who: Who, practice: str, reason: Reason) -> None:
    outcome = await gate_of(town).perform(Note(practice, "a word"), who)
    assert outcome.reason is reason, outcome
    kept = await town.rows("SELECT name FROM setting WHERE name = 'a word'")
    assert bool(kept) is outcome.done
    recorded = await town.rows("SELECT member, via, act, practice, subject FROM audit")
    if who.node or not outcome.done:
        assert recorded == []
    else:
        (row,) = recorded
        assert dict(row) == {
            "member": who.member or "operator", "via": who.via, "act": "practice.describe", "practice": practice,
            "subject": "a word",
        }  # fmt: skip


@pytest.mark.parametrize(
    ("who", "act", "found"),
    [
        (Who(member="ana"), "item.publish", {GUNS}),
        (Who(member="ben"), "item.publish", {GUNS}),
        (Who(member="ben"), "item.withdraw", set()),
        (Who(member="cleo"), "item.publish", None),
        (Who(member="cleo", scopes=frozenset({"read"})), "item.publish", set()),
        (Who(member="dan"), "item.publish", set()),
        (Who(), "item.publish", set()),
        (BY_OPERATOR, "item.publish", None),
    ],
)
async def test_where_somebody_may(town: Town, who: Who, act: str, found: set[str] | None) -> None:
    assert await town.running.storage.read(lambda reads: standing.where(reads, who, act)) == found


async def test_a_wish_is_carried_out_once(town: Town) -> None:
    gate, who = gate_of(town), Who(member="ana", once="the one sending")
    assert (await gate.perform(Note(GUNS, ""), who)).reason is Reason.INVALID  # put right, it may be sent again
    assert (await gate.perform(Note(GUNS, "first"), who)).done
    assert (await gate.perform(Note(GUNS, "second"), who)).reason is Reason.REPEATED
    assert len(await town.rows("SELECT once FROM wish")) == 1
    town.clock.advance(REMEMBERED)
    assert (await gate.perform(Note(GUNS, "third"), Who(member="ana", once="another"))).done
    assert [row["once"] for row in await town.rows("SELECT once FROM wish")] == ["another"]


async def test_the_record_has_pages_the_last_first(town: Town) -> None:
    for number in range(standing.AUDIT_PAGE + 1):
        assert (await gate_of(town).perform(Note(GUNS, f"word {number}"), Who(member="ana"))).done

    def work(reads: Reads) -> list[tuple[list[str], int]]:
        pages = [standing.recorded(reads, number) for number in (1, 2)]
        return [([row["subject"] for row in rows], total) for rows, total in pages]

    first, second = await town.running.storage.read(work)
    assert (first[0][0], len(first[0]), first[1]) == ("word 50", 50, 51)
    assert second == (["word 0"], 51)


async def test_the_bare_gate_lets_nobody_but_the_node(town: Town) -> None:
    gate = gate_of(town)
    gate.register(
        commands={Note: CommandHandler(lambda _reads, _command: None, _decide, _apply)}
    )  # an act that is not in the table is nobody's
    assert (await gate.perform(Note(GUNS, "x"), BY_OPERATOR)).reason is Reason.NOT_ALLOWED
    assert (await gate.perform(Note(GUNS, "x"), BY_NODE)).done


def test_every_role_has_words() -> None:
    assert all(str(said) for said in ROLES.values())
