"""Who follows whom: the rules as tables, and the edges that real messages leave."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from node.coalition import rules as coalition
from node.coalition.pages import keys_of
from node.federation import following
from node.federation.following import AddFollower, Ask, DropFollower, EndFollow, Facts, FollowActor, Settle
from node.gate.handler import BY_NODE
from node.storage.contract import Tx
from protocol import canonical, identifiers
from protocol.errors import Reason
from protocol.limits import FOLLOW_REPEAT
from protocol.vocabulary import activities
from protocol.vocabulary.place import NOWHERE
from tests.federation.hostile import Character
from tests.gate.kit import HERE, HIGH_POINT, INKSTER, START, Door, activity_id, create, door, item, neighbour, verified
from tests.gate.plans import plans, walks

ME = identifiers.node_actor(HERE)
PRACTICE = identifiers.practice_actor(HERE, "violence")
NODE = neighbour("high-point.example", seed=11, type="Organization")
NODE_SET = f"{NODE.id}/outbox"
SISTER = neighbour("high-point.example", "housing", seed=12)
FOLLOW = activities.follow(activity_id(HIGH_POINT, 1), HIGH_POINT.id, PRACTICE)
OURS = activities.follow(HERE.at("/activities/9"), ME, HIGH_POINT.id)
KNOWN = Facts(PRACTICE, HIGH_POINT.inbox, None, "high-point.example:8443")
ASKED = Facts(HIGH_POINT.id, follow=OURS["id"], state="asked")

RULES: dict[str, tuple[Any, Any, Facts, Reason, tuple[Any, ...]]] = {
    "a Follow": (
        following.decide_follow, FOLLOW, KNOWN, Reason.ACCEPTED,
        (AddFollower(HIGH_POINT.id, PRACTICE, FOLLOW["id"], HIGH_POINT.inbox, KNOWN.host),),
    ),
    "a Follow of nobody here": (following.decide_follow, FOLLOW, Facts(inbox="x"), Reason.NOT_FOUND, ()),
    "a Follow of an unknown actor": (following.decide_follow, FOLLOW, Facts(PRACTICE), Reason.UNKNOWN_KEY, ()),
    "an Undo": (
        following.decide_undo, activities.undo(activity_id(HIGH_POINT, 2), HIGH_POINT.id, FOLLOW), KNOWN,
        Reason.ACCEPTED, (DropFollower(HIGH_POINT.id, PRACTICE),),
    ),
    "an Undo of nothing": (
        following.decide_undo, activities.undo(activity_id(HIGH_POINT, 2), HIGH_POINT.id, FOLLOW), Facts(),
        Reason.SUPERSEDED, (),
    ),
    "an Accept": (
        following.decide_answer, activities.accept(activity_id(HIGH_POINT, 3), HIGH_POINT.id, OURS), ASKED,
        Reason.ACCEPTED, (Settle(HIGH_POINT.id, "accepted"),),
    ),
    "a Reject": (
        following.decide_answer, activities.reject(activity_id(HIGH_POINT, 3), HIGH_POINT.id, OURS), ASKED,
        Reason.ACCEPTED, (Settle(HIGH_POINT.id, "refused"),),
    ),
    "an Accept of nothing": (
        following.decide_answer, activities.accept(activity_id(HIGH_POINT, 3), HIGH_POINT.id, OURS), Facts(),
        Reason.NOT_ASKED, (),
    ),
    "an Accept after the end": (
        following.decide_answer, activities.accept(activity_id(HIGH_POINT, 3), HIGH_POINT.id, OURS),
        Facts(HIGH_POINT.id, follow=OURS["id"], state="ended"), Reason.SUPERSEDED, (),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", RULES)
def test_what_others_say(name: str) -> None:
    decide, said, facts, reason, effects = RULES[name]
    decision = decide(verified(said), facts, START)
    assert decision.reason is reason
    assert decision.effects == effects
    assert len(decision.says) == (1 if name == "a Follow" else 0)


def test_a_follow_is_answered_to_whoever_asked() -> None:
    (draft,) = following.decide_follow(verified(FOLLOW), KNOWN, START).says
    assert (draft.actor, draft.deliver) == (PRACTICE, (HIGH_POINT.inbox,))
    assert (draft.document["type"], draft.document["object"]["id"]) == ("Accept", FOLLOW["id"])


COMMANDS: dict[str, tuple[Any, Any, Facts, Reason]] = {
    "follow": (following.decide_ask, FollowActor(ME, HIGH_POINT.id, "x", OURS["id"]), KNOWN, Reason.ACCEPTED),
    "follow the unknown": (following.decide_ask, FollowActor(ME, HIGH_POINT.id, "x", "y"), Facts(), Reason.NOT_FOUND),
    "follow ourselves": (following.decide_ask, FollowActor(ME, PRACTICE, "x", "y"), KNOWN, Reason.INVALID),
    "end": (
        following.decide_end, EndFollow(ME, HIGH_POINT.id, "y"),
        Facts(HIGH_POINT.id, "i", None, "h", OURS["id"], "accepted"), Reason.ACCEPTED,
    ),
    "end what ended": (
        following.decide_end, EndFollow(ME, HIGH_POINT.id, "y"), Facts(HIGH_POINT.id, "i", None, "h", "f", "ended"),
        Reason.NOT_FOUND,
    ),
    "end what never began": (following.decide_end, EndFollow(ME, HIGH_POINT.id, "y"), KNOWN, Reason.NOT_FOUND),
}  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_what_we_do(name: str) -> None:
    decide, command, facts, reason = COMMANDS[name]
    decision = decide(command, facts, START)
    assert decision.reason is reason
    assert len(decision.says) == len(decision.effects) == (1 if reason is Reason.ACCEPTED else 0)
    assert bool(decision.detail) is (reason is not Reason.ACCEPTED)


@pytest.mark.parametrize(("target", "whole"), [(NODE.id, True), (HIGH_POINT.id, False)])
def test_a_follow_of_a_node_is_one_of_its_practices(target: str, whole: bool) -> None:
    facts = Facts(target, "i", None, "h")
    (ask,) = following.decide_ask(FollowActor(ME, target, "typed", "y"), facts, START).effects
    assert ask == Ask(target, "typed", "h", "y", whole)


# Edges


@pytest.fixture
async def gate(tmp_path: Path) -> AsyncIterator[Door]:
    """Our coalition with a practice; High Point's node, its two practices, and Inkster are known."""
    async with door(tmp_path) as made:
        keystore: Any = made.gate._signer
        found = coalition.FoundCoalition(ME, "Us", "", "en", keys_of(keystore, ME, START), HERE.at("/activities/1"))
        assert (await made.gate.perform(found, BY_NODE)).done
        await practice(made, "violence", 2)
        for who in (HIGH_POINT, NODE, SISTER, INKSTER):
            await made.know(who)
        yield made


