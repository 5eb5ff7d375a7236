"""A browser at a node that runs as its users run it: each page it opens is looked at as its reader would."""

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import BrowserContext, ConsoleMessage, Page

from tests import translations

ENGLISH_FROM = 12  # characters: what is shorter may be a name, or the same word in both languages
_STATUSES = (410, 422)  # a form that comes back, a link that is spent: Chromium reports them as errors


def english_only() -> set[str]:
    """Whole English messages that read differently in Spanish, and hold nothing that a page would fill in."""
    pairs = ((message.id, message.string) for message in translations.read("es"))
    return {
        one
        for one, other in pairs
        if isinstance(one, str) and len(one) >= ENGLISH_FROM and one != other and not set("{}%<") & set(one)
    }


class Home:
    """One person's browser. language: what it asks for; script: whether pages may run any."""

    def __init__(self, origin: str, context: BrowserContext, page: Page, language: str, *, script: bool) -> None:
        self.origin = origin
        self.context = context
        self.page = page
        self.script = script
        self._english = english_only() if language != "en" else set[str]()
        self._width = (page.viewport_size or {"width": 0})["width"]
        self.complaints: list[str] = []
        self.seen: set[str] = set()
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message: ConsoleMessage) -> None:
        if not any(f"status of {status}" in message.text for status in _STATUSES):
            self.complaints.append(message.text)

    async def go(self, path: str) -> None:
        await self.page.goto(path if path.startswith("http") else self.origin + path)
        await self.look()

    async def look(self) -> None:
        """No sideways scrolling, nothing complained, nothing in another language; and what axe finds serious."""
        where = self.page.url
        text = await self.page.inner_text("body")
        left = {said for said in self._english if said in text}
        assert not left, (where, left)
        assert self.complaints == [], (where, self.complaints)
        assert len(await self.page.query_selector_all("h1")) == 1, where
        if self.script:
            wide = await self.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= self._width, (where, wide)
            place = where.partition("?")[0]
            if place not in self.seen:
                self.seen.add(place)
                results = await Axe().run(self.page)
                found = [
                    (one["id"], one["nodes"][0]["html"][:120])
                    for one in results.response["violations"]
                    if one["impact"] in ("serious", "critical")
                ]
                assert found == [], where

    async def fill(self, **fields: str) -> None:
        """Into fields by name; a choice by its value."""
        for name, text in fields.items():
            field = self.page.locator(f"[name={name}]").first
            tag = await field.evaluate("it => it.tagName + (it.type || '')")
            if tag.startswith("SELECT"):
                await field.select_option(text)
            elif tag == "INPUTcheckbox":
                await field.check()
            else:
                await field.fill(text)

    async def send(self, action: str, button: str = "button:not([name])") -> None:
        """Press the button of the form that goes there."""
        await self.page.locator(f'form[action="{action}"] {button}').first.click()
        await self.page.wait_for_load_state()
        await self.look()

    async def link(self) -> str:
        """The link that the page shows this once."""
        return (await self.page.inner_text("code.address")).strip()

    async def text(self) -> str:
        return await self.page.inner_text("main")
