"""Security cases A, the request: what an HTTP signature must cover, when, with what, and for whom (CWE-347)."""

import hashlib
import hmac
from collections.abc import Callable

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from protocol import limits
from protocol.http_message import Request
from protocol.http_signature import content_digest
from tests.federation.hostile import Character, post_to, serve
from tests.security import forging
from tests.security.kit import Scene

Fault = Callable[[Scene, Request], Request]
TWO_HOURS = 2 * limits.HOUR


def _seconds(scene: Scene, shift: int = 0) -> int:
    return (scene.now + shift) // 1000


def _parameters(scene: Scene, **changed: str) -> str:
    """`;created=…;expires=…;keyid=…`, each replaced or (by blank) left out."""
    given = {
        "created": str(_seconds(scene)),
        "expires": str(_seconds(scene) + 300),
        "keyid": f'"{scene.g1.key_id}"',
        **changed,
    }
    return "".join(f";{name}={value}" for name, value in given.items() if value)


def _native(scene: Scene, request: Request, covered: tuple[str, ...] = forging.COVERED, **changed: str) -> Request:
    return forging.native(request, scene.g1.key.sign, _parameters(scene, **changed), covered)


def _legacy(
    scene: Scene, request: Request, covered: tuple[str, ...] = forging.LEGACY, shift: int = 0, **more: str
) -> Request:
    return forging.legacy(request, scene.g1.rsa.sign, scene.g1.rsa_id, _seconds(scene, shift), covered, **more)


def _altered(request: Request) -> Request:
    return msgspec.structs.replace(request, body=(request.body or b"").replace(b"Method", b"Hethod", 1))


def _moved(scene: Scene, path: str, sign: Fault) -> Fault:
    """Signed for `path` of N, sent to the shared inbox."""

    def fault(_: Scene, request: Request) -> Request:
        return sign(scene, msgspec.structs.replace(request, target=scene.origin + path))

    return fault


def _for_partner(sign: Fault) -> Fault:
    """Signed for P, replayed to N."""

    def fault(scene: Scene, request: Request) -> Request:
        there = forging.with_headers(request, ("host", scene.partner.origin.partition("://")[2]))
        return sign(scene, msgspec.structs.replace(there, target=scene.partner.url("/inbox")))

    return fault


def _to_partner_forwarded(sign: Fault) -> Fault:
    made = _for_partner(sign)

    def fault(scene: Scene, request: Request) -> Request:
        host = scene.partner.origin.partition("://")[2]
        forged = (("x-forwarded-host", host), ("forwarded", f"host={host}"), ("x-forwarded-proto", "http"))
        return forging.with_headers(made(scene, request), *forged)

    return fault


def _hmac_of_public_key(scene: Scene, request: Request) -> Request:
    secret = scene.g1.key.public.material
    sign = lambda base: hmac.new(secret, base, hashlib.sha256).digest()  # noqa: E731
    return forging.native(request, sign, _parameters(scene, alg='"hmac-sha256"'))


def _no_algorithm(scene: Scene, request: Request) -> Request:
    return forging.native(request, lambda _: b"", _parameters(scene, alg='"none"'))


def _rsa_as_ed25519(scene: Scene, request: Request) -> Request:
    """The RSA key's own good signature, said to be Ed25519."""
    said = _parameters(scene, keyid=f'"{scene.g1.rsa_id}"', alg='"ed25519"')
    return forging.native(request, scene.g1.rsa.sign, said)


def _legacy_ed25519(scene: Scene, request: Request) -> Request:
    """draft-cavage with the Ed25519 key said to be rsa-sha256."""
    return forging.legacy(request, scene.g1.key.sign, scene.g1.key_id, _seconds(scene))


def _legacy_hmac(scene: Scene, request: Request) -> Request:
    sign = lambda base: hmac.new(scene.g1.rsa.public.material, base, hashlib.sha256).digest()  # noqa: E731
    return forging.legacy(request, sign, scene.g1.rsa_id, _seconds(scene), algorithm="hmac-sha256")


def _digest_of_another(scene: Scene, request: Request) -> Request:
    """Two digests, one right: every one that is known must be the body's."""
    both = f"{content_digest(request.body or b'')}, sha-512=:{'A' * 86}==:"
    return forging.native(
        forging.with_headers(request, ("content-digest", both)), scene.g1.key.sign, _parameters(scene), digest=False
    )


def _two_digests(scene: Scene, request: Request) -> Request:
    """The signature covers one line, the request has two."""
    signed = _native(scene, request)
    other = content_digest(_altered(request).body or b"")
    return msgspec.structs.replace(signed, headers=(*signed.headers, ("content-digest", other)))


