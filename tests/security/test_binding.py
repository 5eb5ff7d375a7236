"""Security cases A, who speaks: the signer is the actor, a key its owner's, a proof of this document (CWE-290)."""

from collections.abc import Callable

import msgspec
import pytest

from protocol import canonical, integrity
from protocol.keys import SigningKey
from protocol.multibase import multibase_encode
from tests.federation.hostile import Character, answer, post_to, redirect, serve
from tests.security import forging
from tests.security.kit import Scene

INBOXES = ["/inbox", "/practices/gun-violence/inbox", "/actor/inbox"]

# A signer is not the actor

Bind = Callable[[Scene], tuple[Character, Character, bool]]  # who signs the request, who is the actor, with a proof?

NOT_ACTOR: dict[str, Bind] = {
    "E signs for g1 (CVE-2025-54888)": lambda s: (s.e1, s.g1, True),
    "E signs for g1, no proof (misskey#2546)": lambda s: (s.e1, s.g1, False),
    "g2 signs for g1, same host (fe34)": lambda s: (s.g2, s.g1, True),
    "g2 signs for g1, no proof": lambda s: (s.g2, s.g1, False),
    "P signs for g1 (wordpress-activitypub#3109)": lambda s: (s.p1, s.g1, True),
}


@pytest.mark.parametrize("path", INBOXES)  # the shared one too: llun/activities.next#668
@pytest.mark.parametrize("case", NOT_ACTOR)
async def test_only_the_actor_delivers(scene: Scene, case: str, path: str) -> None:
    signer, actor, proof = NOT_ACTOR[case](scene)
    made = scene.item(actor)
    create = scene.create(actor, made)
    body = scene.signed(actor, create) if proof else canonical.encode(create)
    async with scene.unchanged():
        for request in (
            scene.request(signer, body, path),
            signer.legacy(post_to(scene.origin + path, body), scene.now),
        ):
            got = await scene.send(request)
            assert (got.status, got.reason) == (403, "signer-is-not-actor"), got.body
    assert (await scene.push(actor, body, path)).status == 202
    assert await scene.holds(made["id"])


# A key is not its owner's


def _key_document(scene: Scene, forger: Character) -> str:
    document = {
        "@context": "https://w3id.org/security/v1",
        "id": forger.rsa_id.partition("#")[0],
        "type": "Key",
        "owner": scene.g1.id,
        "publicKeyPem": forger.rsa.public.pem(),
    }
    scene.evil.on("/keys/1", serve({**document, "id": scene.evil.url("/keys/1")}))
    return scene.evil.url("/keys/1")


def _owner_is_another(scene: Scene, forger: Character) -> str:
    """An actor of E whose key says that its owner is g1."""
    document = forger.document(scene.now)
    document["publicKey"] |= {"owner": scene.g1.id}
    document.pop("cw:keys"), document.pop("assertionMethod")
    scene.evil.on("/users/forger", serve(document))
    return forger.rsa_id


def _controller_is_another(scene: Scene, forger: Character) -> str:
    document = forger.document(scene.now)
    document["assertionMethod"][0] |= {"controller": scene.g1.id}
    scene.evil.on("/users/forger", serve(forger.sign(document, scene.now)))
    return forger.rsa_id


def _says_it_is_g1(scene: Scene, forger: Character) -> str:
    """https://E/x returns an actor with g1's id and E's key (CVE-2024-23832, GHSA-3fjr-858r-92rw)."""
    document = scene.g1.document(scene.now, name="Taken over")
    document["publicKey"] = {"id": forger.rsa_id, "owner": scene.g1.id, "publicKeyPem": forger.rsa.public.pem()}
    document.pop("cw:keys"), document.pop("assertionMethod")
    scene.evil.on("/users/forger", serve(document))
    return forger.rsa_id


def _says_it_is_g1_with_its_key_id(scene: Scene, forger: Character) -> str:
    """The same with g1's own key id inside, so that a cache by key id would take it."""
    other = Character(scene.good, "/practices/violence", key=forger.key)
    scene.evil.on("/users/forger", serve(other.sign(other.document(scene.now, name="Taken over"), scene.now)))
    return forger.rsa_id


