"""Actor documents: what we say can be read back, what Mastodon says can be read, what no actor may say is refused."""

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings

from protocol.errors import LocalProtocolError, Reason, RemoteProtocolError
from protocol.keys import SigningKey
from protocol.vocabulary import actors, context
from protocol.vocabulary.actors import Place, build_actor, keys_of, read_actor
from tests.protocol.vocabulary_samples import (
    MASTODON,
    MASTODON_ACTOR,
    MASTODON_NOTE,
    NODE,
    OTHER,
    PRACTICE,
    WHEN,
    document,
    ed25519,
    held,
    mutated,
    practice,
    rsa,
)

EVIL = "https://evil.example/actor"


def test_a_practice_can_be_read_back() -> None:
    actor = read_actor(document(practice()))
    assert (actor.id, actor.type, actor.name, actor.preferred_username) == (
        PRACTICE,
        "Group",
        "Gun violence",
        "gun-violence",
    )
    assert (actor.domain, actor.level, actor.attributed_to) == ("public-safety/gun-violence", "city", NODE)
    assert actor.place == Place("High Point", "4471025", "35.9557,-80.0053", ("US", "US-NC"))
    assert (actor.inbox, actor.outbox, actor.followers) == (
        f"{PRACTICE}/inbox",
        f"{PRACTICE}/outbox",
        f"{PRACTICE}/followers",
    )
    assert actor.best_inbox == actor.shared_inbox == "https://high-point.example/inbox"
    assert (actor.sequence, actor.root) == (WHEN, ed25519(9).public.did())
    assert actors.implements(actor, context.RFC9421)
    assert actors.implements(actor, context.ED25519)
    assert not actors.implements(actor, "https://example.com/")
    assert keys_of(actor) == (held(1, valid_until=WHEN), held(2, valid_from=WHEN), rsa())


def test_only_active_keys_are_methods() -> None:
    built = practice()
    assert [method["id"] for method in built["assertionMethod"]] == [f"{PRACTICE}#ed25519-2"]
    assert built["assertionMethod"][0]["publicKeyMultibase"].startswith("z6Mk")
    assert [key["id"] for key in built["cw:keys"]] == [f"{PRACTICE}#ed25519-1", f"{PRACTICE}#ed25519-2"]


def test_what_mastodon_needs_is_there() -> None:
    built = practice()
    assert built["publicKey"].keys() == {"id", "owner", "publicKeyPem"}
    assert built["publicKey"]["owner"] == built["id"]
    assert {"inbox", "outbox", "followers", "following", "preferredUsername", "url", "endpoints"} <= built.keys()
    assert built["@context"][0] == context.ACTIVITY_STREAMS


def test_mastodons_own_actor_is_read() -> None:
    actor = read_actor(document(MASTODON_ACTOR))
    assert (actor.name, actor.sequence, actor.url) == ("chief", 1_672_531_200_000, "https://mastodon.example/@chief")
    assert (actor.shared_inbox, actor.root, actor.domain) == ("https://mastodon.example/inbox", None, "")
    (key,) = keys_of(actor)
    assert (key.id, key.actor, key.public.kind) == (f"{MASTODON}#main-key", MASTODON, "rsa")


REFUSED: list[tuple[str, dict[str, Any], Reason]] = [
    ("an inbox at a victim", {"inbox": "https://victim.example/inbox"}, Reason.MALFORMED),
    ("an inbox on another port", {"inbox": "https://high-point.example:8443/inbox"}, Reason.MALFORMED),
    ("a shared inbox at a victim", {"endpoints": {"sharedInbox": "https://victim.example/inbox"}}, Reason.MALFORMED),
    ("an outbox at a victim", {"outbox": "https://victim.example/outbox"}, Reason.MALFORMED),
    ("followers at a victim", {"followers": "https://victim.example/f"}, Reason.MALFORMED),
    ("an inbox that is no URL", {"inbox": "file:///etc/passwd"}, Reason.MALFORMED),
    ("no inbox", {"inbox": None}, Reason.MALFORMED),
    ("an id that is no URL", {"id": "x"}, Reason.MALFORMED),
    ("two types", {"type": ["Group", "Person"]}, Reason.MALFORMED),
    ("no actor's type", {"type": "Note"}, Reason.MALFORMED),
    ("a name too long", {"name": "x" * 301}, Reason.MALFORMED),
    ("a name that is a number", {"name": 5}, Reason.MALFORMED),
    ("a domain of no root", {"cw:domain": "war"}, Reason.MALFORMED),
    ("a level nobody knows", {"cw:level": "galaxy"}, Reason.MALFORMED),
    ("a place off the Earth", {"cw:place": {"cw:coordinates": "91,0"}}, Reason.MALFORMED),
    ("a root that is no key", {"cw:root": "did:web:example.com"}, Reason.BAD_KEY),
    ("a negative sequence", {"cw:sequence": -1}, Reason.MALFORMED),
    ("a sequence of text", {"cw:sequence": "1"}, Reason.MALFORMED),
    ("too many methods", {"assertionMethod": ["x"] * 11}, Reason.PAGE_LIMIT),
    ("too long a history", {"cw:keys": ["x"] * 1_001}, Reason.PAGE_LIMIT),
]


