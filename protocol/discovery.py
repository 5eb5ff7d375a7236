"""How a node is found: WebFinger (RFC 7033), for actors and for the origin itself (FEP-d556), and NodeInfo 2.1.

Pure documents in both directions. What is found here is a pointer and proves nothing: the actor document that it
leads to is fetched and judged by itself. NodeInfo says what runs here, never who or how many people (section 1).
"""

from typing import Any
from urllib.parse import quote

from protocol import canonical
from protocol.errors import Reason, RemoteProtocolError
from protocol.identifiers import Origin, node_actor, parse_handle, parse_url
from protocol.vocabulary.context import ACTIVITY_JSON, LD_JSON
from protocol.vocabulary.shapes import listed, malformed, mapping

JRD_JSON = "application/jrd+json"
NODEINFO_SCHEMA = "http://nodeinfo.diaspora.software/ns/schema/2.1"
NODEINFO_JSON = f'application/json; profile="{NODEINFO_SCHEMA}#"'
APPLICATION_ACTOR = "https://www.w3.org/ns/activitystreams#Application"  # FEP-2677
_PROFILE_PAGE = "http://webfinger.net/rel/profile-page"
_LINKS = 100
_TYPES = (ACTIVITY_JSON, LD_JSON)  # compared, not hashed: what stands there may be anything


def webfinger_url(where: Origin, resource: str) -> str:
    """Where a resource (`acct:name@host`, or an origin) is asked for."""
    return where.at(f"/.well-known/webfinger?resource={quote(resource, safe='')}")


def webfinger(subject: str, actor: str, *, profile: str | None = None, aliases: tuple[str, ...] = ()) -> dict[str, Any]:
    """The JRD of an actor. `subject`: `acct:…`, or the origin for the node actor (FEP-d556)."""
    links: list[dict[str, str]] = [{"rel": "self", "type": ACTIVITY_JSON, "href": actor}]
    if profile is not None:
        links.append({"rel": _PROFILE_PAGE, "type": "text/html", "href": profile})
    return {"subject": subject, "aliases": [actor, *(alias for alias in aliases if alias != actor)], "links": links}


def _same_subject(found: str, wanted: str) -> bool:
    try:
        if found.startswith("acct:"):
            one, other = parse_handle(found), parse_handle(wanted)
            return one.host == other.host and one.name.lower() == other.name.lower()
        return str(parse_url(found)) == str(parse_url(wanted))
    except RemoteProtocolError:
        return False


def read_webfinger(raw: bytes, wanted: str = "") -> str:
    """The actor's URL from a JRD. RemoteProtocolError: the errors of canonical.read, or MALFORMED.

    `wanted`: the resource asked for; an answer about another one is refused.
    """
    value = canonical.read(raw).value
    if wanted:
        subject = value.get("subject")
        aliases = listed(value.get("aliases"), "aliases", _LINKS)
        names = [name for name in (subject, *aliases) if isinstance(name, str)]
        if not any(_same_subject(name, wanted) for name in names):
            raise malformed("The WebFinger answer is about another subject.")
    for entry in listed(value.get("links"), "links", _LINKS):
        link = mapping(entry)
        if link is None or link.get("rel") != "self" or link.get("type") not in _TYPES:
            continue
        href = link.get("href")
        if not isinstance(href, str):
            raise malformed("The WebFinger answer's link has no href.")
        parse_url(href)
        return href
    raise RemoteProtocolError(Reason.MALFORMED, "The WebFinger answer names no ActivityPub actor.")


def nodeinfo_links(where: Origin) -> dict[str, Any]:
    """`/.well-known/nodeinfo`: where NodeInfo is, and the node's own actor (FEP-2677)."""
    return {
        "links": [
            {"rel": NODEINFO_SCHEMA, "href": where.at("/nodeinfo/2.1")},
            {"rel": APPLICATION_ACTOR, "href": node_actor(where)},
        ]
    }


def nodeinfo(*, version: str, posts: int = 0, name: str = "", description: str = "", actor: str = "") -> dict[str, Any]:
    """NodeInfo 2.1. `usage.users` stays empty: members are the coalition's own affair. `posts`: public items."""
    return {
        "version": "2.1",
        "software": {"name": "commonweave", "version": version},
        "protocols": ["activitypub"],
        "services": {"inbound": [], "outbound": []},
        "openRegistrations": False,
        "usage": {"users": {}, "localPosts": posts},
        "metadata": {
            **({"nodeName": name} if name else {}),
            **({"nodeDescription": description} if description else {}),
            **({"actor": actor} if actor else {}),
        },
    }