def _leads_to_g1(scene: Scene, forger: Character) -> str:
    scene.evil.on("/users/forger", redirect(scene.g1.id))
    return forger.rsa_id


def _lists_a_key_of_g1(scene: Scene, forger: Character) -> str:
    """E's actor lists a key under g1's key id, with E's material."""
    document = forger.document(scene.now)
    document["publicKey"] = {"id": scene.g1.rsa_id, "owner": forger.id, "publicKeyPem": forger.rsa.public.pem()}
    scene.evil.on("/users/forger", serve(forger.sign(document, scene.now)))
    return forger.rsa_id


FORGED_KEYS: dict[str, Callable[[Scene, Character], str]] = {
    "a key document that names g1 as owner (discourse-activity-pub#325)": _key_document,
    "an actor whose key names g1 as owner": _owner_is_another,
    "an actor whose method names g1 as controller": _controller_is_another,
    "an actor that says it is g1 (CVE-2024-23832)": _says_it_is_g1,
    "an actor that says it is g1, with g1's key id": _says_it_is_g1_with_its_key_id,
    "an actor that redirects to g1": _leads_to_g1,
    "an actor that lists g1's key id": _lists_a_key_of_g1,
}


@pytest.mark.parametrize("case", FORGED_KEYS)
async def test_a_key_is_believed_of_its_own_owner_only(scene: Scene, case: str) -> None:
    forger = Character(scene.evil, "/users/forger")
    forger.rsa = SigningKey.generate_rsa()
    made = scene.item(scene.g1)
    create = scene.create(scene.g1, made)
    keyid = FORGED_KEYS[case](scene, forger)
    seconds = scene.now // 1000
    async with scene.unchanged():
        for key in dict.fromkeys((keyid, forger.rsa_id, forger.rsa_id)):
            body = canonical.encode(create)
            request = forging.legacy(post_to(scene.inbox, body), forger.rsa.sign, key, seconds)
            assert (await scene.send(request)).status in (401, 403)
        # and under g1's own key ids, after whatever E said was fetched
        for key in (scene.g1.rsa_id, scene.g1.key_id):
            request = forging.legacy(post_to(scene.inbox, body), forger.rsa.sign, key, seconds)
            assert (await scene.send(request)).status == 401
            said = f';created={seconds};keyid="{key}"'
            sign = forger.key.sign if key == scene.g1.key_id else forger.rsa.sign
            assert (await scene.send(forging.native(post_to(scene.inbox, body), sign, said))).status == 401
    assert scene.evil.seen
    assert (await scene.push(scene.g1, create)).status == 202
    assert await scene.holds(made["id"])


# A proof is of this document, by this actor, for this purpose

Forge = Callable[[Scene, dict], bytes]


def _changed(scene: Scene, document: dict, **options: object) -> bytes:
    return forging.tampered(scene.signed(scene.g1, document), **options)


def _by(scene: Scene, document: dict, who: Character, method: str | None = None, **options: object) -> bytes:
    return forging.prove(document, who.key, method or who.key_id, scene.now, **options)


def _by_did(scene: Scene, document: dict) -> bytes:
    return _by(scene, document, scene.g1, integrity.root_method(scene.g1.key.public))


def _other_body(scene: Scene, document: dict) -> bytes:
    """Good proof of another state, HTTP signature good: the proof has precedence."""
    value = canonical.read(scene.signed(scene.g1, document)).value
    return canonical.encode({**value, "object": {**value["object"], "name": "Another"}})


def _two(scene: Scene, document: dict, *, good_first: bool) -> bytes:
    value = canonical.read(scene.signed(scene.g1, document)).value
    bad = {**value["proof"], "proofValue": multibase_encode(bytes(64))}
    return canonical.encode({**value, "proof": [value["proof"], bad] if good_first else [bad, value["proof"]]})


def _context(scene: Scene, document: dict) -> bytes:
    """A context put in after signing, in the document and in the proof."""
    value = canonical.read(scene.signed(scene.g1, document)).value
    more = [*value["@context"], {"attributedTo": "https://w3id.org/commonweave#kept"}]
    return canonical.encode({**value, "@context": more, "proof": {**value["proof"], "@context": more}})


