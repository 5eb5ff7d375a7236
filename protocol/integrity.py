"""Object integrity proofs: FEP-8b32 with the cryptosuite eddsa-jcs-2022 (W3C VC Data Integrity EdDSA 1.0, 3.3).

Owns `Verified`: no other file makes one, and none is stored. A claim is what a document says of itself; it becomes
verified by the proof of a key that its actor owns, or by having come from its actor's own origin without any proof.
A proof that is present and wrong refuses the document, whoever carried it. Pure: `now` is an argument, keys are given.

Stricter than the suite: contexts must be equal, not a prefix (or a third party could append some and change the
meaning), and `created` is always there, with its zone.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, Generic, TypeVar, cast

from msgspec import Struct

from protocol import canonical, identifiers, limits
from protocol.errors import LocalProtocolError, Reason, RemoteProtocolError
from protocol.keys import DID_KEY, SIGNATURE_BYTES, HeldKey, PublicKey, SigningKey
from protocol.multibase import base58_decode, multibase_encode

PROOF_TYPE = "DataIntegrityProof"
CRYPTOSUITE = "eddsa-jcs-2022"
PURPOSE = "assertionMethod"

# We write whole seconds and Z; others write fractions and offsets, as XML Schema's dateTimeStamp allows them.
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})")
_SECOND = limits.SECOND

M = TypeVar("M")
M_co = TypeVar("M_co", covariant=True)


class Claim(Struct, Generic[M], frozen=True):
    """A document, read as `msg`, that says it is of `actor`. Made by `claim` alone; nothing is verified yet.

    `method`: the proof's verificationMethod, None without a proof. `created`, `expires`: Unix milliseconds.
    `options`: the JCS of the proof without its value; `signature`: the 64 bytes of that value.
    """

    document: canonical.Document
    msg: M
    actor: str
    method: str | None
    created: int | None
    expires: int | None = None
    options: bytes = b""
    signature: bytes = b""


class Verified(Struct, Generic[M_co], frozen=True):
    """Bytes that are their actor's. `key`: the id of the key that proved it, None: origin authentication.

    `digest`: SHA-256 of the JCS without proof. `carrier`: the actor who signed the request. `created`: milliseconds.
    """

    raw: bytes
    msg: M_co
    actor: str
    key: str | None
    digest: bytes
    carrier: str
    created: int | None


_origin = lru_cache(maxsize=4096)(identifiers.origin)  # of actors and keys, which come again; never of activity ids


def _bad(detail: str) -> RemoteProtocolError:
    return RemoteProtocolError(Reason.BAD_PROOF, detail)


def _time(value: Any, name: str) -> int:
    """Unix milliseconds of `2023-02-24T23:36:38Z`, in whole seconds: a fraction is cut."""
    if not isinstance(value, str):
        raise _bad(f"The proof's {name} is not a time with its zone.")
    return _moment(value, name)


@lru_cache(maxsize=256)  # what is said within one second says the same moment
def _moment(value: str, name: str) -> int:
    if not _TIME.fullmatch(value):
        raise _bad(f"The proof's {name} is not a time with its zone.")
    try:
        return int(datetime.fromisoformat(value).timestamp()) * _SECOND
    except ValueError:
        raise _bad(f"The proof's {name} is not a time.") from None


def time_text(milliseconds: int) -> str:
    """The form that `created` has on the wire: whole seconds (the rest is cut) and Z."""
    return datetime.fromtimestamp(milliseconds // _SECOND, UTC).isoformat().replace("+00:00", "Z")


def root_method(root: PublicKey) -> str:
    """The verificationMethod of a proof by a root key: `did:key:z6Mk…#z6Mk…`."""
    return f"{root.did()}#{root.multibase()}"


def signing_input(options: bytes, document: bytes) -> bytes:
    """What Ed25519 signs (64 bytes), of the JCS of the proof options and of the document without proof."""
    return sha256(options).digest() + sha256(document).digest()


def _contexts(value: Any) -> bool:
    if not isinstance(value, list):
        return False
    contexts = cast("list[Any]", value)
    return 0 < len(contexts) <= limits.CONTEXTS and all(isinstance(one, (str, dict)) for one in contexts)


def sign(document: Mapping[str, Any], key: SigningKey, verification_method: str, created: int) -> bytes:
    """The wire bytes of a document with its proof. `created` in milliseconds; LocalProtocolError if it cannot be."""
    context = document.get("@context")
    if key.kind != "ed25519" or "proof" in document or not _contexts(context):
        raise LocalProtocolError(Reason.BAD_PROOF, "Signing needs an Ed25519 key, no proof, and a list of contexts.")
    options = {
        "@context": context,
        "type": PROOF_TYPE,
        "cryptosuite": CRYPTOSUITE,
        "verificationMethod": verification_method,
        "proofPurpose": PURPOSE,
        "created": time_text(created),
    }
    # Through the strict reader, so that we never sign what others must refuse.
    unsigned = canonical.encode({**document, "proof": options})
    try:
        read = canonical.read(unsigned)
    except RemoteProtocolError as error:
        raise LocalProtocolError(error.reason, error.detail) from None
    signature = key.sign(signing_input(canonical.canonical_part(read, options), read.canonical))
    # The proof stands last, so its value goes before the two closing braces.
    wire = unsigned[:-2] + f',"proofValue":"{multibase_encode(signature)}"}}}}'.encode("ascii")
    if len(wire) > limits.BODY_BYTES:
        raise LocalProtocolError(Reason.TOO_LARGE)
    return wire


def claim(document: canonical.Document, msg: M, actor: str) -> Claim[M]:
    """What `document`, read as `msg`, claims to be `actor`'s. BAD_PROOF if a proof is there but not of our form."""
    value = document.value
    said = value.get("actor")
    if isinstance(said, str) and said != actor:
        raise RemoteProtocolError(Reason.NOT_OWNER, "The document names another actor.")
    if "proof" not in value:
        return Claim(document, msg, actor, None, None)
    found = value["proof"]
    if not isinstance(found, dict):
        raise _bad("There must be exactly one proof, an object.")
    proof = cast("dict[str, Any]", found)
    if proof.get("type") != PROOF_TYPE or proof.get("cryptosuite") != CRYPTOSUITE:
        raise _bad(f"The proof is not a {PROOF_TYPE} of {CRYPTOSUITE}.")
    if proof.get("proofPurpose") != PURPOSE:
        raise _bad(f"The proof's purpose is not {PURPOSE}.")
    method = proof.get("verificationMethod")
    if not isinstance(method, str) or not 0 < len(method) <= limits.ID_CHARACTERS:
        raise _bad("The proof names no verification method.")
    context = value.get("@context")
    if not _contexts(context) or proof.get("@context") != context:
        raise _bad("The proof's @context is not the document's.")
    created = _time(proof.get("created"), "created")
    expires = _time(proof["expires"], "expires") if "expires" in proof else None
    signature = _signature(proof.get("proofValue"))
    options = canonical.canonical_part(document, {name: item for name, item in proof.items() if name != "proofValue"})
    return Claim(document, msg, actor, method, created, expires, options, signature)


