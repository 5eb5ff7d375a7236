"""What the benchmark sends: remote actors, items of the usual size, and requests signed before the clock starts.

Both signatures are real and made as our own deliverer makes them; a request is kept as the bytes that go on the wire.
"""

import msgspec

from protocol import http_signature, identifiers, integrity
from protocol.http_message import Request
from protocol.identifiers import PUBLIC
from protocol.keys import HeldKey, SigningKey
from protocol.log import LogCursor, build_cursor
from protocol.vocabulary import activities
from protocol.vocabulary.actors import build_actor
from protocol.vocabulary.context import ACTIVITY_JSON
from protocol.vocabulary.place import Place
from protocol.vocabulary.repertoire import Item, build_item

_METHOD = """## What to do

Street outreach workers meet the people whom a shooting may concern within a day, at the place where they live.
They were chosen by the neighbourhood, not by the city, and they do not carry anything back to the police.

1. Call the hospital every morning, and write down who is there and who came to see them.
2. Visit in pairs; one of the two has known the family for years.
3. Offer one thing that helps *this week*: a ride, a lawyer's number, a place to sleep.
"""
_HTML = (
    "<h2>What to do</h2><p>Street outreach workers meet the people whom a shooting may concern within a day.</p>"
    "<ol><li>Call the hospital every morning.</li><li>Visit in pairs.</li><li>Offer one thing that helps.</li></ol>"
)


class Remote(msgspec.Struct, frozen=True):
    """A practice on another node, with its keys."""

    id: str
    key: SigningKey

    @property
    def key_id(self) -> str:
        return f"{self.id}#ed25519-1"

    @staticmethod
    def at(origin: str, slug: str) -> "Remote":
        return Remote(f"{origin}/practices/{slug}", SigningKey.generate_ed25519())

    def document(self, now: int) -> bytes:
        """Its signed actor document."""
        made = build_actor(
            id=self.id,
            type="Group",
            name="Public safety",
            preferred_username=self.id.rpartition("/")[2],
            keys=[HeldKey(self.key_id, self.id, self.key.public, valid_from=now)],
            sequence=now,
            domain="public-safety",
            level="city",
        )
        return integrity.sign(made, self.key, self.key_id, now)


def item(id: str, owner: str, number: int, now: int) -> Item:
    """A repertoire item whose Create has about 2.3 KB."""
    return Item(
        id=id,
        attributed_to=owner,
        to=(PUBLIC,),
        cc=(f"{owner}/followers",),
        name=f"Outreach within a day, number {number}",
        summary="Who was hurt is met by someone they know before the next night.",
        content=_HTML,
        source=_METHOD,
        language="en",
        kind="method",
        domain="public-safety/gun-violence",
        place=Place(name="High Point"),
        principle="The first visit belongs to someone the family already trusts.",
        local_conditions="One trauma hospital; four neighbourhoods.",
        evidence="Fewer second shootings in two summers.",
        contact="outreach@highpoint.example",
        license="CC-BY-4.0",
        published=now,
        updated=now,
        sequence=now,
        url=id,
    )


def create(remote: Remote, number: int, now: int) -> bytes:
    """A signed Create of a new item."""
    where = identifiers.origin(remote.id)
    about = build_item(item(f"{remote.id}/items/{number}", remote.id, number, now))
    return integrity.sign(
        activities.create(where.at(f"/activities/{number}"), remote.id, about, now), remote.key, remote.key_id, now
    )


def push(remote: Remote, body: bytes, seq: int, inbox: str, now: int) -> bytes:
    """The whole request as it goes over the wire."""
    where = identifiers.origin(inbox)
    headers = (
        ("host", where.authority),
        ("user-agent", f"Commonweave/0.1.0 (+{identifiers.origin(remote.id)})"),
        ("accept-encoding", "gzip"),
        ("content-type", ACTIVITY_JSON),
        # Connections of one actor overtake each other here: nothing after 0 was left out, so that none is a gap.
        ("commonweave-log", build_cursor(LogCursor(f"{remote.id}/outbox", 1, seq, 0))),
    )
    request = Request("POST", inbox, headers, body)
    added = http_signature.sign(request, remote.key, remote.key_id, now // 1000, f"n{seq}", ("commonweave-log",))
    path = inbox.removeprefix(str(where))
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in (*headers, *added))]
    lines += ["accept: */*", f"content-length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode("ascii") + body
