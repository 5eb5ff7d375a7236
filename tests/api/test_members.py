"""Members by a program: what a member's token does, what it does not, and that nobody else learns anything."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.api.conftest import Api, Said
from tests.cluster.kit import Town
from tests.security import scene

pytestmark = pytest.mark.asyncio(loop_scope="module")
DETAILS = {"name": "Cleo", "email": "cleo@a.example"}


class Bearer:
    """Whoever holds this token."""

    def __init__(self, api: Api, token: str) -> None:
        self._api = api
        self._token = token

    async def ask(self, method: str, path: str, body: Any = None) -> Said:
        return await self._api.ask(method, path, body, headers={"Authorization": f"Bearer {self._token}"})


async def token_of(town: Town, member: str, *scopes: str) -> str:
    text, now = f"cwm1_{member}{''.join(scopes)}", town.clock.now()
    seal = town.running.keystore.seal(f"token {text}")
    await town.running.storage.transact(
        lambda tx: tx.run(
            "INSERT INTO access_token(id, seal, member, name, scopes, made, expires)"
            " VALUES(:id, :seal, :member, 'x', :scopes, :now, :expires)",
            id=text, seal=seal, member=member, scopes=" ".join(scopes), now=now, expires=now + 3_600_000,
        )
    )  # fmt: skip
    return text


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def people(towns: list[Town]) -> AsyncIterator[None]:
    await towns[0].open_practice(scene.SLUG)
    await towns[0].running.storage.transact(scene.people)
    yield


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cleo(people: None, api: Api, towns: list[Town]) -> Bearer:
    return Bearer(api, await token_of(towns[0], scene.COORDINATOR, "read", "self", "organise", "operate"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def eve(people: None, api: Api, towns: list[Town]) -> Bearer:
    return Bearer(api, await token_of(towns[0], scene.STRANGER, "read", "self"))


async def test_members_see_members(cleo: Bearer, eve: Bearer) -> None:
    for each in (cleo, eve):
        found = (await each.ask("GET", "/members")).value
        assert {one["id"] for one in found["members"]} >= {"cleo", "ben", "eve"}
        assert found["total"] == len(found["members"])
    assert (await eve.ask("GET", "/members?page=2")).value["members"] == []
    assert (await eve.ask("GET", "/members/ben")).value["roles"][0]["practice"] == scene.SLUG
    assert (await eve.ask("GET", "/members/none")).status == 404


@pytest.mark.parametrize("path", ["/members", "/members/ben", "/members/none", f"/practices/{scene.SLUG}/members"])
async def test_the_operator_sees_no_member(people: None, api: Api, path: str) -> None:
    said = await api.ask("GET", path)
    assert said.status == 403
    assert "ben" not in said.problem()


async def test_who_belongs_is_for_who_belongs(cleo: Bearer, eve: Bearer) -> None:
    path = f"/practices/{scene.SLUG}/members"
    assert [one["id"] for one in (await cleo.ask("GET", path)).value["members"]] == ["ben"]
    assert (await eve.ask("GET", path)).status == 403


async def test_a_token_makes_none_that_is_wider(eve: Bearer) -> None:
    wish = {"name": "more", "scopes": ["read", "organise"]}
    refused = await eve.ask("POST", "/me/tokens", wish)
    assert refused.status == 403
    assert "organise" in refused.problem()
    assert (await eve.ask("POST", "/me/tokens", wish | {"scopes": ["read"]})).value["token"].startswith("cwm1_")


async def test_ones_own(cleo: Bearer) -> None:
    assert (await cleo.ask("PUT", "/me", DETAILS)).value == {"done": True}
    assert (await cleo.ask("GET", "/me")).value["email"] == "cleo@a.example"
    stored = (await cleo.ask("GET", "/me/data")).value["stored"]
    assert stored["member"]["name"] == "Cleo"
    assert "seal" not in str(stored["access_tokens"])


BAD: dict[str, tuple[str, str, Any, int, str]] = {
    "no name": ("PUT", "/me", {"name": " "}, 422, "name"),
    "a field that is none": ("PUT", "/me", {"nmae": "x"}, 422, "nmae"),
    "a language that is none": ("PUT", "/me", DETAILS | {"language": "xx"}, 422, "language"),
    "a zone that is none": ("PUT", "/me", DETAILS | {"time_zone": "Mars"}, 422, "time_zone"),
    "a day that is none": ("POST", "/me/affiliations", {"organisation": "x", "since": "2020-02-30"}, 422, "since"),
    "a state that is none": ("PUT", "/members/ben/state", {"state": "left"}, 422, "state"),
    "a role that is none": ("POST", "/members/ben/roles", {"role": "king"}, 422, "role"),
    "a practice that is none": ("POST", "/members/ben/roles", {"role": "core", "practice": "../x"}, 404, "practice"),
    "nobody to recover": ("POST", "/recoveries", {"name": "nobody"}, 404, "member"),
    "a session that is none": ("DELETE", "/me/sessions/zz", None, 404, ""),
}


@pytest.mark.parametrize("case", BAD)
async def test_bad_input_is_a_problem(cleo: Bearer, case: str) -> None:
    method, path, body, status, word = BAD[case]
    said = await cleo.ask(method, path, body)
    assert said.status == status
    assert word in said.problem()


async def test_lists_of_coordinators(cleo: Bearer, eve: Bearer, api: Api) -> None:
    assert (await api.ask("POST", "/invitations", {"note": "for Fay"})).value["link"].startswith("http")
    (found,) = (await cleo.ask("GET", "/invitations")).value["invitations"]
    assert found["note"] == "for Fay"
    assert (await eve.ask("GET", "/invitations")).status == 403
    assert (await cleo.ask("GET", "/record")).value["total"] > 0
    assert (await eve.ask("GET", "/record")).status == 403
    acts = (await eve.ask("GET", "/permissions")).value["acts"]
    assert any(one["act"] == "member.suspend" and one["scope"] == "organise" for one in acts)
