"""Our public items as a catalog of data (DCAT 3), as JSON-LD and as Turtle: one description, written in two ways. Pure.

Each page of it stands alone and names the next (Hydra). Licences and places are named by their own addresses where they
have one; what an item does not say is left out.
"""

import re
from collections.abc import Sequence
from typing import Any, cast

import msgspec

from node.repertoire.outside.own import Published
from protocol.vocabulary.dates import instant

JSON_LD, TURTLE = "application/ld+json", "text/turtle"
PREFIXES = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "hydra": "http://www.w3.org/ns/hydra/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
LICENCES = {
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "CC-BY-SA-4.0": "https://creativecommons.org/licenses/by-sa/4.0/",
    "CC0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
}
_IRI = re.compile(r"[^\x00-\x20<>\"{}|^`\\]+")
_TAG = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*", re.ASCII)

Node = dict[str, Any]


class Page(msgspec.Struct, frozen=True):
    """url: of the whole catalog; next: of the page after this, '' for the last. publisher: the coalition."""

    url: str
    title: str
    publisher: str
    actor: str
    items: Sequence[Published]
    next: str = ""


def describe(page: Page) -> list[Node]:
    """The catalog and its datasets, each a node with @id; values as JSON-LD writes them."""
    catalog: Node = {
        "@id": page.url,
        "@type": "dcat:Catalog",
        "dct:title": page.title,
        "dct:publisher": [{"@id": page.actor}],
        "dcat:dataset": [{"@id": each.id} for each in page.items],
    }
    if page.next:
        catalog["hydra:next"] = [{"@id": page.next}]
    agents = {each.owner: each.practice for each in page.items} | {page.actor: page.publisher}
    people: list[Node] = [{"@id": id, "@type": "foaf:Agent", "foaf:name": name} for id, name in agents.items()]
    return [catalog, *people, *map(_dataset, page.items)]


def _dataset(one: Published) -> Node:
    item = one.item
    tag = item.language if _TAG.fullmatch(item.language) and item.language != "und" else ""
    made: Node = {
        "@id": one.id,
        "@type": "dcat:Dataset",
        "dct:title": _text(item.name or one.id, tag),
        "dct:identifier": one.id,
        "dct:issued": _moment(one.published),
        "dct:modified": _moment(one.updated),
        "dct:publisher": [{"@id": one.owner}],
        "dcat:landingPage": [{"@id": one.id}],
    }
    if item.summary or item.problem:
        made["dct:description"] = _text(item.summary or item.problem, tag)
    if tag:
        made["dct:language"] = tag
    made |= {"dct:type": item.kind} if item.kind else {}
    made |= {"dcat:keyword": item.domain.split("/")} if item.domain else {}
    if item.license in LICENCES:
        made["dct:license"] = [{"@id": LICENCES[item.license]}]
    if item.place.geonames:
        made["dct:spatial"] = [{"@id": f"https://sws.geonames.org/{item.place.geonames}/"}]
    elif item.place.name:
        made["dct:spatial"] = item.place.name
    return made


def _text(text: str, tag: str) -> Any:
    return {"@value": text, "@language": tag} if tag else text


def _moment(at: int) -> Node:
    return {"@value": instant(at), "@type": "xsd:dateTime"}


def json_ld(nodes: list[Node]) -> bytes:
    """JSON-LD 1.1; its context is written out, so that nothing is fetched to read it."""
    return msgspec.json.format(msgspec.json.encode({"@context": PREFIXES, "@graph": nodes}), indent=1)


def turtle(nodes: list[Node]) -> bytes:
    """RDF 1.1 Turtle."""
    lines = [f"@prefix {name}: <{iri}> ." for name, iri in PREFIXES.items()]
    for node in nodes:
        said = [f"a {node['@type']}"]
        for name, value in node.items():
            if not name.startswith("@"):
                values = cast("list[Any]", value) if isinstance(value, list) else [value]
                if values:
                    said.append(f"{name} " + ", ".join(map(_turtle, values)))
        lines.append(f"\n{_iri(node['@id'])} " + " ;\n  ".join(said) + " .")
    return ("\n".join(lines) + "\n").encode()


def _turtle(value: Any) -> str:
    if isinstance(value, str):
        return _literal(value)
    if "@id" in value:
        return _iri(value["@id"])
    said = _literal(value["@value"])
    return f"{said}@{value['@language']}" if "@language" in value else f"{said}^^{value['@type']}"


def _iri(iri: str) -> str:
    """What cannot stand between < and > is percent-encoded."""
    return "<" + "".join(
        each if _IRI.fullmatch(each) else "".join(f"%{byte:02X}" for byte in each.encode()) for each in iri
    ) + ">"  # fmt: skip


def _literal(text: str) -> str:
    """A string of Turtle: the escapes of JSON are among its own."""
    return msgspec.json.encode(text).decode()
