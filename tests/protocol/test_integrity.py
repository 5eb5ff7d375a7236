"""Object integrity proofs: the published vectors, byte for byte, and that any change refuses."""

import contextlib
import json
from hashlib import sha256
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import canonical, integrity
from protocol.errors import LocalProtocolError, Reason, RemoteProtocolError
from protocol.keys import HeldKey, PublicKey, SigningKey
from protocol.multibase import ED25519_SECRET, multibase_decode, multibase_encode
from tests.protocol.proofs import CARRIER, VALUE, WIRE, reason, signed_with, verify
from tests.protocol.samples import ACTOR, CONTEXT, HELD, KEY, METHOD, NOW, VECTORS, activity, vector

# Vectors


def suite_key() -> SigningKey:
    secret = multibase_decode(vector("eddsa-jcs-2022/keyPair.json")["privateKeyMultibase"])
    assert secret.startswith(ED25519_SECRET)
    return SigningKey("ed25519", secret[len(ED25519_SECRET) :])


def text(name: str) -> str:
    return (VECTORS / "eddsa-jcs-2022" / name).read_text().strip()


def test_the_suites_worked_example_step_by_step() -> None:
    document = canonical.read((VECTORS / "eddsa-jcs-2022/signedJCS.json").read_bytes())
    assert document.canonical.decode() == text("canonDocJCS.txt")
    assert canonical.digest(document).hex() == text("docHashJCS.txt")
    options = canonical.canonical(vector("eddsa-jcs-2022/proofConfigJCS.json"))
    assert options.decode() == text("proofCanonJCS.txt")
    assert sha256(options).hexdigest() == text("proofHashJCS.txt")
    message = integrity.signing_input(options, document.canonical)
    assert message.hex() == text("combinedHashJCS.txt")
    signature = suite_key().sign(message)
    assert signature.hex() == text("sigHexJCS.txt")
    assert multibase_encode(signature) == text("sigBTC58JCS.txt")
    public = PublicKey.from_multibase(vector("eddsa-jcs-2022/keyPair.json")["publicKeyMultibase"])
    assert suite_key().public == public
    claim = integrity.claim(document, None, "https://vc.example/issuers/5678")
    assert (claim.options, claim.signature) == (options, signature)
    assert public.verify(claim.signature, message)


def test_the_suites_proof_is_reproduced() -> None:
    created = 1_677_281_798_000  # 2023-02-24T23:36:38Z
    method = integrity.root_method(suite_key().public)
    wire = integrity.sign(vector("eddsa-jcs-2022/unsigned.json"), suite_key(), method, created)
    assert canonical.parse(wire) == vector("eddsa-jcs-2022/signedJCS.json")


def test_fep_8b32_verifies_and_is_reproduced() -> None:
    actor = vector("fep-8b32-actor.json")
    method = actor["assertionMethod"][0]
    public = PublicKey.from_multibase(method["publicKeyMultibase"])
    assert public == suite_key().public
    signed = (VECTORS / "fep-8b32-signed.json").read_bytes()
    held = HeldKey(method["id"], actor["id"], public)
    verified = verify(signed, key=held, actor=actor["id"])
    assert verified.created == 1_677_281_798_000
    assert verified.digest == canonical.digest(vector("fep-8b32-unsigned.json"))
    wire = integrity.sign(vector("fep-8b32-unsigned.json"), suite_key(), method["id"], verified.created)
    assert canonical.parse(wire) == canonical.parse(signed)
    assert canonical.parse(wire)["proof"]["proofValue"] == canonical.parse(signed)["proof"]["proofValue"]


# What is ours verifies


def test_what_we_sign_verifies() -> None:
    verified = verify(WIRE)
    assert verified == integrity.Verified(
        WIRE, "msg", ACTOR, METHOD, sha256(canonical.canonical(activity())).digest(), CARRIER, NOW
    )
    assert canonical.encode(canonical.parse(WIRE)) == WIRE
    assert b"\\u" not in WIRE
    assert list(VALUE) == [*activity(), "proof"]


@pytest.mark.parametrize("member", [1.5, "\u0001", "é😂", {"😂": 1, "\ufb33": 2}, 1e21, -0.0])
def test_what_needs_the_slow_path_verifies_as_well(member: Any) -> None:
    assert reason(integrity.sign(activity(more=member), KEY, METHOD, NOW)) is Reason.ACCEPTED


def test_white_space_and_escapes_do_not_matter_to_a_proof() -> None:
    assert reason(json.dumps(VALUE, indent=2).encode()) is Reason.ACCEPTED
    assert verify(json.dumps(VALUE).encode()).digest == verify(WIRE).digest


