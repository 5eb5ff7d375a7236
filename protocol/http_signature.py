"""HTTP Message Signatures (RFC 9421) with Content-Digest (RFC 9530), over the parts of a request.

Owns which signatures count: what must be covered, the time window, the agreement of algorithm and key. It never
fetches a key and never says who may do what; `read` gives the key id, `check` needs the key. What replays within
the window do is decided elsewhere (an activity has one effect).

Our own usual form is read by one pattern; everything else goes through http-sf. Both must agree.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256, sha512
from typing import Any, TypeVar, cast

import http_sf

from protocol import legacy_signature, limits
from protocol.errors import LocalProtocolError, Reason, RemoteProtocolError
from protocol.http_message import (
    Component,
    Request,
    Signature,
    bad,
    component_text,
    field_value,
    signature_base,
    structured,
)
from protocol.keys import PublicKey, SigningKey

__all__ = ["Request", "Signature", "accept_signature", "check", "read", "read_any", "sign", "signature_base"]

LABEL = "sig1"
ALGORITHM = {"ed25519": "ed25519", "rsa": "rsa-v1_5-sha256"}  # RFC 9421 section 3.3, by the kind of key
REQUIRED = ("@method", "@target-uri")
WINDOW = limits.SIGNATURE_WINDOW // limits.SECOND

_INTEGER = r"(0|[1-9][0-9]{0,14})"
_STRING = r'"([ !#-\[\]-~]*)"'  # an RFC 9651 string without escapes
_USUAL_INPUT = re.compile(
    r'([a-z][a-z0-9]{0,15})=(\(("[@a-z][a-z0-9-]*"(?: "[@a-z][a-z0-9-]*")*)\)'
    rf";created={_INTEGER};expires={_INTEGER};keyid={_STRING};alg={_STRING};nonce={_STRING})"
)
_PLAIN = re.compile(r"[ !#-\[\]-~]+")
_USUAL_SIGNATURE = re.compile(r"([a-z][a-z0-9]{0,15})=:([A-Za-z0-9+/]+={0,2}):")
_NO_PARAMETERS: dict[str, Any] = {}

T = TypeVar("T")

_DIGESTS = {"sha-256": sha256, "sha-512": sha512}  # RFC 9530 section 5: the others are insecure


def accept_signature(body: bool = True) -> str:
    """The Accept-Signature of a 401 (RFC 9421 section 5.1): what we ask a client to cover, with or without a body."""
    covered = [*REQUIRED, "content-digest"] if body else REQUIRED
    names = " ".join(f'"{name}"' for name in covered)
    return f"{LABEL}=({names});created;expires"


def content_digest(body: bytes) -> str:
    """The Content-Digest of a body (RFC 9530 section 2)."""
    return f"sha-256=:{base64.b64encode(sha256(body).digest()).decode('ascii')}:"


# One body goes to many inboxes, signed anew for each.
_sent_digest = lru_cache(maxsize=8)(content_digest)


def read_any(request: Request, now_ms: int) -> Signature:
    """The request's signature in the form it has; the errors of the two readers."""
    for name, _ in request.headers:
        if name == "signature-input":
            return read(request, now_ms)
    return legacy_signature.read(request, now_ms)


def read(request: Request, now_ms: int) -> Signature:
    """The first signature that covers what it must and is within its window, its body's digest checked.

    UNSIGNED, BAD_SIGNATURE or SIGNATURE_EXPIRED, and nothing else whatever the headers. Not yet checked: the key.
    """
    found = _read_usual(request)
    if found is not None:
        _check_request(request, found, now_ms)
        return found
    inputs, signatures = field_value(request, "signature-input"), field_value(request, "signature")
    if inputs is None or signatures is None:
        raise RemoteProtocolError(Reason.UNSIGNED)
    if len(inputs) + len(signatures) > limits.SIGNATURE_HEADER_BYTES:
        raise bad("The signature headers are too long.")
    return _read_general(request, inputs, signatures, now_ms)


def _read_usual(request: Request) -> Signature | None:
    """The form that `sign` writes, every header once and plain; or None: then the general reader judges."""
    fields = dict(request.headers)
    inputs, signatures = fields.get("signature-input", ""), fields.get("signature", "")
    if len(fields) != len(request.headers) or len(inputs) + len(signatures) > limits.SIGNATURE_HEADER_BYTES:
        return None
    one, two = _USUAL_INPUT.fullmatch(inputs), _USUAL_SIGNATURE.fullmatch(signatures)
    if one is None or two is None or one[1] != two[1]:
        return None
    _label, received, names, created, expires, keyid, alg, nonce = cast("tuple[str, ...]", one.groups())
    covered = _covered(names)
    base = _usual_base(request, fields, covered, received)
    if not covered or base is None:
        return None
    try:
        signature = base64.b64decode(two[2], validate=True)
    except binascii.Error:
        return None
    return Signature(keyid, alg, int(created), int(expires), covered, (base,), signature, "native", nonce)


