"""An independent implementation of RFC 9421 verifies what we sign, and we what it signs."""

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from cryptography.hazmat.primitives import serialization
from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    InvalidSignature,
    algorithms,
)

from protocol.errors import Reason
from protocol.http_signature import Request
from protocol.keys import SigningKey
from tests.protocol.samples import INBOX, METHOD, OTHER_KEY, request, with_headers
from tests.protocol.signed_requests import CREATED, KEYS, reason, signed


class Peer:
    """A request as http-message-signatures wants it."""

    def __init__(self, one: Request) -> None:
        self.method, self.url, self.headers = one.method, one.target, dict(one.headers)


class Resolver(HTTPSignatureKeyResolver):
    def __init__(self, key: SigningKey) -> None:
        self.key = key

    def resolve_public_key(self, key_id: str) -> Any:
        assert key_id == METHOD
        return serialization.load_pem_public_key(self.key.public.pem().encode())

    def resolve_private_key(self, key_id: str) -> Any:
        if self.key.kind == "rsa":
            return serialization.load_der_private_key(self.key.secret, None)
        return serialization.load_der_private_key(
            bytes.fromhex("302e020100300506032b657004220420") + self.key.secret, None
        )


class AnyTime(HTTPMessageVerifier):
    max_clock_skew: ClassVar[timedelta] = timedelta(days=40_000)  # it looks at the real clock; our tests do not


ALGORITHMS = {"ed25519": algorithms.ED25519, "rsa": algorithms.RSA_V1_5_SHA256}


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize(
    "target", [INBOX, "https://fortwayne.example/inbox?a=1&b=%20x", "https://fortwayne.example:8443/"]
)
def test_another_implementation_verifies_what_we_sign(kind: str, target: str) -> None:
    one = signed(request(b"body", target=target), KEYS[kind], extra=("commonweave-log",))
    verifier = AnyTime(signature_algorithm=ALGORITHMS[kind], key_resolver=Resolver(KEYS[kind]))
    (result,) = verifier.verify(Peer(one), max_age=None, body=b"body", require_components=("@method", "@target-uri"))
    assert result.parameters["nonce"] == "n-1"
    assert '"content-digest"' in result.covered_components
    with pytest.raises(InvalidSignature):
        verifier.verify(Peer(with_headers(one, [("content-type", "text/plain")])), max_age=None)


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("target", [INBOX, "https://fortwayne.example/inbox?Pet=a%20b&x="])
@pytest.mark.parametrize("include_alg", [True, False])
def test_we_verify_what_another_implementation_signs(kind: str, target: str, include_alg: bool) -> None:
    peer = Peer(request(b"body", target=target))
    signer = HTTPMessageSigner(signature_algorithm=ALGORITHMS[kind], key_resolver=Resolver(KEYS[kind]))
    covered = (
        "@method",
        "@target-uri",
        "@authority",
        "@path",
        "@query",
        "@scheme",
        "@request-target",
        "content-type",
        "date",
    )
    if "Pet" in target:
        covered += ('"@query-param";name="Pet"',)
    peer.headers["date"] = "Wed, 01 May 2024 10:00:00 GMT"
    signer.sign(
        peer,
        key_id=METHOD,
        created=datetime.fromtimestamp(CREATED, UTC),
        covered_component_ids=covered,
        include_alg=include_alg,
        body=b"body",
        nonce="another",
        tag="app",
    )
    one = Request(peer.method, peer.url, tuple((name.lower(), value) for name, value in peer.headers.items()), b"body")
    assert reason(one, KEYS[kind].public) is Reason.ACCEPTED
    assert reason(one, OTHER_KEY.public) is Reason.BAD_SIGNATURE
