"""The things that look the same wherever they appear: what a page must say of each.

Plain facts for templates/things.html, no behaviour. Text is plain and unescaped, the templates escape it; times are
milliseconds since 1970 UTC; dates without a time are `YYYY-MM-DD`; a URL is used as given, so it must be http(s) or
a path of this node.
"""

from typing import Literal

import msgspec


class Ref(msgspec.Struct, frozen=True):
    """A name, and where it leads; without a URL it is only said."""

    name: str
    url: str | None = None


class Site(msgspec.Struct, frozen=True):
    """This node, as its pages introduce it. `address` is what others type to follow the whole node.

    `language`: that new items begin in; the pages' own words are English.
    """

    name: str
    origin: str  # "https://highpoint.example", no slash at the end
    address: str  # "@highpoint.example@highpoint.example"
    place: str = ""
    language: str = "en"


class ItemCard(msgspec.Struct, frozen=True):
    """One repertoire item in a list. `origin` is the name of the node it came from, empty if it is our own."""

    title: str
    url: str
    kind: str
    domain: str
    practice: Ref
    place: str
    summary: str
    languages: tuple[str, ...]
    updated: int
    review_by: str | None = None
    origin: str = ""
    adapted: int = 0  # how many adaptations of it are known here
    connection: str = ""  # how we are connected, in words: "You follow High Point"


class PracticeLine(msgspec.Struct, frozen=True):
    """One practice in a list. `origin` as in ItemCard."""

    name: str
    url: str
    domain: str
    level: str
    place: str
    summary: str = ""
    origin: str = ""


class Provenance(msgspec.Struct, frozen=True):
    """Where something came from, and what was checked.

    `verdict`: verified (its signature was checked here), origin (unsigned: taken from its own server over an
    authenticated connection), failed (held, but its check does not hold any more).
    """

    signer: str
    host: str
    verdict: Literal["verified", "origin", "failed"]
    signed: int | None = None
    home: str | None = None  # its page at its home; None if this is its home
    carrier: str = ""  # who brought it here, if that was not its home
    held_since: int | None = None
    fingerprint: str = ""


class State(msgspec.Struct, frozen=True):
    """A state in words. `tone` only adds a sign to the word; the sentence says what happens next."""

    word: str
    tone: Literal["good", "wait", "bad", "off"]
    sentence: str = ""
    since: int | None = None


class PageOf(msgspec.Struct, frozen=True):
    """Which page of a list this is, counted from 1."""

    number: int
    pages: int
    total: int
    previous: str | None
    next: str | None


class Choice(msgspec.Struct, frozen=True):
    """One value of a facet; its URL is the same list with it chosen. depth: how far down a tree it stands."""

    label: str
    url: str
    count: int
    chosen: bool = False
    depth: int = 0


class Facet(msgspec.Struct, frozen=True):
    """One way to narrow a list. `all_url` undoes it."""

    title: str
    choices: tuple[Choice, ...]
    all_url: str


class Lineage(msgspec.Struct, frozen=True):
    """One hop of adaptation as seen from an item's page: what it was made from, or what was made from it.

    `changed_since`: the original has another state now than the one that the adaptation names by its digest; None
    if that is not known, because the original is not held here.
    """

    title: str
    url: str | None
    practice: Ref
    place: str = ""
    kept: str = ""
    changed: str = ""
    why: str = ""
    stage: str = ""
    results: str = ""
    updated: int | None = None
    changed_since: bool | None = None
    withdrawn: bool = False


class Peer(msgspec.Struct, frozen=True):
    """Another node, as the operator sees it. `owed` is how many activities wait for it."""

    host: str
    state: State
    name: str = ""
    owed: int = 0
    last_heard: int | None = None
    next_try: int | None = None


class Connection(msgspec.Struct, frozen=True):
    """A follow, ours or theirs. The URLs lead to a page that asks first; None if the act is not open."""

    name: str
    address: str
    state: State
    url: str | None = None
    what: str = ""  # "the whole node", "Practice: public safety"
    again_url: str | None = None  # POST: ask again
    end_url: str | None = None  # GET: the confirm page


class Check(msgspec.Struct, frozen=True):
    """One line of the health check."""

    name: str
    state: State


class KeyLine(msgspec.Struct, frozen=True):
    """A public key. `fingerprint` in groups of four, for reading aloud."""

    name: str
    fingerprint: str
    since: int | None = None
    until: int | None = None


class Alert(msgspec.Struct, frozen=True):
    """Something only a steward can decide, and where. `again_url` (POST) asks the other node once more first."""

    title: str
    sentence: str
    url: str
    act: str
    again_url: str | None = None


class Refused(msgspec.Struct, frozen=True):
    """An activity that a peer refused for good, with its reason in words."""

    host: str
    sentence: str
    at: int


class Acts(msgspec.Struct, frozen=True):
    """What the reader may do with an item; None is not offered. `recommend_url` is posted to, the others are pages."""

    adapt_url: str | None = None
    edit_url: str | None = None
    withdraw_url: str | None = None
    recommend_url: str | None = None
    translate_url: str | None = None
    report_url: str | None = None
    coach_url: str | None = None
    credit_url: str | None = None


class Original(msgspec.Struct, frozen=True):
    """What an adaptation starts from, shown beside its form. `content` is HTML as received."""

    card: ItemCard
    content: str
    principle: str
    local_conditions: str
    provenance: Provenance


class Other(msgspec.Struct, frozen=True):
    """The same item in another language. credit: how its claim to translate stands; original: this translates that."""

    language: str
    title: str
    url: str
    practice: Ref
    credit: str
    original: bool = False


class Languages(msgspec.Struct, frozen=True):
    """An item's languages. credit: how its own claim to translate stands, '' for none. better: where it stands in a
    language that the reader likes better; missing: the reader's language, in which it is not there.
    """

    others: tuple[Other, ...] = ()
    credit: str = ""
    better: str = ""
    better_in: str = ""
    missing: str = ""
