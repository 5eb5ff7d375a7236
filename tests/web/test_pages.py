"""Every template with rich, empty and hostile data: it renders, escapes, and says who it is to browsers."""

import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path

import aiohttp
import jinja2
import pytest
import pytest_asyncio

from node.web import static
from node.web.headers import CONTENT_SECURITY_POLICY, of_upload
from node.web.language import ENGLISH, LANGUAGES
from node.web.render import environment
from node.web.session import NOBODY

from . import samples
from .kit import Site, serve

TEMPLATES = Path(static.__file__).parent / "templates"
FORBIDDEN = frozenset(["style", "iframe", "object", "embed", "base", "math"])
OWN_SCRIPT = r"""<script src="\{\{ static\("\w+\.js"\) \}\}" defer></script>"""
# What render gives every page beside its view.
PAGE = {"catalogue": ENGLISH, "locale": "en", "zone": "", "here": "/", "tongues": LANGUAGES}
EVERY_TEMPLATE = {path.name for path in TEMPLATES.iterdir()} - {
    "base.html",
    "things.html",
    "fields.html",
    "item_text.html",
    "trust_parts.html",
    "message_parts.html",
}


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with serve(tmp_path) as found:
        yield found


class Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self._open: list[str] = []
        self._within: list[tuple[str, str, dict[str, str]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append((tag, found))
        if tag == "svg" or self._open:
            self._open.append(tag)
            self._within.append(("svg", tag, found))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if self._open:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            del self._open[len(self._open) - 1 - self._open[::-1].index(tag) :]

    def inside(self, outer: str) -> list[tuple[str, dict[str, str]]]:
        return [(tag, attributes) for within, tag, attributes in self._within if within == outer]

    def of(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


# A picture stands in its page, and not in a frame of its own: so its links are reached by the keyboard, it is read out
# as part of the page, and it follows the reader's colours. It is made of forms and texts alone, and of no picture but
# where a page is one. What a stranger wrote never brings one along (test_markdown).
PICTURES = frozenset(["lineage.html", "trust_about.html"])
DRAWN = frozenset(["svg", "title", "desc", "g", "path", "circle", "rect", "text", "tspan", "a"])
GEOMETRY = frozenset(["x", "y", "cx", "cy", "r", "width", "height", "d", "viewbox", "xmlns"])
SPOKEN = frozenset(
    ["class", "id", "lang", "href", "aria-hidden", "aria-labelledby", "aria-describedby", "aria-current"]
)


# Forms whose sender has no session: tests/security/acts.py says why.
TOKENLESS = ("/sign-in", "/language", "/join/", "/digest/")


def check_pictures(page: Page) -> None:
    inside: list[tuple[str, dict[str, str]]] = page.inside("svg")
    assert {tag for tag, _ in inside} <= DRAWN
    assert all(set(attributes) <= GEOMETRY | SPOKEN for _, attributes in inside)
    for picture in page.of("svg"):
        assert picture["aria-labelledby"]
        assert picture["aria-describedby"]


def check(html: str) -> None:
    page = Page(html)
    assert not {tag for tag, _ in page.tags} & FORBIDDEN
    check_pictures(page)
    for tag, attributes in page.tags:
        assert not any(name.startswith("on") or name == "style" for name in attributes), (tag, attributes)
        for name in ("href", "src", "action"):
            target = attributes.get(name) or "/"
            assert target.startswith(("/", "#", "https://", "http://", "mailto:", "?")), attributes
    assert [image["src"].partition("?")[0] for image in page.of("img")] == ["/static/logo.svg"]
    assert all(set(script) == {"src", "defer"} and script["src"].startswith("/static/") for script in page.of("script"))
    assert len(page.of("h1")) == 1
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for form in page.of("form"):
        assert form.get("method", "get") == "get" or form["action"].startswith("/")
    posts = sum(form.get("method") == "post" for form in page.of("form"))
    tokens = sum(field.get("name") == "form_token" for field in page.of("input"))
    without = sum(html.count(f'action="{path}') for path in TOKENLESS)
    assert tokens == posts - without


def test_every_template_has_its_samples() -> None:
    assert {template for template, _, _ in samples.RICH.values()} == EVERY_TEMPLATE


def test_no_template_escapes_the_escaping() -> None:
    for path in TEMPLATES.iterdir():
        text = path.read_text()
        assert "|safe" not in text
        assert "| safe" not in text
        assert "autoescape" not in text
        assert text.count("<script") == len(re.findall(OWN_SCRIPT, text))


async def test_every_page_renders_and_escapes(site: Site) -> None:
    async with aiohttp.ClientSession() as client:
        for name in samples.ALL:
            async with client.get(f"{site.origin}/pages/{name}", headers={"Accept": "text/html"}) as answer:
                html = await answer.text()
                assert answer.status == 200, (name, html)
                assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                assert answer.headers["Referrer-Policy"] == "same-origin"
                assert answer.headers["Vary"] == (
                    "Accept, Signature, Signature-Input, Cookie, Accept-Language, Accept-Encoding"
                )
                signed_in = samples.ALL[name][2]
                assert answer.headers["Cache-Control"] == ("private, no-store" if signed_in else "no-cache")
                check(html)
                assert "<svg" not in html or samples.ALL[name][0] in PICTURES, name
                assert "60481729" not in html or "{{7777*7777}}" in html  # a stranger's text is never a template


@pytest.mark.parametrize("name", samples.RICH)
def test_a_missing_name_is_an_error_not_an_empty_place(name: str) -> None:
    template, view, _ = samples.RICH[name]
    env = environment(static.load())
    if template == "problem.html":
        view = {}
    with pytest.raises(jinja2.UndefinedError):
        env.get_template(template).render({key: view[key] for key in list(view)[1:]}, path="/", said="", now=0, **PAGE)


async def test_the_words_that_matter(site: Site) -> None:
    async with aiohttp.ClientSession() as client:

        async def page(name: str) -> str:
            async with client.get(f"{site.origin}/pages/{name}") as answer:
                return " ".join((await answer.text()).split())

        item = await page("item")
        assert (
            'Signed by Safe streets High Point on <time datetime="2026-05-03T10:00:00Z">3 May 2026 (UTC)</time>' in item
        )
        assert "Public safety <span" in item
        adapted = await page("item-adaptation")
        assert "Open at its home" in adapted
        assert "Brought here by Inkster United for Youth" in adapted
        assert "The original has changed since" in adapted
        assert "Its authors wanted to look at this again by" in adapted
        connections = await page("connections")
        assert "Broken</span> since" in connections
        assert "Their certificate has expired. We keep trying; nothing is lost." in connections
        assert "The root key is still on this machine" in await page("operation")
        assert "Page 2 of 14" in await page("catalog")
        assert "We could not find that" in await page("problem")
        assert "Review was due" in await page("front")
        bare = await page("item-empty")
        assert "It carries no signature of its own" in bare
        async with client.get(f"{site.origin}/pages/front?said=saved") as answer:
            assert "Saved and signed." in await answer.text()
        async with client.get(f"{site.origin}/pages/front?said=<b>whatever") as answer:
            assert "whatever" not in await answer.text()


async def test_static_files(site: Site) -> None:
    files = static.load()
    assert set(files) == {"commonweave.css", "logo.svg", "passkeys.js", "places.js"}
    async with aiohttp.ClientSession() as client:
        async with client.get(site.origin + static.address(files, "commonweave.css")) as answer:
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert answer.content_type == "text/css"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
        async with client.get(f"{site.origin}/static/commonweave.css?v=old") as answer:
            assert "immutable" not in answer.headers["Cache-Control"]
        for path in ("/static/..%2f__init__.py", "/static/nothing.css", "/static/%2e%2e/render.py"):
            async with client.get(site.origin + path) as answer:
                assert answer.status == 404


def test_the_front_door_is_light() -> None:
    """Page, style and picture together, uncompressed (pages.md: under 100 kB)."""
    env = environment(static.load())
    template, view, _ = samples.RICH["front"]
    html = env.get_template(template).render(
        {**view, **PAGE}, site=samples.SITE, session=NOBODY, now=samples.NOW, today="2026-05-07", path="/", said=""
    )
    weight = len(html.encode()) + sum(len(file.body) for file in static.load().values())
    assert weight < 100_000


@pytest.mark.parametrize(
    ("name", "media", "shown"),
    [
        ("a.svg", "image/svg+xml", "application/octet-stream"),
        ("a.html", "text/html", "application/octet-stream"),
        ("a.json", "application/activity+json", "application/octet-stream"),
        (
            "a.jsonld",
            'application/ld+json; profile="https://www.w3.org/ns/activitystreams"',
            "application/octet-stream",
        ),
        ("a.png", "image/png", "image/png"),
        ("../../etc/passwd", "text/plain; charset=utf-8", "text/plain"),
        ('a"\r\nSet-Cookie: x=1.png', "IMAGE/PNG", "image/png"),
    ],
)
def test_uploads_are_files_to_save(name: str, media: str, shown: str) -> None:
    headers = of_upload(name, media)
    assert headers["Content-Type"] == shown
    assert headers["Content-Disposition"].startswith('attachment; filename="')
    assert "sandbox" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    for value in headers.values():
        assert not set(value) & set("\r\n")
    assert "/" not in headers["Content-Disposition"].partition(";")[2].replace("UTF-8''", "")
    assert headers["Content-Disposition"].count('"') == 2
