"""A coordinator's day, as two stories: an item's life at home, and what following another node brings."""

from node.federation.catchup import LOOK_EVERY
from node.storage.contract import Entry
from tests.browser.conftest import Desk
from tests.cluster.kit import Town, settle

LONG = "\n\n".join(f"Step {number}: speak with *everyone* who lives there." for number in range(12))


async def open_practice(desk: Desk) -> None:
    await desk.go("/")
    await desk.take("Open the first practice")
    await desk.fill(name="Safe streets", slug="safe-streets", summary="Fewer shots.", domain_part="gun-violence")
    await desk.page.locator("[name=domain]").select_option("public-safety")
    await desk.press("Open the practice")
    assert desk.page.url.endswith("/practices/safe-streets?said=practice-opened")
    assert "Publish its first item next." in await desk.text()


async def test_an_items_life(desk: Desk, towns: list[Town]) -> None:
    await open_practice(desk)
    # An error first: nothing typed is lost.
    await desk.go("/items/new")
    typed = {"summary": "Offer help first.", "content": LONG, "principle": "Their own moral voice — and ours.",
             "contact": "The chief\n+1 336 555 0100", "title": "", "version": "2",
             "review_by": "2027-03-31"}  # fmt: skip
    await desk.page.locator("details.more summary").click()
    await desk.fill(**typed)
    await desk.page.locator("[name=kind]").select_option("story")
    await desk.unchecked()
    await desk.press("Publish")
    assert desk.page.url.endswith("/items/new")
    assert "Please fill this in." in await desk.text()
    assert await desk.values(*typed) == typed
    assert await desk.page.locator("details.more").get_attribute("open") is not None, "what was typed is in sight"
    assert await desk.page.locator("[name=kind]").input_value() == "story"
    assert await desk.page.locator("[name=title]").get_attribute("aria-invalid") == "true"
    assert await towns[0].titles() == []
    # Seen before it is said.
    await desk.fill(title="Calling in")
    await desk.page.locator("[name=license]").select_option("CC-BY-4.0")
    await desk.press("Show me first")
    assert "How it will read" in await desk.text()
    assert await towns[0].titles() == []
    assert (await desk.values("content"))["content"] == LONG
    await desk.press("Publish")
    assert "Published and signed." in await desk.text()
    text = await desk.text()
    for words in (
        "Calling in",
        "Step 11: speak with everyone",
        "Their own moral voice",
        "+1 336 555 0100",
        "31 March 2027",
    ):
        assert words in text, words
    # Found by whoever looks.
    await desk.go("/catalog")
    await desk.page.get_by_role("searchbox").fill("moral voice")
    await desk.page.get_by_role("searchbox").press("Enter")
    await desk.take("Calling in")
    # Changed.
    await desk.take("Edit this item")
    assert (await desk.values("title", "version")) == {"title": "Calling in", "version": "2"}
    await desk.fill(title="Calling in, again", evidence="Homicides fell by half.")
    await desk.press("Save the changes")
    assert "Homicides fell by half." in await desk.text()
    await desk.take("Edit this item")
    await desk.press("Save the changes")
    assert desk.page.url.endswith("said=unchanged")
    # Withdrawn: asked once, and not done by looking.
    await desk.take("Withdraw it…")
    assert "Withdraw “Calling in, again”?" in await desk.text()
    await desk.take("Keep it as it is")
    assert await towns[0].titles() == ["Calling in, again"]
    await desk.take("Withdraw it…")
    await desk.press("Withdraw it")
    text = await desk.text()
    assert "Withdrawn. Everyone who holds it is being told." in text
    assert "Calling in" not in text  # what is withdrawn is gone, its title too
    assert "Step 1" not in text
    assert await towns[0].titles() == []


