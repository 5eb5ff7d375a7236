"""What our own people do: signed, stored, appended and queued in one transaction, or not at all."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from node.coalition import rules as coalition
from node.coalition.pages import keys_of
from node.federation.following import EndFollow, FollowActor
from node.gate.handler import BY_NODE, CommandHandler, Decision, Draft, Handler, Outcome
from node.repertoire import rules as repertoire
from node.storage.contract import Tx
from protocol import canonical, identifiers, integrity
from protocol.errors import Reason
from protocol.keys import HeldKey
from protocol.vocabulary import activities
from protocol.vocabulary.place import NOWHERE
from tests.gate.kit import HERE, HIGH_POINT, START, Door, activity_id, create, door, item

ME = identifiers.node_actor(HERE)
PRACTICE = identifiers.practice_actor(HERE, "violence")
TABLES = ("activity", "object", "item", "entry", "held_set", "inbox", "following", "need", "practice")


def own(number: int, **changed: Any) -> Any:
    made = item(HIGH_POINT, number)
    return msgspec.structs.replace(made, id=HERE.at(f"/items/{number}"), attributed_to=PRACTICE, **changed)


def said(number: int) -> str:
    return HERE.at(f"/activities/{number}")


@pytest.fixture
async def gate(tmp_path: Path) -> AsyncIterator[Door]:
    """Fort Wayne's coalition with a practice; High Point's actor is known."""
    async with door(tmp_path) as made:
        keystore: Any = made.gate._signer
        keys = keys_of(keystore, ME, START)
        keystore.create_actor(PRACTICE)
        assert (
            await made.gate.perform(coalition.FoundCoalition(ME, "Fort Wayne", "", "en", keys, said(1)), BY_NODE)
        ).done
        opened = coalition.OpenPractice(
            ME, PRACTICE, "violence", "Violence", "", "public-safety", "city", NOWHERE,
            keys_of(keystore, PRACTICE, START), said(2), said(3),
        )  # fmt: skip
        assert (await made.gate.perform(opened, BY_NODE)).done
        await made.know(HIGH_POINT)
        yield made


async def counts(gate: Door) -> dict[str, int]:
    return {table: await gate.count(table) for table in TABLES}


async def publish(gate: Door, number: int = 1, **changed: Any) -> Outcome:
    return await gate.gate.perform(repertoire.PublishItem(own(number, **changed), said(number + 10)), BY_NODE)


async def test_what_is_published_is_signed_stored_and_in_the_set(gate: Door) -> None:
    outcome = await publish(gate)
    assert outcome.done
    (one,) = outcome.said
    document = canonical.read(one.raw)
    msg = activities.read_activity(document)
    keystore: Any = gate.gate._signer
    key = HeldKey(keystore.ed25519_id(PRACTICE), PRACTICE, keystore.ed25519(PRACTICE).public)
    assert integrity.verify(integrity.claim(document, msg, msg.actor), key, START, "").raw == one.raw
    held = await gate.rows("SELECT raw, carrier FROM activity WHERE id = :id", id=one.activity)
    assert held == [{"raw": one.raw, "carrier": PRACTICE}]
    assert (await gate.root(f"{PRACTICE}/outbox"))[1] == 2  # the practice's own document, and the item


async def test_an_edit_is_later_than_what_it_edits_even_if_the_clock_stands(gate: Door) -> None:
    await publish(gate)
    outcome = await gate.gate.perform(repertoire.EditItem(own(1, name="Better"), said(20)), BY_NODE)
    assert outcome.done
    assert (await gate.rows("SELECT name FROM item"))[0]["name"] == "Better"
    assert [row["sequence"] for row in await gate.rows("SELECT sequence FROM object WHERE type = 'Article'")] == [
        START + 1
    ]


NO: dict[str, tuple[object, Reason]] = {
    "found it twice": (
        coalition.FoundCoalition(ME, "Again", "", "en", msgspec.UNSET, said(30)),  # pyright: ignore[reportArgumentType]
        Reason.EXISTS,
    ),
    "publish for nobody": (
        repertoire.PublishItem(own(5, domain="housing"), said(31)).__class__(
            msgspec.structs.replace(own(5), attributed_to=HERE.at("/practices/none")), said(31)
        ),
        Reason.NOT_FOUND,
    ),
    "publish for another node": (repertoire.PublishItem(item(HIGH_POINT), said(32)), Reason.NOT_FOUND),
    "publish without a title": (repertoire.PublishItem(own(6, name=""), said(33)), Reason.INVALID),
    "publish under no domain": (repertoire.PublishItem(own(6, domain="sports"), said(33)), Reason.INVALID),
    "adapt what is not here": (
        repertoire.PublishItem(
            own(7, kind="adaptation", adapted_from=(repertoire.Reference(item(HIGH_POINT, 9).id),)), said(34)
        ),
        Reason.INVALID,
    ),
    "edit what is not here": (repertoire.EditItem(own(8), said(35)), Reason.NOT_FOUND),
    "withdraw what is not here": (repertoire.WithdrawItem(own(8).id, said(36)), Reason.NOT_FOUND),
    "recommend what is not here": (repertoire.Recommend(item(HIGH_POINT).id, ME, said(37)), Reason.NOT_FOUND),
    "follow whom nobody knows": (
        FollowActor(ME, "https://inkster.example/actor", "inkster", said(38)),
        Reason.NOT_FOUND,
    ),
    "follow ourselves": (FollowActor(ME, PRACTICE, "us", said(39)), Reason.INVALID),
    "end what never began": (EndFollow(ME, HIGH_POINT.id, said(40)), Reason.NOT_FOUND),
}


@pytest.mark.parametrize("name", NO)
async def test_a_command_refused_leaves_nothing_and_says_why(gate: Door, name: str) -> None:
    command, reason = NO[name]
    before, stirred = await counts(gate), len(gate.stirred)
    outcome = await gate.gate.perform(command, BY_NODE)
    assert outcome.reason is reason
    assert outcome.detail.endswith((".", item(HIGH_POINT, 9).id))
    assert not outcome.said
    assert await counts(gate) == before
    assert len(gate.stirred) == stirred


async def test_nothing_of_ours_that_our_own_door_refuses_is_stored(gate: Door) -> None:
    """An activity's id that is taken: a bug, caught at the door, and the effects before it undone."""
    before = await counts(gate)
    outcome = await gate.gate.perform(repertoire.PublishItem(own(1), said(1)), BY_NODE)
    assert outcome.reason is Reason.ID_REUSED
    assert await counts(gate) == before


