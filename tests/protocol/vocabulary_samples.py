"""Documents that the vocabulary's tests share: our own, other software's, and JSON that nobody meant."""

from typing import Any

from hypothesis import reject
from hypothesis import strategies as st

from protocol import canonical
from protocol.canonical import Document
from protocol.errors import RemoteProtocolError
from protocol.identifiers import PUBLIC
from protocol.keys import HeldKey, SigningKey
from protocol.vocabulary.actors import build_actor
from protocol.vocabulary.repertoire import Attachment, Coach, Earlier, Item, Place, Progress, Reference

NODE = "https://high-point.example/actor"
PRACTICE = "https://high-point.example/practices/gun-violence"
OTHER = "https://fort-wayne.example/practices/gun-violence"
MASTODON = "https://mastodon.example/users/chief"
WHEN = 1_700_000_000_123


def document(value: dict[str, Any]) -> Document:
    return canonical.read(canonical.encode(value))


def ed25519(number: int) -> SigningKey:
    return SigningKey("ed25519", bytes([number]) * 32)


def held(number: int, actor: str = PRACTICE, **more: Any) -> HeldKey:
    return HeldKey(f"{actor}#ed25519-{number}", actor, ed25519(number).public, **more)


RSA = SigningKey.generate_rsa()


def rsa(actor: str = PRACTICE) -> HeldKey:
    return HeldKey(f"{actor}#main-key", actor, RSA.public)


def practice(**changed: Any) -> dict[str, Any]:
    built = build_actor(
        id=PRACTICE,
        type="Group",
        name="Gun violence",
        preferred_username="gun-violence",
        summary="<p>Reducing it.</p>",
        keys=[held(1, valid_until=WHEN), held(2, valid_from=WHEN)],
        rsa=rsa(),
        root=ed25519(9).public.did(),
        sequence=WHEN,
        published=WHEN,
        attributed_to=NODE,
        domain="public-safety/gun-violence",
        level="city",
        place=Place("High Point", "4471025", "35.9557,-80.0053", ("US", "US-NC")),
    )
    return {**built, **changed}


METHOD = Item(
    id="https://high-point.example/items/01",
    attributed_to=PRACTICE,
    to=(PUBLIC,),
    cc=(f"{PRACTICE}/followers",),
    name="Offender notification",
    summary="Call in the few.",
    content="<p>Name the few.</p>",
    source="Name the *few*.",
    language="en-US",
    kind="method",
    domain="public-safety/gun-violence",
    place=Place("High Point", within=("US-NC",)),
    version="2",
    principle="Few people do most of the harm.",
    local_conditions="A small city.",
    evidence="Homicides fell.",
    contact="The chief.",
    license="CC-BY-4.0",
    review_by="2027-01-31",
    published=WHEN,
    updated=WHEN + 1_000,
    sequence=WHEN + 5,
    url="https://high-point.example/items/01",
    attachments=(Attachment("https://high-point.example/a.pdf", "application/pdf", "Manual", bytes(32)),),
)

ADAPTATION = Item(
    id="https://fort-wayne.example/items/02",
    attributed_to=OTHER,
    to=(f"{OTHER}/members",),
    name="Notification in Fort Wayne",
    content="<p>As there.</p>",
    language="en",
    kind="adaptation",
    domain="public-safety",
    published=WHEN,
    updated=WHEN,
    sequence=WHEN,
    adapted_from=(Reference(METHOD.id, bytes(range(32))),),
    translation_of=Reference("https://high-point.example/items/01"),
    kept="The call-in.",
    changed="The place.",
    why="No such hall.",
    coach=Coach("https://high-point.example/people/wall", "https://high-point.example/c/1", bytes(32)),
    progress=(Progress("2026-02-01", "visited", "The mayor came along."), Progress("2026-03-01", "running")),
    credits=(Reference("https://inkster.example/items/02", bytes(range(32))),),
    earlier=(Earlier(bytes(range(1, 33)), WHEN - 1000, "first edition"), Earlier(bytes(32), WHEN)),
    stage="running",
    results="Fewer.",
)

