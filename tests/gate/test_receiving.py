"""What the gate takes, what it refuses, and that nothing stays of what it refused."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from node.gate.handler import Carrier
from node.storage.contract import Tx
from protocol import canonical, identifiers
from protocol.errors import Reason
from protocol.limits import DAY
from protocol.vocabulary import activities, repertoire
from tests.gate.kit import (
    HIGH_POINT,
    INKSTER,
    START,
    Door,
    activity_id,
    create,
    delete,
    door,
    edited,
    item,
    neighbour,
    update,
)

ITEM = item(HIGH_POINT)
TABLES = ("activity", "object", "item", "entry", "need", "recommendation", "adaptation", "follower")


@pytest.fixture
async def gate(tmp_path: Path) -> AsyncIterator[Door]:
    """High Point's practice is followed; Inkster's key is known, and nobody here follows it."""
    async with door(tmp_path) as made:
        await made.know(HIGH_POINT)
        await made.know(INKSTER)
        await made.hold(HIGH_POINT.id)
        yield made


async def counts(gate: Door) -> dict[str, int]:
    return {table: await gate.count(table) for table in TABLES}


async def test_the_same_bytes_twice_have_one_effect(gate: Door) -> None:
    body = HIGH_POINT.sign(create(HIGH_POINT, ITEM), START)
    first = await gate.pushed(HIGH_POINT, body)
    once = await counts(gate)
    assert first.reason is Reason.ACCEPTED
    assert (await gate.pushed(HIGH_POINT, body)).reason is Reason.KNOWN
    assert (await gate.pulled(HIGH_POINT, body)).reason is Reason.KNOWN
    assert await counts(gate) == once
    assert once["entry"] == once["item"] == once["activity"] == 1


async def test_an_id_binds_its_first_bytes(gate: Door) -> None:
    await gate.pushed(HIGH_POINT, create(HIGH_POINT, ITEM))
    before = await gate.rows("SELECT * FROM activity")
    other = create(HIGH_POINT, edited(ITEM, 5, name="Something else"))
    assert (await gate.pushed(HIGH_POINT, other)).reason is Reason.ID_REUSED
    assert await gate.rows("SELECT * FROM activity") == before
    assert (await gate.rows("SELECT name FROM item"))[0]["name"] == ITEM.name


async def test_bytes_are_stored_as_they_came(gate: Door) -> None:
    body = HIGH_POINT.sign(create(HIGH_POINT, ITEM), START)
    spaced = json.dumps(json.loads(body), indent=1).encode()
    assert (await gate.pushed(HIGH_POINT, spaced)).reason is Reason.ACCEPTED
    assert (await gate.rows("SELECT raw FROM activity"))[0]["raw"] == spaced


def _with(said: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {**said, **changed}


def _object(**changed: Any) -> dict[str, Any]:
    made = create(HIGH_POINT, ITEM)
    return {**made, "object": {**made["object"], **changed}}


REFUSED: dict[str, tuple[Any, Reason]] = {
    "another's item": (_object(attributedTo=INKSTER.id), Reason.NOT_OWNER),
    "an item of another origin": (_object(id=f"{INKSTER.server.origin}/items/1"), Reason.NOT_OWNER),
    "an activity id of another origin": (
        _with(create(HIGH_POINT, ITEM), id=activity_id(INKSTER, 1)),
        Reason.NOT_OWNER,
    ),
    "no object": (_with(create(HIGH_POINT, ITEM), object=None), Reason.MALFORMED),
    "an object by its id alone": (_with(create(HIGH_POINT, ITEM), object=ITEM.id), Reason.MALFORMED),
    "a sequence two days ahead": (create(HIGH_POINT, edited(ITEM, 2 * DAY)), Reason.FUTURE_SEQUENCE),
    "neither title nor content": (
        _with(
            create(HIGH_POINT, ITEM),
            object={"id": ITEM.id, "type": "Article", "attributedTo": HIGH_POINT.id, "to": [identifiers.PUBLIC]},
        ),
        Reason.MALFORMED,
    ),
    "an Accept of nothing": (
        HIGH_POINT.activity("Accept", "https://fort-wayne.example/activities/1", START),
        Reason.NOT_ASKED,
    ),
    "a Follow of nobody": (
        HIGH_POINT.activity("Follow", "https://fort-wayne.example/practices/none", START),
        Reason.NOT_FOUND,
    ),
    "an Announce of nothing": (HIGH_POINT.activity("Announce", None, START, to=[identifiers.PUBLIC]), Reason.MALFORMED),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_refused_leaves_no_row(gate: Door, name: str) -> None:
    said, reason = REFUSED[name]
    before = await counts(gate)
    answer = await gate.pushed(HIGH_POINT, said)
    assert answer.reason is reason, answer
    assert await counts(gate) == before


FORGED: dict[str, Any] = {
    "not JSON": b"{",
    "a name twice": b'{"id": "https://a.example/1", "id": "https://a.example/2"}',
    "a list": b"[]",
    "nothing": b"",
}


@pytest.mark.parametrize("name", FORGED)
async def test_what_is_no_document_is_refused_as_such(gate: Door, name: str) -> None:
    answer = await gate.pushed(HIGH_POINT, FORGED[name])
    assert answer.reason in (Reason.NOT_JSON, Reason.MALFORMED)
    assert await gate.count("activity") == 0


async def test_the_signer_must_be_the_actor(gate: Door) -> None:
    body = HIGH_POINT.sign(create(HIGH_POINT, ITEM), START)
    assert (await gate.pushed(INKSTER, body)).reason is Reason.NOT_ACTOR
    assert await gate.count("activity") == 0


async def test_a_proof_of_anothers_key_is_none(gate: Door) -> None:
    said = INKSTER.sign(create(HIGH_POINT, ITEM), START)
    assert (await gate.pushed(HIGH_POINT, said)).reason is Reason.BAD_PROOF
    body = HIGH_POINT.sign(create(HIGH_POINT, ITEM), START).replace(b"Call-in 1", b"Call-in 2")
    assert (await gate.pushed(HIGH_POINT, body)).reason is Reason.BAD_PROOF
    assert await gate.count("activity") == 0


async def test_without_a_proof_only_its_own_origin_counts(gate: Door) -> None:
    bare = canonical.encode(create(HIGH_POINT, ITEM))
    assert (await gate.pulled(HIGH_POINT, bare)).reason is Reason.NO_PROOF
    answer = await gate.gate.receive(bare, Carrier(f"{INKSTER.server.origin}/items/1", "fetched"))
    assert answer.reason is Reason.NO_PROOF
    assert (await gate.pushed(HIGH_POINT, bare)).reason is Reason.ACCEPTED
    assert (await gate.rows("SELECT proof FROM activity"))[0]["proof"] == 0


async def test_who_is_not_followed_is_refused_and_leaves_nothing(gate: Door) -> None:
    made = item(INKSTER)
    answer = await gate.pushed(INKSTER, create(INKSTER, made))
    assert answer.reason is Reason.NOT_FOLLOWED
    assert await gate.count("activity") == 0
    # Of what was never held, a withdrawal is well known.
    assert (await gate.pushed(INKSTER, delete(INKSTER, made.id, 2))).reason is Reason.KNOWN
    assert await gate.count("activity") == 0


@pytest.mark.parametrize(
    ("target", "whole", "state", "reason"),
    [
        (INKSTER.id, 0, "asked", Reason.ACCEPTED),
        (identifiers.node_actor(identifiers.origin(INKSTER.id)), 1, "asked", Reason.ACCEPTED),
        (identifiers.node_actor(identifiers.origin(INKSTER.id)), 0, "asked", Reason.NOT_FOLLOWED),
        (HIGH_POINT.id, 0, "asked", Reason.NOT_FOLLOWED),
        (INKSTER.id, 0, "refused", Reason.NOT_FOLLOWED),
        (INKSTER.id, 0, "ended", Reason.NOT_FOLLOWED),
    ],
)
async def test_what_was_asked_for_may_come_before_its_accept(
    gate: Door, target: str, whole: int, state: str, reason: Reason
) -> None:
    host = identifiers.origin(target).key

    def write(tx: Tx) -> None:
        tx.run(
            "INSERT INTO following(target, address, host, whole_node, follow, state, asked)"
            " VALUES(:target, '', :host, :whole, 'x', :state, 0)",
            target=target, host=host, whole=whole, state=state,
        )  # fmt: skip

    await gate.storage.transact(write)
    said = INKSTER.sign(create(INKSTER, item(INKSTER)), START)
    assert (await gate.pushed(INKSTER, said)).reason is reason
    assert await gate.count("entry") == 0
    if reason is Reason.ACCEPTED:
        await gate.hold(INKSTER.id)
        assert (await gate.pulled(INKSTER, said)).reason is Reason.KNOWN
        assert await gate.count("entry") == 1


async def test_what_is_not_known_here_is_kept_in_a_held_set_and_counted(gate: Door) -> None:
    said = HIGH_POINT.activity("Offer", {"id": f"{HIGH_POINT.server.origin}/x", "type": "cw:Newer"}, START)
    public = {**said, "to": [identifiers.PUBLIC]}
    assert (await gate.pushed(HIGH_POINT, public)).reason is Reason.ACCEPTED
    thing = {
        "id": f"{HIGH_POINT.server.origin}/newer/1", "type": "cw:Newer", "attributedTo": HIGH_POINT.id,
        "to": [identifiers.PUBLIC], "cw:sequence": START,
    }  # fmt: skip
    made = activities.create(activity_id(HIGH_POINT, 2), HIGH_POINT.id, thing, START)
    assert (await gate.pushed(HIGH_POINT, made)).reason is Reason.ACCEPTED
    assert await counts(gate) == dict.fromkeys(TABLES, 0) | {"activity": 2, "entry": 2, "object": 1}
    assert (await gate.rows("SELECT total FROM held_set"))[0]["total"] == 2
    # … and of nobody who is not followed.
    foreign = {**INKSTER.activity("Offer", INKSTER.id, START), "to": [identifiers.PUBLIC]}
    assert (await gate.pushed(INKSTER, foreign)).reason is Reason.NOT_FOLLOWED


async def test_an_unknown_actors_departure_causes_no_fetch(gate: Door) -> None:
    stranger = neighbour("stranger.example", seed=9)
    leaves = stranger.activity("Delete", stranger.id, START)
    assert (await gate.pushed(stranger, leaves)).reason is Reason.KNOWN
    assert await gate.count("activity") == await gate.count("key_miss") == 0


async def test_only_the_owner_changes_an_object(gate: Door) -> None:
    await gate.pushed(HIGH_POINT, create(HIGH_POINT, ITEM))
    sister = neighbour("high-point.example", slug="housing", seed=10)
    await gate.know(sister)
    await gate.hold(sister.id)
    before = await counts(gate)
    stolen = edited(item(sister), 10, name="Ours now")
    assert (await gate.pushed(sister, update(sister, stolen, 5))).reason is Reason.NOT_OWNER
    assert (await gate.pushed(sister, delete(sister, ITEM.id, 6))).reason is Reason.NOT_OWNER
    assert await counts(gate) == before
    assert (await gate.rows("SELECT name, withdrawn FROM item")) == [{"name": ITEM.name, "withdrawn": None}]


async def test_a_strangers_tombstone_blocks_only_the_strangers_object(gate: Door) -> None:
    sister = neighbour("high-point.example", slug="housing", seed=10)
    await gate.know(sister)
    await gate.hold(sister.id)
    assert (await gate.pushed(sister, delete(sister, ITEM.id, 6, START + DAY))).reason is Reason.ACCEPTED
    assert (await gate.pushed(HIGH_POINT, create(HIGH_POINT, ITEM))).reason is Reason.ACCEPTED
    assert (await gate.rows("SELECT owner, withdrawn FROM item")) == [{"owner": HIGH_POINT.id, "withdrawn": None}]


@pytest.mark.parametrize(
    ("mode", "lists", "reason"),
    [
        ("block", {"blocked": frozenset({"high-point.example"})}, Reason.BLOCKED),
        ("allow-list", {"allowed": frozenset({"inkster.example"})}, Reason.NOT_LISTED),
        ("open", {"blocked": frozenset({"high-point.example"})}, Reason.ACCEPTED),
    ],
)
async def test_admission_judges_the_carrier_and_the_owner(
    tmp_path: Path, mode: str, lists: Any, reason: Reason
) -> None:
    async with door(tmp_path, mode, **lists) as gate:
        for one in (HIGH_POINT, INKSTER):
            await gate.know(one)
            await gate.hold(one.id)
        body = HIGH_POINT.sign(create(HIGH_POINT, ITEM), START)
        assert (await gate.pushed(HIGH_POINT, body)).reason is reason
        assert (await gate.pulled(INKSTER, body)).reason in (reason, Reason.KNOWN)
        wrapped = activities.announce(
            activity_id(INKSTER, 9), INKSTER.id, json.loads(body), [identifiers.PUBLIC], START
        )
        assert (await gate.pushed(INKSTER, wrapped)).reason is Reason.ACCEPTED
        assert await gate.count("item") == (1 if reason is Reason.ACCEPTED else 0)


# What an Announce carries


def announced(number: int, inner: dict[str, Any] | str) -> dict[str, Any]:
    return activities.announce(activity_id(HIGH_POINT, number), HIGH_POINT.id, inner, [identifiers.PUBLIC], START)


async def test_a_recommendation_brings_its_original_byte_for_byte(gate: Door) -> None:
    made = item(INKSTER)
    original = INKSTER.sign(create(INKSTER, made), START)
    answer = await gate.pushed(HIGH_POINT, announced(3, json.loads(original)))
    assert answer.reason is Reason.ACCEPTED
    held = await gate.rows("SELECT raw, carrier FROM activity WHERE actor = :who", who=INKSTER.id)
    assert held == [{"raw": original, "carrier": HIGH_POINT.id}]
    assert (await gate.rows("SELECT object, actor FROM recommendation")) == [
        {"object": made.id, "actor": HIGH_POINT.id}
    ]
    # It stands in nobody's set but the Announce's own; held later, it takes its place.
    assert (await gate.root())[1] == 1
    await gate.hold(INKSTER.id)
    assert (await gate.pulled(INKSTER, original)).reason is Reason.KNOWN
    assert (await gate.root(f"{INKSTER.id}/outbox"))[1] == 1


async def test_a_forged_original_is_not_taken_and_the_recommendation_stands(gate: Door) -> None:
    forged = HIGH_POINT.sign({**create(INKSTER, item(INKSTER))}, START)
    assert (await gate.pushed(HIGH_POINT, announced(3, json.loads(forged)))).reason is Reason.ACCEPTED
    assert await gate.count("item") == 0
    assert await gate.count("need") == 0


async def test_an_original_without_a_proof_is_fetched_from_its_own_origin(gate: Door) -> None:
    await gate.pushed(HIGH_POINT, announced(3, create(INKSTER, item(INKSTER))))
    assert await gate.count("item") == 0
    needs = await gate.rows("SELECT kind, url, because FROM need")
    assert needs == [{"kind": "object", "url": item(INKSTER).id, "because": activity_id(HIGH_POINT, 3)}]
    assert gate.stirred


async def test_a_recommendation_by_id_asks_for_the_object_once(gate: Door) -> None:
    await gate.pushed(HIGH_POINT, announced(3, item(INKSTER).id))
    await gate.pushed(HIGH_POINT, announced(4, item(INKSTER).id))
    assert [need["url"] for need in await gate.rows("SELECT url FROM need")] == [item(INKSTER).id]


async def test_an_announce_within_an_announce_is_unwrapped_no_further(gate: Door) -> None:
    original = json.loads(INKSTER.sign(create(INKSTER, item(INKSTER)), START))
    once = activities.announce(activity_id(INKSTER, 5), INKSTER.id, original, [identifiers.PUBLIC], START)
    twice = announced(6, json.loads(INKSTER.sign(once, START)))
    assert (await gate.pushed(HIGH_POINT, twice)).reason is Reason.ACCEPTED
    assert await gate.count("item") == 0


async def test_what_is_not_public_has_no_card(gate: Door) -> None:
    """The catalog is read by anyone: what was said to some is kept and not shown."""
    private = item(HIGH_POINT, 2, to=(HIGH_POINT.id + "/members",))
    wrapped = INKSTER.sign(create(INKSTER, item(INKSTER, 3, to=("https://fort-wayne.example/actor",))), START)
    await gate.pushed(HIGH_POINT, create(HIGH_POINT, private, 7))
    await gate.pushed(HIGH_POINT, announced(8, json.loads(wrapped)))
    assert await gate.rows("SELECT name FROM item") == []
    assert repertoire.build_item(private)["to"] == [f"{HIGH_POINT.id}/members"]
