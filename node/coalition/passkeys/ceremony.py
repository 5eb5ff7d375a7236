"""The two ceremonies of WebAuthn Level 3, registration (7.1) and authentication (7.2), as py_webauthn carries them out.

A challenge is sealed, not stored: whoever asks for one costs the node nothing. It is good for five minutes, for one of
the two ceremonies and, where somebody is signed in, for that session; that it was used is remembered.
"""

import base64
import binascii
import ipaddress
import json
from hmac import compare_digest
from typing import Any

import msgspec
from cbor2 import CBORDecodeError
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, options_to_json_dict
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from node.clock import Clock
from node.coalition.people.links import Seal, secret
from protocol.identifiers import Origin

GOOD_FOR = 5 * 60_000  # ms
MOST_BYTES = 20_000  # of what a browser answers: an attestation of none and a key are a fiftieth of it
ADD, SIGN_IN = "add", "sign in"


class Wrong(Exception):
    """What was sent is no passkey of this node's, is too old, or answers another question."""


class Added(msgspec.Struct, frozen=True):
    """A new credential. id: base64url; key: its public key (COSE)."""

    id: str
    key: bytes
    count: int
    challenge: str


class Shown(msgspec.Struct, frozen=True):
    """An answer as it came, whose signature is still to be checked. user: whose it says it is."""

    id: str
    user: str
    challenge: str
    text: str


class Ceremony:
    """origin: of this node; its host is the relying party's id (5.1.2). seal: names secrets."""

    def __init__(self, origin: Origin, clock: Clock, seal: Seal) -> None:
        self._origin = str(origin)
        self._party = origin.host
        self._clock = clock
        self._seal = seal

    @property
    def possible(self) -> bool:
        """Not where the node has an IP address alone: a relying party's id is a domain."""
        try:
            ipaddress.ip_address(self._party.strip("[]"))
        except ValueError:
            return True
        return False

    def to_add(self, member: str, name: str, bound: str, have: list[str]) -> dict[str, Any]:
        """What navigator.credentials.create is asked with. have: the ids of those that this member has."""
        options = generate_registration_options(
            rp_id=self._party, rp_name=self._party, user_id=member.encode(), user_name=name, user_display_name=name,
            challenge=self._challenge(ADD, bound),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=base64url_to_bytes(id)) for id in have],
        )  # fmt: skip
        return options_to_json_dict(options)

    def to_sign_in(self) -> dict[str, Any]:
        """What navigator.credentials.get is asked with: any passkey of this node, whoever's."""
        options = generate_authentication_options(
            rp_id=self._party, challenge=self._challenge(SIGN_IN, ""),
            user_verification=UserVerificationRequirement.REQUIRED,
        )  # fmt: skip
        return options_to_json_dict(options)

    def added(self, text: str, bound: str) -> Added:
        """The credential that a browser made (7.1). Wrong for anything else."""
        challenge = self._answered(text, ADD, bound)
        try:
            made = verify_registration_response(
                credential=text, expected_challenge=challenge.encode(), expected_rp_id=self._party,
                expected_origin=self._origin, require_user_verification=True,
            )  # fmt: skip
        except _FAULTS as error:
            raise Wrong(str(error)) from error
        return Added(
            bytes_to_base64url(made.credential_id), made.credential_public_key, made.sign_count, challenge
        )  # fmt: skip

    def shown(self, text: str) -> Shown:
        """Whose answer it says it is. Wrong if it answers no question of ours."""
        challenge = self._answered(text, SIGN_IN, "")
        try:
            said = json.loads(text)
            user = base64url_to_bytes(said["response"].get("userHandle") or "").decode()
            return Shown(bytes_to_base64url(base64url_to_bytes(said["rawId"])), user, challenge, text)
        except _FAULTS as error:
            raise Wrong(str(error)) from error

    def proved(self, shown: Shown, key: bytes, count: int) -> int:
        """Its new counter, if it was signed by this key (7.2). Wrong if not, or if the counter fell behind: a copy."""
        try:
            found = verify_authentication_response(
                credential=shown.text, expected_challenge=shown.challenge.encode(), expected_rp_id=self._party,
                expected_origin=self._origin, credential_public_key=key, credential_current_sign_count=count,
                require_user_verification=True,
            )  # fmt: skip
        except _FAULTS as error:
            raise Wrong(str(error)) from error
        return found.new_sign_count

    def _challenge(self, what: str, bound: str) -> bytes:
        said = f"{self._clock.now()}.{secret()}"
        return f"{said}.{self._mac(said, what, bound)}".encode()

    def _mac(self, said: str, what: str, bound: str) -> str:
        return base64.urlsafe_b64encode(self._seal(f"passkey {what} {bound} {said}")[:18]).decode()

    def _answered(self, text: str, what: str, bound: str) -> str:
        """The challenge that the answer names, if it is one of ours that is still good."""
        if len(text) > MOST_BYTES:
            raise Wrong("It is too long.")
        try:
            client = json.loads(base64url_to_bytes(json.loads(text)["response"]["clientDataJSON"]))
            challenge = base64url_to_bytes(client["challenge"]).decode("ascii")
            said, _, mac = challenge.rpartition(".")
            made = int(said.partition(".")[0])
        except _FAULTS as error:
            raise Wrong(str(error)) from error
        if not compare_digest(mac.encode(), self._mac(said, what, bound).encode()):
            raise Wrong("Its challenge is not of this node.")
        if not 0 <= self._clock.now() - made <= GOOD_FOR:
            raise Wrong("Its challenge is too old.")
        return challenge


# What a browser sends is a stranger's: readers of JSON, base64 and CBOR refuse it each in their own words.
_FAULTS = (
    WebAuthnException, CBORDecodeError, binascii.Error, ValueError, KeyError, TypeError, AttributeError, IndexError,
    RecursionError,
)  # fmt: skip
