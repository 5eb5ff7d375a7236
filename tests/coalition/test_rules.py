"""(facts, message or command) → decision, for every rule of the coalition."""

from typing import Any

import msgspec
import pytest

from node.coalition import rules
from node.coalition.rules import Adds, Facts, Found, FoundCoalition, HoldSet, Keys, OpenPractice, OpenSet, PartOf
from protocol import canonical, identifiers
from protocol.errors import Reason
from protocol.keys import HeldKey, SigningKey
from protocol.vocabulary import activities, actors
from protocol.vocabulary.place import Place
from tests.federation.hostile import _RSA
from tests.gate.kit import HERE, HIGH_POINT, INKSTER, START, activity_id, neighbour, verified

NOW = START + 1_000
ME = identifiers.node_actor(HERE)
PRACTICE = identifiers.practice_actor(HERE, "housing")
ROOT = SigningKey("ed25519", bytes([3]) * 32).public.did()
NODE = neighbour("high-point.example", seed=11, type="Organization")


def keys(actor: str) -> Keys:
    ours = SigningKey("ed25519", bytes([4]) * 32).public
    return Keys(
        HeldKey(f"{actor}#ed25519-1", actor, ours, NOW), HeldKey(f"{actor}#rsa-1", actor, _RSA.public, NOW), ROOT
    )


FOUND = FoundCoalition(ME, " Fort Wayne ", "Indiana", "en", keys(ME), HERE.at("/activities/1"))
OPEN = OpenPractice(
    ME, PRACTICE, "housing", " Housing ", "All of it", "housing/shelter", "city", Place("Fort Wayne"), keys(PRACTICE),
    HERE.at("/activities/2"), HERE.at("/activities/3"),
)  # fmt: skip
READY = Facts(founded=True)


def changed(command: Any, **more: Any) -> Any:
    return msgspec.structs.replace(command, **more)


