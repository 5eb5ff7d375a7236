"""The node's private keys, in DIR/keys: one file a key, readable by the node's user alone.

Each local actor has an Ed25519 key (proofs, RFC 9421) and an RSA-2048 key (legacy peers), numbered from 1; their ids
are `<actor>#ed25519-1` and `<actor>#rsa-1` (protocol section 2). The root key is made here and then given away: this
folder keeps only its public half. No secret leaves in a repr, an error or a log. Also keeps the secret of API tokens.
"""

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Literal

import msgspec

from node import private_files
from node.private_files import PrivateFileError
from protocol.errors import ProtocolError
from protocol.keys import PublicKey, SigningKey
from protocol.multibase import ED25519_SECRET, multibase_decode, multibase_encode

Kind = Literal["ed25519", "rsa"]

ROOT_KEY_FILE = "root-key"
_FOLDER = "keys"
_ROOT_PUBLIC = "root-public"
_TOKENS = "api-secret"
_SECRET_BYTES = 32  # HMAC-SHA256 gains nothing from more (RFC 2104 section 3)
_TOKEN = re.compile(r"cw1\.[0-9]{1,16}\.[0-9A-Za-z_-]{1,64}\.[0-9A-Za-z_-]{43}", re.ASCII)
_KEY_FILE = re.compile(r".+\.(?P<kind>ed25519|rsa)-(?P<number>[0-9]{1,6})", re.ASCII)


class KeystoreError(Exception):
    """The keys cannot be used. The text is one sentence for the operator, with what to do; never a secret."""


class ActorKey(msgspec.Struct, frozen=True):
    """A key with the id that peers know it by."""

    id: str
    key: SigningKey


