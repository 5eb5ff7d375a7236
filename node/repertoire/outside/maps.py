"""What search engines may read, and where it is: robots.txt (RFC 9309) and sitemaps (sitemaps.org). Pure."""

from collections.abc import Iterable
from xml.etree import ElementTree

from protocol.vocabulary.dates import instant

MOST = 10_000  # addresses of one sitemap; the protocol allows 50,000
_NS = "http://www.sitemaps.org/schemas/sitemap/0.9"
# Views of the same things without end, and pages that are for people who sign in.
_CLOSED = ("/catalog?", "/catalog/", "/api/", "/sign-in", "/feeds/", "/digest/", "/join/", "/first/")


def robots(origin: str) -> str:
    """For everybody the same."""
    return "\n".join(
        ["User-agent: *", *(f"Disallow: {path}" for path in _CLOSED), "", f"Sitemap: {origin}/sitemap.xml", ""]
    )


def index(urls: Iterable[str]) -> bytes:
    """Of sitemaps."""
    root = ElementTree.Element("sitemapindex", {"xmlns": _NS})
    for url in urls:
        ElementTree.SubElement(ElementTree.SubElement(root, "sitemap"), "loc").text = url
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)


def sitemap(pages: Iterable[tuple[str, int]]) -> bytes:
    """Of pages: address, and when it changed last (ms), 0 if that is not known."""
    root = ElementTree.Element("urlset", {"xmlns": _NS})
    for url, changed in pages:
        entry = ElementTree.SubElement(root, "url")
        ElementTree.SubElement(entry, "loc").text = url
        if changed:
            ElementTree.SubElement(entry, "lastmod").text = instant(changed)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
