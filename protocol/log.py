"""A set's log on the wire: the cursor in a header, a page of entries, and the signed head (protocol section 8).

Entries are the exact bytes that their owners signed: a page is put together by concatenation and taken apart
without decoding what is in it. Nothing here keeps a log or decides what a gap means.
"""

import re
from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from msgspec import Meta, field

from protocol import canonical
from protocol.canonical import Document
from protocol.errors import LocalProtocolError, Reason, RemoteProtocolError
from protocol.identifiers import Origin, audience_of_set, origin, owner_of_set, parse_url
from protocol.limits import BODY_BYTES, ID_CHARACTERS, LOG_PAGE_ITEMS, MAX_INTEGER, SIGNATURE_HEADER_BYTES
from protocol.vocabulary.context import context
from protocol.vocabulary.dates import instant, read_instant
from protocol.vocabulary.shapes import Id, Name, Whole, shaped

HEADER = "Commonweave-Log"
ORDER_TYPE = "ForwardChronological"  # FEP-1985
PAGE_TYPE = "OrderedCollectionPage"
HEAD_TYPE = "cw:Head"

# RFC 9651 Item: sf-string with integer parameters. A set's name is a URL: no quote or backslash to escape.
_ITEM = re.compile(r' *"([\x21\x23-\x5b\x5d-\x7e]*)"((?: *;[ ]*[a-z*][a-z0-9_.*-]*(?:=-?[0-9]{1,16})?)*) *', re.ASCII)
_USUAL = re.compile(
    r'"([\x21\x23-\x5b\x5d-\x7e]*)";epoch=([0-9]{1,16})(?:;after=([0-9]{1,16}))?;seq=([0-9]{1,16})', re.ASCII
)
_PARAMETER = re.compile(r";[ ]*([a-z*][a-z0-9_.*-]*)(?:=(-?[0-9]{1,16}))?", re.ASCII)
_HEX_ROOT = re.compile(r"[0-9a-f]{64}", re.ASCII)


class LogCursor(msgspec.Struct, frozen=True):
    """Where a sender or receiver stands in a set. `after`: the entry sent just before; None in an answer."""

    set: str
    epoch: int
    seq: int
    after: int | None = None


class Page(msgspec.Struct, frozen=True):
    """What a log holds in (after, to]; `items` are exact bytes, `next` the URL of the page that follows."""

    set: str
    epoch: int
    after: int
    to: int
    items: tuple[bytes, ...]
    next: str | None = None

    @property
    def last(self) -> bool:
        """Whether the log ended here when the page was made."""
        return self.next is None


class Head(msgspec.Struct, frozen=True):
    """What a holder has of a set: its log's position, how many members, their tree's root (32 bytes). ms updated."""

    id: str
    set: str
    holder: str
    epoch: int
    seq: int
    total_items: int
    root: bytes
    updated: int


def _malformed(why: str) -> RemoteProtocolError:
    return RemoteProtocolError(Reason.MALFORMED, why)


def build_cursor(cursor: LogCursor) -> str:
    """The value of a Commonweave-Log header."""
    after = "" if cursor.after is None else f";after={cursor.after}"
    text = f'"{cursor.set}";epoch={cursor.epoch}{after};seq={cursor.seq}'
    if not _USUAL.fullmatch(text):
        raise LocalProtocolError(Reason.MALFORMED, "The cursor cannot be written as a header.")
    return text


def read_cursor(text: str) -> LogCursor:
    """A Commonweave-Log header, parameters in any order, unknown ones passed over. RemoteProtocolError MALFORMED."""
    usual = _USUAL.fullmatch(text) if len(text) <= SIGNATURE_HEADER_BYTES else None
    if usual is not None:  # the form that `build_cursor` writes
        name, epoch, seq = usual[1], int(usual[2]), int(usual[4])
        after = int(usual[3]) if usual[3] else None
    else:
        name, numbers = _read_item(text)
        epoch, seq, after = numbers.get("epoch"), numbers.get("seq"), numbers.get("after")
    owner_of_set(name)
    for number in (epoch, seq, 0 if after is None else after):
        if number is None or not 0 <= number <= MAX_INTEGER:
            raise _malformed("Commonweave-Log needs epoch and seq as whole numbers.")
    if after is not None and seq is not None and after >= seq:
        raise _malformed("Commonweave-Log's after must be lower than its seq.")
    return LogCursor(name, epoch or 0, seq or 0, after)


def _read_item(text: str) -> tuple[str, dict[str, int]]:
    """The string and the integers of the item. RFC 9651 section 4.2.3.2: of a repeated parameter the last counts."""
    match = _ITEM.fullmatch(text) if len(text) <= SIGNATURE_HEADER_BYTES else None
    if match is None:
        raise _malformed("Commonweave-Log is not a string with integer parameters.")
    return match[1], {key: int(value) for key, value in _PARAMETER.findall(match[2]) if value}


def page_url(where: Origin, set: str, epoch: int, after: int, limit: int = LOG_PAGE_ITEMS) -> str:
    """Where a page of a set's log is asked for."""
    return where.at(f"/federation/log?set={quote(set, safe='')}&epoch={epoch}&after={after}&limit={limit}")