def _context_outside(scene: Scene, document: dict) -> bytes:
    value = canonical.read(scene.signed(scene.g1, document)).value
    return canonical.encode({**value, "@context": [*value["@context"], "https://example.org/x"]})


BAD_PROOFS: dict[str, Forge] = {
    "by another owner's key": lambda s, d: _by(s, d, s.e1),
    "by another actor of the host": lambda s, d: _by(s, d, s.g2),
    "by another key under g1's key id": lambda s, d: _by(s, d, s.e1, s.g1.key_id),
    "by the RSA key's id": lambda s, d: _by(s, d, s.g1, s.g1.rsa_id),
    "by a key that g1 never had": lambda s, d: _by(s, d, s.g1, f"{s.g1.id}#ed25519-9"),
    "by a did:key": _by_did,
    "purpose authentication": lambda s, d: _by(s, d, s.g1, proofPurpose="authentication"),
    "no purpose": lambda s, d: _changed(s, d, proofPurpose=None),
    "expired (Fedify#968)": lambda s, d: _by(s, d, s.g1, expires=integrity.time_text(s.now - 1000)),
    "expires is no time": lambda s, d: _by(s, d, s.g1, expires="never"),
    "created changed": lambda s, d: _changed(s, d, created=integrity.time_text(s.now - 1000)),
    "created taken away": lambda s, d: _changed(s, d, created=None),
    "expires put in": lambda s, d: _changed(s, d, expires=integrity.time_text(s.now + 10_000)),
    "domain put in": lambda s, d: _changed(s, d, domain="example.org"),
    "an unknown option put in": lambda s, d: _changed(s, d, nonce="x"),
    "another suite": lambda s, d: _by(s, d, s.g1, cryptosuite="eddsa-rdfc-2022"),
    "another type": lambda s, d: _by(s, d, s.g1, type="Ed25519Signature2020"),
    "value altered": lambda s, d: _changed(s, d, proofValue=multibase_encode(bytes(64))),
    "value in another base": lambda s, d: _changed(s, d, proofValue="u" + "A" * 86),
    "no value": lambda s, d: _changed(s, d, proofValue=None),
    "two, the second bad": lambda s, d: _two(s, d, good_first=True),
    "two, the first bad": lambda s, d: _two(s, d, good_first=False),
    "null": lambda s, d: canonical.encode({**d, "proof": None}),
    "an empty list": lambda s, d: canonical.encode({**d, "proof": []}),
    "of another state": _other_body,
    "a context put in on both sides": _context,
    "a context put in the document": _context_outside,
    "no context": lambda s, d: canonical.encode(
        {name: value for name, value in canonical.read(s.signed(s.g1, d)).value.items() if name != "@context"}
    ),
}


@pytest.mark.parametrize("fault", BAD_PROOFS)
async def test_a_bad_proof_refuses_the_document_whatever_signed_the_request(scene: Scene, fault: str) -> None:
    made = scene.item(scene.g1)
    create = scene.create(scene.g1, made)
    body = BAD_PROOFS[fault](scene, create)
    async with scene.unchanged():
        got = await scene.push(scene.g1, body)
        assert got.status in (401, 403), got.body
    async with scene.unchanged(evil=False):  # nor as what a broker passes on
        relayed = canonical.encode(scene.said(scene.e1, "Announce", msgspec.json.decode(body)))
        assert (await scene.push(scene.e1, relayed)).status == 202
    assert (await scene.push(scene.g1, create)).status == 202
    assert await scene.holds(made["id"])


GOOD_PROOFS: dict[str, Forge] = {
    "plain": lambda s, d: s.signed(s.g1, d),
    "expires later": lambda s, d: _by(s, d, s.g1, expires=integrity.time_text(s.now + 10_000)),
    "an option that is signed": lambda s, d: _by(s, d, s.g1, domain="example.org", x="y"),
    "none at all": lambda _, d: canonical.encode(d),
}


