"""A peer's answer to a push, as the schedule reads it: status, Retry-After, and its reason in its own words.

Their words are kept for people and never obeyed: bounded, printable, one line.
"""

from typing import Any

import msgspec

from node.federation.response import Response
from node.federation.schedule import REASON_CHARACTERS, Answer

_WORDS = ("detail", "title", "error", "message")  # RFC 9457, and what others answer instead


def read_answer(response: Response) -> Answer:
    """What the peer said. Never raises, whatever the body."""
    problem, reason = None, ""
    if response.status >= 300 and response.body:
        value = _object(response)
        if value is None:
            reason = response.body[: REASON_CHARACTERS * 4].decode("utf-8", "replace")
        else:
            kind = value.get("type")
            problem = kind if isinstance(kind, str) else None
            reason = next((value[name] for name in _WORDS if isinstance(value.get(name), str)), "")
    return Answer(response.status, response.header("retry-after"), _line(problem) if problem else None, _line(reason))


def _object(response: Response) -> dict[str, Any] | None:
    if "json" not in (response.header("content-type") or ""):
        return None
    try:
        return msgspec.json.decode(response.body, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        return {}


def _line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text[:REASON_CHARACTERS]).strip()
