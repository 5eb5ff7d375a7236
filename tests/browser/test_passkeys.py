"""A member adds a passkey and signs in by it, in Chromium with an authenticator of its own (CDP's WebAuthn domain)."""

from pathlib import Path

from playwright.async_api import Browser

from tests.browser.home import Home
from tests.cluster.kit import cluster
from tests.cluster.people import WORDS, Place

_DEVICE = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


async def test_a_passkey_is_added_and_signs_in(tmp_path: Path, chromium: Browser) -> None:
    async with cluster(tmp_path, "high-point", host="localhost") as (town,):
        place = Place(town)
        link = await (await place.operator()).invite(role="coordinator")
        for person in place.people:
            await person.client.close()
        context = await chromium.new_context(viewport={"width": 360, "height": 740}, locale="en-GB")
        page = await context.new_page()
        home = Home(town.origin, context, page, "en", script=True)
        cdp = await context.new_cdp_session(page)
        await cdp.send("WebAuthn.enable")
        device = await cdp.send("WebAuthn.addVirtualAuthenticator", {"options": _DEVICE})
        await home.go(link)
        for name, text in (("name", "Ana"), ("sign_in", "ana"), ("password", WORDS)):
            await page.locator(f"[name={name}]").fill(text)
        await page.locator("main form button").first.click()

        await home.go("/me/passkeys")
        assert "You have none yet" in await page.inner_text("main")
        add = page.locator("form[data-add]")
        await add.locator("[name=name]").fill("Telephone")
        await add.locator("[name=password]").fill("not this one, surely")
        await add.locator("button").click()
        await page.get_by_text("That is not your present password.").first.wait_for()
        assert await add.locator("[name=name]").input_value() == "Telephone", "what was typed stays"
        await home.look()
        await cdp.send("WebAuthn.clearCredentials", {"authenticatorId": device["authenticatorId"]})
        await add.locator("[name=password]").fill(WORDS)
        await add.locator("button").click()
        await page.get_by_text("Added. From now on it signs you in.").wait_for()
        await home.look()

        await page.get_by_role("button", name="Sign out").click()
        await home.go("/sign-in?then=/me/passkeys")
        await page.get_by_role("button", name="Use a passkey").click()
        await page.wait_for_url(f"{town.origin}/me/passkeys")
        assert "last used" in await page.inner_text("main")
        await home.look()
        await page.get_by_role("button", name="Remove it").click()
        await page.get_by_text("Removed: it signs nobody in any more.").wait_for()

        await page.get_by_role("button", name="Sign out").click()
        await home.go("/sign-in")
        await page.get_by_role("button", name="Use a passkey").click()
        await page.get_by_text("This passkey was not accepted.").first.wait_for()
        await home.look()
        await context.close()
