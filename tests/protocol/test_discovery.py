"""WebFinger and NodeInfo: what we say leads to the actor, what others say is only a pointer."""

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import canonical, discovery, identifiers
from protocol.errors import RemoteProtocolError
from tests.protocol.vocabulary_samples import NODE, PRACTICE, mutated

ORIGIN = identifiers.origin(NODE)
ACCT = "acct:gun-violence@high-point.example"
JRD = discovery.webfinger(ACCT, PRACTICE, profile=PRACTICE)


def read(value: Any, wanted: str = "") -> str:
    return discovery.read_webfinger(canonical.encode(value), wanted)


@pytest.mark.parametrize("wanted", ["", ACCT, "acct:Gun-Violence@HIGH-POINT.example", PRACTICE])
def test_a_practice_is_found(wanted: str) -> None:
    assert read(JRD, wanted) == PRACTICE


@pytest.mark.parametrize("wanted", ["https://high-point.example", "https://high-point.example/", NODE])
def test_the_origin_itself_is_found(wanted: str) -> None:
    assert read(discovery.webfinger(str(ORIGIN), NODE), wanted) == NODE


def link(**changed: Any) -> dict[str, Any]:
    return {**JRD, "links": [{"rel": "self", "type": "application/activity+json", "href": PRACTICE, **changed}]}


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (JRD, "acct:other@high-point.example"),
        (JRD, "acct:gun-violence@evil.example"),
        ({**JRD, "subject": None, "aliases": None}, ACCT),
        ({**JRD, "links": []}, ""),
        ({**JRD, "links": [5, "x", None]}, ""),
        (link(rel="http://webfinger.net/rel/profile-page"), ""),
        (link(type="text/html"), ""),
        (link(type="application/ld+json"), ""),
        (link(href=None), ""),
        (link(href="javascript:alert(1)"), ""),
        (link(href="https://user@high-point.example/"), ""),
        ({"links": [{}] * 101}, ""),
        ([], ""),
    ],
)
def test_what_leads_nowhere(value: Any, wanted: str) -> None:
    with pytest.raises(RemoteProtocolError):
        read(value, wanted)


def test_the_profile_of_ld_json_counts() -> None:
    assert read(link(type='application/ld+json; profile="https://www.w3.org/ns/activitystreams"')) == PRACTICE


def test_where_to_ask() -> None:
    url = discovery.webfinger_url(ORIGIN, ACCT)
    assert url == "https://high-point.example/.well-known/webfinger?resource=acct%3Agun-violence%40high-point.example"


def test_nodeinfo_says_nothing_of_people() -> None:
    info = discovery.nodeinfo(version="0.1.0", posts=3, name="High Point", actor=NODE)
    assert info["version"] == "2.1"
    assert info["usage"] == {"users": {}, "localPosts": 3}
    assert info["openRegistrations"] is False
    links = {entry["rel"]: entry["href"] for entry in discovery.nodeinfo_links(ORIGIN)["links"]}
    assert links[discovery.NODEINFO_SCHEMA] == "https://high-point.example/nodeinfo/2.1"
    assert links[discovery.APPLICATION_ACTOR] == NODE


@settings(max_examples=100, deadline=None)
@given(
    st.one_of(st.binary(), mutated([JRD]).map(lambda doc: doc.raw)),
    st.sampled_from(["", ACCT, NODE, "\ud800", "acct:"]),
)
def test_no_bytes_make_it_fail_otherwise(raw: bytes, wanted: str) -> None:
    with contextlib.suppress(RemoteProtocolError):
        discovery.read_webfinger(raw, wanted)
