"""I-JSON in, RFC 8785 out; the fast path and the slow path are one function."""

import contextlib
import json
import struct
from typing import Any

import msgspec
import pytest
import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st

from protocol import canonical, limits
from protocol.errors import LocalProtocolError, Reason, RemoteProtocolError
from tests.protocol.samples import VECTORS, activity

DOCUMENTS = ("arrays", "french", "structures", "unicode", "values", "weird")

SAFE = st.integers(-limits.MAX_INTEGER, limits.MAX_INTEGER)
# Text as others write it: brackets, quotes, escapes, keys beyond the basic plane, long runs of digits.
TEXT = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(
    ["[[[", '{"a":[', "\\", '\\"', '"', "\u2028", "😂", "\ufb33", "\uffee", "1234567890123456", "\x7f", "\x01", "/"]
)
SCALAR = st.none() | st.booleans() | SAFE | st.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUE = st.recursive(SCALAR, lambda of: st.lists(of, max_size=4) | st.dictionaries(TEXT, of, max_size=4), max_leaves=20)
OBJECT = st.dictionaries(TEXT | st.just("proof"), VALUE, max_size=5)
NONCHARACTERS = {chr(plane * 0x10000 + low) for plane in range(17) for low in (0xFFFE, 0xFFFF)} | {
    chr(code) for code in range(0xFDD0, 0xFDF0)
}


def noncharacter(value: Any) -> bool:
    return any(character in NONCHARACTERS for character in json.dumps(value, ensure_ascii=False))


def fast(raw: bytes) -> Any:
    try:
        return canonical._fast(raw, raw.translate(canonical._MARKS))
    except canonical._NotPlainError:
        return ...


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_of_rfc_8785(name: str) -> None:
    value = canonical.parse((VECTORS / f"jcs/input/{name}.json").read_bytes())
    assert canonical.canonical(value) == (VECTORS / f"jcs/output/{name}.json").read_bytes()


def test_numbers_of_rfc_8785() -> None:
    lines = (VECTORS / "jcs/es6-numbers.txt").read_text().splitlines()
    assert len(lines) == 3_000
    for line in lines:
        bits, text = line.split(",")
        (number,) = struct.unpack(">d", bytes.fromhex(bits.zfill(16)))
        assert canonical.canonical({"n": number}) == b'{"n":%s}' % text.encode(), line
        document = canonical.read(b'{"n":%s}' % float.__repr__(number).encode())
        assert document.canonical == b'{"n":%s}' % text.encode(), line


