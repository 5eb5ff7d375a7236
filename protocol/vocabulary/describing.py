"""An actor of ours says anew what it is about: the words, the place and the level of its document, nothing else of it.

Keys, endpoints and whatever else the document holds stay as they are; the proof goes, since it must be made again.
"""

from html import escape
from typing import Any

from protocol.errors import LocalProtocolError, Reason, RemoteProtocolError
from protocol.vocabulary.actors import read_actor_value
from protocol.vocabulary.place import NOWHERE, Place, build_place

_DESCRIBED = ("name", "summary", "cw:scopeIn", "cw:scopeOut", "cw:domain", "cw:level", "cw:place", "cw:sequence")


def redescribe(
    document: dict[str, Any],
    *,
    name: str,
    sequence: int,
    summary: str = "",
    scope_in: str = "",
    scope_out: str = "",
    domain: str = "",
    level: str = "",
    place: Place = NOWHERE,
) -> dict[str, Any]:
    """One of our own actor documents with these in the place of what it said, without its proof.

    Whatever else it says stays. LocalProtocolError if it could not be read back.
    """
    said = {
        "name": name,
        "summary": escape(summary, quote=False),  # HTML on the wire
        "cw:scopeIn": scope_in,
        "cw:scopeOut": scope_out,
        "cw:domain": domain,
        "cw:level": level,
    }
    kept = {member: value for member, value in document.items() if member not in (*_DESCRIBED, "proof")}
    try:
        value = {
            **kept,
            **{member: text for member, text in said.items() if text},
            **({"cw:place": build_place(place)} if place != NOWHERE else {}),
            "cw:sequence": sequence,
        }
        read_actor_value(value)
    except RemoteProtocolError as error:
        raise LocalProtocolError(Reason.INVALID, error.detail) from None
    return value
