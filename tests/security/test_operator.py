"""The operator's side: whose form it is, whose session, where one is led, and what a stranger's name becomes."""

import re
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from yarl import URL

from protocol import canonical
from tests.federation.hostile import serve
from tests.security.kit import Scene


class Browser:
    """A signed-in operator at N."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.session = aiohttp.ClientSession(scene.origin, cookie_jar=aiohttp.CookieJar(unsafe=True))
        self.token = scene.town.running.keystore.mint_token(scene.now, "operator")

    async def post(self, path: str, fields: dict[str, str], **headers: str) -> tuple[int, str, str]:
        """Status, Location, body. Headers with underscores; by default those of a page of N's own."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = given or {"Origin": self.scene.origin, "Sec-Fetch-Site": "same-origin"}
        async with self.session.post(
            path, data=fields, headers={"Accept": "text/html", **sent}, allow_redirects=False
        ) as got:
            return got.status, got.headers.get("Location", ""), await got.text()

    async def page(self, path: str) -> tuple[int, str]:
        async with self.session.get(path, headers={"Accept": "text/html"}, allow_redirects=False) as got:
            return got.status, await got.text()

    async def sign_in(self, then: str = "/") -> tuple[int, str, str]:
        return await self.post("/sign-in", {"token": self.token, "then": then})

    async def form_token(self) -> str:
        found = re.search(r'name="form_token" value="([^"]+)"', (await self.page("/practices/new"))[1])
        assert found is not None
        return found[1]

    def cookie(self) -> str:
        return next(cookie.value for cookie in self.session.cookie_jar)


@pytest_asyncio.fixture
async def browser(scene: Scene) -> AsyncIterator[Browser]:
    made = Browser(scene)
    yield made
    await made.session.close()


NEW = {"slug": "new-one", "name": "New", "domain": "public-safety", "level": "city"}
ELSEWHERE = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "same-site"},
    {"Origin": "https://evil.example", "Sec_Fetch_Site": "same-origin"},
    {"Referer": "https://evil.example/"},
]


@pytest.mark.parametrize("headers", ELSEWHERE, ids=str)
async def test_a_form_of_another_site_does_nothing(browser: Browser, headers: dict[str, str]) -> None:
    assert (await browser.sign_in())[0] == 303
    fields = {**NEW, "form_token": await browser.form_token()}
    async with browser.scene.unchanged():
        for path in ("/practices/new", "/operation/check", "/operation/confirm?actor=x", "/catalog/recommend?id=x"):
            assert (await browser.post(path, fields, **headers))[0] == 403, path
    assert (await browser.post("/practices/new", fields))[:2] == (303, "/practices/new-one?said=practice-opened")


PAIRS, PARTS = "application/x-www-form-urlencoded", "multipart/form-data"
PART = b'--b\r\nContent-Disposition: form-data; name="token"\r\n%s\r\n%s\r\n--b--\r\n'
NO_FORMS: dict[str, tuple[str, bytes, int]] = {
    "not UTF-8": (PAIRS, b"token=\xff", 400),
    "a charset that is none": (f"{PAIRS}; charset=nonsense", b"token=x", 400),
    "a charset that is no charset": (f"{PAIRS}; charset=zip", b"token=x", 400),
    "a charset that costs the square of its length": (f"{PAIRS}; charset=punycode", b"a" * 500_000 + b"-b" * 9, 400),
    "a charset with two bytes a letter": (f"{PAIRS}; charset=utf-16", b"token=x", 400),
    "parts": (f"{PARTS}; boundary=b", PART % (b"", b"x"), 415),
    "parts without a boundary": (PARTS, PART % (b"", b"x"), 415),
    "broken parts": (f"{PARTS}; boundary=b", b"--b\r\nContent-Disp", 415),
    "parts in a coding that is none": (f"{PARTS}; boundary=b", PART % (b"Content-Transfer-Encoding: x\r\n", b""), 415),
    "parts in no charset": (f"{PARTS}; boundary=b", PART % (b"Content-Type: text/x; charset=x\r\n", b""), 415),
    "no type": ("", b"token=x", 415),
}


# A table may be large, and a profile is its member's alone: who may not send them is told so before they are read.
RIGHT_FIRST = ("/imports/new", "/me/profile/end")


