"""Two real nodes and a real browser, in which a coordinator does a day's work.

Without Chromium these tests are skipped and say so; where CI is set they fail, so that nobody believes they ran.
"""

import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page

from tests.cluster.kit import Town, cluster
from tests.web.kit import CHROMIUM, browser

WIDE = {"width": 1280, "height": 900}
NARROW = {"width": 360, "height": 740}


class Desk:
    """A browser signed in at one node. Whatever it complains of is kept, and every page is measured on a telephone."""

    def __init__(self, town: Town, context: BrowserContext, page: Page) -> None:
        self.town = town
        self.context = context
        self.page = page
        self.complaints: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message: ConsoleMessage) -> None:
        # A refused form comes back as 422 and a tombstone is 410: Chromium reports every such status as an error.
        if not any(f"status of {status}" in message.text for status in (410, 422)):
            self.complaints.append(message.text)

    async def sound(self) -> None:
        """Nothing complained (a breach of the content security policy would be said here), nothing is too wide."""
        await self.page.set_viewport_size(NARROW)  # pyright: ignore[reportArgumentType]
        wide = await self.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 360, (self.page.url, wide)
        await self.page.set_viewport_size(WIDE)  # pyright: ignore[reportArgumentType]
        assert self.complaints == [], self.page.url

    async def go(self, path: str) -> None:
        await self.page.goto(self.town.origin + path)
        await self.sound()

    async def press(self, name: str) -> None:
        """Press the button of this name, and look at what comes."""
        await self.page.get_by_role("button", name=name, exact=True).click()
        await self.sound()

    async def take(self, name: str) -> None:
        """Follow the link of this name."""
        await self.page.get_by_role("link", name=name, exact=True).first.click()
        await self.sound()

    async def fill(self, **fields: str) -> None:
        """Type into fields by their names."""
        for name, text in fields.items():
            await self.page.locator(f"[name={name}]").fill(text)

    async def values(self, *names: str) -> dict[str, str]:
        """What stands in the fields."""
        return {name: await self.page.locator(f"[name={name}]").input_value() for name in names}

    async def unchecked(self) -> None:
        """Let the next form be sent whatever the browser thinks of it."""
        await self.page.evaluate("for (const form of document.forms) form.noValidate = true")

    async def text(self) -> str:
        return await self.page.inner_text("main")

    async def sign_in(self) -> None:
        keystore = self.town.running.keystore
        await self.go("/sign-in")
        await self.page.get_by_text("I operate this machine").click()
        await self.page.get_by_label("Token").fill(keystore.mint_token(self.town.clock.now(), "browser"))
        await self.press("Sign in with the token")


@pytest.fixture(scope="session")
def chromium_path() -> None:
    if not CHROMIUM.exists():
        said = f"no Chromium at {CHROMIUM}: apt install chromium"
        if os.environ.get("CI"):
            pytest.fail(said)
        pytest.skip(said)


@pytest_asyncio.fixture(loop_scope="function")
async def chromium(chromium_path: None) -> AsyncIterator[Browser]:
    async with browser() as found:
        yield found


@pytest_asyncio.fixture(loop_scope="function")
async def towns(tmp_path_factory: pytest.TempPathFactory, chromium_path: None) -> AsyncIterator[list[Town]]:
    async with cluster(tmp_path_factory.mktemp("browser"), "High Point", "Fort Wayne") as made:
        yield made


@pytest_asyncio.fixture(loop_scope="function")
async def desk(towns: list[Town], chromium: Browser) -> AsyncIterator[Desk]:
    """At the first node, signed in."""
    context = await chromium.new_context(viewport=WIDE)  # pyright: ignore[reportArgumentType]
    made = Desk(towns[0], context, await context.new_page())
    await made.sign_in()
    yield made
    await context.close()
