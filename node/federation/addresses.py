"""Which addresses this node may dial: global unicast, and nothing else (protocol section 9, CWE-918).

Owns the vetting rule; never resolves a name and never opens a socket. The tables follow the special-purpose
registries of RFC 6890 as they stand today; `ipaddress.is_global` is no guard by itself: it is True for
`::127.0.0.1`, `64:ff9b::7f00:1`, `2002:7f00:1::` and `224.0.0.1`. An address that carries an IPv4 address within it
is judged by that one first, since a kernel or a gateway would deliver there.
"""

from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network

from node.sentence import say, words

Address = IPv4Address | IPv6Address

_V4 = tuple(
    (IPv4Network(block), what)
    for block, what in (
        ("0.0.0.0/8", words("an unspecified address")),  # RFC 1122 3.2.1.3; Linux dials itself (CVE-2026-33693)
        ("10.0.0.0/8", words("a private address")),
        ("100.64.0.0/10", words("a carrier's shared address")),  # RFC 6598
        ("127.0.0.0/8", words("a loopback address")),
        ("169.254.0.0/16", words("a link-local address")),  # also every cloud's metadata service
        ("172.16.0.0/12", words("a private address")),
        ("192.0.0.0/24", words("a reserved address")),  # RFC 6890 2.1
        ("192.0.2.0/24", words("a documentation address")),
        ("192.31.196.0/24", words("a reserved address")),  # AS112, RFC 7535
        ("192.52.193.0/24", words("a reserved address")),  # AMT, RFC 7450
        ("192.88.99.0/24", words("a 6to4 relay's address")),  # RFC 7526
        ("192.168.0.0/16", words("a private address")),
        ("192.175.48.0/24", words("a reserved address")),  # AS112, RFC 7534
        ("198.18.0.0/15", words("a benchmarking address")),
        ("198.51.100.0/24", words("a documentation address")),
        ("203.0.113.0/24", words("a documentation address")),
        ("224.0.0.0/4", words("a multicast address")),
        ("240.0.0.0/4", words("a reserved address")),  # with the limited broadcast
    )
)
_V6 = tuple(
    (IPv6Network(block), what)
    for block, what in (
        ("::/128", words("an unspecified address")),
        ("::1/128", words("a loopback address")),
        ("64:ff9b:1::/48", words("a private NAT64 address")),  # RFC 8215
        ("100::/64", words("a discarded address")),  # RFC 6666
        ("2001:2::/48", words("a benchmarking address")),
        ("2001:db8::/32", words("a documentation address")),
        ("2001::/32", words("a Teredo address")),  # whoever is behind it, no peer lives there (RFC 4380)
        ("2001::/23", words("a reserved address")),  # IETF protocol assignments, RFC 2928
        ("2002::/16", words("a 6to4 address")),  # RFC 7526
        ("2620:4f:8000::/48", words("a reserved address")),  # AS112
        ("3fff::/20", words("a documentation address")),  # RFC 9637
        ("fc00::/7", words("a private address")),
        ("fe80::/10", words("a link-local address")),
        ("fec0::/10", words("a private address")),  # RFC 3879
        ("ff00::/8", words("a multicast address")),
    )
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_MAPPED = IPv6Network("::ffff:0:0/96")
_COMPATIBLE = IPv6Network("::/96")
_TRANSLATED = IPv6Network("::ffff:0:0:0/96")  # RFC 2765
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the only way to an IPv4 peer from an IPv6-only network
_NAT64_LOCAL = IPv6Network("64:ff9b:1::/48")
_6TO4 = IPv6Network("2002::/16")
_TEREDO = IPv6Network("2001::/32")
_LOW_32 = 0xFFFF_FFFF


@lru_cache(maxsize=4096)
def refusal(text: str) -> str | None:
    """None if `text` is a literal address that may be dialled, else what it is, in words ("a loopback address").

    Takes what a resolver or a socket says (canonical literals); anything that is not one is refused.
    """
    address = literal(text)
    if address is None:
        return say("no address at all")
    return _refusal_v4(address) if isinstance(address, IPv4Address) else _refusal_v6(address)


def literal(text: str) -> Address | None:
    """The address that `text` is a canonical literal of (IPv6 with or without brackets), else None."""
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        return IPv6Address(bare) if ":" in bare else IPv4Address(bare)
    except AddressValueError:
        return None


def is_odd_literal(host: str) -> bool:
    """True for a host that is no name, and no canonical literal either: `127.1`, `0x7f000001`, `2130706433`, `0177.1`.

    A host whose last label is a number is an IPv4 address in every browser and in inet_aton (WHATWG URL, "ends in
    a number"); whoever writes it otherwise than as four decimal bytes wants it to be misread.
    """
    if literal(host) is not None:
        return False
    if ":" in host or "[" in host or "%" in host:
        return True
    labels = host.rstrip(".").split(".")
    last = labels[-1].lower()
    digits = last[2:] if last.startswith("0x") else last
    return last in {"", "0x"} or last.isdigit() or (last.startswith("0x") and not digits.strip("0123456789abcdef"))


def inner(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address within: mapped, compatible, translated, NAT64, 6to4, Teredo's client; None if there is none."""
    value = int(address)
    if any(address in block for block in (_MAPPED, _TRANSLATED, _NAT64, _NAT64_LOCAL)):
        return IPv4Address(value & _LOW_32)
    if address in _COMPATIBLE and value > 1:  # `::` and `::1` are themselves
        return IPv4Address(value & _LOW_32)
    if address in _6TO4:
        return IPv4Address((value >> 80) & _LOW_32)
    if address in _TEREDO:
        return IPv4Address(~value & _LOW_32)  # RFC 4380 section 4: stored inverted
    return None


def _refusal_v4(address: IPv4Address) -> str | None:
    return next((what for block, what in _V4 if address in block), None)


def _refusal_v6(address: IPv6Address) -> str | None:
    if address.scope_id is not None:
        return say("an address of one link only")
    within = inner(address)
    if within is not None:
        what = _refusal_v4(within)
        if what is not None:
            return say("{what} wrapped in IPv6", what=what)
        if address in _MAPPED or address in _NAT64:
            return None
    what = next((what for block, what in _V6 if address in block), None)
    if what is None and address not in _GLOBAL_UNICAST:
        return say("not a global unicast address")
    return what
