"""(facts, message or command) → decision, for every rule of the repertoire."""

from typing import Any

import msgspec
import pytest

from node.repertoire import rules
from node.repertoire.rules import (
    UNSEEN,
    EditItem,
    Facts,
    Hide,
    Keep,
    Original,
    PublishItem,
    Recommend,
    Recommended,
    Seen,
    Withdraw,
    WithdrawItem,
)
from protocol import canonical, identifiers
from protocol.errors import Reason
from protocol.vocabulary import activities
from protocol.vocabulary.repertoire import Reference
from tests.gate.kit import HIGH_POINT, INKSTER, START, activity_id, create, delete, edited, item, update, verified

NOW = START + 1_000
ITEM = item(HIGH_POINT)
ORIGINAL = item(INKSTER)
DIGEST = bytes(range(32))
ADAPTATION = item(HIGH_POINT, 2, kind="adaptation", adapted_from=(Reference(ORIGINAL.id),))
ID = activity_id(HIGH_POINT, 50)
OURS = Facts(practice_domain="public-safety")
HELD = Facts(
    practice_domain="public-safety", held=ITEM, digest=bytes(32), raw=HIGH_POINT.sign(create(HIGH_POINT, ITEM), START)
)
CREDITED = msgspec.structs.replace(OURS, originals=(Original(ORIGINAL.id, DIGEST, INKSTER.inbox),))
MEMBERS = (f"{HIGH_POINT.id}/members",)


def _bare(**changed: Any) -> dict[str, Any]:
    article = {"id": ITEM.id, "type": "Article", "attributedTo": HIGH_POINT.id, "to": [identifiers.PUBLIC], **changed}
    return activities.create(ID, HIGH_POINT.id, article, START)


RECEIVED: dict[str, tuple[dict[str, Any], Reason, tuple[Any, ...]]] = {
    "a new item": (create(HIGH_POINT, ITEM), Reason.ACCEPTED, (Keep(ITEM),)),
    "another state": (update(HIGH_POINT, edited(ITEM, 5), 2), Reason.ACCEPTED, (Keep(edited(ITEM, 5)),)),
    "a withdrawal": (delete(HIGH_POINT, ITEM.id, 3), Reason.ACCEPTED, (Withdraw(ITEM.id),)),
    "another software's Article": (_bare(content="<p>Hello</p>"), Reason.ACCEPTED, ()),
    "an Article of nothing": (_bare(), Reason.MALFORMED, ()),
    "a thing of a kind not read here": (_bare(**{"cw:kind": "hologram", "name": "x"}), Reason.MALFORMED, ()),
    "what is for members": (
        create(HIGH_POINT, item(HIGH_POINT, to=MEMBERS)),
        Reason.ACCEPTED,
        (Hide(ITEM.id),),
    ),
    "what is for one": (create(HIGH_POINT, item(HIGH_POINT, to=(INKSTER.id,))), Reason.ACCEPTED, (Hide(ITEM.id),)),
}


@pytest.mark.parametrize("name", RECEIVED)
def test_what_arrives(name: str) -> None:
    said, reason, effects = RECEIVED[name]
    decision = rules.decide_item(verified(said), Seen(), NOW)
    assert decision.reason is reason
    if effects:
        assert decision.effects == effects
    assert not decision.says
    assert not decision.needs


def test_of_an_item_never_seen_there_is_nothing_to_clear_away() -> None:
    decision = rules.decide_item(verified(create(HIGH_POINT, ITEM)), UNSEEN, NOW)
    assert decision.effects == (Keep(ITEM, before=False),)


_WHOLE = {**create(INKSTER, ORIGINAL)}
ANNOUNCED: dict[str, tuple[Any, bool, Reason, bool]] = {
    "by id, held": (ORIGINAL.id, True, Reason.ACCEPTED, False),
    "by id, not held": (ORIGINAL.id, False, Reason.ACCEPTED, True),
    "whole": (_WHOLE, False, Reason.ACCEPTED, False),
    "nothing": (None, False, Reason.MALFORMED, False),
}