@pytest.mark.parametrize("case", NO_FORMS)
async def test_what_is_no_form_is_refused_in_words_on_every_page(browser: Browser, case: str) -> None:
    """Whoever sends it, none of it reaches a codec or a reader that fails, or that takes its time."""
    media, body, status = NO_FORMS[case]
    runner = browser.scene.town.running._runner
    assert runner is not None
    posts = {route.resource.canonical for route in runner.app.router.routes() if route.method == "POST"}
    forms = sorted(path for path in posts if not path.endswith("/inbox") and not path.startswith("/api/"))
    for path in ("/sign-out", "/digest/{secret}"):  # they read no body
        forms.remove(path)
    assert {"/sign-in", "/connections", "/items/new", "/operation/check"} <= set(forms)
    headers = {"Accept": "text/html", "Content-Type": media, "Origin": browser.scene.origin}
    for signed_in in (False, True):
        if signed_in:
            assert (await browser.sign_in())[0] == 303
        for path in forms:
            where = re.sub(r"\{\w+\}", "x", path.replace("{step}", "reach"))
            async with browser.session.post(where, data=body, headers=headers) as got:
                said = await got.text()
                first = not signed_in or path in RIGHT_FIRST
                assert got.status == status or (first and got.status == 403), (path, said)
                assert got.content_type == "text/html"
                assert "<h1" in said


@pytest.mark.parametrize("text", ["%ff", "%ed%a0%80", "%00", "%f0%9f%98%80%ff", "%", "%zz", "+" * 300])
async def test_odd_letters_in_a_form_are_letters(browser: Browser, text: str) -> None:
    headers = {"Accept": "text/html", "Content-Type": PAIRS, "Origin": browser.scene.origin}
    for signed_in in (False, True):
        token = browser.token if signed_in else text
        for path in ("/sign-in", "/connections", "/practices/new", f"/catalog/recommend?id={text}"):
            body = f"token={token}&then=/{text}&address={text}&name={text}&slug={text}&{text}={text}"
            async with browser.session.post(path, data=body, headers=headers, allow_redirects=False) as got:
                assert got.status in (303, 403, 422), (path, await got.text())


@pytest.mark.parametrize("token", ["", "x", "another session's"])
async def test_a_form_without_its_sessions_token_does_nothing(browser: Browser, token: str) -> None:
    await browser.sign_in()
    if token == "another session's":
        other = Browser(browser.scene)
        await other.sign_in()
        token = await other.form_token()
        await other.session.close()
    async with browser.scene.unchanged():
        assert (await browser.post("/practices/new", {**NEW, "form_token": token}))[0] == 422
        assert (await browser.post("/operation/check", {"form_token": token}))[0] in (403, 422)


async def test_signed_out_nothing_is_shown_or_done(browser: Browser) -> None:
    async with browser.scene.unchanged():
        for path in ("/operation", "/practices/new", "/operation/confirm?actor=x", "/items/new"):
            assert (await browser.page(path))[0] == 303
            status, where, _ = await browser.post(path, NEW)
            assert status in (303, 403, 404, 405, 422)
            assert status != 303 or where.startswith("/sign-in")


@pytest.mark.parametrize("then", ["//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example",
                                  "/\t/evil.example", "javascript:alert(1)", "/%0d%0aSet-Cookie:x=y", "/\r\nX: y",
                                  "///evil.example", "http:evil.example", ""])  # fmt: skip
async def test_signing_in_leads_nowhere_else(browser: Browser, then: str) -> None:
    """GHSA-xqw8-4j56-5hj6."""
    status, where, _ = await browser.sign_in(then)
    assert status == 303
    assert re.match(r"/(?![/\\])", where)
    assert "evil.example" not in where or where.startswith("/%")
    assert (await browser.page(f"/sign-in?then={then}"))[0] in (200, 303)


async def test_a_session_is_new_and_ends(browser: Browser) -> None:
    """No fixation: a value that was planted before is no session afterwards, and a copy dies with the sign-out."""
    name = "session-" + browser.scene.origin.rpartition(":")[2]
    planted = "A" * 43
    browser.session.cookie_jar.update_cookies({name: planted}, URL(browser.scene.origin))
    assert (await browser.sign_in())[0] == 303
    value = browser.cookie()
    assert value != planted
    assert await _operation_with(browser.scene, {name: planted}) == 303
    assert (await browser.page("/operation"))[0] == 200
    assert await _operation_with(browser.scene, {name: value}) == 200
    assert (await browser.post("/sign-out", {}))[0] == 303
    assert await _operation_with(browser.scene, {name: value}) == 303


async def _operation_with(scene: Scene, cookies: dict[str, str]) -> int:
    """What the operator's page answers to a browser that has these cookies."""
    async with (
        aiohttp.ClientSession(scene.origin, cookies=cookies) as other,
        other.get("/operation", headers={"Accept": "text/html"}, allow_redirects=False) as got,
    ):
        return got.status


