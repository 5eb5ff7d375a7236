"""Who speaks: coalitions (Organization), practices (Group), people (Person), and other software's actors.

Owns the actor document's form in both directions, and which keys it declares (protocol sections 1, 2, 6). It reads
what a document says of itself and refuses what no actor may say: endpoints or keys of another origin. Whether the
document may replace the one that is held is `identity.continuity`.
"""

from collections.abc import Sequence
from html import escape, unescape
from typing import Annotated, Any

import msgspec
from msgspec import Meta, field

from protocol.canonical import Document
from protocol.errors import LocalProtocolError, Reason, RemoteProtocolError
from protocol.identifiers import key_owner, origin, parse_url
from protocol.keys import HeldKey, PublicKey
from protocol.limits import ACTIVE_KEYS, ID_CHARACTERS, KEY_HISTORY, TEXT_CHARACTERS
from protocol.vocabulary.context import IMPLEMENTS, actor_context
from protocol.vocabulary.dates import instant, read_instant
from protocol.vocabulary.place import LEVELS, NOWHERE, Place, build_place, check_domain, check_level, read_place
from protocol.vocabulary.shapes import (
    Id,
    Name,
    Prose,
    Whole,
    first_link,
    listed,
    malformed,
    mapping,
    one_id,
    one_type,
    shaped,
)

__all__ = [
    "ACTOR_TYPES",
    "LEVELS",
    "Actor",
    "KeyText",
    "Place",
    "build_actor",
    "implements",
    "keys_of",
    "read_actor",
    "read_actor_value",
]

ACTOR_TYPES = frozenset({"Application", "Group", "Organization", "Person", "Service"})
MULTIKEY = "Multikey"


class KeyText(msgspec.Struct, frozen=True):
    """A key as a document declares it, its material not read yet. `pem`: publicKeyPem, else publicKeyMultibase."""

    id: str
    owner: str
    text: str
    pem: bool = False
    valid_from: int = 0
    valid_until: int | None = None
    compromised_since: int | None = None


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """An actor document, read. Texts are blank where nothing is said; `summary`: its
    entities read, which for what other software writes may leave HTML.

    `attributed_to`: a practice's node actor, on its own origin. `root`: did:key. `history`, `methods` and
    `public_keys` are cw:keys, assertionMethod and publicKey; `keys_of` makes keys of them. `scope_in` and `scope_out`:
    plain text. `parent`: the practice of which this one says it is a part, of any origin.
    """

    id: str
    type: str
    inbox: str
    name: str = ""
    summary: str = ""
    preferred_username: str = ""
    outbox: str | None = None
    followers: str | None = None
    shared_inbox: str | None = None
    url: str | None = None
    attributed_to: str | None = None
    sequence: int = 0
    root: str | None = None
    domain: str = ""
    level: str = ""
    place: Place = NOWHERE
    scope_in: str = ""
    scope_out: str = ""
    parent: str | None = None
    charter: str | None = None
    implements: tuple[str, ...] = ()
    history: tuple[KeyText, ...] = ()
    methods: tuple[KeyText, ...] = ()
    public_keys: tuple[KeyText, ...] = ()

    @property
    def best_inbox(self) -> str:
        """Where to deliver: the shared inbox if there is one (ActivityPub section 7.1.3)."""
        return self.shared_inbox or self.inbox


class _Wire(msgspec.Struct, frozen=True):
    id: Annotated[str, Meta(min_length=1, max_length=ID_CHARACTERS)]
    type: Any
    inbox: Id
    name: Name | None = None
    summary: Prose | None = None
    preferred_username: Name | None = field(default=None, name="preferredUsername")
    outbox: Any = None
    followers: Any = None
    endpoints: Any = None
    url: Any = None
    attributed_to: Any = field(default=None, name="attributedTo")
    published: Any = None
    updated: Any = None
    generator: Any = None
    public_key: Any = field(default=None, name="publicKey")
    assertion_method: Any = field(default=None, name="assertionMethod")
    sequence: Whole | None = field(default=None, name="cw:sequence")
    keys: Any = field(default=None, name="cw:keys")
    root: Name | None = field(default=None, name="cw:root")
    domain: Name | None = field(default=None, name="cw:domain")
    level: Name | None = field(default=None, name="cw:level")
    place: Any = field(default=None, name="cw:place")
    scope_in: Prose | None = field(default=None, name="cw:scopeIn")
    scope_out: Prose | None = field(default=None, name="cw:scopeOut")
    parent: Any = field(default=None, name="cw:parent")
    charter: Any = field(default=None, name="cw:charter")


class _KeyWire(msgspec.Struct, frozen=True):
    id: Id
    owner: Id | None = None
    controller: Id | None = None
    pem: Prose | None = field(default=None, name="publicKeyPem")
    multibase: Prose | None = field(default=None, name="publicKeyMultibase")  # an RSA-4096 Multikey has 700
    valid_from: Name | None = field(default=None, name="validFrom")
    valid_until: Name | None = field(default=None, name="validUntil")
    compromised_since: Name | None = field(default=None, name="compromisedSince")


