"""From what is held to what a page shows: cards, lineage, provenance."""

from urllib.parse import urlencode

from node.repertoire import reading
from node.repertoire.catalog import NARROWS, Query
from node.repertoire.tongues import Tongue, preferred
from node.sentence import say, words
from node.storage.contract import Reads, Row
from node.web.things import ItemCard, Languages, Lineage, Other, Provenance, Ref
from protocol import identifiers


def item_url(id: str, local: bool) -> str:
    """Where an item is read here: ours at its own address, others' in the catalog."""
    return "/" + id.split("/", 3)[3] if local else f"/catalog/item?{urlencode({'id': id})}"


def lineage_url(id: str, local: bool, ending: str = "") -> str:
    """Where the lineage of an item is read here. ending: .csv, or nothing."""
    return (
        f"{item_url(id, True)}/lineage{ending}" if local else f"/catalog/item/lineage{ending}?{urlencode({'id': id})}"
    )


WITHDRAWN = words("An item that was withdrawn")


def practice_ref(owner: str, name: str | None, local: bool) -> Ref:
    """A practice's name, leading to its page here."""
    url = "/" + owner.split("/", 3)[3] if local else f"/catalog?{urlencode({'practice': owner})}"
    return Ref(name or owner, url)


def versions_url(id: str, local: bool) -> str:
    """Where the states of an item are read."""
    return f"{item_url(id, True)}/versions" if local else f"/catalog/versions?{urlencode({'id': id})}"


def languages(tongues: tuple[Tongue, ...], id: str, spoken: tuple[str, ...]) -> Languages:
    """An item's languages as its page shows them. spoken: the reader's, the best liked first."""
    others = [one for one in tongues if one.id != id]
    this = next((one for one in tongues if one.id == id), None)
    liked = preferred(tongues, spoken)
    return Languages(
        others=tuple(
            Other(
                one.language, one.title, item_url(one.id, one.local), Ref(one.owner_name), one.credit,
                original=bool(this and this.original == one.id),
            )
            for one in others
        ),
        credit=this.credit if this else "",
        better=item_url(liked.id, liked.local) if liked and this and not _same(liked, this) else "",
        better_in=liked.language if liked else "",
        missing=spoken[0] if spoken and this and liked is None else "",
    )  # fmt: skip


def _same(one: Tongue, other: Tongue) -> bool:
    return one.language.partition("-")[0] == other.language.partition("-")[0]


def card(row: Row, known: str | None = None) -> ItemCard:
    """known: how we know its practice, in words."""
    local = bool(row["local"])
    return ItemCard(
        title=row["name"] or say("Without a title"),
        url=item_url(row["id"], local),
        kind=row["kind"],
        domain=row["domain"],
        practice=practice_ref(row["owner"], row["practice_name"], local),
        place=row["place"],
        summary=row["summary"],
        languages=(row["language"],) if row["language"] not in ("", "und") else (),
        updated=row["updated"],
        review_by=row["review_by"],
        origin="" if local else row["host"],
        adapted=row["adapted"],
        connection=known or "",
    )


def titled(reads: Reads, id: str) -> Ref | None:
    """An item by its id, as far as it is known here."""
    row = reads.one("SELECT name, local, withdrawn FROM item WHERE id = :id", id=id)
    if row is None:
        return None
    name = WITHDRAWN if row["withdrawn"] else row["name"] or say("Without a title")
    return Ref(name, item_url(id, bool(row["local"])))


def lineage(link: reading.Link) -> Lineage:
    item = link.item
    changed = None if link.digest is None or link.digest_now is None else link.digest != link.digest_now
    return Lineage(
        title=link.title or (WITHDRAWN if link.withdrawn else say("Without a title")),
        url=item_url(link.id, link.local) if link.held else _safe(link.id),
        practice=practice_ref(link.owner, link.owner_name, link.local) if link.owner else Ref(""),
        place=item.place.name if item else "",
        kept=item.kept if item else "",
        changed=item.changed if item else "",
        why=item.why if item else "",
        stage=item.stage if item else "",
        results=item.results if item else "",
        updated=link.updated,
        changed_since=changed,
        withdrawn=link.withdrawn,
    )


def provenance(held: reading.Held, fingerprint: str) -> Provenance:
    """Where it came from, and what was checked when it came."""
    brought = held.carrier if held.carrier and not identifiers.same_origin(held.carrier, held.owner) else ""
    return Provenance(
        signer=held.owner_name,
        host=held.owner_host,
        verdict="verified" if held.key else "origin",
        signed=held.signed,
        home=None if held.local else _safe((held.item.url if held.item else None) or held.id),
        carrier=brought,
        held_since=held.at,
        fingerprint=fingerprint,
    )


def _safe(url: str) -> str | None:
    return url if identifiers.is_safe_link(url) else None


def kept(query: Query) -> list[tuple[str, str]]:
    """The facets that a new search keeps."""
    return [(name, value) for name in (*NARROWS, "sort") if (value := getattr(query, name))]


def keep_url(query: Query) -> str:
    """Where a member keeps such a search."""
    return "/me/searches?" + catalog_url(query).partition("?")[2]


def catalog_url(query: Query, **changed: str) -> str:
    asked = {"q": query.q, **{name: getattr(query, name) for name in (*NARROWS, "sort")}, **changed}
    given = {name: value for name, value in asked.items() if value}
    return f"/catalog?{urlencode(given)}" if given else "/catalog"
