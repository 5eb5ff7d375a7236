"""Activities: round trips, the variants of other software, audiences, and who may say what of which object."""

import json
from typing import Any

import pytest
from hypothesis import given, settings

from protocol import canonical
from protocol.errors import Reason, RemoteProtocolError
from protocol.identifiers import PUBLIC
from protocol.vocabulary import activities as say
from protocol.vocabulary.activities import Activity, Thing, Tombstone, read_activity
from protocol.vocabulary.actors import Actor
from protocol.vocabulary.repertoire import build_item, reference
from tests.protocol.vocabulary_samples import (
    ADAPTATION,
    MASTODON,
    MASTODON_ACTOR,
    MASTODON_NOTE,
    METHOD,
    NODE,
    OTHER,
    PRACTICE,
    WHEN,
    document,
    mutated,
    practice,
)

ID = "https://high-point.example/activities/1"
FOLLOW = say.follow("https://fort-wayne.example/activities/9", OTHER, PRACTICE)
CREATE = say.create(ID, PRACTICE, build_item(METHOD), WHEN)
UPDATE = say.update(ID, PRACTICE, practice(), WHEN, to=[PUBLIC])
DELETE = say.delete(ID, PRACTICE, METHOD.id, "Article", WHEN, [PUBLIC], published=WHEN)
THEIR_CREATE = say.create("https://fort-wayne.example/activities/2", OTHER, build_item(ADAPTATION), WHEN)
ANNOUNCE = say.announce(ID, PRACTICE, THEIR_CREATE, [PUBLIC], WHEN)


def read(value: dict[str, Any]) -> Activity:
    return read_activity(document(value))


def test_a_create_can_be_read_back() -> None:
    activity = read(CREATE)
    assert (activity.id, activity.type, activity.actor, activity.published) == (ID, "Create", PRACTICE, WHEN)
    assert activity.object == METHOD
    assert activity.object_id == METHOD.id
    assert (activity.to, activity.cc) == (METHOD.to, METHOD.cc)
    assert say.order_of(activity) == METHOD.sequence
    assert json.loads(say.embedded_bytes(document(CREATE).raw) or b"") == CREATE["object"]


def test_members_stand_in_the_order_in_which_people_read_them() -> None:
    assert list(CREATE) == ["@context", "id", "type", "actor", "to", "cc", "published", "object"]


def test_the_other_things_we_say() -> None:
    assert read(FOLLOW).object_id == PRACTICE
    assert isinstance(read(UPDATE).object, Actor)
    gone = read(DELETE)
    assert gone.object == Tombstone(METHOD.id, "Article", WHEN)
    assert (gone.object_id, say.order_of(gone)) == (METHOD.id, WHEN)
    accept = read(say.accept(ID, PRACTICE, read(FOLLOW)))
    assert accept.to == (OTHER,)
    assert isinstance(accept.object, Activity)
    assert (accept.object.id, accept.object.actor, accept.object_id) == (FOLLOW["id"], OTHER, FOLLOW["id"])
    undo = say.undo("https://fort-wayne.example/activities/10", OTHER, FOLLOW)
    assert read(undo).to == (PRACTICE,)
    assert b"@context" not in (say.embedded_bytes(document(undo).raw) or b"@context")
    add = read(say.add(ID, NODE, PRACTICE, f"{NODE}/practices", [PUBLIC]))
    assert (add.object_id, add.target) == (PRACTICE, f"{NODE}/practices")
    join = read(say.accept(ID, PRACTICE, reference("https://fort-wayne.example/j", bytes(32)), [OTHER]))
    assert (join.object_id, join.object, join.object_digest) == ("https://fort-wayne.example/j", None, bytes(32))


def test_blind_recipients_are_never_sent() -> None:
    item = {**build_item(METHOD), "bto": [OTHER], "bcc": [OTHER]}
    assert b"bto" not in canonical.encode(say.create(ID, PRACTICE, item, WHEN))
    assert b"bcc" not in canonical.encode(say.create(ID, PRACTICE, item, WHEN))