def _moment(text: str | None, name: str) -> int | None:
    return None if text is None else read_instant(text, name)


def _key(value: Any, actor: str, field_name: str) -> KeyText | None:
    """A declared key; None for what is no key object or no kind of key that is read here (a JsonWebKey …)."""
    members = mapping(value)
    if members is None:
        return None
    pem = field_name == "publicKey"
    if field_name == "assertionMethod" and members.get("type") not in (MULTIKEY, [MULTIKEY]):
        return None
    wire = shaped(members, _KeyWire, field_name)
    text = wire.pem if pem else wire.multibase
    if text is None:
        return None
    return KeyText(
        id=wire.id,
        owner=(wire.owner if pem else actor if field_name == "cw:keys" else wire.controller) or "",
        text=text,
        pem=pem,
        valid_from=_moment(wire.valid_from, "validFrom") or 0,
        valid_until=_moment(wire.valid_until, "validUntil"),
        compromised_since=_moment(wire.compromised_since, "compromisedSince"),
    )


def _keys(value: Any, actor: str, field_name: str, limit: int) -> tuple[KeyText, ...]:
    found = [_key(entry, actor, field_name) for entry in listed(value, field_name, limit)]
    return tuple([key for key in found if key is not None])


def _implemented(generator: Any) -> tuple[str, ...]:
    members = mapping(generator)
    uris: list[str] = []
    for entry in listed(None if members is None else members.get("implements"), "implements"):
        link = mapping(entry)
        href = entry if link is None else link.get("href", link.get("id"))
        if isinstance(href, str):
            uris.append(href)
    return tuple(uris)


def _endpoint(value: Any, actor: str, name: str) -> str | None:
    """A URL of the actor's own origin, else we would be made to POST to a stranger."""
    url = one_id(value, name)
    if url is not None and parse_url(url).origin != origin(actor):
        raise malformed(f"{name} must be on the actor's own origin.")
    return url


def read_actor_value(value: dict[str, Any]) -> Actor:
    """An actor from a JSON object, as in read_actor; also an actor embedded in an Update."""
    wire = shaped(value, _Wire, "Actor")
    kind = one_type(wire.type)
    if kind not in ACTOR_TYPES:
        raise malformed(f"An actor's type is one of {', '.join(sorted(ACTOR_TYPES))}.")
    parse_url(wire.id)
    inbox = _endpoint(wire.inbox, wire.id, "inbox")
    if inbox is None:
        raise malformed("An actor has an inbox.")
    endpoints = mapping(wire.endpoints)
    if wire.root is not None:
        PublicKey.from_did(wire.root)
    # A practice's node is of its own origin; other software puts moderators here, or several authors.
    host = wire.attributed_to if isinstance(wire.attributed_to, str) else None
    sequence = wire.sequence
    if sequence is None:
        changed = wire.updated if isinstance(wire.updated, str) else wire.published
        sequence = read_instant(changed, "updated") if isinstance(changed, str) else 0
    return Actor(
        id=wire.id,
        type=kind,
        inbox=inbox,
        name=wire.name or wire.preferred_username or "",
        summary=unescape(wire.summary or ""),
        preferred_username=wire.preferred_username or "",
        outbox=_endpoint(wire.outbox, wire.id, "outbox"),
        followers=_endpoint(wire.followers, wire.id, "followers"),
        shared_inbox=None if endpoints is None else _endpoint(endpoints.get("sharedInbox"), wire.id, "sharedInbox"),
        url=first_link(wire.url),
        attributed_to=None if host is None else _own(host, wire.id),
        sequence=sequence,
        root=wire.root,
        domain="" if wire.domain is None else check_domain(wire.domain),
        level="" if wire.level is None else check_level(wire.level),
        place=read_place(wire.place),
        scope_in=wire.scope_in or "",
        scope_out=wire.scope_out or "",
        parent=one_id(wire.parent, "cw:parent"),
        charter=one_id(wire.charter, "cw:charter"),
        implements=_implemented(wire.generator),
        history=_keys(wire.keys, wire.id, "cw:keys", KEY_HISTORY),
        methods=_keys(wire.assertion_method, wire.id, "assertionMethod", ACTIVE_KEYS),
        public_keys=_keys(wire.public_key, wire.id, "publicKey", ACTIVE_KEYS),
    )


def _own(host: str, actor: str) -> str | None:
    try:
        return host if origin(host) == origin(actor) else None
    except RemoteProtocolError:
        return None


def read_actor(document: Document) -> Actor:
    """An actor document. RemoteProtocolError MALFORMED, PAGE_LIMIT or BAD_KEY (cw:root is no did:key of Ed25519)."""
    return read_actor_value(document.value)


def _held(declared: KeyText, actor: Actor) -> HeldKey:
    public = PublicKey.from_pem(declared.text) if declared.pem else PublicKey.from_multibase(declared.text)
    return HeldKey(
        declared.id,
        actor.id,
        public,
        declared.valid_from,
        declared.valid_until,
        declared.compromised_since,
    )


