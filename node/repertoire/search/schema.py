"""What the index holds of an item: its words for finding it, its facts for counting and sorting. Pure.

Nothing of it is shown: what a page says of an item it reads from the database. Change FORMAT with anything here, or
with the languages: an index of another format is built anew.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec
import tantivy

from node.repertoire.search.languages import STEMMED, code_of, folded, plain, stems
from node.web.markdown import plain_text
from protocol import identifiers
from protocol.vocabulary.repertoire import Item

FORMAT = 1
# How much a word counts where it stands: in the title, in what it is for, in its principle, in the rest.
TEXTS: Mapping[str, float] = MappingProxyType({"title": 4.0, "lead": 2.0, "principle": 1.5, "body": 1.0})
# Facts that an item has one or several of, by which it is found and counted.
CODES = ("owner", "origin", "domain", "place", "kind", "language")
NEVER = 9999_12_31  # for review: nothing is promised


class Card(msgspec.Struct, frozen=True):
    """What the database knows of an item besides what it says. adapted: how many adaptations of it are held here."""

    key: int
    owner: str
    updated: int
    adapted: int


def build() -> tantivy.Schema:
    """The fields of FORMAT."""
    made = tantivy.SchemaBuilder()
    made.add_unsigned_field("key", indexed=True, fast=True)
    for name in TEXTS:
        made.add_text_field(name, tokenizer_name="plain")
        for code in STEMMED:
            made.add_text_field(f"{name}_{code}", tokenizer_name=f"stems_{code}", index_option="freq")
    for name in CODES:
        made.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    made.add_boolean_field("evidence", indexed=True, fast=True)
    for name in ("updated", "adapted", "review", "newest", "most"):
        made.add_unsigned_field(name, indexed=True, fast=True)
    return made.build()


def teach(index: tantivy.Index) -> tantivy.Index:
    """The index, which knows how to cut each field's words."""
    index.register_tokenizer("plain", plain())
    for code in STEMMED:
        index.register_tokenizer(f"stems_{code}", stems(code))
    return index


def document(card: Card, item: Item) -> dict[str, Any]:
    """An item as the index takes it."""
    made: dict[str, Any] = {}
    code = code_of(item.language)
    for name, text in texts(item).items():
        if text:
            made[name] = folded(text)
            if code:
                made[f"{name}_{code}"] = text
    return made | {
        "key": card.key,
        "owner": card.owner,
        "origin": identifiers.host_of(card.owner),
        "domain": branches(item.domain),
        "place": list(dict.fromkeys(item.place.within)),
        "kind": item.kind,
        "language": item.language,
        "evidence": bool(item.evidence.strip()),
        "updated": card.updated,
        "adapted": card.adapted,
        "review": day(item.review_by),
        # In order, also where the first is the same.
        "newest": (card.updated << 22) + (card.key & 0x3FFFFF),
        "most": (min(card.adapted, 0xFFFFF) << 41) + min(card.updated, (1 << 41) - 1),
    }


def texts(item: Item) -> dict[str, str]:
    """What it says, by how much a word of it counts."""
    return {
        "title": item.name,
        "lead": "\n".join(text for text in (item.summary, item.problem, item.place.name) if text),
        "principle": item.principle,
        "body": "\n".join(
            text
            for text in (
                item.source or plain_text(item.content), item.local_conditions, item.involved, item.cost, item.measure,
                item.evidence, item.kept, item.changed, item.why, item.results,
            )
            if text
        ),
    }  # fmt: skip


def branches(path: str) -> list[str]:
    """A domain and all that it lies below: `health/mental-health` is found in `health`."""
    parts = path.split("/") if path else []
    return ["/".join(parts[: depth + 1]) for depth in range(len(parts))]


def day(text: str) -> int:
    """`2027-03-01` as 20270301, NEVER for no day: in order, as numbers."""
    digits = text.replace("-", "")
    return int(digits) if len(digits) == 8 and digits.isascii() and digits.isdigit() else NEVER