async def practice(gate: Door, slug: str, number: int) -> None:
    actor = identifiers.practice_actor(HERE, slug)
    keys = keys_of(gate.gate._signer, actor, START)  # pyright: ignore[reportArgumentType]
    opened = coalition.OpenPractice(
        ME, actor, slug, slug, "", "housing", "city", NOWHERE, keys, HERE.at(f"/activities/{number}1"),
        HERE.at(f"/activities/{number}2"),
    )  # fmt: skip
    assert (await gate.gate.perform(opened, BY_NODE)).done


async def cursors(gate: Door) -> list[tuple[str, str, int]]:
    """(owner's last part, inbox, ended) of every cursor in a set of ours."""
    rows = await gate.rows(
        "SELECT s.owner, i.url, i.ended FROM inbox i JOIN held_set s ON s.key = i.set_key"
        " WHERE s.audience = 'public' ORDER BY 1, 2"
    )
    return [(row["owner"].rpartition("/")[2], row["url"], row["ended"]) for row in rows]


async def said(gate: Door, who: Character, document: dict[str, Any]) -> Reason:
    return (await gate.pushed(who, document)).reason


SHARED = f"{HIGH_POINT.server.origin}/inbox"


async def test_a_follower_gets_a_cursor_at_the_logs_end_and_an_answer(gate: Door) -> None:
    assert await said(gate, HIGH_POINT, FOLLOW) is Reason.ACCEPTED
    assert await cursors(gate) == [("violence", SHARED, 0)]
    (row,) = await gate.rows(
        "SELECT i.acked, s.seq FROM inbox i JOIN held_set s ON s.key = i.set_key WHERE s.audience = 'public'"
    )
    assert row["acked"] == row["seq"] > 0
    (queued,) = await gate.rows(
        "SELECT a.type, a.actor FROM entry e JOIN activity a ON a.key = e.activity JOIN held_set s ON s.key = e.set_key"
        " WHERE s.name = :queue",
        queue=f"queue:{HIGH_POINT.inbox}",
    )
    assert queued == {"type": "Accept", "actor": PRACTICE}


async def test_a_follow_repeated_is_one_edge_and_is_answered_again(gate: Door) -> None:
    await said(gate, HIGH_POINT, FOLLOW)
    again = activities.follow(activity_id(HIGH_POINT, 7), HIGH_POINT.id, PRACTICE)
    assert await said(gate, HIGH_POINT, again) is Reason.ACCEPTED
    assert await gate.rows("SELECT follow FROM follower") == [{"follow": again["id"]}]
    assert await cursors(gate) == [("violence", SHARED, 0)]
    assert len(await gate.rows("SELECT id FROM activity WHERE type = 'Accept'")) == 2


