"""Publishing, reading, changing, withdrawing and finding items over JSON: what is done, and what is refused how."""

import asyncio
import io
import sys
import threading
from pathlib import Path
from traceback import walk_stack
from typing import Any

import aiohttp
import msgspec
import pytest

from protocol import canonical
from tests.api.conftest import Api, Said
from tests.cluster.kit import Town, cluster, settle

pytestmark = pytest.mark.asyncio(loop_scope="module")

ITEMS = "/practices/gun-violence/items"
WHOLE = {
    "title": "Call-in",
    "content": "## How\n\nOffer *help*.",
    "kind": "method",
    "language": "en",
    "summary": "Offer help, promise consequences.",
    "principle": "The community's moral voice.",
    "local_conditions": "A police chief who listens.",
    "evidence": "Homicides fell.",
    "contact": "The chief",
    "license": "CC-BY-4.0",
    "review_by": "2027-03-31",
    "version": "2",
    "domain": "public-safety/gun-violence",
    "place": "High Point",
}


async def published(api: Api, **changed: Any) -> str:
    """The last part of a new item's id."""
    said = await api.ask("POST", ITEMS, {**WHOLE, **changed})
    assert said.status == 201, said
    return said.value["id"].rpartition("/")[2]


async def test_what_is_published_is_read_back_word_by_word(api: Api, towns: list[Town]) -> None:
    said = await api.ask("POST", ITEMS, WHOLE)
    assert said.status == 201
    assert said.value["id"].startswith(f"{towns[0].origin}/items/")
    for path in (f"/items/{said.value['id'].rpartition('/')[2]}", f"/items?id={said.value['id']}"):
        read = (await api.ask("GET", path)).value
        assert {name: read["item"][name] for name in WHOLE} == WHOLE
        assert (read["state"], read["own"], read["title"]) == ("published", True, "Call-in")
        assert "<em>help</em>" in read["html"]
        assert read["activity"]["id"] == said.value["activity"]
        assert read["activity"]["proof"]["verificationMethod"] == read["proof"]["key"]


async def test_a_change_changes_what_was_sent_and_nothing_else(api: Api) -> None:
    id = await published(api)
    changed = await api.ask("PATCH", f"/items/{id}", {"title": "Call-in, again", "evidence": ""})
    assert changed.status == 200
    read = (await api.ask("GET", f"/items/{id}")).value
    expected = {**WHOLE, "title": "Call-in, again", "evidence": ""}
    assert {name: read["item"][name] for name in WHOLE} == expected


@pytest.mark.parametrize("body", [{}, {"unknown": 1}, {"adapted_from": []}], ids=str)
async def test_a_change_that_changes_nothing_it_knows_is_refused(api: Api, body: dict[str, Any]) -> None:
    id = await published(api)
    before = (await api.ask("GET", f"/items/{id}")).raw
    said = await api.ask("PATCH", f"/items/{id}", body)
    assert said.status == 422, said
    said.problem()
    assert (await api.ask("GET", f"/items/{id}")).raw == before


async def test_a_change_to_what_stands_says_nothing_anew(api: Api) -> None:
    id = await published(api)
    before = (await api.ask("GET", f"/items/{id}")).raw
    said = await api.ask("PATCH", f"/items/{id}", {"title": WHOLE["title"], "kind": WHOLE["kind"]})
    assert (said.status, said.value["activity"]) == (200, msgspec.json.decode(before)["activity"]["id"])
    assert (await api.ask("GET", f"/items/{id}")).raw == before


async def test_what_is_withdrawn_is_gone_and_says_so(api: Api) -> None:
    id = await published(api, title="To be withdrawn")
    assert (await api.ask("DELETE", f"/items/{id}")).status == 200
    read = (await api.ask("GET", f"/items/{id}")).value
    assert (read["state"], read["item"], read["html"], read["title"]) == ("withdrawn", None, "", "")
    again = await api.ask("DELETE", f"/items/{id}")
    assert (again.status, again.problem()) == (410, "It was withdrawn before.")
    late = await api.ask("PATCH", f"/items/{id}", {"title": "Back"})
    assert late.status == 410
    late.problem()


