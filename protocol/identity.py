"""Whether a new actor document may take the place of the one that is held (protocol section 2).

Pure: the facts in, an outcome with one sentence out. The signature itself has been verified before; here it is
judged whose it is. The fear behind every line: whoever gets hold of a name, a server or one key must not become the
actor in the eyes of its peers without a person having looked.
"""

from enum import StrEnum

import msgspec

from protocol.errors import Reason
from protocol.keys import HeldKey, PublicKey
from protocol.limits import FUTURE_SEQUENCE, ROOT_WAIT


class Outcome(StrEnum):
    """What becomes of an offered actor document."""

    ACCEPT = "accept"  # it is the actor's document now
    KNOWN = "known"  # it is the one that is held
    STALE = "stale"  # an older one than is held: nothing changes
    WAIT = "wait"  # kept as pending, shown to stewards; see `Ruling.matures`
    VOID = "void"  # not to be used; nothing changes, whoever brought it
    KEY_CHANGED = "key-changed"  # the peer is paused until a steward re-pins it


class Pending(msgspec.Struct, frozen=True):
    """A document that waits. `by_root`: it was the root that signed it, else a key of the actor's. ms since."""

    digest: bytes
    sequence: int
    since: int
    by_root: bool


class Held(msgspec.Struct, frozen=True):
    """What is held of an actor. `proven`: its document carried a proof. `digest` is its SHA-256.

    `voided`: digests of root-signed documents that a key of the actor contradicted while they waited.
    """

    keys: tuple[HeldKey, ...]
    sequence: int
    digest: bytes
    proven: bool
    pending: Pending | None = None
    voided: tuple[bytes, ...] = ()


class Offered(msgspec.Struct, frozen=True):
    """A document that came. `keys`: keys_of it. `root`: the did:key it declares, if any.

    `signer`: the public key by which its proof was verified, None if it has none. `from_origin`: it was fetched from
    the actor's own origin, or came in a request that the actor signed.
    """

    keys: tuple[HeldKey, ...]
    sequence: int
    digest: bytes
    root: str | None
    signer: PublicKey | None
    from_origin: bool


class Ruling(msgspec.Struct, frozen=True):
    """The outcome, and why, for people. `matures`: when a WAIT becomes ACCEPT by itself (ms); None: never.

    `new_root`: both have signed, so the root that it names is the origin's from now on. `voids`: the digest of what
    waited by the root's word and is contradicted by this.
    """

    outcome: Outcome
    because: str
    matures: int | None = None
    new_root: bool = False
    voids: bytes | None = None

    @property
    def reason(self) -> Reason:
        """The same as a Reason of the wire."""
        return _REASONS[self.outcome]


_REASONS = {
    Outcome.ACCEPT: Reason.ACCEPTED,
    Outcome.KNOWN: Reason.KNOWN,
    Outcome.STALE: Reason.SUPERSEDED,
    Outcome.WAIT: Reason.ACCEPTED,
    Outcome.VOID: Reason.BAD_PROOF,
    Outcome.KEY_CHANGED: Reason.KEY_CHANGED,
}


def is_active(key: HeldKey) -> bool:
    """Neither retired nor known to be in other hands."""
    return key.valid_until is None and key.compromised_since is None


def _active(keys: tuple[HeldKey, ...]) -> set[PublicKey]:
    return {key.public for key in keys if is_active(key)}


def history_kept(held: tuple[HeldKey, ...], offered: tuple[HeldKey, ...]) -> bool:
    """Whether every Ed25519 key that is held is still there, and none that was retired or compromised lives again.

    RSA keys are only for HTTP signatures of this minute: they have no history.
    """
    found = {key.id: key for key in offered}
    for old in held:
        if old.public.kind != "ed25519":
            continue
        new = found.get(old.id)
        if new is None or new.public != old.public:
            return False
        if old.valid_until is not None and (new.valid_until is None or new.valid_until > old.valid_until):
            return False
        if old.compromised_since is not None and (
            new.compromised_since is None or new.compromised_since > old.compromised_since
        ):
            return False
    return True