def _usual_base(request: Request, fields: dict[str, str], covered: Sequence[str], parameters: str) -> bytes | None:
    """The base (section 2.5) of plain components, where each is one plain line; None: the general way judges.

    `fields`: the request's headers, each of which stands once.
    """
    lines: list[str] = []
    for name in covered:
        value = request.method if name == "@method" else request.target if name == "@target-uri" else fields.get(name)
        # Absent, or not of one line, or padded or folded.
        if value is None or not value.isprintable() or value != value.strip():
            return None
        lines.append(f'"{name}": {value}\n')
    base = f'{"".join(lines)}"@signature-params": {parameters}'
    return base.encode("ascii") if base.isascii() and request.status is None else None


@lru_cache(maxsize=256)  # software covers the same components each time
def _covered(names: str) -> tuple[str, ...]:
    """The plain component names of an inner list; none where the general reader must judge: a name that stands twice,
    or a derived component that is seldom covered."""
    covered = tuple(names[1:-1].split('" "'))
    plain = all(name[0] != "@" or name in REQUIRED for name in covered)
    return covered if plain and len(set(covered)) == len(covered) else ()


def _read_general(request: Request, inputs: str, signatures: str, now_ms: int) -> Signature:
    members: dict[str, Any] = structured(inputs, "dictionary")
    values: dict[str, Any] = structured(signatures, "dictionary")
    if len(members) > limits.SIGNATURES_A_REQUEST:
        raise bad("The request has too many signatures.")
    first: RemoteProtocolError | None = None
    for label in members:
        # A proxy may have added its own: one that is good suffices.
        try:
            # The base's last line exactly as received, where that can be told: with one signature in the header.
            received = inputs.partition("=")[2] if len(members) == 1 else None
            found = _member(request, members[label], values.get(label), received)
            _check_request(request, found, now_ms)
        except RemoteProtocolError as error:
            first = first or error
        else:
            return found
    raise first or RemoteProtocolError(Reason.UNSIGNED)


def _member(request: Request, member: Any, value: Any, received: str | None) -> Signature:
    """One signature of the two dictionaries, as http-sf parses them."""
    if not isinstance(member, tuple) or not isinstance(member[0], list):
        raise bad("Signature-Input is not a list of components.")
    items, parameters = cast("tuple[list[tuple[Any, dict[str, Any]]], dict[str, Any]]", member)
    signature = cast("tuple[Any, Any]", value)[0] if isinstance(value, tuple) else None
    if not isinstance(signature, bytes):
        raise bad("There is no signature of that label.")
    components: list[Component] = []
    for name, options in items:
        if type(name) is not str:
            raise bad("A component identifier is not a string.")
        components.append((name, options))
    # Serialised as parsed, so in the sender's order (section 2.3); what was received may differ in spaces.
    texts = dict.fromkeys(
        [_serialise(items, parameters)] if received is None else [received, _serialise(items, parameters)]
    )
    bases = tuple(signature_base(request, components, text) for text in texts)
    return Signature(
        keyid=_parameter(parameters, "keyid", str) or "",
        alg=_parameter(parameters, "alg", str),
        created=_parameter(parameters, "created", int) or 0,
        expires=_parameter(parameters, "expires", int),
        # An identifier with parameters is another component: it never stands for the plain one.
        covered=tuple(name if not options else component_text((name, options)) for name, options in components),
        bases=bases,
        signature=signature,
        form="native",
        nonce=_parameter(parameters, "nonce", str),
    )


def _serialise(items: Sequence[tuple[Any, dict[str, Any]]], parameters: dict[str, Any]) -> str:
    """The value of `@signature-params` for parsed components and parameters, in their order."""
    try:
        return http_sf.ser({"x": (list(items), parameters)}).removeprefix("x=")
    except (ValueError, TypeError, ArithmeticError):
        raise bad("Signature-Input cannot be serialised.") from None


def _parameter(parameters: dict[str, Any], name: str, kind: type[T]) -> T | None:
    value = parameters.get(name)
    if value is not None and type(value) is not kind:
        raise bad(f"The signature's {name} is not of its type.")
    return value