@pytest.mark.parametrize("name", ANNOUNCED)
def test_a_recommendation_arrives(name: str) -> None:
    inner, held, reason, fetches = ANNOUNCED[name]
    said = HIGH_POINT.activity("Announce", inner, START, to=[identifiers.PUBLIC])
    decision = rules.decide_announce(verified(said), rules.Announced(held), NOW)
    assert decision.reason is reason
    assert decision.effects == ((Recommended(ORIGINAL.id),) if reason is Reason.ACCEPTED else ())
    assert [(need.kind, need.url) for need in decision.needs] == ([("object", ORIGINAL.id)] if fetches else [])


COMMANDS: dict[str, tuple[object, Facts, Reason]] = {
    "publish": (PublishItem(ITEM, ID), OURS, Reason.ACCEPTED),
    "publish for no practice of ours": (PublishItem(ITEM, ID), Facts(), Reason.NOT_FOUND),
    "publish over what is there": (PublishItem(ITEM, ID), HELD, Reason.EXISTS),
    "publish over what was": (
        PublishItem(ITEM, ID),
        Facts(practice_domain="", held_deleted=True),
        Reason.EXISTS,
    ),
    "publish an adaptation": (PublishItem(ADAPTATION, ID), CREDITED, Reason.ACCEPTED),
    "publish an adaptation of what is not here": (
        PublishItem(ADAPTATION, ID),
        Facts(practice_domain="", missing=(ORIGINAL.id,)),
        Reason.INVALID,
    ),
    "publish an adaptation of nothing": (
        PublishItem(item(HIGH_POINT, 2, kind="adaptation"), ID),
        OURS,
        Reason.INVALID,
    ),
    "publish without a title": (PublishItem(item(HIGH_POINT, name=""), ID), OURS, Reason.INVALID),
    "publish with an impossible day": (PublishItem(item(HIGH_POINT, review_by="soon"), ID), OURS, Reason.INVALID),
    "publish under no domain": (PublishItem(item(HIGH_POINT, domain="sports"), ID), OURS, Reason.INVALID),
    "publish under none, in a practice of none": (
        PublishItem(item(HIGH_POINT, domain=""), ID),
        Facts(practice_domain=""),
        Reason.INVALID,
    ),
    "edit": (EditItem(ITEM, ID), HELD, Reason.ACCEPTED),
    "edit what is not here": (EditItem(ITEM, ID), Facts(), Reason.NOT_FOUND),
    "edit what was": (EditItem(ITEM, ID), Facts(held_deleted=True), Reason.GONE),
    "edit another's": (EditItem(ITEM, ID), Facts(held=ITEM), Reason.NOT_FOUND),
    "edit into nothing": (EditItem(item(HIGH_POINT, name=""), ID), HELD, Reason.INVALID),
    "withdraw": (WithdrawItem(ITEM.id, ID), HELD, Reason.ACCEPTED),
    "withdraw what stands": (WithdrawItem(ITEM.id, ID, ID), msgspec.structs.replace(HELD, stands=ID), Reason.ACCEPTED),
    "withdraw what was edited": (
        WithdrawItem(ITEM.id, ID, "x"),
        msgspec.structs.replace(HELD, stands=ID),
        Reason.NOT_ALLOWED,
    ),
    "withdraw what is not here": (WithdrawItem(ITEM.id, ID), Facts(), Reason.NOT_FOUND),
    "withdraw it twice": (WithdrawItem(ITEM.id, ID), Facts(held_deleted=True), Reason.GONE),
    "withdraw another's": (WithdrawItem(ITEM.id, ID), Facts(held=ITEM), Reason.NOT_FOUND),
    "recommend": (Recommend(ITEM.id, HIGH_POINT.id, ID), HELD, Reason.ACCEPTED),
    "recommend what is not here": (Recommend(ITEM.id, HIGH_POINT.id, ID), OURS, Reason.NOT_FOUND),
    "recommend as another": (Recommend(ITEM.id, INKSTER.id, ID), Facts(held=ITEM, raw=HELD.raw), Reason.NOT_ALLOWED),
}
_DECIDE = {
    PublishItem: rules.decide_publish,
    EditItem: rules.decide_edit,
    WithdrawItem: rules.decide_withdraw,
    Recommend: rules.decide_recommend,
}


@pytest.mark.parametrize("name", COMMANDS)
def test_what_our_own_people_may(name: str) -> None:
    command, facts, reason = COMMANDS[name]
    decide: Any = _DECIDE[type(command)]
    decision = decide(command, facts, NOW)
    assert decision.reason is reason, decision
    assert len(decision.says) == (1 if reason is Reason.ACCEPTED else 0)
    if reason is Reason.INVALID:
        assert decision.detail


