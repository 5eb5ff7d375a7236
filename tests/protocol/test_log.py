"""The log on the wire: the cursor, the page whose entries keep their bytes, the signed head."""

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import canonical, identifiers, integrity, log
from protocol.errors import LocalProtocolError, Reason, RemoteProtocolError
from protocol.log import Head, LogCursor, Page, read_cursor, read_page
from tests.protocol.vocabulary_samples import NODE, PRACTICE, WHEN, document, ed25519, held, mutated

SET = f"{PRACTICE}/outbox"
CURSOR = LogCursor(SET, WHEN, 6, 4)
ITEMS = [b'{"b":1,"a":"\xc3\xa9"}', b'{ "spaced" : [1.0, "\\u00e9"] }']
FRAME = {"id": "https://high-point.example/log", "set": SET, "epoch": 1, "after": 3, "to": 9}
PAGE = log.build_page(**FRAME, next=None, items=[])
HEAD = Head(log.head_id(identifiers.origin(NODE), SET), SET, NODE, WHEN, 9, 7, bytes(range(32)), WHEN)


def test_the_cursor_can_be_read_back() -> None:
    assert log.build_cursor(CURSOR) == f'"{SET}";epoch={WHEN};after=4;seq=6'
    assert read_cursor(log.build_cursor(CURSOR)) == CURSOR
    answer = LogCursor(SET, 1, 6)
    assert read_cursor(log.build_cursor(answer)) == answer


@pytest.mark.parametrize(
    "text",
    [f'"{SET}"; seq=6;  epoch=1', f' "{SET}";epoch=1;seq=6 ', f'"{SET}";x;epoch=9;y=2;seq=6;epoch=1'],
)
def test_the_cursor_is_a_structured_field(text: str) -> None:
    assert read_cursor(text) == LogCursor(SET, 1, 6)


@pytest.mark.parametrize(
    "text",
    [
        "",
        SET,
        f'"{SET}"',
        f'"{SET}";epoch=1',
        f'"{SET}";seq=1',
        f'"{SET}";epoch=-1;seq=1',
        f'"{SET}";epoch=1;seq=x',
        f'"{SET}";epoch=1;seq=1.5',
        f'"{SET}";epoch=1;seq=99999999999999999',
        f'"{SET}";epoch=1;seq=9999999999999999',
        f'"{SET}";epoch=1;after=6;seq=6',
        f'"{SET}";epoch=1;seq=6, "x"',
        f'"{SET}\n";epoch=1;seq=6',
        '"https://high-point.example/elsewhere";epoch=1;seq=6',
        '"' + "a" * 9_000 + '";epoch=1;seq=6',
    ],
)
def test_what_is_no_cursor(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        read_cursor(text)


def test_a_cursor_that_no_header_could_carry() -> None:
    with pytest.raises(LocalProtocolError):
        log.build_cursor(LogCursor('https://a.example/"/outbox', 1, 2))


def test_a_page_keeps_the_exact_bytes() -> None:
    raw = log.build_page(**FRAME, next="https://high-point.example/log?after=9", items=ITEMS)
    assert read_page(raw) == Page(SET, 1, 3, 9, tuple(ITEMS), "https://high-point.example/log?after=9")
    assert not read_page(raw).last
    value = canonical.parse(raw)
    assert (value["type"], value["orderType"], value["partOf"]) == (
        "OrderedCollectionPage",
        "ForwardChronological",
        SET,
    )
    assert read_page(PAGE).last
    assert "next" not in canonical.parse(PAGE)


def test_a_page_has_limits_on_both_sides() -> None:
    with pytest.raises(LocalProtocolError):
        log.build_page(**{**FRAME, "to": 500}, next=None, items=[b"{}"] * 101)
    with pytest.raises(LocalProtocolError):
        log.build_page(**FRAME, next=None, items=[b'{"a":"' + b"x" * 1_048_576 + b'"}'])
    many = PAGE.replace(b'"cw:to":9', b'"cw:to":999').replace(b"[]}", b"[" + b",".join([b"{}"] * 101) + b"]}")
    with pytest.raises(RemoteProtocolError) as refused:
        read_page(many)
    assert refused.value.reason is Reason.PAGE_LIMIT
    with pytest.raises(RemoteProtocolError) as refused:
        read_page(b" " * 1_048_577)
    assert refused.value.reason is Reason.TOO_LARGE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"OrderedCollectionPage", b"OrderedCollection"),
        (b"ForwardChronological", b"ReverseChronological"),
        (b'"cw:to":9', b'"cw:to":2'),
        (b'"cw:after":3', b'"cw:after":-3'),
        (b'"cw:epoch":1', b'"cw:epoch":"1"'),
        (b'"cw:set":"' + SET.encode(), b'"cw:set":"https://high-point.example/x'),
        (b"[]}", b"[1]}"),
        (b"[]}", b'["https://high-point.example/activities/1"]}'),
        (b"[]}", b"[{},{},{},{},{},{},{}]}"),
        (b"[]}", b"[{}"),
        (b"[]}", b"[]} x"),
        (b"[]}", b"[" + b'{"a":' * 100_000),
        (b'"orderedItems":[]', b'"next":"file:///x","orderedItems":[]'),
        (b'"cw:to":9', b'"cw:to":3,"next":"https://high-point.example/log"'),
    ],
)
def test_what_is_no_page(old: bytes, new: bytes) -> None:
    assert old in PAGE
    with pytest.raises(RemoteProtocolError):
        read_page(PAGE.replace(old, new))


