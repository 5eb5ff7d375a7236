"""Text that others wrote becomes HTML that is safe to show: one allow-list for our Markdown and for received HTML.

Never lets through anything that runs, loads, styles or posts: no script, style, frame, form, picture or drawing, no
class or id (a stranger's text must not look like our page), links only to absolute http, https and mailto addresses
(house security, group F). Headings go down: a page has one h1, and it is its own.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from html import escape
from html.parser import HTMLParser
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_BLOCKS = _names("blockquote br caption dd dl dt h1 h2 h3 h4 h5 h6 hr li ol p pre table tbody td tfoot th thead tr ul")
_INLINE = _names("a abbr b bdi bdo cite code del dfn em i ins kbd mark q s samp small strong sub sup u var")
# Never closed, or closed by what follows: as many as one likes may stand in a row.
_UNCLOSED = _names("br hr img input wbr area base col embed link meta source track p li td th tr dt dd option")
# Dropped with what is in them: their text is not meant for reading, or is how parsers are led astray (mXSS).
_SILENCED = _names(
    "script style iframe frame frameset noscript noembed noframes template svg math object embed applet xmp plaintext"
    " textarea select title head"
)
_ATTRIBUTES = {
    "a": {"href", "hreflang"},
    "abbr": {"title"},
    "bdo": {"dir"},
    "ol": {"start"},
    "td": {"colspan", "rowspan", "align"},
    "th": {"colspan", "rowspan", "align", "scope"},
    "*": {"lang"},
}
_VALUES = {"p": {"dir": {"ltr", "rtl", "auto"}}, "blockquote": {"dir": {"ltr", "rtl", "auto"}}}
_SCHEMES = frozenset({"http", "https", "mailto"})
_ALIGN = frozenset({"left", "right", "center"})
_NUMBER = re.compile(r"[0-9]{1,4}")
_REL = "nofollow noopener noreferrer ugc"
# Depth, and attributes of one tag, cost a parser their square: 50,000 open tags take seconds (CVE-2025-68475's class).
# What an editor makes stays far below all three; what does not is shown as its bare words.
_MAX_DEPTH = 300
_MAX_TAGS = 20_000
_MAX_ATTRIBUTES = 100
_NAME = re.compile(r"[\s/]*([^\s/>][^\s/>=]*)?\s*(=\s*)?")
_UNQUOTED = re.compile(r"[^\s>]*")
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/<>]{0,30})")
_ANY_TAG = re.compile(r"<[^<>]*>")
_HEADING = re.compile(r"(</?h)([1-5])(?=[ >])")


def _attribute(_tag: str, name: str, value: str) -> str | None:
    """The value, or None if it is not one that this attribute may have here."""
    if name == "align":
        return value if value in _ALIGN else None
    if name in ("colspan", "rowspan", "start"):
        return value if _NUMBER.fullmatch(value) and int(value) <= 1_000 else None
    if name == "href":
        return value if is_link(value) else None
    return value if len(value) <= 200 else None


def is_link(url: str) -> bool:
    """True for an absolute http, https or mailto address without control characters or spaces."""
    if not url or len(url) > 2_048 or any(character <= " " or character == "\\" for character in url):
        return False
    scheme, colon, rest = url.partition(":")
    if not colon or scheme.lower() not in _SCHEMES:
        return False
    return scheme.lower() == "mailto" or (rest.startswith("//") and len(rest) > 2 and rest[2] not in "/?#")


def _end_of_tag(html: str, start: int) -> int:
    """Where the tag ends whose attributes begin at start; -1 if it has more attributes than any editor writes."""
    at = start
    for _ in range(_MAX_ATTRIBUTES):
        name = _NAME.match(html, at)
        if name is None or name[1] is None:
            return at if name is None else name.end()
        at = name.end()
        if name[2]:
            quote = html[at : at + 1]
            if quote in ('"', "'") and quote:
                at = html.find(quote, at + 1) + 1
                if not at:
                    return len(html)  # never closed: a parser drops the rest
            elif value := _UNQUOTED.match(html, at):
                at = value.end()
    return -1


def _is_wild(html: str) -> bool:
    """More tags, or more open at once, than an editor makes. Linear, and an estimate that errs by a small factor."""
    open_tags: dict[str, int] = {}
    depth = at = 0
    for _ in range(_MAX_TAGS):
        tag = _TAG.search(html, at)
        if tag is None:
            return False
        at = _end_of_tag(html, tag.end())
        name = tag[2].lower()
        held = open_tags.get(name, 0)
        if name not in _UNCLOSED:
            if not tag[1]:
                open_tags[name] = held + 1
                depth += 1
            elif held:
                open_tags[name] = held - 1
                depth -= 1
        if depth > _MAX_DEPTH or at < 0:
            return True
    return True


def _clean(html: str) -> str:
    if _is_wild(html):
        return f"<p>{escape(_ANY_TAG.sub(' ', html))}</p>"
    return nh3.clean(
        html,
        tags=set(_BLOCKS | _INLINE),
        clean_content_tags=set(_SILENCED),
        attributes={tag: set(names) for tag, names in _ATTRIBUTES.items()},
        tag_attribute_values=_VALUES,
        attribute_filter=_attribute,
        url_schemes=set(_SCHEMES),
        url_relative="deny",
        link_rel=_REL,
        strip_comments=True,
    )


def sanitise(html: str, highest: int = 3) -> str:
    """Received HTML, safe to place in a page as it is. Its headings begin at h{highest}, below the page's own."""

    def lower(found: re.Match[str]) -> str:
        return f"{found[1]}{min(max(int(found[2]) + 1, highest), 6)}"

    return _HEADING.sub(lower, _clean(html)) if html else ""


class _Renderer(RendererHTML):
    """Tables say their alignment by attribute: an inline style would break our own content security policy."""

    def renderToken(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        token = tokens[idx]
        style = token.attrs.pop("style", None)
        if isinstance(style, str) and style.startswith("text-align:"):
            token.attrs["align"] = style.removeprefix("text-align:")
        return super().renderToken(tokens, idx, options, env)


@lru_cache(maxsize=8)  # one text is rendered to be shown, to be measured and to be said
def to_html(markdown: str) -> str:
    """A member's Markdown (CommonMark with tables and strikethrough) as safe HTML; HTML in it is shown as text.

    This is what goes on the wire as `content`: headings begin at h2. A text at the limit that is all brackets takes
    seconds, so handlers call it in a thread.
    """
    parser: Any = MarkdownIt("commonmark", {"html": False, "linkify": False}, renderer_cls=_Renderer)
    return sanitise(parser.enable(["table", "strikethrough"]).disable(["image"]).render(markdown), highest=2)


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 (the base's name)
        if tag in _BLOCKS:
            self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def plain_text(html: str) -> str:
    """The words of received HTML on one line, for search and summaries. Plain text: escape it before showing it."""
    reader = _Text()
    reader.feed(_clean(html))
    reader.close()
    return " ".join("".join(reader.parts).split())


def summary(html: str, characters: int = 200) -> str:
    """The first words of received HTML, cut at a word with an ellipsis."""
    text = plain_text(html)
    if len(text) <= characters:
        return text
    return text[:characters].rsplit(" ", 1)[0].rstrip(",.;:") + "…"
