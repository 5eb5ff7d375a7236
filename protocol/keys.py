"""Keys: Ed25519 (RFC 8032) and RSA PKCS#1 v1.5 with SHA-256 (RFC 8017), and the texts they are published in.

Owns what counts as a key at all: a point of the prime-order group, a modulus of 2,048 to 8,192 bits. All Ed25519
goes through libsodium (PyNaCl), so that one set of edge cases holds; RSA goes through cryptography. Never says who
owns a key or whether it is still valid. Texts: Multikey and did:key (W3C Controlled Identifiers 1.0, did:key 0.9;
FEP-521a), PEM (RFC 7468).
"""

import hmac
import secrets
from functools import lru_cache
from hashlib import sha256
from typing import Any, Literal, cast

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from msgspec import Struct
from msgspec.structs import force_setattr
from nacl import bindings
from nacl.exceptions import CryptoError

from protocol import limits
from protocol.errors import LocalProtocolError, Reason, RemoteProtocolError
from protocol.multibase import (
    ED25519_PUBLIC,
    base58_decode,
    base58_encode,
    multibase_decode,
    multibase_encode,
)

__all__ = ["HeldKey", "Kind", "PublicKey", "SigningKey", "base58_decode", "base58_encode"]

Kind = Literal["ed25519", "rsa"]

ED25519_BYTES = 32
SIGNATURE_BYTES = 64
DID_KEY = "did:key:"
RSA_EXPONENT_MAX = 2**32  # honest ones are 65537; the cost of a check grows with it
PEM_CHARACTERS = 4_096  # 8,192 bits take 1,500; parsing a larger modulus is work that nobody signed for

_PEM_ED25519 = bytes.fromhex("302a300506032b6570032100")  # SubjectPublicKeyInfo of RFC 8410 before the 32 bytes


def _bad(detail: str) -> RemoteProtocolError:
    return RemoteProtocolError(Reason.BAD_KEY, detail)


@lru_cache(maxsize=4096)
def _check_point(material: bytes) -> None:
    """BAD_KEY unless canonical, on the curve and of the prime-order subgroup.

    Small-order points verify signatures that nobody made, for any message; libraries disagree about the others.
    """
    if len(material) != ED25519_BYTES or not bindings.crypto_core_ed25519_is_valid_point(material):
        raise _bad("The Ed25519 key is not a point of the prime-order group.")


@lru_cache(maxsize=1024)
def _rsa_public(der: bytes) -> rsa.RSAPublicKey:
    return cast("rsa.RSAPublicKey", serialization.load_der_public_key(der))


class PublicKey(Struct, frozen=True):
    """A public key. `material`: 32 raw bytes (ed25519), or DER SubjectPublicKeyInfo (rsa).

    From outside only through the three readers, which refuse weak keys with BAD_KEY.
    """

    kind: Kind
    material: bytes

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Whether the signature is this key's of the message. Never raises."""
        try:
            if self.kind == "ed25519":
                if len(signature) != SIGNATURE_BYTES:
                    return False
                bindings.crypto_sign_open(signature + message, self.material)
            else:
                _rsa_public(self.material).verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, CryptoError, ValueError, TypeError):
            return False
        return True

    def multibase(self) -> str:
        """`publicKeyMultibase` of a Multikey: `z6Mk…`. Ed25519 only (LocalProtocolError)."""
        if self.kind != "ed25519":
            raise LocalProtocolError(Reason.BAD_KEY, "Only an Ed25519 key has a Multikey form here.")
        return multibase_encode(ED25519_PUBLIC + self.material)

    def did(self) -> str:
        """`did:key:z6Mk…`. Ed25519 only (LocalProtocolError)."""
        return DID_KEY + self.multibase()

    def pem(self) -> str:
        """`publicKeyPem`: SubjectPublicKeyInfo."""
        if self.kind == "ed25519":
            key: rsa.RSAPublicKey | ed25519.Ed25519PublicKey
            key = ed25519.Ed25519PublicKey.from_public_bytes(self.material)
        else:
            key = _rsa_public(self.material)
        return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode(
            "ascii"
        )

    def fingerprint(self) -> str:
        """For people to compare: 32 hexadecimal digits of the SHA-256 of `material`, in groups of four."""
        digits = sha256(self.material).hexdigest()[:32]
        return " ".join(digits[at : at + 4] for at in range(0, 32, 4))

    @staticmethod
    def from_multibase(text: str) -> "PublicKey":
        """The Ed25519 key of a Multikey's `publicKeyMultibase`; BAD_KEY for all else."""
        return _from_multibase(text)

    @staticmethod
    def from_did(text: str) -> "PublicKey":
        """The Ed25519 key of `did:key:z6Mk…`, without or with its fragment; BAD_KEY for all else."""
        name, mark, fragment = text.removeprefix(DID_KEY).partition("#")
        if not text.startswith(DID_KEY) or not name.startswith("z") or (mark and fragment != name):
            raise _bad("Not a did:key.")
        return _from_multibase(name)

    @staticmethod
    def from_pem(text: str) -> "PublicKey":
        """The RSA (or Ed25519) key of a PEM `PUBLIC KEY` or `RSA PUBLIC KEY`; BAD_KEY for all else."""
        return _from_pem(text)