class Shout(msgspec.Struct, frozen=True):
    """A command of this test: it writes a row, then says the document."""

    document: dict[str, Any]


SHOUTS: dict[str, tuple[dict[str, Any], Reason]] = {
    "another's": ({"actor": PRACTICE, "object": HIGH_POINT.id, "id": activity_id(HIGH_POINT, 1)}, Reason.NOT_OWNER),
    "too large": ({"actor": PRACTICE, "object": ME, "id": said(50), "content": "x" * 1_100_000}, Reason.TOO_LARGE),
    "larger than a page of the log carries": (
        {"actor": PRACTICE, "object": ME, "id": said(51), "content": "x" * 1_040_000},
        Reason.TOO_LARGE,
    ),
}


@pytest.mark.parametrize("name", SHOUTS)
async def test_what_cannot_be_said_is_an_outcome_and_not_an_error(gate: Door, name: str) -> None:
    shouted, reason = SHOUTS[name]

    def apply(tx: Tx, _command: object, _effects: object, now: int) -> None:
        tx.run("INSERT INTO need(kind, url, because, due) VALUES('object', 'x', 'x', :now)", now=now)

    def decide(command: Shout, _facts: None, _now: int) -> Decision[None]:
        return Decision(Reason.ACCEPTED, says=(Draft(PRACTICE, command.document),))

    gate.gate.register(commands={Shout: CommandHandler(lambda _reads, _command: None, decide, apply)})
    document = {
        "@context": canonical.read(HIGH_POINT.sign(create(HIGH_POINT, item(HIGH_POINT)), START)).value["@context"]
    }
    outcome = await gate.gate.perform(Shout({**document, "type": "Offer", **shouted}), BY_NODE)
    assert outcome.reason is reason
    assert outcome.detail
    assert await gate.count("need") == 0


async def test_a_rooms_no_rolls_back_what_the_gate_wrote(gate: Door) -> None:
    """The dedupe row is written before the room is asked."""
    await gate.hold(HIGH_POINT.id)

    def no(*_arguments: object) -> Decision[None]:
        return Decision(Reason.NOT_ALLOWED, detail="Not today.")

    before = await counts(gate)
    gate.gate.register(nouns={"Article": Handler(lambda _reads, _verified: None, no, lambda *_: None)})
    answer = await gate.pushed(HIGH_POINT, create(HIGH_POINT, item(HIGH_POINT)))
    assert (answer.reason, answer.detail) == (Reason.NOT_ALLOWED, "Not today.")
    assert await counts(gate) == before


async def test_a_room_that_fails_rolls_back_too(gate: Door) -> None:
    await gate.hold(HIGH_POINT.id)

    def fail(*_arguments: object) -> None:
        raise RuntimeError("a bug")

    before = await counts(gate)
    gate.gate.register(
        nouns={"Article": Handler(lambda _reads, _verified: None, lambda *_: Decision(Reason.ACCEPTED), fail)}
    )
    with pytest.raises(RuntimeError, match="a bug"):
        await gate.pushed(HIGH_POINT, create(HIGH_POINT, item(HIGH_POINT)))
    assert await counts(gate) == before


async def test_a_follow_goes_to_one_inbox_and_to_no_set(gate: Door) -> None:
    before = await counts(gate)
    outcome = await gate.gate.perform(FollowActor(ME, HIGH_POINT.id, "high point", said(60)), BY_NODE)
    assert outcome.done
    after = await counts(gate)
    assert {name: after[name] - before[name] for name in TABLES if after[name] != before[name]} == {
        "activity": 1, "entry": 1, "held_set": 1, "inbox": 1, "following": 1,
    }  # fmt: skip
    assert [row["audience"] for row in await gate.rows("SELECT audience FROM held_set WHERE name LIKE 'queue:%'")] == [
        "direct"
    ]
    owed = await gate.rows("SELECT url, wants FROM inbox")
    assert owed == [{"url": HIGH_POINT.inbox, "wants": 1}]


async def test_an_adaptation_credits_and_tells_its_origin(gate: Door) -> None:
    await gate.hold(HIGH_POINT.id)
    await gate.pushed(HIGH_POINT, create(HIGH_POINT, item(HIGH_POINT)))
    outcome = await publish(gate, 2, kind="adaptation", adapted_from=(repertoire.Reference(item(HIGH_POINT).id),))
    assert outcome.done
    held = canonical.read((await gate.rows("SELECT raw FROM activity WHERE actor = :who", who=HIGH_POINT.id))[0]["raw"])
    wire = canonical.read(outcome.said[0].raw).value["object"]["cw:adaptedFrom"]
    assert wire == [
        {
            "id": item(HIGH_POINT).id,
            "digestMultibase": canonical.digest_multibase(canonical.digest(held.value["object"])),
        }
    ]
    assert [row["url"] for row in await gate.rows("SELECT url FROM inbox")] == [f"{HIGH_POINT.server.origin}/inbox"]