async def test_what_following_brings(desk: Desk, towns: list[Town]) -> None:
    here, there = towns
    await there.open_practice("shelter", name="Shelter", domain="housing")
    original = await there.publish("Housing first", "shelter", principle="A home comes first.", place="Fort Wayne")
    await open_practice(desk)
    # An address that leads nowhere, then the right one.
    await desk.go("/connections")
    wrong = f"@nobody@127.0.0.1:{there.port}"
    await desk.fill(address=wrong)
    await desk.press("Follow")
    assert "knows nobody by that name" in await desk.text()
    assert await desk.values("address") == {"address": wrong}
    await desk.fill(address=f"127.0.0.1:{there.port}")
    await desk.press("Follow")
    assert "Asked. They have to accept" in await desk.text()
    await settle(lambda: here.item(original), "their items come")
    await desk.go("/connections")
    assert "Fort Wayne" in await desk.text()
    assert "Accepted" in await desk.text()
    # Found in our own catalog, and read here.
    await desk.go("/catalog?q=housing")
    await desk.take("Housing first")
    text = await desk.text()
    assert "A home comes first." in text
    assert f"127.0.0.1:{there.port}" in text
    # Recommended.
    await desk.press("Recommend it to those who follow you")
    assert "Recommended to everyone who follows you." in await desk.text()
    # Adapted: what was kept, changed and why are asked for.
    await desk.take("Start an adaptation")
    await desk.page.locator("[name=license]").select_option("CC-BY-4.0")
    await desk.fill(title="Housing first, here", content="As they do, with fewer rooms.", kept="The order of things.")
    await desk.unchecked()
    await desk.press("Publish the adaptation")
    assert "Please fill this in." in await desk.text()
    assert (await desk.values("kept", "content"))["kept"] == "The order of things."
    await desk.fill(changed="The number of rooms.", why="We have fewer.")
    await desk.press("Publish the adaptation")
    text = await desk.text()
    for words in ("Adapted from", "Housing first", "The order of things.", "We have fewer."):
        assert words in text, words
    # Its origin sees it.
    mine = desk.page.url.partition("?")[0]

    async def credited() -> bool:
        return mine in {hop["id"] for hop in (await there.item(original))["adaptations"]}

    await settle(credited, "the origin hears of its adaptation")
    await desk.go("/operation")
    text = await desk.text()
    assert f"127.0.0.1:{there.port}" in text
    assert "Health" in text
    await desk.press("Run the check")
    assert desk.page.url.endswith("said=checked")
    # Stopped: asked once.
    await desk.go("/connections")
    await desk.page.get_by_role("link", name="Stop following…").first.click()
    assert "Stop following Fort Wayne?" in await desk.text()
    await desk.press("Stop following")
    assert "You no longer follow them." in await desk.text()
    assert await here.item(original) is not None


async def test_who_is_not_signed_in_is_led_to_the_door_and_back(desk: Desk) -> None:
    await desk.press("Sign out")
    await desk.go("/operation")
    assert "/sign-in?then=" in desk.page.url
    keystore = desk.town.running.keystore
    await desk.page.get_by_text("I operate this machine").click()
    await desk.fill(token=keystore.mint_token(desk.town.clock.now(), "again"))
    await desk.press("Sign in with the token")
    assert desk.page.url == f"{desk.town.origin}/operation"


async def test_a_steward_reads_where_what_is_held_is_not_what_was_said(desk: Desk, towns: list[Town]) -> None:
    here, there = towns
    practice = await there.open_practice()
    item = await there.publish("Housing first")
    await here.follow(practice)
    await settle(lambda: here.item(item))
    await here.rest()
    await here.running.storage.transact(
        lambda tx: tx.append(Entry(f"{practice}/outbox", None, b"never said".ljust(32)))
    )
    here.clock.advance(LOOK_EVERY)

    async def amiss() -> bool:
        return bool((await here.api("GET", "/health"))["amiss"])

    await settle(amiss, "pulling all of it again does not mend it")
    await desk.go("/operation")
    text = await desk.text()
    assert "Attention" in text
    assert f"(127.0.0.1:{there.port}): what this node holds is not what they say they have published" in text
