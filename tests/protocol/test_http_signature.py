"""HTTP signatures, RFC 9421 and RFC 9530: what we send, and what is not enough although it is rightly signed."""

import base64
import hmac
from typing import Any

import http_sf
import pytest

from protocol import http_signature, limits
from protocol.errors import LocalProtocolError, Reason, RemoteProtocolError
from protocol.http_signature import Request
from tests.protocol.samples import INBOX, KEY, METHOD, NOW, request, with_headers
from tests.protocol.signed_requests import (
    BODY,
    CREATED,
    KEYS,
    PARAMETERS,
    RSA,
    USUAL,
    digest_of,
    reason,
    signed,
    signed_as,
)

# What we send


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("body", [None, b"", b"{}", b"a" * 5_000])
def test_what_we_sign_is_accepted(kind: str, body: bytes | None) -> None:
    one = signed(request(body), KEYS[kind], extra=("commonweave-log",))
    found = http_signature.read_any(one, NOW)
    http_signature.check(found, KEYS[kind].public)
    digest = () if body is None else ("content-digest",)
    assert found.covered == ("@method", "@target-uri", "content-type", *digest, "commonweave-log")
    assert (found.keyid, found.created, found.expires, found.nonce) == (METHOD, CREATED, CREATED + 300, "n-1")
    assert found.form == "native"


def test_the_headers_are_the_protocols() -> None:
    headers = dict(http_signature.sign(request(), KEY, METHOD, CREATED, "n-1"))
    assert list(headers) == ["Content-Digest", "Signature-Input", "Signature"]
    assert headers["Content-Digest"] == http_signature.content_digest(BODY)
    assert headers["Signature-Input"] == (
        'sig1=("@method" "@target-uri" "content-type" "content-digest")'
        f';created={CREATED};expires={CREATED + 300};keyid="{METHOD}";alg="ed25519";nonce="n-1"'
    )


@pytest.mark.parametrize(
    ("keyid", "nonce", "extra", "headers"),
    [
        *(('a"b', "n", (), ()), ("é", "n", (), ()), ("", "n", (), ()), (METHOD, 'n"', (), ()), (METHOD, "a\n", (), ())),
        *((METHOD, "n", ("absent",), ()), (METHOD, "n", ("content-type",), ())),
        (METHOD, "n", (), (("content-digest", "x"),)),
        (METHOD, "n", ("x",), (("x", "a\nb"),)),
        (METHOD, "n", ("x",), (("x", "é"),)),
    ],
)
def test_what_cannot_be_signed(keyid: str, nonce: str, extra: tuple[str, ...], headers: tuple[tuple[str, str]]) -> None:
    with pytest.raises(LocalProtocolError):
        http_signature.sign(with_headers(request(), list(headers)), KEY, keyid, CREATED, nonce, extra)


def test_accept_signature_is_a_dictionary_of_components() -> None:
    for body in (True, False):
        members: Any = http_sf.parse(http_signature.accept_signature(body).encode(), tltype="dictionary")
        items, parameters = members["sig1"]
        assert [name for name, _ in items] == ["@method", "@target-uri"] + ["content-digest"] * body
        assert parameters == {"created": True, "expires": True}


# What must be covered, and the window


@pytest.mark.parametrize(
    ("covered", "parameters"),
    [
        ('"date"', PARAMETERS),
        ("", PARAMETERS),
        ('"@method" "@target-uri"', PARAMETERS),  # a body without its digest
        ('"@method" "@target-uri" "content-type"', PARAMETERS),
        ('"@method" "content-digest"', PARAMETERS),
        ('"@target-uri" "content-digest"', PARAMETERS),
        ('"@method" "@path" "@authority" "content-digest"', PARAMETERS),
        ('"@method" "@target-uri" "content-digest";key="sha-256"', PARAMETERS),
        ('"@method" "@target-uri" "content-digest";bs', PARAMETERS),
        (USUAL, f';keyid="{METHOD}"'),
        (USUAL, f";created={CREATED}"),
        (USUAL, f';created={CREATED};keyid=""'),
        (USUAL, f";created={CREATED};keyid=token"),
        (USUAL, f';created="{CREATED}";keyid="{METHOD}"'),
        (USUAL, f';created={CREATED}.0;keyid="{METHOD}"'),
        (USUAL, f';created=?1;keyid="{METHOD}"'),
        (USUAL, f';created=-{CREATED};keyid="{METHOD}"'),
        (USUAL, f'{PARAMETERS};alg="none"'),
        (USUAL, f'{PARAMETERS};alg=""'),
        (USUAL, f'{PARAMETERS};alg="rsa-v1_5-sha256"'),
        (USUAL, f'{PARAMETERS};alg="rsa-pss-sha512"'),
        (USUAL, f'{PARAMETERS};alg="hmac-sha256"'),
        (USUAL, f'{PARAMETERS};alg="Ed25519"'),
        (USUAL, f"{PARAMETERS};alg=ed25519"),
        (USUAL, f"{PARAMETERS};alg"),
    ],
)
def test_rightly_signed_but_not_enough(covered: str, parameters: str) -> None:
    one = with_headers(request(), [("date", "Wed, 01 May 2024 10:00:00 GMT")])
    assert reason(signed_as(covered, parameters, one)) is Reason.BAD_SIGNATURE


