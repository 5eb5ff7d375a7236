"""Can others reach this node? It asks for itself at its own address, as another node would, and says what it found."""

from collections.abc import Awaitable, Callable

from node.federation.peer import PeerError
from node.sentence import say
from protocol.errors import RemoteProtocolError
from protocol.identifiers import Origin

# What another node does with the address that people type: it gives the actor's id.
Find = Callable[[str], Awaitable[str]]


async def reach(origin: Origin, me: str, find: Find) -> str:
    """Why others cannot reach it, in a sentence; empty if they can. me: the actor's id that must be found."""
    try:
        found = await find(str(origin))
    except PeerError as error:
        return _said(error, origin)
    except RemoteProtocolError:
        return say("Something answers at {origin}, but it is not this node.", origin=str(origin))
    if found != me:
        return say("Another node answers at {origin}.", origin=str(origin))
    return ""


def _said(error: PeerError, origin: Origin) -> str:
    host = origin.host
    match error.kind:
        case "refused-address":
            return say(
                "{host} is an address of this machine or of a private network: nobody else can reach it there.",
                host=host,
            )
        case "refused-url":
            return say(
                "{origin} is an address for trying things out: other nodes take only names with https.",
                origin=str(origin),
            )  # fmt: skip
        case "unknown-name":
            return say("The name {host} is not known: its DNS entry is missing, or not yet seen here.", host=host)
        case "tls":
            return say("The certificate of {host} is not valid, so other nodes refuse to speak to it.", host=host)
        case "timeout":
            return say("{host} does not answer: a firewall, or a proxy that leads elsewhere.", host=host)
        case "unreachable":
            return say(
                "Nothing takes connections at {host}: the proxy is not running, or port {port} is closed.",
                host=host, port=str(origin.port),
            )  # fmt: skip
        case "status":
            return say(
                "The server at {host} answered {status}: its proxy does not lead to this node.",
                host=host, status=str(error.status or ""),
            )  # fmt: skip
        case _:
            return say("{host} gives an answer that is no node's.", host=host)
