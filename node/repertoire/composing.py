"""From what a member wrote to an Item: the same fields from the form and from the API."""

import msgspec

from node.web import words
from node.web.markdown import to_html
from protocol.vocabulary.place import Place
from protocol.vocabulary.repertoire import KINDS, STAGES, Item, Reference


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What a member says of an item. content is Markdown; review_by YYYY-MM-DD; adapted_from ids of held items.

    The six first fields of an item: principle, local_conditions, evidence, contact, license, review_by.
    """

    title: str
    content: str
    kind: str = "method"
    language: str = "en"
    summary: str = ""
    principle: str = ""
    local_conditions: str = ""
    evidence: str = ""
    contact: str = ""
    license: str = ""
    review_by: str = ""
    version: str = ""
    domain: str = ""
    place: str = ""
    adapted_from: tuple[str, ...] = ()
    kept: str = ""
    changed: str = ""
    why: str = ""
    coach: str = ""
    stage: str = ""
    results: str = ""


def compose(written: Written, id: str, owner: str, held: Item | None = None) -> Item:
    """The Item of these words. An edit keeps the digests that were credited first: they say what was adapted."""
    credited = {reference.id: reference for reference in held.adapted_from} if held else {}
    return Item(
        id=id,
        attributed_to=owner,
        name=written.title.strip(),
        summary=written.summary.strip(),
        content=to_html(written.content),
        source=written.content,
        language=written.language,
        kind=written.kind,
        domain=written.domain,
        place=Place(name=written.place.strip()),
        version=written.version,
        principle=written.principle,
        local_conditions=written.local_conditions,
        evidence=written.evidence,
        contact=written.contact,
        license=written.license,
        review_by=written.review_by,
        adapted_from=tuple(credited.get(original, Reference(original)) for original in written.adapted_from),
        kept=written.kept,
        changed=written.changed,
        why=written.why,
        coach=written.coach,
        stage=written.stage,
        results=written.results,
    )


def written(item: Item) -> Written:
    """The words of an Item, to be edited."""
    return Written(
        title=item.name,
        content=item.source or item.content,
        kind=item.kind,
        language=item.language,
        summary=item.summary,
        principle=item.principle,
        local_conditions=item.local_conditions,
        evidence=item.evidence,
        contact=item.contact,
        license=item.license,
        review_by=item.review_by,
        version=item.version,
        domain=item.domain,
        place=item.place.name,
        adapted_from=tuple(reference.id for reference in item.adapted_from),
        kept=item.kept,
        changed=item.changed,
        why=item.why,
        coach=item.coach,
        stage=item.stage,
        results=item.results,
    )


def fault(text: Written) -> str:
    """What is wrong with it, as one sentence; empty if nothing is. Sizes and dates are the protocol's to judge."""
    if not text.title.strip():
        return "An item needs a title."
    if not text.content.strip():
        return "An item needs a text."
    if text.kind not in KINDS:
        return f"“{text.kind}” is not a kind of item. Kinds are: {', '.join(KINDS)}."
    if text.stage and text.stage not in STAGES:
        return f"“{text.stage}” is not a stage. Stages are: {', '.join(STAGES)}."
    if text.kind == "adaptation" and not text.adapted_from:
        return "An adaptation must name the item that it adapts."
    if text.kind != "adaptation" and text.adapted_from:
        return "Only an adaptation can name what it adapts: choose the kind “adaptation”."
    return ""


LANGUAGES = tuple(words.LANGUAGES.items())