REFUSED = [
    ("nothing", b"", Reason.NOT_JSON),
    ("duplicate keys", b'{"actor":"g1","actor":"e1"}', Reason.NOT_JSON),
    ("duplicate keys, one escaped", b'{"actor":"g1","\\u0061ctor":"e1"}', Reason.NOT_JSON),
    ("duplicate keys below", b'{"a":[{"b":1,"b":1}]}', Reason.NOT_JSON),
    ("duplicate keys in a pretty document", b'{\n "a": 1,\n "a": 1\n}', Reason.NOT_JSON),
    ("NaN", b'{"a":NaN}', Reason.NOT_JSON),
    ("Infinity", b'{"a":-Infinity}', Reason.NOT_JSON),
    ("a byte order mark", b'\xef\xbb\xbf{"a":1}', Reason.NOT_JSON),
    ("UTF-16", '{"a":1}'.encode("utf-16"), Reason.NOT_JSON),
    ("trailing bytes", b'{"a":1} x', Reason.NOT_JSON),
    ("two documents", b'{"a":1}{"a":1}', Reason.NOT_JSON),
    ("a trailing NUL", b'{"a":1}\0', Reason.NOT_JSON),
    ("a lone surrogate", b'{"a":"\\ud800"}', Reason.NOT_JSON),
    ("a lone low surrogate", b'{"a":"\\uDC00x"}', Reason.NOT_JSON),
    ("a lone surrogate as key", b'{"\\ud800":1}', Reason.NOT_JSON),
    ("a lone surrogate in the proof", b'{"proof":"\\ud800"}', Reason.NOT_JSON),
    ("surrogates in the wrong order", b'{"a":"\\udc00\\ud800"}', Reason.NOT_JSON),
    ("a surrogate as UTF-8", b'{"a":"\xed\xa0\x80"}', Reason.NOT_JSON),
    ("overlong UTF-8", b'{"a":"\xc0\x80"}', Reason.NOT_JSON),
    ("beyond Unicode", b'{"a":"\xf4\x90\x80\x80"}', Reason.NOT_JSON),
    ("latin-1", b'{"a":"\xe9"}', Reason.NOT_JSON),
    ("a noncharacter", '{"a":"\uffff"}'.encode(), Reason.NOT_JSON),
    ("an escaped noncharacter", b'{"a":"\\ufdd0"}', Reason.NOT_JSON),
    ("a noncharacter of another plane", '{"a":"\U0001fffe"}'.encode(), Reason.NOT_JSON),
    ("2^53", b'{"a":9007199254740992}', Reason.NOT_JSON),
    ("-2^53", b'{"a":-9007199254740992}', Reason.NOT_JSON),
    ("5,000 digits", b'{"a":' + b"1" * 5_000 + b"}", Reason.NOT_JSON),
    ("5,000 digits and a sign", b'{"a":-' + b"1" * 5_000 + b"}", Reason.NOT_JSON),
    ("1e400", b'{"a":1e400}', Reason.NOT_JSON),
    ("-1e400", b'{"a":-1E400}', Reason.NOT_JSON),
    ("5,000 digits and a fraction", b'{"a":' + b"1" * 5_000 + b".5}", Reason.NOT_JSON),
    ("a leading zero", b'{"a":01}', Reason.NOT_JSON),
    ("a plus", b'{"a":+1}', Reason.NOT_JSON),
    ("digits of another script", '{"a":١}'.encode(), Reason.NOT_JSON),
    ("a raw line feed", b'{"a":"\n"}', Reason.NOT_JSON),
    ("a comment", b'{"a":1/**/}', Reason.NOT_JSON),
    ("a trailing comma", b'{"a":1,}', Reason.NOT_JSON),
    ("a no-break space", '{"a":\u00a01}'.encode(), Reason.NOT_JSON),
    ("half a document", b'{"a":[', Reason.NOT_JSON),
    ("100,000 deep", b"[" * 100_000, Reason.TOO_DEEP),
    ("100,000 deep, whole", b"[" * 100_000 + b"]" * 100_000, Reason.TOO_DEEP),
    ("100,000 objects deep", b'{"a":' * 100_000 + b"1" + b"}" * 100_000, Reason.TOO_DEEP),
    ("33 deep", b"[" * 33 + b"]" * 33, Reason.TOO_DEEP),
    ("33 deep after a string of quotes", b'["\\"]]]]\\\\",' + b"[" * 32 + b"]" * 33, Reason.TOO_DEEP),
    ("too large", b'"' + b"a" * limits.BODY_BYTES + b'"', Reason.TOO_LARGE),
]


