"""Any change to what is signed refuses; no headers bring anything but our own error; both readers read alike."""

import base64
import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import http_signature
from protocol.errors import Reason, RemoteProtocolError
from protocol.http_signature import Request, Signature
from tests.protocol.samples import INBOX, METHOD, NOW, request, with_headers
from tests.protocol.signed_requests import BODY, CREATED, KEYS, RSA, reason, signed


def flips(text: str, at: int, flip: int) -> str:
    at %= len(text)
    return text[:at] + chr(ord(text[at]) ^ flip) + text[at + 1 :]


WHOLE = signed(request(BODY), extra=("commonweave-log",))
SIGNED_HEADERS = ("content-type", "content-digest", "commonweave-log", "signature-input")


@settings(max_examples=800, deadline=None)
@given(
    st.sampled_from(["method", "target", "body", "signature", *SIGNED_HEADERS]),
    st.integers(0, 10_000),
    st.integers(1, 127),
    st.sampled_from(["ed25519", "rsa"]),
)
def test_any_changed_byte_of_what_is_signed_is_refused(part: str, at: int, flip: int, kind: str) -> None:
    whole = WHOLE if kind == "ed25519" else RSA_WHOLE
    method, target, body, headers = whole.method, whole.target, whole.body or b"", dict(whole.headers)
    if part == "method":
        method = flips(method, at, flip)
    elif part == "target":
        target = flips(target, at, flip)
    elif part == "body":
        body = flips(body.decode(), at, flip).encode()
    elif part == "signature":
        value = bytearray(base64.b64decode(headers["signature"].split(":")[1]))
        value[at % len(value)] ^= flip
        headers["signature"] = f"sig1=:{base64.b64encode(value).decode()}:"
    else:
        headers[part] = flips(headers[part], at, flip)
        if headers[part].strip() == whole.headers[list(headers).index(part)][1].strip():
            return
    changed = Request(method, target, tuple(headers.items()), body)
    assert reason(changed, KEYS[kind].public) is not Reason.ACCEPTED


RSA_WHOLE = signed(request(BODY), RSA, extra=("commonweave-log",))

# Texts near to what headers hold, whole or broken
COMPONENTS = (
    *('("@method" "@target-uri" "content-type" "content-digest")', "(", ")", '"@method"', '"@target-uri"', '""'),
    *('"@query-param";name="a"', '"content-digest"', '"content-digest";bs', '"content-type";sf', '"@status"'),
    *('"content-digest";key="sha-256"', '"@signature-params"'),
)
PARTS = (f";created={CREATED}", f";expires={CREATED + 300}", f';keyid="{METHOD}"', ';alg="ed25519"', ';nonce="n-1"')
MARKS = (";", "=", ",", ", ", " ", "\t", ":", "::", '"', "\\", "\n", "\0", "*", "a", "é")
ITEMS = ("sig1=", ";created=00", ":YQ==:", "?1", "1.5", "-", "@1", "@999999999999999", '%"a%c3%a9"', "\ud800", "9" * 16)
TOKENS = st.sampled_from(COMPONENTS + PARTS + MARKS + ITEMS)
BROKEN = st.lists(TOKENS, max_size=9).map("".join) | st.text(max_size=20)
INPUT, VALUE = (dict(WHOLE.headers)[name] for name in ("signature-input", "signature"))


@st.composite
def near(draw: st.DrawFn, text: str) -> str:
    """The usual header with a few tokens put in or over."""
    for _ in range(draw(st.integers(0, 2))):
        at, drop = draw(st.integers(0, len(text))), draw(st.sampled_from([0, 0, 1, 3]))
        text = text[:at] + draw(TOKENS) + text[at + drop :]
    return text


HEADER = st.tuples(st.sampled_from(["content-type", "content-digest", "accept", "@method", "date"]), BROKEN)


