"""The API describes itself truly: every route is there, every reference resolves, every answer fits its schema."""

import json
import re
from typing import Any

import msgspec
import pytest

from node.coalition import api as coalition
from node.coalition.operation import Health
from node.coalition.practices import api as practices
from node.coalition.practices import finding_api as finding
from node.repertoire import api as repertoire
from node.repertoire.adapting import pages as adapting_pages
from node.repertoire.coaching import pages as coaching_pages
from node.repertoire.lineage import pages as lineage_pages
from node.web.api import Problem
from tests.api.conftest import Api, Said
from tests.api.judging import Described, fits, operations
from tests.api.test_items import ITEMS, WHOLE
from tests.cluster.kit import Town, settle

_MEMBERS = (
    "/imports|/crossings|/trust/|/messages|/why$|/choice|/coach(ing)?(/answer)?$|/groups(/|$)|/seats|/kept|/members"
    "|/invitations|/me(/|$)|/settings|/organisations|/record|/permissions|/recommendations|/recoveries|/operation/"
)
pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_description_is_openapi_3_1_in_shape(described: Described) -> None:
    assert described["openapi"] == "3.1.0"
    assert {"title", "version"} <= described["info"].keys()
    found = operations(described)
    ids = [operation["operationId"] for operation in found.values()]
    assert len(set(ids)) == len(ids) == len(found)
    for (method, path), operation in found.items():
        assert method in ("GET", "POST", "PATCH", "DELETE", "PUT")
        assert operation["summary"]
        inside = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
        assert inside == set(re.findall(r"{(\w+)}", path))
        assert all(one["required"] for one in operation["parameters"] if one["in"] == "path")
        assert any(re.fullmatch("[2-5][0-9][0-9]", code) for code in operation["responses"])
        assert "default" in operation["responses"]
        for one in operation["responses"].values():
            assert one["description"]
        for scheme in operation.get("security", []):
            assert scheme.keys() <= described["components"]["securitySchemes"].keys()
        assert "requestBody" in operation or method not in ("PATCH", "PUT")
        assert "requestBody" not in operation or method not in ("GET", "DELETE")


async def test_every_reference_resolves(described: Described) -> None:
    seen: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if "$ref" in value:
                reference = value["$ref"]
                assert reference.startswith("#/components/schemas/")
                assert reference.rpartition("/")[2] in described["components"]["schemas"], reference
                seen.add(reference.rpartition("/")[2])
            for one in value.values():
                walk(one)
        elif isinstance(value, list):
            for one in value:
                walk(one)

    walk(described)
    assert seen == described["components"]["schemas"].keys()


async def test_every_route_is_described_and_nothing_else(towns: list[Town], described: Described) -> None:
    runner = towns[0].running._runner
    assert runner is not None
    served = {
        (route.method, route.resource.canonical)
        for route in runner.app.router.routes()
        if route.resource and route.resource.canonical.startswith("/api/") and route.method != "HEAD"
    }
    assert served - {("GET", "/api/v1/openapi.json")} == set(operations(described))


async def test_the_description_needs_no_token(api: Api) -> None:
    assert (await api.stranger("GET", "/openapi.json")).status == 200


async def test_nothing_else_is_open_without_a_token(api: Api, described: Described) -> None:
    for method, path in operations(described):
        where = path.removeprefix("/api/v1").replace("{slug}", "gun-violence")
        where = re.sub(r"{\w+}", "1", where)
        for headers in ({}, {"Authorization": "Bearer cw1.1.a.b"}, {"Authorization": "Basic YTpi"},
                        {"Authorization": "Bearer"}, {"Authorization": ""}):  # fmt: skip
            said = await api.stranger(method, where, **headers)
            assert said.status == 401, (method, where, headers)
            assert said.headers["WWW-Authenticate"].startswith("Bearer")
            assert "token" in said.problem()


@pytest.mark.parametrize("form", ["bearer {}", "BEARER {}", "Bearer  {}"])
async def test_the_scheme_may_be_written_in_any_case(api: Api, towns: list[Town], form: str) -> None:
    token = towns[0].running.keystore.mint_token(towns[0].clock.now(), "x")
    assert (await api.stranger("GET", "/health", Authorization=form.format(token))).status == 200


