"""What of a signed request the gate asks before it reads the body: whose key, still active, where its sender stands.

Pure, and the same for what is pushed here and what is asked of us. It checks no signature: that is protocol's.
"""

from node.gate import objects
from protocol import canonical, http_signature, identifiers
from protocol.errors import ProtocolError, Reason, RemoteProtocolError
from protocol.keys import HeldKey
from protocol.log import LogCursor, read_cursor
from protocol.vocabulary import activities

_DELETE_BYTES = 16 * 1024  # other software's Delete of an actor, with room to spare


def check_active(key: HeldKey, now: int) -> None:
    """A request is of this moment: UNKNOWN_KEY if its key is retired, or known to be in other hands."""
    if key.compromised_since is not None or (key.valid_until is not None and key.valid_until <= now):
        raise RemoteProtocolError(Reason.UNKNOWN_KEY, "The request is signed with a retired key.")


def key_host(key_id: str) -> str:
    """The host whose key this is, as Origin.key; BAD_SIGNATURE if it is no URL: `acct:` names, `#main-key` alone."""
    try:
        return identifiers.host_of(key_id)
    except RemoteProtocolError:
        raise RemoteProtocolError(Reason.BAD_SIGNATURE, "The signature's key id is not a URL.") from None


def signed_cursor(request: http_signature.Request, signature: http_signature.Signature) -> LogCursor | None:
    """What the Commonweave-Log header says, if the signature covers it (section 8, Push); else nothing."""
    if "commonweave-log" not in signature.covered:
        return None
    return next((read_cursor(value) for name, value in request.headers if name == "commonweave-log"), None)


def leaves(body: bytes) -> bool:
    """Is this, unverified, an actor's Delete of itself? Read only where it is small enough to be one."""
    if len(body) > _DELETE_BYTES:
        return False
    try:
        msg = activities.read_activity(canonical.read(body))
    except ProtocolError:
        return False
    return objects.leaves(msg)
