"""Multibase text and what stands in it: base58btc, base64url, multicodec keys and multihash digests.

Owns the spelling alone: it knows no key, no algorithm but the two-byte prefixes, and never accepts two spellings
of one value. Sources: the multibase and multicodec tables (W3C Controlled Identifiers 1.0, section 2.4),
draft-msporny-base58, the `digestMultibase` of W3C VC Data Model 2.0 that FEP-ef61 uses.
"""

import base64
import binascii
import re
from functools import lru_cache

from protocol.errors import Reason, RemoteProtocolError

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
ED25519_PUBLIC = b"\xed\x01"  # multicodec 0xed as a varint
ED25519_SECRET = b"\x80\x26"  # multicodec 0x1300
SHA2_256 = b"\x12\x20"  # multihash: sha2-256, 32 bytes
SHA2_256_BYTES = 32

CHARACTERS = 128  # nothing of ours is longer than a 64-byte signature (88), and base conversion is quadratic

_NO_DIGIT = 0xFF
_VALUES = bytes(ALPHABET.find(chr(byte)) & _NO_DIGIT for byte in range(256))
_PAIRS = tuple(first + second for first in ALPHABET for second in ALPHABET)
_PAIR = 58 * 58
_CHUNK = _PAIR**4  # eight digits: an int that fits a machine word


def _lanes() -> tuple[tuple[int, int, int], ...]:
    """(width in bits, 58 to the digits in a lane, mask of every second lane) for 128 digits of eight bits."""
    lanes: list[tuple[int, int, int]] = []
    for step in range(7):
        width = 8 << step
        mask = sum(((1 << width) - 1) << at for at in range(0, 8 * CHARACTERS, 2 * width))
        lanes.append((width, 58 ** (1 << step), mask))
    return tuple(lanes)


_LANES = _lanes()
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*\Z")


def base58_encode(data: bytes) -> str:
    """Base58btc text of any bytes; a leading zero byte becomes a leading `1`."""
    number = int.from_bytes(data, "big")
    pairs: list[str] = []
    while number:
        number, chunk = divmod(number, _CHUNK)
        for _ in range(4):
            chunk, pair = divmod(chunk, _PAIR)
            pairs.append(_PAIRS[pair])
    pairs.reverse()
    zeros = len(data) - len(data.lstrip(b"\0"))
    return "1" * zeros + "".join(pairs).lstrip("1")


def base58_decode(text: str) -> bytes:
    """The bytes of base58btc text of at most 128 characters; MALFORMED for anything else."""
    if len(text) > CHARACTERS:
        raise RemoteProtocolError(Reason.MALFORMED, "A base58 value is too long.")
    values = text.encode("ascii", "replace").translate(_VALUES)  # "?" is no digit
    if _NO_DIGIT in values:
        raise RemoteProtocolError(Reason.MALFORMED, "A base58 value has a character that is not base58.")
    number = int.from_bytes(values, "big")
    # All digits at once: neighbouring lanes are joined until one is left; n digits need 5.86 n of their 8 n bits.
    for width, power, mask in _LANES:
        number = (number >> width & mask) * power + (number & mask)
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")


def multibase_encode(data: bytes) -> str:
    """`z` and base58btc: the form that all our own values have."""
    return "z" + base58_encode(data)


def multibase_decode(text: str) -> bytes:
    """The bytes of a `z` (base58btc) or `u` (base64url without padding) value; MALFORMED for anything else."""
    if text.startswith("z"):
        return base58_decode(text[1:])
    if text.startswith("u") and len(text) <= CHARACTERS and _BASE64URL.match(text, 1):
        body = text[1:]
        try:
            data = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        except binascii.Error:
            data = b""
        if base64.urlsafe_b64encode(data).rstrip(b"=") == body.encode("ascii"):
            return data
    raise RemoteProtocolError(Reason.MALFORMED, "A multibase value has an unknown base or spelling.")


def digest_multibase(digest: bytes) -> str:
    """A SHA-256 digest (32 bytes) as `digestMultibase`: multibase base58btc of its multihash."""
    if len(digest) != SHA2_256_BYTES:
        raise ValueError("a SHA-256 digest has 32 bytes")
    return multibase_encode(SHA2_256 + digest)


@lru_cache(maxsize=4096)
def read_digest_multibase(text: str) -> bytes:
    """The 32 bytes of a sha2-256 `digestMultibase`; MALFORMED for another hash, length or spelling."""
    data = multibase_decode(text)
    if len(data) != len(SHA2_256) + SHA2_256_BYTES or not data.startswith(SHA2_256):
        raise RemoteProtocolError(Reason.MALFORMED, "digestMultibase is not a SHA-256 multihash.")
    return data[len(SHA2_256) :]