@lru_cache(maxsize=4096)
def _from_multibase(text: str) -> PublicKey:
    try:
        data = multibase_decode(text)
    except RemoteProtocolError:
        raise _bad("The key is not multibase.") from None
    if not data.startswith(ED25519_PUBLIC):
        raise _bad("The Multikey is not of Ed25519.")
    material = data[len(ED25519_PUBLIC) :]
    _check_point(material)
    return PublicKey("ed25519", material)


@lru_cache(maxsize=1024)
def _from_pem(text: str) -> PublicKey:
    if len(text) > PEM_CHARACTERS:
        raise _bad("The PEM text is too long.")
    try:
        key = serialization.load_pem_public_key(text.encode("ascii"))
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise _bad("The key is not a PEM public key.") from None
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if isinstance(key, rsa.RSAPublicKey):
        exponent = key.public_numbers().e
        if not limits.RSA_MIN_BITS <= key.key_size <= limits.RSA_MAX_BITS:
            raise _bad(f"An RSA key of {key.key_size} bits is not accepted.")
        if not 3 <= exponent < RSA_EXPONENT_MAX or exponent % 2 == 0:
            raise _bad("The RSA key's exponent is not accepted.")
        return PublicKey("rsa", der)
    if isinstance(key, ed25519.Ed25519PublicKey):
        material = der.removeprefix(_PEM_ED25519)
        _check_point(material)
        return PublicKey("ed25519", material)
    raise _bad("The key is neither RSA nor Ed25519.")


def _expand(seed: bytes) -> tuple[bytes, bytes]:
    """The public key, and the 64 bytes that libsodium signs with."""
    if len(seed) != ED25519_BYTES:
        raise LocalProtocolError(Reason.BAD_KEY, "An Ed25519 seed has 32 bytes.")
    return bindings.crypto_sign_seed_keypair(seed)


def _pkcs8(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _rsa_private(der: bytes) -> rsa.RSAPrivateKey:
    try:
        key = serialization.load_der_private_key(der, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise LocalProtocolError(Reason.BAD_KEY, "Not a PKCS#8 private key.") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise LocalProtocolError(Reason.BAD_KEY, "The private key is not RSA.")
    return key


class SigningKey(Struct, frozen=True, eq=False):
    """A private key. `secret`: a 32-byte seed (ed25519), or PKCS#8 DER (rsa). Shows itself by its public key only.

    What signing needs is derived once, at construction (`signer`, `public_key`), and dies with the object: no cache
    outlives a rotation.
    """

    kind: Kind
    secret: bytes
    signer: bytes | rsa.RSAPrivateKey | None = None
    public_key: PublicKey | None = None

    def __post_init__(self) -> None:
        if self.kind == "ed25519":
            material, signer = _expand(self.secret)
            public = PublicKey("ed25519", material)
        else:
            signer = _rsa_private(self.secret)
            der = signer.public_key().public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            public = PublicKey("rsa", der)
        force_setattr(self, "signer", signer)
        force_setattr(self, "public_key", public)

    @property
    def public(self) -> PublicKey:
        """The public half."""
        assert self.public_key is not None
        return self.public_key

    def sign(self, message: bytes) -> bytes:
        """The signature: 64 bytes (ed25519), or as long as the modulus (rsa, PKCS#1 v1.5 with SHA-256)."""
        if isinstance(self.signer, bytes):
            return bindings.crypto_sign(message, self.signer)[:SIGNATURE_BYTES]
        assert self.signer is not None
        return self.signer.sign(message, padding.PKCS1v15(), hashes.SHA256())

    @staticmethod
    def generate_ed25519() -> "SigningKey":
        """A new Ed25519 key."""
        return SigningKey("ed25519", secrets.token_bytes(ED25519_BYTES))

    @staticmethod
    def generate_rsa() -> "SigningKey":
        """A new RSA key of 2,048 bits: what every legacy peer accepts."""
        key = rsa.generate_private_key(65537, limits.RSA_MIN_BITS)
        return SigningKey("rsa", _pkcs8(key))

    @staticmethod
    def from_pem(text: str) -> "SigningKey":
        """One of our own keys from an unencrypted PEM; LocalProtocolError BAD_KEY if it is none of the two kinds."""
        try:
            key = serialization.load_pem_private_key(text.encode("ascii"), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise LocalProtocolError(Reason.BAD_KEY, "Not a PEM private key.") from None
        if isinstance(key, rsa.RSAPrivateKey):
            return SigningKey("rsa", _pkcs8(key))
        if isinstance(key, ed25519.Ed25519PrivateKey):
            return SigningKey("ed25519", key.private_bytes_raw())
        raise LocalProtocolError(Reason.BAD_KEY, "The private key is neither RSA nor Ed25519.")

    def __repr__(self) -> str:
        return f"SigningKey({self.kind}, {self.public.fingerprint()})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("kind", self.kind), ("fingerprint", self.public.fingerprint())]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SigningKey):
            return NotImplemented
        return self.kind == other.kind and hmac.compare_digest(self.secret, other.secret)

    def __hash__(self) -> int:
        return hash(self.public)


class HeldKey(Struct, frozen=True):
    """A public key as it is held for an actor. Times in Unix milliseconds; `valid_until` None: still active.

    `compromised_since`: known to be in other hands, so that `created` of its proofs says nothing any more.
    """

    id: str
    actor: str
    public: PublicKey
    valid_from: int = 0
    valid_until: int | None = None
    compromised_since: int | None = None