def _said(command: object, facts: Facts) -> tuple[dict[str, Any], tuple[str, ...]]:
    decide: Any = _DECIDE[type(command)]
    (draft,) = decide(command, facts, NOW).says
    return draft.document, draft.deliver


def test_what_is_published_is_public_and_dated_now() -> None:
    said, deliver = _said(PublishItem(item(HIGH_POINT, domain="", published=5, updated=6, sequence=7), ID), OURS)
    made = said["object"]
    assert (said["type"], said["id"], said["actor"], deliver) == ("Create", ID, HIGH_POINT.id, ())
    assert made["to"] == said["to"] == [identifiers.PUBLIC]
    assert made["cw:domain"] == "public-safety"  # the practice's own, where none was said
    assert made["cw:sequence"] == NOW
    assert made["published"] == said["published"]


@pytest.mark.parametrize("late", [0, 5_000])
def test_an_edit_comes_after_what_it_edits_whatever_the_clock_says(late: int) -> None:
    held = msgspec.structs.replace(HELD, held=edited(ITEM, late))
    said, _ = _said(EditItem(item(HIGH_POINT, name="Better", published=9, sequence=1, to=MEMBERS), ID), held)
    made = said["object"]
    assert made["cw:sequence"] == max(NOW, ITEM.sequence + late + 1)
    assert (made["id"], made["name"], made["to"]) == (ITEM.id, "Better", [identifiers.PUBLIC])
    assert made["published"].startswith("2026-05-28")


def test_an_adaptation_credits_the_state_it_was_made_of_and_tells_its_owner() -> None:
    said, deliver = _said(PublishItem(ADAPTATION, ID), CREDITED)
    assert deliver == (INKSTER.inbox,)
    assert said["object"]["cw:adaptedFrom"] == [
        {"id": ORIGINAL.id, "digestMultibase": canonical.digest_multibase(DIGEST)}
    ]
    assert said["object"]["tag"][0]["href"] == ORIGINAL.id


def test_each_origin_is_told_once_and_our_own_not_at_all() -> None:
    three = (
        Original(ORIGINAL.id, DIGEST, INKSTER.inbox),
        Original(ORIGINAL.id + "2", DIGEST, INKSTER.inbox),
        Original(ITEM.id, DIGEST, None),
    )
    facts = msgspec.structs.replace(OURS, originals=three)
    adaptation = item(HIGH_POINT, 2, kind="adaptation", adapted_from=tuple(Reference(one.id) for one in three))
    said, deliver = _said(PublishItem(adaptation, ID), facts)
    assert deliver == (INKSTER.inbox,)
    assert len(said["object"]["cw:adaptedFrom"]) == 3


def test_a_withdrawal_is_later_and_says_what_it_was() -> None:
    said, _ = _said(WithdrawItem(ITEM.id, ID), HELD)
    tombstone = said["object"]
    assert (said["type"], tombstone["id"], tombstone["formerType"]) == ("Delete", ITEM.id, "Article")
    assert tombstone["cw:sequence"] == NOW
    assert said["to"] == [identifiers.PUBLIC]
    assert "content" not in tombstone


def test_a_recommendation_carries_the_original_whole() -> None:
    raw = INKSTER.sign(create(INKSTER, ORIGINAL), START)
    facts = msgspec.structs.replace(HELD, held=ORIGINAL, raw=raw)
    said, deliver = _said(Recommend(ORIGINAL.id, HIGH_POINT.id, ID), facts)
    assert canonical.encode(said["object"]) == raw
    assert (said["type"], said["to"], deliver) == ("Announce", [identifiers.PUBLIC], ())


def test_what_is_not_public_is_not_passed_on() -> None:
    """Receivers never widen an audience (section 7)."""
    private = msgspec.structs.replace(ORIGINAL, to=(HIGH_POINT.id,))
    facts = msgspec.structs.replace(HELD, held=private, raw=INKSTER.sign(create(INKSTER, private), START))
    assert rules.decide_recommend(Recommend(ORIGINAL.id, HIGH_POINT.id, ID), facts, NOW).reason is Reason.NOT_FOUND
