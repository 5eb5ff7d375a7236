"""From nothing to a coalition's home, in a real browser at a node that was made and runs as its users do it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.browser.home import Home
from tests.cli.conftest import make, running
from tests.cluster.kit import free_ports

PASSWORD = "several plain words"
WAYS = [("en", 1280, True), ("es", 360, True), ("es", 1280, False), ("en", 360, False)]


@asynccontextmanager
async def at_home(chromium: Browser, origin: str, language: str, width: int, *, script: bool) -> AsyncIterator[Home]:
    context = await chromium.new_context(
        locale=language, viewport={"width": width, "height": 800}, java_script_enabled=script
    )
    try:
        yield Home(origin, context, await context.new_page(), language, script=script)
    finally:
        await context.close()


async def join(home: Home, path: str, name: str) -> None:
    await home.fill(name=name, sign_in=name.lower(), password=PASSWORD)
    await home.send(path)


async def first_run(home: Home, link: str, language: str) -> str:
    """The wizard, to its end; returns the link for the second coordinator."""
    await home.page.goto(link)
    await home.page.locator(f"button[value={language}][lang={language}]").first.click()
    await home.look()
    await join(home, link.removeprefix(home.origin) + "/you", "Ana")
    assert home.page.url.endswith("/settings/place")
    await home.fill(name="Springfield Together", place="Springfield", about="Fewer shots.")
    await home.send("/settings/place")
    await home.page.locator("label", has_text="Springfield, Illinois").click()
    await home.send("/settings/place")
    assert home.page.url.endswith("/settings/cares")
    await home.fill(**{"d-public-safety": "yes", "d-housing": "yes"})
    await home.send("/settings/cares")
    assert home.page.url.endswith("/settings/reach")
    await home.send("/settings/reach")
    await home.send("/settings/reach/pass")
    assert home.page.url.endswith("/settings/second")
    await home.send("/settings/second")
    second = await home.link()
    await home.send("/settings/second/pass")
    await home.send("/settings/privacy/pass")
    assert home.page.url.partition("?")[0].endswith("/settings")
    return second


HEADINGS = {"en": "Name\tMail address\tOrganisation", "es": "Nombre\tCorreo\tOrganización"}


def table(language: str) -> str:
    """25 rows as they are pasted from a spreadsheet; three of them cannot be imported."""
    rows = [f"Guest {number}\tguest{number}@mail.example\tShelter" for number in range(22)]
    rows[5:5] = ["Guest A\tno address\tShelter", "\tnameless@mail.example\tShelter"]
    rows.append("Guest B\tguest1@mail.example\tShelter")
    assert len(rows) == 25
    return "\n".join([HEADINGS[language], *rows])


async def bring_table(home: Home, language: str) -> None:
    """Look at it first, import it, wait until it is done."""
    await home.go("/imports/new?kind=members")
    await home.fill(text=table(language))
    await home.page.locator('form[action="/imports/new?kind=members"]:has(textarea) button').click()
    await home.look()
    where = home.page.url.removeprefix(home.origin).partition("?")[0]
    text = await home.text()
    assert "22" in text
    assert "no address" in text or "Guest A" in text
    await home.send(f"{where}/run")
    while await home.page.locator("progress").count():  # a test's time limit ends it, should it never be done
        await home.go(where)
    assert await home.page.locator(f'a[href="{where}/bad-rows.csv"]').count() == 1
    await home.go("/members")


async def split(ana: Home, ben: Home) -> None:
    """One opens a part; who belongs is asked, and goes by their own act."""
    await ana.go("/practices/streets")
    await ana.page.locator('a[href="/practices/streets/split"]').click()
    await ana.look()
    await ana.fill(a_name="Youth", a_slug="youth", a_part="youth", a_summary="The young ones.")
    await ana.send("/practices/streets/split")
    await ben.go("/me")
    await ben.send("/practices/youth/choose", "button[value=both]")
    await ben.go("/practices/youth")
    assert await ben.page.locator('form[action="/practices/youth/leave"]').count() == 1
    assert await ben.page.locator('.crumbs a[href="/practices/streets"]').count() == 1


async def open_practice(home: Home, slug: str, domain: str) -> None:
    await home.go("/practices/new")
    await home.fill(name=slug.title(), slug=slug, domain=domain)
    await home.send("/practices/new")
    assert f"/practices/{slug}" in home.page.url


@pytest.mark.parametrize(("language", "width", "script"), WAYS)
async def test_a_coalition_makes_itself_at_home(
    tmp_path: Path, chromium: Browser, language: str, width: int, *, script: bool
) -> None:
    data, (port,) = tmp_path / "node", free_ports(1)
    assert make(data, port).status == 0
    origin = f"http://127.0.0.1:{port}"
    with running(data):
        link = (data / "first-link.txt").read_text().strip()
        async with (
            at_home(chromium, origin, language, width, script=script) as ana,
            at_home(chromium, origin, language, width, script=script) as ben,
        ):
            second = await first_run(ana, link, language)
            await ben.go(second)
            await join(ben, second.removeprefix(origin), "Ben")
            await ben.go("/settings/second")
            assert "Ana, Ben" in await ben.text()
            for slug, domain in (("streets", "public-safety"), ("homes", "housing")):
                await open_practice(ana, slug, domain)
            await bring_table(ana, language)
            await ben.go("/practices/streets")
            await ben.send("/practices/streets/join")
            await split(ana, ben)
            for path in ("/", "/members", "/members/invite", "/me", "/me/profile", "/settings", "/permissions",
                         "/record", "/catalog", "/connections", "/operation", "/practices/streets"):  # fmt: skip
                await ana.go(path)
