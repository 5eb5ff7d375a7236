"""Strict JSON in, one spelling out: I-JSON (RFC 7493) and JCS (RFC 8785).

Owns what may be parsed, the canonical bytes that are signed and hashed, and the compact form we send. It keeps the
received bytes untouched and never repairs a document: what breaks a rule is refused.

Two paths that must agree. The fast one is msgspec, whose sorted encoding is RFC 8785 only under the conditions of
`_is_plain`, and which proves by encoding the value again in its own order that no key stood twice. Whatever does
not meet them takes the slow one: the standard parser with our hooks, and rfc8785.
"""

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, NoReturn, cast

import msgspec
import rfc8785
from msgspec import Struct

from protocol import limits
from protocol.errors import LocalProtocolError, Reason, RemoteProtocolError
from protocol.multibase import digest_multibase, read_digest_multibase

__all__ = [
    "Document",
    "canonical",
    "canonical_part",
    "digest",
    "digest_multibase",
    "encode",
    "parse",
    "read",
    "read_digest_multibase",
]

LD_SIGNATURE = "signature"
PROOF = "proof"  # the one member that is not part of what is signed and named (FEP-8b32)


class Document(Struct, frozen=True):
    """A JSON object as it came (`raw`), as a value, and its JCS without the top-level `proof`.

    `plain`: sorted msgspec encoding is RFC 8785 for every part of this value. Made by `read` alone.
    """

    raw: bytes
    value: dict[str, Any]
    canonical: bytes
    plain: bool = False


class _NotPlainError(Exception):
    """The fast path does not apply."""


def _no_float(_text: str) -> NoReturn:
    raise _NotPlainError


_FAST = msgspec.json.Decoder(float_hook=_no_float)
_IN_ORDER = msgspec.json.Encoder()
_SORTED = msgspec.json.Encoder(order="sorted")

# One translation answers four questions: how many brackets open, a run of digits, a character beyond the basic plane
# (UTF-16 order differs from code point order only from U+10000 on), a lead byte of the basic plane's noncharacters.
_MARKS = bytes(
    ord("0") if byte in b"0123456789" else ord("[") if byte in b"[{" else min(byte, 0xF0) if byte >= 0xEF else ord(" ")
    for byte in range(256)
)
_LONG_DIGITS = b"0" * limits.INTEGER_DIGITS
# U+FDD0 to U+FDEF and the last two of every plane (RFC 7493 section 2.1), in UTF-8
_NONCHARACTER = re.compile(rb"\xef(?:\xb7[\x90-\xaf]|\xbf[\xbe\xbf])|[\xf0-\xf4][\x8f\x9f\xaf\xbf]\xbf[\xbe\xbf]")

_NOT_STRUCTURE = bytes(byte for byte in range(256) if byte not in b'[]{}"')
_ONE_KIND = bytes.maketrans(b"{}", b"[]")


def _fault(detail: str) -> RemoteProtocolError:
    return RemoteProtocolError(Reason.NOT_JSON, detail)


def _check_depth(raw: bytes, marks: bytes) -> None:
    """Refuse nesting beyond the limit before any parser recurses; linear, and most of it in C."""
    if marks.count(b"[") <= limits.NESTING:
        return
    # Drop escaped backslashes, then escaped quotes, then all but brackets and quotes. Two quotes side by side may go:
    # what stands in a string stays in one. Every second piece then lies outside of strings.
    text = raw.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in raw else raw
    structure = text.translate(_ONE_KIND, _NOT_STRUCTURE).replace(b'""', b"")
    brackets = b"".join(structure.split(b'"')[::2])
    left = brackets
    for _ in range(limits.NESTING):  # each pass takes the innermost pairs away
        if not left:
            return
        left = left.replace(b"[]", b"")
    if left:
        depth = 0
        for bracket in brackets:
            depth += 1 if bracket == 0x5B else -1
            if depth > limits.NESTING:
                raise RemoteProtocolError(Reason.TOO_DEEP)


def _is_plain(raw: bytes, marks: bytes) -> bool:
    """Nothing here on which msgspec and RFC 8785 or RFC 7493 could differ, floats and duplicate keys apart."""
    if raw.rfind(b"\\u") >= 0:  # from the right the rarer of the two bytes is looked for: half of what `in` costs
        return False
    if _LONG_DIGITS in marks:
        return False
    return raw.isascii() or (b"\xf0" not in marks and (b"\xef" not in marks or not _NONCHARACTER.search(raw)))


def _fast(raw: bytes, marks: bytes) -> Any:
    """The value of a plain document without duplicate keys, or _NotPlainError. Never judges: the slow path does."""
    if not _is_plain(raw, marks):
        raise _NotPlainError
    try:
        value = _FAST.decode(raw)
        again = _IN_ORDER.encode(value)
        if again != raw and again != msgspec.json.format(raw, indent=-1):
            raise _NotPlainError
    except (ValueError, RecursionError):  # msgspec.DecodeError and UnicodeError are ValueErrors
        raise _NotPlainError from None
    return value


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _fault("A key stands twice in one object.")
    return value


