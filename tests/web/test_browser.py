"""In a real browser: nothing wider than a telephone, nothing an aid for the blind stumbles on, nothing blocked."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, ConsoleMessage, Response

from . import samples
from .kit import CHROMIUM, TOKEN, Site, browser, serve

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium here"),
]
GROUPS = [
    pytest.param(names, id=f"{names[0]}…")
    for names in ([*samples.ALL][start : start + 8] for start in range(0, len(samples.ALL), 8))
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with serve(tmp_path_factory.mktemp("site")) as found:
        yield found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[Browser]:
    async with browser() as found:
        yield found


@pytest.mark.parametrize("names", GROUPS)
async def test_a_telephone_never_scrolls_sideways(site: Site, chromium: Browser, names: list[str]) -> None:
    page = await chromium.new_page(viewport={"width": 360, "height": 740})
    said: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        said.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: said.append(str(error)))
    for name in names:
        await page.goto(f"{site.origin}/pages/{name}")
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 360, (name, wide)
        assert said == [], (name, said)  # a breach of the content security policy would be said here
    await page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
async def test_axe_finds_nothing(site: Site, chromium: Browser, scheme: str, width: int) -> None:
    page = await chromium.new_page(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    found: list[str] = []
    names = [*samples.RICH, *samples.EMPTY] if width == 1280 else ["front", "item", "item-form", "catalog"]
    for name in names:
        await page.goto(f"{site.origin}/pages/{name}")
        results = await Axe().run(page)
        found += [
            f"{name}: {one['id']}: {one['nodes'][0]['html'][:120]}"
            for one in results.response["violations"]
            if one["impact"] in ("serious", "critical", "moderate")
        ]
    await page.close()
    assert found == []


async def test_the_front_door_weighs_little(site: Site, chromium: Browser) -> None:
    page = await chromium.new_page()
    weights: list[int] = []

    async def weigh(response: Response) -> None:
        weights.append(len(await response.body()))

    page.on("response", weigh)
    await page.goto(f"{site.origin}/pages/front", wait_until="networkidle")
    await page.close()
    assert len(weights) >= 3
    assert sum(weights) < 100_000


async def test_an_operator_signs_in_writes_and_signs_out(site: Site, chromium: Browser) -> None:
    context = await chromium.new_context()
    page = await context.new_page()
    await page.goto(f"{site.origin}/private")
    await page.get_by_label("Token").fill("wrong")
    await page.get_by_role("button", name="Sign in").click()
    assert "not the token" in await page.inner_text("main")
    await page.get_by_label("Token").fill(TOKEN)
    await page.get_by_role("button", name="Sign in").click()
    assert await page.inner_text("body") == "private"
    await page.goto(f"{site.origin}/sign-in")
    assert page.url == f"{site.origin}/"
    await context.close()


async def test_keys_alone_reach_the_content(site: Site, chromium: Browser) -> None:
    page = await chromium.new_page()
    await page.goto(f"{site.origin}/pages/item")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.textContent") == "Skip to the content"
    outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    await page.close()


async def test_it_prints_without_the_acts(site: Site, chromium: Browser) -> None:
    page = await chromium.new_page()
    await page.goto(f"{site.origin}/pages/item")
    await page.emulate_media(media="print")
    assert not await page.locator("nav").first.is_visible()
    assert not await page.get_by_text("Start an adaptation").is_visible()
    assert await page.get_by_text("People to call").is_visible()
    assert await page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    await page.close()
