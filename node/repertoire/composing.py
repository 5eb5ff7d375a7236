"""From what a member wrote to an Item: the same fields from the form and from the API."""

import msgspec

from node.sentence import say, words
from node.web.forms import is_plain
from node.web.markdown import to_html
from node.web.words import LANGUAGES as LANGUAGE_NAMES
from protocol import limits
from protocol.errors import ProtocolError
from protocol.vocabulary.dates import is_day
from protocol.vocabulary.place import Place
from protocol.vocabulary.repertoire import DOMAINS, KINDS, STAGES, Item, Reference, check_domain, is_language


class Written(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a member says of an item. content is Markdown; review_by YYYY-MM-DD; adapted_from ids of held items.

    The six first: title, problem, content, principle, local_conditions, license; without a licence nobody may build on
    it, so one is required. A language that is blank is the node's own. contact and stewards name roles, not persons.
    """

    title: str
    content: str
    kind: str = "method"
    language: str = ""
    summary: str = ""
    problem: str = ""
    principle: str = ""
    local_conditions: str = ""
    involved: str = ""
    cost: str = ""
    measure: str = ""
    evidence: str = ""
    contact: str = ""
    stewards: str = ""
    license: str = ""
    review_by: str = ""
    version: str = ""
    domain: str = ""
    place: str = ""
    adapted_from: tuple[str, ...] = ()
    translation_of: str = ""
    kept: str = ""
    changed: str = ""
    why: str = ""
    stage: str = ""
    results: str = ""


def compose(written: Written, id: str, owner: str, held: Item | None = None) -> Item:
    """The Item of these words. An edit keeps the digests that were credited first: they say what was adapted."""
    credited = {reference.id: reference for reference in held.adapted_from} if held else {}
    translated = held.translation_of if held and held.translation_of else None
    if translated is None and written.translation_of:
        translated = Reference(written.translation_of)
    return Item(
        id=id,
        attributed_to=owner,
        name=written.title.strip(),
        content=to_html(written.content),
        source=written.content,
        place=Place(name=written.place.strip()),
        adapted_from=tuple(credited.get(original, Reference(original)) for original in written.adapted_from),
        translation_of=translated,
        **{name: getattr(written, name).strip() for name in _SAME},
    )


# Fields that are the same of the words and of the item.
_SAME = tuple(set(Written.__struct_fields__) - {"title", "content", "place", "adapted_from", "translation_of"})


def written(item: Item) -> Written:
    """The words of an Item, to be edited."""
    return Written(
        title=item.name,
        content=item.source or item.content,
        place=item.place.name,
        adapted_from=tuple(reference.id for reference in item.adapted_from),
        translation_of=item.translation_of.id if item.translation_of else "",
        **{name: getattr(item, name) for name in _SAME},
    )


_LINES = {"title": words("title"), "version": words("version"), "place": words("place"), "license": words("licence")}
_PROSE = {
    "summary": words("summary"),
    "problem": words("the problem it solves"),
    "involved": words("who must be involved"),
    "cost": words("what it costs"),
    "measure": words("how one knows that it works"),
    "stewards": words("stewards"),
    "principle": words("principle"),
    "local_conditions": words("local conditions"),
    "evidence": words("evidence"),
    "contact": words("people to call"),
    "kept": words("what was kept"),
    "changed": words("what was changed"),
    "why": words("why"),
    "results": words("results"),
}
_LIMITS = tuple(
    (name, said, most)
    for fields, most in ((_LINES, limits.NAME_CHARACTERS), (_PROSE, limits.TEXT_CHARACTERS))
    for name, said in fields.items()
)
_SURELY_FITS = 20_000  # characters of Markdown whose HTML cannot be over the limit of content


def fault(text: Written) -> str:
    """What is wrong with it, as one sentence for who wrote it; empty if nothing is. The protocol judges once more."""
    if not text.title.strip():
        return say("An item needs a title.")
    if not text.content.strip():
        return say("An item needs a text.")
    if not text.license.strip():
        return say("An item needs a licence: what may others do with it?")
    for name, said, most in _LIMITS:
        if (length := len(getattr(text, name).strip())) > most:
            return say(
                "The field “{field}” has {length} characters; at most {most} fit.", field=said, length=length, most=most
            )
        if not is_plain(getattr(text, name), line=name in _LINES):
            return say("The field “{field}” has {what}.", field=said, what=_odd(name in _LINES))
    if not is_plain(text.content):
        return say("The text has {what}.", what=_odd(False))
    if _too_long(text.content):
        return say(
            "The text is too long: with its formatting it has more than {most} bytes.", most=limits.CONTENT_BYTES
        )
    return _unknown(text) or _lineage(text)


def _odd(line: bool) -> str:
    return say("a line break or a control character") if line else say("a control character")


def _too_long(content: str) -> bool:
    if len(content) <= _SURELY_FITS:
        return False
    return max(len(content.encode("utf-8", "replace")), len(to_html(content).encode())) > limits.CONTENT_BYTES


def _unknown(text: Written) -> str:
    """A value that is none of those that can be."""
    if text.kind not in KINDS:
        return say(
            "“{kind}” is not a kind of item. Kinds are: {kinds}.", kind=_short(text.kind), kinds=", ".join(KINDS)
        )
    if text.stage and text.stage not in STAGES:
        return say(
            "“{stage}” is not a stage. Stages are: {stages}.", stage=_short(text.stage), stages=", ".join(STAGES)
        )
    if not is_language(text.language):
        return say("“{code}” is not the code of a language, such as en, es or pt-BR.", code=_short(text.language))
    if text.review_by and not is_day(text.review_by):
        return say("“{day}” is not a day. Write year-month-day, such as 2027-03-31.", day=_short(text.review_by))
    if text.domain and not _is_domain(text.domain):
        return say(
            "“{domain}” is not a domain. A domain is one of {domains}, or lies below one, such as"
            " public-safety/gun-violence.",
            domain=_short(text.domain), domains=", ".join(DOMAINS),
        )  # fmt: skip
    return ""


def _lineage(text: Written) -> str:
    if text.translation_of and text.adapted_from:
        return say("An item is a translation or an adaptation, not both: translate it first, then adapt that.")
    if text.kind == "adaptation" and not text.adapted_from:
        return say("An adaptation must name the item that it adapts.")
    if text.kind != "adaptation" and text.adapted_from:
        return say("Only an adaptation can name what it adapts: choose the kind “adaptation”.")
    if len(text.adapted_from) > limits.RECIPIENTS:
        return say("An adaptation can name at most {most} items that it adapts.", most=limits.RECIPIENTS)
    return ""


def _is_domain(text: str) -> bool:
    try:
        check_domain(text)
    except ProtocolError:
        return False
    return True


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"


LANGUAGES = tuple(LANGUAGE_NAMES.items())