@pytest.mark.parametrize(
    "parameters",
    [
        f';expires={CREATED + 60};nonce="n";tag="app";alg="ed25519";keyid="{METHOD}";created={CREATED}',
        f';alg="ed25519";keyid="{METHOD}";created={CREATED}',
        f';keyid="{METHOD}";created={CREATED};unknown=?0;other=(1)'.replace(";other=(1)", ";other=:YQ==:"),
        f';keyid="{METHOD}";created={CREATED};x=1.50;y=token/a;z;w=?1',
        f';keyid="{METHOD}"; created={CREATED}',
    ],
)
def test_parameters_in_any_order_rightly_signed_are_accepted(parameters: str) -> None:
    assert reason(signed_as(USUAL, parameters)) is Reason.ACCEPTED
    assert reason(signed_as('"content-digest"  "@target-uri" "@method" ', parameters)) is Reason.ACCEPTED


def test_parameters_reordered_after_signing_are_refused() -> None:
    one = signed()
    header = dict(one.headers)["signature-input"]
    swapped = header.replace(';alg="ed25519";nonce="n-1"', ';nonce="n-1";alg="ed25519"')
    assert swapped != header
    assert reason(with_headers(one, [("signature-input", swapped)])) is Reason.BAD_SIGNATURE


def test_hmac_over_the_public_key_is_refused() -> None:
    for public in (KEY.public, RSA.public):
        for secret in (public.material, public.pem().encode()):
            one = signed_as(USUAL, f'{PARAMETERS};alg="hmac-sha256"')
            base = http_signature.read(one, NOW).base
            forged = base64.b64encode(hmac.digest(secret, base, "sha256")).decode()
            assert reason(with_headers(one, [("signature", f"sig1=:{forged}:")]), public) is Reason.BAD_SIGNATURE


@pytest.mark.parametrize(
    ("late", "wanted"),
    [
        *((0, Reason.ACCEPTED), (-300_000, Reason.ACCEPTED), (299_999, Reason.ACCEPTED)),
        *((-300_001, Reason.SIGNATURE_EXPIRED), (300_000, Reason.SIGNATURE_EXPIRED)),
        *((7_200_000, Reason.SIGNATURE_EXPIRED), (-7_200_000, Reason.SIGNATURE_EXPIRED)),
    ],
)
def test_the_window(late: int, wanted: Reason) -> None:
    assert reason(signed(), now=NOW + late) is wanted


@pytest.mark.parametrize(
    ("expires", "wanted"), [(-1, Reason.SIGNATURE_EXPIRED), (0, Reason.SIGNATURE_EXPIRED), (1, Reason.ACCEPTED)]
)
def test_expires(expires: int, wanted: Reason) -> None:
    assert reason(signed_as(USUAL, f"{PARAMETERS};expires={CREATED + expires}")) is wanted
    long = signed_as(USUAL, f"{PARAMETERS};expires={CREATED + 10**6}")
    assert reason(long, now=NOW + 300_001) is Reason.SIGNATURE_EXPIRED


def test_a_signature_for_another_target_is_refused() -> None:
    one = signed(request(target="https://fortwayne.example/users/x/inbox"))
    for target in (INBOX, "https://inkster.example/users/x/inbox", "https://fortwayne.example/users/x/inbox?x=1"):
        assert reason(Request(one.method, target, one.headers, one.body)) is Reason.BAD_SIGNATURE