@pytest.mark.parametrize(("raw", "reason"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_refused(raw: bytes, reason: Reason) -> None:
    for reader in (canonical.parse, canonical.read):
        with pytest.raises(RemoteProtocolError) as caught:
            reader(raw)
        assert caught.value.reason is reason


ACCEPTED = [
    (b'{"a":-0}', b'{"a":0}'),
    (b'{"a":-0.0}', b'{"a":0}'),
    (b'{"a":1.0}', b'{"a":1}'),
    (b'{"a":1e-400}', b'{"a":0}'),
    (b'{"a":9007199254740991}', b'{"a":9007199254740991}'),
    (b'{"a":-9007199254740991}', b'{"a":-9007199254740991}'),
    (b'{"a":1E21}', b'{"a":1e+21}'),
    (b'{"a":"\\u00e9\\/\\u003c"}', '{"a":"é/<"}'.encode()),
    (b'{"a":"\\ud83d\\ude02"}', '{"a":"😂"}'.encode()),
    # RFC 8785 section 3.2.3: by UTF-16 units, where U+1F602 (D83D DE02) comes before U+FB33
    ('{"\ufb33":1,"😂":2}'.encode(), '{"😂":2,"\ufb33":1}'.encode()),
    (b'{"b":1,"a":"\\u007f\\u001F"}', b'{"a":"\x7f\\u001f","b":1}'),
    (b' \t\r\n{ "b" : [ 1 , { } ] , "a" : null }\n', b'{"a":null,"b":[1,{}]}'),
    (b'{"b":1,"proof":{"proofValue":"z"},"a":{"proof":2}}', b'{"a":{"proof":2},"b":1}'),
    (b"[" * 0 + b'{"a":' * 32 + b"1" + b"}" * 32, b'{"a":' * 32 + b"1" + b"}" * 32),
    (b'{"a":"' + b"[" * 1000 + b'"}', b'{"a":"' + b"[" * 1000 + b'"}'),
]


@pytest.mark.parametrize(("raw", "wanted"), ACCEPTED)
def test_accepted(raw: bytes, wanted: bytes) -> None:
    document = canonical.read(raw)
    assert document.canonical == wanted
    assert document.raw is raw
    assert canonical.digest(document) == canonical.digest(document.value)


@pytest.mark.parametrize("raw", [b"[]", b'"a"', b"1", b"null", b"[{}]"])
def test_a_document_is_an_object(raw: bytes) -> None:
    canonical.parse(raw)
    with pytest.raises(RemoteProtocolError) as caught:
        canonical.read(raw)
    assert caught.value.reason is Reason.MALFORMED


@given(st.binary(max_size=200))
def test_any_bytes(raw: bytes) -> None:
    for reader in (canonical.parse, canonical.read):
        with contextlib.suppress(RemoteProtocolError):
            reader(raw)


@given(OBJECT)
def test_what_we_encode_is_read_back(value: dict[str, Any]) -> None:
    raw = canonical.encode(value)
    if noncharacter(value):
        with pytest.raises(RemoteProtocolError):
            canonical.read(raw)
        return
    document = canonical.read(raw)
    assert document.value == value
    bare = {name: member for name, member in value.items() if name != "proof"}
    assert document.canonical == rfc8785.dumps(bare) == canonical.canonical(bare)
    assert canonical.canonical_part(document, value) == rfc8785.dumps(value)
    if document.plain:  # else 9007199254740992.0, whose canonical form is an integer that is refused
        assert canonical.read(document.canonical).canonical == document.canonical


STRUCTURE = (b'"', b" ", b"\n", b",", b":", b"[", b"]", b"{", b"}", b'{"a":1,"a":1}', b'"a":', b"null")
NUMBERS = (b"0", b"9" * 15, b"9" * 16, b".5", b"e1", b"-")
CHARACTERS = (b"\\", b"\\u", b"\\ud83d", b"\\ude02", b"\xef\xbf\xbf", b"\xf0\x9f\x98\x82", b"\xed\xa0\x80", b"\xff")
PIECES = st.sampled_from(STRUCTURE + NUMBERS + CHARACTERS)
ORDINARY = canonical.encode(activity())
PRETTY = json.dumps(activity(), indent=1, ensure_ascii=False).encode()
SMALL = b'{"b":{"c":[1,2,-3],"\xc3\xa9":"x\\n"},"a":[{},[],null,true]}'


@settings(max_examples=1_500, deadline=None)
@given(
    st.sampled_from([ORDINARY, PRETTY, SMALL, SMALL]),
    st.lists(st.tuples(st.floats(0, 1), PIECES, st.integers(0, 3)), max_size=3),
)
@example(SMALL, [])
def test_the_fast_path_and_the_slow_one_agree(raw: bytes, changes: list[tuple[float, bytes, int]]) -> None:
    for where, piece, drop in changes:
        at = int(where * len(raw))
        raw = raw[:at] + piece + raw[at + drop :]
    check_agreement(raw)


@settings(max_examples=500, deadline=None)
@given(VALUE, st.booleans(), st.booleans())
def test_the_paths_agree_on_any_value(value: Any, pretty: bool, escaped: bool) -> None:
    check_agreement(json.dumps(value, ensure_ascii=escaped, indent=2 if pretty else None).encode())


def check_agreement(raw: bytes) -> None:
    quick = fast(raw)
    if quick is ...:
        return
    slow = canonical._slow(raw)  # what the fast path takes, the slow one may not refuse
    assert repr(quick) == repr(slow)  # repr: 1, 1.0 and True differ, and so does the order
    assert msgspec.json.encode(quick, order="sorted") == rfc8785.dumps(slow)


def test_the_usual_documents_take_the_fast_path() -> None:
    assert canonical.read(ORDINARY).plain
    assert fast(PRETTY) is not ...
    assert canonical.read(ORDINARY).canonical == canonical.read(PRETTY).canonical


@given(VALUE, st.integers(1, 40), st.booleans())
def test_depth_is_counted_outside_of_strings(value: Any, more: int, pretty: bool) -> None:
    for level in range(more):
        value = [value] if level % 2 else {'k"[{\\': value, "[": "]}"}
    raw = json.dumps(value, indent=1 if pretty else None, ensure_ascii=False).encode()
    if depth(value) <= limits.NESTING:
        canonical._check_depth(raw, raw.translate(canonical._MARKS))
    else:
        with pytest.raises(RemoteProtocolError) as caught:
            canonical._check_depth(raw, raw.translate(canonical._MARKS))
        assert caught.value.reason is Reason.TOO_DEEP


def depth(value: Any) -> int:
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if members is None else 1 + max(map(depth, members), default=0)


@pytest.mark.parametrize("value", [float("nan"), {"a": [float("inf")]}, "\ud800", {"a": object()}, {1, 2}])
def test_what_is_not_json_is_our_own_fault(value: Any) -> None:
    for writer in (canonical.encode, canonical.canonical):
        with pytest.raises(LocalProtocolError):
            writer(value)


def test_an_integer_beyond_2_53_is_never_canonicalised() -> None:
    with pytest.raises(LocalProtocolError):
        canonical.canonical({"a": 2**53})


def test_we_send_compact_text_without_escapes() -> None:
    assert canonical.encode({"b": "é<😂", "a": (1, "\n")}) == '{"b":"é<😂","a":[1,"\\n"]}'.encode()


def test_the_proof_does_not_change_the_digest() -> None:
    assert (
        canonical.digest({"a": 1, "proof": {}})
        == canonical.digest({"a": 1})
        == canonical.digest(canonical.read(b'{"a":1}'))
    )


@given(st.binary(min_size=32, max_size=32))
def test_digest_multibase(digest: bytes) -> None:
    text = canonical.digest_multibase(digest)
    assert text.startswith("zQm")
    assert canonical.read_digest_multibase(text) == digest


def test_digest_multibase_in_base64url() -> None:
    # SHA-256 of nothing; RFC 4648 section 5 without padding
    digest = bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    assert canonical.read_digest_multibase("uEiDjsMRCmPwcFJr79MiZb7kkJ65B5GSbk0yklZkbeFK4VQ") == digest


@pytest.mark.parametrize(
    "text",
    ["", "z", "u", "zQm", "Qm", "f1220" + "0" * 64, "z" + "1" * 300, "uEiD=", "z0OIl", "zé", "ué",
     "uEiDjsMRCmPwcFJr79MiZb7kkJ65B5GSbk0yklZkbeFK4VR", "uEyDjsMRCmPwcFJr79MiZb7kkJ65B5GSbk0yklZkbeFK4VQ"],
)  # fmt: skip
def test_other_spellings_and_hashes_are_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        canonical.read_digest_multibase(text)
    assert caught.value.reason is Reason.MALFORMED
