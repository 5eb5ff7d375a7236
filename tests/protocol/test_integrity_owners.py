"""Whose key may prove what, when, and what counts without a proof or by the root."""

from typing import Any

import pytest

from protocol import canonical, integrity
from protocol.errors import Reason, RemoteProtocolError
from protocol.keys import HeldKey
from tests.protocol.proofs import CARRIER, SECOND, VALUE, WIRE, reason, signed_with, verify
from tests.protocol.samples import ACTOR, CONTEXT, HELD, KEY, METHOD, NOW, OTHER_KEY, activity

# Whose key, whose document


def test_a_proof_by_another_key_of_the_same_name_is_refused() -> None:
    assert reason(WIRE, key=HeldKey(METHOD, ACTOR, OTHER_KEY.public)) is Reason.BAD_PROOF


@pytest.mark.parametrize(
    ("changed", "key", "actor"),
    [
        # the key of another actor of the same host (FEP-fe34, same owner)
        ({}, HeldKey(METHOD, "https://highpoint.example/practices/housing", KEY.public), ACTOR),
        # the key of another origin, which says that it is this actor's
        ({}, HeldKey("https://evil.example/e#k", ACTOR, KEY.public), ACTOR),
        ({}, HeldKey("https://highpoint.example:8443/practices/violence#ed25519-1", ACTOR, KEY.public), ACTOR),
        ({}, HeldKey("http://highpoint.example/practices/violence#ed25519-1", ACTOR, KEY.public), ACTOR),
        # an id of another origin
        ({"id": "https://evil.example/activities/1"}, HELD, ACTOR),
        ({"id": "https://highpoint.example@evil.example/1"}, HELD, ACTOR),
        ({"id": ["https://highpoint.example/activities/1"]}, HELD, ACTOR),
        ({"id": None}, HELD, ACTOR),
        ({"id": ""}, HELD, ACTOR),
        # an actor that is not the one the reader took
        ({"actor": "https://highpoint.example/practices/housing"}, HELD, ACTOR),
        ({}, HELD, "https://evil.example/practices/violence"),
    ],
)
def test_key_actor_and_id_are_one_owners(changed: dict[str, Any], key: HeldKey, actor: str) -> None:
    document = signed_with({"verificationMethod": key.id}, activity(**changed))
    assert reason(document, key=key, actor=actor) is Reason.NOT_OWNER


def test_a_document_without_id_is_of_its_actors_origin() -> None:
    bare = activity()
    del bare["id"]
    assert reason(integrity.sign(bare, KEY, METHOD, NOW)) is Reason.ACCEPTED


@pytest.mark.parametrize(
    ("key", "wanted"),
    [
        (HeldKey(METHOD, ACTOR, KEY.public, NOW, NOW), Reason.ACCEPTED),
        (HeldKey(METHOD, ACTOR, KEY.public, NOW + 999), Reason.ACCEPTED),  # created has whole seconds
        (HeldKey(METHOD, ACTOR, KEY.public, NOW + 1_000), Reason.KEY_RETIRED),
        (HeldKey(METHOD, ACTOR, KEY.public, 0, NOW - 1), Reason.KEY_RETIRED),
        (HeldKey(METHOD, ACTOR, KEY.public, 0, NOW + SECOND), Reason.ACCEPTED),
        (HeldKey(METHOD, ACTOR, KEY.public, 0, None, NOW + SECOND), Reason.KEY_RETIRED),
        (HeldKey(METHOD, ACTOR, KEY.public, 0, NOW + SECOND, NOW - SECOND), Reason.KEY_RETIRED),
    ],
)
def test_keys_over_time(key: HeldKey, wanted: Reason) -> None:
    for later in (0, 10**12):  # a retired key's proofs stay good for ever, and bad ones bad
        assert reason(WIRE, key=key, now=NOW + later) is wanted