def _check_owner(declared: KeyText, actor: Actor) -> None:
    """FEP-fe34: the key says that it is the actor's, and its id is the actor's or at least of its origin."""
    base = key_owner(declared.id)
    own = base == actor.id if base != declared.id else origin(base) == origin(actor.id)
    if declared.owner != actor.id or not own:
        raise RemoteProtocolError(Reason.NOT_OWNER, "An actor document may only declare the actor's own keys.")


def keys_of(actor: Actor) -> tuple[HeldKey, ...]:
    """Every key the document declares, retired ones too; the history (cw:keys) has the say where both name a key.

    NOT_OWNER for a key of another actor; BAD_KEY if one id names two keys, if the history cannot be read or if no
    key can be used (what is of a kind not read here is passed over); PAGE_LIMIT for more than ten active keys.
    """
    held: dict[str, HeldKey] = {}
    refused: RemoteProtocolError | None = None
    for declared in (*actor.history, *actor.methods, *actor.public_keys):
        _check_owner(declared, actor)
        try:
            key = _held(declared, actor)
        except RemoteProtocolError as error:
            if declared in actor.history:
                raise
            refused = error
            continue
        known = held.setdefault(declared.id, key)
        if known.public != key.public:
            raise RemoteProtocolError(Reason.BAD_KEY, "One key id names two different keys.")
    active = sum(1 for key in held.values() if key.valid_until is None and key.compromised_since is None)
    if active > ACTIVE_KEYS:
        raise RemoteProtocolError(Reason.PAGE_LIMIT, f"An actor may have at most {ACTIVE_KEYS} active keys.")
    if not held:
        raise refused or RemoteProtocolError(Reason.BAD_KEY, "The actor has no key.")
    return tuple(held.values())


def implements(actor: Actor, uri: str) -> bool:
    """Whether the actor's generator declares an extension (FEP-844e). Never inferred from names of software."""
    return uri in actor.implements


def _history(key: HeldKey) -> dict[str, Any]:
    value = {"id": key.id, "publicKeyMultibase": key.public.multibase(), "validFrom": instant(key.valid_from)}
    if key.valid_until is not None:
        value["validUntil"] = instant(key.valid_until)
    if key.compromised_since is not None:
        value["compromisedSince"] = instant(key.compromised_since)
    return value


def _method(key: HeldKey, id: str) -> dict[str, Any]:
    return {"id": key.id, "type": MULTIKEY, "controller": id, "publicKeyMultibase": key.public.multibase()}


def build_actor(
    *,
    id: str,
    type: str,
    name: str,
    preferred_username: str,
    keys: Sequence[HeldKey],
    sequence: int,
    rsa: HeldKey | None = None,
    root: str | None = None,
    summary: str = "",
    published: int | None = None,
    url: str | None = None,
    attributed_to: str | None = None,
    domain: str = "",
    level: str = "",
    place: Place = NOWHERE,
    parent: str | None = None,
    charter: str | None = None,
    supports: Sequence[tuple[str, str]] = IMPLEMENTS,
) -> dict[str, Any]:
    """One of our own actor documents, ready to be signed. `keys`: the whole Ed25519 history, retired keys included.

    Endpoints have fixed names below the id; the shared inbox is the origin's. LocalProtocolError if it could not be
    read back.
    """
    try:
        value: dict[str, Any] = {
            "@context": actor_context(),
            "id": id,
            "type": type,
            "name": name,
            **({"summary": escape(summary, quote=False)} if summary else {}),  # HTML on the wire
            "preferredUsername": preferred_username,
            "url": url or id,
            "inbox": f"{id}/inbox",
            "outbox": f"{id}/outbox",
            "followers": f"{id}/followers",
            "following": f"{id}/following",
            "endpoints": {"sharedInbox": origin(id).at("/inbox")},
            **({"published": instant(published)} if published is not None else {}),
            **({"attributedTo": attributed_to} if attributed_to else {}),
            "manuallyApprovesFollowers": False,
            "assertionMethod": [
                _method(key, id) for key in keys if key.valid_until is None and key.compromised_since is None
            ],
            "generator": {
                "type": "Application",
                "implements": [{"href": href, "name": label} for href, label in supports],
            },
            "cw:sequence": sequence,
            "cw:keys": [_history(key) for key in keys],
            **({"cw:root": root} if root else {}),
            **({"cw:domain": domain} if domain else {}),
            **({"cw:level": level} if level else {}),
            **({"cw:place": build_place(place)} if place != NOWHERE else {}),
            **({"cw:parent": parent} if parent else {}),
            **({"cw:charter": charter} if charter else {}),
        }
        if rsa is not None:
            value["publicKey"] = {"id": rsa.id, "owner": id, "publicKeyPem": rsa.public.pem()}
        keys_of(read_actor_value(value))
    except RemoteProtocolError as error:
        raise LocalProtocolError(Reason.INVALID, error.detail) from None
    if len(summary) > TEXT_CHARACTERS:
        raise LocalProtocolError(Reason.INVALID, "The summary is too long.")
    return value
