"""A valid sending of every act on an adaptation: what is told of it, and credit for it."""

from typing import Any
from urllib.parse import quote

from node.gate.handler import Who
from node.repertoire.coaching.rules import AnswerCoaching
from tests.security.scene import COORDINATOR, MEMBER, SLUG, Act, Scene, Sending

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


async def _asked(scene: Scene) -> tuple[str, str]:
    """The path of an adaptation of another practice here, and the request to this one to coach it."""
    slug = scene.word("club")
    other = await scene.here.open_practice(slug)
    original = await scene.here.publish(scene.word("Old"), SLUG)
    more: dict[str, Any] = {"kind": "adaptation", "adapted_from": [original]}
    made = (await scene.here.publish(scene.word("Made"), slug, **more)).removeprefix(scene.here.origin)
    assert other
    asked = await scene.here.api("POST", f"{made}/coach", json={"coach": scene.practice})
    return made, asked["id"]


async def _agreed(scene: Scene) -> tuple[str, str]:
    """The path of such an adaptation, and the word of its coach."""
    made, request = await _asked(scene)
    coordinator = Who(member=COORDINATOR)
    coaching = scene.here.origin + f"/coachings/{scene.word('word')}"
    command = AnswerCoaching(request, True, coaching, scene.here.running.origin.at(f"/activities/{scene.word('yes')}"))
    outcome = await scene.here.running.gate.perform(command, coordinator)
    assert outcome.done, outcome
    return made, coaching


async def _other(scene: Scene) -> str:
    slug = scene.word("club")
    await scene.here.open_practice(slug)
    return scene.here.practice(slug)


async def _ask(scene: Scene) -> Sending:
    path = await _path(scene)
    return f"{path}/coach", {"coach": await _other(scene), "words": "Two calls?"}


async def _ask_api(scene: Scene) -> Sending:
    path, fields = await _ask(scene)
    return f"/api/v1{path}", fields


async def _drop(scene: Scene) -> Sending:
    return f"{(await _agreed(scene))[0]}/coach/drop", {}


async def _drop_api(scene: Scene) -> Sending:
    return f"/api/v1{(await _agreed(scene))[0]}/coach", {}


async def _answer(scene: Scene) -> Sending:
    return "/coaching/answer", {"request": (await _asked(scene))[1], "answer": "yes"}


async def _answer_api(scene: Scene) -> Sending:
    return f"/api/v1/coaching/answer?id={quote((await _asked(scene))[1], safe='')}", {"yes": True}


async def _end(scene: Scene) -> Sending:
    return "/coaching/end", {"coaching": (await _agreed(scene))[1]}


async def _end_api(scene: Scene) -> Sending:
    return f"/api/v1/coaching?id={quote((await _agreed(scene))[1], safe='')}", {}


ADAPTING = {
    "/items/{id}/coach": Act(_ask, MEMBER),
    "/items/{id}/coach/drop": Act(_drop, COORDINATOR),
    "/coaching/answer": Act(_answer, COORDINATOR, MEMBER),
    "/coaching/end": Act(_end, COORDINATOR, MEMBER),
    "/items/{id}/progress": Act(_tell, MEMBER),
    "/items/{id}/progress/{number}/strike": Act(_strike, MEMBER),
    "/items/{id}/credit": Act(_credit, MEMBER),
}
ADAPTING_API = {
    "POST /items/{id}/coach": Act(_ask_api, MEMBER),
    "DELETE /items/{id}/coach": Act(_drop_api, COORDINATOR),
    "POST /coaching/answer": Act(_answer_api, COORDINATOR, MEMBER),
    "DELETE /coaching": Act(_end_api, COORDINATOR, MEMBER),
    "POST /items/{id}/progress": Act(_tell_api, MEMBER),
    "DELETE /items/{id}/progress/{number}": Act(_strike_api, MEMBER),
    "PUT /items/{id}/credits": Act(_credit_api, MEMBER),
}
