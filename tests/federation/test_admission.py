"""Who may speak with this node: (mode, lists, host) → reason."""

import pytest

from node.federation.admission import Admission, Mode
from protocol.errors import Reason

OWN = "fort-wayne.example"
BLOCKED = frozenset({"evil.example", "port.example:8443", "127.0.0.1", "[::1]", "[2001:db8::1]:99"})
ALLOWED = frozenset({"good.example", "port.example:8443", "evil.example", "[::1]"})

TABLE: list[tuple[str, Reason | None, Reason | None]] = [
    # host, in the block mode, in the allow-list mode
    ("good.example", None, None),
    ("a.good.example", None, None),
    ("a.b.good.example", None, None),
    ("good.example:8443", None, None),
    ("a.good.example:8443", None, None),
    ("verygood.example", None, Reason.NOT_LISTED),
    ("good.example.evil.org", None, Reason.NOT_LISTED),
    ("example", None, Reason.NOT_LISTED),
    ("evil.example", Reason.BLOCKED, Reason.BLOCKED),
    ("www.evil.example", Reason.BLOCKED, Reason.BLOCKED),
    ("evil.example:444", Reason.BLOCKED, Reason.BLOCKED),
    ("x.y.evil.example:444", Reason.BLOCKED, Reason.BLOCKED),
    ("notevil.example", None, Reason.NOT_LISTED),
    ("port.example:8443", Reason.BLOCKED, Reason.BLOCKED),
    ("a.port.example:8443", Reason.BLOCKED, Reason.BLOCKED),
    ("port.example", None, Reason.NOT_LISTED),
    ("port.example:8444", None, Reason.NOT_LISTED),
    ("127.0.0.1", Reason.BLOCKED, Reason.BLOCKED),
    ("127.0.0.1:9", Reason.BLOCKED, Reason.BLOCKED),
    ("7.0.0.1", None, Reason.NOT_LISTED),
    ("[::1]", Reason.BLOCKED, Reason.BLOCKED),
    ("[::1]:8420", Reason.BLOCKED, Reason.BLOCKED),
    ("[::2]:8420", None, Reason.NOT_LISTED),
    ("[2001:db8::1]:99", Reason.BLOCKED, Reason.BLOCKED),
    ("[2001:db8::1]:98", None, Reason.NOT_LISTED),
    (OWN, None, None),
    (f"a.{OWN}", None, Reason.NOT_LISTED),
]


@pytest.mark.parametrize(("host", "block", "allow"), TABLE, ids=[host for host, _, _ in TABLE])
def test_a_listed_host_stands_for_its_subdomains_and_ports(
    host: str, block: Reason | None, allow: Reason | None
) -> None:
    assert Admission("block", OWN, ALLOWED, BLOCKED).judge(host) is block
    assert Admission("allow-list", OWN, ALLOWED, BLOCKED).judge(host) is allow
    assert Admission("open", OWN, ALLOWED, BLOCKED).judge(host) is None
    assert Admission("block", OWN).judge(host) is None


@pytest.mark.parametrize(("mode", "closed"), [("open", False), ("block", False), ("allow-list", True)])
def test_only_an_allow_list_closes_the_node_to_readers(mode: Mode, closed: bool) -> None:
    assert Admission(mode, OWN).closed is closed


def test_an_empty_allow_list_admits_ourselves_alone() -> None:
    assert Admission("allow-list", OWN).judge(OWN) is None
    assert Admission("allow-list", OWN).judge("good.example") is Reason.NOT_LISTED


def test_we_cannot_lock_ourselves_out() -> None:
    assert Admission("block", OWN, frozenset(), frozenset({OWN, "example"})).judge(OWN) is None
