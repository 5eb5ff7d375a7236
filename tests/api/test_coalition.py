"""Opening practices, following, and health over JSON: what is refused, and with which sentence."""

from typing import Any

import pytest

from tests.api.conftest import Api
from tests.cluster.kit import Town, free_ports, settle

pytestmark = pytest.mark.asyncio(loop_scope="module")

GOOD = {"slug": "housing-first", "name": "Housing first", "domain": "housing", "level": "city"}

PRACTICES: dict[str, tuple[dict[str, Any], int, tuple[str, ...]]] = {
    "a slug with capitals": ({"slug": "Housing"}, 422, ("small letters",)),
    "an empty slug": ({"slug": ""}, 422, ("small letters",)),
    "a slug that is a page": ({"slug": "new"}, 422, ("new",)),
    "a slug with a slash": ({"slug": "a/b"}, 422, ("small letters",)),
    "a slug that is too long": ({"slug": "x" * 65}, 422, ("64",)),
    "no name": ({"name": " "}, 422, ("needs a name",)),
    "a long name": ({"name": "x" * 301}, 422, ("name", "300")),
    "a long place": ({"place": "x" * 301}, 422, ("place", "300")),
    "a long summary": ({"summary": "x" * 20_001}, 422, ("summary", "20,000")),
    "an unknown level": ({"level": "planet"}, 422, ("planet", "city")),
    "an unknown domain": ({"domain": "sports"}, 422, ("sports", "housing")),
    "no domain": ({"domain": ""}, 422, ("domain",)),
    "one that is there": ({"slug": "gun-violence"}, 409, ("already", "gun-violence")),
    "a name with a NUL": ({"name": "a\0b"}, 422, ("name", "control character")),
    "a name of two lines": ({"name": "a\nb"}, 422, ("name", "line break")),
    "a place of two lines": ({"place": "a\r\nb"}, 422, ("place", "line break")),
    "a summary with a bell": ({"summary": "a\n\x07"}, 422, ("summary", "control character")),
    "a field that is none": ({"nmae": "x"}, 422, ("nmae",)),
    "a missing field": ({"domain": None}, 422, ("domain",)),
}


@pytest.mark.parametrize("name", PRACTICES)
async def test_a_practice_that_cannot_be_opened(api: Api, name: str) -> None:
    changed, status, words = PRACTICES[name]
    before = (await api.ask("GET", "/practices")).raw
    said = await api.ask("POST", "/practices", {**GOOD, **changed})
    assert said.status == status, said
    sentence = said.problem()
    assert all(word in sentence for word in words), sentence
    assert (await api.ask("GET", "/practices")).raw == before


async def test_a_practice_is_opened_and_listed(api: Api, towns: list[Town]) -> None:
    said = await api.ask("POST", "/practices", GOOD)
    assert said.status == 201
    assert said.value["id"] == f"{towns[0].origin}/practices/housing-first"
    assert said.value["address"] == f"@housing-first@127.0.0.1:{towns[0].port}"
    listed = (await api.ask("GET", "/practices")).value["practices"]
    assert said.value in listed


FOLLOWS: dict[str, tuple[str, tuple[str, ...]]] = {
    "nothing": ("", ("Type an address",)),
    "a word": ("not a host!", ("not a host!",)),
    "a handle of nobody": ("@nobody@{other}", ("knows nobody by that name",)),
    "a handle without a name": ("@@{other}", ("cannot be followed",)),
    "a page that is no actor": ("{origin}/catalog", ("cannot be followed", "not served as activity")),
    "nobody listens": ("http://127.0.0.1:{dead}/actor", ("could not be reached", "try again")),
    "a private address": ("http://192.168.1.1/actor", ("could not be reached",)),
    "another scheme": ("ftp://example.org/actor", ("cannot be followed",)),
    "ourselves": ("{own}", ("this node itself",)),
    "our own practice": ("@gun-violence@127.0.0.1:{port}", ("this node itself",)),
    "our own actor": ("{own}/actor", ("this node itself",)),
}


@pytest.mark.parametrize("name", FOLLOWS)
async def test_a_follow_that_cannot_be_says_why(api: Api, towns: list[Town], name: str) -> None:
    typed, words = FOLLOWS[name]
    here, there = towns
    dead = free_ports(1)[0]
    target = typed.format(
        other=f"127.0.0.1:{there.port}", origin=there.origin, own=here.origin, port=here.port, dead=dead
    )
    said = await api.ask("POST", "/follows", {"target": target})
    assert said.status == 422, said
    sentence = said.problem()
    assert all(word in sentence for word in words), sentence
    assert (await api.ask("GET", "/follows")).value["follows"] == []


@pytest.mark.parametrize("target", ["", "https://nowhere.example/actor", "x"])
async def test_ending_what_never_began_is_404(api: Api, target: str) -> None:
    said = await api.ask("DELETE", "/follows", params={"target": target})
    assert (said.status, said.problem()) == (404, "This node does not follow that.")


async def test_a_follow_from_asking_to_its_end(api: Api, towns: list[Town]) -> None:
    there = towns[1]
    await there.open_practice("shelter", domain="housing")

    async def state(target: str) -> str:
        found = (await api.ask("GET", "/follows")).value["follows"]
        return next((one["state"] for one in found if one["target"] == target), "")

    for typed, target in ((f"127.0.0.1:{there.port}", there.actor), (f"@shelter@127.0.0.1:{there.port}", None)):
        said = await api.ask("POST", "/follows", {"target": typed})
        assert said.status == 202, said
        followed = said.value["target"]
        assert followed == (target or f"{there.origin}/practices/shelter")

        async def accepted(followed: str = followed) -> bool:
            return await state(followed) == "accepted"

        await settle(accepted, "accepted")
        again = await api.ask("POST", "/follows", {"target": followed})
        assert again.status == 202
        await settle(accepted, "still accepted")
        ended = await api.ask("DELETE", "/follows", params={"target": followed})
        assert ended.value == {"target": followed, "state": "ended"}
        assert await state(followed) == "ended"
        twice = await api.ask("DELETE", "/follows", params={"target": followed})
        assert twice.status == 404


async def test_health_says_what_needs_attention(api: Api, towns: list[Town]) -> None:
    health = (await api.ask("GET", "/health")).value
    assert (health["name"], health["practices"] >= 1, health["now"]) == ("high-point", True, towns[0].clock.now())
    assert health["status"] == ("attention" if health["warnings"] else "good")