def _check_request(request: Request, found: Signature, now_ms: int) -> None:
    """Coverage, window and the body's digest."""
    if not 0 < len(found.keyid) <= limits.ID_CHARACTERS:
        raise bad("The signature names no key.")
    for name in REQUIRED:
        if name not in found.covered:
            raise bad(f"The signature does not cover {name}.")
    if request.body and "content-digest" not in found.covered:
        raise bad("The signature does not cover content-digest.")
    if found.created <= 0:
        raise bad("The signature does not say when it was created.")
    if abs(now_ms - found.created * limits.SECOND) > limits.SIGNATURE_WINDOW:
        raise RemoteProtocolError(Reason.SIGNATURE_EXPIRED)
    if found.expires is not None and found.expires * limits.SECOND <= now_ms:
        raise RemoteProtocolError(Reason.SIGNATURE_EXPIRED)
    if "content-digest" in found.covered:
        _check_digest(field_value(request, "content-digest") or "", request.body or b"")


def _check_digest(value: str, body: bytes) -> None:
    """Every digest of a known algorithm must be the body's, and there must be one."""
    if value == content_digest(body):
        return
    known = 0
    for name, member in structured(value, "dictionary").items():
        algorithm = _DIGESTS.get(name)
        if algorithm is None:
            continue
        known += 1
        if not isinstance(member, tuple) or cast("tuple[Any, Any]", member)[0] != algorithm(body).digest():
            raise bad("The body is not the one of its Content-Digest.")
    if not known:
        raise bad("Content-Digest has no algorithm that is accepted.")


def check(signature: Signature, key: PublicKey) -> None:
    """BAD_SIGNATURE unless the key made the signature, with the algorithm that it says, if it says one."""
    if signature.form == "legacy":
        legacy_signature.check(signature, key)
        return
    # The key decides, never the message: `alg` may only agree (no hmac over a public key, no `none`).
    if signature.alg is not None and signature.alg != ALGORITHM[key.kind]:
        raise bad("The signature's algorithm is not that of its key.")
    if not any(key.verify(signature.signature, base) for base in signature.bases):
        raise bad("The signature does not verify.")


def sign(
    request: Request, key: SigningKey, keyid: str, created_s: int, nonce: str, extra: tuple[str, ...] = ()
) -> list[tuple[str, str]]:
    """The headers to add: Content-Digest (with a body), Signature-Input, Signature.

    Covers the method, the target, the digest, content-type if there is one, and the headers named in `extra`, which
    must be there (LocalProtocolError). Valid for five minutes from `created_s` (Unix seconds).
    """
    added: list[tuple[str, str]] = []
    covered: list[str] = list(REQUIRED)
    fields = dict(request.headers)
    if "content-type" in fields:
        covered.append("content-type")
    if (
        "content-digest" in fields
        or not fields.keys() >= set(extra)
        or len({*covered, *extra}) < len(covered) + len(extra)
    ):
        raise LocalProtocolError(Reason.BAD_SIGNATURE, "The headers to sign are missing, or there already.")
    if request.body is not None:
        digest = fields["content-digest"] = _sent_digest(request.body)
        added.append(("Content-Digest", digest))
        covered.append("content-digest")
    covered.extend(extra)
    if not _PLAIN.fullmatch(keyid) or not _PLAIN.fullmatch(nonce):
        raise LocalProtocolError(Reason.BAD_SIGNATURE, "A key id or nonce is not plain ASCII.")
    names = '" "'.join(covered)
    parameters = (
        f'("{names}");created={created_s};expires={created_s + WINDOW}'
        f';keyid="{keyid}";alg="{ALGORITHM[key.kind]}";nonce="{nonce}"'
    )
    base = None
    if len(fields) == len(request.headers) + len(added):
        base = _usual_base(request, fields, covered, parameters)
    if base is None:
        base = _general_base(request, added, covered, parameters)
    value = base64.b64encode(key.sign(base)).decode("ascii")
    return [*added, ("Signature-Input", f"{LABEL}={parameters}"), ("Signature", f"{LABEL}=:{value}:")]


def _general_base(request: Request, added: list[tuple[str, str]], covered: list[str], parameters: str) -> bytes:
    """The base of a request that is to be sent with `added` headers; LocalProtocolError if it can have none."""
    headers = (*request.headers, *((name.lower(), value) for name, value in added))
    whole = Request(request.method, request.target, headers, request.body)
    try:
        return signature_base(whole, [(name, _NO_PARAMETERS) for name in covered], parameters)
    except RemoteProtocolError as error:
        raise LocalProtocolError(error.reason, error.detail) from None
