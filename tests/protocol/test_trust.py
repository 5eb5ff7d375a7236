"""Trust statements on the wire: what is built is read back, and whatever else comes is refused in a sentence."""

from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import Reason, RemoteProtocolError
from protocol.identifiers import PUBLIC
from protocol.keys import SigningKey
from protocol.vocabulary.trust import (
    CONCERN,
    LONGEST,
    STATEMENT,
    Statement,
    build_statement,
    covers,
    read_statement,
    wider,
)

ISSUER, SUBJECT = "https://a.example/actor", "https://b.example/practices/p"
KEY = SigningKey.generate_ed25519().public.multibase()
NOW = 1_780_000_000_000
MADE = Statement(
    id="https://a.example/trust/statements/1", kind=STATEMENT, issuer=ISSUER, subject=SUBJECT, domain="public-safety",
    end=NOW + LONGEST, level="vouched", subject_key=KEY, grounds="We ran call-ins together.",
    links=("https://b.example/items/1",), since="2019", start=NOW, sequence=7,
)  # fmt: skip
RAISED = Statement(
    id="https://a.example/trust/statements/2", kind=CONCERN, issuer=ISSUER, subject=SUBJECT, domain="*",
    end=NOW + 1_000, grounds="Their unit was closed.", start=NOW, sequence=8,
)  # fmt: skip


def wire(**changes: Any) -> dict[str, Any]:
    """MADE on the wire with these members; None leaves one out."""
    said = build_statement(MADE, NOW, [PUBLIC]) | {name.replace("cw_", "cw:"): value for name, value in changes.items()}
    return {name: value for name, value in said.items() if value is not None}


@pytest.mark.parametrize("made", [MADE, RAISED, msgspec.structs.replace(MADE, grounds="", links=(), since="")])
def test_what_is_built_is_read_back(made: Statement) -> None:
    assert read_statement(build_statement(made, NOW, [PUBLIC])) == made


def test_other_ways_to_write_the_same() -> None:
    assert read_statement(wire(cw_grounds="We ran call-ins together.")).grounds == MADE.grounds
    assert read_statement(wire(object={"id": SUBJECT}, attributedTo=[ISSUER])).subject == SUBJECT


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("no end", {"endTime": None}, "endTime"),
    ("an end before its start", {"endTime": "2020-01-01T00:00:00Z"}, "at most 366 days"),
    ("longer than a year", {"endTime": "2028-01-01T00:00:00Z"}, "at most 366 days"),
    ("no start", {"startTime": None, "published": None}, "startTime"),
    ("no day at all", {"endTime": "soon"}, "endTime"),
    ("an unknown level", {"cw_level": "best friends"}, "cw:level"),
    ("no level", {"cw_level": None}, "cw:level"),
    ("no domain", {"cw_domain": None}, "one cw:domain"),
    ("an empty domain", {"cw_domain": ""}, "cw:domain"),
    ("two domains", {"cw_domain": ["housing", "health"]}, "one cw:domain"),
    ("a domain of no root", {"cw_domain": "gossip"}, "cw:domain"),
    ("all below something", {"cw_domain": "housing/*"}, "cw:domain"),
    ("about oneself", {"object": ISSUER}, "about themselves"),
    ("about nobody", {"object": None}, "names who makes it"),
    ("about two", {"object": [SUBJECT, ISSUER]}, "exactly one"),
    ("no key", {"cw_subjectKey": None}, "cw:subjectKey"),
    ("no key at all", {"cw_subjectKey": "z6MkNot"}, "cw:subjectKey"),
    ("since ever", {"cw_since": "ever"}, "cw:since"),
    ("grounds that are a list", {"cw_grounds": ["x"]}, "cw:grounds"),
    ("links that are numbers", {"cw_grounds": {"cw:links": [1]}}, "cw:links"),
    ("another type", {"type": "cw:Praise"}, "cw:TrustStatement"),
    ("a negative order", {"cw_sequence": -1}, "cw:sequence"),
]


@pytest.mark.parametrize(("what", "changes", "named"), WRONG, ids=[row[0] for row in WRONG])
def test_what_cannot_count_says_why(what: str, changes: dict[str, Any], named: str) -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        read_statement(wire(**changes))
    assert refused.value.reason in (Reason.MALFORMED, Reason.BAD_KEY), what
    assert named in refused.value.detail


LEAF = st.none() | st.booleans() | st.integers() | st.text(max_size=20)
JSON = LEAF | st.lists(LEAF, max_size=2) | st.dictionaries(st.sampled_from(["id", "content", "cw:links"]), LEAF)
MEMBERS = st.sampled_from(sorted(wire()))


@given(st.dictionaries(MEMBERS, JSON, max_size=3))
def test_nothing_but_a_refusal_is_raised(changes: dict[str, Any]) -> None:
    with suppress(RemoteProtocolError):
        read_statement(wire() | changes)


def test_what_covers_what() -> None:
    assert wider("public-safety/gun-violence") == ("public-safety/gun-violence", "public-safety", "*")
    assert wider("*") == ("*",)
    for domain in ("public-safety", "public-safety/gun-violence"):
        assert all(covers(each, domain) for each in wider(domain))
    assert not covers("public-safety/gun-violence", "public-safety")
    assert not covers("public-safety", "public-safety-net")
    assert not covers("housing", "*")
