"""Keys: published vectors, what is refused as a key, and that no secret shows itself."""

import io

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from protocol.errors import LocalProtocolError, Reason, RemoteProtocolError
from protocol.keys import PublicKey, SigningKey, base58_decode, base58_encode
from protocol.multibase import ALPHABET, ED25519_PUBLIC, multibase_encode
from tests.protocol.samples import KEY, OTHER_KEY, vector

# draft-msporny-base58-03, section 5
BASE58 = [
    (b"Hello World!", "2NEpo7TZRRrLZSi2U"),
    (b"The quick brown fox jumps over the lazy dog.", "USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z"),
    (bytes.fromhex("0000287fb4cd"), "11233QC4"),
    (b"", ""),
    (b"\0", "1"),
]

# RFC 8032 section 7.1: secret, public, message, signature
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]

# The eight points of small order, and the spellings of them that are not canonical (Taming the many EdDSAs, table 1)
SMALL_ORDER = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
]
IDENTITY = bytes.fromhex(SMALL_ORDER[0])


def refused(text: str) -> bool:
    """All three readers say BAD_KEY."""
    reasons: list[Reason] = []
    for reader in (PublicKey.from_multibase, PublicKey.from_did, PublicKey.from_pem):
        try:
            reader(text)
        except RemoteProtocolError as error:
            reasons.append(error.reason)
    return reasons == [Reason.BAD_KEY] * 3


def pem(modulus: int, exponent: int = 65537) -> str:
    key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, form).decode()


@pytest.mark.parametrize(("data", "text"), BASE58)
def test_base58_vectors(data: bytes, text: str) -> None:
    assert base58_encode(data) == text
    assert base58_decode(text) == data


@given(st.binary(max_size=90))
def test_base58_has_one_spelling(data: bytes) -> None:
    assert base58_decode(base58_encode(data)) == data


@given(st.text(st.sampled_from(ALPHABET), max_size=128))
def test_base58_of_any_text(text: str) -> None:
    assert base58_encode(base58_decode(text)) == text


@pytest.mark.parametrize("text", ["0", "O", "I", "l", " ", "é", "\ud800", "z" * 129, "2NEpo7TZRRrLZSi2U\n"])
def test_what_is_no_base58(text: str) -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        base58_decode(text)
    assert caught.value.reason is Reason.MALFORMED


@pytest.mark.parametrize(("secret", "public", "message", "signature"), RFC_8032)
def test_rfc_8032(secret: str, public: str, message: str, signature: str) -> None:
    key = SigningKey("ed25519", bytes.fromhex(secret))
    assert key.public.material.hex() == public
    assert key.sign(bytes.fromhex(message)).hex() == signature
    assert key.public.verify(bytes.fromhex(signature), bytes.fromhex(message))


def test_multikey_and_did_key_of_the_suite() -> None:
    text = vector("eddsa-jcs-2022/keyPair.json")["publicKeyMultibase"]
    key = PublicKey.from_multibase(text)
    assert key.multibase() == text
    assert key.did() == f"did:key:{text}"
    assert key == PublicKey.from_did(f"did:key:{text}") == PublicKey.from_did(f"did:key:{text}#{text}")


@pytest.mark.parametrize("point", SMALL_ORDER)
def test_points_of_small_order_are_no_keys(point: str) -> None:
    assert refused(multibase_encode(ED25519_PUBLIC + bytes.fromhex(point)))
    assert refused("did:key:" + multibase_encode(ED25519_PUBLIC + bytes.fromhex(point)))


def test_where_the_libraries_disagree_libsodium_holds() -> None:
    # With the identity as key, R = identity and S = 0 hold for every message: OpenSSL says so too.
    forged = IDENTITY + bytes(32)
    try:
        Ed25519PublicKey.from_public_bytes(IDENTITY).verify(forged, b"anything")
        disagree = True
    except InvalidSignature:
        disagree = False
    assert disagree
    assert not PublicKey("ed25519", IDENTITY).verify(forged, b"anything")


def test_a_signature_has_one_form() -> None:
    signature = KEY.sign(b"message")
    order = 2**252 + 27742317777372353535851937790883648493
    malleated = signature[:32] + (int.from_bytes(signature[32:], "little") + order).to_bytes(32, "little")
    assert not KEY.public.verify(malleated, b"message")
    assert not KEY.public.verify(signature + b"\0", b"message")
    assert not KEY.public.verify(signature[:-1], b"message")