@pytest.mark.parametrize("case", GOOD_PROOFS)
async def test_a_good_proof_is_taken(scene: Scene, case: str) -> None:
    made = scene.item(scene.g1)
    got = await scene.push(scene.g1, GOOD_PROOFS[case](scene, scene.create(scene.g1, made)))
    assert got.status == 202, got.body
    assert await scene.holds(made["id"])


# One text, one meaning


@pytest.mark.parametrize("first", [True, False])
async def test_no_key_stands_twice(scene: Scene, first: bool) -> None:
    """Whoever keeps the first reads another actor than whoever keeps the last."""
    create = canonical.encode(scene.create(scene.e1))
    mine, theirs = f'"actor":"{scene.e1.id}"'.encode(), f'"actor":"{scene.g1.id}"'.encode()
    twice = create.replace(mine, mine + b"," + theirs if first else theirs + b"," + mine)
    assert twice != create
    async with scene.unchanged():
        got = await scene.push(scene.e1, twice)
        assert (got.status, got.reason) == (400, "not-i-json")
    assert (await scene.push(scene.e1, create)).status == 202


LD = {"type": "RsaSignature2017", "created": "2026-05-28T00:00:00Z", "signatureValue": "AAAA"}
REARRANGED: dict[str, Callable[[dict], dict]] = {
    "as it is": lambda document: document,
    "@graph (CVE-2026-42462)": lambda document: {"@context": document["@context"], "@graph": [document], **document},
    "@included (CVE-2026-46349)": lambda document: {
        **document,
        "@included": [{**document, "id": document["id"] + "i"}],
    },
    "@reverse (CVE-2026-48028)": lambda document: {**document, "@reverse": {"object": document["object"]}},
}


@pytest.mark.parametrize("case", REARRANGED)
async def test_a_linked_data_signature_is_none(scene: Scene, case: str) -> None:
    made = scene.item(scene.g1)
    create = scene.create(scene.g1, made)
    forged = REARRANGED[case]({**create, "signature": {**LD, "creator": scene.g1.rsa_id}})
    async with scene.unchanged(evil=False):
        assert (await scene.push(scene.e1, canonical.encode(forged))).status == 403
        announced = canonical.encode(scene.said(scene.e1, "Announce", forged))
        assert (await scene.push(scene.e1, announced)).status in (202, 400)
    assert not await scene.holds(made["id"])
    assert (await scene.push(scene.g1, create)).status == 202
    assert await scene.holds(made["id"])


async def test_contexts_are_never_fetched_and_change_no_meaning(scene: Scene) -> None:
    """CVE-2022-24307's class: a context elsewhere would be a fetch, and could turn one property into another."""
    made = scene.item(scene.g1)
    there = [
        f"http://127.0.0.1:{scene.canary.port}/c",
        scene.evil.url("/c"),
        {"attributedTo": "cw:kept", "cw:kept": "x"},
    ]
    create = scene.create(scene.g1, made)
    create["@context"] = [*create["@context"], *there]
    assert (await scene.push(scene.g1, create)).status == 202
    await scene.idle()
    assert (await scene.town.item(made["id"]))["practice"] == scene.g1.id
    assert (scene.canary.connections, scene.evil.seen) == (0, [])


@pytest.mark.parametrize("served", ["nothing", "another", "the original"])
async def test_what_is_relayed_without_a_proof_is_asked_of_its_origin(scene: Scene, served: str) -> None:
    made = scene.item(scene.g1)
    create = scene.create(scene.g1, made)
    lie = {**create, "object": {**made, "name": "A lie"}}
    answers = {"nothing": answer(404), "another": serve(scene.create(scene.g2)), "the original": serve(create)}
    scene.good.on("/federation/object", answers[served])
    assert (await scene.push(scene.e1, canonical.encode(scene.said(scene.e1, "Announce", lie)))).status == 202
    await scene.idle()
    assert any(path.startswith("GET /federation/object?id=") for path in scene.good.paths)
    held = await scene.town.item(made["id"])
    assert (held and held["title"]) == (made["name"] if served == "the original" else None)
    # nor is anything else taken that was not asked for
    assert (
        await scene.rows("SELECT 1 FROM activity WHERE actor = :g2 AND at = :now", g2=scene.g2.id, now=scene.now) == []
    )