async def test_a_follow_of_the_node_covers_what_it_opens_later(gate: Door) -> None:
    follow = activities.follow(activity_id(HIGH_POINT, 1), HIGH_POINT.id, ME)
    assert await said(gate, HIGH_POINT, follow) is Reason.ACCEPTED
    assert [(name, ended) for name, _, ended in await cursors(gate)] == [("actor", 0), ("violence", 0)]
    await practice(gate, "housing", 3)
    assert [(name, ended) for name, _, ended in await cursors(gate)] == [("actor", 0), ("housing", 0), ("violence", 0)]


UNDOS = {
    "by its id": lambda: activities.undo(activity_id(HIGH_POINT, 8), HIGH_POINT.id, FOLLOW["id"]),
    "whole": lambda: activities.undo(activity_id(HIGH_POINT, 8), HIGH_POINT.id, FOLLOW),
    "by another Follow of the same": lambda: activities.undo(
        activity_id(HIGH_POINT, 8), HIGH_POINT.id, {**FOLLOW, "id": activity_id(HIGH_POINT, 77)}
    ),
}


@pytest.mark.parametrize("how", UNDOS)
async def test_an_undo_ends_the_cursor_and_a_new_follow_begins_it_anew(gate: Door, how: str) -> None:
    await said(gate, HIGH_POINT, FOLLOW)
    assert await said(gate, HIGH_POINT, UNDOS[how]()) is Reason.ACCEPTED
    assert await gate.count("follower") == 0
    assert await cursors(gate) == [("violence", SHARED, 1)]
    again = activities.follow(activity_id(HIGH_POINT, 9), HIGH_POINT.id, PRACTICE)
    await said(gate, HIGH_POINT, again)
    assert await cursors(gate) == [("violence", SHARED, 0)]


async def test_nobody_undoes_anothers_follow(gate: Door) -> None:
    await said(gate, HIGH_POINT, FOLLOW)
    by_id = activities.undo(activity_id(INKSTER, 8), INKSTER.id, FOLLOW["id"])
    whole = activities.undo(activity_id(INKSTER, 9), INKSTER.id, FOLLOW)
    sisters = activities.undo(activity_id(SISTER, 8), SISTER.id, FOLLOW["id"])
    assert await said(gate, INKSTER, by_id) is Reason.NOT_OWNER
    assert await said(gate, INKSTER, whole) is Reason.NOT_OWNER
    assert await said(gate, SISTER, sisters) is Reason.SUPERSEDED
    assert await gate.count("follower") == 1
    assert await cursors(gate) == [("violence", SHARED, 0)]


async def test_a_shared_inbox_stays_open_while_anyone_there_follows(gate: Door) -> None:
    await said(gate, HIGH_POINT, FOLLOW)
    other = activities.follow(activity_id(SISTER, 1), SISTER.id, ME)
    await said(gate, SISTER, other)
    await said(gate, HIGH_POINT, UNDOS["whole"]())
    assert [ended for _, _, ended in await cursors(gate)] == [0, 0]
    await said(gate, SISTER, activities.undo(activity_id(SISTER, 2), SISTER.id, other))
    assert [ended for _, _, ended in await cursors(gate)] == [1, 1]


async def ask(gate: Door, who: Character, number: int) -> str:
    id = HERE.at(f"/activities/{number}")
    assert (await gate.gate.perform(FollowActor(ME, who.id, who.id, id), BY_NODE)).done
    return id


async def answer(gate: Door, who: Character, follow: str, type: str = "accept", number: int = 20) -> Reason:
    build = getattr(activities, type)
    return await said(gate, who, build(activity_id(who, number), who.id, activities.follow(follow, ME, who.id)))


async def pulled(gate: Door) -> dict[str, bool]:
    """Sets held for others, and whether their logs are pulled."""
    rows = await gate.rows("SELECT owner, pull_at FROM held_set WHERE local = 0")
    return {row["owner"]: row["pull_at"] is not None for row in rows}


async def state(gate: Door, who: Character) -> str:
    return (await gate.rows("SELECT state FROM following WHERE target = :id", id=who.id))[0]["state"]


async def test_an_accept_of_what_was_asked_begins_a_replica(gate: Door) -> None:
    follow = await ask(gate, HIGH_POINT, 40)
    assert await pulled(gate) == {}
    assert await answer(gate, HIGH_POINT, follow) is Reason.ACCEPTED
    assert await state(gate, HIGH_POINT) == "accepted"
    assert await pulled(gate) == {HIGH_POINT.id: True}
    (row,) = await gate.rows("SELECT repeat_at FROM following")
    assert row["repeat_at"] == START + FOLLOW_REPEAT