async def test_an_adaptation_names_what_it_adapts(api: Api) -> None:
    id = await published(api)
    original = (await api.ask("GET", f"/items/{id}")).value["id"]
    made = await published(api, kind="adaptation", adapted_from=[original], kept="The call", why="Other streets")
    read = (await api.ask("GET", f"/items/{made}")).value
    assert [(hop["id"], hop["original_changed"], hop["withdrawn"]) for hop in read["adapted_from"]] == [
        (original, False, False)
    ]
    assert [hop["title"] for hop in (await api.ask("GET", f"/items/{id}")).value["adaptations"]] == ["Call-in"]
    await api.ask("PATCH", f"/items/{id}", {"title": "Changed since"})
    read = (await api.ask("GET", f"/items/{made}")).value
    assert read["adapted_from"][0]["original_changed"] is True
    # Editing the adaptation keeps the state that was credited.
    await api.ask("PATCH", f"/items/{made}", {"results": "Fewer shots."})
    again = (await api.ask("GET", f"/items/{made}")).value
    assert again["adapted_from"][0]["digest"] == read["adapted_from"][0]["digest"]


async def test_the_credit_given_is_of_the_document_at_the_originals_id(api: Api) -> None:
    """Whoever reads an adaptation can check what it was made from, with the id alone."""
    id = await published(api)
    original = (await api.ask("GET", f"/items/{id}")).value["id"]
    made = (await api.ask("GET", f"/items/{await published(api, kind='adaptation', adapted_from=[original])}")).value
    async with aiohttp.request("GET", original, headers={"Accept": "application/activity+json"}) as answer:
        served = canonical.read(await answer.read()).value
    digest = canonical.digest_multibase(canonical.object_digest(served))
    assert made["activity"]["object"]["cw:adaptedFrom"] == [{"id": original, "digestMultibase": digest}]


ABSENT = [
    ("GET", "/items/none"),
    ("GET", "/items?id=https://nowhere.example/items/1"),
    ("GET", "/items?id="),
    ("GET", "/items"),
    ("GET", "/items/%00"),
    ("GET", "/items/..%2Factor"),
    ("PATCH", "/items/none"),
    ("DELETE", "/items/none"),
    ("POST", "/practices/none/items"),
    ("POST", "/practices/Not_A-Slug/items"),
    ("GET", "/nothing"),
]


@pytest.mark.parametrize(("method", "path"), ABSENT)
async def test_what_is_not_here_is_404(api: Api, method: str, path: str) -> None:
    body = {"PATCH": {"title": "x"}, "POST": WHOLE}.get(method)
    said = await api.ask(method, path, body)
    assert said.status == 404, said
    said.problem()