async def test_what_is_served_fits_its_schema(api: Api, towns: list[Town], described: Described) -> None:
    """One success of every operation, judged by the description, and read back into the Struct it was made of."""
    found = operations(described)
    judged: set[tuple[str, str]] = set()

    async def judge(method: str, template: str, path: str, kind: Any, body: Any = None) -> Said:
        said = await api.ask(method, path, body)
        operation = found[method, f"/api/v1{template}"]
        (code,) = [one for one in operation["responses"] if one != "default"]
        assert said.status == int(code), said
        assert said.headers["Content-Type"].startswith("application/json")
        assert said.headers["Cache-Control"] == "no-store"
        fits(said.value, operation["responses"][code]["content"]["application/json"]["schema"], described)
        msgspec.json.decode(said.raw, type=kind)
        judged.add((method, f"/api/v1{template}"))
        return said

    practice = {"slug": "shape", "name": "Shape", "domain": "housing"}
    await judge("POST", "/practices", "/practices", practices.Practice, practice)
    await judge("GET", "/practices", "/practices", practices.Practices)
    described_so = {"scope_in": "Forms.", "place": "High Point", "place_is": "US-NC", "reason": "To be found."}
    await judge("PATCH", "/practices/{slug}", "/practices/shape", practices.Practice, described_so)
    await judge("GET", "/practices/{slug}/history", "/practices/shape/history", practices.History)
    parts = {"parts": [{"slug": "part", "name": "Part", "narrower": "part"}]}
    await judge("POST", "/practices/{slug}/parts", "/practices/shape/parts", practices.PracticePage, parts)
    await judge("GET", "/practices/{slug}", "/practices/part", practices.PracticePage)
    await towns[0].running.storage.transact(
        lambda tx: tx.run("INSERT INTO part(parent, child, state, at) VALUES('p', 'c', 'asked', 1)")
    )
    await judge("GET", "/find", "/find?domain=housing&place_is=US-NC", finding.FoundAnswer)
    await judge("GET", "/groups", "/groups", finding.GroupsAnswer)
    await judge("GET", "/follows/questions", "/follows/questions", practices.Questions)
    await judge("DELETE", "/follows/questions", "/follows/questions?child=c", practices.Done)
    made = (await judge("POST", "/practices/{slug}/items", ITEMS, repertoire.Done, WHOLE)).value["id"]
    number = made.rpartition("/")[2]
    adaptation = {**WHOLE, "kind": "adaptation", "adapted_from": [made]}
    theirs = (await judge("POST", "/practices/{slug}/items", ITEMS, repertoire.Done, adaptation)).value["id"]
    own = f"/items/{theirs.rpartition('/')[2]}"
    told = {"on": "2026-01-02", "what": "lesson", "text": "Ask first."}
    await judge("POST", "/items/{id}/progress", f"{own}/progress", repertoire.Done, told)
    await judge("GET", "/returned", f"/returned?id={made}", adapting_pages.ReturnedAnswer)
    await judge("PUT", "/items/{id}/credits", f"/items/{number}/credits", repertoire.Done, {"credits": [theirs]})
    await judge("GET", "/coach", f"/coach?id={theirs}", coaching_pages.CoachAnswer)
    await judge("POST", "/practices", "/practices", practices.Practice, {**practice, "slug": "coaches"})
    coach = {"coach": towns[0].practice("coaches"), "words": "Two calls?"}
    await judge("POST", "/items/{id}/coach", f"{own}/coach", coaching_pages.Kept, coach)
    await judge("GET", "/coaching", "/coaching", coaching_pages.RequestsAnswer)
    await judge("DELETE", "/items/{id}/progress/{number}", f"{own}/progress/1", repertoire.Done)
    await judge("GET", "/items", f"/items?id={made}", repertoire.ItemAnswer)
    await judge("GET", "/lineage", f"/lineage?id={made}", lineage_pages.LineageAnswer)
    await judge("PATCH", "/items/{id}", f"/items/{number}", repertoire.Done, {"title": "Other"})
    await judge("GET", "/items/{id}", f"/items/{number}", repertoire.ItemAnswer)
    await judge("DELETE", "/items/{id}", f"/items/{number}", repertoire.Done)
    await judge("GET", "/items/{id}", f"/items/{number}", repertoire.ItemAnswer)  # a tombstone
    await judge("GET", "/catalog", "/catalog", repertoire.CatalogAnswer)
    await judge("POST", "/follows", "/follows", coalition.Asked, {"target": towns[1].origin})
    await settle(lambda: _accepted(towns), "the follow is accepted")
    await judge("GET", "/follows", "/follows", coalition.Follows)
    await judge("DELETE", "/follows", f"/follows?target={towns[1].actor}", coalition.Asked)
    await judge("GET", "/health", "/health", Health)
    # These are of members, who alone answer for themselves: test_members.py, tests/security/acts.py,
    # tests/coalition/importing, tests/cluster/test_clubs.py, test_finding.py.
    left = {(method, path) for method, path in set(found) - judged if not re.search(_MEMBERS, path)}
    assert left <= {("DELETE", "/api/v1/followers"), ("GET", "/api/v1/followers")}


async def _accepted(towns: list[Town]) -> bool:
    return await towns[0].follow_state(towns[1].origin) == "accepted"


async def test_a_problem_fits_its_schema(api: Api, described: Described) -> None:
    for said in (await api.ask("GET", "/items/none"), await api.stranger("GET", "/health")):
        fits(said.value, described["components"]["schemas"]["Problem"], described)
        msgspec.json.decode(said.raw, type=Problem)
        assert json.loads(said.raw)["type"].startswith("https://")


async def test_a_method_that_is_not_offered_is_refused(api: Api) -> None:
    said = await api.ask("PUT", "/practices", {})
    assert said.status == 405
    assert "GET" in said.headers["Allow"]