async def test_an_accept_by_anybody_else_changes_nothing(gate: Door) -> None:
    follow = await ask(gate, HIGH_POINT, 40)
    assert await answer(gate, INKSTER, follow) is Reason.NOT_ASKED
    assert await answer(gate, HIGH_POINT, HERE.at("/activities/41")) is Reason.NOT_ASKED
    for type in ("accept", "reject"):
        # The other's own request in it, though naming our Follow.
        forged = getattr(activities, type)(
            activity_id(INKSTER, 30), INKSTER.id, activities.follow(follow, ME, HIGH_POINT.id)
        )
        assert await said(gate, INKSTER, forged) is Reason.NOT_OWNER
    assert await state(gate, HIGH_POINT) == "asked"
    assert await pulled(gate) == {}


async def test_asking_twice_and_an_answer_to_the_first_does_no_harm(gate: Door) -> None:
    first = await ask(gate, HIGH_POINT, 40)
    second = await ask(gate, HIGH_POINT, 41)
    assert await answer(gate, HIGH_POINT, first) is Reason.SUPERSEDED
    assert await answer(gate, HIGH_POINT, second, number=21) is Reason.ACCEPTED
    assert await state(gate, HIGH_POINT) == "accepted"


async def test_a_refusal_ends_the_pull_and_keeps_what_came(gate: Door) -> None:
    follow = await ask(gate, HIGH_POINT, 40)
    await answer(gate, HIGH_POINT, follow)
    await gate.pushed(HIGH_POINT, create(HIGH_POINT, item(HIGH_POINT)))
    assert await answer(gate, HIGH_POINT, follow, "reject", 21) is Reason.ACCEPTED
    assert await state(gate, HIGH_POINT) == "refused"
    assert await pulled(gate) == {HIGH_POINT.id: False}
    assert await gate.count("item") == 1


@pytest.mark.parametrize("ended", ["node", "practice"])
async def test_what_another_follow_still_covers_goes_on(gate: Door, ended: str) -> None:
    """The node is followed, and one of its practices by itself as well; the other by the node alone."""
    for who, number in ((NODE, 40), (HIGH_POINT, 41)):
        assert await answer(gate, who, await ask(gate, who, number), number=number) is Reason.ACCEPTED
    added = activities.add(activity_id(NODE, 50), NODE.id, SISTER.id, f"{NODE.id}/practices", [identifiers.PUBLIC])
    assert await said(gate, NODE, added) is Reason.ACCEPTED
    assert await pulled(gate) == {NODE.id: True, HIGH_POINT.id: True, SISTER.id: True}
    target = NODE if ended == "node" else HIGH_POINT
    assert (await gate.gate.perform(EndFollow(ME, target.id, HERE.at("/activities/60")), BY_NODE)).done
    whole = {NODE.id: ended != "node", HIGH_POINT.id: True, SISTER.id: ended != "node"}
    assert await pulled(gate) == whole
    other = HIGH_POINT if ended == "node" else NODE
    assert (await gate.gate.perform(EndFollow(ME, other.id, HERE.at("/activities/61")), BY_NODE)).done
    assert not any((await pulled(gate)).values())


async def test_the_undo_names_the_follow_that_stands(gate: Door) -> None:
    follow = await ask(gate, HIGH_POINT, 40)
    outcome = await gate.gate.perform(EndFollow(ME, HIGH_POINT.id, HERE.at("/activities/60")), BY_NODE)
    document = canonical.read(outcome.said[0].raw).value
    assert (document["type"], document["object"]["id"], document["object"]["object"]) == ("Undo", follow, HIGH_POINT.id)
    assert await state(gate, HIGH_POINT) == "ended"


async def test_no_statement_walks_a_table(gate: Door) -> None:
    undo = activities.undo(activity_id(HIGH_POINT, 2), HIGH_POINT.id, FOLLOW)
    accept = activities.accept(activity_id(HIGH_POINT, 3), HIGH_POINT.id, OURS)

    def work(tx: Tx) -> None:
        following.load_follow(tx, verified(FOLLOW))
        following.load_undo(tx, verified(undo))
        following.load_answer(tx, verified(accept))
        following.load_target(tx, EndFollow(ME, HIGH_POINT.id, "x"))
        following.follows_node_of(tx, HIGH_POINT.id)
        follower = AddFollower(HIGH_POINT.id, PRACTICE, "f", SHARED, "high-point.example:8443")
        asked = Ask(HIGH_POINT.id, "x", "high-point.example:8443", "f", False)
        effects = (follower, DropFollower(HIGH_POINT.id, PRACTICE), asked, Settle(HIGH_POINT.id, "accepted"))
        following.apply(tx, None, effects, START)

    plan = await plans(gate.storage, work)
    assert len(plan) > 10
    # The coalition is one row.
    assert [step for _, step in walks(plan) if step not in ("SCAN coalition", "SCAN c")] == []
