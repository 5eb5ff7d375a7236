"""What several tests here sign and read: one actor's key, one activity of ordinary size, where vectors lie."""

import json
from pathlib import Path
from typing import Any

from protocol.http_signature import Request
from protocol.keys import HeldKey, SigningKey

VECTORS = Path(__file__).parent.parent / "vectors"

ACTOR = "https://highpoint.example/practices/violence"
METHOD = f"{ACTOR}#ed25519-1"
INBOX = "https://fortwayne.example/inbox"
NOW = 1_714_557_600_000  # 2024-05-01T10:00:00Z
CONTEXT: list[Any] = [
    "https://www.w3.org/ns/activitystreams",
    "https://w3id.org/security/data-integrity/v2",
    {"cw": "https://w3id.org/commonweave#"},
]

KEY = SigningKey("ed25519", bytes(range(32)))
OTHER_KEY = SigningKey("ed25519", bytes(range(1, 33)))
HELD = HeldKey(METHOD, ACTOR, KEY.public)


def vector(name: str) -> Any:
    """A JSON vector file's content."""
    return json.loads((VECTORS / name).read_bytes())


def activity(**changed: Any) -> dict[str, Any]:
    """A Create of an item, about 2 KB with its proof; `changed` members replace its own."""
    item = {
        "id": "https://highpoint.example/items/1",
        "type": "Article",
        "attributedTo": ACTOR,
        "to": ["https://www.w3.org/ns/activitystreams#Public"],
        "cw:sequence": NOW,
        "name": "Call-in: offer help, promise consequences",
        "content": "<p>" + "Moral voice of the community, é — [see](https://a.example). " * 12 + "</p>",
        "source": {"content": 'Say "we care"\n* and mean it\n' * 8, "mediaType": "text/markdown"},
        "tag": [{"type": "Link", "href": f"https://a.example/{number}"} for number in range(4)],
        "cw:place": {"cw:geonames": 4470778, "name": "High Point", "cw:within": ["US", "US-NC"]},
    }
    return {
        "@context": CONTEXT,
        "id": "https://highpoint.example/activities/1",
        "type": "Create",
        "actor": ACTOR,
        "to": ["https://www.w3.org/ns/activitystreams#Public"],
        "object": item,
        **changed,
    }


def request(body: bytes | None = b'{"a":1}', *, method: str = "POST", target: str = INBOX) -> Request:
    """An unsigned request as it would be sent."""
    headers = (
        ("host", "fortwayne.example"),
        ("user-agent", "test"),
        ("accept", "application/activity+json"),
        ("content-type", "application/activity+json"),
        ("commonweave-log", f'"{ACTOR}/outbox";epoch=1;after=4;seq=6'),
    )
    return Request(method, target, headers, body)


def with_headers(unsigned: Request, added: list[tuple[str, str]]) -> Request:
    """The request as its receiver sees it: added headers in lower case, replacing those of the same name."""
    names = {name.lower() for name, _ in added}
    kept = tuple(pair for pair in unsigned.headers if pair[0] not in names)
    headers = (*kept, *((name.lower(), value) for name, value in added))
    return Request(unsigned.method, unsigned.target, headers, unsigned.body, unsigned.status)
