"""Names on the wire: origins, URLs, key ids, handles and the names of sets (protocol section 1).

Owns the one reading of a URL that every comparison and every fetch uses, so that two parts can never read the same
text differently. Works on the name alone: which addresses may be dialled is the HTTP client's guard. A parser here
raises nothing but RemoteProtocolError, whatever the text.
"""

import ipaddress
import re
from functools import lru_cache
from typing import Literal, NoReturn
from urllib.parse import quote

import idna
import msgspec

from protocol.errors import LocalProtocolError, Reason, RemoteProtocolError
from protocol.limits import ID_CHARACTERS

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
PUBLIC_NAMES = frozenset({PUBLIC, "as:Public", "Public"})  # ActivityPub section 5.6 allows the short forms on reading

_DEFAULT_PORTS = {"https": 443, "http": 80}
_HOST_CHARACTERS = 253  # RFC 1035 section 2.3.4
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
# The URL Standard reads a host whose last label is a number as IPv4: 127.1, 0x7f000001 and 2130706433 are loopback.
_NUMBER = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)", re.ASCII)
_SCHEME_AND_AUTHORITY = re.compile(r"(https?)://([^/?#]*)", re.ASCII | re.IGNORECASE)
_PORT = re.compile(r"[0-9]{1,5}", re.ASCII)
_PATH_SAFE = "/:@!$&'()*+,;=-._~%"  # RFC 3986 pchar, and % so that nothing is encoded twice
_DOT_SEGMENT = re.compile(r"(?:\.|%2e){1,2}", re.IGNORECASE)
_NON_ASCII_DOTS = ("\u3002", "\uff0e", "\uff61")  # UTS 46 maps them to a dot: a host that others split elsewhere

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?", re.ASCII)
_HANDLE_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.~-]{0,126}[A-Za-z0-9_~])?", re.ASCII)


class Origin(msgspec.Struct, frozen=True):
    """Scheme, host and port (RFC 6454): the unit of trust. `host` is IDNA-encoded, lower case, without a last dot."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """`host`, or `host:port` where the port is not the scheme's own."""
        return self.host if self.port == _DEFAULT_PORTS[self.scheme] else f"{self.host}:{self.port}"

    @property
    def key(self) -> str:
        """`host` for https on its own port, else `host:port`: http and https never share a key."""
        return self.host if self.scheme == "https" and self.port == 443 else f"{self.host}:{self.port}"

    def at(self, path: str) -> str:
        """The URL of a path on this origin."""
        return f"{self.scheme}://{self.authority}{path}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


class Url(msgspec.Struct, frozen=True):
    """A URL taken apart. `str()` gives the normal form, in which two spellings of one URL are equal."""

    origin: Origin
    path: str
    query: str | None = None
    fragment: str | None = None

    @property
    def target(self) -> str:
        """Path and query: what a request line carries."""
        return self.path if self.query is None else f"{self.path}?{self.query}"

    def __str__(self) -> str:
        text = f"{self.origin}{self.target}"
        return text if self.fragment is None else f"{text}#{self.fragment}"


class Handle(msgspec.Struct, frozen=True):
    """`@name@host`: what people type. `host` may carry a port."""

    name: str
    host: str

    @property
    def acct(self) -> str:
        """The RFC 7565 form that WebFinger asks for."""
        return f"acct:{self.name}@{self.host}"

    def __str__(self) -> str:
        return f"@{self.name}@{self.host}"


def _refuse(why: str) -> NoReturn:
    raise RemoteProtocolError(Reason.MALFORMED, why)


def _bracketed(text: str) -> str:
    if not text.endswith("]") or "%" in text:  # a zone id names an interface of this machine (RFC 6874)
        _refuse("The URL's host is not an address.")
    try:
        return f"[{ipaddress.IPv6Address(text[1:-1])}]"
    except ValueError:
        _refuse("The URL's host is not an address.")