def continuity(held: Held | None, offered: Offered, pinned_root: str | None, now: int) -> Ruling:
    """The rule. `pinned_root`: the did:key pinned for the actor's origin when it was first met, None if none was.

    On ACCEPT the caller holds the document, drops what was pending, and pins `offered.root` if nothing was pinned or
    the ruling says `new_root`. On WAIT it keeps the document as pending, its `since` being the first time that this
    very document came. What the ruling `voids` it adds to `voided`, for good.
    """
    if offered.sequence > now + FUTURE_SEQUENCE:
        return Ruling(Outcome.VOID, "Its sequence is more than a day ahead of our clock.")
    by_root = offered.signer is not None and offered.signer.kind == "ed25519" and offered.signer.did() == pinned_root
    if held is None:
        return _first(offered, pinned_root, by_root)
    if offered.digest == held.digest:
        return Ruling(Outcome.KNOWN, "It is the document that is held.")
    if offered.signer is None:
        return _without_proof(held, offered)
    # A replay of the past is not an attack that a steward can do anything about: it changes nothing.
    if held.proven and (offered.sequence, offered.digest) < (held.sequence, held.digest):
        return Ruling(Outcome.STALE, "A later document is held.")
    by_key = offered.signer in _active(held.keys)
    if not by_key and not by_root:
        return _stranger(held, offered)
    if not history_kept(held.keys, offered.keys):
        return Ruling(Outcome.VOID, "It drops a key from the history or revives a retired one.")
    return _signed(held, offered, pinned_root, by_root, now)


def _first(offered: Offered, pinned_root: str | None, by_root: bool) -> Ruling:
    if by_root:
        return Ruling(Outcome.ACCEPT, "First met, and signed by the root pinned for its origin.")
    if not offered.from_origin:
        return Ruling(Outcome.VOID, "First met, it must come from its own origin.")
    if pinned_root is not None and offered.root not in (None, pinned_root):
        return Ruling(Outcome.KEY_CHANGED, "It names another root than the one pinned for its origin.")
    # First met, its origin's word is all there is: whoever announced the present key may be retired by it, or lost.
    if offered.signer is not None and offered.signer not in {key.public for key in offered.keys}:
        return Ruling(Outcome.VOID, "It is not signed by a key of its own.")
    return Ruling(Outcome.ACCEPT, "First met, from its own origin.")


def _without_proof(held: Held, offered: Offered) -> Ruling:
    """Peers that make no proofs: origin authentication alone, so the keys themselves must go on."""
    if not offered.from_origin:
        return Ruling(Outcome.VOID, "Without a proof it must come from its own origin.")
    if held.proven:
        return Ruling(Outcome.KEY_CHANGED, "It carries no proof any more.")
    return _same_keys(held, offered)


def _same_keys(held: Held, offered: Offered) -> Ruling:
    if _active(held.keys) <= _active(offered.keys):
        return Ruling(Outcome.ACCEPT, "The keys that are held are all still there.")
    return Ruling(Outcome.KEY_CHANGED, "Its key is another one, and nothing links the two.")


def _stranger(held: Held, offered: Offered) -> Ruling:
    """Signed by a key that is not held. What others carry is refused; what the origin itself says is shown."""
    if not offered.from_origin:
        return Ruling(Outcome.VOID, "It is signed by a key that is not the actor's.")
    if not held.proven and offered.signer in _active(offered.keys):
        return _same_keys(held, offered)  # a legacy peer that has learned to make proofs
    return Ruling(Outcome.KEY_CHANGED, "It is signed by a key that was never announced.")


def _signed(held: Held, offered: Offered, pinned_root: str | None, by_root: bool, now: int) -> Ruling:
    """Signed by a held key, or by the pinned root."""
    pending = held.pending
    again = pending is not None and pending.digest == offered.digest
    both = again and pending is not None and pending.by_root != by_root
    if both:
        return Ruling(Outcome.ACCEPT, "Signed by the root and by a key of the actor.", new_root=True)
    if by_root and offered.digest in held.voided:
        return Ruling(Outcome.VOID, "A key of the actor contradicted it while it waited.")
    voids = pending.digest if pending is not None and pending.by_root and not by_root else None
    if pinned_root is not None and offered.root not in (None, pinned_root):
        return Ruling(Outcome.WAIT, "A new root needs the old root's signature and the actor's.", voids=voids)
    if not by_root:
        return Ruling(Outcome.ACCEPT, "Signed by a key that is held.", voids=voids)
    if pending is not None and not again and (pending.sequence, pending.digest) > (offered.sequence, offered.digest):
        return Ruling(Outcome.STALE, "A later document is waiting.")
    since = pending.since if again and pending is not None else now
    if now - since >= ROOT_WAIT:
        return Ruling(Outcome.ACCEPT, "Signed by the root, and not contradicted for 72 hours.")
    return Ruling(Outcome.WAIT, "Signed by the root alone: it is shown to stewards for 72 hours.", since + ROOT_WAIT)
