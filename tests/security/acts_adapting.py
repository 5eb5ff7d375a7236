"""A valid sending of every act on an adaptation: what is told of it, and credit for it."""

from typing import Any

from tests.security.scene import MEMBER, SLUG, Act, Scene, Sending

_TOLD = {"on": "2026-01-02", "what": "result", "text": "Fewer."}


async def _made(scene: Scene) -> tuple[str, str]:
    """The ids of an item of the practice, and of an adaptation of it."""
    original = await scene.here.publish(scene.word("Old"), SLUG)
    more: dict[str, Any] = {"kind": "adaptation", "adapted_from": [original]}
    return original, await scene.here.publish(scene.word("Made of it"), SLUG, **more)


async def _path(scene: Scene) -> str:
    return (await _made(scene))[1].removeprefix(scene.here.origin)


async def _tell(scene: Scene) -> Sending:
    return f"{await _path(scene)}/progress", dict(_TOLD)


async def _tell_api(scene: Scene) -> Sending:
    return f"/api/v1{await _path(scene)}/progress", dict(_TOLD)


async def _strike(scene: Scene) -> Sending:
    path = await _path(scene)
    await scene.here.api("POST", f"{path}/progress", json=_TOLD)
    return f"{path}/progress/1/strike", dict(_TOLD)


async def _strike_api(scene: Scene) -> Sending:
    return f"/api/v1{(await _strike(scene))[0].removesuffix('/strike')}", {}


async def _credit(scene: Scene) -> Sending:
    original, made = await _made(scene)
    return f"{original.removeprefix(scene.here.origin)}/credit", {"credit-0": made, "version": ""}


async def _credit_api(scene: Scene) -> Sending:
    original, made = await _made(scene)
    return f"/api/v1{original.removeprefix(scene.here.origin)}/credits", {"credits": [made]}


ADAPTING = {
    "/items/{id}/progress": Act(_tell, MEMBER),
    "/items/{id}/progress/{number}/strike": Act(_strike, MEMBER),
    "/items/{id}/credit": Act(_credit, MEMBER),
}
ADAPTING_API = {
    "POST /items/{id}/progress": Act(_tell_api, MEMBER),
    "DELETE /items/{id}/progress/{number}": Act(_strike_api, MEMBER),
    "PUT /items/{id}/credits": Act(_credit_api, MEMBER),
}
