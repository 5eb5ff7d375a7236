"""Why something was refused, and whose fault it was.

One closed list of reasons and one table to HTTP. The same Reason stands in answers (as a problem type), in
logs, in metrics and on the steward's page. This file never decides anything.
"""

from enum import StrEnum

PROBLEM_BASE = "https://w3id.org/commonweave/problems#"


class Reason(StrEnum):
    """A decision's reason; its value is the stable last part of the problem type (RFC 9457 section 3.1.1)."""

    ACCEPTED = "accepted"
    KNOWN = "already-known"
    SUPERSEDED = "superseded"

    NOT_JSON = "not-i-json"
    MALFORMED = "malformed"
    TOO_DEEP = "too-deep"
    PAGE_LIMIT = "page-limit"
    FUTURE_SEQUENCE = "future-sequence"
    ID_REUSED = "id-reused"
    IDENTITY_CHANGED = "identity-changed"

    UNSIGNED = "unsigned"
    BAD_SIGNATURE = "bad-signature"
    SIGNATURE_EXPIRED = "signature-expired"
    BAD_KEY = "bad-key"
    UNKNOWN_KEY = "unknown-key"

    BAD_PROOF = "bad-proof"
    NO_PROOF = "no-proof"
    NOT_OWNER = "not-owner"
    NOT_ACTOR = "signer-is-not-actor"
    BLOCKED = "blocked"
    NOT_LISTED = "not-listed"
    KEY_CHANGED = "key-changed"
    KEY_RETIRED = "key-retired"
    NOT_FOLLOWED = "not-followed"
    NOT_ASKED = "not-asked"
    NOT_ALLOWED = "not-allowed"

    NOT_FOUND = "not-found"
    GONE = "gone"
    FUTURE_CURSOR = "future-cursor"
    CURSOR_TOO_OLD = "cursor-too-old"
    TOO_SLOW = "too-slow"
    TOO_LARGE = "too-large"
    WRONG_TYPE = "wrong-media-type"
    NOT_ACCEPTABLE = "not-acceptable"
    EXISTS = "already-exists"
    REPEATED = "done-already"
    INVALID = "invalid"
    FLOOD = "too-many-requests"
    BUSY = "busy"
    KEY_UNAVAILABLE = "key-unavailable"
    INTERNAL = "internal"


# reason -> (HTTP status, one sentence for people). Status per protocol section 5.
ANSWERS: dict[Reason, tuple[int, str]] = {
    Reason.ACCEPTED: (202, "Stored."),
    Reason.KNOWN: (202, "Already known."),
    Reason.SUPERSEDED: (202, "A later state of this object is already held."),
    Reason.NOT_JSON: (400, "The body is not I-JSON (RFC 7493)."),
    Reason.MALFORMED: (400, "The document does not have the form its type demands."),
    Reason.TOO_DEEP: (400, "The document is nested too deeply."),
    Reason.PAGE_LIMIT: (400, "A list in the document is longer than the limit."),
    Reason.FUTURE_SEQUENCE: (400, "The object's sequence is more than a day ahead of our clock."),
    Reason.ID_REUSED: (400, "This id already names another document."),
    Reason.IDENTITY_CHANGED: (400, "An update may not change an object's id, type, owner or audience."),
    Reason.UNSIGNED: (401, "The request must be signed."),
    Reason.BAD_SIGNATURE: (401, "The HTTP signature does not verify."),
    Reason.SIGNATURE_EXPIRED: (401, "The HTTP signature is outside its time window."),
    Reason.BAD_KEY: (401, "The key is of a kind or size that is not accepted."),
    Reason.UNKNOWN_KEY: (401, "The key could not be found at its owner."),
    Reason.BAD_PROOF: (403, "The object integrity proof does not verify."),
    Reason.NO_PROOF: (403, "Without an object integrity proof this may only come from its own origin."),
    Reason.NOT_OWNER: (403, "Only the owner may say this of the object."),
    Reason.NOT_ACTOR: (403, "The signer of the request is not the activity's actor."),
    Reason.BLOCKED: (403, "This node does not accept messages from there."),
    Reason.NOT_LISTED: (403, "This node only talks to nodes on its list."),
    Reason.KEY_CHANGED: (403, "The key changed without a proof of continuity; a steward must confirm it."),
    Reason.KEY_RETIRED: (403, "The proof was made outside the key's validity."),
    Reason.NOT_FOLLOWED: (403, "Nobody here follows this actor."),
    Reason.NOT_ASKED: (403, "This answers a request that was never made."),
    Reason.NOT_ALLOWED: (403, "This is not allowed."),
    Reason.NOT_FOUND: (404, "There is nothing here that you may see."),
    Reason.GONE: (410, "This was withdrawn."),
    Reason.FUTURE_CURSOR: (409, "The cursor is ahead of the log."),
    Reason.CURSOR_TOO_OLD: (410, "The cursor belongs to another epoch; reconcile from the start."),
    Reason.TOO_SLOW: (408, "The body did not arrive in time."),
    Reason.TOO_LARGE: (413, "The body is larger than the limit."),
    Reason.WRONG_TYPE: (415, "The media type is not one this endpoint reads."),
    Reason.NOT_ACCEPTABLE: (406, "None of the offered media types is acceptable."),
    Reason.EXISTS: (409, "This already exists."),
    Reason.REPEATED: (409, "This was sent before and is done; nothing was done twice."),
    Reason.INVALID: (422, "Some of what was given cannot be used."),
    Reason.FLOOD: (429, "Too many requests; wait and try again."),
    Reason.BUSY: (503, "The node is busy; try again shortly."),
    Reason.KEY_UNAVAILABLE: (503, "The sender's key cannot be fetched now; try again shortly."),
    Reason.INTERNAL: (500, "Something went wrong on this node."),
}


def status(reason: Reason) -> int:
    """The HTTP status of a reason (protocol section 5)."""
    return ANSWERS[reason][0]


def sentence(reason: Reason) -> str:
    """One sentence for people, without stack, path or SQL."""
    return ANSWERS[reason][1]


class ProtocolError(Exception):
    """A rule of the wire was broken. `reason` is for machines, `detail` one sentence for people."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(detail or sentence(reason))
        self.reason = reason
        self.detail = detail or sentence(reason)

    @property
    def status(self) -> int:
        """The HTTP status this error is answered with."""
        return status(self.reason)


class RemoteProtocolError(ProtocolError):
    """The other side broke a rule: refuse what it sent."""


class LocalProtocolError(ProtocolError):
    """Our own side tried to say what the protocol forbids: a bug here, never the peer's fault."""


def problem(reason: Reason, detail: str = "") -> dict[str, str | int]:
    """The RFC 9457 members of an answer: `type` is stable, `detail` one sentence for people."""
    code, said = ANSWERS[reason]
    return {"type": PROBLEM_BASE + reason.value, "title": said, "status": code, "detail": str(detail or said)}
