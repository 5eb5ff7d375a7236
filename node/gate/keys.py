"""What the gate needs of keys: others' to check what came, ours to sign what is said. Interfaces only."""

from typing import Protocol

from protocol.keys import HeldKey, SigningKey


class Keys(Protocol):
    """Where the gate finds keys; the network is asked behind it, under the limits of protocol section 2."""

    def held(self, key_id: str) -> HeldKey | None:
        """The key if it is known and its actor in good standing; RemoteProtocolError(KEY_CHANGED) if it is not."""
        ...

    async def knows(self, key_id: str) -> bool:
        """Is the key in the database? Nobody is asked."""
        ...

    async def find(self, key_id: str, waiting: int) -> HeldKey:
        """The key, fetched if need be, while `waiting` bytes wait in memory.

        RemoteProtocolError: UNKNOWN_KEY, KEY_UNAVAILABLE (503), KEY_CHANGED.
        """
        ...

    async def renew(self, key_id: str) -> HeldKey | None:
        """Ask the owner again, at most once in five minutes a key; None if that may not be done now."""
        ...

    def forget(self, actor: str) -> None:
        """What is cached of this actor may be stale."""
        ...

    def natively(self, host: str) -> bool:
        """Is it noted that this host signs in the native form?"""
        ...

    async def note_native(self, host: str) -> None:
        """It has shown so: it is spoken to likewise, unless another form is known to work (section 4, Sending)."""
        ...


class Signer(Protocol):
    """Our own actors' keys."""

    def ed25519(self, actor: str) -> SigningKey: ...
    def ed25519_id(self, actor: str) -> str: ...
