"""Signing in and out, forms, and answers that say no: over HTTP, on a real database."""

import io
import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import msgspec
import pytest
import pytest_asyncio

from node.storage.contract import Reads
from node.web.forms import Form
from node.web.session import FORM_LIFETIME, LIFETIME, SESSIONS, Session, form_key, safe_path
from protocol.errors import ANSWERS, PROBLEM_BASE, Reason
from protocol.identifiers import is_slug

from .kit import TOKEN, Site, serve

HTML = {"Accept": "text/html"}
JSON = {"Accept": "application/json"}


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with serve(tmp_path) as found:
        yield found


@pytest_asyncio.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True), headers=HTML) as found:
        yield found


async def sign_in(
    site: Site, client: aiohttp.ClientSession, token: str = TOKEN, then: str = "/private"
) -> aiohttp.ClientResponse:
    return await client.post(
        f"{site.origin}/sign-in",
        data={"token": token, "then": then},
        headers={"Origin": site.origin},
        allow_redirects=False,
    )


def value(site: Site, client: aiohttp.ClientSession) -> str:
    return next((cookie.value for cookie in client.cookie_jar if cookie.key == site.cookie), "")


async def test_signing_in_opens_and_signing_out_closes(site: Site, client: aiohttp.ClientSession) -> None:
    async with client.get(f"{site.origin}/private?a=1", allow_redirects=False) as answer:
        assert answer.status == 303
        assert answer.headers["Location"] == "/sign-in?then=/private?a%3D1"

    answer = await sign_in(site, client, "something else")
    assert answer.status == 422
    text = await answer.text()
    assert "This is not the token of this node" in text
    assert "something else" not in text
    assert not value(site, client)

    answer = await sign_in(site, client)
    assert answer.status == 303
    assert answer.headers["Location"] == "/private"
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie  # a plain http origin; https is below
    kept = value(site, client)
    async with client.get(f"{site.origin}/private") as answer:
        assert await answer.text() == "private"

    async with client.post(f"{site.origin}/sign-out", headers={"Origin": "https://evil.example"}) as answer:
        assert answer.status == 403
    async with client.post(f"{site.origin}/sign-out", headers={"Origin": site.origin}, allow_redirects=False) as answer:
        assert answer.status == 303
    assert not value(site, client)
    stolen = {"Cookie": f"{site.cookie}={kept}", **JSON}
    async with aiohttp.ClientSession() as thief, thief.get(f"{site.origin}/private", headers=stolen) as answer:
        assert answer.status == 403


async def test_the_database_holds_no_cookie(site: Site, client: aiohttp.ClientSession) -> None:
    await sign_in(site, client)
    sessions = site.app[SESSIONS]

    def work(reads: Reads) -> list[bytes]:
        return [row["id"] for row in reads.all("SELECT id FROM session")]

    ids = await sessions._storage.read(work)
    assert len(ids) == 1
    assert len(ids[0]) == 32
    assert value(site, client).encode() not in ids[0]


async def test_a_session_ends_by_itself(site: Site, client: aiohttp.ClientSession) -> None:
    await sign_in(site, client)
    site.clock.at += LIFETIME - 1
    async with client.get(f"{site.origin}/private") as answer:
        assert answer.status == 200
    site.clock.at += 1
    async with client.get(f"{site.origin}/private", allow_redirects=False) as answer:
        assert answer.status == 303


async def test_all_sessions_can_be_ended(site: Site, client: aiohttp.ClientSession) -> None:
    await sign_in(site, client)
    await site.app[SESSIONS].sign_out_everywhere()
    async with client.get(f"{site.origin}/private", headers=JSON) as answer:
        assert answer.status == 403


