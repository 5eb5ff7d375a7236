"""What a peer answered, or why there is no answer (protocol sections 5 and 9).

Owns reading a body within its limits (CVE-2023-36461, gzip bombs) and the media types a fetched document may have
(CVE-2024-25623). Never decides what an answer means: the status is the reader's affair.
"""

import ssl
import zlib
from email.message import Message
from typing import Literal

import aiohttp
import msgspec

from node.sentence import say
from protocol.errors import Reason, RemoteProtocolError

ACTIVITY_STREAMS = "https://www.w3.org/ns/activitystreams"
ACTIVITY_JSON = "application/activity+json"
ACCEPT_DOCUMENT = f'{ACTIVITY_JSON}, application/ld+json; profile="{ACTIVITY_STREAMS}"'
ACCEPT_JRD = "application/jrd+json, application/json;q=0.9"
ACCEPT_NODEINFO = "application/json"

Kind = Literal[
    "refused-url",  # not a URL we go to: its form, its scheme, this node itself
    "refused-address",  # no public address
    "unknown-name",
    "unreachable",
    "timeout",
    "tls",
    "redirects",
    "too-large",
    "bad-response",
    "status",  # an answer, but not a 200 with a document: `status` says which
]


class PeerError(Exception):
    """There is no usable answer. The text is one sentence for the operator; `kind` is for machines and metrics."""

    def __init__(self, kind: Kind, sentence: str, status: int | None = None) -> None:
        super().__init__(sentence)
        self.kind: Kind = kind
        self.sentence = sentence
        self.status = status


class Response(msgspec.Struct, frozen=True):
    """An answer read whole. Header names are lower case, repeated ones joined by a comma; `url` answered in the end."""

    status: int
    headers: dict[str, str]
    body: bytes
    url: str

    def header(self, name: str) -> str | None:
        """The value of a header, whatever the case of `name`."""
        return self.headers.get(name.lower())


def document(response: Response) -> bytes:
    """The body of an activity document. RemoteProtocolError WRONG_TYPE unless it is served as one."""
    media_type, profile = _media_type(response)
    if media_type == ACTIVITY_JSON:
        return response.body
    if media_type == "application/ld+json" and ACTIVITY_STREAMS in profile.split():
        return response.body
    raise RemoteProtocolError(Reason.WRONG_TYPE, "The document was not served as activity JSON.")


def metadata(response: Response) -> bytes:
    """The body of a WebFinger or NodeInfo answer (RFC 7033 section 10.2). RemoteProtocolError WRONG_TYPE otherwise."""
    if _media_type(response)[0] in {"application/jrd+json", "application/json"}:
        return response.body
    raise RemoteProtocolError(Reason.WRONG_TYPE, "The answer was not served as JSON.")


def header_dict(response: aiohttp.ClientResponse) -> dict[str, str]:
    """Headers by lower-case name; repeated ones joined (RFC 9110 section 5.3)."""
    headers: dict[str, str] = {}
    for name, value in response.headers.items():
        key = name.lower()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    return headers


async def read_body(response: aiohttp.ClientResponse, headers: dict[str, str], cap: int) -> bytes:
    """The decoded body of at most `cap` bytes, with at most one layer of gzip. PeerError beyond that.

    Counted as it comes, whatever Content-Length says; the packed bytes are counted too, since gzip can carry any
    number of empty blocks.
    """
    if response.content.at_eof():  # the usual answer to a push
        return b""
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", "x-gzip"}:
        raise PeerError("bad-response", say("their answer is packed in a way that this node does not read"))
    if response.content_length is not None and response.content_length > cap:
        raise _too_large(cap)
    unpack = None if encoding == "identity" else zlib.decompressobj(wbits=31)
    parts: list[bytes] = []
    packed = size = 0
    async for chunk in response.content.iter_any():
        packed += len(chunk)
        try:
            part = chunk if unpack is None else unpack.decompress(chunk, cap - size + 1)
        except zlib.error:
            raise PeerError("bad-response", say("their answer is not the gzip that it says it is")) from None
        size += len(part)
        if size > cap or packed > cap:
            raise _too_large(cap)
        parts.append(part)
    if unpack is not None and packed and (not unpack.eof or unpack.unused_data):
        raise PeerError("bad-response", say("their answer is not one whole gzip stream"))
    return b"".join(parts)


def explain(error: BaseException) -> PeerError:
    """A client library's exception as one of ours, in words that an operator can act on."""
    match error:
        case PeerError():
            return error
        case aiohttp.ConnectionTimeoutError():
            return PeerError("timeout", say("no connection came about in time"))
        case aiohttp.SocketTimeoutError():
            return PeerError("timeout", say("they stopped in the middle of their answer, or never began it"))
        case TimeoutError():
            return PeerError("timeout", say("the whole exchange took too long"))
        case aiohttp.ClientConnectorCertificateError():
            return PeerError("tls", _certificate(error.certificate_error))
        case aiohttp.ClientSSLError():
            return PeerError("tls", say("a secure connection could not be agreed on"))
        case aiohttp.ClientConnectorError():
            return PeerError("unreachable", _connecting(error.os_error))
        case aiohttp.ClientPayloadError():
            return PeerError("bad-response", say("their answer broke off in the middle"))
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError() | ConnectionError():
            return PeerError("unreachable", say("they closed the connection before they answered"))
        case _:
            return PeerError("bad-response", say("their answer is not correct HTTP"))


def _certificate(error: Exception) -> str:
    code = error.verify_code if isinstance(error, ssl.SSLCertVerificationError) else None
    match code:
        case 10:  # X509_V_ERR_CERT_HAS_EXPIRED
            return say("their certificate has expired")
        case 9:
            return say("their certificate is not valid yet")
        case 62 | 64:  # X509_V_ERR_HOSTNAME_MISMATCH, IP_ADDRESS_MISMATCH
            return say("their certificate is for another name")
        case 18 | 19 | 20 | 21:
            return say("their certificate comes from no authority that this machine trusts")
        case 23:
            return say("their certificate was revoked")
        case _:
            return say("their certificate cannot be trusted")


def _connecting(error: OSError) -> str:
    match error:
        case ConnectionRefusedError():
            return say("nothing listens there")
        case ConnectionResetError() | BrokenPipeError():
            return say("they closed the connection at once")
        case _:
            return say("there is no way to that address from here")


def _too_large(cap: int) -> PeerError:
    return PeerError("too-large", say("their answer is larger than {size} KiB", size=cap // 1024))


def _media_type(response: Response) -> tuple[str, str]:
    """The media type and its profile parameter (RFC 6906), both lower case but for the profile's URLs."""
    message = Message()
    message["content-type"] = response.headers.get("content-type", "application/octet-stream")
    profile = message.get_param("profile", "")
    return message.get_content_type(), profile if isinstance(profile, str) else ""