def test_the_formats_of_rfc_9421s_keys() -> None:
    keys = vector("rfc9421.json")["keys"]
    rsa_key = PublicKey.from_pem(keys["test-key-rsa"]["public_pem"])  # PKCS#1: "RSA PUBLIC KEY"
    assert rsa_key == PublicKey.from_pem(rsa_key.pem())
    assert rsa_key.kind == "rsa"
    assert SigningKey.from_pem(keys["test-key-rsa"]["private_pem"]).public == rsa_key
    edwards = PublicKey.from_pem(keys["test-key-ed25519"]["public_pem"])
    assert edwards.kind == "ed25519"
    assert edwards == PublicKey.from_pem(edwards.pem()) == PublicKey.from_multibase(edwards.multibase())
    assert SigningKey.from_pem(keys["test-key-ed25519"]["private_pem"]).public == edwards
    assert refused(keys["test-key-ecc-p256"]["public_pem"])


@pytest.mark.parametrize(
    ("good", "bits"),
    [(False, 512), (False, 1024), (False, 2047), (True, 2048), (True, 8192), (False, 8193), (False, 16384)],
)
def test_rsa_sizes(good: bool, bits: int) -> None:
    assert refused(pem(2**bits - 1)) is not good


@pytest.mark.parametrize("exponent", [2**32 + 1, 2**64 + 1])
def test_rsa_exponents(exponent: int) -> None:
    assert refused(pem(2**2048 - 1, exponent))


P256 = ec.generate_private_key(ec.SECP256R1()).public_key()
FOREIGN = P256.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
GOOD = KEY.public.multibase()


@pytest.mark.parametrize(
    "text",
    [
        *("", "z", "did:key:", "did:key:z", "é", "\ud800", "z" + "1" * 200, "-" * 100_000),
        *(GOOD[1:], GOOD + "1", GOOD[:-1], "u" + GOOD[1:]),
        *(f"did:key:{GOOD}#", f"did:web:{GOOD}", f"did:key:{GOOD}#{OTHER_KEY.public.multibase()}"),
        *(FOREIGN, "-----BEGIN PUBLIC KEY-----\n", KEY.public.pem().replace("PUBLIC", "PRIVATE")),
        *(multibase_encode(b"\xed\x01" + bytes(31)), multibase_encode(b"\xec\x01" + KEY.public.material)),
    ],
)
def test_what_is_no_key(text: str) -> None:
    assert refused(text)


@given(st.text(max_size=80) | st.text(st.sampled_from("z6Mk" + ALPHABET), max_size=60).map("z6Mk".__add__))
def test_any_text_as_a_key(text: str) -> None:
    refused(text)
    refused("did:key:" + text)
    refused(f"-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n")


@given(st.binary(max_size=130), st.binary(max_size=40), st.sampled_from(["ed25519", "rsa"]), st.binary(max_size=40))
def test_verify_never_raises(signature: bytes, message: bytes, kind: str, material: bytes) -> None:
    assert PublicKey(kind, material).verify(signature, message) is False  # type: ignore[arg-type]
    assert KEY.public.verify(signature, message) is False


def test_rsa_signs_and_verifies() -> None:
    key = SigningKey.generate_rsa()
    signature = key.sign(b"message")
    assert len(signature) == 256
    assert key.public.verify(signature, b"message")
    assert not key.public.verify(signature, b"another")
    assert SigningKey("rsa", key.secret) == key
    assert PublicKey.from_pem(key.public.pem()) == key.public
    for form in (key.public.multibase, key.public.did):
        with pytest.raises(LocalProtocolError):
            form()


def test_keys_differ() -> None:
    one, other = SigningKey.generate_ed25519(), SigningKey.generate_ed25519()
    assert one != other
    assert one == SigningKey("ed25519", one.secret)
    assert len({one, other, SigningKey("ed25519", one.secret)}) == 2


@pytest.mark.parametrize("make", [SigningKey.generate_ed25519, SigningKey.generate_rsa])
def test_no_secret_is_shown(make: object) -> None:
    key: SigningKey = make()  # type: ignore[operator]
    console = Console(file=io.StringIO(), width=4_000)
    console.print(key, {"key": key})
    for text in (repr(key), str(key), f"{key}", repr([key]), console.file.getvalue()):  # type: ignore[attr-defined]
        for form in (key.secret.hex(), repr(key.secret), str(key.secret[:12])[2:-1]):
            assert form not in text
        assert key.public.fingerprint() in text


@pytest.mark.parametrize("secret", [b"", bytes(31), bytes(33), bytes(64)])
def test_a_seed_has_32_bytes(secret: bytes) -> None:
    for kind in ("ed25519", "rsa"):
        with pytest.raises(LocalProtocolError):
            SigningKey(kind, secret)  # type: ignore[arg-type]


def test_fingerprint_is_for_people() -> None:
    groups = KEY.public.fingerprint().split(" ")
    assert [len(group) for group in groups] == [4] * 8
    assert groups != OTHER_KEY.public.fingerprint().split(" ")
