"""Signatures made by hand, with the faults that a case needs: what the project's own signers refuse to write."""

import base64
from collections.abc import Callable, Sequence
from email.utils import formatdate
from typing import Any

import msgspec

from protocol import canonical, integrity
from protocol.http_message import Request, signature_base
from protocol.http_signature import content_digest
from protocol.keys import SigningKey
from protocol.legacy_signature import digest_header
from protocol.multibase import multibase_encode

Sign = Callable[[bytes], bytes]
COVERED = ("@method", "@target-uri", "content-type", "content-digest")
LEGACY = ("(request-target)", "host", "date", "digest", "content-type")


def with_headers(request: Request, *added: tuple[str, str]) -> Request:
    """The headers put in, each in place of one of its name."""
    names = {name for name, _ in added}
    kept = tuple((name, value) for name, value in request.headers if name not in names)
    return msgspec.structs.replace(request, headers=(*kept, *added))


def without(request: Request, *names: str) -> Request:
    return msgspec.structs.replace(request, headers=tuple(pair for pair in request.headers if pair[0] not in names))


def native(
    request: Request, sign: Sign, parameters: str, covered: Sequence[str] = COVERED, digest: bool = True
) -> Request:
    """RFC 9421 over `covered`, with exactly these parameters (`;created=…;keyid="…"`)."""
    whole = with_headers(request, ("content-digest", content_digest(request.body or b""))) if digest else request
    names = " ".join(f'"{name}"' for name in covered)
    said = f"({names}){parameters}"
    signature = base64.b64encode(sign(signature_base(whole, [(name, {}) for name in covered], said))).decode()
    return with_headers(whole, ("signature-input", f"sig1={said}"), ("signature", f"sig1=:{signature}:"))


def legacy(
    request: Request,
    sign: Sign,
    keyid: str,
    seconds: int,
    covered: Sequence[str] = LEGACY,
    algorithm: str = "rsa-sha256",
    target: str | None = None,
    digest: bool = True,
) -> Request:
    """draft-cavage-12 over `covered`. `target`: the path that is signed, if not the request's."""
    added = [("date", formatdate(seconds, usegmt=True))]
    if digest:
        added.append(("digest", digest_header(request.body or b"")))
    whole = with_headers(request, *added)
    fields = dict(whole.headers)
    path = target or "/" + request.target.partition("://")[2].partition("/")[2]
    lines = [f"{name}: {f'post {path}' if name == '(request-target)' else fields[name]}" for name in covered]
    signature = base64.b64encode(sign("\n".join(lines).encode("latin-1"))).decode()
    value = f'keyId="{keyid}",algorithm="{algorithm}",headers="{" ".join(covered)}",signature="{signature}"'
    return with_headers(whole, ("signature", value))


def prove(document: dict[str, Any], key: SigningKey, method: str, created: int, **changed: Any) -> bytes:
    """A document with a proof that is correctly made over whatever options it says."""
    options = {
        "@context": document["@context"],
        "type": integrity.PROOF_TYPE,
        "cryptosuite": integrity.CRYPTOSUITE,
        "verificationMethod": method,
        "proofPurpose": integrity.PURPOSE,
        "created": integrity.time_text(created),
        **changed,
    }
    given = integrity.signing_input(canonical.canonical(options), canonical.canonical(document))
    return canonical.encode({**document, "proof": {**options, "proofValue": multibase_encode(key.sign(given))}})


def tampered(raw: bytes, **changed: Any) -> bytes:
    """The proof's options changed after it was made; None takes one away."""
    document = canonical.read(raw).value
    proof = {name: value for name, value in {**document["proof"], **changed}.items() if value is not None}
    return canonical.encode({**document, "proof": proof})
