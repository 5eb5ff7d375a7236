"""A coordinator's program does what their pages do, a member's what is a member's, and the operator's sees nobody."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from tests.api.judging import fits, operations
from tests.cluster.kit import Town, cluster
from tests.cluster.people import WORDS, Person, Place

SECRET = ("Ana", "ana@", "Ben", "Brake works")


class Program:
    """Asks as whoever made its token; every answer is judged by the description of the API."""

    def __init__(self, town: Town, token: str, described: dict[str, Any]) -> None:
        self._client = aiohttp.ClientSession(town.origin, headers={"Authorization": f"Bearer {token}"})
        self._described = described
        self.asked: set[str] = set()

    async def __call__(self, method: str, path: str, expect: int = 0, **body: Any) -> Any:
        given = {"json": body} if body or method in ("PUT", "PATCH") else {}
        async with self._client.request(method, f"/api/v1{path}", **given) as answer:
            value = await answer.json(content_type=None)
            if expect:
                assert answer.status == expect, value
                return value
            template = self._template(method, path.partition("?")[0])
            operation = operations(self._described)[method, template]
            (code,) = [one for one in operation["responses"] if one != "default"]
            assert answer.status == int(code), value
            fits(value, operation["responses"][code]["content"]["application/json"]["schema"], self._described)
            self.asked.add(f"{method} {template.removeprefix('/api/v1')}")
            return value

    def _template(self, method: str, path: str) -> str:
        parts = f"/api/v1{path}".split("/")
        fitting = [
            template
            for each, template in operations(self._described)
            if each == method
            and len(template.split("/")) == len(parts)
            and all(a == b or a.startswith("{") for a, b in zip(template.split("/"), parts, strict=True))
        ]
        return min(fitting, key=lambda template: template.count("{"))

    async def close(self) -> None:
        await self._client.close()


class Home(Place):
    """Ana coordinates; Ben is a member."""

    described: dict[str, Any]
    programs: list[Program]

    async def program(self, person: Person, *scopes: str) -> Program:
        fields = {f"scope-{scope}": "yes" for scope in scopes or ("read", "publish", "connect", "organise", "self")}
        if not scopes:
            fields["scope-operate"] = "yes"
        _, text, _ = await person.post("/me/tokens", "/me", token_name="x", days="3", **fields)
        token = text.replace("<wbr>", "").partition("cwm1_")[2].partition("<")[0].partition('"')[0]
        self.programs.append(Program(self.town, f"cwm1_{token}", self.described))
        return self.programs[-1]


@pytest_asyncio.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    async with cluster(tmp_path, "high-point") as (town,):
        place = Home(town)
        place.programs = []
        place.described = await town.api("GET", "/openapi.json")
        await town.open_practice("guns")
        try:
            yield place
        finally:
            for program in place.programs:
                await program.close()
            for person in place.people:
                await person.client.close()


async def test_a_coordinators_program_keeps_house(home: Home) -> None:
    ana = await home.member("Ana", await home.operator(), role="coordinator")
    program = await home.program(ana)
    link = (await program("POST", "/invitations", note="Ben", days=3))["link"]
    assert [one["note"] for one in (await program("GET", "/invitations"))["invitations"]] == ["Ben"]
    ben = home.somebody()
    assert (await ben.join(link.removeprefix(home.town.origin), "Ben"))[0] == 303
    listed = await program("GET", "/members?q=be")
    assert [one["name"] for one in listed["members"]] == ["Ben"]
    id = listed["members"][0]["id"]
    assert (await ben.post("/practices/guns/join", "/practices/guns"))[0] == 303
    await program("POST", f"/members/{id}/roles", role="coordinator", practice="guns")
    one = await program("GET", f"/members/{id}")
    assert ("coordinator", "guns") in [(role["role"], role["practice"]) for role in one["roles"]]
    assert (await program("GET", "/practices/guns/members"))["total"] == 1
    await program("DELETE", f"/members/{id}/roles?role=coordinator&practice=guns")
    assert (await ben.post("/me/affiliations", "/me", organisation="School District", since="2020-01-31"))[0] == 303
    for kind, name in (("organisation", "School  district"), ("discipline", "Nursing"), ("sector", "public")):
        seats = (await program("POST", "/practices/guns/seats", kind=kind, name=name))["seats"]
    assert [(seat["name"], seat["taken"]) for seat in seats] == [
        ("School district", True), ("Nursing", False), ("public", False)
    ]  # fmt: skip
    await program("POST", "/practices/guns/seats", 409, kind="discipline", name="NURSING")
    await program("POST", "/practices/guns/seats", 422, kind="sector", name="royal")
    await program("POST", "/practices/guns/seats", 422, kind="person", name="Ben")
    assert "nobody yet" in (await ana.get("/practices/guns/members"))[1]
    left = (await program("DELETE", f"/practices/guns/seats/{seats[0]['id']}"))["seats"]
    assert len(left) == len((await program("GET", "/practices/guns/seats"))["seats"]) == 2
    await program("POST", f"/members/{id}/suspension")
    assert (await ben.get("/me"))[0] != 200
    await program("DELETE", f"/members/{id}/suspension")
    assert "/join/" in (await program("POST", f"/members/{id}/recovery"))["link"]
    assert "/join/" in (await program("POST", "/recoveries", name="ben"))["link"]
    await program("POST", "/recoveries", 404, name="nobody")
    await program("POST", "/recoveries", 403, name="ana")

    await program("PUT", "/settings/cares", domains=["housing", "health"])
    await program("PUT", "/settings/cares", 422, domains=["sports"])
    town = {"place": "High Point", "place_is": "4471025"}
    await program("PUT", "/settings/place", name="High Point", language="en", about="Guns.", **town)
    await program("PUT", "/settings/place", 422, name="X", language="en", place_is="nowhere")
    assert (await program("POST", "/settings/reach"))["checked"]
    settled = await program("GET", "/settings")
    assert settled["introduced"]["place"] == "High Point"
    assert settled["domains"] == ["housing", "health"]
    acts = {row["act"] for row in (await program("GET", "/record"))["rows"]}
    assert {"member.invite", "member.suspend", "coalition.settle", "role.give"} <= acts
    assert any(act["mine"] for act in (await program("GET", "/permissions"))["acts"])


async def test_a_members_program_keeps_their_own(home: Home) -> None:
    ana = await home.member("Ana", await home.operator(), role="coordinator")
    ben = await home.member("Ben", ana)
    program = await home.program(ben)
    await program("PUT", "/me/details", name="Benjamin", email="ben@high-point.example", discipline="Nursing")
    await program("POST", "/me/affiliations", organisation="Brake works", since="2020-01-31")
    await program("POST", "/me/affiliations", 422, organisation="Brake works", since="soon")
    data = (await program("GET", "/me"))["data"]
    assert (data["member"]["name"], data["affiliations"][0]["name"]) == ("Benjamin", "Brake works")
    key = data["affiliations"][0]["key"]
    await program("POST", f"/me/affiliations/{key}/end", until="2026-01-31")
    (works,) = (await program("GET", "/organisations"))["organisations"]
    assert (works["name"], works["people"]) == ("Brake works", 0)
    await program("PUT", f"/organisations/{works['id']}", name="Brake Works Ltd", place="High Point")
    assert (await program("GET", f"/organisations/{works['id']}"))["name"] == "Brake Works Ltd"
    await program("POST", f"/organisations/{works['id']}/merge", 403, into="x")
    await program("POST", "/practices/guns/members")
    assert (await program("GET", "/practices/guns/members"))["total"] == 1
    await program("DELETE", "/practices/guns/members")
    await program("GET", "/practices/guns/members", 403)
    await program("PUT", "/me/profile", handle="ben", shows=["discipline"])
    assert (await home.town.page("/people/ben"))[0] == 200
    await program("DELETE", "/me/profile")
    assert (await home.town.page("/people/ben"))[0] == 410

    kept = await program("POST", "/me/searches", name="Truancy", query="q=truancy&page=3")
    assert kept["searches"][0]["url"] == "/catalog?q=truancy"
    before = kept["searches"][0]
    (after,) = (await program("POST", f"/me/searches/{before['id']}/move"))["searches"]
    assert before["feed"] != after["feed"]
    assert (await program("DELETE", f"/me/searches/{before['id']}"))["searches"] == []
    assert (await program("GET", "/me/searches"))["searches"] == []

    narrow = await home.program(ben, "read", "self")
    made = await narrow("POST", "/me/tokens", name="y", scopes=["read"])
    assert made["token"].startswith("cwm1_")
    await narrow("POST", "/me/tokens", 403, name="z", scopes=["organise"])
    await narrow("POST", "/invitations", 403, note="x")
    for _ in range(5):
        said = await program("PUT", "/me/password", 403, old="a wrong old one", new="another long password")
        assert "not your present password" in said["detail"]
    said = await program("PUT", "/me/password", 403, old=WORDS, new="another long password")
    assert "Wait" in said["detail"]
    await program("DELETE", "/me")
    await program("GET", "/me", 401)


@pytest.mark.parametrize(
    "path", ["/members", "/members/x", "/practices/guns/members", "/organisations", "/record", "/settings", "/me"]
)
async def test_the_operators_token_and_no_token_see_nobody(home: Home, path: str) -> None:
    ana = await home.member("Ana", await home.operator(), role="coordinator")
    assert (await ana.post("/me/affiliations", "/me", organisation="Brake works", since="2020-01-31"))[0] == 303
    operator = Program(home.town, home.town.running.keystore.mint_token(home.town.clock.now(), "x"), home.described)
    home.programs.append(operator)
    for said in (str(await operator("GET", path, 403)), (await home.town.page(f"/api/v1{path}"))[1]):
        assert not [word for word in SECRET if word in said]
        assert "total" not in said
