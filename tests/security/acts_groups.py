"""A valid sending of every act on groups that are not on the network."""

from typing import Any

from tests.security.scene import MEMBER, OPERATOR, Act, Scene, Sending


def _group_fields(scene: Scene) -> dict[str, Any]:
    return {"name": scene.word("Alliance"), "kind": "alliance", "domain": "housing", "level": "city"}


async def _group(scene: Scene) -> str:
    """The id of a group that is noted."""
    id = scene.word("group")
    await scene.here.running.storage.transact(
        lambda tx: tx.run(
            "INSERT INTO noted_group(id, name, kind, domain, level, located, url, note, noted_by, at, claimed)"
            " VALUES(:id, 'Old', 'other', 'housing', 'city', '{}', '', '', 'm', 1, '')",
            id=id,
        )
    )
    return id


async def _note(scene: Scene) -> Sending:
    return "/groups/new", _group_fields(scene)


async def _note_api(scene: Scene) -> Sending:
    return "/api/v1/groups", _group_fields(scene)


async def _change_group(scene: Scene) -> Sending:
    return f"/groups/{await _group(scene)}/edit", _group_fields(scene)


async def _change_group_api(scene: Scene) -> Sending:
    return f"/api/v1/groups/{await _group(scene)}", _group_fields(scene)


async def _claim(scene: Scene) -> Sending:
    return f"/groups/{await _group(scene)}/claim", {"actor": scene.practice}


async def _claim_api(scene: Scene) -> Sending:
    return f"/api/v1/groups/{await _group(scene)}/claim", {"actor": scene.practice}


async def _forget_group(scene: Scene) -> Sending:
    return f"/groups/{await _group(scene)}/forget", {}


async def _forget_group_api(scene: Scene) -> Sending:
    return f"/api/v1/groups/{await _group(scene)}", {}


GROUPS: dict[str, Act] = {
    "/groups/new": Act(_note, MEMBER, OPERATOR),
    "/groups/{id}/edit": Act(_change_group, MEMBER, OPERATOR),
    "/groups/{id}/claim": Act(_claim, MEMBER, OPERATOR),
    "/groups/{id}/forget": Act(_forget_group, MEMBER, OPERATOR),
}
GROUPS_API: dict[str, Act] = {
    "POST /groups": Act(_note_api, MEMBER, OPERATOR),
    "PUT /groups/{id}": Act(_change_group_api, MEMBER, OPERATOR),
    "POST /groups/{id}/claim": Act(_claim_api, MEMBER, OPERATOR),
    "DELETE /groups/{id}": Act(_forget_group_api, MEMBER, OPERATOR),
}
