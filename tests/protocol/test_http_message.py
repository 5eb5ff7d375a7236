"""Signature bases: the cases of RFC 9421 byte for byte, and the value of every component."""

import base64
import hmac
from hashlib import sha512
from typing import Any

import http_sf
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from protocol import http_signature
from protocol.errors import Reason, RemoteProtocolError
from protocol.http_signature import Request, Signature
from protocol.keys import PublicKey, SigningKey
from tests.protocol.samples import vector, with_headers
from tests.protocol.signed_requests import components, reason

# The standard's cases (Appendix B)

RFC = vector("rfc9421.json")


def message(name: str) -> Request:
    head, _, body = RFC["messages"][name].replace("\r\n", "\n").partition("\n\n")
    first, *lines = head.split("\n")
    headers = [tuple(line.split(": ", 1)) for line in lines]
    headers = [(name.lower(), value) for name, value in headers]
    if name == "response":
        digest = base64.b64encode(sha512(body.encode()).digest()).decode()
        headers = [(n, f"sha-512=:{digest}:" if n == "content-digest" else v) for n, v in headers]
        return Request("", "", tuple(headers), body.encode(), int(first.split(" ")[1]))
    method, target, _ = first.split(" ")
    return Request(method, "https://example.com" + target, tuple(headers), body.encode())


def parse_case(case: dict[str, Any]) -> tuple[list[tuple[str, Any]], str, bytes]:
    label = case["label"]
    parameters = case["signature_input"].removeprefix(f"{label}=")
    values: Any = http_sf.parse(case["signature"].encode(), tltype="dictionary")
    return components(parameters), parameters, values[label][0]


@pytest.mark.parametrize("case", RFC["cases"], ids=lambda case: case["name"])
def test_rfc_9421_signature_bases(case: dict[str, Any]) -> None:
    items, parameters, _ = parse_case(case)
    assert http_signature.signature_base(message(case["message"]), items, parameters).decode() == case["signature_base"]


@pytest.mark.parametrize("case", RFC["cases"], ids=lambda case: case["name"])
def test_rfc_9421_signatures_are_of_our_bases(case: dict[str, Any]) -> None:
    items, parameters, signature = parse_case(case)
    base = http_signature.signature_base(message(case["message"]), items, parameters)
    keys = RFC["keys"][case["keyid"]]
    match case["alg"]:
        case "ed25519":
            assert PublicKey.from_pem(keys["public_pem"]).verify(signature, base)
            assert SigningKey.from_pem(keys["private_pem"]).sign(base) == signature
        case "hmac-sha256":
            assert hmac.digest(base64.b64decode(keys["k_b64"]), base, "sha256") == signature
        case "rsa-pss-sha512":
            public = serialization.load_pem_public_key(keys["public_pem"].encode())
            assert isinstance(public, RSAPublicKey)
            pss = padding.PSS(padding.MGF1(hashes.SHA512()), 64)
            public.verify(signature, base, pss, hashes.SHA512())
        case _:
            curve = serialization.load_pem_public_key(keys["public_pem"].encode())
            assert isinstance(curve, ec.EllipticCurvePublicKey)
            r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
            curve.verify(utils.encode_dss_signature(r, s), base, ec.ECDSA(hashes.SHA256()))


def test_rfc_9421_ed25519_verifies_but_covers_too_little_for_us() -> None:
    case = RFC["cases"][-1]
    whole = with_headers(
        message("request"), [("signature-input", case["signature_input"]), ("signature", case["signature"])]
    )
    items, parameters, signature = parse_case(case)
    base = http_signature.signature_base(whole, items, parameters)
    public = PublicKey.from_pem(RFC["keys"]["test-key-ed25519"]["public_pem"])
    one = Signature(case["keyid"], None, 1618884473, None, (), (base,), signature, "native")
    http_signature.check(one, public)
    assert reason(whole, public, 1618884473_000) is Reason.BAD_SIGNATURE


# Component values, from the examples of section 2