@pytest.mark.parametrize(
    "document",
    [
        *(activity(proof={}), {"id": "x"}, activity(**{"@context": []}), activity(**{"@context": CONTEXT[0]})),
        *(activity(a=2**53), activity(a=float("nan")), activity(a="\ud800"), activity(a=object())),
        activity(a="a" * 2**20),
    ],
)
def test_what_may_not_be_signed(document: dict[str, Any]) -> None:
    with pytest.raises(LocalProtocolError):
        integrity.sign(document, KEY, METHOD, NOW)


def test_rsa_makes_no_proofs() -> None:
    rsa = SigningKey.generate_rsa()
    with pytest.raises(LocalProtocolError):
        integrity.sign(activity(), rsa, METHOD, NOW)
    assert reason(WIRE, key=HeldKey(METHOD, ACTOR, rsa.public)) is Reason.BAD_PROOF


# Any change refuses


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(below for name, member in members for below in paths(member, (*path, name)))]


@settings(max_examples=600, deadline=None)
@given(st.integers(0, len(WIRE) - 1), st.integers(1, 255))
def test_any_changed_byte_is_refused(at: int, flip: int) -> None:
    changed = bytearray(WIRE)
    changed[at] ^= flip
    raw = bytes(changed)
    with contextlib.suppress(RemoteProtocolError):
        same = canonical.parse(raw) == VALUE  # a space between tokens for a digit's tab, say: nothing was changed
        assert same or reason(raw) is not Reason.ACCEPTED


@pytest.mark.parametrize("path", [path for path in paths(VALUE) if path])
def test_any_member_removed_or_replaced_is_refused(path: tuple[Any, ...]) -> None:
    for replace in (None, "x", 7, [], {}):
        changed = json.loads(WIRE)
        place = changed
        for step in path[:-1]:
            place = place[step]
        if replace is None:
            del place[path[-1]]
        else:
            place[path[-1]] = replace
        assert reason(changed) is not Reason.ACCEPTED


@given(st.sampled_from(paths(VALUE)), st.text(min_size=1, max_size=5))
def test_any_member_added_is_refused(path: tuple[Any, ...], name: str) -> None:
    changed = json.loads(WIRE)
    place = changed
    for step in path:
        place = place[step]
    if isinstance(place, list):
        place.append(name)
    elif isinstance(place, dict) and name not in place:
        place[name] = 1
    else:
        return
    assert reason(changed) is not Reason.ACCEPTED


OPTIONS = {
    "created": "2024-05-01T10:00:01Z",
    "expires": "2030-01-01T00:00:00Z",
    "domain": "inkster.example",
    "challenge": "1",
    "nonce": "1",
    "id": "urn:uuid:1",
    "previousProof": "urn:uuid:0",
    "https://a.example/unknown": {"a": [1]},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_any_proof_option_changed_after_signing_is_refused(name: str) -> None:
    changed = json.loads(WIRE)
    changed["proof"][name] = OPTIONS[name]
    assert reason(changed) is Reason.BAD_PROOF
    assert reason(signed_with({name: OPTIONS[name]})) is Reason.ACCEPTED  # the same, signed


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"proofPurpose": "authentication"}, Reason.BAD_PROOF),
        ({"proofPurpose": None}, Reason.BAD_PROOF),
        ({"proofPurpose": ["assertionMethod"]}, Reason.BAD_PROOF),
        ({"type": "Ed25519Signature2020"}, Reason.BAD_PROOF),
        ({"type": ["DataIntegrityProof"]}, Reason.BAD_PROOF),
        ({"cryptosuite": "eddsa-rdfc-2022"}, Reason.BAD_PROOF),
        ({"cryptosuite": None}, Reason.BAD_PROOF),
        ({"verificationMethod": None}, Reason.BAD_PROOF),
        ({"verificationMethod": {"id": METHOD}}, Reason.BAD_PROOF),
        ({"verificationMethod": METHOD + "x"}, Reason.BAD_PROOF),
        ({"verificationMethod": "a" * 3_000}, Reason.BAD_PROOF),
        ({"@context": None}, Reason.BAD_PROOF),
        ({"@context": CONTEXT[:2]}, Reason.BAD_PROOF),
        ({"@context": [*CONTEXT, "https://evil.example/v1"]}, Reason.BAD_PROOF),
        ({"@context": CONTEXT[::-1]}, Reason.BAD_PROOF),
        ({"created": None}, Reason.BAD_PROOF),
        # Others write fractions and offsets (Fedify: nanoseconds).
        ({"created": "2024-05-01T10:00:00.000Z"}, Reason.ACCEPTED),
        ({"created": "2024-05-01T09:59:59.144322887Z"}, Reason.ACCEPTED),
        ({"created": "2024-05-01T10:00:00+00:00"}, Reason.ACCEPTED),
        ({"created": "0001-01-01T00:00:00+23:59"}, Reason.KEY_RETIRED),
        ({"created": "2024-05-01T10:00:00+99:99"}, Reason.BAD_PROOF),
        ({"created": "2024-05-01T10:00:00"}, Reason.BAD_PROOF),
        ({"created": "2024-05-01T24:00:60Z"}, Reason.BAD_PROOF),
        ({"created": "2024-02-30T10:00:00Z"}, Reason.BAD_PROOF),
        ({"created": "٢٠٢٤-05-01T10:00:00Z"}, Reason.BAD_PROOF),
        ({"created": "0000-00-00T00:00:00Z"}, Reason.BAD_PROOF),
        ({"created": NOW}, Reason.BAD_PROOF),
        ({"expires": "2024-05-01T09:59:59Z"}, Reason.BAD_PROOF),
        ({"expires": "2024-05-01T10:00:00Z"}, Reason.BAD_PROOF),
        ({"expires": "2024-05-01T10:00:01Z"}, Reason.ACCEPTED),
        ({"expires": "never"}, Reason.BAD_PROOF),
        ({"expires": {}}, Reason.BAD_PROOF),
    ],
)
def test_rightly_signed_but_not_of_our_form(options: dict[str, Any], wanted: Reason) -> None:
    assert reason(signed_with(options)) is wanted