async def test_behind_https_the_cookie_is_bound_to_the_host(tmp_path: Path) -> None:
    async with serve(tmp_path, "https://highpoint.example") as site, aiohttp.ClientSession() as client:
        answer = await client.post(
            f"{site.origin}/sign-in",
            data={"token": TOKEN},
            headers={"Origin": "https://highpoint.example"},
            allow_redirects=False,
        )
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith("__Host-session=")
        assert "Secure" in cookie
        assert "Domain" not in cookie


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "ours"}, 403),
        ({"Origin": "https://evil.example", "Host": "evil.example", "X-Forwarded-Host": "evil.example"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": "ours"}, 303),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "ours"}, 303),
    ],
)
async def test_another_sites_form(
    site: Site, client: aiohttp.ClientSession, headers: dict[str, str], status: int
) -> None:
    await sign_in(site, client)
    sent = {name: site.origin if text == "ours" else text for name, text in headers.items()}
    data = {"name": "a", "form_token": form_token(site, client)}
    async with client.post(f"{site.origin}/weigh", data=data, headers=sent, allow_redirects=False) as answer:
        assert answer.status == status


def form_token(site: Site, client: aiohttp.ClientSession) -> str:
    """One that a page of this session would carry."""
    return Session(True, form_key(value(site, client)), made=site.clock.now()).form_token


@pytest.mark.parametrize("token", ["", "0" * 32, "é"])
async def test_a_stale_page_loses_nothing(site: Site, client: aiohttp.ClientSession, token: str) -> None:
    await sign_in(site, client)
    data = {"name": "a", "address": "what I wrote", "form_token": token}
    async with client.post(f"{site.origin}/weigh", data=data, headers={"Origin": site.origin}) as answer:
        text = await answer.text()
        assert answer.status == 422
        assert "older than your sign-in" in text
        assert 'value="what I wrote"' in text
    found = re.search(r'name="form_token" value="([^"]+)"', text)
    assert found is not None
    data["form_token"] = found[1]
    async with client.post(
        f"{site.origin}/weigh", data=data, headers={"Origin": site.origin}, allow_redirects=False
    ) as answer:
        assert answer.status == 303  # pressing once more works


async def test_a_forms_token_is_its_sessions_and_its_days(site: Site, client: aiohttp.ClientSession) -> None:
    await sign_in(site, client)
    first, second = form_token(site, client), form_token(site, client)
    assert first != second  # else compression would betray it
    mine = Session(True, form_key(value(site, client)), made=site.clock.now())
    assert mine.wish(first) != mine.wish(second)
    assert mine.wish(first) is not None
    for broken in (first[:-1], first[:-1] + ("0" if first[-1] != "0" else "1"), "1" + first, first + "\n"):
        assert mine.wish(broken) is None, broken
    assert Session(True, form_key("another"), made=site.clock.now()).wish(first) is None
    assert msgspec.structs.replace(mine, signed_in=False).wish(first) is None
    assert msgspec.structs.replace(mine, made=mine.made + FORM_LIFETIME).wish(first) is not None
    assert msgspec.structs.replace(mine, made=mine.made + FORM_LIFETIME + 1).wish(first) is None


async def test_signed_out_while_writing_loses_nothing(site: Site, client: aiohttp.ClientSession) -> None:
    data = {"name": "a", "address": "what I wrote"}
    async with client.post(f"{site.origin}/weigh", data=data, headers={"Origin": site.origin}) as answer:
        text = await answer.text()
        assert answer.status == 422
        assert "You have been signed out" in text
        assert 'value="what I wrote"' in text


async def test_what_is_no_form(site: Site, client: aiohttp.ClientSession) -> None:
    async with client.post(f"{site.origin}/weigh", json={"name": "a"}, headers={"Origin": site.origin}) as answer:
        assert answer.status == 415
    many = {f"f{n}": "x" for n in range(200)}
    async with client.post(f"{site.origin}/weigh", data=many, headers={"Origin": site.origin}) as answer:
        assert answer.status == 400
    large = io.BytesIO(b"name=" + b"x" * 3_000_000)
    form = {"Origin": site.origin, "Content-Type": "application/x-www-form-urlencoded"}
    async with client.post(f"{site.origin}/weigh", data=large, headers=form) as answer:
        assert answer.status == 413