def _integer(text: str) -> int:
    # The length first: int() of many digits is slow, and refused by Python from 4,301 on.
    if len(text) > limits.INTEGER_DIGITS + 1 or abs(value := int(text)) > limits.MAX_INTEGER:
        raise _fault("An integer is beyond 2^53-1.")
    return value


def _constant(text: str) -> NoReturn:
    raise _fault(f"{text} is not JSON.")


_SLOW = json.JSONDecoder(object_pairs_hook=_pairs, parse_int=_integer, parse_constant=_constant)


def _slow(raw: bytes) -> Any:
    """The value of any I-JSON text, or NOT_JSON."""
    try:
        value = _SLOW.decode(raw.decode("utf-8"))
        # Refuses a number beyond the doubles, which was read as infinite, and a lone surrogate from an escape.
        text = _compact(value)
    except UnicodeError:
        raise _fault("The text is not UTF-8, or has a lone surrogate.") from None
    except (ValueError, RecursionError) as error:
        raise _fault(f"Not JSON: {error}"[:200]) from None
    if _NONCHARACTER.search(text):
        raise _fault("The text has a noncharacter.")
    return value


def _check_size(raw: bytes) -> None:
    if len(raw) > limits.BODY_BYTES:
        raise RemoteProtocolError(Reason.TOO_LARGE)


def _parse(raw: bytes) -> tuple[Any, bool]:
    _check_size(raw)
    marks = raw.translate(_MARKS)
    _check_depth(raw, marks)
    try:
        return _fast(raw, marks), True
    except _NotPlainError:
        return _slow(raw), False


def parse(raw: bytes) -> Any:
    """The value of strict I-JSON bytes; TOO_LARGE, TOO_DEEP or NOT_JSON, and nothing else whatever the bytes."""
    return _parse(raw)[0]


def read(raw: bytes) -> Document:
    """A JSON object as a Document; the errors of `parse`, and MALFORMED if it is no object."""
    value, plain = _parse(raw)
    if not isinstance(value, dict):
        raise RemoteProtocolError(Reason.MALFORMED, "The document is not a JSON object.")
    members = cast("dict[str, Any]", value)
    return Document(raw, members, _jcs(_without_proof(members), plain), plain)


def _without_proof(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without the proof; and, beside one, without a Linked Data Signature, which other software adds after it.

    Neither made nor read here (section 3), so nothing that counts is left unsigned.
    """
    if PROOF not in value:
        return value
    beside = isinstance(value.get(LD_SIGNATURE), dict)
    return {name: part for name, part in value.items() if name != PROOF and not (beside and name == LD_SIGNATURE)}


def _jcs(value: Any, plain: bool) -> bytes:
    return _SORTED.encode(value) if plain else rfc8785.dumps(value)


def _compact(value: Any) -> bytes:
    # Not msgspec, which writes NaN as null: then other bytes would be signed than were meant.
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")


def canonical_part(document: Document, part: Any) -> bytes:
    """RFC 8785 bytes of a part of a document that was read, or of some of its members."""
    return _jcs(part, document.plain)


def canonical(value: Any) -> bytes:
    """RFC 8785 bytes of a JSON value (dict, list, tuple, str, int, float, bool, None); LocalProtocolError else."""
    try:
        raw = _compact(value)
        return _SORTED.encode(_fast(raw, raw.translate(_MARKS)))
    except _NotPlainError:
        pass
    except (ValueError, TypeError, RecursionError) as error:
        raise LocalProtocolError(Reason.NOT_JSON, f"Not JSON: {error}") from None
    try:
        return rfc8785.dumps(value)
    except (ValueError, RecursionError) as error:
        raise LocalProtocolError(Reason.NOT_JSON, f"Not canonicalisable: {error}") from None


def encode(value: Any) -> bytes:
    """Compact UTF-8 JSON in the value's own order, the form we send; LocalProtocolError if it is not JSON."""
    try:
        return _compact(value)
    except (ValueError, TypeError, RecursionError) as error:
        raise LocalProtocolError(Reason.NOT_JSON, f"Not encodable: {error}") from None


def object_digest(value: Mapping[str, Any]) -> bytes:
    """What a reference to an object names: the same of it inside its activity and of the document at its id.

    Without `@context`, which the document has of its own and which inside an activity stands around it.
    """
    return digest({name: member for name, member in value.items() if name != "@context"})


def digest(document: Document | Mapping[str, Any]) -> bytes:
    """SHA-256 (32 bytes) of the JCS without the top-level `proof`: a document's name in sets and references."""
    if isinstance(document, Document):
        return sha256(document.canonical).digest()
    return sha256(canonical(dict(_without_proof(document)))).digest()