MASTODON_ACTOR: dict[str, Any] = {
    "@context": [
        "https://www.w3.org/ns/activitystreams",
        "https://w3id.org/security/v1",
        {"toot": "http://joinmastodon.org/ns#"},
    ],
    "id": MASTODON,
    "type": "Person",
    "following": f"{MASTODON}/following",
    "followers": f"{MASTODON}/followers",
    "inbox": f"{MASTODON}/inbox",
    "outbox": f"{MASTODON}/outbox",
    "featured": f"{MASTODON}/collections/featured",
    "preferredUsername": "chief",
    "name": "",
    "summary": "<p>Chief of police</p>",
    "url": "https://mastodon.example/@chief",
    "manuallyApprovesFollowers": False,
    "published": "2023-01-01T00:00:00Z",
    "publicKey": {"id": f"{MASTODON}#main-key", "owner": MASTODON, "publicKeyPem": RSA.public.pem()},
    "tag": [],
    "attachment": [{"type": "PropertyValue", "name": "City", "value": "High Point"}],
    "endpoints": {"sharedInbox": "https://mastodon.example/inbox"},
    "icon": {"type": "Image", "mediaType": "image/png", "url": "https://files.mastodon.example/a.png"},
}

MASTODON_NOTE: dict[str, Any] = {
    "@context": ["https://www.w3.org/ns/activitystreams", {"ostatus": "http://ostatus.org#"}],
    "id": f"{MASTODON}/statuses/1/activity",
    "type": "Create",
    "actor": MASTODON,
    "published": "2024-02-29T12:00:00.500+01:00",
    "to": "https://www.w3.org/ns/activitystreams#Public",
    "cc": [f"{MASTODON}/followers"],
    "object": {
        "id": f"{MASTODON}/statuses/1",
        "type": ["Note"],
        "summary": None,
        "inReplyTo": None,
        "published": "2024-02-29T11:00:00Z",
        "attributedTo": [{"id": MASTODON}],
        "to": "as:Public",
        "content": "<p>hello</p>",
        "contentMap": {"en": "<p>hello</p>"},
        "attachment": [],
        "tag": [],
        "replies": {"type": "Collection", "first": {"type": "CollectionPage", "items": []}},
    },
}

TYPES = [
    "Create",
    "Update",
    "Delete",
    "Announce",
    "Undo",
    "Follow",
    "Accept",
    "Article",
    "Note",
    "Group",
    "Tombstone",
    "cw:Head",
    "OrderedCollectionPage",
    "Multikey",
]
KEYS = [
    "id",
    "type",
    "actor",
    "object",
    "to",
    "cc",
    "tag",
    "published",
    "updated",
    "attributedTo",
    "inbox",
    "outbox",
    "endpoints",
    "sharedInbox",
    "publicKey",
    "assertionMethod",
    "cw:keys",
    "cw:kind",
    "cw:domain",
    "cw:place",
    "cw:root",
    "cw:sequence",
    "cw:adaptedFrom",
    "name",
    "content",
    "contentMap",
    "source",
    "url",
    "href",
    "generator",
    "implements",
    "publicKeyPem",
    "publicKeyMultibase",
    "owner",
    "controller",
    "target",
    "digestMultibase",
    "attachment",
    "links",
    "rel",
    "subject",
    "aliases",
    "cw:set",
    "cw:epoch",
    "cw:after",
    "cw:to",
    "cw:seq",
    "cw:setRoot",
    "totalItems",
    "orderedItems",
    "next",
    "formerType",
]
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53) + 1, 2**53 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.sampled_from([*TYPES, PUBLIC, PRACTICE, NODE, MASTODON, "2024-01-01T00:00:00Z", "method", "housing", "self"]),
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(KEYS), inner, max_size=8)),
    max_leaves=24,
)


@st.composite
def mutated(draw: st.DrawFn, samples: list[dict[str, Any]]) -> Document:
    """A sample in which some member, at any depth, was replaced by something else; or JSON that is none at all."""
    value: dict[str, Any] = canonical.parse(canonical.encode(draw(st.sampled_from(samples))))
    for _ in range(draw(st.integers(1, 3))):
        at: Any = value
        while True:
            keys: list[Any] = list(at) if isinstance(at, dict) else list(range(len(at)))
            key = draw(st.sampled_from([*keys, *KEYS])) if isinstance(at, dict) else draw(st.sampled_from(keys))
            below = at[key] if isinstance(at, list) else at.get(key)
            if not isinstance(below, (dict, list)) or not below or draw(st.booleans()):
                at[key] = draw(JSON)
                break
            at = below
    try:
        return document(value)
    except RemoteProtocolError:  # a noncharacter in a drawn text: no document at all
        reject()