def _signature(value: Any) -> bytes:
    signature = b""
    if isinstance(value, str) and value.startswith("z"):
        try:
            signature = base58_decode(value[1:])
        except RemoteProtocolError:
            signature = b""
    if len(signature) != SIGNATURE_BYTES:
        raise _bad("The proof's value is not 64 bytes of base58btc.")
    return signature


def verify(claim: Claim[M], key: HeldKey, now: int, carrier: str, *, held: bool = False) -> Verified[M]:
    """The claim, proved by its actor's own key (protocol section 3). `now` in Unix milliseconds.

    `held`: these bytes were here before the key's compromise became known, so its proof still counts.
    NO_PROOF, BAD_PROOF, NOT_OWNER (key, actor and id are not one owner's of one origin), KEY_RETIRED.
    """
    if claim.method is None:
        raise RemoteProtocolError(Reason.NO_PROOF)
    _check_method(claim, key)
    if key.actor != claim.actor:
        raise RemoteProtocolError(Reason.NOT_OWNER, "The proof's key is not the actor's.")
    _check_origins(claim, claim.method)
    return _prove(claim, key, now, carrier, held)


def verify_document(claim: Claim[M], key: HeldKey, now: int, carrier: str, *, held: bool = False) -> Verified[M]:
    """An actor document, proved by its own key or by its origin's root (protocol section 2).

    A root's HeldKey has `id` = `root_method(public)`, and as `actor` any URL of the origin it is pinned for.
    The errors of `verify`.
    """
    if claim.method is None or not claim.method.startswith(DID_KEY):
        return verify(claim, key, now, carrier, held=held)
    _check_method(claim, key)
    if key.public.kind != "ed25519" or claim.method != root_method(key.public):
        raise _bad("The proof's did:key is not the root key's.")
    if claim.document.value.get("id") != claim.actor:
        raise RemoteProtocolError(Reason.NOT_OWNER, "A root key signs actor documents only.")
    _check_origins(claim, key.actor)
    return _prove(claim, key, now, carrier, held)


