"""The JSON-LD contexts of what we send, and the URIs by which we name our extensions (protocol section 1).

Contexts are written and never fetched: documents are read as plain JSON. They are part of what a proof signs, so
they are fixed; a change of one is a new version of the protocol.
"""

from typing import Any

ACTIVITY_STREAMS = "https://www.w3.org/ns/activitystreams"
CW = "https://w3id.org/commonweave#"

CONTEXT: tuple[str | tuple[tuple[str, str], ...], ...] = (
    ACTIVITY_STREAMS,
    "https://w3id.org/security/data-integrity/v2",
    (("cw", CW),),
)
# security/v1 defines publicKey; it comes before the protected contexts, which may redefine its terms but not it theirs.
ACTOR_CONTEXT: tuple[str | tuple[tuple[str, str], ...], ...] = (
    ACTIVITY_STREAMS,
    "https://w3id.org/security/v1",
    "https://w3id.org/security/data-integrity/v2",
    "https://www.w3.org/ns/did/v1",
    "https://w3id.org/security/multikey/v1",
    (("cw", CW),),
)

# FEP-844e: what an actor's generator implements, by URI.
RFC9421 = "https://datatracker.ietf.org/doc/html/rfc9421"
ED25519 = "https://datatracker.ietf.org/doc/html/rfc9421#name-eddsa-using-curve-edwards25"
INTEGRITY = "https://w3id.org/fep/8b32"
LOGS = CW + "logs"
REPERTOIRE = CW + "repertoire"
IMPLEMENTS: tuple[tuple[str, str], ...] = (
    (RFC9421, "RFC-9421: HTTP Message Signatures"),
    (ED25519, "RFC-9421 signatures using the Ed25519 algorithm"),
    (INTEGRITY, "FEP-8b32: Object Integrity Proofs"),
    (LOGS, "Commonweave: sets as logs"),
    (REPERTOIRE, "Commonweave: repertoire items and adaptations"),
)

ACTIVITY_JSON = "application/activity+json"
LD_JSON = f'application/ld+json; profile="{ACTIVITY_STREAMS}"'


def _value(context: tuple[str | tuple[tuple[str, str], ...], ...]) -> list[Any]:
    return [part if isinstance(part, str) else dict(part) for part in context]


def context() -> list[Any]:
    """The `@context` of everything we send but actors: a fresh JSON value."""
    return _value(CONTEXT)


def actor_context() -> list[Any]:
    """The `@context` of actor documents: a fresh JSON value."""
    return _value(ACTOR_CONTEXT)
