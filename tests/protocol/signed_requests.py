"""Requests signed rightly, by our own signer or over any components, and what the reader says of one."""

import base64
from hashlib import new as new_hash
from typing import Any

import http_sf

from protocol import http_signature
from protocol.errors import Reason, RemoteProtocolError
from protocol.http_signature import Request
from protocol.keys import PublicKey, SigningKey
from tests.protocol.samples import KEY, METHOD, NOW, request, vector, with_headers

BODY = b'{"a":1}'
CREATED = NOW // 1_000
RSA = SigningKey.from_pem(vector("rfc9421.json")["keys"]["test-key-rsa"]["private_pem"])
KEYS = {"ed25519": KEY, "rsa": RSA}


def signed(unsigned: Request | None = None, key: SigningKey = KEY, **more: Any) -> Request:
    one = request() if unsigned is None else unsigned
    options = {"created_s": CREATED, "nonce": "n-1", **more}
    return with_headers(one, http_signature.sign(one, key, METHOD, **options))


def reason(one: Request, key: PublicKey = KEY.public, now: int = NOW) -> Reason:
    try:
        http_signature.check(http_signature.read(one, now), key)
    except RemoteProtocolError as error:
        return error.reason
    return Reason.ACCEPTED


def digest_of(algorithm: str, body: bytes) -> str:
    return f"{algorithm}=:{base64.b64encode(new_hash(algorithm.replace('-', ''), body).digest()).decode()}:"


def components(text: str) -> list[tuple[str, Any]]:
    """The identifiers of an inner list, parsed."""
    members: Any = http_sf.parse(f"x={text}".encode(), tltype="dictionary")
    return members["x"][0]


def signed_as(
    covered: str, parameters: str, one: Request | None = None, key: SigningKey = KEY, label: str = "sig1"
) -> Request:
    """A request rightly signed over any components and parameters, with its right Content-Digest."""
    bare = request() if one is None else one
    added = [] if bare.body is None else [("content-digest", http_signature.content_digest(bare.body))]
    whole = with_headers(bare, added)
    text = f"({covered}){parameters}"
    base = http_signature.signature_base(whole, components(f"({covered})"), text)
    value = base64.b64encode(key.sign(base)).decode()
    return with_headers(whole, [("signature-input", f"{label}={text}"), ("signature", f"{label}=:{value}:")])


USUAL = '"@method" "@target-uri" "content-type" "content-digest"'
PARAMETERS = f';created={CREATED};keyid="{METHOD}"'