# what is wrong with it → words that the sentence must have
WRONG: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "no title": ({"title": "  "}, ("needs a title",)),
    "no text": ({"content": "\n"}, ("needs a text",)),
    "an unknown kind": ({"kind": "hologram"}, ("hologram", "tool, framework")),
    "an unknown stage": ({"stage": "done"}, ("done", "considering")),
    "a language that is none": ({"language": "plain English"}, ("plain English", "language", "en")),
    "an unknown domain": ({"domain": "sports"}, ("sports", "public-safety")),
    "a day that is none": ({"review_by": "31 March"}, ("31 March", "2027-03-31")),
    "an impossible day": ({"review_by": "2027-02-30"}, ("2027-02-30",)),
    "a title that is too long": ({"title": "x" * 301}, ("title", "300")),
    "a version that is too long": ({"version": "x" * 301}, ("version", "300")),
    "a place that is too long": ({"place": "x" * 301}, ("place", "300")),
    "a licence that is too long": ({"license": "x" * 301}, ("licence", "300")),
    "prose that is too long": ({"local_conditions": "x" * 20_001}, ("local conditions", "20,000")),
    "a summary that is too long": ({"summary": "x" * 20_001}, ("summary", "20,000")),
    "a text that is too long": ({"content": "x" * 262_145}, ("text", "too long")),
    "an adaptation of nothing": ({"kind": "adaptation"}, ("name the item that it adapts",)),
    "an adaptation of what is not here": (
        {"kind": "adaptation", "adapted_from": ["https://nowhere.example/items/1"]},
        ("does not hold", "https://nowhere.example/items/1"),
    ),
    "lineage of what is no adaptation": ({"adapted_from": ["https://nowhere.example/items/1"]}, ("adaptation",)),
    "more originals than fit": (
        {"kind": "adaptation", "adapted_from": [f"https://nowhere.example/{n}" for n in range(101)]},
        ("100",),
    ),
    "a number for a title": ({"title": 5}, ("title", "str")),
    "no title at all": ({"title": None}, ("title",)),
    "a title with a NUL": ({"title": "a\0b"}, ("title", "control character")),
    "a title of two lines": ({"title": "a\nb"}, ("title", "line break")),
    "a place with a line separator": ({"place": "a\u2028b"}, ("place", "line break")),
    "prose with a bell": ({"evidence": "a\nb\x07"}, ("evidence", "control character")),
    "a text with a NUL": ({"content": "a\n\0b"}, ("text", "control character")),
    "a field that is none": ({"titel": "x"}, ("titel",)),
}


@pytest.mark.parametrize("name", WRONG)
async def test_what_cannot_be_published_is_said_in_words_and_nothing_is_stored(api: Api, name: str) -> None:
    changed, words = WRONG[name]
    before = (await api.ask("GET", "/catalog")).value["total"]
    said = await api.ask("POST", ITEMS, {**WHOLE, **changed})
    assert said.status == 422, said
    sentence = said.problem()
    assert all(word in sentence for word in words), sentence
    assert sentence.endswith((".", "items/1"))
    assert (await api.ask("GET", "/catalog")).value["total"] == before


@pytest.mark.parametrize("name", [name for name in WRONG if "adapt" not in name and "originals" not in name])
async def test_a_change_that_cannot_be_is_refused_and_loses_nothing(api: Api, name: str) -> None:
    changed, words = WRONG[name]
    id = await published(api)
    before = (await api.ask("GET", f"/items/{id}")).raw
    said = await api.ask("PATCH", f"/items/{id}", changed)
    assert said.status == 422
    assert all(word in said.problem() for word in words)
    assert (await api.ask("GET", f"/items/{id}")).raw == before


RAW: dict[str, tuple[bytes, str, int]] = {
    "no JSON": (b"{", "application/json", 400),
    "no body": (b"", "application/json", 400),
    "not UTF-8": (b'{"title": "\xff", "content": "x"}', "application/json", 400),
    "half a surrogate": (b'{"title": "\\ud800", "content": "x"}', "application/json", 400),
    "deep": (b'{"x": ' + b"[" * 100_000, "application/json", 400),
    "a list": (b"[]", "application/json", 422),
    "a form": (b"title=x", "application/x-www-form-urlencoded", 415),
    "no type": (b"{}", "text/plain", 415),
    "a key twice": (b'{"title": "a", "content": "x", "title": "b"}', "application/json", 400),
    "a number beyond I-JSON": (b'{"title": 9007199254740993, "content": "x"}', "application/json", 400),
    "too much": (b'{"title": "' + b"x" * 1_100_000 + b'"}', "application/json", 413),
}


@pytest.mark.parametrize("name", RAW)
async def test_a_body_that_cannot_be_read_is_refused_in_words(api: Api, name: str) -> None:
    body, kind, status = RAW[name]
    said = await api.ask("POST", ITEMS, data=io.BytesIO(body), headers={"Content-Type": kind})
    assert said.status == status, said
    said.problem()