def test_an_announce_carries_the_exact_bytes() -> None:
    inner = b'{"id":"https://fort-wayne.example/activities/2", "type":"Create","actor":"%s" ,"n":1.0}' % OTHER.encode()
    raw = b'{"id":"%s","type":"Announce","actor":"%s","object":%s}' % (ID.encode(), PRACTICE.encode(), inner)
    assert say.embedded_bytes(raw) == inner
    assert say.embedded_bytes(document(FOLLOW).raw) is None
    assert say.embedded_bytes(document({"type": "Announce"}).raw) is None
    announced = read(ANNOUNCE).object
    assert isinstance(announced, Activity)
    assert announced.object == ADAPTATION


def test_mastodons_variants_are_read() -> None:
    activity = read(MASTODON_NOTE)
    assert (activity.to, activity.cc) == ((PUBLIC,), (f"{MASTODON}/followers",))
    assert activity.published == 1_709_204_400_500
    thing = activity.object
    assert isinstance(thing, Thing)
    assert (thing.type, thing.attributed_to, thing.sequence) == ("Note", MASTODON, 1_709_204_400_000)
    assert say.audience(activity) == "public"
    say.check_owner(activity)


def test_an_unknown_type_is_no_fault() -> None:
    step = {"id": ID + "0", "type": "cw:Step", "cw:sequence": 4}
    activity = read({"id": ID, "type": "cw:Dance", "actor": {"id": PRACTICE}, "object": step})
    assert (activity.type, activity.actor, say.order_of(activity)) == ("cw:Dance", PRACTICE, 4)
    assert isinstance(activity.object, Thing)
    loop = read(say.create(ID, PRACTICE, {**build_item(METHOD), "cw:kind": "loop"}, WHEN))
    assert isinstance(loop.object, Thing)
    assert loop.object.sequence == METHOD.sequence


def deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {"id": ID, "type": "Undo", "actor": PRACTICE}
    for _ in range(levels):
        value = {"id": ID, "type": "Undo", "actor": PRACTICE, "object": value}
    return value


def test_nesting_ends_in_a_thing() -> None:
    found: Any = read(deep(12))
    for _ in range(3):
        found = found.object
    assert isinstance(found.object, Thing)


REFUSED: list[tuple[str, dict[str, Any], Reason]] = [
    ("no id", {"id": None}, Reason.MALFORMED),
    ("an id that is no URL", {"id": "x"}, Reason.MALFORMED),
    ("no type", {"type": None}, Reason.MALFORMED),
    ("two types", {"type": ["Create", "Delete"]}, Reason.MALFORMED),
    ("no actor", {"actor": None}, Reason.MALFORMED),
    ("two actors", {"actor": [PRACTICE, NODE]}, Reason.MALFORMED),
    ("an actor at no origin", {"actor": "acct:a@b.example"}, Reason.MALFORMED),
    ("recipients that are numbers", {"to": [1]}, Reason.MALFORMED),
    ("101 recipients", {"to": [PUBLIC] * 101}, Reason.PAGE_LIMIT),
    ("101 tags", {"tag": [{}] * 101}, Reason.PAGE_LIMIT),
    ("two objects", {"object": [METHOD.id, ADAPTATION.id]}, Reason.MALFORMED),
    ("an object that is a number", {"object": 5}, Reason.MALFORMED),
    ("an object of two types", {"object": {"id": ID, "type": ["A", "B"]}}, Reason.MALFORMED),
    ("a moment that is none", {"published": "soon"}, Reason.MALFORMED),
    ("a sequence of text", {"cw:sequence": "9"}, Reason.MALFORMED),
]