async def test_the_cookie_is_out_of_reach(browser: Browser) -> None:
    async with browser.session.post(
        "/sign-in", data={"token": browser.token}, headers={"Origin": browser.scene.origin}, allow_redirects=False
    ) as got:
        said = got.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in said.split(";")}


async def test_the_api_knows_tokens_and_no_cookies(browser: Browser) -> None:
    await browser.sign_in()
    good = browser.token
    bad = [None, "", "x", good[:-1], good + "x", good.replace("operator", "other"), f"{good} {good}", good.upper()]
    routes = [
        ("GET", "/practices"),
        ("GET", "/follows"),
        ("GET", "/health"),
        ("GET", "/catalog"),
        ("GET", "/items?id=x"),
        ("POST", "/practices"),
        ("POST", "/follows"),
        ("DELETE", "/follows?target=x"),
        ("PATCH", "/items/x"),
        ("DELETE", "/items/x"),
        ("POST", "/practices/gun-violence/items"),
    ]
    async with browser.scene.unchanged():
        for method, path in routes:
            for token in bad:
                headers = {} if token is None else {"Authorization": f"Bearer {token}"}
                async with browser.session.request(method, f"/api/v1{path}", json={}, headers=headers) as got:
                    assert got.status == 401, (method, path, token)
            async with browser.session.request(
                method, f"/api/v1{path}", headers={"Authorization": f"Basic {good}"}
            ) as got:
                assert got.status == 401
    headers = {"Authorization": f"Bearer {good}", "Content-Type": "text/plain"}
    async with browser.session.post("/api/v1/practices", data=b"{}", headers=headers) as got:
        assert got.status == 415  # what a plain form could send
    async with browser.session.get("/api/v1/health", headers={"Authorization": f"Bearer {good}"}) as got:
        assert got.status == 200


EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)><svg/onload=alert(3)>"
TELLING = re.compile(r"<script>alert|<img src=x|<svg/onload|(href|src|action)=.?javascript:|onerror=alert\(2\)>")


async def test_a_strangers_names_are_text_on_every_page(browser: Browser) -> None:
    """CVE-2023-36459, CVE-2023-42452: whatever E calls itself and its items."""
    scene = browser.scene
    renamed = scene.e1.document(
        scene.now, name=EVIL, preferredUsername='x"><script>alert(1)</script>', summary=EVIL, url="javascript:alert(1)",
        more={"cw:place": {"name": EVIL}},
    )  # fmt: skip
    said = canonical.read(scene.e1.sign(renamed, scene.now)).value
    assert (await scene.push(scene.e1, scene.said(scene.e1, "Update", said))).status == 202
    item = scene.item(
        scene.e1,
        name=EVIL,
        summary=EVIL,
        content=f"<p>{EVIL}</p><a href='java&#x09;script:alert(1)'>x</a>",
        principle=EVIL,
        local_conditions=EVIL,
        evidence=EVIL,
        contact=EVIL,
        license="javascript:alert(1)",
        version=EVIL,
    )
    item |= {
        "url": "javascript:alert(1)",
        "attachment": [{"type": "Document", "url": "javascript:alert(1)", "name": EVIL}],
    }
    got = await scene.push(scene.e1, scene.create(scene.e1, item))
    assert got.status in (202, 400)
    if got.status == 400:
        item.pop("attachment"), item.pop("url")
        assert (await scene.push(scene.e1, scene.create(scene.e1, item))).status == 202
    # and it is in quarrel about its key, so that its name stands on the operator's page
    scene.clock.advance(600_000)
    thief = type(scene.e1)(scene.evil, "/practices/evil")
    scene.evil.on("/practices/evil", serve(thief.sign(thief.document(scene.now, name=EVIL), scene.now)))
    assert (await scene.push(thief, scene.create(thief))).status == 403
    await browser.sign_in()
    pages = [
        "/",
        "/catalog",
        f"/catalog?q={EVIL}",
        f"/catalog?domain={EVIL}",
        f"/catalog/item?id={item['id']}",
        "/operation",
        f"/operation/confirm?actor={scene.e1.id}",
        "/follows",
        "/connections",
        f"/sign-in?then={EVIL}",
        f"/catalog?said={EVIL}",
        f"/items/new?adapts={item['id']}",
        f"/{EVIL}",
    ]
    shown = 0
    for page in pages:
        _, body = await browser.page(page)
        assert not TELLING.search(body.replace("&#34;", '"')), (page, TELLING.search(body))
        shown += "&lt;script&gt;" in body
    assert shown >= 3