FAULTS: dict[str, Fault] = {
    "unsigned": lambda _, request: request,
    "body altered, digest kept": lambda s, r: _altered(_native(s, r)),
    "body altered, digest kept, legacy": lambda s, r: _altered(_legacy(s, r)),
    "body altered, digest renewed": lambda s, r: forging.with_headers(
        _altered(_native(s, r)), ("content-digest", content_digest(_altered(r).body or b""))
    ),
    "digest not covered (GHSA-3f39-6537-3cgc)": lambda s, r: _native(s, r, ("@method", "@target-uri", "content-type")),
    "digest not covered, legacy (misskey#2545)": lambda s, r: _legacy(s, r, ("(request-target)", "host", "date")),
    "no digest header (neodb#1880)": lambda s, r: forging.without(_native(s, r), "content-digest"),
    "no digest header, legacy": lambda s, r: forging.legacy(
        r, s.g1.rsa.sign, s.g1.rsa_id, _seconds(s), ("(request-target)", "host", "date"), digest=False
    ),
    "only the date is covered": lambda s, r: _legacy(s, r, ("date",)),
    "nothing is covered": lambda s, r: _native(s, r, ()),
    "the method is not covered": lambda s, r: _native(s, r, ("@target-uri", "content-digest")),
    "the target is not covered": lambda s, r: _native(s, r, ("@method", "content-digest")),
    "only the path is covered": lambda s, r: _native(s, r, ("@method", "@path", "content-digest")),
    "the host is not covered, legacy": lambda s, r: _legacy(s, r, ("(request-target)", "date", "digest")),
    "for a practice's inbox": lambda s, r: _moved(s, "/practices/gun-violence/inbox", _native)(s, r),
    "for a practice's inbox, legacy": lambda s, r: _moved(s, "/practices/gun-violence/inbox", _legacy)(s, r),
    "for another node": _for_partner(_native),
    "for another node, legacy": _for_partner(_legacy),
    "for another node, X-Forwarded-Host": _to_partner_forwarded(_native),
    "for another node, X-Forwarded-Host, legacy": _to_partner_forwarded(_legacy),
    "two hours old": lambda s, r: _native(
        s, r, created=str(_seconds(s, -TWO_HOURS)), expires=str(_seconds(s, TWO_HOURS))
    ),
    "two hours old, legacy": lambda s, r: _legacy(s, r, shift=-TWO_HOURS),
    "two hours ahead": lambda s, r: _native(
        s, r, created=str(_seconds(s, TWO_HOURS)), expires=str(_seconds(s, 2 * TWO_HOURS))
    ),
    "two hours ahead, legacy": lambda s, r: _legacy(s, r, shift=TWO_HOURS),
    "expired": lambda s, r: _native(s, r, expires=str(_seconds(s) - 1)),
    "created is missing": lambda s, r: _native(s, r, created="", expires=""),
    "keyid is missing": lambda s, r: _native(s, r, keyid=""),
    "alg hmac-sha256 over the public key": _hmac_of_public_key,
    "alg none": _no_algorithm,
    "alg is another than the key's": _rsa_as_ed25519,
    "alg rsa-sha256 with an Ed25519 key, legacy": _legacy_ed25519,
    "alg hmac-sha256, legacy": _legacy_hmac,
    "keyId is no URL (discourse#327)": lambda s, r: _native(s, r, keyid=f'"acct:violence@{s.good.origin[7:]}"'),
    "keyId is no URL, legacy": lambda s, r: forging.legacy(r, s.g1.rsa.sign, "acct:violence@x.example", _seconds(s)),
    "keyId is relative": lambda s, r: _native(s, r, keyid='"#ed25519-1"'),
    "keyId has user information": lambda s, r: _native(s, r, keyid='"https://g@h.example/x#k"'),
    "keyId is a file": lambda s, r: _native(s, r, keyid='"file:///etc/passwd#k"'),
    "keyId is another's": lambda s, r: _native(s, r, keyid=f'"{s.p1.key_id}"'),
    "keyId is N's own": lambda s, r: _native(s, r, keyid=f'"{s.practice}#ed25519-1"'),
    "keyId is a key N never had": lambda s, r: _native(s, r, keyid=f'"{s.practice}#no"'),
    "one of two digests is wrong": _digest_of_another,
    "a covered header comes twice": _two_digests,
    "another query than was signed": lambda s, r: msgspec.structs.replace(
        _native(s, msgspec.structs.replace(r, target=f"{s.inbox}?x=1")), target=f"{s.inbox}?x=2"
    ),
    "a query that was not signed": lambda s, r: msgspec.structs.replace(_native(s, r), target=f"{s.inbox}?x=2"),
    "another query than was signed, legacy": lambda s, r: msgspec.structs.replace(
        _legacy(s, msgspec.structs.replace(r, target=f"{s.inbox}?x=1")), target=f"{s.inbox}?x=2"
    ),
    "Signature-Input does not parse": lambda s, r: forging.with_headers(_native(s, r), ("signature-input", "sig1=((")),
    "Signature has another label": lambda s, r: forging.with_headers(_native(s, r), ("signature", "sig2=:AAAA:")),
    "Signature is not ASCII": lambda s, r: forging.with_headers(_native(s, r), ("signature", "sig1=:\u00e4\u00f6:")),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_request_with_a_fault_has_no_effect(scene: Scene, fault: str) -> None:
    made = scene.item(scene.g1)
    body = scene.signed(scene.g1, scene.create(scene.g1, made))
    request = FAULTS[fault](scene, post_to(scene.inbox, body))
    # what was signed for another path or node is sent to the shared inbox all the same
    path = "/inbox" + (f"?{request.target.partition('?')[2]}" if "?" in request.target else "")
    async with scene.unchanged():
        got = await scene.send(request, path)
        assert got.status == 401, (got, got.body)
        assert got.headers["Accept-Signature"].startswith("sig1=(")
        assert got.reason
    assert (await scene.push(scene.g1, body)).status == 202
    assert await scene.holds(made["id"])


def _tagged(scene: Scene, request: Request) -> Request:
    """Parameters in an unusual order, with ones we do not read (apsig 0.6.0 rebuilds a fixed order)."""
    now = _seconds(scene)
    said = f';expires={now + 60};nonce="x";tag="t";alg="ed25519";keyid="{scene.g1.key_id}";created={now}'
    return forging.native(request, scene.g1.key.sign, said)


GOOD: dict[str, Fault] = {
    "native": _native,
    "legacy": _legacy,
    "native, parameters in another order": _tagged,
    "native, RSA": lambda s, r: forging.native(r, s.g1.rsa.sign, _parameters(s, keyid=f'"{s.g1.rsa_id}"')),
    "legacy, hs2019": lambda s, r: _legacy(s, r, algorithm="hs2019"),
    "legacy, 59 minutes old": lambda s, r: _legacy(s, r, shift=-59 * limits.MINUTE),
    "native, four minutes old": lambda s, r: _native(s, r, created=str(_seconds(s, -4 * limits.MINUTE))),
    "query, native": lambda s, r: _native(s, msgspec.structs.replace(r, target=f"{s.inbox}?x=1")),
    "query, legacy": lambda s, r: _legacy(s, msgspec.structs.replace(r, target=f"{s.inbox}?x=1")),
    "query not signed, legacy": lambda s, r: _legacy(
        s, msgspec.structs.replace(r, target=f"{s.inbox}?x=1"), target="/inbox"
    ),
    "Host and X-Forwarded-Host of another": lambda s, r: forging.with_headers(
        _native(s, r), ("host", "other.example"), ("x-forwarded-host", "other.example")
    ),
    "a practice's inbox": lambda s, r: _native(s, msgspec.structs.replace(r, target=f"{s.practice}/inbox")),
}


@pytest.mark.parametrize("form", GOOD)
async def test_a_good_request_is_taken_and_its_replay_has_no_second_effect(scene: Scene, form: str) -> None:
    made = scene.item(scene.g1)
    body = scene.signed(scene.g1, scene.create(scene.g1, made))
    request = GOOD[form](scene, post_to(scene.inbox, body))
    got = await scene.send(request)
    assert got.status == 202, (got, got.body)
    assert await scene.holds(made["id"])
    async with scene.unchanged():
        assert (await scene.send(request)).status == 202


async def test_a_follow_that_comes_twice_counts_once(scene: Scene) -> None:
    follow = scene.signed(scene.g1, scene.said(scene.g1, "Follow", scene.practice))
    request = scene.request(scene.g1, follow)
    count = "SELECT (SELECT COUNT(*) FROM follower), (SELECT COUNT(*) FROM activity WHERE type = 'Accept')"
    [(followers, accepts)] = await scene.rows(count)
    assert (await scene.send(request)).status == 202
    assert await scene.rows(count) == [(followers + 1, accepts + 1)]
    assert (await scene.send(request)).status == 202
    assert await scene.rows(count) == [(followers + 1, accepts + 1)]


@pytest.mark.parametrize("bits", [1_024, 16_384])
async def test_an_rsa_key_of_an_odd_size_is_refused(scene: Scene, bits: int) -> None:
    """The document comes with the key alone; a check with 16384 bits would cost more than the whole request."""
    who = Character(scene.evil, f"/users/rsa-{bits}")
    pem = _rsa_public(bits)
    document = who.document(scene.now)
    for name in ("assertionMethod", "cw:keys"):
        del document[name]
    document["publicKey"] = {"id": who.rsa_id, "owner": who.id, "publicKeyPem": pem}
    scene.evil.on(f"/users/rsa-{bits}", serve(document))
    body = msgspec.json.encode(scene.said(who, "Follow", scene.practice))
    request = forging.legacy(post_to(scene.inbox, body), who.rsa.sign, who.rsa_id, _seconds(scene))
    async with scene.unchanged():
        assert (await scene.send(request)).status == 401
    assert scene.evil.paths.count(f"GET /users/rsa-{bits}") == 1
    good = Character(scene.evil, "/users/good")
    good.publish(scene.now)
    follow = scene.signed(good, scene.said(good, "Follow", scene.practice))
    assert (await scene.send(good.legacy(post_to(scene.inbox, follow), scene.now))).status == 202


def _rsa_public(bits: int) -> str:
    """A public key of that size; nobody needs its factors."""
    modulus = (1 << (bits - 1)) + int.from_bytes(hashlib.shake_256(b"odd").digest(bits // 8 - 1), "big") | 1
    return (
        RSAPublicNumbers(65_537, modulus)
        .public_key()
        .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )
