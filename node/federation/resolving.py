"""From what a person types to an actor's id: a URL, a handle, or the name of a node.

WebFinger (RFC 7033), for the origin itself too (FEP-d556). Nothing is believed of another origin's actor: whoever
answers only says where to ask.
"""

from node.federation.peer import PeerError, Peers, Sign
from node.federation.response import ACCEPT_JRD, metadata
from node.sentence import say
from protocol import canonical, discovery, identifiers
from protocol.errors import Reason, RemoteProtocolError
from protocol.vocabulary import actors


async def resolve(address: str, peers: Peers, sign: Sign, plain: frozenset[tuple[str, int]]) -> str:
    """The actor's id. `plain`: host:port pairs of development that speak http.

    PeerError in words if it cannot be asked; RemoteProtocolError(INVALID) if it is no address.
    """
    text = address.strip()
    if not text:
        raise RemoteProtocolError(Reason.INVALID, say("Type an address, such as @gun-violence@highpoint.example."))
    try:
        if text.startswith(("http://", "https://")):
            return await _url(text, peers, sign)
        if "://" in text:
            raise RemoteProtocolError(
                Reason.INVALID, say("An address begins with https:// or with no such word at all.")
            )
        host, slash, path = text.partition("/")
        if slash:  # a page's address, copied without its beginning
            return await _url(f"{_origin(host, plain)}/{path}", peers, sign)
        if "@" in text:
            handle = identifiers.parse_handle(text)
            return await _ask(_origin(handle.host, plain), handle.acct, peers)
        where = _origin(text, plain)
        return await _ask(where, str(where), peers)
    except RemoteProtocolError as error:
        raise RemoteProtocolError(
            Reason.INVALID, say("“{address}” cannot be followed: {why}", address=text, why=error.detail)
        ) from None


async def _url(text: str, peers: Peers, sign: Sign) -> str:
    url = identifiers.parse_url(text)
    if url.path in ("", "/"):
        return await _ask(url.origin, str(url.origin), peers)
    document: canonical.Document = await peers.document_at(str(url), sign)
    return actors.read_actor(document).id


async def _ask(where: identifiers.Origin, resource: str, peers: Peers) -> str:
    answer = await peers.get(discovery.webfinger_url(where, resource), accept=ACCEPT_JRD)
    if answer.status in (404, 410):
        raise RemoteProtocolError(Reason.INVALID, say("{host} knows nobody by that name.", host=where.host))
    if answer.status != 200:
        raise PeerError("status", say("{host} answered {status}", host=where.host, status=answer.status), answer.status)
    return discovery.read_webfinger(metadata(answer), resource)


def _origin(host: str, plain: frozenset[tuple[str, int]]) -> identifiers.Origin:
    where = identifiers.origin(f"https://{host}")
    if (where.host, where.port) in plain:
        return identifiers.origin(f"http://{host}")
    return where