def _host(text: str) -> str:
    if text.startswith("["):
        return _bracketed(text)
    name = text
    if not text.isascii():
        if any(dot in text for dot in _NON_ASCII_DOTS):
            _refuse("The URL's host has a dot that is not ASCII.")
        try:
            name = idna.encode(text, uts46=True, std3_rules=True).decode("ascii")
        except (idna.IDNAError, UnicodeError, ValueError, IndexError):
            _refuse("The URL's host is not a valid name.")
        if name.count(".") != text.count("."):
            _refuse("The URL's host has a dot that is not ASCII.")
    name = name.lower().removesuffix(".")
    labels = name.split(".")
    if not 0 < len(name) <= _HOST_CHARACTERS:
        _refuse("The URL has no usable host.")
    if _NUMBER.fullmatch(labels[-1]):
        try:
            # Digits that only became ASCII by mapping are never an address: ①②⑦.0.0.1
            return str(ipaddress.IPv4Address(name if text.isascii() else "?"))
        except ValueError:
            _refuse("The URL's host is a number but not an IPv4 address in its usual form.")
    for label in labels:
        if not _LABEL.fullmatch(label):
            _refuse("The URL's host is not a valid name.")
        if label.startswith("xn--"):
            try:
                if idna.encode(idna.decode(label)).decode("ascii") != label:
                    _refuse("The URL's host is not a valid name.")
            except (idna.IDNAError, UnicodeError, ValueError, IndexError):
                _refuse("The URL's host is not a valid name.")
    return name


@lru_cache(maxsize=4096)
def _authority(scheme: str, text: str) -> Origin:
    if "@" in text:
        _refuse("A URL may not carry user information.")
    host, port = text, ""
    if text.startswith("["):
        end = text.find("]")
        host, rest = text[: end + 1], text[end + 1 :]
        if end < 0 or (rest and not rest.startswith(":")):
            _refuse("The URL's host is not an address.")
        port = rest[1:]
    elif ":" in text:
        host, _, port = text.partition(":")
    number = _DEFAULT_PORTS[scheme]
    if port:
        if not _PORT.fullmatch(port) or not 0 < int(port) < 65_536:
            _refuse("The URL's port is not a number from 1 to 65535.")
        number = int(port)
    return Origin(scheme, _host(host), number)


def _split(text: str) -> tuple[Origin, str]:
    """The origin, and everything after the authority. The checks that every URL needs, whatever its use."""
    if len(text) > ID_CHARACTERS:
        _refuse(f"A URL may have at most {ID_CHARACTERS} characters.")
    # isprintable is false for controls, formatting and bidirectional marks, surrogates and every space but U+0020.
    if " " in text or "\\" in text or not text.isprintable():
        _refuse("A URL may not contain spaces, control characters or a backslash.")
    parts = _SCHEME_AND_AUTHORITY.match(text)
    if parts is None:
        _refuse("Not an absolute http or https URL.")
    return _authority(parts[1].lower(), parts[2]), text[parts.end() :]


def parse_url(text: str, *, allow_fragment: bool = False) -> Url:
    """An absolute http or https URL (RFC 3986), normalised. RemoteProtocolError MALFORMED for anything else."""
    where, rest = _split(text)
    rest, mark, fragment = rest.partition("#")
    if mark and not allow_fragment:
        _refuse("A URL with a fragment cannot be used here.")
    path, question, query = rest.partition("?")
    # Libraries resolve dot segments before they send; a signature over the unresolved target would never verify.
    if "." in path or "%2" in path:
        for segment in path.split("/"):
            if _DOT_SEGMENT.fullmatch(segment):
                _refuse("A URL's path may not contain . or .. segments.")
    normal = Url(
        where,
        quote(path or "/", safe=_PATH_SAFE),
        quote(query, safe=_PATH_SAFE + "?") if question else None,
        quote(fragment, safe=_PATH_SAFE + "?") if mark else None,
    )
    if len(str(normal)) > ID_CHARACTERS:
        _refuse(f"A URL may have at most {ID_CHARACTERS} characters.")
    return normal


