"""Items: what we say can be read back to the letter; what an item must not be is refused by name."""

import contextlib
import hashlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import canonical
from protocol.errors import LocalProtocolError, Reason, RemoteProtocolError
from protocol.vocabulary import dates, place, repertoire
from protocol.vocabulary.repertoire import Item, build_item, check_domain, read_item
from tests.protocol.vocabulary_samples import ADAPTATION, METHOD, document, mutated

SPEC = Path(__file__).parents[2] / "protocol" / "SPEC.md"


@pytest.mark.parametrize("item", [METHOD, ADAPTATION], ids=["method", "adaptation"])
def test_an_item_can_be_read_back(item: Item) -> None:
    assert read_item(document(build_item(item)).value) == item


def test_the_form_on_the_wire() -> None:
    value = build_item(METHOD)
    assert value["type"] == "Article"
    assert value["contentMap"] == {"en-US": METHOD.content}
    assert value["source"] == {"content": METHOD.source, "mediaType": "text/markdown"}
    assert value["published"] == "2023-11-14T22:13:20.123Z"
    assert not any(isinstance(member, float) for member in value.values())
    assert "cw:kept" not in value


def test_lineage_is_shown_to_other_software() -> None:
    (link,) = build_item(ADAPTATION)["tag"]
    assert (link["type"], link["href"]) == ("Link", METHOD.id)
    assert link["mediaType"] == 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'


def test_other_softwares_article_is_read_as_one_of_no_kind() -> None:
    item = read_item(
        {
            "id": "https://blog.example/?p=1",
            "type": "Article",
            "attributedTo": ["https://blog.example/?author=1"],
            "to": "as:Public",
            "name": "A post",
            "summary": None,
            "content": "<p>x</p>",
            "contentMap": {"es": "<p>y</p>", "en": "<p>x</p>"},
            "published": "2024-01-01T01:00:00+01:00",
            "url": ["javascript:alert(1)", {"type": "Link", "href": "https://blog.example/a"}],
            "attachment": {"type": "Image", "url": "data:text/html,x"},
        }
    )
    assert (item.kind, item.language, item.attributed_to) == ("", "en", "https://blog.example/?author=1")
    assert (item.sequence, item.url, item.attachments) == (1_704_067_200_000, "https://blog.example/a", ())


def test_the_example_of_a_reference_is_right_for_who_fetches_the_id() -> None:
    text = SPEC.read_text("utf-8").partition("An example of 3.4.")[2]
    served = document(msgspec.json.decode(text.partition("```json\n")[2].partition("```")[0])).value
    _, reference, _, bare, _ = text.partition("it is referred to as ")[2].split("`", 4)
    named = msgspec.json.decode(reference)
    digest = canonical.read_digest_multibase(named["digestMultibase"])
    assert (named["id"], digest) == (served["id"], hashlib.sha256(bare.encode()).digest())
    embedded = {name: member for name, member in served.items() if name != "@context"}
    for form in (served, embedded, {**embedded, "proof": {}}):
        assert canonical.object_digest(form) == digest


REFUSED: list[tuple[str, dict[str, Any], Reason]] = [
    ("no name", {"name": None}, Reason.MALFORMED),
    ("a name too long", {"name": "x" * 301}, Reason.MALFORMED),
    ("no sequence", {"cw:sequence": None}, Reason.MALFORMED),
    ("no domain", {"cw:domain": None}, Reason.MALFORMED),
    ("a domain of no root", {"cw:domain": "war/peace"}, Reason.MALFORMED),
    ("an unknown kind", {"cw:kind": "dance"}, Reason.MALFORMED),
    ("two languages", {"contentMap": {"en": METHOD.content, "es": "x"}}, Reason.MALFORMED),
    ("two contents", {"contentMap": {"en": "another"}}, Reason.MALFORMED),
    ("a language that is none", {"contentMap": {"<script>": METHOD.content}}, Reason.MALFORMED),
    ("content too long", {"content": "\u00e9" * 131_073, "contentMap": {"en": "\u00e9" * 131_073}}, Reason.TOO_LARGE),
    ("a source too long", {"source": {"mediaType": "text/markdown", "content": "x" * 262_145}}, Reason.TOO_LARGE),
    ("prose too long", {"cw:principle": "x" * 20_001}, Reason.MALFORMED),
    ("a day that is none", {"cw:reviewBy": "2027-02-30"}, Reason.MALFORMED),
    ("a moment that is none", {"published": "yesterday"}, Reason.MALFORMED),
    ("too many recipients", {"to": ["https://a.example/"] * 60, "cc": ["https://a.example/"] * 41}, Reason.PAGE_LIMIT),
    ("too many tags", {"tag": [{}] * 101}, Reason.PAGE_LIMIT),
    ("too much lineage", {"cw:adaptedFrom": ["https://a.example/"] * 101}, Reason.PAGE_LIMIT),
    ("an adaptation of nothing", {"cw:kind": "adaptation"}, Reason.MALFORMED),
    ("two owners", {"attributedTo": ["https://a.example/", "https://b.example/"]}, Reason.MALFORMED),
    ("an id too long", {"id": "https://a.example/" + "x" * 2_048}, Reason.MALFORMED),
    (
        "a digest that is none",
        {"cw:translationOf": {"id": "https://a.example/", "digestMultibase": "x"}},
        Reason.MALFORMED,
    ),
    ("an unknown stage", {"cw:stage": "dreaming"}, Reason.MALFORMED),
]


@pytest.mark.parametrize(("what", "changed", "reason"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_an_item_must_not_be(what: str, changed: dict[str, Any], reason: Reason) -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        read_item({**build_item(METHOD), **changed})
    assert refused.value.reason is reason
    assert refused.value.detail


@pytest.mark.parametrize("changed", [{"name": ""}, {"kind": ""}, {"domain": "war"}, {"stage": "x"}, {"published": -1}])
def test_our_own_nonsense_is_our_own_fault(changed: dict[str, Any]) -> None:
    with pytest.raises(LocalProtocolError):
        build_item(msgspec.structs.replace(METHOD, **changed))


@pytest.mark.parametrize("text", ["housing", "public-safety/gun-violence", "health/a/b/c"])
def test_a_domain(text: str) -> None:
    assert check_domain(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "housing/",
        "/housing",
        "Housing",
        "war",
        "housing//a",
        "housing/A",
        "housing/\u00e4",
        "housing" + "/a" * 200,
    ],
)
def test_no_domain(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        check_domain(text)


@settings(deadline=None)
@given(st.integers(0, 253_402_300_799_999))
def test_a_moment_can_be_read_back(moment: int) -> None:
    assert dates.read_instant(dates.instant(moment), "published") == moment


@settings(deadline=None)
@given(st.text())
def test_no_text_makes_dates_and_domains_fail_otherwise(text: str) -> None:
    for parser in (lambda t: dates.read_instant(t, "published"), check_domain, place.read_place, place.check_level):
        with contextlib.suppress(RemoteProtocolError):
            parser(text)
    assert dates.is_day(text) in (True, False)


@settings(max_examples=150, deadline=None)
@given(mutated([build_item(METHOD), build_item(ADAPTATION)]))
def test_no_article_makes_it_fail_otherwise(doc: Any) -> None:
    try:
        item = read_item(doc.value)
    except RemoteProtocolError:
        return
    if item.kind:
        assert item.kind in repertoire.KINDS
        assert check_domain(item.domain)