@pytest.mark.parametrize("context", ["https://www.w3.org/ns/activitystreams", [], {}, None, [1], ["a"] * 11])
def test_contexts_are_a_list_of_texts_and_objects(context: Any) -> None:
    assert reason(signed_with({"@context": context}, activity(**{"@context": context}))) is Reason.BAD_PROOF


def test_contexts_appended_by_a_third_party_are_refused() -> None:
    # The suite's own check asks only that the proof's contexts are a prefix of the document's.
    changed = {**VALUE, "@context": [*CONTEXT, {"name": "https://evil.example/other"}]}
    assert reason(changed) is Reason.BAD_PROOF


def test_two_proofs_are_refused_whatever_they_are() -> None:
    good, bad = VALUE["proof"], {**VALUE["proof"], "proofValue": "z" + "1" * 64}
    for proofs in ([good, bad], [bad, good], [good, good], [good], [], None, "proof"):
        assert reason({**VALUE, "proof": proofs}) is Reason.BAD_PROOF


@pytest.mark.parametrize(
    "value",
    ["", "z", "z" + "1" * 64, "z" + "1" * 63, "z" * 90, "z" * 10_000, "u" + "A" * 86, None, 7, ["z"],
     VALUE["proof"]["proofValue"][1:], VALUE["proof"]["proofValue"] + " ", "zé"],
)  # fmt: skip
def test_other_proof_values_are_refused(value: Any) -> None:
    assert reason({**VALUE, "proof": {**VALUE["proof"], "proofValue": value}}) is Reason.BAD_PROOF


# Anything at all

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.text(max_size=5)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda of: st.lists(of, max_size=3) | st.dictionaries(st.text(max_size=5), of, max_size=3),
    max_leaves=6,
)
LIKE_A_PROOF = st.fixed_dictionaries(
    {},
    optional={
        name: st.just(value) | JSON for name, value in {**VALUE["proof"], "expires": "2030-01-01T00:00:00Z"}.items()
    },
)


@given(st.fixed_dictionaries({}, optional={
    "proof": LIKE_A_PROOF | JSON, "@context": st.just(CONTEXT) | JSON, "actor": st.just(ACTOR) | JSON, "id": JSON,
}))  # fmt: skip
def test_no_document_brings_anything_but_our_own_error(value: dict[str, Any]) -> None:
    with contextlib.suppress(RemoteProtocolError):
        claim = integrity.claim(canonical.read(canonical.encode(value)), None, ACTOR)
        with contextlib.suppress(RemoteProtocolError):
            integrity.from_origin(claim, ACTOR)
        for check in (integrity.verify, integrity.verify_document):
            with contextlib.suppress(RemoteProtocolError):
                check(claim, HELD, NOW, CARRIER)
                raise AssertionError("this was never signed")


def test_verified_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        verify(WIRE).actor = CARRIER
    assert isinstance(verify(WIRE), msgspec.Struct)


def test_a_linked_data_signature_beside_the_proof_counts_for_nothing() -> None:
    """Other software adds one after the proof (Fedify, where an actor has keys of both kinds)."""
    raw = canonical.encode({**signed_with({}), "signature": {"type": "RsaSignature2017"}})
    assert canonical.digest(canonical.read(raw)) == canonical.digest(signed_with({}))
    assert reason(raw) is Reason.ACCEPTED
    plain = {"id": "https://a.example/1", "signature": {"type": "RsaSignature2017"}}
    assert canonical.digest(plain) != canonical.digest({"id": "https://a.example/1"})