def test_a_head_is_signed_and_read_back() -> None:
    key = held(1, NODE)
    raw = integrity.sign(log.build_head(HEAD), ed25519(1), key.id, WHEN)
    read = canonical.read(raw)
    head = log.read_head(read)
    assert head == HEAD
    assert integrity.verify(integrity.claim(read, head, head.holder), key, WHEN, NODE).msg == HEAD


@pytest.mark.parametrize(
    "changed",
    [
        {"type": "Head"},
        {"cw:setRoot": "0" * 63},
        {"cw:setRoot": "A" * 64},
        {"cw:seq": -1},
        {"totalItems": "7"},
        {"updated": "now"},
        {"id": "https://evil.example/head"},
        {"cw:set": NODE},
        {"actor": "x"},
        {"actor": None},
    ],
)
def test_what_is_no_head(changed: dict[str, Any]) -> None:
    with pytest.raises(RemoteProtocolError):
        log.read_head(document({**log.build_head(HEAD), **changed}))


def test_where_a_page_is_asked_for() -> None:
    url = log.page_url(identifiers.origin(NODE), SET, 1, 3)
    assert url.startswith("https://high-point.example/federation/log?set=https%3A%2F%2Fhigh-point.example%2Fpractices")
    assert url.endswith("&epoch=1&after=3&limit=100")
    identifiers.parse_url(url)


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(st.binary(), mutated([canonical.parse(PAGE), log.build_head(HEAD)]).map(lambda doc: doc.raw)), st.data()
)
def test_no_bytes_make_it_fail_otherwise(raw: bytes, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(raw)))
    for each in (raw, raw[:cut], raw + b"x"):
        with contextlib.suppress(RemoteProtocolError):
            read_page(each)
        with contextlib.suppress(RemoteProtocolError):
            log.read_head(canonical.read(each))


@settings(deadline=None)
@given(st.one_of(st.text(), st.text(alphabet='";=epochsqaftr0123456789 .-').map(lambda rest: f'"{SET}"{rest}')))
def test_no_header_makes_it_fail_otherwise(text: str) -> None:
    try:
        cursor = read_cursor(text)
    except RemoteProtocolError:
        return
    assert read_cursor(log.build_cursor(cursor)) == cursor
