"""The guard: every connection that this node opens passes here (protocol section 9, security cases D).

A name is resolved once, by us; every address it has is vetted; the vetted address is the one dialled, so that a name
cannot answer twice differently (DNS rebinding). Literal addresses, which the HTTP client would dial without asking
a resolver, are vetted before, and where the socket is made each is looked at once more. Exact (host, port) pairs that
the operator of a test or development node named are let through; nothing else turns the guard off.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from node.federation.addresses import is_odd_literal, literal, refusal
from node.federation.response import PeerError
from node.sentence import say
from protocol.identifiers import Origin

# A name -> its addresses as canonical literals; raises socket.gaierror as getaddrinfo does.
Names = Callable[[str], Awaitable[list[str]]]

_ADDRESSES_A_NAME = 8  # more is a way to make us connect in vain
_LOOKUPS = 32  # threads; a name server that hangs must not hold up the names of others


class SystemNames:
    """The machine's resolver, on threads of its own: the loop's few are needed elsewhere."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_LOOKUPS, thread_name_prefix="names")

    async def __call__(self, host: str) -> list[str]:
        return await asyncio.get_running_loop().run_in_executor(self._threads, _look_up, host)

    def close(self) -> None:
        """Let go of the threads; a lookup that hangs is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class Guard(AbstractResolver):
    """Says where this node may connect, and resolves names for the HTTP client accordingly."""

    def __init__(
        self, allowed: frozenset[tuple[str, int]], own: frozenset[tuple[str, int]], names: Names, patience: float
    ) -> None:
        """`allowed`: the exact pairs let through. `own`: this node itself, never fetched. `patience`: seconds."""
        self._allowed = allowed
        self._own = own
        self._names = names
        self._patience = patience
        self._let_through: set[tuple[str, int]] = {pair for pair in allowed if literal(pair[0])}

    def vet(self, origin: Origin) -> None:
        """Before any request and any redirect. PeerError refused-url or refused-address."""
        host, port = origin.host.strip("[]"), origin.port
        if (host, port) in self._own:
            raise PeerError("refused-url", say("that address is this node itself"))
        if port == 0:
            raise PeerError("refused-url", say("port 0 is no port"))
        if (host, port) in self._allowed:
            return
        if origin.scheme != "https":
            raise PeerError("refused-url", say("the address does not begin with https"))
        if is_odd_literal(host):
            raise PeerError("refused-address", say("the host is a number written in an unusual way"))
        if literal(host) is not None:
            what = refusal(host)
            if what is not None:
                raise PeerError("refused-address", say("the host is {what}", what=what))

    def connector(self, per_host: int) -> aiohttp.TCPConnector:
        """A pool of connections that all pass this guard."""
        return aiohttp.TCPConnector(
            resolver=self, use_dns_cache=False, limit=0, limit_per_host=per_host, socket_factory=self._socket
        )

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002
    ) -> list[ResolveResult]:
        try:
            async with asyncio.timeout(self._patience):
                found = (await self._names(host))[:_ADDRESSES_A_NAME]
        except TimeoutError:
            raise PeerError("timeout", say("the name could not be looked up in time")) from None
        except socket.gaierror as error:
            if error.errno == socket.EAI_AGAIN:
                raise PeerError("unknown-name", say("the name cannot be looked up at present")) from None
            raise PeerError("unknown-name", say("the name does not exist")) from None
        except (OSError, UnicodeError):
            raise PeerError("unknown-name", say("the name cannot be looked up")) from None
        if not found:
            raise PeerError("unknown-name", say("the name has no address"))
        if (host, port) in self._allowed:
            self._let_through.update((address, port) for address in found)
        else:
            for address in found:
                what = refusal(address)
                if what is not None:  # one is enough: an honest public name has no private address
                    raise PeerError("refused-address", say("the name stands for {what}", what=what))
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in found
        ]

    async def close(self) -> None:
        """Nothing of its own to close."""

    def _socket(self, info: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, _, where = info
        if (where[0], where[1]) not in self._let_through and refusal(where[0]) is not None:
            raise PermissionError(f"{where[0]} was not vetted")
        return socket.socket(family=family, type=kind, proto=protocol)


def _look_up(host: str) -> list[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return list(dict.fromkeys(str(where[0]) for *_, where in found))