async def test_everything_at_its_limit_is_one_activity_too_large_to_say(api: Api) -> None:
    prose = ("principle", "local_conditions", "evidence", "contact", "summary")
    most = dict.fromkeys(prose, "é" * 20_000)
    said = await api.ask("POST", ITEMS, {**WHOLE, **most, "content": "x " * 130_000})
    assert said.status in (201, 413), said
    if said.status == 413:
        assert "long" in said.problem() or "large" in said.problem()


async def test_an_item_begins_in_the_nodes_language(tmp_path: Path) -> None:
    """The setting: over the API where none is said, and on the page where it stands chosen."""
    async with cluster(tmp_path, "curitiba", language="pt-BR") as (town,):
        await town.open_practice()
        api = Api(town)
        id = await published(api, language="")
        assert (await api.ask("GET", f"/items/{id}")).value["item"]["language"] == "pt-BR"
        emptied = await api.ask("PATCH", f"/items/{id}", {"language": ""})
        assert (emptied.status, "language" in emptied.problem()) == (422, True)
        token = town.running.keystore.mint_token(town.clock.now(), "page")
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(town.origin, cookie_jar=jar, headers={"Origin": town.origin}) as browser:
            await browser.post("/sign-in", data={"token": token})
            async with browser.get("/items/new") as got:
                page = await got.text()
            assert '<option value="pt-BR" selected>Português (BR)</option>' in page
            assert '<html lang="en">' in page  # whose words are English
            async with browser.get(f"/items/{id}/edit") as got:
                assert '<option value="pt-BR" selected>' in await got.text()


async def test_while_a_text_is_rendered_others_are_answered(api: Api) -> None:
    """A text of brackets takes a second or two: not the node's."""
    here = threading.get_ident()

    async def rendered_elsewhere() -> bool:
        frames = (frame for thread, frame in sys._current_frames().items() if thread != here)
        return any("markdown_it" in each.f_code.co_filename for frame in frames for each, _ in walk_stack(frame))

    publishing = asyncio.create_task(api.ask("POST", ITEMS, {**WHOLE, "content": "[" * 200_000}))
    await settle(rendered_elsewhere, "the text is being rendered beside the loop")
    assert (await api.ask("GET", "/practices")).status == 200
    assert not publishing.done()
    assert (await publishing).status == 201


# Searching


async def test_the_catalog_is_paged(api: Api) -> None:
    for number in range(23):
        await published(api, title=f"Paged {number}", kind="story")
    first = (await api.ask("GET", "/catalog?kind=story")).value
    assert (first["page"], first["total"], len(first["items"])) == (1, 23, 20)
    assert first["next"] == "/api/v1/catalog?kind=story&page=2"
    second = (await api.ask("GET", first["next"].removeprefix("/api/v1"))).value
    assert (second["page"], len(second["items"]), second["next"]) == (2, 3, None)
    titles = [card["title"] for card in (*first["items"], *second["items"])]
    assert titles == [f"Paged {number}" for number in range(22, -1, -1)]


@pytest.mark.parametrize(
    ("query", "page", "count"),
    [("page=0", 1, 20), ("page=x", 1, 20), ("page=-1", 1, 20), ("page=99999999", 1, 20), ("page=999", 999, 0),
     ("q=%25", 1, 0), ("q=%00", 1, 20), ("q=%ED%A0%80", 1, 0), ("q='%3B", 1, 0), ("domain=_", 1, 0),
     ("kind=story&q=paged+22", 1, 1), ("practice=https://nowhere.example/x", 1, 0)],
)  # fmt: skip
async def test_an_odd_question_gets_an_answer(api: Api, query: str, page: int, count: int) -> None:
    said = await api.ask("GET", f"/catalog?{query}")
    assert said.status == 200, said
    assert (said.value["page"], len(said.value["items"])) == (page, count)


async def test_a_problem_never_repeats_a_long_input(api: Api) -> None:
    said: Said = await api.ask("POST", ITEMS, {**WHOLE, "kind": "x" * 50_000})
    assert said.status == 422
    assert len(said.problem()) < 1_000
