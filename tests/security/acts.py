"""A valid sending of every act that changes something here: who may, who may not, and with what fields.

Whoever adds a route that changes something adds it here; test_routes.py finds those that are missing. `prepare` makes
what the act needs and returns the path and the fields (or the JSON body) of one sending that would succeed.
"""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import msgspec

from node.storage.contract import Tx
from tests.cluster.kit import Town

Sending = tuple[str, dict[str, Any]]
COORDINATOR, MEMBER, STRANGER, OPERATOR = "cleo", "ben", "eve", ""  # members by id; OPERATOR is nobody's
SLUG = "guns"


class Scene(msgspec.Struct, frozen=True):
    """Two towns that may speak. here: where acts are sent. number: another at each preparation."""

    here: Town
    there: Town
    number: int

    @property
    def practice(self) -> str:
        return self.here.practice(SLUG)

    def word(self, word: str) -> str:
        """Another at each preparation."""
        return f"{word}-{self.number}"


class Act(msgspec.Struct, frozen=True):
    """One route. may: who sends it with success. cannot: a member who may not; None where every member may.

    elsewhere: where its success is shown, if it takes more than a form; only its refusals are then shown here.
    """

    prepare: Callable[[Scene], Awaitable[Sending]]
    may: str = COORDINATOR
    cannot: str | None = STRANGER
    elsewhere: str = ""


def people(tx: Tx) -> None:
    """cleo coordinates the coalition, ben belongs to the practice, eve to none."""
    for name in (COORDINATOR, MEMBER, STRANGER):
        tx.run("INSERT INTO member(id, name, state, joined) VALUES(:id, :id, 'active', 1)", id=name)
    for name, practice, role in ((COORDINATOR, "", "coordinator"), (MEMBER, SLUG, "member")):
        tx.run(
            "INSERT INTO role(member, practice, role, since) SELECT :id, COALESCE(MAX(actor), ''), :role, 1"
            " FROM practice WHERE local = 1 AND slug = :practice",
            id=name, practice=practice, role=role,
        )  # fmt: skip


async def _open(scene: Scene) -> Sending:
    slug = scene.word("opened")
    return "/practices/new", {"slug": slug, "name": slug, "domain": "housing", "level": "city"}


async def _open_api(scene: Scene) -> Sending:
    return "/api/v1/practices", (await _open(scene))[1]


async def _publish(scene: Scene) -> Sending:
    fields = {"title": scene.word("New"), "content": "How.", "kind": "method", "language": "en", "practice": SLUG}
    return "/items/new", fields


async def _publish_api(scene: Scene) -> Sending:
    return f"/api/v1/practices/{SLUG}/items", {"title": scene.word("New"), "content": "How."}


async def _item(scene: Scene) -> str:
    """The path of an item of the practice."""
    return (await scene.here.publish(scene.word("Old"), SLUG)).removeprefix(scene.here.origin)


async def _edit(scene: Scene) -> Sending:
    fields = {"title": scene.word("Newer"), "content": "How.", "kind": "method", "language": "en"}
    return f"{await _item(scene)}/edit", fields


async def _edit_api(scene: Scene) -> Sending:
    return f"/api/v1{await _item(scene)}", {"title": scene.word("Newer")}


async def _withdraw(scene: Scene) -> Sending:
    return f"{await _item(scene)}/withdraw", {}


async def _withdraw_api(scene: Scene) -> Sending:
    return f"/api/v1{await _item(scene)}", {}


async def _follow(scene: Scene) -> Sending:
    target = await scene.there.open_practice(scene.word("followed"))
    return "/connections", {"address": target}


async def _follow_api(scene: Scene) -> Sending:
    return "/api/v1/follows", {"target": (await _follow(scene))[1]["address"]}


async def _followed(scene: Scene) -> str:
    return await scene.here.follow((await _follow(scene))[1]["address"])


async def _again(scene: Scene) -> Sending:
    return f"/connections/again?target={quote(await _followed(scene), safe='')}", {}


async def _end(scene: Scene) -> Sending:
    return f"/connections/end?target={quote(await _followed(scene), safe='')}", {}


async def _end_api(scene: Scene) -> Sending:
    return f"/api/v1/follows?target={quote(await _followed(scene), safe='')}", {}


async def _remove(scene: Scene) -> Sending:
    await scene.there.follow(scene.practice)
    await scene.there.rest()
    await scene.here.rest()
    return f"/connections/remove?actor={quote(scene.there.actor, safe='')}&target={quote(scene.practice, safe='')}", {}


async def _recommend(scene: Scene) -> Sending:
    return "/catalog/recommend?id=x", {}


async def _check(_scene: Scene) -> Sending:
    return "/operation/check", {}


async def _key(scene: Scene) -> Sending:
    return f"/operation/again?actor={quote(scene.there.actor, safe='')}", {}


async def _confirm(scene: Scene) -> Sending:
    return f"/operation/confirm?actor={quote(scene.there.actor, safe='')}", {}


PAGES: dict[str, Act] = {
    "/practices/new": Act(_open),
    "/items/new": Act(_publish, MEMBER),
    "/items/{id}/edit": Act(_edit, MEMBER),
    "/items/{id}/withdraw": Act(_withdraw, COORDINATOR, MEMBER),
    "/catalog/recommend": Act(_recommend, elsewhere="tests/cluster/test_recommending.py"),
    "/connections": Act(_follow),
    "/connections/again": Act(_again),
    "/connections/end": Act(_end),
    "/connections/remove": Act(_remove),
    "/operation/check": Act(_check),
    "/operation/again": Act(_key, elsewhere="tests/security/test_keys.py"),
    "/operation/confirm": Act(_confirm, elsewhere="tests/security/test_keys.py"),
}
API: dict[str, Act] = {
    "POST /practices": Act(_open_api),
    "POST /practices/{slug}/items": Act(_publish_api, MEMBER),
    "PATCH /items/{id}": Act(_edit_api, MEMBER),
    "DELETE /items/{id}": Act(_withdraw_api, COORDINATOR, MEMBER),
    "POST /follows": Act(_follow_api),
    "DELETE /follows": Act(_end_api),
}
# What a form changes without the gate, and why a token of a session would guard nothing.
SESSIONS_ALONE = {
    "/sign-in": "its sender has no session yet; its origin is checked, and sending it again signs in once more",
    "/language": "it sets this browser's language and nothing else; its origin is checked",
    "/sign-out": "another site could only sign its victim out; its origin is checked",
}
# What other servers post to, signed with their keys: test_signatures.py and test_binding.py.
SIGNED = {"/inbox", "/actor/inbox", "/practices/{slug}/inbox"}