class _Stored(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key file: JSON, the secret in base64."""

    actor: str
    kind: Kind
    number: int
    secret: bytes

    def __repr__(self) -> str:
        return f"_Stored({self.actor}#{self.kind}-{self.number})"


class _Slot(msgspec.Struct, frozen=True):
    """Which key: of whom, of which kind, which number."""

    actor: str
    kind: Kind
    number: int

    @property
    def id(self) -> str:
        return f"{self.actor}#{self.kind}-{self.number}"

    @property
    def file(self) -> str:
        # The hash tells actors apart; the words before it are for the operator who looks into the folder.
        words = re.sub(r"[^a-z0-9-]+", "-", self.actor.rpartition("//")[2].lower())[:60].strip("-")
        return f"{words}.{hashlib.sha256(self.actor.encode()).hexdigest()[:16]}.{self.kind}-{self.number}"


class Keystore:
    """The open keys of one data directory. Loaded keys stay in memory; nothing else does."""

    def __init__(self, directory: Path) -> None:
        """Use `open` or `create`, which check what is there."""
        self._directory = directory
        self._folder = directory / _FOLDER
        self._slots: dict[tuple[str, Kind], list[int]] = {}
        self._loaded: dict[_Slot, SigningKey] = {}
        self._api_secret: tuple[tuple[int, int], bytes] | None = None

    def __repr__(self) -> str:
        return f"Keystore({self._directory})"

    @classmethod
    def create(cls, directory: Path) -> tuple["Keystore", SigningKey]:
        """A new keystore, and the root key, which is stored nowhere yet: show it once, or `leave_root_key`.

        KeystoreError if there is a keystore already: a second root would cut the node off from every peer.
        """
        folder = directory / _FOLDER
        if (folder / _ROOT_PUBLIC).exists():
            raise KeystoreError(f"There are keys in {folder} already; they are not replaced.")
        root = SigningKey.generate_ed25519()
        try:
            private_files.make_folder(folder)
            private_files.check(folder)
            private_files.write(folder / _TOKENS, secrets.token_bytes(_SECRET_BYTES))
            private_files.create(folder / _ROOT_PUBLIC, root.public.did().encode())  # last: its presence means complete
        except PrivateFileError as error:
            raise KeystoreError(str(error)) from error
        return cls.open(directory), root

    @classmethod
    def open(cls, directory: Path) -> "Keystore":
        """The keystore of a node. KeystoreError if there is none, or others than its user may read a key."""
        keystore = cls(directory)
        if not (keystore._folder / _ROOT_PUBLIC).exists():
            raise KeystoreError(
                f"There are no keys in {keystore._folder}: restore them, or begin with commonweave init."
            )
        try:
            private_files.check(keystore._folder)
            for path in sorted(keystore._folder.iterdir()):
                private_files.check(path)
            if keystore.root_key_present():
                private_files.check(directory / ROOT_KEY_FILE)
        except PrivateFileError as error:
            raise KeystoreError(str(error)) from error
        keystore.root_public()
        keystore._scan()
        return keystore

    # Actors

    def actors(self) -> tuple[str, ...]:
        """Every actor that has keys here."""
        return tuple(sorted({actor for actor, _ in self._slots}))

    def create_actor(self, actor: str) -> None:
        """Make both keys of a new actor. RSA takes about 0.1 s: call it in a thread. KeystoreError if it has keys."""
        if (actor, "ed25519") in self._slots:
            raise KeystoreError(f"{actor} has keys already.")
        # The Ed25519 key comes last and makes the actor real; an RSA key that a power cut left alone is used again.
        if (actor, "rsa") not in self._slots:
            self._store(_Slot(actor, "rsa", 1), SigningKey.generate_rsa())
        self._store(_Slot(actor, "ed25519", 1), SigningKey.generate_ed25519())

    def ed25519(self, actor: str) -> SigningKey:
        """The actor's active Ed25519 key. KeystoreError if it has none here."""
        return self.active(actor, "ed25519").key

    def rsa(self, actor: str) -> SigningKey:
        """The actor's active RSA key. KeystoreError if it has none here."""
        return self.active(actor, "rsa").key

    def ed25519_id(self, actor: str) -> str:
        """`<actor>#ed25519-1`, or a higher number after rotations. KeystoreError if it has none here."""
        return f"{actor}#ed25519-{self._numbers(actor, 'ed25519')[0]}"

    def rsa_id(self, actor: str) -> str:
        """`<actor>#rsa-1`, or a higher number after rotations. KeystoreError if it has none here."""
        return f"{actor}#rsa-{self._numbers(actor, 'rsa')[0]}"

    def active(self, actor: str, kind: Kind) -> ActorKey:
        """The key to sign with, and its id. KeystoreError if the actor has none here."""
        return self._key(_Slot(actor, kind, self._numbers(actor, kind)[0]))

    # Rotation, in two steps, because the old key must sign the document that announces the new one.

    def begin_rotation(self, actor: str, kind: Kind) -> ActorKey:
        """The next key, its number one higher; the old one stays active. Asked again, the same key."""
        numbers = self._numbers(actor, kind)
        slot = _Slot(actor, kind, numbers[0] + 1)
        if len(numbers) == 1:
            self._store(slot, SigningKey.generate_ed25519() if kind == "ed25519" else SigningKey.generate_rsa())
        return self._key(slot)

    def finish_rotation(self, actor: str, kind: Kind) -> ActorKey:
        """Once the announcement is stored: the next key is active, the old secret is overwritten and gone."""
        numbers = self._numbers(actor, kind)
        if len(numbers) == 1:
            raise KeystoreError(f"No rotation of {actor} has begun.")
        old = _Slot(actor, kind, numbers[0])
        try:
            private_files.destroy(self._folder / old.file)
        except PrivateFileError as error:
            raise KeystoreError(str(error)) from error
        self._loaded.pop(old, None)
        self._slots[actor, kind] = numbers[1:]
        return self.active(actor, kind)

    # The root

    def root_public(self) -> str:
        """`did:key:z6Mk…` of the root, which peers pin."""
        path = self._folder / _ROOT_PUBLIC
        try:
            return PublicKey.from_did(private_files.read(path).decode("ascii").strip()).did()
        except (ProtocolError, UnicodeDecodeError) as error:
            raise KeystoreError(f"{path} does not hold a did:key: restore it from a backup.") from error
        except PrivateFileError as error:
            raise KeystoreError(str(error)) from error

    def root_key_present(self) -> bool:
        """Whether the root's secret still lies on this machine; it belongs on paper or a stick, elsewhere."""
        return (self._directory / ROOT_KEY_FILE).exists()

    def leave_root_key(self, root: SigningKey) -> Path:
        """Put the root's secret in DIR/root-key, for an operator who was not at a terminal when it was made."""
        path = self._directory / ROOT_KEY_FILE
        if root.public.did() != self.root_public():
            raise KeystoreError("That is not this node's root key.")
        try:
            private_files.create(path, f"{root_key_text(root)}\n".encode())
        except PrivateFileError as error:
            raise KeystoreError(str(error)) from error
        return path

    # Tokens of the API

    def mint_token(self, now: int, id: str) -> str:
        """`cw1.<issued ms>.<id>.<mac>`: a bearer token for the API, good until the secret is replaced."""
        if not re.fullmatch(r"[0-9A-Za-z_-]{1,64}", id, re.ASCII):
            raise ValueError("a token's id has 1 to 64 letters, digits, - or _")
        said = f"cw1.{now}.{id}"
        return f"{said}.{self._mac(said)}"

    def check_token(self, text: str) -> bool:
        """Whether this keystore minted the token and has not revoked it since. Constant time in the MAC."""
        if not _TOKEN.fullmatch(text):
            return False
        said, _, mac = text.rpartition(".")
        return hmac.compare_digest(mac, self._mac(said))

    def revoke_tokens(self) -> None:
        """Replace the secret: every token is void at once, in a running node too, which looks at the file."""
        try:
            private_files.write(self._folder / _TOKENS, secrets.token_bytes(_SECRET_BYTES))
        except PrivateFileError as error:
            raise KeystoreError(str(error)) from error

    def seal(self, said: str) -> bytes:
        """32 bytes that name `said` until the tokens are revoked: what is filed under them is then out of reach."""
        return self._digest(f"seal {said}")

    def _mac(self, said: str) -> str:
        return urlsafe_b64encode(self._digest(said)).rstrip(b"=").decode()

    def _digest(self, said: str) -> bytes:
        path = self._folder / _TOKENS
        try:
            found = path.stat()
            state = (found.st_mtime_ns, found.st_ino)
            if self._api_secret is None or self._api_secret[0] != state:
                self._api_secret = (state, private_files.read(path))
        except OSError as error:
            raise KeystoreError(f"{path} cannot be read: {error.strerror}.") from error
        except PrivateFileError as error:
            raise KeystoreError(str(error)) from error
        return hmac.digest(self._api_secret[1], said.encode(), "sha256")

    # Files

    def _scan(self) -> None:
        self._slots = {}
        for path in self._folder.iterdir():
            if _KEY_FILE.fullmatch(path.name) and not path.name.startswith("."):
                stored = self._read(path)
                self._slots.setdefault((stored.actor, stored.kind), []).append(stored.number)
        for numbers in self._slots.values():
            numbers.sort()

    def _numbers(self, actor: str, kind: Kind) -> list[int]:
        """The numbers of the active key and, during a rotation, of the next. Another process may have made them."""
        if (actor, "ed25519") not in self._slots or (actor, kind) not in self._slots:
            self._scan()
        if (actor, "ed25519") not in self._slots or (actor, kind) not in self._slots:
            raise KeystoreError(f"{actor} has no {kind} key in {self._folder}.")
        return self._slots[actor, kind]

    def _key(self, slot: _Slot) -> ActorKey:
        if slot not in self._loaded:
            path = self._folder / slot.file
            stored = self._read(path)
            if (stored.actor, stored.kind, stored.number) != (slot.actor, slot.kind, slot.number):
                raise KeystoreError(f"{path} holds another key than its name says: restore it from a backup.")
            try:
                self._loaded[slot] = SigningKey(stored.kind, stored.secret)
            except ProtocolError as error:
                raise KeystoreError(f"{path} does not hold a usable key: restore it from a backup.") from error
        return ActorKey(slot.id, self._loaded[slot])

    def _read(self, path: Path) -> _Stored:
        try:
            return msgspec.json.decode(private_files.read(path), type=_Stored)
        except msgspec.MsgspecError:
            # Not "from error": a decoder's message may quote what it read.
            raise KeystoreError(f"{path} does not hold a key: restore it from a backup.") from None
        except PrivateFileError as error:
            raise KeystoreError(str(error)) from error

    def _store(self, slot: _Slot, key: SigningKey) -> None:
        stored = _Stored(slot.actor, slot.kind, slot.number, key.secret)
        try:
            private_files.create(self._folder / slot.file, msgspec.json.encode(stored))
        except PrivateFileError as error:
            raise KeystoreError(str(error)) from error
        self._loaded[slot] = key
        self._slots.setdefault((slot.actor, slot.kind), []).append(slot.number)


def root_key_text(root: SigningKey) -> str:
    """The root's secret as people keep it: `z3u2…`, a Multikey secret (W3C Controlled Identifiers 1.0, section 2.4)."""
    return multibase_encode(ED25519_SECRET + root.secret)


def read_root_key(text: str) -> SigningKey:
    """The root key from what `root_key_text` wrote. KeystoreError for anything else, which is not quoted."""
    try:
        data = multibase_decode(text.strip())
        if data.startswith(ED25519_SECRET):
            return SigningKey("ed25519", data.removeprefix(ED25519_SECRET))
    except ProtocolError:
        pass
    raise KeystoreError("That is not a root key: it begins with z3u2 and has about 50 letters and digits.")