def from_origin(claim: Claim[M], carrier: str) -> Verified[M]:
    """A document without any proof, from its own actor: origin authentication. NO_PROOF, BAD_PROOF, NOT_OWNER.

    `carrier`: the actor whose HTTP signature was verified, or from whose origin the document was fetched.
    """
    if claim.method is not None:
        raise _bad("A proof that is present is checked, never passed over.")
    if carrier != claim.actor:
        raise RemoteProtocolError(Reason.NO_PROOF)
    _check_origins(claim, carrier)
    return Verified(claim.document.raw, claim.msg, claim.actor, None, canonical.digest(claim.document), carrier, None)


def _check_method(claim: Claim[Any], key: HeldKey) -> None:
    if key.id != claim.method:
        raise _bad("The proof was made by another key.")


def _check_origins(claim: Claim[Any], also: str) -> None:
    """The id, the actor and `also` share one origin (FEP-fe34). A document without id has its actor's."""
    named = claim.document.value.get("id", claim.actor)
    try:
        origin = _origin(claim.actor)
        same = isinstance(named, str) and _origin(also) == origin and identifiers.origin(named) == origin
    except RemoteProtocolError:
        same = False
    if not same:
        raise RemoteProtocolError(Reason.NOT_OWNER, "Key, actor and id are not of one origin.")


def _prove(claim: Claim[M], key: HeldKey, now: int, carrier: str, held: bool) -> Verified[M]:
    created = claim.created
    if key.public.kind != "ed25519" or created is None:
        raise _bad("The proof's key is not Ed25519.")
    if claim.expires is not None and claim.expires <= now:
        raise _bad("The proof has expired.")
    _check_validity(key, created, held)
    digest = canonical.digest(claim.document)
    if not key.public.verify(claim.signature, sha256(claim.options).digest() + digest):
        raise _bad("The proof does not verify.")
    return Verified(claim.document.raw, claim.msg, claim.actor, key.id, digest, carrier, created)


def _check_validity(key: HeldKey, created: int, held: bool) -> None:
    """KEY_RETIRED unless made within the key's validity; `created` has whole seconds, so the start is cut to one."""
    if key.compromised_since is not None and not held:
        raise RemoteProtocolError(Reason.KEY_RETIRED, "The key is known to be in other hands.")
    if created < key.valid_from // _SECOND * _SECOND or (key.valid_until is not None and created > key.valid_until):
        raise RemoteProtocolError(Reason.KEY_RETIRED)