def test_a_compromised_key_counts_for_what_was_already_held() -> None:
    key = HeldKey(METHOD, ACTOR, KEY.public, 0, None, NOW)
    assert reason(WIRE, key=key, held=True) is Reason.ACCEPTED
    retired = HeldKey(METHOD, ACTOR, KEY.public, 0, NOW - 1, NOW)
    assert reason(WIRE, key=retired, held=True) is Reason.KEY_RETIRED


# Without a proof; by the root


def claimed(document: dict[str, Any], actor: str = ACTOR) -> integrity.Claim[None]:
    return integrity.claim(canonical.read(canonical.encode(document)), None, actor)


def test_without_proof_only_from_its_own_actor() -> None:
    claim = claimed(activity())
    assert claim.method is None
    verified = integrity.from_origin(claim, ACTOR)
    assert (verified.key, verified.created, verified.carrier) == (None, None, ACTOR)
    assert verified.digest == verify(WIRE).digest
    for act in (lambda: integrity.from_origin(claim, CARRIER), lambda: integrity.verify(claim, HELD, NOW, ACTOR)):
        with pytest.raises(RemoteProtocolError) as caught:
            act()
        assert caught.value.reason is Reason.NO_PROOF


def test_a_proof_that_is_there_is_never_passed_over() -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        integrity.from_origin(claimed(VALUE), ACTOR)
    assert caught.value.reason is Reason.BAD_PROOF
    with pytest.raises(RemoteProtocolError) as caught:
        integrity.from_origin(claimed(activity(proof=None)), ACTOR)
    assert caught.value.reason is Reason.BAD_PROOF


def test_without_proof_the_id_is_of_the_actors_origin() -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        integrity.from_origin(claimed(activity(id="https://evil.example/1")), ACTOR)
    assert caught.value.reason is Reason.NOT_OWNER


ACTOR_DOCUMENT = {"@context": CONTEXT, "id": ACTOR, "type": "Group", "cw:sequence": NOW}
ROOT = integrity.root_method(OTHER_KEY.public)
PINNED = HeldKey(ROOT, "https://highpoint.example/actor", OTHER_KEY.public)


def root_reason(document: dict[str, Any], key: HeldKey = PINNED, actor: str = ACTOR) -> Reason:
    try:
        integrity.verify_document(claimed(document, actor), key, NOW, CARRIER)
    except RemoteProtocolError as error:
        return error.reason
    return Reason.ACCEPTED


def test_the_root_signs_actor_documents() -> None:
    by_root = signed_with({"verificationMethod": ROOT}, ACTOR_DOCUMENT, OTHER_KEY)
    assert root_reason(by_root) is Reason.ACCEPTED
    assert root_reason(signed_with({}, ACTOR_DOCUMENT), HELD) is Reason.ACCEPTED


def test_the_root_signs_nothing_else_and_nowhere_else() -> None:
    by_root = signed_with({"verificationMethod": ROOT}, ACTOR_DOCUMENT, OTHER_KEY)
    elsewhere = HeldKey(ROOT, "https://evil.example/actor", OTHER_KEY.public)
    assert root_reason(by_root, elsewhere) is Reason.NOT_OWNER
    assert root_reason(signed_with({"verificationMethod": ROOT}, activity(), OTHER_KEY)) is Reason.NOT_OWNER
    # as did:key of another key, by another key, and through the door of ordinary activities
    assert root_reason(by_root, HeldKey(ROOT, ACTOR, KEY.public)) is Reason.BAD_PROOF
    by_other = signed_with({"verificationMethod": ROOT}, ACTOR_DOCUMENT, KEY)
    assert root_reason(by_other) is Reason.BAD_PROOF
    assert root_reason(by_other, HeldKey(ROOT, ACTOR, KEY.public)) is Reason.BAD_PROOF
    assert root_reason(by_root, HELD) is Reason.BAD_PROOF
    pinned_as_own = HeldKey(ROOT, ACTOR, OTHER_KEY.public)
    assert (
        reason(signed_with({"verificationMethod": ROOT}, activity(), OTHER_KEY), key=pinned_as_own) is Reason.NOT_OWNER
    )
