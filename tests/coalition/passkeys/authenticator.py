"""An authenticator in software: what a device answers in WebAuthn's two ceremonies, true or as wrong as one likes."""

import hashlib
import json
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

PRESENT, VERIFIED, WITH_KEY = 0x01, 0x04, 0x40  # flags of authenticator data (WebAuthn 6.1)


class Authenticator:
    """One credential of one person at one origin."""

    def __init__(self, origin: str, id: bytes = b"a credential of 32 bytes exactly") -> None:
        self.origin = origin
        self.id = id
        self.user = b""
        self.count = 0
        self.key = ec.derive_private_key(int.from_bytes(hashlib.sha256(id).digest()), ec.SECP256R1())

    def _client(self, type: str, challenge: str) -> bytes:
        said = {"type": type, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _data(self, party: str, flags: int, more: bytes = b"") -> bytes:
        self.count += 1
        return hashlib.sha256(party.encode()).digest() + bytes([flags]) + self.count.to_bytes(4) + more

    def _answer(self, response: dict[str, Any]) -> str:
        id = bytes_to_base64url(self.id)
        return json.dumps({
            "id": id, "rawId": id, "type": "public-key", "response": response, "clientExtensionResults": {},
            "authenticatorAttachment": "platform",
        })  # fmt: skip

    def create(self, options: dict[str, Any], flags: int = PRESENT | VERIFIED, party: str = "") -> str:
        """The answer to navigator.credentials.create, with no attestation."""
        self.user = base64url_to_bytes(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        cose = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)})
        credential = b"\0" * 16 + len(self.id).to_bytes(2) + self.id + cose
        data = self._data(party or options["rp"]["id"], flags | WITH_KEY, credential)
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer({
            "clientDataJSON": bytes_to_base64url(self._client("webauthn.create", options["challenge"])),
            "attestationObject": bytes_to_base64url(attestation), "transports": ["internal"],
        })  # fmt: skip

    def get(
        self, options: dict[str, Any], flags: int = PRESENT | VERIFIED, party: str = "", user: bytes | None = None
    ) -> str:
        """The answer to navigator.credentials.get."""
        data = self._data(party or options["rpId"], flags)
        client = self._client("webauthn.get", options["challenge"])
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer({
            "clientDataJSON": bytes_to_base64url(client), "authenticatorData": bytes_to_base64url(data),
            "signature": bytes_to_base64url(signature),
            "userHandle": bytes_to_base64url(self.user if user is None else user),
        })  # fmt: skip