@lru_cache(maxsize=256)  # an inbound activity asks this of the same three or four ids about ten times
def origin(text: str) -> Origin:
    """The origin of an id, a key id or any other URL. RemoteProtocolError MALFORMED if it has none."""
    return _split(text)[0]


def same_origin(a: str, b: str) -> bool:
    """Whether both are URLs of one origin (FEP-fe34). What is no URL has no origin, so it shares none."""
    try:
        return origin(a) == origin(b)
    except RemoteProtocolError:
        return False


def is_safe_link(text: str) -> bool:
    """Whether this may become a link on a page: http or https and nothing else (javascript:, data: …)."""
    try:
        origin(text)
    except RemoteProtocolError:
        return False
    return True


@lru_cache(maxsize=4096)  # asked three times of every activity, of actors and keys that come again
def host_of(text: str) -> str:
    """The host by which peers are known (Origin.key) of an actor or key id; RemoteProtocolError MALFORMED."""
    return origin(text).key


def key_owner(key_id: str) -> str:
    """Where a key id is fetched: the id before `#`, or the id itself (GoToSocial names keys by path)."""
    return key_id.partition("#")[0]


def is_slug(text: str) -> bool:
    """Lower-case ASCII letters, digits and inner hyphens, at most 64: a name that needs no escaping anywhere."""
    return _SLUG.fullmatch(text) is not None


def parse_handle(text: str) -> Handle:
    """`@name@host`, `name@host` or `acct:name@host`, the host normalised. RemoteProtocolError MALFORMED otherwise."""
    if len(text) > ID_CHARACTERS or not text.isprintable():
        _refuse("Not an address of the form @name@host.")
    bare = text[5:] if text[:5].lower() == "acct:" else text.removeprefix("@")
    name, at, host = bare.partition("@")
    if not at or not _HANDLE_NAME.fullmatch(name) or not host or any(mark in host for mark in "/?#\\@ "):
        _refuse("Not an address of the form @name@host.")
    return Handle(name, _authority("https", host).authority)


def node_actor(where: Origin) -> str:
    """The coalition's own actor: one a node."""
    return where.at("/actor")


def practice_actor(where: Origin, slug: str) -> str:
    """A practice's actor. LocalProtocolError if the slug is none."""
    if not is_slug(slug):
        raise LocalProtocolError(Reason.MALFORMED, "A practice's slug has lower-case letters, digits and hyphens.")
    return where.at(f"/practices/{slug}")


def person_actor(where: Origin, name: str) -> str:
    """A person's actor. LocalProtocolError if the name is no slug."""
    if not is_slug(name):
        raise LocalProtocolError(Reason.MALFORMED, "A person's name in an address has letters, digits and hyphens.")
    return where.at(f"/people/{name}")


def set_name(actor: str, audience: str) -> str:
    """The name of what `actor` published to `public` or `members`. Direct activities have no set (section 8)."""
    if audience == "public":
        return f"{actor}/outbox"
    if audience == "members":
        return f"{actor}/members"
    raise LocalProtocolError(Reason.MALFORMED, "Only the public and the members' audience have a set.")


def audience_of_set(name: str) -> Literal["public", "members"]:
    """Which of the two audiences a set name says. RemoteProtocolError MALFORMED for any other ending."""
    last = name.rpartition("/")[2]
    if last == "outbox":
        return "public"
    if last == "members":
        return "members"
    _refuse("A set is named by its owner and /outbox or /members.")


@lru_cache(maxsize=4096)  # every push names its set
def owner_of_set(name: str) -> str:
    """The actor whose set this is. RemoteProtocolError MALFORMED if it is not the name of a set."""
    audience_of_set(name)
    owner = name.rpartition("/")[0]
    if parse_url(owner).path == "/":
        _refuse("A set is named by its owner and /outbox or /members.")
    return owner