def head_id(where: Origin, set: str) -> str:
    """The id of a holder's head of a set: where it is served."""
    return where.at(f"/federation/head?set={quote(set, safe='')}")


def build_page(
    *, id: str, set: str, epoch: int, after: int, to: int, next: str | None, items: Sequence[bytes]
) -> bytes:
    """A page as compact JSON; each item stands in it byte for byte. LocalProtocolError beyond a page's limits."""
    if len(items) > LOG_PAGE_ITEMS or not after <= to:
        raise LocalProtocolError(Reason.PAGE_LIMIT, "A log page has at most 100 entries and runs forward.")
    frame: dict[str, Any] = {
        "@context": context(),
        "id": id,
        "type": PAGE_TYPE,
        "partOf": set,
        "orderType": ORDER_TYPE,
        "cw:set": set,
        "cw:epoch": epoch,
        "cw:after": after,
        "cw:to": to,
        **({"next": next} if next is not None else {}),
    }
    raw = canonical.encode(frame)[:-1] + b',"orderedItems":[' + b",".join(items) + b"]}"
    if len(raw) > BODY_BYTES:
        raise LocalProtocolError(Reason.TOO_LARGE, "The page is larger than a body may be.")
    return raw


class _PageWire(msgspec.Struct, frozen=True):
    type: str
    set: Id = field(name="cw:set")
    epoch: Whole = field(name="cw:epoch")
    after: Whole = field(name="cw:after")
    to: Whole = field(name="cw:to")
    items: Annotated[list[msgspec.Raw], Meta(max_length=BODY_BYTES)] = field(name="orderedItems")
    order_type: str = field(default=ORDER_TYPE, name="orderType")
    next: Id | None = None


_PAGE = msgspec.json.Decoder(_PageWire)


def read_page(raw: bytes) -> Page:
    """A page; its items still unread, exact bytes. MALFORMED, PAGE_LIMIT, TOO_LARGE or TOO_DEEP.

    The frame is not signed: whoever serves it vouches for what was left out, its owners for what is in it.
    """
    if len(raw) > BODY_BYTES:
        raise RemoteProtocolError(Reason.TOO_LARGE)
    try:
        wire = _PAGE.decode(raw)
    except RecursionError:
        raise RemoteProtocolError(Reason.TOO_DEEP) from None
    except (msgspec.DecodeError, UnicodeError) as error:
        raise _malformed(f"Log page: {str(error)[:200]}.") from None
    if wire.type != PAGE_TYPE or wire.order_type != ORDER_TYPE:
        raise _malformed("A log page is an OrderedCollectionPage in forward chronological order.")
    if len(wire.items) > LOG_PAGE_ITEMS:
        raise RemoteProtocolError(Reason.PAGE_LIMIT, f"A log page has more than {LOG_PAGE_ITEMS} entries.")
    audience_of_set(wire.set)
    if wire.to < wire.after or len(wire.items) > wire.to - wire.after:
        raise _malformed("A log page's cw:to must reach as far as its entries.")
    if wire.next is not None:
        parse_url(wire.next)
        if wire.to == wire.after:  # such a page would be asked for again for ever
            raise _malformed("A log page with a next page must get on.")
    items = tuple([bytes(item) for item in wire.items])
    if not all(item.startswith(b"{") for item in items):
        raise _malformed("A log page's entries are JSON objects.")
    return Page(wire.set, wire.epoch, wire.after, wire.to, items, wire.next)


def build_head(head: Head) -> dict[str, Any]:
    """A head, ready to be signed by its holder's key. The root is lower-case hexadecimal, as ids and prefixes are."""
    return {
        "@context": context(),
        "id": head.id,
        "type": HEAD_TYPE,
        "actor": head.holder,
        "cw:set": head.set,
        "cw:epoch": head.epoch,
        "cw:seq": head.seq,
        "totalItems": head.total_items,
        "cw:setRoot": head.root.hex(),
        "updated": instant(head.updated),
    }


class _HeadWire(msgspec.Struct, frozen=True):
    id: Annotated[str, Meta(min_length=1, max_length=ID_CHARACTERS)]
    type: str
    actor: Id
    set: Id = field(name="cw:set")
    epoch: Whole = field(name="cw:epoch")
    seq: Whole = field(name="cw:seq")
    total_items: Whole = field(name="totalItems")
    root: Name = field(name="cw:setRoot")
    updated: Name


def read_head(document: Document) -> Head:
    """A head; its proof is checked apart, against `holder`. RemoteProtocolError MALFORMED."""
    wire = shaped(document.value, _HeadWire, "Head")
    if wire.type != HEAD_TYPE:
        raise _malformed(f"A head's type is {HEAD_TYPE}.")
    if not _HEX_ROOT.fullmatch(wire.root):
        raise _malformed("cw:setRoot must be 64 lower-case hexadecimal digits.")
    if origin(wire.id) != origin(wire.actor):
        raise _malformed("A head's id is of its holder's origin.")
    owner_of_set(wire.set)
    updated = read_instant(wire.updated, "updated")
    return Head(
        wire.id, wire.set, wire.actor, wire.epoch, wire.seq, wire.total_items, bytes.fromhex(wire.root), updated
    )