COMMANDS: dict[str, tuple[Any, Facts, Reason]] = {
    "found": (FOUND, Facts(), Reason.ACCEPTED),
    "found it twice": (FOUND, READY, Reason.EXISTS),
    "found without a name": (changed(FOUND, name="  "), Facts(), Reason.INVALID),
    "found with a name too long": (changed(FOUND, name="x" * 301), Facts(), Reason.INVALID),
    "found at a place too long": (changed(FOUND, place="x" * 301), Facts(), Reason.INVALID),
    "open": (OPEN, READY, Reason.ACCEPTED),
    "open before there is a coalition": (OPEN, Facts(), Reason.NOT_FOUND),
    "open where one is": (OPEN, Facts(founded=True, taken=True), Reason.EXISTS),
    "open under no domain": (changed(OPEN, domain=""), READY, Reason.INVALID),
    "open under another": (changed(OPEN, domain="sports"), READY, Reason.INVALID),
    "open at no level": (changed(OPEN, level="planet"), READY, Reason.INVALID),
    "open with a summary too long": (changed(OPEN, summary="x" * 20_001), READY, Reason.INVALID),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_what_our_own_people_may(name: str) -> None:
    command, facts, reason = COMMANDS[name]
    decide: Any = rules.decide_found if isinstance(command, FoundCoalition) else rules.decide_open
    decision = decide(command, facts, NOW)
    assert decision.reason is reason, decision
    if reason is Reason.ACCEPTED:
        assert OpenSet(command.actor) in decision.effects
    else:
        assert decision.detail
        assert not decision.says
        assert not decision.effects


def test_a_coalition_introduces_itself_to_everyone() -> None:
    decision = rules.decide_found(FOUND, Facts(), NOW)
    assert decision.effects == (Found(ME, "Fort Wayne", "Indiana", "en"), OpenSet(ME))
    (draft,) = decision.says
    assert (draft.actor, draft.sign_object, draft.deliver) == (ME, True, ())
    assert draft.document["to"] == [identifiers.PUBLIC]
    actor = actors.read_actor_value(draft.document["object"])
    assert (actor.id, actor.type, actor.name, actor.root, actor.sequence) == (
        ME,
        "Organization",
        "Fort Wayne",
        ROOT,
        NOW,
    )


def test_a_practice_is_said_by_itself_and_by_its_coalition() -> None:
    its_own, added = rules.decide_open(OPEN, READY, NOW).says
    actor = actors.read_actor_value(its_own.document["object"])
    assert (its_own.actor, its_own.sign_object) == (PRACTICE, True)
    assert (actor.type, actor.name, actor.attributed_to) == ("Group", "Housing", ME)
    assert (actor.domain, actor.level, actor.place.name, actor.root) == ("housing/shelter", "city", "Fort Wayne", ROOT)
    assert (added.actor, added.sign_object) == (ME, False)
    assert (added.document["type"], added.document["object"], added.document["target"]) == (
        "Add", PRACTICE, f"{ME}/practices",
    )  # fmt: skip
    assert canonical.encode(added.document)  # ready for signing


def _add(who: Any, practice: Any, target: str) -> Any:
    made = activities.add(activity_id(who, 9), who.id, practice, target, [identifiers.PUBLIC])
    return verified(made, who)


HOUSING = f"{NODE.server.origin}/practices/housing"
ADDED: dict[str, tuple[Any, bool, Reason, bool]] = {
    "a practice of a node that we follow": (_add(NODE, HOUSING, f"{NODE.id}/practices"), True, Reason.ACCEPTED, True),
    "of one that we do not": (_add(NODE, HOUSING, f"{NODE.id}/practices"), False, Reason.ACCEPTED, False),
    "into another collection": (_add(NODE, HOUSING, f"{NODE.id}/featured"), True, Reason.ACCEPTED, False),
    "of another node": (_add(NODE, INKSTER.id, f"{NODE.id}/practices"), True, Reason.NOT_OWNER, False),
}


@pytest.mark.parametrize("name", ADDED)
def test_another_coalition_opens_a_practice(name: str) -> None:
    said, follows, reason, held = ADDED[name]
    decision = rules.decide_add(said, Adds(whole=follows), NOW)
    assert decision.reason is reason
    assert decision.effects == ((HoldSet(HOUSING),) if held else ())
    assert [(need.kind, need.url) for need in decision.needs] == ([("actor", HOUSING)] if held else [])


def test_a_practice_does_not_add_as_if_it_were_its_node() -> None:
    said = _add(HIGH_POINT, HOUSING, f"{HIGH_POINT.id}/practices")
    assert rules.decide_add(said, Adds(), NOW).effects == ()


PART = f"{HIGH_POINT.server.origin}/practices/drug-markets"
PARTS: dict[str, tuple[Any, Adds, tuple[PartOf, ...], bool]] = {
    "of a practice that we follow alone": (PART, Adds(part="asked"), (PartOf(HIGH_POINT.id, PART, "asked"),), True),
    "of one that comes with its node": (PART, Adds(part="known"), (PartOf(HIGH_POINT.id, PART, "known"),), False),
    "of one that we do not follow": (PART, Adds(), (), False),
    "on another node": (HOUSING, Adds(part="asked"), (PartOf(HIGH_POINT.id, HOUSING, "asked"),), True),
    "that is itself": (HIGH_POINT.id, Adds(part="asked"), (), False),
}


@pytest.mark.parametrize("name", PARTS)
def test_a_practice_says_what_is_a_part_of_it(name: str) -> None:
    child, facts, effects, fetched = PARTS[name]
    decision = rules.decide_add(_add(HIGH_POINT, child, f"{HIGH_POINT.id}/practices"), facts, NOW)
    assert (decision.reason, decision.effects) == (Reason.ACCEPTED, effects)
    assert [need.url for need in decision.needs] == ([child] if fetched else [])


OPENED_BELOW: dict[str, tuple[str, str, int]] = {
    "of one of ours": (identifiers.practice_actor(HERE, "shelter"), "ours", 3),
    "of one that is held here": (HIGH_POINT.id, "held", 2),
    "of one that nobody knows": (HIGH_POINT.id, "", 0),
}


@pytest.mark.parametrize("name", OPENED_BELOW)
def test_a_part_is_opened(name: str) -> None:
    """It says so itself; its parent says so too where it is ours to speak."""
    parent, known, said = OPENED_BELOW[name]
    command = changed(OPEN, parent=parent, parent_add=HERE.at("/activities/4"))
    decision = rules.decide_open(command, Facts(founded=True, parent=known), NOW)
    assert len(decision.says) == said
    if not said:
        assert decision.reason is Reason.NOT_FOUND
        return
    assert actors.read_actor_value(decision.says[0].document["object"]).parent == parent
    adds = [(draft.actor, draft.document["target"]) for draft in decision.says[1:]]
    assert adds == [(ME, f"{ME}/practices"), (parent, f"{parent}/practices")][: said - 1]


PRESENT = rules.Present(
    actors.build_actor(
        id=ME, type="Organization", name="Fort Wayne", preferred_username=HERE.host, keys=[keys(ME).ed25519],
        rsa=keys(ME).rsa, root=ROOT, sequence=NOW, published=NOW,
    ),
    (keys(ME).ed25519,),
)  # fmt: skip
DESCRIBE = rules.DescribeCoalition(
    ME, " Greater Fort Wayne ", Place(" Allen County ", within=("US", "US-IN")), " Fewer shots. ", "es",
    HERE.at("/activities/4"),
)  # fmt: skip


def test_a_coalition_says_anew_what_it_is_and_stays_who_it_is() -> None:
    decision = rules.decide_describe(DESCRIBE, PRESENT, NOW + 1)
    place = Place("Allen County", within=("US", "US-IN"))
    assert decision.effects == (rules.Described("Greater Fort Wayne", place, "Fewer shots.", "es"),)
    (draft,) = decision.says
    assert (draft.actor, draft.sign_object) == (ME, True)
    before, after = actors.read_actor_value(PRESENT.document), actors.read_actor_value(draft.document["object"])
    assert (after.name, after.place, after.summary) == ("Greater Fort Wayne", place, "Fewer shots.")
    assert after.sequence > before.sequence
    assert (after.id, after.root, actors.keys_of(after)) == (before.id, before.root, actors.keys_of(before))


@pytest.mark.parametrize(
    ("changes", "present", "reason"),
    [
        ({}, None, Reason.NOT_FOUND),
        ({"name": "  "}, PRESENT, Reason.INVALID),
        ({"name": "x" * 301}, PRESENT, Reason.INVALID),
        ({"about": "x" * 20_001}, PRESENT, Reason.INVALID),
        ({"place": Place("x" * 301)}, PRESENT, Reason.INVALID),
        ({"place": Place("x", within=("Indiana",))}, PRESENT, Reason.INVALID),
    ],
)
def test_what_a_coalition_cannot_say_of_itself(changes: dict[str, Any], present: Any, reason: Reason) -> None:
    decision = rules.decide_describe(changed(DESCRIBE, **changes), present, NOW + 1)
    assert (decision.reason, decision.effects, decision.says) == (reason, (), ())
    assert decision.detail