@settings(max_examples=1_200, deadline=None)
@given(
    near(INPUT) | BROKEN,
    near(VALUE) | BROKEN,
    st.lists(HEADER, max_size=2),
    st.booleans(),
    st.booleans(),
    st.sampled_from([INBOX, "https://[::1", "https://a.example:x/", "", "//", INBOX + "?a=1\n", "https://é.example/"]),
)
def test_no_header_brings_anything_but_our_own_error_and_both_readers_agree(
    inputs: str, value: str, more: list[tuple[str, str]], body: bool, instead: bool, target: str
) -> None:
    headers = [pair for pair in WHOLE.headers if pair[0] not in ("signature-input", "signature")]
    if instead:
        headers = [pair for pair in headers if pair[0] not in dict(more)]
    one = Request("POST", target, (*headers, *more, ("signature-input", inputs), ("signature", value)),
                  WHOLE.body if body else None)  # fmt: skip
    general = outcome(lambda: http_signature._read_general(one, *both_fields(one), NOW))
    assert outcome(lambda: http_signature.read(one, NOW)) == general


def both_fields(one: Request) -> tuple[str, str]:
    fields = [
        value.strip(" \t\r\n") for value in (dict(one.headers)["signature-input"], dict(one.headers)["signature"])
    ]
    if any(mark in field for field in fields for mark in "\r\n\0"):
        raise RemoteProtocolError(Reason.BAD_SIGNATURE)
    return fields[0], fields[1]


def outcome(act: Any) -> Signature | Reason:
    try:
        return act()
    except RemoteProtocolError as error:
        return error.reason


NEAR = {
    "padded": [("content-type", " text/plain\t")],
    "folded": [("content-type", "text/plain;\r\n charset=utf-8")],
    "with a tab inside": [("content-type", "text/plain;\tcharset=utf-8")],
    "with a line feed": [("content-type", 'text/plain\n"@method": GET')],
    "with a lone carriage return": [("content-type", "text/plain\rx")],
    "with a line feed at the end": [("content-type", "text/plain\n")],
    "not ASCII": [("content-type", "text/plän")],
    "empty": [("content-type", "")],
    "with an em space": [("content-type", "\u2003text/plain")],
    "covered twice": [("signature-input", INPUT.replace('"@method"', '"@method" "@method"'))],
    "created with zeros": [("signature-input", INPUT.replace(f"={CREATED}", f"=00{CREATED}"))],
    "an escape in the key id": [("signature-input", INPUT.replace('keyid="', 'keyid="\\"'))],
    "a label in capitals": [("signature-input", INPUT.replace("sig1", "Sig1"))],
    "another label": [("signature", VALUE.replace("sig1", "sig2"))],
    "base64 with spare bits": [("signature", "sig1=:YR==:")],
    "base64 without padding": [("signature", "sig1=:YQ:")],
    "base64 of one character": [("signature", "sig1=:Y:")],
    "an empty signature": [("signature", "sig1=::")],
}


@pytest.mark.parametrize("name", NEAR)
def test_both_readers_read_what_is_nearly_usual_alike(name: str) -> None:
    one = with_headers(WHOLE, NEAR[name])
    assert outcome(lambda: http_signature.read(one, NOW)) == outcome(
        lambda: http_signature._read_general(one, *both_fields(one), NOW)
    )
    if "line feed" in name or "return" in name:
        found = outcome(lambda: http_signature.read(one, NOW))
        assert isinstance(found, Reason) or found.base.count(b"\n") == len(found.covered)


def test_the_usual_form_takes_the_fast_path() -> None:
    for one in (WHOLE, RSA_WHOLE, signed(request(None))):
        found = http_signature._read_usual(one)
        assert found is not None
        assert found == http_signature.read(one, NOW) == http_signature._read_general(one, *both_fields(one), NOW)


@pytest.mark.parametrize("size", [8_192, 100_000, 1_000_000])
def test_headers_that_are_too_long(size: int) -> None:
    for text in ('"' * size, "a" * size, "(" * size, "a=1," * (size // 4), 'sig1=("' + "a" * size):
        with contextlib.suppress(RemoteProtocolError):
            http_signature.read(with_headers(WHOLE, [("signature-input", text)]), NOW)
            raise AssertionError("too long")
