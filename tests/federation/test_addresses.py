"""Which addresses may be dialled: every literal of the security cases D, and the edges of every block."""

from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.federation.addresses import inner, is_odd_literal, literal, refusal

REFUSED = [
    # security cases D
    ("127.0.0.1", "a loopback address"),
    ("0.0.0.0", "an unspecified address"),
    ("::1", "a loopback address"),
    ("::", "an unspecified address"),
    ("::ffff:127.0.0.1", "a loopback address wrapped in IPv6"),
    ("::127.0.0.1", "a loopback address wrapped in IPv6"),
    ("64:ff9b::7f00:1", "a loopback address wrapped in IPv6"),
    ("2002:7f00:1::", "a loopback address wrapped in IPv6"),
    ("2001:0:5ef5:79fd::80ff:fffe", "a loopback address wrapped in IPv6"),  # Teredo's client 127.0.0.1, inverted
    ("169.254.169.254", "a link-local address"),
    ("100.64.0.1", "a carrier's shared address"),
    ("198.18.0.1", "a benchmarking address"),
    ("fe80::1%lo", "an address of one link only"),
    ("fe80::1%25lo", "an address of one link only"),
    ("fe80::1", "a link-local address"),
    ("3fff::1", "a documentation address"),
    ("224.0.0.1", "a multicast address"),
    ("192.88.99.1", "a 6to4 relay's address"),
    # the rest of the registries, at their edges
    ("0.255.255.255", "an unspecified address"),
    ("10.0.0.0", "a private address"),
    ("10.255.255.255", "a private address"),
    ("100.127.255.255", "a carrier's shared address"),
    ("127.255.255.255", "a loopback address"),
    ("172.16.0.0", "a private address"),
    ("172.31.255.255", "a private address"),
    ("192.0.0.8", "a reserved address"),
    ("192.0.2.1", "a documentation address"),
    ("192.168.255.255", "a private address"),
    ("198.19.255.255", "a benchmarking address"),
    ("198.51.100.7", "a documentation address"),
    ("203.0.113.7", "a documentation address"),
    ("239.255.255.255", "a multicast address"),
    ("240.0.0.1", "a reserved address"),
    ("255.255.255.255", "a reserved address"),
    ("::ffff:10.1.2.3", "a private address wrapped in IPv6"),
    ("::ffff:0:127.0.0.1", "a loopback address wrapped in IPv6"),
    ("::8.8.8.8", "not a global unicast address"),
    ("64:ff9b::a9fe:a9fe", "a link-local address wrapped in IPv6"),
    ("64:ff9b:1::808:808", "a private NAT64 address"),
    ("100::1", "a discarded address"),
    ("2001::1", "a reserved address wrapped in IPv6"),
    ("2001:0:5ef5:79fd:0:59d:f7f7:f7f7", "a Teredo address"),
    ("2001:2::1", "a benchmarking address"),
    ("2001:20::1", "a reserved address"),
    ("2001:db8::1", "a documentation address"),
    ("2002:808:808::", "a 6to4 address"),
    ("5f00::1", "not a global unicast address"),
    ("fc00::1", "a private address"),
    ("fdff::1", "a private address"),
    ("fec0::1", "a private address"),
    ("ff02::1", "a multicast address"),
    ("4000::1", "not a global unicast address"),
    # no canonical literals
    ("127.1", "no address at all"),
    ("0177.0.0.1", "no address at all"),
    ("localhost", "no address at all"),
    ("①②⑦.0.0.1", "no address at all"),
    ("", "no address at all"),
]
DIALLED = [
    "1.1.1.1",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2001:200::1",
    "2606:4700::1111",
    "2a00::1",
    "[2a00::1]",
    "::ffff:1.1.1.1",
    "64:ff9b::101:101",  # an IPv6-only network reaches IPv4 peers no other way
]
ODD = ["127.1", "0x7f000001", "2130706433", "0177.0.0.1", "017700000001", "127.0.0.1.", "①②⑦.0.0.1", "1.2.3.4.5"]
ODD += ["0x7f.1", "a.0x7f", "[::1", "::1%25lo%", "256.1.1.1", "", "."]


@pytest.mark.parametrize(("text", "words"), REFUSED)
def test_what_is_not_global_unicast_is_refused_in_words(text: str, words: str) -> None:
    assert refusal(text) == words


@pytest.mark.parametrize("text", DIALLED)
def test_global_unicast_is_dialled(text: str) -> None:
    assert refusal(text) is None


@pytest.mark.parametrize("host", ODD)
def test_a_number_in_an_unusual_form_is_no_name(host: str) -> None:
    assert is_odd_literal(host)
    assert literal(host) is None


@pytest.mark.parametrize("host", ["example.org", "0x.example", "1.example", "127.0.0.1", "::1", "[::1]", "x0x7f"])
def test_names_and_canonical_literals_are_not_odd(host: str) -> None:
    assert not is_odd_literal(host)


@given(st.ip_addresses(v=4))
def test_wrapping_never_makes_an_address_dialled(address: object) -> None:
    alone = refusal(str(address))
    high, low = divmod(int(address), 65_536)  # type: ignore[call-overload]
    for text in (f"::ffff:{address}", f"64:ff9b::{high:x}:{low:x}"):
        assert (refusal(text) is None) == (alone is None)
    for text in (f"::{address}", f"2002:{high:x}:{low:x}::1"):
        assert refusal(text) is not None


@given(st.ip_addresses(v=6))
def test_only_global_unicast_or_a_public_address_within(address: IPv6Address) -> None:
    if refusal(str(address)) is None:
        assert int(address) >> 125 == 1 or inner(address) is not None


@given(st.text())
def test_any_text_has_an_answer(text: str) -> None:
    assert refusal(text) is None or refusal(text)
    is_odd_literal(text)