@pytest.mark.parametrize(("what", "changed", "reason"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_no_activity_may_be(what: str, changed: dict[str, Any], reason: Reason) -> None:
    value = {name: member for name, member in {**CREATE, **changed}.items() if member is not None}
    with pytest.raises(RemoteProtocolError) as refused:
        read(value)
    assert refused.value.reason is reason


AUDIENCES: list[tuple[list[str], list[str], list[str], str]] = [
    ([PUBLIC], [], [PUBLIC], "public"),
    (["as:Public"], [], [], "public"),
    ([OTHER], ["Public"], [], "public"),
    ([f"{PRACTICE}/members"], [], [], "members"),
    ([], [f"{PRACTICE}/members"], [], "members"),
    ([f"{OTHER}/members"], [], [], "direct"),
    ([f"{PRACTICE}/followers"], [], [], "direct"),
    ([OTHER], [], [], "direct"),
    ([], [], [], "direct"),
    ([PUBLIC], [], [f"{PRACTICE}/members"], "members"),
    ([f"{PRACTICE}/members"], [], [PUBLIC], "members"),
    ([PUBLIC], [], [OTHER], "direct"),
]


@pytest.mark.parametrize(("to", "cc", "inner", "audience"), AUDIENCES)
def test_the_audience_is_what_both_allow(to: list[str], cc: list[str], inner: list[str], audience: str) -> None:
    made = {**build_item(METHOD), "to": inner, "cc": []}
    assert (
        say.audience(read({**CREATE, "to": to, "cc": cc, "object": made, "bto": PUBLIC, "bcc": [PUBLIC]})) == audience
    )


EVIL = "https://evil.example/actor"
THEIRS = "https://fort-wayne.example/items/1"
MINE = {"id": METHOD.id, "type": "Event", "attributedTo": PRACTICE}
OWNED: list[tuple[str, dict[str, Any], bool]] = [
    ("an item of its own", CREATE, True),
    ("its own document", UPDATE, True),
    ("a withdrawal", DELETE, True),
    ("a withdrawal by id", {**DELETE, "object": METHOD.id}, True),
    ("a withdrawal of itself", {**DELETE, "object": PRACTICE}, True),
    ("an activity id elsewhere", {**CREATE, "id": "https://evil.example/1"}, False),
    ("an actor elsewhere", {**CREATE, "actor": EVIL}, False),
    ("a neighbour's item", {**CREATE, "actor": NODE}, False),
    ("an item elsewhere", {**CREATE, "object": {**MINE, "id": THEIRS}}, False),
    ("an item of another", {**CREATE, "object": {**MINE, "attributedTo": OTHER}}, False),
    ("an item of nobody", {**CREATE, "object": {**MINE, "attributedTo": None}}, False),
    ("an item of two", {**CREATE, "object": {**MINE, "attributedTo": [PRACTICE, NODE]}}, False),
    ("a neighbour's document", {**UPDATE, "actor": NODE}, False),
    ("a withdrawal elsewhere", {**DELETE, "object": THEIRS}, False),
    ("a recommendation of another's", ANNOUNCE, True),
    ("taking back its own", say.undo(ID, PRACTICE, say.follow(ID, PRACTICE, OTHER)), True),
    ("taking back another's", say.undo(ID, PRACTICE, FOLLOW), False),
    ("taking back another's by id", say.undo(ID, PRACTICE, FOLLOW["id"], [OTHER]), False),
    ("a yes to what was asked of it", say.accept(ID, PRACTICE, FOLLOW), True),
    ("a yes to what was asked of another", say.accept(ID, NODE, FOLLOW), False),
    ("its own collection", say.add(ID, NODE, PRACTICE, f"{NODE}/practices", []), True),
    ("another's collection", say.add(ID, NODE, PRACTICE, f"{OTHER}/featured", []), False),
    ("moving itself", {"id": ID, "type": "Move", "actor": PRACTICE, "object": PRACTICE, "target": OTHER}, True),
    ("moving another", {"id": ID, "type": "Move", "actor": PRACTICE, "object": NODE, "target": OTHER}, False),
]


@pytest.mark.parametrize(("what", "value", "may"), OWNED, ids=[row[0] for row in OWNED])
def test_who_may_say_what(what: str, value: dict[str, Any], may: bool) -> None:
    activity = read(value)
    if may:
        say.check_owner(activity)
    else:
        with pytest.raises(RemoteProtocolError) as refused:
            say.check_owner(activity)
        assert refused.value.reason is Reason.NOT_OWNER


def test_a_create_of_nothing_is_malformed() -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        say.check_owner(read({"id": ID, "type": "Create", "actor": PRACTICE}))
    assert refused.value.reason is Reason.MALFORMED


@settings(max_examples=300, deadline=None)
@given(mutated([CREATE, UPDATE, DELETE, ANNOUNCE, FOLLOW, MASTODON_NOTE, MASTODON_ACTOR, deep(4)]))
def test_no_document_makes_it_fail_otherwise(doc: Any) -> None:
    try:
        activity = read_activity(doc)
        say.embedded_bytes(doc.raw)
        assert say.audience(activity) in ("public", "members", "direct")
        assert say.order_of(activity) >= 0
        say.check_owner(activity)
    except RemoteProtocolError:
        pass