@pytest.mark.parametrize("reason", [reason for reason in Reason if ANSWERS[reason][0] >= 400])
async def test_every_no_has_two_faces(site: Site, client: aiohttp.ClientSession, reason: Reason) -> None:
    status, said = ANSWERS[reason]
    async with client.get(f"{site.origin}/refuse/{reason.value}") as answer:
        assert answer.status == status
        assert answer.content_type == "text/html"
        assert said.replace("'", "&#39;") in await answer.text()
    for accept in ("application/activity+json", "application/json", "*/*", "image/png"):
        async with client.get(f"{site.origin}/refuse/{reason.value}", headers={"Accept": accept}) as answer:
            assert answer.content_type == "application/problem+json"
            body = await answer.json()
            assert body == {"type": PROBLEM_BASE + reason.value, "title": said, "status": status, "detail": said}
            assert ("Retry-After" in answer.headers) == (status in (429, 503))
            assert answer.headers["Vary"] == "Accept, Signature, Signature-Input"


async def test_absent_and_not_visible_are_one_answer(site: Site, client: aiohttp.ClientSession) -> None:
    for accept in ("text/html", "application/activity+json"):
        answers = []
        for path in ("/refuse/not-found", "/items/never-was", "/practices/x/y?z=1"):
            async with client.get(site.origin + path, headers={"Accept": accept}) as answer:
                headers = {name: text for name, text in answer.headers.items() if name != "Date"}
                answers.append((answer.status, headers, await answer.read()))
        assert answers[0] == answers[1] == answers[2]


async def test_what_nobody_foresaw_says_nothing_inside(site: Site, client: aiohttp.ClientSession) -> None:
    for accept in ("text/html", "application/json"):
        async with client.get(f"{site.origin}/break", headers={"Accept": accept}) as answer:
            text = await answer.text()
            assert answer.status == 500
            for secret in ("SELECT", "passwd", "Traceback", "RuntimeError", "kit.py"):
                assert secret not in text


async def test_a_wrong_method_names_the_right_ones(site: Site, client: aiohttp.ClientSession) -> None:
    async with client.delete(f"{site.origin}/sign-in") as answer:
        assert answer.status == 405
        assert "POST" in answer.headers["Allow"]
        assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/items/1?a=b", "/items/1?a=b"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/a\nb", "/"),
        ("/a\tb", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
        ("/" + "a" * 3_000, "/"),
    ],
)
async def test_where_one_goes_after_signing_in(site: Site, client: aiohttp.ClientSession, text: str, path: str) -> None:
    assert safe_path(text) == path
    answer = await sign_in(site, client, then=text)
    assert answer.headers["Location"] == path


@pytest.mark.parametrize(
    "slug", ["a", "gun-violence", "a--b", "9", "x" * 61, "x" * 64, "x" * 65, "-a", "a-", "A", "a_b", "é", "a/b"]
)
def test_a_form_takes_every_slug_that_the_wire_takes_and_no_other(slug: str) -> None:
    form = Form({"practice": slug})
    assert form.slug("practice", "Practice") == slug
    assert form.ok is is_slug(slug)
    assert len(form.faults) <= 1


def test_fields_keep_what_was_typed() -> None:
    form = Form(
        {
            "line": " a\r\n b\x00 ",
            "text": "a\r\nb\rc\x07",
            "day": "2027-3-1",
            "kind": "no",
            "slug": "Gun Laws",
            "e": " ",
        }
    )
    assert form.line("line", "Line") == "a b"
    assert form.text("text", "Text") == "a\nb\nc"
    assert form.ok
    assert form.status == 200
    assert form.day("day", "Day") is None
    assert form.choice("kind", "Kind", {"yes": "Yes"}) == ""
    assert form.slug("slug", "Slug") == "Gun Laws"
    assert form.line("e", "Empty", required=True) == ""
    assert form.line("line", "Line", most=2) == "a b"
    assert form.choice("missing", "Missing", (), required=False) == ""
    assert [fault.field for fault in form.faults] == ["day", "kind", "slug", "e", "line"]
    assert form.value("day") == "2027-3-1"
    assert form.status == 422