@pytest.mark.parametrize(
    ("digest", "wanted"),
    [
        (digest_of("sha-256", b"other"), Reason.BAD_SIGNATURE),
        (digest_of("sha-512", BODY), Reason.ACCEPTED),
        (digest_of("sha-512", b"x") + ", " + http_signature.content_digest(BODY),
         Reason.BAD_SIGNATURE),
        (f"md5=:AAAA:, {http_signature.content_digest(BODY)};x=1", Reason.ACCEPTED),
        ("md5=:AAAA:", Reason.BAD_SIGNATURE),
        ("", Reason.BAD_SIGNATURE),
        ("sha-256", Reason.BAD_SIGNATURE),
        ("sha-256=()", Reason.BAD_SIGNATURE),
        ("sha-256=::", Reason.BAD_SIGNATURE),
        ("SHA-256=:AAAA:", Reason.BAD_SIGNATURE),
    ],
)  # fmt: skip
def test_content_digests(digest: str, wanted: Reason) -> None:
    one = with_headers(request(), [("content-digest", digest)])
    base = http_signature.signature_base(one, [(n, {}) for n in ("@method", "@target-uri", "content-digest")],
                                         text := f'("@method" "@target-uri" "content-digest"){PARAMETERS}')  # fmt: skip
    value = base64.b64encode(KEY.sign(base)).decode()
    assert reason(with_headers(one, [("signature-input", f"a={text}"), ("signature", f"a=:{value}:")])) is wanted


def test_a_body_without_digest_header_or_without_its_cover_is_refused() -> None:
    bare = signed(request(None))
    assert reason(bare) is Reason.ACCEPTED
    with_body = Request(bare.method, bare.target, bare.headers, b"{}")
    assert reason(with_body) is Reason.BAD_SIGNATURE
    digest = [("content-digest", http_signature.content_digest(b"{}"))]
    assert reason(with_headers(with_body, digest)) is Reason.BAD_SIGNATURE
    without = Request(signed().method, INBOX, tuple(p for p in signed().headers if p[0] != "content-digest"), BODY)
    assert reason(without) is Reason.BAD_SIGNATURE


@pytest.mark.parametrize("drop", [{"signature"}, {"signature-input"}, {"signature", "signature-input"}])
def test_unsigned(drop: set[str]) -> None:
    one = signed()
    bare = Request(one.method, one.target, tuple(pair for pair in one.headers if pair[0] not in drop), one.body)
    with pytest.raises(RemoteProtocolError) as caught:
        http_signature.read(bare, NOW)
    assert caught.value.reason is Reason.UNSIGNED


def test_read_any_takes_the_form_that_is_there() -> None:
    assert http_signature.read_any(signed(), NOW).form == "native"
    with pytest.raises(RemoteProtocolError) as caught:
        http_signature.read_any(request(), NOW)
    assert caught.value.reason is Reason.UNSIGNED


def test_several_signatures() -> None:
    def headers(one: Request) -> tuple[str, str]:
        found = dict(one.headers)
        return found["signature-input"], found["signature"]

    good, little = signed_as(USUAL, PARAMETERS), signed_as('"@method"', PARAMETERS, label="proxy")
    many = [f"l{number}" for number in range(limits.SIGNATURES_A_REQUEST + 1)]
    inputs, signatures = zip(headers(little), headers(good), strict=True)
    both = [("signature-input", ", ".join(inputs)), ("signature", ", ".join(signatures))]
    assert reason(with_headers(good, both)) is Reason.ACCEPTED
    # in two header lines each
    lines = Request(good.method, good.target, (*with_headers(good, [("signature-input", inputs[0])]).headers,
                    ("signature-input", inputs[1])), good.body)  # fmt: skip
    assert reason(lines) is Reason.ACCEPTED
    crowd = [("signature-input", ", ".join(f"{label}=()" for label in many)), ("signature", "l0=:YQ==:")]
    assert reason(with_headers(good, crowd)) is Reason.BAD_SIGNATURE
    twice = [("signature-input", f"{inputs[1]}, {inputs[1]}")]
    assert reason(with_headers(good, twice)) is Reason.BAD_SIGNATURE


def test_no_header_poses_as_a_derived_component() -> None:
    one = with_headers(request(), [("@query", "?a=1"), ("@method", "GET")])
    assert reason(signed(one)) is Reason.ACCEPTED
    usual = f';created={CREATED};expires={CREATED + 300};keyid="{METHOD}";alg="ed25519";nonce="n"'
    found = http_signature.read(signed_as(USUAL + ' "@query"', usual, one), NOW)
    assert b'"@query": ?\n' in found.base
    assert b'"@method": POST\n' in found.base
