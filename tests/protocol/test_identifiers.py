"""One reading of a URL: what is refused, what is equal, and that no text at all makes it fail otherwise."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import identifiers
from protocol.errors import LocalProtocolError, Reason, RemoteProtocolError

REFUSED = [
    "",
    "high-point.example",
    "/actor",
    "//high-point.example/actor",
    "https:/high-point.example/",
    "https:high-point.example",
    "https://",
    "https:///actor",
    "https://:443/",
    "ftp://high-point.example/",
    "file:///etc/passwd",
    "data:text/html,x",
    "gopher://high-point.example/",
    "javascript:alert(1)",
    "https://user@high-point.example/",
    "https://user:secret@high-point.example/",
    "https://@high-point.example/",
    "https://evil.example\\@high-point.example/",
    "https://high-point.example\\actor",
    "https://high point.example/",
    "https://high-point.example/a b",
    "https://high-point.example/\n",
    "https://high-point.example/\x00",
    "https://high-point.example/\x7f",
    "https://high-point.example/\u200b",
    "https://high-point.example/\u202e",
    "https://high-point.example/\ud800",
    "\u00a0https://high-point.example/",
    " https://high-point.example/",
    "https://high-point\u3002example/",
    "https://high-point\uff0eexample/",
    "https://high-point\uff61example/",
    "https://high-point\u2024example/",
    "https://\u2460\u2461\u2466.0.0.1/",
    "https://127.0.0.\u2460/",
    "https://\uff11\uff12\uff17.0.0.1/",
    "https://127.1/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://2130706433/",
    "https://127.0.0.01/",
    "https://0177.0.0.1/",
    "https://127.0.0.1.1/",
    "https://256.0.0.1/",
    "https://example.0x/",
    "https://[fe80::1%25lo]/",
    "https://[fe80::1%lo]/",
    "https://[::1/",
    "https://[::1]x/",
    "https://[]/",
    "https://::1/",
    "https://high-point.example:0/",
    "https://high-point.example:00/",
    "https://high-point.example:65536/",
    "https://high-point.example:-1/",
    "https://high-point.example:+1/",
    "https://high-point.example:\u0661/",
    "https://high-point.example:x/",
    "https://high-point.example:1:2/",
    "https://.example/",
    "https://high..example/",
    "https://-high.example/",
    "https://high-.example/",
    "https://high_point.example/",
    "https://high%2epoint.example/",
    "https://xn--a.example/",
    "https://xn--0000.example/",
    "https://" + "a" * 64 + ".example/",
    "https://" + "a." * 130 + "example/",
    "https://high-point.example/" + "a" * 2_048,
    "https://high-point.example/" + "\u00e9" * 600,
    "https://high-point.example/../actor",
    "https://high-point.example/./actor",
    "https://high-point.example/a/%2e%2E/actor",
    "https://high-point.example/.%2e/actor",
]

EQUAL = [
    ("https://high-point.example", "https://high-point.example/"),
    ("HTTPS://High-Point.EXAMPLE/Actor", "https://high-point.example/Actor"),
    ("https://high-point.example.:443/actor", "https://high-point.example/actor"),
    ("http://high-point.example:80/", "http://high-point.example/"),
    ("https://high-point.example:8443/x?y=1", "https://high-point.example:8443/x?y=1"),
    ("https://m\u00fcnchen.example/", "https://xn--mnchen-3ya.example/"),
    ("https://M\u00dcNCHEN.example/", "https://xn--mnchen-3ya.example/"),
    ("https://stra\u00dfe.example/", "https://xn--strae-oqa.example/"),
    ("https://high-point.example/caf\u00e9", "https://high-point.example/caf%C3%A9"),
    ("https://high-point.example/a?b=caf\u00e9", "https://high-point.example/a?b=caf%C3%A9"),
    ("https://[2001:DB8:0:0:0:0:0:1]/", "https://[2001:db8::1]/"),
    ("https://192.0.2.1/x", "https://192.0.2.1/x"),
    ("https://high-point.example/.well-known/x", "https://high-point.example/.well-known/x"),
]


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_url_of_ours_is_refused_everywhere(text: str) -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        identifiers.parse_url(text)
    assert refused.value.reason is Reason.MALFORMED


@pytest.mark.parametrize(("one", "normal"), EQUAL)
def test_two_spellings_of_one_url_have_one_normal_form(one: str, normal: str) -> None:
    assert str(identifiers.parse_url(one)) == normal
    assert identifiers.same_origin(one, normal)


def test_a_fragment_only_where_it_is_allowed() -> None:
    key = "https://high-point.example/actor#ed25519-1"
    with pytest.raises(RemoteProtocolError):
        identifiers.parse_url(key)
    assert str(identifiers.parse_url(key, allow_fragment=True)) == key
    assert identifiers.key_owner(key) == "https://high-point.example/actor"
    assert identifiers.key_owner("https://gts.example/users/a/main-key") == "https://gts.example/users/a/main-key"


@pytest.mark.parametrize(
    ("text", "shown", "key"),
    [
        ("https://high-point.example/x", "https://high-point.example", "high-point.example"),
        ("https://high-point.example:8443/x", "https://high-point.example:8443", "high-point.example:8443"),
        ("http://127.0.0.1:8001/x#k", "http://127.0.0.1:8001", "127.0.0.1:8001"),
        ("http://high-point.example/x", "http://high-point.example", "high-point.example:80"),
    ],
)
def test_an_origin_has_a_text_and_a_key(text: str, shown: str, key: str) -> None:
    origin = identifiers.origin(text)
    assert (str(origin), origin.key) == (shown, key)


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("https://a.example/x", "https://a.example/y#k", True),
        ("https://a.example/x", "https://A.example:443/y", True),
        ("https://a.example/x", "http://a.example/x", False),
        ("https://a.example/x", "https://a.example:8443/x", False),
        ("https://a.example/x", "https://a.example.evil.example/x", False),
        ("https://a.example@evil.example/x", "https://evil.example/x", False),
        ("", "", False),
    ],
)
def test_same_origin(a: str, b: str, same: bool) -> None:
    assert identifiers.same_origin(a, b) is same
    assert identifiers.same_origin(b, a) is same


@pytest.mark.parametrize(
    ("text", "name", "host"),
    [
        ("@gun-violence@high-point.example", "gun-violence", "high-point.example"),
        ("gun-violence@High-Point.example", "gun-violence", "high-point.example"),
        ("acct:gun-violence@high-point.example:8443", "gun-violence", "high-point.example:8443"),
        ("@a_b.c@m\u00fcnchen.example", "a_b.c", "xn--mnchen-3ya.example"),
    ],
)
def test_a_handle_in_each_of_its_forms(text: str, name: str, host: str) -> None:
    handle = identifiers.parse_handle(text)
    assert (handle.name, handle.host) == (name, host)
    assert identifiers.parse_handle(str(handle)) == identifiers.parse_handle(handle.acct) == handle


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "@a",
        "a@",
        "@@a",
        "a@b@c.example",
        "a@b.example/x",
        "a b@c.example",
        "../x@c.example",
        "\u00e4@c.example",
    ],
)
def test_what_is_no_handle(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        identifiers.parse_handle(text)


def test_a_set_is_named_by_owner_and_audience() -> None:
    owner = "https://high-point.example/practices/gun-violence"
    for audience in ("public", "members"):
        name = identifiers.set_name(owner, audience)
        assert (identifiers.owner_of_set(name), identifiers.audience_of_set(name)) == (owner, audience)
    with pytest.raises(LocalProtocolError):
        identifiers.set_name(owner, "direct")


@pytest.mark.parametrize(
    "name",
    ["", "outbox", "https://a.example/outbox", "https://a.example/actor/inbox", "queue:https://a.example/outbox"],
)
def test_what_is_no_set(name: str) -> None:
    with pytest.raises(RemoteProtocolError):
        identifiers.owner_of_set(name)


@pytest.mark.parametrize("slug", ["", "-a", "a-", "A", "a/b", "a.b", "\u00e4", "a" * 65])
def test_a_practice_needs_a_slug(slug: str) -> None:
    assert not identifiers.is_slug(slug)
    with pytest.raises(LocalProtocolError):
        identifiers.practice_actor(identifiers.origin("https://a.example"), slug)


ANY = st.one_of(
    st.text(),
    st.text(alphabet=st.characters(exclude_categories=())).map(lambda text: "https://" + text),
    st.text(alphabet="a1.:/@[]%#?\\x-\u3002\u2460\u00e9\u202e\ud800n").map(lambda text: "https://" + text),
    st.text(alphabet="ab-n01").map(lambda text: f"https://xn--{text}.example/"),
    st.text().map(lambda text: f"@a@{text}"),
)


@settings(deadline=None)
@given(ANY)
def test_no_text_makes_a_parser_fail_otherwise(text: str) -> None:
    for parser in (
        identifiers.parse_url,
        identifiers.origin,
        identifiers.parse_handle,
        identifiers.owner_of_set,
        identifiers.is_safe_link,
        identifiers.key_owner,
    ):
        with contextlib.suppress(RemoteProtocolError):
            parser(text)


@settings(deadline=None)
@given(ANY)
def test_the_normal_form_is_its_own_normal_form(text: str) -> None:
    try:
        url = identifiers.parse_url(text, allow_fragment=True)
    except RemoteProtocolError:
        return
    again = identifiers.parse_url(str(url), allow_fragment=True)
    assert again == url
    assert str(url).isascii()
    assert identifiers.origin(text) == url.origin