@pytest.mark.parametrize(("what", "changed", "reason"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_no_actor_may_say(what: str, changed: dict[str, Any], reason: Reason) -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        read_actor(document(practice(**changed)))
    assert refused.value.reason is reason


def method(number: int, **changed: Any) -> dict[str, Any]:
    key = held(number)
    value = {"id": key.id, "type": "Multikey", "controller": PRACTICE, "publicKeyMultibase": key.public.multibase()}
    return {**value, **changed}


PEM = rsa().public.pem()


def public_key(**changed: Any) -> dict[str, Any]:
    return {"publicKey": {"id": f"{PRACTICE}#k", "owner": PRACTICE, "publicKeyPem": PEM, **changed}}


FORGED: list[tuple[str, dict[str, Any], Reason]] = [
    ("another controller", {"assertionMethod": [method(2, controller=EVIL)]}, Reason.NOT_OWNER),
    ("no controller", {"assertionMethod": [method(2, controller=None)]}, Reason.NOT_OWNER),
    ("a key id of another origin", {"assertionMethod": [method(2, id=f"{EVIL}#k")]}, Reason.NOT_OWNER),
    ("a key id of a neighbour", {"assertionMethod": [method(2, id=f"{NODE}#k")]}, Reason.NOT_OWNER),
    ("history of another origin", {"cw:keys": [method(2, id=f"{EVIL}#k")]}, Reason.NOT_OWNER),
    ("another owner", public_key(owner=EVIL), Reason.NOT_OWNER),
    ("no owner", public_key(owner=None), Reason.NOT_OWNER),
    ("an RSA key id elsewhere", public_key(id=f"{EVIL}#k"), Reason.NOT_OWNER),
    ("a key id that is no URL", public_key(id="acct:a@b"), Reason.MALFORMED),
    ("one id, two keys", {"assertionMethod": [method(3, id=f"{PRACTICE}#ed25519-2")]}, Reason.BAD_KEY),
    ("a history that cannot be read", {"cw:keys": [method(2, publicKeyMultibase="zzz")]}, Reason.BAD_KEY),
    ("no key at all", {"assertionMethod": [], "cw:keys": [], "publicKey": None}, Reason.BAD_KEY),
    (
        "only a key too weak",
        {"assertionMethod": [], "cw:keys": [], **public_key(publicKeyPem="-----BEGIN")},
        Reason.BAD_KEY,
    ),
    ("eleven active keys", {"cw:keys": [method(n) for n in range(3, 13)]}, Reason.PAGE_LIMIT),
]


@pytest.mark.parametrize(("what", "changed", "reason"), FORGED, ids=[row[0] for row in FORGED])
def test_keys_that_are_not_the_actors(what: str, changed: dict[str, Any], reason: Reason) -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        keys_of(read_actor(document(practice(**changed))))
    assert refused.value.reason is reason


def test_a_key_kind_not_read_here_is_passed_over() -> None:
    changed = {
        "assertionMethod": [method(2), {"id": f"{PRACTICE}#p256", "type": "JsonWebKey"}, f"{PRACTICE}#ed25519-1"]
    }
    assert [key.id for key in keys_of(read_actor(document(practice(**changed))))][-1] == f"{PRACTICE}#main-key"


def test_the_history_has_the_say_on_a_retired_key() -> None:
    actor = read_actor(document(practice(assertionMethod=[method(1), method(2)])))
    assert keys_of(actor)[0].valid_until == WHEN


def test_a_practice_cannot_claim_another_coalition() -> None:
    assert read_actor(document(practice(attributedTo=OTHER))).attributed_to is None


def test_our_own_nonsense_is_our_own_fault() -> None:
    with pytest.raises(LocalProtocolError):
        build_actor(
            id=PRACTICE, type="Group", name="x", preferred_username="x", keys=[held(1)], sequence=1, domain="war"
        )
    with pytest.raises(LocalProtocolError):
        build_actor(id=PRACTICE, type="Group", name="x", preferred_username="x", keys=[held(1, EVIL)], sequence=1)


def test_no_secret_is_ever_near() -> None:
    assert SigningKey("ed25519", bytes([1]) * 32).secret.hex() not in str(practice())


@settings(max_examples=150, deadline=None)
@given(mutated([practice(), MASTODON_ACTOR, MASTODON_NOTE]))
def test_no_document_makes_it_fail_otherwise(doc: Any) -> None:
    with contextlib.suppress(RemoteProtocolError):
        keys_of(read_actor(doc))


def test_a_multikey_of_a_kind_not_read_here_is_passed_over() -> None:
    """An RSA-4096 Multikey has some 700 characters; the actor's other keys count (Fedify declares both)."""
    built = practice()
    method = {
        "id": f"{PRACTICE}#m",
        "type": "Multikey",
        "controller": PRACTICE,
        "publicKeyMultibase": "z4MX" + "q" * 700,
    }
    more = {**built, "assertionMethod": [method, *built["assertionMethod"]]}
    assert keys_of(read_actor(document(more))) == keys_of(read_actor(document(built)))