VALUES = [
    ('"@method"', "POST"),
    ('"@target-uri"', "https://www.Example.com:443/path%20a?param=value&foo=bar&baz=batman&qux=&sp=a+b%20c~%C3%A9*"),
    ('"@authority"', "www.example.com"),
    ('"@scheme"', "https"),
    ('"@request-target"', "/path%20a?param=value&foo=bar&baz=batman&qux=&sp=a+b%20c~%C3%A9*"),
    ('"@path"', "/path%20a"),
    ('"@query"', "?param=value&foo=bar&baz=batman&qux=&sp=a+b%20c~%C3%A9*"),
    ('"@query-param";name="baz"', "batman"),
    ('"@query-param";name="qux"', ""),
    ('"@query-param";name="sp"', "a%20b%20c%7E%C3%A9*"),
    ('"x-ows-header"', "Leading and trailing whitespace."),
    ('"x-obs-fold-header"', "Obsolete line folding."),
    ('"cache-control"', "max-age=60, must-revalidate"),
    ('"x-empty-header"', ""),
    ('"example-dict"', "a=1,    b=2;x=1;y=2,   c=(a   b   c)"),
    ('"example-dict";sf', "a=1, b=2;x=1;y=2, c=(a b c)"),
    ('"example-dict";key="a"', "1"),
    ('"example-dict";key="b"', "2;x=1;y=2"),
    ('"example-dict";key="c"', "(a b c)"),
    ('"example-header";bs', ":dmFsdWUsIHdpdGgsIGxvdHM=:, :b2YsIGNvbW1hcw==:"),
]
EXAMPLE = Request(
    "POST",
    VALUES[1][1],
    (
        ("x-ows-header", "   Leading and trailing whitespace.\t "),
        ("x-obs-fold-header", "Obsolete\r\n    line folding."),
        ("cache-control", "max-age=60 "),
        ("x-empty-header", ""),
        ("cache-control", "   must-revalidate"),
        ("example-dict", "  a=1,    b=2;x=1;y=2,   c=(a   b   c)"),
        ("example-header", "value, with, lots"),
        ("example-header", "of, commas"),
        ("x-break", "a\nb"),
        ("x-latin", "é"),
    ),
    None,
)


@pytest.mark.parametrize(("identifier", "value"), VALUES)
def test_component_values(identifier: str, value: str) -> None:
    base = http_signature.signature_base(EXAMPLE, components(f"({identifier})"), "()").decode()
    assert base == f'{identifier}: {value}\n"@signature-params": ()'


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [("https://a.example", "/", "?"), ("https://a.example?", "/", "?"), ("https://a.example/?", "/", "?"),
     ("https://a.example/a/../b%2F?x?y", "/a/../b%2F", "?x?y"), ("https://a.example?/x", "/", "?/x")],
)  # fmt: skip
def test_paths_and_queries_stay_as_they_are(target: str, path: str, query: str) -> None:
    base = http_signature.signature_base(Request("GET", target, (), None), [("@path", {}), ("@query", {})], "()")
    assert base.decode() == f'"@path": {path}\n"@query": {query}\n"@signature-params": ()'


@pytest.mark.parametrize(
    "identifier",
    [
        *(
            '"@status"',
            '"@unknown"',
            '"@signature-params"',
            '"@method";sf',
            '"@method";req',
            '"@method" "@method"',
            '""',
        ),
        *('"@query-param"', '"@query-param";name="none"', '"@query-param";name=1', '"absent"', '"Cache-Control"'),
        *('"cache-control";req', '"cache-control";tr', '"cache-control";sf=1', '"cache-control";bs;sf'),
        *('"example-dict";key="none"', '"example-dict";key=a', '"example-dict";sf;key="a" "example-dict";key="a";sf'),
        *('"x-break"', '"x-latin"', '"x-latin";sf'),
    ],
)
def test_components_that_have_no_value(identifier: str) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        http_signature.signature_base(EXAMPLE, components(f"({identifier})"), "()")
    assert caught.value.reason is Reason.BAD_SIGNATURE


def test_a_query_parameter_that_stands_twice_has_no_value() -> None:
    one = Request("GET", "https://a.example/?a=1&a=2", (), None)
    with pytest.raises(RemoteProtocolError):
        http_signature.signature_base(one, [("@query-param", {"name": "a"})], "()")
